//! The history behind the golden files, and what it leaves.

use grainstore::clock::ManualClock;
use grainstore::fs::{CrashDisk, FileSystem};
use grainstore::{Background, Bincode, BytesStore, Db, Expiry, GrainStore, Json, Ttl, U32Store};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(crate) const DIR: &str = "/world.grain";

/// The clock stands here all the while.
const NOW_MS: u64 = 1_700_000_000_000;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) hp: u32,
}

/// The stores of the golden database.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) sessions: GrainStore<(String, u64), Session>,
    pub(crate) levels: GrainStore<i16, (u8, f64), Bincode>,
    pub(crate) notes: GrainStore<String, Vec<String>, Json>,
    pub(crate) scores: U32Store,
    pub(crate) blobs: BytesStore,
}

impl World {
    /// Opens the database on `disk`, with everything small and in fixed order.
    pub(crate) fn open(disk: impl FileSystem) -> grainstore::Result<Self> {
        let db = Db::builder(DIR)
            .file_system(disk)
            .clock(ManualClock::new(NOW_MS))
            .background(Background::Inline)
            .memtable_bytes(16 << 10)
            .engine_options(|options| {
                options.block_bytes = 512;
                options.wal_segment_bytes = 4 << 10;
                options.wal_spares_max = 1;
                options.level0_tables = 2;
            })
            .open()?;
        Ok(Self {
            sessions: db.grains("sessions").value_schema("session", 3).open()?,
            levels: db.store_with("levels", Bincode)?,
            notes: db.store_with("notes", Json)?,
            scores: db.u32_store("scores")?,
            blobs: db.bytes_store("blobs")?,
            db,
        })
    }

    fn fill(&self) -> grainstore::Result<()> {
        for user in 0..12 {
            self.sessions.put(&("acme", user), &session(user))?;
            self.scores.put(user as u32 * 1_000, user as u32)?;
        }
        self.sessions.put(&("bolt", 1), &session(100))?;
        self.db.flush()?;
        self.sessions.delete(&("acme", 3))?;
        let hour = Ttl::After(Duration::from_secs(3_600));
        self.sessions.put_with(&("acme", 4), &session(44), hour)?;
        for level in [-300, -1, 0, 7] {
            self.levels
                .put(&level, &(level as u8, f64::from(level) / 4.0))?;
        }
        self.db.flush()?; // the second table makes a compaction due
        self.notes
            .put("märz", &vec!["erste".into(), String::new()])?;
        self.blobs.put(b"img/1", vec![0xa5; 700])?;
        self.blobs.put(b"img/2", b"")?;
        self.blobs.put(b"tmp/1", b"gone soon")?;
        self.blobs.put(b"", b"under the empty key")?;
        self.db.flush()?;
        // What follows stays in the log.
        self.blobs.delete_prefix(b"tmp/")?;
        self.scores.add(1_000, 41)?;
        let mut batch = self.db.batch();
        batch.delete(&self.scores, &2_000)?;
        batch.put(&self.notes, "april", &Vec::new())?;
        batch.put_with(&self.blobs, &b"otp"[..], b"123456", hour)?;
        batch.commit()
    }

    /// Holds the contents to what is written down here.
    pub(crate) fn assert_contents(&self) {
        let names = ["blobs", "levels", "notes", "scores", "sessions"];
        assert_eq!(self.db.store_names().unwrap(), names);
        let sessions: Vec<_> = self.sessions.iter().map(Result::unwrap).collect();
        let users: Vec<_> = sessions.iter().map(|entry| entry.key.1).collect();
        assert_eq!(users, [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 1]);
        for entry in &sessions {
            let expected = match (&*entry.key.0, entry.key.1) {
                ("acme", 4) => session(44),
                ("acme", user) => session(user),
                ("bolt", 1) => session(100),
                _ => panic!("{entry:?}"),
            };
            assert_eq!(entry.value, expected);
        }
        let hour = Expiry::In(Duration::from_secs(3_600));
        assert_eq!(self.sessions.ttl(&("acme", 4)).unwrap(), hour);
        assert_eq!(self.sessions.ttl(&("acme", 5)).unwrap(), Expiry::Never);
        let levels: Vec<_> = self.levels.iter().map(Result::unwrap).collect();
        let levels: Vec<_> = levels
            .iter()
            .map(|entry| (entry.key, entry.value))
            .collect();
        let expected = [
            (-300, (212, -75.0)),
            (-1, (255, -0.25)),
            (0, (0, 0.0)),
            (7, (7, 1.75)),
        ];
        assert_eq!(levels, expected);
        let notes: Vec<_> = self.notes.iter().map(Result::unwrap).collect();
        assert_eq!(notes.len(), 2);
        assert_eq!((&*notes[0].key, &notes[0].value), ("april", &Vec::new()));
        assert_eq!((&*notes[1].key, &*notes[1].value[0]), ("märz", "erste"));
        let scores: Vec<_> = self.scores.iter().map(Result::unwrap).collect();
        let expected = (0..12)
            .map(|user| (user * 1_000, user))
            .map(|pair| match pair {
                (1_000, _) => (1_000, 42),
                pair => pair,
            });
        let expected: Vec<_> = expected.filter(|(key, _)| *key != 2_000).collect();
        assert_eq!(scores, expected);
        let blobs: Vec<_> = self.blobs.iter().map(Result::unwrap).collect();
        let keys: Vec<_> = blobs.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, [&b""[..], b"img/1", b"img/2", b"otp"]);
        assert_eq!(blobs[1].1, [0xa5; 700]);
        assert_eq!(self.blobs.ttl(b"otp").unwrap(), hour);
        self.db.verify().unwrap();
    }
}

fn session(user: u64) -> Session {
    Session {
        token: format!("token-{user:x}"),
        hp: 100 + user as u32,
    }
}

/// The golden database, written now.
pub(crate) fn written() -> CrashDisk {
    let disk = CrashDisk::new();
    written_on(disk.clone());
    disk
}

/// As [`written`], on this disk.
pub(crate) fn written_on(disk: impl FileSystem) {
    let world = World::open(disk).unwrap();
    world.fill().unwrap();
    world.db.close().unwrap();
}
