//! A fit as JSON: what the page answers formulas from.
//!
//! Lists of numbers are the bytes of their doubles (little endian) in base64: a decimal number that is
//! read by another program may differ in its last bit, and answers would differ with it.

use crate::analysis::{PortableFit, Regions};
use crate::estimate::RegionsFit;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A fit of up to eight sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FitDocument {
    /// One or two sides: users of every choice of regions as `[value, lower, upper]`; bit r − 1 of the
    /// place in the list stands for region r.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<[f64; 3]>,
    /// For each region of the fit the same region by the sides' places in the report.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub region_of: Vec<usize>,
    /// Whole users in each region.
    pub users: String,
    /// Users in each region before rounding.
    pub fitted: String,
    /// Regions with a variance.
    pub free: Vec<usize>,
    /// The covariance of these regions, row by row.
    pub covariance: String,
    /// Regions that a bound holds.
    pub held: Vec<HeldDocument>,
    /// Other numbers of users that may be so as well, one list for each.
    pub leans: Vec<String>,
    /// Sets of regions (four words of 64 bits, the lowest first) of which users were seen.
    pub seen_sets: String,
    /// How many were seen of each of these sets.
    pub seen: String,
    /// Sets of regions whose total is certain.
    pub certain_sets: String,
    /// These totals.
    pub certain: String,
    /// So many of the first certain sets have no region in common.
    pub disjoint: usize,
    /// Users behind one hash, then the normal quantile of the confidence.
    pub scales: String,
    /// Sets of regions whose limits bound those of others.
    pub anchor_sets: String,
    /// Value, lower and upper limit of each of these sets.
    pub anchors: String,
}

/// A region that a bound holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldDocument {
    /// Which region.
    pub region: usize,
    /// How many users it may have beyond its bound, then what fraction of one it has above it.
    pub limits: String,
    /// How many users fewer each free region would have for each of its own.
    pub replaced: String,
}

impl From<&Regions> for FitDocument {
    fn from(regions: &Regions) -> Self {
        match regions.portable() {
            PortableFit::Table(answers) => Self {
                table: (answers.iter())
                    .map(|answer| [answer.value, answer.lower, answer.upper])
                    .collect(),
                ..Self::default()
            },
            PortableFit::Fit(fit, region_of) => document(&fit, region_of),
        }
    }
}

fn document(fit: &RegionsFit, region_of: Vec<usize>) -> FitDocument {
    let places = fit.users.len();
    let row = |region: usize| &fit.covariance[region * places..(region + 1) * places];
    // Everything of the other regions is 0.
    let is_free = |&region: &usize| {
        let replaced = fit.held.iter().any(|held| held.replaced[region] != 0.0);
        replaced || row(region).iter().any(|covariance| *covariance != 0.0)
    };
    let free: Vec<usize> = (0..places).filter(is_free).collect();
    let of_free = |values: &[f64]| doubles(free.iter().map(|&region| values[region]));
    let rows = free.iter().map(|&region| row(region));
    let covariance = rows.flat_map(|row| free.iter().map(move |&column| row[column]));
    let anchors = fit.anchors.iter().map(|(_, anchor)| anchor);
    FitDocument {
        table: Vec::new(),
        region_of,
        users: doubles(fit.users.iter().copied()),
        fitted: doubles(fit.fitted.iter().copied()),
        covariance: doubles(covariance),
        held: (fit.held.iter())
            .map(|held| HeldDocument {
                region: held.region,
                limits: doubles([held.most, held.above]),
                replaced: of_free(&held.replaced),
            })
            .collect(),
        leans: (fit.leans.iter())
            .map(|lean| doubles(lean.iter().copied()))
            .collect(),
        seen_sets: words(fit.seen.iter().map(|(set, _)| set)),
        seen: doubles(fit.seen.iter().map(|(_, seen)| *seen as f64)),
        certain_sets: words(fit.certain.iter().map(|(set, _)| set)),
        certain: doubles(fit.certain.iter().map(|(_, total)| *total)),
        disjoint: fit.disjoint,
        scales: doubles([fit.per_hash, fit.z]),
        anchor_sets: words(fit.anchors.iter().map(|(set, _)| set)),
        anchors: doubles(anchors.flat_map(|it| [it.value, it.lower, it.upper])),
        free,
    }
}

fn doubles(values: impl IntoIterator<Item = f64>) -> String {
    let bytes: Vec<u8> = values.into_iter().flat_map(f64::to_le_bytes).collect();
    STANDARD.encode(bytes)
}

fn words<'a>(sets: impl Iterator<Item = &'a [u64; 4]>) -> String {
    let words = sets.flatten().copied();
    let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    STANDARD.encode(bytes)
}
