//! A codec of one's own: postcard, with the promises that a store asks of its codecs.
//!
//! ```text
//! cargo run --release --example postcard_codec
//! ```
//!
//! postcard is small and quick, and knows its fields by their place alone. So like `Bincode` it is
//! for types that stay as they are; when one changes, give it a new version (`schema_migration`).
//! It has no bound on depth either: a type that contains itself wants one of the crate's codecs.

// An example is a program: it talks to the terminal and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::codec::{Codec, CodecError, conformance};
use grainstore::{Db, GrainStore, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::Path;

/// postcard 1, for every type with `Serialize` and `Deserialize`.
#[derive(Clone, Copy, Debug, Default)]
struct Postcard;

/// The name of the bytes, kept with every store; it changes when they do.
const ID: &str = "postcard/1";

/// A limit of this program: its values are small, and what is larger is a mistake.
const VALUE_BYTES_MAX: usize = 64 << 10;

impl<V: Serialize + DeserializeOwned> Codec<V> for Postcard {
    const ID: &'static str = ID;

    fn encode(&self, value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let bytes = postcard::to_allocvec(value).map_err(|error| {
            CodecError::encoding(ID, "the value has no such form").caused_by(error)
        })?;
        if bytes.len() > VALUE_BYTES_MAX {
            let text = format!("{} bytes, of {VALUE_BYTES_MAX} at most", bytes.len());
            return Err(CodecError::encoding(ID, text));
        }
        // Last, so that `out` is as it was where something has failed.
        out.extend_from_slice(&bytes);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<V, CodecError> {
        if bytes.len() > VALUE_BYTES_MAX {
            let text = format!("{} bytes, of {VALUE_BYTES_MAX} at most", bytes.len());
            return Err(CodecError::decoding(ID, text));
        }
        // It reads from a slice, so a length that is only claimed cannot be taken from it; and
        // serde reserves no more than a megabyte ahead.
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| {
            CodecError::decoding(ID, "the bytes are no such value").caused_by(error)
        })?;
        if rest.is_empty() {
            return Ok(value);
        }
        let used = bytes.len() - rest.len();
        Err(CodecError::decoding(ID, "bytes are left over after the value").at(used))
    }
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Step {
    Rest,
    Walk { x: i32, y: i32 },
    Say(String),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, y) = (-7, 300);
    let steps = [Step::Rest, Step::Walk { x, y }, Step::Say("hi".into())];
    conformance::check(&Postcard, &steps)?;
    conformance::check(&Postcard, &[Some(None::<u8>), Some(Some(7)), None])?;
    conformance::check(&Postcard, &[steps.to_vec()])?;
    println!("the codec keeps the rules, as far as trying shows");

    let name = format!("grainstore-postcard-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = run(&folder, &steps);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(outcome?)
}

fn run(folder: &Path, steps: &[Step]) -> Result<()> {
    let db = Db::open(folder)?;
    let store: GrainStore<u32, Step, Postcard> = db.store_with("steps", Postcard)?;
    for (key, step) in (0..).zip(steps) {
        store.put(&key, step)?;
    }
    for entry in store.iter().lazy() {
        let entry = entry?;
        println!(
            "  {}: {:?} in {:x?}",
            entry.key,
            entry.value.decode()?,
            entry.value.raw()?
        );
    }
    let long = Step::Say("ha".repeat(VALUE_BYTES_MAX));
    if let Err(refused) = store.put(&9, &long) {
        println!("too long a joke: {refused}");
    }
    // Under another codec the store does not open, instead of being misread.
    if let Err(refused) = db.store::<u32, Step>("steps") {
        println!("as MessagePack: {refused}");
    }
    db.close()
}
