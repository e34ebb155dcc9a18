//! Reports of sketches, in which nothing is known of files and columns.

use super::{EstimateReport, Method, PairReport, SideReport};
use crate::estimate::{Confidence, Estimate, PairEstimate};
use crate::id::{IdDomain, PageChecks, Profile};

impl SideReport {
    /// A side of which a sketch tells the kind of its IDs, how they came to one form, and its users.
    pub(crate) fn of_sketch(
        name: &str,
        id_type: Option<IdDomain>,
        profile: &Profile,
        users: Estimate,
    ) -> Self {
        Self {
            name: name.to_owned(),
            files: 0,
            column: None,
            passed_over: Vec::new(),
            filter: None,
            id_type,
            profile: profile.clone(),
            tally: None,
            pages: PageChecks::default(),
            unique: false,
            held: false,
            users,
            frequency: None,
        }
    }
}

impl EstimateReport {
    /// Two sides and nothing beside them.
    pub(crate) fn of_pair(
        method: Method,
        confidence: Confidence,
        sides: [SideReport; 2],
        pair: PairEstimate,
    ) -> Self {
        Self {
            method,
            confidence,
            sides: sides.into(),
            union: pair.union,
            pairs: vec![PairReport {
                a: 0,
                b: 1,
                estimate: pair,
            }],
            formulas: Vec::new(),
            break_even: None,
            segments: None,
            warnings: Vec::new(),
        }
    }
}
