//! How many users do two platforms share?
#![allow(missing_docs)] // until the facade stands

mod error;
pub mod hash;
pub mod id;

pub use error::{Error, ErrorKind, Result};
