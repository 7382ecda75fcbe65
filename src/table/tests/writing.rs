//! How tables are written, and what becomes of writes that fail.

use super::memory_disk::MemoryDisk;
use super::model::{Entry, NUMBER, open, path, put, puts, scan, write};
use crate::error::ErrorKind;
use crate::format::checksum;
use crate::format::range_tombstones::RangeTombstones;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::table::options::TableOptions;
use crate::table::writer::TableWriter;

fn none() -> RangeTombstones {
    RangeTombstones::default()
}

#[test]
fn summary_has_length_and_checksum_of_the_file() {
    // Longer than what is written at once, in one value and in many.
    for entries in [puts(5000, 300), vec![put(b"k", 1, &vec![3; 3 << 20])]] {
        let disk = MemoryDisk::default();
        let summary = write(&disk, &entries, &none(), TableOptions::default()).unwrap();
        let bytes = disk.bytes(&path());
        assert_eq!(summary.bytes, bytes.len() as u64);
        assert_eq!(summary.checksum, checksum::plain(&bytes));
        let table = open(&disk, 1 << 20).unwrap();
        table.verify().unwrap();
        assert_eq!(scan(&table).unwrap(), entries);
    }
}

#[test]
fn entries_out_of_order_are_refused_and_make_no_table() {
    for (second, sequence) in [(b"a", 9), (b"b", 5), (b"b", 6)] {
        let disk = MemoryDisk::default();
        let entries = [put(b"b", 5, b"first"), put(second, sequence, b"second")];
        let refused = write(&disk, &entries, &none(), TableOptions::default());
        let kind = refused.map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Corruption));
    }
}

#[test]
fn same_entries_make_the_same_bytes() {
    let bytes = || {
        let disk = MemoryDisk::default();
        write(&disk, &puts(3000, 40), &none(), TableOptions::default()).unwrap();
        disk.bytes(&path())
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn estimate_is_within_a_tenth_of_the_length() {
    let disk = MemoryDisk::default();
    let fs: Arc<dyn FileSystem> = Arc::new(disk.clone());
    let mut writer = TableWriter::create(&fs, &path(), NUMBER, TableOptions::default()).unwrap();
    for (key, meta, value) in puts(20_000, 100) {
        writer.add(&key, meta, &value).unwrap();
    }
    let estimate = writer.estimated_bytes();
    let bytes = writer.finish().unwrap().bytes;
    assert!(
        estimate.abs_diff(bytes) < bytes / 10,
        "{estimate} for {bytes}"
    );
}

#[test]
fn blocks_are_as_long_as_wanted_and_long_entries_have_their_own() {
    let mut entries = puts(1000, 100);
    entries.insert(500, put(b"key00000499x", 1, &vec![1; 50_000]));
    let disk = MemoryDisk::default();
    write(&disk, &entries, &none(), TableOptions::default()).unwrap();
    let table = open(&disk, 1 << 20).unwrap();
    let lens: Vec<usize> = (0..table.index().len())
        .filter_map(|i| table.index().block(i))
        .map(|(_, len)| len)
        .collect();
    let long: Vec<usize> = lens.iter().copied().filter(|&len| len > 16 << 10).collect();
    assert!(long.len() == 1 && long[0] < 50_200, "{lens:?}");
    assert!(lens.len() < 12, "{lens:?}");
}

#[test]
fn taken_name_is_refused() {
    let disk = MemoryDisk::default();
    disk.put(&path(), vec![1, 2, 3]);
    let error = write(&disk, &[], &none(), TableOptions::default()).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::AlreadyExists));
    assert_eq!(disk.bytes(&path()), [1, 2, 3]);
}

#[test]
fn each_write_and_sync_that_fails_is_told_and_the_writer_ends_with_it() {
    let entries: Vec<Entry> = puts(9000, 200);
    let mut failures = 0;
    for changes in 0.. {
        let disk = MemoryDisk::default();
        disk.fail_after(changes);
        let fs: Arc<dyn FileSystem> = Arc::new(disk);
        let options = TableOptions::default();
        let mut writer = TableWriter::create(&fs, &path(), NUMBER, options).unwrap();
        let mut failed = false;
        for (key, meta, value) in &entries {
            if let Err(error) = writer.add(key, *meta, value) {
                let kind = if failed {
                    ErrorKind::Latched
                } else {
                    ErrorKind::Io
                };
                assert_eq!(error.kind(), kind);
                failed = true;
            }
        }
        match writer.finish() {
            Ok(_) => break,
            Err(error) if failed => assert_eq!(error.kind(), ErrorKind::Latched),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Io),
        }
        failures += 1;
    }
    // Three chunks in the adds, the rest and the sync in the finish.
    assert!(failures >= 5, "{failures}");
}
