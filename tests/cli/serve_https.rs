//! Pictures that a service fetches over TLS: of hosts that prove who they are, and no others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::json;

use crate::program::{faunalens, photo, run, stdout};
use crate::serve_client::Service;

/// Who signs certificates, believed where `SSL_CERT_FILE` names its own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// A host that proves to be `name`, and answers with a picture or, of `/moved`, with a redirect
    /// to the same picture without TLS; and how many requests it has read.
    fn host(&self, name: &str) -> (SocketAddr, Arc<AtomicUsize>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = Stream::new(&mut session, &mut stream);
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                if head.is_empty() {
                    continue; // no handshake
                }
                count.fetch_add(1, Ordering::SeqCst);
                let answer = if head.starts_with(b"GET /moved ") {
                    let to = format!("http://{address}/a.jpg");
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                        .into_bytes()
                } else {
                    let picture = std::fs::read(photo("baseline.jpg")).unwrap();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                        picture.len()
                    );
                    [head.as_bytes(), &picture].concat()
                };
                let _ = stream.write_all(&answer);
                session.send_close_notify();
                // What is left to write goes with the next read.
            }
        });
        (address, asked)
    }
}

/// A service that believes what is signed by `authority` alone.
fn service(folder: &Path, authority: &Authority, allowed: SocketAddr) -> Service {
    let roots = folder.join("roots.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    let socket = folder.join("http.sock");
    let mut command = faunalens();
    command.args(["serve", "--allow-host", &allowed.to_string(), "--unix"]);
    command.arg(&socket).env("SSL_CERT_FILE", roots);
    Service::spawn(command, socket)
}

#[test]
fn a_picture_of_a_host_that_proves_its_address_is_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (host, asked) = authority.host("127.0.0.1");
    let service = service(folder.path(), &authority, host);
    let hashed = stdout(&run(&["hash", photo("baseline.jpg").to_str().unwrap()]));
    let hash = &hashed.lines().last().unwrap()[..64];
    let found = service.get(&format!("/h/hash?url=https://{host}/a.jpg"));
    assert_eq!(found.json(), json!({ "pdq": hash }));
    let moved = service.get(&format!("/h/hash?url=https://{host}/moved"));
    assert_eq!(moved.status, 403, "from https to http: {moved:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_host_that_proves_nothing_is_sent_no_request() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (why, (host, asked)) in [
        ("signed by nobody known", stranger.host("127.0.0.1")),
        ("another address", authority.host("127.0.0.2")),
        ("another name", authority.host("pictures.example")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = service(folder.path(), &authority, host);
        let found = service.get(&format!("/h/hash?url=https://{host}/a.jpg"));
        assert_eq!(found.status, 502, "{why}: {found:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{why}");
    }
}
