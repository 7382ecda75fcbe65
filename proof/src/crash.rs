//! Every call of a history, each crash image of it, on two threads.
//!
//! `GRAIN_CRASH=name:call:image` (as a failure prints it) walks to that one crash alone.

use crate::effort;
use crate::recovery::Finding;
use grainstore::fs::{CrashDisk, CrashImage};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that recover side by side.
const THREADS: usize = 2;

/// After so many failures a thread has seen enough.
const FAILURES_SHOWN: usize = 3;

/// The images of a crash at one call.
pub const IMAGES: [&str; 4] = [
    "drop-unsynced",
    "keep-all",
    "torn-sectors",
    "metadata-ahead",
];

/// A history whose crashes are walked through, and the test that does.
#[derive(Debug, Clone, Copy)]
pub struct Walked<'a> {
    /// The history's name in the line that replays a failure.
    pub name: &'a str,
    pub seed: u64,
    pub disk: &'a CrashDisk,
    /// The test program, and the test in it.
    pub program: &'a str,
    pub test: &'a str,
}

/// One crash of a history.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    pub call: usize,
    /// Its place in [`IMAGES`].
    pub image: usize,
}

impl Crash {
    /// What the disk holds after it, in a history of this seed.
    #[must_use]
    pub fn kind(self, seed: u64) -> CrashImage {
        CrashImage::all(seed.wrapping_mul(31) ^ self.call as u64)[self.image]
    }

    /// True where everything issued is still there, as after the death of the process alone.
    pub fn keeps_all(self) -> bool {
        IMAGES[self.image] == "keep-all"
    }
}

/// The one crash that the environment asks for.
#[derive(Debug)]
struct Wanted {
    name: String,
    call: usize,
    image: usize,
}

fn wanted() -> Option<Wanted> {
    let text = std::env::var("GRAIN_CRASH").ok()?;
    let mut parts = text.split(':');
    let name = parts.next()?.to_owned();
    let call = parts.next()?.parse().ok()?;
    let image = parts.next()?;
    let image = IMAGES.iter().position(|name| *name == image)?;
    Some(Wanted { name, call, image })
}

/// Calls `check` with the disk after each crash of `calls`, and panics with a line for each
/// failure that replays it. `check` answers how many recoveries it made; so does this.
pub fn every_crash(
    history: &Walked<'_>,
    calls: &[usize],
    check: impl Fn(Crash, &CrashDisk) -> Result<usize, Finding> + Sync,
) -> usize {
    let wanted = wanted();
    if wanted.as_ref().is_some_and(|w| w.name != history.name) {
        return 0;
    }
    let next = AtomicUsize::new(0);
    let one_thread = || {
        let (mut recoveries, mut failures) = (0, Vec::new());
        let mut replay = history.disk.replay();
        while let Some(&call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
            if wanted.as_ref().is_some_and(|w| w.call != call) {
                continue;
            }
            replay.advance_to(call);
            for image in 0..IMAGES.len() {
                if wanted.as_ref().is_some_and(|w| w.image != image) {
                    continue;
                }
                let crash = Crash { call, image };
                let image = replay.image(crash.kind(history.seed));
                match caught(|| check(crash, &image)) {
                    Ok(made) => recoveries += made,
                    Err(finding) => failures.push(tell(history, crash, &finding)),
                }
            }
            if failures.len() >= FAILURES_SHOWN {
                break;
            }
        }
        (recoveries, failures)
    };
    let (mut recoveries, mut failures) = (0, Vec::new());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one_thread)).collect();
        for thread in threads {
            let (made, found) = thread.join().unwrap();
            recoveries += made;
            failures.extend(found);
        }
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    recoveries
}

/// A panic is a finding as any other, so that it is told with its place.
pub fn caught<T>(check: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn tell(history: &Walked<'_>, crash: Crash, finding: &str) -> String {
    let (call, image) = (crash.call, IMAGES[crash.image]);
    let last = history.disk.describe_call(call);
    let Walked {
        name,
        program,
        test,
        ..
    } = history;
    let seed = effort::replay_prefix();
    format!(
        "{finding}\n  power lost after: {last}\n  \
         {seed}GRAIN_CRASH={name}:{call}:{image} cargo test --test {program} {test}"
    )
}

/// All calls of a disk, from before the first to after the last.
pub fn all_calls(disk: &CrashDisk) -> Vec<usize> {
    (0..=disk.calls()).collect()
}

/// About `count` calls of a disk, spread over all of them, at other places for each seed.
pub fn some_calls(disk: &CrashDisk, seed: u64, count: usize) -> Vec<usize> {
    let step = (disk.calls() / count).max(1);
    (seed as usize % step..=disk.calls())
        .step_by(step)
        .collect()
}
