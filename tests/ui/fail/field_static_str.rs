use grainstore::Key;

#[derive(Key)]
struct Static {
    tenant: &'static str,
    user: &'static [u8],
}

fn main() {}
