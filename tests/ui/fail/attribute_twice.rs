use grainstore::Key;

#[derive(Key)]
struct Event {
    #[key(desc, desc)]
    at: u64,
}

fn main() {}
