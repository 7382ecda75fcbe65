//! The histories and the model of the library's model test, file by file.

#![allow(dead_code)] // the model test uses more of it

#[path = "../../tests/model/coverage.rs"]
mod coverage;
#[path = "../../tests/model/engine_check.rs"]
mod engine_check;
#[path = "../../tests/model/engine_run.rs"]
mod engine_run;
#[path = "../../tests/model/operation.rs"]
mod operation;
#[path = "../../tests/model/oracle.rs"]
mod oracle;

pub use coverage::Coverage;
pub use engine_run::run;
pub use operation::{Bounds, KeyName, Leave, Operation, Setting, Step, Style, ValueSpec, Write};
