//! What is allowed is taken, what is beyond is refused: K10, K14.

use super::bench::{Bench, Checked, Finding, ensure, equal};
use crate::backend::write::{WriteError, WriteOp, WriteResult};
use crate::error::ErrorKind;

/// Limits beyond this are not tried out: the test would need the memory.
const TRIED_BYTES_MAX: usize = 64 << 20;
/// As many operations are tried.
const TRIED_OPERATIONS_MAX: usize = 100_000;

fn refused(what: &str, outcome: &WriteResult) -> Checked {
    let too_large = matches!(outcome,
        Err(WriteError::NotDone(reason)) if reason.kind() == ErrorKind::TooLarge);
    ensure(too_large, || {
        format!("{what} beyond the limit gave {outcome:?}")
    })
}

pub(crate) fn keys_have_the_limit_that_is_told(bench: &Bench<'_>) -> Checked {
    let (backend, limits) = (&bench.backend, bench.backend.capabilities());
    if limits.key_bytes_max > TRIED_BYTES_MAX {
        return Err(Finding::Skipped(format!(
            "keys may have {} bytes",
            limits.key_bytes_max
        )));
    }
    let longest = vec![b'k'; limits.key_bytes_max];
    let too_long = vec![b'k'; limits.key_bytes_max + 1];
    backend.put(&longest, b"v")?;
    equal(
        "the longest key",
        &backend.get(&longest)?,
        &Some(b"v".to_vec()),
    )?;
    refused("a put of a key", &backend.put(&too_long, b"v"))?;
    refused("a delete of a key", &backend.delete(&too_long))?;
    let ops = [
        WriteOp::put(b"a", b"1"),
        WriteOp::put(too_long.as_slice(), b"v"),
    ];
    refused("a batch with a key", &backend.write_batch(&ops))?;
    equal(
        "a read of a key that cannot be",
        &backend.get(&too_long)?,
        &None,
    )?;
    equal("what is there", &bench.keys(b"")?, &vec![longest.clone()])?;
    let ops = [
        WriteOp::put(b"a", b"1"),
        WriteOp::delete(longest.as_slice()),
    ];
    backend.write_batch(&ops)?;
    equal("what is left", &bench.keys(b"")?, &vec![b"a".to_vec()])
}

pub(crate) fn values_have_the_limit_that_is_told(bench: &Bench<'_>) -> Checked {
    let (backend, limits) = (&bench.backend, bench.backend.capabilities());
    if limits.value_bytes_max > TRIED_BYTES_MAX {
        return Err(Finding::Skipped(format!(
            "values may have {} bytes",
            limits.value_bytes_max
        )));
    }
    let too_long = vec![7; limits.value_bytes_max + 1];
    refused("a value", &backend.put(b"k", &too_long))?;
    let ops = [WriteOp::put(b"a", b"1"), WriteOp::put(b"k", too_long)];
    refused("a value in a batch", &backend.write_batch(&ops))?;
    equal("what is there", &backend.count_prefix(b"")?, &0)
}

pub(crate) fn batches_have_the_limits_that_are_told(bench: &Bench<'_>) -> Checked {
    let (backend, limits) = (&bench.backend, bench.backend.capabilities());
    let mut skipped = Vec::new();
    let most = limits.batch_operations_max;
    if most <= TRIED_OPERATIONS_MAX {
        let ops = |count: usize| -> Vec<WriteOp> {
            (0..count as u64)
                .map(|n| WriteOp::put(n.to_be_bytes(), b""))
                .collect()
        };
        refused(
            "a batch of operations",
            &backend.write_batch(&ops(most + 1)),
        )?;
        equal("nothing of it is there", &backend.count_prefix(b"")?, &0)?;
        backend.write_batch(&ops(most))?;
        equal("the largest", &backend.count_prefix(b"")?, &(most as u64))?;
    } else {
        skipped.push(format!("batches may have {most} operations"));
    }
    let most = limits.batch_bytes_max;
    let value_bytes = limits.value_bytes_max.min(most / 4).max(1);
    if most <= TRIED_BYTES_MAX && most / value_bytes < limits.batch_operations_max {
        let before = bench.keys(b"")?;
        let ops: Vec<WriteOp> = (0..=most / value_bytes)
            .map(|n| WriteOp::put([b'b', n as u8], vec![1; value_bytes]))
            .collect();
        refused("a batch of bytes", &backend.write_batch(&ops))?;
        equal("nothing of it is there", &bench.keys(b"")?, &before)?;
    } else {
        skipped.push(format!("batches may have {most} bytes"));
    }
    match skipped.len() {
        2 => Err(Finding::Skipped(skipped.join(", "))),
        _ => Ok(()),
    }
}

pub(crate) fn large_values_come_back(bench: &Bench<'_>) -> Checked {
    let (backend, limits) = (&bench.backend, bench.backend.capabilities());
    let largest = limits.value_bytes_max.min(8 << 20);
    let value = |bytes: usize, salt: usize| -> Vec<u8> {
        (0..bytes)
            .map(|n| (n * 31 + n / 251 + salt) as u8)
            .collect()
    };
    let sizes = [largest, largest / 2, 70_000, 65_536, 4_096];
    for (n, bytes) in sizes.iter().enumerate() {
        let bytes = (*bytes).min(largest);
        backend.put(&[n as u8], &value(bytes, n))?;
        equal(
            "its bytes",
            &backend.get(&[n as u8])?,
            &Some(value(bytes, n)),
        )?;
    }
    let pairs = bench.pairs(b"")?;
    for (n, (pair, bytes)) in pairs.iter().zip(sizes).enumerate() {
        equal("in a scan", &pair.1, &value(bytes.min(largest), n))?;
    }
    let part = limits.batch_bytes_max.min(largest) / 4;
    let ops: Vec<WriteOp> = (10..13u8)
        .map(|n| WriteOp::put([n], value(part, n.into())))
        .collect();
    backend.write_batch(&ops)?;
    backend.flush()?;
    for n in 10..13u8 {
        equal(
            "from a batch",
            &backend.get(&[n])?,
            &Some(value(part, n.into())),
        )?;
    }
    Ok(())
}
