//! Shards: how many, which is which, what they keep for themselves.

use grainstore::backend::{KvBackend, ShardedBackend, ShardedOptions, WriteOp};
use grainstore::clock::ManualClock;
use grainstore::engine::{Background, Durability, Engine};
use grainstore::fs::CrashDisk;
use grainstore::{ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;

fn options(disk: &CrashDisk, shards: Option<usize>) -> ShardedOptions {
    let mut options = ShardedOptions::default();
    options.shards = shards;
    options.engine.background = Background::Inline;
    options.engine.file_system = Arc::new(disk.clone());
    options
}

fn open(disk: &CrashDisk, shards: Option<usize>) -> Result<ShardedBackend> {
    ShardedBackend::open("/app", options(disk, shards))
}

fn refusal(disk: &CrashDisk, shards: Option<usize>) -> String {
    let error = open(disk, shards).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

/// Gives every file of one shard to another, as a careless move of folders would.
fn copy_shard(disk: &CrashDisk, from: usize, to: usize) {
    let (from, to) = (format!("/app/shard-{from}"), format!("/app/shard-{to}"));
    for path in disk.paths() {
        if path.starts_with(&to) {
            disk.lose_file(&path).unwrap();
        }
    }
    for path in disk.paths() {
        if let Ok(name) = path.strip_prefix(&from) {
            let bytes = disk.read_file(&path).unwrap();
            disk.write_file(&Path::new(&to).join(name), &bytes).unwrap();
        }
    }
}

#[test]
fn the_number_of_shards_is_that_of_the_database() {
    let disk = CrashDisk::new();
    drop(open(&disk, Some(3)).unwrap());
    assert_eq!(
        refusal(&disk, Some(4)),
        "/app was made with 3 shards and is opened with 4; the number cannot change: open it with \
         3, or copy its records to a new database"
    );
    assert_eq!(open(&disk, None).unwrap().shards(), 3);
    assert_eq!(open(&disk, Some(3)).unwrap().shards(), 3);
    for wrong in [0, 1_025] {
        let text = refusal(&CrashDisk::new(), Some(wrong));
        assert!(text.contains("it must be 1 to 1024"), "{text}");
    }
}

#[test]
fn a_new_database_has_half_as_many_shards_as_threads_but_two_at_least() {
    let threads = std::thread::available_parallelism().unwrap().get();
    let backend = open(&CrashDisk::new(), None).unwrap();
    assert_eq!(backend.shards(), (threads / 2).max(2));
}

#[test]
fn a_shard_that_is_missing_or_in_the_place_of_another_is_told() {
    let disk = CrashDisk::new();
    let backend = open(&disk, Some(3)).unwrap();
    let ops: Vec<_> = (0..64u8).map(|n| WriteOp::put([n], [n])).collect();
    backend.write_batch(&ops).unwrap();
    backend.close().unwrap();
    drop(backend);

    let missing = disk.fork();
    for path in missing.paths() {
        if path.starts_with("/app/shard-1") {
            missing.lose_file(&path).unwrap();
        }
    }
    let text = refusal(&missing, None);
    assert!(
        text.starts_with("/app/shard-1 is empty, but the database was made with 3"),
        "{text}"
    );

    for (from, to, told) in [
        (2, 1, "/app/shard-1 holds shard 2 of 3"),
        (
            1,
            0,
            "/app/shard-0 holds shard 1 of 3; shard 0 belongs there",
        ),
    ] {
        let swapped = disk.fork();
        copy_shard(&swapped, from, to);
        let text = refusal(&swapped, None);
        assert!(text.starts_with(told), "{text}");
    }
}

#[test]
fn a_database_that_was_not_made_to_the_end_is_made_at_the_next_open() {
    let disk = CrashDisk::new();
    drop(open(&disk, Some(2)).unwrap());
    for call in 0..=disk.calls() {
        for image in grainstore::fs::CrashImage::all(call as u64) {
            let left = disk.image(call, image);
            let backend = open(&left, Some(2)).unwrap();
            let ops = [WriteOp::put(b"a", b"1"), WriteOp::put(b"b", b"2")];
            backend.write_batch(&ops).unwrap();
            drop(backend);
            let found = open(&left, None).unwrap().count_prefix(b"").unwrap();
            assert_eq!(found, 2, "call {call} {image:?}");
        }
    }
}

#[test]
fn equal_primary_keys_of_all_tables_live_together_and_shards_are_all_used() {
    let backend = open(&CrashDisk::new(), Some(4)).unwrap();
    let mut used = [0; 4];
    for n in 0..1_000u32 {
        let key = |table: &str| [table.as_bytes(), b"\0", &n.to_be_bytes()].concat();
        let shard = backend.shard_of(&key("users"));
        assert_eq!(shard, backend.shard_of(&key("carts")));
        used[shard] += 1;
    }
    assert!(
        used.iter().all(|keys| (200..300).contains(keys)),
        "{used:?}"
    );
}

fn intents(backend: &ShardedBackend) -> usize {
    let count = |engine: &Engine| engine.scan_prefix(&[0, b'i']).unwrap().count();
    backend.engines().map(count).sum()
}

#[test]
fn intents_do_not_pile_up() {
    let batch: Vec<_> = (0..12u8)
        .map(|n| WriteOp::put([n], vec![n; 4_000]))
        .collect();
    let disk = CrashDisk::new();
    let backend = open(&disk, Some(3)).unwrap();
    for _ in 0..50 {
        backend.write_batch(&batch).unwrap();
        assert!(intents(&backend) <= 3);
    }
    backend.close().unwrap();
    drop(backend);

    let disk = CrashDisk::new();
    let mut unsynced = options(&disk, Some(3));
    unsynced.engine.durability = Durability::Buffered;
    let backend = ShardedBackend::open("/app", unsynced).unwrap();
    for _ in 0..100 {
        backend.write_batch(&batch).unwrap();
        assert!(intents(&backend) <= 3 * 30, "{}", intents(&backend));
    }
    backend.sync().unwrap();
    backend.write_batch(&batch).unwrap();
    assert_eq!(intents(&backend), 3);
    backend.close().unwrap();
    drop(backend);
    assert_eq!(intents(&open(&disk, None).unwrap()), 0);
}

#[test]
fn a_record_that_expired_in_one_shard_has_expired_in_all_after_the_clock_was_set_back() {
    let (disk, clock) = (CrashDisk::new(), ManualClock::new(1_000));
    let open = || {
        let mut options = options(&disk, Some(3));
        options.engine.clock = Arc::new(clock.clone());
        ShardedBackend::open("/app", options).unwrap()
    };
    let backend = open();
    for n in 0..32u8 {
        backend.put_with_expiry(&[n], b"v", 2_000).unwrap();
    }
    clock.set(3_000);
    backend.put(b"one shard saw the time", b"").unwrap();
    let left = disk.image(disk.calls(), grainstore::fs::CrashImage::KeepAll);
    drop(backend);
    clock.set(1_000);
    let mut options = options(&left, None);
    options.engine.clock = Arc::new(clock.clone());
    let backend = ShardedBackend::open("/app", options).unwrap();
    assert_eq!(backend.count_prefix(b"").unwrap(), 1);
    assert_eq!(backend.now_ms(), 3_000);
}
