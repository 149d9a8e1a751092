//! A running service as `check --server` asks it: HTTP/1.1 over a Unix socket or TCP, without any
//! engine here.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use faunalens::manifest::Context;
use faunalens::record::{ModelStamp, Record};

/// Longest time until a service takes a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// Longest time until a service goes on with its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a busy service is asked again.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest pause before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest answer that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// There is no service that answers.
#[derive(Debug, thiserror::Error)]
#[error("no service answers at {place}: {why}")]
pub(super) struct Unreachable {
    place: String,
    why: String,
}

/// Where a service listens.
#[derive(Debug, Clone)]
enum Place {
    Tcp(String),
    Unix(PathBuf),
}

/// A running service.
#[derive(Debug)]
pub(super) struct Remote {
    name: String,
    place: Place,
    /// What stands before every path.
    prefix: String,
    token: Option<String>,
    open: Option<BufReader<Stream>>,
}

/// What a service answered about a photo.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) record: Record,
    /// The record as the service wrote it, without the request's number.
    pub(super) line: String,
}

struct Response {
    status: u16,
    request_id: String,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Remote {
    /// A service at a path or an `http://` address; `token_file` holds what it asks for.
    pub(super) fn new(place: &str, token_file: Option<&Path>) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !place.starts_with("https://"),
            "{place}: --server speaks no TLS; give the address behind the proxy, or a socket"
        );
        let (at, prefix) = match place.strip_prefix("http://") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                anyhow::ensure!(!host.is_empty(), "{place}: no host");
                let has_port = host.rsplit(':').next().is_some_and(|port| {
                    port != host && !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit())
                });
                let port = if has_port { "" } else { ":80" };
                let path = path.trim_end_matches('/').to_owned();
                (Place::Tcp(format!("{host}{port}")), path)
            }
            None => {
                let path = place.strip_prefix("unix:").unwrap_or(place);
                (Place::Unix(path.into()), String::new())
            }
        };
        let token = token_file.map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| path.display().to_string())?;
            let token = text.trim().to_owned();
            let plain = token.bytes().all(|c| c.is_ascii_graphic()) && !token.is_empty();
            anyhow::ensure!(plain, "{}: no token in one line", path.display());
            Ok(token)
        });
        Ok(Self {
            name: place.to_owned(),
            place: at,
            prefix,
            token: token.transpose()?,
            open: None,
        })
    }

    /// Connects, so that one that is not there is found before any photo is read.
    pub(super) fn connect(&mut self) -> Result<(), Unreachable> {
        if self.open.is_none() {
            let stream = Stream::connect(&self.place).map_err(|error| self.unreachable(error))?;
            self.open = Some(BufReader::new(stream));
        }
        Ok(())
    }

    fn unreachable(&self, why: impl ToString) -> Unreachable {
        Unreachable {
            place: self.name.clone(),
            why: why.to_string(),
        }
    }

    /// Which model the service's records name.
    pub(super) fn model(&mut self) -> anyhow::Result<ModelStamp> {
        let answer = self.ask("GET", "/version", &[])?;
        let told = serde_json::from_slice::<serde_json::Value>(&answer.body);
        let told = told.with_context(|| format!("{}: no version in its answer", self.name))?;
        Ok(serde_json::from_value(told["model"].clone())?)
    }

    /// The record of a photo. A busy service is asked again for a while.
    pub(super) fn check(
        &mut self,
        file: &str,
        bytes: &[u8],
        context: Option<&Context>,
    ) -> anyhow::Result<Answered> {
        let mut target = format!("/v1/check?file={}", escaped(file));
        if let Some(context) = context {
            target += "&remember=true";
            let named = [
                ("seller", &context.seller),
                ("listing", &context.listing),
                ("platform", &context.platform),
                ("captured_at", &context.captured_at),
            ];
            for (name, value) in named {
                if let Some(value) = value {
                    target += &format!("&{name}={}", escaped(value));
                }
            }
        }
        let start = Instant::now();
        loop {
            let answer = self.ask("POST", &target, bytes)?;
            if answer.status == 503 && start.elapsed() < PATIENCE {
                std::thread::sleep(answer.retry_after.unwrap_or(PAUSE).min(PAUSE));
                continue;
            }
            return self.record(&answer);
        }
    }

    fn record(&self, answer: &Response) -> anyhow::Result<Answered> {
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim_end();
        let number = format!(",\"request_id\":\"{}\"}}", answer.request_id);
        let line = match text.strip_suffix(&number) {
            Some(line) => format!("{line}}}"),
            None => text.to_owned(),
        };
        if let Ok(record) = serde_json::from_str(&line) {
            return Ok(Answered { record, line });
        }
        let told: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let message = told.as_ref().and_then(|told| told["message"].as_str());
        let message = message.unwrap_or("its answer is no record");
        if answer.status == 503 {
            return Err(self.unreachable(message).into());
        }
        anyhow::bail!("{}: status {}: {message}", self.name, answer.status)
    }

    fn ask(&mut self, method: &str, target: &str, body: &[u8]) -> Result<Response, Unreachable> {
        let kept = self.open.is_some();
        match self.try_ask(method, target, body) {
            // A connection that was kept may have been closed meanwhile.
            Err(_) if kept => self.try_ask(method, target, body),
            other => other,
        }
        .map_err(|error| self.unreachable(error))
    }

    fn try_ask(&mut self, method: &str, target: &str, body: &[u8]) -> std::io::Result<Response> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => BufReader::new(Stream::connect(&self.place)?),
        };
        let host = match &self.place {
            Place::Tcp(host) => host,
            Place::Unix(_) => "localhost",
        };
        let prefix = &self.prefix;
        let mut head = format!("{method} {prefix}{target} HTTP/1.1\r\nhost: {host}\r\n");
        head += &format!("content-length: {}\r\n", body.len());
        if !body.is_empty() {
            head += "content-type: application/octet-stream\r\n";
        }
        if let Some(token) = &self.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        head += "\r\n";
        // In one write each: small packets would wait for one another.
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        let sent = stream.get_mut().write_all(&bytes);
        // One that refuses early has answered all the same.
        let (response, keep) = match (read_response(&mut stream), sent) {
            (Err(_), Err(error)) => return Err(error),
            (read, _) => read?,
        };
        if keep {
            self.open = Some(stream);
        }
        Ok(response)
    }
}

/// Reads an answer; tells whether the connection may be used again.
fn read_response(stream: &mut BufReader<Stream>) -> std::io::Result<(Response, bool)> {
    let bad = |what: &str| std::io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut head = stream.take(64 << 10);
    let mut line = String::new();
    head.read_line(&mut line)?;
    if line.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1));
    let status: Option<u16> = status.and_then(|status| status.parse().ok());
    let mut response = Response {
        status: status.ok_or_else(|| bad("no HTTP in its answer"))?,
        request_id: String::new(),
        retry_after: None,
        body: Vec::new(),
    };
    let (mut length, mut chunked, mut keep) = (None, false, true);
    loop {
        line.clear();
        head.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() && !line.is_empty() {
                break;
            }
            return Err(bad("the head of its answer is malformed"));
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse::<u64>().ok(),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "connection" => keep = !value.eq_ignore_ascii_case("close"),
            "x-request-id" => response.request_id = value.to_owned(),
            "retry-after" => response.retry_after = value.parse().ok().map(Duration::from_secs),
            _ => {}
        }
    }
    if chunked {
        read_chunks(stream, &mut response.body)?;
    } else if let Some(length) = length {
        let read = stream
            .take(length.min(LONGEST))
            .read_to_end(&mut response.body)?;
        if (read as u64) < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    } else {
        stream.take(LONGEST).read_to_end(&mut response.body)?;
        keep = false;
    }
    Ok((response, keep))
}

fn read_chunks(stream: &mut BufReader<Stream>, body: &mut Vec<u8>) -> std::io::Result<()> {
    let bad = || std::io::Error::new(ErrorKind::InvalidData, "a chunk is malformed");
    loop {
        let mut line = String::new();
        stream.take(1 << 10).read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad())?;
        if size == 0 {
            // Trailers, up to an empty line.
            loop {
                line.clear();
                stream.take(64 << 10).read_line(&mut line)?;
                if line.trim_end().is_empty() {
                    return Ok(());
                }
            }
        }
        if body.len() as u64 + size > LONGEST {
            return Err(bad());
        }
        let read = stream.take(size).read_to_end(body)?;
        let mut end = [0; 2];
        stream.read_exact(&mut end)?;
        if (read as u64) < size || &end != b"\r\n" {
            return Err(bad());
        }
    }
}

/// A text as a part of a query (RFC 3986).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'/' => escaped.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            byte => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

/// A connection.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Stream {
    fn connect(place: &Place) -> std::io::Result<Self> {
        match place {
            Place::Tcp(host) => {
                let mut refused = ErrorKind::AddrNotAvailable.into();
                for address in host.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, CONNECT) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            stream.set_read_timeout(Some(ANSWER))?;
                            stream.set_write_timeout(Some(ANSWER))?;
                            return Ok(Self::Tcp(stream));
                        }
                        Err(error) => refused = error,
                    }
                }
                Err(refused)
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let stream = std::os::unix::net::UnixStream::connect(path)?;
                stream.set_read_timeout(Some(ANSWER))?;
                stream.set_write_timeout(Some(ANSWER))?;
                Ok(Self::Unix(stream))
            }
            #[cfg(not(unix))]
            Place::Unix(_) => Err(ErrorKind::Unsupported.into()),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.flush(),
        }
    }
}
