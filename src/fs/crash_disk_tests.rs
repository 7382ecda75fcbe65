//! Claims about the crash disk itself: its log, its images as disks of their own, and replays.

use super::crash_disk::CrashDisk;
use super::crash_image::CrashImage;
use super::disk_state::{Call, ContentChange};
use super::file_system::{File, FileSystem, OpenMode};
use super::name_tree::{NameTree, Slot};
use super::pages::Bytes;
use super::split_mix::SplitMix64;
use crate::sync::Arc;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

const NAMES: [&str; 5] = ["/a", "/b", "/d/a", "/d/b", "/d/c"];

fn contents(disk: &CrashDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = disk.paths().into_iter();
    paths
        .map(|path| (path.clone(), disk.read_file(&path).unwrap()))
        .collect()
}

/// A random history over a few names; each verb may fail, as it may in a program.
fn run(disk: &CrashDisk, seed: u64, calls: usize, mut seen: impl FnMut(&CrashDisk)) {
    let mut chance = SplitMix64::new(seed);
    let mut open: Vec<Arc<dyn File>> = Vec::new();
    while disk.calls() < calls {
        let before = disk.calls();
        let name = |chance: &mut SplitMix64| Path::new(NAMES[chance.below(5) as usize]);
        let (from, to) = (name(&mut chance), name(&mut chance));
        let _refused = match chance.below(24) {
            0..4 => disk
                .open(from, OpenMode::CreateNew)
                .map(|file| open.push(file)),
            4 => disk.rename(from, to),
            5 => disk.remove_file(from),
            6 => disk.hard_link(from, to),
            7 => disk.create_dir_all(Path::new("/d")),
            8 | 9 => disk.sync_dir(Path::new("/")),
            10 | 11 => disk.sync_dir(Path::new("/d")),
            verb if !open.is_empty() => {
                let file = &open[chance.below(open.len() as u64) as usize];
                match verb {
                    12 => file.set_len(chance.below(6000)),
                    13..18 => file.sync_data(),
                    _ => {
                        let byte = chance.below(3) as u8;
                        let bytes = vec![byte; chance.below(3000) as usize];
                        file.write_all_at(&bytes, chance.below(9000))
                    }
                }
            }
            _ => Ok(()),
        };
        if disk.calls() > before {
            seen(disk);
        }
    }
}

#[test]
fn log_counts_the_calls_that_change_something_and_no_others() {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new("/d/e")).unwrap(); // 2
    disk.create_dir_all(Path::new("/d/e")).unwrap();
    let file = disk.open(Path::new("/d/a"), OpenMode::CreateNew).unwrap(); // 3
    file.write_all_at(b"x", 0).unwrap(); // 4
    assert_eq!(file.write_at(b"", 0).unwrap(), 0);
    file.set_len(0).unwrap(); // 5
    file.sync_data().unwrap(); // 6
    file.sync_all().unwrap(); // 7
    disk.sync_dir(Path::new("/d")).unwrap(); // 8
    disk.hard_link(Path::new("/d/a"), Path::new("/b")).unwrap(); // 9
    disk.rename(Path::new("/d/a"), Path::new("/b")).unwrap(); // one file: nothing to do
    disk.rename(Path::new("/d/a"), Path::new("/c")).unwrap(); // 10
    disk.remove_file(Path::new("/c")).unwrap(); // 11
    disk.remove_file(Path::new("/c")).unwrap_err();
    disk.list_dir(Path::new("/")).unwrap();
    file.len().unwrap();
    drop(disk.lock(Path::new("/lock")).unwrap()); // 12: the file
    drop(disk.lock(Path::new("/lock")).unwrap());
    assert_eq!(disk.calls(), 12);
    let words: Vec<String> = (0..=12).map(|call| disk.describe_call(call)).collect();
    assert_eq!(words[0], "no call");
    assert_eq!(words[2], "create directory /d/e");
    assert_eq!(words[4], "write 1 bytes at 0 of /d/a");
    assert_eq!(words[8], "sync directory /d/");
    assert_eq!(words[10], "rename /d/a to /c");
    assert_eq!(words[11], "remove /c");
}

#[test]
fn lock_is_refused_while_held_and_an_image_starts_unlocked() {
    let disk = CrashDisk::new();
    let held = disk.lock(Path::new("/lock")).unwrap();
    let refused = disk.lock(Path::new("lock")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    disk.fork().lock(Path::new("/lock")).unwrap();
    disk.image(1, CrashImage::KeepAll)
        .lock(Path::new("/lock"))
        .unwrap();
    drop(held);
    disk.lock(Path::new("/lock")).unwrap();
}

#[test]
fn image_and_its_source_do_not_see_each_others_writes() {
    let disk = CrashDisk::new();
    let path = Path::new("/a");
    disk.write_file(path, &[1; 10_000]).unwrap();
    for kind in CrashImage::all(3) {
        let image = disk.image(disk.calls(), kind);
        assert_eq!(image.calls(), 0);
        image.flip_bit(path, 5000, 7).unwrap();
        assert_eq!(image.read_file(path).unwrap()[5000], 0x81);
        assert_eq!(disk.read_file(path).unwrap(), [1; 10_000]);
    }
    let fork = disk.fork();
    disk.truncate(path, 0).unwrap();
    assert_eq!(fork.read_file(path).unwrap(), [1; 10_000]);
    disk.lose_file(path).unwrap();
    assert_eq!((disk.paths().len(), fork.paths().len()), (0, 1));
}

#[test]
fn image_is_durable_ground_for_crashes_of_its_own() {
    let disk = CrashDisk::new();
    disk.write_file(Path::new("/a"), b"first").unwrap();
    let image = disk.image(disk.calls(), CrashImage::DropUnsynced);
    let file = image.open(Path::new("/a"), OpenMode::Write).unwrap();
    file.write_all_at(b"second", 0).unwrap();
    let nested = image.image(1, CrashImage::DropUnsynced);
    assert_eq!(nested.read_file(Path::new("/a")).unwrap(), b"first");
    let nested = image.image(1, CrashImage::KeepAll);
    assert_eq!(nested.read_file(Path::new("/a")).unwrap(), b"second");
}

#[test]
fn open_file_outlives_its_name() {
    let disk = CrashDisk::new();
    let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
    disk.remove_file(Path::new("/a")).unwrap();
    file.write_all_at(b"still", 0).unwrap();
    assert_eq!(file.len().unwrap(), 5);
    assert_eq!(disk.total_bytes(), 0);
}

#[test]
fn file_opened_to_read_refuses_writes_and_offsets_past_the_limit_are_errors() {
    let disk = CrashDisk::new();
    let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
    for offset in [i64::MAX as u64, u64::MAX] {
        let refused = file.write_at(b"x", offset).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
    }
    let reader = disk.open(Path::new("/a"), OpenMode::Read).unwrap();
    let refused = reader.write_at(b"x", 0).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(disk.calls(), 1);
}

#[test]
fn keeping_all_is_what_the_disk_held_at_each_call() {
    for seed in 0..20 {
        let disk = CrashDisk::new();
        let mut held = vec![(0, BTreeMap::new())];
        run(&disk, seed, 150, |disk| {
            held.push((disk.calls(), contents(disk)));
        });
        let mut replay = disk.replay();
        for (call, expected) in held {
            replay.advance_to(call);
            let image = replay.image(CrashImage::KeepAll);
            assert!(
                contents(&image) == expected,
                "seed {seed}, {}",
                disk.describe_call(call)
            );
        }
    }
}

#[test]
fn disk_that_was_synced_whole_is_the_same_under_every_kind() {
    for seed in 0..20 {
        let disk = CrashDisk::new();
        run(&disk, seed, 150, |_| {});
        for path in disk.paths() {
            disk.open(&path, OpenMode::Read)
                .unwrap()
                .sync_all()
                .unwrap();
        }
        disk.sync_dir(Path::new("/")).unwrap();
        let _missing = disk.sync_dir(Path::new("/d"));
        for kind in CrashImage::all(seed) {
            let image = disk.image(disk.calls(), kind);
            assert!(contents(&image) == contents(&disk), "seed {seed}, {kind:?}");
        }
    }
}

/// What must be left when nothing unsynced is, found by asking of each change from the start of the
/// log whether a later sync covers it.
fn naive_durable(log: &[Call]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut settled = vec![false; log.len()];
    for (at, sync) in log.iter().enumerate() {
        let mut slots: Vec<&Slot> = Vec::new();
        for (n, call) in log[..at].iter().enumerate().rev() {
            settled[n] |= match (call, sync) {
                (Call::Content(file, _), Call::Sync(synced)) => file == synced,
                (Call::Name(change), Call::SyncDir(dir)) => {
                    let covered = |slot: &Slot| slot.dir == *dir || slots.contains(&slot);
                    let covered = change.slots().any(covered);
                    slots.extend(change.slots().filter(|_| covered));
                    covered
                }
                _ => false,
            };
        }
    }
    let (mut names, mut files) = (NameTree::default(), BTreeMap::<u64, Vec<u8>>::new());
    let settled = log.iter().zip(settled).filter(|(_, settled)| *settled);
    for (call, _) in settled {
        match call {
            Call::Name(change) => names.apply(change),
            Call::Content(file, change) => {
                let bytes = files.entry(*file).or_default();
                bytes.resize(change.len_after(bytes.len() as u64) as usize, 0);
                if let ContentChange::Write { offset, bytes: new } = change {
                    let there = &mut bytes[*offset as usize..(offset + new.len()) as usize];
                    match new {
                        Bytes::Zeros(_) => there.fill(0),
                        Bytes::Data(new) => there.copy_from_slice(new),
                    }
                }
            }
            Call::Sync(_) | Call::SyncDir(_) => {}
        }
    }
    let named = names.files().into_iter();
    named
        .map(|(path, file)| (path, files.get(&file).cloned().unwrap_or_default()))
        .collect()
}

#[test]
fn dropping_leaves_the_changes_that_a_later_sync_covers_and_no_others() {
    for seed in 0..30 {
        let disk = CrashDisk::new();
        run(&disk, seed, 150, |_| {});
        let mut replay = disk.replay();
        for call in 0..=disk.calls() {
            replay.advance_to(call);
            let left = contents(&replay.image(CrashImage::DropUnsynced));
            let expected = disk.with_log(|log| naive_durable(&log[..call]));
            assert!(
                left == expected,
                "seed {seed}, after {}",
                disk.describe_call(call)
            );
        }
    }
}

/// A random history of one file whose name is durable; returns what it held after each change since
/// its last sync, padded to one length.
fn run_one_file(disk: &CrashDisk, seed: u64) -> Vec<Vec<u8>> {
    const PADDED: usize = 20_000;
    let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    let mut chance = SplitMix64::new(seed);
    let mut states = vec![vec![0; PADDED]];
    for n in 0..40u8 {
        let (offset, count) = (chance.below(10_000), chance.below(2000) as usize);
        match chance.below(20) {
            0 => {
                file.sync_data().unwrap();
                states.drain(..states.len() - 1);
                continue;
            }
            1..5 => file.set_len(offset).unwrap(),
            5..9 => file.write_all_at(&vec![0; count], offset).unwrap(),
            _ => file.write_all_at(&vec![n + 1; count], offset).unwrap(),
        }
        let mut state = disk.read_file(Path::new("/a")).unwrap();
        state.resize(PADDED, 0);
        states.push(state);
    }
    states
}

#[test]
fn every_sector_of_a_torn_file_is_as_it_was_at_some_time_since_the_sync() {
    for seed in 0..200 {
        let disk = CrashDisk::new();
        let states = run_one_file(&disk, seed);
        for kind in [
            CrashImage::TornSectors { seed },
            CrashImage::MetadataAhead { seed },
        ] {
            let image = disk.image(disk.calls(), kind);
            let bytes = image.read_file(Path::new("/a")).unwrap();
            for start in (0..bytes.len()).step_by(512) {
                let sector = start..bytes.len().min(start + 512);
                let held = |state: &Vec<u8>| state[sector.clone()] == bytes[sector.clone()];
                let part_old_part_zero = |old: &[u8]| {
                    let mut there = bytes[sector.clone()].iter().zip(&old[sector.clone()]);
                    there.all(|(now, old)| now == old || *now == 0)
                };
                let fine = match kind {
                    CrashImage::TornSectors { .. } => states.iter().any(held),
                    _ => part_old_part_zero(&states[0]),
                };
                assert!(fine, "seed {seed}, {kind:?}, sector at {start}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn image_depends_on_log_call_and_kind_and_not_on_the_way_there(
        history: u64, seed: u64, steps in proptest::collection::vec(0usize..25, 1..12)
    ) {
        let disk = CrashDisk::new();
        run(&disk, history, 120, |_| {});
        let again = CrashDisk::new();
        run(&again, history, 120, |_| {});
        let mut walking = disk.replay();
        let mut call = 0;
        for step in steps {
            call = (call + step) % (disk.calls() + 1); // also backwards
            prop_assert_eq!(walking.advance_to(call), call);
            for kind in CrashImage::all(seed) {
                let expected = contents(&walking.image(kind));
                prop_assert!(contents(&disk.image(call, kind)) == expected, "{:?}", kind);
                prop_assert!(contents(&again.image(call, kind)) == expected, "{:?}", kind);
            }
        }
    }
}
