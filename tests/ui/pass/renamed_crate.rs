//! The crate is found where the attribute says.

mod facade {
    pub use grainstore as store;
}

mod grainstore_elsewhere {
    // Shadows the crate, so that a path to `grainstore` from here would not find it.
    #[allow(unused)]
    mod grainstore {}

    #[derive(crate::facade::store::Key)]
    #[key(crate = "crate::facade::store", prefixes)]
    pub struct Quoted {
        pub tenant: String,
        #[key(desc)]
        pub id: u64,
    }

    #[derive(crate::facade::store::Key)]
    #[key(crate = crate::facade::store)]
    pub enum Plain {
        A(Quoted),
        B,
    }
}

fn main() {}
