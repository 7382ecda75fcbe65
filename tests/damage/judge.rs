//! Reads a damaged database in every way there is and says whether the promise was kept.

use super::sample::{DIR, Sample};
use grainstore::engine::Engine;
use grainstore::fs::CrashDisk;
use grainstore::{Error, ErrorKind};
use std::fmt;
use std::path::{Path, PathBuf};

/// How the damage showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not at all: the contents are what they were, by every way of reading, verify included.
    Harmless,
    /// As an error that names file and offset, at this step.
    Refused { step: Step, path: PathBuf },
}

/// A way of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Open,
    Forward,
    Backward,
    Get,
    Verify,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harmless => f.write_str("harmless"),
            Self::Refused { step, path } => write!(f, "refused at {step:?}: {}", path.display()),
        }
    }
}

/// Opens the database on `disk` and reads it in every way; what breaks the promise is the `Err`.
pub(crate) fn judge(sample: &Sample, disk: &CrashDisk) -> Result<Outcome, String> {
    let engine = match Engine::open(DIR, sample.options(disk)) {
        Ok(engine) => engine,
        Err(error) => return refused(Step::Open, &error),
    };
    let mut outcome = Outcome::Harmless;
    let mut keep = |next: Outcome| {
        if outcome == Outcome::Harmless {
            outcome = next;
        }
    };
    keep(judge_scan(sample, &engine, Step::Forward)?);
    keep(judge_scan(sample, &engine, Step::Backward)?);
    keep(judge_gets(sample, &engine)?);
    keep(match engine.verify() {
        Ok(_) => Outcome::Harmless,
        Err(error) => refused(Step::Verify, &error)?,
    });
    Ok(outcome)
}

/// As [`judge`], and where no damage showed once more: opening must have left nothing behind.
pub(crate) fn judge_twice(sample: &Sample, disk: &CrashDisk) -> Result<Outcome, String> {
    match judge(sample, disk)? {
        Outcome::Harmless => match judge(sample, disk)? {
            Outcome::Harmless => Ok(Outcome::Harmless),
            later => Err(format!("harmless at first, then {later}")),
        },
        refused => {
            let again = judge(sample, disk)?;
            if again == Outcome::Harmless {
                return Err(format!(
                    "{refused} at first, then as if nothing had happened"
                ));
            }
            Ok(refused)
        }
    }
}

/// As [`judge`], but only until damage shows, first to a read of `key`, or all was walked once.
pub(crate) fn judge_quickly(
    sample: &Sample,
    disk: &CrashDisk,
    key: Option<&[u8]>,
) -> Result<Outcome, String> {
    let engine = match Engine::open(DIR, sample.options(disk)) {
        Ok(engine) => engine,
        Err(error) => return refused(Step::Open, &error),
    };
    if let Some(Err(error)) = key.map(|key| engine.get(key)) {
        return refused(Step::Get, &error);
    }
    judge_scan(sample, &engine, Step::Forward)
}

fn judge_scan(sample: &Sample, engine: &Engine, step: Step) -> Result<Outcome, String> {
    let mut scan = engine
        .scan::<&[u8]>(..)
        .map_err(|e| format!("no scan: {e}"))?;
    let mut walk = |at: usize| match step {
        Step::Backward => (scan.next_back(), sample.contents.len().checked_sub(at + 1)),
        _ => (scan.next(), Some(at)),
    };
    let mut at = 0;
    loop {
        let (item, place) = walk(at);
        let expected = place.and_then(|place| sample.contents.get(place));
        match (item, expected) {
            (None, None) => return Ok(Outcome::Harmless),
            (Some(Err(error)), _) => return refused(step, &error),
            (Some(Ok((key, value))), Some((k, v))) if *key == **k && value == v[..] => {}
            (found, _) => {
                let found = found.map(|item| item.map(|(key, _)| key.to_vec()));
                return Err(format!("{step:?} gives {found:?} as record {at}"));
            }
        }
        at += 1;
    }
}

fn judge_gets(sample: &Sample, engine: &Engine) -> Result<Outcome, String> {
    let mut outcome = Outcome::Harmless;
    for (key, expected) in &sample.keys {
        match engine.get_with(key, |value| Some(value) == expected.as_deref()) {
            Ok(Some(true)) => {}
            Ok(None) if expected.is_none() => {}
            Ok(_) => {
                return Err(format!(
                    "wrong answer for {:?}",
                    key.escape_ascii().to_string()
                ));
            }
            Err(error) => outcome = refused(Step::Get, &error)?,
        }
    }
    Ok(outcome)
}

/// An error must be of the right kind and say where.
pub(crate) fn refused(step: Step, error: &Error) -> Result<Outcome, String> {
    let kinds = [ErrorKind::Corruption, ErrorKind::UnsupportedFormat];
    match (error.path(), error.offset()) {
        (Some(path), Some(_)) if kinds.contains(&error.kind()) && path.starts_with(DIR) => {
            let path = path.strip_prefix(DIR).unwrap_or(Path::new("")).to_owned();
            Ok(Outcome::Refused { step, path })
        }
        _ => Err(format!("{step:?} fails without a place: {error:?}")),
    }
}
