//! Images of Apache DataSketches: compact theta sketches and HLL sketches.
//!
//! Apache's own crate parses them, in every version and form that it knows; we write the commonest
//! one of each. The bytes are specified at datasketches.apache.org and in the Java sources
//! (`theta/PreambleUtil.java`, `hll/PreambleUtil.java`).

use crate::error::{Error, ErrorKind, Result};
use crate::hash::{DATASKETCHES_SEED, HashScheme, murmur3_128};
use crate::sketch::{BottomK, HyperLogLog, Precision, Sketch, SketchOptions};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::theta::CompactThetaSketch;

/// θ of a sample that is the set, in an image.
const MAX_THETA: u64 = i64::MAX as u64;

/// Precisions that an HLL image can have.
const PRECISION_MAX: u8 = 21;

/// The first eight bytes of an image: lengths, version, family, flags.
const PREAMBLE_BYTES: usize = 8;

/// Flags of a theta image: read-only, compact, ordered.
const THETA_FLAGS: u8 = 2 | 8 | 16;
const FLAG_EMPTY: u8 = 4;
const FLAG_COMPACT: u8 = 8;
const FLAG_OUT_OF_ORDER: u8 = 16;

/// The last byte of an HLL image's preamble: the form in its low bits, the kind (`HLL_8`) above.
const HLL_8: u8 = 2 << 2;
const FORM_LIST: u8 = 0;
const FORM_SET: u8 = 1;
const FORM_ARRAY: u8 = 2;

/// Where the registers of an HLL image begin.
const HLL_ARRAY_BYTES: usize = 40;

/// The sketch of a theta image, of an HLL image, or of both, of the same users.
///
/// # Errors
/// [`ErrorKind::Input`] if an image isn't one, or was made with another seed than DataSketches'.
pub fn decode(theta: Option<&[u8]>, hll: Option<&[u8]>) -> Result<Sketch> {
    let sample = theta.map(decode_theta).transpose()?;
    let registers = hll.map(decode_hll).transpose()?;
    Sketch::from_parts(HashScheme::Murmur3, None, registers, sample, None)
}

/// The sample as a compact, ordered theta image of serial version 3.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for a sketch of another hash.
pub fn encode_theta(sketch: &Sketch) -> Result<Option<Vec<u8>>> {
    ensure_murmur3(sketch)?;
    Ok(sketch.sample().map(|sample| {
        let hashes = sample.hashes();
        let (long_count, empty) = match (sample.is_exact(), hashes.len()) {
            (false, _) => (3, 0),
            (true, 0) => (1, FLAG_EMPTY),
            (true, 1) => (1, 0),
            (true, _) => (2, 0),
        };
        let mut image = vec![long_count, 3, 3, 0, 0, THETA_FLAGS | empty];
        image.extend(seed_hash().to_le_bytes());
        if long_count > 1 {
            // Their number, and a sampling probability that nobody reads.
            image.extend(
                u32::try_from(hashes.len())
                    .unwrap_or(u32::MAX)
                    .to_le_bytes(),
            );
            image.extend(0_f32.to_le_bytes());
        }
        if long_count > 2 {
            image.extend(sample.theta().to_le_bytes());
        }
        image.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        image
    }))
}

/// The registers as an HLL image of kind `HLL_8`, marked as merged: no estimate may hang on the
/// order in which users came.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for a sketch of another hash, [`ErrorKind::Usage`] for a precision
/// above 21.
pub fn encode_hll(sketch: &Sketch) -> Result<Option<Vec<u8>>> {
    ensure_murmur3(sketch)?;
    let Some(registers) = sketch.registers() else {
        return Ok(None);
    };
    let precision = registers.precision().get();
    if precision > PRECISION_MAX {
        return Err(Error::usage(format!(
            "precision {precision} is more than the {PRECISION_MAX} of DataSketches' HLL sketches"
        ))
        .hint("sketch with a lower --precision"));
    }
    let ranks = registers.registers();
    if ranks.iter().all(|&rank| rank == 0) {
        let flags = FLAG_EMPTY | FLAG_COMPACT;
        return Ok(Some(vec![
            2,
            1,
            7,
            precision,
            3,
            flags,
            0,
            HLL_8 | FORM_LIST,
        ]));
    }
    let flags = FLAG_COMPACT | FLAG_OUT_OF_ORDER;
    let mut image = vec![10, 1, 7, precision, 0, flags, 0, HLL_8 | FORM_ARRAY];
    // The sums of 2^-rank below and from 32 on, from which readers estimate.
    let sum = |of: &dyn Fn(u8) -> bool| -> f64 {
        let ranks = ranks.iter().filter(|&&rank| of(rank));
        ranks.map(|&rank| (-f64::from(rank)).exp2()).sum()
    };
    let zeros = ranks.iter().filter(|&&rank| rank == 0).count();
    image.extend(0_f64.to_le_bytes());
    image.extend(sum(&|rank| rank < 32).to_le_bytes());
    image.extend(sum(&|rank| rank >= 32).to_le_bytes());
    image.extend(u32::try_from(zeros).unwrap_or(u32::MAX).to_le_bytes());
    image.extend(0_u32.to_le_bytes());
    image.extend(ranks);
    Ok(Some(image))
}

fn ensure_murmur3(sketch: &Sketch) -> Result<()> {
    if sketch.hash() == HashScheme::Murmur3 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Incomparable,
        format!(
            "a sketch of {} is none that DataSketches could read",
            sketch.hash()
        ),
    )
    .hint("sketch the data again with --hash murmur3"))
}

/// The low 16 bits of the hash of the seed: so do images tell which seed they are of.
fn seed_hash() -> u16 {
    let (first, _) = murmur3_128(&DATASKETCHES_SEED.to_le_bytes(), 0);
    first as u16
}

fn decode_theta(image: &[u8]) -> Result<BottomK> {
    let corrupt = |what: String| Error::input(format!("not a theta sketch: {what}"));
    let sketch =
        CompactThetaSketch::deserialize(image).map_err(|e| corrupt(e.message().to_owned()))?;
    let scheme = HashScheme::Murmur3;
    let theta = match sketch.theta64() {
        MAX_THETA => 1 << scheme.sample_bits(),
        theta => theta,
    };
    let mut hashes: Vec<u64> = sketch.iter().map(|entry| entry.hash()).collect();
    hashes.sort_unstable();
    // An image doesn't tell its k: merging cuts at θ alone.
    BottomK::from_parts(scheme, *SketchOptions::K_RANGE.end(), theta, hashes)
        .map_err(|e| e.prefix("not a theta sketch: "))
}

fn decode_hll(image: &[u8]) -> Result<HyperLogLog> {
    let corrupt = |what: &str| Error::input(format!("not an HLL sketch: {what}"));
    let sketch = HllSketch::deserialize(image).map_err(|e| corrupt(e.message()))?;
    let precision = Precision::new(sketch.lg_config_k()).map_err(|e| corrupt(e.message()))?;
    // Whatever its form, a union writes it in the one that we know.
    let mut union = HllUnion::new(precision.get()).map_err(|e| corrupt(e.message()))?;
    union.update(&sketch);
    let image = union.to_sketch(HllType::Hll8).serialize();
    let mut ranks = vec![0; precision.register_count()];
    match image.get(PREAMBLE_BYTES - 1).map(|form| form & 3) {
        Some(FORM_ARRAY) => {
            let array = image.get(HLL_ARRAY_BYTES..).unwrap_or_default();
            if array.len() != ranks.len() {
                return Err(corrupt("registers are missing"));
            }
            ranks.copy_from_slice(array);
        }
        Some(form @ (FORM_LIST | FORM_SET)) => {
            // The coupons of a set stand behind their number.
            let start = PREAMBLE_BYTES + if form == FORM_SET { 4 } else { 0 };
            let coupons = image.get(start..).unwrap_or_default().chunks_exact(4);
            for coupon in coupons {
                let coupon = coupon
                    .iter()
                    .rev()
                    .fold(0, |sum, &byte| sum << 8 | u32::from(byte));
                let index = coupon as usize & (ranks.len() - 1);
                ranks[index] = ranks[index].max((coupon >> 26) as u8);
            }
        }
        _ => return Err(corrupt("of an unknown form")),
    }
    HyperLogLog::from_registers(HashScheme::Murmur3, precision, ranks)
        .map_err(|e| e.prefix("not an HLL sketch: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdBatch;

    fn sketch(users: std::ops::Range<i64>) -> Sketch {
        let options = SketchOptions::new(12, 4096).expect("in range");
        let ids: Vec<i64> = users.collect();
        let options = options.with_hash(HashScheme::Murmur3);
        Sketch::of(IdBatch::Integers(&ids), options).expect("sketches")
    }

    #[test]
    fn known_images_are_written_to_the_byte() {
        let hex = |text: &str| -> Vec<u8> {
            let digits = text.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16);
            digits.map(|pair| byte(pair).expect("hex")).collect()
        };
        let theta = |users| {
            encode_theta(&sketch(users))
                .expect("murmur3")
                .expect("a sample")
        };
        assert_eq!(theta(0..0), hex("01030300001ecc93"));
        assert_eq!(theta(1..2), hex("01030300001acc9315f97dcbbd86a105"));
        let three =
            "02030300001acc93030000000000000015f97dcbbd86a105c397fc1281709d1eba40b3c1da06695d";
        assert_eq!(theta(1..4), hex(three));
        let empty = encode_hll(&sketch(0..0)).expect("murmur3");
        assert_eq!(empty, Some(hex("0201070c030c0008")));
    }

    #[test]
    fn what_is_written_is_read_and_estimated_alike_by_apache() {
        for users in [0, 1, 5, 100, 4096, 5000, 100_000] {
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
        let mut theta = datasketches::theta::ThetaSketchBuilder::default()
            .lg_k(12)
            .build()
            .expect("in range");
        for user in 0..50_000_i64 {
            hll.update(user);
            theta.update(user);
        }
        let ours = sketch(0..50_000);
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
