//! Parameters, defaults, clauses, and bounds of one's own.

use std::fmt::Debug;
use std::marker::PhantomData;

use grainstore::Key;
use grainstore::key::{KeyPart, KeyPrefix};

#[derive(Key, Clone, Debug, PartialEq)]
struct Defaulted<A: Clone = u8, const N: usize = 2>
where
    A: Debug,
{
    first: Vec<A>,
    second: [A; N],
}

/// Not a key itself; only its marker stands in the key.
#[derive(Clone, Debug, PartialEq)]
struct Kind;

#[derive(Key, Clone, Debug, PartialEq)]
struct Id<T> {
    number: u64,
    kind: PhantomData<T>,
}

trait Named {
    type Name: KeyPart;
}

#[derive(Key)]
#[key(bound = "T: Named")]
struct ByName<T: Named> {
    name: T::Name,
}

struct Ship;
impl Named for Ship {
    type Name = String;
}

#[derive(Key, Clone, Debug, PartialEq)]
enum Either<A, B> {
    Left(A),
    Right { at: B },
}

fn is_key<K: Key>() -> String {
    K::schema()
}

fn next<K: Key, P: KeyPrefix<K, Next = N>, N>(_: P) {}

fn in_generic_code<T: KeyPart>() -> String {
    is_key::<Either<T, Id<Kind>>>()
}

fn main() {
    assert_eq!(is_key::<Defaulted>(), "k1:{bytes,array(u8,2)}");
    assert_eq!(is_key::<Id<Kind>>(), "k1:u64");
    assert_eq!(is_key::<ByName<Ship>>(), "k1:str");
    assert_eq!(in_generic_code::<bool>(), "k1:enum{0:bool,1:u64}");
    next::<ByName<Ship>, _, String>(());
    next::<Defaulted, _, [u8; 2]>((vec![1u8],));
    next::<Either<u8, u8>, _, Either<u8, u8>>(());
    let key = Id::<Kind> { number: 7, kind: PhantomData };
    assert_eq!(Id::decode_key(&key.encode_key()), Ok(key));
}
