//! What cannot be upgraded is an error that says which record, which versions and what to do.

use super::{Grain, Named, Tenths, expected, grain, mixed, new_db, open_grains_bare, open_named};
use super::{open_grains, open_tenths};
use grainstore::{Error, ErrorKind, Result};
use std::error::Error as _;

fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[test]
fn an_old_version_without_a_migration_is_an_error_of_its_row() {
    let db = new_db();
    drop(mixed(&db));
    let bare = open_grains_bare(&db).unwrap();
    let error = bare.get(&1).unwrap_err();
    let words = [
        "store \"grains\"",
        "key 1",
        "(hex 00000001)",
        "version 1 of the schema \"grain\"",
        "at version 2",
        "`.migrate(1, ..)`",
        "`.readable_since(1)`",
    ];
    assert_says(&error, ErrorKind::SchemaMismatch, &words);
    let rows: Vec<Result<Grain>> = bare.iter().values().collect();
    assert!(rows[0].is_err() && rows[1].is_err());
    assert_eq!(rows[2].as_ref().unwrap(), &expected()[2]);
    assert!(bare.contains(&1).unwrap() && bare.count().unwrap() == 3);
}

#[test]
fn a_newer_version_than_the_store_was_opened_at_is_an_error_of_its_row() {
    let db = new_db();
    let named = open_named(&db).unwrap();
    let grains = mixed_after(&db);
    let error = named.get(&2).unwrap_err();
    let words = [
        "key 2",
        "under version 2",
        "opened at version 1",
        "open it at version 2",
    ];
    assert_says(&error, ErrorKind::SchemaMismatch, &words);
    // It goes on with what it knows, and is read by the newer ones.
    let ada = Named {
        hp: 1,
        name: "ada".into(),
    };
    named.put(&2, &ada).unwrap();
    assert_eq!(grains.get(&2).unwrap(), Some(grain(1, "ada")));
}

fn mixed_after(db: &grainstore::Db) -> grainstore::GrainStore<u32, Grain> {
    let grains = open_grains(db).unwrap();
    grains.put(&2, &grain(9, "bob")).unwrap();
    grains
}

#[test]
fn a_downgrade_is_refused_at_open() {
    let db = new_db();
    drop(mixed(&db));
    for error in [open_tenths(&db).unwrap_err(), open_named(&db).unwrap_err()] {
        assert_says(&error, ErrorKind::SchemaMismatch, &["grain version 2"]);
    }
}

#[test]
fn a_function_that_fails_is_an_error_of_its_row_with_its_own_as_the_source() {
    let db = new_db();
    drop(mixed(&db));
    let picky = |old: Tenths| -> Result<Grain, String> {
        Err(format!("{} tenths are unlucky", old.tenths))
    };
    let builder = db.grains::<u32, Grain>("grains").value_schema("grain", 2);
    let grains = builder.migrate(0, picky).readable_since(2).open().unwrap();
    let error = grains.get(&0).unwrap_err();
    let words = [
        "key 0",
        "from version 0 to version 2",
        "\"grain\"",
        "70 tenths are unlucky",
    ];
    assert_says(&error, ErrorKind::Codec, &words);
    let source = error.source().unwrap().to_string();
    assert_eq!(source, "70 tenths are unlucky");
    let update = grains.update(&0, |_| panic!("there is no value to change"));
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Codec);
    assert_eq!(grains.take(&0).unwrap_err().kind(), ErrorKind::Codec);
    assert_eq!(
        open_grains(&db).unwrap().get(&0).unwrap(),
        expected().first().cloned()
    );
}

#[test]
fn a_function_over_the_wrong_type_is_an_error_that_names_the_type() {
    let db = new_db();
    drop(mixed(&db));
    let builder = db.grains::<u32, Grain>("grains").value_schema("grain", 2);
    let wrong = builder.migrate(1, |old: Tenths| -> Result<Grain> {
        Ok(Named::from(old).into())
    });
    let error = wrong.open().unwrap().get(&1).unwrap_err();
    let words = [
        "key 1",
        "version 1",
        "Tenths",
        "msgpack-named/1 cannot decode",
        "at byte",
    ];
    assert_says(&error, ErrorKind::Codec, &words);
}

#[test]
fn a_value_that_does_not_decode_names_store_key_type_codec_and_place() {
    let db = new_db();
    db.store::<String, u8>("odd")
        .unwrap()
        .put("ada", &7)
        .unwrap();
    let odd = db.store::<String, Grain>("odd").unwrap();
    let error = odd.get("ada").unwrap_err();
    let words = [
        "store \"odd\"",
        "key \"ada\" (hex 61646100)",
        "its value is no migrations::Grain",
        "msgpack-named/1 cannot decode",
        "at byte 1",
    ];
    assert_says(&error, ErrorKind::Codec, &words);
    assert!(error.is_codec() && !error.is_corruption());
}

#[test]
fn migrations_that_cannot_be_meant_are_refused_at_open() {
    let db = new_db();
    let up = |old: Tenths| -> Result<Grain> { Ok(Named::from(old).into()) };
    let builder = || db.grains::<u32, Grain>("other");
    let no_version = builder().migrate(1, up).open().unwrap_err();
    let words = ["store \"other\"", "from version 1", "`value_schema`"];
    assert_says(&no_version, ErrorKind::InvalidInput, &words);
    let useless = [
        builder().value_schema("g", 1).migrate(1, up),
        builder().value_schema("g", 2).migrate(1, up).migrate(1, up),
        builder()
            .value_schema("g", 2)
            .migrate(1, up)
            .readable_since(0),
    ];
    for builder in useless {
        let error = builder.open().unwrap_err();
        assert_says(
            &error,
            ErrorKind::InvalidInput,
            &["from version 1", "no use"],
        );
    }
    let late = builder().value_schema("g", 2).migrate(0, up);
    let late = late.codec(grainstore::MessagePack).open().unwrap_err();
    assert_says(&late, ErrorKind::InvalidInput, &["name the codec first"]);
    assert!(
        db.store_names().unwrap().is_empty(),
        "a refused open made a store"
    );
}
