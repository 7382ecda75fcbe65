//! Time, as it passes or as one thread spends it.

use std::time::Instant;

/// A measurement that has begun.
pub struct Stopwatch {
    start: Instant,
    /// What the thread had run for at the start, in nanoseconds, where that is asked for.
    ran: Option<u64>,
}

impl Stopwatch {
    /// Starts. With `cpu`, the time counts that the calling thread runs.
    pub fn start(cpu: bool) -> Self {
        Self {
            ran: if cpu { thread_ran() } else { None },
            start: Instant::now(),
        }
    }

    /// Nanoseconds since the start.
    pub fn nanoseconds(&self) -> f64 {
        match (self.ran, thread_ran()) {
            (Some(before), Some(now)) => (now - before) as f64,
            _ => self.start.elapsed().as_nanos() as f64,
        }
    }
}

/// How long this thread has run, in nanoseconds; `None` where the system does not tell.
fn thread_ran() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
