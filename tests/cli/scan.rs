//! `faunalens scan`: a crawl, unattended, interrupted and resumed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{
    assert_status, bundle_raising, crawl, faunalens, json_lines, photo, run_with_stdin, stderr,
    stdout,
};

fn scan(source: &Path, out: &Path, more: &[&str]) -> Output {
    faunalens()
        .arg("scan")
        .arg(source)
        .arg("--out")
        .arg(out)
        .args(more)
        .output()
        .unwrap()
}

fn rows(out: &Path) -> Vec<Value> {
    json_lines(&std::fs::read_to_string(out).unwrap())
}

fn files(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["file"].as_str().unwrap())
        .collect()
}

/// Rows without what may differ between runs: the time they took.
fn timeless(rows: Vec<Value>) -> Vec<Value> {
    let strip = |mut row: Value| {
        row.as_object_mut().unwrap().remove("elapsed_ms");
        row
    };
    rows.into_iter().map(strip).collect()
}

#[test]
fn rows_come_in_input_order_and_do_not_depend_on_the_workers() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 30);
    let one = folder.path().join("one.jsonl");
    let four = folder.path().join("four.jsonl");
    assert_status(&scan(&source, &one, &["--workers", "1"]), 0);
    assert_status(&scan(&source, &four, &["--workers", "4"]), 0);
    let rows = rows(&one);
    let names = files(&rows);
    assert_eq!(names.len(), 30);
    assert!(names.is_sorted());
    assert_eq!(timeless(rows.clone()), timeless(self::rows(&four)));
}

#[test]
fn running_it_again_resumes_and_never_writes_a_row_twice() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 20);
    for name in ["rows.jsonl", "rows.csv"] {
        let out = folder.path().join(name);
        assert_status(&scan(&source, &out, &[]), 0);
        let whole = std::fs::read(&out).unwrap();
        // A kill can cut the file anywhere; every cut must heal to the same rows.
        for cut in [
            0,
            1,
            whole.len() / 3,
            whole.len() / 2,
            whole.len() - 1,
            whole.len(),
        ] {
            std::fs::write(&out, &whole[..cut]).unwrap();
            assert_status(&scan(&source, &out, &[]), 0);
            let healed = std::fs::read_to_string(&out).unwrap();
            assert_eq!(
                names_of(&healed, name),
                names_of(std::str::from_utf8(&whole).unwrap(), name),
                "{name} cut at {cut}"
            );
        }
    }
}

/// The file column of a JSONL or CSV text, in order.
fn names_of(text: &str, name: &str) -> Vec<String> {
    if name.ends_with(".csv") {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect()
    } else {
        files(&json_lines(text))
            .into_iter()
            .map(str::to_owned)
            .collect()
    }
}

#[test]
fn a_killed_scan_loses_at_most_the_photos_in_hand() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 300);
    let out = folder.path().join("rows.jsonl");
    for pause in [300, 500, 700] {
        let mut child = faunalens()
            .arg("scan")
            .arg(&source)
            .arg("--out")
            .arg(&out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
    }
    assert_status(&scan(&source, &out, &[]), 0);
    let rows = rows(&out);
    let distinct: HashSet<&str> = files(&rows).into_iter().collect();
    assert_eq!((rows.len(), distinct.len()), (300, 300));
    assert!(files(&rows).is_sorted());
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_the_photos_in_hand_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2000);
    let out = folder.path().join("rows.jsonl");
    let child = faunalens()
        .arg("scan")
        .arg(&source)
        .arg("--out")
        .arg(&out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while std::fs::metadata(&out).map_or(0, |file| file.len()) == 0 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no row within a minute"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = std::process::Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status();
    assert!(interrupted.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_status(&output, 130);
    assert!(stderr(&output).contains("run the same command again"));
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.ends_with('\n'), "the last row is whole");
    let count = json_lines(&text).len();
    assert!((1..2000).contains(&count), "{count} rows");
}

#[test]
fn a_source_that_grew_gets_rows_for_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 6);
    for name in ["rows.jsonl", "rows.csv", "rows.parquet"] {
        let out = folder.path().join(name);
        let late = source.join("0002b.png");
        let _ = std::fs::remove_file(&late);
        assert_status(&scan(&source, &out, &[]), 0);
        std::fs::copy(source.join("0001.png"), &late).unwrap();
        let output = scan(&source, &out, &[]);
        assert_status(&output, 0);
        assert!(stderr(&output).contains("7 photos"), "{}", stderr(&output));
        assert!(stderr(&output).contains("6 of them from an earlier run"));
        let again = scan(&source, &out, &[]);
        assert!(
            stderr(&again).contains("7 of them from an earlier run"),
            "{}",
            stderr(&again)
        );
    }
}

#[test]
fn csv_and_parquet_hold_what_jsonl_holds() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("pictures");
    std::fs::create_dir(&source).unwrap();
    for name in ["rgb.png", "exif-3.jpg"] {
        std::fs::copy(photo(name), source.join(name)).unwrap();
    }
    std::fs::write(source.join("zero, \"quoted\".jpg"), b"").unwrap();
    let outs = ["rows.jsonl", "rows.csv", "rows.parquet"].map(|name| folder.path().join(name));
    for out in &outs {
        assert_status(&scan(&source, out, &[]), 1);
    }
    let jsonl = rows(&outs[0]);
    let mut reader = csv::Reader::from_path(&outs[1]).unwrap();
    let header = reader.headers().unwrap().clone();
    let csv_rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let parquet = SerializedFileReader::new(std::fs::File::open(&outs[2]).unwrap()).unwrap();
    let parquet_rows: Vec<Value> = parquet
        .get_row_iter(None)
        .unwrap()
        .map(|row| as_json(&row.unwrap()))
        .collect();
    assert_eq!((jsonl.len(), csv_rows.len(), parquet_rows.len()), (3, 3, 3));
    for ((json, csv_row), parquet_row) in jsonl.iter().zip(&csv_rows).zip(&parquet_rows) {
        let cell = |name: &str| &csv_row[header.iter().position(|column| column == name).unwrap()];
        for name in ["file", "decision", "sha256", "pdq", "format"] {
            assert_eq!(cell(name), json[name].as_str().unwrap_or(""), "{name}");
            assert_eq!(parquet_row[name], json[name], "{name}");
        }
        if let Some(best) = json["materials"].get(0) {
            assert_eq!(cell("label"), best["label"].as_str().unwrap());
            assert_eq!(
                cell("score").parse::<f64>().unwrap(),
                best["score"].as_f64().unwrap()
            );
            let column = format!("score_{}", best["label"].as_str().unwrap());
            assert_eq!(parquet_row[&column], best["score"]);
        }
        assert_eq!(
            cell("error_kind"),
            json["error"]["kind"].as_str().unwrap_or("")
        );
    }
    assert!(!folder.path().join("rows.parquet.partial.jsonl").exists());
}

fn as_json(row: &parquet::record::Row) -> Value {
    use parquet::record::Field;
    let cells = row.get_column_iter().map(|(name, field)| {
        let value = match field {
            Field::Str(text) => text.as_str().into(),
            Field::Long(number) => (*number).into(),
            Field::Double(number) => (*number).into(),
            _ => Value::Null,
        };
        (name.clone(), value)
    });
    Value::Object(cells.collect())
}

#[test]
fn an_interrupted_parquet_scan_keeps_its_rows_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 10);
    let jsonl = folder.path().join("rows.jsonl");
    assert_status(&scan(&source, &jsonl, &[]), 0);
    // What a killed run leaves: a journal with some rows, the last one torn.
    let text = std::fs::read_to_string(&jsonl).unwrap();
    let out = folder.path().join("rows.parquet");
    let journal = folder.path().join("rows.parquet.partial.jsonl");
    std::fs::write(&journal, &text[..text.len() / 2]).unwrap();
    let output = scan(&source, &out, &[]);
    assert_status(&output, 0);
    assert!(stderr(&output).contains("10 photos"));
    assert!(stderr(&output).contains("from an earlier run"));
    assert!(out.exists() && !journal.exists());
}

#[test]
fn a_manifest_names_the_photos_and_bad_rows_become_errors_in_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(photo("rgb.png"), folder.path().join("a.png")).unwrap();
    let write = |name: &str, text: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let csv = write(
        "list.csv",
        b"\xef\xbb\xbfseller,file,listing\nshop1,a.png,1\n,none.png,2\nshop2,,3\n\"x\ny\",a.png,4\n",
    );
    let jsonl = write(
        "list.jsonl",
        b"{\"file\":\"a.png\",\"seller\":\"s\"}\n\n{\"file\":\n{\"file\":\"a.png\",\"more\":1}\n",
    );
    let out = folder.path().join("csv-rows.jsonl");
    assert_status(&scan(&csv, &out, &[]), 1);
    let found = rows(&out);
    assert_eq!(files(&found)[..2], ["a.png", "none.png"]);
    assert_eq!(found.len(), 4);
    assert_eq!(found[1]["error"]["kind"], "not_found");
    assert!(
        found[2]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("line 4")
    );
    assert_eq!(found[3]["error"], Value::Null);

    let out = folder.path().join("jsonl-rows.jsonl");
    assert_status(&scan(&jsonl, &out, &[]), 1);
    let found = rows(&out);
    assert_eq!(found.len(), 3);
    assert!(
        found[1]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("line 3")
    );
}

#[test]
fn a_manifest_without_a_file_column_is_refused_with_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("list.csv");
    std::fs::write(&manifest, "photo_url,seller\na.png,s\n").unwrap();
    let output = scan(&manifest, &folder.path().join("out.jsonl"), &[]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("photo_url, seller"));
}

/// A manifest of this name and content beside a picture `a.png`.
fn listed(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    std::fs::copy(photo("rgb.png"), folder.join("a.png")).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn what_a_manifest_says_stands_in_every_form_of_the_output() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let folder = tempfile::tempdir().unwrap();
    let text = "url,Image,shop,listing_id,site,date,label,price in EUR\n\
                https://x.example/1, a.png ,Anna,L1,market,2026-03-01,ivory,\"12,50\"\n\
                https://x.example/2,a.png,,,,,,\n";
    let manifest = listed(folder.path(), "list.csv", text);
    let outs = ["rows.jsonl", "rows.csv", "rows.parquet"].map(|name| folder.path().join(name));
    for out in &outs {
        assert_status(&scan(&manifest, out, &[]), 0);
    }
    let jsonl = rows(&outs[0]);
    let expected = [
        serde_json::json!({
            "file": "a.png", "seller": "Anna", "listing": "L1", "platform": "market",
            "captured_at": "2026-03-01",
            "source": {"url": "https://x.example/1", "label": "ivory", "price in EUR": "12,50"},
        }),
        serde_json::json!({
            "file": "a.png", "seller": null, "listing": null, "platform": null,
            "captured_at": null,
            "source": {"url": "https://x.example/2", "label": null, "price in EUR": null},
        }),
    ];
    for (row, expected) in jsonl.iter().zip(&expected) {
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&row[name], value, "{name}");
        }
    }
    let names: Vec<&String> = jsonl[0]["source"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["url", "label", "price in EUR"],
        "in the manifest's order"
    );

    let columns = ["seller", "listing", "platform", "captured_at"].map(str::to_owned);
    let passed = names.iter().map(|name| format!("source_{name}"));
    let columns: Vec<String> = columns.into_iter().chain(passed).collect();
    let mut reader = csv::Reader::from_path(&outs[1]).unwrap();
    let header = reader.headers().unwrap().clone();
    assert_eq!(
        header.iter().skip(header.len() - 7).collect::<Vec<_>>(),
        columns
    );
    let parquet = SerializedFileReader::new(std::fs::File::open(&outs[2]).unwrap()).unwrap();
    let parquet = parquet.get_row_iter(None).unwrap();
    for ((csv_row, parquet_row), json) in reader.records().zip(parquet).zip(&expected) {
        let (csv_row, parquet_row) = (csv_row.unwrap(), as_json(&parquet_row.unwrap()));
        for name in &columns {
            let value = match name.strip_prefix("source_") {
                Some(passed) => &json["source"][passed],
                None => &json[name.as_str()],
            };
            let place = header.iter().position(|column| column == name).unwrap();
            assert_eq!(&csv_row[place], value.as_str().unwrap_or(""), "{name}");
            assert_eq!(&parquet_row[name], value, "{name}");
        }
    }
    // Run again, nothing is added; with another column, nothing is mixed.
    for out in &outs {
        let output = scan(&manifest, out, &[]);
        assert_status(&output, 0);
        assert!(stderr(&output).contains("2 of them from an earlier run"));
    }
    std::fs::write(&manifest, text.replace("price in EUR", "price in USD")).unwrap();
    for out in &outs[1..] {
        let before = std::fs::read(out).unwrap();
        let output = scan(&manifest, out, &[]);
        assert_status(&output, 2);
        let words = stderr(&output);
        let difference = "(source_price in USD are missing, source_price in EUR are not wanted)";
        assert!(
            words.contains(difference) && words.contains("another --out"),
            "{words}"
        );
        assert_eq!(std::fs::read(out).unwrap(), before);
    }
}

#[test]
fn json_lines_pass_their_other_members_on_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"file":"a.png","seller":12345678901234567890,"listing":998877,"tags":["x",{"y":null}]}
{"file":"a.png","captured_at":1700000000,"seller":null,"price":1.50}
"#;
    let manifest = listed(folder.path(), "list.jsonl", text);
    let out = folder.path().join("rows.jsonl");
    assert_status(&scan(&manifest, &out, &[]), 0);
    let found = rows(&out);
    assert_eq!(found[0]["seller"], "12345678901234567890");
    assert_eq!(found[0]["listing"], "998877");
    assert_eq!(
        found[1]["captured_at"],
        Value::Null,
        "told of on standard error"
    );
    assert_eq!(found[1]["seller"], Value::Null);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(
        text.contains(r#""source":{"tags":["x",{"y":null}]}"#),
        "{text}"
    );
    assert!(text.contains(r#""source":{"price":1.50}"#), "to the letter");
    let table = folder.path().join("rows.csv");
    assert_status(&scan(&manifest, &table, &[]), 0);
    let mut reader = csv::Reader::from_path(&table).unwrap();
    let header = reader.headers().unwrap().clone();
    let last: Vec<&str> = header.iter().skip(header.len() - 2).collect();
    assert_eq!(last, ["source_tags", "source_price"], "of all rows");
    let cells: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&cells[0][header.len() - 2], r#"["x",{"y":null}]"#);
    assert_eq!(&cells[1][header.len() - 1], "1.50");
}

#[test]
fn a_manifest_in_another_encoding_is_refused_and_utf_16_is_read() {
    let folder = tempfile::tempdir().unwrap();
    // Two sellers with names of two characters each.
    let gbk = b"file,seller\na.png,\xbc\xd7\na.png,\xd2\xd2\n";
    let manifest = listed(folder.path(), "gbk.csv", gbk);
    let (out, seen) = (folder.path().join("gbk.jsonl"), folder.path().join("seen"));
    let index = |action: &str, more: &[&Path]| {
        let mut command = faunalens();
        command.args(["index", action]).arg(&seen).args(more);
        command.output().unwrap()
    };
    assert_status(&index("init", &[]), 0);
    for output in [scan(&manifest, &out, &[]), index("add", &[&manifest])] {
        assert_status(&output, 2);
        let words = stderr(&output);
        assert!(
            words.contains("gbk.csv: line 2 is not UTF-8; save"),
            "{words}"
        );
    }
    assert!(!out.exists());

    let text = "\u{feff}file;seller\r\na.png;甲\r\na.png;乙\r\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let manifest = listed(folder.path(), "wide.csv", wide);
    let out = folder.path().join("wide.jsonl");
    assert_status(&scan(&manifest, &out, &[]), 0);
    let sellers: Vec<Value> = rows(&out)
        .into_iter()
        .map(|row| row["seller"].clone())
        .collect();
    assert_eq!(sellers, ["甲", "乙"]);
}

#[test]
fn an_unclosed_quote_loses_its_own_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "file,seller\na.png,\"Anna\na.png,\"Ben\"\na.png,Carla\n";
    let manifest = listed(folder.path(), "list.csv", text);
    let out = folder.path().join("rows.jsonl");
    assert_status(&scan(&manifest, &out, &[]), 1);
    let found = rows(&out);
    let words = found[0]["error"]["message"].as_str().unwrap();
    assert!(
        words.contains("the quote that opens in line 2 is not closed"),
        "{words}"
    );
    let sellers: Vec<&Value> = found[1..].iter().map(|row| &row["seller"]).collect();
    assert_eq!(sellers, ["Ben", "Carla"]);
}

#[test]
fn two_columns_of_one_meaning_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = listed(folder.path(), "list.csv", "file,shop,Vendor\na.png,x,y\n");
    let output = scan(&manifest, &folder.path().join("rows.jsonl"), &[]);
    assert_status(&output, 2);
    let words = stderr(&output);
    assert!(
        words.contains("`shop` and `Vendor` both mean seller"),
        "{words}"
    );
}

#[test]
fn an_output_without_the_manifests_columns_is_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    for name in ["rows.jsonl", "rows.csv"] {
        let out = folder.path().join(name);
        assert_status(&scan(&source, &out, &[]), 0);
        // As a version wrote it that had no such columns.
        let text = std::fs::read_to_string(&out).unwrap();
        let early: String = (text.lines())
            .map(|line| match line.find(",\"seller\":") {
                Some(end) => format!("{}}}\n", &line[..end]),
                None => format!("{}\n", line.rsplitn(5, ',').last().unwrap()),
            })
            .collect();
        std::fs::write(&out, &early).unwrap();
        let output = scan(&source, &out, &[]);
        assert_status(&output, 2);
        let words = stderr(&output);
        assert!(
            words.contains("seller, listing, platform, captured_at"),
            "{words}"
        );
        assert!(
            words.contains("missing") && words.contains("another --out"),
            "{words}"
        );
        assert_eq!(std::fs::read_to_string(&out).unwrap(), early);
    }
}

#[test]
fn a_csv_row_that_is_cut_inside_a_quoted_cell_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let text = "file,note\na.png,\"one\ntwo\"\na.png,\"three\nfour\"\n";
    let manifest = listed(folder.path(), "list.csv", text);
    let out = folder.path().join("rows.csv");
    assert_status(&scan(&manifest, &out, &[]), 0);
    let whole = std::fs::read_to_string(&out).unwrap();
    let cut = whole.rfind("four").unwrap();
    std::fs::write(&out, &whole[..cut]).unwrap();
    assert_status(&scan(&manifest, &out, &[]), 0);
    let mut reader = csv::Reader::from_path(&out).unwrap();
    let notes: Vec<String> = (reader.records())
        .map(|row| row.unwrap().iter().next_back().unwrap().to_owned())
        .collect();
    assert_eq!(notes, ["one\ntwo", "three\nfour"]);
}

#[test]
fn a_list_on_standard_input_may_end_lines_or_nul() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (photo("rgb.png"), photo("rgb.bmp"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    for (separator, more) in [("\n", &[][..]), ("\r\n", &[]), ("\0", &["-0"])] {
        let out = folder.path().join(format!(
            "{}.jsonl",
            separator.escape_debug().to_string().len()
        ));
        let list = format!("{a}{separator}{b}{separator}");
        let arguments = [&["scan", "-", "--out", out.to_str().unwrap()], more].concat();
        assert_status(&run_with_stdin(&arguments, list.as_bytes()), 0);
        assert_eq!(files(&rows(&out)), [a, b]);
        std::fs::remove_file(out).unwrap();
    }
}

#[test]
fn rows_can_go_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 3);
    let output = scan(&source, Path::new("-"), &[]);
    assert_status(&output, 0);
    assert_eq!(json_lines(&stdout(&output)).len(), 3);
}

#[test]
fn a_reader_of_the_rows_that_leaves_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 30);
    let mut child = faunalens()
        .arg("scan")
        .arg(&source)
        .args(["--out", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_status(&output, 0);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}

#[test]
fn twenty_kinds_of_broken_files_get_a_row_each() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("broken");
    std::fs::create_dir_all(source.join("a folder.jpg")).unwrap();
    let jpeg = std::fs::read(photo("baseline.jpg")).unwrap();
    let png = std::fs::read(photo("rgb.png")).unwrap();
    let half = |name: &str| {
        let bytes = std::fs::read(photo(name)).unwrap();
        bytes[..bytes.len() / 2].to_vec()
    };
    let mut wrong_crc = png.clone();
    wrong_crc[40] ^= 0xff;
    let mut huge = png.clone();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let broken: [(&str, Vec<u8>); 20] = [
        ("empty.jpg", vec![]),
        ("one byte.png", vec![0x89]),
        ("text.jpg", b"not a picture".to_vec()),
        ("page.jpg", b"<!doctype html><title>404</title>".to_vec()),
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
        ),
        ("document.pdf", b"%PDF-1.4 ...".to_vec()),
        ("archive.zip", b"PK\x03\x04....".to_vec()),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1".to_vec()),
        ("new.avif", b"\0\0\0\x1cftypavif\0\0\0\0mif1avif".to_vec()),
        ("film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0".to_vec()),
        ("head only.jpg", jpeg[..20].to_vec()),
        ("no scan.jpg", jpeg[..jpeg.len() / 4].to_vec()),
        ("half.png", half("rgb.png")),
        ("wrong crc.png", wrong_crc),
        ("huge.png", huge),
        ("half.webp", half("lossless.webp")),
        ("half.gif", half("transparent.gif")[..20].to_vec()),
        ("half.bmp", half("rgb.bmp")),
        ("half.tif", half("rgb.tif")),
        (
            "noise.jpg",
            (0..5000u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect(),
        ),
    ];
    for (name, bytes) in &broken {
        std::fs::write(source.join(name), bytes).unwrap();
    }
    std::fs::write(source.join("whole.png"), &png).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", source.join("dangling.jpg")).unwrap();
    let out = folder.path().join("rows.jsonl");
    assert_status(&scan(&source, &out, &[]), 1);
    let found = rows(&out);
    assert_eq!(found.len(), broken.len() + 1 + usize::from(cfg!(unix)));
    for row in &found {
        let file = row["file"].as_str().unwrap();
        if file.ends_with("whole.png") {
            assert_eq!(row["error"], Value::Null);
        } else {
            let kind = row["error"]["kind"]
                .as_str()
                .unwrap_or_else(|| panic!("{file} passed"));
            assert!(
                ["not_found", "unsupported", "corrupt", "too_large"].contains(&kind),
                "{file}: {kind}"
            );
            assert!(!row["error"]["message"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn sidecars_and_hidden_files_are_passed_over_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 1);
    for name in ["0000.json", "notes.txt", ".hidden.png"] {
        std::fs::write(source.join(name), b"{}").unwrap();
    }
    let out = folder.path().join("few.jsonl");
    assert_status(&scan(&source, &out, &[]), 0);
    assert_eq!(rows(&out).len(), 1);
    let out = folder.path().join("all.jsonl");
    assert_status(&scan(&source, &out, &["--all-files"]), 1);
    assert_eq!(rows(&out).len(), 4);
}

#[test]
fn an_output_of_another_model_is_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    let out = folder.path().join("rows.jsonl");
    assert_status(&scan(&source, &out, &[]), 0);
    let text = std::fs::read_to_string(&out).unwrap();
    let sha256 = rows(&out)[0]["model"]["sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::write(&out, text.replace(&sha256, &"0".repeat(64))).unwrap();
    let output = scan(&source, &out, &[]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("another --out"));
}

#[test]
fn a_damaged_output_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 2);
    let out = folder.path().join("rows.jsonl");
    std::fs::write(&out, "these are\nmy notes\n").unwrap();
    let output = scan(&source, &out, &[]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("row 1"));
    assert_eq!(
        std::fs::read_to_string(&out).unwrap(),
        "these are\nmy notes\n"
    );
}

#[test]
fn the_summary_counts_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 5);
    let bundle = bundle_raising(folder.path(), "other", 0.0, 0.0);
    let out = folder.path().join("rows.jsonl");
    let output = scan(&source, &out, &["--model", bundle.to_str().unwrap()]);
    assert_status(&output, 0);
    assert!(
        stderr(&output).contains("5 photos: 5 flag, 0 review, 0 clear"),
        "{}",
        stderr(&output)
    );
    let quiet = scan(&source, &folder.path().join("quiet.jsonl"), &["--quiet"]);
    assert!(quiet.stderr.is_empty());
}
