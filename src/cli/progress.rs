//! How far a study or a lesson has come, as a bar on a terminal.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};

use faunalens::progress::{Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar per stage; none where standard error is no terminal.
pub(super) struct Bar(Mutex<ProgressBar>);

impl Bar {
    pub(super) fn new() -> Self {
        Self(Mutex::new(ProgressBar::hidden()))
    }

    fn bar(&self) -> MutexGuard<'_, ProgressBar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bar {
    fn begin(&self, stage: Stage, steps: usize) {
        if !io::stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}, {eta} left");
        *self.bar() = ProgressBar::new(steps as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_message(stage.to_string());
    }

    fn step(&self) {
        self.bar().inc(1);
    }

    fn end(&self) {
        self.bar().finish_and_clear();
    }
}

/// A bar on a terminal; nothing where standard error is a file or a pipe.
pub(super) fn bar(what: &'static str, length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if length > 0 {
        "{bar:30} {percent}% {msg}, {eta} left"
    } else {
        "{spinner} {pos} {msg}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = if length > 0 {
        ProgressBar::new(length)
    } else {
        ProgressBar::no_length()
    };
    bar.with_style(style).with_message(what)
}
