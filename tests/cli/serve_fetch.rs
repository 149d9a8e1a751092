//! Pictures that a service fetches from addresses: of hosts that are allowed, and no others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::{assert_status, faunalens, photo, run, stdout};
use crate::serve_client::Service;

/// A host of pictures, with what it was asked.
struct Host {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Answers each request as `answer` says of its path.
    fn start(answer: impl Fn(&str, SocketAddr) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            // Those that are to stay open.
            let mut kept = Vec::new();
            for mut stream in listener.incoming().map_while(Result::ok) {
                let head = head_of(&mut stream);
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().unwrap().push(head);
                let _ = stream.write_all(&answer(&path, address));
                if path == "/slow" {
                    kept.push(stream);
                }
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn redirect(location: &str) -> Vec<u8> {
    reply("302 Found", &format!("location: {location}\r\n"), b"")
}

/// The answers of a host that holds one picture and much that is none.
fn answer(path: &str, address: SocketAddr) -> Vec<u8> {
    let picture = std::fs::read(photo("baseline.jpg")).unwrap();
    let jpeg = "content-type: image/jpeg\r\n";
    match path {
        "/a.jpg" => reply("200 OK", jpeg, &picture),
        "/untyped" => reply("200 OK", "", &picture),
        "/octets" => reply("200 OK", "content-type: binary/octet-stream\r\n", &picture),
        "/page" => reply("200 OK", "content-type: text/html\r\n", &picture),
        "/gzip" => reply(
            "200 OK",
            "content-type: image/jpeg\r\ncontent-encoding: gzip\r\n",
            &picture,
        ),
        "/empty" => reply("200 OK", jpeg, b""),
        "/letter" => reply("200 OK", jpeg, b"a letter"),
        "/damaged" => reply("200 OK", jpeg, &picture[..200]),
        "/large" => reply("200 OK", jpeg, &vec![0xff; 60_000]),
        "/cut" => reply("200 OK", jpeg, &picture)[..400].to_vec(),
        "/slow" => reply("200 OK", jpeg, &picture)[..400].to_vec(),
        "/nonsense" => b"SSH-2.0-OpenSSH_9\r\n".to_vec(),
        "/moved/there" => redirect("../a.jpg"),
        "/round" => redirect("/round"),
        "/nowhere" => redirect(""),
        "/metadata" => redirect("http://169.254.169.254/latest/meta-data/"),
        "/file" => redirect("file:///etc/passwd"),
        "/by-name" => redirect(&format!("http://localhost:{}/a.jpg", address.port())),
        "/another-port" => redirect(&format!("http://127.0.0.1:{}/a.jpg", address.port() ^ 1)),
        _ => reply("404 Not Found", jpeg, b""),
    }
}

fn hash_of(name: &str) -> String {
    let hashed = stdout(&run(&["hash", photo(name).to_str().unwrap()]));
    hashed.lines().last().unwrap()[..64].to_owned()
}

#[test]
fn a_picture_of_an_allowed_host_is_hashed_and_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(answer);
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let allowed = host.address.to_string();
    let options = ["--allow-host", &allowed, "--index", index];
    let service = Service::start(folder.path(), &options);
    let hash = hash_of("baseline.jpg");
    for path in ["a.jpg", "untyped", "octets", "moved/there", "a.jpg?b=c&d"] {
        let path = path.replace('?', "%3F").replace('&', "%26");
        let found = service.get(&format!("/h/hash?url=http://{allowed}/{path}"));
        if path.contains("%3F") {
            assert_eq!(found.status, 502, "another path: {found:?}");
        } else {
            assert_eq!(found.json(), json!({ "pdq": hash }), "{path}");
        }
    }
    let asked = host.asked();
    assert!(asked[0].starts_with("GET /a.jpg HTTP/1.1\r\n"), "{asked:?}");
    assert!(
        asked[0].contains(&format!("host: {allowed}\r\n")),
        "{asked:?}"
    );
    assert!(
        asked.last().unwrap().starts_with("GET /a.jpg?b=c&d "),
        "{asked:?}"
    );
    let url = format!("/m/lookup?url=http://{allowed}/a.jpg");
    assert_eq!(service.get(&url).json(), json!({ "pdq": [] }));
    let made = service.post("/c/banks", b"{\"name\":\"HORN\"}");
    assert_eq!(made.status, 201, "{made:?}");
    let added = format!("/c/bank/HORN/content?url=http://{allowed}/a.jpg");
    assert_eq!(service.post(&added, b"").json()["signals"]["pdq"], hash);
    assert_eq!(service.get(&url).json(), json!({ "pdq": ["HORN"] }));
}

#[test]
fn what_is_not_allowed_is_not_asked_and_what_is_no_picture_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(answer);
    let (allowed, port) = (host.address.to_string(), host.address.port());
    let named = format!("localhost:{port}");
    let options = [
        "--allow-host",
        &allowed,
        "--allow-host",
        &named,
        "--max-bytes",
        "50000",
        "--body-timeout",
        "1.5",
    ];
    let service = Service::start(folder.path(), &options);
    let status = |url: &str| {
        let answer = service.get(&format!("/h/hash?url={url}"));
        assert!(answer.json()["error"].is_string(), "{answer:?}");
        answer.status
    };
    for (refused, url) in [
        ("not allowed", "http://example.org/a.jpg".into()),
        (
            "another port",
            format!("http://127.0.0.1:{}/a.jpg", port ^ 1),
        ),
        ("the usual port", "http://127.0.0.1/a.jpg".into()),
        ("a name of this machine", format!("http://{named}/a.jpg")),
        ("the same machine", format!("http://127.0.0.2:{port}/a.jpg")),
        (
            "the same in another form",
            format!("http://0x7f.1:{port}/a.jpg"),
        ),
        (
            "no TLS in this build, or not spoken there",
            format!("https://{allowed}/a.jpg"),
        ),
    ] {
        let expected = if url.starts_with("https") && cfg!(feature = "https") {
            504 // it waits for the end of a head
        } else {
            403
        };
        assert_eq!(status(&url), expected, "{refused}");
    }
    let heard: Vec<String> = host.asked();
    assert!(
        heard.iter().all(|head| !head.starts_with("GET")),
        "{heard:?}"
    );
    let at = |path: &str| status(&format!("http://{allowed}{path}"));
    for (expected, path) in [
        (502, "/none"),
        (502, "/empty"),
        (502, "/cut"),
        (502, "/nonsense"),
        (502, "/gzip"),
        (502, "/round"),
        (413, "/large"),
        (415, "/page"),
        (415, "/letter"),
        (422, "/damaged"),
        (403, "/metadata"),
        (403, "/by-name"),
        (403, "/another-port"),
        (502, "/file"),
        (502, "/nowhere"),
    ] {
        assert_eq!(at(path), expected, "{path}");
    }
    let rounds = host
        .asked()
        .iter()
        .filter(|head| head.starts_with("GET /round "))
        .count();
    assert_eq!(rounds, 6, "redirects are followed five times");
    let start = Instant::now();
    assert_eq!(at("/slow"), 504);
    assert!(start.elapsed() < Duration::from_secs(20));
    for (expected, url) in [
        (400, "http://"),
        (400, "a.jpg"),
        (400, "ftp://127.0.0.1/a.jpg"),
        (400, &format!("http://name:password@{allowed}/a.jpg")),
    ] {
        assert_eq!(status(url), expected, "{url}");
    }
}

#[test]
fn a_host_is_a_name_or_an_address_and_nothing_else() {
    for host in ["http://example.org", "*", "example.org/", "10.0.0.0/8"] {
        let refused = faunalens()
            .args(["serve", "--allow-host", host])
            .output()
            .unwrap();
        assert_status(&refused, 2);
    }
}
