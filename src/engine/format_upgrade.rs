//! Raising the format of a database, when it is asked for and never else.
//!
//! The number of a database says what its files may be. Raising it is one step that happens or does
//! not: a new manifest that carries the number and the same state is put in force by the rename of
//! `CURRENT`, and everything that is written from then on may use what the number brought. Files
//! that are there stay as they are; every build that reads the new number reads them too.

use super::lsm::Engine;
use super::take_up::take_up;
use crate::error::{Error, ErrorKind, Result};
use crate::format::database_format::Standing;

impl Engine {
    /// The format of the database: its own, which may be older than what this build could write.
    #[must_use]
    pub fn format_version(&self) -> u32 {
        self.core().manifest.lock().format()
    }

    /// Raises the format of the database to `version`; `false` where it has that already. Cheap,
    /// whatever the size of the database. Earlier builds cannot open it any more then, and there is
    /// no way back but a backup.
    ///
    /// # Errors
    /// `UnsupportedFormat` where this build does not know `version`, `InvalidInput` where it is
    /// older than what the database has; `StorageFull`, `Io`, `Latched`, `Closed`.
    pub fn upgrade(&self, version: u32) -> Result<bool> {
        let core = self.core();
        let window = core.options.formats;
        take_up(core)?;
        let _work = core.begin_work()?;
        core.latch.check()?;
        let mut manifest = core.manifest.lock();
        let own = manifest.format();
        if version == own {
            return Ok(false);
        }
        if version < own {
            let text = format!(
                "{} has format version {own}, which cannot be taken back to {version}; restore a \
                 backup from before it was raised",
                core.dir.display()
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        if window.standing(version) != Standing::Read {
            let text = format!(
                "format version {version} is not known to this version of grainstore, whose newest \
                 is {}; {} stays at {own}",
                window.newest,
                core.dir.display()
            );
            return Err(Error::new(ErrorKind::UnsupportedFormat, text));
        }
        let raised = manifest.rewrite_as(core.next_file_number()?, version);
        if manifest.has_failed() {
            core.latch.guard(raised)?;
        } else {
            raised?;
        }
        Ok(true)
    }
}

#[cfg(feature = "sim")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::options::{Background, EngineOptions};
    use crate::format::database_format::{FORMAT_VERSION_MAX, FORMAT_VERSION_MIN, FormatWindow};
    use crate::fs::crash_disk::CrashDisk;
    use crate::fs::crash_image::CrashImage;
    use crate::fs::fault_disk::{Fault, FaultCalls, FaultDisk, FaultKind, FaultMode};
    use crate::sync::Arc;

    /// An engine of a build that reads the formats from `least` to `newest`.
    fn open(disk: &FaultDisk, (least, newest): (u32, u32), upgrade: bool) -> Result<Engine> {
        let options = EngineOptions {
            background: Background::Inline,
            file_system: Arc::new(disk.clone()),
            formats: FormatWindow { least, newest },
            upgrade_format: upgrade,
            ..EngineOptions::default()
        };
        Engine::open("/db", options)
    }

    fn disk() -> (CrashDisk, FaultDisk) {
        let crash = CrashDisk::new();
        (crash.clone(), FaultDisk::new(Arc::new(crash)))
    }

    fn filled(disk: &FaultDisk) -> Engine {
        let engine = open(disk, (1, 1), false).unwrap();
        engine.put(b"in a table", b"1").unwrap();
        engine.flush().unwrap();
        engine.put(b"in the log", b"2").unwrap();
        engine
    }

    fn assert_whole(engine: &Engine) {
        assert_eq!(engine.get(b"in a table").unwrap().unwrap(), b"1");
        assert_eq!(engine.get(b"in the log").unwrap().unwrap(), b"2");
        engine.verify().unwrap();
    }

    #[test]
    fn new_database_has_the_newest_format_and_an_old_one_keeps_its_own() {
        let (_, disk) = disk();
        assert_eq!(filled(&disk).format_version(), 1);
        for _ in 0..3 {
            let newer = open(&disk, (1, 3), false).unwrap();
            assert_eq!(newer.format_version(), 1, "an open has raised the format");
            newer.put(b"more", b"3").unwrap();
            newer.compact().unwrap();
            assert_whole(&newer);
        }
        assert_whole(&open(&disk, (1, 1), false).unwrap());
        let (_, other) = self::disk();
        assert_eq!(open(&other, (1, 3), false).unwrap().format_version(), 3);
        let built = FormatWindow::default();
        assert_eq!(
            (built.least, built.newest),
            (FORMAT_VERSION_MIN, FORMAT_VERSION_MAX)
        );
    }

    #[test]
    fn format_is_raised_when_asked_and_older_builds_refuse_it_from_then_on() {
        let (_, disk) = disk();
        drop(filled(&disk));
        let engine = open(&disk, (1, 3), false).unwrap();
        assert!(engine.upgrade(2).unwrap());
        assert!(!engine.upgrade(2).unwrap(), "it has that already");
        assert_eq!(engine.format_version(), 2);
        engine.put(b"more", b"3").unwrap();
        engine.flush().unwrap();
        let back = engine.upgrade(1).unwrap_err();
        assert_eq!(back.kind(), ErrorKind::InvalidInput);
        let beyond = engine.upgrade(4).unwrap_err();
        assert_eq!(beyond.kind(), ErrorKind::UnsupportedFormat);
        assert!(beyond.to_string().contains("whose newest is 3"), "{beyond}");
        engine.checkpoint("/copy").unwrap();
        drop(engine);
        let refused = open(&disk, (1, 1), false).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnsupportedFormat);
        let text = refused.to_string();
        for word in [
            "CURRENT",
            "format version 2",
            "newest known is 1",
            "newer version",
        ] {
            assert!(text.contains(word), "{text}");
        }
        let engine = open(&disk, (1, 3), true).unwrap();
        assert_eq!(engine.format_version(), 3, "the option asks for it");
        assert_whole(&engine);
    }

    #[test]
    fn format_older_than_the_window_is_refused_with_the_way_to_go() {
        let (_, disk) = disk();
        drop(filled(&disk));
        let refused = open(&disk, (2, 3), true).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnsupportedFormat);
        let text = refused.to_string();
        for word in [
            "format version 1",
            "reads is 2",
            "earlier version",
            "upgrade it there",
        ] {
            assert!(text.contains(word), "{text}");
        }
        assert_whole(&open(&disk, (1, 1), false).unwrap());
    }

    #[test]
    fn crash_at_any_call_of_an_upgrade_leaves_the_old_format_or_the_new_one() {
        let (crash, disk) = disk();
        drop(filled(&disk));
        let engine = open(&disk, (1, 2), false).unwrap();
        let before = crash.calls();
        engine.upgrade(2).unwrap();
        let mut seen = [0, 0];
        for call in before..=crash.calls() {
            for kind in CrashImage::all(call as u64) {
                let left = FaultDisk::new(Arc::new(crash.image(call, kind)));
                let opened = open(&left, (1, 2), false).unwrap();
                assert_whole(&opened);
                seen[opened.format_version() as usize - 1] += 1;
            }
        }
        assert!(seen[0] > 4 && seen[1] > 4, "{seen:?}");
    }

    #[test]
    fn failure_at_any_call_of_an_upgrade_leaves_the_old_format_or_the_new_one() {
        for at in 0.. {
            let (_, disk) = disk();
            drop(filled(&disk));
            let engine = open(&disk, (1, 2), false).unwrap();
            disk.arm(Fault {
                kind: FaultKind::Enospc,
                at,
                mode: FaultMode::Once,
                calls: FaultCalls::All,
            });
            let upgraded = engine.upgrade(2);
            let fired = disk.fired();
            disk.disarm();
            if upgraded.is_err() && !engine.stats().is_latched {
                assert_eq!(engine.format_version(), 1);
                engine.upgrade(2).unwrap();
            }
            drop(engine);
            let opened = open(&disk, (1, 2), false).unwrap();
            assert!([1, 2].contains(&opened.format_version()));
            assert_whole(&opened);
            if fired == 0 {
                assert!(at > 8, "{at} calls");
                return;
            }
        }
    }
}
