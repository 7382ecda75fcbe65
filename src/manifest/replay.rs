//! The bytes of a manifest to the state they tell.
//!
//! Pure: takes the whole file as a slice and the path only to name it in errors. Any bytes are
//! fine to pass; what cannot be read is an error with file and offset.
//!
//! - R1: the first record was synced before `CURRENT` named its manifest, so it is never torn:
//!   where it does not read, it is damaged.
//! - R2: a later record that does not read is damaged where a record behind it proves that it was
//!   synced; otherwise it is the torn end of the log, and what it wanted to say was never
//!   acknowledged.
//! - R3: a record that reads well but says what cannot be is damage, never a torn end.

use crate::error::{Error, Result};
use crate::format::database_format::{FormatWindow, Standing};
use crate::format::manifest_record::{
    FILE_HEADER_BYTES, KIND_EDIT, KIND_SNAPSHOT, RECORD_HEADER_BYTES, Record, decode_file_header,
    proof_of_sync_beyond, record_at,
};
use crate::format::version_edit::{EditRejection, VersionEdit};
use crate::fs::file_system::File;
use crate::manifest::state::ManifestState;
use crate::manifest::version::TableSet;
use std::io;
use std::path::Path;

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// The format of the database.
    pub(crate) format: u32,
    /// The state after its last whole record.
    pub(crate) state: ManifestState,
    /// Where the first record, the snapshot, ends.
    pub(crate) snapshot_end: usize,
    /// Where the last whole record begins.
    pub(crate) last_start: usize,
    /// Where the last whole record ends.
    pub(crate) end: usize,
    /// Bytes of a write that was cut short stand behind the end.
    pub(crate) torn: bool,
}

/// Reads manifest `number` from the `bytes` of its whole file at `path`; the format of the database
/// has to be within `window`.
pub(crate) fn replay(
    path: &Path,
    number: u64,
    bytes: &[u8],
    window: FormatWindow,
) -> Result<Replayed> {
    let damage = |offset: usize, what: &str| {
        let what = format!("{what}; restore the database from a backup");
        Error::corruption(path, offset as u64, what)
    };
    let format = decode_file_header(bytes, number).map_err(|d| damage(d.offset, d.what))?;
    check_format(path, 0, format, window)?;
    let (mut tables, mut state) = (TableSet::default(), ManifestState::default());
    state.raise_file_number(number);
    let (mut at, mut last_start, mut snapshot_end) = (FILE_HEADER_BYTES, FILE_HEADER_BYTES, 0);
    let mut torn = false;
    while at < bytes.len() || snapshot_end == 0 {
        let record = match record_at(bytes, number, at) {
            Ok(record) => record,
            Err(d) if snapshot_end == 0 => return Err(damage(d.offset, d.what)), // R1
            Err(d) => match proof_of_sync_beyond(bytes, number, at) {
                Some(proof) => {
                    let what = format!("{}, though the record at {proof} came after it", d.what);
                    return Err(damage(d.offset, &what)); // R2
                }
                None => {
                    torn = true;
                    break;
                }
            },
        };
        let edit = edit_of(path, at, &record, snapshot_end == 0)?;
        state.raise(&edit);
        tables.apply(edit).map_err(|what| damage(at, what))?; // R3
        (last_start, at) = (at, record.end);
        snapshot_end = if snapshot_end == 0 { at } else { snapshot_end };
    }
    if torn {
        // Whatever the lost edit said, it came after the close.
        state.closed = None;
    }
    state.version = tables
        .into_version()
        .map_err(|what| damage(last_start, what))?; // R3
    Ok(Replayed {
        format,
        state,
        snapshot_end,
        last_start,
        end: at,
        torn,
    })
}

fn edit_of(path: &Path, at: usize, record: &Record<'_>, first: bool) -> Result<VersionEdit> {
    if record.kind != KIND_SNAPSHOT && record.kind != KIND_EDIT {
        let what = format!("a record of kind {}", record.kind);
        return Err(newer_format(path, at, &what));
    }
    if first != (record.kind == KIND_SNAPSHOT) {
        let what = "the snapshot is not the first record; restore the database from a backup";
        return Err(Error::corruption(path, at as u64, what));
    }
    VersionEdit::decode(record.payload).map_err(|rejection| match rejection {
        EditRejection::Damaged(d) => {
            let offset = (at + RECORD_HEADER_BYTES + d.offset) as u64;
            let what = format!("{}; restore the database from a backup", d.what);
            Error::corruption(path, offset, what)
        }
        EditRejection::UnknownTag(tag) => {
            newer_format(path, at, &format!("a field with tag {tag}"))
        }
    })
}

/// An error where a database of `format`, as `path` says, is not within `window`.
pub(crate) fn check_format(
    path: &Path,
    at: usize,
    format: u32,
    window: FormatWindow,
) -> Result<()> {
    match window.standing(format) {
        Standing::Read => Ok(()),
        Standing::Newer => {
            let newest = window.newest;
            let what = format!("format version {format} (the newest known is {newest})");
            Err(newer_format(path, at, &what))
        }
        Standing::Older => {
            let text = format!(
                "has format version {format}, and the oldest that this version of grainstore \
                 reads is {}: open the database with an earlier version and upgrade it there",
                window.least
            );
            Err(Error::unsupported(path, at as u64, text))
        }
    }
}

/// The error for `what` at `offset` of `path`, which reads well and which this build does not know.
pub(crate) fn newer_format(path: &Path, offset: usize, what: &str) -> Error {
    let text = format!(
        "has {what}, which this version of grainstore does not know: a newer version wrote it; \
         open the database with that version or a newer one"
    );
    Error::unsupported(path, offset as u64, text)
}

/// All bytes of `file`, which is at `path`.
pub(crate) fn read_whole(file: &dyn File, path: &Path) -> Result<Vec<u8>> {
    let refused = |e| Error::io("read", path, e);
    let length = file.len().map_err(refused)?;
    let too_long = || refused(io::ErrorKind::OutOfMemory.into());
    let length = usize::try_from(length).map_err(|_| too_long())?;
    let mut bytes = Vec::new();
    // A damaged length must be an error and not the end of the process.
    bytes.try_reserve_exact(length).map_err(|_| too_long())?;
    bytes.resize(length, 0);
    file.read_exact_at(&mut bytes, 0).map_err(refused)?;
    Ok(bytes)
}
