//! The log of which tables there are.
