//! The contract of a backend: a map from byte keys to byte values, somewhere.
//!
//! Bytes go in and bytes come out; nothing here names how they are kept. What a caller may rely
//! on, numbered, and each held by the check of that number in the suite `conformance`:
//!
//! - K1: a read gives what the last write to the key left there, byte for byte. Keys and values
//!   are any bytes, and may be empty.
//! - K2: `get_batch` answers each key at its place, also one that is asked for twice.
//! - K3: scans and pages go in the order of the keys as bytes, and backward in the reverse of it.
//! - K4: a prefix means exactly the keys that begin with it: the empty one all, `FF FF` those at
//!   the very end.
//! - K5: `scan_keys` gives the keys of `scan_prefix`, and `count_prefix` their number.
//! - K6: a batch takes effect whole or not at all. Of several writes to one key the last counts.
//! - K7: one read of several keys (`get_batch`, a scan, a page, a count) sees each batch whole or
//!   not at all, and everything that was done before it began. Of single writes beside it, it may
//!   see any. Two reads, one after the other, never go back in time.
//! - K8: pages follow one another without a gap and without a key twice, also where keys were
//!   deleted or put in between; `next` is `None` exactly where the page met the end.
//! - K9: from its expiry on a value is gone, for every read at once; it uncovers no older value, a
//!   write without expiry after it stays, and a value that is put with an expiry that has passed is
//!   gone at once.
//! - K10: what [`capabilities`](KvBackend::capabilities) allow is taken; a key, value or batch
//!   beyond it is `NotDone` with the kind `TooLarge`, and changes nothing.
//! - K11: `Ok` means done and seen by every later read. [`WriteError::NotDone`] means that nothing
//!   was changed nor will be. [`WriteError::Unknown`] means that nobody can tell: the write may
//!   have happened, or may when the backend is opened again; a batch whole even so.
//! - K12: any thread may call anything at any time.
//! - K13: after `close` every call but `close` is an error of the kind `Closed`.
//! - K14: a value of the greatest size that is allowed comes back as it was.
//! - K15: for any history of calls the answers are those of a sorted map.
//!
//! What it leaves open: how long a write waits, whether a write outlives a power cut before
//! [`sync`](KvBackend::sync), and what a network between caller and bytes adds to both.

use super::capabilities::Capabilities;
use super::page::{Page, ScanRequest};
use super::stored::{Pair, Stored};
use super::write::{WriteOp, WriteResult};
use crate::error::Result;
use crate::sync::Arc;
use std::fmt::Debug;

/// Pairs in the order of their keys; an error is the last item.
pub type Pairs<'a> = Box<dyn Iterator<Item = Result<Pair>> + Send + 'a>;

/// Keys in their order; an error is the last item.
pub type Keys<'a> = Box<dyn Iterator<Item = Result<Vec<u8>>> + Send + 'a>;

/// A place where bytes live under byte keys. The module's rules K1 to K15 say what it promises.
///
/// ```
/// use grainstore::backend::{KvBackend, MemoryBackend, WriteOp};
/// let backend: Box<dyn KvBackend> = Box::new(MemoryBackend::new());
/// backend.put(b"ada", b"100")?;
/// backend.write_batch(&[WriteOp::put(b"bob", b"90"), WriteOp::delete(b"ada")])?;
/// assert_eq!(backend.get_batch(&[b"ada", b"bob"])?, [None, Some(b"90".to_vec())]);
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// # Errors
/// Reads give an [`Error`](crate::Error): `Closed`, and what reading the bytes can meet (`Io`,
/// `Corruption`, `Backend`). Writes give a [`WriteError`](super::write::WriteError), which says
/// first whether the write may be tried again.
pub trait KvBackend: Send + Sync + Debug {
    /// What is allowed and what is promised here. Does not change while the backend is open.
    fn capabilities(&self) -> Capabilities;

    /// The backend's time in ms since the epoch: what expiry is compared with. Never runs
    /// backwards.
    fn now_ms(&self) -> u64;

    /// The value of `key` and its expiry.
    fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>>;

    /// The values of `keys`, each at the place of its key, seen at one moment (K2, K7).
    fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>>;

    /// Gives `key` a value that exists until `expiry_ms`, in ms since the epoch; 0 for ever.
    fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult;

    /// Removes `key`, whether or not it is there.
    fn delete(&self, key: &[u8]) -> WriteResult;

    /// All of `ops` in their order, whole or not at all (K6). No operation is fine.
    fn write_batch(&self, ops: &[WriteOp]) -> WriteResult;

    /// The pairs under `prefix`, all of one moment (K7).
    fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>>;

    /// One page of a walk, of one moment; the next page may be of a later one (K8).
    ///
    /// # Errors
    /// `InvalidInput` where the limit is 0.
    fn scan_page(&self, request: &ScanRequest) -> Result<Page>;

    /// How many keys begin with `prefix`. May walk them all.
    fn count_prefix(&self, prefix: &[u8]) -> Result<u64>;

    /// Moves what is in memory to where it is kept, where there is such a difference.
    fn flush(&self) -> Result<()>;

    /// Makes every write done so far outlive a power cut.
    fn sync(&self) -> Result<()>;

    /// Ends the use of the backend, by all its handles. A second close is fine.
    fn close(&self) -> Result<()>;

    /// Gives `key` a value.
    fn put(&self, key: &[u8], value: &[u8]) -> WriteResult {
        self.put_with_expiry(key, value, 0)
    }

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.get_with_expiry(key)?.map(|stored| stored.value))
    }

    /// The values of `keys`, as [`get_batch_with_expiry`](Self::get_batch_with_expiry).
    fn get_batch(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
        let found = self.get_batch_with_expiry(keys)?.into_iter();
        Ok(found.map(|at| at.map(|stored| stored.value)).collect())
    }

    /// The keys under `prefix`, all of one moment (K7). Reads the values, too, unless the backend
    /// knows better.
    fn scan_keys(&self, prefix: &[u8]) -> Result<Keys<'_>> {
        let pairs = self.scan_prefix(prefix)?;
        Ok(Box::new(pairs.map(|pair| pair.map(|(key, _)| key))))
    }
}

/// A pointer to a backend is that backend.
macro_rules! pass_on {
    ($pointer:ident) => {
        impl<T: KvBackend + ?Sized> KvBackend for $pointer<T> {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }
            fn now_ms(&self) -> u64 {
                (**self).now_ms()
            }
            fn get_with_expiry(&self, key: &[u8]) -> Result<Option<Stored>> {
                (**self).get_with_expiry(key)
            }
            fn get_batch_with_expiry(&self, keys: &[&[u8]]) -> Result<Vec<Option<Stored>>> {
                (**self).get_batch_with_expiry(keys)
            }
            fn put_with_expiry(&self, key: &[u8], value: &[u8], expiry_ms: u64) -> WriteResult {
                (**self).put_with_expiry(key, value, expiry_ms)
            }
            fn delete(&self, key: &[u8]) -> WriteResult {
                (**self).delete(key)
            }
            fn write_batch(&self, ops: &[WriteOp]) -> WriteResult {
                (**self).write_batch(ops)
            }
            fn scan_prefix(&self, prefix: &[u8]) -> Result<Pairs<'_>> {
                (**self).scan_prefix(prefix)
            }
            fn scan_page(&self, request: &ScanRequest) -> Result<Page> {
                (**self).scan_page(request)
            }
            fn count_prefix(&self, prefix: &[u8]) -> Result<u64> {
                (**self).count_prefix(prefix)
            }
            fn flush(&self) -> Result<()> {
                (**self).flush()
            }
            fn sync(&self) -> Result<()> {
                (**self).sync()
            }
            fn close(&self) -> Result<()> {
                (**self).close()
            }
            fn put(&self, key: &[u8], value: &[u8]) -> WriteResult {
                (**self).put(key, value)
            }
            fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
                (**self).get(key)
            }
            fn get_batch(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
                (**self).get_batch(keys)
            }
            fn scan_keys(&self, prefix: &[u8]) -> Result<Keys<'_>> {
                (**self).scan_keys(prefix)
            }
        }
    };
}

pass_on!(Box);
pass_on!(Arc);
