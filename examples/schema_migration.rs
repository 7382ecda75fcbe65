//! A live store goes from one version of its values to the next, while it is read and written.
//!
//! ```text
//! cargo run --release --example schema_migration
//! ```
//!
//! Version 1 counted a player's damage, version 2 keeps what is left of their health. Records are
//! upgraded as they are read, and written again beside players who go on playing.

// An example is a program: it talks to the terminal and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::{Change, Db, Durability, GrainStore, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PLAYERS: u32 = 20_000;
const HEALTH: u32 = 1_000;
const WINDOW: Durability = Durability::Batch(Duration::from_millis(10));

/// What the old program kept.
#[derive(Serialize, Deserialize)]
struct PlayerV1 {
    name: String,
    damage: u32,
}

/// What the new one keeps.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Player {
    name: String,
    health: u32,
}

/// The way from the one to the other. It may say no; that is then an error of that record alone.
fn upgrade(old: PlayerV1) -> Result<Player, String> {
    let health = HEALTH.checked_sub(old.damage);
    let health = health.ok_or(format!("{} has more damage than health", old.name))?;
    let name = old.name;
    Ok(Player { name, health })
}

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("migration-{}.grain", std::process::id()));
    let outcome = yesterday(&folder).and_then(|()| today(&folder));
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// The old program.
fn yesterday(folder: &Path) -> Result<()> {
    let db = Db::builder(folder).durability(WINDOW).open()?;
    let players: GrainStore<u32, PlayerV1> =
        db.grains("players").value_schema("player", 1).open()?;
    for id in 0..PLAYERS {
        let (name, damage) = (format!("player {id}"), id % 100);
        players.put(&id, &PlayerV1 { name, damage })?;
    }
    println!("yesterday: {} players of version 1", players.count()?);
    db.close()
}

/// The new program: the same store, one version up.
fn today(folder: &Path) -> Result<()> {
    let db = Db::builder(folder).durability(WINDOW).open()?;
    let builder = db.grains("players").value_schema("player", 2);
    let players: GrainStore<u32, Player> = builder.migrate(1, upgrade).open()?;
    println!("today: {:?}", players.get(&7)?); // written yesterday, read as of today

    let done = AtomicBool::new(false);
    let (report, hits) = std::thread::scope(|scope| {
        let player = scope.spawn(|| play(&players, &done));
        let report = players.migrate_all(|p| {
            if p.done.is_multiple_of(5_120) {
                println!("  {} of {} looked at", p.done, p.total);
            }
        });
        done.store(true, Ordering::Release);
        (report, player.join())
    });
    let (report, hits) = (report?, hits.unwrap_or(Ok(0))?);
    println!(
        "{} upgraded in place, {} failed",
        report.upgraded, report.failed
    );

    // What was kept yesterday, less a point for every hit since.
    let yesterday: u64 = (0..PLAYERS).map(|id| u64::from(HEALTH - id % 100)).sum();
    let left = players.iter().values().map(|p| Ok(u64::from(p?.health)));
    let health: u64 = left.sum::<Result<u64>>()?;
    println!(
        "{hits} hits meanwhile; health is right: {}",
        health + hits == yesterday
    );
    db.close()
}

/// A player who hits others while the store is migrated; each hit reads and writes as one step.
fn play(players: &GrainStore<u32, Player>, done: &AtomicBool) -> Result<u64> {
    let mut hits = 0;
    while !done.load(Ordering::Acquire) {
        let id = (hits as u32).wrapping_mul(2_654_435_761) % PLAYERS;
        players.update(&id, |found| {
            let hit = |p: Player| {
                Change::Put(Player {
                    health: p.health - 1,
                    ..p
                })
            };
            found.map_or(Change::Nothing, hit)
        })?;
        hits += 1;
    }
    Ok(hits)
}
