//! What can be done to a database of typed stores, as plain data.
//!
//! Three stores: visits (a derived key of three parts, the last descending; MessagePack), counts
//! (numbers under numbers) and blobs (bytes under bytes). Keys and values are named by small
//! numbers.

use grainstore::Key;
use grainstore_proof::operation::{KeyName, Leave, ValueSpec};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt;

/// The key of a visit.
#[derive(Key, Clone, Debug, PartialEq, Eq)]
pub struct VisitKey {
    pub tenant: String,
    pub user: u32,
    #[key(desc)]
    pub at: u64,
}

/// A visit.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Visit {
    pub note: String,
    pub hits: u32,
    pub tags: Vec<u8>,
}

/// A visit's key in the order that the store keeps.
pub type VisitOrder = (String, u32, Reverse<u64>);

impl VisitKey {
    pub fn order(&self) -> VisitOrder {
        (self.tenant.clone(), self.user, Reverse(self.at))
    }
}

pub const TENANTS: u8 = 6;

/// The name of a visit's key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VisitName {
    pub tenant: u8,
    pub user: u8,
    pub at: u8,
}

impl fmt::Debug for VisitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.tenant, self.user, self.at)
    }
}

/// A tenant by number: the empty text, texts that begin one another, a NUL within, a long one.
pub fn tenant(name: u8) -> String {
    let texts = ["", "a", "a\0b", "ab", "ü", &"long".repeat(60)];
    texts[usize::from(name % TENANTS)].to_owned()
}

pub fn user(name: u8) -> u32 {
    [0, 1, 255, 256, u32::MAX][usize::from(name % 5)]
}

pub fn at(name: u8) -> u64 {
    [0, 1, 1_000, u64::MAX][usize::from(name % 4)]
}

impl VisitName {
    pub fn key(self) -> VisitKey {
        let (tenant, user, at) = (tenant(self.tenant), user(self.user), at(self.at));
        VisitKey { tenant, user, at }
    }
}

/// A visit by the length of its parts.
pub fn visit(spec: ValueSpec) -> Visit {
    Visit {
        note: "n".repeat(usize::from(spec.fill)),
        hits: u32::from(spec.fill),
        tags: spec.bytes(),
    }
}

/// A lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Default,
    Never,
    After(u64),
    /// So many ms from now, or before it.
    At(i64),
    Keep,
}

/// The condition of a write, in terms of what is there when it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Absent,
    Present,
    /// The version that is there; one that was never given where there is none.
    Current,
    /// The last version that the key had before the one it has.
    Stale,
}

/// What an update does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSpec {
    Put(ValueSpec),
    Delete,
    Nothing,
}

/// A write of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchWrite {
    PutVisit(VisitName, ValueSpec, Lifetime),
    DeleteVisit(VisitName),
    DeleteTenant(u8),
    PutCount(u8, u32, Lifetime),
    DeleteCount(u8),
    PutBlob(KeyName, ValueSpec, Lifetime),
    DeleteBlob(KeyName),
}

/// Which visits a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Keys from the first to the second, the flag: with it.
    Range(VisitName, VisitName, bool),
    TenantStarts(u8),
    /// One tenant, perhaps with users between two, the second included.
    Tenant(u8, Option<(u8, u8)>),
    /// One user of a tenant, perhaps with times between two, the second not included.
    User(u8, u8, Option<(u8, u8)>),
}

/// How a query is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Entries,
    Keys,
    Values,
    Lazy,
    Count,
    /// Page by page.
    Pages(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuerySpec {
    pub scope: Scope,
    pub form: Form,
    pub reversed: bool,
    pub limit: Option<u8>,
}

/// One operation on a database of stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOperation {
    Put(VisitName, ValueSpec),
    PutWith(VisitName, ValueSpec, Lifetime),
    PutIf(VisitName, ValueSpec, Condition),
    DeleteIf(VisitName, Condition),
    Update(VisitName, ChangeSpec),
    Touch(VisitName, Lifetime),
    Persist(VisitName),
    Take(VisitName),
    Delete(VisitName),
    /// By the first 0, 1 or 2 parts of the key.
    DeletePrefix(VisitName, u8),
    Batch(Vec<BatchWrite>),
    PutCount(u8, u32, Lifetime),
    AddCount(u8, u32),
    DeleteCount(u8),
    PutBlob(KeyName, ValueSpec, Lifetime),
    DeleteBlob(KeyName),
    DeleteBlobs(KeyName, u8),
    TouchBlob(KeyName, Lifetime),
    Query(QuerySpec),
    GetMany(Vec<VisitName>),
    Snapshot,
    QuerySnapshot(u8, QuerySpec),
    Release(u8),
    Flush,
    Compact,
    DueWork,
    ClockStep(u64),
    Reopen(Leave, u8),
}

pub const STORE_KINDS: [&str; 22] = [
    "put",
    "put with TTL",
    "put if",
    "delete if",
    "update",
    "touch",
    "take",
    "delete",
    "delete prefix",
    "batch",
    "count",
    "blob",
    "blob delete",
    "query",
    "get many",
    "snapshot",
    "query snapshot",
    "release",
    "flush",
    "compact",
    "clock step",
    "reopen",
];

impl StoreOperation {
    /// Its kind, an index into [`STORE_KINDS`].
    pub fn kind(&self) -> usize {
        match self {
            Self::Put(..) => 0,
            Self::PutWith(..) => 1,
            Self::PutIf(..) => 2,
            Self::DeleteIf(..) => 3,
            Self::Update(..) => 4,
            Self::Touch(..) | Self::Persist(..) => 5,
            Self::Take(..) => 6,
            Self::Delete(..) => 7,
            Self::DeletePrefix(..) => 8,
            Self::Batch(..) => 9,
            Self::PutCount(..) | Self::AddCount(..) | Self::DeleteCount(..) => 10,
            Self::PutBlob(..) | Self::TouchBlob(..) => 11,
            Self::DeleteBlob(..) | Self::DeleteBlobs(..) => 12,
            Self::Query(..) => 13,
            Self::GetMany(..) => 14,
            Self::Snapshot => 15,
            Self::QuerySnapshot(..) => 16,
            Self::Release(..) => 17,
            Self::Flush => 18,
            Self::Compact | Self::DueWork => 19,
            Self::ClockStep(..) => 20,
            Self::Reopen(..) => 21,
        }
    }
}
