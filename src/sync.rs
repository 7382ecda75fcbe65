//! The one door to threads, locks and atomics.
//!
//! Every other module takes its locks and threads from here, so that one place decides what they
//! are: today `parking_lot` locks (small, without poisoning) and threads of the operating system.
//! What does not live here: channels, executors, timers beyond a plain wait.

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
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

/// Lets the calling thread rest for `span`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn sleep(span: std::time::Duration) {
    std::thread::sleep(span);
}
