//! The target `journal`; its body and its law stand in the library of this package.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| grainstore_fuzz::run("journal", bytes));
