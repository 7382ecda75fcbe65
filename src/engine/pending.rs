//! What an open, which only reads, has left to do.

use super::hardening::Hardening;
use super::sweep::Files;
use crate::wal::writer::WalWriter;

/// What is left to be done before anything may be written.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Nothing of it is needed before the first write: all is as a clean close left it, so that
    /// what was read is durable, and no record expires.
    pub(crate) is_quiet: bool,
    /// What makes durable what was read of the log.
    pub(crate) hardening: Hardening,
    /// The number of the log segment to begin.
    pub(crate) number: u64,
    /// The first segment that is needed from then on.
    pub(crate) log_first: u64,
    /// What lies in the directory.
    pub(crate) files: Files,
    /// The segment, where it was begun and the manifest had no space to say so.
    pub(crate) wal: Option<WalWriter>,
}
