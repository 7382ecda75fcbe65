//! Stores without their types: what tools see and write is what the typed store sees and writes.

use crate::new_db;
use grainstore::key::{ByteRange, Key, KeyValue, Shape};
use grainstore::{ErrorKind, Expiry, If, Index, Json, StoreInfo, Ttl};
use std::time::Duration;

#[test]
fn an_untyped_store_and_its_typed_one_see_the_same_records() {
    let db = new_db();
    let typed = db
        .grains::<(String, u64), String>("names")
        .codec(Json)
        .value_schema("name", 3)
        .open()
        .unwrap();
    let untyped = db.untyped_store("names").unwrap().unwrap();
    let key = ("acme".to_owned(), 7u64);

    let first = typed.put_if(&key, &"ada".to_owned(), If::Absent).unwrap();
    let record = untyped.get(&key.encode_key()).unwrap().unwrap();
    assert_eq!(record.value, br#""ada""#);
    assert_eq!((record.version, record.schema_version), (Some(first), 3));

    let hour = Ttl::After(Duration::from_secs(3_600));
    untyped
        .put_with(&key.encode_key(), br#""bob""#, hour)
        .unwrap();
    untyped
        .put_with(&key.encode_key(), br#""eve""#, Ttl::Keep)
        .unwrap();
    let seen = typed.get_versioned(&key).unwrap().unwrap();
    assert_eq!(seen.value, "eve");
    assert!(seen.version > first && seen.expires_at.is_some());
    let old = typed.put_if(&key, &"old".to_owned(), If::Version(first));
    assert!(old.unwrap_err().is_conflict());

    assert!(untyped.touch(&key.encode_key(), Ttl::Never).unwrap());
    assert_eq!(untyped.ttl(&key.encode_key()).unwrap(), Expiry::Never);
    untyped.delete(&key.encode_key()).unwrap();
    assert!(!typed.contains(&key).unwrap());
}

#[test]
fn untyped_records_are_walked_counted_and_removed_by_their_bytes() {
    let db = new_db();
    let typed = db.store::<(String, u8), u8>("by tenant").unwrap();
    for (tenant, n) in [("acme", 1), ("acme", 2), ("zeta", 3)] {
        typed.put(&(tenant, n), &n).unwrap();
    }
    let untyped = db.untyped_store("by tenant").unwrap().unwrap();
    let shape = untyped.key_shape().clone();
    let prefix = [KeyValue::Text("acme".into())];
    let acme = ByteRange::starting_with(shape.encode_prefix(&prefix).unwrap());
    assert_eq!(untyped.count(&acme).unwrap(), 2);
    let last: Vec<_> = untyped
        .records(ByteRange::all())
        .rev()
        .limit(2)
        .map(|record| shape.print(&record.unwrap().0))
        .collect();
    assert_eq!(last, [r#"("zeta", 3)"#, r#"("acme", 2)"#]);
    untyped.delete_range(&acme).unwrap();
    assert_eq!(typed.count().unwrap(), 1);
}

#[test]
fn a_batch_takes_untyped_stores_and_frames_their_records() {
    let db = new_db();
    let info = StoreInfo::new("made", &Shape::from_schema("k1:u32").unwrap(), "json/1");
    let untyped = db.make_untyped_store(info.clone()).unwrap();
    let mut batch = db.batch();
    for n in 0..10u32 {
        let value = n.to_string();
        batch
            .put(&untyped, &n.encode_key(), value.as_bytes())
            .unwrap();
    }
    batch.commit().unwrap();
    let typed = db.store_with::<u32, u32, _>("made", Json).unwrap();
    assert_eq!(
        typed.iter().values().map(Result::unwrap).sum::<u32>(),
        (0..10u32).sum::<u32>()
    );
    assert_eq!(db.store_info("made").unwrap(), Some(info));
    assert!(db.untyped_store("another").unwrap().is_none());
}

#[test]
fn stores_of_numbers_and_of_bytes_have_no_frame() {
    let db = new_db();
    db.u32_store("scores").unwrap().put(7, 99).unwrap();
    db.bytes_store("blobs").unwrap().put(b"k", b"v").unwrap();
    let scores = db.untyped_store("scores").unwrap().unwrap();
    let record = scores.get(&7u32.encode_key()).unwrap().unwrap();
    assert_eq!(
        (record.version, record.value),
        (None, 99u32.to_le_bytes().to_vec())
    );
    scores.put(&8u32.encode_key(), &1u32.to_le_bytes()).unwrap();
    assert_eq!(db.u32_store("scores").unwrap().get(8).unwrap(), Some(1));
    let blobs = db.untyped_store("blobs").unwrap().unwrap();
    assert_eq!(blobs.get(b"k").unwrap().unwrap().value, b"v");
}

#[test]
fn bytes_that_are_no_key_of_the_store_are_not_written() {
    let db = new_db();
    db.store::<(String, u64), u8>("names").unwrap();
    let names = db.untyped_store("names").unwrap().unwrap();
    let error = names.put(b"acme", b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no key of {str,u64}"), "{error}");
    let scores = db.u32_store("scores").unwrap();
    let untyped = db.untyped_store("scores").unwrap().unwrap();
    let error = untyped.put(&7u32.encode_key(), b"long!").unwrap_err();
    assert!(error.to_string().contains("four bytes"), "{error}");
    assert_eq!(scores.count().unwrap(), 0);

    let mut odd = StoreInfo::new("odd", &Shape::from_schema("k1:str").unwrap(), "json/1");
    odd.kind = "u32".into();
    let error = db.make_untyped_store(odd).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_store_with_indexes_is_read_and_not_written() {
    let db = new_db();
    let by_length = Index::one("by length", |name: &String| name.len() as u64);
    let open = || {
        let builder = db.grains::<u32, String>("names").index(&by_length);
        builder.open().unwrap()
    };
    open().put(&7, &"ada".to_owned()).unwrap();
    let untyped = db.untyped_store("names").unwrap().unwrap();
    assert_eq!(untyped.info().indexes, ["by length"]);
    let key = 7u32.encode_key();
    let record = untyped.get(&key).unwrap().unwrap();
    let value = record.value.clone();
    let mut batch = db.batch();
    for refused in [
        untyped.put(&key, &value),
        untyped.delete(&key),
        untyped.delete_range(&ByteRange::all()),
        untyped.touch(&key, Ttl::Never).map(drop),
        batch.put(&untyped, &key, value.as_slice()),
        batch.delete(&untyped, &key),
        batch.delete_prefix(&untyped, ()),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("has indexes (by length)"),
            "{error}"
        );
    }
    assert!(batch.is_empty());
    assert_eq!(untyped.get(&key).unwrap(), Some(record));
    open().verify().unwrap();
}

#[test]
fn an_untyped_handle_keeps_the_indexes_of_its_store_as_they_are() {
    let db = new_db();
    db.store::<u32, String>("names").unwrap();
    let untyped = db.untyped_store("names").unwrap().unwrap();
    let by_length = Index::one("by length", |name: &String| name.len() as u64);
    let builder = || db.grains::<u32, String>("names").index(&by_length);
    assert_eq!(
        builder().open().unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    drop(untyped);
    builder().open().unwrap();
}

#[test]
fn a_condition_of_a_batch_sees_the_version_of_an_untyped_record() {
    let db = new_db();
    let typed = db.store_with::<u32, u32, _>("n", Json).unwrap();
    let first = typed.put_if(&1, &10, If::Absent).unwrap();
    let untyped = db.untyped_store("n").unwrap().unwrap();
    let key = 1u32.encode_key();
    for holds in [true, false] {
        let mut batch = db.batch();
        let checked = batch.require(&untyped, &key, If::Version(first));
        assert_eq!(checked.is_ok(), holds);
        if holds {
            batch.put(&untyped, &key, &b"11"[..]).unwrap();
            batch.commit().unwrap();
        }
    }
    assert_eq!(typed.get(&1).unwrap(), Some(11));
}
