use grainstore::Key;

#[derive(Key)]
enum Tree {
    Leaf,
    Node(Box<Tree>, Box<Tree>),
}

fn main() {}
