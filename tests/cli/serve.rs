//! `faunalens serve`, asked as its callers ask, and `check --server`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{
    assert_status, bundle_raising, faunalens, json_lines, photo, run, stderr, stdout,
};
use crate::serve_client::{Service, ask, read_answer, try_ask};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(photo(name)).unwrap()
}

/// A record as text, without its time and the request's number.
fn timeless(line: &str) -> String {
    let (before, rest) = line.trim_end().split_once("\"elapsed_ms\":").unwrap();
    let (_, after) = rest.split_once(',').unwrap();
    let after = after.split(",\"request_id\"").next().unwrap();
    format!("{before}{}", after.trim_end_matches('}'))
}

/// A picture that takes a while to decode.
fn giant() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(4200, 3000, |x, y| {
        image::Rgb([((x * y) >> 12) as u8, (x / 16) as u8, (y / 12) as u8])
    });
    let mut encoded = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut encoded, image::ImageFormat::Png)
        .unwrap();
    encoded.into_inner()
}

#[test]
fn a_record_is_that_of_check_to_the_byte_raw_and_in_a_form() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &[]);
    for name in ["baseline.jpg", "rgb.png", "lossy.webp", "make.py"] {
        let path = photo(name);
        let path = path.to_str().unwrap();
        let expected = timeless(&stdout(&run(&["check", "--json", path])));
        let raw = service.post(&format!("/v1/check?file={path}"), &bytes(name));
        assert_eq!(timeless(&raw.body), expected);
        let form = service.form("/v1/check", &[("file", Some(path), &bytes(name))]);
        assert_eq!(timeless(&form.body), expected);
        let id = raw.header("x-request-id").unwrap();
        assert_eq!(raw.json()["request_id"], id);
    }
}

#[test]
fn a_hook_passes_or_holds_and_tells_no_scores() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_raising(folder.path(), "other", 0.0, 1.0);
    let model = bundle.to_str().unwrap();
    let review = Service::start(folder.path(), &["--model", model]);
    let held = review.post("/v1/hook", &bytes("rgb.png"));
    assert_eq!(
        (held.status, held.body.as_str()),
        (406, "{\"action\":\"hold\"}")
    );
    let damaged = &bytes("baseline.jpg")[..200];
    let passed = review.post("/v1/hook", damaged);
    assert_eq!(
        (passed.status, passed.body.as_str()),
        (200, "{\"action\":\"pass\"}")
    );
    assert_eq!(passed.header("faunalens-fault"), Some("corrupt"));
    assert_eq!(review.post("/v1/hook?on_fault=hold", damaged).status, 406);
    assert_eq!(review.post("/v1/hook?on_fault=ask", damaged).status, 400);
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--model",
        model,
        "--reject-at",
        "flag",
        "--on-fault",
        "hold",
    ];
    let flag = Service::start(folder.path(), &options);
    assert_eq!(
        flag.post("/v1/hook", &bytes("rgb.png")).status,
        200,
        "review passes"
    );
    assert_eq!(flag.post("/v1/hook", damaged).status, 406);
}

#[test]
fn what_is_wrong_with_a_request_is_told_by_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &["--max-bytes", "20000", "--max-parts", "2"]);
    let picture = bytes("baseline.jpg");
    for (expected, target, body) in [
        (400, "/v1/check", &b""[..]),
        (400, "/v1/check:batch", b""),
        (413, "/v1/check", &[0xff; 30_000]),
        (415, "/v1/check", b"no picture at all"),
        (422, "/v1/check", &picture[..200]),
        (404, "/v2/check", b"x"),
        (400, "/v1/check?remember=perhaps", &picture),
        (400, "/v1/check?seller=anna", &picture),
        (400, "/m/compare", b"[1, 2"),
        (400, "/m/compare", b""),
    ] {
        let answer = service.post(target, body);
        assert_eq!(answer.status, expected, "{target}: {answer:?}");
        assert!(answer.json()["error"] != Value::Null, "{answer:?}");
    }
    assert_eq!(service.get("/v1/check").status, 405);
    let part = ("file", Some("a.jpg"), &picture[..]);
    assert_eq!(
        service.form("/v1/check", &[part, part]).status,
        400,
        "one at a time"
    );
    assert_eq!(
        service.form("/v1/check:batch", &[part, part, part]).status,
        413
    );
    // A time that is none, though the query, which goes before the form, gives one.
    let time = ("captured_at", None, &b"yesterday"[..]);
    let dated = service.form("/v1/check?captured_at=2026-03-01", &[time, part]);
    assert_eq!(dated.status, 400, "{dated:?}");
    let kind = "content-type: multipart/form-data; boundary=frontier";
    let cut = ask(
        &service.socket,
        "POST",
        "/v1/check",
        &[kind],
        b"--frontier\r\nconte",
    );
    assert_eq!(cut.status, 400);
}

#[test]
fn a_batch_gives_a_line_for_each_picture_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &["--queue", "1"]);
    let names = [
        "baseline.jpg",
        "make.py",
        "rgb.png",
        "lossy.webp",
        "exif-6.jpg",
        "rgb.png",
    ];
    let contents: Vec<Vec<u8>> = names.iter().map(|name| bytes(name)).collect();
    let parts = names.iter().zip(&contents);
    let parts: Vec<_> = parts
        .map(|(name, bytes)| ("file", Some(*name), &bytes[..]))
        .collect();
    let answer = service.form("/v1/check:batch", &parts);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let records = json_lines(&answer.body);
    let files: Vec<&str> = records
        .iter()
        .map(|row| row["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, names);
    for (record, name) in records.iter().zip(names) {
        let is_picture = name != "make.py";
        assert_eq!(record["decision"].is_string(), is_picture, "{record}");
    }
}

#[test]
fn each_token_opens_its_own_door() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, token: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{token}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (read, write) = ("r-0123456789abcdef", "w-0123456789abcdef");
    let (read_file, write_file) = (file("read", read), file("write", write));
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let options = [
        "--token-file",
        &read_file,
        "--write-token-file",
        &write_file,
        "--index",
        index,
    ];
    let service = Service::start(folder.path(), &options);
    let picture = bytes("baseline.jpg");
    let status = |target: &str, token: &str| {
        let header = format!("authorization: Bearer {token}");
        ask(&service.socket, "POST", target, &[&header], &picture).status
    };
    let refused = service.post("/v1/check", &picture);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert_eq!(service.get("/metrics").status, 401);
    assert_eq!(service.get("/livez").status, 200);
    assert_eq!(service.get("/readyz").status, 200);
    assert_eq!(status("/v1/check", "wrong-0123456789abcdef"), 401);
    assert_eq!(status("/v1/check", read), 200);
    assert_eq!(
        status("/v1/check?seller=anna", read),
        403,
        "reading does not write"
    );
    assert_eq!(status("/v1/check?seller=anna", write), 200);
    let both = [read, write].map(|token| format!("authorization: Bearer {token}"));
    let both = [both[0].as_str(), both[1].as_str()];
    let answer = ask(&service.socket, "POST", "/v1/check", &both, &picture);
    assert_eq!(answer.status, 401, "two tokens are none");
    let asked = run(&[
        "check",
        "--server",
        service.socket.to_str().unwrap(),
        photo("rgb.png").to_str().unwrap(),
    ]);
    assert_status(&asked, 2);
    assert!(stderr(&asked).contains("token"), "{}", stderr(&asked));
}

#[test]
fn a_reload_takes_up_other_tokens_and_keeps_one_whose_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (read, write) = (folder.path().join("read"), folder.path().join("write"));
    std::fs::write(&read, "r-old-0123456789abcdef").unwrap();
    std::fs::write(&write, "w-old-0123456789abcdef").unwrap();
    let files = [read.to_str().unwrap(), write.to_str().unwrap()];
    let options = ["--token-file", files[0], "--write-token-file", files[1]];
    let service = Service::start(folder.path(), &options);
    let status = |token: &str| {
        let header = format!("authorization: Bearer {token}-0123456789abcdef");
        ask(&service.socket, "GET", "/version", &[&header], b"").status
    };
    assert_eq!((status("r-old"), status("r-new")), (200, 401));
    std::fs::write(&read, "r-new-0123456789abcdef").unwrap();
    std::fs::remove_file(&write).unwrap();
    service.signal("HUP");
    let start = Instant::now();
    while status("r-new") == 401 {
        assert_eq!(status("w-old"), 200, "nobody is refused meanwhile");
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    assert_eq!((status("r-old"), status("w-old")), (401, 200));
    // It answers by a new token before it has told of the other.
    service.tells(files[1]);
    service.tells("the token before goes on");
}

#[test]
fn who_is_refused_before_the_body_was_read_hears_why() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "r-0123456789abcdef").unwrap();
    let options = ["--token-file", token.to_str().unwrap()];
    let service = Service::start(folder.path(), &options);
    let large = vec![7; 4 << 20];
    for _ in 0..20 {
        let refused = service.post("/v1/check", &large);
        assert_eq!(refused.status, 401);
        let header = "authorization: Bearer r-0123456789abcdef";
        let lost = ask(&service.socket, "POST", "/v1/nothing", &[header], &large);
        assert_eq!(lost.status, 404);
    }
}

#[test]
fn what_is_remembered_here_or_elsewhere_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let service = Service::start(folder.path(), &["--index", index]);
    let first = service.post(
        "/v1/check?seller=anna&listing=L7&file=a.jpg",
        &bytes("baseline.jpg"),
    );
    assert_eq!(
        first.json()["matches"],
        json!([]),
        "its own sighting is no match"
    );
    assert_eq!(first.json()["seller"], "anna");
    let again = service.post("/v1/check", &bytes("baseline.jpg")).json();
    assert_eq!(again["matches"][0]["seller"], "anna");
    assert_eq!(again["index"]["images"], 1);
    // The service holds no lock: others add beside it.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::copy(photo("rgb.png"), elsewhere.join("rgb.png")).unwrap();
    let elsewhere = elsewhere.to_str().unwrap();
    assert_status(&run(&["index", "add", index, elsewhere]), 0);
    let found = service.post("/v1/check", &bytes("rgb.png"));
    assert_eq!(found.json()["matches"][0]["method"], "sha256", "{found:?}");
    assert!(found.header("faunalens-index-generation").is_some());
    let age: f64 = found
        .header("faunalens-index-age")
        .unwrap()
        .parse()
        .unwrap();
    assert!(age < 2.0);
    // Packed anew and renumbered under the service's feet.
    assert_status(&run(&["index", "compact", index]), 0);
    let packed = service.post("/v1/check", &bytes("rgb.png"));
    assert_eq!(packed.json()["matches"][0]["method"], "sha256");
    assert_ne!(packed.header("faunalens-index-generation"), Some("none"));
    let second = service.post("/v1/check?seller=ben&listing=9", &bytes("rgb.png"));
    assert_eq!(second.status, 200, "{second:?}");
    let sellers = service.post("/v1/check", &bytes("rgb.png")).body;
    assert!(sellers.contains("\"seller\":\"ben\""), "{sellers}");
}

#[test]
fn a_reload_takes_up_another_bundle_and_refuses_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_raising(folder.path(), "other", 1.0, 1.0);
    let service = Service::start(folder.path(), &["--model", bundle.to_str().unwrap()]);
    let picture = bytes("rgb.png");
    assert_eq!(service.post("/v1/hook", &picture).status, 200);
    let description = bundle.join("bundle.toml");
    let text = std::fs::read_to_string(&description).unwrap();
    std::fs::write(
        &description,
        text.replace(
            "[thresholds.other]\nreview = 1",
            "[thresholds.other]\nreview = 0",
        ),
    )
    .unwrap();
    service.signal("HUP");
    let start = Instant::now();
    let mut statuses = Vec::new();
    while statuses.last() != Some(&406) && start.elapsed() < Duration::from_secs(60) {
        statuses.push(service.post("/v1/hook", &picture).status);
    }
    assert_eq!(statuses.last(), Some(&406), "{}", service.log());
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 406)),
        "{statuses:?}"
    );
    // A bundle that does not hold is not taken; the one before goes on.
    std::fs::write(&description, "no bundle").unwrap();
    service.signal("HUP");
    let start = Instant::now();
    while service.metric("faunalens_reloads_failed_total") < 1.0 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}",
            service.log()
        );
    }
    assert_eq!(service.post("/v1/hook", &picture).status, 406);
}

#[test]
fn what_is_in_hand_is_answered_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(folder.path(), &["--deadline", "60"]);
    let (socket, picture) = (service.socket.clone(), giant());
    let asked = std::thread::spawn(move || ask(&socket, "POST", "/v1/check", &[], &picture));
    while service.metric("faunalens_workers_busy") < 1.0 {}
    service.signal("TERM");
    assert_eq!(asked.join().unwrap().status, 200);
    assert_eq!(service.ended(), Some(0), "{}", service.log());
    assert!(!service.socket.exists());
}

#[test]
fn what_is_beyond_the_queue_is_refused_at_once_and_small_ones_pass_giants() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--workers", "2", "--queue", "2", "--deadline", "60"];
    let service = Service::start(folder.path(), &options);
    let picture = giant();
    let (mut refused, mut answered) = (0, 0);
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let start = Instant::now();
                    (service.post("/v1/check", &picture), start.elapsed())
                })
            })
            .collect();
        while service.metric("faunalens_workers_busy") < 1.0 {}
        let small = service.post("/v1/check", &bytes("baseline.jpg"));
        assert_eq!(small.status, 200, "{small:?}");
        assert!(
            service.metric("faunalens_workers_busy") > 0.0,
            "the giants are not done yet"
        );
        for (answer, _) in asked.into_iter().map(|asked| asked.join().unwrap()) {
            match answer.status {
                200 => answered += 1,
                503 => {
                    refused += 1;
                    assert_eq!(answer.header("retry-after"), Some("1"));
                }
                _ => panic!("{answer:?}"),
            }
        }
    });
    assert_eq!((answered, refused), (2, 4), "one at work, one waiting");
    assert_eq!(service.metric("faunalens_refused_total"), 4.0);
}

#[test]
fn a_request_whose_caller_has_gone_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &["--workers", "2"]);
    let picture = giant();
    std::thread::scope(|scope| {
        scope.spawn(|| service.post("/v1/check", &picture));
        while service.metric("faunalens_workers_busy") < 1.0 {}
        // A second giant waits for the first; its caller does not.
        let mut gone = UnixStream::connect(&service.socket).unwrap();
        let head = format!(
            "POST /v1/check HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
            picture.len()
        );
        gone.write_all(head.as_bytes()).unwrap();
        gone.write_all(&picture).unwrap();
        while service.metric("faunalens_queue_waiting") < 1.0 {}
    });
    let start = Instant::now();
    while service.metric("faunalens_abandoned_total") < 1.0 {
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn a_deadline_ends_a_request_and_slow_callers_are_hung_up_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--deadline",
        "0.05",
        "--header-timeout",
        "0.3",
        "--body-timeout",
        "0.3",
    ];
    let service = Service::start(folder.path(), &options);
    let late = service.post("/v1/check", &giant());
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    let slow = |sent: &str| {
        let mut stream = UnixStream::connect(&service.socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let head = slow("POST /v1/check HTTP/1.1\r\nhost: a\r\n");
    assert!(head.is_empty() || head.contains(" 408 "), "{head}");
    let body = slow("POST /v1/check HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc");
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
}

#[test]
fn connections_that_send_nothing_give_way_to_those_that_ask() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &["--connections", "8"]);
    let idle: Vec<UnixStream> = (0..100)
        .map(|_| {
            let mut stream = UnixStream::connect(&service.socket).unwrap();
            let _ = stream.write_all(b"GET /livez HT");
            stream
        })
        .collect();
    assert_eq!(
        service.post("/v1/check", &bytes("baseline.jpg")).status,
        200
    );
    assert!(service.metric("faunalens_connections") <= 8.0);
    assert!(service.metric("faunalens_connections_evicted_total") >= 90.0);
    drop(idle);
}

/// What clamd's protocol answers to one command with what follows it.
fn clamd(socket: &Path, sent: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(sent).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn instream(picture: &[u8]) -> Vec<u8> {
    let mut sent = b"zINSTREAM\0".to_vec();
    for chunk in picture.chunks(1000) {
        sent.extend((chunk.len() as u32).to_be_bytes());
        sent.extend_from_slice(chunk);
    }
    sent.extend([0; 4]);
    sent
}

#[test]
fn clamds_protocol_is_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_raising(folder.path(), "other", 0.0, 0.0);
    let socket = folder.path().join("clamd.sock");
    let (model, place) = (bundle.to_str().unwrap(), socket.to_str().unwrap());
    let service = Service::start(
        folder.path(),
        &["--model", model, "--clamd", place, "--max-bytes", "50000"],
    );
    assert_eq!(clamd(&socket, b"zPING\0"), "PONG\0");
    assert_eq!(clamd(&socket, b"nPING\n"), "PONG\n");
    assert_eq!(clamd(&socket, b"PING\n"), "PONG\n");
    assert!(clamd(&socket, b"zVERSION\0").starts_with("faunalens "));
    let found = clamd(&socket, &instream(&bytes("rgb.png")));
    assert_eq!(found, "stream: Faunalens.Other.Flag FOUND\0");
    assert_eq!(clamd(&socket, &instream(b"a letter")), "stream: OK\0");
    let large = clamd(&socket, &instream(&[1; 60_000]));
    assert_eq!(large, "INSTREAM size limit exceeded. ERROR\0");
    // Whoever is still sending hears so as well.
    let mut sent = b"zINSTREAM\0".to_vec();
    sent.extend(60_000_u32.to_be_bytes());
    sent.extend(vec![1; 150_000]);
    let large = clamd(&socket, &sent[..]);
    assert_eq!(large, "INSTREAM size limit exceeded. ERROR\0");
    let refused = clamd(&socket, b"nSCAN /etc/passwd\n");
    assert!(
        refused.starts_with("/etc/passwd: ") && refused.ends_with(" ERROR\n"),
        "{refused}"
    );
    assert_eq!(clamd(&socket, b"zNONSENSE\0"), "UNKNOWN COMMAND\0");
    let mut session = b"zIDSESSION\0zPING\0".to_vec();
    session.extend(instream(&bytes("rgb.png")));
    session.extend(b"zEND\0");
    let answers = clamd(&socket, &session);
    assert_eq!(
        answers,
        "1: PONG\x002: stream: Faunalens.Other.Flag FOUND\0"
    );
    let passed = Command::new("python3")
        .args(["-c", PASS_A_DESCRIPTOR, place])
        .arg(photo("rgb.png"))
        .output()
        .unwrap();
    assert_eq!(
        stdout(&passed),
        "fd[10]: Faunalens.Other.Flag FOUND\n",
        "{}",
        stderr(&passed)
    );
    assert_eq!(
        service.post("/v1/check", &bytes("rgb.png")).status,
        200,
        "HTTP goes on"
    );
}

const PASS_A_DESCRIPTOR: &str = "\
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'nFILDES\\n')
with open(sys.argv[2], 'rb') as file:
    socket.send_fds(s, [b'\\0'], [file.fileno()])
print(s.recv(1000).decode(), end='')
";

/// Debian's own client, where it is installed.
#[test]
fn clamdscan_finds_what_is_raised() {
    let installed = Command::new("clamdscan").arg("--version").output();
    if installed.is_err() {
        println!("skipped: clamdscan is not installed (Debian: apt-get install clamdscan)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_raising(folder.path(), "other", 0.0, 0.0);
    let socket = folder.path().join("clamd.sock");
    let place = socket.to_str().unwrap();
    let _service = Service::start(
        folder.path(),
        &["--model", bundle.to_str().unwrap(), "--clamd", place],
    );
    let config = folder.path().join("clamd.conf");
    std::fs::write(&config, format!("LocalSocket {place}\n")).unwrap();
    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "a letter").unwrap();
    for way in ["--stream", "--fdpass"] {
        let scanned = Command::new("clamdscan")
            .args([way, "--no-summary", "--config-file"])
            .arg(&config)
            .args([&photo("rgb.png"), &letter])
            .output()
            .unwrap();
        let said = stdout(&scanned);
        assert!(
            said.contains("rgb.png: Faunalens.Other.Flag FOUND"),
            "{way}: {said}{}",
            stderr(&scanned)
        );
        assert!(said.contains("letter.txt: OK"), "{way}: {said}");
        assert_eq!(scanned.status.code(), Some(1), "something was found");
    }
}

#[test]
fn hmas_calls_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    let picture = photo("baseline.jpg");
    let hash = stdout(&run(&["hash", picture.to_str().unwrap()]));
    let hash = hash
        .lines()
        .last()
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, format!("pdq {hash}\n")).unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let imported = run(&[
        "index",
        "import",
        index,
        list.to_str().unwrap(),
        "--source",
        "PARTNER",
        "--form",
        "threatexchange",
    ]);
    assert_status(&imported, 0);
    let service = Service::start(folder.path(), &["--index", index]);
    let hashed = service.form(
        "/h/hash",
        &[("photo", Some("a.jpg"), &bytes("baseline.jpg"))],
    );
    assert_eq!(hashed.json(), json!({ "pdq": hash }));
    let target = format!("/m/lookup?signal_type=pdq&signal={hash}");
    assert_eq!(service.get(&target).json(), json!(["PARTNER"]));
    let uploaded = service.form(
        "/m/lookup",
        &[("photo", Some("a.jpg"), &bytes("baseline.jpg"))],
    );
    assert_eq!(uploaded.json(), json!({ "pdq": ["PARTNER"] }));
    let raw = format!("/m/raw_lookup?signal_type=pdq&signal={hash}&include_distance=true");
    let raw = service.get(&raw).json();
    assert_eq!(raw["matches"][0]["distance"], "0");
    assert_eq!(raw["matches"][0]["bank"], "PARTNER");
    let status = service.get("/m/index/status").json();
    assert_eq!(
        (&status["pdq"]["present"], &status["pdq"]["size"]),
        (&json!(true), &json!(1))
    );
    let banks = service.get("/c/banks").json();
    assert_eq!(banks[0]["name"], "PARTNER");
    assert_eq!(
        service.get("/c/bank/PARTNER").json()["matching_enabled_ratio"],
        1.0
    );
    assert_eq!(service.get("/c/bank/NOBODY").status, 404);
    let compared = service.post(
        "/m/compare",
        format!("{{\"pdq\":[\"{hash}\",\"{hash}\"]}}").as_bytes(),
    );
    assert_eq!(
        compared.json(),
        json!({ "pdq": [true, { "distance": "0" }] })
    );
    assert_eq!(service.get("/status").body, "I-AM-ALIVE");
    for malformed in [
        "/m/lookup?signal_type=pdq&signal=12",
        "/m/lookup?signal_type=md5&signal=12",
        "/m/lookup",
        "/m/raw_lookup?signal=12",
        "/m/index/status?signal_type=md5",
        "/h/hash",
    ] {
        assert_eq!(service.get(malformed).status, 400, "{malformed}");
    }
    for fetching in [
        "/h/hash?url=http://127.0.0.1/a.jpg",
        "/m/lookup?url=http://169.254.169.254/",
    ] {
        assert_eq!(service.get(fetching).status, 403, "nothing is fetched");
    }
    let fetching = "/c/bank/PARTNER/content?url=http://127.0.0.1/a.jpg";
    assert_eq!(service.post(fetching, b"").status, 403);
}

#[test]
fn check_asks_a_service_with_the_same_words_and_statuses() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_raising(folder.path(), "other", 0.0, 1.0);
    let model = bundle.to_str().unwrap();
    let service = Service::start(folder.path(), &["--model", model]);
    let socket = service.socket.to_str().unwrap();
    let (good, bad) = (photo("rgb.png"), photo("make.py"));
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let empty = folder.path().join("empty.jpg");
    std::fs::write(&empty, b"").unwrap();
    let empty = empty.to_str().unwrap();
    for files in [
        &[good][..],
        &[good, bad, "none.jpg", empty, good],
        &["none.jpg"],
    ] {
        for options in [
            &["--json"][..],
            &["--json", "--exit-code"],
            &["--exit-code"],
            &[],
        ] {
            let here = run(&[&["check", "--model", model], options, files].concat());
            let there = run(&[&["check", "--server", socket], options, files].concat());
            assert_eq!(
                there.status.code(),
                here.status.code(),
                "{options:?} {files:?}"
            );
            let lines = |output: &std::process::Output| -> Vec<String> {
                let text = stdout(output);
                let plain = |line: &str| match line.contains("elapsed_ms") {
                    true => timeless(line),
                    false => line.to_owned(),
                };
                text.lines().map(plain).collect()
            };
            assert_eq!(lines(&there), lines(&here));
        }
    }
    let from_stdin =
        |arguments: &[&str]| crate::program::run_with_stdin(arguments, &bytes("rgb.png"));
    let there = from_stdin(&["check", "--json", "--server", socket, "-"]);
    let here = from_stdin(&["check", "--json", "--model", model, "-"]);
    assert_eq!(timeless(&stdout(&there)), timeless(&stdout(&here)));
}

#[test]
fn without_a_service_check_says_so_or_scores_itself_if_told() {
    let picture = photo("rgb.png");
    let picture = picture.to_str().unwrap();
    for nowhere in ["/nowhere/http.sock", "http://127.0.0.1:9"] {
        let alone = run(&["check", "--server", nowhere, picture]);
        assert_status(&alone, 2);
        assert!(stderr(&alone).contains(nowhere), "{}", stderr(&alone));
        let itself = run(&[
            "check",
            "--json",
            "--server",
            nowhere,
            "--fallback",
            picture,
        ]);
        assert_status(&itself, 0);
        assert_eq!(json_lines(&stdout(&itself))[0]["format"], "png");
    }
    let judged = run(&[
        "check",
        "--server",
        "/nowhere",
        "--prior",
        "ivory=0.1",
        picture,
    ]);
    assert_status(&judged, 2);
}

#[test]
fn it_listens_at_an_address_or_at_the_socket_that_it_was_handed() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let mut command = faunalens();
    command.args(["serve", "--listen", &address]);
    let service = Service::spawn(command, "none".into());
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(read_answer(&mut stream).unwrap().status, 200);
    let picture = photo("rgb.png");
    let url = format!("http://{address}");
    assert_status(
        &run(&["check", "--server", &url, picture.to_str().unwrap()]),
        0,
    );
    drop(service);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("handed.sock");
    let mut command = Command::new("python3");
    command.args(["-c", HAND_A_SOCKET]).arg(&socket);
    command.args([env!("CARGO_BIN_EXE_faunalens"), "serve"]);
    command.current_dir(crate::program::project());
    command.env("ORT_DYLIB_PATH", crate::program::runtime());
    let service = Service::spawn(command, socket);
    assert_eq!(service.get("/livez").body, "ok\n");
}

/// What systemd does with a socket unit.
const HAND_A_SOCKET: &str = "\
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execv(sys.argv[2], sys.argv[2:])
";

#[test]
fn logs_name_decisions_and_no_sellers() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    assert_status(&run(&["index", "init", index.to_str().unwrap()]), 0);
    let mut service = Service::start(
        folder.path(),
        &["--log", "json", "--index", index.to_str().unwrap()],
    );
    let headers = ["x-request-id: upload-17"];
    let target = "/v1/check?seller=Secret%20Shop&listing=Hidden-9";
    ask(
        &service.socket,
        "POST",
        target,
        &headers,
        &bytes("baseline.jpg"),
    );
    service.signal("TERM");
    assert_eq!(service.ended(), Some(0));
    let log = service.log();
    assert!(!log.contains("Secret") && !log.contains("Hidden"), "{log}");
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audit: Vec<Value> = lines
        .filter(|line| line["target"] == "faunalens::audit")
        .collect();
    assert_eq!(audit.len(), 1, "{log}");
    assert_eq!(audit[0]["request_id"], "upload-17");
    assert!(audit[0]["decision"].is_string());
    assert_eq!(audit[0]["seller"].as_str().map(str::len), Some(32));
}

#[test]
fn the_interface_is_described_by_a_document_and_a_page_that_needs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &[]);
    let document = service.get("/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        "/v1/check",
        "/v1/check:batch",
        "/v1/hook",
        "/h/hash",
        "/m/lookup",
        "/readyz",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let page = service.get("/docs");
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(page.body.contains("/v1/check:batch") && !page.body.contains("<script"));
    let version = service.get("/version").json();
    assert_eq!(version["model"]["name"], "faunalens-base");
    assert_eq!(
        try_ask(&service.socket, "BREW", "/version", &[], b"")
            .unwrap()
            .status,
        405
    );
}

#[test]
fn what_was_added_is_packed_beside_the_service() {
    use faunalens::index::{Descriptor, Entry, Index, Settings};
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let mut writer = Index::create(&index, Settings::default()).unwrap();
    writer.pause_writing().unwrap();
    let service = Service::start(folder.path(), &["--index", index.to_str().unwrap()]);
    let before = service.post("/v1/check", &bytes("rgb.png"));
    assert_eq!(before.header("faunalens-index-generation"), Some("none"));
    writer.resume_writing(Duration::from_secs(5)).unwrap();
    for number in 0..2_000_u64 {
        let mut entry = Entry::default();
        entry.sha256[..8].copy_from_slice(&number.to_le_bytes());
        entry.descriptor = Some(Descriptor {
            vector: vec![1.0, number as f32],
            model: "test".into(),
            preprocessing: "1".into(),
        });
        writer.add(&entry).unwrap();
    }
    writer.commit().unwrap();
    drop(writer);
    let generation = || {
        let answer = service.post("/v1/check", &bytes("rgb.png"));
        let generation = answer.header("faunalens-index-generation");
        generation.map(str::to_owned)
    };
    let start = Instant::now();
    while generation().as_deref() == Some("none") {
        assert!(start.elapsed() < Duration::from_secs(60), "not packed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let stats = run(&["index", "stats", "--json", index.to_str().unwrap()]);
    assert_eq!(json_lines(&stdout(&stats))[0]["images"], 2000);
    let metrics = service.get("/metrics").body;
    assert!(
        metrics.contains("faunalens_packings_failed_total 0"),
        "{metrics}"
    );
}
