//! Every bit of a database of a megabyte.
//!
//! To open and walk a megabyte for each of eight million bits would take a day. A bit is read where
//! it matters instead, and that is enough, because of who reads it:
//!
//! - A bit of a data block is read by nobody but `table::reader`, which opens no block before the
//!   checksum over all of it holds, whoever asks: a get, a walk, a compaction, a verify. So one get
//!   of a key that lies in the block decides it, without a cache, on an engine that is open
//!   already: the error has to name the file and the very block. Where a get ends in a newer
//!   table, a scan from the block's first key stands for it. Each block's last flip is turned
//!   back and read again, and some bits of each block get all ways of reading, open and verify.
//! - Every other bit is one that an open reads (manifest, log, `CURRENT`) or the first read of a
//!   table does (index, filter, range tombstones, properties, footer): the database is opened
//!   anew for it, a key of the table is read, and where nothing shows all records are walked.
//!
//! The bits are in a hundred parts, each of them spread evenly over all files; see
//! [`flip_parts`](effort::flip_parts).

use super::judge::{Outcome, Step, judge, judge_quickly, refused};
use super::parts::{Kind, Part, parts};
use super::sample::{self, DIR, Sample};
use grainstore::Error;
use grainstore::engine::Engine;
use grainstore::fs::CrashDisk;
use grainstore_proof::allocation::peak_of;
use grainstore_proof::effort;
use grainstore_proof::score::{Row, tell};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

const THREADS: usize = 2;

/// Into how many parts the bits are divided.
const PARTS: u64 = 100;

/// What is flipped as one piece of work.
const UNIT_BYTES: u64 = 2 << 10;

/// One in so many flips of a data block is read in all ways.
const ALL_WAYS_ONE_IN: u64 = 2_003;

/// Bytes of one file that are read in one way.
struct Unit {
    path: PathBuf,
    range: Range<u64>,
    /// Where the block begins, for bits of a data block.
    block: Option<u64>,
    /// Keys of the block, or one of the table.
    keys: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Tally {
    flips: u64,
    in_blocks: u64,
    in_all_ways: u64,
    harmless: u64,
    peak_max: usize,
    broken: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.flips += other.flips;
        self.in_blocks += other.in_blocks;
        self.in_all_ways += other.in_all_ways;
        self.harmless += other.harmless;
        self.peak_max = self.peak_max.max(other.peak_max);
        self.broken.extend(other.broken);
    }
}

/// The database, how its bits are read, and which of them are flipped.
struct Run {
    sample: Sample,
    units: Vec<Unit>,
    parts: Range<u64>,
    peak_limit: usize,
}

fn units(sample: &Sample) -> Vec<Unit> {
    let parts = parts(sample);
    let data = |part: &&Part| part.kind == Kind::Data;
    let mut units = Vec::new();
    for path in &sample.files {
        let blocks: Vec<_> = parts.iter().filter(data).collect();
        let blocks = || blocks.iter().filter(|part| part.path == *path);
        let mut pieces = Vec::new();
        for part in blocks() {
            let block = Some(part.range.start);
            pieces.push((part.range.clone(), block, part.keys.clone()));
        }
        let data_end = blocks().map(|part| part.range.end).max().unwrap_or(0);
        let key = blocks().next().and_then(|part| part.keys.first().cloned());
        pieces.push((data_end..sample.len(path), None, key.into_iter().collect()));
        for (range, block, keys) in pieces {
            for start in range.clone().step_by(UNIT_BYTES as usize) {
                units.push(Unit {
                    path: path.clone(),
                    range: start..range.end.min(start + UNIT_BYTES),
                    block,
                    keys: keys.clone(),
                });
            }
        }
    }
    units
}

/// How a block is read.
enum Ask {
    Get(Vec<u8>),
    ScanFrom(Vec<u8>),
}

impl Ask {
    /// The error that it meets.
    fn error(&self, engine: &Engine) -> Option<Error> {
        match self {
            Self::Get(key) => engine.get_with(key, |_| ()).err(),
            Self::ScanFrom(key) => match engine.scan(key.as_slice()..) {
                Ok(mut scan) => scan.next()?.err(),
                Err(error) => Some(error),
            },
        }
    }
}

/// How the block of `unit`, damaged on `disk`, is come upon.
fn ask_for(unit: &Unit, engine: &Engine) -> Ask {
    let meets = |ask: &Ask| {
        let error = ask.error(engine);
        error.is_some_and(|e| e.path() == Some(&unit.path) && e.offset() == unit.block)
    };
    let gets = unit.keys.iter().cloned().map(Ask::Get);
    let scans = unit.keys.iter().take(1).cloned().map(Ask::ScanFrom);
    let mut ways = gets.chain(scans);
    ways.find(meets).unwrap_or_else(|| {
        panic!(
            "no read meets damage in the block at {:?} of {:?}",
            unit.block, unit.path
        )
    })
}

impl Run {
    fn new(parts: Range<u64>) -> Self {
        let sample = sample::megabyte("a megabyte");
        let (honest, honest_peak) = peak_of(|| judge(&sample, &sample.disk.fork()));
        assert_eq!(honest, Ok(Outcome::Harmless), "undamaged");
        let bytes = sample.disk.total_bytes();
        assert!(bytes >= 1 << 20, "{bytes} bytes");
        Self {
            units: units(&sample),
            peak_limit: honest_peak + sample.disk.total_bytes() as usize,
            parts,
            sample,
        }
    }

    /// Whether the bit belongs to a part that is flipped.
    fn wanted(&self, offset: u64, bit: u64) -> bool {
        self.parts.contains(&((offset + 13 * bit) % PARTS))
    }

    fn bits(&self, unit: &Unit) -> impl Iterator<Item = (u64, u8)> + '_ {
        let bits = |offset| (0..8).map(move |bit| (offset, bit));
        let all = unit.range.clone().flat_map(bits);
        all.filter(|(offset, bit)| self.wanted(*offset, *bit))
            .map(|(offset, bit)| (offset, bit as u8))
    }

    fn open(&self, disk: &CrashDisk) -> Engine {
        Engine::open(DIR, self.sample.options(disk)).unwrap()
    }

    /// Flips bits of a data block under an open engine.
    fn flip_block(&self, unit: &Unit, tally: &mut Tally) {
        let disk = self.sample.disk.fork();
        let engine = self.open(&disk);
        let flip = |offset, bit| disk.flip_bit(&unit.path, offset, bit).unwrap();
        flip(unit.range.start, 0);
        let ask = ask_for(unit, &engine);
        flip(unit.range.start, 0);
        for (offset, bit) in self.bits(unit) {
            flip(offset, bit);
            let (error, peak) = peak_of(|| ask.error(&engine));
            flip(offset, bit);
            self.count(unit, (offset, bit), peak, tally);
            tally.in_blocks += 1;
            let told = match error {
                None => Err("the block is read as if nothing were wrong".to_owned()),
                Some(error) if error.offset() != unit.block => Err(format!("{error:?}")),
                Some(error) => refused(Step::Get, &error),
            };
            let here =
                matches!(&told, Ok(Outcome::Refused { path, .. }) if unit.path.ends_with(path));
            if !here {
                tally.say(unit, (offset, bit), &format!("{told:?}"));
            }
            if (offset * 8 + u64::from(bit)) % ALL_WAYS_ONE_IN == 0 {
                self.flip_all_ways(unit, (offset, bit), tally);
            }
        }
        if let Some(error) = ask.error(&engine) {
            let what = format!("turned back, and still {error:?}");
            tally.say(unit, (unit.range.start, 0), &what);
        }
    }

    /// Holds what one get of a block says against all ways of reading.
    fn flip_all_ways(&self, unit: &Unit, (offset, bit): (u64, u8), tally: &mut Tally) {
        let disk = self.sample.disk.fork();
        disk.flip_bit(&unit.path, offset, bit).unwrap();
        tally.in_all_ways += 1;
        match judge(&self.sample, &disk) {
            Ok(Outcome::Refused { .. }) => {}
            other => tally.say(unit, (offset, bit), &format!("{other:?}")),
        }
    }

    /// Flips bits that an open or the first read of a table comes upon.
    fn flip_rest(&self, unit: &Unit, tally: &mut Tally) {
        let in_table = unit.path.extension().is_some_and(|end| end == "table");
        let key = unit.keys.first().map(Vec::as_slice);
        for (offset, bit) in self.bits(unit) {
            let disk = self.sample.disk.fork();
            disk.flip_bit(&unit.path, offset, bit).unwrap();
            let (told, peak) = peak_of(|| judge_quickly(&self.sample, &disk, key));
            self.count(unit, (offset, bit), peak, tally);
            match told {
                Ok(Outcome::Refused { .. }) => {}
                Ok(Outcome::Harmless) if !in_table => tally.harmless += 1,
                other => tally.say(unit, (offset, bit), &format!("{other:?}")),
            }
        }
    }

    fn count(&self, unit: &Unit, bit: (u64, u8), peak: usize, tally: &mut Tally) {
        tally.flips += 1;
        tally.peak_max = tally.peak_max.max(peak);
        if peak > self.peak_limit {
            let limit = self.peak_limit;
            tally.say(unit, bit, &format!("{peak} bytes held, {limit} allowed"));
        }
    }

    /// Flips all bits of the parts on two threads.
    fn flip_all(&self) -> Tally {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut tally = Tally::default();
            while let Some(unit) = self.units.get(next.fetch_add(1, Ordering::Relaxed)) {
                match unit.block {
                    Some(_) => self.flip_block(unit, &mut tally),
                    None => self.flip_rest(unit, &mut tally),
                }
                if tally.broken.len() > 20 {
                    break;
                }
            }
            tally
        };
        let mut tally = Tally::default();
        std::thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| scope.spawn(work));
            for thread in threads {
                tally.add(thread.join().unwrap());
            }
        });
        tally
    }
}

impl Tally {
    fn say(&mut self, unit: &Unit, (offset, bit): (u64, u8), what: &str) {
        let path = unit.path.display();
        self.broken
            .push(format!("bit {bit} of byte {offset} of {path}: {what}"));
    }
}

fn flip(parts: Range<u64>, test: &str) -> Tally {
    let run = Run::new(parts.clone());
    let tally = run.flip_all();
    println!(
        "parts {parts:?} of {PARTS} of {} bytes: {} flips, {} of them in data blocks, {} harmless, \
         {} read in all ways, {} bytes held at most",
        run.sample.disk.total_bytes(),
        tally.flips,
        tally.in_blocks,
        tally.harmless,
        tally.in_all_ways,
        tally.peak_max
    );
    assert!(
        tally.broken.is_empty(),
        "\n{}\n  GRAIN_FLIPS={}..{} cargo test --test damage {test} -- --include-ignored",
        tally.broken.join("\n"),
        parts.start,
        parts.end
    );
    tally
}

#[test]
#[ignore = "takes minutes: the deep tier runs it, with GRAIN_FLIPS=from..to a part of it"]
fn every_bit_of_a_megabyte_is_told_or_harmless() {
    let parts = effort::flip_parts(PARTS);
    let test = "every_bit_of_a_megabyte_is_told_or_harmless";
    let tally = flip(parts.clone(), test);
    assert!(parts != (0..PARTS) || tally.flips >= 8 << 20);
    tell(Row::MegabyteFlips, tally.flips);
}

#[test]
fn a_drawn_part_of_the_bits_of_a_megabyte_is_told_or_harmless() {
    let part = effort::seed(41) % PARTS;
    let test = "every_bit_of_a_megabyte_is_told_or_harmless";
    let tally = flip(part..part + 1, test);
    assert!(tally.flips >= (8 << 20) / PARTS && tally.in_blocks * 10 > tally.flips * 8);
    tell(Row::BitFlips, tally.flips);
}
