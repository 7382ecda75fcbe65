//! Whether the suites find mistakes: each planted one in turn, and which test turned red.
//!
//! The mistakes stand in the library, in `src/planted.rs`. The test programs are built once with
//! the feature `planted`, in a folder of their own below the target folder. A mistake is found by
//! the first test that fails while it is planted, and that goes well while nothing is.

mod list;
mod programs;
mod report;
mod suspects;
mod trial;

use list::Mistake;
use programs::{Program, Programs};
use report::Finding;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use trial::{Try, Verdict};

/// How many run side by side.
const SIDE_BY_SIDE: usize = 2;

/// Plants each known mistake in turn and runs the suites until one turns red.
#[derive(Debug, clap::Args)]
pub(crate) struct Planted {
    /// Only these; all where none is named.
    names: Vec<String>,
}

impl Planted {
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize()?;
        let all = list::read(&root.join("src/planted.rs"))?;
        suspects::check(&all)?;
        let chosen = self.choose(&all)?;
        let programs = Programs::build(&root)?;
        check_green(&programs, &chosen)?;
        let findings = side_by_side(&chosen, |mistake| find(&programs, mistake));
        let findings = findings.into_iter().collect::<Result<Vec<_>, _>>()?;
        report::print(&findings);
        report::write(&root.join("docs/testing.md"), &all, &findings)?;
        let unfound = findings.iter().filter(|it| it.verdict.is_green());
        let unfound: Vec<_> = unfound.map(|it| it.mistake.name.as_str()).collect();
        if unfound.is_empty() {
            println!("{} mistakes, all found", findings.len());
            return Ok(());
        }
        Err(format!("no test finds {}", unfound.join(", ")).into())
    }

    fn choose(&self, all: &[Mistake]) -> Result<Vec<Mistake>, Box<dyn Error>> {
        let known = |name: &&String| all.iter().any(|mistake| mistake.name == **name);
        if let Some(unknown) = self.names.iter().find(|name| !known(name)) {
            return Err(format!("{unknown} is no mistake of src/planted.rs").into());
        }
        let wanted =
            |mistake: &&Mistake| self.names.is_empty() || self.names.contains(&mistake.name);
        Ok(all.iter().filter(wanted).cloned().collect())
    }
}

/// Runs what is run first for any of `mistakes` with nothing planted: it has to be green.
fn check_green(programs: &Programs, mistakes: &[Mistake]) -> Result<(), Box<dyn Error>> {
    let mut tries: Vec<Try> = Vec::new();
    for it in mistakes
        .iter()
        .flat_map(|mistake| suspects::of(&mistake.name))
    {
        if !tries.contains(&it) {
            tries.push(it);
        }
    }
    println!("{} runs with nothing planted", tries.len());
    let verdicts = side_by_side(&tries, |it| (*it, is_green_alone(programs, *it)));
    for (it, green) in verdicts {
        if !green? {
            return Err(format!("{it} is red with nothing planted; mend that first").into());
        }
    }
    Ok(())
}

fn is_green_alone(programs: &Programs, it: Try) -> Result<bool, String> {
    Ok(trial::run(programs.of(it)?, it.filter, None)?.is_green())
}

/// Runs the programs until one finds `mistake`.
fn find(programs: &Programs, mistake: &Mistake) -> Result<Finding, String> {
    let began = Instant::now();
    let own = suspects::of(&mistake.name);
    let mut verdict = Verdict::Green;
    for &it in own.iter().chain(suspects::IN_ORDER) {
        let program: &Program = programs.of(it)?;
        verdict = trial::run(program, it.filter, Some(&mistake.name))?;
        let red = !verdict.is_green();
        // What is always red finds nothing.
        if red && (own.contains(&it) || is_green_alone(programs, it)?) {
            break;
        }
        verdict = Verdict::Green;
    }
    let seconds = began.elapsed().as_secs_f64();
    let mistake = mistake.clone();
    let finding = Finding {
        mistake,
        verdict,
        seconds,
    };
    println!("{finding}");
    Ok(finding)
}

/// Calls `act` for each of `items`, on a few threads; the answers come in their order.
fn side_by_side<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            match items.get(number) {
                Some(item) => done.push((number, act(item))),
                None => return done,
            }
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SIDE_BY_SIDE).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.flat_map(Result::unwrap_or_default).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, answer)| answer).collect()
}
