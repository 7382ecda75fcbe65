#[path = "../store.rs"]
mod store;
use store::{SessionKey, store};
fn main() {
    store::<SessionKey>().prefix((7u32,));
}
