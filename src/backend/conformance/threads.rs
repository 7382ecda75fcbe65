//! Several threads at once: K7, K12.
//!
//! Writers put one number under many keys with one batch; whoever reads two numbers in one read has
//! seen half a batch. Nothing here depends on timing to pass.

use super::bench::{Bench, Checked, Finding, ensure, equal};
use crate::backend::contract::KvBackend;
use crate::backend::page::ScanRequest;
use crate::backend::write::WriteOp;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{self, Arc, AtomicBool, JoinHandle, Ordering};

/// Keys of one batch: enough for every shard of any backend to have some.
const KEYS: u8 = 24;

fn start(
    name: &str,
    body: impl FnOnce() -> Checked + Send + 'static,
    outcomes: &Arc<sync::Mutex<Vec<Finding>>>,
) -> Result<JoinHandle<()>> {
    let outcomes = Arc::clone(outcomes);
    let thread = sync::spawn(name, move || {
        if let Err(finding) = body() {
            outcomes.lock().push(finding);
        }
    });
    thread.map_err(|e| Error::caused(ErrorKind::Io, "cannot start a thread", e))
}

/// Runs `bodies` at once, and gives the first finding of any.
fn together(bodies: Vec<Box<dyn FnOnce() -> Checked + Send>>) -> Checked {
    let outcomes = Arc::default();
    let mut threads = Vec::new();
    for body in bodies {
        threads.push(start("conformance", body, &outcomes)?);
    }
    for thread in threads {
        let joined = thread.join();
        ensure(joined.is_ok(), || "a thread panicked".to_owned())?;
    }
    let first = outcomes.lock().pop();
    first.map_or(Ok(()), Err)
}

fn keys() -> Vec<Vec<u8>> {
    (0..KEYS).map(|n| vec![b'k', n]).collect()
}

/// Passes where all values are one.
fn whole(what: &str, values: &[Option<Vec<u8>>]) -> Checked {
    let one = values.windows(2).all(|pair| pair[0] == pair[1]);
    ensure(one && values.len() == usize::from(KEYS), || {
        format!("{what} saw half a batch: {values:?}")
    })
}

fn read_whole(backend: &dyn KvBackend) -> Checked {
    let keys = keys();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    whole("get_batch", &backend.get_batch(&asked)?)?;
    let pairs = backend.scan_prefix(b"k")?.collect::<Result<Vec<_>>>()?;
    let values: Vec<_> = pairs.into_iter().map(|(_, value)| Some(value)).collect();
    whole("scan_prefix", &values)?;
    let request = ScanRequest::new(b"k").backward();
    let page = backend.scan_page(&request)?;
    let values: Vec<_> = page
        .items
        .into_iter()
        .map(|(_, value)| Some(value))
        .collect();
    whole("a page", &values)?;
    let count = backend.count_prefix(b"k")?;
    equal("count_prefix", &count, &u64::from(KEYS))
}

/// Single gets, one after the other, must not go back behind a batch that was seen.
fn read_rising(backend: &dyn KvBackend, seen: &mut Vec<u8>) -> Checked {
    for key in keys() {
        let value = backend.get(&key)?.unwrap_or_default();
        ensure(value >= *seen, || {
            format!("a get of {key:?} gave {value:?} after {seen:?} had been seen")
        })?;
        *seen = value;
    }
    Ok(())
}

pub(crate) fn readers_see_batches_whole(bench: &Bench<'_>) -> Checked {
    if !bench.backend.capabilities().atomic_batches {
        return Err(Finding::Skipped("batches are not atomic here".to_owned()));
    }
    let batch = |number: u32| -> Vec<WriteOp> {
        let op = |key: Vec<u8>| WriteOp::put(key, number.to_be_bytes());
        keys().into_iter().map(op).collect()
    };
    bench.backend.write_batch(&batch(0))?;
    let done = Arc::new(AtomicBool::new(false));
    let mut bodies: Vec<Box<dyn FnOnce() -> Checked + Send>> = Vec::new();
    for reader in 0..3 {
        let (backend, done) = (Arc::clone(&bench.backend), Arc::clone(&done));
        bodies.push(Box::new(move || {
            let mut seen = Vec::new();
            while !done.load(Ordering::Acquire) {
                match reader {
                    0 => read_rising(&*backend, &mut seen)?,
                    _ => read_whole(&*backend)?,
                }
            }
            read_whole(&*backend)
        }));
    }
    let backend = Arc::clone(&bench.backend);
    bodies.push(Box::new(move || {
        let mut written = Ok(());
        for number in 1..=200 {
            written = written.and_then(|()| backend.write_batch(&batch(number)));
        }
        done.store(true, Ordering::Release); // also where it failed: the others wait for it
        Ok(written?)
    }));
    together(bodies)
}

pub(crate) fn threads_do_not_lose_writes(bench: &Bench<'_>) -> Checked {
    let mut bodies: Vec<Box<dyn FnOnce() -> Checked + Send>> = Vec::new();
    for thread in 0..4u8 {
        let backend = Arc::clone(&bench.backend);
        bodies.push(Box::new(move || {
            for n in 0..150u8 {
                let (own, shared) = ([b'o', thread, n], [b's', n % 16]);
                backend.put(&own, &[n])?;
                equal("its own", &backend.get(&own)?, &Some(vec![n]))?;
                backend.put(&shared, &[thread, n])?;
                if n % 3 == 0 {
                    let ops = [
                        WriteOp::delete(own),
                        WriteOp::put([b'b', thread], [n]),
                        WriteOp::put(shared, [thread, n]),
                    ];
                    backend.write_batch(&ops)?;
                    equal("its deleted", &backend.get(&own)?, &None)?;
                    let found = backend.get(&[b'b', thread])?;
                    equal("of its batch", &found, &Some(vec![n]))?;
                }
            }
            Ok(())
        }));
    }
    together(bodies)?;
    equal("own records", &bench.backend.count_prefix(b"o")?, &400)?;
    equal("shared records", &bench.backend.count_prefix(b"s")?, &16)?;
    for key in bench.keys(b"s")? {
        // What is read alone, in a list and in a scan is the same, now that nobody writes.
        let value = bench.backend.get(&key)?;
        equal(
            "in a list",
            &bench.backend.get_batch(&[&key])?,
            &vec![value.clone()],
        )?;
        let scanned = bench.pairs(&key)?.pop().map(|(_, value)| value);
        equal("in a scan", &scanned, &value)?;
    }
    Ok(())
}
