//! What the typed stores cost above the engine: the same records through all three.

use crate::plan::Plan;
use crate::records::{Records, key, mix, picks};
use crate::rounds::{Outcome, Rows};
use grainstore::engine::Engine;
use grainstore::{BytesStore, Db, Durability, GrainStore};
use serde::{Deserialize, Serialize};
use std::hint::black_box;

type GrainKey = (u64, u64, u64);

/// Some 150 bytes in MessagePack.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grain {
    name: String,
    level: u32,
    position: [f64; 3],
    inventory: Vec<u32>,
    note: String,
}

fn grain_key(i: u64) -> GrainKey {
    (mix(i), mix(i + 1), i)
}

fn grain(i: u64) -> Grain {
    Grain {
        name: format!("grain {:012x}", mix(i) >> 16),
        level: i as u32 % 100,
        position: [i as f64, 0.25, -0.5],
        inventory: (0..8).map(|n| (mix(i + n) >> 40) as u32).collect(),
        note: "a short note that somebody wrote about it".to_owned(),
    }
}

/// Measures gets and puts of the engine, of bytes and of structs.
pub fn measure(plan: &Plan) -> Outcome<()> {
    let count = plan.operations(200_000);
    let db = Db::builder(plan.fresh_dir("typed")?)
        .durability(Durability::Buffered)
        .cache_bytes(256 << 20)
        .open()?;
    let bytes = db.bytes_store("bytes")?;
    let grains = db.store::<GrainKey, Grain>("grains")?;
    let options = plan.engine_options(Durability::Buffered);
    let engine = Engine::open(plan.fresh_dir("untyped")?, options)?;
    let mut rows = Rows::new(plan, "typed stores (200,000 records)");
    add_puts(&mut rows, count, &engine, &bytes, &grains);
    add_gets(&mut rows, count, &engine, &bytes, &grains);
    if rows.is_empty() {
        return Ok(());
    }
    // The first round's puts fill the stores; its gets find most of that in memtables.
    rows.measure()?;
    drop((bytes, grains));
    db.close()?;
    Ok(engine.close()?)
}

fn add_puts<'r>(
    rows: &mut Rows<'r>,
    count: u64,
    engine: &'r Engine,
    bytes: &'r BytesStore,
    grains: &'r GrainStore<GrainKey, Grain>,
) {
    let encoded = |i: u64| Records::new().value(i).to_vec();
    let value = encoded(1);
    let same = value.clone();
    rows.add("engine put", count, move |_| {
        for i in 0..count {
            engine.put(&key(i), &value)?;
        }
        Ok(())
    });
    rows.add("BytesStore put", count, move |_| {
        for i in 0..count {
            bytes.put(key(i), &same)?;
        }
        Ok(())
    });
    let made: Vec<Grain> = (0..1_000).map(grain).collect();
    rows.add("GrainStore put", count, move |_| {
        for i in 0..count {
            grains.put(&grain_key(i), &made[i as usize % made.len()])?;
        }
        Ok(())
    });
}

fn add_gets<'r>(
    rows: &mut Rows<'r>,
    count: u64,
    engine: &'r Engine,
    bytes: &'r BytesStore,
    grains: &'r GrainStore<GrainKey, Grain>,
) {
    rows.add("engine get_with", count, move |round| {
        for i in picks(count, count, round) {
            black_box(engine.get_with(&key(i), |value| value[0])?);
        }
        Ok(())
    });
    rows.add("BytesStore get_with", count, move |round| {
        for i in picks(count, count, round) {
            black_box(bytes.get_with(key(i), |value| value[0])?);
        }
        Ok(())
    });
    rows.add("GrainStore get", count, move |round| {
        for i in picks(count, count, round) {
            black_box(grains.get(&grain_key(i))?);
        }
        Ok(())
    });
}
