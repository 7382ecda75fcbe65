//! Nonsense behind sound checksums, as a bug of another build could write it, in a compaction.

use grainstore::engine::{Background, Engine, EngineOptions};
use grainstore::fs::CrashDisk;
use std::path::Path;
use std::sync::Arc;

fn open(disk: &CrashDisk) -> Engine {
    let mut options = EngineOptions::default();
    options.level0_tables = 1;
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    Engine::open("/db", options).unwrap()
}

#[test]
fn a_key_beyond_what_its_table_says_is_damage_of_that_table_and_no_fault_of_the_caller() {
    let disk = CrashDisk::new();
    let engine = open(&disk);
    for key in [0xb7, 0xc7] {
        engine.put(&[key], b"").unwrap();
        engine.flush().unwrap(); // moves down as it is
    }
    engine.close().unwrap();
    drop(engine);
    // The first table has one block with one entry, and its key stands there once.
    let tables = disk.paths().into_iter();
    let path = tables.filter(|it| it.extension().is_some_and(|end| end == "table"));
    let path = path.min().unwrap();
    let mut bytes = disk.read_file(&path).unwrap();
    let at = bytes.iter().position(|&byte| byte == 0xb7).unwrap();
    bytes[at] = 0xe7;
    grainstore::fuzzing::reseal(&path.file_name().unwrap().to_string_lossy(), &mut bytes);
    disk.write_file(&path, &bytes).unwrap();

    let engine = open(&disk);
    engine.put(&[0xb7], b"again").unwrap();
    let before = disk.paths();
    let error = engine.flush().and_then(|()| engine.run_due_work());
    let error = error.unwrap_err();
    assert!(error.is_corruption(), "{error}");
    assert_eq!(error.path(), Some(path.as_path()), "{error}");
    // The table of the flush is there, that of the compaction is not.
    let new = disk
        .paths()
        .into_iter()
        .filter(|path| !before.contains(path));
    let is_table = |path: &Path| path.extension().is_some_and(|end| end == "table");
    assert_eq!(new.filter(|path| is_table(path)).count(), 1);
    assert_eq!(engine.get(&[0xb7]).unwrap().unwrap(), b"again");
    assert_eq!(engine.get(&[0xc7]).unwrap().unwrap(), b"");
}
