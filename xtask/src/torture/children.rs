//! Other programs: started with their output in a file, waited for, and ended when the time is over
//! or somebody says stop. Each is a group of processes of its own, so that nothing of it stays.

use super::Result;
use super::log;
use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often children are looked after.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A program to run.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) seed: u64,
    command: Command,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The file that its figures go to.
    pub(super) scores: Option<PathBuf>,
}

impl Job {
    pub(super) fn new(name: &str, seed: u64, command: Command) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            command,
            arguments: Vec::new(),
            environment: Vec::new(),
            scores: None,
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[&str]) {
        self.command.args(arguments);
        self.arguments
            .extend(arguments.iter().map(|it| (*it).to_owned()));
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        self.command.env(name, &value);
        self.environment.push((name.to_owned(), value));
    }
}

/// What came of a job.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) seconds: f64,
    /// All that it printed.
    pub(super) output: String,
    /// Its lines of figures.
    pub(super) scores: String,
    /// How it failed, and where its output is kept.
    pub(super) failure: Option<String>,
    /// The line that replays it.
    pub(super) replay: String,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            seed,
            seconds,
            ..
        } = self;
        let came = if self.failure.is_some() {
            "FAILED"
        } else {
            "ok"
        };
        write!(f, "{seconds:7.1} s  {name}, seed {seed}: {came}")
    }
}

/// Starts programs and looks after them.
#[derive(Debug)]
pub(super) struct Children {
    stop: Arc<AtomicBool>,
}

struct Running {
    job: Job,
    child: Child,
    log: PathBuf,
    since: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Also where an error ends the run.
        end(&mut self.child);
    }
}

impl Children {
    /// From here on a stop that somebody asks for ends the children first.
    pub(super) fn new() -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        {
            let told = Arc::clone(&stop);
            ctrlc::set_handler(move || told.store(true, Ordering::Relaxed))?;
        }
        Ok(Self { stop })
    }

    /// Runs `jobs`, `at_once` at a time, and tells each that ends.
    pub(super) fn run_all(
        &self,
        jobs: Vec<Job>,
        dir: &Path,
        limit: Duration,
        at_once: usize,
        mut tell: impl FnMut(&Done),
    ) -> Result<Vec<Done>> {
        let mut waiting = VecDeque::from(jobs);
        let (mut running, mut done) = (Vec::<Running>::new(), Vec::new());
        while !waiting.is_empty() || !running.is_empty() {
            while running.len() < at_once
                && let Some(job) = waiting.pop_front()
            {
                running.push(start(job, dir)?);
            }
            std::thread::sleep(LOOK_EVERY);
            if self.stop.load(Ordering::Relaxed) {
                running.clear();
                return Err("stopped".into());
            }
            let mut at = 0;
            while let Some(it) = running.get_mut(at) {
                let status = it.child.try_wait()?;
                let hangs = it.since.elapsed() > limit;
                if status.is_none() && !hangs {
                    at += 1;
                    continue;
                }
                let mut it = running.swap_remove(at);
                end(&mut it.child);
                let failure = match status {
                    Some(status) if status.success() => None,
                    Some(status) => Some(status.to_string()),
                    None => Some(format!("no end within {} s", limit.as_secs())),
                };
                let finished = finish(&it, failure)?;
                tell(&finished);
                done.push(finished);
            }
        }
        Ok(done)
    }
}

fn start(mut job: Job, dir: &Path) -> Result<Running> {
    let log = dir.join(format!("{}-{}.log", job.name, job.seed));
    let output = std::fs::File::create(&log)?;
    if let Some(scores) = &job.scores {
        std::fs::write(scores, "")?;
        job.command.env("GRAIN_SCORES", scores);
    }
    let command = &mut job.command;
    command.stdin(Stdio::null());
    command.stdout(output.try_clone()?).stderr(output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = command.spawn();
    let child = child.map_err(|e| format!("cannot start {}: {e}", job.name))?;
    Ok(Running {
        job,
        child,
        log,
        since: Instant::now(),
    })
}

/// What came of a job that has ended; the output of a failed one stays.
fn finish(it: &Running, failure: Option<String>) -> Result<Done> {
    let output = String::from_utf8_lossy(&std::fs::read(&it.log)?).into_owned();
    let scores = match &it.job.scores {
        Some(path) => {
            let text = std::fs::read_to_string(path)?;
            std::fs::remove_file(path)?;
            text
        }
        None => String::new(),
    };
    if failure.is_none() {
        std::fs::remove_file(&it.log)?;
    }
    Ok(Done {
        name: it.job.name.clone(),
        seed: it.job.seed,
        seconds: it.since.elapsed().as_secs_f64(),
        replay: match failure {
            Some(_) => log::replay(
                &output,
                &it.job.name,
                &it.job.environment,
                &it.job.arguments,
            ),
            None => String::new(),
        },
        failure: failure.map(|how| format!("{how}; its output is kept in {}", it.log.display())),
        scores,
        output,
    })
}

/// Ends a child and all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        // It fails where all of them have ended, which is what is wanted.
        let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
