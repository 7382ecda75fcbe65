//! How many files a database has open, however many tables it has.

use crate::counting_files::CountingFiles;
use grainstore::engine::{Background, Durability, Engine, EngineOptions, OpenTables};
use std::path::Path;
use std::sync::Arc;

const TABLES: u32 = 300;
const KEYS_EACH: u32 = 20;

/// Many small tables: a flush for each, and no compaction before there are a great many.
fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.durability = Durability::Buffered;
    options.level0_tables = 64;
    options.table_bytes = 4 << 10;
    options.level1_bytes = 1 << 40;
    options.block_bytes = 512;
    options
}

fn value(n: u32) -> Vec<u8> {
    n.to_be_bytes().repeat(50)
}

/// Makes [`TABLES`] tables that lie one after the other.
fn fill(engine: &Engine) {
    for n in 0..TABLES * KEYS_EACH {
        engine.put(&n.to_be_bytes(), &value(n)).unwrap();
    }
    engine.compact().unwrap();
    let tables = engine.stats().tables();
    assert!(tables >= TABLES as usize, "{tables} tables");
}

fn read_all(engine: &Engine) {
    // In an order that goes from table to table.
    for n in 0..TABLES * KEYS_EACH {
        let n = n * 997 % (TABLES * KEYS_EACH);
        assert_eq!(engine.get(&n.to_be_bytes()).unwrap().unwrap(), value(n));
    }
}

fn on_counting_disk(open_files_max: usize, cache_bytes: usize) -> (CountingFiles, Engine) {
    let disk = CountingFiles::default();
    let mut options = options();
    options.file_system = Arc::new(disk.clone());
    options.open_files_max = open_files_max;
    options.cache_bytes = cache_bytes;
    let engine = Engine::open("/db", options.clone()).unwrap();
    fill(&engine);
    engine.close().unwrap();
    drop(engine);
    assert_eq!(disk.open_now(), 0, "a closed database has no file open");
    disk.take_open_most();
    (disk, Engine::open("/db", options).unwrap())
}

#[test]
fn three_hundred_tables_are_read_through_as_many_files_as_the_option_says() {
    for open_files_max in [1, 7, 64] {
        let (disk, engine) = on_counting_disk(open_files_max, 0);
        read_all(&engine);
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 6_000);
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().rev().count(), 6_000);
        engine.verify().unwrap();
        let most = disk.take_open_most();
        assert!(most <= open_files_max, "{most} of {open_files_max}");
        assert_eq!(engine.stats().open_files, disk.open_now());
        // Reading and writing tables anew needs no more.
        engine.compact().unwrap();
        assert!(disk.take_open_most() <= open_files_max + 1);
        read_all(&engine);
    }
}

#[test]
fn a_prefetching_open_keeps_to_the_bound_on_open_files() {
    let (disk, engine) = on_counting_disk(9, 1 << 20);
    engine.close().unwrap();
    drop(engine);
    let mut options = options();
    options.file_system = Arc::new(disk.clone());
    options.open_files_max = 9;
    options.open_tables = OpenTables::Prefetch { threads: 4 };
    disk.take_open_most();
    let engine = Engine::open("/db", options).unwrap();
    assert!(engine.stats().table_index_bytes > 0);
    read_all(&engine);
    let most = disk.take_open_most();
    assert!(most <= 9 + 4, "{most}");
}

#[test]
fn blocks_in_the_cache_are_read_without_their_file() {
    let (disk, engine) = on_counting_disk(1, 64 << 20);
    read_all(&engine);
    let (opened, reads) = (disk.opened(), disk.reads());
    assert!(opened >= TABLES as usize);
    read_all(&engine);
    assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 6_000);
    assert_eq!((disk.opened(), disk.reads()), (opened, reads));
}

#[test]
fn threads_that_read_at_once_hold_a_file_each_beyond_the_bound_and_no_more() {
    let (disk, engine) = on_counting_disk(2, 0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| read_all(&engine));
        }
    });
    let most = disk.take_open_most();
    assert!(most <= 2 + 6, "{most}");
    assert!(disk.open_now() <= 2);
}

#[test]
fn a_table_that_was_replaced_is_read_to_its_end_though_its_file_was_closed() {
    let (disk, engine) = on_counting_disk(1, 0);
    let mut scan = engine.scan::<&[u8]>(..).unwrap();
    let mut back = engine.scan::<&[u8]>(..).unwrap().rev();
    let snapshot = engine.snapshot();
    scan.next().unwrap().unwrap();
    back.next().unwrap().unwrap();
    let before = disk.disk.paths().len();
    for n in 0..TABLES * KEYS_EACH {
        engine.put(&n.to_be_bytes(), b"new").unwrap();
    }
    engine.compact().unwrap();
    assert_eq!(disk.open_now(), 1, "the old tables' files are closed");
    for (seen, n) in scan.zip(1u32..) {
        assert_eq!(seen.unwrap().1, value(n));
    }
    assert_eq!(back.map(Result::unwrap).count(), 5_999);
    assert_eq!(
        engine.get_at(&snapshot, &[0; 4]).unwrap().unwrap(),
        value(0)
    );
    drop(snapshot);
    engine.compact().unwrap();
    assert!(disk.disk.paths().len() < before, "and now they are gone");
}

/// The role that the test below plays in a process of its own.
const ROLE: &str = "GRAIN_LIMITS_DIR";

#[test]
#[ignore = "another test runs it in a process with few handles"]
fn reads_with_few_handles() {
    let Some(dir) = std::env::var_os(ROLE) else {
        return;
    };
    for open_files_max in [16, EngineOptions::default().open_files_max] {
        let mut options = options();
        options.cache_bytes = 0;
        options.background = Background::Thread;
        options.open_files_max = open_files_max;
        let engine = Engine::open(Path::new(&dir), options).unwrap();
        read_all(&engine);
        assert_eq!(engine.scan::<&[u8]>(..).unwrap().count(), 6_000);
        assert!(engine.stats().open_files < 64);
        engine.close().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_may_have_64_files_reads_three_hundred_tables() {
    let dir = std::env::temp_dir().join(format!("grainstore-files-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let engine = Engine::open(&dir, options()).unwrap();
    fill(&engine);
    engine.close().unwrap();
    let test = std::env::current_exe().unwrap();
    let told = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(test)
        .args(["--exact", "--ignored", "open_files::reads_with_few_handles"])
        .env(ROLE, &dir)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.contains("1 passed"), "{text}");
    std::fs::remove_dir_all(&dir).unwrap();
}
