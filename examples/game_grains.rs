//! Actors that keep their state from message to message, and never write over a newer one.
//!
//! ```text
//! cargo run --release --example game_grains
//! ```
//!
//! A player is an actor: a mailbox, and a state in memory that is written after each message under
//! the version it was read with. Where a second copy of the actor is about, the version tells.

// An example is a program: it talks to the terminal, starts threads and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::{Db, Error, Expiry, If, Result, Ttl};
use serde::{Deserialize, Serialize};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Player {
    gold: u32,
    casts: u32,
}

enum Message {
    Earn(u32),
    Fireball,
}

struct Actor {
    db: Db,
    name: &'static str,
    state: Player,
    /// What the store must still hold for this copy to be the current one.
    seen: If,
}

impl Actor {
    fn activate(db: &Db, name: &'static str) -> Result<Self> {
        let players = db.store::<String, Player>("players")?;
        let (state, seen) = match players.get_versioned(name)? {
            Some(found) => (found.value, If::Version(found.version)),
            None => (Player::default(), If::Absent),
        };
        Ok(Self {
            db: db.clone(),
            name,
            state,
            seen,
        })
    }

    /// Changes the state and writes it; on a conflict takes the newer state and tries again.
    fn change(&mut self, change: impl Fn(&mut Player)) -> Result<()> {
        let players = self.db.store::<String, Player>("players")?;
        loop {
            change(&mut self.state);
            let written = players.put_if(self.name, &self.state, self.seen);
            if !written.as_ref().is_err_and(Error::is_conflict) {
                self.seen = If::Version(written?);
                return Ok(());
            }
            println!("  {}: my copy is old; I read again", self.name);
            *self = Self::activate(&self.db, self.name)?;
        }
    }

    /// A cooldown is a record that is there until it is over.
    fn cast(&mut self, skill: &str) -> Result<()> {
        let cooldowns = self.db.store::<(String, String), ()>("cooldowns")?;
        let key = (self.name, skill);
        if let Expiry::In(left) = cooldowns.ttl(&key)? {
            println!("  {}: {skill} in {left:.0?}", self.name);
            return Ok(());
        }
        cooldowns.put_with(&key, &(), Ttl::After(Duration::from_secs(30)))?;
        println!("  {}: casts {skill}", self.name);
        self.change(|player| player.casts += 1)
    }

    /// The actor loop: message by message, until the mailbox is closed.
    fn run(mut self, mailbox: &Receiver<Message>) -> Result<Player> {
        for message in mailbox {
            match message {
                Message::Earn(gold) => self.change(|player| player.gold += gold)?,
                Message::Fireball => self.cast("fireball")?,
            }
        }
        Ok(self.state)
    }
}

fn main() -> Result<()> {
    let name = format!("grainstore-game-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = Db::open(&folder).and_then(|db| play(&db));
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn play(db: &Db) -> Result<()> {
    let (ada, mailbox) = channel();
    let actor = Actor::activate(db, "ada")?;
    println!("a second copy of ada earns 5, then the first one reads its mail");
    Actor::activate(db, "ada")?.change(|player| player.gold += 5)?;
    let thread = std::thread::spawn(move || actor.run(&mailbox));
    for message in [Message::Earn(10), Message::Fireball, Message::Fireball] {
        let _ = ada.send(message); // fails only where the actor has, which is told below
    }
    drop(ada);
    let last = thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    println!("ada has {} gold; fireballs cast: {}", last.gold, last.casts);
    assert_eq!(
        (last.gold, last.casts),
        (15, 1),
        "every message counts once"
    );
    Ok(())
}
