//! The one door to threads, locks and atomics.
//!
//! Every other module takes its locks and threads from here, so that one place decides what they
//! are: today `parking_lot` locks (small, without poisoning) and threads of the operating system.
//! Under miri the locks are std's, and the models in `models/` put others behind the door:
//! shuttle's (`locks`), and loom's, by a door of their own.
//! What does not live here: channels, executors, timers beyond a plain wait.

#[cfg(any(shuttle, miri))]
mod locks;

pub(crate) use arc_swap::{ArcSwap, ArcSwapOption, Guard};
#[cfg(any(shuttle, miri))]
pub(crate) use locks::{Condvar, Mutex, MutexGuard, RwLock, RwLockWriteGuard};
#[cfg(not(any(shuttle, miri)))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockWriteGuard};
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
#[cfg(shuttle)]
use shuttle::thread;
use std::ops::Range;
#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, OnceLock, Weak};
#[cfg(not(shuttle))]
use std::thread;
use std::thread::available_parallelism;
pub(crate) use thread::JoinHandle;

/// Says of plain memory that threads share without a lock who touches what of it: nothing at all in
/// a build, a check for races in the models of `models/`.
#[derive(Debug)]
pub(crate) struct SharedMemory;

impl SharedMemory {
    /// For a memory of so many bytes.
    #[inline]
    pub(crate) fn new(_bytes: usize) -> Self {
        Self
    }

    /// These bytes have been written.
    #[inline]
    pub(crate) fn wrote(&self, _bytes: Range<usize>) {}

    /// These bytes may be read from here on.
    #[inline]
    pub(crate) fn reads(&self, _bytes: Range<usize>) {}
}

/// Starts a named thread of the operating system.
#[allow(clippy::disallowed_methods)]
pub(crate) fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(body)
}

/// How many threads the machine runs at once; 1 where it does not tell.
#[allow(clippy::disallowed_methods)]
pub(crate) fn parallelism() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Lets the calling thread rest for `span`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn sleep(span: std::time::Duration) {
    thread::sleep(span);
}

/// Runs `work`, which may wait for the disk, on the runtime's threads for such work. Where the
/// future is dropped, `work` runs to its end nevertheless.
#[cfg(feature = "tokio")]
pub(crate) async fn off_runtime<R: Send + 'static>(
    work: impl FnOnce() -> crate::error::Result<R> + Send + 'static,
) -> crate::error::Result<R> {
    use crate::error::{Error, ErrorKind};
    match runtime()?.spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            // A panic of the caller's closure or codec goes on where it was called.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                let text = "the tokio runtime shut down before the work was begun";
                Err(Error::new(ErrorKind::Closed, text))
            }
        },
    }
}

/// The runtime around the caller; an error where there is none.
#[cfg(feature = "tokio")]
pub(crate) fn runtime() -> crate::error::Result<tokio::runtime::Handle> {
    tokio::runtime::Handle::try_current().map_err(|_| {
        let text = "there is no tokio runtime here; call it within one";
        crate::error::Error::new(crate::error::ErrorKind::InvalidInput, text)
    })
}

/// A counter that threads share without sharing a cache line: each adds to a shard of its own, as
/// far as there are enough. To read it is to add the shards up.
#[cfg(feature = "metrics")]
#[derive(Debug, Default)]
pub(crate) struct ShardedCounter {
    shards: [Shard; SHARDS],
}

#[cfg(feature = "metrics")]
const SHARDS: usize = 16;

/// Two lines of 64 bytes: processors fetch them in pairs.
#[cfg(feature = "metrics")]
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(AtomicU64);

#[cfg(feature = "metrics")]
impl ShardedCounter {
    /// Adds one.
    #[inline]
    pub(crate) fn add_one(&self) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
        }
        // A thread that is ending has no shard of its own any more.
        let own = OWN.try_with(|own| *own).unwrap_or(0);
        if let Some(shard) = self.shards.get(own) {
            shard.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(crate) fn sum(&self) -> u64 {
        let counts = self.shards.iter().map(|s| s.0.load(Ordering::Relaxed));
        counts.sum()
    }
}

#[cfg(feature = "metrics")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharded_counter_misses_nothing_of_many_threads() {
        let counter = Arc::new(ShardedCounter::default());
        let threads: Vec<_> = (0..40)
            .map(|_| {
                let counter = Arc::clone(&counter);
                spawn("count", move || (0..1_000).for_each(|_| counter.add_one())).unwrap()
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(counter.sum(), 40_000);
    }
}
