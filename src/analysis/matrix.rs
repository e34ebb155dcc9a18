//! Every two of N sides.

use super::regions::fit_of_few;
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

/// What two sides share. It has fewer numbers than [`crate::PairEstimate`], because there are N²/2 of them.
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

/// Compares every two sketches, on the threads of the pool that it is called in. Up to eight sides
/// are one fit, as in [`crate::regions`], so that all numbers add up; of more, every side and every
/// pair is estimated by itself.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub fn matrix(sketches: &[&Sketch], confidence: Confidence) -> Result<Matrix> {
    let fit = fit_of_few(sketches, confidence)?;
    let users = |side: usize| match &fit {
        Some(fit) => fit.side(side),
        None => estimate_set(&set_counts(sketches[side]), confidence),
    };
    let pair = |a: usize, b: usize| {
        let pair = match fit.as_ref().and_then(|fit| fit.pair(a, b)) {
            Some(pair) => pair,
            None => estimate_pair(&pair_counts(sketches[a], sketches[b])?, confidence),
        };
        Ok(MatrixPair {
            a,
            b,
            overlap: pair.overlap,
            share_of_a: pair.share_of_a,
            share_of_b: pair.share_of_b,
            jaccard: pair.jaccard,
        })
    };
    let sides = 0..sketches.len();
    let rows = sides.clone().into_par_iter();
    let rows = rows.flat_map(|a| (a + 1..sketches.len()).into_par_iter().map(move |b| (a, b)));
    Ok(Matrix {
        users: sides.into_par_iter().map(users).collect(),
        pairs: rows.map(|(a, b)| pair(a, b)).collect::<Result<_>>()?,
    })
}
