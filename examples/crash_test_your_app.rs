//! A program whose power is cut at every call to the disk, and the rule that must hold whatever
//! happens.
//!
//! ```text
//! cargo run --release --example crash_test_your_app
//! ```
//!
//! The program moves gold between players; the rule is that none appears and none is lost. Run
//! against a disk that can crash, the careless way of it breaks and the careful way does not. In a
//! program of yours this is a test; it needs grainstore's feature `sim` in the dev-dependencies.

// An example is a program: it talks to the terminal.
#![allow(clippy::print_stdout)]

use grainstore::fs::{CrashDisk, CrashImage};
use grainstore::{Background, Db, GrainStore, Result};

const PLAYERS: [&str; 3] = ["ada", "bob", "cyd"];
const GOLD_EACH: u32 = 100;

/// The program under test: all it needs is where its disk comes from.
struct Bank {
    db: Db,
    gold: GrainStore<String, u32>,
}

impl Bank {
    fn open(disk: CrashDisk) -> Result<Self> {
        // Inline: no thread of the engine's own, so every run makes the same calls.
        let builder = Db::builder("/bank").background(Background::Inline);
        let db = builder.file_system(disk).open()?;
        let gold = db.store("gold")?;
        Ok(Self { db, gold })
    }

    fn found(&self) -> Result<()> {
        let mut batch = self.db.batch();
        for player in PLAYERS {
            batch.put(&self.gold, player, &GOLD_EACH)?;
        }
        batch.commit()
    }

    /// Two writes: between them the gold is nowhere.
    fn move_carelessly(&self, from: &str, to: &str, amount: u32) -> Result<()> {
        self.gold.put(from, &(self.of(from)? - amount))?;
        self.gold.put(to, &(self.of(to)? + amount))
    }

    /// One batch: both writes or none.
    fn move_carefully(&self, from: &str, to: &str, amount: u32) -> Result<()> {
        let mut batch = self.db.batch();
        batch.put(&self.gold, from, &(self.of(from)? - amount))?;
        batch.put(&self.gold, to, &(self.of(to)? + amount))?;
        batch.commit()
    }

    fn of(&self, player: &str) -> Result<u32> {
        Ok(self.gold.get(player)?.unwrap_or_default())
    }

    /// The rule.
    fn holds(&self) -> Result<bool> {
        let mut sum = 0;
        for gold in self.gold.iter().values() {
            sum += gold?;
        }
        Ok(sum == GOLD_EACH * PLAYERS.len() as u32)
    }
}

type Move = fn(&Bank, &str, &str, u32) -> Result<()>;

fn main() -> Result<()> {
    assert!(cut_power_everywhere("carelessly", Bank::move_carelessly)? > 0);
    assert_eq!(cut_power_everywhere("carefully", Bank::move_carefully)?, 0);
    Ok(())
}

/// Runs the program once, then opens what every crash of it may leave; answers how often the rule
/// was broken.
fn cut_power_everywhere(way: &str, transfer: Move) -> Result<usize> {
    let disk = CrashDisk::new();
    let bank = Bank::open(disk.clone())?;
    bank.found()?;
    let first = disk.calls(); // from here on the rule holds, and must go on to
    for round in 0..10 {
        let (from, to) = (PLAYERS[round % 3], PLAYERS[(round + 1) % 3]);
        transfer(&bank, from, to, 5)?;
    }

    let (mut images, mut broken) = (0, 0);
    let mut replay = disk.replay();
    for call in first..=disk.calls() {
        replay.advance_to(call);
        for kind in CrashImage::all(call as u64) {
            images += 1;
            let after = Bank::open(replay.image(kind))?; // it always opens
            if !after.holds()? {
                broken += 1;
                if broken == 1 {
                    let call = disk.describe_call(call);
                    println!("  gold is lost when power goes after: {call} ({kind:?})");
                }
            }
        }
    }
    println!("moved {way}: the rule is broken in {broken} of {images} images");
    Ok(broken)
}
