use grainstore::Key;

#[derive(Key)]
enum Level {
    High = 2,
    Low = 1,
}

fn main() {}
