//! Session tokens that live on while they are used, and one-time passwords that do not.
//!
//! ```text
//! cargo run --release --example sessions
//! ```
//!
//! The clock is set by hand, so that an hour passes at once.

// An example is a program: it talks to the terminal and removes its folder.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use grainstore::clock::ManualClock;
use grainstore::{Change, Db, GrainStore, Key, Result, Ttl};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// The user comes first: what belongs to one user is one prefix.
#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SessionKey {
    user: String,
    token: String,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Session {
    device: String,
    requests: u32,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct OneTimePassword {
    code: u32,
    tries_left: u8,
}

const MINUTE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let name = format!("grainstore-sessions-{}.grain", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let outcome = run(&folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn run(folder: &Path) -> Result<()> {
    let clock = ManualClock::new(1_800_000_000_000);
    let db = Db::builder(folder).clock(clock.clone()).open()?;
    // Each store has a lifetime of its own for records that are given none.
    let sessions = db.grains("sessions").default_ttl(30 * MINUTE).open()?;
    let passwords = db.grains("passwords").default_ttl(2 * MINUTE).open()?;
    let pass = |span: Duration| clock.advance(span.as_millis() as u64);

    println!("ada logs in with a one-time password");
    let (code, tries_left) = (123_456, 3);
    let otp = OneTimePassword { code, tries_left };
    passwords.put("ada", &otp)?;
    println!("  a wrong code: {}", check(&passwords, "ada", 111_111)?);
    for again in ["the code: ", "once more:"] {
        println!("  {again}    {}", check(&passwords, "ada", 123_456)?);
    }
    passwords.put("ada", &otp)?;
    pass(2 * MINUTE);
    println!("  too late:     {}", check(&passwords, "ada", 123_456)?);

    println!("she has two devices; only the phone is used");
    for (token, device) in [("t1", "phone"), ("t2", "laptop")] {
        let (device, requests) = (device.to_owned(), 0);
        sessions.put(&("ada", token), &Session { device, requests })?;
    }
    for _ in 0..3 {
        pass(20 * MINUTE);
        println!("  20 minutes later, phone: {}", serve(&sessions, "t1")?);
    }
    println!("  an hour later, laptop:   {}", serve(&sessions, "t2")?);
    for session in sessions.prefix(("ada",)).values() {
        let Session { device, requests } = session?;
        println!("  open: {device}, {requests} requests");
    }

    sessions.delete_prefix(("ada",))?; // one write, however many devices
    println!("logged out everywhere: {} sessions left", sessions.count()?);
    db.close()
}

/// A request with ada's token: counts it, and lets the session live on for half an hour.
fn serve(sessions: &GrainStore<SessionKey, Session>, token: &str) -> Result<&'static str> {
    let key = ("ada", token);
    let mut known = false;
    sessions.update(&key, |session| {
        known = session.is_some();
        session.map_or(Change::Nothing, |mut session| {
            session.requests += 1;
            Change::Put(session) // keeps the lifetime, so it is touched below
        })
    })?;
    sessions.touch(&key, Ttl::After(30 * MINUTE))?;
    Ok(if known { "welcome" } else { "log in again" })
}

/// Right once, and three times wrong at most: read and write are one step, so of two requests
/// with the same code only one gets in.
fn check(passwords: &GrainStore<String, OneTimePassword>, user: &str, code: u32) -> Result<bool> {
    let mut right = false;
    passwords.update(user, |password| {
        right = password.as_ref().is_some_and(|p| p.code == code);
        match password {
            None => Change::Nothing,
            Some(p) if right || p.tries_left <= 1 => Change::Delete,
            Some(p) => Change::Put(OneTimePassword {
                tries_left: p.tries_left - 1,
                ..p
            }),
        }
    })?;
    Ok(right)
}
