//! Whether this process is a fork of the one that asked before, for the price of a load.
//!
//! A system call at every write would cost a tenth of it. On Linux a page of memory can be asked to
//! be found zeroed in a fork (`MADV_WIPEONFORK`, Linux 4.14), so a number that is kept there tells
//! a fork from its parent. Where there is no such page, the process is asked for its id.
//!
//! - W1: the page is never unmapped, and nothing but this module knows where it is.
//! - W2: the page holds one `AtomicU32` at its beginning, and nothing else.
//!
//! Any thread may call; no lock is taken once the first call has returned, so a fork may call, too.

#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
use crate::sync::{AtomicU32, OnceLock, Ordering};

/// The id of this process, as it is found in every process but its forks.
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
pub(crate) fn process() -> u32 {
    static MARK: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let Some(mark) = MARK.get_or_init(wiped_on_fork) else {
        return std::process::id();
    };
    match mark.load(Ordering::Relaxed) {
        // The first call of this process; two at once write the same.
        0 => {
            let id = std::process::id();
            mark.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// The id of this process.
#[cfg(not(all(target_os = "linux", not(any(miri, shuttle)))))]
pub(crate) fn process() -> u32 {
    std::process::id()
}

/// A number that is 0 at first, and in every fork again; `None` where the system has none.
#[cfg(all(target_os = "linux", not(any(miri, shuttle))))]
#[allow(unsafe_code)]
fn wiped_on_fork() -> Option<&'static AtomicU32> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
    // No page is smaller; the system rounds up.
    const PAGE_BYTES: usize = 4_096;
    let (rights, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: new memory at a place of the system's choice, which nobody else has (W1).
    let page = unsafe { mmap_anonymous(std::ptr::null_mut(), PAGE_BYTES, rights, flags) }.ok()?;
    // SAFETY: the whole of the mapping of the line above, which holds nothing yet.
    unsafe { madvise(page, PAGE_BYTES, Advice::LinuxWipeOnFork) }.ok()?;
    // SAFETY: the page is there for ever (W1), is aligned to more than a number's four bytes, is
    // zeroed, which is a number, and is reached as this number alone (W2).
    Some(unsafe { AtomicU32::from_ptr(page.cast()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_id_however_often_it_asks() {
        assert_eq!(process(), std::process::id());
        assert_eq!(process(), std::process::id());
    }
}
