//! What other tools run: libFuzzer, loom, shuttle and miri. Skipped where a tool is missing.

use super::children::Job;
use super::log::{sum_after, sum_before};
use super::plan::{self, Piece};
use super::programs::cargo;
use super::{BUILD_LIMIT, Result, Run};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MIRI_FLAGS: &str = "-Zmiri-strict-provenance -Zmiri-tree-borrows -Zmiri-disable-isolation";

/// The commands of docs/testing.md: what each adds to the flags, its target, what it runs.
const MIRI: &[(&str, &str, Option<&str>, &[&str])] = &[
    ("miri-memtable", "", None, &["memtable::"]),
    ("miri-format", "", None, &["format::"]),
    (
        "miri-big-endian",
        "",
        Some("s390x-unknown-linux-gnu"),
        &["memtable::", "format::"],
    ),
    (
        "miri-seeds",
        " -Zmiri-many-seeds=0..16",
        None,
        &["memtable::concurrency"],
    ),
];

/// Whether a command goes well; what it prints nobody sees.
fn goes_well(mut command: Command) -> bool {
    let command = command.stdin(Stdio::null());
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn missing(arguments: &[&str]) -> bool {
    let mut command = cargo();
    command.args(arguments);
    !goes_well(command)
}

impl Run {
    /// Builds what the run wants of the other tools, before its time begins.
    pub(super) fn build_peers(&mut self) -> Result<()> {
        if self.is_due(Piece::Fuzz) {
            if missing(&["+nightly", "fuzz", "--version"]) {
                let why = "cargo-fuzz or a nightly toolchain is missing";
                self.deep.skip("fuzz", why.to_owned());
            } else {
                let arguments = ["+nightly", "fuzz", "build", "--features", "compression"];
                self.build("fuzz", &arguments)?;
            }
        }
        for (piece, program) in [(Piece::Loom, "loom"), (Piece::Shuttle, "shuttle")] {
            if self.is_due(piece) {
                self.build("models", &["build", "--release", "--bin", program])?;
            }
        }
        if self.is_due(Piece::Miri) && missing(&["+nightly", "miri", "--version"]) {
            let why = "miri or a nightly toolchain is missing";
            self.deep.skip("miri", why.to_owned());
        }
        Ok(())
    }

    fn is_due(&self, piece: Piece) -> bool {
        self.wants(piece) && self.share(piece) >= piece.least()
    }

    /// Builds in a package of its own; what does not build is skipped and a failure.
    fn build(&mut self, package: &str, arguments: &[&str]) -> Result<()> {
        let mut command = cargo();
        command.current_dir(self.root.join(package));
        let mut job = Job::new(&format!("build-{package}"), 0, command);
        job.arguments(arguments);
        let done = self.run_one(job, BUILD_LIMIT)?;
        if done.failure.is_some() {
            let pieces: &[&str] = match package {
                "fuzz" => &["fuzz"],
                _ => &["loom", "shuttle"],
            };
            for piece in pieces {
                self.deep.skip(piece, "it does not build".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn loom(&mut self, share: Duration) -> Result<()> {
        let mut command = cargo();
        command.current_dir(self.root.join("models"));
        let mut job = Job::new("loom", 0, command);
        job.arguments(&["run", "--release", "--bin", "loom"]);
        let done = self.run_one(job, share * 10)?;
        let models = done
            .output
            .lines()
            .filter(|line| line.contains(" orders, "));
        self.deep.tell("loom", "loom models", models.count() as u64);
        let orders = sum_before(&done.output, " orders, ");
        self.deep.tell("loom", "loom orders", orders);
        self.deep.add("loom", &done);
        Ok(())
    }

    /// Twice so many schedules of each scene as fit; the first run shows how many do.
    pub(super) fn shuttle(&mut self, share: Duration) -> Result<()> {
        let begun = Instant::now();
        let mut schedules = 300;
        for _ in 0..2 {
            let mut command = cargo();
            command.current_dir(self.root.join("models"));
            let mut job = Job::new("shuttle", 0, command);
            let count = schedules.to_string();
            job.arguments(&["run", "--release", "--bin", "shuttle", "--", &count]);
            let done = self.run_one(job, share * 10)?;
            let each = sum_before(&done.output, " schedules, ");
            self.deep.tell("shuttle", "shuttle schedules", 2 * each);
            self.deep.add("shuttle", &done);
            // Not all of it: more schedules of the same scene take a little longer each.
            let left = 0.7 * share.saturating_sub(begun.elapsed()).as_secs_f64();
            schedules = (left / done.seconds.max(0.1) * f64::from(schedules)) as u32;
            if schedules < 300 {
                break;
            }
        }
        Ok(())
    }

    /// Each command while there is time; one that is begun may end.
    pub(super) fn miri(&mut self, until: Instant) -> Result<()> {
        for (name, flags, target, filters) in MIRI {
            if Instant::now() > until {
                self.deep
                    .skip(name, "the share of miri was over".to_owned());
                continue;
            }
            let mut command = cargo();
            command.current_dir(&self.root);
            let mut job = Job::new(name, 0, command);
            job.arguments(&["+nightly", "miri", "test", "--lib"]);
            if let Some(target) = target {
                job.arguments(&["--target", target]);
            }
            job.arguments(&["--"]);
            job.arguments(filters);
            job.set("MIRIFLAGS", format!("{MIRI_FLAGS}{flags}"));
            job.set("PROPTEST_CASES", "4".to_owned());
            let done = self.run_one(job, BUILD_LIMIT)?;
            let passed = sum_before(&done.output, " passed;");
            self.deep.tell("miri", "miri tests", passed);
            self.deep.add("miri", &done);
        }
        Ok(())
    }

    /// Each target for its part of the time.
    pub(super) fn fuzz(&mut self, share: Duration) -> Result<()> {
        let fuzz = self.root.join("fuzz");
        let mut targets = Vec::new();
        for file in std::fs::read_dir(fuzz.join("fuzz_targets"))? {
            let path = file?.path();
            targets.extend(path.file_stem().map(|it| it.to_string_lossy().into_owned()));
        }
        targets.sort();
        let each = share * plan::FUZZ_AT_ONCE as u32 / targets.len().max(1) as u32;
        let each = each.min(plan::FUZZ_MOST).as_secs().max(1);
        let mut jobs = Vec::new();
        for target in &targets {
            let (corpus, seeds) = (format!("corpus/{target}"), format!("seeds/{target}"));
            std::fs::create_dir_all(fuzz.join(&corpus))?;
            let mut command = cargo();
            command.current_dir(&fuzz);
            let mut job = Job::new(&format!("fuzz-{target}"), 0, command);
            let start = ["+nightly", "fuzz", "run", "--features", "compression"];
            job.arguments(&start);
            job.arguments(&[target, &corpus, &seeds, "--", "-max_len=4096"]);
            let seed = self.next_seed() as u32;
            let rest = [
                format!("-max_total_time={each}"),
                format!("-seed={seed}"),
                "-print_final_stats=1".to_owned(),
            ];
            job.arguments(&rest.each_ref().map(String::as_str));
            jobs.push(job);
        }
        let limit = Duration::from_secs(each) * 2 + Duration::from_secs(600);
        for done in self.run_all(jobs, limit, plan::FUZZ_AT_ONCE)? {
            let runs = sum_after(&done.output, "stat::number_of_executed_units:");
            self.deep.tell("fuzz", "fuzz runs", runs);
            let clean = u64::from(done.failure.is_none());
            self.deep.tell("fuzz", "fuzz targets", clean);
            self.deep.tell("fuzz", "fuzz seconds", done.seconds as u64);
            self.deep.add("fuzz", &done);
        }
        Ok(())
    }
}
