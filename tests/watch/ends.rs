//! Close, drop, waiting, waking.

use crate::{new_engine, told, watch_all};
use grainstore::clock::ManualClock;
use grainstore::engine::{Engine, EngineOptions, Watch, WatchOptions};
use grainstore::fs::CrashDisk;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(600);

/// Counts how often it is woken, and writes each time: a task that runs where it is woken.
struct WritingWaker {
    woken: AtomicUsize,
    engine: Option<Engine>,
}

impl Wake for WritingWaker {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
        if let Some(engine) = &self.engine {
            engine.put(b"from the waker", b"").unwrap();
        }
    }
}

fn waker(engine: Option<Engine>) -> (Arc<WritingWaker>, Waker) {
    let woken = AtomicUsize::new(0);
    let waker = Arc::new(WritingWaker { woken, engine });
    (Arc::clone(&waker), waker.into())
}

fn poll(watch: &mut Watch, waker: &Waker) -> Poll<Option<String>> {
    let next = watch.poll_next(&mut Context::from_waker(waker));
    next.map(|next| next.map(|event| crate::short(&event.unwrap())))
}

#[test]
fn a_close_ends_the_stream_after_the_events_committed_before() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    engine.put(b"a", b"1").unwrap();
    engine.put(b"b", b"2").unwrap();
    engine.close().unwrap();
    assert!(!watch.is_ended());
    let events: Vec<String> = watch.by_ref().map(|e| crate::short(&e.unwrap())).collect();
    assert_eq!(events, ["+a=1;", "+b=2;"]);
    assert!(watch.is_ended() && watch.next().is_none() && watch.try_next().is_none());
    assert!(watch.next_timeout(LONG).is_none());
    assert!(watch.restart().is_err());
    let closed = engine.watch::<&[u8]>(.., WatchOptions::new()).unwrap_err();
    assert_eq!(closed.kind(), grainstore::ErrorKind::Closed);
}

#[test]
fn a_close_wakes_who_waits_and_a_watch_keeps_no_engine_open() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    let waiting = std::thread::spawn(move || watch.next().is_none());
    let mut polled = watch_all(&engine, WatchOptions::new());
    let (count, waker) = waker(None);
    assert_eq!(poll(&mut polled, &waker), Poll::Pending);
    drop(engine); // the last handle
    assert!(waiting.join().unwrap());
    assert_eq!(count.woken.load(Ordering::SeqCst), 1);
    assert_eq!(poll(&mut polled, &waker), Poll::Ready(None));
}

#[test]
fn a_watch_that_is_dropped_is_forgotten() {
    let (engine, _) = new_engine();
    let kept = watch_all(&engine, WatchOptions::new());
    let dropped: Vec<Watch> = (0..10)
        .map(|_| watch_all(&engine, WatchOptions::new()))
        .collect();
    assert_eq!((engine.stats().watches, engine.stats().snapshots), (11, 22));
    drop(dropped);
    assert_eq!((engine.stats().watches, engine.stats().snapshots), (1, 2));
    engine.put(b"a", b"").unwrap();
    drop(kept);
    assert_eq!((engine.stats().watches, engine.stats().snapshots), (0, 0));
}

#[test]
fn the_first_look_for_an_event_lets_the_beginning_go() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    assert!(engine.stats().snapshots > 0);
    assert!(watch.try_next().is_none());
    assert_eq!(engine.stats().snapshots, 0);
}

#[test]
fn who_waits_is_woken_by_a_commit() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    assert!(watch.next_timeout(Duration::ZERO).is_none());
    assert!(watch.next_timeout(Duration::from_millis(1)).is_none());
    let waiting = std::thread::spawn(move || {
        let first = watch.next_timeout(LONG).unwrap().unwrap();
        let second = watch.next().unwrap().unwrap();
        (crate::short(&first), crate::short(&second))
    });
    engine.put(b"a", b"1").unwrap();
    engine.put(b"b", b"1").unwrap();
    let told = waiting.join().unwrap();
    assert_eq!(told, ("+a=1;".to_owned(), "+b=1;".to_owned()));
}

#[test]
fn who_waits_is_woken_in_time_for_an_expiry() {
    // The clock of the system, for once: what is waited for has to pass.
    let mut options = EngineOptions::default();
    options.file_system = Arc::new(CrashDisk::new());
    let engine = Engine::open("/db", options).unwrap();
    let expiry_ms = engine.now_ms() + 20;
    engine.put_with_expiry(b"a", b"1", expiry_ms).unwrap();
    let mut watch = watch_all(&engine, WatchOptions::new());
    let event = watch.next_timeout(LONG).unwrap().unwrap();
    assert_eq!(crate::short(&event), "!a");
    assert!(engine.get(b"a").unwrap().is_none() && engine.now_ms() >= expiry_ms);
}

#[test]
fn a_task_is_woken_once_by_what_it_watches_and_by_nothing_else() {
    let (engine, clock) = new_engine();
    let mut watch = engine
        .watch(b"a".as_slice()..b"b", WatchOptions::new())
        .unwrap();
    let (count, waker) = waker(None);
    let woken = || count.woken.load(Ordering::SeqCst);
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    engine.put(b"c", b"").unwrap();
    assert_eq!(woken(), 0);
    engine
        .put_with_expiry(b"a", b"", engine.now_ms() + 50)
        .unwrap();
    engine.put(b"a2", b"").unwrap();
    assert_eq!(woken(), 1, "not again before it has looked");
    assert_eq!(poll(&mut watch, &waker), Poll::Ready(Some("+a=;".into())));
    assert_eq!(poll(&mut watch, &waker), Poll::Ready(Some("+a2=;".into())));
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    assert_eq!(watch.due_in(), Some(Duration::from_millis(50)));
    clock.advance(50);
    assert_eq!(watch.due_in(), Some(Duration::ZERO));
    assert_eq!(poll(&mut watch, &waker), Poll::Ready(Some("!a".into())));
    assert_eq!((watch.due_in(), woken()), (None, 1));
}

#[test]
fn a_waker_may_write_to_the_engine_that_wakes_it() {
    let (engine, _) = new_engine();
    let mut watch = watch_all(&engine, WatchOptions::new());
    let (_, waker) = waker(Some(engine.clone()));
    for round in 0..3 {
        assert_eq!(poll(&mut watch, &waker), Poll::Pending);
        if round == 2 {
            engine.ingest([Ok((b"a", b"", 0))]).unwrap();
        } else {
            engine.put(b"a", b"").unwrap();
        }
        assert_eq!(told(&mut watch), "+a=; +from the waker=;");
    }
}

#[test]
fn a_watch_may_move_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let (engine, _): (Engine, ManualClock) = new_engine();
    is_send(&watch_all(&engine, WatchOptions::new()));
}
