//! HMA's banks, changed through a running service.

use serde_json::{Value, json};

use crate::program::{assert_status, json_lines, photo, run, stdout};
use crate::serve_client::{Service, ask};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(photo(name)).unwrap()
}

fn hash_of(name: &str) -> String {
    let hashed = stdout(&run(&["hash", photo(name).to_str().unwrap()]));
    hashed.lines().last().unwrap()[..64].to_owned()
}

fn with(service: &Service, method: &str, target: &str, token: &str) -> u16 {
    let header = format!("authorization: Bearer {token}");
    ask(&service.socket, method, target, &[&header], b"").status
}

#[test]
fn a_bank_is_made_filled_asked_emptied_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let service = Service::start(folder.path(), &["--index", index]);
    let delete = |target: &str| ask(&service.socket, "DELETE", target, &[], b"");
    let made = service.post("/c/banks", b"{\"name\":\"HORN\",\"enabled_ratio\":1.0}");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        made.json(),
        json!({ "name": "HORN", "matching_enabled_ratio": 1.0, "size": 0 })
    );
    let picture = bytes("baseline.jpg");
    let added = service.form(
        "/c/bank/HORN/content",
        &[("photo", Some("a.jpg"), &picture)],
    );
    let (number, hash) = (added.json()["id"].clone(), hash_of("baseline.jpg"));
    assert_eq!(
        added.json(),
        json!({ "id": number, "signals": { "pdq": hash } })
    );
    let again = service.post("/c/bank/HORN/content", &picture).json();
    assert_eq!(again["id"], number, "a hash is in a bank once");
    let other = hash_of("rgb.png");
    let signal = service.post(
        "/c/bank/HORN/signal",
        json!({ "pdq": other }).to_string().as_bytes(),
    );
    assert_eq!(signal.json()["signals"]["pdq"], other);
    assert_eq!(service.get("/c/bank/HORN").json()["size"], 2);

    let lookup = format!("/m/lookup?signal_type=pdq&signal={hash}");
    assert_eq!(service.get(&lookup).json(), json!(["HORN"]));
    let checked = service.post("/v1/check", &picture).json();
    assert_eq!(checked["matches"][0]["source"], "HORN", "{checked}");
    assert_eq!(checked["matches"][0]["image_id"], number);
    // The index is the same for whoever opens it, and others write beside the service.
    let stats = json_lines(&stdout(&run(&["index", "stats", "--json", index])));
    assert!(stats[0].to_string().contains("HORN"), "{stats:?}");
    assert_status(&run(&["index", "verify", index]), 0);

    let content = format!("/c/bank/HORN/content/{number}");
    assert_eq!(delete(&content).json(), json!({ "deleted": 1 }));
    assert_eq!(service.get(&lookup).json(), json!([]));
    assert_eq!(
        service.post("/v1/check", &picture).json()["matches"],
        json!([])
    );
    assert_eq!(delete(&content).json(), json!({ "deleted": 0 }));
    let back = service.post("/c/bank/HORN/content", &picture).json();
    assert_eq!(back["id"], number, "what was withdrawn can come back");
    assert_eq!(service.get(&lookup).json(), json!(["HORN"]));
    assert_eq!(delete("/c/bank/HORN").status, 200);
    assert_eq!(service.get("/c/bank/HORN").status, 404);
    assert_eq!(service.get(&lookup).json(), json!([]));
    assert_eq!(
        service.get("/c/banks").json().as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn what_an_index_cannot_honour_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let service = Service::start(folder.path(), &["--index", index]);
    let picture = bytes("baseline.jpg");
    let hash = hash_of("baseline.jpg");
    let many = folder.path().join("many.txt");
    let lines: String = (0..10_001).map(|k| format!("pdq {k:064x}\n")).collect();
    std::fs::write(&many, lines).unwrap();
    let many = many.to_str().unwrap();
    let options = ["--source", "MANY", "--form", "threatexchange"];
    assert_status(
        &run(&[&["index", "import", index, many], &options[..]].concat()),
        0,
    );
    assert_eq!(service.post("/c/banks", b"{\"name\":\"A\"}").status, 201);
    let unwanted = service.post("/c/bank/A/content", &picture).json();
    assert_status(&run(&["index", "remove", index, "--pdq", &hash]), 0);
    let method = |method: &str, target: &str| ask(&service.socket, method, target, &[], b"").status;
    for (expected, method, target, body) in [
        (403, "POST", "/c/banks", &b"{\"name\":\"A\"}"[..]),
        (403, "POST", "/c/banks", b"{\"name\":\"seen\"}"),
        (400, "POST", "/c/banks", b"{\"name\":\"\"}"),
        (400, "POST", "/c/banks", b"{\"name\":\"*\"}"),
        (400, "POST", "/c/banks", b"{\"name\":\"a\\nb\"}"),
        (400, "POST", "/c/banks", b"{\"name\":7}"),
        (400, "POST", "/c/banks", b"{}"),
        (400, "POST", "/c/banks", b""),
        (
            400,
            "POST",
            "/c/banks",
            b"{\"name\":\"B\",\"enabled_ratio\":0.5}",
        ),
        (
            400,
            "POST",
            "/c/banks",
            b"{\"name\":\"B\",\"enabled\":false}",
        ),
        (404, "POST", "/c/bank/NONE/content", &picture),
        (404, "POST", "/c/bank/NONE/signal", b"{\"pdq\":\"00\"}"),
        (403, "POST", "/c/bank/seen/content", &picture),
        (400, "POST", "/c/bank/A/content", b""),
        (415, "POST", "/c/bank/A/content", b"a letter"),
        (422, "POST", "/c/bank/A/content", &picture[..200]),
        (403, "POST", "/c/bank/A/content", &picture),
        (400, "POST", "/c/bank/A/signal", b"{\"pdq\":\"12\"}"),
        (400, "POST", "/c/bank/A/signal", b"{\"md5\":\"12\"}"),
        (400, "POST", "/c/bank/A/signal", b"{}"),
        (400, "DELETE", "/c/bank/A/content/first", b""),
        (404, "DELETE", "/c/bank/NONE/content/1", b""),
        (404, "DELETE", "/c/bank/NONE", b""),
        (403, "DELETE", "/c/bank/seen", b""),
        (403, "DELETE", "/c/bank/seen/content/1", b""),
        (413, "DELETE", "/c/bank/MANY", b""),
    ] {
        let answer = ask(&service.socket, method, target, &[], body);
        assert_eq!(answer.status, expected, "{method} {target}: {answer:?}");
        assert!(answer.json()["error"] != Value::Null, "{answer:?}");
    }
    assert!(unwanted["id"].is_number());
    assert_eq!(method("GET", "/c/bank/MANY"), 200);
    let none = tempfile::tempdir().unwrap();
    let without = Service::start(none.path(), &[]);
    assert_eq!(
        without.post("/c/banks", b"{\"name\":\"A\"}").status,
        404,
        "no index"
    );
}

#[test]
fn banks_are_changed_with_the_token_for_writing_alone_and_changes_are_logged() {
    let folder = tempfile::tempdir().unwrap();
    let (read, write) = (folder.path().join("read"), folder.path().join("write"));
    std::fs::write(&read, "r-0123456789abcdef").unwrap();
    std::fs::write(&write, "w-0123456789abcdef").unwrap();
    let index = folder.path().join("seen");
    let index = index.to_str().unwrap();
    assert_status(&run(&["index", "init", index]), 0);
    let options = [
        "--token-file",
        read.to_str().unwrap(),
        "--write-token-file",
        write.to_str().unwrap(),
        "--index",
        index,
        "--log",
        "json",
    ];
    let mut service = Service::start(folder.path(), &options);
    let writing = "authorization: Bearer w-0123456789abcdef";
    let made = ask(
        &service.socket,
        "POST",
        "/c/banks",
        &[writing],
        b"{\"name\":\"A\"}",
    );
    assert_eq!(made.status, 201);
    for (method, target) in [
        ("POST", "/c/banks"),
        ("POST", "/c/bank/A/content"),
        ("POST", "/c/bank/A/signal"),
        ("DELETE", "/c/bank/A/content/1"),
        ("DELETE", "/c/bank/A"),
    ] {
        assert_eq!(
            with(&service, method, target, "r-0123456789abcdef"),
            403,
            "{method} {target}"
        );
        assert_eq!(
            with(&service, method, target, "x-0123456789abcdef"),
            401,
            "{method} {target}"
        );
    }
    assert_eq!(
        with(&service, "GET", "/c/bank/A", "r-0123456789abcdef"),
        200
    );
    assert_eq!(
        with(&service, "DELETE", "/c/bank/A", "w-0123456789abcdef"),
        200
    );
    service.signal("TERM");
    assert_eq!(service.ended(), Some(0));
    let log = service.log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let changes: Vec<Value> = lines
        .filter(|line| line["target"] == "faunalens::audit")
        .collect();
    let changed: Vec<&str> = changes
        .iter()
        .filter_map(|line| line["change"].as_str())
        .collect();
    assert_eq!(changed, ["bank created", "bank deleted"], "{log}");
    assert!(changes.iter().all(|line| line["bank"] == "A"), "{log}");
}
