//! Rows as JSON lines: one object a line, in which numbers and booleans are as good as texts.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::column::Column;
use super::error::{BadRow, ManifestError, RowFault};
use super::lines::{Line, Lines};
use super::passthrough::Value;

/// The members of one object, in their order, their values to the letter.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name.0, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// An open file of JSON lines.
pub struct JsonLines {
    lines: Lines,
    line: Line,
}

impl JsonLines {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ManifestError`] when it cannot be read or is not UTF-8 or UTF-16.
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        Ok(Self {
            lines: Lines::open(path, false)?,
            line: Line::default(),
        })
    }

    /// The next line that is not blank, with its number from 1; `None` at the end.
    ///
    /// # Errors
    /// [`BadRow`] for a line that is too long or cannot be read.
    pub fn read(&mut self) -> Option<Result<(u64, &str), BadRow>> {
        loop {
            match self.lines.read(&mut self.line) {
                Ok(false) => return None,
                Ok(true) if self.line.text.trim_ascii().is_empty() => {}
                Ok(true) => break,
                Err(bad) => return Some(Err(bad)),
            }
        }
        Some(Ok((self.line.number, self.line.text.trim_ascii())))
    }
}

/// Takes a line apart.
pub(super) fn object(line: &str) -> Result<Object<'_>, RowFault> {
    serde_json::from_str(line).map_err(|error| {
        if error.is_data() {
            RowFault::NotAnObject
        } else {
            RowFault::NotJson(without_line(&error))
        }
    })
}

/// The value of `column` as the text of a cell: numbers and booleans as they are written, null as
/// nothing.
pub(super) fn text(value: &RawValue, column: Column) -> Result<String, RowFault> {
    match value.get() {
        "null" => Ok(String::new()),
        text if text.starts_with('"') => Ok(string(text)?.trim().to_owned()),
        text if text.starts_with(['{', '[']) => Err(RowFault::Nested(column.name())),
        text => Ok(text.to_owned()),
    }
}

/// A JSON string's text. One without escapes is what stands between its quotes.
fn string(json: &str) -> Result<Cow<'_, str>, RowFault> {
    if !json.contains('\\') {
        return Ok(Cow::Borrowed(&json[1..json.len() - 1]));
    }
    serde_json::from_str(json)
        .map(Cow::Owned)
        .map_err(|error| RowFault::NotJson(without_line(&error)))
}

/// Any value, as it passes through.
pub(super) fn value(json: &RawValue) -> Result<Value, RowFault> {
    Value::of_json(json).map_err(|error| RowFault::NotJson(without_line(&error)))
}

/// The parser's words without its own line, which is always 1.
fn without_line(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("{words} at character {}", error.column())
}
