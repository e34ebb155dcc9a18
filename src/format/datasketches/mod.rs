//! Images of Apache DataSketches: theta sketches as hashes and θ, HLL sketches as registers.
//!
//! Knows bytes alone: no estimate, no merge, no other seed than 9001. The bytes are specified by the
//! Java sources (`theta/PreambleUtil.java`, `hll/PreambleUtil.java`, `ForwardCompatibility.java`).
//! Fields that follow from others (estimators' sums, flags that nobody may trust) aren't read.

mod foreign;
mod hll;
mod theta;

pub use hll::HllImage;
pub use theta::ThetaImage;

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::hash::HashScheme;
use crate::id::base64_to_bytes;
use crate::sketch::{BottomK, HyperLogLog, Precision, Sketch, SketchOptions};
use std::borrow::Cow;

/// The sketch of a theta image, of an HLL image, or of both, of the same users.
///
/// # Errors
/// Those of [`ThetaImage::decode`] and [`HllImage::decode`], and [`ErrorKind::Input`] for more than
/// 2^24 hashes.
pub fn decode(theta: Option<&[u8]>, hll: Option<&[u8]>) -> Result<Sketch> {
    decode_of(HashScheme::Murmur3, theta, hll)
}

/// [`decode`] of images whose text was hashed under `scheme`, which they don't tell. Images may also be base64 of
/// either alphabet.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_of(scheme: HashScheme, theta: Option<&[u8]>, hll: Option<&[u8]>) -> Result<Sketch> {
    let sample = theta
        .map(|image| sample_of(scheme, &unwrapped(image)?))
        .transpose();
    let sample = sample.map_err(|e| e.prefix("not a theta sketch that can be read: "))?;
    let registers = hll
        .map(|image| registers_of(scheme, &unwrapped(image)?))
        .transpose();
    let registers = registers.map_err(|e| e.prefix("not an HLL sketch that can be read: "))?;
    Sketch::from_parts(scheme, None, registers, sample, None)
}

/// The bytes of an image, which may be text in base64: no image begins with a byte that is a letter, a digit or
/// a sign of base64.
fn unwrapped(image: &[u8]) -> Result<Cow<'_, [u8]>> {
    foreign::refuse(image)?;
    let text = image.trim_ascii();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let mut bytes = Vec::new();
    if text.iter().all(is_base64) && base64_to_bytes(text, &mut bytes).is_some() {
        foreign::refuse(&bytes)?;
        return Ok(bytes.into());
    }
    Ok(image.into())
}

/// The sample as a theta image; `None` if the sketch has none.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for a sketch of another hash.
pub fn encode_theta(sketch: &Sketch) -> Result<Option<Vec<u8>>> {
    ensure_murmur3(sketch)?;
    let image = |sample: &BottomK| {
        let theta = match sample.is_exact() {
            true => ThetaImage::THETA_MAX,
            false => sample.theta(),
        };
        ThetaImage::new(theta, sample.hashes().to_vec())?.encode()
    };
    sketch.sample().map(image).transpose()
}

/// The registers as an HLL image; `None` if the sketch has none.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for a sketch of another hash, [`ErrorKind::Usage`] for a precision
/// above 21.
pub fn encode_hll(sketch: &Sketch) -> Result<Option<Vec<u8>>> {
    ensure_murmur3(sketch)?;
    let Some(registers) = sketch.registers() else {
        return Ok(None);
    };
    let (lg_k, most) = (registers.precision().get(), *HllImage::LG_K_RANGE.end());
    if lg_k > most {
        return Err(Error::usage(format!(
            "precision {lg_k} is more than the {most} of DataSketches' HLL sketches"
        ))
        .hint(["sketch with a lower ".into(), Setting::Precision.into()]));
    }
    let registers = registers.registers().to_vec();
    HllImage { lg_k, registers }.encode().map(Some)
}

fn sample_of(scheme: HashScheme, image: &[u8]) -> Result<BottomK> {
    let image = ThetaImage::decode(image)?;
    let theta = match image.theta {
        ThetaImage::THETA_MAX => 1 << scheme.sample_bits(),
        theta => theta,
    };
    // An image doesn't tell its k: merging cuts at θ alone.
    BottomK::from_parts(scheme, *SketchOptions::K_RANGE.end(), theta, image.hashes)
}

fn registers_of(scheme: HashScheme, image: &[u8]) -> Result<HyperLogLog> {
    let image = HllImage::decode(image)?;
    let precision = Precision::new(image.lg_k)?;
    HyperLogLog::from_registers(scheme, precision, image.registers)
}

fn ensure_murmur3(sketch: &Sketch) -> Result<()> {
    if sketch.hash().is_murmur3() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Incomparable,
        format!(
            "a sketch of {} is none that DataSketches could read",
            sketch.hash()
        ),
    )
    .hint([
        "sketch the data again with ".into(),
        Setting::Hash.to("murmur3"),
    ]))
}

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
        8 => "a quantiles sketch",
        9 => "a tuple sketch",
        10 => "a frequent items sketch",
        11 | 12 => "a reservoir sketch",
        13 | 14 => "a VarOpt sketch",
        15 => "a KLL sketch",
        16 => "a CPC sketch",
        17 => "a REQ sketch",
        18 => "a count-min sketch",
        19 => "an EBPPS sketch",
        20 => "a t-digest",
        21 => "a Bloom filter",
        _ => return Error::input(format!("not {wanted}: family {found}")),
    };
    let error = Error::input(format!("not {wanted}, but {name}"));
    match found {
        4 | 5 => error.hint("write its result (getResult) instead"),
        1..=3 => error.hint([
            "call it .theta, or name its column with ".into(),
            Setting::ThetaColumn.into(),
        ]),
        7 => error.hint([
            "call it .hll, or name its column with ".into(),
            Setting::HllColumn.into(),
        ]),
        _ => error.hint("make a theta or an HLL sketch of the data instead"),
    }
}

fn wrong_length(what: &str, found: u8, wanted: &str) -> Error {
    Error::input(format!("{what} of {found} words, not {wanted}"))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;
    use crate::id::IdBatch;
    use ::datasketches::hll::{HllSketch, HllType};
    use ::datasketches::theta::{CompactThetaSketch, ThetaSketchBuilder};

    fn sketch(users: std::ops::Range<i64>) -> Sketch {
        let options = SketchOptions::new(12, 4096).expect("in range");
        let ids: Vec<i64> = users.collect();
        let options = options.with_hash(HashScheme::Murmur3);
        Sketch::of(IdBatch::Integers(&ids), options).expect("sketches")
    }

    #[test]
    fn what_is_written_is_read_and_estimated_alike_by_apache() {
        for users in [
            0,
            1,
            5,
            100,
            4096,
            5000,
            if cfg!(miri) { 6_000 } else { 100_000 },
        ] {
            let ours = sketch(0..users);
            let theta = encode_theta(&ours).expect("murmur3");
            let hll = encode_hll(&ours).expect("murmur3");
            let back = decode(theta.as_deref(), hll.as_deref()).expect("reads");
            assert_eq!(back.registers(), ours.registers(), "{users}");
            let (back, ours) = (back.sample().expect("one"), ours.sample().expect("one"));
            assert_eq!((back.hashes(), back.theta()), (ours.hashes(), ours.theta()));
            let apache = CompactThetaSketch::deserialize(&theta.expect("one")).expect("reads");
            let estimate = ours.hashes().len() as f64 / ours.sampled_share();
            assert!((apache.estimate() / estimate.max(1.0) - estimate.min(1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn our_registers_and_samples_are_those_of_apache() {
        let mut hll = HllSketch::new(12, HllType::Hll4).expect("in range");
        let mut theta = ThetaSketchBuilder::default()
            .lg_k(12)
            .build()
            .expect("in range");
        let users = if cfg!(miri) { 6_000 } else { 50_000 };
        for user in 0..users {
            hll.update(user);
            theta.update(user);
        }
        let ours = sketch(0..users);
        let compact = theta.compact(true).serialize();
        let apache = decode(Some(&compact), Some(&hll.serialize())).expect("reads");
        assert_eq!(apache.registers(), ours.registers());
        // Theirs keeps up to 15/8 k hashes, and ours are the smallest of those.
        let theirs = apache.sample().expect("one").hashes();
        let ours = ours.sample().expect("one").hashes();
        let shared = theirs.len().min(ours.len());
        assert_eq!(theirs[..shared], ours[..shared]);
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for bytes in [&[][..], &[0; 8], &[255; 64], b"PAR1PAR1PAR1"] {
            assert!(decode(Some(bytes), None).is_err());
            assert!(decode(None, Some(bytes)).is_err());
        }
        let xxh3 = Sketch::empty(SketchOptions::default());
        let error = encode_theta(&xxh3).expect_err("another hash");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
}
