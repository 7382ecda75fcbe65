//! Segments that are longer than 32 bits count, made of records that are zeros.

use crate::format::checksum::plain;
use crate::format::file_name::FileName;
use crate::fs::crash_disk::CrashDisk;
use crate::fs::file_system::FileSystem;
use crate::sync::Arc;
use crate::wal::replay::{ReplayEnd, replay};
use crate::wal::segment::WalOptions;
use crate::wal::writer::{Record, WalWriter};
use std::path::Path;

const PAYLOAD_BYTES: usize = 128 << 20;
const RECORDS: u64 = 34;

#[test]
fn a_segment_beyond_4_gib_is_written_and_replayed_and_its_torn_end_found() {
    let disk: Arc<dyn FileSystem> = Arc::new(CrashDisk::new());
    let dir = Path::new("/");
    let options = WalOptions {
        segment_bytes: u64::MAX,
        prewrite: false,
        announce: true,
    };
    let mut wal = WalWriter::create(Arc::clone(&disk), dir, 1, None, options).unwrap();
    let payload = vec![0; PAYLOAD_BYTES];
    let record = |n: u64, payload| Record {
        base_sequence: n,
        time_ms: n,
        operations: 1,
        payload,
        payload_crc: plain(payload),
    };
    let large = record(1, &payload);
    for n in 1..=RECORDS {
        let record = Record {
            base_sequence: n,
            ..large
        };
        wal.append(&[record]).unwrap();
    }
    wal.sync().unwrap();
    let far = wal.offset();
    assert!(far > 4 << 30);
    wal.append(&[record(RECORDS + 1, b"beyond")]).unwrap();
    wal.sync().unwrap();
    let path = FileName::Wal(1).in_dir(dir);
    let read = || {
        let mut seen = Vec::new();
        let end = replay(&*disk, &path, 1, &mut |record| {
            seen.push((record.base_sequence, record.offset, record.payload.len()));
            Ok(())
        });
        (seen, end.unwrap())
    };
    let (seen, end) = read();
    assert_eq!(seen.len() as u64, RECORDS + 1);
    assert_eq!(seen.last(), Some(&(RECORDS + 1, far, 6)));
    assert_eq!(
        end,
        ReplayEnd::Torn {
            offset: wal.offset()
        }
    );
    wal.roll(None).unwrap();
    assert!(matches!(read().1, ReplayEnd::Rolled { offset } if offset > far));
}
