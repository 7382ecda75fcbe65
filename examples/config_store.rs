//! Settings that services follow: defaults, changes, and an override that ends by itself.
//!
//! ```text
//! cargo run --release --example config_store
//! ```
//!
//! Each service keeps a copy of its own settings. It reads them once, from the snapshot that its
//! watch begins with, and is told every change from there on, also when an override has expired.

// An example is a program: it talks to the terminal, starts threads and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::{Db, Event, GrainStore, Key, Result, Ttl, Watch};
use std::collections::BTreeMap;
use std::path::Path;
use std::thread::{sleep, spawn};
use std::time::Duration;

/// The service comes first: what a service follows is one prefix.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SettingKey {
    service: String,
    name: String,
    layer: Layer,
}

/// Of several values for one name the first layer counts.
#[derive(Key, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Override,
    Chosen,
    Default,
}

type Settings = GrainStore<SettingKey, u32>;
type Copy = BTreeMap<SettingKey, u32>;

const MOMENT: Duration = Duration::from_millis(50);

fn main() -> Result<()> {
    let name = format!("grainstore-config-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn run(folder: &Path) -> Result<()> {
    let db = Db::open(folder)?;
    let settings: Settings = db.store("settings")?;
    settings.put(&("web", "workers", Layer::Default), &4)?;
    settings.put(&("web", "rate", Layer::Default), &100)?;
    settings.put(&("mail", "rate", Layer::Default), &10)?;

    let mut services = Vec::new();
    for service in ["web", "mail"] {
        let (settings, watch) = (settings.clone(), settings.watch_prefix((service,))?);
        services.push(spawn(move || follow(service, &settings, watch)));
    }
    let say = |what: &str| {
        sleep(MOMENT); // so that the lines come in an order that reads well
        println!("{what}");
    };
    say("the rate of web is chosen: 200");
    settings.put(&("web", "rate", Layer::Chosen), &200)?;
    say("the rate of web is throttled to 5, for half a second");
    let ttl = Ttl::After(10 * MOMENT);
    settings.put_with(&("web", "rate", Layer::Override), &5, ttl)?;
    say("mail gets two settings at once");
    let mut batch = db.batch();
    batch.put(&settings, &("mail", "rate", Layer::Chosen), &20)?;
    batch.put(&settings, &("mail", "retries", Layer::Chosen), &3)?;
    batch.commit()?;
    sleep(10 * MOMENT);
    say("mail goes back to nothing but its defaults");
    let mut batch = db.batch();
    batch.delete(&settings, &("mail", "rate", Layer::Chosen))?;
    batch.delete_prefix(&settings, ("mail", "retries"))?;
    batch.commit()?;
    say("the database is closed");
    db.close()?; // which ends the watches, after all they had to tell
    services.into_iter().try_for_each(|service| {
        let joined = service.join();
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Keeps a copy of the settings of `service` until the database is closed.
fn follow(service: &str, settings: &Settings, mut watch: Watch<Settings>) -> Result<()> {
    let read = |start| -> Result<Copy> {
        let entries = settings.at(&start).prefix((service,));
        entries
            .map(|entry| entry.map(|e| (e.key, e.value)))
            .collect()
    };
    let mut copy = read(watch.snapshot()?)?;
    println!("  {service} starts with {}", in_force(&copy));
    while let Some(next) = watch.next() {
        match next.event? {
            Event::Put(entry) => drop(copy.insert(entry.key, entry.value)),
            Event::Deleted(key) | Event::Expired { key, .. } => drop(copy.remove(&key)),
            Event::Cleared(range) => copy.retain(|key, _| !range.covers(key)),
            _ => copy = read(watch.restart()?)?, // some were missed: begin anew
        }
        if next.ends_commit {
            println!("  {service} goes on with {}", in_force(&copy));
        }
    }
    Ok(())
}

/// Of each name the value of its first layer.
fn in_force(copy: &Copy) -> String {
    let mut values = BTreeMap::new();
    for (key, value) in copy {
        values.entry(&key.name).or_insert(value);
    }
    format!("{values:?}")
}
