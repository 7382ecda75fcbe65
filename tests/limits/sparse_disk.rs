//! A disk in memory whose files take the space of what is not zero in them.
//!
//! Names are those of a `CrashDisk`; the content of tables is kept here, without a history.

use grainstore::fs::{CrashDisk, File, FileLock, FileSystem, OpenMode};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const PAGE_BYTES: usize = 4 << 10;

/// The disk; a clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct SparseDisk {
    names: CrashDisk,
    contents: Arc<Mutex<BTreeMap<PathBuf, Arc<Mutex<Content>>>>>,
}

#[derive(Debug, Default)]
struct Content {
    len: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

#[derive(Debug)]
struct SparseFile(Arc<Mutex<Content>>);

/// The parts of a range of `len` bytes at `offset` by page: which, where in it, where in the range.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % PAGE_BYTES as u64) as usize;
        let count = (PAGE_BYTES - within).min(len - done);
        let range = done..done + count;
        done += count;
        (count > 0).then_some((at / PAGE_BYTES as u64, within, range))
    })
}

impl File for SparseFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = self.0.lock().unwrap();
        let len = content.len.saturating_sub(offset).min(buf.len() as u64) as usize;
        for (page, within, range) in parts(offset, len) {
            let count = range.len();
            match content.pages.get(&page) {
                Some(page) => buf[range].copy_from_slice(&page[within..within + count]),
                None => buf[range].fill(0),
            }
        }
        Ok(len)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        let mut content = self.0.lock().unwrap();
        for (number, within, range) in parts(offset, buf.len()) {
            let (bytes, count) = (&buf[range.clone()], range.len());
            if bytes != &ZEROS[..count] || content.pages.contains_key(&number) {
                let page = content.pages.entry(number);
                let page = page.or_insert_with(|| vec![0; PAGE_BYTES].into());
                page[within..within + count].copy_from_slice(bytes);
            }
        }
        content.len = content.len.max(offset + buf.len() as u64);
        Ok(buf.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        assert!(bytes >= self.len()?, "no test here cuts a table");
        self.0.lock().unwrap().len = bytes;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len)
    }
}

impl FileSystem for SparseDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let named = self.names.open(path, mode)?;
        if path
            .extension()
            .is_none_or(|it| it != "table" && it != "part")
        {
            return Ok(named);
        }
        let mut contents = self.contents.lock().unwrap();
        let content = contents.entry(path.to_owned()).or_default();
        Ok(Arc::new(SparseFile(Arc::clone(content))))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.names.create_dir_all(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.names.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.names.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.contents.lock().unwrap().remove(path);
        self.names.remove_file(path)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names.hard_link(from, to)
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        let len = self.names.file_len(path)?;
        let contents = self.contents.lock().unwrap();
        let content = contents.get(path);
        Ok(content.map_or(len, |content| content.lock().unwrap().len))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn FileLock>> {
        self.names.lock(path)
    }
}
