//! The deep tier: every suite again and again with other seeds, and the scoreboard.
//!
//! First the plain pass: each suite of the fast tier once, as `cargo test` runs it. Then, for as
//! many minutes as were asked for, what `plan` divides them among. What fails stops nothing: its
//! output is kept, the line that replays it is printed, and the run ends with a failure.

mod anchors;
mod children;
mod codebase;
mod deep;
mod figures;
mod log;
mod peers;
mod plan;
mod programs;
mod scoreboard;

use children::{Children, Job};
use figures::Figures;
use plan::Piece;
use programs::Programs;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);

/// What goes wrong in a run as a whole.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs every suite with other seeds until the time is over, and writes the scoreboard.
///
/// First comes the plain pass, each suite of the fast tier once, which counts apart; so with
/// `--minutes 0` it is all there is.
#[derive(Debug, clap::Args)]
pub(crate) struct Torture {
    /// How long to go on after the plain pass, in minutes.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Only this suite or piece: a name such as crash, or flips, kills, fuzz, loom, shuttle, miri,
    /// suites. It gets all the time, there is no plain pass, and no scoreboard is written.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The first seed; without it the clock gives one.
    #[arg(long)]
    seed: Option<u64>,
}

/// A run: where it is, how long it may take, and what it found.
struct Run {
    root: PathBuf,
    /// Where output and figures are kept.
    dir: PathBuf,
    minutes: u64,
    only: Option<String>,
    seed: u64,
    children: Children,
    programs: Programs,
    /// Of the plain pass.
    plain: Figures,
    /// Of all that came after it.
    deep: Figures,
    failures: Vec<String>,
}

impl Torture {
    pub(crate) fn run(&self) -> Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize()?;
        let dir = root.join("target/torture");
        std::fs::create_dir_all(&dir)?;
        let clock = jiff::Timestamp::now().as_millisecond() as u64 % 100_000_000;
        let mut run = Run {
            seed: self.seed.unwrap_or(clock.max(1)),
            minutes: self.minutes,
            only: self.only.clone(),
            children: Children::new()?,
            programs: Programs::default(),
            plain: Figures::default(),
            deep: Figures::default(),
            failures: Vec::new(),
            root,
            dir,
        };
        run.go()
    }
}

impl Run {
    fn go(&mut self) -> Result<()> {
        self.check_name()?;
        println!("seed {}", self.seed);
        let suites = plan::SUITES
            .iter()
            .filter(|suite| self.is_built(suite.name));
        let suites: Vec<_> = suites.map(|suite| suite.name).collect();
        if !suites.is_empty() {
            println!("building {} test programs", suites.len());
            let done = self.run_one(Programs::build(&self.root, &suites), BUILD_LIMIT)?;
            if done.failure.is_some() {
                return Err("the test programs do not build".into());
            }
            self.programs = Programs::built(&done.output, &self.root, &suites)?;
        }
        if self.only.is_none() {
            println!("\nthe plain pass");
            self.plain_pass()?;
        }
        if self.minutes > 0 {
            self.build_peers()?;
            println!("\nthe deep run, {} minutes", self.minutes);
            let end = Instant::now() + Duration::from_secs(60 * self.minutes);
            self.deep_run(end)?;
        }
        match self.only {
            None => self.write_scoreboard()?,
            Some(_) => self.deep.print(),
        }
        if self.failures.is_empty() {
            return Ok(());
        }
        let failures = self.failures.join("\n");
        Err(format!("\n{} failures:\n{failures}", self.failures.len()).into())
    }

    fn check_name(&self) -> Result<()> {
        let Some(name) = &self.only else {
            return Ok(());
        };
        let suites = plan::SUITES.iter().map(|suite| suite.name);
        let known: Vec<_> = Piece::ALL
            .iter()
            .map(|it| it.name())
            .chain(suites)
            .collect();
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        Err(format!("there is no {name}, only {}", known.join(", ")).into())
    }

    /// Whether the run needs the test program of a suite.
    fn is_built(&self, suite: &str) -> bool {
        let Some(only) = self.only.as_deref() else {
            return true;
        };
        let piece = Piece::ALL.into_iter().find(|piece| piece.name() == only);
        match piece {
            None => only == suite,
            Some(Piece::Suites) => plan::SUITES.iter().any(|it| it.name == suite && it.repeats),
            Some(piece) => piece.suite() == Some(suite),
        }
    }

    /// Whether a piece belongs to the run.
    fn wants(&self, piece: Piece) -> bool {
        match self.only.as_deref() {
            None => true,
            Some(only) if plan::SUITES.iter().any(|suite| suite.name == only) => {
                piece == Piece::Suites
            }
            Some(only) => piece.name() == only,
        }
    }

    fn plain_pass(&mut self) -> Result<()> {
        for suite in plan::SUITES {
            let job = self.test(suite.name, 0, &[], &[]);
            let done = self.run_one(job, Duration::from_secs(30 * 60))?;
            self.plain.add(suite.name, &done);
        }
        Ok(())
    }

    /// A run of a test program: its filter and other arguments, and what else stands in its
    /// environment. The seed 0 is that of the plain pass.
    fn test(&self, suite: &str, seed: u64, filter: &[&str], more: &[(&str, String)]) -> Job {
        let mut job = Job::new(suite, seed, self.programs.command(suite, &self.root));
        job.arguments(filter);
        if seed > 0 {
            job.set("GRAIN_SEED", seed.to_string());
        }
        // The usual effort needs no saying in the line that replays a failure.
        let usual = |it: &&(&str, String)| it.0 == "GRAIN_TIMES" && it.1 == "1";
        for (name, value) in more.iter().filter(|it| !usual(it)) {
            job.set(name, value.clone());
        }
        job.scores = Some(self.dir.join(format!("{}-{seed}.scores", job.name)));
        job
    }

    /// Runs one job and tells what came of it.
    fn run_one(&mut self, job: Job, limit: Duration) -> Result<children::Done> {
        let mut done = self.run_all(vec![job], limit, 1)?;
        done.pop().ok_or_else(|| "nothing was run".into())
    }

    /// Runs jobs, so many at a time, each for `limit` at most; a longer one hangs and has failed.
    fn run_all(
        &mut self,
        jobs: Vec<Job>,
        limit: Duration,
        at_once: usize,
    ) -> Result<Vec<children::Done>> {
        let dir = self.dir.clone();
        let failures = &mut self.failures;
        let tell = |done: &children::Done| {
            println!("{done}");
            if let Some(failure) = &done.failure {
                let line = format!("  {failure}\n  replay: {}", done.replay);
                println!("{line}");
                failures.push(format!("{}\n{line}", done.name));
            }
        };
        self.children.run_all(jobs, &dir, limit, at_once, tell)
    }
}
