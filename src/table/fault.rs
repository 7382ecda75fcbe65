//! Errors of a table file, from what its decoders and the disk say.

use crate::error::{Error, ErrorKind};
use crate::format::compression::Refusal;
use crate::format::damage::Damage;
use std::io;
use std::path::Path;

/// Bytes of `path` at `offset` are damaged, or of a format this build does not read.
pub(crate) fn refused(path: &Path, offset: u64, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Damage(damage) => damaged(path, offset, &damage),
        Refusal::Unsupported(what) => Error::new(
            ErrorKind::UnsupportedFormat,
            format!("{} at offset {offset} needs {what}", path.display()),
        ),
    }
}

/// The part of `path` that begins at `offset` is damaged.
pub(crate) fn damaged(path: &Path, offset: u64, damage: &Damage) -> Error {
    Error::corruption(path, offset, damage.what)
}

/// Reading `path` failed. A file that ends before its own footer says so is damaged.
pub(crate) fn unreadable(path: &Path, offset: u64, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        Error::corruption(path, offset, "file ends too early")
    } else {
        Error::io("read", path, source)
    }
}
