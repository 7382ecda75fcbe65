//! Event sourcing: a bank whose accounts are nothing but what its journal of events makes of them.
//!
//! ```text
//! cargo run --release --example journal
//! ```
//!
//! Each change is decided on the state, appended to the journal as an event, and only then applied.
//! A start replays the events into a new state: the same one, whenever the program ended.

// An example is a program: it talks to the terminal and removes its file.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::Result;
use grainstore::journal::Journal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Serialize, Deserialize, Debug)]
#[serde(tag = "event")]
enum Event {
    Opened { account: u32, owner: String },
    Paid { from: u32, to: u32, amount: u64 },
    Deposited { account: u32, amount: u64 },
}

#[derive(Debug, Default)]
struct Account {
    owner: String,
    balance: u64,
}

/// The state: made of events and of nothing else.
#[derive(Debug, Default)]
struct Accounts(BTreeMap<u32, Account>);

impl Accounts {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened { account, owner } => {
                self.0.entry(*account).or_default().owner.clone_from(owner);
            }
            Event::Deposited { account, amount } => {
                self.0.entry(*account).or_default().balance += amount;
            }
            Event::Paid { from, to, amount } => {
                self.0.entry(*from).or_default().balance -= amount;
                self.0.entry(*to).or_default().balance += amount;
            }
        }
    }
}

struct Bank {
    journal: Journal,
    accounts: Accounts,
}

impl Bank {
    fn start(path: &Path) -> Result<Self> {
        let journal = Journal::open(path)?; // mends a torn end, if a crash left one
        let mut accounts = Accounts::default();
        for event in journal.records::<Event>()? {
            accounts.apply(&event?);
        }
        Ok(Self { journal, accounts })
    }

    /// The event is on disk before anything shows it.
    fn happen(&mut self, event: &Event) -> Result<()> {
        self.journal.append(event)?;
        self.accounts.apply(event);
        Ok(())
    }

    fn pay(&mut self, from: u32, to: u32, amount: u64) -> Result<bool> {
        if self
            .accounts
            .0
            .get(&from)
            .is_none_or(|account| account.balance < amount)
        {
            return Ok(false); // nothing happened, so there is no event
        }
        self.happen(&Event::Paid { from, to, amount })?;
        Ok(true)
    }
}

fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("bank-{}.jsonl", std::process::id()));
    let outcome = run(&path);
    let _ = std::fs::remove_file(&path);
    outcome
}

fn run(path: &Path) -> Result<()> {
    let mut bank = Bank::start(path)?;
    for (account, owner) in [(1, "ada"), (2, "bob")] {
        let owner = owner.to_owned();
        bank.happen(&Event::Opened { account, owner })?;
    }
    let (account, amount) = (1, 100);
    bank.happen(&Event::Deposited { account, amount })?;
    assert!(bank.pay(1, 2, 30)?);
    assert!(!bank.pay(2, 1, 31)?, "bob has 30");
    drop(bank);

    let bank = Bank::start(path)?;
    println!("{} events make of the accounts:", bank.journal.count()?);
    for (number, Account { owner, balance }) in &bank.accounts.0 {
        println!("  {number} of {owner}: {balance}");
    }
    let balance = |number| bank.accounts.0.get(&number).map(|account| account.balance);
    assert_eq!((balance(1), balance(2)), (Some(70), Some(30)));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    println!("what the file holds (without its first line: tail -n +2 FILE | jq .):\n{text}");
    bank.journal.close()
}
