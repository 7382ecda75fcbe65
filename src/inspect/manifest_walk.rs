//! A walk over a manifest that goes on behind damage.
//!
//! Records start at multiples of eight and each says where it belongs, so the ones behind a bad
//! one are found. A bad one that a later record calls durable was once good; any other is the end
//! that a crash left. Takes the whole file, which its caller has read. Pure, for any thread.

use super::damage::Damage;
use crate::format::database_format::{FormatWindow, Standing};
use crate::format::manifest_record::{
    FILE_HEADER_BYTES, KIND_EDIT, KIND_SNAPSHOT, RECORD_HEADER_BYTES, Record, decode_file_header,
    proof_of_sync_beyond, record_at,
};
use crate::format::version_edit::{EditRejection, VersionEdit};
use std::path::Path;

/// Offsets of records are multiples of this.
const ALIGNMENT: usize = 8;

/// One step of the walk.
#[derive(Debug)]
pub(crate) enum ManifestStep {
    /// A record that reads well.
    Record {
        offset: usize,
        end: usize,
        kind: u8,
        synced_up_to: u64,
        edit: Box<VersionEdit>,
    },
    /// The last whole record ends here; what is behind was never acknowledged.
    Torn { offset: usize },
    /// Something that was once good, or that this build does not know.
    Damage(Damage),
}

/// The walk over one manifest.
#[derive(Debug)]
pub(crate) struct ManifestWalk {
    number: u64,
    offset: usize,
    started: bool,
}

impl ManifestWalk {
    /// Walks over manifest `number`.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            offset: FILE_HEADER_BYTES,
            started: false,
        }
    }

    /// The next step over `bytes`, the whole file at `path`; `None` at the end.
    pub(crate) fn next(&mut self, path: &Path, bytes: &[u8]) -> Option<ManifestStep> {
        if !self.started {
            self.started = true;
            let format = decode_file_header(bytes, self.number);
            let damage = match format {
                Ok(format) if FormatWindow::BUILT.standing(format) == Standing::Read => None,
                Ok(format) => {
                    self.offset = bytes.len();
                    let what = format!("has format version {format}, which another build wrote");
                    Some(Damage::unsupported(path, 0, what))
                }
                Err(fault) => Some(Damage::new(path, fault.offset as u64, fault.what)),
            };
            if let Some(damage) = damage {
                return Some(ManifestStep::Damage(damage));
            }
        }
        if self.offset >= bytes.len() {
            return None;
        }
        let at = self.offset;
        match record_at(bytes, self.number, at) {
            Ok(record) => {
                self.offset = record.end;
                Some(whole(path, at, &record))
            }
            Err(fault) => {
                let behind = (at + ALIGNMENT..bytes.len()).step_by(ALIGNMENT);
                let whole = |&at: &usize| record_at(bytes, self.number, at).is_ok();
                let next = behind.into_iter().find(whole);
                self.offset = next.unwrap_or(bytes.len());
                // Each record is durable before the next is written.
                if next.is_none() && proof_of_sync_beyond(bytes, self.number, at).is_none() {
                    return Some(ManifestStep::Torn { offset: at });
                }
                let damage = Damage::new(path, at as u64, fault.what);
                Some(ManifestStep::Damage(damage))
            }
        }
    }
}

fn whole(path: &Path, at: usize, record: &Record<'_>) -> ManifestStep {
    let offset = at as u64;
    if record.kind != KIND_SNAPSHOT && record.kind != KIND_EDIT {
        let what = format!(
            "has a record of kind {}, which a newer build wrote",
            record.kind
        );
        return ManifestStep::Damage(Damage::unsupported(path, offset, what));
    }
    match VersionEdit::decode(record.payload) {
        Ok(edit) => ManifestStep::Record {
            offset: at,
            end: record.end,
            kind: record.kind,
            synced_up_to: record.synced_up_to,
            edit: Box::new(edit),
        },
        Err(EditRejection::Damaged(fault)) => {
            let offset = (at + RECORD_HEADER_BYTES + fault.offset) as u64;
            ManifestStep::Damage(Damage::new(path, offset, fault.what))
        }
        Err(EditRejection::UnknownTag(tag)) => {
            let what = format!("has a field with tag {tag}, which a newer build wrote");
            ManifestStep::Damage(Damage::unsupported(path, offset, what))
        }
    }
}
