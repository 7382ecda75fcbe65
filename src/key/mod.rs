//! Keys whose bytes sort as their values do.
