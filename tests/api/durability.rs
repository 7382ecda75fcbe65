//! How many device flushes a write costs, counted and never timed.

use crate::counting_disk::CountingDisk;
use grainstore::{Background, Db, Durability};
use std::time::{Duration, Instant};

fn open(disk: &CountingDisk, durability: Durability) -> Db {
    Db::builder("/db")
        .file_system(disk.clone())
        .durability(durability)
        .background(Background::Inline)
        .open()
        .unwrap()
}

#[test]
fn a_durable_put_costs_one_flush_of_the_device() {
    let disk = CountingDisk::default();
    let db = open(&disk, Durability::Sync);
    let hp = db.store::<u32, [u8; 32]>("hp").unwrap();
    for key in 0..100 {
        hp.put(&key, &[1; 32]).unwrap();
    }
    let (before, synced) = (disk.syncs(), db.stats().wal_syncs);
    for key in 0..1_000 {
        hp.put(&key, &[2; 32]).unwrap();
    }
    let flushes = disk.syncs() - before;
    assert_eq!(flushes, 1_000, "{flushes} flushes for 1,000 commits");
    assert_eq!(db.stats().wal_syncs - synced, 1_000);
}

#[test]
fn a_durable_batch_costs_one_flush_however_much_is_in_it() {
    let disk = CountingDisk::default();
    let db = open(&disk, Durability::Sync);
    let (hp, scores) = (
        db.store::<u32, u64>("hp").unwrap(),
        db.u32_store("scores").unwrap(),
    );
    let mut batch = db.batch();
    for key in 0..500 {
        batch.put(&hp, &key, &7).unwrap();
        batch.put(&scores, &key, &7).unwrap();
    }
    let before = disk.syncs();
    batch.commit().unwrap();
    assert_eq!(disk.syncs() - before, 1);
    let before = disk.syncs();
    db.batch().commit().unwrap();
    assert_eq!(
        disk.syncs() - before,
        0,
        "nothing to commit, nothing to flush"
    );
}

#[test]
fn writers_that_wait_together_share_a_flush() {
    let disk = CountingDisk::default();
    let db = open(&disk, Durability::Sync);
    let hp = db.store::<u32, u32>("hp").unwrap();
    disk.slow_down(Duration::from_millis(2));
    let before = disk.syncs();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let hp = &hp;
            scope.spawn(move || {
                for i in 0..40 {
                    hp.put(&(thread * 1_000 + i), &i).unwrap();
                }
            });
        }
    });
    let flushes = disk.syncs() - before;
    assert!(
        flushes < 200,
        "{flushes} flushes for 320 commits of 8 threads"
    );
    assert_eq!(hp.count().unwrap(), 320);
    let stats = db.stats();
    assert!(stats.commit_groups < stats.commits, "{stats:?}");
}

#[test]
fn batched_writes_are_flushed_within_their_window_and_far_less_often_than_written() {
    let disk = CountingDisk::default();
    let window = Duration::from_millis(50);
    let db = open(&disk, Durability::Batch(window));
    let hp = db.store::<u32, u32>("hp").unwrap();
    wait_until("the log is flushed", || db.stats().wal_syncs > 0);
    let (before, started) = (disk.syncs(), Instant::now());
    for key in 0..2_000 {
        hp.put(&key, &key).unwrap();
    }
    wait_until("the last write is flushed", || disk.syncs() > before);
    let windows = started.elapsed().as_millis() as u64 / 50 + 2;
    let flushes = disk.syncs() - before;
    assert!(flushes <= windows, "{flushes} flushes in {windows} windows");
    // What the last flush has seen survives the loss of power.
    wait_until("everything is durable", || {
        let left = disk
            .disk
            .image(usize::MAX, grainstore::fs::CrashImage::DropUnsynced);
        let db = Db::builder("/db").file_system(left).open().unwrap();
        db.store::<u32, u32>("hp").unwrap().count().unwrap() == 2_000
    });
    // Without writes there is nothing to flush.
    let idle = disk.syncs();
    std::thread::sleep(3 * window);
    assert_eq!(disk.syncs(), idle);
}

#[test]
fn buffered_writes_flush_nothing_until_they_are_told_to() {
    let disk = CountingDisk::default();
    let db = open(&disk, Durability::Buffered);
    let hp = db.store::<u32, u32>("hp").unwrap();
    let before = disk.syncs();
    for key in 0..500 {
        hp.put(&key, &key).unwrap();
    }
    assert_eq!(disk.syncs(), before);
    db.sync().unwrap();
    assert_eq!(disk.syncs(), before + 1);
    let left = disk
        .disk
        .image(usize::MAX, grainstore::fs::CrashImage::DropUnsynced);
    let db = Db::builder("/db").file_system(left).open().unwrap();
    assert_eq!(db.store::<u32, u32>("hp").unwrap().count().unwrap(), 500);
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "waited in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
