//! What a parser complains of, on one line: several would be escaped as the words of a stranger.

/// Longest piece of a line that is quoted, letters.
const QUOTED: usize = 60;

/// Where a text is no TOML, or not of its form, and why; lines count from 1, and the line is quoted.
#[must_use]
pub fn toml(error: &toml::de::Error, text: &str) -> String {
    let words = error.message().trim_end().replace('\n', "; ");
    match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or(text);
            let number = before.matches('\n').count();
            let line = text.lines().nth(number).unwrap_or("").trim();
            let quoted: String = line.chars().take(QUOTED).collect();
            format!("line {}, `{quoted}`: {words}", number + 1)
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_its_line_and_is_one() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only its form is read")]
        struct Form {
            name: String,
        }
        let complaint = |text: &str| {
            let error = ::toml::from_str::<Form>(text).expect_err("no form");
            toml(&error, text)
        };
        assert_eq!(
            complaint("name = \"a\"\nnmae = 1\n"),
            "line 2, `nmae = 1`: unknown field `nmae`, expected `name`"
        );
        assert!(!complaint("name = \"a\nb\"").contains('\n'));
    }
}
