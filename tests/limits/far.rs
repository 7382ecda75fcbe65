//! Offsets beyond what 32 bits count, in tables that are zeros but for keys and frames.

use crate::sparse_disk::SparseDisk;
use grainstore::engine::{Background, Engine, EngineOptions, TableFileWriter};
use std::sync::Arc;

const VALUE_BYTES: usize = 48 << 20;
const VALUES: u32 = 90;

fn options(disk: &SparseDisk) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.background = Background::Inline;
    options.file_system = Arc::new(disk.clone());
    options.cache_bytes = 0;
    options.table_bytes = 4 << 30;
    options
}

#[test]
fn a_table_file_is_longer_than_4_gib_and_read_beyond_that() {
    let disk = SparseDisk::default();
    let options = options(&disk);
    let value = vec![0; VALUE_BYTES];
    let mut file = TableFileWriter::create("/load.part", &options).unwrap();
    for n in 0..VALUES {
        file.put(&n.to_be_bytes(), &value, 0).unwrap();
        file.put(
            &[&n.to_be_bytes()[..], b"small"].concat(),
            &n.to_le_bytes(),
            0,
        )
        .unwrap();
    }
    assert!(file.finish().unwrap() > 4 << 30);
    let engine = Engine::open("/db", options.clone()).unwrap();
    assert_eq!(
        engine.ingest_table_file("/load.part").unwrap(),
        2 * u64::from(VALUES)
    );
    let stats = engine.stats();
    assert_eq!(stats.tables(), 2, "the first of them has 4 GiB");
    assert!(stats.table_bytes() > 4 << 30);
    drop(engine);
    let engine = Engine::open("/db", options).unwrap();
    for n in [0, 1, 44, VALUES - 2, VALUES - 1] {
        let small = [&n.to_be_bytes()[..], b"small"].concat();
        assert_eq!(engine.get(&small).unwrap().unwrap(), n.to_le_bytes());
        assert!(
            engine
                .get(&[n.to_be_bytes(), [0; 4]].concat())
                .unwrap()
                .is_none()
        );
    }
    let last = (VALUES - 1).to_be_bytes();
    assert_eq!(engine.get(&last).unwrap().unwrap().len(), VALUE_BYTES);
    let mut back = engine.scan::<&[u8]>(..).unwrap().rev();
    for n in (VALUES - 3..VALUES).rev() {
        assert_eq!(*back.next().unwrap().unwrap().1, n.to_le_bytes());
        assert_eq!(back.next().unwrap().unwrap().1.len(), VALUE_BYTES);
    }
}
