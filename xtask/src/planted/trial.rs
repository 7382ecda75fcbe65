//! One run of a test program, with or without a mistake.

use super::programs::Program;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A program that runs longer hangs.
const SECONDS_MAX: u64 = 300;

/// A program and which of its tests are run: those with `filter` in their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Try {
    pub(super) program: &'static str,
    pub(super) filter: &'static str,
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program, self.filter)
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No test failed.
    Green,
    /// This test of this program failed first.
    Red { program: String, test: String },
    /// The program ended otherwise: it was killed, or took too long.
    Dead { program: String, how: String },
}

impl Verdict {
    pub(super) fn is_green(&self) -> bool {
        *self == Self::Green
    }
}

/// Runs `program` until its first test fails. A filter that no test fits is an error.
pub(super) fn run(
    program: &Program,
    filter: &str,
    mistake: Option<&str>,
) -> Result<Verdict, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", program.path.display());
    let mut command = Command::new(&program.path);
    command.arg(filter).current_dir(&program.root);
    command.env("CARGO_MANIFEST_DIR", &program.root);
    if !filter.is_empty() {
        command.arg("--test-threads=1"); // a few tests: the same one is red first every time
    }
    if let Some(mistake) = mistake {
        command.env("GRAIN_PLANTED", mistake);
    }
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let verdict = watch(&mut child, program, filter);
    let _ = child.kill();
    let status = child.wait().map_err(failed)?;
    match verdict? {
        // Neither a failed test nor a good end: it was killed from within.
        Verdict::Green if !status.success() => {
            let (program, how) = (program.name.clone(), format!("dies, {status}"));
            Ok(Verdict::Dead { program, how })
        }
        verdict => Ok(verdict),
    }
}

/// Reads what the tests tell, up to the first that fails, the end, or the limit of time.
fn watch(child: &mut Child, program: &Program, filter: &str) -> Result<Verdict, String> {
    let (sender, lines) = mpsc::channel();
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let lines = output.into_iter().flat_map(|it| BufReader::new(it).lines());
        lines
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    let deadline = Instant::now() + Duration::from_secs(SECONDS_MAX);
    let name = || program.name.clone();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) if line == "running 0 tests" => {
                return Err(format!("{} has no test with {filter:?}", program.name));
            }
            Ok(line) => {
                let test = line
                    .strip_prefix("test ")
                    .and_then(|it| it.split_once(" ... FAILED"));
                if let Some((test, _)) = test {
                    let test = test.trim_end_matches(" - should panic").to_owned();
                    return Ok(Verdict::Red {
                        program: name(),
                        test,
                    });
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let how = format!("does not end within {SECONDS_MAX} s");
                return Ok(Verdict::Dead {
                    program: name(),
                    how,
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                // Its end of the pipe is closed, so it is about to end.
                let _ = child.wait();
                return Ok(Verdict::Green);
            }
        }
    }
}
