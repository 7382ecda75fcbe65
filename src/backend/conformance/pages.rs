//! Walks in pages: K8.

use super::bench::{Bench, Checked, awkward_keys, ensure, equal};
use crate::backend::page::ScanRequest;
use crate::error::ErrorKind;

pub(crate) fn pages_follow_one_another(bench: &Bench<'_>) -> Checked {
    let keys = awkward_keys();
    for key in &keys {
        bench.backend.put(key, b"v")?;
    }
    for limit in [
        1,
        2,
        3,
        10,
        keys.len() - 1,
        keys.len(),
        keys.len() + 1,
        usize::MAX,
    ] {
        let forward = bench.walk(ScanRequest::new(b"").limit(limit), |_| Ok(()))?;
        let found: Vec<_> = forward.into_iter().map(|(key, _)| key).collect();
        equal("forward", &found, &keys)?;
        let backward = ScanRequest::new(b"").limit(limit).backward().keys_only();
        let backward = bench.walk(backward, |_| Ok(()))?;
        let mut found: Vec<_> = backward.into_iter().map(|(key, _)| key).collect();
        found.reverse();
        equal("backward", &found, &keys)?;
    }
    let none = bench.backend.scan_page(&ScanRequest::new(b"").limit(0));
    let refused = none.as_ref().err().map(crate::error::Error::kind);
    equal("a limit of 0", &refused, &Some(ErrorKind::InvalidInput))
}

pub(crate) fn a_page_goes_on_where_it_is_told_to(bench: &Bench<'_>) -> Checked {
    for key in [&b"a"[..], b"b1", b"b2", b"b3", b"c"] {
        bench.backend.put(key, b"")?;
    }
    let keys = |request: ScanRequest| -> Result<Vec<String>, super::bench::Finding> {
        let page = bench.backend.scan_page(&request)?;
        let text = |(key, _): &(Vec<u8>, _)| String::from_utf8_lossy(key).into_owned();
        Ok(page.items.iter().map(text).collect())
    };
    let b = || ScanRequest::new(b"b");
    for (request, expected) in [
        (b().after(b"b1"), &["b2", "b3"][..]),
        (b().after(b"b11"), &["b2", "b3"]), // a key that is not there
        (b().after(b"a"), &["b1", "b2", "b3"]), // before the prefix
        (b().after(b""), &["b1", "b2", "b3"]),
        (b().after(b"c"), &[]), // beyond it
        (b().after(b"b3"), &[]),
        (b().backward().after(b"b3"), &["b2", "b1"]),
        (b().backward().after(b"b21"), &["b2", "b1"]),
        (b().backward().after(b"c"), &["b3", "b2", "b1"]),
        (b().backward().after(b"\xff\xff"), &["b3", "b2", "b1"]),
        (b().backward().after(b"b1"), &[]),
        (b().backward().after(b"a"), &[]),
    ] {
        let what = format!("{request:?}");
        equal(
            &what,
            &keys(request)?,
            &expected.iter().map(|k| (*k).to_owned()).collect(),
        )?;
    }
    Ok(())
}

pub(crate) fn pages_survive_writes_between_them(bench: &Bench<'_>) -> Checked {
    let key = |n: u32| [b"k", &n.to_be_bytes()[..]].concat();
    for backward in [false, true] {
        for n in 0..100 {
            bench.backend.put(&key(n * 2), b"v")?;
        }
        let request = ScanRequest::new(b"k").limit(7);
        let request = if backward {
            request.backward()
        } else {
            request
        };
        let mut puts = Vec::new();
        let items = bench.walk(request, |page| {
            // The key that the walk rests on goes, and others come on both sides of it.
            let last = page.next.clone().unwrap_or_default();
            bench.backend.delete(&last)?;
            let number = last.get(1..).unwrap_or_default().iter();
            let number = number.fold(0u32, |n, byte| n << 8 | u32::from(*byte));
            for beside in [number.saturating_sub(1), number + 1] {
                bench.backend.put(&key(beside), b"new")?;
                puts.push(key(beside));
            }
            Ok(())
        })?;
        let keys: Vec<_> = items.iter().map(|(key, _)| key.clone()).collect();
        let rising = keys.windows(2).all(|pair| match backward {
            false => pair[0] < pair[1],
            true => pair[0] > pair[1],
        });
        ensure(rising, || "a key came twice or out of order".to_owned())?;
        let all = (0..100).all(|n| keys.contains(&key(n * 2)));
        ensure(all, || {
            "a key that was there all the time did not come".to_owned()
        })?;
        // Of the two beside each, the one ahead of the walk has to come.
        let new = keys.iter().filter(|key| puts.contains(key)).count();
        equal("new keys ahead of the walk", &new, &(puts.len() / 2))?;
        for key in bench.keys(b"k")? {
            bench.backend.delete(&key)?;
        }
    }
    Ok(())
}
