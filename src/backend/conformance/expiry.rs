//! Values that end: K9.

use super::bench::{Bench, Checked, ensure, equal};
use crate::backend::page::ScanRequest;
use crate::backend::write::WriteOp;

pub(crate) fn an_expired_value_is_gone_for_every_read(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    let end_ms = backend.now_ms() + bench.short_ms() * 4;
    for n in 0..40u8 {
        backend.put(&[n], b"older")?; // must not be uncovered
        backend.put_with_expiry(&[n], &[n], if n % 2 == 0 { end_ms } else { 0 })?;
    }
    let ops: Vec<WriteOp> = (40..80u8)
        .map(|n| WriteOp::put_with_expiry([n], [n], if n % 2 == 0 { end_ms } else { 0 }))
        .collect();
    backend.write_batch(&ops)?;
    let before = backend.get_with_expiry(&[0])?;
    if backend.now_ms() < end_ms {
        let expiry_ms = before.map(|stored| stored.expiry_ms);
        equal("the expiry that is told", &expiry_ms, &Some(end_ms))?;
    }
    let all: Vec<Vec<u8>> = (0..80u8).map(|n| vec![n]).collect();
    let asked: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let there = backend.get_batch(&asked)?.iter().flatten().count();
    ensure(there == 80 || backend.now_ms() >= end_ms, || {
        format!("{there} of 80 are there before the end")
    })?;
    bench.wait_until(end_ms);
    let left: Vec<Vec<u8>> = (0..80u8).filter(|n| n % 2 == 1).map(|n| vec![n]).collect();
    for n in 0..80u8 {
        let expected = (n % 2 == 1).then(|| vec![n]);
        equal("get", &backend.get(&[n])?, &expected)?;
        equal("get again", &backend.get(&[n])?, &expected)?;
    }
    let found = backend.get_batch(&asked)?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    equal("get_batch", &found, &left)?;
    equal("scan_keys", &bench.keys(b"")?, &left)?;
    let pairs: Vec<_> = bench.pairs(b"")?.into_iter().map(|(key, _)| key).collect();
    equal("scan_prefix", &pairs, &left)?;
    equal("count_prefix", &backend.count_prefix(b"")?, &40)?;
    for request in [ScanRequest::new(b""), ScanRequest::new(b"").backward()] {
        let walked = bench.walk(request.limit(9), |_| Ok(()))?;
        equal("pages", &walked.len(), &40)?;
    }
    Ok(())
}

pub(crate) fn the_last_write_decides_the_expiry(bench: &Bench<'_>) -> Checked {
    let backend = &bench.backend;
    let now_ms = backend.now_ms();
    let (end_ms, later_ms) = (now_ms + bench.short_ms(), now_ms + 10_000_000);
    backend.put_with_expiry(b"forever", b"1", end_ms)?;
    backend.put(b"forever", b"2")?;
    backend.put_with_expiry(b"longer", b"1", end_ms)?;
    backend.put_with_expiry(b"longer", b"2", later_ms)?;
    backend.put_with_expiry(b"shorter", b"1", later_ms)?;
    backend.put_with_expiry(b"shorter", b"2", end_ms)?;
    backend.put(b"at once", b"1")?;
    backend.put_with_expiry(b"at once", b"2", 1)?;
    equal(
        "put with an end in the past",
        &backend.get(b"at once")?,
        &None,
    )?;
    backend.put_with_expiry(b"again", b"1", end_ms)?;
    bench.wait_until(end_ms);
    let expected = [&b"forever"[..], b"longer"].map(<[u8]>::to_vec).to_vec();
    equal("what is left", &bench.keys(b"")?, &expected)?;
    backend.put(b"again", b"2")?;
    equal(
        "put after its end",
        &backend.get(b"again")?,
        &Some(b"2".to_vec()),
    )?;
    let expiry_ms = |key: &[u8]| -> Result<Option<u64>, super::bench::Finding> {
        Ok(backend.get_with_expiry(key)?.map(|stored| stored.expiry_ms))
    };
    equal("the end of longer", &expiry_ms(b"longer")?, &Some(later_ms))?;
    equal("the end of forever", &expiry_ms(b"forever")?, &Some(0))
}
