#[path = "../store.rs"]
mod store;
use store::store;

fn main() {
    store::<String>().prefix(("a",));
}
