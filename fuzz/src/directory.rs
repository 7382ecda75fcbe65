//! Any bytes as one of the files of a small sealed database.
//!
//! Input: the file, by its place in the listing; what to do (bit 0: put checksums right; bit 1:
//! patches rather than the whole file); then the bytes, or patches of an offset in two bytes, a
//! length in one and so many bytes each.
//!
//! Whatever it is, to open, read, verify, write and compact ends, in an error that says where or
//! well. A change of one byte with the checksums left alone is found or harmless. Where verify
//! finds nothing, all ways of reading agree.

use super::sampling::{DIR, Sealed, name_of, options, sealed};
use super::supply::Supply;
use grainstore::engine::Engine;
use grainstore::fs::CrashDisk;
use grainstore::{Error, ErrorKind};

type Records = Vec<(Vec<u8>, Vec<u8>)>;

pub fn run(bytes: &[u8]) {
    let mut from = Supply(bytes);
    let sealed = sealed();
    let path = &sealed.files[from.below(sealed.files.len())];
    let what = from.byte();
    let original = sealed.disk.read_file(path).unwrap();
    let mut file = if what & 2 == 0 {
        from.rest().to_vec()
    } else {
        patched(&original, from)
    };
    if what & 1 == 1 {
        grainstore::fuzzing::reseal(&name_of(path), &mut file);
    }
    let disk = sealed.disk.fork();
    disk.write_file(path, &file).unwrap();
    let is_small = file.len() == original.len() && differing(&file, &original) <= 1;
    let must_show = (what & 1 == 0 && is_small).then_some(sealed);
    // A second time, as the first open may have changed things.
    let writes = what & 4 == 4;
    exercise(&disk, must_show, writes);
    exercise(&disk, must_show.filter(|_| !writes), writes);
}

fn patched(original: &[u8], mut from: Supply<'_>) -> Vec<u8> {
    let mut file = original.to_vec();
    while !from.is_empty() {
        let at = from.number::<2>() as usize;
        for (to, byte) in file.iter_mut().skip(at).zip(from.bytes(255)) {
            *to = *byte;
        }
    }
    file
}

fn differing(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// What the bytes of files can bring about.
fn accept(error: &Error) {
    use ErrorKind::{Corruption, Latched, TooLarge, UnsupportedFormat};
    let kinds = [Corruption, UnsupportedFormat, Latched, TooLarge];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

fn exercise(disk: &CrashDisk, must_show: Option<&Sealed>, writes: bool) {
    let engine = match Engine::open(DIR, options(disk)) {
        Ok(engine) => engine,
        Err(error) => return accept(&error),
    };
    let forward = records(&engine, false);
    let backward = records(&engine, true);
    let verified = engine.verify();
    if let Err(error) = &verified {
        accept(error);
    }
    if let (Ok(_), Some(forward), Some(mut backward)) = (&verified, &forward, backward) {
        backward.reverse();
        assert_eq!(*forward, backward, "the two ways do not agree");
        assert!(forward.is_sorted_by(|a, b| a.0 < b.0), "keys out of order");
        for (key, value) in forward {
            let got = engine.get_with(key, |got| got == value);
            assert!(
                matches!(got, Ok(Some(true))),
                "a scan has it, a get: {got:?}"
            );
        }
    }
    if let (Some(sealed), Some(forward)) = (must_show, &forward) {
        assert_eq!(*forward, sealed.contents, "one wrong byte went unseen");
    }
    if writes {
        for outcome in [
            engine.put(b"grain/004", b"later"),
            engine.delete_range(b"grain/01", b"grain/02"),
            engine.flush(),
            engine.compact(),
        ] {
            if let Err(error) = outcome {
                accept(&error);
            }
        }
        records(&engine, false);
    }
    if let Err(error) = engine.close() {
        accept(&error);
    }
}

/// All that a scan gives, where it ends well.
fn records(engine: &Engine, backward: bool) -> Option<Records> {
    let mut scan = match engine.scan::<&[u8]>(..) {
        Ok(scan) => scan,
        Err(error) => {
            accept(&error);
            return None;
        }
    };
    let mut found = Records::new();
    loop {
        match if backward {
            scan.next_back()
        } else {
            scan.next()
        } {
            None => return Some(found),
            Some(Ok((key, value))) => found.push((key.to_vec(), value.to_vec())),
            Some(Err(error)) => {
                accept(&error);
                return None;
            }
        }
        assert!(found.len() < 100_000, "the scan does not end");
    }
}
