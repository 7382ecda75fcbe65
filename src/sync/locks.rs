//! Locks in the shape of `parking_lot`'s over those of std or of shuttle.
//!
//! Never part of a plain build. Miri gets std's, since `parking_lot` makes pointers of integers;
//! the models of `models/` get those of shuttle, which runs one thread at a time and draws the next
//! by chance. There a short timed wait may end at once, as if its time were over; a long one does
//! not end without a notice, so that a notice which is lost shows.

#![allow(dead_code)] // what of it is called depends on the features

#[cfg(shuttle)]
use shuttle::sync as inner;
use std::fmt;
use std::ops::{Deref, DerefMut};
#[cfg(not(shuttle))]
use std::sync as inner;
use std::sync::PoisonError;
use std::time::Duration;

/// A lock without poisoning.
#[derive(Default)]
pub(crate) struct Mutex<T>(inner::Mutex<T>);

/// What a [`Mutex`] guards, while it is locked. Empty only inside of a wait.
pub(crate) struct MutexGuard<'a, T> {
    of: &'a inner::Mutex<T>,
    held: Option<inner::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(inner::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let mut guard = MutexGuard {
            of: &self.0,
            held: None,
        };
        guard.take();
        guard
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = Some(self.0.try_lock().ok()?);
        Some(MutexGuard { of: &self.0, held })
    }
}

impl<T> MutexGuard<'_, T> {
    /// Runs `work` with the lock let go, and takes it again.
    pub(crate) fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
        drop(guard.held.take());
        let done = work();
        guard.take();
        done
    }

    fn take(&mut self) {
        let held = self.of.lock();
        self.held = Some(held.unwrap_or_else(PoisonError::into_inner));
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.held {
            Some(held) => held,
            None => std::process::abort(), // it is empty only inside of a wait
        }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.held {
            Some(held) => held,
            None => std::process::abort(), // it is empty only inside of a wait
        }
    }
}

impl<T> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

/// A lock for one writer or many readers, without poisoning.
#[derive(Default)]
pub(crate) struct RwLock<T>(inner::RwLock<T>);

pub(crate) use inner::RwLockWriteGuard;

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(inner::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> inner::RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

/// A condition variable.
#[derive(Default)]
pub(crate) struct Condvar(inner::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(inner::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            let woken = self.0.wait(held);
            guard.held = Some(woken.unwrap_or_else(PoisonError::into_inner));
        }
    }

    #[cfg(not(shuttle))]
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, span: Duration) {
        if let Some(held) = guard.held.take() {
            let woken = self.0.wait_timeout(held, span);
            guard.held = Some(woken.unwrap_or_else(PoisonError::into_inner).0);
        }
    }

    #[cfg(shuttle)]
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, span: Duration) {
        const LONG: Duration = Duration::from_millis(500);
        if span >= LONG {
            return self.wait(guard);
        }
        drop(guard.held.take());
        shuttle::thread::yield_now();
        guard.take();
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
