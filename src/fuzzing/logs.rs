//! Any bytes as a batch, and as a segment of the log.

use super::sealing::reseal;
use crate::error::{Error, ErrorKind};
use crate::format::batch::{append, operations};
use crate::fs::crash_disk::CrashDisk;
use crate::wal::replay::replay;
use std::path::Path;

/// Takes `bytes` for the operations of a batch.
pub fn batch(bytes: &[u8]) {
    let mut again = Vec::new();
    for operation in operations(bytes) {
        let Ok(operation) = operation else {
            assert!(
                bytes.starts_with(&again),
                "what was read is not what stood there"
            );
            return;
        };
        append(&mut again, operation);
    }
    assert_eq!(again, bytes);
}

/// Takes the first byte for whether checksums are put right (odd) and the rest for segment 1.
pub fn log_segment(bytes: &[u8]) {
    let Some((&flags, file)) = bytes.split_first() else {
        return;
    };
    let mut file = file.to_vec();
    if flags & 1 == 1 {
        reseal("000001.wal", &mut file);
    }
    let disk = CrashDisk::new();
    let path = Path::new("/000001.wal");
    if disk.write_file(path, &file).is_err() {
        return;
    }
    let read = || {
        let (mut end_before, mut payload_bytes, mut operation_count) = (0, 0, 0u64);
        let end = replay(&disk, path, 1, &mut |record| {
            assert!(record.offset >= end_before, "records overlap");
            end_before = record.offset + record.payload.len() as u64;
            payload_bytes += record.payload.len();
            operation_count += operations(record.payload).filter(Result::is_ok).count() as u64;
            Ok(())
        });
        assert!(payload_bytes <= file.len());
        if let Err(error) = &end {
            check_refusal(error);
        }
        let end = end.map_err(|error| error.to_string());
        (end, payload_bytes, operation_count)
    };
    assert_eq!(read(), read());
}

/// What the bytes of a file can bring about.
pub(super) fn check_refusal(error: &Error) {
    let kinds = [ErrorKind::Corruption, ErrorKind::UnsupportedFormat];
    assert!(kinds.contains(&error.kind()), "{error:?}");
    if error.kind() == ErrorKind::Corruption {
        assert!(
            error.path().is_some() && error.offset().is_some(),
            "{error:?}"
        );
    }
}
