//! Progress of long commands: a bar on a terminal, nothing elsewhere.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

const BYTES: &str = "{msg} [{bar:30}] {bytes}/{total_bytes}, {binary_bytes_per_sec}, {eta} left";
const COUNT: &str = "{msg} {spinner} {human_pos} records, {per_sec}";

/// A bar, or its absence.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over so many bytes; one that only counts where that is not known.
    pub(crate) fn new(output: &Output, what: &str, bytes: Option<u64>) -> Self {
        if !output.shows_progress() {
            return Self(ProgressBar::hidden());
        }
        let (bar, template) = match bytes {
            Some(bytes) => (ProgressBar::new(bytes), BYTES),
            None => (ProgressBar::new_spinner(), COUNT),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So much is done, in the unit of the bar.
    pub(crate) fn reached(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
