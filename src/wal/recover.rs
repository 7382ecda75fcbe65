//! Making what a replay found the durable end of a segment.
//!
//! A recovery must not act on bytes that only the operating system's cache holds: a second crash
//! would take them away. Nor does a sync alone help where an earlier one failed, because the cache
//! may call bytes clean that never reached the disk. So the bytes that no record calls durable are
//! written once more, synced, and only then sealed.
//!
//! Such bytes may also leave the cache at any time, and what is read then is what the disk has. So
//! all that is written once more is held against its checksums first: what a replay has shown is
//! made durable, or nothing is.
//!
//! For whoever takes a database up, before any writer exists. Run again after a crash or a failure,
//! it does the same again.

use super::replay::header_at;
use super::window::{WINDOW_BYTES, Window};
use crate::error::{Error, Result};
use crate::format::log_record::{
    RECORD_HEADER_BYTES, RecordHeader, RecordKind, SEAL_BYTES_MAX, SEGMENT_HEADER_BYTES, Seal,
    encode_seal,
};
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::planted::{Mistake, planted};
use crate::sync::Arc;
use std::path::Path;

/// Seals segment `number` at `offset`, where its replay ended torn, with everything before the
/// seal durable. What stands behind it is ignored from then on.
pub(crate) fn seal_recovered(
    fs: &dyn FileSystem,
    path: &Path,
    number: u64,
    offset: u64,
) -> Result<()> {
    let opened = fs.open(path, OpenMode::Write);
    let file = opened.map_err(|e| Error::io("open", path, e))?;
    let sync = || file.sync_all().map_err(|e| Error::io("sync", path, e));
    let write = |bytes: &[u8], at| {
        let written = file.write_all_at(bytes, at);
        written.map_err(|e| Error::io("write", path, e))
    };
    let mut headers = Window::over_headers(Arc::clone(&file), path)?;
    let mut at = durable_offset(&mut headers, number, offset)?;
    let mut window = Window::new(Arc::clone(&file), path)?;
    if planted(Mistake::RecoveredLogUnsynced) {
        at = offset;
    }
    while at < offset {
        let sound = sound_up_to(&mut window, number, (at, offset))?;
        if sound == at {
            return Err(changed(path, at));
        }
        while at < sound {
            let len = WINDOW_BYTES.min(sound - at);
            let bytes = window.bytes(at, len)?;
            write(bytes.ok_or_else(|| changed(path, at))?, at)?;
            at += len;
        }
    }
    if !planted(Mistake::RecoveredLogUnsynced) {
        sync()?;
    }
    // Only now the seal may call all before it durable (W1).
    write(
        &encode_seal(Seal::Recovered, number, offset, offset),
        offset,
    )?;
    sync()
}

/// Makes the seal that a replay found at `offset` of segment `number` durable.
///
/// What stands before a seal was durable before it was written; the seal itself may be what a
/// failed sync left in the cache.
pub(crate) fn harden_seal(
    fs: &dyn FileSystem,
    path: &Path,
    number: u64,
    offset: u64,
) -> Result<()> {
    let opened = fs.open(path, OpenMode::Write);
    let file = opened.map_err(|e| Error::io("open", path, e))?;
    let length = file.len().map_err(|e| Error::io("look up", path, e))?;
    // The longest seal: what follows a shorter one is written as it is, too.
    let bytes = length.saturating_sub(offset).min(SEAL_BYTES_MAX as u64);
    let mut seal = vec![0; bytes as usize];
    file.read_exact_at(&mut seal, offset)
        .map_err(|e| Error::io("read", path, e))?;
    if !is_seal(&seal, number, offset) {
        return Err(changed(path, offset));
    }
    file.write_all_at(&seal, offset)
        .map_err(|e| Error::io("write", path, e))?;
    file.sync_data().map_err(|e| Error::io("sync", path, e))
}

/// How far the records before `end` call the segment durable.
fn durable_offset(window: &mut Window<'_>, number: u64, end: u64) -> Result<u64> {
    let mut durable = SEGMENT_HEADER_BYTES as u64;
    let mut at = durable;
    while at < end
        && let Some(header) = header_at(window, number, at)?
    {
        durable = durable.max(header.synced_up_to);
        at += header.record_bytes();
    }
    Ok(durable.min(end))
}

/// How far the records from `at` on are sound, which is up to `end` at most: about a window of
/// them at a time, and one at least.
fn sound_up_to(window: &mut Window<'_>, number: u64, (at, end): (u64, u64)) -> Result<u64> {
    let mut sound = at;
    while sound < end && sound - at < WINDOW_BYTES {
        let Some(header) = header_at(window, number, sound)? else {
            break;
        };
        let payload_at = sound + RECORD_HEADER_BYTES as u64;
        let padded = window.bytes(payload_at, header.padded_payload_bytes())?;
        let is_sound = padded.is_some_and(|padded| header.check_payload(padded).is_ok());
        if !is_sound || sound + header.record_bytes() > end {
            break;
        }
        sound += header.record_bytes();
    }
    Ok(sound)
}

/// True where `bytes`, which stand at `offset` of segment `number`, begin with a whole seal.
fn is_seal(bytes: &[u8], number: u64, offset: u64) -> bool {
    let Ok(header) = RecordHeader::decode(bytes, number, offset) else {
        return false;
    };
    let end = usize::try_from(header.record_bytes()).unwrap_or(usize::MAX);
    let padded = bytes.get(RECORD_HEADER_BYTES..end);
    header.kind == RecordKind::Seal
        && padded.is_some_and(|padded| header.check_payload(padded).is_ok())
}

fn changed(path: &Path, offset: u64) -> Error {
    let what = "the log segment holds something else than was read when the database was opened; \
                open it again";
    Error::corruption(path, offset, what)
}
