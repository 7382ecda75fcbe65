//! `grain import`: records from NDJSON or CSV, in constant memory.

use crate::database;
use crate::failure::{Failure, Result, USAGE};
use crate::fields;
use crate::hex;
use crate::json_tree::Tree;
use crate::output::Output;
use crate::progress::Progress;
use crate::records::{Records, Source, parse_ttl};
use crate::rows::{Cells, FileFormat, Rows};
use crate::store_types::StoreTypes;
use clap::Args;
use grainstore::engine::WriteBatch;
use grainstore::{Batch, Db, Durability, Ttl};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

/// What one commit holds at most.
const BATCH_RECORDS_MAX: usize = 1_000;
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Memory of the engine while it loads; memtables are held up to four at a time.
const MEMTABLE_BYTES: usize = 8 << 20;
/// How many bad rows are told one by one.
const BAD_ROWS_TOLD: u64 = 5;

/// Loads records from NDJSON or CSV
///
/// With --key every row is a record, and the fields named are its key:
///
///     grain import world.grain cities.ndjson --store cities --key country,id --key-type str,u64
///
/// A JSON store keeps each line as it is, to the digit. Without --key rows are what `export`
/// writes: {"key":…,"value":…}, or columns of those names. What is under the keys already is
/// overwritten. Rows become durable together at the end; a load that is cut short has loaded the
/// first part, and can be repeated.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Import {
    /// The folder of the database; made where --key-type makes a store in it
    dir: PathBuf,
    /// The file; left away or `-`, the standard input
    file: Option<PathBuf>,
    /// The store; without it, the bare keys of an engine
    #[arg(long, short, value_name = "NAME")]
    store: Option<String>,
    /// The format [default: csv for a file that ends so, else ndjson]
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// The fields of a row that are its key, in their order
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', requires = "store")]
    key: Vec<String>,
    #[command(flatten)]
    types: StoreTypes,
    /// The lifetime of records whose row has no "expires_at_ms"
    #[arg(long, value_parser = parse_ttl, default_value = "never")]
    ttl: Ttl,
    /// Goes on after rows that cannot be used, and counts them
    #[arg(long)]
    skip_bad: bool,
    /// Takes cells of CSV that are JSON as such, and leaves the field of an empty one away; else
    /// every cell is a text
    #[arg(long, requires = "key")]
    json_cells: bool,
}

/// A row as it is written.
struct Load {
    key: Vec<u8>,
    value: Vec<u8>,
    ttl: Ttl,
}

impl Import {
    pub(crate) fn run(mut self, output: &mut Output) -> Result<()> {
        self.file = self.file.filter(|file| file.as_os_str() != "-");
        let format = FileFormat::of(self.format, self.file.as_deref());
        let cells = match (self.key.is_empty(), self.json_cells) {
            (true, _) => Cells::Encoded,
            (false, true) => Cells::Json,
            (false, false) => Cells::Text,
        };
        let (rows, length) = Rows::open(self.file.as_deref(), format, cells)?;
        let records = self.open()?;
        let progress = Progress::new(output, "importing", length);
        let counts_bytes = length.is_some();
        let mut loader = Loader::new(&records);
        let told = self.load(rows, &mut loader, |rows, loaded| {
            progress.reached(if counts_bytes {
                rows.bytes_read()
            } else {
                loaded
            });
        });
        // What came before a bad row stays, and is durable.
        loader.commit()?;
        let loaded = loader.loaded;
        records.db.sync()?;
        records.db.close()?;
        drop(progress);
        let (bad, samples) = told.map_err(|failure| {
            let hint =
                format!("{loaded} records before it are loaded; --skip-bad goes on after it");
            match failure.code {
                USAGE => failure.hint(hint),
                _ => failure,
            }
        })?;
        for sample in samples {
            output.remark(sample);
        }
        let skipped = match bad {
            0 => String::new(),
            bad => format!(", skipped {bad} bad rows"),
        };
        output.done(
            format_args!("imported {loaded} records{skipped}"),
            &json!({ "imported": loaded, "skipped": bad }),
        )
    }

    /// Loads the rows; answers how many were bad and what was wrong with the first of them.
    fn load(
        &self,
        mut rows: Rows,
        loader: &mut Loader<'_>,
        progress: impl Fn(&Rows, u64),
    ) -> Result<(u64, Vec<String>)> {
        let (mut bad, mut samples) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            let read = row.map_err(Failure::usage);
            let read = read.and_then(|row| self.read(&row, loader.records));
            match read.and_then(|load| loader.put(&load)) {
                Ok(()) => {}
                Err(failure) if failure.code == USAGE => {
                    let file = self
                        .file
                        .as_ref()
                        .map_or("the input".into(), |file| file.display().to_string());
                    let text = format!("{file}, line {}: {}", rows.line(), failure.what);
                    if !self.skip_bad {
                        return Err(Failure::usage(text));
                    }
                    bad += 1;
                    if bad <= BAD_ROWS_TOLD {
                        samples.push(format!("skipped {text}"));
                    }
                }
                Err(failure) => return Err(failure),
            }
            if loader.is_full() {
                loader.commit()?;
                progress(&rows, loader.loaded);
            }
        }
        Ok((bad, samples))
    }

    fn open(&self) -> Result<Records> {
        let info = match &self.store {
            Some(name) => self.types.info(name)?,
            None => None,
        };
        if info.is_none() {
            database::check_is_database(&self.dir)?;
        }
        let db = Db::builder(&self.dir)
            .durability(Durability::Buffered)
            .memtable_bytes(MEMTABLE_BYTES)
            .cache_bytes(MEMTABLE_BYTES)
            .open()?;
        let source = match (&self.store, info) {
            (None, _) => Source::Engine,
            (Some(_), Some(info)) => Source::Store(db.make_untyped_store(info)?),
            (Some(name), None) => match db.untyped_store(name)? {
                Some(store) => Source::Store(store),
                None => {
                    let failure = Failure::absent(format!("there is no store {name:?}"));
                    return Err(failure.hint("--key-type makes it, such as --key-type str,u64"));
                }
            },
        };
        let records = Records::new(db, source, None, None)?;
        records.check_writable()?;
        Ok(records)
    }

    /// What a row says is to be written.
    fn read(&self, row: &str, records: &Records) -> Result<Load> {
        if self.key.is_empty() {
            return self.read_export(row, records);
        }
        let names: Vec<&str> = self.key.iter().map(String::as_str).collect();
        let found = fields::pick(row, &names, &mut |_| {}).map_err(Failure::usage)?;
        let mut parts = Vec::with_capacity(names.len());
        for (name, field) in names.iter().zip(found) {
            let missing = || Failure::usage(format!("it has no field {name:?}, part of the key"));
            parts.push(Tree::parse(field.ok_or_else(missing)?).map_err(Failure::usage)?);
        }
        let tree = match parts.len() {
            1 => parts.remove(0),
            _ => Tree::List(parts),
        };
        Ok(Load {
            key: records.forms.key_of_tree(&tree)?,
            value: records.forms.value_of_json(row)?,
            ttl: self.ttl,
        })
    }

    /// A row as `export` and `scan --json` write it.
    fn read_export(&self, row: &str, records: &Records) -> Result<Load> {
        const NAMES: [&str; 6] = [
            "key",
            "key_hex",
            "value",
            "value_hex",
            "expires_at_ms",
            "version",
        ];
        let mut unknown = None;
        let found = fields::pick(row, &NAMES, &mut |name| unknown = Some(name.to_owned()));
        let found = found.map_err(Failure::usage)?;
        if let Some(name) = unknown {
            let text = format!("it has a field {name:?}, and is not as `export` writes it");
            return Err(Failure::usage(text).hint("--key says which fields are the key"));
        }
        let forms = &records.forms;
        let field = |at: usize| found.get(at).copied().flatten();
        let key = match (field(0), field(1)) {
            (Some(key), None) => forms.key_of_tree(&Tree::parse(key).map_err(Failure::usage)?)?,
            (None, Some(digits)) => bytes("key_hex", digits)?,
            _ => return Err(Failure::usage("it has no key, or two")),
        };
        let value = match (field(2), field(3)) {
            (Some(value), None) => forms.value_of_json(value)?,
            (None, Some(digits)) => bytes("value_hex", digits)?,
            _ => return Err(Failure::usage("it has no value, or two")),
        };
        let ttl = match field(4) {
            None | Some("null") => self.ttl,
            Some(digits) => {
                let expiry_ms = digits.parse::<u64>().ok();
                let time = expiry_ms
                    .and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
                    .ok_or_else(|| Failure::usage("expires_at_ms is no time in milliseconds"))?;
                Ttl::At(time)
            }
        };
        Ok(Load { key, value, ttl })
    }
}

fn bytes(name: &str, json: &str) -> Result<Vec<u8>> {
    let bytes = match Tree::parse(json) {
        Ok(Tree::Text(digits)) => hex::decode(&digits),
        _ => None,
    };
    bytes.ok_or_else(|| Failure::usage(format!("{name} is not hexadecimal digits in pairs")))
}

/// Gathers rows and commits them many at a time.
struct Loader<'a> {
    records: &'a Records,
    stores: Option<Batch>,
    engine: WriteBatch,
    waiting: usize,
    bytes: usize,
    loaded: u64,
}

impl<'a> Loader<'a> {
    fn new(records: &'a Records) -> Self {
        let (stores, engine) = (None, WriteBatch::new());
        Self {
            records,
            stores,
            engine,
            waiting: 0,
            bytes: 0,
            loaded: 0,
        }
    }

    fn put(&mut self, load: &Load) -> Result<()> {
        match &self.records.source {
            Source::Store(store) => {
                let db = &self.records.db;
                let batch = self.stores.get_or_insert_with(|| db.batch());
                batch.put_with(store, load.key.as_slice(), &load.value, load.ttl)?;
            }
            Source::Engine => {
                let expiry_ms = self.records.engine_expiry_ms(&load.key, load.ttl)?;
                self.engine
                    .put_with_expiry(&load.key, &load.value, expiry_ms)?;
            }
        }
        self.waiting += 1;
        self.bytes += load.key.len() + load.value.len();
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.waiting >= BATCH_RECORDS_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn commit(&mut self) -> Result<()> {
        if let Some(batch) = self.stores.take() {
            batch.commit()?;
        }
        let engine = std::mem::take(&mut self.engine);
        self.records.db.engine().write(engine)?;
        self.loaded += self.waiting as u64;
        (self.waiting, self.bytes) = (0, 0);
        Ok(())
    }
}
