//! Whether a directory is as a clean close left it, so that it can be read without a write.

use super::sweep::Files;
use crate::manifest::edit_log::Manifest;
use std::collections::BTreeSet;

/// True where the log was closed cleanly, which the manifest knows of, and nothing lies around that
/// would have to be removed.
pub(crate) fn is_quiet(manifest: &Manifest, files: &Files) -> bool {
    let state = manifest.state();
    let is_closed = matches!(state.closed, Some((log, _)) if log == state.log_last);
    let tables: BTreeSet<_> = state.version.tables().map(|t| t.number).collect();
    is_closed
        && manifest.is_only_read()
        // What is there bounds the comparison, and not what the manifest says.
        && files.logs.iter().copied().eq(state.log_first..=state.log_last)
        && files.tables == tables
        && files.spares.is_empty()
        && files.manifests.iter().eq([&manifest.number()])
}

#[cfg(feature = "sim")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::database_format::FormatWindow;
    use crate::fs::crash_disk::CrashDisk;
    use crate::fs::file_system::FileSystem;
    use crate::manifest::state::ManifestState;
    use crate::sync::Arc;
    use std::path::Path;

    /// True where a closed database with segments up to `log_last`, of which the first is there,
    /// is quiet.
    fn is_quiet_up_to(log_last: u64) -> bool {
        let (fs, dir) = (Arc::new(CrashDisk::new()), Path::new("/db"));
        fs.create_dir_all(dir).unwrap();
        let state = ManifestState {
            log_first: 1,
            log_last,
            closed: Some((log_last, 24)),
            file_number_next: 2,
            ..ManifestState::default()
        };
        drop(Manifest::create(fs.clone(), dir, 1, &state, 1).unwrap());
        let found = Manifest::open(fs, dir, FormatWindow::BUILT, |_, _| Ok(()));
        let (manifest, _) = found.unwrap().unwrap();
        let files = Files {
            logs: [1].into(),
            manifests: [1].into(),
            ..Files::default()
        };
        is_quiet(&manifest, &files)
    }

    #[test]
    fn a_manifest_that_names_more_segments_than_could_be_is_not_taken_at_its_word() {
        assert!(is_quiet_up_to(1));
        assert!(!is_quiet_up_to(2));
        assert!(!is_quiet_up_to(1 << 60));
    }
}
