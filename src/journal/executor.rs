//! The way to tokio's threads for calls that block.
//!
//! Callable from any task. What was handed over runs to its end, whether or not anybody waits, but
//! for a runtime that is shut down before it began.

use crate::error::{Error, ErrorKind, Result};
use tokio::runtime::Handle;

/// Runs `call` where blocking is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let outcome = runtime()?.spawn_blocking(call).await;
    outcome.unwrap_or_else(|_| Err(cut_short()))
}

/// The runtime around the caller; an error where there is none.
pub(super) fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|_| {
        let text = "an asynchronous journal needs a tokio runtime around it; \
                    use the blocking Journal elsewhere";
        Error::new(ErrorKind::InvalidInput, text)
    })
}

/// The runtime goes down before the call has run; queued records are written by the next append,
/// or when the journal is closed or dropped.
#[cold]
pub(super) fn cut_short() -> Error {
    let text = "the tokio runtime was shut down before the call came to its end; what it did is \
                in the file when the journal is opened again";
    Error::new(ErrorKind::Closed, text)
}
