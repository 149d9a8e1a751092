//! A picture from an address that a caller names: only of hosts that are allowed, never of an
//! address of a private network, and within the limits of an upload.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::allowed::address_in;
use super::body::{self, Upload};
use super::location::resolve;
use super::metrics::Stage;
use super::problem::Problem;
use super::public_address::is_public;
use super::shared::Shared;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// Longest time for one address to take a connection, so that another of the same name is tried.
const CONNECT: Duration = Duration::from_secs(3);
/// Largest head of an answer, in bytes.
const HEAD: usize = 64 << 10;
/// Content types of a server that does not know what it holds.
const UNKNOWN: [&str; 2] = ["application/octet-stream", "binary/octet-stream"];
const NAME: &str = concat!("faunalens/", env!("CARGO_PKG_VERSION"));

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Fetches the picture at an address.
pub(super) async fn fetch(shared: &Shared, url: &str) -> Result<Upload, Problem> {
    if shared.options.allow_hosts.is_empty() {
        let message = "this service fetches no addresses: send the picture itself";
        return Err(Problem::forbidden(message));
    }
    let Ok(_turn) = shared.fetches.try_acquire() else {
        return Err(Problem::busy(
            "too many pictures are being fetched; ask again",
        ));
    };
    let start = Instant::now();
    let timeout = shared.options.body_timeout;
    let fetched = tokio::time::timeout(timeout, follow(shared, url)).await;
    shared.metrics.stage(Stage::Fetch).observe(start.elapsed());
    fetched.unwrap_or_else(|_| {
        let message = format!("the picture was not there after {} s", timeout.as_secs());
        Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            message,
        ))
    })
}

async fn follow(shared: &Shared, url: &str) -> Result<Upload, Problem> {
    let mut place: Uri = url
        .parse()
        .map_err(|_| Problem::bad_request("url: not an address"))?;
    for _ in 0..=REDIRECTS {
        let (head, body, _ends) = get(shared, &place).await?;
        if matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            let location = head.headers.get(header::LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| resolve(&place, location));
            let next = next.ok_or_else(|| failed("it redirects to no address"))?;
            if place.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(Problem::forbidden("it redirects from https to http"));
            }
            place = next;
            continue;
        }
        if head.status != StatusCode::OK {
            return Err(failed(format!("its host answers {}", head.status.as_u16())));
        }
        check_kind(&head.headers)?;
        return match body::raw(body, shared).await {
            Err(problem) if problem.status == 400 => Err(failed("it ends early")),
            Ok(upload) if upload.parts.is_empty() => Err(failed("it is empty")),
            taken => taken,
        };
    }
    Err(failed(format!("more than {REDIRECTS} redirects")))
}

fn failed(why: impl std::fmt::Display) -> Problem {
    let message = format!("the picture could not be fetched: {why}");
    Problem::new(StatusCode::BAD_GATEWAY, "fetch_failed", message)
}

fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let encoding = text(header::CONTENT_ENCODING).unwrap_or("identity").trim();
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(failed("it comes compressed, which was not asked for"));
    }
    let kind = text(header::CONTENT_TYPE).unwrap_or(UNKNOWN[0]);
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("image/") || UNKNOWN.contains(&kind.as_str()) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported",
        "what is at this address is no picture, by its content type",
    ))
}

/// Asks one address, whose host is allowed, at an IP address that was checked.
async fn get(
    shared: &Shared,
    place: &Uri,
) -> Result<(hyper::http::response::Parts, Body, Ends), Problem> {
    let wrong = |why: &str| Problem::bad_request(format!("url: {why}"));
    let (usual, secure) = match place.scheme_str() {
        Some("http") => (80, false),
        Some("https") => (443, true),
        _ => return Err(wrong("it begins with neither http:// nor https://")),
    };
    let authority = place.authority().ok_or_else(|| wrong("it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("names and passwords are not sent"));
    }
    let (host, port) = (authority.host(), authority.port_u16().unwrap_or(usual));
    let mut hosts = shared.options.allow_hosts.iter();
    if !hosts.any(|allowed| allowed.permits(host, port, usual)) {
        return Err(Problem::forbidden(format!(
            "pictures of {host:?}, port {port}, are not fetched: it is not allowed"
        )));
    }
    let stream = connect(host, port).await?;
    let stream: Box<dyn Stream> = match secure {
        true => secured(stream, host).await?,
        false => Box::new(stream),
    };
    let path = place.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, authority.as_str())
        .header(header::USER_AGENT, NAME)
        .header(header::ACCEPT, "image/*")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(Body::empty())
        .map_err(|_| wrong("not an address"))?;
    let asked = async {
        let builder = &mut http1::Builder::new();
        let (mut sender, connection) = builder
            .max_buf_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await?;
        let ends = Ends(tokio::spawn(connection).abort_handle());
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((head, Body::new(body), ends))
    };
    asked.await.map_err(|error: hyper::Error| {
        tracing::debug!("{host} was asked: {error}");
        failed("its host does not answer as HTTP/1.1 asks")
    })
}

/// A connection's task, which ends with this.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the very address that was checked: nobody resolves the name once more.
async fn connect(host: &str, port: u16) -> Result<TcpStream, Problem> {
    let addresses = match address_in(host) {
        // The operator allowed this very address, whatever network it is of.
        Some(address) => vec![SocketAddr::new(address, port)],
        None => public_addresses(host, port).await?,
    };
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => tracing::debug!("{host} at {address}: {error}"),
            Err(_) => tracing::debug!("{host} at {address}: no connection in time"),
        }
    }
    Err(failed("its host takes no connection"))
}

/// The addresses of a name. One that leads to a private network as well is not asked at all.
async fn public_addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Problem> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| {
        tracing::debug!("{host}: {error}");
        failed("its host has no address")
    })?;
    let addresses: Vec<SocketAddr> = found.collect();
    if let Some(private) = addresses.iter().find(|address| !is_public(address.ip())) {
        tracing::warn!("{host} leads to {private}, which is not of the public network");
        return Err(Problem::forbidden(
            "its host leads to an address that is not of the public network",
        ));
    }
    Ok(addresses)
}

#[cfg(feature = "https")]
async fn secured(stream: TcpStream, host: &str) -> Result<Box<dyn Stream>, Problem> {
    let secured = super::tls::secured(stream, host).await;
    let secured = secured.map_err(|error| {
        tracing::debug!("{host}, TLS: {error}");
        failed("its host does not prove who it is")
    });
    Ok(Box::new(secured?))
}

#[cfg(not(feature = "https"))]
#[expect(clippy::unused_async, reason = "the other one waits")]
async fn secured(_: TcpStream, _: &str) -> Result<Box<dyn Stream>, Problem> {
    Err(Problem::forbidden(
        "this program was built without TLS (feature `https`): it fetches http:// alone",
    ))
}
