//! Sketches as bytes and back; no files.

mod cursor;
pub mod datasketches;
