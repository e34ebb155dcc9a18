//! Images of Apache DataSketches: theta sketches as hashes and θ, HLL sketches as registers.
//!
//! Knows bytes alone: no estimate, no merge, no other seed than 9001. The bytes are specified by the
//! Java sources (`theta/PreambleUtil.java`, `hll/PreambleUtil.java`, `ForwardCompatibility.java`).
//! Fields that follow from others (estimators' sums, flags that nobody may trust) aren't read.

mod hll;
mod theta;

pub use hll::HllImage;
pub use theta::ThetaImage;

use crate::error::{Error, Result};

/// Flags that images of both kinds have.
const FLAG_BIG_ENDIAN: u8 = 1;
const FLAG_EMPTY: u8 = 4;
const FLAG_COMPACT: u8 = 8;

fn ensure_little_endian(flags: u8) -> Result<()> {
    if flags & FLAG_BIG_ENDIAN == 0 {
        return Ok(());
    }
    Err(Error::input("a big-endian image").hint("write it again with a current version"))
}

fn wrong_family(wanted: &str, found: u8) -> Error {
    // The families of the Java enumeration `org.apache.datasketches.Family` that one might meet.
    let name = match found {
        1..=3 => "a theta sketch",
        4 => "the union of theta sketches",
        5 => "the intersection of theta sketches",
        7 => "an HLL sketch",
        9 => "a tuple sketch",
        16 => "a CPC sketch",
        _ => return Error::input(format!("not {wanted}: family {found}")),
    };
    let error = Error::input(format!("not {wanted}, but {name}"));
    match found {
        4 | 5 => error.hint("write its result (getResult) instead"),
        _ => error,
    }
}

fn wrong_length(what: &str, found: u8, wanted: &str) -> Error {
    Error::input(format!("{what} of {found} words, not {wanted}"))
}
