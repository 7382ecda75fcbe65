use grainstore::Key;

#[derive(Key)]
#[key(prefix)]
struct Event {
    #[key(dsc)]
    at: u64,
    #[key(rename = "x")]
    name: String,
}

fn main() {}
