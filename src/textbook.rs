//! What a textbook method would have said: HyperLogLog++ with inclusion and exclusion, and MinHash.
//!
//! `overlap verify` shows these numbers beside the joint estimate, so that people see what the joint
//! fit gains. No other answer uses them. Both methods see the same hashes as the sketches do. This
//! module must not know files or reports.

use crate::error::{Error, ErrorKind, Result};
use crate::hash::{BatchHasher, Filter, HashScheme, HashSink, hash_words};
use crate::id::{IdBatch, IdSink};
use crate::key::Key;
use crate::sketch::{BottomK, Sketch};
use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
use std::hash::{BuildHasher, Hasher};

/// The answers of one textbook method about some sides. They have no intervals, and nothing keeps
/// them from being impossible, such as an overlap below zero.
#[derive(Clone, Debug, PartialEq)]
pub struct TextbookAnswers {
    /// Users of each side.
    pub sides: Vec<f64>,
    /// Every two sides: first with second, first with third, …, second with third, ….
    pub pairs: Vec<TextbookPair>,
    /// Users of any side.
    pub union: f64,
    /// Bytes of the sketches of all sides together, in the form in which such sketches are kept.
    pub bytes: u64,
}

/// What a textbook method says of two sides, in users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextbookPair {
    /// Users of both.
    pub overlap: f64,
    /// Users of either.
    pub union: f64,
}

/// The answers of MinHash: the share of the k smallest hashes of a union that both sides have, times
/// the size of the union, which is k over the share of all hashes below the largest of them (Beyer et
/// al., On Synopses for Distinct-Value Estimation, 2007). The samples are those of `sketches`, counted
/// with 8 bytes a hash. `None` if a sketch has no sample.
///
/// # Errors
/// [`ErrorKind::Incomparable`] if two sketches can't be compared.
pub fn minhash(sketches: &[Sketch]) -> Result<Option<TextbookAnswers>> {
    let samples: Option<Vec<&BottomK>> = sketches.iter().map(Sketch::sample).collect();
    let Some(samples) = samples else {
        return Ok(None);
    };
    let size = |sample: &BottomK| sample.hashes().len() as f64 / sample.sampled_share();
    let mut pairs = Vec::new();
    for (i, a) in samples.iter().enumerate() {
        for (b, other) in samples.iter().zip(sketches).skip(i + 1) {
            let mut merged = sketches[i].clone();
            merged.merge(other)?;
            let union = merged.sample().map_or(0.0, size);
            let hashes = merged.sample().map_or(&[][..], BottomK::hashes);
            let has = |sample: &BottomK, hash: &u64| sample.hashes().binary_search(hash).is_ok();
            let both = hashes.iter().filter(|hash| has(a, hash) && has(b, hash));
            let jaccard = both.count() as f64 / hashes.len().max(1) as f64;
            pairs.push(TextbookPair {
                overlap: jaccard * union,
                union,
            });
        }
    }
    let union = merged(sketches)?
        .as_ref()
        .and_then(Sketch::sample)
        .map(size);
    let hashes: usize = samples.iter().map(|sample| sample.hashes().len()).sum();
    Ok(Some(TextbookAnswers {
        sides: samples.iter().map(|sample| size(sample)).collect(),
        pairs,
        union: union.unwrap_or(0.0),
        bytes: (hashes * size_of::<u64>()) as u64,
    }))
}

fn merged(sketches: &[Sketch]) -> Result<Option<Sketch>> {
    let Some((first, rest)) = sketches.split_first() else {
        return Ok(None);
    };
    let mut merged = first.clone();
    rest.iter().try_for_each(|sketch| merged.merge(sketch))?;
    Ok(Some(merged))
}

/// A sink that feeds hashes of IDs to HyperLogLog++ (Heule, Nunkesser and Hall, HyperLogLog in
/// Practice, 2013), by the crate `hyperloglogplus`.
pub struct PlusSink {
    scheme: HashScheme,
    hasher: BatchHasher,
    registers: Registers,
}

impl PlusSink {
    /// log2 of the number of registers.
    pub const PRECISION: u8 = 16;

    /// Bytes of the registers of one side, 6 bits each.
    const BYTES: u64 = (1 << Self::PRECISION) * 6 / 8;

    /// A sink that has seen no ID; hashes are those of `scheme`, of two words the first, or those under a
    /// key.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the crate refuses the precision.
    pub fn new(scheme: HashScheme, key: Option<Key>) -> Result<Self> {
        Ok(Self {
            scheme,
            hasher: BatchHasher::default().with_key(key),
            registers: Registers(union([])?),
        })
    }

    /// The answers of inclusion and exclusion: |A ∩ B| = |A| + |B| − |A ∪ B|. `sides` holds the
    /// sinks of each side.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the crate can't merge its own sketches.
    pub fn answers(sides: Vec<Vec<Self>>) -> Result<TextbookAnswers> {
        let mut whole = Vec::with_capacity(sides.len());
        for sinks in sides {
            whole.push(union(sinks.iter().map(|sink| &sink.registers.0))?);
        }
        let users: Vec<f64> = whole.iter_mut().map(HyperLogLog::count).collect();
        let mut pairs = Vec::new();
        for a in 0..whole.len() {
            for b in a + 1..whole.len() {
                let union = union([&whole[a], &whole[b]])?.count();
                pairs.push(TextbookPair {
                    overlap: users[a] + users[b] - union,
                    union,
                });
            }
        }
        Ok(TextbookAnswers {
            pairs,
            union: union(&whole)?.count(),
            bytes: users.len() as u64 * Self::BYTES,
            sides: users,
        })
    }
}

impl IdSink for PlusSink {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        match self.scheme {
            HashScheme::Xxh3 | HashScheme::Keyed(_) => self.hasher.hash(batch, &mut self.registers),
            scheme => hash_words(scheme, batch, |first, _| self.registers.0.insert(&first))?,
        }
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        false
    }
}

type Plus = HyperLogLogPlus<u64, AsItIs>;

/// The registers of a union; of no parts, those of nobody.
fn union<'a>(parts: impl IntoIterator<Item = &'a Plus>) -> Result<Plus> {
    let mut whole = Plus::new(PlusSink::PRECISION, AsItIs(0)).map_err(|e| refused(&e))?;
    for part in parts {
        whole.merge(part).map_err(|e| refused(&e))?;
    }
    Ok(whole)
}

fn refused(error: &hyperloglogplus::HyperLogLogError) -> Error {
    Error::new(ErrorKind::Internal, format!("hyperloglogplus: {error}"))
}

struct Registers(Plus);

impl HashSink for Registers {
    fn filter(&self) -> Filter {
        Filter::ALL
    }

    fn take(&mut self, hashes: &[u64]) {
        hashes.iter().for_each(|hash| self.0.insert(hash));
    }
}

/// Hands hashes on as they are, where the crate wants a hasher.
#[derive(Clone, Copy)]
struct AsItIs(u64);

impl BuildHasher for AsItIs {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::SketchOptions;

    fn plus(ids: &[i64], scheme: HashScheme) -> PlusSink {
        let mut sink = PlusSink::new(scheme, None).expect("valid");
        sink.push(IdBatch::Integers(ids)).expect("valid");
        sink
    }

    fn ids(range: std::ops::Range<i64>) -> Vec<i64> {
        range.collect()
    }

    #[test]
    fn hyperloglog_is_within_its_error_and_counts_users_of_several_sinks_once() {
        for scheme in HashScheme::ALL {
            let (a, b) = (ids(0..300_000), ids(200_000..400_000));
            let sides = vec![
                vec![plus(&a[..160_000], scheme), plus(&a[140_000..], scheme)],
                vec![plus(&b, scheme)],
            ];
            let answers = PlusSink::answers(sides).expect("valid");
            // 0.41 % is one standard deviation.
            for (value, truth) in [
                (answers.sides[0], 300_000.0),
                (answers.sides[1], 200_000.0),
                (answers.pairs[0].union, 400_000.0),
            ] {
                let error: f64 = value / truth - 1.0;
                assert!(error.abs() < 0.016, "{scheme}: {value} for {truth}");
            }
            let pair = answers.pairs[0];
            let by_exclusion = answers.sides[0] + answers.sides[1] - pair.union;
            assert_eq!(pair.overlap, by_exclusion);
            assert_eq!(answers.union, pair.union);
            assert_eq!(answers.bytes, 2 * 49_152);
        }
    }

    #[test]
    fn hyperloglog_of_sides_without_common_users_may_fall_below_zero() {
        let overlap = |seed: i64| {
            let (a, b) = (seed..seed + 200_000, seed + 200_000..seed + 400_000);
            let scheme = HashScheme::Xxh3;
            let sides = [a, b].map(|range| vec![plus(&ids(range), scheme)]);
            PlusSink::answers(sides.into()).expect("valid").pairs[0].overlap
        };
        let overlaps: Vec<f64> = (0..8).map(|trial| overlap(trial << 32)).collect();
        assert!(overlaps.iter().any(|&users| users < 0.0), "{overlaps:?}");
        assert!(overlaps.iter().any(|&users| users > 0.0), "{overlaps:?}");
    }

    #[test]
    fn minhash_is_exact_of_small_sets_and_near_of_large_ones() {
        let options = SketchOptions::new(12, 4096).expect("valid");
        let of = |range| Sketch::of(IdBatch::Integers(&ids(range)), options).expect("valid");
        let small = minhash(&[of(0..1500), of(1000..2000)])
            .expect("valid")
            .expect("valid");
        assert_eq!(small.sides, [1500.0, 1000.0]);
        assert_eq!((small.pairs[0].overlap, small.union), (500.0, 2000.0));
        assert_eq!(small.bytes, 8 * 2500);
        let large = minhash(&[of(0..300_000), of(200_000..400_000)]);
        let large = large.expect("valid").expect("valid");
        // A quarter of 4096 hashes match: one standard deviation is 2.7 % of them and 1.6 % of the union.
        let error = large.pairs[0].overlap / 100_000.0 - 1.0;
        assert!(error.abs() < 0.12, "{large:?}");
        assert!((large.union / 400_000.0 - 1.0).abs() < 0.07, "{large:?}");
        assert_eq!(large.bytes, 8 * 2 * 4096);
    }

    #[test]
    fn no_users_are_no_users() {
        let options = SketchOptions::default();
        let empty = || Sketch::empty(options);
        let answers = minhash(&[empty(), empty()]).expect("valid").expect("valid");
        assert_eq!((answers.pairs[0].overlap, answers.union), (0.0, 0.0));
        let sides = vec![vec![], vec![plus(&[], HashScheme::Xxh3)]];
        let answers = PlusSink::answers(sides).expect("valid");
        assert_eq!((answers.pairs[0].overlap, answers.union), (0.0, 0.0));
    }
}
