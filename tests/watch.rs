//! Watches: what they tell, in which order, what they miss, and what they never do to a writer.
//!
//! - `order`: commit order, batches, the beginning, ranges
//! - `bounds`: full queues, gaps, and the way on after them
//! - `expiry`: records that reach their end while they are watched
//! - `ends`: close, drop, waiting, waking
//! - `typed`: the three kinds of stores
//! - `histories`: a copy kept by a watch against the engine, over random histories

// What stands around the tests is test too; they start threads and wait.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

#[path = "watch/bounds.rs"]
mod bounds;
#[path = "watch/ends.rs"]
mod ends;
#[path = "watch/expiry.rs"]
mod expiry;
#[path = "watch/histories.rs"]
mod histories;
#[path = "watch/order.rs"]
mod order;
#[path = "watch/typed.rs"]
mod typed;

use grainstore::Background;
use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, EngineOptions, Watch, WatchChange, WatchEvent, WatchOptions};
use grainstore::fs::CrashDisk;
use std::sync::Arc;

const START_MS: u64 = 1_000_000;

/// An engine in memory whose clock is set by hand.
fn new_engine() -> (Engine, ManualClock) {
    let clock = ManualClock::new(START_MS);
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(CrashDisk::new());
    options.clock = Arc::new(clock.clone());
    options.background = Background::Inline;
    options.memtable_bytes = 64 << 10;
    (Engine::open("/db", options).unwrap(), clock)
}

fn watch_all(engine: &Engine, options: WatchOptions) -> Watch {
    engine.watch::<&[u8]>(.., options).unwrap()
}

/// Everything that can be taken now.
fn drain(watch: &mut Watch) -> Vec<WatchEvent> {
    std::iter::from_fn(|| watch.try_next())
        .map(Result::unwrap)
        .collect()
}

/// An event in short: `+key=value`, `-key`, `-start..end`, `!key` for an expiry, `?n` for a gap
/// (`?n+m` with expiries), and `;` behind the last of a commit.
fn short(event: &WatchEvent) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let change = match &event.change {
        WatchChange::Put { key, value, .. } => format!("+{}={}", text(key), text(value)),
        WatchChange::Delete { key } => format!("-{}", text(key)),
        WatchChange::DeleteRange { start, end } => format!("-{}..{}", text(start), text(end)),
        WatchChange::Expired { key, .. } => return format!("!{}", text(key)),
        WatchChange::Missed { events, expiries } if *expiries == 0 => return format!("?{events}"),
        WatchChange::Missed { events, expiries } => return format!("?{events}+{expiries}"),
        other => panic!("{other:?}"),
    };
    format!("{change}{}", if event.ends_commit { ";" } else { "" })
}

/// Everything that can be taken now, in short.
fn told(watch: &mut Watch) -> String {
    let events: Vec<String> = drain(watch).iter().map(short).collect();
    events.join(" ")
}
