use grainstore::{GrainStore, Index};

fn main() {}

fn wrong(users: &GrainStore<u64, (String, u32)>) {
    let by_name = Index::one("by_name", |user: &(String, u32)| user.0.clone());
    let _ = users.by(&by_name).get(&7u32);
}
