//! The one door to threads, locks and atomics.
//!
//! Every other module takes its locks and threads from here, so that one place decides what they
//! are: today `parking_lot` locks (small, without poisoning) and threads of the operating system.
//! What does not live here: channels, executors, timers beyond a plain wait.

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockWriteGuard};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, OnceLock, Weak};
pub(crate) use std::thread::JoinHandle;

/// Starts a named thread of the operating system.
#[allow(clippy::disallowed_methods)]
pub(crate) fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
}

/// How many threads the machine runs at once; 1 where it does not tell.
#[allow(clippy::disallowed_methods)]
pub(crate) fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Lets the calling thread rest for `span`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn sleep(span: std::time::Duration) {
    std::thread::sleep(span);
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
