//! The library's formats, as far as the modelled parts read them.

#[path = "../../src/format/block.rs"]
pub(crate) mod block;
#[path = "../../src/format/block_buckets.rs"]
pub(crate) mod block_buckets;
#[path = "../../src/format/block_lookup.rs"]
pub(crate) mod block_lookup;
#[path = "../../src/format/block_spans.rs"]
pub(crate) mod block_spans;
#[path = "../../src/format/bytes.rs"]
pub(crate) mod bytes;
#[path = "../../src/format/damage.rs"]
pub(crate) mod damage;
#[path = "../../src/format/entry.rs"]
pub(crate) mod entry;
#[path = "../../src/format/guided_search.rs"]
pub(crate) mod guided_search;
#[path = "../../src/format/prefetch.rs"]
pub(crate) mod prefetch;
#[path = "../../src/format/range_tombstones.rs"]
pub(crate) mod range_tombstones;
