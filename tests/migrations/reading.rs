//! Every way of reading gets upgraded values, and writes nothing.

use super::{Grain, Named, Tenths, expected, grain, mixed, new_db, open_grains_bare, open_named};
use grainstore::{Change, If, Result};

#[test]
fn every_way_of_reading_upgrades_and_writes_nothing() {
    let db = new_db();
    let grains = mixed(&db);
    let before = db.stats().sequence_last;
    let all = expected();
    for (key, value) in (0u32..).zip(&all) {
        assert_eq!(grains.get(&key).unwrap().as_ref(), Some(value));
        assert_eq!(grains.get_versioned(&key).unwrap().unwrap().value, *value);
    }
    let many = grains.get_many([&0, &1, &2]).unwrap();
    assert_eq!(many.into_iter().flatten().collect::<Vec<_>>(), all);
    let values = |values: Result<Vec<Grain>>| assert_eq!(values.unwrap(), all);
    values(grains.iter().map(|entry| Ok(entry?.value)).collect());
    values(grains.range(0..=2).values().collect());
    values(
        grains
            .iter()
            .lazy()
            .map(|entry| entry?.value.decode())
            .collect(),
    );
    let snapshot = db.snapshot();
    let at = grains.at(&snapshot);
    values(at.iter().values().collect());
    assert_eq!(at.get(&0).unwrap().as_ref(), all.first());
    let page = grains.iter().limit(2).page().unwrap();
    assert_eq!(
        (&page.items[0].value, &page.items[1].value),
        (&all[0], &all[1])
    );
    let rest = grains
        .iter()
        .limit(2)
        .after(&page.next.unwrap())
        .page()
        .unwrap();
    assert_eq!(rest.items[0].value, all[2]);
    let backwards: Vec<Grain> = grains.iter().rev().values().map(Result::unwrap).collect();
    assert!(backwards.iter().rev().eq(&all));
    assert_eq!(db.stats().sequence_last, before, "a read has written");
}

#[test]
fn a_snapshot_older_than_the_new_version_is_read_at_the_new_version() {
    let db = new_db();
    let named = open_named(&db).unwrap();
    let ada = Named {
        hp: 8,
        name: "ada".into(),
    };
    named.put(&1, &ada).unwrap();
    let before = db.snapshot();
    let grains = super::open_grains(&db).unwrap();
    grains.put(&1, &grain(1, "new")).unwrap();
    assert_eq!(grains.at(&before).get(&1).unwrap(), Some(grain(8, "ada")));
    assert_eq!(named.at(&before).get(&1).unwrap(), Some(ada));
}

#[test]
fn an_update_sees_the_upgraded_value_and_writes_the_new_version() {
    let db = new_db();
    let grains = mixed(&db);
    for (key, old) in (0u32..).zip(expected()) {
        let update = grains.update(&key, |found| {
            assert_eq!(found.as_ref(), Some(&old));
            Change::Put(grain(old.life + 1, "updated"))
        });
        update.unwrap();
    }
    let bare = open_grains_bare(&db).unwrap();
    let lives: Vec<u64> = bare.iter().map(|entry| entry.unwrap().value.life).collect();
    assert_eq!(lives, [8, 9, 10]);
}

#[test]
fn an_update_that_changes_nothing_leaves_an_old_record_old() {
    let db = new_db();
    let grains = mixed(&db);
    let version = grains.get_versioned(&0).unwrap().unwrap().version;
    let same = grains.update(&0, |_| Change::Nothing).unwrap();
    assert_eq!(same, Some(version));
    assert!(open_grains_bare(&db).unwrap().get(&0).is_err());
}

#[test]
fn take_touch_and_conditions_work_on_old_records() {
    let db = new_db();
    let grains = mixed(&db);
    assert!(grains.persist(&0).unwrap());
    let seen = grains.get_versioned(&0).unwrap().unwrap();
    assert_eq!(seen.value, expected()[0]);
    grains
        .put_if(&0, &grain(1, "new"), If::Version(seen.version))
        .unwrap();
    assert_eq!(grains.take(&0).unwrap(), Some(grain(1, "new")));
    assert_eq!(grains.take(&1).unwrap(), Some(expected()[1].clone()));
    assert_eq!(grains.count().unwrap(), 1);
}

#[test]
fn a_lazy_value_gives_the_old_bytes_and_says_of_which_version_they_are() {
    let db = new_db();
    let grains = mixed(&db);
    let entries: Vec<_> = grains.iter().lazy().map(Result::unwrap).collect();
    let versions: Vec<u32> = entries
        .iter()
        .map(|entry| entry.value.schema_version().unwrap())
        .collect();
    assert_eq!(versions, [0, 1, 2]);
    assert_eq!(entries[0].value.raw().unwrap(), b"\x81\xa6tenths\x46");
}

#[test]
fn versions_that_read_as_they_are_need_no_function() {
    #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
    struct Grown {
        tenths: u64,
        #[serde(default)]
        level: u8,
    }
    let db = new_db();
    let old = super::open_tenths(&db).unwrap();
    old.put(&1, &Tenths { tenths: 5 }).unwrap();
    let builder = db.grains::<u32, Grown>("grains").value_schema("grain", 3);
    let grown = builder.readable_since(0).open().unwrap();
    let value = Grown {
        tenths: 5,
        level: 0,
    };
    assert_eq!(grown.get(&1).unwrap(), Some(value));
    let report = grown.migrate_all(|_| ()).unwrap();
    assert_eq!((report.upgraded, report.failed), (1, 0));
    let bare = db.grains::<u32, Grown>("grains").value_schema("grain", 3);
    assert!(bare.open().unwrap().get(&1).unwrap().is_some());
}

#[test]
fn a_store_made_without_a_schema_is_at_version_0_and_can_be_named_later() {
    let db = new_db();
    let plain = db.store::<u32, Tenths>("grains").unwrap();
    plain.put(&1, &Tenths { tenths: 50 }).unwrap();
    let grains = super::open_grains(&db).unwrap();
    assert_eq!(grains.get(&1).unwrap(), Some(grain(5, "nobody")));
    assert!(
        db.store::<u32, Tenths>("grains").is_err(),
        "named, it stays so"
    );
}

#[test]
fn every_codec_upgrades() {
    fn holds<C>(codec: C)
    where
        C: grainstore::Codec<u8> + grainstore::Codec<String> + Copy,
    {
        let db = new_db();
        let old = db.store_with::<u32, u8, C>("s", codec).unwrap();
        old.put(&1, &7).unwrap();
        let builder = db.grains::<u32, String>("s").codec(codec);
        let new = builder
            .value_schema("s", 1)
            .migrate(0, |old: u8| -> Result<String> { Ok(old.to_string()) })
            .open()
            .unwrap();
        assert_eq!(new.get(&1).unwrap().as_deref(), Some("7"));
    }
    holds(grainstore::MessagePack);
    #[cfg(feature = "json")]
    holds(grainstore::Json);
    #[cfg(feature = "bincode")]
    holds(grainstore::Bincode);
}
