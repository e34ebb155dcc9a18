//! Where a partner's users are whom we don't reach.

use super::number::{percent, whole, whole_interval};
use super::{csv, json, markdown, table};
use crate::analysis::SegmentGain;
use crate::estimate::{Confidence, Estimate};
use serde::Serialize;
use std::fmt::Write;

/// The segments of a partner, as a part of the answer of `overlap estimate --by`.
#[derive(Clone, Debug)]
pub struct SegmentsReport {
    /// The segment columns.
    pub columns: Vec<String>,
    /// The name of our side.
    pub ours: String,
    /// The name of the partner.
    pub partner: String,
    /// The partner's segments by their places: the values of the segment columns.
    pub labels: Vec<String>,
    /// Our own users in segments of the same values; `None` if our data doesn't have the columns.
    pub users_of_ours: Option<Vec<Estimate>>,
    /// The partner's segments, the largest gain first.
    pub gains: Vec<SegmentGain>,
}

impl SegmentsReport {
    pub(super) fn table(&self, confidence: Confidence) -> String {
        let of_all = "share of new";
        let (ours, partner) = (&self.ours, &self.partner);
        let out = table::align(&self.rows(confidence, of_all));
        format!("\n{out}new: users of {partner} in the segment that {ours} has nowhere\n")
    }

    pub(super) fn markdown(&self, confidence: Confidence) -> String {
        format!(
            "\n{}",
            markdown::table(&self.rows(confidence, "share of new"))
        )
    }

    fn rows(&self, confidence: Confidence, of_all: &str) -> Vec<Vec<String>> {
        let level = table::level(confidence);
        let (ours, partner) = (&self.ours, &self.partner);
        let mut header = vec![self.columns.join(", ")];
        if self.users_of_ours.is_some() {
            header.push(ours.clone());
        }
        header.push(partner.clone());
        header.extend([&format!("new to {ours}"), &level, "of segment", of_all].map(Into::into));
        header.push(format!("reach for {ours}"));
        let all_new: f64 = self.gains.iter().map(|gain| gain.new.value).sum();
        let mut rows = vec![header];
        for gain in &self.gains {
            let mut row = vec![self.labels[gain.segment].clone()];
            if let Some(users) = &self.users_of_ours {
                row.push(whole(users[gain.segment].value));
            }
            row.extend([
                whole(gain.users.value),
                whole(gain.new.value),
                whole_interval(&gain.new),
                percent(&gain.new_share),
                format!("{:.1} %", 100.0 * gain.new.value / all_new.max(1.0)),
                format!("+{}", percent(&gain.gain)),
            ]);
            rows.push(row);
        }
        rows
    }

    pub(super) fn csv(&self, out: &mut String) {
        for gain in &self.gains {
            let label = csv::quoted(&self.labels[gain.segment]);
            for (measure, estimate) in [
                ("segment_users", gain.users),
                ("segment_overlap", gain.overlap),
                ("segment_new", gain.new),
                ("segment_new_share", gain.new_share),
                ("segment_gain", gain.gain),
            ] {
                let Estimate {
                    value,
                    lower,
                    upper,
                } = estimate;
                let ours = csv::quoted(&self.ours);
                // Writing to a String can't fail.
                let _ = writeln!(out, "{measure},{ours},{label},{value},{lower},{upper}");
            }
        }
    }

    pub(super) fn document(&self) -> SegmentsDocument {
        let row = |gain: &SegmentGain| SegmentDocument {
            segment: self.labels[gain.segment].clone(),
            users_of_ours: (self.users_of_ours.as_ref())
                .map(|users| json::whole(&users[gain.segment])),
            users: json::whole(&gain.users),
            overlap: json::whole(&gain.overlap),
            new: json::whole(&gain.new),
            new_share: json::ratio(&gain.new_share),
            gain: json::ratio(&gain.gain),
        };
        SegmentsDocument {
            columns: self.columns.clone(),
            ours: self.ours.clone(),
            partner: self.partner.clone(),
            rows: self.gains.iter().map(row).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct SegmentsDocument {
    columns: Vec<String>,
    ours: String,
    partner: String,
    rows: Vec<SegmentDocument>,
}

#[derive(Serialize)]
struct SegmentDocument {
    segment: String,
    users_of_ours: Option<json::Users>,
    users: json::Users,
    overlap: json::Users,
    new: json::Users,
    new_share: json::Ratio,
    gain: json::Ratio,
}
