//! Up to a thousand databases in one process, each told to take as little as it can.
//!
//! Each has ten records. All are made and closed, then all are opened and stay open; what the
//! process has more than before, divided by their number, is what one takes.

use crate::files::{disk_bytes, remove};
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::process::status;
use crate::records::{Records, key};
use crate::row::{Row, Unit};
use crate::scale::{Scale, grouped};
use crate::worker::{Desk, Job, no_row};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::marker::PhantomData;
use std::time::Instant;

const DATABASES_MAX: u64 = 1_000;
const RECORDS: u64 = 10;

/// A thousand at half of the full scale already.
fn databases(scale: Scale) -> u64 {
    scale.of(2 * DATABASES_MAX).min(DATABASES_MAX)
}

/// One row.
pub fn rows(scale: Scale) -> Vec<Row> {
    use Unit::{Count, Kibibytes, Microseconds};
    let databases = format!("{} databases", grouped(databases(scale)));
    let lines = [
        ("make, put 10 records, close", Microseconds),
        ("open, and a first get", Microseconds),
        ("memory of an open one", Kibibytes),
        ("memory of an open one without pages of files", Kibibytes),
        ("threads of an open one", Count),
        ("on disk, closed", Kibibytes),
    ];
    vec![Row::new("databases", &databases, &lines)]
}

/// The desk of the group.
pub struct Small<P> {
    job: Job,
    store: PhantomData<P>,
}

/// What the process has: kibibytes with and without pages of files, and threads.
fn taken() -> Outcome<[f64; 3]> {
    Ok([status("VmRSS")?, status("RssAnon")?, status("Threads")?])
}

impl<P: Peer> Desk for Small<P> {
    fn answer(&mut self, word: &str, _round: u64) -> Outcome<Vec<f64>> {
        if word != "databases" {
            return no_row(word);
        }
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)?;
        let dir = self.job.fresh_dir("small")?;
        std::fs::create_dir_all(&dir)?;
        let count = databases(self.job.scale);
        let records = Records::new();
        let start = Instant::now();
        for database in 0..count {
            let store = P::open(&dir.join(database.to_string()), Setup::SMALL)?;
            for i in 0..RECORDS {
                store.put(&key(i), records.value(database + i))?;
            }
            store.close()?;
        }
        let made = start.elapsed().as_nanos() as f64 / 1e3;
        let disk = disk_bytes(&dir)?;
        let before = taken()?;
        let mut open = Vec::with_capacity(count as usize);
        let start = Instant::now();
        for database in 0..count {
            let store = P::open(&dir.join(database.to_string()), Setup::SMALL)?;
            store.reader()?.get(&key(0))?.ok_or("a record is gone")?;
            open.push(store);
        }
        let opened = start.elapsed().as_nanos() as f64 / 1e3;
        let after = taken()?;
        open.into_iter().try_for_each(P::close)?;
        remove(&dir)?;
        let [all, own, threads] = [0, 1, 2].map(|i| after[i] - before[i]);
        let figures = [made, opened, all, own, threads, disk as f64 / 1_024.0];
        Ok(figures.map(|figure| figure / count as f64).to_vec())
    }
}

impl<P> Small<P> {
    pub fn new(job: &Job) -> Self {
        Self {
            job: job.clone(),
            store: PhantomData,
        }
    }
}
