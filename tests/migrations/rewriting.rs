//! `migrate_all` upgrades every record in place and undoes nothing that others do.

use super::{Grain, Named, Tenths, builder, expected, grain, mixed, new_db, open_grains};
use super::{open_grains_bare, open_named, open_tenths};
use grainstore::clock::ManualClock;
use grainstore::fs::{CrashDisk, CrashImage};
use grainstore::{Background, Change, Db, ErrorKind, Expiry, GrainStore, If, Result, Ttl};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn afterwards_no_record_needs_a_migration_and_a_second_run_finds_nothing() {
    let db = new_db();
    let grains = mixed(&db);
    let report = grains.migrate_all(|_| ()).unwrap();
    assert_eq!((report.done, report.upgraded, report.failed), (3, 2, 0));
    let bare = open_grains_bare(&db).unwrap();
    let values: Vec<Grain> = bare.iter().values().map(Result::unwrap).collect();
    assert_eq!(values, expected());
    let before = db.stats().sequence_last;
    let again = grains.migrate_all(|_| ()).unwrap();
    assert_eq!((again.done, again.upgraded), (3, 0));
    assert_eq!(db.stats().sequence_last, before);
}

#[test]
fn records_keep_their_version_and_their_lifetime() {
    let clock = ManualClock::new(1_000_000);
    let db = builder(&CrashDisk::new())
        .clock(clock.clone())
        .open()
        .unwrap();
    let old = open_tenths(&db).unwrap();
    let minute = Ttl::After(Duration::from_secs(60));
    old.put_with(&1, &Tenths { tenths: 10 }, minute).unwrap();
    old.put_with(&2, &Tenths { tenths: 20 }, Ttl::Never)
        .unwrap();
    old.put_with(
        &3,
        &Tenths { tenths: 30 },
        Ttl::After(Duration::from_secs(1)),
    )
    .unwrap();
    clock.advance(2_000);
    let grains = open_grains(&db).unwrap();
    let seen = grains.get_versioned(&1).unwrap().unwrap();
    let report = grains.migrate_all(|_| ()).unwrap();
    assert_eq!(
        (report.done, report.upgraded),
        (2, 2),
        "what has expired is gone"
    );
    assert_eq!(grains.get_versioned(&1).unwrap().unwrap(), seen);
    assert_eq!(grains.ttl(&1).unwrap(), Expiry::In(Duration::from_secs(58)));
    assert_eq!(grains.ttl(&2).unwrap(), Expiry::Never);
    grains
        .put_if(&1, &grain(5, "new"), If::Version(seen.version))
        .unwrap();
    clock.advance(58_000);
    assert_eq!(grains.get(&1).unwrap(), None);
}

#[test]
fn progress_rises_to_its_total_and_chunks_end_between_any_records() {
    let db = new_db();
    let old = open_tenths(&db).unwrap();
    for key in 0..1_000 {
        old.put(&key, &Tenths { tenths: 10 }).unwrap();
    }
    let (mut seen, mut calls) = (0, 0);
    let report = open_grains(&db).unwrap().migrate_all(|progress| {
        assert!(progress.done >= seen && progress.total == 1_000);
        assert_eq!(progress.upgraded, progress.done);
        (seen, calls) = (progress.done, calls + 1);
    });
    assert_eq!(report.unwrap().upgraded, 1_000);
    assert!(seen == 1_000 && calls >= 4, "{seen} in {calls} calls");
}

#[test]
fn what_cannot_be_upgraded_stays_and_is_counted_and_the_rest_goes_on() {
    let db = new_db();
    let old = open_tenths(&db).unwrap();
    for key in 0..10 {
        old.put(&key, &Tenths { tenths: key.into() }).unwrap();
    }
    let builder = db.grains::<u32, Grain>("grains").value_schema("grain", 2);
    let picky = builder.migrate(0, |old: Tenths| match old.tenths % 3 {
        0 => Err("divisible by three"),
        _ => Ok(Named::from(old).into()),
    });
    let report = picky.open().unwrap().migrate_all(|_| ()).unwrap();
    assert_eq!((report.done, report.upgraded, report.failed), (10, 6, 4));
    let first = report.first_failure.unwrap();
    assert_eq!(first.kind(), ErrorKind::Codec);
    assert!(first.to_string().contains("key 0"), "{first}");
    let report = open_grains(&db).unwrap().migrate_all(|_| ()).unwrap();
    assert_eq!((report.upgraded, report.failed), (4, 0));
}

const KEYS: u32 = 400;

/// A handle of version 1 that goes on: what it writes is old again, and what it cannot read stays.
fn write_as_before(named: &GrainStore<u32, Named>, done: &AtomicBool) {
    for key in (0..KEYS).step_by(7).cycle() {
        if done.load(Ordering::Acquire) {
            return;
        }
        let update = named.update(&key, |old| old.map_or(Change::Nothing, Change::Put));
        assert!(update.is_ok() || update.is_err_and(|e| e.kind() == ErrorKind::SchemaMismatch));
    }
}

/// Adds a life to some, deletes others; answers how many lives each key has got, `None` where it
/// is deleted.
fn write_on(grains: &GrainStore<u32, Grain>) -> Vec<Option<u64>> {
    let mut lives = vec![Some(0); KEYS as usize];
    for step in 0..4_000u32 {
        let key = step.wrapping_mul(2_654_435_761) % KEYS;
        if key.is_multiple_of(11) {
            grains.delete(&key).unwrap();
            lives[key as usize] = None;
            continue;
        }
        let more = |old: Option<Grain>| {
            let mut grain = old.unwrap();
            grain.life += 1;
            Change::Put(grain)
        };
        grains.update(&key, more).unwrap();
        lives[key as usize] = lives[key as usize].map(|lives| lives + 1);
    }
    lives
}

#[test]
fn what_writers_do_beside_it_is_never_undone() {
    let db = Db::builder("/db")
        .file_system(CrashDisk::new())
        .background(Background::Thread)
        .memtable_bytes(64 << 10)
        .open()
        .unwrap();
    let old = open_tenths(&db).unwrap();
    for key in 0..KEYS {
        old.put(&key, &Tenths { tenths: 1_000 }).unwrap();
    }
    let named = open_named(&db).unwrap();
    let grains = open_grains(&db).unwrap();
    let done = AtomicBool::new(false);
    let lives = std::thread::scope(|scope| {
        let before = scope.spawn(|| write_as_before(&named, &done));
        let writer = scope.spawn(|| write_on(&grains));
        while !writer.is_finished() {
            let report = grains.migrate_all(|_| ()).unwrap();
            assert_eq!(report.failed, 0, "{report:?}");
        }
        done.store(true, Ordering::Release);
        before.join().unwrap();
        writer.join().unwrap()
    });
    assert_eq!(grains.migrate_all(|_| ()).unwrap().failed, 0);
    let bare = open_grains_bare(&db).unwrap();
    for (key, lives) in (0..KEYS).zip(lives) {
        let found = bare.get(&key).unwrap().map(|grain| grain.life);
        assert_eq!(found, lives.map(|lives| 100 + lives), "key {key}");
    }
}

#[test]
fn a_power_cut_at_any_call_leaves_each_record_old_or_new_and_the_next_run_ends_it() {
    let disk = CrashDisk::new();
    let db = builder(&disk).open().unwrap();
    let old = open_tenths(&db).unwrap();
    for key in 0..300 {
        let tenths = u64::from(key) * 10;
        old.put(&key, &Tenths { tenths }).unwrap();
    }
    let grains = open_grains(&db).unwrap();
    let start = disk.calls();
    assert_eq!(grains.migrate_all(|_| ()).unwrap().upgraded, 300);
    let mut between = 0;
    for call in start..=disk.calls() {
        for image in CrashImage::all(call as u64) {
            let after = builder(&disk.image(call, image)).open().unwrap();
            let grains = open_grains(&after).unwrap();
            for (key, entry) in (0u64..).zip(grains.iter()) {
                assert_eq!(entry.unwrap().value, grain(key, "nobody"));
            }
            let report = grains.migrate_all(|_| ()).unwrap();
            assert_eq!((report.done, report.failed), (300, 0));
            between += u64::from((1..300).contains(&report.upgraded));
            let bare = open_grains_bare(&after).unwrap();
            assert!(bare.iter().all(|entry| entry.is_ok()));
        }
    }
    assert!(between > 0, "no image lies between two chunks");
}
