use grainstore::Key;
use grainstore::key::RawBytes;

#[derive(Key)]
struct Blob {
    owner: u32,
    name: RawBytes,
}

fn main() {}
