//! Files cut short, lost, swapped, and blocks of a disk gone or doubled.
//!
//! What is allowed after a clean close is the same for all of them: an error that names file and
//! offset, or no effect at all.

use super::judge::Outcome;
use super::round::Round;
use super::sample::{self, DIR, Sample};
use grainstore::BlockCompression;
use grainstore::fs::CrashDisk;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a disk loses at once.
const SECTOR_BYTES: u64 = 512;

/// All small samples.
pub(crate) fn samples() -> Vec<Sample> {
    let none = BlockCompression::None;
    let mut samples = vec![
        sample::at_rest("at rest", none),
        sample::in_motion("in motion", none),
    ];
    if cfg!(feature = "lz4") {
        samples.push(sample::at_rest("packed", BlockCompression::Lz4));
    }
    samples.push(sample::bare("bare"));
    samples
}

/// The kind of a file: its name without numbers.
fn kind(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[test]
fn a_file_cut_anywhere_is_an_error_with_its_place_or_without_effect() {
    let mut round = Round::new("cuts");
    for sample in samples() {
        for path in &sample.files {
            for len in 0..sample.len(path) {
                let what = format!("{} cut to {len} bytes", path.display());
                let outcome = round.after(&sample, &what, |disk| {
                    disk.truncate(path, len).unwrap();
                });
                let harmless = outcome == Some(Outcome::Harmless);
                if harmless && kind(path) == ".table" {
                    round
                        .broken
                        .push(format!("{}, {what}: nobody sees it", sample.name));
                }
            }
        }
    }
    round.end(65_536);
}

#[test]
fn a_file_grown_by_zeros_or_noise_is_an_error_with_its_place_or_without_effect() {
    let mut round = Round::new("files grown");
    for sample in samples() {
        for path in &sample.files {
            for tail in [
                &[0u8; 1][..],
                &[0; 40],
                &[0xa5; 8],
                &[0; 4096],
                &[0x5a; 4096],
            ] {
                let what = format!("{} with {} bytes more", path.display(), tail.len());
                round.after(&sample, &what, |disk| {
                    let bytes = [&disk.read_file(path).unwrap()[..], tail].concat();
                    disk.write_file(path, &bytes).unwrap();
                });
            }
        }
    }
    round.end(10);
}

#[test]
fn a_lost_file_is_an_error_that_names_it_or_without_effect() {
    let mut round = Round::new("files lost");
    for sample in samples() {
        for path in &sample.files {
            let what = format!("{} lost", path.display());
            let outcome = round.after(&sample, &what, |disk| {
                disk.lose_file(path).unwrap();
            });
            let Some(outcome) = outcome else { continue };
            let may_go = ["LOCK", ".spare"].contains(&&*kind(path));
            match &outcome {
                Outcome::Harmless if may_go => {}
                Outcome::Refused { path: named, .. } if path.ends_with(named) => {}
                _ => round
                    .broken
                    .push(format!("{}, {what}: {outcome}", sample.name)),
            }
        }
    }
    round.end(10);
}

#[test]
fn files_of_one_kind_swapped_are_an_error_with_its_place() {
    let mut round = Round::new("files swapped");
    for sample in samples() {
        let mut kinds = BTreeMap::<String, Vec<&PathBuf>>::new();
        for path in &sample.files {
            // A spare is as good as a log segment to whoever mixes them up.
            let kind = kind(path).replace(".spare", ".wal");
            kinds.entry(kind).or_default().push(path);
        }
        for files in kinds.values() {
            for (at, a) in files.iter().enumerate() {
                for b in &files[at + 1..] {
                    let what = format!("{} and {} swapped", a.display(), b.display());
                    let outcome = round.after(&sample, &what, |disk| swap(disk, a, b));
                    if outcome == Some(Outcome::Harmless) {
                        round
                            .broken
                            .push(format!("{}, {what}: nobody sees it", sample.name));
                    }
                }
            }
        }
    }
    round.end(10);
}

fn swap(disk: &CrashDisk, a: &Path, b: &Path) {
    let (in_a, in_b) = (disk.read_file(a).unwrap(), disk.read_file(b).unwrap());
    disk.write_file(a, &in_b).unwrap();
    disk.write_file(b, &in_a).unwrap();
}

#[test]
fn a_sector_zeroed_is_an_error_with_its_place_or_without_effect() {
    over_all_sectors(|bytes, at| bytes[at].fill(0));
}

#[test]
fn a_sector_of_ones_is_an_error_with_its_place_or_without_effect() {
    over_all_sectors(|bytes, at| bytes[at].fill(0xff));
}

fn over_all_sectors(damage: impl Fn(&mut [u8], std::ops::Range<usize>)) {
    let mut round = Round::new("sectors overwritten");
    for sample in samples() {
        for path in &sample.files {
            for at in sectors(&sample, path) {
                let what = format!("{} at {at:?}", path.display());
                round.after(&sample, &what, |disk| {
                    let mut bytes = disk.read_file(path).unwrap();
                    damage(&mut bytes, at);
                    disk.write_file(path, &bytes).unwrap();
                });
            }
        }
    }
    round.end(10);
}

#[test]
fn a_sector_written_over_any_other_is_an_error_with_its_place_or_without_effect() {
    let mut round = Round::new("sectors copied");
    for sample in samples() {
        for path in &sample.files {
            let all = sectors(&sample, path);
            for from in &all {
                for to in all
                    .iter()
                    .filter(|to| *to != from && to.len() <= from.len())
                {
                    let what = format!("{} with {from:?} at {to:?}", path.display());
                    round.after(&sample, &what, |disk| {
                        let mut bytes = disk.read_file(path).unwrap();
                        bytes.copy_within(from.start..from.start + to.len(), to.start);
                        disk.write_file(path, &bytes).unwrap();
                    });
                }
            }
        }
    }
    round.end(500);
}

fn sectors(sample: &Sample, path: &Path) -> Vec<std::ops::Range<usize>> {
    let len = sample.len(path);
    let starts = (0..len).step_by(SECTOR_BYTES as usize);
    starts
        .map(|at| at as usize..len.min(at + SECTOR_BYTES) as usize)
        .collect()
}

#[test]
fn an_older_copy_of_a_file_is_an_error_with_its_place_or_without_effect() {
    let mut round = Round::new("older files");
    for sample in samples() {
        let later = sample.disk.fork();
        let engine = grainstore::engine::Engine::open(DIR, sample.options(&later)).unwrap();
        engine.put(b"later", b"1").unwrap();
        engine.close().unwrap();
        let newer = Sample::later(&sample, &later, (b"later".to_vec(), b"1".to_vec()));
        for path in newer
            .files
            .iter()
            .filter(|path| sample.files.contains(path))
        {
            let what = format!("{} of an earlier day", path.display());
            round.after(&newer, &what, |disk| {
                let old = sample.disk.read_file(path).unwrap();
                disk.write_file(path, &old).unwrap();
            });
        }
    }
    round.end(10);
}
