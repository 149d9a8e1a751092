//! How the times of a manifest are written, and what is told of those that are none.

use clap::{Args, ValueEnum};
use faunalens::manifest::UnreadTime;
use faunalens::moment::Times;

use super::console::tell;

/// Lines named one by one.
const NAMED: u64 = 20;

/// `--times` of commands that take a manifest.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct TimesOption {
    /// How the manifest writes `captured_at`
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Written)]
    times: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// RFC 3339 and its usual shortenings, such as 2026-03-01 or 2026-03-01 04:30+01:00
    Written,
    /// Seconds since 1970
    EpochSeconds,
    /// Milliseconds since 1970
    EpochMilliseconds,
}

impl TimesOption {
    /// Times as they are usually written.
    pub(super) fn written() -> Self {
        Self {
            times: Form::Written,
        }
    }

    pub(super) fn form(self) -> Times {
        match self.times {
            Form::Written => Times::Written,
            Form::EpochSeconds => Times::EpochSeconds,
            Form::EpochMilliseconds => Times::EpochMilliseconds,
        }
    }
}

/// A time given as an argument, in one form.
pub(super) fn time(text: &str) -> Result<String, String> {
    let time = Times::Written.canonical(text);
    time.ok_or_else(|| "write 2026-03-01 or 2026-03-01T04:30:00+01:00".into())
}

/// Tells of times that are none, the first by their lines.
#[derive(Debug, Default)]
pub(super) struct UnreadTimes {
    count: u64,
}

impl UnreadTimes {
    pub(super) fn tell(&mut self, unread: &UnreadTime) {
        if self.count == 0 {
            tell("faunalens: some times cannot be read; these photos are taken undated");
        }
        self.count += 1;
        if self.count <= NAMED {
            tell(format!("faunalens: {unread}{}", advice(&unread.text)));
        }
    }

    /// Tells how many were not named.
    pub(super) fn conclude(&self) {
        if self.count > NAMED {
            let more = self.count - NAMED;
            tell(format!(
                "faunalens: and {more} more times that cannot be read"
            ));
        }
    }
}

/// What to do about a cell.
fn advice(text: &str) -> &'static str {
    let digits = text.trim_start_matches('-').split('.').next().unwrap_or("");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return " (write 2026-03-01 or 2026-03-01T04:30:00+01:00)";
    }
    match digits.len() {
        ..=8 => " (write 2026-03-01 or 2026-03-01T04:30:00+01:00)",
        9..=11 => " (seconds since 1970? give --times epoch-seconds)",
        _ => " (milliseconds since 1970? give --times epoch-milliseconds)",
    }
}
