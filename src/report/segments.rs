//! Where a partner's users are whom we don't reach.

use super::gain::probability_text;
use super::number::{percent, whole, whole_interval};
use super::{csv, json, markdown, table};
use crate::analysis::SegmentGain;
use crate::estimate::{Confidence, Estimate};
use crate::segments::label;
use serde::Serialize;

/// The segments of a partner, as a part of the answer of `overlap estimate --by`.
#[derive(Clone, Debug)]
pub struct SegmentsReport {
    /// The segment columns.
    pub columns: Vec<String>,
    /// The name of our side.
    pub ours: String,
    /// The name of the partner.
    pub partner: String,
    /// The partner's segments by their places: the values of the segment columns, nulls as `None`.
    pub segments: Vec<Vec<Option<String>>>,
    /// Our own users in segments of the same values; `None` if our data doesn't have the columns.
    pub users_of_ours: Option<Vec<Estimate>>,
    /// The partner's segments, the largest gain first.
    pub gains: Vec<SegmentGain>,
    /// How likely each segment gains as many users as was asked, if it was.
    pub break_even: Option<SegmentOdds>,
}

/// How likely it is that segments of a partner have more than so many users who are new to us.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentOdds {
    /// The number of new users.
    pub more_than: u64,
    /// The probability of each segment, by its place; just 0 and 1 are certain.
    pub of_segments: Vec<f64>,
}

impl SegmentsReport {
    /// `all_new` are all users of the partner that are new to us, in whatever segments.
    pub(super) fn table(&self, confidence: Confidence, all_new: f64) -> String {
        let rows = table::align(&self.rows(confidence, all_new));
        format!("\n{rows}{}\n", self.footnote())
    }

    pub(super) fn markdown(&self, confidence: Confidence, all_new: f64) -> String {
        let rows = markdown::table(&self.rows(confidence, all_new));
        format!("\n{rows}\n{}\n", markdown::cell(&self.footnote()))
    }

    fn footnote(&self) -> String {
        let (ours, partner) = (&self.ours, &self.partner);
        format!(
            "new: users of {partner} in the segment that {ours} has nowhere; share of new: of all users of {partner}\n\
             that {ours} has nowhere (more than 100 % in sum where users are in several segments)"
        )
    }

    fn rows(&self, confidence: Confidence, all_new: f64) -> Vec<Vec<String>> {
        let level = table::level(confidence);
        let (ours, partner) = (&self.ours, &self.partner);
        let mut header = vec![self.columns.join(", ")];
        if self.users_of_ours.is_some() {
            header.push(ours.clone());
        }
        header.push(partner.clone());
        let of_new = "share of new";
        header.extend([&format!("new to {ours}"), &level, "of segment", of_new].map(Into::into));
        header.push(format!("reach for {ours}"));
        if let Some(odds) = &self.break_even {
            header.push(format!("likely more than {}", whole(odds.more_than as f64)));
        }
        let mut rows = vec![header];
        for gain in &self.gains {
            let mut row = vec![label(&self.segments[gain.segment])];
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
            if let Some(odds) = &self.break_even {
                row.push(probability_text(odds.of_segments[gain.segment]));
            }
            rows.push(row);
        }
        rows
    }

    /// Every number of every segment, as a measure of our side, of the partner's or of both.
    pub(super) fn csv(&self, out: &mut csv::Lines) {
        let (ours, partner) = (&self.ours[..], &self.partner[..]);
        for gain in &self.gains {
            let of_ours = self.users_of_ours.as_ref();
            let of_ours = of_ours.map(|users| ("segment_users", ours, "", users[gain.segment]));
            let others = [
                ("segment_users", partner, "", gain.users),
                ("segment_overlap", ours, partner, gain.overlap),
                ("segment_new", ours, partner, gain.new),
                ("segment_new_share", ours, partner, gain.new_share),
                ("segment_gain", ours, partner, gain.gain),
            ];
            let segment = label(&self.segments[gain.segment]);
            for (measure, a, b, estimate) in of_ours.into_iter().chain(others) {
                out.of_segment(&segment, measure, a, b, &estimate);
            }
            if let Some(odds) = &self.break_even {
                let probability = Estimate::exact(odds.of_segments[gain.segment]);
                let measure = "segment_break_even_probability";
                out.of_segment(&segment, measure, ours, partner, &probability);
            }
        }
    }

    pub(super) fn document(&self) -> SegmentsDocument {
        let row = |gain: &SegmentGain| SegmentDocument {
            segment: self.segments[gain.segment].clone(),
            users_of_ours: (self.users_of_ours.as_ref())
                .map(|users| json::whole(&users[gain.segment])),
            users: json::whole(&gain.users),
            overlap: json::whole(&gain.overlap),
            new: json::whole(&gain.new),
            new_share: json::ratio(&gain.new_share),
            gain: json::ratio(&gain.gain),
            break_even_probability: (self.break_even.as_ref())
                .map(|odds| odds.of_segments[gain.segment]),
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
    segment: Vec<Option<String>>,
    users_of_ours: Option<json::Users>,
    users: json::Users,
    overlap: json::Users,
    new: json::Users,
    new_share: json::Ratio,
    gain: json::Ratio,
    #[serde(skip_serializing_if = "Option::is_none")]
    break_even_probability: Option<f64>,
}
