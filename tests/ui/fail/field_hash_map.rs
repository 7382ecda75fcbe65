use grainstore::Key;
use std::collections::HashMap;

#[derive(Key)]
struct Tagged {
    name: String,
    tags: HashMap<String, u32>,
}

fn main() {}
