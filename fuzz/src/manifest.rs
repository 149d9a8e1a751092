//! Tables that people hand in: CSV of any separator, JSON lines, in any encoding.

use std::fs;
use std::path::PathBuf;

use faunalens::manifest::Source;
use tempfile::TempDir;

/// Extensions that tell how a table is read.
const EXTENSIONS: [&str; 3] = ["csv", "tsv", "jsonl"];

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
}

/// Reads the bytes after the first as a manifest; the first says of which kind.
///
/// # Panics
/// When the file cannot be written.
pub fn run(data: &[u8]) {
    let Some((&choice, table)) = data.split_first() else {
        return;
    };
    let extension = EXTENSIONS[usize::from(choice) % EXTENSIONS.len()];
    let path = FOLDER.with(|folder| folder.path().join(format!("table.{extension}")));
    fs::write(&path, table).expect("the table is written");
    let source = Source::Manifest(path);
    let _ = source.other_columns();
    if let Ok(items) = source.items() {
        for item in items {
            assert!(
                item.path != Ok(PathBuf::new()),
                "a row without file has a path"
            );
        }
    }
}

/// Tables of every separator, encoding and kind.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let text = "file,seller,listing,platform,captured_at,label,note\n\
                a.jpg,\"shop, 12\",7,market,2026-03-01,ivory,\"said \"\"old\"\"\nand more\"\n\
                b.jpg,,,,,,\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lines = "{\"file\":\"a.jpg\",\"seller\":\"shop 12\",\"listing\":7,\"price\":1.50,\"x\":{\"y\":[1,null]}}\n\
                 {\"file\":\"b.jpg\"}\n";
    let tables: [(u8, Vec<u8>); 7] = [
        (0, text.into()),
        (0, text.replace(',', ";").into()),
        (0, [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        (0, [b"\xff\xfe", utf16.as_slice()].concat()),
        (0, b"file,seller\n\xb0\xa1.jpg,\xc9\xcc\xb5\xea\n".to_vec()), // GBK
        (1, text.replace(',', "\t").into()),
        (2, lines.into()),
    ];
    tables
        .into_iter()
        .map(|(choice, table)| [vec![choice], table].concat())
        .collect()
}
