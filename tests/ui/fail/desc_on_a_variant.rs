use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(desc)]
    Started,
}

fn main() {}
