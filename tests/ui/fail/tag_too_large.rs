use grainstore::Key;

#[derive(Key)]
enum Event {
    #[key(tag = 4336)]
    Started,
}

fn main() {}
