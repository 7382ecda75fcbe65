use grainstore::Key;

#[derive(Key)]
struct Event {
    #[key(tag = 1)]
    at: u64,
}

fn main() {}
