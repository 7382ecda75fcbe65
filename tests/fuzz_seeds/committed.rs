//! The seeds in `fuzz/seeds`, replayed; and how they are written anew.

use super::targets::{TARGETS, run, sampling};
use grainstore_proof::allocation::peak_of;
use grainstore_proof::score::{Row, tell};
use std::path::PathBuf;

const SEED_BYTES_MAX: u64 = 300 << 10;

/// Where the seeds of `target` are.
fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target)
}

/// The committed seeds of `target`, by name.
pub(crate) fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder(target));
    let files = files.unwrap_or_else(|e| panic!("{target} has no seeds: {e}"));
    let mut seeds: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

/// What a body may hold at most for an input of `bytes`, beyond its own fixed needs.
fn allowance(target: &str, bytes: usize) -> usize {
    match target {
        // Whole databases; these have budgets of their own.
        "directory" | "stored_bytes" | "histories" => 24 << 20,
        // Four bytes of zstd make 128 KiB.
        "envelope" => (256 << 10) + bytes * (33 << 10),
        _ => (1 << 20) + bytes * 256,
    }
}

/// Runs a body and holds it to its memory.
pub(crate) fn replay(target: &str, name: &str, bytes: &[u8]) {
    let ((), peak) = peak_of(|| run(target, bytes));
    let allowed = allowance(target, bytes.len());
    assert!(
        peak <= allowed,
        "{target} held {peak} bytes for {name}, of {}",
        bytes.len()
    );
}

#[test]
fn every_committed_seed_holds_the_laws_of_its_target() {
    for (target, _) in TARGETS {
        let seeds = seeds(target);
        for (name, bytes) in &seeds {
            replay(target, name, bytes);
        }
        tell(Row::FuzzInputs, seeds.len() as u64);
    }
}

#[test]
fn every_target_has_seeds_and_all_of_them_stay_small() {
    let mut total = 0;
    for (target, _) in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        total += seeds
            .iter()
            .map(|(_, bytes)| bytes.len() as u64)
            .sum::<u64>();
    }
    assert!(total < SEED_BYTES_MAX, "{total} bytes of seeds");
    for folder in std::fs::read_dir(folder("")).unwrap() {
        let name = folder.unwrap().file_name();
        let known = TARGETS.iter().any(|(target, _)| name == **target);
        assert!(known, "seeds for {name:?}, which is no target");
    }
}

/// A format that changes leaves its seeds behind; this notices.
#[test]
fn seeds_of_the_encoders_are_what_the_encoders_write() {
    let rewrites = std::env::var_os("GRAINSTORE_WRITE_SEEDS").is_some();
    for (target, name, bytes) in sampling::encoded_seeds() {
        let path = folder(target).join(format!("encoded_{name}"));
        if rewrites {
            std::fs::create_dir_all(folder(target)).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        // What others' compressors write may change with their versions, and be there or not.
        if target == "envelope" && name != "plain" {
            continue;
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == bytes,
            "{} is out of date: run this test with GRAINSTORE_WRITE_SEEDS=1",
            path.display()
        );
    }
}
