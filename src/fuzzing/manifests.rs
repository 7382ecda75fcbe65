//! Any bytes as an edit of the manifest, as a whole manifest, and as `CURRENT`.

use super::logs::check_refusal;
use super::sealing::reseal;
use crate::format::current_pointer::CurrentPointer;
use crate::format::database_format::FormatWindow;
use crate::format::version_edit::VersionEdit;
use crate::manifest::replay::replay;
use std::path::Path;

/// Takes `bytes` for the fields of an edit.
pub fn version_edit(bytes: &[u8]) {
    let Ok(edit) = VersionEdit::decode(bytes) else {
        return;
    };
    let mut again = Vec::new();
    edit.encode(&mut again);
    assert_eq!(
        again.len(),
        bytes.len(),
        "the order of fields may differ, no more"
    );
    assert_eq!(VersionEdit::decode(&again), Ok(edit));
}

/// Takes the first byte for whether checksums are put right (odd) and the rest for manifest 1.
pub fn manifest(bytes: &[u8]) {
    let Some((&flags, file)) = bytes.split_first() else {
        return;
    };
    let mut file = file.to_vec();
    if flags & 1 == 1 {
        reseal("manifest-000001", &mut file);
    }
    match replay(Path::new("/manifest-000001"), 1, &file, FormatWindow::BUILT) {
        Err(error) => check_refusal(&error),
        Ok(replayed) => {
            assert!(replayed.snapshot_end <= replayed.end && replayed.end <= file.len());
            assert!(replayed.last_start < replayed.end);
            assert_eq!(replayed.torn, replayed.end < file.len());
            // What is left without the torn end reads the same, and is whole.
            let whole = file.get(..replayed.end).unwrap_or_default();
            let again = replay(Path::new("/manifest-000001"), 1, whole, FormatWindow::BUILT);
            let end = again.map_or(0, |it| if it.torn { 0 } else { it.end });
            assert_eq!(end, replayed.end);
        }
    }
}

/// Takes the first byte for whether the checksum is put right (odd) and the rest for `CURRENT`.
pub fn current(bytes: &[u8]) {
    let Some((&flags, file)) = bytes.split_first() else {
        return;
    };
    let mut file = file.to_vec();
    if flags & 1 == 1 {
        reseal("CURRENT", &mut file);
    }
    if let Ok(pointer) = CurrentPointer::decode(&file) {
        assert_eq!(pointer.encode()[..], file);
    }
}
