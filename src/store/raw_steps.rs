//! Reads and writes that are one step, on the records of stores without a codec.
//!
//! Each reads under a commit point and commits guarded by it; where somebody else wrote the key in
//! between it looks again, so that a conflict is always one of the caller's condition. Shared by
//! the stores of bytes and of numbers.

use super::condition::check;
use super::lifetime::Ttl;
use super::raw_store::RawStore;
use super::version::If;
use crate::engine::snapshot::Snapshot;
use crate::engine::write_batch::WriteBatch;
use crate::error::{Error, ErrorKind, Result};
use std::ops::ControlFlow;

impl RawStore {
    /// Reads the value under an engine key with `read`, lets `decide` append to a batch what
    /// follows from it and its stored expiry, and commits that if nobody wrote the key meanwhile;
    /// else does it again. `Break` commits nothing. Answers what `decide` does.
    pub(crate) fn step<T, R>(
        &self,
        key: &[u8],
        read: impl Fn(&[u8]) -> Result<T>,
        mut decide: impl FnMut(&mut WriteBatch, Option<(T, u64)>) -> Result<ControlFlow<R, R>>,
    ) -> Result<R> {
        self.retrying(0, |batch| {
            let look = |value: &[u8], expiry_ms| read(value).map(|value| (value, expiry_ms));
            let (found, sequence) = self.look_up(None, key, look)?;
            match decide(batch, found.transpose()?)? {
                ControlFlow::Break(answer) => {
                    batch.clear(); // commits nothing
                    Ok(answer)
                }
                ControlFlow::Continue(answer) => {
                    batch.guard(key, sequence);
                    Ok(answer)
                }
            }
        })
    }

    /// Removes the value under an engine key and answers what `read` makes of it, as one step;
    /// where that is an error the value stays.
    pub(crate) fn take<T>(
        &self,
        key: &[u8],
        read: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<Option<T>> {
        self.step(key, read, |batch, found| {
            let Some((value, _)) = found else {
                return Ok(ControlFlow::Break(None));
            };
            batch.delete(key)?;
            Ok(ControlFlow::Continue(Some(value)))
        })
    }

    /// Puts `value` under an engine key where `condition` holds, keeping the lifetime there is.
    pub(crate) fn put_if(&self, key: &[u8], value: &[u8], condition: If) -> Result<()> {
        self.conditionally(key, condition, |batch, kept_ms| {
            self.put_into(batch, key, value, Ttl::Keep, kept_ms)
        })
    }

    /// Removes the value under an engine key where `condition` holds; answers whether there was
    /// one.
    pub(crate) fn delete_if(&self, key: &[u8], condition: If) -> Result<bool> {
        self.conditionally(key, condition, |batch, kept_ms| {
            batch.delete(key)?;
            Ok(kept_ms.is_some())
        })
    }

    fn conditionally<R>(
        &self,
        key: &[u8],
        condition: If,
        write: impl Fn(&mut WriteBatch, Option<u64>) -> Result<R>,
    ) -> Result<R> {
        if let If::Version(_) = condition {
            let text = format!(
                "the store {:?} keeps no versions of its records; use `If::Absent` or \
                 `If::Present`, or keep the values in a typed store",
                self.name
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let look = |_: &[u8]| Ok(());
        self.step(key, look, |batch, found| {
            check(self, key, condition, found.map(|_| 0))?;
            write(batch, found.map(|((), expiry_ms)| expiry_ms)).map(ControlFlow::Continue)
        })
    }

    /// True where there is a value under an engine key.
    pub(crate) fn contains(&self, snapshot: &Snapshot, key: &[u8]) -> Result<bool> {
        let (found, _) = self.look_up(Some(snapshot), key, |_, _| ())?;
        Ok(found.is_some())
    }
}
