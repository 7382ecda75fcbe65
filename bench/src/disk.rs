//! The rows about files: opening again, and what they take.

use crate::peer::{Outcome, Peer, Reader, Writes};
use crate::records::key;
use crate::worker::{Worker, expect};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

impl<P: Peer> Worker<P> {
    /// Closes the loaded store and opens it again, up to the answer to a first get.
    pub fn reopen(&mut self) -> Outcome<f64> {
        self.close_loaded()?;
        let start = Instant::now();
        let store = P::open(&self.loaded_dir(), Writes::Buffered)?;
        let found = store.reader()?.get(&key(0))?;
        let time = start.elapsed().as_nanos() as f64;
        expect(u64::from(found.is_some()), 1)?;
        self.loaded = Some(store);
        Ok(time / 1e6)
    }

    /// What the loaded store takes on the disk.
    pub fn disk_mebibytes(&mut self) -> Outcome<f64> {
        self.close_loaded()?;
        let bytes = disk_bytes(&self.loaded_dir())?;
        self.loaded = Some(P::open(&self.loaded_dir(), Writes::Buffered)?);
        Ok(bytes as f64 / f64::from(1 << 20))
    }

    /// What it takes when half of its records are deleted and it was told to tidy up.
    pub fn half_mebibytes(&mut self) -> Outcome<f64> {
        let count = self.count;
        self.loaded()?;
        let Some(store) = &mut self.loaded else {
            return Err("the store is gone".into());
        };
        for i in (0..count).step_by(2) {
            store.delete(&key(i))?;
        }
        store.compact()?;
        self.disk_mebibytes()
    }

    /// Lets a process of its own write all records, kills it, and opens what it left, up to the
    /// answer to a first get.
    pub fn reopen_killed(&mut self) -> Outcome<f64> {
        let dir = self.dir.join(format!("killed-{}", self.rounds));
        let mut words = self.options.clone();
        words.dir = dir.clone();
        words.victim = true;
        let store = self.options.worker.as_deref().unwrap_or_default();
        let mut victim = Command::new(std::env::current_exe()?)
            .args(words.worker_args_in(store, &dir))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        let output = victim.stdout.take().ok_or("the victim has no output")?;
        BufReader::new(output).read_line(&mut ready)?;
        victim.kill()?;
        victim.wait()?;
        if ready.trim() != "ready" {
            return Err(format!("the victim said {ready:?}").into());
        }
        let start = Instant::now();
        let store = P::open(&dir, Writes::Buffered)?;
        store.reader()?.get(&key(0))?;
        let time = start.elapsed().as_nanos() as f64;
        store.close()?;
        remove(&dir)?;
        Ok(time / 1e6)
    }
}

/// Writes all records, says so, and waits to be killed.
pub fn be_killed<P: Peer>(mut worker: Worker<P>) -> Outcome<()> {
    worker.rounds += 1;
    let store = P::open(&worker.dir, Writes::Buffered)?;
    worker.fill(&store, crate::rows::BATCH)?;
    println!("ready");
    std::io::stdout().flush()?;
    std::io::stdin().read_line(&mut String::new())?;
    store.close()
}

/// Makes the system forget what it holds of the files in `dir`.
pub fn forget_pages(dir: &Path) -> Outcome<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            forget_pages(&path)?;
            continue;
        }
        let file = std::fs::File::open(&path)?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

/// What the files take on the disk, which is not how long they are.
fn disk_bytes(dir: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}

/// Removes a folder that may not be there.
pub fn remove(dir: &Path) -> Outcome<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
