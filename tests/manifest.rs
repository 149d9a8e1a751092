//! The reader of tables: what others write is read back, and what is broken is told of, line by
//! line.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use faunalens::escape;
use faunalens::manifest::{BadRow, Column, ManifestError, Row, RowFault, Rows, Source, Value};
use proptest::prelude::*;

/// A file of this name and content in a folder of its own.
fn file(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

type Answer = Result<Vec<Result<Row<2>, BadRow>>, ManifestError>;

/// File and seller of every row, with the other columns.
fn read(name: &str, content: impl AsRef<[u8]>) -> Answer {
    let (_folder, path) = file(name, content);
    let rows = Rows::open(&path, [Column::File, Column::Seller], 1)?;
    Ok(rows.with_others().collect())
}

/// The same of a table without faults: line, file, seller.
#[track_caller]
fn cells(name: &str, content: impl AsRef<[u8]>) -> Vec<(u64, String, String)> {
    let rows = read(name, content).unwrap();
    rows.into_iter()
        .map(|row| {
            let row = row.unwrap();
            let [file, seller] = row.cells;
            (row.line, file, seller)
        })
        .collect()
}

fn owned(line: u64, file: &str, seller: &str) -> (u64, String, String) {
    (line, file.into(), seller.into())
}

/// Text as one of the encodings that are told for certain.
fn encoded(text: &str, encoding: usize) -> Vec<u8> {
    let wide = |unit: fn(u16) -> [u8; 2]| {
        let text = std::iter::once(0xfeff).chain(text.encode_utf16());
        text.flat_map(unit).collect()
    };
    match encoding {
        0 => text.into(),
        1 => format!("\u{feff}{text}").into(),
        2 => wide(u16::to_le_bytes),
        _ => wide(u16::to_be_bytes),
    }
}

#[test]
fn the_separator_is_told_by_the_header() {
    let expected = [owned(2, "a.jpg", "Müller, Söhne")];
    for (name, text) in [
        (
            "list.csv",
            "file,price,seller\na.jpg,12,\"Müller, Söhne\"\n",
        ),
        ("list.csv", "file;price;seller\na.jpg;12,50;Müller, Söhne\n"),
        (
            "list.csv",
            "file\tprice, EUR\tseller\na.jpg\t12,50\tMüller, Söhne\n",
        ),
        (
            "list.tsv",
            "file,price,seller\na.jpg,12,\"Müller, Söhne\"\n",
        ),
    ] {
        assert_eq!(cells(name, text), expected, "{text}");
    }
}

#[test]
fn cells_and_names_lose_the_blanks_around_them() {
    let expected = [owned(2, "a.jpg", "Li \"the\" Li")];
    let csv = " File , SELLER\n a.jpg\t, \"Li \"\"the\"\" Li\" \n";
    assert_eq!(cells("list.csv", csv), expected);
    let jsonl = "\n{\" File \":\" a.jpg\\t\",\"SELLER\":\" Li \\\"the\\\" Li \"}\n";
    assert_eq!(cells("list.jsonl", jsonl), expected);
}

#[test]
fn lines_are_those_that_an_editor_counts() {
    for (end, name) in [
        ("\n", "line feed"),
        ("\r\n", "both"),
        ("\r", "carriage return"),
    ] {
        let text = [
            "",
            "file,seller",
            "",
            "a.jpg,\"x",
            "y\"",
            "",
            "",
            "b.jpg,z",
            "",
        ]
        .join(end);
        let lines: Vec<u64> = cells("list.csv", text).iter().map(|row| row.0).collect();
        assert_eq!(lines, [4, 8], "{name}");
    }
}

#[test]
fn numbers_and_truths_are_texts_to_the_letter() {
    let jsonl = r#"{"file":1,"seller":12345678901234567890}
{"file":true,"seller":1234567890123456789012345678901.50}
{"file":"c.jpg","seller":null}
{"file":"d.jpg"}
"#;
    let expected = [
        owned(1, "1", "12345678901234567890"),
        owned(2, "true", "1234567890123456789012345678901.50"),
        owned(3, "c.jpg", ""),
        owned(4, "d.jpg", ""),
    ];
    assert_eq!(cells("list.jsonl", jsonl), expected);
}

#[test]
fn columns_that_nobody_knows_pass_through_in_their_order() {
    let others = |name: &str, text: &str| -> String {
        let row = read(name, text).unwrap().remove(0).unwrap();
        serde_json::to_string(&row.others).unwrap()
    };
    let csv = "URL,file,price,,note\nhttps://x.example/1, a.jpg, 12 ,left,\n";
    assert_eq!(
        others("list.csv", csv),
        r#"{"URL":"https://x.example/1","price":"12","note":null}"#
    );
    let members = r#""n":1.50,"big":123456789012345678901234567890,"deep":{"b":[1,{"a":null}]},"s":" x ","no":null"#;
    assert_eq!(
        others("list.jsonl", &format!("{{\"file\":\"a.jpg\",{members}}}")),
        format!("{{{members}}}")
    );
    let row = read("list.csv", csv).unwrap().remove(0).unwrap();
    assert_eq!(row.others.get("price"), Some(&Value::Text("12".into())));
}

#[test]
fn names_of_other_columns_are_those_of_the_header_or_of_all_json_lines() {
    let (_folder, path) = file("list.csv", "url;file;Price\na;b;c\n");
    let columns = Source::Manifest(path).other_columns().unwrap();
    assert_eq!(columns, ["url", "Price"]);
    let text = "{\"file\":\"a\",\"x\":1}\nnone\n{\"y\":2,\"file\":\"b\",\"x\":1}\n";
    let (_folder, path) = file("list.jsonl", text);
    let columns = Source::Manifest(path).other_columns().unwrap();
    assert_eq!(columns, ["x", "y"]);
}

#[test]
fn another_encoding_is_refused_with_its_first_bad_line() {
    let gbk = b"file,seller\na.jpg,plain\nb.jpg,\xbc\xd7\nc.jpg,\xd2\xd2\n";
    let latin = b"file,seller\n\n\"x\ny\",b\ncaf\xe9.jpg,z\n";
    // Half of a pair, and half of a unit.
    let mut torn = encoded("file,seller\na.jpg,", 2);
    torn.extend(0xd800_u16.to_le_bytes());
    let mut odd = encoded("file\na.jpg", 3);
    odd.push(0);
    let no_mark: Vec<u8> = encoded("file\na.jpg\n", 2)[2..].to_vec();
    let cases: [(&[u8], u64); 5] = [(gbk, 3), (latin, 5), (&torn, 2), (&odd, 2), (&no_mark, 1)];
    for (bytes, bad) in cases {
        match read("list.csv", bytes) {
            Err(error @ ManifestError::Encoding { line, .. }) => {
                assert_eq!(line, bad, "{error}");
                assert!(error.to_string().contains("save the whole file as UTF-8"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_encoding_is_checked_across_blocks() {
    // Characters of two, three and four bytes on every side of a block's end.
    for shift in 0..4 {
        let pad = "x".repeat((1 << 16) - 20 + shift);
        let text = format!("file,seller\n{pad},é鑑😀é鑑😀é鑑😀\nb.jpg,y\n");
        for encoding in 0..4 {
            let found = cells("list.csv", encoded(&text, encoding));
            assert_eq!(found[0].2, "é鑑😀é鑑😀é鑑😀", "{shift} {encoding}");
            assert_eq!(found[1], owned(3, "b.jpg", "y"));
        }
    }
}

/// Lines of the faults, and the files of the rows beside them.
fn around_faults(name: &str, text: &str) -> (Vec<(u64, RowFault)>, Vec<String>) {
    let (mut faults, mut files) = (Vec::new(), Vec::new());
    for row in read(name, text).unwrap() {
        match row {
            Ok(row) => files.push(row.cells[0].clone()),
            Err(bad) => faults.push((bad.line, bad.fault)),
        }
    }
    (faults, files)
}

#[test]
fn an_unclosed_quote_is_named_with_its_line_and_takes_no_other_row_with_it() {
    let opened = |line| (line, RowFault::UnclosedQuote { opened: line });
    for (text, line, files) in [
        // To the end of the file.
        (
            "file,seller\na,x\nb,\"y\nc,z\nd,w\n",
            3,
            &["a", "c", "d"][..],
        ),
        // To the quote that opens another cell, or closes it.
        ("file,seller\na,\"x\nb,\"y\"\nc,z\n", 2, &["b", "c"]),
        ("file,seller\na,\"x\nb,\",y\"\nc,z\n", 2, &["b", "c"]),
        ("file,seller\n\"a,x\n\"b\",y\n", 2, &["b"]),
        // Closed, but before the cell ends.
        ("file,seller\na,\"x\" y\nb,z\n", 2, &["b"]),
        ("file,seller\na,x\nb,\"", 3, &["a"]),
    ] {
        let (faults, found) = around_faults("list.csv", text);
        assert_eq!(faults, [opened(line)], "{text}");
        assert_eq!(found, files, "{text}");
    }
    let error = read("list.csv", "file,\"seller\na,x\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("the quote that opens in line 1"), "{error}");
}

#[test]
fn a_quote_in_the_middle_of_a_cell_is_text() {
    let text = "file,seller\na.jpg,5\" tusk\nb \"x\".jpg,\"6\"\" \ntusk\"\n";
    let expected = [
        owned(2, "a.jpg", "5\" tusk"),
        owned(3, "b \"x\".jpg", "6\" \ntusk"),
    ];
    assert_eq!(cells("list.csv", text), expected);
}

#[test]
fn cells_beyond_the_header_are_a_fault_unless_they_are_empty() {
    let text = "file,seller\na,x,,\nb,tusk, old,12\nc\n";
    let (faults, files) = around_faults("list.csv", text);
    let many = RowFault::ManyCells {
        found: 4,
        header: 2,
    };
    assert_eq!(faults, [(3, many)]);
    assert_eq!(files, ["a", "c"]);
}

#[test]
fn json_lines_that_are_no_rows_are_named_one_by_one() {
    let text =
        "{\"file\":\n[1]\n{\"file\":[\"a\"]}\n{\"image\":\"a\",\"path\":\"b\"}\n{\"path\":\"c\"}\n";
    let (faults, files) = around_faults("list.jsonl", text);
    let words: Vec<(u64, String)> = (faults.iter())
        .map(|(line, fault)| (*line, fault.to_string()))
        .collect();
    assert_eq!(words.len(), 4, "{words:?}");
    for ((line, words), (expected, part)) in words.iter().zip([
        (1, "no JSON: EOF while parsing a value at character"),
        (2, "no JSON object"),
        (3, "`file` holds a list or an object"),
        (4, "`image` and `path` both mean file"),
    ]) {
        assert_eq!(*line, expected);
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(files, ["c"]);
}

#[test]
fn a_row_without_end_is_passed_over_in_bounded_memory() {
    let long = "x".repeat((16 << 20) + 5);
    let text = format!("file,seller\n{long},s\nb.jpg,y\n");
    let (faults, files) = around_faults("list.csv", &text);
    assert_eq!(faults, [(2, RowFault::TooLong(16))]);
    assert_eq!(files, ["b.jpg"]);
    // A quote that opens before as much text, in lines.
    let lines = format!("{},y\n", "x".repeat(1000)).repeat(20_000);
    let (faults, files) = around_faults("list.csv", &format!("file,seller\na,\"b\n{lines}"));
    assert_eq!(faults, [(2, RowFault::UnclosedQuote { opened: 2 })]);
    assert_eq!(files.len(), 20_000);
}

#[test]
fn a_table_without_what_is_needed_is_refused_with_what_it_has() {
    let refused = |text: &str| {
        let (_folder, path) = file("list.csv", text);
        let wanted = [Column::File, Column::Label];
        Rows::open(&path, wanted, 2).err().unwrap().to_string()
    };
    let words = refused("picture,what\na,b\n");
    assert!(
        words.contains("the columns file and label are needed; its columns are: picture, what"),
        "{words}"
    );
    assert!(refused("").contains("are needed"));
    let words = refused("class,Category,file\n");
    assert!(
        words.contains("`class` and `Category` both mean label"),
        "{words}"
    );
}

/// What the `csv` crate writes of one row.
fn written(row: &[String], separator: u8, crlf: bool) -> String {
    let terminator = match crlf {
        true => csv::Terminator::CRLF,
        false => csv::Terminator::Any(b'\n'),
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(terminator)
        .from_writer(Vec::new());
    writer.write_record(row).unwrap();
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// Two cells of whatever text there is, with the characters that mean something in a table often
/// among it.
fn row() -> impl Strategy<Value = Vec<String>> {
    let cell = prop_oneof![
        "[a-z,;\t\" \n\r\u{a0}]{0,8}",
        "[^\0]{0,8}",
        Just(String::new()),
    ];
    prop::collection::vec(cell, 2)
}

/// A table is read from a file called so.
fn reading(name: &str, content: &[u8]) -> Answer {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| {
        let path: &Path = &folder.path().join(name);
        std::fs::write(path, content).unwrap();
        let rows = Rows::open(path, [Column::File, Column::Seller], 1)?;
        Ok(rows.with_others().collect())
    })
}

proptest! {
    #[test]
    fn what_csv_writes_is_read_back(
        rows in prop::collection::vec(row(), 0..8),
        separator in prop::sample::select(&b",;\t"[..]),
        encoding in 0usize..4,
        crlf in any::<bool>(),
    ) {
        let mut text = written(&["file".into(), "seller".into()], separator, crlf);
        let mut expected = Vec::new();
        for row in &rows {
            let line = 1 + text.matches('\n').count() as u64;
            text += &written(row, separator, crlf);
            // What kept a formula from being one is taken off: ours are read as they were.
            let read = |cell: &str| escape::cell_text(cell.trim()).into_owned();
            let cells = [read(&row[0]), read(&row[1])];
            expected.push((line, cells));
        }
        let found = reading("list.csv", &encoded(&text, encoding)).unwrap();
        let found: Vec<_> = found.into_iter().map(|row| row.map(|row| (row.line, row.cells))).collect();
        let expected: Vec<_> = expected.into_iter().map(Ok).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_broken_row_among_good_ones_is_the_only_one_lost(
        rows in prop::collection::vec(prop::collection::vec("[a-z\"]{0,4}", 2), 1..8),
        at in 0usize..8,
    ) {
        let at = at % rows.len();
        let mut text = "file,seller\n".to_owned();
        for (number, row) in rows.iter().enumerate() {
            if number == at {
                text += "broken,\"shop\n";
            }
            text += &written(row, b',', false);
        }
        let found = reading("list.csv", text.as_bytes()).unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        prop_assert_eq!(bad.len(), 1);
        prop_assert_eq!(bad[0].as_ref().unwrap_err().line, at as u64 + 2);
        let good: Vec<Vec<String>> = good.into_iter().map(|row| row.unwrap().cells.into()).collect();
        prop_assert_eq!(good, rows);
    }

    #[test]
    fn no_bytes_make_it_panic_or_read_for_ever(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        header in prop::sample::select(&["", "file,seller\n", "{\"file\":\"a\",\"b\":"][..]),
        mark in prop::sample::select(&["", "\u{feff}"][..]),
        wide in prop::option::of(prop::sample::select(&[[0xff, 0xfe], [0xfe, 0xff]][..])),
        name in prop::sample::select(&["list.csv", "list.tsv", "list.jsonl"][..]),
    ) {
        bytes.splice(..0, [mark, header].concat().into_bytes());
        bytes.splice(..0, wide.into_iter().flatten());
        if let Ok(rows) = reading(name, &bytes) {
            prop_assert!(rows.len() <= bytes.len());
        }
    }

    #[test]
    fn no_text_makes_it_panic_or_read_for_ever(
        text in "[a-b,;\"\\[{}:1\\\\ \n\r]{0,60}",
        name in prop::sample::select(&["list.csv", "list.tsv", "list.jsonl"][..]),
    ) {
        let text = format!("file,seller\n{text}");
        let rows = reading(name, text.as_bytes()).unwrap();
        prop_assert!(rows.len() <= text.matches(['\n', '\r']).count() + 1);
    }
}
