//! What a run is told apart by: its date, its command line, the machine, the versions.

use crate::command::Options;
use crate::peer::Outcome;
use crate::results::Run;
use crate::stores::NAMES;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

const LOCK: &str = include_str!("../Cargo.lock");

/// This run.
pub fn run(options: &Options, minutes: f64) -> Outcome<Run> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    Ok(Run {
        date: today()?,
        command: arguments.join(" "),
        minutes,
        processor: line_of("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores: std::thread::available_parallelism()?.get(),
        memory_gibibytes: memory_gibibytes(),
        kernel: file("/proc/sys/kernel/osrelease"),
        file_system: file_system(&options.dir)?,
        cpu: options.cpu,
        versions: versions(),
    })
}

fn file(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn line_of(path: &str, name: &str) -> Option<String> {
    let text = file(path);
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gibibytes() -> f64 {
    let kibibytes = line_of("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kibibytes = kibibytes
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok());
    kibibytes.unwrap_or(0.0) / f64::from(1 << 20)
}

/// The kind of the file system that `dir` lies on.
fn file_system(dir: &Path) -> Outcome<String> {
    let dir = std::path::absolute(dir)?;
    let mounts = file("/proc/self/mounts");
    let of_mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?.to_owned(), words.next()?.to_owned());
        dir.starts_with(&place).then_some((place.len(), kind))
    };
    let found = mounts.lines().filter_map(of_mount).max();
    Ok(found.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind))
}

/// The versions of the stores by the lock file, and the commit of grainstore where git knows it.
fn versions() -> BTreeMap<String, String> {
    let of = |store: &&str| {
        let version = newest_locked(store)?;
        Some(((*store).to_owned(), version))
    };
    let mut versions: BTreeMap<_, _> = NAMES.iter().filter_map(of).collect();
    let git = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let commit = git.ok().filter(|output| output.status.success());
    if let Some(commit) = commit.and_then(|output| String::from_utf8(output.stdout).ok())
        && let Some(version) = versions.get_mut("grainstore")
    {
        *version = format!("{version} at {}", commit.trim());
    }
    versions
}

/// The version that the lock file has of a package; the last where it has several (native_db brings
/// an older redb).
fn newest_locked(package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let packages = LOCK.split("[[package]]");
    let of = |entry: &str| {
        let mut lines = entry.trim().lines();
        let is_it = lines.next()? == name;
        let version = lines.next()?.strip_prefix("version = \"")?;
        is_it.then(|| version.trim_end_matches('"').to_owned())
    };
    packages.filter_map(of).last()
}

fn today() -> Outcome<String> {
    let days = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 86_400;
    let (year, month, day) = civil(days);
    Ok(format!("{year}-{month:02}-{day:02}"))
}

/// The date that is so many days after 1970-01-01: years of March to February, in eras of 400.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + turn, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
        assert_eq!(civil(20_778), (2026, 11, 21));
    }

    #[test]
    fn the_lock_file_knows_the_versions() {
        assert!(newest_locked("redb").is_some_and(|version| version.starts_with("4.")));
        assert!(newest_locked("grainstore").is_some());
        assert_eq!(newest_locked("no such package"), None);
    }
}
