//! From the bytes of text formats to batches of canonical IDs.
//!
//! A text file is a stream: packed or not, in one encoding or another, it is read in blocks that end
//! where a record ends, and any number of threads parse them. Must not know files, sides, hashes or
//! sketches; whoever opens a file hands its bytes in.

mod delimited;
mod encoding;
mod limits;
mod packed;
mod stream;
mod text;

pub(crate) use delimited::{Delimited, Dialect, Form, Layout, Nulls, Read};
pub use delimited::{Delimiter, TextOptions};
pub(crate) use limits::PageCounter;
pub use limits::ReadLimits;
pub(crate) use packed::Packing;
pub(crate) use stream::{BlockSizes, Failure, Watch};
pub(crate) use text::{TextStream, check_is_delimited, explain, head_of, looks_like_text, text_of};
