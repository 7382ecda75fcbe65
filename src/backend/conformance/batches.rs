//! Batches: K6.

use super::bench::{Bench, Checked, Finding, equal};
use crate::backend::write::WriteOp;

pub(crate) fn a_batch_does_all_of_it_in_order(bench: &Bench<'_>) -> Checked {
    if !bench.backend.capabilities().atomic_batches {
        return Err(Finding::Skipped("batches are not atomic here".to_owned()));
    }
    let backend = &bench.backend;
    backend.write_batch(&[])?;
    backend.put(b"old", b"1")?;
    backend.write_batch(&[
        WriteOp::put(b"a", b"1"),
        WriteOp::put(b"b", b"1"),
        WriteOp::delete(b"old"),
        WriteOp::put(b"a", b"2"),
        WriteOp::delete(b"b"),
        WriteOp::delete(b"c"),
        WriteOp::put(b"c", b"3"),
        WriteOp::put(b"", b"empty"),
    ])?;
    let expected = [(&b""[..], &b"empty"[..]), (b"a", b"2"), (b"c", b"3")];
    let expected: Vec<_> = expected
        .iter()
        .map(|(k, v)| (k.to_vec(), v.to_vec()))
        .collect();
    equal("after the batch", &bench.pairs(b"")?, &expected)?;
    let many: Vec<WriteOp> = (0..5_000u32)
        .map(|n| WriteOp::put(n.to_be_bytes(), n.to_le_bytes()))
        .collect();
    backend.write_batch(&many)?;
    equal("after a large one", &backend.count_prefix(b"")?, &5_003)?;
    let gone: Vec<WriteOp> = many.iter().map(|op| WriteOp::delete(op.key())).collect();
    backend.write_batch(&gone)?;
    equal("and its removal", &bench.pairs(b"")?, &expected)
}
