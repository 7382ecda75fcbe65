//! The open manifest: what survives, what latches, what is refused.

use crate::error::ErrorKind;
use crate::format::database_format::FormatWindow;
use crate::format::file_name::FileName;
use crate::format::version_edit::{FILE_NUMBER_MAX, VersionEdit};
use crate::fs::file_system::{FileSystem, OpenMode};
use crate::manifest::edit_log::Manifest;
use crate::manifest::sample::{DIR, after_cut, database, edits, first_state, open, table};
use crate::manifest::scripted_disk::ScriptedDisk;
use std::path::Path;

fn dir() -> &'static Path {
    Path::new(DIR)
}

fn open_on(disk: &ScriptedDisk) -> crate::error::Result<Option<Manifest>> {
    let found = Manifest::open(disk.shared(), dir(), FormatWindow::BUILT, |_, _| Ok(()))?;
    let Some((mut manifest, _)) = found else {
        return Ok(None);
    };
    manifest.harden()?;
    Ok(Some(manifest))
}

#[test]
fn every_state_comes_back_when_the_database_is_opened_again() {
    for count in 0..=edits().len() {
        let disk = ScriptedDisk::default();
        let (manifest, states) = database(&disk, &edits()[..count]);
        manifest.verify().unwrap();
        let again = open_on(&disk).unwrap().unwrap();
        assert_eq!(again.state(), states.last().unwrap());
        assert_eq!(again.number(), 1);
        again.verify().unwrap();
        let image = disk.image();
        assert_eq!(&open(&image).0.unwrap(), again.state());
        assert_eq!(open(&image).1.image(), image, "opening changes nothing");
    }
}

#[test]
fn edit_that_cannot_be_is_refused_and_writes_nothing() {
    let disk = ScriptedDisk::default();
    let (mut manifest, _) = database(&disk, &edits());
    let image = disk.image();
    let mut reversed = table(9, 1, "m");
    reversed.properties.key_first = b"z"[..].into();
    for edit in [
        VersionEdit {
            removed: vec![99],
            ..VersionEdit::default()
        },
        VersionEdit {
            added: vec![reversed],
            ..VersionEdit::default()
        },
        VersionEdit {
            log_last: Some(FILE_NUMBER_MAX + 1),
            ..VersionEdit::default()
        },
    ] {
        let error = manifest.append(&edit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(disk.image(), image);
    manifest.append(&VersionEdit::default()).unwrap();
}

#[test]
fn failed_write_or_sync_latches_and_a_reopen_knows_the_edit_or_not() {
    let edits = edits();
    for (nth, edit) in edits.iter().enumerate() {
        for call in 0..2 {
            let disk = ScriptedDisk::default();
            let (mut manifest, states) = database(&disk, &edits[..nth]);
            let before = &states[nth];
            disk.fail(call);
            let error = manifest.append(edit).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(disk.heal());
            assert_eq!(manifest.state(), before);
            manifest.verify().unwrap();

            let image = disk.image();
            for refused in [manifest.append(edit), manifest.rewrite(90)] {
                assert!(refused.unwrap_err().is_latched());
            }
            assert_eq!(disk.image(), image, "nothing is written after a failure");
            let found = open(&image).0.unwrap();
            if call == 0 {
                assert_eq!(found, after_cut(before, &found), "half a record");
            } else {
                assert_eq!(found, before.apply(edit).unwrap(), "a whole one");
            }
        }
    }
}

#[test]
fn rewrite_keeps_the_state_and_its_failure_at_any_call_latches_and_loses_nothing() {
    let mut failed = 0;
    loop {
        let disk = ScriptedDisk::default();
        let (mut manifest, states) = database(&disk, &edits());
        let state = states.last().unwrap();
        disk.fail(failed);
        let rewritten = manifest.rewrite(7);
        let removal = disk
            .take_calls()
            .iter()
            .any(|c| c == "remove manifest-000001");
        disk.heal();
        if rewritten.is_err() {
            assert!(manifest.append(&edits()[0]).unwrap_err().is_latched());
            manifest.verify().unwrap();
        } else {
            assert_eq!(manifest.number(), 7);
            assert_eq!(manifest.state().file_number_next, 8);
            manifest.verify().unwrap();
        }
        let (found, after) = open(&disk.image());
        let found = found.unwrap();
        let mut expected = state.clone();
        expected.file_number_next = found.file_number_next;
        assert_eq!(found, expected, "call {failed}");
        let manifests = after.image().into_keys();
        let left: Vec<_> = manifests.filter(|p| *p != dir().join("CURRENT")).collect();
        assert_eq!(left.len(), 1, "leftovers are removed: {left:?}");
        if removal {
            break;
        }
        assert!(rewritten.is_err());
        failed += 1;
    }
    assert_eq!(failed, 9, "all calls but the removal matter");
}

#[test]
fn rewrite_needs_a_higher_number() {
    let (mut manifest, _) = database(&ScriptedDisk::default(), &[]);
    let error = manifest.rewrite(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    manifest.append(&edits()[0]).unwrap();
}

#[test]
fn rewrite_is_due_after_growth_and_not_after_a_rewrite() {
    let (mut manifest, _) = database(&ScriptedDisk::default(), &[]);
    let mut edit = VersionEdit::default();
    let mut appended = 0;
    while !manifest.rewrite_due() {
        edit.added = vec![table(2, 1, &"k".repeat(30_000))];
        edit.removed = vec![2; usize::from(appended > 0)];
        manifest.append(&edit).unwrap();
        appended += 1;
    }
    assert!((10..30).contains(&appended), "{appended} edits of 60 kB");
    manifest.rewrite(3).unwrap();
    assert!(!manifest.rewrite_due());
    manifest.verify().unwrap();
}

#[test]
fn failure_at_any_call_of_an_open_is_an_error_and_the_next_open_finds_everything() {
    for torn in [false, true] {
        let disk = ScriptedDisk::default();
        let (_, states) = database(&disk, &edits());
        let mut image = disk.image();
        if torn {
            let log = FileName::Manifest(1).in_dir(dir());
            image.get_mut(&log).unwrap().extend([1; 9]);
        }
        let mut failures = 0;
        loop {
            let disk = ScriptedDisk::of(&image);
            disk.fail(failures);
            let opened = open_on(&disk);
            let failed = disk.heal();
            let found = open(&disk.image()).0.unwrap();
            let state = states.last().unwrap();
            if torn {
                assert_eq!(found, after_cut(state, &found));
            } else {
                assert_eq!(found, *state);
            }
            if !failed || opened.is_ok() {
                break;
            }
            failures += 1;
        }
        assert_eq!(failures, if torn { 9 } else { 3 });
    }
}

#[test]
fn creation_cut_short_at_any_call_is_taken_up_again() {
    for call in 0..9 {
        let disk = ScriptedDisk::default();
        disk.fail(call);
        Manifest::create(disk.shared(), dir(), 1, &first_state(), 1).unwrap_err();
        assert!(disk.heal());
        if let Some(mut manifest) = open_on(&disk).unwrap() {
            assert_eq!(call, 8, "only the last sync comes after CURRENT");
            assert_eq!(manifest.state(), &first_state());
            manifest.append(&edits()[0]).unwrap();
        } else {
            database(&disk, &edits()).0.verify().unwrap();
        }
    }
}

#[test]
fn database_without_current_is_an_error_that_says_so() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    let mut image = disk.image();
    image.remove(&dir().join("CURRENT"));
    let mut cases = vec![image.clone()];
    image.remove(&dir().join("manifest-000001"));
    assert!(image.is_empty());
    for file in ["000004.table", "000001.wal", "000001.spare"] {
        let mut case = image.clone();
        case.insert(dir().join(file), Vec::new());
        cases.push(case);
    }
    for case in cases {
        let disk = ScriptedDisk::of(&case);
        let error = open_on(&disk).unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert_eq!(error.path(), Some(&*dir().join("CURRENT")));
        assert!(error.to_string().contains("backup"), "{error}");
        assert_eq!(disk.image(), case);
    }
}

#[test]
fn missing_manifest_is_an_error_that_names_it() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    let mut image = disk.image();
    image.remove(&dir().join("manifest-000001"));
    let error = open(&image).0.unwrap_err();
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(&*dir().join("manifest-000001")));
}

#[test]
fn create_refuses_a_directory_that_holds_a_database() {
    let disk = ScriptedDisk::default();
    drop(database(&disk, &edits()));
    let image = disk.image();
    let error = Manifest::create(disk.shared(), dir(), 1, &first_state(), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(disk.image(), image);
}

#[test]
fn file_numbers_go_on_above_files_that_no_edit_names() {
    let disk = ScriptedDisk::default();
    let (mut manifest, states) = database(&disk, &edits());
    let mut image = disk.image();
    image.insert(dir().join("000041.table"), Vec::new());
    image.insert(dir().join("manifest-000023"), Vec::new());
    image.insert(dir().join("CURRENT.tmp"), Vec::new());
    image.insert(dir().join(format!("{}.table", u64::MAX)), Vec::new());
    image.insert(dir().join("manifest-notes"), Vec::new());
    let (found, disk) = open(&image);
    assert_eq!(found.unwrap().file_number_next, 42);
    let left = disk.image();
    assert!(left.contains_key(&dir().join("000041.table")));
    assert!(left.contains_key(&dir().join("manifest-notes")));
    assert!(!left.contains_key(&dir().join("manifest-000023")));
    assert!(!left.contains_key(&dir().join("CURRENT.tmp")));

    let last = states.last().unwrap();
    assert_eq!(last.file_number_next, 6);
    manifest.rewrite(50).unwrap();
    assert_eq!(manifest.state().file_number_next, 51);
}

#[test]
fn verify_sees_every_flipped_bit_added_bytes_and_the_loss_of_either_file() {
    let disk = ScriptedDisk::default();
    // Without the close, so that bytes behind the end change nothing in the state.
    let (manifest, _) = database(&disk, &edits()[..4]);
    for (path, good) in disk.image() {
        let file = FileSystem::open(&disk, &path, OpenMode::Write).unwrap();
        for bit in 0..good.len() * 8 {
            let at = bit / 8;
            file.write_at(&[good[at] ^ 1 << (bit % 8)], at as u64)
                .unwrap();
            let error = manifest.verify().unwrap_err();
            assert_eq!(error.path(), Some(&*path), "bit {bit}: {error}");
            file.write_at(&[good[at]], at as u64).unwrap();
        }
        manifest.verify().unwrap();
        file.write_at(&[0], good.len() as u64).unwrap();
        assert!(manifest.verify().is_err(), "bytes behind the end");
        FileSystem::remove_file(&disk, &path).unwrap();
        assert!(manifest.verify().is_err(), "a missing file");
        let file = FileSystem::open(&disk, &path, OpenMode::CreateNew);
        file.unwrap().write_at(&good, 0).unwrap();
        manifest.verify().unwrap();
    }
}

#[test]
fn verify_sees_a_sound_file_that_is_not_the_one_in_force() {
    let disk = ScriptedDisk::default();
    let (mut manifest, _) = database(&disk, &edits()[..4]);
    let other_disk = ScriptedDisk::default();
    let mut other_edits = edits()[..4].to_vec();
    other_edits[3].log_last = Some(5);
    let (mut other, _) = database(&other_disk, &other_edits);
    let log = dir().join("manifest-000001");
    let file = FileSystem::open(&disk, &log, OpenMode::Write).unwrap();
    file.write_at(&other_disk.image()[&log], 0).unwrap();
    let error = manifest.verify().unwrap_err();
    assert_eq!(error.path(), Some(&*log), "{error}");

    // CURRENT goes back to a manifest of before, which is still there.
    manifest.rewrite(9).unwrap();
    manifest.verify().unwrap();
    other.rewrite(8).unwrap();
    let current = dir().join("CURRENT");
    let file = FileSystem::open(&disk, &current, OpenMode::Write).unwrap();
    file.write_at(&other_disk.image()[&current], 0).unwrap();
    let error = manifest.verify().unwrap_err();
    assert_eq!(error.path(), Some(&*current), "{error}");
}
