//! The figures of an engine as metrics, gathered when they are asked for.
//!
//! Holds the engine weakly: to be scraped keeps no database open. One that is closed has no
//! metrics.

use crate::engine::lsm::{Engine, WeakEngine};
use crate::engine::stats::EngineStats;
use crate::error::{Error, ErrorKind, Result};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// The metrics of one engine, for a registry of `prometheus-client`.
///
/// - counters (`_total`): `commits`, `commit_groups`, `written_bytes`, `gets` by `result` (`found`,
///   `missed`), `cache_blocks` by `result` (`hit`, `miss`), `wal_bytes`, `wal_syncs`, `flushes`,
///   `flushed_bytes`, `compactions`, `compacted_bytes`, `records_dropped`, `writer_waits`,
///   `writer_wait_seconds`, `work_failures`
/// - a histogram: `commit_group_batches`
/// - gauges: `memtables`, `memtable_bytes`, `cache_bytes`, `table_index_bytes`, `open_files`,
///   `snapshots`, `sequence`, `latched` and `work_failing` (0 or 1), `disk_bytes`, and by `level`
///   `level_tables`, `level_bytes`, `level_entries`, `level_tombstones`
///
/// The write amplification of a while is the growth of `wal_bytes`, `flushed_bytes` and
/// `compacted_bytes` against that of `written_bytes`.
///
/// ```
/// use grainstore::{Db, metrics::EngineCollector};
/// use prometheus_client::registry::Registry;
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-col-{}", std::process::id()));
/// let db = Db::open(&dir)?;
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(EngineCollector::new(&db)));
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Clone)]
pub struct EngineCollector {
    engine: WeakEngine,
}

impl EngineCollector {
    /// The metrics of `engine`, or of a database's. Does not hold it open.
    pub fn new(engine: &impl AsRef<Engine>) -> Self {
        let engine = engine.as_ref().downgrade();
        Self { engine }
    }

    /// True while somebody has the engine.
    pub(super) fn is_there(&self) -> bool {
        self.engine.engine().is_some()
    }
}

impl fmt::Debug for EngineCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineCollector")
            .field("engine", &self.engine.engine())
            .finish()
    }
}

/// The metrics of `engine`, or of a database's, as OpenMetrics text.
///
/// # Errors
/// `Closed` where it is not open any more.
pub fn encode(engine: &impl AsRef<Engine>) -> Result<String> {
    engine.as_ref().disk_bytes()?;
    text_of(&EngineCollector::new(engine))
}

/// The text of one collector.
pub(super) fn text_of(collector: &EngineCollector) -> Result<String> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(collector.clone()));
    let mut out = String::new();
    text::encode(&mut out, &registry)
        .map_err(|e| Error::caused(ErrorKind::Io, "cannot write metrics as text", e))?;
    Ok(out)
}

/// The upper bounds of the sizes that the statistics tell apart.
const GROUP_BOUNDS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, f64::MAX];

/// Writes one metric after the other.
struct Metrics<'a> {
    out: DescriptorEncoder<'a>,
}

impl Metrics<'_> {
    fn begin<'s>(&'s mut self, name: &'s str, help: &str, kind: MetricType) -> Begun<'s> {
        self.out.encode_descriptor(name, help, None, kind)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let out = self.begin(name, help, MetricType::Counter)?;
        ConstCounter::new(value).encode(out)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let out = self.begin(name, help, MetricType::Gauge)?;
        ConstGauge::new(as_gauge(value)).encode(out)
    }

    fn results(&mut self, name: &str, help: &str, values: [(&str, u64); 2]) -> fmt::Result {
        let mut out = self.begin(name, help, MetricType::Counter)?;
        for (result, value) in values {
            let labels = [("result", result)];
            ConstCounter::new(value).encode(out.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn levels(&mut self, name: &str, help: &str, values: &[u64]) -> fmt::Result {
        let mut out = self.begin(name, help, MetricType::Gauge)?;
        for (level, &value) in values.iter().enumerate() {
            let labels = [("level", level.to_string())];
            ConstGauge::new(as_gauge(value)).encode(out.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

type Begun<'a> = Result<MetricEncoder<'a>, fmt::Error>;

fn as_gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Collector for EngineCollector {
    fn encode(&self, out: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(engine) = self.engine.engine() else {
            return Ok(());
        };
        let stats = engine.stats();
        let mut out = Metrics { out };
        writes(&mut out, &stats)?;
        reads(&mut out, &stats)?;
        work(&mut out, &stats)?;
        holdings(&mut out, &stats)?;
        match engine.disk_bytes() {
            Ok(bytes) => out.gauge(
                "grainstore_disk_bytes",
                "Bytes of all files of the database",
                bytes,
            ),
            Err(_) => Ok(()), // closed, or its directory cannot be read now
        }
    }
}

fn writes(out: &mut Metrics<'_>, stats: &EngineStats) -> fmt::Result {
    let help = "Write batches committed";
    out.counter("grainstore_commits", help, stats.commits)?;
    let help = "Groups of batches written and synced together";
    out.counter("grainstore_commit_groups", help, stats.commit_groups)?;
    let help = "Batches of a commit group";
    let mut histogram = out.begin(
        "grainstore_commit_group_batches",
        help,
        MetricType::Histogram,
    )?;
    let sizes = GROUP_BOUNDS.into_iter().zip(stats.commit_group_sizes);
    let sizes: Vec<(f64, u64)> = sizes.collect();
    let (sum, count) = (stats.commits as f64, stats.commit_groups);
    histogram.encode_histogram::<NoLabelSet>(sum, count, &sizes, None)?;
    let help = "Bytes of keys and values in committed batches";
    out.counter("grainstore_written_bytes", help, stats.written_bytes)?;
    let help = "Bytes written to the log";
    out.counter("grainstore_wal_bytes", help, stats.wal_bytes)?;
    out.counter("grainstore_wal_syncs", "Syncs of the log", stats.wal_syncs)?;
    let help = "Times that a writer was slowed down or waited";
    out.counter("grainstore_writer_waits", help, stats.writer_waits)?;
    let help = "How long writers waited in total";
    let waited = out.begin("grainstore_writer_wait_seconds", help, MetricType::Counter)?;
    ConstCounter::new(stats.writer_wait_us as f64 / 1e6).encode(waited)
}

fn reads(out: &mut Metrics<'_>, stats: &EngineStats) -> fmt::Result {
    let gets = [("found", stats.gets_found), ("missed", stats.gets_missed)];
    out.results("grainstore_gets", "Gets by what they found", gets)?;
    let blocks = [("hit", stats.cache_hits), ("miss", stats.cache_misses)];
    out.results(
        "grainstore_cache_blocks",
        "Blocks of tables asked of the cache",
        blocks,
    )
}

fn work(out: &mut Metrics<'_>, stats: &EngineStats) -> fmt::Result {
    out.counter(
        "grainstore_flushes",
        "Memtables written to tables",
        stats.flushes,
    )?;
    let help = "Bytes that flushes wrote";
    out.counter("grainstore_flushed_bytes", help, stats.flushed_bytes)?;
    out.counter(
        "grainstore_compactions",
        "Compactions run",
        stats.compactions,
    )?;
    let help = "Bytes that compactions wrote";
    out.counter("grainstore_compacted_bytes", help, stats.compacted_bytes)?;
    let help = "Entries dropped: shadowed, deleted or expired";
    out.counter("grainstore_records_dropped", help, stats.records_dropped)?;
    let help = "Flushes and compactions that failed";
    out.counter("grainstore_work_failures", help, stats.work_failures)?;
    let failing = !stats.is_latched && stats.last_error.is_some();
    let help = "1 while a flush or compaction fails and is tried again";
    out.gauge("grainstore_work_failing", help, failing.into())?;
    let help = "1 where writes are refused until a reopen";
    out.gauge("grainstore_latched", help, stats.is_latched.into())
}

fn holdings(out: &mut Metrics<'_>, stats: &EngineStats) -> fmt::Result {
    let help = "Memtables, the active one included";
    out.gauge("grainstore_memtables", help, stats.memtables as u64)?;
    let help = "Bytes in memtables";
    out.gauge(
        "grainstore_memtable_bytes",
        help,
        stats.memtable_bytes as u64,
    )?;
    let help = "Bytes of table blocks in the cache";
    out.gauge("grainstore_cache_bytes", help, stats.cache_bytes as u64)?;
    let help = "Bytes of indexes and filters in memory";
    out.gauge(
        "grainstore_table_index_bytes",
        help,
        stats.table_index_bytes as u64,
    )?;
    let help = "Table files kept open";
    out.gauge("grainstore_open_files", help, stats.open_files as u64)?;
    out.gauge(
        "grainstore_snapshots",
        "Snapshots held",
        stats.snapshots as u64,
    )?;
    let help = "The last committed sequence number";
    out.gauge("grainstore_sequence", help, stats.sequence_last)?;
    let levels = &stats.levels;
    let of = |figure: fn(&crate::engine::stats::LevelStats) -> u64| {
        levels.iter().map(figure).collect::<Vec<_>>()
    };
    out.levels(
        "grainstore_level_tables",
        "Tables of a level",
        &of(|l| l.tables as u64),
    )?;
    out.levels(
        "grainstore_level_bytes",
        "Bytes of a level's tables",
        &of(|l| l.bytes),
    )?;
    out.levels(
        "grainstore_level_entries",
        "Entries of a level",
        &of(|l| l.entries),
    )?;
    let help = "Tombstones of a level";
    out.levels("grainstore_level_tombstones", help, &of(|l| l.tombstones))
}
