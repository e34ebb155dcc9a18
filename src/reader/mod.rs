//! From the bytes of text formats to batches of canonical IDs.
//!
//! A text file is a stream: packed or not, in one encoding or another, it is read in blocks that end
//! where a record ends, and any number of threads parse them. Must not know files, sides, hashes or
//! sketches; its callers open files and hand their bytes in.

mod batch;
mod collect;
mod delimited;
mod encoding;
mod fault;
mod fuzzing;
mod glance;
mod integer;
mod json;
mod limits;
mod packed;
pub(crate) mod recognise;
mod stream;
#[cfg(test)]
mod testing;
mod text;

pub(crate) use batch::{BatchFault, Take};
pub(crate) use delimited::{Delimited, Dialect, Layout, option_of as delimiter_name};
pub use delimited::{Delimiter, TextOptions};
pub use fuzzing::{DelimitedIds, delimited_ids};
pub(crate) use json::{JsonLines, Kind, LineCutter, Survey, Values, id_is_bool, id_is_list};
pub(crate) use limits::PageCounter;
pub use limits::ReadLimits;
pub(crate) use packed::Packing;
pub(crate) use stream::{Block, BlockSizes, Blocks, Cutter, Failure, Watch};
pub(crate) use text::{
    Form, Nulls, RowsRead, TextFormat, TextStream, explain, head_of, looks_like_data,
    looks_like_text, text_of,
};
