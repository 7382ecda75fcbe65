//! The golden database described, with the figures that its history put into it.

use grainstore::fs::{CrashDisk, FileSystem};
use grainstore::inspect::{
    FileRole, Inspector, LogItem, LogOperation, LogPlace, ManifestItem, SealReason,
    TableCompression, TableItem,
};
use std::path::{Path, PathBuf};

pub(crate) const DIR: &str = "/db";
const NOW_MS: u64 = 1_700_000_000_000;

/// The golden files on a disk of their own.
pub(crate) fn golden() -> CrashDisk {
    let disk = CrashDisk::new();
    disk.create_dir_all(Path::new(DIR)).unwrap();
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = Path::new(DIR).join(entry.file_name());
        disk.write_file(&to, &std::fs::read(entry.path()).unwrap())
            .unwrap();
    }
    disk
}

pub(crate) fn in_dir(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

#[test]
fn a_table_is_told_with_parts_blocks_and_entries() {
    let inspector = Inspector::new(golden());
    let table = inspector.table(in_dir("000006.table")).unwrap();
    assert_eq!(table.number(), 6);
    let items: Vec<_> = table.collect();
    let TableItem::Footer(footer) = &items[0] else {
        panic!("{:?}", items[0]);
    };
    assert_eq!(
        (footer.data.clone(), footer.index.clone()),
        (0..1_108, 1_108..1_146)
    );
    assert_eq!(
        (footer.filter.end, footer.properties.clone()),
        (1_216, 1_222..1_270)
    );
    assert_eq!(footer.bytes, 1_350);
    let TableItem::Properties(properties) = &items[1] else {
        panic!("{:?}", items[1]);
    };
    assert_eq!((properties.entries, properties.expiring), (34, 1));
    assert_eq!((properties.key_bytes, properties.value_bytes), (276, 518));
    assert_eq!((properties.sequence_min, properties.sequence_max), (0, 0));
    assert_eq!(properties.key_last, [4, 0, 0, 42, 248]);
    let TableItem::Filter(filter) = &items[2] else {
        panic!("{:?}", items[2]);
    };
    assert_eq!((filter.bits, filter.probes), (512, 6));
    let blocks: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            TableItem::Block(block) => {
                assert_eq!(block.compression, Some(TableCompression::None));
                assert_eq!(block.unpacked_bytes, Some(block.bytes - 5));
                Some((block.offset, block.bytes, block.entries.unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(blocks, [(0, 502, 11), (502, 504, 16), (1_006, 102, 7)]);
    let entries: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            TableItem::Entry(entry) => Some(entry),
            _ => None,
        })
        .collect();
    assert_eq!(entries.len(), 34);
    // The catalog's count of stores stands under the empty name.
    assert_eq!(
        (&*entries[0].key, entries[0].value.as_deref()),
        (&[0][..], Some(&[5, 0, 0, 0][..]))
    );
    let expiring: Vec<_> = entries.iter().filter(|entry| entry.expiry_ms > 0).collect();
    assert_eq!(expiring.len(), 1);
    assert_eq!(expiring[0].expiry_ms, NOW_MS + 3_600_000);
    assert_eq!(items.len(), 3 + 3 + 34);
}

#[test]
fn a_log_is_told_with_records_operations_and_its_seal() {
    let inspector = Inspector::new(golden());
    let items: Vec<_> = inspector.log(in_dir("000004.wal")).unwrap().collect();
    let records: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            LogItem::Record(it) => {
                assert_eq!((it.place, it.time_ms), (LogPlace::InOrder, NOW_MS));
                assert_eq!(it.synced_up_to, it.offset);
                Some((it.offset, it.bytes, it.sequence, it.operations))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        records,
        [(24, 56, 47, 1), (80, 56, 48, 1), (136, 80, 49, 3)]
    );
    let expected = LogOperation::DeleteRange {
        sequence: 47,
        start: b"\x05tmp/".to_vec(),
        end: b"\x05tmp0".to_vec(),
    };
    assert_eq!(items[1], LogItem::Operation(expected));
    let deleted = LogOperation::Delete {
        sequence: 49,
        key: vec![4, 0, 0, 7, 208],
    };
    assert_eq!(items[5], LogItem::Operation(deleted));
    let Some(LogItem::Seal(seal)) = items.last() else {
        panic!("{:?}", items.last());
    };
    let closed = SealReason::Closed {
        manifest: 1,
        manifest_bytes: 472,
        time_ms: NOW_MS,
    };
    assert_eq!((seal.offset, seal.reason), (216, closed));
}

#[test]
fn a_manifest_is_told_edit_by_edit() {
    let inspector = Inspector::new(golden());
    let manifest = inspector.manifest(in_dir("manifest-000001")).unwrap();
    let edits: Vec<_> = manifest
        .map(|item| match item {
            ManifestItem::Edit(edit) => *edit,
            other => panic!("{other:?}"),
        })
        .collect();
    let offsets: Vec<_> = edits.iter().map(|edit| edit.offset).collect();
    assert_eq!(offsets, [24, 64, 104, 184, 288, 384, 472]);
    assert!(edits[0].snapshot && !edits[1].snapshot);
    let merged = &edits[4];
    let added: Vec<_> = merged
        .added
        .iter()
        .map(|table| (table.number, table.level))
        .collect();
    assert_eq!((added, &merged.removed[..]), (vec![(6, 1)], &[5, 3][..]));
    assert_eq!(merged.added[0].properties.entries, 34);
    assert_eq!(
        (edits[6].closed, edits[6].log_last),
        (Some((4, 216)), Some(4))
    );
}

#[test]
fn the_directory_is_told_with_levels_log_and_close() {
    let disk = golden();
    let calls = disk.calls();
    let diagnosis = Inspector::new(disk.clone()).directory(DIR).unwrap();
    assert_eq!(disk.calls(), calls, "nothing is changed");
    let close = diagnosis.closed.unwrap();
    assert_eq!((close.log, close.offset, close.time_ms), (4, 216, NOW_MS));
    let tables: Vec<_> = diagnosis
        .levels
        .iter()
        .map(|l| (l.tables, l.bytes, l.entries))
        .collect();
    assert_eq!(tables, [(1, 1_136, 5), (1, 1_350, 34)]);
    let log = diagnosis.log;
    assert_eq!(
        (log.first, log.last, log.records, log.operations),
        (4, 4, 3, 5)
    );
    assert_eq!(
        (log.sequences, diagnosis.sequence_last),
        (Some((47, 51)), 51)
    );
    assert_eq!(
        (diagnosis.in_use, diagnosis.manifest),
        (Some(false), Some(1))
    );
    assert!(diagnosis.refusal.is_none() && diagnosis.damage.is_empty());
    assert!(
        diagnosis
            .files
            .iter()
            .all(|file| file.role == FileRole::InUse)
    );
    assert_eq!(diagnosis.files.len(), 6);
    let verified = Inspector::new(disk).verify(DIR).unwrap();
    assert!(verified.is_sound());
    assert_eq!(
        (verified.tables, verified.blocks, verified.entries),
        (2, 6, 39)
    );
    assert_eq!(
        (verified.logs, verified.records, verified.bytes),
        (1, 3, 6_582)
    );
}
