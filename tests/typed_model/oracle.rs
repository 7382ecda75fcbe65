//! The model: a sorted map of accounts, and the indexes computed from it anew at every question.

use super::operation::{Account, AccountKey, Condition, Lifetime, Write};
use std::collections::BTreeMap;

/// The lifetime of accounts that get none of their own.
pub const DEFAULT_TTL_MS: u64 = 90;

/// What is kept of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub account: Account,
    /// 0 for never.
    pub expiry_ms: u64,
    /// 0 while it is not known yet.
    pub version: u64,
}

/// Why a write is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Conflict,
    Duplicate,
}

/// The accounts at one moment.
#[derive(Debug, Clone)]
pub struct Model {
    rows: BTreeMap<AccountKey, Row>,
    pub now_ms: u64,
}

impl Model {
    /// No accounts, at this time.
    pub fn new(now_ms: u64) -> Self {
        let rows = BTreeMap::new();
        Self { rows, now_ms }
    }

    pub fn get(&self, key: AccountKey) -> Option<&Row> {
        let row = self.rows.get(&key)?;
        (row.expiry_ms == 0 || row.expiry_ms > self.now_ms).then_some(row)
    }

    /// The accounts that are there, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (AccountKey, &Row)> {
        let keys = self.rows.keys();
        keys.filter_map(|&key| Some((key, self.get(key)?)))
    }

    pub fn set_version(&mut self, key: AccountKey, version: u64) {
        if let Some(row) = self.rows.get_mut(&key) {
            row.version = version;
        }
    }

    /// Whether `condition` holds, where `stale` is the version that stands for an old one.
    pub fn holds(&self, key: AccountKey, condition: Condition) -> bool {
        match condition {
            Condition::Absent => self.get(key).is_none(),
            Condition::Present | Condition::Current => self.get(key).is_some(),
            Condition::Stale => false,
        }
    }

    fn expiry_ms(&self, lifetime: Lifetime, kept: Option<u64>) -> u64 {
        match (lifetime, kept) {
            (Lifetime::Never, _) => 0,
            (Lifetime::After(ms), _) => self.now_ms + ms,
            (Lifetime::Keep, Some(kept)) => kept,
            (Lifetime::Keep | Lifetime::Default, _) => self.now_ms + DEFAULT_TTL_MS,
        }
    }

    /// Puts an account whose kept lifetime is `kept`.
    pub fn put(
        &mut self,
        key: AccountKey,
        account: Account,
        lifetime: Lifetime,
        kept: Option<u64>,
    ) -> Result<(), Refusal> {
        let expiry_ms = self.expiry_ms(lifetime, kept);
        if expiry_ms != 0 && expiry_ms <= self.now_ms {
            self.delete(key);
            return Ok(());
        }
        let has_it = |(other, row): (AccountKey, &Row)| {
            other != key && account.email.is_some() && row.account.email == account.email
        };
        if self.rows().any(has_it) {
            return Err(Refusal::Duplicate);
        }
        let row = Row {
            account,
            expiry_ms,
            version: 0,
        };
        self.rows.insert(key, row);
        Ok(())
    }

    pub fn delete(&mut self, key: AccountKey) {
        self.rows.remove(&key);
    }

    /// Carries out a write, whose conditions and kept lifetimes are of `before`.
    pub fn write(&mut self, write: &Write, before: &Self) -> Result<(), Refusal> {
        let kept = |key| before.get(key).map(|row| row.expiry_ms);
        let check = |key, condition| match before.holds(key, condition) {
            true => Ok(()),
            false => Err(Refusal::Conflict),
        };
        match write {
            Write::Put(key, account, lifetime) => {
                self.put(*key, account.clone(), *lifetime, kept(*key))
            }
            Write::PutIf(key, account, condition, lifetime) => {
                check(*key, *condition)?;
                self.put(*key, account.clone(), *lifetime, kept(*key))
            }
            Write::Delete(key) => {
                self.delete(*key);
                Ok(())
            }
            Write::DeleteIf(key, condition) => {
                check(*key, *condition)?;
                self.delete(*key);
                Ok(())
            }
            Write::Require(key, condition) => check(*key, *condition),
            Write::DeleteTenant(tenant) => {
                self.rows.retain(|key, _| key.tenant != *tenant);
                Ok(())
            }
            Write::DeleteRange(from, to) => {
                self.rows.retain(|key, _| key < from || to < key);
                Ok(())
            }
        }
    }

    /// Gives an account another lifetime; whether there is one.
    pub fn touch(&mut self, key: AccountKey, lifetime: Lifetime) -> bool {
        let Some(row) = self.get(key) else {
            return false;
        };
        let expiry_ms = self.expiry_ms(lifetime, Some(row.expiry_ms));
        if expiry_ms != 0 && expiry_ms <= self.now_ms {
            self.delete(key);
        } else if let Some(row) = self.rows.get_mut(&key) {
            row.expiry_ms = expiry_ms;
        }
        true
    }

    /// The entries of an index whose keys are what `keys` gets out of an account, in order.
    pub fn index<I: Ord>(&self, keys: impl Fn(&Account) -> Vec<I>) -> Vec<(I, AccountKey)> {
        let entries = self.rows().flat_map(|(primary, row)| {
            let keys = keys(&row.account).into_iter();
            keys.map(move |key| (key, primary))
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort();
        entries.dedup();
        entries
    }
}
