//! The door to threads, locks and atomics with loom behind it.
//!
//! Doubles where loom has none: [`OnceLock`] publishes with one atomic, [`ArcSwapOption`] is an
//! atomic number of a version in a list that only grows, and [`SharedMemory`] holds a cell for each
//! eight bytes, whose races loom sees. `Arc` is std's: its counts are not modelled.

use loom::cell::UnsafeCell;
pub(crate) use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::fmt;
use std::ops::{Deref, Range};
pub(crate) use std::sync::{Arc, Weak};

/// A lock without poisoning.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A value that is set once: the atomic is set with `Release` after it and read with `Acquire`
/// before it, as std promises. A pointer in size, as there are hundreds in one memtable and the
/// stacks of loom's threads are short.
#[derive(Debug)]
pub(crate) struct OnceLock<T>(std::sync::OnceLock<Box<Once<T>>>);

#[derive(Debug)]
struct Once<T> {
    is_set: AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    fn once(&self) -> &Once<T> {
        let empty = || Once {
            is_set: AtomicBool::new(false),
            value: std::sync::OnceLock::new(),
        };
        self.0.get_or_init(|| Box::new(empty()))
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let once = self.once();
        let is_set = once.is_set.load(Ordering::Acquire);
        once.value.get().filter(|_| is_set)
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let once = self.once();
        let set = once.value.set(value);
        once.is_set.store(true, Ordering::Release);
        set
    }

    /// For values that are set before they are shared.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _ = self.set(make());
        self.once().value.get().unwrap()
    }
}

/// What a load of an [`ArcSwapOption`] lends.
pub(crate) struct Guard<T>(T);

impl<T> Guard<T> {
    pub(crate) fn from_inner(inner: T) -> Self {
        Self(inner)
    }

    pub(crate) fn into_inner(lent: Self) -> T {
        lent.0
    }
}

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A pointer that is swapped whole.
pub(crate) struct ArcSwapOption<T> {
    now: AtomicUsize,
    versions: std::sync::Mutex<Vec<Option<Arc<T>>>>,
}

impl<T> ArcSwapOption<T> {
    pub(crate) fn load(&self) -> Guard<Option<Arc<T>>> {
        Guard(self.load_full())
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        let version = self.now.load(Ordering::Acquire);
        self.versions.lock().unwrap()[version].clone()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        self.swap(value);
    }

    pub(crate) fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        let version = {
            let mut versions = self.versions.lock().unwrap();
            versions.push(value);
            versions.len() - 1
        };
        let before = self.now.swap(version, Ordering::AcqRel);
        self.versions.lock().unwrap()[before].clone()
    }
}

impl<T> Default for ArcSwapOption<T> {
    fn default() -> Self {
        Self {
            now: AtomicUsize::new(0),
            versions: std::sync::Mutex::new(vec![None]),
        }
    }
}

impl<T> fmt::Debug for ArcSwapOption<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArcSwapOption").finish_non_exhaustive()
    }
}

const CELL_BYTES: usize = 8;

/// A cell for each eight bytes of a chunk.
pub(crate) struct SharedMemory(Vec<UnsafeCell<()>>);

impl SharedMemory {
    pub(crate) fn new(bytes: usize) -> Self {
        let cells = 0..bytes.div_ceil(CELL_BYTES);
        Self(cells.map(|_| UnsafeCell::new(())).collect())
    }

    fn cells(&self, bytes: Range<usize>) -> &[UnsafeCell<()>] {
        &self.0[bytes.start / CELL_BYTES..bytes.end.div_ceil(CELL_BYTES)]
    }

    pub(crate) fn wrote(&self, bytes: Range<usize>) {
        for cell in self.cells(bytes) {
            cell.with_mut(|_| ());
        }
    }

    pub(crate) fn reads(&self, bytes: Range<usize>) {
        for cell in self.cells(bytes) {
            cell.with(|_| ());
        }
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").finish_non_exhaustive()
    }
}
