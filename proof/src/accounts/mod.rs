//! Histories of a typed store with a shared, a many and a unique index.
//!
//! The histories ([`operation`]) and the model ([`oracle`]) are plain data and know no store;
//! [`run`] carries a history out and holds every answer, every index and a copy that is kept by a
//! watch alone ([`follower`]) against the model.

pub mod check;
pub mod follower;
pub mod operation;
pub mod oracle;
pub mod run;
