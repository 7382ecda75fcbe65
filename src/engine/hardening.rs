//! What makes the log durable that an open has read, before anybody acts on it.
//!
//! A replay only reads, and what it reads may be in the cache of the operating system alone: a
//! power cut would take it away. So it notes how each segment ends, and whoever is the first to
//! write has the ends made durable, from the oldest to the newest:
//!
//! - V1: the seals that were found are durable before anything is written that relies on them;
//! - V2: the segment that a crash left open is sealed at the end of what survived, with all before
//!   that end durable, so that nothing behind it can come back later.
//!
//! It may be done any number of times, also after a failure: each time the same bytes are written
//! once more, so that a sync after one that failed has something to do. Takes as much memory as
//! there are segments.

use crate::error::Result;
use crate::format::file_name::FileName;
use crate::fs::file_system::FileSystem;
use crate::wal::recover::{harden_seal, seal_recovered};
use crate::wal::replay::ReplayEnd;
use std::path::Path;

/// How the segments end that were read, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Hardening {
    ends: Vec<(u64, ReplayEnd)>,
}

impl Hardening {
    /// Takes note of the end of segment `number`, which is newer than those before.
    pub(crate) fn note(&mut self, number: u64, end: ReplayEnd) {
        self.ends.push((number, end));
    }

    /// True where every segment ends as it does in a log that was closed cleanly.
    pub(crate) fn is_as_closed(&self) -> bool {
        self.ends
            .iter()
            .all(|(_, end)| matches!(end, ReplayEnd::Rolled { .. } | ReplayEnd::Closed { .. }))
    }

    /// Makes the segments durable, each up to its end. After an error none of them counts as such.
    pub(crate) fn run(&self, file_system: &dyn FileSystem, dir: &Path) -> Result<()> {
        for &(number, end) in &self.ends {
            let path = FileName::Wal(number).in_dir(dir);
            match end {
                ReplayEnd::Torn { offset } => seal_recovered(file_system, &path, number, offset)?,
                ReplayEnd::Rolled { offset }
                | ReplayEnd::Closed { offset, .. }
                | ReplayEnd::Recovered { offset } => {
                    harden_seal(file_system, &path, number, offset)?;
                }
            }
        }
        Ok(())
    }
}
