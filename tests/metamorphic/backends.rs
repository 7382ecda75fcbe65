//! Every backend: what a history does that a backend can, and every answer held to the oracle.

use grainstore::backend::{
    EmbeddedBackend, HotCache, HotCacheOptions, KvBackend, MemoryBackend, ScanRequest,
    ShardedBackend, ShardedOptions, WriteOp,
};
use grainstore::clock::ManualClock;
use grainstore::engine::EngineOptions;
use grainstore::fs::CrashDisk;
use grainstore_proof::engine_run::{DIR, START_MS};
use grainstore_proof::operation::{KEYS, KeyName, Operation, Write};
use grainstore_proof::oracle::{Model, Record};
use grainstore_proof::setting::Setting;
use std::sync::Arc;

/// Where a backend lives: the disk outlives it.
pub(crate) struct Place {
    disk: CrashDisk,
    clock: ManualClock,
}

type Make = fn(&Place) -> Box<dyn KvBackend>;

/// All backends by name. Those in memory begin anew where others are opened again, so they are
/// never left.
pub(crate) const ALL: [(&str, Make); 6] = [
    ("memory", |place| {
        Box::new(MemoryBackend::with_clock(place.clock.clone()))
    }),
    ("embedded", |place| Box::new(embedded(place))),
    ("one shard", |place| Box::new(sharded(place, 1))),
    ("three shards", |place| Box::new(sharded(place, 3))),
    ("a hot cache over an engine", |place| {
        Box::new(HotCache::new(embedded(place), HotCacheOptions::default()))
    }),
    ("a hot cache over shards", |place| {
        Box::new(HotCache::new(sharded(place, 2), HotCacheOptions::default()))
    }),
];

fn options(place: &Place) -> EngineOptions {
    let mut options = Setting::SMALL.options(5);
    options.file_system = Arc::new(place.disk.clone());
    options.clock = Arc::new(place.clock.clone());
    options
}

fn embedded(place: &Place) -> EmbeddedBackend {
    EmbeddedBackend::open(DIR, options(place)).unwrap()
}

fn sharded(place: &Place, shards: usize) -> ShardedBackend {
    let mut sharded = ShardedOptions::default();
    sharded.shards = Some(shards);
    sharded.engine = options(place);
    ShardedBackend::open(DIR, sharded).unwrap()
}

/// The writes of a backend that do what `write` does; a range is every key in it.
fn ops(model: &Model, write: &Write) -> Vec<WriteOp> {
    match write {
        Write::Put(key, value) => vec![WriteOp::put(key.bytes(), value.bytes())],
        Write::PutTtl(key, value, ttl) => {
            let expiry_ms = model.expiry_after(*ttl);
            vec![WriteOp::put_with_expiry(
                key.bytes(),
                value.bytes(),
                expiry_ms,
            )]
        }
        Write::Delete(key) => vec![WriteOp::delete(key.bytes())],
        Write::DeleteRange(start, end) => {
            let (start, end) = (start.bytes(), end.bytes());
            let keys = (0..KEYS).map(|name| KeyName(name).bytes());
            let within = keys.filter(|key| start <= *key && *key < end);
            within.map(WriteOp::delete).collect()
        }
    }
}

/// Runs what a backend can do of `history`.
pub(crate) fn run(make: Make, history: &[Operation]) {
    let place = Place {
        disk: CrashDisk::new(),
        clock: ManualClock::new(START_MS),
    };
    let mut backend = make(&place);
    let in_memory = !place.disk.paths().iter().any(|path| path.starts_with(DIR));
    let mut model = Model::new(START_MS);
    for (at, operation) in history.iter().enumerate() {
        match operation {
            Operation::Write(write) => write_alone(&*backend, &model, write),
            Operation::Batch(writes) => {
                let ops: Vec<_> = writes.iter().flat_map(|write| ops(&model, write)).collect();
                backend.write_batch(&ops).unwrap();
            }
            Operation::Ingest(records) => {
                let records = model.ingested(records);
                let put = |(key, value, expiry_ms)| WriteOp::put_with_expiry(key, value, expiry_ms);
                let ops: Vec<_> = records.into_iter().map(put).collect();
                backend.write_batch(&ops).unwrap();
            }
            Operation::ClockStep(ms) => {
                place.clock.advance(*ms);
                model.see_time(backend.now_ms());
            }
            Operation::Flush | Operation::Compact => backend.flush().unwrap(),
            Operation::Sync => backend.sync().unwrap(),
            Operation::Reopen(..) if !in_memory => {
                backend.close().unwrap();
                drop(backend);
                backend = make(&place);
            }
            Operation::ScanPrefix(key, bytes) => {
                let key = key.bytes();
                prefix(
                    &*backend,
                    &model,
                    &key[..usize::from(*bytes).min(key.len())],
                );
            }
            _ => {}
        }
        model.apply(operation);
        assert_eq!(backend.now_ms(), model.now_ms());
        if at % 4 == 3 {
            everything(&*backend, &model);
        }
    }
    everything(&*backend, &model);
    backend.close().unwrap();
}

fn write_alone(backend: &dyn KvBackend, model: &Model, write: &Write) {
    for op in ops(model, write) {
        match op {
            WriteOp::Put {
                key,
                value,
                expiry_ms,
            } => backend.put_with_expiry(&key, &value, expiry_ms),
            WriteOp::Delete { key } => backend.delete(&key),
        }
        .unwrap();
    }
}

/// Every key at once, each with its expiry.
fn everything(backend: &dyn KvBackend, model: &Model) {
    let keys: Vec<_> = (0..KEYS).map(|name| KeyName(name).bytes()).collect();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let found = backend.get_batch_with_expiry(&asked).unwrap();
    for (key, found) in keys.iter().zip(found) {
        let wanted = model.get(key, model.now());
        let found = found
            .as_ref()
            .map(|stored| (&stored.value, stored.expiry_ms));
        assert!(found == wanted, "get {}", key.escape_ascii());
    }
    prefix(backend, model, b"");
}

/// All that begins with `prefix`: as one scan, in pages both ways, and counted.
fn prefix(backend: &dyn KvBackend, model: &Model, prefix: &[u8]) {
    let mut wanted: Vec<Record> = model.records(model.now());
    wanted.retain(|(key, ..)| key.starts_with(prefix));
    let mut wanted: Vec<_> = wanted
        .into_iter()
        .map(|(key, value, _)| (key, value))
        .collect();
    let found: Result<Vec<_>, _> = backend.scan_prefix(prefix).unwrap().collect();
    assert!(
        found.unwrap() == wanted,
        "scan of {}",
        prefix.escape_ascii()
    );
    assert_eq!(backend.count_prefix(prefix).unwrap(), wanted.len() as u64);
    for backward in [false, true] {
        let mut request = ScanRequest::new(prefix).limit(7);
        if backward {
            request = request.backward();
            wanted.reverse();
        }
        let mut found = Vec::new();
        loop {
            let page = backend.scan_page(&request).unwrap();
            found.extend(page.items);
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        assert!(found == wanted, "pages of {}", prefix.escape_ascii());
    }
}
