//! Errors of a table file, from what its decoders and the disk say.

use crate::error::Error;
use crate::format::compression::Refusal;
use crate::format::damage::Damage;
use std::io;
use std::path::Path;

/// Bytes of `path` at `offset` are damaged, or of a format this build does not read.
pub(crate) fn refused(path: &Path, offset: u64, refusal: Refusal) -> Error {
    match refusal {
        Refusal::Damage(damage) => damaged(path, offset, &damage),
        Refusal::Unsupported(what) => Error::unsupported(path, offset, format!("needs {what}")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_a_build_does_not_read_is_named_with_its_place() {
        let path = Path::new("/db/000001.table");
        let error = refused(path, 512, Refusal::Unsupported("LZ4"));
        assert_eq!(error.kind(), ErrorKind::UnsupportedFormat);
        assert_eq!((error.path(), error.offset()), (Some(path), Some(512)));
        assert_eq!(
            error.to_string(),
            "/db/000001.table at offset 512 needs LZ4"
        );
        assert_eq!(error.copied().to_string(), error.to_string());
    }
}
