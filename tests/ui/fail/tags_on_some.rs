use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(tag = 1)]
    Started,
    Moved,
    Stopped,
}

fn main() {}
