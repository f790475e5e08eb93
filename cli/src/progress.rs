//! A progress bar on standard error, when that is a terminal and the work takes long.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(700);

pub(crate) struct Progress {
    total: u64,
    template: &'static str,
    started: Instant,
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Progress {
    /// For `total` steps; `template` is indicatif's.
    pub(crate) fn new(total: u64, template: &'static str) -> Progress {
        #[expect(clippy::disallowed_methods, reason = "how long people wait is a matter of their clock")]
        let started = Instant::now();
        Progress { total, template, started, bar: None, is_terminal: std::io::stderr().is_terminal() }
    }

    /// Shows that `done` steps are done.
    pub(crate) fn set(&mut self, done: u64) {
        if !self.is_terminal || self.started.elapsed() < PATIENCE {
            return;
        }
        let make = || {
            let style = ProgressStyle::with_template(self.template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr()).with_style(style)
        };
        self.bar.get_or_insert_with(make).set_position(done);
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
