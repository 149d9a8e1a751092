//! One line of a hash list in each text form.

use std::borrow::Cow;
use std::str;

use super::hash_list::{Form, Row};
use super::opinion::Opinion;
use crate::escape;
use crate::fingerprint::PdqHash;

/// What a line of a list holds.
#[derive(Debug)]
pub(super) enum Line {
    Row(Box<Row>),
    /// A signal of another type than PDQ.
    OtherType,
    /// The head of a list, a comment, or nothing.
    Skipped,
    /// No such line, and why.
    Refused(String),
}

impl Line {
    fn row(row: Row) -> Self {
        Self::Row(Box::new(row))
    }
}

/// The form that the first line of a list tells; a bare hash can begin two of them.
pub(super) fn form_of_first_line(line: &str) -> Option<Form> {
    let is_hash = |text: &str| text.trim().parse::<PdqHash>().is_ok();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (cell, others) = line.split_once(',').unwrap_or((line, ""));
    if line.starts_with('{') {
        Some(Form::Json)
    } else if Columns::of(line).is_some() {
        Some(Form::Csv)
    } else if is_hash(cell) && !others.is_empty() {
        Some(Form::PdqTool)
    } else if word.eq_ignore_ascii_case("pdq") && is_hash(rest.get(..64).unwrap_or("")) {
        Some(Form::ThreatExchange)
    } else {
        None
    }
}

/// Where the columns of a list in CSV stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    kind: usize,
    signal: usize,
    category: Option<usize>,
    tags: Option<usize>,
    /// Other lists' column for the opinion.
    label: Option<usize>,
}

impl Columns {
    /// The columns of a head; `None` when it is none.
    pub(super) fn of(head: &str) -> Option<Self> {
        let names = cells(head).ok()?;
        let column = |name: &str| {
            let is = |cell: &String| cell.trim().eq_ignore_ascii_case(name);
            names.iter().position(is)
        };
        Some(Self {
            kind: column("signal_type")?,
            signal: column("signal_str")?,
            category: column("category"),
            tags: column("tags"),
            label: column("label").or_else(|| column("opinion")),
        })
    }

    /// `signal_type,signal_str,collab,category,tags`, in the order of the head.
    pub(super) fn line(self, line: &str) -> Line {
        let cells = match cells(line) {
            Ok(cells) => cells,
            Err(why) => return Line::Refused(why.into()),
        };
        let cell = |column: usize| {
            let cell = cells.get(column).map_or("", |cell| cell.trim());
            escape::cell_text(cell)
        };
        let kind = cell(self.kind);
        if kind.is_empty() || cells.len() <= self.signal {
            return Line::Refused("has fewer cells than the head, or no signal type".into());
        }
        if !is_pdq(&kind) {
            return Line::OtherType;
        }
        let text = |column: Option<usize>| column.map_or(Cow::Borrowed(""), cell);
        let row = Row::without_id(&cell(self.signal), None);
        let mut row = row.said(&text(self.category), &text(self.tags));
        row.opinion = Opinion::of(&text(self.label));
        Line::row(row)
    }
}

/// A cell as it stands in a table: no formula, and in quotes where it needs them.
pub(super) fn cell(text: &str) -> String {
    let text = escape::cell(text);
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into_owned(),
    }
}

/// The cells of one line; a quote that isn't closed in it takes no other line with it.
fn cells(line: &str) -> Result<Vec<String>, &'static str> {
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    let mut quoted = false;
    let mut fresh = true;
    while let Some(c) = chars.next() {
        let cell = cells.last_mut().ok_or("has no cell")?;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if fresh => quoted = true,
            ',' if !quoted => {
                cells.push(String::new());
                fresh = true;
                continue;
            }
            c => cell.push(c),
        }
        fresh = false;
    }
    match quoted {
        true => Err("a quote is not closed"),
        false => Ok(cells),
    }
}

/// `hash,quality,path`; `hash,path` of the C++ tool has no quality.
pub(super) fn pdq_tool_line(line: &str) -> Line {
    let mut fields = line.splitn(3, ',');
    let hash = fields.next().unwrap_or("");
    let (second, third) = (fields.next().map(str::trim), fields.next());
    let quality = second.and_then(|text| text.parse::<u8>().ok());
    let quality = quality.filter(|&quality| quality <= 100);
    if let (Some(second), None, Some(_)) = (second, quality, third) {
        let second: String = second.chars().take(40).collect();
        return Line::Refused(format!("`{second}` is no quality, which is 0 to 100"));
    }
    Line::row(Row::without_id(hash, quality))
}

/// `pdq HEX`, or a bare hash; behind either what python-threatexchange's `dataset -P` prints: the
/// quoted name of the collaboration, the category, and tags between commas.
pub(super) fn threat_exchange_line(line: &str) -> Line {
    let (first, rest) = split(line);
    let (hash, rest) = match first {
        kind if is_pdq(kind) => split(rest),
        hash if hash.parse::<PdqHash>().is_ok() => (hash, rest),
        kind if names_a_type(kind) && !rest.is_empty() => return Line::OtherType,
        hash => (hash, ""),
    };
    let rest = after_quoted(rest);
    let (category, tags) = match split(rest) {
        (word, tags) if Opinion::of(word).is_some() => (word, tags),
        // A category of several words, or with a comma in it.
        _ => (rest, ""),
    };
    Line::row(Row::without_id(hash, None).said(category, tags))
}

/// The first word, and the rest.
fn split(text: &str) -> (&str, &str) {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim())
}

/// What stands behind a name in quotes, as Python prints it.
fn after_quoted(text: &str) -> &str {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        return text;
    };
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return text[at + 1..].trim(),
            _ => {}
        }
    }
    text
}

/// Whether a signal type is PDQ, in the words of python-threatexchange, ThreatExchange or StopNCII.
fn is_pdq(kind: &str) -> bool {
    ["pdq", "HASH_PDQ", "ImagePDQ"]
        .iter()
        .any(|name| kind.eq_ignore_ascii_case(name))
}

/// Whether a word looks like the name of a signal type, such as `video_md5`.
fn names_a_type(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && word.len() <= 40
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn row(line: Line) -> Row {
        match line {
            Line::Row(row) => row.cleaned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_way_in_which_threatexchange_prints_a_hash_is_read() {
        let lines = [
            format!("pdq {HASH}"),
            HASH.to_owned(),
            format!("HASH_PDQ\t{}", HASH.to_uppercase()),
            format!("pdq {HASH} 'Wild \\'Life' POSITIVE_CLASS raw ivory,tusk"),
            format!("pdq {HASH} POSITIVE_CLASS raw ivory,tusk"),
            format!("{HASH} \"It's\" POSITIVE_CLASS raw ivory,tusk"),
            format!("pdq {HASH} ivory seizure"),
        ];
        let rows = lines.map(|line| row(threat_exchange_line(&line)));
        assert!(rows.iter().all(|row| row.pdq.as_deref() == Some(HASH)));
        for row in &rows[..3] {
            assert_eq!((row.category.as_deref(), row.opinion), (None, None));
        }
        for row in &rows[3..6] {
            assert_eq!(row.category.as_deref(), Some("POSITIVE_CLASS"));
            assert_eq!(row.opinion, Some(Opinion::Positive));
            assert_eq!(row.tags, ["raw ivory", "tusk"]);
        }
        assert_eq!(rows[6].category.as_deref(), Some("ivory seizure"));
        assert!(matches!(
            threat_exchange_line("video_md5 00"),
            Line::OtherType
        ));
        let no_hash = row(threat_exchange_line("pdq 123"));
        assert_eq!(no_hash.pdq.as_deref(), Some("123"), "refused as a hash");
    }

    #[test]
    fn a_quote_that_is_not_closed_is_refused_with_its_line_alone() {
        let columns = Columns::of("signal_type,signal_str,collab,category,tags").unwrap();
        let broken = columns.line(&format!("pdq,{HASH},\"Wild,NEGATIVE_CLASS,"));
        assert!(matches!(broken, Line::Refused(_)), "{broken:?}");
        let sound = row(columns.line(&format!(
            "pdq,{HASH},\"Wild, \"\"Life\"\"\",NEGATIVE_CLASS,a b"
        )));
        assert_eq!(sound.opinion, Some(Opinion::Negative));
        assert_eq!(sound.tags, ["a", "b"]);
        let labelled = Columns::of("signal_str,label,signal_type").unwrap();
        let labelled = row(labelled.line(&format!("{HASH},False positive,pdq")));
        assert_eq!(labelled.opinion, Some(Opinion::Negative));
        assert!(matches!(columns.line("pdq"), Line::Refused(_)));
        assert!(matches!(columns.line("video_md5,00,,,"), Line::OtherType));
        assert!(Columns::of("signal_type;signal_str").is_none());
    }

    #[test]
    fn a_quality_is_never_guessed() {
        assert_eq!(
            row(pdq_tool_line(&format!("{HASH},12,a.jpg"))).quality,
            Some(12)
        );
        assert_eq!(row(pdq_tool_line(&format!("{HASH},a.jpg"))).quality, None);
        for wrong in ["1O0", "101", "-3", ""] {
            let line = pdq_tool_line(&format!("{HASH},{wrong},a.jpg"));
            assert!(matches!(line, Line::Refused(_)), "{wrong}: {line:?}");
        }
    }
}
