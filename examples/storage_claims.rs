//! What is often said of such a storage, measured on this machine: that MessagePack is 30 to 50 %
//! smaller than JSON, and that writes which do not wait for the device are 5 to 10 times as fast.
//!
//! ```text
//! cargo run --release --features yaml --example storage_claims
//! ```
//!
//! Takes about half a minute. Medians of five rounds, the settings in turn.

// An example is a program: it talks to the terminal, reads the time and removes its folder.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

use grainstore::backend::{KvBackend, ShardedBackend, StorageConfig, WriteOp};
use grainstore::{Codec, Error, ErrorKind, Json, MessagePack, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 5;
const CITIES: &str = include_str!("data/cities.ndjson");

#[derive(Serialize, serde::Deserialize)]
struct City {
    id: u32,
    country: String,
    admin1: String,
    name: String,
    lat: f64,
    lon: f64,
    population: u32,
    timezone: String,
}

/// A session: short texts and numbers.
#[derive(Serialize, serde::Deserialize)]
struct Session {
    token: String,
    user: u64,
    hp: u32,
    started_ms: u64,
    flags: Vec<bool>,
}

/// A series of measurements: hardly any field names.
#[derive(Serialize, serde::Deserialize)]
struct Series {
    device: String,
    celsius: Vec<f32>,
}

/// A page: one long text.
#[derive(Serialize, serde::Deserialize)]
struct Page {
    url: String,
    body: String,
}

fn main() -> Result<()> {
    sizes()?;
    let folder = std::env::temp_dir().join(format!("grainstore-claims-{}", std::process::id()));
    let outcome = writes(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn sizes() -> Result<()> {
    let cities = CITIES.lines().map(|line| Json.decode(line.as_bytes()));
    let cities = cities.collect::<Result<Vec<City>, _>>().map_err(codec)?;
    let sessions = (0..1_000u64).map(|n| Session {
        token: format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        user: n * 7_919,
        hp: (n % 120) as u32,
        started_ms: 1_800_000_000_000 + n * 61_003,
        flags: (0..4).map(|bit| n >> bit & 1 == 1).collect(),
    });
    let series = (0..200u32).map(|n| Series {
        device: format!("device {n}"),
        celsius: (0..60)
            .map(|m| 20.0 + (n * 31 + m * 7) as f32 % 97.0 / 10.0)
            .collect(),
    });
    let pages = (0..200u32).map(|n| Page {
        url: format!("/articles/{n}"),
        body: "a line of text with some \"quotes\" in it\n".repeat(1 + n as usize % 40),
    });
    println!("MessagePack (with field names) and JSON, mean bytes of a record");
    compare("2,000 cities (GeoNames)", &cities)?;
    compare("1,000 sessions", &sessions.collect::<Vec<_>>())?;
    compare("200 series of 60 numbers", &series.collect::<Vec<_>>())?;
    compare("200 pages of text", &pages.collect::<Vec<_>>())
}

fn codec(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::caused(ErrorKind::Codec, "a record cannot be converted", error)
}

fn compare<T: Serialize + DeserializeOwned>(name: &str, records: &[T]) -> Result<()> {
    let (mut packed, mut json) = (Vec::new(), Vec::new());
    for record in records {
        MessagePack.encode(record, &mut packed).map_err(codec)?;
        Json.encode(record, &mut json).map_err(codec)?;
    }
    let mean = |bytes: &[u8]| bytes.len() as f64 / records.len() as f64;
    let (packed, json) = (mean(&packed), mean(&json));
    let smaller = 100.0 * (1.0 - packed / json);
    println!("  {name:<26}{packed:>8.0} {json:>8.0}   {smaller:>5.1} % smaller");
    Ok(())
}

/// One kind of load, and how many records a round of it writes.
type Load = (&'static str, u32, fn(&ShardedBackend, u32) -> Result<()>);

const LOADS: [Load; 3] = [
    ("puts, 1 thread", 2_000, |backend, count| {
        put(backend, 0..count)
    }),
    ("puts, 8 threads", 8_000, |backend, count| {
        std::thread::scope(|scope| {
            let part = count / 8;
            let start = |n| scope.spawn(move || put(backend, n * part..(n + 1) * part));
            let threads: Vec<_> = (0..8).map(start).collect();
            let failed = |_| Error::new(ErrorKind::Io, "a thread panicked");
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(failed)?)
        })
    }),
    ("batches of 100 puts", 40_000, |backend, count| {
        for batch in 0..count / 100 {
            let ops = (0..100).map(|n| WriteOp::put(key(batch * 100 + n), [7; 150]));
            backend.write_batch(&ops.collect::<Vec<_>>())?;
        }
        Ok(())
    }),
];

/// Spread over the keys, so that neighbours in time are none in order.
fn key(n: u32) -> Vec<u8> {
    let spread = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [b"bench\0", &spread.to_be_bytes()[..]].concat()
}

fn put(backend: &ShardedBackend, numbers: std::ops::Range<u32>) -> Result<()> {
    for n in numbers {
        backend.put(&key(n), &[7; 150])?;
    }
    Ok(())
}

fn writes(folder: &Path) -> Result<()> {
    println!("records a second, median of {ROUNDS}: sync_writes true, false");
    for (name, count, load) in LOADS {
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (rates, sync_writes) in rates.iter_mut().zip([true, false]) {
                let config = StorageConfig {
                    cache_size_mb: 64,
                    write_buffer_size_mb: 64,
                    sync_writes,
                    ..StorageConfig::default()
                };
                let dir = folder.join(format!("{count}-{round}-{sync_writes}"));
                let backend = config.open(&dir)?;
                let start = Instant::now();
                load(&backend, count)?;
                rates.push(f64::from(count) / start.elapsed().as_secs_f64());
                backend.close()?;
            }
        }
        let [synced, unsynced] = rates.map(median);
        let times = unsynced / synced;
        println!("  {name:<26}{synced:>10.0} {unsynced:>10.0}   {times:>5.1} times as fast");
    }
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
