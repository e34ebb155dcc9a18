//! Sketches of other programs that meet nobody: were their IDs hashed in another form?
//!
//! An image doesn't tell what its users' IDs were. If nobody meets, that may be the truth, or text may have met
//! numbers, or UTF-8 UTF-16. Where IDs of the other side are at hand, other forms of them are looked for in the image.

use crate::error::{Piece, Setting};
use crate::hash::{HashScheme, hash_words};
use crate::id::{ByteIds, IdBatch, IdDomain, text_to_integer};
use crate::report::{EstimateReport, Warning};
use crate::sketch::Sketch;
use crate::spelling::LooseUser;

/// Says of every pair of an image and another side that share nobody, or next to nobody, that it may be the form.
pub(super) fn warnings(report: &EstimateReport, sketches: &[Sketch]) -> Vec<Warning> {
    /// Below this share of the smaller side an overlap may well be noise.
    const SHARE_MAX: f64 = 0.05;
    let is_image = |side: usize| {
        let sketch = &sketches[side];
        sketch.hash().is_murmur3() && sketch.domain().is_none()
    };
    let mut warnings = Vec::new();
    for pair in &report.pairs {
        let (image, other) = match (is_image(pair.a), is_image(pair.b)) {
            (true, _) => (pair.a, pair.b),
            (false, true) => (pair.b, pair.a),
            (false, false) => continue,
        };
        let numbers = &pair.estimate;
        let smaller = numbers.a.value.min(numbers.b.value);
        let is_nobody =
            numbers.overlap.lower <= 0.0 && numbers.overlap.value <= SHARE_MAX * smaller;
        if !is_nobody || smaller == 0.0 {
            continue;
        }
        let name = |side: usize| report.sides[side].name.clone();
        warnings.push(Warning::ForeignHash {
            image: name(image),
            other: name(other),
            id_type: sketches[other].domain(),
            remedy: remedy(&sketches[image], &sketches[other]),
        });
    }
    warnings
}

/// The setting under which IDs of a side are in an image; nothing if none is found.
fn remedy(image: &Sketch, other: &Sketch) -> Vec<Piece> {
    let users = other.spelling().into_iter();
    let users = users.flat_map(|spelling| spelling.loose.users());
    let values: Vec<&[u8]> = users
        .map(LooseUser::value)
        .filter(|id| !id.is_empty())
        .collect();
    if values.is_empty() || other.domain() != Some(IdDomain::Text) {
        return Vec::new();
    }
    let numbers: Vec<i64> = (values.iter())
        .filter_map(|id| i64::try_from(text_to_integer(id)?).ok())
        .collect();
    let text = IdBatch::Text(ByteIds::Slices(&values));
    let (hash, utf16) = (image.hash(), HashScheme::Murmur3Utf16);
    let other_hash = if hash == utf16 {
        HashScheme::Murmur3
    } else {
        utf16
    };
    let tries = [
        (other_hash, text, Setting::Hash.to(other_hash.name())),
        (
            hash,
            IdBatch::Integers(&numbers),
            Setting::Cast.to("integer"),
        ),
    ];
    let found = tries
        .into_iter()
        .find(|(hash, ids, _)| holds(image, *hash, *ids));
    found.map(|(_, _, setting)| setting).into_iter().collect()
}

/// Whether some of the IDs are users of an image, beyond chance.
fn holds(image: &Sketch, hash: HashScheme, ids: IdBatch<'_>) -> bool {
    /// One hash may be there by a slip.
    const HITS_MIN: usize = 3;
    /// Standard deviations of chance.
    const DEVIATIONS: f64 = 6.0;
    let mut words = Vec::with_capacity(ids.len());
    if hash_words(hash, ids, |first, second| words.push((first, second))).is_err() {
        return false;
    }
    if let Some(sample) = image.sample() {
        let hits = words
            .iter()
            .map(|(first, _)| first >> (u64::BITS - hash.sample_bits()))
            .filter(|hash| sample.hashes().binary_search(hash).is_ok());
        return hits.count() >= HITS_MIN;
    }
    let Some(registers) = image.registers() else {
        return false;
    };
    // A user's register is at least the user's rank; a stranger's is so by chance alone.
    let (count, registers) = (words.len() as f64, registers.registers());
    let mask = registers.len() - 1;
    let is_in = |&&(first, second): &&(u64, u64)| {
        let register = u32::from(registers[first as usize & mask]);
        register > second.leading_zeros()
    };
    let hits = words.iter().filter(is_in).count() as f64;
    let chances = registers
        .iter()
        .map(|&rank| 1.0 - 0.5_f64.powi(rank.into()));
    let chance = chances.sum::<f64>() / registers.len() as f64;
    hits - count * chance > DEVIATIONS * (count * chance * (1.0 - chance)).sqrt().max(1.0)
}
