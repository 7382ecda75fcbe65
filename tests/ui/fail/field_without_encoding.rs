use grainstore::Key;

struct Inner;

#[derive(Key)]
struct Outer {
    inner: (Inner, u8),
}

fn main() {}
