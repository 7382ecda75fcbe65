use grainstore::Key;

#[derive(Key)]
enum Never {}

fn main() {}
