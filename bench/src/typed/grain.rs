//! The record of the typed rows and its key: two numbers, two texts, an enum, five items and a map,
//! some 250 bytes, as `cargo bench` has it.

use crate::records::mix;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records of one player: what a scan of a prefix finds.
pub const SLOTS: u64 = 20;
/// Records of one owner: what the index finds.
pub const OWNED: u64 = 10;
const REALM: &str = "eu-north";

/// The key.
#[derive(grainstore::Key, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrainKey {
    realm: String,
    player: u64,
    slot: u64,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grain {
    pub id: u64,
    pub owner: u64,
    name: String,
    note: String,
    state: State,
    items: Vec<Item>,
    attributes: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum State {
    Idle,
    Moving { x: f32, y: f32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    kind: u32,
    count: u16,
    durability: f32,
}

/// The borrowed form of the key of record `i`: no text is built for it.
pub fn key(i: u64) -> (&'static str, u64, u64) {
    (REALM, mix(i / SLOTS), i % SLOTS)
}

/// What the keys of the player of record `i` begin with.
pub fn prefix(i: u64) -> (&'static str, u64) {
    (REALM, mix(i / SLOTS))
}

/// The same key as bytes that sort like it, as one writes them by hand.
pub fn key_bytes(i: u64) -> Vec<u8> {
    let mut bytes = prefix_bytes(i);
    bytes.extend_from_slice(&key(i).2.to_be_bytes());
    bytes
}

/// The same prefix as bytes.
pub fn prefix_bytes(i: u64) -> Vec<u8> {
    let (realm, player) = prefix(i);
    let mut bytes = Vec::with_capacity(realm.len() + 17);
    bytes.extend_from_slice(realm.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&player.to_be_bytes());
    bytes
}

/// The index key of record `i`.
pub fn owner(i: u64) -> u64 {
    mix(i / OWNED)
}

/// Record `i`.
pub fn grain(i: u64) -> Grain {
    let item = |n: u64| Item {
        kind: (mix(i + n) >> 44) as u32,
        count: n as u16 + 1,
        durability: 0.5,
    };
    let attributes = [("strength", 7), ("wisdom", -2), ("luck", 1_000)];
    Grain {
        id: i,
        owner: owner(i),
        name: format!("grain {:012x}", mix(i) >> 16),
        note: "a short note that somebody wrote about it".to_owned(),
        state: if i.is_multiple_of(2) {
            State::Idle
        } else {
            State::Moving { x: 0.5, y: -1.5 }
        },
        items: (0..5).map(item).collect(),
        attributes: attributes.map(|(name, n)| (name.to_owned(), n)).into(),
    }
}
