//! The hot cache: what it answers, and what it must not.

use crate::scripted::{Scripted, Turn};
use grainstore::Result;
use grainstore::backend::{
    HotCache, HotCacheOptions, HotCacheStats, KvBackend, MemoryBackend, WriteOp,
};
use grainstore::clock::ManualClock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

fn cached() -> (Scripted, Arc<HotCache<Scripted>>) {
    let backend = Scripted::default();
    let cache = HotCache::new(backend.clone(), HotCacheOptions::default());
    (backend, Arc::new(cache))
}

/// Hits, negative hits and misses.
fn counts(stats: HotCacheStats) -> (u64, u64, u64) {
    (stats.hits, stats.negative_hits, stats.misses)
}

fn value(text: &[u8]) -> Option<Vec<u8>> {
    Some(text.to_vec())
}

#[test]
fn writes_fill_it_and_reads_are_answered_from_it() -> Result<()> {
    let (_, cache) = cached();
    cache.put(b"a", b"1")?;
    assert_eq!(cache.get(b"a")?, value(b"1"));
    assert_eq!(counts(cache.stats()), (1, 0, 0));
    assert_eq!((cache.get(b"b")?, cache.get(b"b")?), (None, None));
    assert_eq!(counts(cache.stats()), (1, 1, 1));
    cache.write_batch(&[WriteOp::put(b"b", b"2"), WriteOp::delete(b"a")])?;
    assert_eq!(
        cache.get_batch(&[b"a", b"b", b"a"])?,
        [None, value(b"2"), None]
    );
    assert_eq!(counts(cache.stats()), (2, 3, 1));
    cache.delete(b"b")?;
    assert_eq!(cache.get(b"b")?, None);
    assert_eq!(counts(cache.stats()), (2, 4, 1));
    Ok(())
}

#[test]
fn long_values_and_entries_beyond_the_limit_are_not_kept() -> Result<()> {
    let (_, cache) = cached();
    cache.put(b"long", &[7; (64 << 10) + 1])?;
    cache.put(b"longest", &[7; 64 << 10])?;
    for key in [&b"long"[..], b"long", b"longest"] {
        assert!(cache.get(key)?.is_some());
    }
    assert_eq!(counts(cache.stats()), (1, 0, 2));
    for n in 0..30_000u32 {
        cache.put(&n.to_be_bytes(), b"v")?;
    }
    let entries = cache.stats().entries;
    assert!((9_000..=10_000).contains(&entries), "{entries}");
    cache.put(b"longest", &[7; (64 << 10) + 1])?; // grown too long: the old one must go
    assert_eq!(
        cache.get(b"longest")?.map(|v| v.len()),
        Some((64 << 10) + 1)
    );
    Ok(())
}

#[test]
fn an_entry_past_its_expiry_is_not_answered_with() -> Result<()> {
    let clock = ManualClock::new(1_000);
    let memory = MemoryBackend::with_clock(clock.clone());
    let cache = HotCache::new(memory, HotCacheOptions::default());
    cache.put_with_expiry(b"put", b"1", 1_500)?;
    cache.backend().put_with_expiry(b"read", b"1", 1_500)?;
    assert_eq!(
        (cache.get(b"put")?, cache.get(b"read")?),
        (value(b"1"), value(b"1"))
    );
    clock.set(1_499);
    assert_eq!(
        (cache.get(b"put")?, cache.get(b"read")?),
        (value(b"1"), value(b"1"))
    );
    clock.set(1_500);
    assert_eq!(cache.get_batch(&[b"put", b"read"])?, [None, None]);
    Ok(())
}

/// A read that has its answer, and is overtaken by a write before it can leave it in the cache.
#[test]
fn an_overtaken_read_leaves_neither_a_stale_value_nor_a_stale_miss() {
    for (before, batched) in [(None, false), (Some(&b"old"[..]), false), (None, true)] {
        let (backend, cache) = cached();
        if let Some(before) = before {
            backend.inner.put(b"k", before).unwrap();
        }
        let meeting = Arc::new(Barrier::new(2));
        backend.next(Turn::HoldAnswer(Arc::clone(&meeting)));
        let reader = {
            let cache = Arc::clone(&cache);
            std::thread::spawn(move || match batched {
                false => cache.get(b"k").unwrap(),
                true => cache.get_batch(&[b"k"]).unwrap().remove(0),
            })
        };
        meeting.wait();
        cache.put(b"k", b"new").unwrap();
        cache.get(b"other").unwrap();
        meeting.wait();
        assert_eq!(
            reader.join().unwrap().as_deref(),
            before,
            "it saw what was there"
        );
        assert_eq!(cache.get(b"k").unwrap(), value(b"new"));
        cache.delete(b"k").unwrap();
        assert_eq!(cache.get(b"k").unwrap(), None);
    }
}

/// A list of keys of which the cache knows one; a batch changes both before the backend
/// is asked for the other.
#[test]
fn a_list_of_keys_is_not_mixed_of_before_and_after_a_batch() {
    let (backend, cache) = cached();
    cache.put(b"known", b"old").unwrap();
    backend.inner.put(b"asked", b"old").unwrap();
    let meeting = Arc::new(Barrier::new(2));
    backend.next(Turn::HoldQuestion(Arc::clone(&meeting)));
    let reader = {
        let cache = Arc::clone(&cache);
        std::thread::spawn(move || cache.get_batch(&[b"known", b"asked"]).unwrap())
    };
    meeting.wait();
    let batch = [
        WriteOp::put(b"known", b"new"),
        WriteOp::put(b"asked", b"new"),
    ];
    cache.write_batch(&batch).unwrap();
    meeting.wait();
    assert_eq!(reader.join().unwrap(), [value(b"new"), value(b"new")]);
}

/// A write that is done in the backend while its caller has not been told: nobody may be answered
/// with the old value from then on, nor later with what an overlapping write left before.
#[test]
fn writes_beside_one_another_leave_nothing_behind() {
    let (backend, cache) = cached();
    cache.put(b"k", b"0").unwrap();
    let meeting = Arc::new(Barrier::new(2));
    backend.next(Turn::HoldWrite(Arc::clone(&meeting)));
    let writer = {
        let cache = Arc::clone(&cache);
        std::thread::spawn(move || cache.put(b"k", b"1").unwrap())
    };
    meeting.wait();
    assert_eq!(cache.get(b"k").unwrap(), value(b"1"));
    cache.put(b"k", b"2").unwrap(); // after the first in the backend, and told before it
    assert_eq!(cache.get(b"k").unwrap(), value(b"2"));
    meeting.wait();
    writer.join().unwrap();
    assert_eq!(cache.get(b"k").unwrap(), value(b"2"));
    assert_eq!(cache.get(b"k").unwrap(), backend.inner.get(b"k").unwrap());
}

#[test]
fn a_write_of_unknown_outcome_leaves_no_entry_whichever_it_was() {
    for (turn, there) in [(Turn::UnknownDone, b"new"), (Turn::UnknownNotDone, b"old")] {
        for batch in [false, true] {
            let (backend, cache) = cached();
            cache.put(b"k", b"old").unwrap();
            backend.next(turn.clone());
            let outcome = match batch {
                false => cache.put(b"k", b"new"),
                true => cache.write_batch(&[WriteOp::put(b"k", b"new"), WriteOp::delete(b"l")]),
            };
            assert!(!outcome.unwrap_err().is_retry_safe());
            assert_eq!(cache.get(b"k").unwrap(), value(there));
            // It may yet happen, so the key is asked for in the backend from now on.
            backend.inner.put(b"k", b"late").unwrap();
            assert_eq!(cache.get(b"k").unwrap(), value(b"late"));
        }
    }
}

#[test]
fn a_write_that_was_not_done_changes_no_answer() {
    let (backend, cache) = cached();
    cache.put(b"k", b"old").unwrap();
    backend.next(Turn::NotDone);
    assert!(cache.put(b"k", b"new").unwrap_err().is_retry_safe());
    assert_eq!(cache.get(b"k").unwrap(), value(b"old"));
    backend.next(Turn::NotDone);
    assert!(cache.delete(b"k").unwrap_err().is_retry_safe());
    assert_eq!(cache.get(b"k").unwrap(), value(b"old"));
}

/// One writer per key counts up; whoever reads must never see a key go back, nor behind what was
/// acknowledged before the read began.
#[test]
fn no_reader_ever_goes_back_in_time() {
    const KEYS: usize = 4;
    let few = HotCacheOptions {
        entries_max: 3,
        value_bytes_max: 100,
    };
    let cache = Arc::new(HotCache::new(MemoryBackend::new(), few));
    let acknowledged: Arc<[AtomicU64; KEYS]> = Arc::default();
    let done = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        for key in 0..KEYS {
            let (cache, acknowledged, done) = (&cache, &acknowledged, &done);
            scope.spawn(move || {
                for n in 1..=4_000u64 {
                    match n % 3 {
                        0 => cache.put(&[key as u8], &n.to_be_bytes()).unwrap(),
                        _ => {
                            let own = WriteOp::put([key as u8], n.to_be_bytes());
                            cache.write_batch(&[own, WriteOp::delete([100])]).unwrap();
                        }
                    }
                    acknowledged[key].store(n, Ordering::Release);
                }
                done.store(true, Ordering::Release);
            });
        }
        for reader in 0..2 {
            let (cache, acknowledged, done) = (&cache, &acknowledged, &done);
            scope.spawn(move || {
                let mut seen = [0; KEYS];
                while !done.load(Ordering::Acquire) {
                    let least: Vec<u64> = acknowledged
                        .iter()
                        .map(|n| n.load(Ordering::Acquire))
                        .collect();
                    let keys: Vec<[u8; 1]> = (0..KEYS as u8).map(|k| [k]).collect();
                    let asked: Vec<&[u8]> = keys.iter().map(|k| &k[..]).collect();
                    let found = match reader {
                        0 => cache.get_batch(&asked).unwrap(),
                        _ => asked.iter().map(|key| cache.get(key).unwrap()).collect(),
                    };
                    for (key, found) in found.into_iter().enumerate() {
                        let n = found.map_or(0, |v| u64::from_be_bytes(v.try_into().unwrap()));
                        assert!(
                            n >= seen[key] && n >= least[key],
                            "{n} {} {}",
                            seen[key],
                            least[key]
                        );
                        seen[key] = n;
                    }
                }
            });
        }
    });
}
