//! Every bit of every file, one at a time: damage is told, nothing panics, the rest is read.

use crate::golden::{DIR, golden, in_dir};
use grainstore::inspect::{Inspector, LogItem, ManifestItem, TableItem};
use std::path::Path;

#[test]
fn every_flipped_bit_of_a_table_is_told_and_costs_one_block_at_most() {
    let disk = golden();
    for name in ["000006.table", "000008.table"] {
        let path = in_dir(name);
        let whole: Vec<_> = Inspector::new(disk.clone()).table(&path).unwrap().collect();
        let bytes = disk.read_file(&path).unwrap().len() as u64;
        for at in 0..bytes {
            for bit in 0..8 {
                let damaged = disk.fork();
                damaged.flip_bit(&path, at, bit).unwrap();
                let items = Inspector::new(damaged).table(&path).unwrap();
                let items: Vec<_> = items.collect();
                let what = format!("bit {bit} at {at} of {name}");
                check_table(&items, &whole, at, &path, &what);
            }
        }
    }
}

/// Damage is told, and all entries are but those of the block that holds `at`.
fn check_table(items: &[TableItem], whole: &[TableItem], at: u64, path: &Path, what: &str) {
    let told = items.iter().find_map(|item| match item {
        TableItem::Damage(damage) => Some(damage),
        _ => None,
    });
    let told = told.unwrap_or_else(|| panic!("{what}: nothing is told"));
    assert_eq!(told.file, path, "{what}");
    let mut hit = None;
    let mut expected = Vec::new();
    for item in whole {
        match item {
            TableItem::Block(block) => {
                let range = block.offset..block.offset + block.bytes;
                hit = range.contains(&at).then_some(block.number);
            }
            TableItem::Entry(entry) if hit != Some(entry.block) => expected.push(entry),
            _ => {}
        }
    }
    let entries = items.iter().filter_map(|item| match item {
        TableItem::Entry(entry) => Some(entry),
        _ => None,
    });
    assert!(entries.eq(expected), "{what}: other entries are told");
}

#[test]
fn every_flipped_bit_of_a_log_is_told_and_costs_one_record_at_most() {
    let disk = golden();
    let path = in_dir("000004.wal");
    let whole: Vec<_> = Inspector::new(disk.clone()).log(&path).unwrap().collect();
    let operations = |items: &[LogItem]| {
        items
            .iter()
            .filter(|item| matches!(item, LogItem::Operation(_)))
            .count()
    };
    for at in 0..300 {
        for bit in 0..8 {
            let damaged = disk.fork();
            damaged.flip_bit(&path, at, bit).unwrap();
            let items: Vec<_> = Inspector::new(damaged).log(&path).unwrap().collect();
            let told = items
                .iter()
                .any(|item| matches!(item, LogItem::Damage(_) | LogItem::Torn(_)));
            let what = format!("bit {bit} at {at}: {items:?}");
            // The seal takes 64 bytes from 216 on.
            assert_eq!(told, at < 280, "{what}");
            let lost = operations(&whole) - operations(&items);
            let most = match at {
                24..136 => 1,
                136..216 => 3,
                _ => 0,
            };
            assert_eq!(lost, most, "{what}");
        }
    }
}

#[test]
fn every_flipped_bit_of_a_manifest_is_told_and_costs_one_edit_at_most() {
    let disk = golden();
    let path = in_dir("manifest-000001");
    let bytes = disk.read_file(&path).unwrap().len() as u64;
    for at in 0..bytes {
        for bit in 0..8 {
            let damaged = disk.fork();
            damaged.flip_bit(&path, at, bit).unwrap();
            let items: Vec<_> = Inspector::new(damaged).manifest(&path).unwrap().collect();
            let edits = items
                .iter()
                .filter(|item| matches!(item, ManifestItem::Edit(_)));
            let what = format!("bit {bit} at {at}: {items:?}");
            assert_eq!(edits.count(), if at < 24 { 7 } else { 6 }, "{what}");
            let told = items
                .iter()
                .any(|item| matches!(item, ManifestItem::Damage(_) | ManifestItem::Torn { .. }));
            assert!(told, "{what}");
        }
    }
}

#[test]
fn files_of_noise_and_files_cut_anywhere_are_told_and_never_panic() {
    let disk = golden();
    for name in ["000006.table", "000004.wal", "manifest-000001", "CURRENT"] {
        let path = in_dir(name);
        let whole = disk.read_file(&path).unwrap();
        for cut in 0..whole.len().min(1_400) {
            let noise: Vec<u8> = (0..cut).map(|i| ((i * i) >> 3) as u8).collect();
            for bytes in [&whole[..cut], &noise] {
                let damaged = disk.fork();
                damaged.write_file(&path, bytes).unwrap();
                let inspector = Inspector::new(damaged);
                match name {
                    "000006.table" => drop(inspector.table(&path).unwrap().count()),
                    "000004.wal" => drop(inspector.log(&path).unwrap().count()),
                    "manifest-000001" => drop(inspector.manifest(&path).unwrap().count()),
                    _ => {}
                }
                if cut % 16 == 0 {
                    inspector.directory(DIR).unwrap();
                    // The seal of the log and the last edit of the manifest tell of the same
                    // close: without one of them it is as after a crash, with all records there.
                    let harmless = match name {
                        "000004.wal" => cut >= 216,
                        "manifest-000001" => cut >= 472,
                        _ => false,
                    };
                    let sound = inspector.verify(DIR).unwrap().is_sound();
                    let is_cut = std::ptr::eq(bytes, &whole[..cut]);
                    assert!(!sound || (is_cut && harmless), "{name} cut to {cut}");
                }
            }
        }
    }
}
