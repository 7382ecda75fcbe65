//! Log segments whose records are all in tables: kept for use again, or removed.
//!
//! Nothing here can fail in a way that matters: a segment that stays behind has a number below the
//! manifest's first, and the next open sweeps it away.

use super::core::{Core, Log};
use crate::format::file_name::FileName;
use crate::sync::Ordering;

/// Retires the segments below `log_first`.
pub(crate) fn retire(core: &Core, log_first: u64) {
    let oldest = core.log_oldest.swap(log_first, Ordering::Relaxed);
    retire_range(core, oldest, log_first);
}

/// Retires the segments from `oldest` on that are below `log_first`.
pub(crate) fn retire_range(core: &Core, oldest: u64, log_first: u64) {
    if !core.hold.lasts() {
        return;
    }
    for number in oldest..log_first {
        let path = core.path(FileName::Wal(number));
        if !keep_as_spare(core, number) {
            let _ = core.file_system.remove_file(&path);
        }
    }
}

/// Renames the segment to a spare where more are wanted and it has no odd size.
fn keep_as_spare(core: &Core, number: u64) -> bool {
    let path = core.path(FileName::Wal(number));
    let bytes = core.file_system.file_len(&path);
    let mut log = core.log.lock();
    let fits = bytes.is_ok_and(|bytes| core.options.wal_options().keeps_spare(bytes));
    if !fits || log.spares.len() >= core.options.wal_spares_max {
        return false;
    }
    let spare = core.path(FileName::SpareWal(number));
    if core.file_system.rename(&path, &spare).is_err() {
        return false;
    }
    log.spares.push(number);
    true
}

/// Removes the segments kept for use again: a database that is closed takes no space for them.
pub(crate) fn remove_spares(core: &Core, log: &mut Log) {
    if !core.hold.lasts() {
        return;
    }
    for number in log.spares.drain(..) {
        let path = core.path(FileName::SpareWal(number));
        let _ = core.file_system.remove_file(&path);
    }
}
