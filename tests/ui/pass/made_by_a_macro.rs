//! Items whose parts a macro puts in.

use grainstore::Key;

macro_rules! key {
    ($name:ident, $field:ident: $ty:ty, $generic:ident) => {
        #[derive(Key, Clone, Debug, PartialEq)]
        #[key(prefixes)]
        struct $name<$generic> {
            $field: $ty,
            #[key(desc)]
            rest: $generic,
        }
    };
}

macro_rules! events {
    ($name:ident: $($variant:ident($ty:ty) = $tag:literal),*) => {
        #[derive(Key, Clone, Debug, PartialEq)]
        enum $name {
            $(#[key(tag = $tag)] $variant($ty)),*
        }
    };
}

key!(Made, tenant: String, T);
key!(Borrowed, out: (Vec<u8>, u8), Q);
events!(Event: Started(u8) = 3, Moved(Made<u16>) = 250);

fn main() {
    let made = Made { tenant: "a".into(), rest: 1u16 };
    let event = Event::Moved(made);
    assert_eq!(Event::decode_key(&event.encode_key()), Ok(event));
    assert_eq!(Made::<u8>::by_tenant("a").as_bytes(), b"a\0");
    let key = Borrowed { out: (vec![], 7), rest: 1u8 };
    assert_eq!(key.encode_key(), [0, 7, 0xFE]);
}
