//! Real records under a composite key: load, ask, let expire, count, close, reopen, compare.
//!
//! ```text
//! cargo run --release --example quickstart                      2,000 cities, nothing stays
//! cargo run --release --example quickstart -- cities.ndjson     a larger file of the same shape
//! cargo run --release --example quickstart -- --db world.grain  in a folder that stays
//! ```
//!
//! Any failure, a line that is no city among them, is told on stderr and ends with exit code 1.

// An example is a program: it talks to the terminal, reads a file and waits.
#![allow(clippy::print_stderr)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "quickstart/cities.rs"]
mod cities;
#[path = "quickstart/contents.rs"]
mod contents;
#[path = "quickstart/print.rs"]
mod print;
#[path = "quickstart/questions.rs"]
mod questions;

use cities::{City, CityKey, CityLines};
use contents::Contents;
use grainstore::{Change, Db, Expiry, GrainStore, Ttl, U32Store};
use print::{count, heading, note, row, span};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Records of one batch: all of them are there after a crash, or none.
const BATCH_RECORDS: usize = 1_000;

/// Who looks at the cities; forgotten after a while.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Visit {
    city: u32,
    pages: u32,
}

/// The stores of one database. Each is a cheap handle.
struct World {
    cities: GrainStore<CityKey, City>,
    visits: GrainStore<String, Visit>,
    /// Inhabitants by the id of the city: four bytes under four bytes.
    scores: U32Store,
}

impl World {
    fn of(db: &Db) -> Outcome<Self> {
        Ok(Self {
            cities: db.store("cities")?,
            visits: db.store("visits")?,
            scores: db.u32_store("scores")?,
        })
    }
}

fn main() -> ExitCode {
    let outcome = Arguments::read().and_then(|arguments| arguments.map_or(Ok(()), |a| run(&a)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    file: PathBuf,
    /// The folder of the database; `None` for one that goes away again.
    db: Option<PathBuf>,
}

impl Arguments {
    /// `None` where only help was asked for.
    fn read() -> Outcome<Option<Self>> {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/cities.ndjson");
        let (mut file, mut db) = (None, None);
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--help" | "-h") => {
                    print::line(format_args!(
                        "usage: quickstart [--db FOLDER] [CITIES.ndjson]"
                    ));
                    return Ok(None);
                }
                Some("--db") => db = Some(arguments.next().ok_or("--db needs a folder")?.into()),
                Some(flag) if flag.starts_with('-') => {
                    return Err(format!("there is no option {flag}; see --help").into());
                }
                _ if file.is_some() => return Err("more than one file; see --help".into()),
                _ => file = Some(argument.into()),
            }
        }
        let file = file.unwrap_or(sample);
        Ok(Some(Self { file, db }))
    }
}

/// A folder that is removed at the end, however it ends.
struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Nothing depends on it: the system empties its temporary folder itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    // Before the database is made: a file that is not there should leave nothing behind.
    let lines = CityLines::open(&arguments.file)?;
    let name = format!("grainstore-quickstart-{}.grain", std::process::id());
    let temporary = TemporaryFolder(std::env::temp_dir().join(name));
    let folder = arguments.db.as_ref().unwrap_or(&temporary.0);

    heading("open");
    let (db, took) = timed(|| Ok(Db::open(folder)?))?;
    row(&folder.display().to_string(), "", took);
    let world = World::of(&db)?;

    heading("load");
    load(&db, &world, lines)?;
    heading("ask");
    questions::ask(&world)?;
    heading("expire");
    expire(&world)?;
    heading("score");
    score(&world)?;

    heading("close and reopen");
    let (before, took) = timed(|| Contents::of(&world))?;
    row("cities read and hashed", &count(before.cities), took);
    drop(world);
    row("closed", "", timed(|| Ok(db.close()?))?.1);
    let (db, took) = timed(|| Ok(Db::open(folder)?))?;
    row("opened again", "", took);
    let (after, took) = timed(|| Contents::of(&World::of(&db)?))?;
    row("cities read and hashed", &count(after.cities), took);
    if before != after {
        return Err(format!("before the close: {before:?}, after: {after:?}").into());
    }
    note(&format!(
        "everything is still there: {} cities, {} scores, {} visits, hash {:016x}",
        count(after.cities),
        count(after.scores),
        count(after.visits),
        after.hash
    ));
    db.close()?;
    Ok(())
}

/// Puts every city and its score, a thousand lines to a batch across both stores.
fn load(db: &Db, world: &World, mut lines: CityLines) -> Outcome<()> {
    let start = Instant::now();
    let (mut records, mut batches) = (0_u64, 0_u64);
    loop {
        let mut batch = db.batch();
        let mut in_batch = 0;
        while in_batch < BATCH_RECORDS {
            let Some((key, city)) = lines.next_city()? else {
                break;
            };
            batch.put(&world.cities, &key, &city)?;
            batch.put(&world.scores, &key.id, &city.population)?;
            in_batch += 1;
        }
        if in_batch == 0 {
            break;
        }
        batch.commit()?;
        records += in_batch as u64;
        batches += 1;
    }
    lines.finish();
    if records == 0 {
        return Err("the file has no cities".into());
    }
    let took = start.elapsed();
    row("cities", &count(records), took);
    row(
        "batches, each on disk when it returned",
        &count(batches),
        took,
    );
    let per_second = records as f64 / took.as_secs_f64();
    note(&format!("{} cities per second", count(per_second as u64)));
    Ok(())
}

/// Three visits: one lasts a second, one is given more time, one is kept for good.
fn expire(world: &World) -> Outcome<()> {
    const SECOND: Duration = Duration::from_secs(1);
    let visits = &world.visits;
    let [left, touched, kept] = ["left alone", "touched", "persisted"].map(str::to_owned);
    let visit = Visit { city: 1, pages: 1 };
    let start = Instant::now();
    visits.put_with(&left, &visit, Ttl::After(SECOND))?;
    let found = visits.get(&left)?;
    // On a machine that stood still for a second it may be gone already.
    let alive = found.as_ref() == Some(&visit) || start.elapsed() >= SECOND;
    expect(alive, "a record lives until its expiry")?;
    for name in [&touched, &kept] {
        visits.put_with(name, &visit, Ttl::After(60 * SECOND))?;
    }
    visits.touch(&touched, Ttl::After(3_600 * SECOND))?;
    visits.persist(&kept)?;
    for moment in ["at once", "1.1 s later"] {
        for name in [&left, &touched, &kept] {
            let text = match visits.ttl(name)? {
                Expiry::In(left) => format!("expires in {}", span(left)),
                Expiry::Never => "never expires".to_owned(),
                _ => "gone".to_owned(),
            };
            note(&format!("{moment:<12} {name:<12} {text}"));
        }
        if moment == "at once" {
            std::thread::sleep(SECOND * 11 / 10);
        }
    }
    let gone = visits.get(&left)?.is_none();
    expect(gone, "a record is gone once it expired")?;
    let there = visits.contains(&touched)? && visits.contains(&kept)?;
    expect(there, "the others are still there")
}

/// Numbers under numbers, changed in place.
fn score(world: &World) -> Outcome<()> {
    const ROUNDS: u32 = 100;
    let scores = &world.scores;
    let mut first = None;
    for id in scores.iter().limit(1).keys() {
        first = Some(id?);
    }
    let id = first.ok_or("there are no scores")?;
    let before = scores.get(id)?.unwrap_or_default();
    let (_, took) = timed(|| {
        for _ in 0..ROUNDS {
            scores.update(id, |old| {
                Change::Put(old.unwrap_or_default().saturating_add(1))
            })?;
        }
        Ok(())
    })?;
    row(
        "durable read-and-writes of one score",
        &count(u64::from(ROUNDS)),
        took,
    );
    let after = scores.get(id)?.unwrap_or_default();
    note(&format!(
        "city {id}: {} → {}",
        count(before.into()),
        count(after.into())
    ));
    expect(
        after == before.saturating_add(ROUNDS),
        "every update counts",
    )
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

fn expect(holds: bool, claim: &str) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        Err(format!("this does not hold: {claim}").into())
    }
}
