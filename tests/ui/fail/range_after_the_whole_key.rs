#[path = "../store.rs"]
mod store;
use store::{SessionKey, store};
fn main() {
    store::<SessionKey>().prefix(("acme", 7)).range(1..2);
}
