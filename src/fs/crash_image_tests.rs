//! Claims about what each kind of crash image leaves of small histories made by hand.

use super::crash_disk::CrashDisk;
use super::crash_image::CrashImage;
use super::file_system::{File, FileSystem, OpenMode};
use crate::sync::Arc;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

const ROOT: &str = "/";

fn path(name: &str) -> &Path {
    Path::new(name)
}

fn create(disk: &CrashDisk, name: &str) -> Arc<dyn File> {
    disk.open(path(name), OpenMode::CreateNew).unwrap()
}

/// A file whose name and bytes are durable.
fn durable(disk: &CrashDisk, name: &str, bytes: &[u8]) -> Arc<dyn File> {
    let file = create(disk, name);
    file.write_all_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(path(ROOT)).unwrap();
    file
}

fn now(disk: &CrashDisk, kind: CrashImage) -> CrashDisk {
    disk.image(disk.calls(), kind)
}

fn read(disk: &CrashDisk, name: &str) -> Option<Vec<u8>> {
    match disk.read_file(path(name)) {
        Ok(bytes) => Some(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => panic!("{e}"),
    }
}

/// What the images of 300 seeds hold under `names`.
fn outcomes(
    disk: &CrashDisk,
    kind: impl Fn(u64) -> CrashImage,
    names: &[&str],
) -> BTreeSet<Vec<Option<Vec<u8>>>> {
    let images = (0..300).map(|seed| now(disk, kind(seed)));
    images
        .map(|image| names.iter().map(|name| read(&image, name)).collect())
        .collect()
}

fn torn(seed: u64) -> CrashImage {
    CrashImage::TornSectors { seed }
}

fn ahead(seed: u64) -> CrashImage {
    CrashImage::MetadataAhead { seed }
}

#[test]
fn unsynced_bytes_and_lengths_are_dropped_and_synced_ones_kept() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", b"durable");
    file.write_all_at(b"DUR", 0).unwrap();
    file.set_len(4).unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(read(&image, "/a").unwrap(), b"durable");
    file.sync_all().unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(read(&image, "/a").unwrap(), b"DURa");
}

#[test]
fn synced_file_whose_name_was_not_synced_is_gone() {
    let disk = CrashDisk::new();
    let file = create(&disk, "/a");
    file.write_all_at(b"synced", 0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(read(&now(&disk, CrashImage::DropUnsynced), "/a"), None);
    assert_eq!(
        read(&now(&disk, CrashImage::KeepAll), "/a").unwrap(),
        b"synced"
    );
}

#[test]
fn file_in_a_directory_whose_name_was_not_synced_is_gone() {
    let disk = CrashDisk::new();
    disk.create_dir_all(path("/d/e")).unwrap();
    let file = create(&disk, "/d/e/a");
    file.sync_all().unwrap();
    disk.sync_dir(path("/d/e")).unwrap();
    disk.sync_dir(path("/d")).unwrap();
    assert!(now(&disk, CrashImage::DropUnsynced).paths().is_empty());
    disk.sync_dir(path(ROOT)).unwrap();
    assert_eq!(
        now(&disk, CrashImage::DropUnsynced).paths(),
        [path("/d/e/a")]
    );
}

#[test]
fn unsynced_rename_and_removal_are_undone_by_dropping() {
    let disk = CrashDisk::new();
    durable(&disk, "/old", b"1");
    durable(&disk, "/gone", b"2");
    disk.rename(path("/old"), path("/new")).unwrap();
    disk.remove_file(path("/gone")).unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(image.paths(), [path("/gone"), path("/old")]);
    disk.sync_dir(path(ROOT)).unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(image.paths(), [path("/new")]);
}

#[test]
fn everything_issued_is_kept_by_keeping_all() {
    let disk = CrashDisk::new();
    durable(&disk, "/a", b"durable");
    disk.rename(path("/a"), path("/b")).unwrap();
    create(&disk, "/c").write_all_at(b"new", 2).unwrap();
    let image = now(&disk, CrashImage::KeepAll);
    assert_eq!(image.paths(), disk.paths());
    assert_eq!(read(&image, "/b").unwrap(), b"durable");
    assert_eq!(read(&image, "/c").unwrap(), b"\0\0new");
}

#[test]
fn replacing_rename_leaves_the_old_or_the_new_file_and_never_neither() {
    let disk = CrashDisk::new();
    durable(&disk, "/current", b"old");
    let temporary = create(&disk, "/temporary");
    temporary.write_all_at(b"new", 0).unwrap();
    temporary.sync_data().unwrap();
    disk.rename(path("/temporary"), path("/current")).unwrap();
    let some = |bytes: &[u8]| Some(bytes.to_vec());
    let expected = BTreeSet::from([
        vec![some(b"old"), None],
        vec![some(b"old"), some(b"new")],
        vec![some(b"new"), None],
    ]);
    assert_eq!(outcomes(&disk, torn, &["/current", "/temporary"]), expected);
}

#[test]
fn chain_of_renames_never_loses_a_file() {
    let disk = CrashDisk::new();
    durable(&disk, "/a", b"1");
    durable(&disk, "/c", b"2");
    disk.rename(path("/a"), path("/b")).unwrap();
    disk.rename(path("/c"), path("/a")).unwrap();
    let seen = outcomes(&disk, torn, &["/a", "/b", "/c"]);
    assert_eq!(seen.len(), 3, "{seen:?}");
    for names in seen {
        let files: BTreeSet<Vec<u8>> = names.into_iter().flatten().collect();
        assert_eq!(files, BTreeSet::from([b"1".to_vec(), b"2".to_vec()]));
    }
}

#[test]
fn directory_sync_settles_the_names_its_renames_follow_upon() {
    let disk = CrashDisk::new();
    disk.create_dir_all(path("/from")).unwrap();
    disk.create_dir_all(path("/to")).unwrap();
    disk.sync_dir(path(ROOT)).unwrap();
    create(&disk, "/from/a").sync_data().unwrap();
    create(&disk, "/from/b").sync_data().unwrap();
    disk.rename(path("/from/a"), path("/to/a")).unwrap();
    disk.sync_dir(path("/to")).unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(image.paths(), [path("/to/a")]);
    for seed in 0..100 {
        let image = now(&disk, torn(seed));
        assert_eq!(
            read(&image, "/from/a"),
            None,
            "the rename came after the creation"
        );
        assert!(read(&image, "/to/a").is_some());
    }
}

#[test]
fn unsynced_removal_may_or_may_not_have_happened() {
    let disk = CrashDisk::new();
    durable(&disk, "/a", b"1");
    disk.remove_file(path("/a")).unwrap();
    let expected = BTreeSet::from([vec![None], vec![Some(b"1".to_vec())]]);
    assert_eq!(outcomes(&disk, torn, &["/a"]), expected);
    assert_eq!(
        outcomes(&disk, ahead, &["/a"]),
        BTreeSet::from([vec![None]])
    );
}

#[test]
fn second_name_of_a_file_is_a_name_like_any_other() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", b"1");
    disk.hard_link(path("/a"), path("/b")).unwrap();
    assert_eq!(read(&now(&disk, CrashImage::DropUnsynced), "/b"), None);
    disk.sync_dir(path(ROOT)).unwrap();
    disk.remove_file(path("/a")).unwrap();
    file.write_all_at(b"2", 0).unwrap();
    file.sync_data().unwrap();
    let image = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(read(&image, "/a").unwrap(), b"2");
    assert_eq!(read(&image, "/b").unwrap(), b"2");
    assert_eq!(image.total_bytes(), 1);
}

#[test]
fn torn_write_is_whole_or_absent_in_each_sector_and_all_mixtures_occur() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", &[1; 2048]);
    file.write_all_at(&[2; 1200], 300).unwrap();
    let mut seen = BTreeSet::new();
    for names in outcomes(&disk, torn, &["/a"]) {
        let bytes = names[0].clone().unwrap();
        assert_eq!(bytes.len(), 2048);
        assert!(bytes[..300].iter().chain(&bytes[1500..]).all(|b| *b == 1));
        let sectors = [300..512, 512..1024, 1024..1500].map(|sector| {
            let first = bytes[sector.start];
            assert!(
                bytes[sector].iter().all(|b| *b == first),
                "a sector is mixed"
            );
            first
        });
        seen.insert(sectors);
    }
    assert_eq!(seen.len(), 8);
}

#[test]
fn sector_holds_a_prefix_of_the_writes_that_touched_it() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", &[0; 512]);
    for n in 0..4u8 {
        file.write_all_at(&[n + 1], u64::from(n)).unwrap();
    }
    let mut seen = BTreeSet::new();
    for names in outcomes(&disk, torn, &["/a"]) {
        let bytes = names[0].clone().unwrap();
        let arrived = bytes.iter().take_while(|b| **b != 0).count();
        assert!(
            bytes[arrived..].iter().all(|b| *b == 0),
            "a later write without an earlier"
        );
        seen.insert(arrived);
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 2, 3, 4]));
}

#[test]
fn torn_files_keep_their_own_parts_in_any_order() {
    let disk = CrashDisk::new();
    let first = durable(&disk, "/a", b"0");
    let second = durable(&disk, "/b", b"0");
    first.write_all_at(b"1", 0).unwrap();
    second.write_all_at(b"1", 0).unwrap();
    assert_eq!(outcomes(&disk, torn, &["/a", "/b"]).len(), 4);
}

#[test]
fn torn_length_lies_between_the_least_and_the_greatest_since_the_sync() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", &[1; 1000]);
    file.write_all_at(&[2; 1000], 1000).unwrap();
    let lengths: BTreeSet<usize> = outcomes(&disk, torn, &["/a"])
        .into_iter()
        .map(|names| names[0].as_ref().unwrap().len())
        .collect();
    assert!(lengths.iter().all(|len| (1000..=2000).contains(len)));
    assert!(lengths.contains(&1000) && lengths.contains(&2000) && lengths.len() > 20);
}

#[test]
fn torn_cut_leaves_old_bytes_or_zeros() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", &[1; 1024]);
    file.set_len(0).unwrap();
    file.set_len(1024).unwrap();
    for names in outcomes(&disk, torn, &["/a"]) {
        for sector in names[0].as_ref().unwrap().chunks(512) {
            assert!(sector.iter().all(|b| *b == sector[0] && *b < 2));
        }
    }
}

#[test]
fn metadata_ahead_gives_names_and_lengths_without_bytes() {
    let disk = CrashDisk::new();
    let grown = durable(&disk, "/grown", b"old");
    durable(&disk, "/removed", b"x");
    grown.write_all_at(&[7; 2000], 3).unwrap();
    disk.remove_file(path("/removed")).unwrap();
    let created = create(&disk, "/temporary");
    created.write_all_at(b"new", 0).unwrap();
    disk.rename(path("/temporary"), path("/created")).unwrap();
    let mut grown = b"old".to_vec();
    grown.resize(2003, 0);
    let expected = vec![Some(grown), None, None, Some(vec![0; 3])];
    let names = ["/grown", "/removed", "/temporary", "/created"];
    assert_eq!(outcomes(&disk, ahead, &names), BTreeSet::from([expected]));
}

#[test]
fn metadata_ahead_leaves_overwritten_sectors_old_or_zero() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", &[1; 1024]);
    file.write_all_at(&[2; 1000], 4).unwrap();
    let seen = outcomes(&disk, ahead, &["/a"]);
    for names in &seen {
        let bytes = names[0].as_ref().unwrap();
        assert!(bytes[..4].iter().chain(&bytes[1004..]).all(|b| *b == 1));
        for sector in [&bytes[4..512], &bytes[512..1004]] {
            assert!(sector.iter().all(|b| *b == sector[0] && *b < 2));
        }
    }
    assert_eq!(seen.len(), 4);
}

#[test]
fn write_of_what_is_there_changes_nothing_under_any_kind() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", b"same");
    file.write_all_at(b"same", 0).unwrap();
    for seed in 0..50 {
        for kind in CrashImage::all(seed) {
            assert_eq!(read(&now(&disk, kind), "/a").unwrap(), b"same");
        }
    }
}

#[test]
fn recycled_file_keeps_its_content_under_either_name() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/1.spare", &[1; 1024]);
    disk.rename(path("/1.spare"), path("/2.wal")).unwrap();
    file.write_all_at(&[2; 512], 0).unwrap();
    let old = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(read(&old, "/1.spare").unwrap(), [1; 1024]);
    file.sync_data().unwrap();
    let mut recycled = vec![2; 512];
    recycled.extend([1; 512]);
    let synced = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(
        read(&synced, "/1.spare").unwrap(),
        recycled,
        "content is the file's"
    );
    assert_eq!(read(&synced, "/2.wal"), None);
    file.write_all_at(&[3; 512], 512).unwrap();
    disk.sync_dir(path(ROOT)).unwrap();
    let renamed = now(&disk, CrashImage::DropUnsynced);
    assert_eq!(read(&renamed, "/2.wal").unwrap(), recycled);
    assert_eq!(renamed.paths(), [path("/2.wal")]);
}

#[test]
fn image_is_bound_by_the_call_and_not_by_what_came_later() {
    let disk = CrashDisk::new();
    let file = durable(&disk, "/a", b"1");
    let acknowledged = disk.calls();
    file.write_all_at(b"2", 0).unwrap();
    file.sync_data().unwrap();
    for (call, expected) in [
        (acknowledged, b"1"),
        (acknowledged + 1, b"1"),
        (acknowledged + 2, b"2"),
    ] {
        let image = disk.image(call, CrashImage::DropUnsynced);
        assert_eq!(read(&image, "/a").unwrap(), expected);
    }
    assert!(disk.image(0, CrashImage::KeepAll).paths().is_empty());
}

#[test]
fn offsets_beyond_4_gib_survive_like_any_others() {
    let disk = CrashDisk::new();
    let offset = (1 << 40) + 5;
    let file = durable(&disk, "/a", b"start");
    file.write_all_at(b"far", offset).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(b"FAR", offset).unwrap();
    for kind in CrashImage::all(1) {
        let image = now(&disk, kind);
        assert_eq!(image.file_len(path("/a")).unwrap(), offset + 3);
        assert_eq!(image.total_bytes(), offset + 3);
        let mut bytes = [0; 3];
        let file = image.open(path("/a"), OpenMode::Read).unwrap();
        file.read_exact_at(&mut bytes, offset).unwrap();
        assert!(
            [*b"far", *b"FAR", [0; 3]].contains(&bytes),
            "{kind:?}: {bytes:?}"
        );
    }
}
