use grainstore::Key;

#[derive(Key)]
#[key(reserved(3, 5))]
enum Event {
    #[key(tag = 1)]
    Started,
    #[key(tag = 5)]
    Moved,
}

fn main() {}
