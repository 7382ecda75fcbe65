//! Order, prefixes and counts: K3, K4, K5.

use super::bench::{Bench, Checked, awkward_keys, equal};
use crate::backend::page::ScanRequest;

pub(crate) fn scans_are_in_the_order_of_bytes(bench: &Bench<'_>) -> Checked {
    let keys = awkward_keys();
    // Put in an order that is not theirs.
    for at in 0..keys.len() {
        let key = &keys[at * 101 % keys.len()];
        bench.backend.put(key, &[key, &b"!"[..]].concat())?;
    }
    equal("keys", &bench.keys(b"")?, &keys)?;
    let pair = |key: &Vec<u8>| (key.clone(), [key, &b"!"[..]].concat());
    let mut pairs: Vec<_> = keys.iter().map(pair).collect();
    equal("pairs", &bench.pairs(b"")?, &pairs)?;
    pairs.reverse();
    let backward = bench.walk(ScanRequest::new(b"").backward(), |_| Ok(()))?;
    equal("pairs backward", &backward, &pairs)
}

pub(crate) fn a_prefix_means_what_begins_with_it(bench: &Bench<'_>) -> Checked {
    let keys = awkward_keys();
    for key in &keys {
        bench.backend.put(key, key)?;
    }
    let mut prefixes = keys.clone();
    prefixes.extend([
        b"\xff\xff\xff\xff".to_vec(),
        b"zz".to_vec(),
        b"k\xff".to_vec(),
    ]);
    for prefix in &prefixes {
        let begins = |key: &&Vec<u8>| key.starts_with(prefix);
        let expected: Vec<Vec<u8>> = keys.iter().filter(begins).cloned().collect();
        let what = format!("under {prefix:?}");
        equal(&what, &bench.keys(prefix)?, &expected)?;
        let pairs = bench.pairs(prefix)?;
        let of_pairs: Vec<_> = pairs.iter().map(|(key, _)| key.clone()).collect();
        equal(&what, &of_pairs, &expected)?;
        let whole = pairs.iter().all(|(key, value)| key == value);
        equal("values beside their keys", &whole, &true)?;
        let count = bench.backend.count_prefix(prefix)?;
        equal("the count", &count, &(expected.len() as u64))?;
        for direction in [
            ScanRequest::new(prefix.as_slice()),
            ScanRequest::new(prefix.as_slice()).backward(),
        ] {
            let mut walked = bench.walk(direction.clone().limit(3).keys_only(), |_| Ok(()))?;
            if direction.direction != crate::backend::page::Direction::Forward {
                walked.reverse();
            }
            let empty = |key: &Vec<u8>| (key.clone(), Vec::new());
            equal(&what, &walked, &expected.iter().map(empty).collect())?;
        }
    }
    Ok(())
}

pub(crate) fn a_scan_may_be_dropped_on_the_way(bench: &Bench<'_>) -> Checked {
    for n in 0..500u32 {
        bench.backend.put(&n.to_be_bytes(), b"v")?;
    }
    for taken in [0, 1, 7, 499] {
        let mut keys = bench.backend.scan_keys(b"")?;
        let some = keys.by_ref().take(taken).count();
        equal("taken", &some, &taken)?;
    }
    // A scan shows the moment it began at, whatever is written while it is walked.
    let mut pairs = bench.backend.scan_prefix(b"")?;
    let first = pairs.next().transpose()?;
    equal(
        "the first",
        &first.map(|(key, _)| key),
        &Some(0u32.to_be_bytes().to_vec()),
    )?;
    for n in 0..500u32 {
        bench.backend.delete(&n.to_be_bytes())?;
    }
    bench.backend.put(&[0, 0, 0, 1, 1], b"later")?;
    let rest = pairs.collect::<Result<Vec<_>, _>>()?;
    equal("the rest of the scan", &rest.len(), &499)?;
    equal("what is left", &bench.backend.count_prefix(b"")?, &1)
}
