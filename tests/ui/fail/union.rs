use grainstore::Key;

#[derive(Key)]
union Either {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
