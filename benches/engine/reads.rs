//! Reads of a loaded database whose blocks are all in the cache.

use crate::plan::Plan;
use crate::records::{Key, Records, key, missing_key, picks};
use crate::rounds::{Outcome, Rows, expect};
use grainstore::engine::{Durability, Engine, WriteBatch};
use std::hint::black_box;

/// Measures gets, scans and seeks.
pub fn measure(plan: &Plan) -> Outcome<()> {
    let engine = Engine::open(
        plan.fresh_dir("reads")?,
        plan.engine_options(Durability::Buffered),
    )?;
    let mut rows = Rows::new(plan, "cached reads");
    add_gets(&mut rows, plan, &engine);
    add_scans(&mut rows, plan, &engine);
    add_seeks(&mut rows, plan, &engine);
    if rows.is_empty() {
        return Ok(());
    }
    load(&engine, plan.records)?;
    engine.flush()?;
    engine.run_due_work()?;
    walk(&engine, true)?; // everything into the cache
    rows.measure()?;
    Ok(engine.close()?)
}

/// Puts records 0 to `count - 1`.
pub fn load(engine: &Engine, count: u64) -> Outcome<()> {
    let records = Records::new();
    for start in (0..count).step_by(1_000) {
        let mut batch = WriteBatch::new();
        for i in start..count.min(start + 1_000) {
            batch.put(&key(i), records.value(i))?;
        }
        engine.write(batch)?;
    }
    Ok(())
}

fn add_gets<'r>(rows: &mut Rows<'r>, plan: &Plan, engine: &'r Engine) {
    let (count, gets) = (plan.records, plan.operations(500_000));
    let get_each = move |round, key_of: fn(u64) -> Key| -> Outcome<u64> {
        let mut found = 0;
        for i in picks(count, gets, round) {
            let value = engine.get_with(&key_of(i), |value| black_box(value[0]))?;
            found += u64::from(value.is_some());
        }
        Ok(found)
    };
    rows.add("get_with, hit", gets, move |round| {
        expect(get_each(round, key)?, gets)
    });
    rows.add("get (pinned), hit", gets, move |round| {
        for i in picks(count, gets, round) {
            let value = engine.get(&key(i))?.ok_or("a record is missing")?;
            black_box(value[0]);
        }
        Ok(())
    });
    rows.add("get_with, missing key", gets, move |round| {
        expect(get_each(round, missing_key)?, 0)
    });
    rows.add("get_with, hit, 2 threads (each)", gets, move |round| {
        std::thread::scope(|scope| {
            let other = scope.spawn(move || get_each(round + 100, key));
            expect(get_each(round, key)?, gets)?;
            match other.join() {
                Ok(found) => expect(found?, gets),
                Err(_) => Err("a reader panicked".into()),
            }
        })
    });
}

fn walk(engine: &Engine, forward: bool) -> Outcome<u64> {
    let mut cursor = engine.cursor::<&[u8]>(..)?;
    let mut count = 0;
    if forward {
        cursor.seek_to_first()?;
    } else {
        cursor.seek_to_last()?;
    }
    while cursor.valid() {
        black_box((cursor.key()[0], cursor.value()[0]));
        count += 1;
        if forward {
            cursor.next()?;
        } else {
            cursor.prev()?;
        }
    }
    Ok(count)
}

fn add_scans<'r>(rows: &mut Rows<'r>, plan: &Plan, engine: &'r Engine) {
    let count = plan.records;
    rows.add("cursor forward, each record", count, move |_| {
        expect(walk(engine, true)?, count)
    });
    rows.add("cursor backward, each record", count, move |_| {
        expect(walk(engine, false)?, count)
    });
    rows.add("iterator forward, each record", count, move |_| {
        let mut seen = 0;
        for pair in engine.scan::<&[u8]>(..)? {
            let (key, value) = pair?;
            black_box((key[0], value[0]));
            seen += 1;
        }
        expect(seen, count)
    });
}

fn add_seeks<'r>(rows: &mut Rows<'r>, plan: &Plan, engine: &'r Engine) {
    let count = plan.records;
    for (name, length, seeks) in [
        ("cursor, seek and 10 records", 10, plan.operations(50_000)),
        ("cursor, seek and 100 records", 100, plan.operations(10_000)),
    ] {
        rows.add(name, seeks, move |round| {
            for i in picks(count, seeks, round) {
                let mut cursor = engine.cursor(&missing_key(i)[..]..)?;
                cursor.seek_to_first()?;
                for _ in 0..length {
                    if !cursor.valid() {
                        break;
                    }
                    black_box((cursor.key()[0], cursor.value()[0]));
                    cursor.next()?;
                }
            }
            Ok(())
        });
    }
    let seeks = plan.operations(50_000);
    rows.add(
        "one cursor for all, seek and 10 records",
        seeks,
        move |round| {
            let mut cursor = engine.cursor::<&[u8]>(..)?;
            for i in picks(count, seeks, round) {
                cursor.seek(&missing_key(i))?;
                for _ in 0..10 {
                    if !cursor.valid() {
                        break;
                    }
                    black_box((cursor.key()[0], cursor.value()[0]));
                    cursor.next()?;
                }
            }
            Ok(())
        },
    );
}
