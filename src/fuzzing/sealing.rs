//! Puts the checksums of a damaged file right.
//!
//! A checksum stops nearly every damage at the door. What is behind it has to hold all the same:
//! a bug of an older build, or malice, writes nonsense with sound checksums. So nothing else is
//! mended here, and what cannot be found is left as it is.

use crate::format::block_envelope::ENVELOPE_BYTES;
use crate::format::checksum::{placed, plain};
use crate::format::compression::unpack;
use crate::format::file_name::FileName;
use crate::format::footer::FOOTER_BYTES;
use crate::format::index::Index;
use crate::format::{log_record, manifest_record};
use crate::memory::buffer::Buffer;
use std::ffi::OsStr;

/// Makes every checksum of the file called `name` fit its bytes.
pub fn reseal(name: &str, bytes: &mut [u8]) {
    match FileName::parse(OsStr::new(name)) {
        Some(FileName::Wal(number)) => reseal_log(bytes, number),
        Some(FileName::Manifest(number)) => reseal_manifest(bytes, number),
        Some(FileName::Table(number)) => reseal_table(bytes, number),
        Some(FileName::Current) => reseal_header(bytes, 0),
        _ => {}
    }
}

/// Puts `value` at `at`, where that is inside.
fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(4)) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

fn number_at<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(N)?)?;
    Some(
        field
            .iter()
            .rev()
            .fold(0, |all, &b| all << 8 | u64::from(b)),
    )
}

/// The 24 bytes that logs, manifests and `CURRENT` begin with: magic, version, checksum, number.
fn reseal_header(bytes: &mut [u8], number: u64) {
    if let Some(header) = bytes.get(..24) {
        let crc = placed(number, 0, &[&header[..12], &header[16..]]);
        put(bytes, 12, crc);
    }
}

fn reseal_log(bytes: &mut [u8], number: u64) {
    reseal_header(bytes, number);
    let mut at = log_record::SEGMENT_HEADER_BYTES;
    while let Some(length) = number_at::<4>(bytes, at + 4) {
        let body = at + log_record::RECORD_HEADER_BYTES;
        let payload = bytes.get(body..body.saturating_add(length as usize));
        let next = payload.map(|payload| (body + payload.len()).next_multiple_of(8));
        if let Some(crc) = payload.map(plain) {
            put(bytes, at + 8, crc);
        }
        let Some(header) = bytes.get(at + 4..body) else {
            return;
        };
        let crc = placed(number, at as u64, &[header]);
        put(bytes, at, crc);
        let Some(next) = next else { return };
        at = next;
    }
}

fn reseal_manifest(bytes: &mut [u8], number: u64) {
    reseal_header(bytes, number);
    let mut at = manifest_record::FILE_HEADER_BYTES;
    while let Some(length) = number_at::<7>(bytes, at + 8) {
        let body = at + manifest_record::RECORD_HEADER_BYTES;
        let padded = (length as usize).checked_next_multiple_of(8);
        let end = padded.and_then(|padded| body.checked_add(padded));
        let payload = end.and_then(|end| bytes.get(body..end));
        let next = payload.map(|payload| body + payload.len());
        if let Some(crc) = payload.map(plain) {
            put(bytes, at + 4, crc);
        }
        let Some(header) = bytes.get(at + 4..body) else {
            return;
        };
        let crc = placed(number, at as u64, &[header]);
        put(bytes, at, crc);
        let Some(next) = next else { return };
        at = next;
    }
}

/// Makes the checksum of a block in its envelope fit, as it stands at `offset` of file `number`.
pub(super) fn reseal_envelope(bytes: &mut [u8], number: u64, offset: u64) {
    if let Some(crc_at) = bytes.len().checked_sub(4) {
        let (payload, _) = bytes.split_at(crc_at);
        let crc = placed(number, offset, &[payload]);
        put(bytes, crc_at, crc);
    }
}

fn reseal_part(bytes: &mut [u8], number: u64, offset: u64, len: u64) -> Option<()> {
    let from = usize::try_from(offset).ok()?;
    let to = from.checked_add(usize::try_from(len).ok()?)?;
    reseal_envelope(bytes.get_mut(from..to)?, number, offset);
    Some(())
}

fn reseal_table(bytes: &mut [u8], number: u64) {
    let Some(footer_at) = bytes.len().checked_sub(FOOTER_BYTES) else {
        return;
    };
    let footer = bytes.get(footer_at..footer_at + 68).unwrap_or_default();
    let crc = placed(number, footer_at as u64, &[footer]);
    put(bytes, footer_at + 68, crc);
    let mut index_at = None;
    for section in 0..4 {
        let at = footer_at + section * 16;
        let place = number_at::<8>(bytes, at).zip(number_at::<8>(bytes, at + 8));
        let Some((offset, len)) = place else { return };
        let _ = reseal_part(bytes, number, offset, len);
        index_at = index_at.or(Some((offset, len)));
    }
    let Some((offset, len)) = index_at else {
        return;
    };
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
    let sealed = bytes.get(from..to).filter(|s| s.len() >= ENVELOPE_BYTES);
    let Some((code, payload)) = sealed.and_then(|s| s[..s.len() - 4].split_last()) else {
        return;
    };
    let Ok(payload) = unpack(*code, payload.to_vec().into(), &Buffer::on_heap) else {
        return;
    };
    if let Ok(index) = Index::decode(&payload, offset) {
        for (offset, len) in (0..index.len()).filter_map(|i| index.block(i)) {
            let _ = reseal_part(bytes, number, offset, len as u64);
        }
    }
}
