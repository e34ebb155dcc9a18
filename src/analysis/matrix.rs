//! Every two of N sides.

use crate::compare::{pair_counts, set_counts};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set};
use crate::sketch::Sketch;
use rayon::prelude::*;

/// Users of N sides and of every two of them together.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Users of each side.
    pub users: Vec<Estimate>,
    /// Every two sides, `a` before `b`, in order.
    pub pairs: Vec<MatrixPair>,
}

/// What two sides share. Less than [`crate::PairEstimate`] tells: there are N²/2 of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatrixPair {
    /// The first side's place.
    pub a: usize,
    /// The second side's place.
    pub b: usize,
    /// Users of both.
    pub overlap: Estimate,
    /// overlap / A.
    pub share_of_a: Estimate,
    /// overlap / B.
    pub share_of_b: Estimate,
    /// overlap / union.
    pub jaccard: Estimate,
}

/// Compares every two sketches, on the threads of the pool that it is called in. The numbers of a
/// pair are those of [`crate::estimate_sketches`].
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub fn matrix(sketches: &[&Sketch], confidence: Confidence) -> Result<Matrix> {
    let users = sketches.par_iter();
    let users = users.map(|sketch| estimate_set(&set_counts(sketch), confidence));
    let pair = |a: usize, b: usize| {
        let pair = estimate_pair(&pair_counts(sketches[a], sketches[b])?, confidence);
        Ok(MatrixPair {
            a,
            b,
            overlap: pair.overlap,
            share_of_a: pair.share_of_a,
            share_of_b: pair.share_of_b,
            jaccard: pair.jaccard,
        })
    };
    let rows = (0..sketches.len()).into_par_iter();
    let rows = rows.flat_map(|a| (a + 1..sketches.len()).into_par_iter().map(move |b| (a, b)));
    Ok(Matrix {
        users: users.collect(),
        pairs: rows.map(|(a, b)| pair(a, b)).collect::<Result<_>>()?,
    })
}
