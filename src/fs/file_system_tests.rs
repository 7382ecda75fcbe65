//! The laws that every file system keeps, held against the real disk and the simulators alike.

use super::crash_disk::CrashDisk;
use super::fault_disk::FaultDisk;
use super::file_system::{File, FileSystem, OpenMode};
use super::real_disk::RealDisk;
use super::split_mix::SplitMix64;
use crate::sync::{Arc, AtomicU64, Ordering};
use std::io;
use std::path::{Path, PathBuf};

/// A new directory of the real disk, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("grainstore-fs-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        RealDisk.create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

fn on_each_disk(law: impl Fn(&dyn FileSystem, &Path)) {
    let scratch = Scratch::new();
    law(&RealDisk, &scratch.0);
    let crash = CrashDisk::new();
    crash.create_dir_all(&scratch.0).unwrap();
    law(&crash, &scratch.0);
    let below = CrashDisk::new();
    below.create_dir_all(&scratch.0).unwrap();
    law(&FaultDisk::new(Arc::new(below)), &scratch.0);
}

fn kind<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
    result.err().map(|e| e.kind())
}

#[test]
fn reads_end_at_the_end_and_gaps_are_zeros() {
    on_each_disk(|disk, dir| {
        let file = disk.open(&dir.join("a"), OpenMode::CreateNew).unwrap();
        assert!(file.is_empty().unwrap());
        file.write_all_at(b"xyz", 5000).unwrap();
        assert_eq!(file.len().unwrap(), 5003);
        let mut buf = [1; 8];
        assert_eq!(file.read_at(&mut buf, 4999).unwrap(), 4);
        assert_eq!(&buf, b"\0xyz\x01\x01\x01\x01");
        assert_eq!(file.read_at(&mut buf, 5003).unwrap(), 0);
        assert_eq!(file.read_at(&mut buf, 1 << 40).unwrap(), 0);
        let short = file.read_exact_at(&mut buf, 5000);
        assert_eq!(kind(short), Some(io::ErrorKind::UnexpectedEof));
        file.set_len(5001).unwrap();
        file.set_len(5003).unwrap();
        file.read_exact_at(&mut buf[..3], 5000).unwrap();
        assert_eq!(&buf[..3], b"x\0\0");
        file.sync_data().unwrap();
        file.sync_all().unwrap();
        assert_eq!(disk.file_len(&dir.join("a")).unwrap(), 5003);
    });
}

#[test]
fn names_that_are_missing_or_taken_are_refused() {
    use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound};
    on_each_disk(|disk, dir| {
        let [a, b, inner] = ["a", "b", "a/inner"].map(|name| dir.join(name));
        assert_eq!(kind(disk.open(&a, OpenMode::Read)), Some(NotFound));
        assert_eq!(kind(disk.open(&a, OpenMode::Write)), Some(NotFound));
        assert_eq!(kind(disk.rename(&a, &b)), Some(NotFound));
        assert_eq!(kind(disk.remove_file(&a)), Some(NotFound));
        assert_eq!(kind(disk.hard_link(&a, &b)), Some(NotFound));
        assert_eq!(kind(disk.file_len(&a)), Some(NotFound));
        assert_eq!(kind(disk.list_dir(&a)), Some(NotFound));
        assert_eq!(kind(disk.sync_dir(&a)), Some(NotFound));
        assert_eq!(kind(disk.open(&inner, OpenMode::CreateNew)), Some(NotFound));
        disk.open(&a, OpenMode::CreateNew).unwrap();
        disk.open(&b, OpenMode::CreateNew).unwrap();
        assert_eq!(
            kind(disk.open(&a, OpenMode::CreateNew)),
            Some(AlreadyExists)
        );
        assert_eq!(kind(disk.hard_link(&a, &b)), Some(AlreadyExists));
        assert_eq!(kind(disk.open(&inner, OpenMode::Read)), Some(NotADirectory));
        assert_eq!(kind(disk.create_dir_all(&a)), Some(AlreadyExists));
        assert_eq!(kind(disk.create_dir_all(&inner)), Some(NotADirectory));
        assert_eq!(kind(disk.list_dir(&a)), Some(NotADirectory));
    });
}

#[test]
fn lock_creates_its_file_and_is_held_by_one() {
    on_each_disk(|disk, dir| {
        let path = dir.join("LOCK");
        let held = disk.lock(&path).unwrap();
        assert_eq!(disk.file_len(&path).unwrap(), 0);
        assert_eq!(kind(disk.lock(&path)), Some(io::ErrorKind::WouldBlock));
        drop(held);
        disk.lock(&path).unwrap();
    });
}

/// Runs one random history and tells all that a program could see of it.
fn transcript(disk: &dyn FileSystem, dir: &Path, seed: u64) -> Vec<String> {
    let mut chance = SplitMix64::new(seed);
    let mut open: Vec<Arc<dyn File>> = Vec::new();
    let mut lines = Vec::new();
    disk.create_dir_all(&dir.join("d")).unwrap();
    for _ in 0..200 {
        let mut name = || dir.join(["a", "b", "d/a", "d/b"][chance.below(4) as usize]);
        let (from, to) = (name(), name());
        let verb = chance.below(14);
        let done = match verb {
            0 | 1 => disk
                .open(&from, OpenMode::CreateNew)
                .map(|file| open.push(file)),
            2 => disk
                .open(&from, OpenMode::Write)
                .map(|file| open.push(file)),
            3 => disk.rename(&from, &to),
            4 => disk.remove_file(&from),
            5 => disk.hard_link(&from, &to),
            6 => disk.sync_dir(&dir.join("d")),
            7 => disk.file_len(&from).map(|len| lines.push(format!("{len}"))),
            8 => disk.list_dir(&dir.join("d")).map(|mut names| {
                names.sort();
                lines.push(format!("{names:?}"));
            }),
            _ if open.is_empty() => continue,
            _ => {
                let file = &open[chance.below(open.len() as u64) as usize];
                let (offset, count) = (chance.below(20_000), chance.below(5000) as usize);
                match verb {
                    9 => file.set_len(offset),
                    10 => file.sync_data(),
                    11 | 12 => file.write_all_at(&vec![count as u8; count], offset),
                    _ => {
                        let mut buf = vec![0; count];
                        let read = file.read_at(&mut buf, offset);
                        read.map(|read| lines.push(format!("{:?}", &buf[..read])))
                    }
                }
            }
        };
        lines.push(format!("{verb} {:?}", kind(done)));
    }
    lines
}

#[test]
fn program_cannot_tell_the_simulators_from_the_real_disk() {
    for seed in 0..20 {
        let scratch = Scratch::new();
        let real = transcript(&RealDisk, &scratch.0, seed);
        let crash = CrashDisk::new();
        let simulated = transcript(&crash, &scratch.0, seed);
        assert!(real.iter().any(|line| line.ends_with("None")));
        for (n, (real, simulated)) in real.iter().zip(&simulated).enumerate() {
            assert!(
                real == simulated,
                "seed {seed}, line {n}: {real} and {simulated}"
            );
        }
        assert_eq!(real.len(), simulated.len());
    }
}
