//! What a history does to an indexed store, as plain data, and histories by chance.

use crate::generate::drawn;
use grainstore::Key;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// The key of an account.
#[derive(Key, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountKey {
    pub tenant: u8,
    pub id: u16,
}

/// An account: indexed by city (one key), by tags (any number), by email (unique, may be none).
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub city: String,
    pub tags: Vec<u16>,
    pub email: Option<String>,
    pub filler: Vec<u8>,
}

pub const TENANTS: u8 = 3;
pub const IDS: u16 = 5;
pub const EMAILS: u8 = 6;
/// The empty text, texts that begin one another, a NUL within.
pub const CITIES: [&str; 5] = ["", "a", "a\0", "ab", "ü"];

pub fn email(number: u8) -> String {
    ["", "e", "e\0e", "ee", "eee", "\u{1}"][usize::from(number % EMAILS)].to_owned()
}

/// A lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Default,
    Never,
    After(u64),
    Keep,
}

/// The condition of a write, in terms of what is there when it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Absent,
    Present,
    Current,
    Stale,
}

/// What an update does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeTo {
    Put(Account),
    PutWith(Account, Lifetime),
    Delete,
    Nothing,
}

/// A write that a batch can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    Put(AccountKey, Account, Lifetime),
    PutIf(AccountKey, Account, Condition, Lifetime),
    Delete(AccountKey),
    DeleteIf(AccountKey, Condition),
    Require(AccountKey, Condition),
    DeleteTenant(u8),
    /// From the first to the second, both included.
    DeleteRange(AccountKey, AccountKey),
}

/// How a database is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    Close,
    Kill,
    /// The indexes are let go and built anew at the next opening.
    Rebuild,
}

/// One operation of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    Write(Write),
    Batch(Vec<Write>),
    Update(AccountKey, ChangeTo),
    Take(AccountKey),
    Touch(AccountKey, Lifetime),
    ClockStep(u64),
    Snapshot,
    Flush,
    Compact,
    Reopen(Leave),
}

fn key() -> impl Strategy<Value = AccountKey> {
    (0..TENANTS, 0..IDS).prop_map(|(tenant, id)| AccountKey { tenant, id })
}

fn account() -> impl Strategy<Value = Account> {
    let email = prop_oneof![
        2 => Just(None),
        5 => (0..EMAILS).prop_map(|number| Some(email(number))),
    ];
    let (city, tags) = (0..CITIES.len(), vec(0..5u16, 0..4));
    let filler = prop_oneof![4 => 0..40usize, 1 => 200..700usize];
    (city, tags, email, filler).prop_map(|(city, tags, email, filler)| Account {
        city: CITIES[city].to_owned(),
        tags,
        email,
        filler: vec![7; filler],
    })
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![
        3 => Just(Lifetime::Default),
        2 => Just(Lifetime::Never),
        5 => (1..60u64).prop_map(Lifetime::After),
        1 => Just(Lifetime::After(0)),
        4 => Just(Lifetime::Keep),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        2 => Just(Condition::Absent),
        2 => Just(Condition::Present),
        2 => Just(Condition::Current),
        1 => Just(Condition::Stale),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        12 => (key(), account(), lifetime()).prop_map(|(k, a, t)| Write::Put(k, a, t)),
        5 => (key(), account(), condition(), lifetime())
            .prop_map(|(k, a, c, t)| Write::PutIf(k, a, c, t)),
        4 => key().prop_map(Write::Delete),
        2 => (key(), condition()).prop_map(|(k, c)| Write::DeleteIf(k, c)),
        1 => (key(), condition()).prop_map(|(k, c)| Write::Require(k, c)),
        1 => (0..TENANTS).prop_map(Write::DeleteTenant),
        1 => (key(), key()).prop_map(|(from, to)| Write::DeleteRange(from, to)),
    ]
}

fn change() -> impl Strategy<Value = ChangeTo> {
    prop_oneof![
        3 => account().prop_map(ChangeTo::Put),
        2 => (account(), lifetime()).prop_map(|(a, t)| ChangeTo::PutWith(a, t)),
        1 => Just(ChangeTo::Delete),
        1 => Just(ChangeTo::Nothing),
    ]
}

/// One operation.
pub fn operation() -> impl Strategy<Value = Operation> {
    let leave = prop_oneof![Just(Leave::Close), Just(Leave::Kill), Just(Leave::Rebuild)];
    prop_oneof![
        30 => write().prop_map(Operation::Write),
        10 => vec(write(), 1..7).prop_map(Operation::Batch),
        5 => (key(), change()).prop_map(|(k, c)| Operation::Update(k, c)),
        3 => key().prop_map(Operation::Take),
        4 => (key(), lifetime()).prop_map(|(k, t)| Operation::Touch(k, t)),
        5 => (1..40u64).prop_map(Operation::ClockStep),
        2 => Just(Operation::Snapshot),
        2 => Just(Operation::Flush),
        1 => Just(Operation::Compact),
        1 => leave.prop_map(Operation::Reopen),
    ]
}

/// A history of fewer than `operations`.
pub fn history(operations: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..operations)
}

/// `count` operations for `seed`.
#[must_use]
pub fn operations(seed: u64, count: usize) -> Vec<Operation> {
    drawn(seed, vec(operation(), count))
}
