//! TLS to the hosts that pictures are fetched from, believed by the certificates of the system.

use std::io;
use std::sync::{Arc, LazyLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::allowed::address_in;

static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("the system's certificates: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
});

/// The same connection, after the host has proven that it is the one of this name.
pub(super) async fn secured(stream: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
    let name = match address_in(host) {
        Some(address) => ServerName::from(address),
        None => ServerName::try_from(host.to_owned()).map_err(io::Error::other)?,
    };
    TlsConnector::from(Arc::clone(&CONFIG))
        .connect(name, stream)
        .await
}
