//! A queue of jobs that several workers empty, each job taken once.
//!
//! ```text
//! cargo run --release --example work_queue
//! ```
//!
//! `take` reads and removes as one step, durably: of several workers that want the same job one
//! gets it. A worker that dies with a job in its hands takes the job with it; where that must not
//! be, write the job to a store of jobs under way first and remove it there when it is done.

// An example is a program: it talks to the terminal, starts threads and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::{Db, GrainStore, Key, Result, U32Store};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Keys sort by urgency, then by age: the first key is the next job.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct JobKey {
    urgency: Urgency,
    number: u64,
}

/// Variants sort in the order in which they stand here.
#[derive(Key, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Now,
    Soon,
    Sometime,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Job {
    what: String,
}

const JOBS: u64 = 60;
const WORKERS: u32 = 4;

fn main() -> Result<()> {
    let name = format!("grainstore-queue-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn run(folder: &Path) -> Result<()> {
    let db = Db::open(folder)?;
    let queue = db.store::<JobKey, Job>("queue")?;
    let done = db.u32_store("jobs done by worker")?;
    fill(&db, &queue)?;

    for urgency in [Urgency::Now, Urgency::Soon, Urgency::Sometime] {
        let waiting = queue.count_prefix((urgency,))?;
        println!("{waiting} jobs to do {urgency:?}");
    }
    let workers = (1..=WORKERS).map(|worker| {
        let (queue, done) = (queue.clone(), done.clone());
        std::thread::spawn(move || work(&queue, &done, worker))
    });
    // All of them are started before the first one is waited for.
    for worker in workers.collect::<Vec<_>>() {
        worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    }

    let mut sum = 0;
    for pair in done.iter() {
        let (worker, jobs) = pair?;
        println!("worker {worker} did {jobs}");
        sum += u64::from(jobs);
    }
    println!("{sum} jobs done, {} left", queue.count()?);
    assert_eq!(sum, JOBS, "each job was done once");
    db.close()
}

/// All jobs at once: after a crash all of them are there, or none.
fn fill(db: &Db, queue: &GrainStore<JobKey, Job>) -> Result<()> {
    let mut batch = db.batch();
    for number in 0..JOBS {
        let urgency = match number % 6 {
            0 => Urgency::Now,
            1 | 2 => Urgency::Soon,
            _ => Urgency::Sometime,
        };
        let what = format!("job {number}");
        batch.put(queue, &JobKey { urgency, number }, &Job { what })?;
    }
    batch.commit()
}

/// Takes jobs from the front until there is none.
fn work(queue: &GrainStore<JobKey, Job>, done: &U32Store, worker: u32) -> Result<()> {
    loop {
        // A few, not one: where another worker was quicker, there is a next one to try.
        let front = queue.iter().limit(WORKERS as usize).keys();
        let front = front.collect::<Result<Vec<_>>>()?;
        if front.is_empty() {
            return Ok(());
        }
        for key in front {
            if let Some(job) = queue.take(&key)? {
                assert_eq!(job.what, format!("job {}", key.number));
                done.add(worker, 1)?;
                break;
            }
        }
    }
}
