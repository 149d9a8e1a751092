//! Names that others chose: whatever they hold, they keep their identity, and none acts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::program::{assert_status, faunalens, json_lines, picture, stderr, stdout};

fn run(arguments: &[&OsStr]) -> Output {
    faunalens().args(arguments).output().unwrap()
}

fn scan(source: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = faunalens();
    command.arg("scan").arg(source).arg("--out").arg(out);
    command.args(more).output().unwrap()
}

/// File and SHA-256 of every row, whatever the form.
fn rows(out: &Path) -> Vec<(String, String)> {
    match out.extension().and_then(OsStr::to_str) {
        Some("csv") => {
            let mut reader = csv::Reader::from_path(out).unwrap();
            let names = reader.headers().unwrap().clone();
            let place = |name| names.iter().position(|other| other == name).unwrap();
            let (file, sha256) = (place("file"), place("sha256"));
            let rows = reader.records().map(|row| row.unwrap());
            rows.map(|row| (row[file].to_owned(), row[sha256].to_owned()))
                .collect()
        }
        Some("parquet") => {
            use parquet::file::reader::{FileReader, SerializedFileReader};
            let file = std::fs::File::open(out).unwrap();
            let reader = SerializedFileReader::new(file).unwrap();
            let rows = reader.get_row_iter(None).unwrap();
            rows.map(|row| {
                let row = row.unwrap();
                let text =
                    |wanted: &str| match row.get_column_iter().find(|(name, _)| *name == wanted) {
                        Some((_, parquet::record::Field::Str(text))) => text.clone(),
                        other => panic!("{wanted}: {other:?}"),
                    };
                (text("file"), text("sha256"))
            })
            .collect()
        }
        _ => json_lines(&std::fs::read_to_string(out).unwrap())
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("file"), text("sha256"))
            })
            .collect(),
    }
}

/// A name whose bytes are these.
fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

#[test]
fn names_that_are_not_utf8_keep_their_identity_over_a_resume() {
    for form in ["jsonl", "csv", "parquet"] {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("g");
        std::fs::create_dir(&source).unwrap();
        let out = folder.path().join(format!("r.{form}"));
        // The second comes before the first, so that the source and the rows part.
        for (number, byte) in [0xe9, 0xe8, 0xff].into_iter().enumerate() {
            let file = source.join(name(&[b"caf", &[byte][..], b".png"].concat()));
            picture(number as u32).save(&file).unwrap();
            assert_status(&scan(&source, &out, &["-q"]), 0);
        }
        let found = rows(&out);
        let mut files: Vec<&str> = found
            .iter()
            .map(|row| row.0.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(
            files,
            ["caf\\xe9.png", "caf\\xe8.png", "caf\\xff.png"],
            "{form}"
        );
        files.dedup();
        let mut hashes: Vec<&str> = found.iter().map(|row| row.1.as_str()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(
            (files.len(), hashes.len()),
            (3, 3),
            "{form}: a photo for each name"
        );
        // And a folder whose own name is none.
        assert_status(&scan(&source, &out, &["-q"]), 0);
        assert_eq!(rows(&out), found, "{form}: nothing twice");
    }
}

#[test]
fn a_name_that_looks_like_an_escape_is_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("g");
    std::fs::create_dir(&source).unwrap();
    for (number, bytes) in [
        &b"a\xe9.png"[..],
        b"a\\xe9.png",
        b"a\\b.png",
        b"a\\x5cxe9.png",
    ]
    .into_iter()
    .enumerate()
    {
        picture(number as u32)
            .save(source.join(name(bytes)))
            .unwrap();
    }
    let out = folder.path().join("r.jsonl");
    assert_status(&scan(&source, &out, &["-q"]), 0);
    let found = rows(&out);
    let mut files: Vec<&str> = found
        .iter()
        .map(|row| row.0.rsplit('/').next().unwrap())
        .collect();
    files.sort_unstable();
    let mut expected = [
        "a\\xe9.png",
        "a\\x5cxe9.png",
        "a\\b.png",
        "a\\x5cx5cxe9.png",
    ];
    expected.sort_unstable();
    assert_eq!(files, expected);
    // What an output calls a file, a manifest may call it too.
    let manifest = source.join("again.csv");
    let lines = files.iter().map(|file| format!("{file}\n"));
    std::fs::write(&manifest, format!("file\n{}", lines.collect::<String>())).unwrap();
    let again = folder.path().join("again.jsonl");
    let output = scan(&manifest, &again, &["-q"]);
    assert_status(&output, 0);
    let hashes: std::collections::BTreeSet<String> =
        rows(&again).into_iter().map(|row| row.1).collect();
    // `a\xe9.png` is first looked for as it stands, and is there.
    assert_eq!(hashes.len(), 3);
}

#[test]
fn every_command_tells_names_that_are_not_utf8_apart() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = [&b"a\xe9.png"[..], b"a\xe8.png"]
        .map(|bytes| folder.path().join(name(bytes)))
        .into();
    for (number, file) in files.iter().enumerate() {
        picture(number as u32).save(file).unwrap();
    }
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["hash"],
        &["schreger"],
        &["schreger", "--json"],
    ] {
        let mut all: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        all.extend(files.iter().map(|file| file.as_os_str()));
        let output = run(&all);
        assert_status(&output, 0);
        let text = stdout(&output).replace("\\\\", "\\");
        assert!(
            text.contains("a\\xe9.png") && text.contains("a\\xe8.png"),
            "{text}"
        );
    }
    let gone = folder.path().join(name(b"gone\xe7.png"));
    for command in ["check", "hash", "schreger"] {
        let output = run(&[command.as_ref(), gone.as_os_str()]);
        assert_status(&output, 1);
        let told = stdout(&output) + &stderr(&output);
        assert!(told.contains("gone\\xe7.png"), "{told}");
    }
}

/// What would act on a terminal, or end a line.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || [
            '\u{202e}', '\u{2066}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{61c}',
        ]
        .contains(&c)
}

/// Names with sequences that clear a screen, set its title, turn text around, end a line.
const ACTING: [&str; 7] = [
    "\u{1b}]0;pwned\u{7}\u{1b}[31mred\u{1b}[2J.png",
    "a\u{202e}gnp.exe.png",
    "a\u{2066}b\u{2069}\u{200f}.png",
    "a\rb\u{8}.png",
    "a\u{9b}31m\u{7f}.png",
    "a\u{2028}b\u{85}c.png",
    "x\nffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff,100,evil.png",
];

#[test]
fn no_name_acts_on_a_terminal_or_forges_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, name) in ACTING.into_iter().enumerate() {
        let file = folder.path().join(name);
        picture(number as u32).save(&file).unwrap();
        files.push(file);
    }
    let missing = folder.path().join("gone\u{1b}[2J\nfaunalens: all is well");
    for (arguments, per_file) in [
        (&["check"][..], 1),
        (&["check", "--json"], 1),
        (&["hash"], 1),
        (&["hash", "--dihedral"], 8),
        (&["schreger"], 1),
        (&["schreger", "--json"], 1),
    ] {
        let mut all: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        all.extend(files.iter().map(|file| file.as_os_str()));
        all.push(missing.as_os_str());
        let output = run(&all);
        assert_status(&output, 1);
        let (out, told) = (stdout(&output), stderr(&output));
        assert!(
            !out.contains(acts) && !told.contains(acts),
            "{arguments:?}: {out}{told}"
        );
        let lines = out.lines().count() + told.lines().count();
        assert_eq!(
            lines,
            per_file * files.len() + 1,
            "{arguments:?}: {out}{told}"
        );
    }
    // Errors of use and configuration.
    for arguments in [
        vec![
            "scan".as_ref(),
            missing.as_os_str(),
            "--out".as_ref(),
            "-".as_ref(),
        ],
        vec!["index".as_ref(), "stats".as_ref(), missing.as_os_str()],
        vec![
            "links".as_ref(),
            missing.as_os_str(),
            "--out".as_ref(),
            "x".as_ref(),
        ],
        vec![
            "--model".as_ref(),
            missing.as_os_str(),
            "check".as_ref(),
            files[0].as_os_str(),
        ],
    ] {
        let output = run(&arguments);
        assert_status(&output, 2);
        let told = stderr(&output);
        assert!(!told.contains(acts) && told.contains("\\u{1b}"), "{told}");
        assert!(!told.contains("\nfaunalens: all is well"), "{told}");
    }
    let output = run(&["check".as_ref(), "--\u{1b}[2J\rall is well".as_ref()]);
    assert_status(&output, 2);
    assert!(!stderr(&output).contains(acts), "{}", stderr(&output));
    // The rows of a batch: JSON means what it says, and acts on nobody.
    let out = folder.path().join("rows.jsonl");
    assert_status(&scan(folder.path(), &out, &["-q"]), 0);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(!text.contains(acts));
    let mut found: Vec<String> = rows(&out).into_iter().map(|row| row.0).collect();
    let mut expected: Vec<String> = files
        .iter()
        .map(|file| file.to_str().unwrap().into())
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// Two sellers who offer one picture, and whose every name is `evil` in some way.
fn evil_market(folder: &Path, evil: &str) -> PathBuf {
    picture(1).save(folder.join("one.png")).unwrap();
    let row = |seller: &str| {
        serde_json::json!({
            "file": "one.png", "seller": format!("{evil}{seller}"), "listing": format!("{evil}1"),
            "platform": format!("{evil}p"), "price": evil,
        })
        .to_string()
    };
    let manifest = folder.join("market.jsonl");
    std::fs::write(&manifest, format!("{}\n{}\n", row("a"), row("b"))).unwrap();
    manifest
}

#[test]
fn names_out_of_an_index_act_no_more_than_those_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = evil_market(
        folder.path(),
        "\u{1b}[2J\u{202e}\nclear   other 1.00   safe.png",
    );
    let index = folder.path().join("seen");
    let path = index.as_os_str();
    assert_status(&run(&["index".as_ref(), "init".as_ref(), path]), 0);
    let added = run(&["index".as_ref(), "add".as_ref(), path, manifest.as_os_str()]);
    assert_status(&added, 0);
    let photo = folder.path().join("one.png");
    for arguments in [
        vec![
            "check".as_ref(),
            "--index".as_ref(),
            path,
            photo.as_os_str(),
        ],
        vec!["index".as_ref(), "query".as_ref(), path, photo.as_os_str()],
        vec![
            "index".as_ref(),
            "query".as_ref(),
            "--json".as_ref(),
            path,
            photo.as_os_str(),
        ],
        vec!["index".as_ref(), "stats".as_ref(), path],
    ] {
        let output = run(&arguments);
        assert_status(&output, 0);
        let text = stdout(&output);
        assert!(!text.contains(acts), "{text}");
        assert!(!text.contains("\nclear "), "{text}");
    }
    for form in ["pdq", "csv", "threatexchange", "json"] {
        let output = run(&[
            "index".as_ref(),
            "export".as_ref(),
            path,
            "--form".as_ref(),
            form.as_ref(),
            "--plain-sellers".as_ref(),
        ]);
        assert_status(&output, 0);
        let text = stdout(&output);
        assert!(!text.contains(acts), "{form}: {text}");
    }
    let links = folder.path().join("links");
    let linked = run(&["links".as_ref(), path, "--out".as_ref(), links.as_os_str()]);
    assert_status(&linked, 0);
    for table in ["clusters.csv", "edges.csv", "sellers.graphml"] {
        let text = std::fs::read_to_string(links.join(table)).unwrap();
        assert!(
            text.contains("\\u{1b}[2J") && !text.contains('\u{1b}'),
            "{table}: {text}"
        );
    }
}

#[test]
fn a_file_name_forges_no_line_of_a_list_of_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("photos");
    std::fs::create_dir(&source).unwrap();
    picture(1).save(source.join(ACTING[6])).unwrap();
    let index = folder.path().join("seen");
    let path = index.as_os_str();
    assert_status(&run(&["index".as_ref(), "init".as_ref(), path]), 0);
    assert_status(
        &run(&["index".as_ref(), "add".as_ref(), path, source.as_os_str()]),
        0,
    );
    let output = run(&[
        "index".as_ref(),
        "export".as_ref(),
        path,
        "--form".as_ref(),
        "pdq".as_ref(),
        "--plain-sellers".as_ref(),
    ]);
    assert_status(&output, 0);
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("\\u{a}ffff"), "{text}");
}

/// Cells that a spreadsheet computes.
const FORMULAS: [&str; 9] = [
    "=HYPERLINK(\"http://e\")",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\u{ff1d}1+1",
    "\u{ff0b}1+1",
    "\u{ff0d}1+1",
    "\u{ff20}x",
    "=1+1\"<x>",
];

/// Every cell of a table, its header too.
fn table_cells(path: &Path) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .unwrap();
    let rows = reader.records().map(|row| row.unwrap());
    rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn is_formula(cell: &str) -> bool {
    let signs = [
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    cell.starts_with(signs) && cell.parse::<f64>().is_err()
}

#[test]
fn no_cell_of_a_table_is_a_formula_and_numbers_stay_numbers() {
    for formula in FORMULAS {
        let folder = tempfile::tempdir().unwrap();
        let manifest = evil_market(folder.path(), formula);
        let index = folder.path().join("seen");
        let out = folder.path().join("rows.csv");
        let more = ["-q", "--index", index.to_str().unwrap()];
        assert_status(&scan(&manifest, &out, &more), 0);
        let links = folder.path().join("links");
        let linked = run(&[
            "links".as_ref(),
            index.as_os_str(),
            "--out".as_ref(),
            links.as_os_str(),
        ]);
        assert_status(&linked, 0);
        for table in [&out, &links.join("clusters.csv"), &links.join("edges.csv")] {
            let cells = table_cells(table);
            let wrong: Vec<&String> = cells.iter().filter(|cell| is_formula(cell)).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", table.display());
            assert!(
                cells.contains(&format!("'{formula}p")),
                "{formula} in {}: {cells:?}",
                table.display()
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    picture(1).save(folder.path().join("one.png")).unwrap();
    let manifest = folder.path().join("m.csv");
    std::fs::write(&manifest, "file,price,lon\none.png,-12.50,-1e-3\n").unwrap();
    let out = folder.path().join("rows.csv");
    assert_status(&scan(&manifest, &out, &["-q"]), 0);
    let cells = table_cells(&out);
    assert!(
        cells.contains(&"-12.50".into()) && cells.contains(&"-1e-3".into()),
        "{cells:?}"
    );
}

#[test]
fn a_table_of_ours_is_read_back_as_it_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path();
    for (number, name) in ["=a.png", "-b.png", "@c.png", "'=d.png", "\te.png"]
        .into_iter()
        .enumerate()
    {
        picture(number as u32).save(source.join(name)).unwrap();
    }
    // Relative names, which begin the row.
    let list = "=a.png\n-b.png\n@c.png\n'=d.png\n\te.png\n";
    let scan_list = |list: &str| {
        let mut child = faunalens()
            .current_dir(source)
            .args([
                "--model",
                crate::program::project()
                    .join("models/faunalens-base")
                    .to_str()
                    .unwrap(),
            ])
            .args(["scan", "-", "--out", "rows.csv"])
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        use std::io::Write;
        child
            .stdin
            .take()
            .unwrap()
            .write_all(list.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_status(&output, 0);
        output
    };
    scan_list(&list[..7]);
    let resumed = scan_list(list);
    assert!(
        stderr(&resumed).contains("1 of them from an earlier run"),
        "{}",
        stderr(&resumed)
    );
    let out = source.join("rows.csv");
    assert_eq!(rows(&out).len(), 5);
    assert!(table_cells(&out).iter().all(|cell| !is_formula(cell)));
    // As a manifest, the table names the files as they are called.
    let again = source.join("again.jsonl");
    assert_status(&scan(&out, &again, &["-q"]), 0);
    let text = std::fs::read_to_string(&again).unwrap();
    let files: Vec<Value> = json_lines(&text)
        .into_iter()
        .map(|row| row["file"].clone())
        .collect();
    assert_eq!(files, ["=a.png", "-b.png", "@c.png", "'=d.png", "\te.png"]);
}
