//! What the store must answer: the versions of its accounts, and indexes computed from them anew at
//! every question.

use super::operation::{Account, AccountKey, Condition, Lifetime, Write};
use crate::versions::{Point, Versions};

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

/// The accounts, with all that they were. A batch is one write of it.
#[derive(Debug, Clone)]
pub struct Model {
    versions: Versions<AccountKey, Row>,
}

/// The accounts at one moment.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    versions: &'a Versions<AccountKey, Row>,
    point: Point,
}

impl<'a> View<'a> {
    /// The account under `key`.
    #[must_use]
    pub fn get(&self, key: AccountKey) -> Option<&'a Row> {
        self.versions.get(&key, self.point).map(|(row, _)| row)
    }

    /// The accounts that are there, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (AccountKey, &'a Row)> + use<'a> {
        let all = self.versions.all(self.point);
        all.map(|(key, row, _)| (*key, row))
    }

    /// Whether `condition` holds.
    #[must_use]
    pub fn holds(&self, key: AccountKey, condition: Condition) -> bool {
        match condition {
            Condition::Absent => self.get(key).is_none(),
            Condition::Present | Condition::Current => self.get(key).is_some(),
            Condition::Stale => false,
        }
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

impl Model {
    /// No accounts, at this time.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        let versions = Versions::new(now_ms);
        Self { versions }
    }

    /// The moment of now.
    #[must_use]
    pub fn now(&self) -> Point {
        self.versions.now()
    }

    /// The accounts of now.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.view_at(self.now())
    }

    /// The accounts at any moment that there was.
    #[must_use]
    pub fn view_at(&self, point: Point) -> View<'_> {
        let versions = &self.versions;
        View { versions, point }
    }

    /// The clock shows `now_ms`.
    pub fn see_time(&mut self, now_ms: u64) {
        self.versions.see_time(now_ms);
    }

    /// What follows is another commit.
    pub fn begin_commit(&mut self) {
        self.versions.next_sequence();
    }

    /// The commit that wrote the account under `key` gave it this version.
    pub fn set_version(&mut self, key: AccountKey, version: u64) {
        let found = self.view().get(key).cloned();
        if let Some(row) = found {
            let expiry_ms = row.expiry_ms;
            self.versions
                .push(key, Some(Row { version, ..row }), expiry_ms);
        }
    }

    fn expiry_ms(&self, lifetime: Lifetime, kept: Option<u64>) -> u64 {
        match (lifetime, kept) {
            (Lifetime::Never, _) => 0,
            (Lifetime::After(ms), _) => self.now().time_ms + ms,
            (Lifetime::Keep, Some(kept)) => kept,
            (Lifetime::Keep | Lifetime::Default, _) => self.now().time_ms + DEFAULT_TTL_MS,
        }
    }

    /// Puts an account whose kept lifetime is `kept`.
    ///
    /// # Errors
    ///
    /// `Duplicate`, where another account has its email.
    pub fn put(
        &mut self,
        key: AccountKey,
        account: Account,
        lifetime: Lifetime,
        kept: Option<u64>,
    ) -> Result<(), Refusal> {
        let expiry_ms = self.expiry_ms(lifetime, kept);
        if expiry_ms != 0 && expiry_ms <= self.now().time_ms {
            self.delete(key);
            return Ok(());
        }
        let has_it = |(other, row): (AccountKey, &Row)| {
            other != key && account.email.is_some() && row.account.email == account.email
        };
        if self.view().rows().any(has_it) {
            return Err(Refusal::Duplicate);
        }
        let row = Row {
            account,
            expiry_ms,
            version: 0,
        };
        self.versions.push(key, Some(row), expiry_ms);
        Ok(())
    }

    pub fn delete(&mut self, key: AccountKey) {
        self.versions.push(key, None, 0);
    }

    /// Carries out a write, whose conditions and kept lifetimes are of `before`.
    ///
    /// # Errors
    ///
    /// What the store must refuse, too.
    pub fn write(&mut self, write: &Write, before: Point) -> Result<(), Refusal> {
        let view = self.view_at(before);
        let kept = |key| view.get(key).map(|row| row.expiry_ms);
        let check = |key, condition| match view.holds(key, condition) {
            true => Ok(()),
            false => Err(Refusal::Conflict),
        };
        match write {
            Write::Put(key, account, lifetime) => {
                let kept = kept(*key);
                self.put(*key, account.clone(), *lifetime, kept)
            }
            Write::PutIf(key, account, condition, lifetime) => {
                check(*key, *condition)?;
                let kept = kept(*key);
                self.put(*key, account.clone(), *lifetime, kept)
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
                self.delete_where(|key| key.tenant == *tenant);
                Ok(())
            }
            Write::DeleteRange(from, to) => {
                self.delete_where(|key| from <= key && key <= to);
                Ok(())
            }
        }
    }

    fn delete_where(&mut self, goes: impl Fn(&AccountKey) -> bool) {
        let keys: Vec<_> = self.view().rows().map(|(key, _)| key).collect();
        keys.into_iter()
            .filter(goes)
            .for_each(|key| self.delete(key));
    }

    /// Gives an account another lifetime; whether there is one.
    pub fn touch(&mut self, key: AccountKey, lifetime: Lifetime) -> bool {
        let Some(row) = self.view().get(key).cloned() else {
            return false;
        };
        let expiry_ms = self.expiry_ms(lifetime, Some(row.expiry_ms));
        if expiry_ms != 0 && expiry_ms <= self.now().time_ms {
            self.delete(key);
        } else {
            self.versions
                .push(key, Some(Row { expiry_ms, ..row }), expiry_ms);
        }
        true
    }
}
