//! The manifest damaged, stale or gone, with and without leftovers of compactions.

use crate::oracle::{deeds, outcome};
use crate::sample::{
    Contents, DIR, Sample, TIERED, Writer, contents, current, files, killed, manifest, options,
    repaired, samples,
};
use grainstore::engine::{Compaction, Engine};
use grainstore::fs::{CrashDisk, CrashImage, SplitMix64};
use grainstore::inspect::{Inspector, Loss, ManifestItem, TablePart};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything must be there, whatever `damage` did to what is no data.
fn check_all_there(sample: &Sample, what: &str, damage: impl FnOnce(&CrashDisk)) {
    let disk = sample.disk.fork();
    damage(&disk);
    let (saved, report) = repaired(sample, &disk, what);
    let differ = |key: &&Vec<u8>| saved.get(*key) != sample.contents.get(*key);
    let keys = saved.keys().chain(sample.contents.keys());
    let wrong: Vec<_> = keys
        .filter(differ)
        .map(|key| String::from_utf8_lossy(key))
        .collect();
    assert!(
        wrong.is_empty(),
        "{}, {what}: {wrong:?}\n{report:#?}",
        sample.name
    );
    // A stale manifest may name tables that are no more, and without one an unfinished table may
    // have been part of it all.
    let undoubted = |loss: &&Loss| {
        let table = report.tables.iter().find(|table| table.file == loss.file);
        table.is_none_or(|table| table.doubt.is_none())
    };
    let lost: Vec<_> = report.lost.iter().filter(undoubted).collect();
    assert!(lost.is_empty(), "{}, {what}: {lost:#?}", sample.name);
}

#[test]
fn no_damage_to_the_manifest_or_to_current_costs_a_record() {
    for sample in samples() {
        for path in [current(), manifest(&sample.disk)] {
            let bytes = files(&sample.disk)[&path].len() as u64;
            for at in (0..bytes).step_by(5) {
                let what = format!("bit at {at} of {}", path.display());
                check_all_there(&sample, &what, |disk| disk.flip_bit(&path, at, 3).unwrap());
                let what = format!("{} cut to {at}", path.display());
                check_all_there(&sample, &what, |disk| disk.truncate(&path, at).unwrap());
            }
        }
        check_all_there(&sample, "CURRENT and manifest gone", |disk| {
            disk.lose_file(&current()).unwrap();
            disk.lose_file(&manifest(disk)).unwrap();
        });
    }
}

#[test]
fn a_manifest_that_lost_its_last_edits_is_not_believed() {
    for sample in samples() {
        let path = manifest(&sample.disk);
        let inspector = Inspector::new(sample.disk.clone());
        let edits = inspector
            .manifest(&path)
            .unwrap()
            .filter_map(|item| match item {
                ManifestItem::Edit(edit) => Some(edit.offset),
                _ => None,
            });
        for end in edits.skip(1).collect::<Vec<_>>() {
            let what = format!("manifest cut to {end}");
            check_all_there(&sample, &what, |disk| disk.truncate(&path, end).unwrap());
        }
    }
}

/// Every table that ever was, as its last bytes were.
fn every_table(disk: &CrashDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tables = BTreeMap::new();
    for call in 0..=disk.calls() {
        let image = disk.image(call, CrashImage::KeepAll);
        for path in image.paths() {
            if path.starts_with(DIR) && path.to_string_lossy().ends_with(".table") {
                tables.insert(path.clone(), image.read_file(&path).unwrap());
            }
        }
    }
    tables
}

/// A database with a past, and the tables that compactions of it left behind.
fn with_leftovers(compaction: Compaction) -> (Sample, BTreeMap<PathBuf, Vec<u8>>) {
    let mut writer = Writer::new(compaction);
    for round in 0..6 {
        writer.puts(round * 30, round * 30 + 70);
        for i in 0..12 {
            writer
                .engine
                .delete(&crate::sample::key(round * 13 + i * 3))
                .unwrap();
        }
        let (from, to) = (round * 17 + 5, round * 17 + 9);
        let key = crate::sample::key;
        writer.engine.delete_range(&key(from), &key(to)).unwrap();
        writer.engine.flush().unwrap();
        writer.engine.run_due_work().unwrap();
        if round == 3 {
            writer.engine.compact().unwrap();
        }
    }
    writer.puts(0, 20);
    let sample = writer.finish("with a past", true);
    let mut leftovers = every_table(&sample.history);
    leftovers.retain(|path, _| sample.disk.read_file(path).is_err());
    assert!(leftovers.len() > 8, "only {} leftovers", leftovers.len());
    (sample, leftovers)
}

#[test]
fn with_a_manifest_leftovers_of_compactions_are_told_and_not_used() {
    let (sample, leftovers) = with_leftovers(Compaction::Leveled);
    let disk = sample.disk.fork();
    for (path, bytes) in &leftovers {
        disk.write_file(path, bytes).unwrap();
    }
    let (saved, report) = repaired(&sample, &disk, "all leftovers");
    assert_eq!(saved, sample.contents);
    assert!(report.is_complete(), "{report:#?}");
    let obsolete = report
        .tables
        .iter()
        .filter(|table| table.part == TablePart::Obsolete);
    let obsolete: Vec<_> = obsolete.map(|table| table.file.clone()).collect();
    assert_eq!(obsolete, leftovers.into_keys().collect::<Vec<_>>());
}

#[test]
fn without_a_manifest_all_tables_that_ever_were_give_what_is_there() {
    for compaction in [Compaction::Leveled, TIERED] {
        let (sample, leftovers) = with_leftovers(compaction);
        check_all_there(&sample, "all leftovers and no manifest", |disk| {
            for (path, bytes) in &leftovers {
                disk.write_file(path, bytes).unwrap();
            }
            disk.lose_file(&current()).unwrap();
            disk.lose_file(&manifest(disk)).unwrap();
        });
    }
}

#[test]
fn without_a_manifest_some_leftovers_bring_back_nothing_that_a_readable_tombstone_deletes() {
    for compaction in [Compaction::Leveled, TIERED] {
        let (sample, leftovers) = with_leftovers(compaction);
        let mut chance = SplitMix64::new(3);
        for round in 0..100 {
            let disk = sample.disk.fork();
            let rate = 1 + chance.below(8);
            for (path, bytes) in &leftovers {
                if chance.below(8) < rate {
                    disk.write_file(path, bytes).unwrap();
                }
            }
            check_some_leftovers(&sample, &disk, &format!("{compaction:?}, round {round}"));
        }
    }
}

fn check_some_leftovers(sample: &Sample, disk: &CrashDisk, what: &str) {
    let naive = outcome(&deeds(disk), |_| true);
    disk.lose_file(&current()).unwrap();
    disk.lose_file(&manifest(disk)).unwrap();
    let (saved, report) = repaired(sample, disk, what);
    assert!(!report.is_complete());
    for key in saved.keys().chain(sample.contents.keys()) {
        let (found, right) = (saved.get(key), sample.contents.get(key));
        // Either what a reader saw, or what all that can be read adds up to.
        let fits = found == right || found == naive.get(key);
        assert!(
            fits,
            "{what}, {key:?}: {found:?}, not {right:?}\n{report:#?}"
        );
    }
}

fn open_contents(disk: &CrashDisk) -> Option<Contents> {
    let disk = disk.fork();
    let engine = Engine::open(DIR, options(&disk)).ok()?;
    Some(contents(&engine))
}

#[test]
fn a_kill_at_any_moment_leaves_what_a_repair_finds_with_and_without_a_manifest() {
    let sample = killed();
    let mut moments = 0;
    for call in (0..=sample.history.calls()).step_by(5) {
        for image in [CrashImage::KeepAll, CrashImage::DropUnsynced] {
            let disk = sample.history.image(call, image);
            if files(&disk).len() < 4 {
                continue; // still being made
            }
            let Some(contents) = open_contents(&disk) else {
                panic!("call {call}, {image:?} does not open");
            };
            let then = Sample {
                name: "killed on the way",
                disk,
                history: CrashDisk::new(),
                contents,
                written: sample.written.clone(),
            };
            let what = format!("call {call}, {image:?}");
            check_all_there(&then, &what, |_| {});
            check_all_there(&then, &format!("{what} without a manifest"), |disk| {
                let gone = files(disk).into_keys().filter(|path| {
                    let name = path.to_string_lossy();
                    name.contains("manifest-") || name.contains("CURRENT")
                });
                gone.for_each(|path| disk.lose_file(&path).unwrap());
            });
            moments += 1;
        }
    }
    assert!(moments > 100, "only {moments} moments");
}
