//! What a simulated disk holds, and the calls that change it.
//!
//! A [`Call`] names files and directories by number, so it can be applied again without looking up
//! paths. The live disk and every replay of its log go through [`DiskState::apply`] alone, which
//! is why they cannot disagree. Plain data, mutated by its owner.

use super::name_tree::{NameChange, NameTree, Node, ROOT, Slot};
use super::pages::{Bytes, Pages};
use crate::sync::Arc;
use std::collections::BTreeMap;

/// A change of one file's content.
#[derive(Debug, Clone)]
pub(crate) enum ContentChange {
    /// Bytes written at an offset.
    Write {
        /// Where.
        offset: u64,
        /// What.
        bytes: Bytes,
    },
    /// The file cut or grown to a length.
    SetLen(u64),
}

impl ContentChange {
    /// Makes the change in `pages`.
    pub(crate) fn apply(&self, pages: &mut Pages) {
        match self {
            Self::Write { offset, bytes } => pages.write(bytes, *offset),
            Self::SetLen(bytes) => pages.set_len(*bytes),
        }
    }

    /// The length of a file of `len` bytes after the change.
    pub(crate) fn len_after(&self, len: u64) -> u64 {
        match self {
            Self::Write { offset, bytes } => len.max(offset + bytes.len()),
            Self::SetLen(bytes) => *bytes,
        }
    }
}

/// A logged call.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// Create, create a directory, link, rename or remove.
    Name(NameChange),
    /// Make the names of a directory durable.
    SyncDir(u64),
    /// Write to a file or set its length.
    Content(u64, ContentChange),
    /// Make the content of a file durable.
    Sync(u64),
}

impl Call {
    /// The call in words, on a disk that started with the names `base` and has seen `before`.
    pub(crate) fn describe(&self, base: &NameTree, before: &[Self]) -> String {
        let mut names = base.clone();
        for call in before {
            if let Self::Name(change) = call {
                names.apply(change);
            }
        }
        let file = |inode| names.path_of(Node::File(inode));
        let slot = |slot: &Slot| names.path_of(Node::Dir(slot.dir)) + "/" + &slot.text();
        match self {
            Self::Name(NameChange { gone, made }) => match (gone, made) {
                (Some(from), Some((to, _))) => format!("rename {} to {}", slot(from), slot(to)),
                (Some(gone), None) => format!("remove {}", slot(gone)),
                (None, Some((made, Node::Dir(_)))) => format!("create directory {}", slot(made)),
                (None, Some((made, _))) => format!("create or link {}", slot(made)),
                (None, None) => "no change".to_owned(),
            },
            Self::SyncDir(dir) => format!("sync directory {}/", names.path_of(Node::Dir(*dir))),
            Self::Content(inode, ContentChange::Write { offset, bytes }) => {
                format!(
                    "write {} bytes at {offset} of {}",
                    bytes.len(),
                    file(*inode)
                )
            }
            Self::Content(inode, ContentChange::SetLen(bytes)) => {
                format!("set the length of {} to {bytes}", file(*inode))
            }
            Self::Sync(inode) => format!("sync {}", file(*inode)),
        }
    }
}

/// Names and contents.
#[derive(Debug, Clone)]
pub(crate) struct DiskState {
    /// All names.
    pub(crate) names: NameTree,
    /// The content of files by number; a file that was created but never written may be missing.
    pub(crate) files: BTreeMap<u64, Arc<Pages>>,
    /// The number that the next new file or directory gets.
    pub(crate) number_next: u64,
}

impl Default for DiskState {
    fn default() -> Self {
        Self {
            names: NameTree::default(),
            files: BTreeMap::new(),
            number_next: ROOT + 1,
        }
    }
}

impl DiskState {
    /// The state of names that can be reached by a path, with the content that `content` gives each
    /// of their files, asked once a file in the order of their numbers.
    pub(crate) fn reachable(
        names: &NameTree,
        number_next: u64,
        mut content: impl FnMut(u64) -> Arc<Pages>,
    ) -> Self {
        let names = names.reachable();
        let mut inodes: Vec<u64> = names.inodes().collect();
        inodes.sort_unstable();
        inodes.dedup();
        let files = inodes.iter().map(|inode| (*inode, content(*inode)));
        Self {
            files: files.collect(),
            names,
            number_next,
        }
    }

    /// The content of a file.
    pub(crate) fn content(&self, inode: u64) -> Arc<Pages> {
        self.files.get(&inode).cloned().unwrap_or_default()
    }

    /// Makes the change that `call` makes; none for a sync.
    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Name(change) => {
                self.names.apply(change);
                if let Some((_, Node::File(number) | Node::Dir(number))) = change.made {
                    self.number_next = self.number_next.max(number + 1);
                }
            }
            Call::Content(inode, change) => {
                change.apply(Arc::make_mut(self.files.entry(*inode).or_default()));
            }
            Call::Sync(_) | Call::SyncDir(_) => {}
        }
    }
}
