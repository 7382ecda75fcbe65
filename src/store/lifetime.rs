//! How long records live: what a writer asks for, and what a reader is told.

use crate::error::{Error, ErrorKind, Result};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The lifetime a record is given.
///
/// ```
/// use grainstore::{Expiry, Ttl};
/// use std::time::{Duration, SystemTime};
/// # let dir = std::env::temp_dir().join(format!("grainstore-ttls-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let tokens = db.grains::<u32, String>("tokens").default_ttl(Duration::from_secs(60)).open()?;
/// let (token, hour) = ("xyz".to_owned(), Duration::from_secs(3600));
/// tokens.put(&1, &token)?; // Ttl::Default: a minute
/// tokens.put_with(&2, &token, Ttl::After(hour))?;
/// tokens.put_with(&3, &token, Ttl::At(SystemTime::now() + hour))?;
/// tokens.put_with(&4, &token, Ttl::Never)?;
/// tokens.put_with(&4, &token, Ttl::Keep)?; // still for ever
/// assert_eq!(tokens.ttl(&4)?, Expiry::Never);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ttl {
    /// The store's default, else the database's, else for ever.
    #[default]
    Default,
    /// For ever, whatever the defaults say.
    Never,
    /// For this long from now; zero is over at once.
    After(Duration),
    /// Until this time; one that has passed is over at once.
    At(SystemTime),
    /// As long as the record that is there now; a new record gets the default.
    Keep,
}

/// The lifetime that a record has left.
///
/// ```
/// use grainstore::{Expiry, Ttl};
/// use std::time::Duration;
/// # let dir = std::env::temp_dir().join(format!("grainstore-expiry-{}", std::process::id()));
/// # let db = grainstore::Db::open(&dir)?;
/// let codes = db.store::<String, u32>("codes")?;
/// codes.put_with("ada", &123_456, Ttl::After(Duration::from_secs(120)))?;
/// if let Expiry::In(left) = codes.ttl("ada")? {
///     println!("good for {} s more", left.as_secs());
/// }
/// assert_eq!(codes.ttl("bob")?, Expiry::Missing);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// There is no such record, or it has expired.
    Missing,
    /// The record lives until it is deleted.
    Never,
    /// The record lives for this long, to the millisecond.
    In(Duration),
}

impl Expiry {
    /// The lifetime left at `now_ms` of a record with this stored expiry (0: never).
    pub(crate) fn from_stored(expiry_ms: u64, now_ms: u64) -> Self {
        match expiry_ms {
            0 => Self::Never,
            _ => Self::In(Duration::from_millis(expiry_ms.saturating_sub(now_ms))),
        }
    }
}

/// The expiry to store for a record written at `now_ms`: ms since the epoch, 0 for never.
///
/// `default_ttl` is what [`Ttl::Default`] stands for, `kept_ms` what [`Ttl::Keep`] does.
pub(crate) fn stored_expiry(
    ttl: Ttl,
    default_ttl: Option<Duration>,
    kept_ms: Option<u64>,
    now_ms: impl FnOnce() -> u64,
) -> Result<u64> {
    let after = |span: Duration, now_ms: u64| {
        let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        // Zero would mean "never"; the epoch's first millisecond is as expired as it.
        now_ms.saturating_add(span_ms).max(1)
    };
    Ok(match ttl {
        Ttl::Never => 0,
        Ttl::After(span) => after(span, now_ms()),
        Ttl::At(time) => match time.duration_since(UNIX_EPOCH) {
            Ok(since) => u64::try_from(since.as_millis()).map_err(|_| {
                let text = "the expiry lies beyond what milliseconds in 64 bits can say";
                Error::new(ErrorKind::InvalidInput, text)
            })?,
            Err(_) => 1,
        }
        .max(1),
        Ttl::Default | Ttl::Keep => match (ttl, kept_ms, default_ttl) {
            (Ttl::Keep, Some(kept_ms), _) => kept_ms,
            (_, _, Some(span)) => after(span, now_ms()),
            (_, _, None) => 0,
        },
    })
}

/// A stored expiry as a time of the system; `None` for never.
pub(crate) fn expiry_time(expiry_ms: u64) -> Option<SystemTime> {
    if expiry_ms == 0 {
        return None;
    }
    UNIX_EPOCH.checked_add(Duration::from_millis(expiry_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_becomes_an_absolute_time_and_never_becomes_zero() {
        let day = Some(Duration::from_millis(500));
        let at = |ttl, default_ttl, kept| stored_expiry(ttl, default_ttl, kept, || 1_000).unwrap();
        assert_eq!(at(Ttl::Default, None, None), 0);
        assert_eq!(at(Ttl::Default, day, None), 1_500);
        assert_eq!(at(Ttl::Never, day, None), 0);
        assert_eq!(at(Ttl::After(Duration::from_millis(7)), day, None), 1_007);
        assert_eq!(at(Ttl::Keep, day, Some(1_234)), 1_234);
        assert_eq!(at(Ttl::Keep, day, Some(0)), 0);
        assert_eq!(at(Ttl::Keep, day, None), 1_500);
        assert_eq!(at(Ttl::At(UNIX_EPOCH), day, None), 1);
        assert_eq!(
            at(Ttl::At(UNIX_EPOCH + Duration::from_secs(9)), day, None),
            9_000
        );
        assert_eq!(at(Ttl::After(Duration::MAX), None, None), u64::MAX);
    }
}
