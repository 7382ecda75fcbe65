use grainstore::Key;

#[derive(Key)]
struct Row {
    table: String,
    number: usize,
    column: isize,
}

fn main() {}
