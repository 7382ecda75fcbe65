use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(tag = 1)]
    Started,
    #[key(tag = 9)]
    Moved,
    #[key(tag = 4)]
    Stopped,
}

fn main() {}
