//! Outputs: what stands at their path is not harmed, a full disk tears nothing that a rerun does
//! not mend, and nobody has to listen.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{
    assert_status, crawl, faunalens, json_lines, photo, picture, project, runtime, stderr, stdout,
};

fn scan(source: &Path, out: impl AsRef<Path>, more: &[&str]) -> Output {
    scanning(source, out, more).output().unwrap()
}

fn scanning(source: &Path, out: impl AsRef<Path>, more: &[&str]) -> Command {
    let mut command = faunalens();
    command
        .arg("scan")
        .arg(source)
        .arg("--out")
        .arg(out.as_ref());
    command.args(more);
    command
}

/// Rows of JSON lines or CSV, by their files.
fn files(text: &str) -> Vec<String> {
    if text.starts_with("file,") {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        return reader
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
    }
    let rows = json_lines(text);
    rows.iter()
        .map(|row| row["file"].as_str().unwrap().to_owned())
        .collect()
}

fn parquet_rows(path: &Path) -> usize {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().count()
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 1);
    let png = fs::read(photo("rgb.png")).unwrap();
    let ours = folder.path().join("ours");
    assert_status(&scan(&source, ours.with_extension("jsonl"), &[]), 0);
    let row = fs::read(ours.with_extension("jsonl")).unwrap();
    let foreign: [(&str, Vec<u8>); 17] = [
        (
            "a text without an end",
            b"my only copy, no newline".to_vec(),
        ),
        ("a text", b"my only copy\n".to_vec()),
        ("an empty last line", b"my only copy\n\n".to_vec()),
        ("an empty line", b"\n".to_vec()),
        ("blanks", b"  ".to_vec()),
        ("a word like file", b"film".to_vec()),
        ("a manifest", b"file,seller\na.jpg,Li".to_vec()),
        ("a manifest's header", b"file,seller".to_vec()),
        ("an object", b"{\"a\": 1}".to_vec()),
        ("an object with an end", b"{\"a\": 1}\n".to_vec()),
        (
            "rows of others",
            b"{\"file\":\"a.jpg\",\"decision\":null,\"model\":null,\"source\":null}\n".to_vec(),
        ),
        (
            "JSON over many lines",
            b"{\n  \"schema\": \"faunalens.record.v1\"\n}\n".to_vec(),
        ),
        ("an array", b"[1, 2]".to_vec()),
        ("a picture", png.clone()),
        (
            "a picture without an end",
            png.iter().copied().filter(|&byte| byte != b'\n').collect(),
        ),
        ("a table in Parquet that is none", b"PAR1....PAR1".to_vec()),
        (
            "our row and somebody's note",
            [&row[..], b"do not lose this"].concat(),
        ),
    ];
    for (what, bytes) in &foreign {
        for name in [
            "notes.txt",
            "rows.jsonl",
            "rows.csv",
            "rows.parquet",
            "rows.parquet.partial.jsonl",
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let out = folder.path().join(name.trim_end_matches(".partial.jsonl"));
            let output = scan(&source, &out, &[]);
            assert_eq!(
                output.status.code(),
                Some(2),
                "{what} in {name}: {}",
                stderr(&output)
            );
            assert!(
                stderr(&output).contains(name),
                "{what} in {name}: {}",
                stderr(&output)
            );
            assert_eq!(&fs::read(&path).unwrap(), bytes, "{what} in {name}");
            fs::remove_file(path).unwrap();
        }
    }
    // Where a table is put together, only what a killed run left may stand.
    let aside = folder.path().join("rows.parquet.partial");
    let precious = folder.path().join("precious");
    fs::write(&precious, "mine").unwrap();
    symlink(&precious, &aside).unwrap();
    assert_status(&scan(&source, folder.path().join("rows.parquet"), &[]), 2);
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
    // The manifest itself.
    let manifest = folder.path().join("list.jsonl");
    let text = format!("{{\"file\":\"{}\"}}\n", photo("rgb.png").display());
    fs::write(&manifest, &text).unwrap();
    assert_status(&scan(&manifest, &manifest, &[]), 2);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), text);
}

#[test]
fn an_empty_file_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    for name in ["rows.jsonl", "rows.csv", "rows.parquet"] {
        let out = folder.path().join(name);
        File::create(&out).unwrap();
        assert_status(&scan(&source, &out, &[]), 0);
        assert!(fs::metadata(&out).unwrap().len() > 100, "{name}");
    }
}

#[test]
fn a_link_leads_to_the_file_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for name in ["rows.jsonl", "rows.csv", "rows.parquet"] {
        let (link, file) = (folder.path().join(name), elsewhere.join(name));
        File::create(&file).unwrap();
        symlink(&file, &link).unwrap();
        for _ in 0..2 {
            assert_status(&scan(&source, &link, &[]), 0);
            assert!(link.symlink_metadata().unwrap().is_symlink(), "{name}");
            assert!(fs::metadata(&file).unwrap().len() > 100, "{name}");
        }
        let nowhere = folder.path().join(format!("nowhere-{name}"));
        symlink(folder.path().join("not there"), &nowhere).unwrap();
        let output = scan(&source, &nowhere, &[]);
        assert_status(&output, 2);
        assert!(stderr(&output).contains("link"), "{}", stderr(&output));
    }
}

#[test]
fn what_takes_no_rows_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 1);
    for name in ["rows.jsonl", "rows.csv", "rows.parquet"] {
        let out = folder.path().join(name);
        fs::create_dir(&out).unwrap();
        let output = scan(&source, &out, &[]);
        assert_status(&output, 2);
        assert!(stderr(&output).contains("a folder"), "{}", stderr(&output));
        let lost = folder.path().join("no such folder").join(name);
        assert_status(&scan(&source, &lost, &[]), 2);
    }
    for name in ["rows.xlsx", "ROWS.XLSX", "rows.xls", "rows.ods"] {
        for more in [&[][..], &["--format", "csv"]] {
            let out = folder.path().join(name);
            let output = scan(&source, &out, more);
            assert_status(&output, 2);
            let told = stderr(&output);
            assert!(
                told.contains(".csv") && told.contains(".parquet") && told.contains(name),
                "{told}"
            );
            assert!(!out.exists());
        }
    }
    let full = scan(&source, "/dev/full", &[]);
    assert_status(&full, 2);
    assert!(stderr(&full).contains("/dev/full"), "{}", stderr(&full));
    let full = scan(&source, "/dev/full", &["--format", "csv"]);
    assert_status(&full, 2);
    assert_status(&scan(&source, "/dev/null", &["--format", "parquet"]), 2);
}

#[test]
fn pipes_and_devices_take_rows() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 3);
    assert_status(&scan(&source, "/dev/null", &[]), 0);
    assert_status(&scan(&source, "/dev/null", &["--format", "csv"]), 0);
    // Standard output: a pipe, and a file.
    for form in ["jsonl", "csv"] {
        let output = scan(&source, "/dev/stdout", &["--format", form]);
        assert_status(&output, 0);
        assert_eq!(files(&stdout(&output)).len(), 3, "{form}");
        let path = folder.path().join(form);
        let mut command = scanning(&source, "/dev/stdout", &["--format", form]);
        command.stdout(File::create(&path).unwrap());
        assert!(command.status().unwrap().success());
        assert_eq!(files(&fs::read_to_string(path).unwrap()).len(), 3, "{form}");
    }
    // A named pipe, whose reader comes later.
    for form in ["jsonl", "csv"] {
        let pipe = folder.path().join(format!("pipe-{form}"));
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let child = scanning(&source, &pipe, &["--format", form, "-q"])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let read = fs::read_to_string(&pipe).unwrap();
        assert_status(&child.wait_with_output().unwrap(), 0);
        assert_eq!(files(&read).len(), 3, "{form}");
    }
    // Nobody reads it.
    let pipe = folder.path().join("lonely");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let start = Instant::now();
    let output = scan(&source, &pipe, &[]);
    assert_status(&output, 2);
    assert!(
        stderr(&output).contains("nobody reads"),
        "{}",
        stderr(&output)
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// The program with its standard error on a full disk, or closed.
fn deaf(arguments: &[&str], how: &str) -> Output {
    let script = format!("exec \"$0\" \"$@\" {how}");
    let mut command = Command::new("sh");
    command.current_dir(project()).env_remove("FAUNALENS_MODEL");
    command.env("ORT_DYLIB_PATH", runtime());
    command.args(["-c", &script, env!("CARGO_BIN_EXE_faunalens")]);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn nobody_has_to_listen_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    fs::write(source.join("broken.jpg"), "no picture").unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (source, broken) = (text(&source), text(&source.join("broken.jpg")));
    for (number, how) in ["2>/dev/full", "2>&-", "2>&1 | true"]
        .into_iter()
        .enumerate()
    {
        let at = |name: &str| text(&folder.path().join(format!("{number}-{name}")));
        let (rows, index, links) = (at("rows.jsonl"), at("index"), at("links"));
        let mut expected = vec![
            (vec!["scan", &source, "--out", &rows], 1),
            (vec!["scan", &source, "--out", &rows, "--index", &index], 1),
            (vec!["index", "add", &index, &source], 1),
            (vec!["index", "query", &index, &broken], 1),
            (vec!["index", "export", &index, "--form", "json"], 0),
            (vec!["index", "verify", &index], 0),
            (vec!["links", &index, "--out", &links], 0),
            (vec!["check", &broken], 1),
            (vec!["hash", &broken], 1),
            (vec!["schreger", &broken], 1),
            (vec!["check", "--no-such-flag"], 2),
            (vec!["scan", "nothing here", "--out", &rows], 2),
        ];
        if how.contains('|') {
            // The status is that of `true`: what counts is that the rows are there.
            expected.truncate(1);
        }
        for (arguments, status) in expected {
            let output = deaf(&arguments, how);
            let status = if how.contains('|') { 0 } else { status };
            assert_eq!(output.status.code(), Some(status), "{arguments:?} {how}");
        }
        assert_eq!(files(&fs::read_to_string(&rows).unwrap()).len(), 3, "{how}");
    }
}

#[test]
fn a_full_or_closed_standard_output_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    let picture = source.join("0000.png");
    let index = folder.path().join("index");
    let [source, picture, index] = [&source, &picture, &index].map(|path| path.to_str().unwrap());
    assert_status(&deaf(&["index", "init", index], ""), 0);
    assert_status(&deaf(&["index", "add", index, source], ""), 0);
    for arguments in [
        vec!["check", picture],
        vec!["check", "--json", picture],
        vec!["check", "--schema"],
        vec!["hash", picture],
        vec!["schreger", picture],
        vec!["scan", source, "--out", "-"],
        vec!["index", "query", index, picture],
        vec!["index", "stats", index],
        vec!["index", "export", index, "--form", "pdq"],
        vec!["doctor"],
        vec!["model", "show"],
        vec!["completions", "bash"],
        vec!["--version"],
    ] {
        let full = deaf(&arguments, ">/dev/full");
        assert_eq!(
            full.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&full)
        );
        assert!(
            stderr(&full).contains("faunalens:"),
            "{arguments:?}: {}",
            stderr(&full)
        );
        for how in [">&-", ">/dev/full 2>/dev/full", ">&- 2>&-"] {
            let output = deaf(&arguments, how);
            let status = output.status.code();
            assert!(
                matches!(status, Some(0 | 2)),
                "{arguments:?} {how}: {status:?} {}",
                stderr(&output)
            );
        }
    }
}

/// A scan that may write files of at most so many KiB: what a full disk does, at a place of choice.
fn scan_within(kib: u64, source: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new("bash");
    command.current_dir(project()).env_remove("FAUNALENS_MODEL");
    command.env("ORT_DYLIB_PATH", runtime());
    let script = format!("ulimit -f {kib} && exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_faunalens"), "scan"]);
    command.arg(source).arg("--out").arg(out).args(more);
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn assert_names(output: &Output, path: &Path) {
    assert_status(output, 2);
    let told = stderr(output);
    assert!(told.contains(path.to_str().unwrap()), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn a_full_disk_ends_a_scan_with_whole_rows_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 40);
    for (name, steps) in [("rows.jsonl", [1, 8, 19]), ("rows.csv", [1, 3, 6])] {
        let out = folder.path().join(name);
        for kib in steps {
            assert_names(&scan_within(kib, &source, &out, &[]), &out);
            let text = fs::read_to_string(&out).unwrap();
            assert!(
                text.is_empty() || text.ends_with('\n'),
                "{name} at {kib} KiB: {text}"
            );
            files(&text); // every row is whole
        }
        assert_status(&scan(&source, &out, &[]), 0);
        let mut found = files(&fs::read_to_string(&out).unwrap());
        assert_eq!(found.len(), 40, "{name}");
        assert!(found.is_sorted());
        found.dedup();
        assert_eq!(found.len(), 40, "{name}");
    }
}

#[test]
fn a_full_disk_loses_no_row_of_a_table_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 40);
    let out = folder.path().join("rows.parquet");
    // While rows are gathered.
    let output = scan_within(16, &source, &out, &[]);
    assert_names(&output, &folder.path().join("rows.parquet.partial.jsonl"));
    assert!(!out.exists());
    assert_status(&scan(&source, &out, &[]), 0);
    assert_eq!(parquet_rows(&out), 40);
    // While the table is put together.
    let before = fs::read(&out).unwrap();
    picture(7).save(source.join("zz.png")).unwrap();
    let output = scan_within(4, &source, &out, &[]);
    assert_names(&output, &out);
    assert_eq!(fs::read(&out).unwrap(), before, "the finished table stays");
    assert_status(&scan(&source, &out, &[]), 0);
    assert_eq!(parquet_rows(&out), 41);
    let left: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_full_disk_under_an_index_loses_no_photo_that_has_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 30);
    let (out, index) = (folder.path().join("rows.jsonl"), folder.path().join("seen"));
    let more = ["--index", index.to_str().unwrap()];
    let output = faunalens()
        .args(["index", "init"])
        .arg(&index)
        .output()
        .unwrap();
    assert_status(&output, 0);
    for kib in [60, 100] {
        let output = scan_within(kib, &source, &out, &more);
        assert_names(&output, folder.path());
        assert!(files(&fs::read_to_string(&out).unwrap()).len() < 30);
    }
    assert_status(&scan(&source, &out, &more), 0);
    assert_eq!(files(&fs::read_to_string(&out).unwrap()).len(), 30);
    let stats = faunalens()
        .args(["index", "stats", "--json"])
        .arg(&index)
        .output()
        .unwrap();
    assert_eq!(json_lines(&stdout(&stats))[0]["sightings"], 30);
    let verified = faunalens()
        .args(["index", "verify"])
        .arg(&index)
        .output()
        .unwrap();
    assert_status(&verified, 0);
}

#[test]
fn links_and_reports_go_through_no_link_and_name_what_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    let (index, links) = (folder.path().join("seen"), folder.path().join("links"));
    for arguments in [vec!["init"], vec!["add", source.to_str().unwrap()]] {
        let mut command = faunalens();
        command
            .arg("index")
            .arg(arguments[0])
            .arg(&index)
            .args(&arguments[1..]);
        assert_status(&command.output().unwrap(), 0);
    }
    let precious = folder.path().join("precious.csv");
    fs::write(&precious, "mine").unwrap();
    fs::create_dir(&links).unwrap();
    symlink(&precious, links.join("clusters.csv")).unwrap();
    let link = || {
        faunalens()
            .arg("links")
            .arg(&index)
            .arg("--out")
            .arg(&links)
            .output()
            .unwrap()
    };
    assert_names(&link(), &links.join("clusters.csv"));
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
    fs::remove_file(links.join("clusters.csv")).unwrap();
    fs::write(links.join("clusters.csv"), "my own list of clusters").unwrap();
    assert_names(&link(), &links.join("clusters.csv"));
    fs::remove_file(links.join("clusters.csv")).unwrap();
    assert_status(&link(), 0);
    assert_status(&link(), 0);
    fs::remove_file(links.join("pairs.csv")).unwrap();
    fs::create_dir(links.join("pairs.csv")).unwrap();
    assert_names(&link(), &links.join("pairs.csv"));
    let a_file = folder.path().join("a file");
    File::create(&a_file).unwrap();
    let output = faunalens()
        .arg("links")
        .arg(&index)
        .arg("--out")
        .arg(&a_file)
        .output()
        .unwrap();
    assert_names(&output, &a_file);
}

/// Photos of two sellers, the second of whom shows the first's again.
fn market(folder: &Path) -> PathBuf {
    for number in 0..3 {
        picture(number)
            .save(folder.join(format!("{number}.png")))
            .unwrap();
    }
    let manifest = folder.join("market.csv");
    let text = "file,seller,listing,platform,captured_at,price,url\n\
                0.png,anna,L1,site,2026-03-01T12:30:00+08:00,12,http://e/1\n\
                1.png,anna,L2,site,2026-03-02,,\n\
                0.png,bert,L3,other,2026-03-03,9.50,http://e/3\n";
    fs::write(&manifest, text).unwrap();
    manifest
}

#[test]
fn rows_keep_what_the_manifest_says_and_matches_tell_where_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = market(folder.path());
    for form in ["jsonl", "csv", "parquet"] {
        let index = folder.path().join(format!("seen-{form}"));
        let out = folder.path().join(format!("rows.{form}"));
        assert_status(
            &scan(&manifest, &out, &["--index", index.to_str().unwrap()]),
            0,
        );
        let columns = [
            "seller",
            "listing",
            "platform",
            "captured_at",
            "source_price",
            "matches",
            "match_seller",
            "match_listing",
            "match_platform",
            "match_captured_at",
            "match_method",
            "match_file",
        ];
        let found: Vec<Vec<String>> = match form {
            "jsonl" => json_lines(&fs::read_to_string(&out).unwrap())
                .iter()
                .map(|row| {
                    let first = &row["matches"][0];
                    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
                    let of = |value: &Value, names: &[&str]| -> Vec<String> {
                        names.iter().map(|name| text(&value[*name])).collect()
                    };
                    let mut cells = of(row, &columns[..4]);
                    cells.push(text(&row["source"]["price"]));
                    cells.push(row["matches"].as_array().unwrap().len().to_string());
                    cells.extend(of(
                        first,
                        &[
                            "seller",
                            "listing",
                            "platform",
                            "captured_at",
                            "method",
                            "file",
                        ],
                    ));
                    cells
                })
                .collect(),
            "csv" => {
                let mut reader = csv::Reader::from_path(&out).unwrap();
                let names = reader.headers().unwrap().clone();
                let places =
                    columns.map(|name| names.iter().position(|other| other == name).unwrap());
                let rows = reader.records().map(|row| row.unwrap());
                rows.map(|row| places.map(|at| row[at].to_owned()).into())
                    .collect()
            }
            _ => {
                use parquet::file::reader::{FileReader, SerializedFileReader};
                let reader = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
                let rows = reader.get_row_iter(None).unwrap().map(|row| row.unwrap());
                rows.map(|row| {
                    let cell = |wanted: &str| {
                        let (_, field) = row
                            .get_column_iter()
                            .find(|(name, _)| *name == wanted)
                            .unwrap();
                        match field {
                            parquet::record::Field::Null => String::new(),
                            parquet::record::Field::Str(text) => text.clone(),
                            other => other.to_string(),
                        }
                    };
                    columns.map(cell).into()
                })
                .collect()
            }
        };
        let row = |cells: [&str; 12]| cells.map(str::to_owned).to_vec();
        let alone = |cells: [&str; 5]| {
            row([
                cells[0], cells[1], cells[2], cells[3], cells[4], "0", "", "", "", "", "", "",
            ])
        };
        assert_eq!(
            found[0],
            alone(["anna", "L1", "site", "2026-03-01T04:30:00Z", "12"]),
            "{form}"
        );
        assert_eq!(
            found[1],
            alone(["anna", "L2", "site", "2026-03-02", ""]),
            "{form}"
        );
        assert_eq!(
            found[2],
            row([
                "bert",
                "L3",
                "other",
                "2026-03-03",
                "9.50",
                "1",
                "anna",
                "L1",
                "site",
                "2026-03-01T04:30:00Z",
                "sha256",
                "0.png",
            ]),
            "{form}"
        );
    }
}

#[test]
fn an_index_asked_for_is_filled_whatever_rows_exist() {
    for form in ["jsonl", "csv", "parquet"] {
        let folder = tempfile::tempdir().unwrap();
        let manifest = market(folder.path());
        let (out, index) = (
            folder.path().join(format!("rows.{form}")),
            folder.path().join("seen"),
        );
        let more = ["--index", index.to_str().unwrap()];
        let sightings = || {
            let stats = faunalens()
                .args(["index", "stats", "--json"])
                .arg(&index)
                .output()
                .unwrap();
            let stats = json_lines(&stdout(&stats)).remove(0);
            (
                stats["images"].as_u64().unwrap(),
                stats["sightings"].as_u64().unwrap(),
            )
        };
        assert_status(&scan(&manifest, &out, &[]), 0);
        let before = fs::read(&out).unwrap();
        let filled = scan(&manifest, &out, &more);
        assert_status(&filled, 0);
        assert!(
            stderr(&filled).contains("3 of those added to the index"),
            "{}",
            stderr(&filled)
        );
        assert_eq!(sightings(), (2, 3), "{form}");
        assert_eq!(
            fs::read(&out).unwrap(),
            before,
            "{form}: no row is written again"
        );
        // Again: nothing is left to do.
        let again = scan(&manifest, &out, &more);
        assert!(
            !stderr(&again).contains("added to the index"),
            "{}",
            stderr(&again)
        );
        assert_eq!(sightings(), (2, 3), "{form}");
        // A removed picture stays away; a new row is matched and remembered as ever.
        let removed = faunalens()
            .args(["index", "remove"])
            .arg(&index)
            .arg(folder.path().join("1.png"))
            .output();
        assert_status(&removed.unwrap(), 0);
        let mut file = OpenOptions::new().append(true).open(&manifest).unwrap();
        std::io::Write::write_all(&mut file, b"2.png,cleo,L4,site,2026-03-04,1,\n").unwrap();
        assert_status(&scan(&manifest, &out, &more), 0);
        assert_eq!(sightings(), (2, 3), "{form}");
    }
}

#[test]
fn a_photo_that_is_gone_by_then_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = market(folder.path());
    let (out, index) = (folder.path().join("rows.jsonl"), folder.path().join("seen"));
    assert_status(&scan(&manifest, &out, &[]), 0);
    fs::remove_file(folder.path().join("1.png")).unwrap();
    let output = scan(&manifest, &out, &["--index", index.to_str().unwrap()]);
    assert_status(&output, 1);
    assert!(
        stderr(&output).contains("1.png: not added to the index"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn times_are_one_form_and_what_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    picture(1).save(folder.path().join("a.png")).unwrap();
    let scanned = |name: &str, text: &str, more: &[&str]| {
        let manifest = folder.path().join(name);
        fs::write(&manifest, text).unwrap();
        let output = scan(&manifest, "-", &[&["-q"], more].concat());
        assert_status(&output, 0);
        let rows = json_lines(&stdout(&output));
        assert!(
            rows.iter().all(|row| row["decision"].is_string()),
            "every photo is scored"
        );
        let times: Vec<Value> = rows.iter().map(|row| row["captured_at"].clone()).collect();
        (times, stderr(&output))
    };
    let (times, told) = scanned(
        "m.csv",
        "file,captured_at\na.png,2026-03-01T12:30:00+08:00\na.png,2026-03-01\na.png,\na.png,yesterday\na.png,01/03/2026\n",
        &[],
    );
    assert_eq!(
        times,
        [
            "2026-03-01T04:30:00Z".into(),
            "2026-03-01".into(),
            Value::Null,
            Value::Null,
            Value::Null
        ]
    );
    assert!(
        told.contains("line 5") && told.contains("yesterday") && told.contains("line 6"),
        "{told}"
    );
    assert!(!told.contains("line 4"), "{told}");
    // Numbers are as good as texts, and a photo whose time is none is scored.
    let jsonl = "{\"file\":\"a.png\",\"seller\":12345}\n{\"file\":\"a.png\",\"seller\":null,\"listing\":998877}\n\
                 {\"file\":\"a.png\",\"captured_at\":1700000000}\n{\"file\":\"a.png\",\"label\":[\"ivory\"]}\n";
    let (times, told) = scanned("j.jsonl", jsonl, &[]);
    assert_eq!(times, [Value::Null, Value::Null, Value::Null, Value::Null]);
    assert!(
        told.contains("line 3") && told.contains("--times epoch-seconds"),
        "{told}"
    );
    let (times, told) = scanned("j.jsonl", jsonl, &["--times", "epoch-seconds"]);
    assert_eq!(times[2], "2023-11-14T22:13:20Z");
    assert_eq!(told, "");
    let milliseconds = "file,timestamp\na.png,1700000000250\n";
    let (_, told) = scanned("ms.csv", milliseconds, &[]);
    assert!(told.contains("--times epoch-milliseconds"), "{told}");
    let (times, _) = scanned("ms.csv", milliseconds, &["--times", "epoch-milliseconds"]);
    assert_eq!(times, ["2023-11-14T22:13:20.25Z"]);
}

#[test]
fn a_legacy_encoding_merges_no_sellers() {
    let folder = tempfile::tempdir().unwrap();
    picture(1).save(folder.path().join("a.png")).unwrap();
    let manifest = folder.path().join("gbk.csv");
    fs::write(
        &manifest,
        b"file,seller\r\na.png,\xbc\xd7\r\na.png,\xd2\xd2\r\n",
    )
    .unwrap();
    for more in [&["scan"][..], &["index", "add"]] {
        let mut command = faunalens();
        command.args(more);
        if more == ["scan"] {
            command.arg(&manifest).args(["--out", "-"]);
        } else {
            let index = folder.path().join("seen");
            assert_status(
                &faunalens()
                    .args(["index", "init"])
                    .arg(&index)
                    .output()
                    .unwrap(),
                0,
            );
            command.arg(&index).arg(&manifest);
        }
        let output = command.output().unwrap();
        assert_status(&output, 2);
        let told = stderr(&output);
        assert!(told.contains("line 2") && told.contains("UTF-8"), "{told}");
        assert!(output.stdout.is_empty());
    }
}
