//! The side of a run that has a store: reads names of rows, answers figures.
//!
//! A line in is the word of a row; a line out is `ok` and its figures, or `failed` and why. The
//! store that is read is loaded at the first row that needs it, outside of the time taken.

use crate::disk::{be_killed, remove};
use crate::options::Options;
use crate::peer::{Direction, Outcome, Peer, Reader, Writes};
use crate::records::{Records, key, picks};
use crate::rows::{BATCH, READERS, Row, WRITERS};
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Answers rows until the standard input ends, then removes the stores.
pub fn serve<P: Peer>(options: &Options) -> Outcome<()> {
    let mut worker = Worker::<P>::new(options)?;
    if options.victim {
        return be_killed(worker);
    }
    for line in std::io::stdin().lock().lines() {
        let answer = match worker.answer(&line?) {
            Ok(figures) => {
                let figures: Vec<_> = figures.iter().map(f64::to_string).collect();
                format!("ok {}", figures.join(" "))
            }
            Err(error) => format!("failed {error}"),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    let dir = worker.dir.clone();
    drop(worker);
    remove(&dir)
}

/// A store, or several of one kind, and what was done to them.
pub struct Worker<P> {
    pub options: Options,
    pub dir: PathBuf,
    pub count: u64,
    pub cpu: bool,
    pub records: Records,
    /// The store that is read.
    pub loaded: Option<P>,
    /// The store that is overwritten and deleted from.
    pub churned: Option<P>,
    /// The store that durable writes go to, and how many records it has.
    pub durable: Option<P>,
    pub durable_count: u64,
    /// Rows answered so far: no two of them write or read the same.
    pub rounds: u64,
}

impl<P: Peer> Worker<P> {
    fn new(options: &Options) -> Outcome<Self> {
        remove(&options.dir)?;
        std::fs::create_dir_all(&options.dir)?;
        Ok(Self {
            options: options.clone(),
            dir: options.dir.clone(),
            count: options.records,
            cpu: options.cpu,
            records: Records::new(),
            loaded: None,
            churned: None,
            durable: None,
            durable_count: 0,
            rounds: 0,
        })
    }

    fn answer(&mut self, word: &str) -> Outcome<Vec<f64>> {
        self.rounds += 1;
        let row = Row::from_word(word).ok_or(format!("no row is called {word}"))?;
        Ok(match row {
            Row::LoadPuts => self.load(1)?,
            Row::LoadBatches => self.load(BATCH)?,
            Row::MixedBatches => vec![self.mixed_batches()?],
            Row::PutGet => vec![self.puts_and_gets()?],
            Row::Deletes => vec![self.deletes()?],
            Row::GetHit => vec![self.get(true)?],
            Row::GetHitThreads => vec![self.get_threads(READERS)?],
            Row::GetZipf => vec![self.get_zipf()?],
            Row::GetMissing => vec![self.get(false)?],
            Row::ScanForward => vec![self.scan(Direction::Forward)?],
            Row::ScanBackward => vec![self.scan(Direction::Backward)?],
            Row::Seek100 => vec![self.seek(100)?],
            Row::Seek10 => vec![self.seek(10)?],
            Row::ColdGet => vec![self.cold_get()?],
            Row::ColdScan => vec![self.cold_scan()?],
            Row::DurablePut => vec![self.durable_puts(1)?],
            Row::DurablePutThreads => vec![self.durable_puts(WRITERS)?],
            Row::DurableBatch => vec![self.durable_batches()?],
            Row::Reopen => vec![self.reopen()?],
            Row::ReopenKilled => vec![self.reopen_killed()?],
            Row::DiskBytes => vec![self.disk_mebibytes()?],
            Row::DiskBytesHalf => vec![self.half_mebibytes()?],
            Row::PeakMemory => vec![peak_mebibytes()?],
        })
    }

    /// Puts all records into `store`.
    pub fn fill(&self, store: &P, batch: u64) -> Outcome<()> {
        for start in (0..self.count).step_by(batch as usize) {
            let numbers = start..self.count.min(start + batch);
            if batch == 1 {
                store.put(&key(start), self.records.value(start))?;
            } else {
                store.put_batch(numbers.map(|i| (key(i), self.records.value(i))))?;
            }
        }
        Ok(())
    }

    /// The store that is read, loaded and warm.
    pub fn loaded(&mut self) -> Outcome<&P> {
        if self.loaded.is_none() {
            let store = P::open(&self.loaded_dir(), Writes::Buffered)?;
            self.fill(&store, BATCH)?;
            store.settle()?;
            // What can be in caches is in caches from here on.
            let reader = store.reader()?;
            reader.scan(Direction::Forward)?;
            for i in picks(self.count, self.count / 2, 1) {
                reader.get(&key(i))?;
            }
            drop(reader);
            self.loaded = Some(store);
        }
        self.loaded.as_ref().ok_or("the store is gone".into())
    }

    /// Where it lies.
    pub fn loaded_dir(&self) -> PathBuf {
        self.dir.join("loaded")
    }

    /// Closes it; the next that needs it opens it.
    pub fn close_loaded(&mut self) -> Outcome<()> {
        self.loaded()?;
        self.loaded.take().map_or(Ok(()), P::close)
    }
}

/// An error where a row did not find what it should.
pub fn expect(found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("found {found} records, not {wanted}").into())
}

/// The most memory that this process ever had.
fn peak_mebibytes() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = kibibytes.ok_or("the system does not tell")?.parse()?;
    Ok(kibibytes / 1_024.0)
}
