//! One segment file being written: how it comes to be, where its end is, how it is laid out ahead.
//!
//! Where syncs are wanted, zeros are written ahead of the records, so that a commit changes
//! neither the length of the file nor its extents and its sync is a single flush of the device.
//! Nothing but speed rests on the zeros. A recycled file is of full length already; what its
//! earlier life left behind never passes for records of this one. Where commits are not synced one
//! by one, the file is told where the next records go, so that it can take them without a system
//! call each; that, too, is speed alone.
//!
//! Plain data of the writer, without locks of its own; does not know of syncs that run elsewhere.

use crate::error::{Error, Result};
use crate::format::file_name::FileName;
use crate::format::log_record::{SEGMENT_HEADER_BYTES, encode_segment_header};
use crate::fs::file_system::{File, FileSystem, OpenMode};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::io;
use std::path::{Path, PathBuf};

/// The first step ahead of the records; each is twice the one before, up to the last.
const STEP_BYTES_MIN: u64 = 64 << 10;
const STEP_BYTES_MAX: u64 = 8 << 20;
const PAGE_BYTES: u64 = 4 << 10;

static ZEROS: [u8; STEP_BYTES_MIN as usize] = [0; STEP_BYTES_MIN as usize];

/// How the log is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalOptions {
    /// The length from which on a segment takes no more records.
    pub(crate) segment_bytes: u64,
    /// Whether zeros are written ahead: yes where commits are synced.
    pub(crate) prewrite: bool,
    /// Whether the file is told where small writes will follow: yes where not each is synced.
    pub(crate) announce: bool,
}

impl WalOptions {
    /// True where a file of `bytes` is worth keeping as a spare. One that a huge record made long
    /// is better removed.
    pub(crate) fn keeps_spare(&self, bytes: u64) -> bool {
        bytes <= self.segment_bytes.saturating_mul(2)
    }
}

/// A segment that takes records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: Arc<Path>,
    pub(super) file: Arc<dyn File>,
    /// Where the next record goes.
    pub(super) offset: u64,
    /// How far the segment is known to be durable (W1).
    pub(super) synced_up_to: u64,
    /// The length of the file.
    extent: u64,
    prewrite_step: u64,
    /// Up to where the file has been told of the writes that follow.
    announced: u64,
    announce_step: u64,
    options: WalOptions,
}

impl Segment {
    /// Creates segment `number` in `dir`, out of spare `spare` where there is one: header durable,
    /// then the name (W4), then the directory synced.
    pub(super) fn create(
        fs: &dyn FileSystem,
        dir: &Path,
        number: u64,
        spare: Option<u64>,
        options: WalOptions,
    ) -> Result<Self> {
        let path = FileName::Wal(number).in_dir(dir);
        refuse_taken(fs, &path)?;
        let (file, made) = open_unnamed(fs, dir, number, spare)?;
        let offset = SEGMENT_HEADER_BYTES as u64;
        let mut segment = Self {
            number,
            path: path.clone().into(),
            offset,
            synced_up_to: offset,
            extent: file.len().map_err(|e| Error::io("measure", &made, e))?,
            file,
            prewrite_step: STEP_BYTES_MIN,
            announced: 0,
            announce_step: STEP_BYTES_MIN,
            options,
        };
        let header = encode_segment_header(number);
        let written = segment.file.write_all_at(&header, 0);
        written
            .map_err(|e| Error::io("write", &made, e))
            .and_then(|()| segment.prewrite(&made))?;
        let synced = segment.file.sync_all();
        synced.map_err(|e| Error::io("sync", &made, e))?;
        fs.rename(&made, &path)
            .map_err(|e| Error::io("rename", &made, e))?;
        if !planted(Mistake::LogNameUnsynced) {
            fs.sync_dir(dir).map_err(|e| Error::io("sync", dir, e))?;
        }
        Ok(segment)
    }

    /// Writes `bytes` at `at`, which records own.
    pub(super) fn write(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.file
            .write_all_at(bytes, at)
            .map_err(|e| Error::io("write", &self.path, e))
    }

    /// Takes in what was written up to `offset`, and looks ahead: zeros where the file had to grow,
    /// and word of where the next records go.
    pub(super) fn advance(&mut self, offset: u64) -> Result<()> {
        self.offset = offset;
        if self.offset >= self.extent {
            let path = Arc::clone(&self.path);
            self.prewrite(&path)?;
        }
        if self.options.announce && self.offset >= self.announced {
            self.announce();
        }
        Ok(())
    }

    /// Tells the file where the next records go.
    #[cold]
    fn announce(&mut self) {
        let target = (self.offset + self.announce_step).next_multiple_of(PAGE_BYTES);
        self.announce_step = (self.announce_step * 2).min(STEP_BYTES_MAX);
        let limit = match self.options.prewrite {
            true => self.extent,
            false => self.options.segment_bytes,
        };
        self.announced = target.min(limit);
        if self.offset < self.announced {
            self.file.will_write(self.offset..self.announced);
        }
    }

    /// Takes back what was written from `offset` on, down to the length of the file. Nothing of it
    /// is there any more once the caller has synced.
    pub(super) fn cut_back(&mut self, offset: u64) -> Result<()> {
        let cut = self.file.set_len(offset);
        cut.map_err(|e| Error::io("cut", &self.path, e))?;
        (self.offset, self.extent) = (offset, offset);
        Ok(())
    }

    /// Gives back what the file was made longer for writes that were announced and did not come.
    /// Nothing rests on it: where it fails, or is lost with the power, there are zeros.
    pub(super) fn give_back(&self) {
        let end = self.offset.next_multiple_of(PAGE_BYTES);
        let is_announced = self.options.announce && !self.options.prewrite;
        if is_announced && self.file.len().is_ok_and(|len| len > end) {
            let _ = self.file.set_len(end);
        }
    }

    /// Writes zeros ahead, as far as there is space for them: what they are worth is speed alone.
    fn prewrite(&mut self, path: &Path) -> Result<()> {
        let written = self.write_zeros();
        match written.map_err(|e| Error::io("write", path, e)) {
            Err(error) if error.is_storage_full() => Ok(()),
            written => written,
        }
    }

    fn write_zeros(&mut self) -> io::Result<()> {
        if self.offset < self.extent {
            return Ok(());
        }
        self.extent = self.offset;
        if !self.options.prewrite {
            return Ok(());
        }
        let target = (self.offset + self.prewrite_step).next_multiple_of(PAGE_BYTES);
        let target = target.min(self.options.segment_bytes);
        self.prewrite_step = (self.prewrite_step * 2).min(STEP_BYTES_MAX);
        while self.extent < target {
            let zeros = ZEROS.get(..(target - self.extent) as usize);
            let zeros = zeros.unwrap_or(&ZEROS);
            self.file.write_all_at(zeros, self.extent)?;
            self.extent += zeros.len() as u64;
        }
        Ok(())
    }
}

fn refuse_taken(fs: &dyn FileSystem, path: &Path) -> Result<()> {
    let taken = match fs.file_len(path) {
        Ok(_) => io::ErrorKind::AlreadyExists.into(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => e,
    };
    Err(Error::io("create", path, taken))
}

/// True where a spare can never be written, while another file may be.
fn is_of_no_use(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{IsADirectory, NotFound, PermissionDenied};
    matches!(kind, NotFound | IsADirectory | PermissionDenied)
}

/// The file that becomes segment `number`, under the name of a spare: a crash before it has its
/// header leaves one spare more and no segment.
fn open_unnamed(
    fs: &dyn FileSystem,
    dir: &Path,
    number: u64,
    spare: Option<u64>,
) -> Result<(Arc<dyn File>, PathBuf)> {
    if let Some(spare) = spare {
        let path = FileName::SpareWal(spare).in_dir(dir);
        match fs.open(&path, OpenMode::Write) {
            Ok(file) => return Ok((file, path)),
            // A spare that somebody removed, or that is no file of ours, is no reason to stop.
            Err(e) if is_of_no_use(e.kind()) => {}
            Err(e) => return Err(Error::io("open", &path, e)),
        }
    }
    let path = FileName::SpareWal(number).in_dir(dir);
    match fs.open(&path, OpenMode::CreateNew) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => fs.open(&path, OpenMode::Write),
        opened => opened,
    }
    .map(|file| (file, path.clone()))
    .map_err(|e| Error::io("create", &path, e))
}
