//! What compression saves and costs, on records like cities and on the benchmark's noise.
//!
//! ```text
//! cargo run --release --features lz4,zstd --example compression
//! cargo run --release --features lz4,zstd --example compression -- cities.ndjson
//! ```
//!
//! The first makes cities up; with a file of them, one JSON object per line, those are measured.
//! Figures are medians of three rounds. Nothing is cached, so every get and scan unpacks blocks.

// An example is a program: it talks to the terminal, reads a file and takes the time.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::engine::{BlockCompression as Method, Durability, Engine, EngineOptions};
use grainstore::fs::SplitMix64;
use serde_json::{Value, json};
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
type Records = Vec<(Vec<u8>, Vec<u8>)>;

const RECORDS: u64 = 200_000;
const ROUNDS: usize = 3;
const METHODS: [Method; 3] = [Method::None, Method::Lz4, Method::Zstd];

/// Cities as JSON under their country, division and id.
fn cities(lines: impl Iterator<Item = String>) -> Outcome<Records> {
    let keyed = lines.map(|line| {
        let city: Value = serde_json::from_str(&line)?;
        let key = format!("{}/{}/{}", city["country"], city["admin1"], city["id"]);
        Ok((key.into_bytes(), line.into_bytes()))
    });
    keyed.collect()
}

fn made_up_cities() -> impl Iterator<Item = String> {
    let parts = "ka ro ville burg san new ton mi le der"
        .split(' ')
        .collect::<Vec<_>>();
    let mut chance = SplitMix64::new(1);
    (0..RECORDS).map(move |id| {
        let name: String = (0..4).map(|_| parts[chance.below(10) as usize]).collect();
        let country = ["DE", "US", "IN", "BR", "NG", "JP"][chance.below(6) as usize];
        let (lat, lon) = (chance.below(18_000_000), chance.below(36_000_000));
        let city = json!({
            "id": id, "country": country, "admin1": format!("{:02}", chance.below(40)),
            "name": name, "lat": lat as f64 / 1e5 - 90.0, "lon": lon as f64 / 1e5 - 180.0,
            "population": 15_000 + chance.below(900_000), "timezone": format!("Zone/{country}"),
        });
        city.to_string()
    })
}

/// As the engine's benchmark has them: keys of 24 bytes, values of 150.
fn noise() -> Records {
    let mut chance = SplitMix64::new(2);
    let mut bytes = |bytes| (0..bytes).map(|_| chance.next_u64() as u8).collect();
    (0..RECORDS).map(|_| (bytes(24), bytes(150))).collect()
}

/// Bytes on disk; puts with their flushes and merges, gets and scanned records a second.
fn measure(records: &Records, compression: Method) -> Outcome<[f64; 4]> {
    let dir = std::env::temp_dir().join(format!("grainstore-compression-{}", std::process::id()));
    let mut options = EngineOptions::default();
    options.compression = compression;
    options.durability = Durability::Buffered;
    options.cache_bytes = 0;
    let engine = Engine::open(&dir, options)?;
    let rate = |count: usize, start: Instant| count as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    for (key, value) in records {
        engine.put(key, value)?;
    }
    engine.compact()?;
    let puts = rate(records.len(), start);
    let (mut chance, gets, start) = (SplitMix64::new(3), records.len() / 4, Instant::now());
    for _ in 0..gets {
        let (key, value) = &records[chance.below(records.len() as u64) as usize];
        let is_it = engine.get_with(key, |found| found == value)?;
        assert_eq!(is_it, Some(true), "a record is not what was put");
    }
    let (gets, start) = (rate(gets, start), Instant::now());
    let mut cursor = engine.cursor::<&[u8]>(..)?;
    cursor.seek_to_first()?;
    let mut scanned = 0;
    while cursor.valid() {
        scanned += usize::from(!cursor.value().is_empty());
        cursor.next()?;
    }
    let (bytes, scans) = (engine.stats().table_bytes() as f64, rate(scanned, start));
    drop(cursor);
    engine.close()?;
    std::fs::remove_dir_all(&dir)?;
    Ok([bytes, puts, gets, scans])
}

fn main() -> Outcome<()> {
    let first = match std::env::args().nth(1) {
        Some(path) => cities(std::fs::read_to_string(path)?.lines().map(str::to_owned))?,
        None => cities(made_up_cities())?,
    };
    println!("| records | compression | bytes on disk | put/s | get/s | scanned/s |");
    println!("|---|---|---|---|---|---|");
    for (name, records) in [("cities", first), ("noise", noise())] {
        for compression in METHODS {
            let rounds = (0..ROUNDS).map(|_| measure(&records, compression));
            let rounds = rounds.collect::<Outcome<Vec<_>>>()?;
            print!("| {} {name} | {compression:?} |", records.len());
            for column in 0..4 {
                let mut column: Vec<_> = rounds.iter().map(|round| round[column]).collect();
                column.sort_by(f64::total_cmp);
                print!(" {:.0} |", column[ROUNDS / 2]);
            }
            println!();
        }
    }
    Ok(())
}
