use grainstore::Key;

#[derive(Key)]
struct Tree {
    name: String,
    children: Branches,
}

#[derive(Key)]
struct Branches(Vec<Tree>);

fn main() {}
