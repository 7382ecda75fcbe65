//! What a full disk, files that cannot be read, and files that contradict each other come to.

use crate::error::{Error, ErrorKind};
use crate::format::current_pointer::CurrentPointer;
use crate::format::database_format::FormatWindow;
use crate::format::manifest_record::append_file_header;
use crate::manifest::edit_log::Manifest;
use crate::manifest::sample::{DIR, after_cut, database, edits, first_state, open};
use crate::manifest::scripted_disk::ScriptedDisk;
use std::io::ErrorKind::{PermissionDenied, StorageFull};
use std::path::{Path, PathBuf};

/// A window with a format that no build has yet.
const WIDE: FormatWindow = FormatWindow {
    least: 1,
    newest: 2,
};

fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

fn refusal(disk: &ScriptedDisk) -> Error {
    let opened = Manifest::open(disk.shared(), Path::new(DIR), WIDE, |_, _| Ok(()));
    opened.map(|found| found.map(|it| it.1)).unwrap_err()
}

#[test]
fn full_disk_takes_back_half_a_record_and_the_manifest_goes_on() {
    for (nth, edit) in edits().iter().enumerate() {
        let disk = ScriptedDisk::default();
        let (mut manifest, states) = database(&disk, &edits()[..nth]);
        let image = disk.image();
        disk.fail_with(0, 1, StorageFull);
        let error = manifest.append(edit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        let calls = ["write", "cut", "sync"].map(|call| format!("{call} manifest-000001"));
        assert_eq!(disk.take_calls(), calls);
        assert_eq!((disk.image(), manifest.state()), (image, &states[nth]));
        disk.heal();
        manifest.append(edit).unwrap();
        manifest.verify().unwrap();
        assert_eq!(&open(&disk.image()).0.unwrap(), manifest.state());
    }
}

#[test]
fn half_a_record_that_cannot_be_taken_back_latches_the_manifest() {
    for failures in [2, 3] {
        let disk = ScriptedDisk::default();
        let (mut manifest, states) = database(&disk, &edits());
        disk.fail_with(0, failures, StorageFull);
        manifest.append(&edits()[3]).unwrap_err();
        assert_eq!(disk.take_calls().len(), 2, "the sync is not reached");
        disk.heal();
        assert!(manifest.has_failed());
        let error = manifest.append(&edits()[3]).unwrap_err();
        assert!(error.is_latched());
        assert!(
            error.to_string().contains("cannot cut /db/manifest-000001"),
            "{error}"
        );
        let found = open(&disk.image()).0.unwrap();
        assert_eq!(found, after_cut(states.last().unwrap(), &found));
    }
}

#[test]
fn files_that_cannot_be_looked_at_are_errors_of_the_disk_that_name_them() {
    let held = ScriptedDisk::default();
    drop(database(&held, &edits()));
    let fresh = || ScriptedDisk::of(&held.image());
    let disk = fresh();
    disk.deny(&path("CURRENT"));
    let made = Manifest::create(disk.shared(), Path::new(DIR), 1, &first_state(), 1);
    let mut errors = vec![(made.unwrap_err(), "cannot look at /db/CURRENT: ")];
    errors.push((refusal(&disk), "cannot open /db/CURRENT: "));
    let disk = fresh();
    disk.fail_reads(&path("CURRENT"));
    errors.push((refusal(&disk), "cannot read /db/CURRENT: "));
    let disk = fresh();
    disk.deny(&path("manifest-000001"));
    errors.push((refusal(&disk), "cannot open /db/manifest-000001: "));
    let disk = fresh();
    disk.fail_reads(&path("manifest-000001"));
    errors.push((refusal(&disk), "cannot read /db/manifest-000001: "));
    for (error, text) in errors {
        assert_eq!(error.io_kind(), Some(PermissionDenied), "{error}");
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[test]
fn current_and_manifest_that_say_different_formats_are_damage() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    let mut image = disk.image();
    let pointer = CurrentPointer {
        format_version: 2,
        manifest: 1,
    };
    image.insert(path("CURRENT"), pointer.encode().to_vec());
    let error = refusal(&ScriptedDisk::of(&image));
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(&*path("CURRENT")));
    assert_eq!(error.offset(), Some(8));
    let text = "it says format version 2, and /db/manifest-000001 says 1; restore the directory";
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn manifest_of_a_newer_format_without_current_is_refused_and_not_removed() {
    let mut bytes = Vec::new();
    append_file_header(&mut bytes, 7, 3);
    let image = [(path("manifest-000007"), bytes)].into();
    let disk = ScriptedDisk::of(&image);
    let error = refusal(&disk);
    assert_eq!(error.kind(), ErrorKind::UnsupportedFormat, "{error}");
    assert_eq!(error.path(), Some(&*path("manifest-000007")));
    assert_eq!(disk.image(), image);
}
