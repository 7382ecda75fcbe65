//! What table work behind the writers failed of, until it goes well again.
//!
//! A flush or compaction that fails has changed nothing: its inputs are in force, its outputs are
//! removed. So it is no reason to refuse writes; it is kept here to be shown, and tried again.
//! Only where memory would otherwise grow without bound do writers get the error of the flush.

use super::trace;
use crate::clock::Stopwatch;
use crate::error::{Error, Result};
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use std::time::Duration;

/// How long failed work rests before the background thread tries it again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Which work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Flush,
    Compaction,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Compaction => "compaction",
        }
    }
}

/// The failure of one kind of work.
#[derive(Debug)]
struct Failure {
    error: Error,
    since: Stopwatch,
}

/// The failures that have not been made good yet.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    flush: Lane,
    compaction: Lane,
    /// Failures so far, of both kinds.
    count: AtomicU64,
}

#[derive(Debug, Default)]
struct Lane {
    fails: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

impl Trouble {
    fn lane(&self, work: Work) -> &Lane {
        match work {
            Work::Flush => &self.flush,
            Work::Compaction => &self.compaction,
        }
    }

    /// Takes note of how `work` went, and passes that on. Work that is not due fails of nothing.
    pub(crate) fn note<T>(&self, work: Work, result: Result<T>) -> Result<T> {
        let lane = self.lane(work);
        match &result {
            Ok(_) if lane.fails.load(Ordering::Acquire) => {
                *lane.failure.lock() = None;
                lane.fails.store(false, Ordering::Release);
            }
            Ok(_) => {}
            Err(error) => {
                trace::work_failed(work.name(), error);
                self.count.fetch_add(1, Ordering::Relaxed);
                *lane.failure.lock() = Some(Failure {
                    error: error.copied(),
                    since: Stopwatch::start(),
                });
                lane.fails.store(true, Ordering::Release);
            }
        }
        result
    }

    /// True where `work` failed the last time.
    pub(crate) fn fails(&self, work: Work) -> bool {
        self.lane(work).fails.load(Ordering::Acquire)
    }

    /// True where `work` failed so lately that to try it again is of no use.
    pub(crate) fn rests(&self, work: Work) -> bool {
        let is_fresh = |failure: &Failure| failure.since.elapsed() < RETRY_AFTER;
        self.fails(work)
            && self
                .lane(work)
                .failure
                .lock()
                .as_ref()
                .is_some_and(is_fresh)
    }

    /// What `work` failed of the last time.
    pub(crate) fn error_of(&self, work: Work) -> Option<Error> {
        let failure = self.lane(work).failure.lock();
        failure.as_ref().map(|failure| failure.error.copied())
    }

    /// The failure to show: that of a flush before that of a compaction.
    pub(crate) fn shown(&self) -> Option<Error> {
        self.error_of(Work::Flush)
            .or_else(|| self.error_of(Work::Compaction))
    }

    /// How many failures there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
