//! Directories and files that may only be read.
//!
//! Who is root may write everywhere, so the rights of the system are asked first whether they bind;
//! a file system that refuses all writes, as one that is mounted to be read, stands in for them.

use crate::work::{Scratch, assert_holds, files, open, options, put};
use grainstore::ErrorKind;
use grainstore::engine::Engine;
use grainstore::fs::{File, FileLock, FileSystem, OpenMode, RealDisk};
use grainstore::inspect::Inspector;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The real disk, mounted to be read.
#[derive(Debug)]
struct ReadOnly;

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl FileSystem for ReadOnly {
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        RealDisk.absolute(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if mode == OpenMode::Read {
            RealDisk.open(path, mode)
        } else {
            refused()
        }
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() { Ok(()) } else { refused() }
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        RealDisk.list_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn hard_link(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn file_len(&self, path: &Path) -> io::Result<u64> {
        RealDisk.file_len(path)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn FileLock>> {
        refused()
    }
}

fn set_rights(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// True where this user may write what nobody may: root, as in many containers.
fn rights_do_not_bind(scratch: &Scratch) -> bool {
    let probe = scratch.path("probe");
    std::fs::write(&probe, b"").unwrap();
    set_rights(&probe, 0o444);
    std::fs::OpenOptions::new().write(true).open(probe).is_ok()
}

#[test]
fn a_database_on_a_disk_that_refuses_writes_is_an_error_and_is_not_touched() {
    let scratch = Scratch::new("read-only-disk");
    let dir = scratch.path("db");
    put(&open(&dir), 0, 300);
    let before = files(&dir);
    let mut options = options();
    options.file_system = Arc::new(ReadOnly);
    for path in [dir.clone(), scratch.path("none")] {
        let error = Engine::open(&path, options.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        let cause = error.io_kind();
        assert_eq!(cause, Some(io::ErrorKind::ReadOnlyFilesystem), "{error}");
        assert!(error.path().unwrap().starts_with(&path), "{error}");
    }
    assert!(files(&dir) == before);
    assert!(!scratch.path("none").exists());
}

#[test]
fn what_may_only_be_read_can_be_looked_at_without_opening_it() {
    let scratch = Scratch::new("inspected");
    let dir = scratch.path("db");
    put(&open(&dir), 0, 300);
    let before = files(&dir);
    let inspector = Inspector::new(ReadOnly);
    assert!(inspector.verify(&dir).unwrap().is_sound());
    assert_eq!(inspector.directory(&dir).unwrap().damage, []);
    assert!(files(&dir) == before);
}

#[test]
fn a_directory_without_the_right_to_write_is_refused_and_opens_once_there_is_one() {
    let scratch = Scratch::new("read-only-dir");
    if rights_do_not_bind(&scratch) {
        println!("not run: this user may write everywhere");
        return;
    }
    let dir = scratch.path("db");
    put(&open(&dir), 0, 300);
    let before = files(&dir);
    for file in std::fs::read_dir(&dir).unwrap() {
        set_rights(&file.unwrap().path(), 0o444);
    }
    set_rights(&dir, 0o555);
    let error = Engine::open(&dir, options()).unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::PermissionDenied));
    set_rights(&dir, 0o755);
    // The last of them is the manifest, without which nothing can be opened. Tables are never
    // written, so they may stay as they are.
    for (name, _) in &before {
        let path = dir.join(name);
        if path.extension().is_some_and(|it| it == "table") {
            continue;
        }
        let error = Engine::open(&dir, options()).unwrap_err();
        assert_eq!(
            error.io_kind(),
            Some(io::ErrorKind::PermissionDenied),
            "{error}"
        );
        set_rights(&path, 0o644);
    }
    assert!(files(&dir) == before);
    let engine = open(&dir);
    put(&engine, 300, 600);
    engine.compact().unwrap();
    assert_holds(&engine, 600);
}
