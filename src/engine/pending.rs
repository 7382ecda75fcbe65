//! What an open that only read has left to do.

use super::sweep::Files;
use crate::wal::writer::WalWriter;

/// What is left to be done before anything may be written.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The number of the log segment to begin.
    pub(crate) number: u64,
    /// The first segment that is needed from then on.
    pub(crate) log_first: u64,
    /// What lies in the directory.
    pub(crate) files: Files,
    /// The segment, where it was begun and the manifest had no space to say so.
    pub(crate) wal: Option<WalWriter>,
}
