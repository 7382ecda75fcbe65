//! Measurements by device and time, the newest first, and pages of them.
//!
//! ```text
//! cargo run --release --example telemetry
//! ```

// An example is a program: it talks to the terminal and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::{Cursor, Db, GrainStore, Key, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// `desc`: within a device keys run from the newest to the oldest, so "the last ten" is a walk of
/// ten steps from the front.
#[derive(Key, Clone, Debug, PartialEq, Eq)]
struct SampleKey {
    device: String,
    #[key(desc)]
    time_s: u64,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Sample {
    celsius: f32,
    volts: f32,
}

const START_S: u64 = 1_800_000_000;
const DEVICES: [&str; 3] = ["attic", "cellar", "garden"];
const DAY: Duration = Duration::from_secs(86_400);

fn main() -> Result<()> {
    let name = format!("grainstore-telemetry-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn run(folder: &Path) -> Result<()> {
    let db = Db::open(folder)?;
    // Samples go away by themselves after a month.
    let samples = db.grains("samples").default_ttl(30 * DAY).open()?;
    load(&db, &samples)?;
    println!("{} samples of {} devices", samples.count()?, DEVICES.len());

    println!("the last of each device");
    for device in DEVICES {
        for entry in samples.prefix((device,)).limit(1) {
            print_sample(&entry?.key, None);
        }
    }

    println!("the cellar between 100 and 104 minutes");
    // Bounds are values, low to high, though the keys fall.
    let (from, to) = (START_S + 100 * 60, START_S + 104 * 60);
    for entry in samples.prefix(("cellar",)).range(from..=to) {
        let entry = entry?;
        print_sample(&entry.key, Some(&entry.value));
    }

    let mut mean = 0.0;
    let of_garden = samples.count_prefix(("garden",))?;
    for sample in samples.prefix(("garden",)).values() {
        mean += f64::from(sample?.celsius) / of_garden as f64;
    }
    println!("the garden has {mean:.1} °C on average");

    let pages = read_in_pages(&samples, "attic")?;
    println!("the attic read in {pages} pages");

    samples.delete_prefix(("attic",))?;
    println!("the attic is torn down: {} samples left", samples.count()?);
    db.close()
}

/// A minute to a batch, as a gateway would send them; each batch is on disk when it returned.
fn load(db: &Db, samples: &GrainStore<SampleKey, Sample>) -> Result<()> {
    for minute in 0..240_u64 {
        let mut batch = db.batch();
        for (at, device) in DEVICES.into_iter().enumerate() {
            let sample = Sample {
                celsius: 12.0 + at as f32 + (minute % 60) as f32 / 10.0,
                volts: 3.3,
            };
            batch.put(samples, &(device, START_S + 60 * minute), &sample)?;
        }
        batch.commit()?;
    }
    Ok(())
}

/// Pages as a server gives them out: the cursor goes to the client as bytes and comes back.
fn read_in_pages(samples: &GrainStore<SampleKey, Sample>, device: &str) -> Result<usize> {
    let (mut pages, mut token): (usize, Option<Vec<u8>>) = (0, None);
    loop {
        let mut query = samples.prefix((device,)).limit(100);
        if let Some(bytes) = &token {
            query = query.after(&Cursor::from_bytes(bytes)?);
        }
        let page = query.page()?;
        pages += 1;
        let Some(next) = page.next else {
            return Ok(pages);
        };
        token = Some(next.as_bytes().to_vec());
    }
}

fn print_sample(key: &SampleKey, sample: Option<&Sample>) {
    let minute = (key.time_s - START_S) / 60;
    let celsius = sample.map_or(String::new(), |s| format!("  {:.1} °C", s.celsius));
    println!("  {:<8} minute {minute:>3}{celsius}", key.device);
}
