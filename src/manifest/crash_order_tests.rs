//! The order of the calls on the disk, on which crash safety rests.

use crate::format::database_format::FormatWindow;
use crate::format::version_edit::VersionEdit;
use crate::manifest::edit_log::Manifest;
use crate::manifest::sample::{DIR, database, edits, first_state};
use crate::manifest::scripted_disk::ScriptedDisk;
use std::io;
use std::path::Path;

/// The calls that put manifest `name` in force.
fn putting_in_force(name: &str) -> Vec<String> {
    [
        &format!("create {name}"),
        &format!("write {name}"),
        &format!("sync {name}"),
        "sync the directory",
        "create CURRENT.tmp",
        "write CURRENT.tmp",
        "sync CURRENT.tmp",
        "rename CURRENT.tmp CURRENT",
        "sync the directory",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn first_manifest_and_its_name_are_durable_before_current_names_it() {
    let disk = ScriptedDisk::default();
    Manifest::create(disk.shared(), Path::new(DIR), 1, &first_state(), 1).unwrap();
    assert_eq!(disk.take_calls(), putting_in_force("manifest-000001"));
}

#[test]
fn edit_is_one_write_and_one_sync() {
    let disk = ScriptedDisk::default();
    let (mut manifest, _) = database(&disk, &[]);
    disk.take_calls();
    manifest.append(&edits()[0]).unwrap();
    let expected = ["write manifest-000001", "sync manifest-000001"];
    assert_eq!(disk.take_calls(), expected);
}

#[test]
fn old_manifest_goes_only_after_the_new_one_is_durably_in_force() {
    let disk = ScriptedDisk::default();
    let (mut manifest, _) = database(&disk, &edits());
    disk.take_calls();
    manifest.rewrite(9).unwrap();
    let mut expected = putting_in_force("manifest-000009");
    expected.push("remove manifest-000001".to_owned());
    assert_eq!(disk.take_calls(), expected);
}

#[test]
fn what_was_read_is_made_durable_before_anybody_acts_on_it() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    disk.take_calls();
    let (mut manifest, _) = Manifest::open(
        disk.shared(),
        Path::new(DIR),
        FormatWindow::BUILT,
        |_, _| Ok(()),
    )
    .unwrap()
    .unwrap();
    assert_eq!(disk.take_calls(), [""; 0], "an open only reads");
    manifest.harden().unwrap();
    let expected = [
        "write manifest-000001",
        "sync manifest-000001",
        "sync the directory",
    ];
    assert_eq!(disk.take_calls(), expected);
    manifest.harden().unwrap();
    assert_eq!(disk.take_calls(), [""; 0], "once is enough");
}

#[test]
fn what_cannot_be_made_durable_for_want_of_space_can_later_and_after_a_failed_sync_never() {
    for (call, is_certain) in [(0, true), (1, false), (2, false)] {
        let disk = ScriptedDisk::default();
        drop(database(&disk, &edits()));
        let opened = Manifest::open(
            disk.shared(),
            Path::new(DIR),
            FormatWindow::BUILT,
            |_, _| Ok(()),
        );
        let (mut manifest, _) = opened.unwrap().unwrap();
        disk.fail_with(call, 1, io::ErrorKind::StorageFull);
        assert!(manifest.harden().unwrap_err().is_storage_full());
        assert!(disk.heal());
        assert_eq!(manifest.has_failed(), !is_certain, "call {call}");
        if is_certain {
            manifest.harden().unwrap();
            manifest.append(&VersionEdit::default()).unwrap();
        } else {
            disk.take_calls();
            assert!(manifest.harden().unwrap_err().is_latched());
            assert_eq!(disk.take_calls(), [""; 0], "call {call}");
        }
    }
}

#[test]
fn torn_end_is_left_behind_for_a_new_manifest_before_any_edit() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    let mut image = disk.image();
    let log = Path::new(DIR).join("manifest-000001");
    image.get_mut(&log).unwrap().push(0);
    let disk = ScriptedDisk::of(&image);
    let (mut manifest, _) = Manifest::open(
        disk.shared(),
        Path::new(DIR),
        FormatWindow::BUILT,
        |_, _| Ok(()),
    )
    .unwrap()
    .unwrap();
    let mut expected = putting_in_force("manifest-000006");
    expected.push("remove manifest-000001".to_owned());
    assert_eq!(disk.take_calls(), expected);
    manifest.append(&VersionEdit::default()).unwrap();
    let expected = ["write manifest-000006", "sync manifest-000006"];
    assert_eq!(disk.take_calls(), expected);
}
