//! Walks in pages: what is asked for, and what comes back.
//!
//! A page names the key after which the next one goes on, and nothing is held in between: a walk
//! may rest for days, and the key it rests on may be gone when it goes on. Plain data.

use super::stored::Pair;
use crate::error::{Error, ErrorKind, Result};

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Keys rising.
    #[default]
    Forward,
    /// Keys falling.
    Backward,
}

/// Which page of which walk.
///
/// ```
/// use grainstore::backend::{KvBackend, MemoryBackend, ScanRequest};
/// let backend = MemoryBackend::new();
/// for n in 0..5u8 {
///     backend.put(&[b'k', n], b"")?;
/// }
/// let mut request = ScanRequest::new(b"k").limit(3).backward();
/// let first = backend.scan_page(&request)?;
/// assert_eq!(first.items.len(), 3);
/// request.after = first.next;
/// let last = backend.scan_page(&request)?;
/// assert_eq!((last.items.len(), last.next), (2, None));
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRequest {
    /// What the keys begin with.
    pub prefix: Vec<u8>,
    /// Where to go on: beyond this key, in the direction of the walk. `None` for the first page.
    pub after: Option<Vec<u8>>,
    /// The most items of the page; at least 1.
    pub limit: usize,
    /// Which way.
    pub direction: Direction,
    /// Leave the values empty, where only the keys are wanted.
    pub keys_only: bool,
}

impl ScanRequest {
    /// The first 1,000 pairs under `prefix`.
    pub fn new(prefix: impl Into<Vec<u8>>) -> Self {
        Self {
            prefix: prefix.into(),
            after: None,
            limit: 1_000,
            direction: Direction::Forward,
            keys_only: false,
        }
    }

    /// Go on after `key`.
    #[must_use]
    pub fn after(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.after = Some(key.into());
        self
    }

    /// At most `limit` items.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Keys falling.
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }

    /// Without values.
    #[must_use]
    pub fn keys_only(mut self) -> Self {
        self.keys_only = true;
        self
    }
}

/// A page of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Pairs in the direction of the walk; values are empty where only keys were asked for.
    pub items: Vec<Pair>,
    /// Where the next page goes on; `None` where there was nothing more.
    pub next: Option<Vec<u8>>,
}

impl Page {
    /// The first `request.limit` pairs of `walk`, which begins where the request does.
    ///
    /// # Errors
    /// Those of the walk; `InvalidInput` where the limit is 0.
    pub fn collect(
        request: &ScanRequest,
        walk: impl IntoIterator<Item = Result<Pair>>,
    ) -> Result<Self> {
        if request.limit == 0 {
            let text = "a page of at most 0 items is asked for; the least limit is 1";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let (mut items, mut next) = (Vec::<Pair>::new(), None);
        for pair in walk {
            let (key, value) = pair?;
            if items.len() == request.limit {
                next = items.last().map(|(key, _)| key.clone());
                break;
            }
            let value = if request.keys_only { Vec::new() } else { value };
            items.push((key, value));
        }
        Ok(Self { items, next })
    }
}
