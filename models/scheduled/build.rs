//! Turns the door to threads towards shuttle.

#![allow(clippy::print_stdout)] // this is how a build script speaks

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    println!("cargo::rustc-check-cfg=cfg(shuttle)");
    println!("cargo::rerun-if-changed=build.rs");
}
