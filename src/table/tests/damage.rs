//! Damage is an error that names the file, or harmless; never a wrong value.

use super::memory_disk::MemoryDisk;
use super::model::{Entry, NUMBER, current, in_order, open, path, put, puts, scan, write};
use crate::error::{ErrorKind, Result};
use crate::format::block_builder::BlockBuilder;
use crate::format::block_envelope;
use crate::format::compression::Compressor;
use crate::format::compression::tests::methods;
use crate::format::entry::{EntryMeta, Kind, SEQUENCE_MAX, key_hash};
use crate::format::filter::Filter;
use crate::format::footer::{Footer, Section};
use crate::format::index::IndexBuilder;
use crate::format::properties::Properties;
use crate::format::range_tombstones::{RangeTombstone, RangeTombstones};
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::table::cache::BlockCache;
use crate::table::options::TableOptions;
use crate::table::reader::Table;
use crate::table::statistics::Statistics;

/// A little of everything in a few hundred bytes.
fn small_table(options: TableOptions) -> (MemoryDisk, Vec<Entry>) {
    let expiring = EntryMeta {
        sequence: 4,
        kind: Kind::Put,
        expiry_ms: 1000,
    };
    let gone = EntryMeta {
        sequence: 9,
        kind: Kind::Delete,
        expiry_ms: 0,
    };
    let entries = in_order(vec![
        put(b"", 3, b"empty"),
        put(b"grain/1", 5, b"new"),
        put(b"grain/1", 2, b"old"),
        (b"grain/2".to_vec(), expiring, vec![7; 40]),
        (b"grain/3".to_vec(), gone, vec![]),
        put(b"grain/4", 1, b"x"),
    ]);
    let ranges = RangeTombstones::from_ranges(vec![RangeTombstone {
        start: b"grain/3"[..].into(),
        end: b"grain/9"[..].into(),
        sequence: 8,
    }]);
    let disk = MemoryDisk::default();
    write(&disk, &entries, &ranges, options).unwrap();
    (disk, entries)
}

/// Reads all there is to read of a table: by cursor, by key, range tombstones and properties.
fn read_all(disk: &MemoryDisk, entries: &[Entry]) -> Result<(Vec<Entry>, Properties)> {
    let table = open(disk, 1 << 20)?;
    for (key, meta, value) in entries {
        let found = table.get(key, key_hash(key), meta.sequence)?;
        let found = found.map(|f| (f.meta, f.value().to_vec()));
        assert_eq!(
            found,
            Some((*meta, value.clone())),
            "a get told a wrong story"
        );
    }
    assert!(
        table
            .get(b"foreign", key_hash(b"foreign"), SEQUENCE_MAX)?
            .is_none()
    );
    let scanned = scan(&table)?;
    table.verify()?;
    Ok((scanned, table.properties().clone()))
}

#[test]
fn every_single_bit_that_flips_is_told() {
    for compression in methods() {
        let options = TableOptions {
            block_bytes: 64,
            compression,
            ..TableOptions::default()
        };
        let (disk, entries) = small_table(options);
        let bytes = disk.bytes(&path());
        let (scanned, _) = read_all(&disk, &entries).unwrap();
        assert_eq!(scanned, entries);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            disk.put(&path(), damaged);
            // A wrong value would have failed the asserts on the way to the verify.
            let error = read_all(&disk, &entries).unwrap_err();
            assert!(error.is_corruption(), "bit {bit}: {error}");
            assert!(
                error.path().is_some() && error.offset().is_some(),
                "bit {bit}"
            );
        }
    }
}

#[test]
fn file_cut_or_grown_anywhere_is_told_at_the_open() {
    let (disk, _) = small_table(TableOptions::default());
    let bytes = disk.bytes(&path());
    for cut in 0..bytes.len() {
        disk.put(&path(), bytes[..cut].to_vec());
        assert!(open(&disk, 0).unwrap_err().is_corruption(), "cut at {cut}");
    }
    for tail in [&[0][..], &[0; 4096], &bytes] {
        disk.put(&path(), [&bytes, tail].concat());
        assert!(open(&disk, 0).unwrap_err().is_corruption());
    }
}

#[test]
fn table_under_another_number_is_refused() {
    let (disk, _) = small_table(TableOptions::default());
    let fs: Arc<dyn FileSystem> = Arc::new(disk);
    let table = Table::open(&fs, &path(), NUMBER + 1, BlockCache::new(0));
    assert!(table.unwrap_err().is_corruption());
}

#[test]
fn blocks_of_equal_length_that_swapped_places_are_told() {
    let options = TableOptions {
        block_bytes: 1,
        ..TableOptions::default()
    };
    let disk = MemoryDisk::default();
    let entries = [put(b"a", 1, b"1"), put(b"b", 1, b"2")];
    write(&disk, &entries, &Default::default(), options).unwrap();
    let (_, len) = open(&disk, 0).unwrap().index().block(0).unwrap();
    let mut bytes = disk.bytes(&path());
    bytes[..2 * len].rotate_left(len);
    disk.put(&path(), bytes);
    let table = open(&disk, 0).unwrap();
    assert!(scan(&table).unwrap_err().is_corruption());
    assert!(table.verify().unwrap_err().is_corruption());
}

#[test]
fn cursor_that_met_damage_gives_the_error_for_good() {
    let disk = MemoryDisk::default();
    write(
        &disk,
        &puts(300, 100),
        &Default::default(),
        TableOptions::default(),
    )
    .unwrap();
    let mut bytes = disk.bytes(&path());
    bytes[20_000] ^= 1;
    disk.put(&path(), bytes);
    let table = open(&disk, 1 << 20).unwrap();
    for mut cursor in [table.cursor(), table.cursor_past_cache()] {
        cursor.seek_to_first().unwrap();
        let mut walked = 0;
        let error = loop {
            match cursor.next() {
                Ok(()) => walked += 1,
                Err(error) => break error,
            }
            assert!(cursor.valid() && walked < 300);
        };
        assert!(error.is_corruption());
        assert!(!cursor.valid());
        let again = [
            cursor.next(),
            cursor.prev(),
            cursor.seek_to_first(),
            cursor.seek_to_last(),
            cursor.seek(b"key00000000", 1),
            cursor.seek_before(b"key00000001"),
        ];
        for again in again {
            assert_eq!(again.unwrap_err().kind(), ErrorKind::Corruption);
        }
        assert_eq!(current(&cursor), None);
    }
}

#[test]
fn unreadable_block_is_an_error_of_the_disk_and_those_before_it_are_read() {
    let disk = MemoryDisk::default();
    write(
        &disk,
        &puts(300, 100),
        &Default::default(),
        TableOptions::default(),
    )
    .unwrap();
    let table = open(&disk, 0).unwrap();
    disk.make_unreadable(20_000..20_001);
    let mut cursor = table.cursor_past_cache();
    cursor.seek(b"key00000000", 1).unwrap();
    let first_block = cursor.key().to_vec();
    assert_eq!(first_block, b"key00000000");
    let error = loop {
        if let Err(error) = cursor.next() {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Io);
    // Reads may go on once the disk does.
    disk.make_unreadable(0..0);
    assert_eq!(scan(&table).unwrap().len(), 300);
}

/// The parts of a table, each right by itself.
struct Parts {
    blocks: Vec<Vec<Entry>>,
    separators: Vec<&'static [u8]>,
    hashes: Vec<u64>,
    properties: Properties,
}

impl Parts {
    /// Two blocks with three keys.
    fn sound() -> Self {
        let blocks = vec![
            vec![put(b"a", 1, b"1"), put(b"b", 1, b"2")],
            vec![put(b"m", 1, b"3")],
        ];
        let mut statistics = Statistics::default();
        for (key, meta, value) in blocks.iter().flatten() {
            statistics.add(key, *meta, value.len());
        }
        Self {
            separators: vec![b"c", b"m"],
            hashes: blocks.iter().flatten().map(|e| key_hash(&e.0)).collect(),
            properties: statistics.finish(b"m", &RangeTombstones::default()),
            blocks,
        }
    }

    /// Puts the parts together with right checksums, and verifies that.
    fn verify(&self) -> Result<()> {
        let mut file = Vec::new();
        let mut index = IndexBuilder::default();
        for (block, separator) in self.blocks.iter().zip(&self.separators) {
            let mut builder = BlockBuilder::new(true);
            for (key, meta, value) in block {
                builder.add(key, key_hash(key), *meta, value);
            }
            let section = append(&mut file, builder.finish());
            index.add(section.len, separator, None);
        }
        let mut payload = |encode: &dyn Fn(&mut Vec<u8>)| {
            let mut payload = Vec::new();
            encode(&mut payload);
            append(&mut file, &payload)
        };
        let footer = Footer {
            index: payload(&|out| index.encode(out)),
            filter: payload(&|out| Filter::build(&self.hashes, 10).encode(out)),
            range_tombstones: payload(&|out| RangeTombstones::default().encode(out)),
            properties: payload(&|out| self.properties.encode(out)),
        };
        let footer = footer.encode(NUMBER, file.len() as u64);
        file.extend(footer);
        let disk = MemoryDisk::default();
        disk.put(&path(), file);
        open(&disk, 0)?.verify()
    }
}

fn append(file: &mut Vec<u8>, payload: &[u8]) -> Section {
    let offset = file.len() as u64;
    let mut compressor = Compressor::default();
    let (packed, rest) = block_envelope::seal((NUMBER, offset), payload, &mut compressor);
    file.extend([packed, &rest].concat());
    Section {
        offset,
        len: file.len() as u64 - offset,
    }
}

#[test]
fn verify_holds_the_parts_of_a_table_against_each_other() {
    Parts::sound().verify().unwrap();
    type Break = fn(&mut Parts);
    let broken: [(&str, Break); 9] = [
        ("entries of a block out of order", |p| {
            p.blocks[0].swap(0, 1);
        }),
        ("blocks of a table out of order", |p| {
            p.blocks.swap(0, 1);
            p.separators = vec![b"m", b"m"];
        }),
        ("filter misses a key", |p| p.hashes.truncate(1)),
        ("index leads past a key", |p| p.separators[0] = b"a"),
        ("index leads past a key", |p| p.separators[0] = b"m"),
        ("index leads past a key", |p| p.separators[1] = b"l"),
        ("properties of a table differ", |p| {
            p.properties.value_bytes += 1;
        }),
        ("properties of a table differ", |p| {
            p.properties.key_last = b"n"[..].into();
        }),
        ("properties of a table differ", |p| drop(p.blocks[0].pop())),
    ];
    for (what, breaks) in broken {
        let mut parts = Parts::sound();
        breaks(&mut parts);
        let error = parts.verify().unwrap_err();
        assert!(error.is_corruption(), "{error}");
        assert!(
            error.to_string().contains(what),
            "{error} instead of {what}"
        );
    }
}
