//! Which lines of the rooms that read and write files no test runs.
//!
//! Runs the tests that reach them under `cargo llvm-cov`, counts the lines that are no test code,
//! prints a table and fails where a room is below its share. Lines are what llvm-cov tells as
//! such; a line counts as run when any test runs any part of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is measured, and the files of each: a folder, or files by name.
const ROOMS: [(&str, &[&str]); 4] = [
    ("format", &["src/format/"]),
    ("wal", &["src/wal/"]),
    ("manifest", &["src/manifest/"]),
    (
        "recovery",
        &[
            "src/engine/recovery.rs",
            "src/engine/directory.rs",
            "src/engine/format_upgrade.rs",
            "src/engine/latch.rs",
            "src/engine/old_logs.rs",
            "src/engine/sweep.rs",
            "src/engine/witness.rs",
        ],
    ),
];

/// The test programs that reach those rooms.
const SUITES: [&str; 6] = ["api", "damage", "faults", "fuzz_seeds", "golden", "inspect"];

/// Tests that go on for minutes and reach what a few others reach: every bit turned over, every
/// length cut.
const SKIPPED: [&str; 2] = ["flips::", "cuts::"];

/// Measures which lines of format, wal, manifest and recovery the tests run.
#[derive(Debug, clap::Args)]
pub(crate) struct Coverage {
    /// The least share of each room's lines, in percent.
    #[arg(long, default_value_t = 98.0)]
    percent_min: f64,
    /// Tells every line that no test runs.
    #[arg(long)]
    lines: bool,
    /// Reads this file of llvm-cov, in the form lcov, rather than running the tests.
    #[arg(long)]
    lcov: Option<PathBuf>,
}

/// Lines of a room, or of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    run: usize,
    all: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.run += other.run;
        self.all += other.all;
    }

    fn percent(self) -> f64 {
        match self.all {
            0 => 0.0,
            all => self.run as f64 * 100.0 / all as f64,
        }
    }
}

impl Coverage {
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize()?;
        let lcov = match &self.lcov {
            Some(path) => std::fs::read_to_string(path)?,
            None => measured(&root)?,
        };
        let files = counts_by_file(&lcov, &root);
        let mut below = Vec::new();
        println!(
            "{:<12} {:>6} {:>6} {:>8}",
            "room", "run", "lines", "percent"
        );
        for (room, places) in ROOMS {
            let mut tally = Tally::default();
            for (file, counts) in &files {
                if places.iter().any(|place| file.starts_with(place)) {
                    tally.add(self.tally(&root, file, counts)?);
                }
            }
            let percent = tally.percent();
            println!(
                "{room:<12} {:>6} {:>6} {percent:>8.2}",
                tally.run, tally.all
            );
            if percent < self.percent_min {
                below.push(room);
            }
        }
        match below.is_empty() {
            true => Ok(()),
            false => Err(format!("below {} %: {}", self.percent_min, below.join(", ")).into()),
        }
    }

    /// The lines of `file` that are no test code.
    fn tally(&self, root: &Path, file: &str, counts: &Counts) -> Result<Tally, Box<dyn Error>> {
        let mut tally = Tally::default();
        if is_declared_test(root, file)? {
            return Ok(tally);
        }
        let text = std::fs::read_to_string(root.join(file))?;
        let tests = test_lines(&text);
        for (&line, &count) in counts {
            if tests.get(line - 1) == Some(&true) {
                continue;
            }
            tally.all += 1;
            tally.run += usize::from(count > 0);
            if self.lines && count == 0 {
                let line_text = text.lines().nth(line - 1).unwrap_or_default();
                println!("{file}:{line}: {}", line_text.trim());
            }
        }
        Ok(tally)
    }
}

/// Line → how often it ran.
type Counts = BTreeMap<usize, u64>;

/// Runs the tests; what llvm-cov tells of them.
fn measured(root: &Path) -> Result<String, Box<dyn Error>> {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let path = folder.join("coverage.lcov");
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root)
        .args(["llvm-cov", "--package", "grainstore", "--lib"]);
    for suite in SUITES {
        cargo.args(["--test", suite]);
    }
    cargo.arg("--lcov").arg("--output-path").arg(&path);
    cargo.arg("--");
    for skipped in SKIPPED {
        cargo.args(["--skip", skipped]);
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err("the tests did not pass, or cargo-llvm-cov is missing: \
                    cargo install cargo-llvm-cov; rustup component add llvm-tools-preview"
            .into());
    }
    Ok(std::fs::read_to_string(path)?)
}

/// The counts in `lcov`, by path below `root`.
fn counts_by_file(lcov: &str, root: &Path) -> BTreeMap<String, Counts> {
    let mut files: BTreeMap<String, Counts> = BTreeMap::new();
    let mut file = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let below = Path::new(path)
                .strip_prefix(root)
                .unwrap_or(Path::new(path));
            file = Some(below.to_string_lossy().into_owned());
        }
        let counted = line.strip_prefix("DA:").and_then(|it| it.split_once(','));
        let Some(((at, count), file)) = counted.zip(file.as_ref()) else {
            continue;
        };
        if let (Ok(at @ 1..), Ok(count)) = (at.parse(), count.parse::<u64>()) {
            *files
                .entry(file.clone())
                .or_default()
                .entry(at)
                .or_default() += count;
        }
    }
    files
}

/// Whether the module above declares `file` under `#[cfg(test)]`.
fn is_declared_test(root: &Path, file: &str) -> Result<bool, Box<dyn Error>> {
    let path = Path::new(file);
    let (Some(folder), Some(name)) = (path.parent(), path.file_stem()) else {
        return Ok(false);
    };
    let face = std::fs::read_to_string(root.join(folder).join("mod.rs")).unwrap_or_default();
    let declaration = format!("mod {};", name.to_string_lossy());
    let tests = test_lines(&face);
    Ok(face
        .lines()
        .zip(tests)
        .any(|(line, test)| test && line.trim().ends_with(&declaration)))
}

/// For each line whether it belongs to an item under `#[cfg(test)]`, in a file that is formatted
/// by rustfmt: an item ends with a brace as far right as it began, or with its first line.
fn test_lines(text: &str) -> Vec<bool> {
    let mut within: Option<String> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let begins = within.is_none() && line.trim() == "#[cfg(test)]";
        if begins {
            within = Some(indent.to_owned());
        }
        lines.push(within.is_some());
        let ends = within.as_deref() == Some(indent)
            && (line.trim() == "}" || line.ends_with(';') || line.ends_with(",") && !begins);
        if ends {
            within = None;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Counts, counts_by_file, test_lines};
    use std::path::Path;

    #[test]
    fn lines_of_test_code_are_told_from_the_others() {
        let text = "fn a() {}\n#[cfg(test)]\nmod b;\nimpl C {\n    #[cfg(test)]\n    fn d() {\n    \
                    \n    }\n    fn e() {}\n}\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
        let [f, t] = [false, true];
        assert_eq!(test_lines(text), [f, t, t, f, t, t, t, t, f, f, t, t, t, t]);
    }

    #[test]
    fn counts_of_one_line_add_up_and_paths_are_those_below_the_root() {
        let lcov = "SF:/r/src/a.rs\nDA:3,0\nDA:4,2\nend_of_record\nSF:/r/src/a.rs\nDA:3,1\n";
        let files = counts_by_file(lcov, Path::new("/r"));
        assert_eq!(files["src/a.rs"], Counts::from([(3, 1), (4, 2)]));
    }
}
