//! Names that meet those the derive uses, and traits and methods that could catch its calls.

use grainstore::Key;

trait Encode {
    fn encode(&self, _: u8) {}
    fn decode(_: u8) {}
    fn shape() {}
    fn schema() {}
    fn push(&self) {}
    fn len(&self) {}
}
impl<T: ?Sized> Encode for T {}

#[derive(Key, Clone, Debug, PartialEq)]
struct Fields {
    o: u8,
    out: u8,
    self_: u8,
    reader: u8,
    __grain_out: u8,
    __grain_reader: u8,
    key: Inner,
}

impl Fields {
    #[allow(dead_code)]
    fn encode(&self) {}
    #[allow(dead_code)]
    fn decode() {}
    #[allow(dead_code)]
    fn shape() {}
}

#[derive(Key, Clone, Debug, PartialEq)]
enum Inner {
    Ok(u8),
    Err { offset: u8, __grain_0: u8, __grain_out: u8 },
    Some(Result),
    None,
}

#[derive(Key, Clone, Debug, PartialEq)]
struct Result;

#[derive(Key, Clone, Debug, PartialEq)]
#[allow(dead_code)]
struct Vec(String);

#[derive(Key, Clone, Debug, PartialEq)]
struct String(u8);

mod core {}
mod std {}
mod key {}

fn main() {
    let key = Inner::Err { offset: 1, __grain_0: 2, __grain_out: 3 };
    let (o, out, self_, reader) = (1, 2, 3, 4);
    let fields = Fields { o, out, self_, reader, __grain_out: 5, __grain_reader: 6, key };
    assert_eq!(fields.encode_key(), [1, 2, 3, 4, 5, 6, 1, 1, 2, 3]);
    assert!(Fields::decode_key(&fields.encode_key()).is_ok_and(|read| read == fields));
}
