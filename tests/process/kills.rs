//! SIGKILL at any moment of a writer's life: in the open, in a commit, in a compaction.
//!
//! A kill keeps what the operating system has, so this is about the real disk, threads and locks;
//! what a power cut takes is the crash tests' matter. Every second life goes on from what the
//! killed one left, without a close between; after the others the parent opens and compares.
//! Several writers live side by side, each in a directory of its own.

use crate::child::{COMPACTED, COMPACTING, OPENED, OPENING, Role, start};
use crate::kinds::Kind;
use crate::scratch::Scratch;
use crate::work::{Told, WRITERS};
use grainstore::fs::SplitMix64;
use grainstore_proof::effort;
use grainstore_proof::score::{Row, tell};
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

/// Writers that live side by side; they wait for the disk most of the time.
const LANES: u64 = 4;

/// What a child may be waited for before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Its process; the open comes soon.
    Start,
    /// The beginning of its open.
    Opening,
    /// The end of it; its threads write.
    Open,
}

/// A moment and how long after it the kill comes.
#[derive(Debug, Clone, Copy)]
struct Death(Moment, Duration);

impl Death {
    /// Half of the deaths come while threads write, half around the open: in it, which is short,
    /// and while what it read is made durable behind it.
    fn draw(chance: &mut SplitMix64) -> Self {
        let (moment, micros) = match chance.below(8) {
            0..4 => (Moment::Open, 60_000),
            4..6 => (Moment::Opening, 300),
            6 => (Moment::Opening, 6_000),
            _ => (Moment::Start, 10_000),
        };
        Self(moment, Duration::from_micros(chance.below(micros)))
    }
}

/// What one child did before it died.
#[derive(Debug, Default)]
struct Life {
    /// The last acknowledged commit of each writer that told one.
    last: [Option<u64>; WRITERS],
    opening: bool,
    opened: bool,
    compacting: bool,
}

/// Reads all that a child tells, and says when it comes to the open and when it is through.
fn listen(child: &mut Child) -> (std::thread::JoinHandle<Life>, mpsc::Receiver<Moment>) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (comes, wait) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut life = Life::default();
        // What libtest writes before its first test is no line of the child's.
        for line in lines.map_while(Result::ok) {
            let Some(at) = line.find("grain ") else {
                continue;
            };
            match &line[at..] {
                OPENING => {
                    life.opening = true;
                    let _ = comes.send(Moment::Opening);
                }
                OPENED => {
                    life.opened = true;
                    let _ = comes.send(Moment::Open);
                }
                COMPACTING => life.compacting = true,
                COMPACTED => life.compacting = false,
                commit => {
                    let mut words = commit.split(' ').skip(1);
                    let writer: usize = words.next().unwrap().parse().unwrap();
                    life.last[writer] = Some(words.next().unwrap().parse().unwrap());
                }
            }
        }
        life
    });
    (reader, wait)
}

/// Lives one child and kills it.
fn live_and_die(kind: Kind, scratch: &Scratch, Death(moment, delay): Death) -> Life {
    let mut child = start(Role::Writer(kind), scratch.path());
    let (reader, wait) = listen(&mut child);
    let mut came = Moment::Start;
    while came != moment {
        came = wait
            .recv_timeout(Duration::from_secs(30))
            .unwrap_or_else(|_| {
                child.kill().unwrap();
                panic!("the child did not open the database");
            });
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

/// What came of many lives.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    in_open: u64,
    in_compaction: u64,
    compared: u64,
    commits: u64,
    untold: u64,
    tables_max: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.in_open += other.in_open;
        self.in_compaction += other.in_compaction;
        self.compared += other.compared;
        self.commits += other.commits;
        self.untold += other.untold;
        self.tables_max = self.tables_max.max(other.tables_max);
    }
}

/// Kills `kills` writers in one directory, one after another.
fn kill_in_one_directory(kind: Kind, lane: u64, kills: u64) -> Tally {
    let scratch = Scratch::new(&format!("kills-{}-{lane}", kind.name()));
    let mut chance = SplitMix64::new(effort::seed(1 + lane + 100 * kind as u64));
    let (mut tally, mut told) = (Tally::default(), Told::default());
    for kill in 0..kills {
        let death = Death::draw(&mut chance);
        let life = live_and_die(kind, &scratch, death);
        for (last, told) in told.acknowledged.iter_mut().zip(life.last) {
            *last = told.unwrap_or(*last);
        }
        told.lives += 1;
        tally.kills += 1;
        tally.in_open += u64::from(life.opening && !life.opened);
        tally.in_compaction += u64::from(life.compacting);
        if kill % 2 == 0 {
            continue;
        }
        let found = kind
            .compare(scratch.path(), &told)
            .unwrap_or_else(|what| panic!("{kind:?}, lane {lane}, kill {kill}, {death:?}: {what}"));
        let before: u64 = told.acknowledged.iter().sum();
        tally.untold += found.commits.iter().sum::<u64>() - before;
        tally.tables_max = tally.tables_max.max(found.tables);
        tally.compared += 1;
        told = Told {
            acknowledged: found.commits,
            lives: 0,
        };
    }
    tally.commits = told.acknowledged.iter().sum();
    tally
}

/// Kills `kills` writers of `kind`, or as many times more as the run is to do.
fn kill(kind: Kind, kills: u64, test: &str) {
    let each = kills * effort::times() / LANES;
    let mut tally = Tally::default();
    let held = std::thread::scope(|scope| {
        let lanes = 0..LANES;
        let lanes: Vec<_> = lanes
            .map(|lane| scope.spawn(move || kill_in_one_directory(kind, lane, each)))
            .collect();
        let mut held = true;
        for lane in lanes {
            let done = lane.join();
            held &= done.map(|lane| tally.add(&lane)).is_ok();
        }
        held
    });
    assert!(
        held,
        "a promise is broken; again, though never the same:\n  {}cargo test --test process {test}",
        effort::replay_prefix()
    );
    println!("{kind:?}: {tally:?}, 0 acknowledged losses");
    // What was to be tried was tried.
    assert!(tally.commits > tally.kills, "{tally:?}");
    // An open that waits for no device is soon over, and not every kill is in time for it.
    assert!(tally.in_open > tally.kills / 50, "{tally:?}");
    assert!(!kind.compacts() || tally.in_compaction > tally.kills / 10);
    tell(Row::Kills, tally.kills);
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_kill() {
    let test = "no_acknowledged_commit_is_lost_to_a_kill";
    kill(Kind::Synced, 600, test);
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_kill_in_a_compaction() {
    let test = "no_acknowledged_commit_is_lost_to_a_kill_in_a_compaction";
    kill(Kind::Compacting, 400, test);
    kill(Kind::CompactingTiers, 200, test);
}

#[test]
fn no_acknowledged_commit_is_lost_to_a_kill_where_the_device_is_flushed_later() {
    let test = "no_acknowledged_commit_is_lost_to_a_kill_where_the_device_is_flushed_later";
    kill(Kind::Batched, 200, test);
    kill(Kind::Buffered, 200, test);
}

#[test]
fn no_acknowledged_record_its_index_or_its_expiry_is_lost_to_a_kill() {
    let test = "no_acknowledged_record_its_index_or_its_expiry_is_lost_to_a_kill";
    kill(Kind::Typed, 400, test);
}
