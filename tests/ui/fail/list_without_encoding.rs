use grainstore::Key;

struct Inner;

#[derive(Key)]
enum Outer {
    Many(Vec<Inner>),
}

fn main() {}
