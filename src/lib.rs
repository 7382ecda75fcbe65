//! A typed record store on its own embedded LSM engine.

// The code that the derive writes names this crate from within it, too.
#[allow(unused_extern_crates)] // used where a test of this crate derives
extern crate self as grainstore;

pub mod clock;
pub mod codec;
pub mod engine;
mod error;
mod format;
pub mod fs;
pub mod key;
mod manifest;
mod memtable;
mod store;
mod sync;
mod table;
mod wal;

#[cfg(feature = "bincode")]
pub use codec::Bincode;
#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "msgpack")]
pub use codec::MessagePack;
pub use codec::{Codec, CodecError, Raw};
pub use engine::{Background, BlockCompression, Durability, Snapshot};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "derive")]
pub use grainstore_derive::Key;
pub use key::Key;
pub use store::PageCursor as Cursor;
pub use store::{
    Batch, BatchStore, BytesPairs, BytesStore, Change, Db, DbBuilder, DefaultCodec, Entry, Expiry,
    GrainStore, If, Keys, Lazy, LazyEntries, Page, Query, StoreAt, StoreBuilder, Ttl, U32Pairs,
    U32Store, Values, Version, Versioned,
};
