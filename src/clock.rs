//! The one door to time.
//!
//! Expiry is an absolute time, so a clock that runs backwards would bring expired records back to
//! life. A [`Clock`] only reads a source; `MonotonicClock` puts a floor under it that never sinks
//! (C1), and the engine stores that floor in every commit record and manifest edit, so that it
//! holds across a reopen too (C2).
//!
//! All times are milliseconds since the Unix epoch, as `u64`; 0 stands for "never" wherever an
//! expiry is stored.

use crate::sync::{Arc, AtomicU64, Ordering};

/// A source of time: milliseconds since the Unix epoch.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The time now, in milliseconds since the Unix epoch. May stand still or run backwards: the
    /// engine guards itself.
    fn now_ms(&self) -> u64;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that is set by hand, for tests of expiry.
///
/// ```
/// use grainstore::clock::{Clock, ManualClock};
/// let clock = ManualClock::new(1_000);
/// clock.advance(500);
/// assert_eq!(clock.now_ms(), 1_500);
/// ```
#[cfg(feature = "sim")]
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    now_ms: Arc<AtomicU64>,
}

#[cfg(feature = "sim")]
impl ManualClock {
    /// A clock that stands at `now_ms`.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self {
            now_ms: Arc::new(AtomicU64::new(now_ms)),
        }
    }

    /// Moves the clock forward by `span_ms`.
    pub fn advance(&self, span_ms: u64) {
        self.now_ms.fetch_add(span_ms, Ordering::SeqCst);
    }

    /// Sets the clock to `now_ms`, backwards too.
    pub fn set(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }
}

#[cfg(feature = "sim")]
impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst)
    }
}

/// A source of time with a floor that only rises.
#[derive(Debug)]
pub(crate) struct MonotonicClock {
    source: Arc<dyn Clock>,
    floor_ms: AtomicU64,
}

impl MonotonicClock {
    /// A clock over `source` that never reads less than `floor_ms`.
    pub(crate) fn new(source: Arc<dyn Clock>, floor_ms: u64) -> Self {
        Self {
            source,
            floor_ms: AtomicU64::new(floor_ms),
        }
    }

    /// The time now; never less than any time read before (C1).
    pub(crate) fn now_ms(&self) -> u64 {
        let now = self.source.now_ms();
        let floor = self.floor_ms.load(Ordering::Relaxed);
        if now > floor {
            // fetch_max: of two readers that race, the larger time stays.
            return self.floor_ms.fetch_max(now, Ordering::Relaxed).max(now);
        }
        floor
    }

    /// Raises the floor to at least `floor_ms`, the time found in the files (C2).
    pub(crate) fn raise(&self, floor_ms: u64) {
        self.floor_ms.fetch_max(floor_ms, Ordering::Relaxed);
    }
}

/// A stopwatch for statistics; never decides what a record is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Backwards(AtomicU64);

    impl Clock for Backwards {
        fn now_ms(&self) -> u64 {
            self.0.fetch_sub(10, Ordering::SeqCst)
        }
    }

    #[test]
    fn time_never_runs_backwards_though_its_source_does() {
        let clock = MonotonicClock::new(Arc::new(Backwards(AtomicU64::new(1_000))), 0);
        assert_eq!(clock.now_ms(), 1_000);
        assert_eq!(clock.now_ms(), 1_000);
        clock.raise(5_000);
        assert_eq!(clock.now_ms(), 5_000);
    }
}
