//! Random histories beside a sorted map: K15.

use super::bench::{Bench, Checked, Finding, equal};
use crate::backend::page::{Direction, ScanRequest};
use crate::backend::write::WriteOp;
use crate::fs::split_mix::SplitMix64;
use std::collections::BTreeMap;

/// Values and their ends; 0 for none.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

struct History<'a> {
    bench: &'a Bench<'a>,
    chance: SplitMix64,
    model: Model,
}

pub(crate) fn any_history_reads_as_a_sorted_map(bench: &Bench<'_>) -> Checked {
    let mut history = History {
        bench,
        chance: SplitMix64::new(0x6772_6169_6e73),
        model: Model::new(),
    };
    for step in 0..1_500 {
        let stepped = history.step();
        stepped.map_err(|finding| match finding {
            Finding::Failed(text) => Finding::Failed(format!("in step {step}: {text}")),
            skipped => skipped,
        })?;
    }
    Ok(())
}

impl History<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.chance.below(bound)
    }

    /// Few keys, of few bytes, so that they meet.
    fn key(&mut self) -> Vec<u8> {
        let alphabet = [0, 1, b'a', 0xfe, 0xff];
        let bytes = self.below(5);
        (0..bytes)
            .map(|_| alphabet[self.below(alphabet.len() as u64) as usize])
            .collect()
    }

    fn value(&mut self) -> Vec<u8> {
        let (bytes, byte) = (self.below(200), self.below(256) as u8);
        vec![byte; bytes as usize]
    }

    /// Ends are far off or long past: how far time has come within a call is not known here.
    fn expiry_ms(&mut self) -> u64 {
        match self.below(8) {
            0 => 1,
            1 => self.bench.backend.now_ms() + 100_000_000 + self.below(1_000),
            _ => 0,
        }
    }

    fn op(&mut self) -> WriteOp {
        match self.below(3) {
            0 => WriteOp::delete(self.key()),
            _ => {
                let (key, value) = (self.key(), self.value());
                WriteOp::put_with_expiry(key, value, self.expiry_ms())
            }
        }
    }

    fn apply(&mut self, op: &WriteOp) {
        match op {
            WriteOp::Put {
                key,
                value,
                expiry_ms,
            } if *expiry_ms != 1 => {
                self.model.insert(key.clone(), (value.clone(), *expiry_ms));
            }
            op => drop(self.model.remove(op.key())),
        }
    }

    fn step(&mut self) -> Checked {
        let backend = &self.bench.backend;
        match self.below(12) {
            0..4 => {
                let op = self.op();
                match &op {
                    WriteOp::Put {
                        key,
                        value,
                        expiry_ms,
                    } => backend.put_with_expiry(key, value, *expiry_ms)?,
                    WriteOp::Delete { key } => backend.delete(key)?,
                }
                self.apply(&op);
                Ok(())
            }
            4..6 => {
                let count = self.below(20);
                let ops: Vec<WriteOp> = (0..count).map(|_| self.op()).collect();
                backend.write_batch(&ops)?;
                ops.iter().for_each(|op| self.apply(op));
                Ok(())
            }
            6 => self.look_at_keys(),
            7 => self.look_at_prefix(),
            8..10 => self.look_at_page(),
            10 if self.below(20) == 0 => Ok(backend.flush()?),
            10 => Ok(()),
            _ => {
                let key = self.key();
                let found = backend.get_with_expiry(&key)?;
                let found = found.map(|stored| (stored.value, stored.expiry_ms));
                equal("get", &found, &self.model.get(&key).cloned())
            }
        }
    }

    fn look_at_keys(&mut self) -> Checked {
        let count = self.below(12);
        let keys: Vec<Vec<u8>> = (0..count).map(|_| self.key()).collect();
        let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let found = self.bench.backend.get_batch(&asked)?;
        let expected = keys
            .iter()
            .map(|key| self.model.get(key).map(|(v, _)| v.clone()));
        equal("get_batch", &found, &expected.collect())
    }

    fn look_at_prefix(&mut self) -> Checked {
        let prefix = self.key();
        let begins = |(key, _): &(&Vec<u8>, _)| key.starts_with(&prefix);
        let expected = self.model.iter().filter(begins);
        let expected: Vec<_> = expected
            .map(|(key, (v, _))| (key.clone(), v.clone()))
            .collect();
        equal("scan_prefix", &self.bench.pairs(&prefix)?, &expected)?;
        let keys: Vec<_> = expected.iter().map(|(key, _)| key.clone()).collect();
        equal("scan_keys", &self.bench.keys(&prefix)?, &keys)?;
        let count = self.bench.backend.count_prefix(&prefix)?;
        equal("count_prefix", &count, &(keys.len() as u64))
    }

    fn look_at_page(&mut self) -> Checked {
        let limit = 1 + self.below(9) as usize;
        let mut request = ScanRequest::new(self.key()).limit(limit);
        request.keys_only = self.below(2) == 0;
        if self.below(2) == 0 {
            request.direction = Direction::Backward;
        }
        if self.below(3) > 0 {
            request.after = Some(self.key());
        }
        let forward = request.direction == Direction::Forward;
        let ahead = |key: &Vec<u8>| match &request.after {
            Some(after) if forward => key > after,
            Some(after) => key < after,
            None => true,
        };
        let within = |key: &Vec<u8>| key.starts_with(&request.prefix) && ahead(key);
        let left = self.model.iter().filter(|(key, _)| within(key));
        let mut left: Vec<_> = left
            .map(|(key, (value, _))| (key.clone(), value.clone()))
            .collect();
        if !forward {
            left.reverse();
        }
        let more = left.len() > limit;
        left.truncate(limit);
        if request.keys_only {
            left.iter_mut().for_each(|(_, value)| value.clear());
        }
        let next = left.last().filter(|_| more).map(|(key, _)| key.clone());
        let page = self.bench.backend.scan_page(&request)?;
        equal("the items of a page", &page.items, &left)?;
        equal("where it goes on", &page.next, &next)
    }
}
