//! The names of a simulated disk: directories by number, each a map from names to what they name.
//!
//! A name is a slot in a directory, as on a real disk, so that the file behind it can be renamed,
//! linked and unlinked without being touched. Directories are shared until somebody changes them.
//! Plain data, mutated by its owner. Paths are taken apart lexically: a leading `/` and `.` say
//! nothing, `..` is refused.

use crate::sync::Arc;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The number of the top directory.
pub(crate) const ROOT: u64 = 0;

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    /// The file with this number.
    File(u64),
    /// The directory with this number.
    Dir(u64),
}

/// A place for a name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// The number of the directory.
    pub(crate) dir: u64,
    /// The name in it.
    pub(crate) name: Arc<OsStr>,
}

impl Slot {
    /// The name, for people.
    pub(crate) fn text(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }
}

/// A change of names that happens whole or not at all.
#[derive(Debug, Clone)]
pub(crate) struct NameChange {
    /// The slot that is emptied.
    pub(crate) gone: Option<Slot>,
    /// The slot that is filled, and with what.
    pub(crate) made: Option<(Slot, Node)>,
}

impl NameChange {
    /// The one or two slots it touches.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let made = self.made.as_ref().map(|(slot, _)| slot);
        self.gone.iter().chain(made)
    }
}

type Directory = BTreeMap<Arc<OsStr>, Node>;

/// All names of a disk.
#[derive(Debug, Clone)]
pub(crate) struct NameTree {
    dirs: BTreeMap<u64, Arc<Directory>>,
}

impl Default for NameTree {
    fn default() -> Self {
        Self {
            dirs: BTreeMap::from([(ROOT, Arc::default())]),
        }
    }
}

impl NameTree {
    /// What `slot` names.
    pub(crate) fn get(&self, slot: &Slot) -> Option<Node> {
        self.dirs.get(&slot.dir)?.get(&slot.name).copied()
    }

    /// Makes `change`.
    pub(crate) fn apply(&mut self, change: &NameChange) {
        if let Some(slot) = &change.gone {
            self.directory_mut(slot.dir).remove(&slot.name);
        }
        if let Some((slot, node)) = &change.made {
            self.directory_mut(slot.dir)
                .insert(Arc::clone(&slot.name), *node);
            if let Node::Dir(dir) = node {
                self.dirs.entry(*dir).or_default();
            }
        }
    }

    fn directory_mut(&mut self, dir: u64) -> &mut Directory {
        Arc::make_mut(self.dirs.entry(dir).or_default())
    }

    /// The number of the directory at `path`.
    pub(crate) fn dir(&self, path: &Path) -> io::Result<u64> {
        self.walk(&names_of(path)?)
    }

    /// The slot of `path` in its directory, which must exist.
    pub(crate) fn slot(&self, path: &Path) -> io::Result<Slot> {
        let names = names_of(path)?;
        let Some((name, parents)) = names.split_last() else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        Ok(Slot {
            dir: self.walk(parents)?,
            name: Arc::from(*name),
        })
    }

    /// The slot of `path`, which must be empty.
    pub(crate) fn free_slot(&self, path: &Path) -> io::Result<Slot> {
        let slot = self.slot(path)?;
        match self.get(&slot) {
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
            None => Ok(slot),
        }
    }

    /// The slot of `path` and the number of the file it names.
    pub(crate) fn file(&self, path: &Path) -> io::Result<(Slot, u64)> {
        let slot = self.slot(path)?;
        match self.get(&slot) {
            Some(Node::File(inode)) => Ok((slot, inode)),
            Some(Node::Dir(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The names in the directory `dir`.
    pub(crate) fn list(&self, dir: u64) -> Vec<OsString> {
        let directory = self.dirs.get(&dir);
        directory.map_or_else(Vec::new, |entries| {
            entries
                .keys()
                .map(|name| name.as_ref().to_owned())
                .collect()
        })
    }

    /// This tree without the directories that no path leads to.
    pub(crate) fn reachable(&self) -> Self {
        let mut dirs = BTreeMap::new();
        let mut open = vec![ROOT];
        while let Some(dir) = open.pop() {
            let Some(entries) = self.dirs.get(&dir) else {
                continue;
            };
            for node in entries.values() {
                if let Node::Dir(below) = node {
                    open.push(*below);
                }
            }
            dirs.insert(dir, Arc::clone(entries));
        }
        Self { dirs }
    }

    /// The numbers of the files named in any directory, once for each name.
    pub(crate) fn inodes(&self) -> impl Iterator<Item = u64> {
        let nodes = self.dirs.values().flat_map(|entries| entries.values());
        nodes.filter_map(|node| match node {
            Node::File(inode) => Some(*inode),
            Node::Dir(_) => None,
        })
    }

    /// The paths of all files with their numbers, ascending by path.
    pub(crate) fn files(&self) -> Vec<(PathBuf, u64)> {
        let mut files = Vec::new();
        let mut open = vec![(PathBuf::from("/"), ROOT)];
        while let Some((path, dir)) = open.pop() {
            for (name, node) in self
                .dirs
                .get(&dir)
                .iter()
                .flat_map(|entries| entries.iter())
            {
                match node {
                    Node::File(inode) => files.push((path.join(&**name), *inode)),
                    Node::Dir(below) => open.push((path.join(&**name), *below)),
                }
            }
        }
        files.sort();
        files
    }

    /// A path that leads to `node`, for people; empty for the top directory.
    pub(crate) fn path_of(&self, node: Node) -> String {
        if node == Node::Dir(ROOT) {
            return String::new();
        }
        for (dir, entries) in &self.dirs {
            if let Some((name, _)) = entries.iter().find(|(_, there)| **there == node) {
                return self.path_of(Node::Dir(*dir)) + "/" + &name.to_string_lossy();
            }
        }
        format!("an unlinked file ({node:?})")
    }

    fn walk(&self, names: &[&OsStr]) -> io::Result<u64> {
        let mut dir = ROOT;
        for name in names {
            let entries = self.dirs.get(&dir);
            dir = match entries.and_then(|entries| entries.get(*name)) {
                Some(Node::Dir(below)) => *below,
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => return Err(io::ErrorKind::NotFound.into()),
            };
        }
        Ok(dir)
    }
}

/// The names that lead from the top to `path`.
pub(crate) fn names_of(path: &Path) -> io::Result<Vec<&OsStr>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            Component::ParentDir => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(tree: &NameTree, path: &str, node: Node) -> NameChange {
        NameChange {
            gone: None,
            made: Some((tree.slot(Path::new(path)).unwrap(), node)),
        }
    }

    #[test]
    fn directory_without_a_name_takes_its_files_with_it() {
        let mut tree = NameTree::default();
        let dir = made(&tree, "/a", Node::Dir(1));
        tree.apply(&dir);
        let file = made(&tree, "/a/x", Node::File(2));
        let mut without_dir = NameTree::default();
        without_dir.apply(&file);
        tree.apply(&file);
        assert_eq!(tree.reachable().files(), [(PathBuf::from("/a/x"), 2)]);
        assert_eq!(without_dir.reachable().files(), []);
        assert_eq!(without_dir.reachable().inodes().count(), 0);
    }

    #[test]
    fn relative_and_absolute_paths_are_the_same_and_parents_are_refused() {
        let mut tree = NameTree::default();
        tree.apply(&made(&tree.clone(), "/x", Node::File(9)));
        assert_eq!(tree.file(Path::new("./x")).unwrap().1, 9);
        let up = tree.file(Path::new("/y/../x")).unwrap_err();
        assert_eq!(up.kind(), io::ErrorKind::InvalidInput);
        let through_a_file = tree.slot(Path::new("/x/y")).unwrap_err();
        assert_eq!(through_a_file.kind(), io::ErrorKind::NotADirectory);
    }
}
