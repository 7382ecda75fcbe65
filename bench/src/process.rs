//! What the system tells of this process: its memory, its threads, and what it wrote.

use crate::peer::Outcome;

/// A figure of `/proc/self/status`, such as `VmRSS`: kibibytes, or a number of threads.
pub fn status(name: &str) -> Outcome<f64> {
    field("/proc/self/status", name)
}

/// What this process wrote so far.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Bytes that were given to calls that write: `wchar`.
    pub calls: f64,
    /// Bytes of pages that were made dirty and so go to the device: `write_bytes`.
    pub device: f64,
}

/// What this process wrote so far, of all its threads.
pub fn written() -> Outcome<Written> {
    Ok(Written {
        calls: field("/proc/self/io", "wchar")?,
        device: field("/proc/self/io", "write_bytes")?,
    })
}

impl Written {
    /// What was written since.
    pub fn since(self) -> Outcome<Self> {
        let now = written()?;
        Ok(Self {
            calls: now.calls - self.calls,
            device: now.device - self.device,
        })
    }
}

fn field(file: &str, name: &str) -> Outcome<f64> {
    let text = std::fs::read_to_string(file)?;
    let value = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(':')?;
        rest.split_whitespace().next()
    });
    Ok(value.ok_or(format!("{file} has no {name}"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_a_thread() {
        assert!(status("VmRSS").is_ok_and(|kibibytes| kibibytes > 100.0));
        assert!(status("Threads").is_ok_and(|threads| threads >= 1.0));
        assert!(status("Nonsense").is_err());
    }
}
