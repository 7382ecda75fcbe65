//! Histories by chance: handles of versions 0, 1 and 2 on one store, all at once, against a map.
//!
//! The map holds each value as it was written, with the version of its handle. A handle sees it
//! upgraded where it is older, and refused where it is newer.

use super::{Grain, Named, Tenths, builder, grain, open_grains, open_named, open_tenths};
use grainstore::fs::CrashDisk;
use grainstore::{Change, Db, ErrorKind, GrainStore, Result};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A value at version 2, and the version it is stored under.
type Written = (Grain, u8);

#[derive(Debug, Clone)]
enum Step {
    Put { key: u32, version: u8, life: u64 },
    Update { key: u32, version: u8 },
    Delete { key: u32, version: u8 },
    Touch { key: u32, version: u8 },
    MigrateAll { version: u8 },
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (key, version) = (0u32..6, 0u8..3);
    prop_oneof![
        6 => (key.clone(), version.clone(), 0u64..100)
            .prop_map(|(key, version, life)| Step::Put { key, version, life }),
        4 => (key.clone(), version.clone())
            .prop_map(|(key, version)| Step::Update { key, version }),
        2 => (key.clone(), version.clone())
            .prop_map(|(key, version)| Step::Delete { key, version }),
        1 => (key, version.clone()).prop_map(|(key, version)| Step::Touch { key, version }),
        2 => version.prop_map(|version| Step::MigrateAll { version }),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

/// The handles there are; those of lower versions are gone once a reopen has refused them.
struct Handles {
    tenths: Option<GrainStore<u32, Tenths>>,
    named: Option<GrainStore<u32, Named>>,
    grains: GrainStore<u32, Grain>,
}

impl Handles {
    fn open(db: &Db, first: bool) -> Self {
        let (tenths, named) = (open_tenths(db), open_named(db));
        assert_eq!(
            (tenths.is_ok(), named.is_ok()),
            (first, first),
            "downgrades are refused"
        );
        let (tenths, named) = (tenths.ok(), named.ok());
        let grains = open_grains(db).unwrap();
        Self {
            tenths,
            named,
            grains,
        }
    }

    /// True where there is a handle of that version.
    fn has(&self, version: u8) -> bool {
        [self.tenths.is_some(), self.named.is_some(), true][usize::from(version)]
    }
}

fn tenths(life: u64) -> Tenths {
    Tenths { tenths: 10 * life }
}

fn named(value: &Grain) -> Named {
    let (hp, name) = (value.life, value.names[0].clone());
    Named { hp, name }
}

/// What a handle reads of a record: its value at version 2, or that it is newer than the handle.
fn assert_reads<V: Into<Grain>>(found: Result<Option<V>>, written: Option<&Written>, version: u8) {
    match (found, written) {
        (Err(error), Some((_, newer))) if *newer > version => {
            assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
        }
        (found, written) => {
            let expected = written.map(|(value, _)| value.clone());
            assert_eq!(found.unwrap().map(Into::into), expected);
        }
    }
}

impl From<Tenths> for Grain {
    fn from(old: Tenths) -> Self {
        Named::from(old).into()
    }
}

fn assert_all(handles: &Handles, oracle: &BTreeMap<u32, Written>) {
    for key in 0..6 {
        let written = oracle.get(&key);
        if let Some(store) = &handles.tenths {
            assert_reads(store.get(&key), written, 0);
        }
        if let Some(store) = &handles.named {
            assert_reads(store.get(&key), written, 1);
        }
        assert_reads(handles.grains.get(&key), written, 2);
    }
    let seen: Vec<(u32, Grain)> = handles
        .grains
        .iter()
        .map(|entry| entry.map(|entry| (entry.key, entry.value)).unwrap())
        .collect();
    let expected: Vec<(u32, Grain)> = oracle.iter().map(|(k, (v, _))| (*k, v.clone())).collect();
    assert_eq!(seen, expected);
}

/// One more life through the handle; a value that is newer than the handle stays.
fn bump<V: Clone>(
    store: &GrainStore<u32, V>,
    key: u32,
    first: V,
    more: impl Fn(V) -> V,
) -> Result<()>
where
    grainstore::MessagePack: grainstore::Codec<V>,
{
    let change = |old: Option<V>| Change::Put(old.map_or(first.clone(), &more));
    store.update(&key, change).map(|_| ())
}

impl Handles {
    fn tenths(&self) -> &GrainStore<u32, Tenths> {
        self.tenths.as_ref().unwrap()
    }

    fn named(&self) -> &GrainStore<u32, Named> {
        self.named.as_ref().unwrap()
    }

    /// Puts through the handle of that version, and answers what version 2 reads then.
    fn put(&self, key: u32, version: u8, life: u64) -> Grain {
        let value = match version {
            0 => tenths(life).into(),
            _ => grain(life, "put"),
        };
        let put = match version {
            0 => self.tenths().put(&key, &tenths(life)),
            1 => self.named().put(&key, &named(&value)),
            _ => self.grains.put(&key, &value),
        };
        put.unwrap();
        value
    }

    fn update(&self, key: u32, version: u8) -> Result<()> {
        let first = grain(1, "nobody");
        match version {
            0 => bump(self.tenths(), key, tenths(1), |old| Tenths {
                tenths: old.tenths + 10,
            }),
            1 => bump(self.named(), key, named(&first), |old| Named {
                hp: old.hp + 1,
                ..old
            }),
            _ => bump(&self.grains, key, first, |old| Grain {
                life: old.life + 1,
                ..old
            }),
        }
    }

    fn delete(&self, key: u32, version: u8) -> Result<()> {
        match version {
            0 => self.tenths().delete(&key),
            1 => self.named().delete(&key),
            _ => self.grains.delete(&key),
        }
    }

    fn persist(&self, key: u32, version: u8) -> Result<bool> {
        match version {
            0 => self.tenths().persist(&key),
            1 => self.named().persist(&key),
            _ => self.grains.persist(&key),
        }
    }

    fn migrate_all(&self, version: u8) -> (u64, u64) {
        let report = match version {
            0 => self.tenths().migrate_all(|_| ()),
            1 => self.named().migrate_all(|_| ()),
            _ => self.grains.migrate_all(|_| ()),
        };
        let report = report.unwrap();
        (report.upgraded, report.failed)
    }
}

/// Does a step through its handle, if there is that handle, and to the map.
fn apply(handles: &Handles, oracle: &mut BTreeMap<u32, Written>, step: &Step) {
    match *step {
        Step::Put { key, version, life } if handles.has(version) => {
            oracle.insert(key, (handles.put(key, version, life), version));
        }
        Step::Update { key, version } if handles.has(version) => {
            let newer = oracle
                .get(&key)
                .is_some_and(|(_, stored)| *stored > version);
            assert_eq!(handles.update(key, version).is_err(), newer);
            if !newer {
                let entry = oracle.entry(key).or_insert((grain(0, "nobody"), version));
                (entry.0.life, entry.1) = (entry.0.life + 1, version);
            }
        }
        Step::Delete { key, version } if handles.has(version) => {
            handles.delete(key, version).unwrap();
            oracle.remove(&key);
        }
        Step::Touch { key, version } if handles.has(version) => {
            let there = handles.persist(key, version).unwrap();
            assert_eq!(there, oracle.contains_key(&key));
        }
        Step::MigrateAll { version } if handles.has(version) => {
            let count = |is: fn(&u8, &u8) -> bool| {
                let stored = oracle.values().filter(|(_, stored)| is(stored, &version));
                stored.count() as u64
            };
            let (older, newer) = (count(u8::lt), count(u8::gt));
            assert_eq!(handles.migrate_all(version), (older, newer));
            for (_, stored) in oracle.values_mut() {
                *stored = version.max(*stored);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn handles_of_all_versions_agree_on_every_value(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let disk = CrashDisk::new();
        let mut db = builder(&disk).open().unwrap();
        let mut handles = Handles::open(&db, true);
        let mut oracle = BTreeMap::new();
        for step in &steps {
            match step {
                Step::Flush => db.flush().unwrap(),
                Step::Reopen => {
                    drop(handles);
                    db.close().unwrap();
                    drop(db);
                    db = builder(&disk).open().unwrap();
                    handles = Handles::open(&db, false);
                }
                step => apply(&handles, &mut oracle, step),
            }
            assert_all(&handles, &oracle);
        }
    }
}
