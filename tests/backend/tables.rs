//! The manager and its tables.

use grainstore::backend::{
    BackendManager, HotCacheOptions, KvBackend, MemoryBackend, ScanRequest, ShardedBackend,
    ShardedOptions, StorageConfig, TableDefinition, WriteOp,
};
use grainstore::clock::ManualClock;
use grainstore::fs::CrashDisk;
use grainstore::{ErrorKind, Result};
use std::sync::Arc;

fn manager(tables: impl IntoIterator<Item = TableDefinition>) -> Result<BackendManager> {
    BackendManager::new(MemoryBackend::new(), tables)
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

#[test]
fn a_record_lies_under_the_name_a_nul_and_its_primary_key() -> Result<()> {
    let manager = manager([TableDefinition::new("users")])?;
    manager.table("users")?.put(b"ada\0\xff", b"1")?;
    let keys: Vec<_> = manager.backend().scan_keys(b"")?.collect::<Result<_>>()?;
    assert_eq!(keys, [b"users\0ada\0\xff".to_vec()]);
    Ok(())
}

#[test]
fn names_that_cannot_be_told_apart_are_refused() {
    let text = refusal(manager([TableDefinition::new("")]));
    assert_eq!(text, "a table needs a name; this one's is empty");
    let text = refusal(manager([TableDefinition::new("a\0b")]));
    assert_eq!(
        text,
        "the name \"a\\0b\" of a table has a NUL, which ends names"
    );
    let text = refusal(manager([TableDefinition::new("n".repeat(256))]));
    assert_eq!(text, "the name of a table has 256 bytes; the limit is 255");
    let text = refusal(manager([TableDefinition::new("a").expiration(0)]));
    assert_eq!(
        text,
        "the expiration of the table \"a\" is 0 seconds; leave it out for ever"
    );
}

#[test]
fn a_table_sees_nothing_of_its_neighbours() -> Result<()> {
    let names = ["a", "aa", "a\u{1}", "b", "ab"];
    let manager = manager(names.map(TableDefinition::new))?;
    for name in names {
        let table = manager.table(name)?;
        for key in [&b""[..], b"\0", b"a", b"\xff\xff"] {
            table.put(key, name.as_bytes())?;
        }
    }
    for name in names {
        let table = manager.table(name)?;
        let pairs: Vec<_> = table.scan_prefix(b"")?.collect::<Result<_>>()?;
        assert_eq!(pairs.len(), 4);
        assert!(pairs.iter().all(|(_, value)| value == name.as_bytes()));
        let page = table.scan_page(&ScanRequest::new(b"").backward().limit(3))?;
        assert_eq!(page.next, Some(b"\0".to_vec()));
        assert_eq!(table.count_prefix(b"\xff")?, 1);
    }
    Ok(())
}

#[test]
fn extension_tables_are_merged_and_must_not_differ() -> Result<()> {
    let pages = || TableDefinition::new("pages").expiration(60);
    let manager = manager([pages()])?;
    let merged = manager.with_merged_tables([pages(), TableDefinition::new("audit")])?;
    assert_eq!(merged.names().collect::<Vec<_>>(), ["audit", "pages"]);
    let text = refusal(merged.table("user"));
    assert_eq!(text, "there is no table \"user\"; there are: audit, pages");
    let text = refusal(merged.with_merged_tables([TableDefinition::new("pages")]));
    assert_eq!(
        text,
        "the table \"pages\" is defined twice, and not the same; rename one"
    );
    Ok(())
}

#[test]
fn every_put_gets_the_expiration_of_its_table() -> Result<()> {
    for hot in [HotCacheOptions::off(), HotCacheOptions::default()] {
        let clock = ManualClock::new(1_000);
        let tables = [
            TableDefinition::new("pages")
                .expiration(3_600)
                .hot_cache(hot),
            TableDefinition::new("users").hot_cache(hot),
        ];
        let manager = BackendManager::new(MemoryBackend::with_clock(clock.clone()), tables)?;
        let (pages, users) = (manager.table("pages")?, manager.table("users")?);
        pages.put(b"put", b"")?;
        pages.write_batch(&[WriteOp::put(b"batch", b"")])?;
        pages.put_with_expiry(b"own", b"", 2_000)?;
        users.put(b"ada", b"")?;
        let mut batch = manager.batch();
        batch.put(&pages, b"across", b"").put(&users, b"bob", b"");
        batch.commit()?;
        let end_ms = pages
            .get_with_expiry(b"put")?
            .map(|stored| stored.expiry_ms);
        assert_eq!(end_ms, Some(3_601_000));
        assert_eq!(pages.count_prefix(b"")?, 4);
        clock.set(2_000);
        assert_eq!(pages.count_prefix(b"")?, 3);
        clock.set(3_601_000);
        assert_eq!((pages.count_prefix(b"")?, users.count_prefix(b"")?), (0, 2));
        for key in [&b"put"[..], b"batch", b"own", b"across"] {
            assert_eq!(pages.get(key)?, None);
        }
    }
    Ok(())
}

#[test]
fn a_batch_across_tables_keeps_their_caches_in_step() -> Result<()> {
    let hot = HotCacheOptions::default();
    let tables = ["a", "b"].map(|name| TableDefinition::new(name).hot_cache(hot));
    let manager = manager(tables)?;
    let (a, b) = (manager.table("a")?, manager.table("b")?);
    a.put(b"k", b"1")?;
    assert_eq!((a.get(b"k")?, b.get(b"k")?), (Some(b"1".to_vec()), None));
    let mut batch = manager.batch();
    batch
        .delete(&a, b"k")
        .put(&b, b"k", b"2")
        .put(&b, b"k", b"3");
    assert_eq!(batch.len(), 3);
    batch.commit()?;
    assert_eq!((a.get(b"k")?, b.get(b"k")?), (None, Some(b"3".to_vec())));
    assert_eq!(
        (a.cache_stats().negative_hits, b.cache_stats().hits),
        (1, 1)
    );
    Ok(())
}

#[test]
fn a_batch_over_two_backends_is_refused() -> Result<()> {
    let manager = manager([TableDefinition::new("here")])?;
    let there = TableDefinition::new("there");
    let manager = manager.with_table_on(there, MemoryBackend::new())?;
    let (here, there) = (manager.table("here")?, manager.table("there")?);
    there.put(b"k", b"1")?;
    assert_eq!(
        (here.get(b"k")?, manager.backend().count_prefix(b"")?),
        (None, 0)
    );
    let mut batch = manager.batch();
    batch.put(&here, b"k", b"2").put(&there, b"k", b"2");
    let error = batch.commit().unwrap_err();
    assert!(error.is_retry_safe());
    let text = error.reason().to_string();
    assert!(
        text.contains("\"here\" and \"there\", which live in different backends"),
        "{text}"
    );
    assert_eq!(
        (here.get(b"k")?, there.get(b"k")?),
        (None, Some(b"1".to_vec()))
    );
    Ok(())
}

#[test]
fn tables_of_a_sharded_database_are_there_after_a_reopen() -> Result<()> {
    let disk = CrashDisk::new();
    let open = || {
        let mut options = ShardedOptions::default();
        options.engine.file_system = Arc::new(disk.clone());
        let backend = ShardedBackend::open("/app", options)?;
        BackendManager::new(backend, ["users", "carts"].map(TableDefinition::new))
    };
    let manager = open()?;
    let mut batch = manager.batch();
    for n in 0..100u8 {
        batch
            .put(&manager.table("users")?, [n], b"u")
            .put(&manager.table("carts")?, [n], b"c");
    }
    batch.commit()?;
    manager.close()?;
    let closed = manager.table("users")?.get(b"\0").unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
    drop(manager);
    let manager = open()?;
    for name in ["users", "carts"] {
        assert_eq!(manager.table(name)?.count_prefix(b"")?, 100);
    }
    Ok(())
}

#[test]
fn settings_open_a_database_in_folders_of_shards() -> Result<()> {
    let dir = std::env::temp_dir().join(format!("grainstore-tables-{}", std::process::id()));
    let config = StorageConfig {
        cache_size_mb: 8,
        write_buffer_size_mb: 4,
        ..StorageConfig::default()
    };
    let tables = [TableDefinition::new("users")];
    let manager = BackendManager::open(dir.join("data/my-app"), &config, tables)?;
    manager.table("users")?.put(b"ada", b"1")?;
    manager.close()?;
    drop(manager);
    for shard in ["shard-0", "shard-1"] {
        assert!(
            dir.join("data/my-app")
                .join(shard)
                .join("CURRENT")
                .is_file()
        );
    }
    std::fs::remove_dir_all(&dir).unwrap();
    Ok(())
}
