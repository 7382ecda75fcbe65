//! Histories of typed stores by chance.

use super::store_operation::{
    BatchWrite, ChangeSpec, Condition, Form, Lifetime, QuerySpec, Scope, StoreOperation, TENANTS,
    VisitName,
};
use grainstore_proof::generate::key;
use grainstore_proof::operation::{Leave, ValueSpec};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn visit_name() -> impl Strategy<Value = VisitName> {
    (0..TENANTS, 0..5u8, 0..4u8).prop_map(|(tenant, user, at)| VisitName { tenant, user, at })
}

fn value() -> impl Strategy<Value = ValueSpec> {
    let len = prop_oneof![2 => Just(0), 8 => 1..300u32, 2 => 300..3000u32];
    (len, any::<u8>()).prop_map(|(len, fill)| ValueSpec { len, fill })
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![
        2 => Just(Lifetime::Default),
        2 => Just(Lifetime::Never),
        4 => (1..500u64).prop_map(Lifetime::After),
        1 => Just(Lifetime::After(0)),
        2 => (-20..400i64).prop_map(Lifetime::At),
        3 => Just(Lifetime::Keep),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        Just(Condition::Absent),
        Just(Condition::Present),
        Just(Condition::Current),
        Just(Condition::Stale),
    ]
}

fn change() -> impl Strategy<Value = ChangeSpec> {
    prop_oneof![
        3 => value().prop_map(ChangeSpec::Put),
        1 => Just(ChangeSpec::Delete),
        1 => Just(ChangeSpec::Nothing),
    ]
}

fn batch_write() -> impl Strategy<Value = BatchWrite> {
    prop_oneof![
        4 => (visit_name(), value(), lifetime())
            .prop_map(|(k, v, t)| BatchWrite::PutVisit(k, v, t)),
        2 => visit_name().prop_map(BatchWrite::DeleteVisit),
        1 => (0..TENANTS).prop_map(BatchWrite::DeleteTenant),
        2 => (0..8u8, any::<u32>(), lifetime()).prop_map(|(k, v, t)| BatchWrite::PutCount(k, v, t)),
        1 => (0..8u8).prop_map(BatchWrite::DeleteCount),
        2 => (key(), value(), lifetime()).prop_map(|(k, v, t)| BatchWrite::PutBlob(k, v, t)),
        1 => key().prop_map(BatchWrite::DeleteBlob),
    ]
}

fn query() -> impl Strategy<Value = QuerySpec> {
    let scope = prop_oneof![
        Just(Scope::All),
        (visit_name(), visit_name(), any::<bool>())
            .prop_map(|(a, b, with)| Scope::Range(a, b, with)),
        (0..TENANTS).prop_map(Scope::TenantStarts),
        (0..TENANTS, option::of((0..5u8, 0..5u8))).prop_map(|(t, users)| Scope::Tenant(t, users)),
        (0..TENANTS, 0..5u8, option::of((0..4u8, 0..4u8)))
            .prop_map(|(t, user, times)| Scope::User(t, user, times)),
    ];
    let form = prop_oneof![
        Just(Form::Entries),
        Just(Form::Keys),
        Just(Form::Values),
        Just(Form::Lazy),
        Just(Form::Count),
        (1..6u8).prop_map(Form::Pages),
    ];
    let limit = option::weighted(0.3, 0..12u8);
    (scope, form, any::<bool>(), limit).prop_map(|(scope, form, reversed, limit)| QuerySpec {
        scope,
        form,
        reversed,
        limit,
    })
}

fn visit_write() -> impl Strategy<Value = StoreOperation> {
    use StoreOperation as Op;
    prop_oneof![
        6 => (visit_name(), value()).prop_map(|(k, v)| Op::Put(k, v)),
        7 => (visit_name(), value(), lifetime()).prop_map(|(k, v, t)| Op::PutWith(k, v, t)),
        4 => (visit_name(), value(), condition()).prop_map(|(k, v, c)| Op::PutIf(k, v, c)),
        3 => (visit_name(), condition()).prop_map(|(k, c)| Op::DeleteIf(k, c)),
        4 => (visit_name(), change()).prop_map(|(k, c)| Op::Update(k, c)),
        3 => (visit_name(), lifetime()).prop_map(|(k, t)| Op::Touch(k, t)),
        1 => visit_name().prop_map(Op::Persist),
        3 => visit_name().prop_map(Op::Take),
        3 => visit_name().prop_map(Op::Delete),
        3 => (visit_name(), 0..3u8).prop_map(|(k, parts)| Op::DeletePrefix(k, parts)),
        5 => vec(batch_write(), 0..8).prop_map(Op::Batch),
    ]
}

fn other_write() -> impl Strategy<Value = StoreOperation> {
    use StoreOperation as Op;
    prop_oneof![
        2 => (0..8u8, any::<u32>(), lifetime()).prop_map(|(k, v, t)| Op::PutCount(k, v, t)),
        2 => (0..8u8, any::<u32>()).prop_map(|(k, n)| Op::AddCount(k, n)),
        1 => (0..8u8).prop_map(Op::DeleteCount),
        3 => (key(), value(), lifetime()).prop_map(|(k, v, t)| Op::PutBlob(k, v, t)),
        1 => (key(), lifetime()).prop_map(|(k, t)| Op::TouchBlob(k, t)),
        1 => key().prop_map(Op::DeleteBlob),
        1 => (key(), 0..6u8).prop_map(|(k, bytes)| Op::DeleteBlobs(k, bytes)),
    ]
}

fn read() -> impl Strategy<Value = StoreOperation> {
    use StoreOperation as Op;
    prop_oneof![
        4 => query().prop_map(Op::Query),
        2 => vec(visit_name(), 0..6).prop_map(Op::GetMany),
        3 => (any::<u8>(), query()).prop_map(|(n, q)| Op::QuerySnapshot(n, q)),
    ]
}

fn upkeep() -> impl Strategy<Value = StoreOperation> {
    use StoreOperation as Op;
    let leave = prop_oneof![Just(Leave::Close), Just(Leave::Drop), Just(Leave::Kill)];
    prop_oneof![
        3 => Just(Op::Snapshot),
        2 => any::<u8>().prop_map(Op::Release),
        3 => Just(Op::Flush),
        2 => Just(Op::Compact),
        1 => Just(Op::DueWork),
        3 => (1..200u64).prop_map(Op::ClockStep),
        3 => (leave, 4..=16u8).prop_map(|(leave, kib)| Op::Reopen(leave, kib)),
    ]
}

/// A history of fewer than `operations`.
pub fn store_history(operations: usize) -> impl Strategy<Value = Vec<StoreOperation>> {
    let operation = prop_oneof![
        48 => visit_write(),
        12 => other_write(),
        14 => read(),
        26 => upkeep(),
    ];
    vec(operation, 1..operations)
}
