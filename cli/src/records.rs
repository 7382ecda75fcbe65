//! The records that a command works on: those of a store, or the bare ones of an engine.

use crate::database;
use crate::failure::{Failure, Result};
use crate::forms::{Format, Forms};
use crate::time_text;
use clap::Args;
use grainstore::engine::Cursor;
use grainstore::key::{ByteRange, RawBytes};
use grainstore::{Db, DbBuilder, Expiry, Ttl, UntypedRecord, UntypedStore};
use std::ops::Bound;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

/// Which records, and in which form.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The folder of the database
    pub(crate) dir: PathBuf,
    /// The store; without it, the bare keys and values of an engine
    #[arg(long, short, value_name = "NAME")]
    pub(crate) store: Option<String>,
    /// How keys are typed and shown [default: json with a store, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) key_format: Option<Format>,
    /// How values are typed and shown [default: by the codec of the store, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) value_format: Option<Format>,
}

/// An opened [`Place`].
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) db: Db,
    pub(crate) source: Source,
    pub(crate) forms: Forms,
}

/// Where the records are.
#[derive(Debug)]
pub(crate) enum Source {
    Engine,
    Store(UntypedStore),
}

/// A record without its key.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) value: Vec<u8>,
    pub(crate) version: Option<u64>,
    /// In ms since the epoch; `None` for never.
    pub(crate) expires_at_ms: Option<u64>,
}

impl Place {
    /// Opens the database and finds the store.
    pub(crate) fn open(&self) -> Result<Records> {
        self.open_with(|builder| builder)
    }

    /// As [`open`](Self::open), with settings.
    pub(crate) fn open_with(&self, set: impl FnOnce(DbBuilder) -> DbBuilder) -> Result<Records> {
        let db = database::open_with(&self.dir, set)?;
        let source = match &self.store {
            None => Source::Engine,
            Some(name) => match db.untyped_store(name)? {
                Some(store) => Source::Store(store),
                None => return Err(no_store(&db, name)?),
            },
        };
        Records::new(db, source, self.key_format, self.value_format)
    }

    /// As [`open`](Self::open), for a command that writes: the bare keys of a database with stores
    /// belong to them.
    pub(crate) fn open_to_write(&self) -> Result<Records> {
        let records = self.open()?;
        records.check_writable()?;
        Ok(records)
    }
}

fn no_store(db: &Db, name: &str) -> Result<Failure> {
    let names = db.store_names()?;
    let hint = match names.as_slice() {
        [] => "the database has no stores: leave --store away for its bare keys".to_owned(),
        names => format!("the stores are {}", names.join(", ")),
    };
    Ok(Failure::absent(format!("there is no store {name:?}")).hint(hint))
}

impl Records {
    pub(crate) fn new(
        db: Db,
        source: Source,
        key: Option<Format>,
        value: Option<Format>,
    ) -> Result<Self> {
        let forms = match &source {
            Source::Engine => Forms::new(None, key, value)?,
            Source::Store(store) => {
                Forms::new(Some((store.info(), store.key_shape())), key, value)?
            }
        };
        Ok(Self { db, source, forms })
    }

    /// Refuses bare writes under stores, and writes past indexes.
    pub(crate) fn check_writable(&self) -> Result<()> {
        let names = match &self.source {
            Source::Engine => self.db.store_names()?,
            Source::Store(store) => {
                return store.check_writable().map_err(|error| {
                    let hint = "let the program write it, or drop the indexes there first";
                    Failure::from(error).hint(hint)
                });
            }
        };
        if names.is_empty() {
            return Ok(());
        }
        let text = format!("the database has stores ({}); name one", names.join(", "));
        Err(Failure::usage(text).hint("a write of bare bytes would damage them: use --store"))
    }

    /// The record under an encoded key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Record>> {
        match &self.source {
            Source::Store(store) => Ok(store.get(key)?.map(Record::from)),
            Source::Engine => {
                let only = (Bound::Included(key), Bound::Included(key));
                let mut cursor = self.db.engine().cursor::<&[u8]>(only)?;
                cursor.seek_to_first()?;
                Ok(cursor.valid().then(|| Record::at(&cursor)))
            }
        }
    }

    /// The failure of a command that needs the record under a key.
    pub(crate) fn missing(&self, key: &[u8]) -> Failure {
        let shown = self.forms.show_key(key).plain();
        let failure = Failure::absent(format!("there is no record under the key {shown}"));
        match (&self.source, self.db.store_names()) {
            (Source::Engine, Ok(names)) if !names.is_empty() => {
                failure.hint(format!("use --store with one of {}", names.join(", ")))
            }
            _ => failure,
        }
    }

    /// Writes a record.
    pub(crate) fn put(&self, key: &[u8], value: &[u8], ttl: Ttl) -> Result<()> {
        match &self.source {
            Source::Store(store) => store.put_with(key, value, ttl)?,
            Source::Engine => {
                let expiry_ms = self.engine_expiry_ms(key, ttl)?;
                let engine = self.db.engine();
                engine.put_with_expiry(key, value, expiry_ms)?;
            }
        }
        Ok(())
    }

    /// Removes a record, whether or not it is there.
    pub(crate) fn delete(&self, key: &[u8]) -> Result<()> {
        match &self.source {
            Source::Store(store) => store.delete(key)?,
            Source::Engine => self.db.engine().delete(key)?,
        }
        Ok(())
    }

    /// The lifetime left.
    pub(crate) fn ttl(&self, key: &[u8]) -> Result<Expiry> {
        if let Source::Store(store) = &self.source {
            return Ok(store.ttl(key)?);
        }
        let now_ms = self.db.engine().now_ms();
        Ok(match self.get(key)? {
            None => Expiry::Missing,
            Some(record) => record.expires_at_ms.map_or(Expiry::Never, |expiry_ms| {
                Expiry::In(Duration::from_millis(expiry_ms.saturating_sub(now_ms)))
            }),
        })
    }

    /// Another lifetime for a record; false where there is none.
    pub(crate) fn touch(&self, key: &[u8], ttl: Ttl) -> Result<bool> {
        if let Source::Store(store) = &self.source {
            return Ok(store.touch(key, ttl)?);
        }
        match self.get(key)? {
            None => Ok(false),
            Some(record) => self.put(key, &record.value, ttl).map(|()| true),
        }
    }

    /// How many records lie in the range.
    pub(crate) fn count(&self, range: &ByteRange) -> Result<u64> {
        if let Source::Store(store) = &self.source {
            return Ok(store.count(range)?);
        }
        let mut count = 0;
        let mut cursor = self.engine_cursor(range)?;
        cursor.seek_to_first()?;
        while cursor.valid() {
            count += 1;
            cursor.next()?;
        }
        Ok(count)
    }

    /// Hands the records of the range to `each`, of one moment; it says whether to go on.
    pub(crate) fn walk(
        &self,
        range: ByteRange,
        reverse: bool,
        limit: usize,
        mut each: impl FnMut(&[u8], Record) -> Result<()>,
    ) -> Result<()> {
        if let Source::Store(store) = &self.source {
            let records = store.records(range).limit(limit);
            let records = if reverse { records.rev() } else { records };
            for record in records {
                let (key, record) = record?;
                each(&key, record.into())?;
            }
            return Ok(());
        }
        let mut cursor = self.engine_cursor(&range)?;
        match reverse {
            true => cursor.seek_to_last()?,
            false => cursor.seek_to_first()?,
        }
        let mut left = limit;
        while cursor.valid() && left > 0 {
            left -= 1;
            each(cursor.key(), Record::at(&cursor))?;
            match reverse {
                true => cursor.prev()?,
                false => cursor.next()?,
            }
        }
        Ok(())
    }

    fn engine_cursor(&self, range: &ByteRange) -> Result<Cursor> {
        let bounds = range.clone().into_bounds();
        Ok(self
            .db
            .engine()
            .cursor::<RawBytes>((bounds.0.map(RawBytes), bounds.1.map(RawBytes)))?)
    }

    /// The expiry to store for a bare record, in ms since the epoch; 0 for never.
    pub(crate) fn engine_expiry_ms(&self, key: &[u8], ttl: Ttl) -> Result<u64> {
        let now_ms = self.db.engine().now_ms();
        Ok(match ttl {
            Ttl::After(span) => {
                now_ms.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
            }
            Ttl::At(time) => {
                let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1)
            }
            Ttl::Keep => self
                .get(key)?
                .and_then(|record| record.expires_at_ms)
                .unwrap_or(0),
            _ => 0,
        })
    }
}

impl Record {
    fn at(cursor: &Cursor) -> Self {
        let expiry_ms = cursor.expiry_ms();
        Self {
            value: cursor.value().to_vec(),
            version: None,
            expires_at_ms: (expiry_ms != 0).then_some(expiry_ms),
        }
    }
}

impl From<UntypedRecord> for Record {
    fn from(record: UntypedRecord) -> Self {
        let since = record.expires_at.map(|at| at.duration_since(UNIX_EPOCH));
        Self {
            value: record.value,
            version: record.version.map(grainstore::Version::get),
            expires_at_ms: since
                .and_then(Result::ok)
                .map(|since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// Reads a lifetime: `never`, `keep`, a span such as `5m`, or a time in RFC 3339.
pub(crate) fn parse_ttl(text: &str) -> Result<Ttl, String> {
    match text {
        "never" => return Ok(Ttl::Never),
        "keep" => return Ok(Ttl::Keep),
        _ => {}
    }
    if let Some(span) = time_text::parse_span(text) {
        return Ok(Ttl::After(span));
    }
    let time = time_text::parse_time(text).and_then(|(seconds, nanos)| {
        let seconds = u64::try_from(seconds).ok()?;
        UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
    });
    time.map(Ttl::At).ok_or_else(|| {
        "a lifetime is `never`, `keep`, a span such as 90s, 5m, 12h or 7d, or a time such as \
         2026-11-01T12:00:00Z"
            .to_owned()
    })
}

/// A stored expiry as a time for people.
pub(crate) fn print_expiry(expiry_ms: u64) -> String {
    let seconds = i64::try_from(expiry_ms / 1_000).unwrap_or(i64::MAX);
    time_text::print_time((seconds, (expiry_ms % 1_000) as u32 * 1_000_000))
}
