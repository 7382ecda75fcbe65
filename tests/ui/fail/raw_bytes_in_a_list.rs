#[path = "../store.rs"]
mod store;
use grainstore::key::RawBytes;
use store::store;

fn main() {
    store::<Vec<RawBytes>>();
}
