use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(tag = "one")]
    Started,
}

fn main() {}
