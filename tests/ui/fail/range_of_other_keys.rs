#[path = "../store.rs"]
mod store;
use store::{SessionKey, store};
fn main() {
    store::<SessionKey>().range(1u64..2);
}
