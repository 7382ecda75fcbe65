//! The typed writer: records with an index and expiries, and what must be there of them.
//!
//! As with the others the content after `n` commits of a writer follows from `n`. Every fifth
//! record expires a moment later; the comparison waits for that, so that whether such a record is
//! gone depends on nothing but its number. An older value of its key must not come back then.

use crate::child::{OPENED, OPENING, tell};
use crate::kinds::Kind;
use crate::work::{Found, Told, WRITERS};
use grainstore::{Db, GrainStore, Index, Ttl};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Keys of each writer, written in turn.
const KEYS: u64 = 37;

/// The slot of a writer's counter.
const COUNTER: u32 = u32::MAX;

/// How long the records live that expire a moment later.
const MOMENT: Duration = Duration::from_millis(3);

const CITIES: [&str; 4] = ["Oslo", "Rome", "", "Kiel"];

/// A number of a commit, a city, and bytes that follow from the number.
type Value = (u64, String, String);
type Grains = GrainStore<(u8, u32), Value>;

fn by_city() -> Index<Value, String> {
    Index::one("by_city", |value: &Value| value.1.clone())
}

fn open(dir: &Path) -> grainstore::Result<(Db, Grains)> {
    let options = Kind::Typed.options();
    let builder = Db::builder(dir).engine_options(|all| *all = options);
    let db = builder.open()?;
    let grains = db.grains("grains").index(&by_city()).open()?;
    Ok((db, grains))
}

fn value(number: u64) -> Value {
    let mixed = number.wrapping_mul(0x9e37_79b9) >> 7;
    let city = CITIES[(mixed % 4) as usize].to_owned();
    (
        number,
        city,
        format!("{number}").repeat(mixed as usize % 40),
    )
}

/// What commit `number` does to its key.
enum Change {
    Delete,
    Put(Ttl),
}

fn change(number: u64) -> Change {
    match number % 10 {
        3 | 7 => Change::Delete,
        1 | 6 => Change::Put(Ttl::After(MOMENT)),
        2 => Change::Put(Ttl::After(Duration::from_secs(3_600))),
        _ => Change::Put(Ttl::Never),
    }
}

fn stays(number: u64) -> bool {
    !matches!(change(number), Change::Delete) && !matches!(number % 10, 1 | 6)
}

fn key(writer: usize, number: u64) -> (u8, u32) {
    (writer as u8, (number % KEYS) as u32)
}

fn commits(grains: &Grains, writer: usize) -> u64 {
    let count = grains.get(&(writer as u8, COUNTER)).unwrap();
    count.map_or(0, |count| count.0)
}

/// The content after `commits[w]` commits of each writer `w`.
fn content(commits: &[u64]) -> BTreeMap<(u8, u32), Value> {
    let mut content = BTreeMap::new();
    for (writer, &last) in commits.iter().enumerate().filter(|(_, last)| **last > 0) {
        content.insert((writer as u8, COUNTER), value(last));
        let kept = (last.saturating_sub(KEYS) + 1..=last).filter(|number| stays(*number));
        content.extend(kept.map(|number| (key(writer, number), value(number))));
    }
    content
}

/// Opens the database in `dir` and writes until the process dies.
pub(crate) fn write_for_ever(dir: &Path) {
    tell(OPENING);
    let (db, grains) = open(dir).unwrap();
    tell(OPENED);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (db, grains) = (&db, &grains);
            scope.spawn(move || {
                for number in commits(grains, writer) + 1.. {
                    let (key, value) = (key(writer, number), value(number));
                    let mut batch = db.batch();
                    match change(number) {
                        Change::Delete => batch.delete(grains, &key).unwrap(),
                        Change::Put(ttl) => batch.put_with(grains, &key, &value, ttl).unwrap(),
                    }
                    let counter = (writer as u8, COUNTER);
                    batch.put(grains, &counter, &value).unwrap();
                    batch.commit().unwrap();
                    tell(&format!("grain {writer} {number}"));
                }
            });
        }
    });
}

/// Opens the database in `dir` and holds what is there against what was told.
pub(crate) fn compare(dir: &Path, told: &Told) -> Result<Found, String> {
    // What was to live for a moment has done so from the next millisecond on.
    std::thread::sleep(MOMENT + Duration::from_millis(2));
    let (db, grains) = open(dir).map_err(|e| format!("no open: {e}"))?;
    let found: [u64; WRITERS] = std::array::from_fn(|writer| commits(&grains, writer));
    told.fits(&found)?;
    let expected = content(&found);
    let entries = grains.iter().map(|entry| entry.map(|e| (e.key, e.value)));
    let there: grainstore::Result<BTreeMap<_, _>> = entries.collect();
    let there = there.map_err(|e| e.to_string())?;
    if there != expected {
        return Err(format!("{there:?} is there instead of {expected:?}"));
    }
    for city in CITIES {
        let query = grains.by(&by_city()).get(city);
        let entries = query.map(|entry| entry.map(|e| (e.key, e.value)));
        let listed: grainstore::Result<BTreeMap<_, _>> = entries.collect();
        let listed = listed.map_err(|e| e.to_string())?;
        let lives = |(_, value): &(&(u8, u32), &Value)| value.1 == city;
        let wanted: Vec<_> = expected.iter().filter(lives).collect();
        if listed.iter().collect::<Vec<_>>() != wanted {
            return Err(format!("{city:?} lists {listed:?} instead of {wanted:?}"));
        }
    }
    db.verify().map_err(|e| e.to_string())?;
    Ok(Found {
        commits: found,
        tables: db.stats().tables(),
    })
}
