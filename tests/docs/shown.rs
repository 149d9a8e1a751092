//! What a page shows against what a command printed.

use regex::Regex;

/// Processors round the int8 network differently; decisions and names stay.
const TOLERANCE: f64 = 0.03;

/// Checks printed lines against those shown.
///
/// `...` alone on a line stands for any lines, within a line for any letters. Numbers with a decimal
/// point may differ by [`TOLERANCE`], or by a thousandth of themselves.
///
/// # Errors
/// What was shown and does not follow.
pub(crate) fn compare(shown: &[String], printed: &str) -> Result<(), String> {
    let printed: Vec<&str> = printed.lines().collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    if lines_agree(&shown, &printed) {
        return Ok(());
    }
    let lost = shown
        .iter()
        .find(|line| **line != "..." && !printed.iter().any(|printed| line_agrees(line, printed)));
    Err(match lost {
        Some(line) => format!("shown, but not printed: {line}"),
        None => "more or other lines were printed than are shown".to_owned(),
    })
}

fn lines_agree(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], printed) => printed.is_empty(),
        (["...", rest @ ..], printed) => {
            (0..=printed.len()).any(|skipped| lines_agree(rest, &printed[skipped..]))
        }
        ([line, rest @ ..], [first, more @ ..]) => {
            line_agrees(line, first) && lines_agree(rest, more)
        }
        _ => false,
    }
}

fn line_agrees(shown: &str, printed: &str) -> bool {
    let varying = Regex::new(r"\.\.\.|-?\d+\.\d+").unwrap();
    let mut pattern = "^".to_owned();
    let mut numbers = Vec::new();
    let mut end = 0;
    for part in varying.find_iter(shown) {
        pattern += &regex::escape(&shown[end..part.start()]);
        match part.as_str().parse::<f64>() {
            Ok(number) => {
                pattern += r"(-?\d+\.\d+)";
                numbers.push(number);
            }
            Err(_) => pattern += ".*?",
        }
        end = part.end();
    }
    pattern += &regex::escape(&shown[end..]);
    let Some(found) = Regex::new(&(pattern + "$")).unwrap().captures(printed) else {
        return false;
    };
    let found = found.iter().skip(1).flatten();
    found.zip(numbers).all(|(found, expected)| {
        let found: f64 = found.as_str().parse().unwrap();
        (found - expected).abs() <= TOLERANCE.max(expected.abs() / 1000.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(shown: &str, printed: &str) -> bool {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        compare(&shown, printed).is_ok()
    }

    #[test]
    fn dots_stand_for_lines_and_for_letters() {
        assert!(agrees("a\n...\nd", "a\nb\nc\nd\n"));
        assert!(agrees("a ... z", "a b c z\n"));
        assert!(!agrees("a\n...\nd", "a\nb\n"));
        assert!(!agrees("a", "a\nb\n"));
        assert!(!agrees("a\nb", "a\n"));
    }

    #[test]
    fn decimals_may_differ_a_little_and_nothing_else_may() {
        assert!(agrees("flag ivory 0.97", "flag ivory 0.982\n"));
        assert!(agrees("angle 128.3", "angle 128.2\n"));
        assert!(!agrees("flag ivory 0.97", "flag ivory 0.93\n"));
        assert!(!agrees("flag ivory 0.97", "review ivory 0.97\n"));
        assert!(!agrees("10 photos", "11 photos\n"));
    }
}
