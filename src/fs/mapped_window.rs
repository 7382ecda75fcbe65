//! A stretch of a file that is written by copying into memory.
//!
//! A system call for each small write costs many times what the copying does. Where a file grows in
//! small steps, the stretch that comes next is mapped, and a write is a copy into the system's own
//! cache of the file. It means what `pwrite` means: a killed process loses nothing of it, whoever
//! reads the file sees it, and a sync of the file makes it durable. Both ways may be mixed.
//!
//! - M1: `bytes` bytes from `start` on are a shared mapping of the file from `offset` on, made by
//!   [`map`](MappedWindow::map) and taken away by the drop; nobody else knows where it is.
//! - M2: only the part `ready` is touched. The system was asked to have its pages ready for writes,
//!   and where it cannot (the disk is full, the device fails) it says so there, in an error, and
//!   not by a signal at the copy. What lies before it is given back, so that a window takes little
//!   memory however much is written.
//! - M3: the file does not get shorter than the window: who cuts it lets go of the window first.
//!
//! Mapped are files of ext4, XFS and tmpfs, which never need space to write a second time where
//! they have written once. What can still happen, as with every mapped file: another program that
//! cuts the file, or a device that cannot read back a ready page which the system had put away in
//! the meantime, ends the process by `SIGBUS`.
//!
//! Belongs to one thread at a time. Linux 5.14 or later; elsewhere there are no windows.

#![allow(unsafe_code)]

use rustix::fs::{FallocateFlags, fallocate, fstat, fstatfs};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};
use rustix::param::page_size;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

/// What is made ready at once. A page takes a microsecond or two, which some write has to wait for,
/// so it had better be few at a time.
const READY_BYTES: usize = 8 << 10;
/// What is given back at once.
const PASSED_BYTES: usize = 256 << 10;
/// What is mapped begins and ends with a multiple of this: no system has larger pages.
const MAPPED_BYTES: u64 = 64 << 10;
/// ext2 to ext4, XFS, tmpfs.
const FILE_SYSTEMS: [u64; 3] = [0xef53, 0x5846_5342, 0x0102_1994];

/// A mapped stretch of a file.
#[derive(Debug)]
pub(super) struct MappedWindow {
    start: NonNull<u8>,
    bytes: usize,
    offset: u64,
    ready: Range<usize>,
}

// SAFETY: the mapping belongs to the window alone (M1) and to no thread.
unsafe impl Send for MappedWindow {}

impl MappedWindow {
    /// A window over `range` of `file`, which is given the space for it and grows where it is
    /// shorter.
    pub(super) fn map(file: impl AsFd, range: Range<u64>) -> io::Result<Self> {
        let kind = fstatfs(&file)?.f_type as u64 & 0xffff_ffff;
        if !FILE_SYSTEMS.contains(&kind) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let offset = range.start / MAPPED_BYTES * MAPPED_BYTES;
        let end = range.end.next_multiple_of(MAPPED_BYTES);
        let bytes = usize::try_from(end.saturating_sub(offset)).unwrap_or(0);
        let len = fstat(&file)?.st_size as u64;
        if len < end {
            fallocate(&file, FallocateFlags::empty(), len, end - len)?;
        }
        let (rights, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at a place of the system's choice (M1), of a range that the file
        // has (M3). No bytes or none that can be: the system refuses.
        let start = unsafe { mmap(ptr::null_mut(), bytes, rights, flags, &file, offset) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidInput)?;
        let from = (range.start - offset) as usize;
        Ok(Self {
            start,
            bytes,
            offset,
            ready: from..from,
        })
    }

    /// Writes all of `bytes` at `at` of the file; `false`, and nothing written, where that is not
    /// within what is left of the window.
    pub(super) fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<bool> {
        let from = at.checked_sub(self.offset).map(usize::try_from);
        let Some(Ok(from)) = from.filter(|_| at >= self.offset + self.ready.start as u64) else {
            return Ok(false);
        };
        let end = from.checked_add(bytes.len());
        let Some(end) = end.filter(|&end| end <= self.bytes) else {
            return Ok(false);
        };
        if end > self.ready.end {
            self.make_ready(from, end)?;
        }
        // SAFETY: `from..end` lies in the mapping (M1), in the part whose pages are ready (M2) and
        // which the file has (M3). No slice of the mapping was ever handed out, so the bytes do
        // not overlap it, and the window is borrowed by its one writer.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.as_ptr().add(from), bytes.len());
        }
        Ok(true)
    }

    /// Makes pages ready up to `end` and some more, and gives back those before `from` (M2).
    #[cold]
    fn make_ready(&mut self, from: usize, end: usize) -> io::Result<()> {
        let page = page_size();
        let is_apart = from > self.ready.end;
        // What was written past the window meanwhile need not be ready.
        let first = self.ready.end.max(from) / page * page;
        let last = end.max(first.saturating_add(READY_BYTES));
        let last = last.next_multiple_of(page).min(self.bytes);
        self.advise(first..last, Advice::LinuxPopulateWrite)?;
        self.ready.end = last;
        let (start, from) = (self.ready.start / page * page, from / page * page);
        if from.saturating_sub(start) >= PASSED_BYTES || is_apart {
            // The pages stay in the system's cache and are written back as any others.
            let _ = self.advise(start..from, Advice::LinuxDontNeed);
            self.ready.start = from;
        }
        Ok(())
    }

    fn advise(&self, part: Range<usize>, advice: Advice) -> io::Result<()> {
        debug_assert!(part.start <= part.end && part.end <= self.bytes);
        // SAFETY: the part lies in the mapping (M1). To have pages ready changes no byte; pages of
        // a shared mapping that are not needed are read from the file again when they are.
        unsafe {
            madvise(
                self.start.as_ptr().add(part.start).cast(),
                part.len(),
                advice,
            )
        }
        .map_err(io::Error::from)
    }
}

impl Drop for MappedWindow {
    fn drop(&mut self) {
        // SAFETY: the whole of the mapping (M1), which nobody can reach any more. What was written
        // stays in the file.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_types, clippy::disallowed_methods)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::path::PathBuf;

    fn file(name: &str) -> (File, PathBuf) {
        let name = format!("grainstore-window-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true);
        (file.open(&path).unwrap(), path)
    }

    /// A window, or none on a system that has none.
    fn window(file: &File, range: Range<u64>) -> Option<MappedWindow> {
        MappedWindow::map(file, range).ok()
    }

    fn read(file: &File, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, at).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_to_a_window_and_beside_it_is_in_the_file_at_once() {
        let (file, path) = file("mixed");
        file.write_all_at(b"head", 0).unwrap();
        if let Some(mut window) = window(&file, 4..1 << 20) {
            assert!(window.write(b"first", 4).unwrap());
            assert_eq!(read(&file, 0, 9), b"headfirst");
            file.write_all_at(b"second", 9).unwrap();
            assert!(window.write(b"third", 15).unwrap());
            drop(window);
            assert_eq!(read(&file, 0, 20), b"headfirstsecondthird");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_not_whole_within_what_is_left_of_a_window_is_left_alone() {
        let (file, path) = file("bounds");
        if let Some(mut window) = window(&file, 100..4_096) {
            let end = window.offset + window.bytes as u64;
            assert_eq!(file.metadata().unwrap().len(), end);
            assert!(!window.write(b"before", 99).unwrap());
            assert!(!window.write(b"behind", end - 5).unwrap());
            assert!(!window.write(b"far", u64::MAX).unwrap());
            assert!(window.write(b"last", end - 4).unwrap());
            assert_eq!(read(&file, end - 4, 4), b"last");
            assert_eq!(read(&file, 95, 10), [0; 10]);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn many_small_writes_pass_through_a_window_whole_and_what_has_passed_is_not_touched_again() {
        let (file, path) = file("many");
        let total: u64 = 3 << 20;
        if let Some(mut window) = window(&file, 0..total) {
            let mut at = 0;
            for i in 0u32.. {
                let bytes = [i as u8; 231];
                if !window.write(&bytes, at).unwrap() {
                    break;
                }
                at += bytes.len() as u64;
            }
            assert!(at + 231 > total && window.ready.len() <= 2 * PASSED_BYTES);
            assert!(!window.write(b"again", 0).unwrap());
            let bytes = read(&file, 0, at as usize);
            let is_whole = |(i, part): (usize, &[u8])| part.iter().all(|&b| b == i as u8);
            assert!(bytes.chunks_exact(231).enumerate().all(is_whole));
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_was_written_past_a_window_is_not_taken_for_ready() {
        let (file, path) = file("apart");
        if let Some(mut window) = window(&file, 0..1 << 20) {
            assert!(window.write(b"first", 0).unwrap());
            let far = 600_000;
            file.write_all_at(&vec![7; far], 5).unwrap();
            assert!(window.write(b"second", 5 + far as u64).unwrap());
            assert!(window.ready.start > far - PASSED_BYTES && window.ready.end > 5 + far);
            assert!(!window.write(b"between", 300_000).unwrap());
            assert_eq!(read(&file, 0, 5), b"first");
            assert_eq!(read(&file, 5 + far as u64, 6), b"second");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_has_no_window() {
        let (_, path) = file("read-only");
        let read_only = File::open(&path).unwrap();
        assert!(MappedWindow::map(&read_only, 0..4_096).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
