use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(tag = 1)]
    Started,
    #[key(tag = 2)]
    Moved,
    #[key(tag = 1)]
    Stopped,
}

fn main() {}
