//! What a journal can be told when it is opened or read, as plain data.

use crate::engine::options::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::fs::file_system::FileSystem;
use crate::fs::real_disk::RealDisk;
use crate::sync::Arc;
use std::path::Path;

const LINE_BYTES_DEFAULT: usize = 64 << 20;
const LINE_BYTES_LEAST: usize = 16;
const LINE_BYTES_MOST: usize = 1 << 30;

/// The options of a journal.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) path: Arc<Path>,
    pub(super) durability: Durability,
    pub(super) line_bytes_max: usize,
    pub(super) skip_damaged: bool,
    pub(super) file_system: Arc<dyn FileSystem>,
}

impl Options {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            durability: Durability::default(),
            line_bytes_max: LINE_BYTES_DEFAULT,
            skip_damaged: false,
            file_system: Arc::new(RealDisk),
        }
    }

    /// An error where an option is out of its bounds.
    pub(super) fn check(&self) -> Result<()> {
        if self.path.as_os_str().is_empty() {
            let text = "the path of the journal is empty; give the path of a file";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let bounds = LINE_BYTES_LEAST..=LINE_BYTES_MOST;
        if !bounds.contains(&self.line_bytes_max) {
            let text = format!(
                "line_bytes_max is {}, and has to be {LINE_BYTES_LEAST} to {LINE_BYTES_MOST}",
                self.line_bytes_max
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        Ok(())
    }
}
