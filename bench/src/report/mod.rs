//! Results as text and pictures: the tables, the plots, and the report that a template frames.

mod bars;
mod panels;
mod svg;
mod table;
mod template;
mod verdict;
mod write;

pub use table::tables;
pub use write::write;
