//! Whether a directory is as a clean close left it, so that it can be read without a write.

use super::sweep::Files;
use crate::manifest::edit_log::Manifest;
use std::collections::BTreeSet;

/// True where the log was closed cleanly, which the manifest knows of, nothing lies around that
/// would have to be removed, and no record in the tables expires: the clock, which a session that
/// writes nothing does not leave behind, is of no consequence then.
pub(crate) fn is_quiet(manifest: &Manifest, files: &Files) -> bool {
    let state = manifest.state();
    let is_closed = matches!(state.closed, Some((log, _)) if log == state.log_last);
    let logs = (state.log_first..=state.log_last).collect::<BTreeSet<_>>();
    let tables: BTreeSet<_> = state.version.tables().map(|t| t.number).collect();
    let mut properties = state.version.tables().map(|t| &t.properties);
    is_closed
        && manifest.is_only_read()
        && files.logs == logs
        && files.tables == tables
        && files.spares.is_empty()
        && files.manifests.iter().eq([&manifest.number()])
        && properties.all(|properties| properties.expiring == 0)
}
