use grainstore::Key;

#[derive(Key)]
#[key(reserved(1))]
enum Event {
    Started,
    Moved,
}

fn main() {}
