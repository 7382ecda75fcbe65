//! `grain bench`: a short look at what this machine does.

use crate::failure::{Failure, Result};
use crate::output::{FAINT, NAME, Output};
use crate::progress::Progress;
use clap::Args;
use grainstore::Durability;
use grainstore::engine::{Engine, EngineOptions};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const KEY_BYTES: usize = 16;
const VALUE_BYTES: usize = 100;
/// How long the durable puts may take.
const DURABLE_SPAN: Duration = Duration::from_secs(2);

/// Measures puts, gets, a scan and durable puts in a folder of its own
///
/// One thread, keys of 16 bytes, values of 100, everything in memory but for the durable puts: a
/// look at this machine, no comparison with anything. The figures of other machines stand beside
/// those of other databases in the README.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Where to make the folder, which is removed at the end; durable puts are as fast as this disk
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// How many records to put, get and scan
    #[arg(long, short = 'n', default_value_t = 200_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    records: u64,
}

/// A folder that is gone at the end, however that comes.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What one question took.
struct Figure {
    name: &'static str,
    operations: u64,
    span: Duration,
}

impl Bench {
    pub(crate) fn run(self, output: &mut Output) -> Result<()> {
        let name = format!("grain-bench-{}", std::process::id());
        let folder = Folder(self.dir.join(name));
        let dir = &folder.0;
        fs::create_dir(dir).map_err(|error| {
            Failure::io(
                format_args!("cannot make the folder {}", dir.display()),
                &error,
            )
        })?;
        let progress = Progress::new(output, "measuring", None);
        let mut figures = self.in_memory(dir.join("memory"), &progress)?;
        figures.push(durable(dir.join("durable"))?);
        drop(progress);
        if cfg!(debug_assertions) {
            output.remark("this `grain` was built without optimization; its figures say little");
        }
        let head = format!("{:<16}{:>14}{:>16}", "", "each", "a second");
        let head = output.paint(FAINT, head);
        if !output.is_json() {
            output.line(head)?;
        }
        for figure in figures {
            figure.show(output)?;
        }
        Ok(())
    }

    fn in_memory(&self, dir: PathBuf, progress: &Progress) -> Result<Vec<Figure>> {
        let mut options = EngineOptions::default();
        options.durability = Durability::Buffered;
        let engine = Engine::open(dir, options)?;
        let mut figures = Vec::new();
        let mut measure = |name, act: &mut dyn FnMut(u64) -> Result<()>| {
            let start = Instant::now();
            for n in 0..self.records {
                act(n)?;
                if n % 1_024 == 0 {
                    progress.reached(n);
                }
            }
            let (operations, span) = (self.records, start.elapsed());
            figures.push(Figure {
                name,
                operations,
                span,
            });
            Ok::<(), Failure>(())
        };
        measure(
            "put, unsynced",
            &mut |n| Ok(engine.put(&key(n), &value(n))?),
        )?;
        let mut found = 0;
        measure("get", &mut |n| {
            found += u64::from(engine.get_with(&key(n), |_| ())?.is_some());
            Ok(())
        })?;
        let mut cursor = engine.cursor::<&[u8]>(..)?;
        cursor.seek_to_first()?;
        let mut scanned = 0;
        measure("scan, a record", &mut |_| {
            scanned += u64::from(cursor.valid());
            Ok(cursor.next()?)
        })?;
        engine.close()?;
        if (found, scanned) != (self.records, self.records) {
            let text = format!(
                "of {} records {found} were found and {scanned} scanned",
                self.records
            );
            return Err(Failure::new(crate::failure::DAMAGED, "damaged", text));
        }
        Ok(figures)
    }
}

fn durable(dir: PathBuf) -> Result<Figure> {
    let engine = Engine::open(dir, EngineOptions::default())?;
    let start = Instant::now();
    let mut operations = 0;
    while start.elapsed() < DURABLE_SPAN {
        engine.put(&key(operations), &value(operations))?;
        operations += 1;
    }
    let span = start.elapsed();
    engine.close()?;
    Ok(Figure {
        name: "durable put",
        operations,
        span,
    })
}

impl Figure {
    fn show(&self, output: &mut Output) -> Result<()> {
        let nanos_each = self.span.as_nanos() as f64 / self.operations.max(1) as f64;
        let a_second = 1e9 / nanos_each.max(f64::MIN_POSITIVE);
        if output.is_json() {
            return output.document(&json!({
                "name": self.name, "operations": self.operations,
                "nanoseconds_each": nanos_each, "a_second": a_second,
            }));
        }
        let each = match nanos_each {
            ..1e4 => format!("{nanos_each:.0} ns"),
            ..1e7 => format!("{:.0} us", nanos_each / 1e3),
            _ => format!("{:.0} ms", nanos_each / 1e6),
        };
        let name = output.paint(NAME, format_args!("{:<16}", self.name));
        output.line(format_args!("{name}{each:>14}{a_second:>16.0}"))
    }
}

/// Keys in no order: the number, mixed (SplitMix64), twice.
fn key(n: u64) -> [u8; KEY_BYTES] {
    let mixed = mix(n);
    let mut key = [0; KEY_BYTES];
    let (high, low) = key.split_at_mut(8);
    high.copy_from_slice(&mixed.to_be_bytes());
    low.copy_from_slice(&n.to_be_bytes());
    key
}

/// Values that do not compress.
fn value(n: u64) -> [u8; VALUE_BYTES] {
    let mut value = [0; VALUE_BYTES];
    for (at, chunk) in value.chunks_mut(8).enumerate() {
        let bytes = mix(n ^ (at as u64) << 32).to_be_bytes();
        if let Some(bytes) = bytes.get(..chunk.len()) {
            chunk.copy_from_slice(bytes);
        }
    }
    value
}

fn mix(n: u64) -> u64 {
    let mixed = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
