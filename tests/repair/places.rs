//! Every file flipped, cut and removed, at every block and record.

use crate::oracle::{Deed, deeds, outcome, stretches};
use crate::sample::{Sample, closed, ending, files, killed, manifest, repaired, samples};
use grainstore::fs::CrashDisk;
use std::path::Path;

/// Repairs after `damage` and compares with what `survives`.
fn check(
    sample: &Sample,
    deeds: &[Deed],
    what: &str,
    damage: impl FnOnce(&CrashDisk),
    survives: impl Fn(&Deed) -> bool,
) {
    let disk = sample.disk.fork();
    damage(&disk);
    let (saved, report) = repaired(sample, &disk, what);
    let expected = outcome(deeds, &survives);
    let name = sample.name;
    let lost: Vec<_> = expected
        .iter()
        .filter(|(k, v)| saved.get(*k) != Some(v))
        .collect();
    let more: Vec<_> = saved
        .keys()
        .filter(|key| !expected.contains_key(*key))
        .collect();
    assert!(
        lost.is_empty() && more.is_empty(),
        "{name}, {what}: lost {lost:?}, too many {more:?}\n{report:#?}"
    );
    if !deeds.iter().all(survives) {
        let told = !report.lost.is_empty() || !report.deletions_lost.is_empty();
        let torn = name == "killed" && what.contains(".wal");
        assert!(told || torn, "{name}, {what}: nothing is told\n{report:#?}");
    }
}

fn flip(disk: &CrashDisk, path: &Path, at: u64) {
    disk.flip_bit(path, at, (at % 8) as u8).unwrap();
}

#[test]
fn an_undamaged_database_gives_an_equal_copy() {
    for sample in samples() {
        let (saved, report) = repaired(&sample, &sample.disk, "undamaged");
        assert_eq!(saved, sample.contents, "{}", sample.name);
        assert!(
            report.is_complete() && report.damage.is_empty(),
            "{report:#?}"
        );
        assert!(report.manifest_complete && report.sequence_last < 1_000);
        assert_eq!(outcome(&deeds(&sample.disk), |_| true), sample.contents);
    }
}

#[test]
fn the_samples_hold_what_the_tests_are_about() {
    let sample = closed();
    let deeds = deeds(&sample.disk);
    let text = format!("{deeds:?}");
    assert!(text.contains("Delete(") && text.contains("DeleteRange("));
    assert!(ending(&sample.disk, ".table").len() >= 4);
    assert!(ending(&sample.disk, ".wal").len() >= 2);
    let blocks: usize = ending(&sample.disk, ".table")
        .iter()
        .map(|file| stretches(&deeds, file).len())
        .sum();
    assert!(blocks > 20, "{blocks} blocks");
}

#[test]
fn a_flipped_bit_costs_the_block_or_record_it_is_in_and_no_other() {
    let mut flips = 0;
    for sample in samples() {
        let deeds = deeds(&sample.disk);
        for end in [".table", ".wal"] {
            for file in ending(&sample.disk, end) {
                for hit in stretches(&deeds, &file) {
                    for at in [hit.start, (hit.start + hit.end) / 2, hit.end - 1] {
                        let what = format!("bit at {at} of {}", file.display());
                        let survives = |deed: &Deed| deed.file != file || deed.bytes != hit;
                        check(
                            &sample,
                            &deeds,
                            &what,
                            |disk| flip(disk, &file, at),
                            survives,
                        );
                        flips += 1;
                    }
                }
            }
        }
    }
    assert!(flips > 300, "only {flips} flips");
}

#[test]
fn damage_around_the_blocks_costs_no_record() {
    for sample in samples() {
        let deeds = deeds(&sample.disk);
        for file in ending(&sample.disk, ".table") {
            let hit = stretches(&deeds, &file);
            let end = files(&sample.disk)[&file].len() as u64;
            let inside = |at: &u64| hit.iter().any(|range| range.contains(at));
            for at in (0..end).step_by(3).filter(|at| !inside(at)) {
                let what = format!("bit at {at} of {}", file.display());
                check(
                    &sample,
                    &deeds,
                    &what,
                    |disk| flip(disk, &file, at),
                    |_| true,
                );
            }
        }
    }
}

#[test]
fn a_cut_file_keeps_what_stands_before_the_cut() {
    for sample in samples() {
        let deeds = deeds(&sample.disk);
        for end in [".table", ".wal"] {
            for file in ending(&sample.disk, end) {
                let hits = stretches(&deeds, &file);
                let cuts = hits
                    .iter()
                    .flat_map(|hit| [hit.start, hit.start + 7, hit.end - 1]);
                let bytes = files(&sample.disk)[&file].len() as u64;
                for cut in cuts.chain([0, 1, bytes - 1, bytes - 81]) {
                    let what = format!("{} cut to {cut}", file.display());
                    let survives = |deed: &Deed| deed.file != file || deed.bytes.end <= cut;
                    let damage = |disk: &CrashDisk| disk.truncate(&file, cut).unwrap();
                    check(&sample, &deeds, &what, damage, survives);
                }
            }
        }
    }
}

#[test]
fn a_removed_file_costs_what_stood_in_it_alone() {
    for sample in samples() {
        let deeds = deeds(&sample.disk);
        for file in files(&sample.disk).into_keys() {
            let what = format!("{} removed", file.display());
            let survives = |deed: &Deed| deed.file != file;
            let damage = |disk: &CrashDisk| disk.lose_file(&file).unwrap();
            check(&sample, &deeds, &what, damage, survives);
        }
    }
}

#[test]
fn two_damages_cost_no_more_than_both() {
    let sample = closed();
    let deeds = deeds(&sample.disk);
    let tables = ending(&sample.disk, ".table");
    for file in &tables {
        let hits = stretches(&deeds, file);
        let end = files(&sample.disk)[file].len() as u64;
        for hit in &hits {
            // The footer is lost and a block, so the next is found by its checksum alone.
            let what = format!("{hit:?} and the end of {}", file.display());
            let survives = |deed: &Deed| deed.file != *file || deed.bytes != *hit;
            let damage = |disk: &CrashDisk| {
                flip(disk, file, hit.start + 5);
                flip(disk, file, end - 10);
            };
            check(&sample, &deeds, &what, damage, survives);
        }
    }
    // The same with the manifest gone on top.
    for file in tables {
        for hit in stretches(&deeds, &file) {
            let what = format!("{hit:?} of {} and the manifest", file.display());
            let survives = |deed: &Deed| deed.file != file || deed.bytes != hit;
            let damage = |disk: &CrashDisk| {
                flip(disk, &file, hit.start + 5);
                disk.lose_file(&manifest(disk)).unwrap();
            };
            check(&sample, &deeds, &what, damage, survives);
        }
    }
}

#[test]
fn bits_flipped_anywhere_never_cost_what_is_elsewhere() {
    let sample = killed();
    let deeds = deeds(&sample.disk);
    for (file, bytes) in files(&sample.disk) {
        for at in (0..bytes.len() as u64).step_by(61) {
            let disk = sample.disk.fork();
            flip(&disk, &file, at);
            let what = format!("bit at {at} of {}", file.display());
            let (saved, _) = repaired(&sample, &disk, &what);
            let near = |deed: &Deed| deed.file != file || !deed.bytes.contains(&at);
            for (key, value) in outcome(&deeds, near) {
                assert_eq!(saved.get(&key), Some(&value), "{what}");
            }
        }
    }
}
