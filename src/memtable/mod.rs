//! Recent writes in memory.
