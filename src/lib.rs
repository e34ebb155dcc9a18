//! How many users do two platforms share?
#![allow(missing_docs)] // until the facade stands

mod compare;
mod error;
mod estimate;
mod hash;
pub mod id;
mod scan;
mod sketch;

pub use compare::*;
pub use error::{Error, ErrorKind, Result};
pub use estimate::*;
pub use id::Tally;
pub use scan::{ArrowIds, IdSelection, Plan, Side, SidePlan};
pub use sketch::{BottomK, HyperLogLog, Precision, Sketch, SketchOptions, Sketcher};
