//! `/metrics` over HTTP, from one thread.
//!
//! The thread runs an executor of its own for hyper, so that no executor of the program is needed.
//! It answers a handful of clients at a time (H1), gives each little memory and a few seconds to
//! say what it wants (H2), and knows one page. Meant for the inner network: there is no encryption
//! and no password. The figures are gathered on that thread, while the client waits.

use super::collector::{EngineCollector, text_of};
use crate::engine::lsm::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Arc, JoinHandle, spawn};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener as BoundListener, ToSocketAddrs};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

/// Clients answered at a time; the others wait to be let in (H1).
const CLIENTS_MAX: usize = 16;

/// The most memory that a request's head takes (H2).
const HEAD_BYTES_MAX: usize = 16 << 10;

/// How long a client may take to send a request's head, the next one of its connection too (H2).
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The thread that answers `/metrics`. It ends when this is dropped.
#[derive(Debug)]
#[must_use = "the server ends when this is dropped"]
pub struct MetricsServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Where it listens: with the port that the system chose, where 0 was asked for.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say here.
            let _ = thread.join();
        }
    }
}

/// Serves the metrics of `engine`, or of a database's, at `http://addr/metrics`, until the answer
/// is dropped. Port 0 lets the system choose. Does not hold the database open: once it is closed
/// and dropped, the answer is 503.
///
/// ```
/// use grainstore::{Db, metrics};
/// # let dir = std::env::temp_dir().join(format!("grainstore-doc-srv-{}", std::process::id()));
/// let db = Db::open(&dir)?;
/// let server = metrics::serve(&db, "127.0.0.1:0")?;
/// assert_ne!(server.addr().port(), 0);
/// # drop(server);
/// # db.close()?;
/// # std::fs::remove_dir_all(&dir).unwrap();
/// # Ok::<(), grainstore::Error>(())
/// ```
///
/// # Errors
/// `Io` where nobody can listen there, `InvalidInput` where `addr` is no address.
pub fn serve(engine: &impl AsRef<Engine>, addr: impl ToSocketAddrs) -> Result<MetricsServer> {
    let refused = |e: std::io::Error| {
        let kind = match e.kind() {
            std::io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
            _ => ErrorKind::Io,
        };
        Error::caused(kind, "cannot serve metrics", e)
    };
    let bound = BoundListener::bind(addr).map_err(refused)?;
    let addr = bound.local_addr().map_err(refused)?;
    bound.set_nonblocking(true).map_err(refused)?;
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(refused)?;
    let collector = EngineCollector::new(engine);
    let (stop, stopped) = oneshot::channel();
    let thread = spawn("grainstore-metrics", move || {
        executor.block_on(async move {
            tokio::spawn(accept(bound, collector));
            let _ = stopped.await;
        });
    });
    Ok(MetricsServer {
        addr,
        stop: Some(stop),
        thread: Some(thread.map_err(refused)?),
    })
}

/// Lets clients in, until the task is dropped.
async fn accept(bound: BoundListener, collector: EngineCollector) {
    let Ok(listener) = TcpListener::from_std(bound) else {
        return;
    };
    let places = Arc::new(Semaphore::new(CLIENTS_MAX)); // H1
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let collector = collector.clone();
                tokio::spawn(async move {
                    answer_all(client, collector).await;
                    drop(place);
                });
            }
            // Of this client, or of too many open files; the next may do better, a little later.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of one connection.
async fn answer_all(client: TcpStream, collector: EngineCollector) {
    let service = service_fn(move |request| {
        let answer = answer(&request, &collector);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX) // H2
        .max_buf_size(HEAD_BYTES_MAX) // H2
        .serve_connection(TokioIo::new(client), service);
    // What a client did wrong was told to the client.
    let _ = served.await;
}

fn answer(request: &Request<Incoming>, collector: &EngineCollector) -> Response<String> {
    let plain = |status: StatusCode, text: &str| {
        let mut response = Response::new(format!("{text}\n"));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the metrics are at /metrics");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD");
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if !collector.is_there() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the database is closed");
    }
    match text_of(collector) {
        Ok(text) => {
            let mut response = Response::new(text);
            let kind = HeaderValue::from_static(TEXT);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
