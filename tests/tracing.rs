//! The spans that the engine tells of what it does, taken in by a subscriber.

#![cfg(feature = "tracing")]
// What stands around the tests is test too, and has locks of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_types)]

use grainstore::Background;
use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::{CrashDisk, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A span or event: its name or message, level and fields.
#[derive(Debug, Clone)]
struct Told {
    name: String,
    level: Level,
    fields: BTreeMap<&'static str, String>,
    closed: bool,
}

impl Told {
    fn number(&self, field: &str) -> u64 {
        let value = self.fields.get(field);
        value
            .unwrap_or_else(|| panic!("{} has no {field}", self.name))
            .parse()
            .unwrap()
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Collects all of the engine's spans and events.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Told>>>);

impl Collector {
    fn begin(&self, metadata: &Metadata<'_>) -> (usize, Told) {
        let told = Told {
            name: metadata.name().to_owned(),
            level: *metadata.level(),
            fields: BTreeMap::new(),
            closed: false,
        };
        (self.0.lock().unwrap().len(), told)
    }

    fn all(&self, name: &str) -> Vec<Told> {
        let told = self.0.lock().unwrap();
        told.iter().filter(|it| it.name == name).cloned().collect()
    }

    fn events(&self, level: Level) -> Vec<Told> {
        let told = self.0.lock().unwrap();
        told.iter()
            .filter(|it| it.level == level)
            .cloned()
            .collect()
    }

    /// Runs `work` with all spans of this thread coming here.
    fn watching<T>(work: impl FnOnce(&Self) -> T) -> T {
        let collector = Self::default();
        tracing::subscriber::with_default(collector.clone(), || work(&collector))
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "grainstore"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let (at, mut told) = self.begin(attributes.metadata());
        attributes.record(&mut told);
        self.0.lock().unwrap().push(told);
        Id::from_u64(at as u64 + 1)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut self.0.lock().unwrap()[span.into_u64() as usize - 1]);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let (_, mut told) = self.begin(event.metadata());
        event.record(&mut told);
        self.0.lock().unwrap().push(told);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, span: &Id) {
        self.0.lock().unwrap()[span.into_u64() as usize - 1].closed = true;
    }
}

fn open(disk: impl grainstore::fs::FileSystem) -> Engine {
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(disk);
    options.background = Background::Inline;
    options.close_flush_bytes = 1 << 30;
    Engine::open("/db", options).unwrap()
}

#[test]
fn spans_tell_opens_commits_gets_and_table_work_with_their_figures() {
    Collector::watching(|told| {
        let disk = CrashDisk::new();
        let engine = open(disk.clone());
        for n in 0..50u32 {
            engine.put(&n.to_be_bytes(), &[7; 20]).unwrap();
        }
        engine.close().unwrap();
        drop(engine);
        let engine = open(disk);
        assert!(engine.get(&[0, 0, 0, 1]).unwrap().is_some());
        assert!(engine.get_with(b"not there", |_| ()).unwrap().is_none());
        engine.cursor::<&[u8]>(..).unwrap();
        engine.flush().unwrap();
        engine.put(b"more", b"1").unwrap();
        engine.compact().unwrap();
        engine.checkpoint("/copy").unwrap();
        let report = engine.verify().unwrap();

        let opens = told.all("open");
        assert_eq!(opens.len(), 2);
        assert_eq!(opens[1].fields["dir"], "\"/db\"");
        assert_eq!(
            (opens[1].number("tables"), opens[1].level),
            (0, Level::INFO)
        );
        assert!(opens[1].number("replayed_bytes") >= 50 * 24);
        let commits = told.all("commit");
        assert_eq!((commits.len(), commits[0].level), (51, Level::DEBUG));
        assert_eq!(
            (
                commits[49].number("sequence"),
                commits[49].number("batches")
            ),
            (50, 1)
        );
        assert!(commits[0].number("bytes") >= 24);
        let gets = told.all("get");
        assert_eq!((gets[0].number("found"), gets[1].number("found")), (1, 0));
        assert_eq!(
            (gets[1].number("key_bytes"), gets[1].level),
            (9, Level::TRACE)
        );
        assert_eq!(told.all("cursor").len(), 1);
        let flushes = told.all("flush");
        assert_eq!((flushes.len(), flushes[0].number("entries")), (2, 50));
        assert!(flushes[0].number("bytes") > 0 && flushes[0].number("memtable_bytes") > 0);
        let compactions = told.all("compaction");
        let it = compactions.last().unwrap();
        assert_eq!((it.number("tables_in"), it.number("level")), (2, 1));
        assert_eq!((it.number("tables"), it.number("entries")), (1, 51));
        assert!(it.number("bytes_in") > it.number("bytes"));
        let checkpoint = &told.all("checkpoint")[0];
        assert_eq!(checkpoint.number("tables"), 1);
        assert_eq!(checkpoint.number("bytes"), engine.stats().table_bytes());
        let verify = &told.all("verify")[0];
        assert_eq!(verify.number("entries"), report.entries);
        assert_eq!(verify.number("bytes"), report.bytes);
        let spans = told.0.lock().unwrap();
        assert!(spans.iter().all(|span| span.closed), "a span was left open");
    });
}

#[test]
fn failures_are_events_with_their_error() {
    Collector::watching(|told| {
        let disk = FaultDisk::new(Arc::new(CrashDisk::new()));
        let engine = open(disk.clone());
        engine.put(b"a", b"1").unwrap();
        let fault = |kind, at, calls| Fault {
            kind,
            at,
            mode: FaultMode::Once,
            calls,
        };
        // A log segment is made and named first, and then the table.
        disk.arm(fault(FaultKind::Enospc, 2, FaultCalls::Names));
        assert!(engine.flush().is_err());
        let warned = told.events(Level::WARN);
        assert_eq!((warned.len(), &*warned[0].fields["work"]), (1, "\"flush\""));
        assert!(warned[0].fields["error"].contains(".table"), "{warned:?}");
        assert!(told.events(Level::ERROR).is_empty());
        engine.flush().unwrap();
        disk.arm(fault(FaultKind::Eio, 0, FaultCalls::Syncs));
        assert!(engine.put(b"b", b"2").is_err());
        let errors = told.events(Level::ERROR);
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].fields["error"].contains("cannot sync"),
            "{errors:?}"
        );
    });
}
