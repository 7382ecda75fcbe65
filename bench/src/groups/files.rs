//! The rows of the main group about files: opening again, and what they take.

use crate::files::{disk_bytes, remove};
use crate::groups::core::{BATCH, Core};
use crate::peer::{Outcome, Peer, Reader, Setup};
use crate::records::key;
use crate::worker::{Job, expect};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

impl<P: Peer> Core<P> {
    /// Closes the loaded store and opens it again, up to the answer to a first get.
    pub fn reopen(&mut self) -> Outcome<f64> {
        self.close_loaded()?;
        let start = Instant::now();
        let store = P::open(&self.loaded_dir(), Setup::BUFFERED)?;
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
        self.loaded = Some(P::open(&self.loaded_dir(), Setup::BUFFERED)?);
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
        let dir = self.job.fresh_dir(&format!("killed-{}", self.rounds))?;
        let job = serde_json::to_string(&self.job.victim(&dir))?;
        let mut victim = Command::new(std::env::current_exe()?)
            .args(["--work", &job])
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
        let store = P::open(&dir, Setup::BUFFERED)?;
        store.reader()?.get(&key(0))?;
        let time = start.elapsed().as_nanos() as f64;
        store.close()?;
        remove(&dir)?;
        Ok(time / 1e6)
    }
}

/// Writes all records, says so, and waits to be killed.
pub fn be_killed<P: Peer>(job: &Job) -> Outcome<()> {
    let store = P::open(&job.dir, Setup::BUFFERED)?;
    Core::<P>::new(job).fill(&store, BATCH)?;
    println!("ready");
    std::io::stdout().flush()?;
    std::io::stdin().read_line(&mut String::new())?;
    store.close()
}
