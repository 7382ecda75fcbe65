//! Claims about which call a fault strikes and how it fails.

use super::crash_disk::CrashDisk;
use super::crash_image::CrashImage;
use super::fault_disk::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
use super::file_system::{File, FileSystem, OpenMode};
use crate::sync::Arc;
use std::io;
use std::path::Path;

fn disk() -> (CrashDisk, FaultDisk, Arc<dyn File>) {
    let inner = CrashDisk::new();
    let disk = FaultDisk::new(Arc::new(inner.clone()));
    let file = disk.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
    inner.sync_dir(Path::new("/")).unwrap();
    (inner, disk, file)
}

fn fault(kind: FaultKind, at: u64, mode: FaultMode, calls: FaultCalls) -> Fault {
    Fault {
        kind,
        at,
        mode,
        calls,
    }
}

#[test]
fn only_the_nth_call_fails_and_the_next_goes_well() {
    let (_, disk, file) = disk();
    disk.arm(fault(FaultKind::Eio, 2, FaultMode::Once, FaultCalls::Syncs));
    file.sync_data().unwrap();
    file.write_all_at(b"not counted", 0).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    assert_eq!(disk.fired(), 0);
    let failed = file.sync_all().unwrap_err();
    assert_eq!(failed.raw_os_error(), Some(5));
    file.sync_all().unwrap();
    assert_eq!(disk.fired(), 1);
}

#[test]
fn sticky_fault_stays_until_it_is_disarmed() {
    let (_, disk, file) = disk();
    disk.arm(fault(
        FaultKind::Enospc,
        1,
        FaultMode::FromThenOn,
        FaultCalls::Writes,
    ));
    file.write_all_at(b"x", 0).unwrap();
    for _ in 0..3 {
        let failed = file.write_all_at(b"x", 0).unwrap_err();
        assert_eq!(failed.raw_os_error(), Some(28));
    }
    assert!(file.set_len(1).is_err());
    assert_eq!(disk.fired(), 4);
    disk.disarm();
    file.write_all_at(b"x", 0).unwrap();
    assert_eq!(disk.calls(FaultCalls::Writes), 6);
}

type Attempt<'a> = (FaultCalls, Box<dyn Fn() -> io::Result<()> + 'a>);

fn attempt<'a, T>(class: FaultCalls, call: impl Fn() -> io::Result<T> + 'a) -> Attempt<'a> {
    (class, Box::new(move || call().map(drop)))
}

/// Every call there is, in an order in which all go well: the link is made before it is removed.
fn every_call<'a>(disk: &'a FaultDisk, file: &'a dyn File) -> Vec<Attempt<'a>> {
    use FaultCalls::{Names, Reads, Syncs, Writes};
    let [a, b, root, lock] = ["/a", "/b", "/", "/lock"].map(Path::new);
    vec![
        attempt(Reads, move || file.read_at(&mut [0], 0)),
        attempt(Reads, move || file.len()),
        attempt(Reads, move || disk.file_len(a)),
        attempt(Reads, move || disk.list_dir(root)),
        attempt(Writes, move || file.write_at(b"x", 0)),
        attempt(Writes, move || file.set_len(1)),
        attempt(Syncs, move || file.sync_data()),
        attempt(Syncs, move || file.sync_all()),
        attempt(Syncs, move || disk.sync_dir(root)),
        attempt(Names, move || disk.open(a, OpenMode::Read)),
        attempt(Names, move || disk.create_dir_all(root)),
        attempt(Names, move || disk.rename(a, a)),
        attempt(Names, move || disk.hard_link(a, b)),
        attempt(Names, move || disk.remove_file(b)),
        attempt(Names, move || disk.lock(lock)),
    ]
}

#[test]
fn each_class_counts_and_strikes_its_own_calls() {
    let (_, disk, file) = disk();
    let tries = every_call(&disk, &*file);
    let classes = [
        FaultCalls::Reads,
        FaultCalls::Writes,
        FaultCalls::Syncs,
        FaultCalls::Names,
    ];
    for armed in classes {
        disk.arm(fault(FaultKind::Eio, 0, FaultMode::FromThenOn, armed));
        for (n, (class, attempt)) in tries.iter().enumerate() {
            let before = disk.calls(*class);
            assert_eq!(
                attempt().is_err(),
                *class == armed,
                "try {n} under {armed:?}"
            );
            assert_eq!(disk.calls(*class), before + 1, "try {n}");
        }
    }
    disk.arm(fault(
        FaultKind::Eio,
        0,
        FaultMode::FromThenOn,
        FaultCalls::All,
    ));
    assert!(tries.iter().all(|(_, attempt)| attempt().is_err()));
    assert_eq!(disk.fired(), tries.len() as u64);
    let sum: u64 = classes.iter().map(|class| disk.calls(*class)).sum();
    assert_eq!(disk.calls(FaultCalls::All), sum);
}

#[test]
fn interrupted_reads_and_writes_are_tried_again_but_an_interrupted_sync_fails() {
    let (inner, disk, file) = disk();
    disk.arm(fault(
        FaultKind::Eintr,
        0,
        FaultMode::FromThenOn,
        FaultCalls::All,
    ));
    file.write_all_at(b"bytes", 0).unwrap();
    let mut bytes = [0; 5];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"bytes");
    assert_eq!(disk.fired(), 2);
    let failed = file.sync_data().unwrap_err();
    assert_eq!(failed.kind(), io::ErrorKind::Interrupted);
    file.sync_data().unwrap();
    let image = inner.image(inner.calls(), CrashImage::DropUnsynced);
    assert_eq!(image.read_file(Path::new("/a")).unwrap(), b"bytes");
}

#[test]
fn short_write_takes_half_and_the_rest_follows() {
    let (inner, disk, file) = disk();
    disk.arm(fault(
        FaultKind::ShortWrite,
        0,
        FaultMode::Once,
        FaultCalls::All,
    ));
    file.sync_data().unwrap(); // not a write: neither counted nor struck
    assert_eq!(file.write_at(b"12345", 0).unwrap(), 3);
    assert_eq!(inner.read_file(Path::new("/a")).unwrap(), b"123");
    disk.arm(fault(
        FaultKind::ShortWrite,
        0,
        FaultMode::FromThenOn,
        FaultCalls::Writes,
    ));
    file.write_all_at(b"abcdefgh", 0).unwrap();
    assert_eq!(inner.read_file(Path::new("/a")).unwrap(), b"abcdefgh");
    assert_eq!(disk.fired(), 4, "4 + 2 + 1 + 1 bytes");
}

#[test]
fn failed_write_leaves_its_first_half_behind() {
    let (inner, disk, file) = disk();
    disk.arm(fault(
        FaultKind::Eio,
        0,
        FaultMode::Once,
        FaultCalls::Writes,
    ));
    file.write_at(b"12345678", 0).unwrap_err();
    assert_eq!(inner.read_file(Path::new("/a")).unwrap(), b"1234");
}

#[test]
fn sync_that_is_tried_again_after_its_failure_reports_success_and_saves_nothing() {
    let (inner, disk, file) = disk();
    let left = || {
        let image = inner.image(inner.calls(), CrashImage::DropUnsynced);
        image.read_file(Path::new("/a")).unwrap()
    };
    file.write_all_at(b"early", 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(b"later", 0).unwrap();
    disk.arm(fault(FaultKind::Eio, 0, FaultMode::Once, FaultCalls::Syncs));
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(left(), b"early");
    let reopened = disk.open(Path::new("/a"), OpenMode::Write).unwrap();
    reopened.sync_data().unwrap();
    assert_eq!(left(), b"later");
}
