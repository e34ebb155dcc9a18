//! Objects in stores (S3, Google Cloud Storage, Azure) and files on web servers: bytes at offsets,
//! listings, and objects that are written whole or not at all.
//!
//! Knows addresses, requests and credentials; must not know formats, IDs or sides. Callers wait: the
//! requests run on threads of their own, so that nothing else in the crate is asynchronous. Without the
//! feature `cloud` an address is an error that says how to get a build that reads it.

mod address;
mod settings;

#[cfg(feature = "cloud")]
mod client;
#[cfg(feature = "cloud")]
mod credentials;
#[cfg(feature = "cloud")]
mod fault;
#[cfg(feature = "cloud")]
mod listing;
#[cfg(feature = "cloud")]
mod object;
#[cfg(feature = "cloud")]
mod profile;
#[cfg(feature = "cloud")]
mod reader;
#[cfg(feature = "cloud")]
mod write;

#[cfg(not(feature = "cloud"))]
mod absent;

pub use address::{can_be_listed, is_address, is_web, sheltered};
pub use settings::set_store_options;

#[cfg(not(feature = "cloud"))]
pub use absent::{Object, Reader, children, forget, list, open_all, request_fault, write};
#[cfg(feature = "cloud")]
pub use {
    listing::{children, list},
    object::{Object, forget, open_all, request_fault},
    reader::Reader,
    write::write,
};

use std::path::PathBuf;
use std::time::SystemTime;

/// What lies in a folder of a store: an object, or a folder, which is a common beginning of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its address.
    pub path: PathBuf,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes of an object; 0 of a folder.
    pub bytes: u64,
    /// When the object was written.
    pub modified: Option<SystemTime>,
}
