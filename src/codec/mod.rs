//! Codecs between values and bytes.
//!
//! A store turns its values into bytes with one [`Codec`] and remembers which. Four come with the
//! crate, each behind a feature of its name except [`Raw`]:
//!
//! | codec | old bytes under a changed type | for |
//! |---|---|---|
//! | [`MessagePack`] (default) | added, dropped, reordered fields read | state that lives long |
//! | [`Json`] | as MessagePack | reading by eye, export |
//! | [`Bincode`] | error or **silently wrong** | small fast values of frozen types |
//! | [`Raw`] | bytes are bytes | blobs, text, formats of your own |
//!
//! What they promise beyond the libraries they rest on: a value that would not come back equal is
//! refused when it is written wherever that can be seen; all bytes must be used; damaged or hostile
//! bytes are an error, never a panic, an exhausted stack, an endless loop or memory that the bytes
//! at hand do not justify. Implementing [`Codec`] for a type of your own opens the list;
//! [`conformance`] tests it.
//!
//! Codecs are called from any thread and hold no state. They detect no bit rot: checksums are kept
//! by the engine below the store.

#[cfg(any(feature = "msgpack", feature = "bincode", feature = "json"))]
pub(crate) mod bounded_deserializer;
#[cfg(any(feature = "msgpack", feature = "bincode", feature = "json"))]
pub(crate) mod bounded_serializer;
#[cfg(any(feature = "msgpack", feature = "bincode", feature = "json"))]
pub(crate) mod bounds;

#[cfg(feature = "bincode")]
pub(crate) mod bincode_standard;
pub(crate) mod codec_error;
pub mod conformance;
pub(crate) mod contract;
#[cfg(feature = "json")]
pub(crate) mod json;
#[cfg(feature = "msgpack")]
pub(crate) mod message_pack;
pub(crate) mod raw;

#[cfg(feature = "bincode")]
pub use bincode_standard::Bincode;
pub use codec_error::CodecError;
pub use contract::Codec;
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "msgpack")]
pub use message_pack::MessagePack;
pub use raw::Raw;
