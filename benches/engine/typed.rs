//! What the typed stores cost above the engine and the codec.
//!
//! The record has two numbers, two texts, an enum, five items and a map. The rows of the engine
//! write and read the same bytes under the same keys; what a row of a typed store takes beyond
//! theirs and the codec's own time is printed below the table, as the median over the rounds.

use crate::plan::Plan;
use crate::records::{mix, picks};
use crate::rounds::{Outcome, Rows};
use grainstore::codec::Codec;
use grainstore::engine::Engine;
use grainstore::{BytesStore, Db, Durability, GrainStore, Key, MessagePack, U32Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hint::black_box;

/// The first bytes that a store puts before a key and before a value.
const KEYSPACE_BYTES: usize = 1;
const HEADER_BYTES: usize = 4;

#[derive(Key, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GrainKey {
    realm: String,
    player: u64,
    slot: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grain {
    id: u64,
    owner: u64,
    name: String,
    note: String,
    state: State,
    items: Vec<Item>,
    attributes: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum State {
    Idle,
    Moving { x: f32, y: f32 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Item {
    kind: u32,
    count: u16,
    durability: f32,
}

/// The borrowed form of a key: no text is built to put or get.
fn grain_key(i: u64) -> (&'static str, u64, u64) {
    ("eu-north", mix(i), i)
}

fn grain(i: u64) -> Grain {
    let item = |n: u64| Item {
        kind: (mix(i + n) >> 44) as u32,
        count: n as u16 + 1,
        durability: 0.5,
    };
    let attributes = [("strength", 7), ("wisdom", -2), ("luck", 1_000)];
    Grain {
        id: i,
        owner: mix(i),
        name: format!("grain {:012x}", mix(i) >> 16),
        note: "a short note that somebody wrote about it".to_owned(),
        state: if i.is_multiple_of(2) {
            State::Idle
        } else {
            State::Moving { x: 0.5, y: -1.5 }
        },
        items: (0..5).map(item).collect(),
        attributes: attributes.map(|(name, n)| (name.to_owned(), n)).into(),
    }
}

/// The bytes that the store of grains has under and for `i`, near enough.
fn engine_key(out: &mut Vec<u8>, i: u64) {
    use grainstore::key::KeyRef;
    out.clear();
    out.resize(KEYSPACE_BYTES, 1);
    KeyRef::<GrainKey>::encode(&grain_key(i), out);
}

fn encoded(grain: &Grain) -> Outcome<Vec<u8>> {
    let mut bytes = vec![0; HEADER_BYTES];
    MessagePack.encode(grain, &mut bytes)?;
    Ok(bytes)
}

/// The places that a typed row is compared between, each a database of its own.
struct Places {
    engine: Engine,
    small: Engine,
    grains: GrainStore<GrainKey, Grain>,
    bytes: BytesStore,
    numbers: U32Store,
}

/// Measures gets and puts of the engine, of bytes, of numbers and of structs.
pub fn measure(plan: &Plan) -> Outcome<()> {
    let count = plan.operations(200_000);
    let engine = |name: &str| -> Outcome<Engine> {
        let options = plan.engine_options(Durability::Buffered);
        Ok(Engine::open(plan.fresh_dir(name)?, options)?)
    };
    let db = |name: &str| -> Outcome<Db> {
        let builder = Db::builder(plan.fresh_dir(name)?);
        let builder = builder.durability(Durability::Buffered);
        Ok(builder.cache_bytes(256 << 20).open()?)
    };
    let places = Places {
        engine: engine("engine")?,
        small: engine("small")?,
        grains: db("grains")?.store("grains")?,
        bytes: db("bytes")?.bytes_store("bytes")?,
        numbers: db("numbers")?.u32_store("numbers")?,
    };
    let made: Vec<Grain> = (0..1_000).map(grain).collect();
    let stored: Outcome<Vec<_>> = made.iter().map(encoded).collect();
    let stored = stored?;
    let mut rows = Rows::new(plan, "typed stores (200,000 records)");
    add_codec(&mut rows, count, &made, &stored);
    add_puts(&mut rows, count, &places, &made, &stored);
    add_gets(&mut rows, count, &places);
    add_small(&mut rows, count, &places);
    if rows.is_empty() {
        return Ok(());
    }
    rows.beyond("GrainStore put", &["engine put", "encode"]);
    rows.beyond("GrainStore get", &["engine get_with", "decode"]);
    rows.beyond("GrainStore get", &["engine get_with, decoded by hand"]);
    rows.beyond("BytesStore put", &["engine put"]);
    rows.beyond("BytesStore get_with", &["engine get_with"]);
    rows.beyond("U32Store put", &["engine put, 4 bytes under 5"]);
    rows.beyond("U32Store get", &["engine get_with, 4 bytes under 5"]);
    // The first round's puts fill the stores; its gets find most of that in memtables.
    rows.measure()
}

fn add_codec<'r>(rows: &mut Rows<'r>, count: u64, made: &'r [Grain], stored: &'r [Vec<u8>]) {
    rows.add("encode", count, move |_| {
        let mut bytes = Vec::with_capacity(1_024);
        for i in 0..count as usize {
            bytes.clear();
            MessagePack.encode(&made[i % made.len()], &mut bytes)?;
            black_box(bytes.last());
        }
        Ok(())
    });
    rows.add("decode", count, move |_| {
        for i in 0..count as usize {
            let bytes = &stored[i % stored.len()][HEADER_BYTES..];
            let grain: Grain = MessagePack.decode(bytes)?;
            black_box(grain);
        }
        Ok(())
    });
}

fn add_puts<'r>(
    rows: &mut Rows<'r>,
    count: u64,
    places: &'r Places,
    made: &'r [Grain],
    stored: &'r [Vec<u8>],
) {
    rows.add("engine put", count, move |_| {
        let mut key = Vec::new();
        for i in 0..count {
            engine_key(&mut key, i);
            places
                .engine
                .put(&key, &stored[i as usize % stored.len()])?;
        }
        Ok(())
    });
    rows.add("GrainStore put", count, move |_| {
        for i in 0..count {
            places
                .grains
                .put(&grain_key(i), &made[i as usize % made.len()])?;
        }
        Ok(())
    });
    rows.add("BytesStore put", count, move |_| {
        let mut key = Vec::new();
        for i in 0..count {
            engine_key(&mut key, i);
            places.bytes.put(&key, &stored[i as usize % stored.len()])?;
        }
        Ok(())
    });
}

fn add_gets<'r>(rows: &mut Rows<'r>, count: u64, places: &'r Places) {
    rows.add("engine get_with", count, move |round| {
        let mut key = Vec::new();
        for i in picks(count, count, round) {
            engine_key(&mut key, i);
            black_box(places.engine.get_with(&key, |value| value[0])?);
        }
        Ok(())
    });
    // The codec reads all of the value where it lies, not only its first line of cache.
    rows.add("engine get_with, decoded by hand", count, move |round| {
        let mut key = Vec::new();
        for i in picks(count, count, round) {
            engine_key(&mut key, i);
            let look = |value: &[u8]| -> Result<Grain, _> {
                MessagePack.decode(value.get(HEADER_BYTES..).unwrap_or_default())
            };
            black_box(places.engine.get_with(&key, look)?.transpose()?);
        }
        Ok(())
    });
    rows.add("GrainStore get", count, move |round| {
        for i in picks(count, count, round) {
            black_box(places.grains.get(&grain_key(i))?);
        }
        Ok(())
    });
    rows.add("BytesStore get_with", count, move |round| {
        let mut key = Vec::new();
        for i in picks(count, count, round) {
            engine_key(&mut key, i);
            black_box(places.bytes.get_with(&key, |value| value[0])?);
        }
        Ok(())
    });
}

/// Numbers under numbers, beside the engine with the bytes that they are.
fn add_small<'r>(rows: &mut Rows<'r>, count: u64, places: &'r Places) {
    let key = |i: u64| {
        let [a, b, c, d] = (i as u32).to_be_bytes();
        [1, a, b, c, d]
    };
    rows.add("engine put, 4 bytes under 5", count, move |_| {
        for i in 0..count {
            places.small.put(&key(i), &(i as u32).to_le_bytes())?;
        }
        Ok(())
    });
    rows.add("U32Store put", count, move |_| {
        for i in 0..count {
            places.numbers.put(i as u32, i as u32)?;
        }
        Ok(())
    });
    rows.add("engine get_with, 4 bytes under 5", count, move |round| {
        for i in picks(count, count, round) {
            black_box(places.small.get_with(&key(i), |value| value[0])?);
        }
        Ok(())
    });
    rows.add("U32Store get", count, move |round| {
        for i in picks(count, count, round) {
            black_box(places.numbers.get(i as u32)?);
        }
        Ok(())
    });
}
