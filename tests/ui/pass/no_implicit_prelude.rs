//! The derive names nothing that the prelude brings.

#![no_implicit_prelude]

#[derive(::grainstore::Key)]
#[key(prefixes)]
pub struct Named<T> {
    pub tenant: ::std::string::String,
    #[key(desc)]
    pub id: T,
}

#[derive(::grainstore::Key)]
pub struct Tuple(pub u8, #[key(desc)] pub ::std::option::Option<u16>);

#[derive(::grainstore::Key)]
pub struct Unit;

#[derive(::grainstore::Key)]
#[key(reserved(9), prefixes)]
pub enum Event {
    #[key(tag = 1)]
    Started,
    #[key(tag = 300)]
    Moved { from: u8, #[key(desc)] to: u8 },
    #[key(tag = 301)]
    Said(::std::vec::Vec<u8>),
}

fn main() {}
