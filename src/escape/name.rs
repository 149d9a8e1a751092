//! Names of files as text.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::PathBuf;

/// A file's name as text, from which [`path_named`] gives the name again: two names have never the
/// same text. A name in UTF-8 stands as it is; a byte that is not UTF-8 is `\xHH`, and a backslash
/// that would begin such an escape is `\x5c`.
///
/// ```
/// use faunalens::escape::name;
///
/// assert_eq!(name("Zähne/a\\b.jpg"), "Zähne/a\\b.jpg");
/// assert_eq!(name("caf\\xe9.jpg"), "caf\\x5cxe9.jpg");
/// ```
#[must_use]
pub fn name(path: impl AsRef<OsStr>) -> String {
    let bytes = path.as_ref().as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len());
    for part in bytes.utf8_chunks() {
        let mut rest = part.valid();
        while let Some(at) = rest.find("\\x") {
            text.push_str(&rest[..at]);
            let escape = escaped_byte(&rest.as_bytes()[at..]).is_some();
            text.push_str(if escape { "\\x5c" } else { "\\" });
            rest = &rest[at + 1..];
        }
        text.push_str(rest);
        for byte in part.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The file that [`name`] made this text of.
#[must_use]
pub fn path_named(name: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = escaped_byte(rest);
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &rest[4..] } else { after };
    }
    path_of_bytes(bytes)
}

/// The byte that `\xHH` at the beginning stands for.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(16 * digit(high)? + digit(low)?).ok()
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn bytes_that_are_not_utf8_are_told_apart() {
        let latin = |byte: u8| name(OsStr::from_bytes(&[b'c', byte, b'.']));
        assert_eq!(
            (latin(0xe9), latin(0xe8)),
            ("c\\xe9.".into(), "c\\xe8.".into())
        );
        // Of a character cut off, every byte.
        assert_eq!(name(OsStr::from_bytes(b"\xe3\x81")), "\\xe3\\x81");
    }

    /// Bytes among which escapes and their parts are frequent.
    fn names() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just(b"\\".to_vec()),
            Just(b"x".to_vec()),
            Just(b"e9".to_vec()),
            Just(b"5C".to_vec()),
            Just("\u{e9}\u{202e}".as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 1..3),
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in names()) {
            let text = name(OsStr::from_bytes(&bytes));
            let back = path_named(&text);
            prop_assert_eq!(back.as_os_str().as_bytes(), &bytes[..]);
        }
    }
}
