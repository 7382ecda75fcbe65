//! The typed stores as async methods, on tokio.
//!
//! [`AsyncStore`] is a [`GrainStore`](crate::GrainStore) whose methods are futures, [`AsyncQuery`]
//! a query that is read as a stream or in pages, [`AsyncDb`] opens, commits and maintains. What
//! waits for the disk runs on the runtime's threads for blocking work, so that no thread of the
//! runtime ever waits; keys are encoded where the call is made. Any task may use any of them.
//!
//! *Cancelling.* A read that is dropped has read for nothing. A write that is dropped once it was
//! polled commits all the same, whole: what a dropped future leaves open is only whether its
//! caller knows.
//!
//! *Cost.* A call takes a trip to another thread, some microseconds; where a store fits in memory
//! and every nanosecond counts, call the store itself. Streams make one trip for many rows.

pub(crate) mod async_db;
pub(crate) mod async_query;
pub(crate) mod async_store;
pub(crate) mod encoded_key;
pub(crate) mod rows;

pub use async_db::AsyncDb;
pub use async_query::AsyncQuery;
pub use async_store::AsyncStore;
pub use rows::Rows;
