//! The async face does what the blocking one does, and never keeps a thread of the runtime.

#![allow(clippy::unwrap_used)]

use futures_core::Stream;
use grainstore::asynchronous::{AsyncDb, AsyncStore};
use grainstore::fs::CrashDisk;
use grainstore::{Background, Change, Db, Entry, ErrorKind, Expiry, If, Key, Result, Ttl};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SessionKey {
    tenant: String,
    user: u64,
}

fn key(tenant: &str, user: u64) -> SessionKey {
    let tenant = tenant.to_owned();
    SessionKey { tenant, user }
}

async fn open() -> (AsyncDb, AsyncStore<SessionKey, String>) {
    let builder = Db::builder("async.grain")
        .file_system(CrashDisk::new())
        .background(Background::Inline);
    let db = builder.open_async().await.unwrap();
    let sessions = db.store("sessions").await.unwrap();
    (db, sessions)
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

async fn collect<T, S: Stream<Item = Result<T>> + Unpin>(mut stream: S) -> Vec<T> {
    let mut rows = Vec::new();
    while let Some(row) = next(&mut stream).await {
        rows.push(row.unwrap());
    }
    rows
}

#[tokio::test]
async fn every_method_does_what_its_namesake_does() {
    let (db, sessions) = open().await;
    sessions.put(&key("acme", 7), "one".into()).await.unwrap();
    let ada = ("acme", 7u64);
    assert_eq!(sessions.get(&ada).await.unwrap().as_deref(), Some("one"));
    assert!(sessions.contains(&ada).await.unwrap());
    let minute = Ttl::After(Duration::from_secs(60));
    sessions.put_with(&ada, "two".into(), minute).await.unwrap();
    assert!(matches!(sessions.ttl(&ada).await.unwrap(), Expiry::In(_)));
    assert!(sessions.persist(&ada).await.unwrap());
    assert_eq!(sessions.ttl(&ada).await.unwrap(), Expiry::Never);
    assert!(sessions.touch(&ada, minute).await.unwrap());

    let versioned = sessions.get_versioned(&ada).await.unwrap().unwrap();
    let version = If::Version(versioned.version);
    sessions
        .put_if(&ada, "three".into(), version)
        .await
        .unwrap();
    let late = sessions.put_if(&ada, "four".into(), version).await;
    assert!(late.unwrap_err().is_conflict());
    let shout = |old: Option<String>| Change::Put(old.unwrap_or_default().to_uppercase());
    sessions.update(&ada, shout).await.unwrap();
    let many = sessions.get_many([&ada, &("acme", 8), &ada]).await.unwrap();
    assert_eq!(many, [Some("THREE".into()), None, Some("THREE".into())]);
    assert_eq!(sessions.take(&ada).await.unwrap().as_deref(), Some("THREE"));
    assert!(!sessions.delete_if(&ada, If::Absent).await.unwrap());

    let mut batch = db.batch();
    let blocking = sessions.blocking();
    batch.put(blocking, &("acme", 1), &"b".to_owned()).unwrap();
    batch.put(blocking, &("zeta", 1), &"c".to_owned()).unwrap();
    db.commit(batch).await.unwrap();
    assert_eq!(sessions.count().await.unwrap(), 2);
    assert_eq!(sessions.count_prefix(("acme",)).await.unwrap(), 1);
    sessions.delete_prefix(("acme",)).await.unwrap();
    sessions.delete(&("zeta", 1)).await.unwrap();
    assert!(sessions.is_empty().await.unwrap());
    db.flush().await.unwrap();
    db.verify().await.unwrap();
    db.close().await.unwrap();
    let closed = sessions.get(&ada).await.unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_stream_gives_the_rows_of_its_query_in_order_over_many_trips() {
    let (_db, sessions) = open().await;
    for user in 0..1_000 {
        let value = user.to_string();
        sessions.blocking().put(&("acme", user), &value).unwrap();
    }
    sessions.put(&key("zeta", 1), "other".into()).await.unwrap();

    let users = |entries: Vec<Entry<SessionKey, String>>| -> Vec<u64> {
        entries.iter().map(|entry| entry.key.user).collect()
    };
    let acme = || sessions.prefix(("acme",));
    let all = users(collect(acme().stream()).await);
    assert_eq!(all, (0..1_000).collect::<Vec<_>>());
    let some = users(collect(acme().range(10..900).rev().limit(600).stream()).await);
    assert_eq!(some, (300..900).rev().collect::<Vec<_>>());
    let keys = collect(sessions.iter().keys()).await;
    assert_eq!((keys.len(), keys.last()), (1_001, Some(&key("zeta", 1))));

    let first = acme().limit(400).page().await.unwrap();
    let cursor = first.next.unwrap();
    let rest = users(collect(acme().after(&cursor).stream()).await);
    assert_eq!(rest, (400..1_000).collect::<Vec<_>>());
    assert_eq!(acme().range(..5).count().await.unwrap(), 5);
}

#[tokio::test]
async fn a_stream_reads_one_commit_point() {
    let (_db, sessions) = open().await;
    let blocking = sessions.blocking().clone();
    for user in 0..600 {
        blocking.put(&("acme", user), &"old".to_owned()).unwrap();
    }
    let mut stream = sessions.iter().stream();
    assert!(next(&mut stream).await.unwrap().is_ok());
    for user in 0..1_200 {
        blocking.put(&("acme", user), &"new".to_owned()).unwrap();
    }
    let rest = collect(stream).await;
    assert_eq!(rest.len(), 599);
    assert!(rest.iter().all(|entry| entry.value == "old"));
}

#[tokio::test]
async fn a_row_that_cannot_be_decoded_is_an_error_of_its_own() {
    let (db, sessions) = open().await;
    for user in 0..3 {
        sessions.put(&key("acme", user), "x".into()).await.unwrap();
    }
    // Under the second key a record that is no text.
    let engine = db.blocking().engine();
    let spoiled = engine.scan_prefix(b"").unwrap().map(|pair| pair.unwrap().0);
    let spoiled = spoiled
        .filter(|key| key.ends_with(&1u64.to_be_bytes()))
        .last();
    engine.put(&spoiled.unwrap(), &[0, 1, 0xc1]).unwrap();
    let mut stream = sessions.iter().stream();
    let mut outcomes = Vec::new();
    while let Some(row) = next(&mut stream).await {
        outcomes.push(row.map(|entry| entry.key.user).map_err(|e| e.kind()));
    }
    assert_eq!(outcomes, [Ok(0), Err(ErrorKind::Codec), Ok(2)]);
}

#[tokio::test]
async fn a_write_once_polled_commits_though_its_future_is_dropped() {
    let (_db, sessions) = open().await;
    for user in 0..50 {
        let key = key("acme", user);
        let mut write = Box::pin(sessions.put(&key, "kept".into()));
        // One poll sends it on its way; the second answer is never asked for.
        poll_fn(|cx| {
            let _ = write.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
    }
    // Writes that were sent earlier run beside this; wait for what they do, not for how long.
    while sessions.count().await.unwrap() < 50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_of_the_callers_closure_reaches_the_caller_and_hurts_nobody_else() {
    let (_db, sessions) = open().await;
    let handle = sessions.clone();
    let task = tokio::spawn(async move {
        let angry = |_: Option<String>| -> Change<String> { panic!("no") };
        handle.update(&("acme", 1), angry).await
    });
    assert!(task.await.unwrap_err().is_panic());
    sessions.put(&key("acme", 1), "fine".into()).await.unwrap();
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let db = Db::builder("bare.grain").file_system(CrashDisk::new());
    let db = db.open().unwrap();
    let store = db.store::<u32, u32>("numbers").unwrap().into_async();
    let mut read = Box::pin(store.get(&1));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = read.as_mut().poll(&mut cx) else {
        panic!("it should fail at once");
    };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// On one thread, a future that kept the thread while it waits would stop the ticking task.
#[tokio::test(flavor = "current_thread")]
async fn the_thread_of_the_runtime_stays_free_while_a_call_waits() {
    let (db, _sessions) = open().await;
    let (open_gate, gate) = std::sync::mpsc::channel::<()>();
    let waiting = db.run(move |_| Ok(gate.recv().is_ok()));
    let ticking = tokio::spawn(async move {
        tokio::task::yield_now().await;
        open_gate.send(()).unwrap();
    });
    assert!(waiting.await.unwrap());
    ticking.await.unwrap();
}
