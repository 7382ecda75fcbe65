#[path = "../store.rs"]
mod store;
use grainstore::Key;
use store::store;

struct Foreign;

mod foreign {
    use grainstore::key::{KeyError, KeyReader, Shape};

    pub fn encode(_: &super::Foreign, _: &mut Vec<u8>) {}
    pub fn decode(_: &mut KeyReader<'_>) -> Result<super::Foreign, KeyError> {
        Ok(super::Foreign)
    }
    pub fn shape() -> Shape {
        Shape::custom("foreign")
    }
}

#[derive(Key)]
struct Logged {
    name: String,
    #[key(with = "foreign")]
    at: Foreign,
}

fn main() {
    store::<Logged>().prefix(("a",)).range(1..2);
}
