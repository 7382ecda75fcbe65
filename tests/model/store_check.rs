//! Reads of typed stores, each compared with the model.

use super::store_operation::{
    Form, QuerySpec, Scope, Visit, VisitKey, VisitName, VisitOrder, at, tenant, user,
};
use super::store_oracle::{DbModel, Row};
use super::store_run::Stores;
use grainstore::{DefaultCodec, Expiry, Query, Snapshot};
use grainstore_proof::operation::{KEYS, KeyName};
use std::cmp::Reverse;
use std::ops::Bound;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn expires_at(expiry_ms: u64) -> Option<SystemTime> {
    (expiry_ms != 0).then(|| UNIX_EPOCH + Duration::from_millis(expiry_ms))
}

fn left<V>(row: Option<&Row<V>>, now_ms: u64) -> Expiry {
    match row.map(|row| row.expiry_ms) {
        None => Expiry::Missing,
        Some(0) => Expiry::Never,
        Some(expiry_ms) => Expiry::In(Duration::from_millis(expiry_ms - now_ms)),
    }
}

/// One visit, by every kind of look.
pub fn visit(stores: &Stores, model: &DbModel, name: VisitName) {
    let (key, now_ms) = (name.key(), model.now_ms);
    let wanted = model.visits.get(&key.order(), now_ms);
    let store = &stores.visits;
    let borrowed = (key.tenant.as_str(), key.user, key.at);
    assert!(
        store.get(&borrowed).unwrap().as_ref() == wanted.map(|r| &r.value),
        "get {name:?}"
    );
    assert_eq!(
        store.contains(&key).unwrap(),
        wanted.is_some(),
        "contains {name:?}"
    );
    assert_eq!(
        store.ttl(&key).unwrap(),
        left(wanted, now_ms),
        "ttl of {name:?}"
    );
    let versioned = store.get_versioned(&key).unwrap();
    assert_eq!(versioned.is_some(), wanted.is_some());
    if let (Some(found), Some(wanted)) = (versioned, wanted) {
        assert!(found.value == wanted.value, "value of {name:?}");
        assert_eq!(found.version.get(), wanted.version, "version of {name:?}");
        assert_eq!(
            found.expires_at,
            expires_at(wanted.expiry_ms),
            "expiry of {name:?}"
        );
    }
}

/// Several visits at once.
pub fn get_many(stores: &Stores, model: &DbModel, names: &[VisitName]) {
    let keys: Vec<VisitKey> = names.iter().map(|name| name.key()).collect();
    let found = stores.visits.get_many(&keys).unwrap();
    let wanted = keys.iter().map(|key| {
        let row = model.visits.get(&key.order(), model.now_ms);
        row.map(|row| row.value.clone())
    });
    assert!(found == wanted.collect::<Vec<_>>(), "get_many {names:?}");
}

/// All of every store, both ways.
pub fn everything(stores: &Stores, model: &DbModel, snapshot: Option<&Snapshot>) {
    for reversed in [false, true] {
        let spec = QuerySpec {
            scope: Scope::All,
            form: Form::Entries,
            reversed,
            limit: None,
        };
        query(stores, model, snapshot, &spec);
    }
    let count = model.visits.all(model.now_ms).count();
    let found = match snapshot {
        None => stores.visits.count(),
        Some(snapshot) => stores.visits.at(snapshot).count(),
    };
    assert_eq!(found.unwrap(), count as u64);
    if snapshot.is_none() {
        assert_eq!(stores.visits.is_empty().unwrap(), count == 0);
    }
    others(stores, model, snapshot);
}

/// All counts and blobs.
pub fn others(stores: &Stores, model: &DbModel, snapshot: Option<&Snapshot>) {
    let now_ms = model.now_ms;
    for name in 0..KEYS {
        let key = KeyName(name).bytes();
        let row = model.blobs.get(&key, now_ms);
        let found = match snapshot {
            None => stores.blobs.get(&key),
            Some(snapshot) => stores.blobs.get_at(snapshot, &key),
        };
        assert!(
            found.unwrap().as_deref() == row.map(|row| &*row.value),
            "blob k{name}"
        );
        if snapshot.is_none() {
            assert_eq!(
                stores.blobs.ttl(&key).unwrap(),
                left(row, now_ms),
                "ttl of blob k{name}"
            );
        }
    }
    if snapshot.is_some() {
        return;
    }
    let blobs: Vec<_> = model.blobs.all(now_ms).collect();
    let found: Vec<_> = stores.blobs.iter().map(Result::unwrap).collect();
    let same = |(found, wanted): (&(Box<[u8]>, _), &(&Vec<u8>, _))| *found.0 == **wanted.0;
    assert!(
        found.len() == blobs.len() && found.iter().zip(&blobs).all(same),
        "blobs"
    );
    assert_eq!(stores.blobs.count().unwrap(), blobs.len() as u64);
    let under_a = blobs
        .iter()
        .filter(|(key, _)| key.starts_with(b"a"))
        .count();
    assert_eq!(stores.blobs.count_prefix(b"a").unwrap(), under_a as u64);

    let counts = model.counts.all(now_ms).map(|(&key, row)| (key, row.value));
    let counts: Vec<(u32, u32)> = counts.collect();
    let found: Vec<_> = stores.counts.iter().map(Result::unwrap).collect();
    assert_eq!(found, counts);
    let found: Vec<_> = stores
        .counts
        .iter()
        .rev()
        .limit(3)
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        found,
        counts.iter().rev().take(3).copied().collect::<Vec<_>>()
    );
    for key in 0..8 {
        let row = model.counts.get(&key, now_ms);
        assert_eq!(stores.counts.get(key).unwrap(), row.map(|row| row.value));
        assert_eq!(stores.counts.ttl(key).unwrap(), left(row, now_ms));
    }
}

type Visits<'a, N> = Query<'a, VisitKey, Visit, DefaultCodec, N>;

/// Rows of the model, in the order of a query.
type Rows<'a> = Vec<(&'a VisitOrder, &'a Row<Visit>)>;

/// One query, in the model and in the store or a snapshot of it.
pub fn query(stores: &Stores, model: &DbModel, snapshot: Option<&Snapshot>, spec: &QuerySpec) {
    let store = &stores.visits;
    /// The same query of the store or of a snapshot, as often as it is asked for.
    macro_rules! compare {
        ($from:ident => $make:expr) => {
            match snapshot {
                None => {
                    let $from = store;
                    compare(|| $make, &rows(model, spec), spec)
                }
                Some(snapshot) => {
                    let $from = store.at(snapshot);
                    compare(|| $make, &rows(model, spec), spec)
                }
            }
        };
    }
    match spec.scope {
        Scope::All => compare!(it => it.iter()),
        Scope::Range(a, b, with) => {
            let upper = if with {
                Bound::Included
            } else {
                Bound::Excluded
            };
            compare!(it => it.range((Bound::Included(a.key()), upper(b.key()))));
        }
        Scope::TenantStarts(name) => compare!(it => it.prefix(()).starts_with(&tenant(name))),
        Scope::Tenant(name, None) => {
            compare!(it => it.prefix((tenant(name),)));
            let count = match snapshot {
                None => store.count_prefix((tenant(name),)),
                Some(snapshot) => store.at(snapshot).count_prefix((tenant(name),)),
            };
            let unlimited = QuerySpec {
                limit: None,
                ..*spec
            };
            assert_eq!(count.unwrap(), rows(model, &unlimited).len() as u64);
        }
        Scope::Tenant(name, Some((a, b))) => {
            compare!(it => it.prefix((tenant(name),)).range(user(a)..=user(b)));
        }
        Scope::User(name, u, None) => compare!(it => it.prefix((tenant(name), user(u)))),
        Scope::User(name, u, Some((a, b))) => {
            compare!(it => it.prefix((tenant(name), user(u))).range(at(a)..at(b)));
        }
    }
}

/// What the model has for a query, limit and direction included.
fn rows<'a>(model: &'a DbModel, spec: &QuerySpec) -> Rows<'a> {
    let within = |key: &VisitOrder| match spec.scope {
        Scope::All => true,
        Scope::Range(a, b, with) => {
            let upper = b.key().order();
            a.key().order() <= *key && (*key < upper || (with && *key == upper))
        }
        Scope::TenantStarts(name) => key.0.starts_with(&tenant(name)),
        Scope::Tenant(name, users) => {
            let users = users.map_or(0..=u32::MAX, |(a, b)| user(a)..=user(b));
            key.0 == tenant(name) && users.contains(&key.1)
        }
        Scope::User(name, u, times) => {
            let Reverse(time) = key.2;
            let in_time = times.is_none_or(|(a, b)| (at(a)..at(b)).contains(&time));
            key.0 == tenant(name) && key.1 == user(u) && in_time
        }
    };
    let mut rows: Rows<'_> = model.visits.all(model.now_ms).collect();
    rows.retain(|(key, _)| within(key));
    if spec.reversed {
        rows.reverse();
    }
    rows.truncate(spec.limit.map_or(usize::MAX, usize::from));
    rows
}

fn same_entry<V: PartialEq<Visit>>(
    found: &grainstore::Entry<VisitKey, V>,
    row: (&VisitOrder, &Row<Visit>),
) {
    assert_eq!(found.key.order(), *row.0);
    assert!(found.value == row.1.value, "value of {:?}", row.0);
    assert_eq!(found.version.get(), row.1.version, "version of {:?}", row.0);
    assert_eq!(
        found.expires_at,
        expires_at(row.1.expiry_ms),
        "expiry of {:?}",
        row.0
    );
}

fn compare<'a, N>(make: impl Fn() -> Visits<'a, N>, rows: &Rows<'_>, spec: &QuerySpec) {
    let set = |mut query: Visits<'a, N>| {
        if spec.reversed {
            query = query.rev();
        }
        match spec.limit {
            Some(limit) => query.limit(usize::from(limit)),
            None => query,
        }
    };
    let query = set(make());
    let count = match spec.form {
        Form::Entries => {
            let entries: Vec<_> = query.map(Result::unwrap).collect();
            entries
                .iter()
                .zip(rows)
                .for_each(|(entry, row)| same_entry(entry, *row));
            entries.len()
        }
        Form::Keys => {
            let keys: Vec<_> = query.keys().map(|key| key.unwrap().order()).collect();
            assert!(keys.iter().eq(rows.iter().map(|row| row.0)), "keys");
            keys.len()
        }
        Form::Values => {
            let values: Vec<_> = query.values().map(Result::unwrap).collect();
            assert!(
                values.iter().eq(rows.iter().map(|row| &row.1.value)),
                "values"
            );
            values.len()
        }
        Form::Lazy => {
            let entries: Vec<_> = query.lazy().map(Result::unwrap).collect();
            for (entry, row) in entries.iter().zip(rows) {
                assert_eq!(
                    (entry.key.order(), entry.version.get()),
                    (row.0.clone(), row.1.version)
                );
                assert!(entry.value.decode().unwrap() == row.1.value, "lazy value");
            }
            entries.len()
        }
        Form::Count => query.count().unwrap() as usize,
        Form::Pages(size) => return pages(make, rows, spec, usize::from(size)),
    };
    assert_eq!(count, rows.len(), "{spec:?}");
}

/// The whole query in pages of `size`; the limit of the query is the page's.
fn pages<'a, N>(make: impl Fn() -> Visits<'a, N>, rows: &Rows<'_>, spec: &QuerySpec, size: usize) {
    let set = |query: Visits<'a, N>| if spec.reversed { query.rev() } else { query };
    if spec.limit == Some(0) {
        let page = set(make()).limit(0).page().unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
        return;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = set(make()).limit(size);
        let query = match &after {
            Some(cursor) => query.after(cursor),
            None => query,
        };
        let page = query.page().unwrap();
        assert!(page.items.len() <= size);
        found.extend(page.items);
        after = page.next;
        // A query with a limit wants no more than so many.
        if after.is_none()
            || spec
                .limit
                .is_some_and(|limit| found.len() >= usize::from(limit))
        {
            break;
        }
    }
    found.truncate(spec.limit.map_or(usize::MAX, usize::from));
    found
        .iter()
        .zip(rows)
        .for_each(|(entry, row)| same_entry(entry, *row));
    assert_eq!(found.len(), rows.len(), "pages of {size}: {spec:?}");
}
