//! `faunalens index import`, `export` and `remove`: lists of partners, as the person sees it who
//! keeps the index.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::program::{assert_status, crawl, faunalens, stderr, stdout};

fn on(index: &Path, action: &str, more: &[&str]) -> Output {
    let mut command = faunalens();
    command.args(["index", action]).arg(index).args(more);
    command.output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn hash(number: u64) -> String {
    format!(
        "{:064x}",
        u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)
    )
}

fn new_index(folder: &Path) -> PathBuf {
    let index = folder.join("seen");
    assert_status(&on(&index, "init", &[]), 0);
    index
}

fn saved(folder: &Path, name: &str, list: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, list).unwrap();
    path
}

fn is_found(index: &Path, number: u64) -> bool {
    let found = stdout(&on(index, "query", &["--hash", &hash(number)]));
    !found.contains(": 0 sightings")
}

/// One line that was not UTF-8 refused the whole list, with status 2.
#[test]
fn a_line_that_is_not_utf8_is_told_with_its_number_and_the_rest_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let mut list = format!("pdq {}\npdq ", hash(1)).into_bytes();
    list.extend_from_slice(b"\xff\xfe\n");
    list.extend_from_slice(format!("pdq {}\npdq 12\n", hash(2)).as_bytes());
    let list = saved(folder.path(), "badutf.txt", list);
    let import = on(&index, "import", &[text(&list), "--form", "threatexchange"]);
    assert_status(&import, 1);
    assert!(
        stdout(&import).starts_with("2 new, "),
        "{}",
        stdout(&import)
    );
    assert!(stdout(&import).trim_end().ends_with(" 2 lines refused"));
    let told = stderr(&import);
    assert!(told.contains("line 2: byte 5 is not UTF-8"), "{told}");
    assert!(told.contains("line 4: "), "{told}");
    let import = on(&index, "import", &[text(&list), "--json"]);
    assert_status(&import, 1);
    let summary: Value = serde_json::from_str(&stdout(&import)).unwrap();
    assert_eq!(
        (&summary["known"], &summary["refused"]),
        (&2.into(), &2.into())
    );
    assert_eq!(summary["refused_lines"][0][0], 2);
    assert_eq!(summary["source"], "badutf.txt");
    assert_eq!(summary["form"], "threatexchange");
}

#[test]
fn a_withdrawn_hash_goes_with_the_next_state_with_its_source_or_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let list = |numbers: &[u64]| -> String {
        numbers
            .iter()
            .map(|&number| format!("pdq,{},w,POSITIVE_CLASS,\n", hash(number)))
            .collect()
    };
    let head = "signal_type,signal_str,collab,category,tags\n";
    let first = saved(
        folder.path(),
        "a.csv",
        format!("{head}{}", list(&[1, 2, 3, 4])),
    );
    let next = saved(
        folder.path(),
        "b.csv",
        format!("{head}{}", list(&[1, 2, 4])),
    );
    let partner = ["--source", "partner"];
    assert_status(
        &on(&index, "import", &[&[text(&first)][..], &partner].concat()),
        0,
    );
    assert!(is_found(&index, 3));
    let import = on(&index, "import", &[&[text(&next)][..], &partner].concat());
    assert!(stdout(&import).starts_with("0 new, 3 known, 0 restored, 1 withdrawn"));
    assert!(!is_found(&index, 3) && is_found(&index, 2));

    assert_status(
        &on(&index, "remove", &["--pdq", &hash(2).to_uppercase()]),
        0,
    );
    assert!(!is_found(&index, 2) && is_found(&index, 1));
    // The former name of the option.
    assert_status(
        &on(&index, "import", &[text(&next), "--name", "partner"]),
        0,
    );
    assert!(!is_found(&index, 2), "no list brings it back");

    let removed = on(&index, "remove", &partner);
    assert_eq!(stdout(&removed), "2 pictures removed\n");
    assert!(!is_found(&index, 1) && !is_found(&index, 4));
    let unknown = on(&index, "remove", &["--source", "nobody"]);
    assert_status(&unknown, 2);
    assert!(stderr(&unknown).contains("nobody"));
    assert_status(&on(&index, "remove", &["--pdq", "12"]), 2);
}

#[test]
fn an_export_takes_from_our_own_what_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 3);
    let index = folder.path().join("seen");
    let manifest = saved(
        folder.path(),
        "shops.csv",
        "file,seller\ncrawl/0000.png,anna\ncrawl/0001.png,ben\ncrawl/0002.png,ben\n",
    );
    assert!(source.is_dir());
    let scan = faunalens()
        .args([
            "scan",
            text(&manifest),
            "--out",
            text(&folder.path().join("rows.csv")),
        ])
        .args(["--index", text(&index)])
        .output()
        .unwrap();
    assert_status(&scan, 0);
    let list = saved(folder.path(), "theirs.txt", format!("pdq {}\n", hash(7)));
    assert_status(
        &on(&index, "import", &[text(&list), "--source", "partner"]),
        0,
    );
    let lines = |more: &[&str]| {
        // PDQ's own form: the pictures are of low quality.
        let export = on(&index, "export", &[&["--form", "pdq"][..], more].concat());
        assert_status(&export, 0);
        stdout(&export).lines().count()
    };
    let all = lines(&[]);
    assert!((1..=3).contains(&all), "the partner's hash stays: {all}");
    assert_eq!(lines(&["--with-imported"]), all + 1);
    assert_eq!(lines(&["--source", "partner"]), 1);
    assert_eq!(lines(&["--decision", "flag", "--decision", "review"]), 0);
    assert_eq!(lines(&["--decision", "clear"]), all);
    assert_eq!(lines(&["--label", "ivory"]), 0);
    assert_eq!(lines(&["--seller", "anna"]), 1);
    assert_eq!(lines(&["--seller", "nobody"]), 0);
    assert_eq!(lines(&["--until", "2020-01-01"]), 0);
    assert_eq!(lines(&["--since", "2020-01-01T00:00:00Z"]), all);
    let wrong = on(&index, "export", &["--form", "json", "--since", "zzzz"]);
    assert_status(&wrong, 2);
    assert!(stderr(&wrong).contains("no time"), "{}", stderr(&wrong));
    assert_status(
        &on(&index, "export", &["--form", "json", "--decision", "falg"]),
        2,
    );
}

/// A partner's `updated_at` of "zzzz" became our checkpoint, from which on nothing was exported.
#[test]
fn a_partners_time_does_not_become_our_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let list = format!(
        "{{\"format\":\"faunalens.hashes.v1\",\"definition\":\"pdq/1\",\"checkpoint\":\"zzzz\"}}\n\
         {{\"id\":\"b\",\"pdq\":\"{}\",\"updated_at\":\"zzzz\"}}\n",
        hash(1)
    );
    let list = saved(folder.path(), "e.jsonl", list);
    let import = on(
        &index,
        "import",
        &[text(&list), "--form", "json", "--name", "partner"],
    );
    assert_status(&import, 0);
    assert!(
        stdout(&import).contains("1 times not taken over"),
        "{}",
        stdout(&import)
    );
    let head =
        |list: &str| -> Value { serde_json::from_str(list.lines().next().unwrap()).unwrap() };
    let before = stdout(&on(&index, "export", &["--form", "json"]));
    let checkpoint = head(&before)["checkpoint"].as_str().unwrap().to_owned();
    assert!(checkpoint.starts_with("20"), "{checkpoint}");
    let source = crawl(folder.path(), 5);
    assert_status(&on(&index, "add", &[text(&source)]), 0);
    let after = stdout(&on(
        &index,
        "export",
        &["--form", "json", "--since", &checkpoint],
    ));
    assert_eq!(after.lines().count(), 1 + 5, "{after}");

    let other = saved(
        folder.path(),
        "x.jsonl",
        std::fs::read_to_string(&list)
            .unwrap()
            .replace("pdq/1", "x"),
    );
    let refused = on(
        &index,
        "import",
        &[text(&other), "--form", "json", "--name", "partner"],
    );
    assert_status(&refused, 2);
    assert!(stderr(&refused).contains("not PDQ"), "{}", stderr(&refused));
}
