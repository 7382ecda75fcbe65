//! A storage from its settings: YAML, tables over one sharded database, a batch across tables.
//!
//! ```text
//! cargo run --release --features yaml --example storage_engine
//! ```

// An example is a program: it talks to the terminal and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::Result;
use grainstore::backend::{
    BackendManager, HotCacheOptions, KvBackend, ScanRequest, StorageConfig, Table, TableDefinition,
};
use std::path::Path;

/// As it stands in the settings of a program.
const SETTINGS: &str = "
storage:
  mode: embedded
  cache_size_mb: 64
  write_buffer_size_mb: 16
  sync_writes: true
";

fn main() -> Result<()> {
    let folder = format!("grainstore-storage-{}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    let outcome = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn open(folder: &Path) -> Result<BackendManager> {
    let config = StorageConfig::from_yaml(SETTINGS)?;
    let tables = [
        TableDefinition::new("users").hot_cache(HotCacheOptions::default()),
        TableDefinition::new("orders"),
        TableDefinition::new("pages").expiration(3_600), // gone an hour after each put
    ];
    let extension = [TableDefinition::new("audit")];
    BackendManager::open(folder.join("data/my-app"), &config, tables)?.with_merged_tables(extension)
}

fn run(folder: &Path) -> Result<()> {
    let manager = open(folder)?;
    let (users, orders) = (manager.table("users")?, manager.table("orders")?);
    let (pages, audit) = (manager.table("pages")?, manager.table("audit")?);

    users.put(b"ada", b"100 gold")?;
    pages.put(b"/start", b"<h1>hello</h1>")?;
    let end_ms = pages.get_with_expiry(b"/start")?.map(|page| page.expiry_ms);
    println!("the page /start is kept until {end_ms:?} ms");

    // One step over three tables, whichever shards their keys live in; whole after a crash, too.
    let mut batch = manager.batch();
    batch
        .put(&users, b"ada", b"70 gold")
        .put(&audit, b"1", b"ada paid 30 gold");
    for number in 1..=5 {
        batch.put(&orders, format!("ada/{number}"), format!("{number} swords"));
    }
    batch.commit()?;

    print_orders(&orders)?;
    println!("ada has {}", text(users.get(b"ada")?));
    println!("bob has {}", text(users.get(b"bob")?));
    println!("bob has {}, asked again", text(users.get(b"bob")?));
    println!("the hot cache of users: {:?}", users.cache_stats());

    manager.close()?;
    drop((manager, users, orders, pages, audit));
    let manager = open(folder)?;
    for name in ["users", "orders", "pages", "audit"] {
        let count = manager.table(name)?.count_prefix(b"")?;
        println!("after a reopen {name} has {count}");
    }
    manager.close()
}

/// The newest orders first, two at a time.
fn print_orders(orders: &Table) -> Result<()> {
    let mut request = ScanRequest::new(b"ada/").backward().limit(2);
    loop {
        let page = orders.scan_page(&request)?;
        for (key, value) in page.items {
            println!("order {}: {}", text(Some(key)), text(Some(value)));
        }
        match page.next {
            Some(next) => request.after = Some(next),
            None => return Ok(()),
        }
    }
}

fn text(bytes: Option<Vec<u8>>) -> String {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    bytes.map_or("no record".to_owned(), text)
}
