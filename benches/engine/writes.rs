//! Writes into a new database, unsynced and durable.

use crate::plan::{Plan, remove};
use crate::reads::load;
use crate::records::{Records, key};
use crate::rounds::{Outcome, Rows};
use grainstore::engine::{Durability, Engine, WriteBatch};
use std::time::{Duration, Instant};

/// Measures puts, batches and deletes.
pub fn measure(plan: &Plan) -> Outcome<()> {
    let mut rows = Rows::new(plan, "unsynced writes, random keys");
    add_unsynced(&mut rows, plan);
    rows.measure()?;
    let options = plan.engine_options(Durability::Sync);
    let engine = Engine::open(plan.fresh_dir("durable")?, options)?;
    let mut rows = Rows::new(plan, "durable writes");
    add_durable(&mut rows, plan, &engine);
    rows.measure()?;
    Ok(engine.close()?)
}

/// The time that `write` takes on a new database, which is settled and removed outside of it.
fn timed_on_new(plan: &Plan, write: impl Fn(&Engine) -> Outcome<()>) -> Outcome<Duration> {
    let dir = plan.fresh_dir("unsynced")?;
    let engine = Engine::open(&dir, plan.engine_options(Durability::Buffered))?;
    let start = Instant::now();
    write(&engine)?;
    let time = start.elapsed();
    engine.run_due_work()?;
    engine.close()?;
    remove(&dir)?;
    Ok(time)
}

fn add_unsynced<'r>(rows: &mut Rows<'r>, plan: &'r Plan) {
    let count = plan.records;
    rows.add_timed("put", count, move |_| {
        let records = Records::new();
        timed_on_new(plan, |engine| {
            for i in 0..count {
                engine.put(&key(i), records.value(i))?;
            }
            Ok(())
        })
    });
    rows.add_timed("put in batches of 1,000", count, move |_| {
        timed_on_new(plan, |engine| load(engine, count))
    });
    rows.add_timed("put, ascending keys, batches of 1,000", count, move |_| {
        let records = Records::new();
        timed_on_new(plan, |engine| {
            for start in (0..count).step_by(1_000) {
                let mut batch = WriteBatch::new();
                for i in start..count.min(start + 1_000) {
                    batch.put(&i.to_be_bytes().repeat(3), records.value(i))?;
                }
                engine.write(batch)?;
            }
            Ok(())
        })
    });
    rows.add_timed("delete", count, move |_| {
        timed_on_new(plan, |engine| {
            for i in 0..count {
                engine.delete(&key(i))?;
            }
            Ok(())
        })
    });
}

fn add_durable<'r>(rows: &mut Rows<'r>, plan: &Plan, engine: &'r Engine) {
    let (puts, batches) = (plan.operations(800), plan.operations(16));
    rows.add("put, 1 thread", puts, move |round| {
        let records = Records::new();
        for i in 0..puts {
            engine.put(&key(round << 32 | i), records.value(i))?;
        }
        Ok(())
    });
    let each = puts / 4;
    rows.add("put, 8 threads", 8 * each, move |round| {
        std::thread::scope(|scope| {
            let write = move |thread: u64| -> Outcome<()> {
                let records = Records::new();
                for i in 0..each {
                    engine.put(&key(round << 32 | thread << 24 | i), records.value(i))?;
                }
                Ok(())
            };
            let threads = (1..=8).map(|thread| scope.spawn(move || write(thread)));
            let threads: Vec<_> = threads.collect();
            let mut ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(outcome) => outcome,
                Err(_) => Err("a writer panicked".into()),
            });
            ended.find(Result::is_err).unwrap_or(Ok(()))
        })
    });
    rows.add("batch of 1,000", batches, move |round| {
        let records = Records::new();
        for start in 0..batches {
            let mut batch = WriteBatch::new();
            for i in 0..1_000 {
                batch.put(
                    &key(round << 32 | 9 << 24 | start << 12 | i),
                    records.value(i),
                )?;
            }
            engine.write(batch)?;
        }
        Ok(())
    });
}
