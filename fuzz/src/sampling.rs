//! Small databases, closed cleanly, on simulated disks; and the seeds that are made by encoders.
//!
//! A fixed clock and work on the caller's own thread: the same bytes at every run.

use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Engine, EngineOptions, WriteBatch};
use grainstore::fs::CrashDisk;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The directory of every database here.
pub const DIR: &str = "/db";

/// When it is, in every database here.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// A database at rest.
pub struct Sealed {
    pub disk: CrashDisk,
    /// The paths of its files, without the empty ones.
    pub files: Vec<PathBuf>,
    /// Every record that a reader sees, ascending.
    pub contents: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Options as small as they go, on `disk`.
pub fn options(disk: &CrashDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.memtable_bytes = 4 << 10;
    options.cache_bytes = 4 << 10;
    options.block_bytes = 128;
    options.table_bytes = 4 << 10;
    options.level0_tables = 8;
    options.level1_bytes = 4 << 10;
    options.wal_segment_bytes = 4 << 10;
    options.wal_spares_max = 0;
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options.clock = Arc::new(ManualClock::new(NOW_MS));
    options
}

/// Tables in levels 1 and 2: everything that is flushed goes down at once.
fn lower_levels(disk: &CrashDisk) {
    let mut options = options(disk);
    options.level0_tables = 1;
    let engine = Engine::open(DIR, options).unwrap();
    for i in 0..12u8 {
        let key = format!("deep/{i:03}");
        engine.put(key.as_bytes(), &[i; 360]).unwrap();
    }
    engine.flush().unwrap();
    for i in 0..24u64 {
        let expiry_ms = i % 3 * (NOW_MS + i);
        let value = format!("grain of salt {i}");
        let key = format!("grain/{i:03}");
        engine
            .put_with_expiry(key.as_bytes(), value.as_bytes(), expiry_ms)
            .unwrap();
    }
    engine.flush().unwrap();
    engine.close().unwrap();
}

/// A database with tables in three levels, one of them with range tombstones over older versions
/// in another, a manifest of several edits and records of every kind in the log. Made once.
pub fn sealed() -> &'static Sealed {
    static SEALED: OnceLock<Sealed> = OnceLock::new();
    SEALED.get_or_init(|| {
        let disk = CrashDisk::new();
        lower_levels(&disk);
        let engine = Engine::open(DIR, options(&disk)).unwrap();
        let held = engine.snapshot();
        engine.delete_range(b"grain/003", b"grain/006").unwrap();
        engine.put(b"grain/004", b"again").unwrap();
        engine.delete(b"grain/010").unwrap();
        engine.flush().unwrap();
        for i in 30..36u8 {
            engine
                .put(format!("grain/{i:03}").as_bytes(), &[i; 40])
                .unwrap();
        }
        engine.flush().unwrap();
        let mut batch = WriteBatch::new();
        batch.put(b"batch", b"1").unwrap();
        batch
            .put_with_expiry(b"", b"the empty key", NOW_MS + 9)
            .unwrap();
        batch.delete(b"grain/012").unwrap();
        engine.write(batch).unwrap();
        engine.delete_range(b"grain/020", b"grain/022").unwrap();
        let scan = engine.scan::<&[u8]>(..).unwrap();
        let contents = scan.map(|item| item.map(|(k, v)| (k.to_vec(), v.to_vec())).unwrap());
        let contents = contents.collect();
        // Held so far, so that the tables it sees were not merged away.
        let stats = engine.stats();
        let tables = stats.levels.iter().map(|level| level.tables);
        let levels_in_use = tables.clone().filter(|&tables| tables > 0).count();
        assert!(
            levels_in_use == 3 && tables.sum::<usize>() >= 4,
            "the levels"
        );
        engine.close().unwrap();
        drop((held, engine));
        let has_bytes = |path: &PathBuf| !disk.read_file(path).unwrap_or_default().is_empty();
        Sealed {
            files: disk.paths().into_iter().filter(has_bytes).collect(),
            disk: disk.fork(),
            contents,
        }
    })
}

/// The name of the file at `path`.
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Seeds for every target that takes what an encoder writes: target, name, bytes.
pub fn encoded_seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds: Vec<_> = grainstore::fuzzing::samples()
        .into_iter()
        .map(|(target, name, bytes)| (target, name.to_owned(), bytes))
        .collect();
    let sealed = sealed();
    for (at, path) in sealed.files.iter().enumerate() {
        let name = name_of(path);
        let file = sealed.disk.read_file(path).unwrap();
        let with_flags = |flags: &[u8]| [flags, &file].concat();
        let door = match name.as_str() {
            "manifest-000001" => Some("manifest"),
            "CURRENT" => Some("current"),
            _ => None,
        };
        if let Some(door) = door {
            seeds.push((door, "sealed".to_owned(), with_flags(&[0])));
            seeds.push((door, "resealed".to_owned(), with_flags(&[1])));
        }
        seeds.push((
            "directory",
            format!("whole_{name}"),
            with_flags(&[at as u8, 0]),
        ));
        seeds.push((
            "directory",
            format!("patch_{name}"),
            vec![at as u8, 3, 0, 9, 1, 255],
        ));
        seeds.push((
            "directory",
            format!("flip_{name}"),
            vec![at as u8, 2, 0, 30, 1, 255],
        ));
    }
    seeds
}
