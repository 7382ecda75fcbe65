//! What a check works with: a fresh backend, a way to let time pass, and words for what it finds.

use crate::backend::contract::KvBackend;
use crate::backend::page::{Direction, Page, ScanRequest};
use crate::backend::stored::Pair;
use crate::backend::write::WriteError;
use crate::error::Error;
use crate::sync::{self, Arc};
use std::fmt::Debug;
use std::time::Duration;

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Finding {
    Failed(String),
    Skipped(String),
}

/// What a check answers.
pub(crate) type Checked = Result<(), Finding>;

/// An answer that the check did not expect at all.
impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        Self::Failed(format!("a call failed: {error}"))
    }
}

impl From<WriteError> for Finding {
    fn from(error: WriteError) -> Self {
        Self::Failed(format!("a write failed: {error}"))
    }
}

/// Passes where `holds`.
pub(crate) fn ensure(holds: bool, found: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Finding::Failed(found()))
    }
}

/// Passes where both are equal.
pub(crate) fn equal<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Checked {
    ensure(found == expected, || {
        let mut text = format!("{what}: found {found:?} instead of {expected:?}");
        if let Some((at, _)) = text.char_indices().nth(1_000) {
            text.truncate(at);
            text.push('…');
        }
        text
    })
}

/// One fresh backend.
pub(crate) struct Bench<'a> {
    pub(crate) backend: Arc<dyn KvBackend>,
    pub(crate) advance: Option<&'a dyn Fn(u64)>,
}

impl Bench<'_> {
    /// A clock that is set by hand can let seconds pass; a real one only what a test can wait for.
    pub(crate) fn short_ms(&self) -> u64 {
        let least = if self.advance.is_some() { 1_000 } else { 40 };
        least.max(self.backend.capabilities().expiry_step_ms * 2)
    }

    /// Lets time pass until `time_ms`, and as long as expiry may take from then on.
    pub(crate) fn wait_until(&self, time_ms: u64) {
        let time_ms = time_ms + self.backend.capabilities().expiry_step_ms - 1;
        while self.backend.now_ms() < time_ms {
            match self.advance {
                Some(advance) => advance(time_ms - self.backend.now_ms()),
                None => sync::sleep(Duration::from_millis(2)),
            }
        }
    }

    pub(crate) fn pairs(&self, prefix: &[u8]) -> Result<Vec<Pair>, Finding> {
        let pairs = self.backend.scan_prefix(prefix)?;
        Ok(pairs.collect::<Result<_, _>>()?)
    }

    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, Finding> {
        let keys = self.backend.scan_keys(prefix)?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// All items of a walk in pages; `between` is called after each page but the last.
    pub(crate) fn walk(
        &self,
        mut request: ScanRequest,
        mut between: impl FnMut(&Page) -> Checked,
    ) -> Result<Vec<Pair>, Finding> {
        let mut items = Vec::new();
        loop {
            let page = self.backend.scan_page(&request)?;
            ensure(page.items.len() <= request.limit, || {
                format!(
                    "a page of at most {} has {}",
                    request.limit,
                    page.items.len()
                )
            })?;
            items.extend(page.items.iter().cloned());
            let Some(next) = &page.next else {
                return Ok(items);
            };
            let goes_on = request
                .after
                .as_ref()
                .is_none_or(|after| match request.direction {
                    Direction::Forward => next > after,
                    Direction::Backward => next < after,
                });
            ensure(goes_on, || {
                format!("a page after {:?} goes on at {next:?}", request.after)
            })?;
            ensure(page.items.len() == request.limit, || {
                "a page that is not full says that there is more".to_owned()
            })?;
            between(&page)?;
            request.after = page.next;
        }
    }
}

/// Keys that have made trouble before: empty, zeros, the byte order's ends, prefixes of others.
pub(crate) fn awkward_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = [
        &b""[..],
        b"\0",
        b"\0\0",
        b"\0\xff",
        b"\x01",
        b"a",
        b"a\0",
        b"a\0\0",
        b"a\0b",
        b"a\xff",
        b"a\xff\xff",
        b"ab",
        b"b",
        b"\x7f",
        b"\x80",
        b"\xfe\xff",
        b"\xff",
        b"\xff\0",
        b"\xff\xfe",
        b"\xff\xff",
        b"\xff\xff\0",
        b"\xff\xff\xff",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    keys.extend((0..=255u8).map(|byte| vec![b'k', byte]));
    keys.sort();
    keys
}
