//! Every question to every index, compared with the model.

use super::operation::{Account, AccountKey, CITIES, EMAILS, TENANTS, email};
use super::oracle::View;
use super::run::{Accounts, by_city, by_email, by_tag};
use grainstore::key::KeyPart;
use grainstore::{ByIndex, Entry, MessagePack, Snapshot};
use std::fmt::Debug;

type By<'a, I, U> = ByIndex<'a, AccountKey, Account, MessagePack, I, U>;

/// Compares records and all indexes, as of `snapshot` or now.
pub fn everything(accounts: &Accounts, model: View<'_>, snapshot: Option<&Snapshot>) {
    records(accounts, model, snapshot);
    let (by_city, by_tag, by_email) = (by_city(), by_tag(), by_email());
    let city = |account: &Account| vec![account.city.clone()];
    let tags = |account: &Account| account.tags.clone();
    let mail = |account: &Account| Vec::from_iter(account.email.clone());
    match snapshot {
        Some(at) => {
            index(&accounts.by(&by_city).at(at), model, city);
            index(&accounts.at(at).by(&by_tag), model, tags);
            index(&accounts.by(&by_email).at(at), model, mail);
        }
        None => {
            index(&accounts.by(&by_city), model, city);
            index(&accounts.by(&by_tag), model, tags);
            index(&accounts.by(&by_email), model, mail);
            single_keys(accounts, model);
            verify(accounts, model);
        }
    }
}

fn records(accounts: &Accounts, model: View<'_>, snapshot: Option<&Snapshot>) {
    let found: Vec<_> = match snapshot {
        Some(at) => accounts.at(at).iter().collect(),
        None => accounts.iter().collect(),
    };
    let found = found.into_iter().map(Result::unwrap);
    let found: Vec<_> = found.map(|entry| (entry.key, entry.value)).collect();
    let wanted = model.rows().map(|(key, row)| (key, row.account.clone()));
    assert_eq!(found, wanted.collect::<Vec<_>>(), "the records");
}

/// The whole of an index, both ways, its records, its pages, and each of its keys.
fn index<I: KeyPart + Ord + Clone + Debug, U>(
    by: &By<'_, I, U>,
    model: View<'_>,
    keys: impl Fn(&Account) -> Vec<I>,
) {
    let mut wanted = model.index(keys);
    let found: Vec<_> = by.iter().keys().map(Result::unwrap).collect();
    assert_eq!(found, wanted, "the entries");
    assert_eq!(by.count().unwrap(), wanted.len() as u64);
    let entries: Vec<_> = by.iter().map(Result::unwrap).collect();
    assert_eq!(entries.len(), wanted.len());
    for (entry, (_, primary)) in entries.iter().zip(&wanted) {
        record(entry, *primary, model);
    }
    for pair in wanted.chunk_by(|a, b| a.0 == b.0) {
        let key = &pair[0].0;
        let found: Vec<_> = by.get(key).rev().keys().map(Result::unwrap).collect();
        let back: Vec<_> = pair.iter().rev().cloned().collect();
        assert_eq!(found, back, "the entries of one key, backward");
        let from = wanted.iter().filter(|(it, _)| it >= key).count() as u64;
        assert_eq!(by.range(key..).count().unwrap(), from);
        let upto = wanted.iter().filter(|(it, _)| it <= key).count() as u64;
        assert_eq!(by.range(..=key).count().unwrap(), upto);
    }
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let query = by.iter().rev().limit(3);
        let page = match &after {
            Some(cursor) => query.after(cursor).page().unwrap(),
            None => query.page().unwrap(),
        };
        paged.extend(page.items.iter().map(|entry| entry.key));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    wanted.reverse();
    assert_eq!(
        paged,
        wanted.iter().map(|(_, key)| *key).collect::<Vec<_>>()
    );
}

fn record(entry: &Entry<AccountKey, Account>, primary: AccountKey, model: View<'_>) {
    assert_eq!(entry.key, primary);
    let row = model.get(primary).unwrap();
    assert_eq!(entry.value, row.account);
    assert!(row.version == 0 || entry.version.get() == row.version);
    let expiry = entry.expires_at.map_or(0, |at| {
        let since = at.duration_since(std::time::UNIX_EPOCH).unwrap();
        since.as_millis() as u64
    });
    assert_eq!(expiry, row.expiry_ms, "{primary:?}");
}

/// Every key there could be, also those that no account has.
fn single_keys(accounts: &Accounts, model: View<'_>) {
    let has = |wanted: &dyn Fn(&Account) -> bool| {
        let rows = model.rows().filter(|(_, row)| wanted(&row.account));
        rows.map(|(key, _)| key).collect::<Vec<_>>()
    };
    for city in CITIES {
        let found = accounts.by(&by_city()).get(city).keys();
        let found: Vec<_> = found.map(|pair| pair.unwrap().1).collect();
        assert_eq!(found, has(&|account| account.city == city), "{city:?}");
    }
    for number in 0..EMAILS {
        let email = email(number);
        let found = accounts.by(&by_email()).get_one(&email).unwrap();
        let wanted = has(&|account| account.email.as_ref() == Some(&email));
        assert_eq!(Vec::from_iter(found.map(|entry| entry.key)), wanted);
    }
    for tenant in 0..TENANTS {
        let wanted = model.rows().filter(|(key, _)| key.tenant == tenant).count();
        assert_eq!(accounts.count_prefix((tenant,)).unwrap(), wanted as u64);
    }
}

fn verify(accounts: &Accounts, model: View<'_>) {
    let report = accounts.verify().unwrap();
    let entries: Vec<_> = report
        .index_entries
        .iter()
        .map(|(_, n)| *n as usize)
        .collect();
    let wanted = [
        model.index(|account| vec![account.city.clone()]).len(),
        model.index(|account| account.tags.clone()).len(),
        model
            .index(|account| Vec::from_iter(account.email.clone()))
            .len(),
    ];
    assert_eq!(
        (report.records as usize, entries),
        (model.rows().count(), wanted.to_vec())
    );
}
