//! The side of a run that has a store: reads names of rows, answers figures.
//!
//! A line in is the word of a row; a line out is `ok` and its figures, or `failed` and why. The
//! store that is read is loaded at the first row that needs it, outside of the time taken.

use crate::options::Options;
use crate::peer::{Direction, Outcome, Peer, Reader, Writes};
use crate::records::{Records, key, missing_key, picks};
use crate::rows::{BATCH, Row, THREADS};
use crate::stopwatch::Stopwatch;
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

const GETS: u64 = 500_000;
const SEEKS: u64 = 50_000;
const DURABLE_PUTS: u64 = 800;
const DURABLE_BATCHES: u64 = 24;

/// Answers rows until the standard input ends, then removes the stores.
pub fn serve<P: Peer>(options: &Options) -> Outcome<()> {
    let mut worker = Worker::<P>::new(options)?;
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

struct Worker<P> {
    dir: PathBuf,
    count: u64,
    cpu: bool,
    records: Records,
    /// The store that is read.
    loaded: Option<P>,
    /// The store that durable writes go to, and how many records it has.
    durable: Option<P>,
    durable_count: u64,
    rounds: u64,
}

impl<P: Peer> Worker<P> {
    fn new(options: &Options) -> Outcome<Self> {
        remove(&options.dir)?;
        std::fs::create_dir_all(&options.dir)?;
        Ok(Self {
            dir: options.dir.clone(),
            count: options.records,
            cpu: options.cpu,
            records: Records::new(),
            loaded: None,
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
            Row::GetHit => vec![self.get(true)?],
            Row::GetMissing => vec![self.get(false)?],
            Row::ScanForward => vec![self.scan(Direction::Forward)?],
            Row::ScanBackward => vec![self.scan(Direction::Backward)?],
            Row::Seek10 => vec![self.seek(10, SEEKS)?],
            Row::Seek100 => vec![self.seek(100, SEEKS / 5)?],
            Row::DurablePut => vec![self.durable_puts(1)?],
            Row::DurablePutThreads => vec![self.durable_puts(THREADS)?],
            Row::DurableBatch => vec![self.durable_batches()?],
            Row::Reopen => vec![self.reopen()?],
            Row::DiskBytes => vec![self.disk_mebibytes()?],
        })
    }

    fn fill(&self, store: &P, batch: u64) -> Outcome<()> {
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

    /// Fills a new store; the time of the writes and until background work is done, per record.
    fn load(&mut self, batch: u64) -> Outcome<Vec<f64>> {
        let dir = self.dir.join(format!("load-{}", self.rounds));
        let store = P::open(&dir, Writes::Buffered)?;
        let start = Instant::now();
        self.fill(&store, batch)?;
        let written = start.elapsed();
        store.settle()?;
        let settled = start.elapsed();
        store.close()?;
        remove(&dir)?;
        let each = |time: std::time::Duration| time.as_nanos() as f64 / self.count as f64;
        Ok(vec![each(written), each(settled)])
    }

    fn loaded(&mut self) -> Outcome<&P> {
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

    fn loaded_dir(&self) -> PathBuf {
        self.dir.join("loaded")
    }

    fn get(&mut self, hit: bool) -> Outcome<f64> {
        let (count, seed, cpu) = (self.count, self.rounds, self.cpu);
        let reader = self.loaded()?.reader()?;
        let mut found = 0;
        let start = Stopwatch::start(cpu);
        for i in picks(count, GETS, seed) {
            let key = if hit { key(i) } else { missing_key(i) };
            found += u64::from(reader.get(&key)?.is_some());
        }
        let time = start.nanoseconds();
        expect(found, if hit { GETS } else { 0 })?;
        Ok(time / GETS as f64)
    }

    fn scan(&mut self, direction: Direction) -> Outcome<f64> {
        let (count, cpu) = (self.count, self.cpu);
        let reader = self.loaded()?.reader()?;
        let start = Stopwatch::start(cpu);
        let seen = reader.scan(direction)?;
        let time = start.nanoseconds();
        expect(seen, count)?;
        Ok(time / count as f64)
    }

    fn seek(&mut self, records: usize, seeks: u64) -> Outcome<f64> {
        let (count, seed, cpu) = (self.count, self.rounds, self.cpu);
        let reader = self.loaded()?.reader()?;
        let mut seen = 0;
        let start = Stopwatch::start(cpu);
        for i in picks(count, seeks, seed) {
            seen += reader.seek(&missing_key(i), records)?;
        }
        let time = start.nanoseconds();
        if seen == 0 {
            return Err("the seeks found nothing".into());
        }
        Ok(time / seeks as f64)
    }

    /// Writes with the store for durable writes, opened and warmed up at the first call.
    fn durably(&mut self, records: u64, write: impl Fn(&P, u64) -> Outcome<()>) -> Outcome<f64> {
        if self.durable.is_none() {
            let store = P::open(&self.dir.join("durable"), Writes::Durable)?;
            for i in 0..100 {
                store.put(&key(u64::from(u32::MAX) + i), b"warm")?;
            }
            self.durable = Some(store);
        }
        let store = self.durable.as_ref().ok_or("the store is gone")?;
        let first = self.durable_count;
        self.durable_count += records;
        let start = Instant::now();
        write(store, first)?;
        Ok(start.elapsed().as_nanos() as f64 / 1_000.0)
    }

    fn durable_puts(&mut self, threads: u64) -> Outcome<f64> {
        let puts = DURABLE_PUTS * if threads == 1 { 1 } else { 2 };
        let each = puts / threads;
        let time = self.durably(puts, |store, first| {
            let write = |thread: u64| -> Outcome<()> {
                let records = Records::new();
                for i in (first + thread * each..).take(each as usize) {
                    store.put(&key(i), records.value(i))?;
                }
                Ok(())
            };
            if threads == 1 {
                return write(0);
            }
            std::thread::scope(|scope| {
                let started = (0..threads).map(|thread| scope.spawn(move || write(thread)));
                let started: Vec<_> = started.collect();
                let mut ended = started.into_iter().map(|thread| match thread.join() {
                    Ok(outcome) => outcome,
                    Err(_) => Err("a writer panicked".into()),
                });
                ended.find(Result::is_err).unwrap_or(Ok(()))
            })
        })?;
        Ok(time / puts as f64)
    }

    fn durable_batches(&mut self) -> Outcome<f64> {
        let records = Records::new();
        let time = self.durably(DURABLE_BATCHES * BATCH, |store, first| {
            for start in (first..)
                .step_by(BATCH as usize)
                .take(DURABLE_BATCHES as usize)
            {
                let numbers = start..start + BATCH;
                store.put_batch(numbers.map(|i| (key(i), records.value(i))))?;
            }
            Ok(())
        })?;
        Ok(time / DURABLE_BATCHES as f64)
    }

    /// Closes the loaded store and opens it again, up to the answer to a first get.
    fn reopen(&mut self) -> Outcome<f64> {
        self.close_loaded()?;
        let start = Instant::now();
        let store = P::open(&self.loaded_dir(), Writes::Buffered)?;
        let found = store.reader()?.get(&key(0))?;
        let time = start.elapsed().as_nanos() as f64;
        expect(u64::from(found.is_some()), 1)?;
        self.loaded = Some(store);
        Ok(time / 1e6)
    }

    fn disk_mebibytes(&mut self) -> Outcome<f64> {
        self.close_loaded()?;
        let bytes = disk_bytes(&self.loaded_dir())?;
        self.loaded = Some(P::open(&self.loaded_dir(), Writes::Buffered)?);
        Ok(bytes as f64 / f64::from(1 << 20))
    }

    fn close_loaded(&mut self) -> Outcome<()> {
        self.loaded()?;
        self.loaded.take().map_or(Ok(()), P::close)
    }
}

fn expect(found: u64, wanted: u64) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("found {found} records, not {wanted}").into())
}

/// What the files take on the disk, which is not how long they are.
fn disk_bytes(dir: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}

fn remove(dir: &Path) -> Outcome<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
