//! Every bit of every file, turned over one at a time.

#![allow(clippy::print_stdout)] // the count of flips is what the run shows

use super::judge::{Outcome, Step, judge, judge_twice};
use super::sample::{self, Sample};
use grainstore::BlockCompression;
use grainstore_proof::allocation::peak_of;
use grainstore_proof::score::{Row, tell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

const THREADS: u64 = 2;

/// What became of the flips.
#[derive(Debug, Default)]
struct Tally {
    flips: u64,
    harmless: u64,
    steps: BTreeMap<Step, u64>,
    peak_max: usize,
    broken: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.flips += other.flips;
        self.harmless += other.harmless;
        self.peak_max = self.peak_max.max(other.peak_max);
        self.broken.extend(other.broken);
        for (step, count) in other.steps {
            *self.steps.entry(step).or_default() += count;
        }
    }
}

/// Says which flip it was where one panics.
struct Watch<'a>(&'a PathBuf, u64);

impl Drop for Watch<'_> {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("bit {} of {} panics", self.1, self.0.display());
        }
    }
}

/// Turns over every bit of `sample`; two threads take turns.
fn flip_all(sample: &Sample) -> Tally {
    let (honest, honest_peak) = peak_of(|| judge(sample, &sample.disk.fork()));
    assert_eq!(honest, Ok(Outcome::Harmless), "undamaged {}", sample.name);
    let peak_limit = honest_peak + 8 * sample.disk.total_bytes() as usize;
    let bits: Vec<(PathBuf, u64)> = sample
        .files
        .iter()
        .map(|path| (path.clone(), sample.len(path) * 8))
        .collect();
    let total: u64 = bits.iter().map(|(_, bits)| bits).sum();
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= total || !tally.broken.is_empty() {
                return tally;
            }
            flip(sample, &bits, at, peak_limit, &mut tally);
        }
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            tally.add(thread.join().unwrap());
        }
    });
    tally
}

fn flip(sample: &Sample, bits: &[(PathBuf, u64)], at: u64, peak_limit: usize, tally: &mut Tally) {
    let (mut file, mut bit) = (0, at);
    while bit >= bits[file].1 {
        bit -= bits[file].1;
        file += 1;
    }
    let path = &bits[file].0;
    let disk = sample.disk.fork();
    disk.flip_bit(path, bit / 8, (bit % 8) as u8).unwrap();
    let _watch = Watch(path, bit);
    // Opening may repair a manifest, and must not repair too much.
    let read = match path.to_string_lossy().contains("manifest-") {
        true => judge_twice,
        false => judge,
    };
    let (outcome, peak) = peak_of(|| read(sample, &disk));
    tally.flips += 1;
    tally.peak_max = tally.peak_max.max(peak);
    let place = format!("{}, bit {bit} of {}", sample.name, path.display());
    if peak > peak_limit {
        tally
            .broken
            .push(format!("{place}: {peak} bytes held, {peak_limit} allowed"));
    }
    let in_table = path.to_string_lossy().ends_with(".table");
    match outcome {
        Ok(Outcome::Harmless) if in_table => {
            let what = format!("{place}: verify and all reads pass over damage in a table");
            tally.broken.push(what);
        }
        Ok(Outcome::Harmless) => tally.harmless += 1,
        Ok(Outcome::Refused { step, .. }) => *tally.steps.entry(step).or_default() += 1,
        Err(what) => tally.broken.push(format!("{place}: {what}")),
    }
}

fn assert_every_bit_counts(sample: &Sample) -> u64 {
    let tally = flip_all(sample);
    println!(
        "{}: {} bytes, {} flips, {} harmless, refused at {:?}, {} bytes held at most",
        sample.name,
        sample.disk.total_bytes(),
        tally.flips,
        tally.harmless,
        tally.steps,
        tally.peak_max
    );
    assert!(tally.broken.is_empty(), "{}", tally.broken.join("\n"));
    assert_eq!(tally.flips, sample.disk.total_bytes() * 8);
    tell(Row::BitFlips, tally.flips);
    tally.flips
}

#[test]
fn every_flipped_bit_is_an_error_with_its_place_or_without_effect() {
    let flips = assert_every_bit_counts(&sample::at_rest("at rest", BlockCompression::None))
        + assert_every_bit_counts(&sample::in_motion("in motion", BlockCompression::None))
        + assert_every_bit_counts(&sample::bare("bare"));
    assert!(flips >= 524_288, "only {flips} flips");
}

/// Turns over every bit of a database whose blocks are packed by `method`.
#[cfg(any(feature = "lz4", feature = "zstd"))]
fn assert_every_packed_bit_counts(method: BlockCompression) {
    let sample = sample::at_rest("at rest, packed", method);
    let plain = sample::at_rest("at rest", BlockCompression::None);
    assert!(sample.disk.total_bytes() < plain.disk.total_bytes() * 9 / 10);
    assert!(assert_every_bit_counts(&sample) > 65_536);
}

#[cfg(feature = "lz4")]
#[test]
fn every_flipped_bit_of_packed_blocks_is_an_error_with_its_place_or_without_effect() {
    assert_every_packed_bit_counts(BlockCompression::Lz4);
}

#[cfg(feature = "zstd")]
#[test]
fn every_flipped_bit_of_zstd_blocks_is_an_error_with_its_place_or_without_effect() {
    assert_every_packed_bit_counts(BlockCompression::Zstd);
}
