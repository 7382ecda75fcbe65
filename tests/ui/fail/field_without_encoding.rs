use grainstore::Key;

struct Inner;

#[derive(Key)]
struct Outer {
    inner: Option<Inner>,
}

fn main() {}
