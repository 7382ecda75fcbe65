//! manifest to come
