//! What is acknowledged beside a sync that fails.

use grainstore::engine::{Engine, EngineOptions};
use grainstore::fs::{CrashDisk, CrashImage, Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use grainstore::{Background, Result};
use std::sync::Arc;

const WRITES: u32 = 40;

fn open(file_system: Arc<dyn grainstore::fs::FileSystem>) -> Result<Engine> {
    let mut options = EngineOptions::default();
    options.file_system = file_system;
    options.background = Background::Inline;
    options.memtable_bytes = 64 << 10;
    Engine::open("/db", options)
}

/// Writes with sync number `at` failing; answers whether it did. After every write that is
/// acknowledged the power may go.
fn write_and_lose_power(at: u64) -> bool {
    let inner = CrashDisk::new();
    let disk = FaultDisk::new(Arc::new(inner.clone()));
    disk.arm(Fault {
        kind: FaultKind::Eio,
        at,
        mode: FaultMode::Once,
        calls: FaultCalls::Syncs,
    });
    let Ok(engine) = open(Arc::new(disk.clone())) else {
        return true;
    };
    for number in 0..WRITES {
        if engine.put(&number.to_be_bytes(), &[7; 4 << 10]).is_err() {
            break;
        }
        let after = inner.image(inner.calls(), CrashImage::DropUnsynced);
        let after = open(Arc::new(after)).unwrap();
        let left = after.scan::<&[u8]>(..).unwrap().count();
        assert!(
            left > number as usize,
            "sync {at}: {left} after write {number}"
        );
    }
    disk.fired() > 0
}

#[test]
fn what_is_acknowledged_is_durable_at_that_instant_though_any_sync_fails() {
    let failures = (0..).take_while(|&at| write_and_lose_power(at)).count();
    assert!(failures > WRITES as usize, "{failures} syncs have failed");
}
