//! A disk that takes writes without passing them on.
//!
//! Reads go to the disk below; what is written, made, renamed or removed stays in memory and is
//! seen by later reads. So a database is opened, recovery and all, and its files stay as they are.
//! Holds a page for each page written. Locks are not passed on either. Any thread may call.

use crate::fs::file_system::{File, FileLock, FileSystem, OpenMode};
use crate::sync::{Arc, Mutex};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

const PAGE_BYTES: u64 = 4 << 10;

/// A disk over another one, which it never changes.
#[derive(Debug)]
pub(crate) struct OverlayDisk {
    below: Arc<dyn FileSystem>,
    names: Mutex<BTreeMap<PathBuf, Option<Arc<OverlayFile>>>>,
    directories: Mutex<BTreeSet<PathBuf>>,
}

/// A file of the disk below, and the pages that were written over it.
#[derive(Debug)]
struct OverlayFile {
    below: Option<Arc<dyn File>>,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    bytes: u64,
    /// Beyond this nothing of the file below is seen.
    below_bytes: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug)]
struct OverlayLock;

impl FileLock for OverlayLock {}

impl OverlayDisk {
    /// A disk over `below`.
    pub(crate) fn new(below: Arc<dyn FileSystem>) -> Self {
        Self {
            below,
            names: Mutex::new(BTreeMap::new()),
            directories: Mutex::new(BTreeSet::new()),
        }
    }

    /// The file at `path`, which is taken over from the disk below where it is first seen.
    fn file(&self, path: &Path) -> io::Result<Arc<OverlayFile>> {
        let mut names = self.names.lock();
        if let Some(known) = names.get(path) {
            return known.clone().ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let below = self.below.open(path, OpenMode::Read)?;
        let bytes = below.len()?;
        let file = Arc::new(OverlayFile {
            below: Some(below),
            changes: Mutex::new(Changes {
                bytes,
                below_bytes: bytes,
                pages: BTreeMap::new(),
            }),
        });
        names.insert(path.to_owned(), Some(Arc::clone(&file)));
        Ok(file)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<OverlayFile>> {
        if self.file_len(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Arc::new(OverlayFile {
            below: None,
            changes: Mutex::new(Changes {
                bytes: 0,
                below_bytes: 0,
                pages: BTreeMap::new(),
            }),
        });
        let names = &mut *self.names.lock();
        names.insert(path.to_owned(), Some(Arc::clone(&file)));
        Ok(file)
    }
}

impl OverlayFile {
    /// Fills `buf` from within one page.
    fn read_page(&self, changes: &Changes, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let (page, at) = (offset / PAGE_BYTES, (offset % PAGE_BYTES) as usize);
        if let Some(bytes) = changes.pages.get(&page) {
            let bytes = bytes.get(at..at + buf.len()).unwrap_or_default();
            buf.copy_from_slice(bytes);
            return Ok(());
        }
        buf.fill(0);
        let left = changes.below_bytes.saturating_sub(offset);
        let len = left.min(buf.len() as u64) as usize;
        match (&self.below, buf.get_mut(..len)) {
            (Some(below), Some(buf)) => below.read_exact_at(buf, offset),
            _ => Ok(()),
        }
    }

    /// The page of this number, to be written over.
    fn page<'c>(&self, changes: &'c mut Changes, page: u64) -> io::Result<&'c mut Vec<u8>> {
        if !changes.pages.contains_key(&page) {
            let mut bytes = vec![0; PAGE_BYTES as usize];
            self.read_page(changes, &mut bytes, page * PAGE_BYTES)?;
            changes.pages.insert(page, bytes);
        }
        Ok(changes.pages.entry(page).or_default())
    }
}

/// How much of `len` bytes at `offset` lies within the page that holds the first.
fn within_page(offset: u64, len: usize) -> usize {
    ((PAGE_BYTES - offset % PAGE_BYTES) as usize).min(len)
}

impl File for OverlayFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let changes = self.changes.lock();
        let left = changes.bytes.saturating_sub(offset);
        let len = left.min(buf.len() as u64) as usize;
        if changes.pages.is_empty()
            && let (Some(below), Some(buf)) = (&self.below, buf.get_mut(..len))
            && offset + len as u64 <= changes.below_bytes
        {
            return below.read_at(buf, offset);
        }
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let step = within_page(at, len - done);
            let part = buf.get_mut(done..done + step).unwrap_or_default();
            self.read_page(&changes, part, at)?;
            done += step;
        }
        Ok(len)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let mut changes = self.changes.lock();
        let step = within_page(offset, buf.len());
        let at = (offset % PAGE_BYTES) as usize;
        let page = self.page(&mut changes, offset / PAGE_BYTES)?;
        let to = page.get_mut(at..at + step).unwrap_or_default();
        to.copy_from_slice(buf.get(..step).unwrap_or_default());
        changes.bytes = changes.bytes.max(offset + step as u64);
        Ok(step)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut changes = self.changes.lock();
        if bytes < changes.bytes {
            changes.below_bytes = changes.below_bytes.min(bytes);
            let last = bytes / PAGE_BYTES;
            changes.pages.retain(|&page, _| page <= last);
            if let Some(page) = changes.pages.get_mut(&last) {
                let kept = (bytes % PAGE_BYTES) as usize;
                page.get_mut(kept..).unwrap_or_default().fill(0);
            }
        }
        changes.bytes = bytes;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.changes.lock().bytes)
    }
}

impl FileSystem for OverlayDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        Ok(match mode {
            OpenMode::Read | OpenMode::Write => self.file(path)?,
            OpenMode::CreateNew => self.create(path)?,
        })
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if self.below.file_len(path).is_err() {
            self.directories.lock().insert(path.to_owned());
        }
        Ok(())
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut names: BTreeSet<OsString> = match self.below.list_dir(path) {
            Ok(names) => names.into_iter().collect(),
            Err(_) if self.directories.lock().contains(path) => BTreeSet::new(),
            Err(e) => return Err(e),
        };
        let known = self.names.lock();
        for (known, file) in known
            .iter()
            .filter(|(known, _)| known.parent() == Some(path))
        {
            let Some(name) = known.file_name() else {
                continue;
            };
            match file {
                Some(_) => names.insert(name.to_owned()),
                None => names.remove(name),
            };
        }
        Ok(names.into_iter().collect())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.file(from)?;
        let mut names = self.names.lock();
        names.insert(from.to_owned(), None);
        names.insert(to.to_owned(), Some(file));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.file(path)?;
        self.names.lock().insert(path.to_owned(), None);
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.file(from)?;
        if self.file_len(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.names.lock().insert(to.to_owned(), Some(file));
        Ok(())
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        let known = self.names.lock().get(path).cloned();
        match known {
            Some(Some(file)) => file.len(),
            Some(None) => Err(io::ErrorKind::NotFound.into()),
            None => self.below.file_len(path),
        }
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn FileLock>> {
        Ok(Box::new(OverlayLock))
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use super::*;
    use crate::fs::crash_disk::CrashDisk;

    #[test]
    fn writes_are_seen_above_and_never_reach_the_disk_below() {
        let below = CrashDisk::new();
        below.create_dir_all(Path::new("/d")).unwrap();
        let (a, b) = (Path::new("/d/a"), Path::new("/d/b"));
        below.write_file(a, &[7; 10_000]).unwrap();
        let calls = below.calls();
        let disk = OverlayDisk::new(Arc::new(below.clone()));
        let file = disk.open(a, OpenMode::Write).unwrap();
        file.write_all_at(&[1; 5_000], 4_000).unwrap();
        file.write_all_at(&[2], 20_000).unwrap();
        let mut bytes = vec![0; 20_001];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let expected = [
            &[7; 4_000][..],
            &[1; 5_000],
            &[7; 1_000],
            &[0; 10_000],
            &[2],
        ];
        assert_eq!(bytes, expected.concat());
        file.set_len(9_500).unwrap();
        file.set_len(9_501).unwrap();
        let mut end = [9; 2];
        file.read_exact_at(&mut end, 9_499).unwrap();
        assert_eq!(end, [7, 0]);
        disk.rename(a, b).unwrap();
        disk.open(a, OpenMode::CreateNew).unwrap();
        assert!(disk.open(a, OpenMode::CreateNew).is_err());
        disk.remove_file(a).unwrap();
        assert_eq!(disk.file_len(b).unwrap(), 9_501);
        assert_eq!(disk.list_dir(Path::new("/d")).unwrap(), ["b"]);
        assert_eq!(below.calls(), calls);
        assert_eq!(below.read_file(a).unwrap(), [7; 10_000]);
    }
}
