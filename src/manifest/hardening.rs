//! Making sure that what was read of a manifest is durable, before anybody acts on it (M5 of
//! [`super::edit_log`]).

use crate::error::{Error, Result};
use crate::fs::file_system::{File, FileSystem};
use crate::manifest::inventory::Inventory;
use crate::manifest::replay::Replayed;
use crate::planted::{Mistake, planted};
use std::path::Path;

/// What is still to be done for a manifest that was only read.
#[derive(Debug)]
pub(super) struct Hardening {
    /// Where the last record starts, and its bytes; none where the snapshot is the last.
    last: Option<(u64, Vec<u8>)>,
    /// What else was in the directory.
    pub(super) found: Inventory,
}

impl Hardening {
    /// What `bytes`, which were replayed, call for.
    pub(super) fn of(bytes: &[u8], replayed: &Replayed, found: Inventory) -> Self {
        // The snapshot was synced before CURRENT named it (M2), an edit before the next (M1).
        let has_edits = replayed.last_start >= replayed.snapshot_end;
        let last = has_edits.then(|| {
            let bytes = bytes.get(replayed.last_start..replayed.end);
            let bytes = bytes.unwrap_or_default().to_vec();
            (replayed.last_start as u64, bytes)
        });
        Self { last, found }
    }

    /// Writes the last record once more. Where that fails, the bytes of the file are as they were.
    pub(super) fn write_again(&self, file: &dyn File, path: &Path) -> Result<()> {
        match &self.last {
            Some((start, bytes)) if !planted(Mistake::RecoveredManifestUnsynced) => {
                let written = file.write_all_at(bytes, *start);
                written.map_err(|e| Error::io("write", path, e))
            }
            _ => Ok(()),
        }
    }

    /// Makes all of the file durable, and the names of its directory.
    pub(super) fn sync(&self, fs: &dyn FileSystem, file: &dyn File, path: &Path) -> Result<()> {
        if !planted(Mistake::RecoveredManifestUnsynced) {
            file.sync_data().map_err(|e| Error::io("sync", path, e))?;
        }
        let dir = path.parent().unwrap_or(path);
        let synced = fs.sync_dir(dir);
        synced.map_err(|e| Error::io("sync the directory", dir, e))
    }
}
