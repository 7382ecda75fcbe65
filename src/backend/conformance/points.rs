//! Reads and writes of single keys and lists of keys: K1, K2, K11, K13.

use super::bench::{Bench, Checked, awkward_keys, ensure, equal};
use crate::backend::page::ScanRequest;
use crate::backend::write::{WriteError, WriteOp};
use crate::error::ErrorKind;

pub(crate) fn what_was_put_is_read(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    for key in awkward_keys() {
        equal("before any write", &backend.get(&key)?, &None)?;
        for value in [&b""[..], b"\0", &[0xff; 300], b"plain"] {
            backend.put(&key, value)?;
            equal("after a put", &backend.get(&key)?, &Some(value.to_vec()))?;
        }
    }
    let keys = awkward_keys();
    for (at, key) in keys.iter().enumerate() {
        backend.delete(key)?;
        backend.delete(key)?; // one that is not there is fine
        equal("after a delete", &backend.get(key)?, &None)?;
        equal("keys left", &bench.keys(b"")?, &keys[at + 1..].to_vec())?;
    }
    Ok(())
}

pub(crate) fn lists_of_keys_are_answered_by_place(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    backend.put(b"a", b"1")?;
    backend.put(b"b", b"")?;
    let asked: [&[u8]; 6] = [b"b", b"none", b"a", b"b", b"none", b"a"];
    let found = backend.get_batch(&asked)?;
    let (a, b) = (Some(b"1".to_vec()), Some(Vec::new()));
    let expected = vec![b.clone(), None, a.clone(), b, None, a];
    equal("the answers", &found, &expected)?;
    equal("asked again", &backend.get_batch(&asked)?, &expected)?;
    equal("of no keys", &backend.get_batch(&[])?, &vec![])?;
    let many: Vec<Vec<u8>> = (0..2_000u32).map(|n| n.to_be_bytes().to_vec()).collect();
    for key in many.iter().step_by(3) {
        backend.put(key, key)?;
    }
    let asked: Vec<&[u8]> = many.iter().rev().map(Vec::as_slice).collect();
    for (key, value) in asked.iter().zip(backend.get_batch(&asked)?) {
        let number = key.iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let expected = (number % 3 == 0).then(|| key.to_vec());
        equal("one of many", &value, &expected)?;
    }
    Ok(())
}

pub(crate) fn a_write_that_returned_is_seen(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    for n in 0..300u32 {
        let (key, value) = ((n % 7).to_be_bytes(), n.to_be_bytes().to_vec());
        match n % 4 {
            0 => backend.write_batch(&[WriteOp::put(key, value.clone())])?,
            _ => backend.put(&key, &value)?,
        }
        equal("get", &backend.get(&key)?, &Some(value.clone()))?;
        equal(
            "get_batch",
            &backend.get_batch(&[&key])?,
            &vec![Some(value.clone())],
        )?;
        let pairs = bench.pairs(&key)?;
        equal("scan_prefix", &pairs, &vec![(key.to_vec(), value)])?;
    }
    backend.flush()?;
    backend.sync()?;
    equal("after a flush", &backend.count_prefix(b"")?, &7)
}

pub(crate) fn a_closed_backend_says_so(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    backend.put(b"k", b"v")?;
    equal("before", &backend.get(b"k")?, &Some(b"v".to_vec()))?;
    backend.close()?;
    backend.close()?;
    let reads = [
        backend.get(b"k").err(),
        backend.get_batch(&[b"k", b"l"]).err(),
        backend.scan_prefix(b"").err(),
        backend.scan_keys(b"").err(),
        backend.count_prefix(b"").err(),
        backend.scan_page(&ScanRequest::new(b"")).err(),
        backend.flush().err(),
        backend.sync().err(),
    ];
    for (at, error) in reads.iter().enumerate() {
        let kind = error.as_ref().map(crate::error::Error::kind);
        ensure(kind == Some(ErrorKind::Closed), || {
            format!("call {at} after the close gave {error:?}")
        })?;
    }
    let ops = [WriteOp::put(b"k", b"w"), WriteOp::put(b"l", b"w")];
    let writes = [
        backend.put(b"k", b"w"),
        backend.delete(b"k"),
        backend.write_batch(&ops),
    ];
    for write in writes {
        let closed = matches!(&write,
            Err(WriteError::NotDone(reason)) if reason.kind() == ErrorKind::Closed);
        ensure(closed, || format!("a write after the close gave {write:?}"))?;
    }
    Ok(())
}
