use grainstore::Key;

#[derive(Key)]
#[key(reserved(1))]
struct Event {
    at: u64,
}

fn main() {}
