#[path = "../store.rs"]
mod store;
use store::{SessionKey, store};
fn main() {
    store::<SessionKey>().get(&7u32);
}
