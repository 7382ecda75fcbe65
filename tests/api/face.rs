//! The guide's one program: every call that it shows, in its forms, with what each answers.

use grainstore::{
    Bincode, BytesStore, Change, Db, Durability, Expiry, GrainStore, If, Key, Ttl, U32Store,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SessionKey {
    tenant: String,
    user: u64,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
struct Session {
    token: String,
    hp: u32,
}

impl Session {
    fn hit(self, damage: u32) -> Self {
        let hp = self.hp.saturating_sub(damage);
        Self { hp, ..self }
    }
}

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LevelKey {
    world: u16,
    level: i32,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Level {
    name: String,
    tiles: Vec<u8>,
}

/// A folder of the test's own, gone at the end however that comes.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("grainstore-api-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn session(hp: u32) -> Session {
    let token = format!("t{hp}");
    Session { token, hp }
}

fn key(tenant: &str, user: u64) -> SessionKey {
    let tenant = tenant.to_owned();
    SessionKey { tenant, user }
}

type Sessions = GrainStore<SessionKey, Session>;

#[test]
fn the_program_of_the_guide_runs_and_does_what_it_says() -> grainstore::Result<()> {
    let folder = Folder::new("guide");
    let world = folder.0.join("world.grain");
    let db = Db::open(&world)?;
    drop(db);
    let db = Db::builder(&world)
        .durability(Durability::Batch(Duration::from_millis(10)))
        .default_ttl(Duration::from_secs(3600))
        .cache_bytes(256 << 20)
        .memtable_bytes(64 << 20)
        .open()?;
    let sessions = db.store::<SessionKey, Session>("sessions")?;
    records(&sessions)?;
    lifetimes(&sessions)?;
    queries(&sessions)?;
    versions(&sessions)?;
    several_stores(&db, &sessions)?;

    db.flush()?;
    db.compact()?;
    assert!(db.stats().commits > 0);
    assert!(db.verify()?.tables > 0);
    let backup = folder.0.join("backup.grain");
    db.checkpoint(&backup)?;
    db.close()?;
    let copy = Db::open(&backup)?.store::<SessionKey, Session>("sessions")?;
    assert_eq!(copy.get(&("zeta", 1))?, Some(session(7)));

    let hp: GrainStore<String, u32> = GrainStore::open(folder.0.join("grain_user42.db"))?;
    hp.put("ada", &100)?;
    assert_eq!(hp.get("ada")?, Some(100));
    Ok(())
}

fn records(sessions: &Sessions) -> grainstore::Result<()> {
    let (key, session) = (key("acme", 7), session(100));
    sessions.put(&key, &session)?;
    sessions.put_with(&key, &session, Ttl::After(Duration::from_secs(300)))?;
    let s: Option<Session> = sessions.get(&key)?;
    assert_eq!(s, Some(session.clone()));
    let s = sessions.get(&("acme", 7u64))?;
    assert_eq!(s, Some(session.clone()));
    let (key_a, key_b) = (key.clone(), self::key("acme", 8));
    let all = sessions.get_many([&key_a, &key_b])?;
    assert_eq!(all, [Some(session.clone()), None]);
    let twice = sessions.get_many([&key_b, &key_a, &key_a])?;
    assert_eq!(twice, [None, Some(session.clone()), Some(session.clone())]);
    assert!(sessions.contains(&key)?);
    sessions.delete(&key)?;
    assert!(!sessions.contains(&key)?);
    sessions.put(&key, &session)?;
    let old = sessions.take(&key)?;
    assert_eq!(old, Some(session));
    assert_eq!(sessions.take(&key)?, None);
    Ok(())
}

fn lifetimes(sessions: &Sessions) -> grainstore::Result<()> {
    let key = key("acme", 7);
    assert_eq!(sessions.ttl(&key)?, Expiry::Missing);
    assert!(!sessions.touch(&key, Ttl::Never)?);
    sessions.put(&key, &session(1))?;
    let left = |within: u64| -> grainstore::Result<()> {
        let left = sessions.ttl(&key)?;
        let most = Duration::from_secs(within);
        let least = most - Duration::from_secs(30);
        assert!(
            matches!(left, Expiry::In(d) if d <= most && d > least),
            "{left:?}"
        );
        Ok(())
    };
    left(3600)?; // the default of the database
    assert!(sessions.touch(&key, Ttl::After(Duration::from_secs(60)))?);
    left(60)?;
    sessions.put_with(&key, &session(2), Ttl::Keep)?;
    left(60)?;
    sessions.put_with(&key, &session(2), Ttl::Default)?;
    left(3600)?;
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_400);
    sessions.put_with(&key, &session(2), Ttl::At(tomorrow))?;
    left(86_400)?;
    assert!(sessions.persist(&key)?);
    assert_eq!(sessions.ttl(&key)?, Expiry::Never);
    sessions.put_with(&key, &session(3), Ttl::After(Duration::ZERO))?;
    assert_eq!(sessions.get(&key)?, None);
    Ok(())
}

fn queries(sessions: &Sessions) -> grainstore::Result<()> {
    for user in 0..200 {
        sessions.put(&("acme", user), &session(user as u32))?;
    }
    sessions.put(&("acmf", 0), &session(0))?;
    sessions.put(&("zeta", 1), &session(7))?;
    let mut users = Vec::new();
    for entry in sessions.prefix(("acme",)) {
        let e = entry?;
        assert_eq!((&*e.key.tenant, e.value.hp as u64), ("acme", e.key.user));
        users.push(e.key.user);
    }
    assert!(users.iter().copied().eq(0..200));
    let some = sessions.prefix(("acme",)).range(10..20).rev().limit(100);
    let some: Vec<u64> = some.map(|e| e.unwrap().key.user).collect();
    assert!(some.iter().copied().eq((10..20).rev()));
    let (a, b) = (key("acme", 198), key("zeta", 0));
    assert_eq!(sessions.range(a..=b).count()?, 3);
    let keys: Vec<SessionKey> = sessions.iter().keys().map(Result::unwrap).collect();
    assert!(keys.is_sorted() && keys.len() == 202);
    let values: Vec<Session> = sessions.iter().values().map(Result::unwrap).collect();
    assert_eq!(values[201], session(7));
    let lazy = sessions.iter().lazy().map(Result::unwrap);
    assert_eq!(lazy.filter(|entry| entry.key.user == 1).count(), 2);
    let page = sessions.prefix(("acme",)).limit(50).page()?;
    assert_eq!((page.items.len(), page.items[49].key.user), (50, 49));
    let cursor = page.next.unwrap();
    let page = sessions.prefix(("acme",)).limit(50).after(&cursor).page()?;
    assert_eq!(page.items[0].key.user, 50);
    let last = sessions
        .prefix(("acme",))
        .limit(150)
        .after(&cursor)
        .page()?;
    assert_eq!((last.items.len(), last.next), (150, None));
    assert_eq!(sessions.count_prefix(("acme",))?, 200);
    sessions.delete_prefix(("acme",))?;
    assert_eq!(sessions.count_prefix(("acme",))?, 0);
    assert_eq!(sessions.count()?, 2);
    Ok(())
}

fn versions(sessions: &Sessions) -> grainstore::Result<()> {
    let key = key("acme", 7);
    assert_eq!(sessions.get_versioned(&key)?, None);
    let first = sessions.put_if(&key, &session(50), If::Absent)?;
    let v = sessions.get_versioned(&key)?.unwrap();
    assert_eq!((v.version, &v.value), (first, &session(50)));
    assert!(v.expires_at.is_some());
    let second = sessions.put_if(&key, &session(51), If::Version(v.version))?;
    assert!(second > first);
    let conflict = sessions.put_if(&key, &session(0), If::Version(v.version));
    assert!(conflict.unwrap_err().is_conflict());
    assert!(
        sessions
            .put_if(&key, &session(0), If::Absent)
            .unwrap_err()
            .is_conflict()
    );
    let conflict = sessions.delete_if(&key, If::Version(first));
    assert!(conflict.unwrap_err().is_conflict());
    assert_eq!(sessions.get(&key)?, Some(session(51)));
    assert!(sessions.delete_if(&key, If::Version(second))?);
    assert!(
        sessions
            .delete_if(&key, If::Present)
            .unwrap_err()
            .is_conflict()
    );
    assert!(!sessions.delete_if(&key, If::Absent)?);
    sessions.put_with(&key, &session(10), Ttl::Never)?;
    sessions.update(&key, |old: Option<Session>| {
        Change::Put(old.unwrap_or_default().hit(3))
    })?;
    assert_eq!(sessions.get(&key)?.unwrap().hp, 7);
    assert_eq!(
        sessions.ttl(&key)?,
        Expiry::Never,
        "an update keeps the lifetime"
    );
    assert!(sessions.update(&key, |_| Change::Nothing)?.is_some());
    assert_eq!(sessions.update(&key, |_| Change::Delete)?, None);
    assert_eq!(sessions.get(&key)?, None);
    Ok(())
}

fn several_stores(db: &Db, sessions: &Sessions) -> grainstore::Result<()> {
    let levels = db.store_with::<LevelKey, Level, _>("levels", Bincode)?;
    let scores: U32Store = db.u32_store("scores")?;
    let blobs: BytesStore = db.bytes_store("blobs")?;
    let (name, tiles) = ("cellar".to_owned(), vec![1, 2]);
    let level = Level { name, tiles };
    levels.put(
        &LevelKey {
            world: 1,
            level: -3,
        },
        &level,
    )?;
    assert_eq!(levels.get(&(1u16, -3))?, Some(level));
    scores.put(7, 99)?;
    blobs.put(b"img", b"....")?;
    assert_eq!(blobs.get(b"img")?.unwrap(), b"....");

    let (key, session) = (key("acme", 7), session(100));
    let mut batch = db.batch();
    batch.put(sessions, &key, &session)?;
    batch.delete(&scores, &7u32)?;
    assert_eq!(scores.get(7)?, Some(99), "not before the commit");
    batch.commit()?;
    assert_eq!(
        (scores.get(7)?, sessions.get(&key)?),
        (None, Some(session.clone()))
    );

    let snap = db.snapshot();
    sessions.delete(&key)?;
    scores.put(7, 1)?;
    assert_eq!(sessions.at(&snap).get(&key)?, Some(session));
    assert_eq!(sessions.get(&key)?, None);
    assert_eq!(db.store_names()?, ["blobs", "levels", "scores", "sessions"]);
    Ok(())
}
