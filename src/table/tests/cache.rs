//! The bound on cached blocks holds, whoever reads what when.

use super::memory_disk::MemoryDisk;
use super::model::{Entry, NUMBER, path, puts, scan, write};
use crate::format::entry::key_hash;
use crate::fs::file_system::FileSystem;
use crate::sync::{Arc, spawn};
use crate::table::cache::BlockCache;
use crate::table::options::TableOptions;
use crate::table::reader::Table;

/// A disk with a table of 200 entries in 20 blocks or so.
fn disk() -> (Arc<dyn FileSystem>, MemoryDisk, Vec<Entry>) {
    let disk = MemoryDisk::default();
    let entries = puts(200, 80);
    let options = TableOptions {
        block_bytes: 1000,
        ..TableOptions::default()
    };
    write(&disk, &entries, &Default::default(), options).unwrap();
    (Arc::new(disk.clone()), disk, entries)
}

fn open(fs: &Arc<dyn FileSystem>, cache: &Arc<BlockCache>) -> Arc<Table> {
    Table::open(fs, &path(), NUMBER, Arc::clone(cache)).unwrap()
}

#[test]
fn blocks_are_read_once_while_they_fit_and_returned_with_their_table() {
    let (fs, disk, entries) = disk();
    let cache = BlockCache::new(1 << 20);
    let table = open(&fs, &cache);
    assert_eq!(scan(&table).unwrap(), entries);
    let reads = disk.reads();
    assert_eq!(scan(&table).unwrap(), entries);
    assert_eq!(disk.reads(), reads);
    assert_eq!(cache.misses(), table.index().len() as u64);
    let (bytes, frames) = cache.count();
    assert_eq!((bytes, frames), (cache.bytes(), table.index().len()));
    let other = open(&fs, &cache);
    scan(&other).unwrap();
    assert_eq!(cache.bytes(), 2 * bytes);
    drop(table);
    assert_eq!(cache.count().0, bytes);
    drop(other);
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn frames_of_closed_tables_do_not_pile_up() {
    let (fs, ..) = disk();
    let cache = BlockCache::new(1 << 20);
    for _ in 0..100 {
        scan(&open(&fs, &cache)).unwrap();
        let (bytes, frames) = cache.count();
        assert_eq!(bytes, 0);
        assert!(frames < 120, "{frames}");
    }
}

#[test]
fn cache_of_nothing_and_cache_smaller_than_a_block_keep_nothing() {
    let (fs, _, entries) = disk();
    for bytes_max in [0, 200] {
        let cache = BlockCache::new(bytes_max);
        let table = open(&fs, &cache);
        assert_eq!(scan(&table).unwrap(), entries);
        let (key, meta, value) = &entries[77];
        let found = table
            .get(key, key_hash(key), meta.sequence)
            .unwrap()
            .unwrap();
        assert_eq!(found.value(), value);
        assert_eq!(cache.count(), (0, 0));
    }
}

#[test]
fn cursor_past_the_cache_and_verify_leave_the_cache_as_it_is_and_read_ahead() {
    let (fs, disk, entries) = disk();
    let cache = BlockCache::new(1 << 20);
    let table = open(&fs, &cache);
    let reads = disk.reads();
    let mut cursor = table.cursor_past_cache();
    cursor.seek_to_first().unwrap();
    let mut count = 0;
    while cursor.valid() {
        count += 1;
        cursor.next().unwrap();
    }
    assert_eq!(count, entries.len());
    assert!(disk.reads() - reads <= 2, "{}", disk.reads() - reads);
    table.verify().unwrap();
    assert_eq!((cache.bytes(), cache.misses()), (0, 0));
}

#[test]
fn blocks_that_are_read_again_stay_and_passing_scans_go() {
    let (fs, ..) = disk();
    let cache = BlockCache::new(8000);
    let table = open(&fs, &cache);
    let hot = || {
        table
            .get(b"key00000100", key_hash(b"key00000100"), 9)
            .unwrap()
            .unwrap()
    };
    hot();
    hot();
    let mut cursor = table.cursor();
    cursor.seek_to_first().unwrap();
    let mut misses_of_hot = 0;
    while cursor.valid() {
        // Read now and then while the scan passes three times what the cache holds.
        let misses = cache.misses();
        hot();
        misses_of_hot += cache.misses() - misses;
        for _ in 0..30 {
            cursor.next().unwrap();
        }
    }
    assert_eq!(misses_of_hot, 0, "the block in use was let go for a scan");
    assert!(cache.misses() > 20);
    assert!(cache.bytes() <= 8000 && cache.bytes() > 6000);
    assert_eq!(cache.count().0, cache.bytes());
}

#[test]
fn threads_that_read_and_close_tables_at_once_never_break_the_bound() {
    let (fs, _, entries) = disk();
    for bytes_max in [0, 6000, 1 << 20] {
        let cache = BlockCache::new(bytes_max);
        let shared = open(&fs, &cache);
        let entries = Arc::new(entries.clone());
        let reader = |seed: usize| {
            let (fs, cache) = (Arc::clone(&fs), Arc::clone(&cache));
            let (shared, entries) = (Arc::clone(&shared), Arc::clone(&entries));
            move || {
                for round in 0..60 {
                    let own = open(&fs, &cache);
                    for step in 0..60 {
                        let at = (seed * 7919 + round * 31 + step * 53) % entries.len();
                        let (key, meta, value) = &entries[at];
                        for table in [&own, &shared] {
                            let found = table.get(key, key_hash(key), meta.sequence);
                            assert_eq!(found.unwrap().unwrap().value(), value);
                        }
                        assert!(cache.bytes() <= bytes_max);
                    }
                    if round % 20 == seed {
                        assert_eq!(scan(&shared).unwrap(), *entries);
                    }
                }
            }
        };
        let threads: Vec<_> = (0..4)
            .map(|i| spawn("reader", reader(i)).unwrap())
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(cache.count().0, cache.bytes());
        drop(shared);
        assert_eq!(cache.bytes(), 0);
    }
}
