#[path = "../store.rs"]
mod store;
use grainstore::Key;
use store::store;

#[derive(Key)]
struct Scoped<T> {
    scope: String,
    id: T,
}

fn main() {
    store::<Scoped<std::collections::HashMap<u8, u8>>>();
}
