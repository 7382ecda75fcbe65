//! Counts the calls that make the device flush, of whatever store runs in this process.
//!
//! The program defines `fsync` and `fdatasync` itself, and the linker takes these before those of
//! the C library, for the standard library, LMDB and RocksDB alike. Each counts and then makes the
//! system call. What reaches the device by a descriptor opened with `O_DSYNC` or by `msync` is not
//! seen here; LMDB's is added by its peer, the others do not write in these ways.
//!
//! F1: the arguments are those of the C functions, and the kernel checks them: a wrong descriptor
//! is an error and nothing else.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

static FLUSHES: AtomicU64 = AtomicU64::new(0);

/// Flushes asked for since the process began.
pub fn flushes() -> u64 {
    FLUSHES.load(Ordering::Relaxed)
}

// SAFETY: F1: the name and the type are those of the C library's.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    FLUSHES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: F1: the call takes a descriptor and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_fsync, descriptor) as c_int }
}

// SAFETY: F1: the name and the type are those of the C library's.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    FLUSHES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: F1: the call takes a descriptor and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_fdatasync, descriptor) as c_int }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_by_the_standard_library_is_counted_and_its_errors_are_told() {
        let path = std::env::temp_dir().join(format!("grainstore-flush-{}", std::process::id()));
        let file = std::fs::File::create(&path);
        let before = flushes();
        assert!(file.as_ref().is_ok_and(|file| file.sync_data().is_ok()));
        assert!(file.as_ref().is_ok_and(|file| file.sync_all().is_ok()));
        assert!(flushes() >= before + 2);
        assert_eq!(fsync(-1), -1);
        assert_eq!(
            std::io::Error::last_os_error().raw_os_error(),
            Some(libc::EBADF)
        );
        assert!(std::fs::remove_file(&path).is_ok());
    }
}
