//! SIGKILL at any moment of a writer's life: in the open, in a commit, in a compaction.
//!
//! A kill keeps what the operating system has, so this is about the real disk, threads and locks;
//! what a power cut takes is the crash tests' matter. Every second life goes on from what the
//! killed one left, without a close between; after the others the parent opens and compares.

use crate::child::{OPENED, Role, start};
use crate::scratch::Scratch;
use crate::work::{self, WRITERS};
use grainstore::engine::Engine;
use grainstore::fs::SplitMix64;
use std::io::{BufRead, BufReader};
use std::sync::mpsc;
use std::time::Duration;

/// Kills after which the content is compared.
const COMPARED: usize = 200;

/// Lives one child and kills it; answers the last acknowledged commit of each writer that it told.
fn live_and_die(scratch: &Scratch, after_open: bool, delay: Duration) -> [Option<u64>; WRITERS] {
    let mut child = start(Role::Writer, scratch.path());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (opened, wait) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut last = [None; WRITERS];
        // What libtest writes before its first test is no line of the child's.
        for line in lines.map_while(Result::ok) {
            let Some(at) = line.find("grain ") else {
                continue;
            };
            if &line[at..] == OPENED {
                let _ = opened.send(());
                continue;
            }
            let mut words = line[at..].split(' ').skip(1);
            let writer: usize = words.next().unwrap().parse().unwrap();
            last[writer] = Some(words.next().unwrap().parse().unwrap());
        }
        last
    });
    if after_open {
        wait.recv_timeout(Duration::from_secs(30))
            .expect("the child did not open the database");
    }
    std::thread::sleep(delay);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(
        !status.success() && status.code().is_none(),
        "the child died by itself: {status}"
    );
    reader.join().unwrap()
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_kill() {
    let scratch = Scratch::new("kills");
    let mut chance = SplitMix64::new(1);
    let mut acknowledged = [0; WRITERS];
    let (mut unacknowledged, mut flushed) = (0, 0);
    for kill in 0..2 * COMPARED {
        // Half of the kills come while threads write, half around the open.
        let after_open = kill % 4 < 2;
        let span = if after_open { 60_000 } else { 30_000 };
        let delay = Duration::from_micros(chance.below(span));
        let told = live_and_die(&scratch, after_open, delay);
        for (last, told) in acknowledged.iter_mut().zip(told) {
            *last = told.unwrap_or(*last);
        }
        if kill % 2 == 0 {
            continue;
        }
        let engine = Engine::open(scratch.path(), work::options()).unwrap();
        let found: Vec<u64> = (0..WRITERS).map(|w| work::commits(&engine, w)).collect();
        for (writer, (&found, &least)) in found.iter().zip(&acknowledged).enumerate() {
            // Each of the two lives may have had one commit done and not told.
            let fits = (least..=least + 2).contains(&found);
            assert!(
                fits,
                "kill {kill}: writer {writer} has {found} commits, {least} were told"
            );
            unacknowledged += found - least;
        }
        let mut expected = work::content(&found).into_iter();
        for record in engine.scan::<&[u8]>(..).unwrap() {
            let (key, value) = record.unwrap();
            assert_eq!(
                Some((key.to_vec(), value.to_vec())),
                expected.next(),
                "kill {kill}"
            );
        }
        assert_eq!(expected.next(), None, "kill {kill}");
        acknowledged.copy_from_slice(&found);
        flushed = flushed.max(engine.stats().tables());
        engine.verify().unwrap();
    }
    let total: u64 = acknowledged.iter().sum();
    assert!(total > 500, "the children wrote {total} commits in all");
    println!(
        "{} kills, {COMPARED} of them compared: {total} commits, {unacknowledged} of them done \
         and not told, up to {flushed} tables, 0 acknowledged losses",
        2 * COMPARED
    );
}
