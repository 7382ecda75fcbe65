//! The writes of a history that are one call each: batches, prefixes, numbers and blobs.

use super::store_check as check;
use super::store_operation::{
    BatchWrite, Lifetime, StoreOperation, VisitName, tenant, user, visit,
};
use super::store_oracle::DbModel;
use super::store_run::{StoreRun, Stores, is_of_tenant, ttl};
use grainstore::{Batch, Change};

/// Deletes by the first parts of a visit's key.
pub fn delete_prefix(run: &mut StoreRun, name: VisitName, parts: u8) {
    let (text, user) = (tenant(name.tenant), user(name.user));
    let (visits, rows) = (&run.stores.visits, &mut run.model.visits);
    match parts {
        0 => {
            visits.delete_prefix(()).unwrap();
            rows.delete_where(|_| true);
        }
        1 => {
            visits.delete_prefix((text.as_str(),)).unwrap();
            rows.delete_where(is_of_tenant(name.tenant));
        }
        _ => {
            visits.delete_prefix((text.as_str(), user)).unwrap();
            rows.delete_where(|key| key.0 == text && key.1 == user);
        }
    }
    check::visit(&run.stores, &run.model, name);
}

/// Appends a write to a batch.
pub fn into_batch(stores: &Stores, batch: &mut Batch, write: &BatchWrite, now_ms: u64) {
    match write {
        BatchWrite::PutVisit(name, value, lifetime) => {
            let ttl = ttl(*lifetime, now_ms);
            batch.put_with(&stores.visits, &name.key(), &visit(*value), ttl)
        }
        BatchWrite::DeleteVisit(name) => batch.delete(&stores.visits, &name.key()),
        BatchWrite::DeleteTenant(name) => {
            let tenant = tenant(*name);
            batch.delete_prefix(&stores.visits, (tenant.as_str(),))
        }
        BatchWrite::PutCount(key, value, lifetime) => {
            let ttl = ttl(*lifetime, now_ms);
            batch.put_with(&stores.counts, &u32::from(*key), value, ttl)
        }
        BatchWrite::DeleteCount(key) => batch.delete(&stores.counts, &u32::from(*key)),
        BatchWrite::PutBlob(key, value, lifetime) => {
            let (key, ttl) = (key.bytes(), ttl(*lifetime, now_ms));
            batch.put_with(&stores.blobs, key.as_slice(), &value.bytes(), ttl)
        }
        BatchWrite::DeleteBlob(key) => batch.delete(&stores.blobs, key.bytes().as_slice()),
    }
    .unwrap();
}

/// Does a write of a batch to the model; `committed` is what was there before the batch, of which
/// lifetimes are kept.
pub fn in_model(model: &mut DbModel, committed: &DbModel, write: &BatchWrite) {
    let now_ms = model.now_ms;
    match write {
        BatchWrite::PutVisit(name, value, lifetime) => {
            let key = name.key().order();
            let kept = committed.visits.kept(&key, now_ms);
            let expiry_ms = model.visits.expiry_ms(*lifetime, kept, now_ms);
            model.visits.put(key, visit(*value), expiry_ms, now_ms);
        }
        BatchWrite::DeleteVisit(name) => model.visits.delete(&name.key().order()),
        BatchWrite::DeleteTenant(name) => model.visits.delete_where(is_of_tenant(*name)),
        BatchWrite::PutCount(key, value, lifetime) => {
            let key = u32::from(*key);
            let kept = committed.counts.kept(&key, now_ms);
            let expiry_ms = model.counts.expiry_ms(*lifetime, kept, now_ms);
            model.counts.put(key, *value, expiry_ms, now_ms);
        }
        BatchWrite::DeleteCount(key) => model.counts.delete(&u32::from(*key)),
        BatchWrite::PutBlob(key, value, lifetime) => {
            let kept = committed.blobs.kept(&key.bytes(), now_ms);
            let expiry_ms = model.blobs.expiry_ms(*lifetime, kept, now_ms);
            model
                .blobs
                .put(key.bytes(), value.bytes(), expiry_ms, now_ms);
        }
        BatchWrite::DeleteBlob(key) => model.blobs.delete(&key.bytes()),
    }
}

fn touch_blob(stores: &Stores, model: &mut DbModel, key: &Vec<u8>, lifetime: Lifetime) {
    let now_ms = model.now_ms;
    let touched = stores.blobs.touch(key, ttl(lifetime, now_ms)).unwrap();
    assert_eq!(touched, model.blobs.touch(key, lifetime, now_ms));
}

/// The operations on counts and blobs.
pub fn other_store(run: &mut StoreRun, operation: &StoreOperation) {
    use StoreOperation as Op;
    let now_ms = run.model.now_ms;
    let (stores, model) = (&run.stores, &mut run.model);
    let before = model.clone();
    match operation {
        Op::PutCount(key, value, lifetime) => {
            let ttl = ttl(*lifetime, now_ms);
            stores.counts.put_with(u32::from(*key), value, ttl).unwrap();
            in_model(
                model,
                &before,
                &BatchWrite::PutCount(*key, *value, *lifetime),
            );
        }
        Op::AddCount(key, amount) => {
            let old = model
                .counts
                .get(&u32::from(*key), now_ms)
                .map(|row| row.value);
            let sum = old.unwrap_or(0).saturating_add(*amount);
            assert_eq!(stores.counts.add(u32::from(*key), *amount).unwrap(), sum);
            in_model(
                model,
                &before,
                &BatchWrite::PutCount(*key, sum, Lifetime::Keep),
            );
            let same = stores
                .counts
                .update(u32::from(*key), |_| Change::Nothing)
                .unwrap();
            assert_eq!(
                same,
                model
                    .counts
                    .get(&u32::from(*key), now_ms)
                    .map(|row| row.value)
            );
        }
        Op::DeleteCount(key) => {
            stores.counts.delete(u32::from(*key)).unwrap();
            in_model(model, &before, &BatchWrite::DeleteCount(*key));
        }
        Op::PutBlob(key, value, lifetime) => {
            let ttl = ttl(*lifetime, now_ms);
            stores
                .blobs
                .put_with(key.bytes(), value.bytes(), ttl)
                .unwrap();
            in_model(
                model,
                &before,
                &BatchWrite::PutBlob(*key, *value, *lifetime),
            );
        }
        Op::DeleteBlob(key) => {
            stores.blobs.delete(key.bytes()).unwrap();
            in_model(model, &before, &BatchWrite::DeleteBlob(*key));
        }
        Op::DeleteBlobs(key, bytes) => {
            let key = key.bytes();
            let prefix = &key[..usize::from(*bytes).min(key.len())];
            stores.blobs.delete_prefix(prefix).unwrap();
            model.blobs.delete_where(|key| key.starts_with(prefix));
        }
        Op::TouchBlob(key, lifetime) => touch_blob(stores, model, &key.bytes(), *lifetime),
        other => panic!("{other:?} is not of these stores"),
    }
    check::others(stores, model, None);
}
