//! The table files that are kept open, within one bound for all tables.
//!
//! A table that nobody has read for a while gives its file up and opens it again when a block is
//! next missed; index and filter stay. Each table has a slot for its file, as it has one for each
//! block, so a read that must go to the disk takes no lock as long as the file is there, and one
//! that finds its block in memory does not come here at all. CLOCK chooses which file goes.
//!
//! Invariants: a slot changes only under the lock of the ring (O1). Slots hold
//! `files_max` files at most (O2), and room for those that are being opened is made before. Whoever
//! reads from a file that was given up keeps it open until the read is done, so what is open at a
//! time is the bound and one for each reading thread.
//!
//! Any thread may call. Files are opened and closed with no lock held.

use crate::fs::file_system::File;
use crate::sync::{Arc, ArcSwapOption, AtomicBool, AtomicU64, Guard, Mutex, Ordering, Weak};
use std::collections::VecDeque;
use std::io;

/// This many dead frames are always let stand.
const DEAD_FRAMES_MIN: usize = 64;

/// An open file.
#[derive(Debug)]
struct OpenFile(Arc<dyn File>);

/// Where a table keeps its file.
#[derive(Debug, Default)]
pub(crate) struct FileSlot {
    file: ArcSwapOption<OpenFile>,
    /// Set by readers, taken back by the hand of the clock.
    referenced: AtomicBool,
}

/// A file on loan: what was in a slot stays open for as long as this lives.
pub(crate) struct FileRef(Guard<Option<Arc<OpenFile>>>);

impl FileRef {
    /// The file. A `FileRef` that was handed out has one.
    pub(crate) fn get(&self) -> io::Result<&dyn File> {
        let file = self.0.as_deref();
        file.map(|open| &*open.0)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FileSlot {
    fn load(&self) -> Option<FileRef> {
        let guard = self.file.load();
        if guard.is_none() {
            return None;
        }
        // Written only where it changes: readers share the line otherwise.
        if !self.referenced.load(Ordering::Relaxed) {
            self.referenced.store(true, Ordering::Relaxed);
        }
        Some(FileRef(guard))
    }

    fn is_filled(&self) -> bool {
        self.file.load().is_some()
    }
}

/// The bound on open files that all tables of an engine share.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    files_max: usize,
    ring: Mutex<Ring>,
    /// Bytes of the files that nobody needs but those who read them still.
    pub(super) obsolete_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct Ring {
    /// The slots that were filled, the oldest first.
    frames: VecDeque<Weak<FileSlot>>,
    /// Frames whose slot has its file.
    open: usize,
    opening: usize,
}

impl Ring {
    /// Turns the clock until no more than `files_max` are in slots; what it lets go is to be
    /// dropped once the lock is free.
    fn make_room(&mut self, files_max: usize) -> Vec<Arc<OpenFile>> {
        let mut gone = Vec::new();
        // Readers may mark files faster than the hand passes them; two rounds are enough.
        let mut spares_left = 2 * self.frames.len();
        while self.open > files_max {
            let Some(frame) = self.frames.pop_front() else {
                break;
            };
            let Some(slot) = frame.upgrade().filter(|slot| slot.is_filled()) else {
                continue;
            };
            if spares_left > 0 && slot.referenced.swap(false, Ordering::Relaxed) {
                spares_left -= 1;
                self.frames.push_back(frame);
            } else {
                gone.extend(slot.file.swap(None));
                self.open -= 1;
            }
        }
        gone
    }

    fn sweep(&mut self) {
        if self.frames.len() > DEAD_FRAMES_MIN.max(2 * self.open) {
            let is_filled = |slot: &Weak<FileSlot>| slot.upgrade().is_some_and(|s| s.is_filled());
            self.frames.retain(is_filled);
        }
    }
}

impl OpenFiles {
    /// Keeps at most `files_max` files open; at least one.
    pub(crate) fn new(files_max: usize) -> Arc<Self> {
        Arc::new(Self {
            files_max: files_max.max(1),
            ring: Mutex::new(Ring::default()),
            obsolete_bytes: AtomicU64::new(0),
        })
    }

    /// How many files are kept open.
    pub(crate) fn count(&self) -> usize {
        self.ring.lock().open
    }

    /// Bytes of the files that go once those who read them are done.
    pub(crate) fn obsolete_bytes(&self) -> u64 {
        self.obsolete_bytes.load(Ordering::Relaxed)
    }

    /// The file of `slot`, which `open` opens where it is not there. Where the process has no
    /// handle left for it, all other tables give theirs up first.
    pub(crate) fn get(
        &self,
        slot: &Arc<FileSlot>,
        open: impl Fn() -> io::Result<Arc<dyn File>>,
    ) -> io::Result<FileRef> {
        if let Some(file) = slot.load() {
            return Ok(file);
        }
        self.begin_opening();
        let opened = open().or_else(|error| {
            if !is_out_of_handles(&error) {
                return Err(error);
            }
            drop(self.ring.lock().make_room(0));
            open()
        });
        let mut ring = self.ring.lock();
        ring.opening -= 1;
        let gone = ring.make_room(self.files_max - 1);
        let opened = Arc::new(OpenFile(opened?));
        if let Some(faster) = slot.load() {
            return Ok(faster);
        }
        slot.referenced.store(false, Ordering::Relaxed);
        slot.file.store(Some(Arc::clone(&opened)));
        ring.frames.push_back(Arc::downgrade(slot));
        ring.open += 1;
        ring.sweep();
        debug_assert!(ring.open <= self.files_max, "O2");
        drop(ring);
        drop(gone);
        Ok(FileRef(Guard::from_inner(Some(opened))))
    }

    fn begin_opening(&self) {
        let mut ring = self.ring.lock();
        ring.opening += 1;
        let left = self.files_max.saturating_sub(ring.opening);
        let gone = ring.make_room(left);
        drop(ring);
        drop(gone); // closed before the other is opened
    }

    /// Closes the file of a table that goes, but for who reads from it now.
    pub(crate) fn forget(&self, slot: &FileSlot) {
        let mut ring = self.ring.lock();
        let file = slot.file.swap(None);
        if file.is_some() {
            ring.open -= 1;
            ring.sweep();
        }
        drop(ring);
        drop(file);
    }
}

/// True where the process, or the system, has no handle left for another open file.
fn is_out_of_handles(error: &io::Error) -> bool {
    // ENFILE and EMFILE, and ERROR_TOO_MANY_OPEN_FILES; the standard library has no stable name.
    let codes: &[i32] = if cfg!(windows) { &[4] } else { &[23, 24] };
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}
