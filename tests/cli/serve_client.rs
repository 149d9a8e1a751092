//! A running service, and a client that asks it byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::faunalens;

/// A service that ends with the test.
pub(crate) struct Service {
    pub(crate) child: Child,
    pub(crate) socket: PathBuf,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Service {
    /// Starts a service at a socket in `folder`, and waits until it listens.
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Self {
        let socket = folder.join("http.sock");
        let mut command = faunalens();
        command.args(["serve", "--unix"]).arg(&socket).args(options);
        Self::spawn(command, socket)
    }

    pub(crate) fn spawn(mut command: Command, socket: PathBuf) -> Self {
        command.env_remove("RUST_LOG");
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (listens, heard) = mpsc::channel();
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.contains("listening at") {
                    let _ = listens.send(());
                }
                let mut lines = lines.lock().unwrap();
                lines.push_str(&line);
                lines.push('\n');
            }
        });
        let reader = Some(reader);
        let service = Self {
            child,
            socket,
            log,
            reader,
        };
        heard
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|_| panic!("it did not start: {}", service.log()));
        service
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has written this to standard error.
    pub(crate) fn tells(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "no {text:?} in {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end, and for all that it wrote; its exit status.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(reader) = self.reader.take() {
                    reader.join().unwrap();
                }
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not end: {}", self.log());
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        ask(&self.socket, "GET", target, &[], b"")
    }

    pub(crate) fn post(&self, target: &str, body: &[u8]) -> Answer {
        ask(&self.socket, "POST", target, &[], body)
    }

    /// Posts a form whose parts are (name, file name, content).
    pub(crate) fn form(&self, target: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
            let head = format!(
                "--frontier\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--frontier--\r\n");
        let kind = "content-type: multipart/form-data; boundary=frontier";
        ask(&self.socket, "POST", target, &[kind], &body)
    }

    /// The value of one counter or gauge.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").body;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(
    socket: &Path,
    method: &str,
    target: &str,
    headers: &[&str],
    body: &[u8],
) -> Answer {
    try_ask(socket, method, target, headers, body).unwrap()
}

pub(crate) fn try_ask(
    socket: &Path,
    method: &str,
    target: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers {
        head += &format!("{header}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    // One that refuses early may close before it has everything.
    let _ = stream.write_all(body);
    read_answer(&mut stream)
}

/// Reads up to the end of the connection.
pub(crate) fn read_answer(stream: &mut impl Read) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.unwrap_or_else(|| panic!("{head}")),
        head: head.replace("\r\n", "\n"),
        body: body.to_owned(),
    })
}
