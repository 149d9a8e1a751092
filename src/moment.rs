//! When a picture was captured: what tables write, in one form, and in the order of time.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// How the times of a table are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Times {
    /// RFC 3339 and its usual shortenings.
    #[default]
    Written,
    /// Seconds since 1970-01-01T00:00Z.
    EpochSeconds,
    /// Milliseconds since then.
    EpochMilliseconds,
}

impl Times {
    /// The time that a cell holds, in one form; `None` when it holds none.
    ///
    /// With a zone it becomes UTC (`2026-03-01T04:30:00Z`). Without one nobody knows which was
    /// meant, so it is kept as it stands, as precise as it is: a year, a month, a day, a minute, a
    /// second or a fraction of one.
    #[must_use]
    pub fn canonical(self, cell: &str) -> Option<String> {
        match self {
            Self::Written => written(cell.trim()),
            Self::EpochSeconds => epoch(cell.trim(), 1),
            Self::EpochMilliseconds => epoch(cell.trim(), 1000),
        }
    }
}

/// The order of two times, of whatever form: those with a zone by the moment, those without as if
/// they were UTC, one that is less precise before those it holds. What is no time goes by its
/// letters.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let key = |text: &str| {
        let time = Times::Written.canonical(text);
        time.map_or_else(
            || text.to_owned(),
            |time| time.trim_end_matches('Z').to_owned(),
        )
    };
    key(a).cmp(&key(b))
}

/// A count of seconds, or of `per_second` parts of them, perhaps with decimals.
fn epoch(cell: &str, per_second: i64) -> Option<String> {
    let (whole, decimals) = cell.split_once('.').unwrap_or((cell, ""));
    let is_negative = whole.starts_with('-');
    let count: i128 = whole.parse().ok()?;
    let unit = 1_000_000_000 / i128::from(per_second);
    // What is finer than a nanosecond is cut off.
    let mut rest = 0;
    for (digit, place) in decimals.chars().zip(1..) {
        let digit = i128::from(digit.to_digit(10)?);
        rest += digit * unit / 10_i128.checked_pow(place).unwrap_or(i128::MAX);
    }
    let nanoseconds = count.checked_mul(unit)? + if is_negative { -rest } else { rest };
    Some(Timestamp::from_nanosecond(nanoseconds).ok()?.to_string())
}

fn written(cell: &str) -> Option<String> {
    let date_ends = cell.find(['T', 't', ' ']).unwrap_or(cell.len());
    let (date, rest) = cell.split_at(date_ends);
    let parts = date_parts(date)?;
    let Some(rest) = rest.get(1..) else {
        return Some(match parts {
            (year, None, _) => format!("{year:04}"),
            (year, Some(month), None) => format!("{year:04}-{month:02}"),
            (year, Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        });
    };
    let (year, Some(month), Some(day)) = parts else {
        return None;
    };
    let date = Date::new(year, month, day).ok()?;
    let (time, zone) = split_zone(rest.trim_start());
    let (at, shown) = clock(date, time.trim_end())?;
    let Some(zone) = zone else {
        return Some(format!("{date}T{shown}"));
    };
    let seconds = i64::from(offset(zone)?.seconds());
    let utc = at.checked_sub(SignedDuration::from_secs(seconds)).ok()?;
    Some(Offset::UTC.to_timestamp(utc).ok()?.to_string())
}

/// Year, month and day, as far as they are given and there is such a day.
fn date_parts(date: &str) -> Option<(i16, Option<i8>, Option<i8>)> {
    let separator = if date.contains('/') { '/' } else { '-' };
    let mut parts = date.split(separator);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let year = digits(year)? as i16;
    // Spreadsheets write 2026/3/1; RFC 3339 has two digits.
    let widths = if separator == '/' { 1..=2 } else { 2..=2 };
    let mut next = || match parts.next() {
        None => Some(None),
        Some(part) if widths.contains(&part.len()) => digits(part).map(|part| Some(part as i8)),
        Some(_) => None,
    };
    let (month, day) = (next()?, next()?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    Some((year, month, day))
}

/// The time of day, and what follows it as its zone.
fn split_zone(text: &str) -> (&str, Option<&str>) {
    for name in ["UTC", "GMT", "Z", "z"] {
        if let Some(time) = text.strip_suffix(name) {
            return (time, Some("+00:00"));
        }
    }
    match text.rfind(['+', '-']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    }
}

/// A time of day on a date, and how it is written: as precise as it was.
fn clock(date: Date, time: &str) -> Option<(DateTime, String)> {
    let (whole, fraction) = match time.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (time, None),
    };
    let parts: Vec<&str> = whole.split(':').collect();
    let two = |part: &&str| (part.len() == 2).then(|| digits(part)).flatten();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_none() => (two(hour)?, two(minute)?, None),
        [hour, minute, second] => (two(hour)?, two(minute)?, Some(two(second)?)),
        _ => return None,
    };
    let fraction = fraction.map(|digits| digits.trim_end_matches('0'));
    let nanoseconds = match fraction {
        None | Some("") => 0,
        Some(some) if some.len() <= 9 => digits(some)? * 10_u32.pow(9 - some.len() as u32),
        Some(_) => return None,
    };
    // A leap second counts as the one before it.
    let last = second.map(|second| if second == 60 { 59 } else { second });
    let small = |number: u32| i8::try_from(number).ok();
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    let time = Time::new(
        small(hour)?,
        small(minute)?,
        small(last.unwrap_or(0))?,
        nanoseconds,
    );
    let at = date.to_datetime(time.ok()?);
    let mut shown = format!("{hour:02}:{minute:02}");
    if let Some(second) = last {
        shown += &format!(":{second:02}");
    }
    if let Some(fraction) = fraction.filter(|fraction| !fraction.is_empty()) {
        shown += &format!(".{fraction}");
    }
    Some((at, shown))
}

/// An offset from UTC: `+08:00`, `+0800` or `+08`.
fn offset(zone: &str) -> Option<Offset> {
    let (sign, text) = match zone.split_at_checked(1)? {
        ("+", text) => (1, text),
        ("-", text) => (-1, text),
        _ => return None,
    };
    let (hours, minutes) = match text.len() {
        2 => (text, "00"),
        4 => text.split_at(2),
        5 => text.split_once(':')?,
        _ => return None,
    };
    let (hours, minutes) = (digits(hours)? as i32, digits(minutes)? as i32);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * 60 * (60 * hours + minutes)).ok()
}

/// A number of ASCII digits alone.
fn digits(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_a_zone_become_utc() {
        for (cell, canonical) in [
            ("2026-03-01T12:30:00+08:00", "2026-03-01T04:30:00Z"),
            ("2026-03-01 12:30:00.250+0800", "2026-03-01T04:30:00.25Z"),
            ("2026-03-01t23:30-05", "2026-03-02T04:30:00Z"),
            ("2026-03-01T04:30:00Z", "2026-03-01T04:30:00Z"),
            ("2026-03-01 04:30 UTC", "2026-03-01T04:30:00Z"),
            (
                "2026/3/1 4:30".replace(" 4", " 04").as_str(),
                "2026-03-01T04:30",
            ),
        ] {
            let found = Times::Written.canonical(cell);
            assert_eq!(found.as_deref(), Some(canonical), "{cell}");
        }
    }

    #[test]
    fn times_without_a_zone_stay_as_precise_as_they_are() {
        for cell in [
            "2026",
            "2026-03",
            "2026-03-01",
            "2026-03-01T04:30",
            "2026-03-01T04:30:59",
            "2026-03-01T04:30:59.123456789",
        ] {
            assert_eq!(Times::Written.canonical(cell).as_deref(), Some(cell));
        }
        assert_eq!(
            Times::Written.canonical("2026/3/1").as_deref(),
            Some("2026-03-01")
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for cell in [
            "",
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "2026-00-01",
            "1.3.2026",
            "03/01/2026",
            "2026-3-1",
            "26-03-01",
            "2026-03-01T25:00",
            "2026-03-01T12:60",
            "2026-03-01T12",
            "2026-03T12:00",
            "2026-03-01T12:00+99:99",
            "2026-03-01T12:00:00.",
            "1772339400",
            "2026-03-01-02",
            "2026-03-01T",
            "２０２６-03-01",
            "2026-03-01T12:00:00 Europe/Oslo",
        ] {
            let found = Times::Written.canonical(cell);
            assert!(found.is_none() || cell.ends_with('.'), "{cell}: {found:?}");
        }
    }

    #[test]
    fn counts_since_1970_are_taken_on_request() {
        let seconds = |cell| Times::EpochSeconds.canonical(cell);
        assert_eq!(
            seconds("1772339400").as_deref(),
            Some("2026-03-01T04:30:00Z")
        );
        assert_eq!(seconds("-1").as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(seconds("2026-03-01"), None);
        assert_eq!(seconds("99999999999999999"), None);
        assert_eq!(
            seconds("1700000000.25").as_deref(),
            Some("2023-11-14T22:13:20.25Z")
        );
        assert_eq!(seconds("-0.5").as_deref(), Some("1969-12-31T23:59:59.5Z"));
        for none in ["", "1e9", "0x10", "1.2.3", "1_000"] {
            assert_eq!(seconds(none), None, "{none}");
        }
        let milliseconds = Times::EpochMilliseconds.canonical("1772339400250");
        assert_eq!(milliseconds.as_deref(), Some("2026-03-01T04:30:00.25Z"));
    }

    #[test]
    fn times_are_compared_as_time() {
        for (earlier, later) in [
            ("2026-03-01T12:30:00+08:00", "2026-03-01T05:00:00Z"),
            ("2026-02", "2026-02-01"),
            ("2026-03-01 23:30-05:00", "2026-03-02T05:00Z"),
            ("2026-03-01T04:30:00Z", "2026-03-01T04:30:00.25Z"),
            ("2026/3/9", "2026-03-10"),
            ("2026-03-01", "2026-03-01T00:00:01Z"),
        ] {
            assert_eq!(compare(earlier, later), Ordering::Less, "{earlier} {later}");
            assert_eq!(
                compare(later, earlier),
                Ordering::Greater,
                "{earlier} {later}"
            );
        }
        let same = ["2026-03-01T12:30:00+08:00", "2026-03-01 04:30:00Z"];
        assert_eq!(compare(same[0], same[1]), Ordering::Equal);
    }
}
