//! Text as a cell of CSV that a spreadsheet takes for text.
//!
//! After OWASP's advice on CSV injection: what begins with one of `= + - @`, their full-width
//! forms, a tab or the end of a line has a `'` before it. A number is no formula, and stays one.

use std::borrow::Cow;

use super::visible::{escaped, unescaped};

/// A text as a cell: with a `'` before what a spreadsheet would take for a formula, and control
/// characters but tabs and ends of lines as `\u{HEX}`. Whether the cell needs quotes is CSV's
/// business. [`cell_text`] gives the text again.
///
/// ```
/// use faunalens::escape::cell;
///
/// assert_eq!(cell("=HYPERLINK(\"http://e\")"), "'=HYPERLINK(\"http://e\")");
/// assert_eq!((cell("-0.25"), cell("Li's")), ("-0.25".into(), "Li's".into()));
/// ```
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let safe = escaped(text, acts);
    match is_formula(safe.trim_start_matches('\'')) {
        true => Cow::Owned(format!("'{safe}")),
        false => safe,
    }
}

/// The text that [`cell`] was made of. A cell that others wrote after OWASP's advice is understood
/// too.
#[must_use]
pub fn cell_text(cell: &str) -> Cow<'_, str> {
    let unquoted = cell.strip_prefix('\'');
    let unquoted = unquoted.filter(|text| is_formula(text.trim_start_matches('\'')));
    unescaped(unquoted.unwrap_or(cell), acts)
}

/// Whether a spreadsheet would compute this cell, or lose what stands before a sign in it.
fn is_formula(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    text.starts_with(['\t', '\r', '\n'])
        || (text.trim_start_matches(is_blank).starts_with(is_sign) && !is_number(text))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// A number as programs write it: `-0.25`, `+1`, `-1e-7`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    digits(whole) && digits(fraction) && exponent.is_none_or(digits)
}

/// Control characters that have no place in a cell.
fn acts(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_becomes_text() {
        for text in [
            "=1+1",
            "+1+1",
            "-2+3+cmd|' /C calc'!A0",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠x",
            " =1",
            "\u{feff}=1",
            "-inf",
            "-",
            "+49 30 1",
            "'=1",
            "-1,5",
        ] {
            assert_eq!(cell(text), format!("'{text}"));
            assert_eq!(cell_text(&cell(text)), text);
        }
    }

    #[test]
    fn other_text_and_numbers_stay() {
        for text in [
            "", "-0.25", "+1", "-1e-7", "-12", "a=b", "Li's", "'tis", "''", "1-2", "x@y.z",
            "Zähne", "\\x1b",
        ] {
            assert_eq!(cell(text), text);
            assert_eq!(cell_text(text), text);
        }
    }

    #[test]
    fn a_control_character_is_seen() {
        assert_eq!(cell("a\u{1b}[31m\u{9b}\n"), "a\\u{1b}[31m\\u{9b}\n");
        assert_eq!(cell("\\u{1b}"), "\\u{5c}u{1b}");
        assert_eq!(
            cell_text("\\u{e9}"),
            "\\u{e9}",
            "of others, and no escape of ours"
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in r"('|=|-|1|\.|\t|\n| |＝|\\u\{|1b|5c|\}|[\x00-\x1f]|\PC){0,8}") {
            let written = cell(&text).into_owned();
            prop_assert!(!written.contains(acts));
            prop_assert!(!is_formula(&written), "{written:?}");
            prop_assert_eq!(cell_text(&written), text);
        }
    }
}
