use grainstore::Key;

#[derive(Key)]
struct Borrowed<'a> {
    tenant: &'a str,
    user: u64,
}

fn main() {}
