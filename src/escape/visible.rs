//! Text that cannot act: on a terminal, or on the lines of a list.

use std::borrow::Cow;
use std::fmt::Write;

/// Text on one line of a terminal or of a list. Control characters, the ends of lines that Unicode
/// knows, and marks that turn the direction of reading are `\u{HEX}`; a backslash before `u{` is
/// `\u{5c}`. [`visible_text`] gives the text again.
///
/// ```
/// use faunalens::escape::visible;
///
/// assert_eq!(visible("a\u{1b}[2J\n.jpg"), "a\\u{1b}[2J\\u{a}.jpg");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// The text that [`visible`] was made of.
#[must_use]
pub fn visible_text(text: &str) -> Cow<'_, str> {
    unescaped(text, |_| true)
}

/// JSON in which the characters that [`visible`] escapes are escaped too, as JSON does it: they
/// stand inside strings alone, whose meaning stays the same.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match acts(c) {
            // All of them are in the basic plane.
            true => {
                let _ = write!(safe, "\\u{:04x}", u32::from(c));
            }
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something instead of being seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text in which the characters `chosen`, and what looks like their escapes, are escapes.
pub(super) fn escaped(text: &str, chosen: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&chosen) && !text.contains("\\u{") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if chosen(c) || text[at..].starts_with("\\u{") {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Takes back escapes of backslashes and of the characters `chosen`; others are none of ours.
pub(super) fn unescaped(text: &str, chosen: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains("\\u{") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u{") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let escape = rest[3..].split_once('}').and_then(|(digits, after)| {
            let c = u32::from_str_radix(digits, 16)
                .ok()
                .and_then(char::from_u32)?;
            (c == '\\' || chosen(c)).then_some((c, after))
        });
        match escape {
            Some((c, after)) => {
                plain.push(c);
                rest = after;
            }
            None => {
                plain.push('\\');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_escaped_and_what_is_read_stays() {
        for text in [
            "\u{1b}]0;x\u{7}",
            "\r",
            "\u{7f}",
            "\u{9b}31m",
            "\u{85}",
            "\u{2028}",
            "\u{202e}gpj.exe",
            "\u{2066}",
        ] {
            let safe = visible(text);
            assert!(!safe.contains(acts) && safe.starts_with("\\u{"), "{safe}");
        }
        for text in ["Zähne 象牙 سن", "a\\b\\x1b", "'\"%", "🐘\u{200d}"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_means_the_same_and_has_one_line() {
        let value = serde_json::json!({"a\u{202e}": "x\u{2028}\u{7f}\u{9b}\n\\u2028é"});
        let plain = value.to_string();
        let safe = json(&plain);
        assert!(!safe.contains(acts));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in r"(\\|u|\{|\}|a|5c|[\x00-\x1f\x7f-\xa0]|\PC|[\u{2026}-\u{2030}]){0,12}") {
            let safe = visible(&text).into_owned();
            prop_assert!(!safe.contains(acts));
            prop_assert_eq!(visible_text(&safe), text);
        }
    }
}
