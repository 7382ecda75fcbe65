//! How values written under older versions of their schema become values of the current one.
//!
//! Every record says under which version of the schema its value was written. Where that is not
//! the store's, the bytes are decoded as the type they were then, by the same codec, and handed to
//! the function that the store was opened with for that version. Nothing is written by a read.
//! Holds no state but those functions; called from any thread, several at once.

use crate::codec::codec_error::CodecError;
use crate::codec::contract::Codec;
use crate::error::{Error, ErrorKind, Result};
use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;

/// Decodes a value of one old version and upgrades it.
type Upgrade<V, C> = dyn Fn(&C, &[u8]) -> Result<V, Failure> + Send + Sync;

/// Why a value could not be upgraded.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Its bytes are no value of the type it was, which is named.
    Decode(&'static str, CodecError),
    /// The function said no.
    Upgrade(Box<dyn StdError + Send + Sync>),
}

/// The schema of a store's values: its name, its version, and the ways up from older ones.
pub(crate) struct Migrations<V, C> {
    pub(crate) schema: String,
    pub(crate) version: u32,
    /// Values of versions from here on read as they are.
    readable_since: Option<u32>,
    upgrades: Vec<(u32, Box<Upgrade<V, C>>)>,
    /// A codec was named after migrations, which were for another one.
    misplaced: bool,
}

impl<V, C> Migrations<V, C> {
    pub(crate) fn none() -> Self {
        Self {
            schema: String::new(),
            version: 0,
            readable_since: None,
            upgrades: Vec::new(),
            misplaced: false,
        }
    }

    /// The same for another codec. Upgrades decode with the codec they were given for, so there
    /// must be none yet.
    pub(crate) fn for_codec<D>(self) -> Migrations<V, D> {
        Migrations {
            schema: self.schema,
            version: self.version,
            readable_since: self.readable_since,
            misplaced: self.misplaced || !self.upgrades.is_empty(),
            upgrades: Vec::new(),
        }
    }

    pub(crate) fn readable_since(&mut self, version: u32) {
        self.readable_since = Some(version);
    }

    pub(crate) fn add<Old, E>(
        &mut self,
        from: u32,
        upgrade: impl Fn(Old) -> Result<V, E> + Send + Sync + 'static,
    ) where
        C: Codec<Old>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let whole = move |codec: &C, bytes: &[u8]| {
            let old = codec.decode(bytes);
            let old = old.map_err(|error| Failure::Decode(type_name::<Old>(), error))?;
            upgrade(old).map_err(|error| Failure::Upgrade(error.into()))
        };
        self.upgrades.push((from, Box::new(whole)));
    }

    /// Refuses what cannot have been meant.
    pub(crate) fn check(&self, store: &str) -> Result<()> {
        let refuse = |text: String| {
            let text = format!("the store {store:?} cannot be opened: {text}");
            Err(Error::new(ErrorKind::InvalidInput, text))
        };
        if self.misplaced {
            let text = "its codec is named after its migrations, which decode with it; name the \
                        codec first";
            return refuse(text.to_owned());
        }
        let versions = self.upgrades.iter().map(|(from, _)| *from);
        if let Some(from) = versions
            .chain(self.readable_since)
            .find(|from| *from > self.version)
        {
            return refuse(format!(
                "there is a migration from version {from} of its values, but they are at version \
                 {}; set the version with `value_schema`",
                self.version
            ));
        }
        for (at, (from, _)) in self.upgrades.iter().enumerate() {
            let twice = self
                .upgrades
                .iter()
                .skip(at + 1)
                .any(|(other, _)| other == from);
            if twice || *from == self.version || self.reads(*from) {
                return refuse(format!(
                    "the migration from version {from} of its values has no use: there is another \
                     one, or values of that version are read as they are; remove it"
                ));
            }
        }
        Ok(())
    }

    /// True where values of the old version `from` read as they are.
    fn reads(&self, from: u32) -> bool {
        from < self.version && self.readable_since.is_some_and(|since| since <= from)
    }
}

impl<V, C: Codec<V>> Migrations<V, C> {
    /// The value that `bytes` are, written under version `from`, which is not the current one.
    /// `place` names store and key.
    #[cold]
    pub(crate) fn upgrade(
        &self,
        codec: &C,
        from: u32,
        bytes: &[u8],
        place: impl Fn() -> String,
    ) -> Result<V> {
        let outcome = match self.upgrades.iter().find(|(version, _)| *version == from) {
            Some((_, upgrade)) => upgrade(codec, bytes),
            None if self.reads(from) => {
                let decoded = codec.decode(bytes);
                decoded.map_err(|error| Failure::Decode(type_name::<V>(), error))
            }
            None => return Err(self.no_way_from(from, &place())),
        };
        outcome.map_err(|failure| {
            let (schema, version) = (self.printed_schema(), self.version);
            let (what, source): (_, Box<dyn StdError + Send + Sync>) = match failure {
                Failure::Decode(type_name, error) => {
                    let what =
                        format!("its value, of version {from} of {schema}, is no {type_name}");
                    (what, error.into())
                }
                Failure::Upgrade(error) => {
                    let what = format!(
                        "its value could not be migrated from version {from} to version {version} \
                         of {schema}"
                    );
                    (what, error)
                }
            };
            Error::caused(ErrorKind::Codec, format!("{}: {what}", place()), source)
        })
    }

    fn no_way_from(&self, from: u32, place: &str) -> Error {
        let (schema, version) = (self.printed_schema(), self.version);
        let text = if from > version {
            format!(
                "{place}: its value was written under version {from} of {schema}, and this store \
                 was opened at version {version}; open it at version {from} or later"
            )
        } else {
            format!(
                "{place}: its value was written under version {from} of {schema}, and this store, \
                 at version {version}, has no migration from there; open it with `.migrate({from}, \
                 ..)`, or with `.readable_since({from})` where such values read as {} as they are",
                type_name::<V>()
            )
        };
        Error::new(ErrorKind::SchemaMismatch, text)
    }

    /// The name of the schema, for texts.
    pub(crate) fn printed_schema(&self) -> String {
        match self.schema.as_str() {
            "" => "its schema".to_owned(),
            name => format!("the schema {name:?}"),
        }
    }
}

impl<V, C> fmt::Debug for Migrations<V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from: Vec<u32> = self.upgrades.iter().map(|(from, _)| *from).collect();
        f.debug_struct("Migrations")
            .field("schema", &self.schema)
            .field("version", &self.version)
            .field("readable_since", &self.readable_since)
            .field("from", &from)
            .finish()
    }
}
