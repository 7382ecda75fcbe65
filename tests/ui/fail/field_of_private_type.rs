use grainstore::Key;

mod hidden {
    #[derive(grainstore::Key)]
    pub enum Fine {
        Only,
    }
}

#[derive(Key)]
enum Kind {
    Only,
}

#[derive(Key)]
pub struct WithFine {
    kind: hidden::Fine,
}

#[derive(Key)]
pub struct Public {
    kind: Kind,
}

fn main() {}
