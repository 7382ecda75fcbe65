//! foreign to come
