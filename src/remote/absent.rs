//! What a build without the feature `cloud` says of addresses.

use super::Child;
use super::address::Address;
use crate::error::{Error, Result};
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An object of a store; there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(Infallible);

/// A reader of an object; there is none.
#[derive(Debug)]
pub struct Reader(Infallible);

pub(super) fn unavailable() -> Error {
    Error::input("this build of overlap reads no object stores and no web addresses").hint(
        "build it with the feature cloud, take the Python package, which has it, or copy the files here first",
    )
}

fn refused<T>(path: &Path) -> Result<T> {
    Address::parse(path)?;
    Err(unavailable().with("file", path.display()))
}

impl Object {
    pub fn open(path: &Path) -> Result<Self> {
        refused(path)
    }

    pub fn look(path: &Path) -> Result<()> {
        refused(path)
    }

    pub const fn len(&self) -> u64 {
        match self.0 {}
    }

    pub const fn whole(&self) -> Option<&File> {
        match self.0 {}
    }

    pub const fn reader(&self) -> Reader {
        match self.0 {}
    }

    pub const fn begin(&self, _: &Range<u64>) -> bool {
        match self.0 {}
    }

    pub const fn keep_from(&self, _: u64) {
        match self.0 {}
    }
}

impl Reader {
    pub const fn announce(&self, _: &[Range<u64>]) {
        match self.0 {}
    }

    pub const fn announce_stream(&self) {
        match self.0 {}
    }

    pub const fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        match self.0 {}
    }
}

pub const fn open_all(_: &[PathBuf]) {}

pub const fn forget() {}

pub const fn request_fault(_: &Path) -> Option<Error> {
    None
}

pub fn list(folder: &Path) -> Result<Arc<Vec<Child>>> {
    refused(folder)
}

pub fn children(folder: &Path) -> Result<Arc<Vec<Child>>> {
    refused(folder)
}

pub fn write(path: &Path, _: &File, _: u64) -> Result<()> {
    refused(path)
}
