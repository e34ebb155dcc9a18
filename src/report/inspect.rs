//! What files disclose: sketches here, data next door.

use super::inspect_data::InspectedData;
use super::inspect_message::InspectedMessage;
use super::number::{bytes, percent_of, rows, whole, whole_interval};
use super::{Format, json, markdown, table};
use crate::estimate::{Confidence, Estimate};
use crate::id::{IdDomain, Profile, Tally};
use crate::policy::Policy;
use crate::segments::label;
use serde::Serialize;
use std::fmt::Write;

/// The answer of `overlap inspect`.
#[derive(Clone, Debug)]
pub struct InspectReport {
    /// The level of the intervals.
    pub confidence: Confidence,
    /// The files, in the order given.
    pub files: Vec<InspectedFile>,
}

/// One file, of sketches or of data.
#[derive(Clone, Debug)]
pub struct InspectedFile {
    /// Path of the file.
    pub file: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The segment columns.
    pub segment_columns: Vec<String>,
    /// The condition (`--where`) under which the data was sketched, as the file records it.
    pub filter: Option<String>,
    /// Whether a file of keyed sketches has a tag; `None` without keyed sketches.
    pub tag: Option<FileTag>,
    /// What may be said of the sketches, if the file is for exchange: then their users are rounded.
    pub policy: Option<Policy>,
    /// The sketches, in the order of the rows; empty for data.
    pub sketches: Vec<InspectedSketch>,
    /// Format and columns of a data file; `None` for sketches.
    pub data: Option<InspectedData>,
    /// What is in a sketch with noise or in a message of private overlap; `None` of other files.
    pub message: Option<InspectedMessage>,
}

/// The tag of a keyed sketch file, which says that the file is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileTag {
    /// The key was there, and the tag is right.
    Right,
    /// There is a tag, but without the key it can't be checked.
    Unchecked,
    /// There is none: another program wrote the file.
    Missing,
}

impl FileTag {
    const fn text(self) -> &'static str {
        match self {
            Self::Right => "tag: right, the file is as it was written with this key",
            Self::Unchecked => "tag: not checked, which takes the key",
            Self::Missing => "tag: none, another program wrote the file",
        }
    }
}

/// One sketch.
#[derive(Clone, Debug)]
pub struct InspectedSketch {
    /// The values of the segment columns, nulls as `None`; empty without any.
    pub segment: Vec<Option<String>>,
    /// The name of the hash.
    pub hash: &'static str,
    /// Its fingerprint, or that of its key.
    pub fingerprint: u64,
    /// Whether its IDs were hashed with a secret key.
    pub is_keyed: bool,
    /// The kind of its IDs; `None` if the sketch doesn't record it.
    pub id_type: Option<IdDomain>,
    /// The rules and the digest by which its IDs were brought to one form.
    pub profile: Profile,
    /// Rows and nulls that were sketched; `None` if the sketch doesn't record them.
    pub tally: Option<Tally>,
    /// Distinct users.
    pub users: Estimate,
    /// The registers, if it has them.
    pub registers: Option<InspectedRegisters>,
    /// The sample, if it has one.
    pub sample: Option<InspectedSample>,
    /// What it remembers of how its IDs are written, if it does.
    pub spelling: Option<InspectedSpelling>,
}

/// What is remembered of the spelling of IDs.
#[derive(Clone, Debug, Serialize)]
pub struct InspectedSpelling {
    /// Users whose IDs were hashed under every reading; 0 of integers, which are written in one way.
    pub users: usize,
    /// IDs that a large share of the rows has, by what they look like.
    pub frequent: Vec<InspectedFrequent>,
    /// The size of its blob.
    #[serde(rename = "bytes")]
    pub blob_bytes: usize,
}

/// An ID that a large share of the rows has.
#[derive(Clone, Debug, Serialize)]
pub struct InspectedFrequent {
    /// What it looks like, never the ID itself.
    pub form: String,
    /// Its share of the rows with an ID.
    pub share_of_rows: f64,
}

/// What is known of the registers of a sketch.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct InspectedRegisters {
    /// log2 of their number.
    pub precision: u8,
    /// Number of registers that are not zero.
    pub set: usize,
    /// The size of their blob.
    #[serde(rename = "bytes")]
    pub blob_bytes: usize,
}

/// What is known of the sample of a sketch.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct InspectedSample {
    /// The largest number of hashes; `None` if another program made the sample and doesn't record it.
    pub k: Option<usize>,
    /// The hashes in it.
    pub hashes: usize,
    /// The sampled share of all users; 1 if the sample is the set.
    pub theta: f64,
    /// The size of its blob.
    #[serde(rename = "bytes")]
    pub blob_bytes: usize,
}

impl InspectReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.table(),
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
        }
    }

    fn table(&self) -> String {
        let mut out = String::new();
        for (i, file) in self.files.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            let _ = writeln!(out, "{}", file.heading());
            if let Some(same) = file.what_is_common() {
                let _ = writeln!(out, "{same}");
            }
            if let Some(message) = &file.message {
                out += &message.table();
                continue;
            }
            if let Some(filter) = &file.filter {
                let _ = writeln!(out, "rows where {}", filter.escape_debug());
            }
            if let Some(tag) = file.tag {
                let _ = writeln!(out, "{}", tag.text());
            }
            if let Some(policy) = &file.policy {
                let _ = writeln!(out, "policy: {}", policy.text());
            }
            for line in file.frequent() {
                let _ = writeln!(out, "{line}");
            }
            out.push('\n');
            out += &table::align(&self.rows(file));
        }
        out
    }

    fn markdown(&self) -> String {
        let mut out = String::new();
        for (i, file) in self.files.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            let _ = writeln!(out, "{}\n", file.heading());
            if let Some(data) = &file.data {
                let _ = writeln!(out, "{}\n", data.what_is_read());
            }
            if let Some(message) = &file.message {
                out += &message.markdown();
                continue;
            }
            if let Some(filter) = &file.filter {
                let _ = writeln!(out, "rows where {}\n", markdown::cell(filter));
            }
            if let Some(tag) = file.tag {
                let _ = writeln!(out, "{}\n", tag.text());
            }
            if let Some(policy) = &file.policy {
                let _ = writeln!(out, "policy: {}\n", markdown::cell(&policy.text()));
            }
            out += &markdown::table(&self.rows(file));
        }
        out
    }

    fn rows(&self, file: &InspectedFile) -> Vec<Vec<String>> {
        if let Some(data) = &file.data {
            return data.rows();
        }
        let level = format!("{} % interval", self.confidence.level() * 100.0);
        let segment = match &file.segment_columns[..] {
            [] => "sketch".into(),
            columns => columns.join(", "),
        };
        let header = [
            &segment,
            "rows",
            "nulls",
            "users",
            &level,
            "registers",
            "sample",
            "of all",
            "spelling",
        ];
        let mut out = vec![header.map(str::to_owned).to_vec()];
        for sketch in &file.sketches {
            let size = |size: Option<usize>| size.map_or_else(|| "–".into(), |b| bytes(b as u64));
            out.push(vec![
                match &sketch.segment[..] {
                    [] => "all".into(),
                    values => label(values),
                },
                rows(sketch.tally.map(|tally| tally.rows)),
                rows(sketch.tally.map(|tally| tally.nulls)),
                whole(sketch.users.value),
                whole_interval(&sketch.users),
                size(sketch.registers.map(|registers| registers.blob_bytes)),
                size(sketch.sample.map(|sample| sample.blob_bytes)),
                sketch
                    .sample
                    .map_or_else(String::new, |s| percent_of(s.theta)),
                size(sketch.spelling.as_ref().map(|spelling| spelling.blob_bytes)),
            ]);
        }
        out
    }

    fn csv(&self) -> String {
        let data = self
            .files
            .iter()
            .filter_map(|file| Some((file, file.data.as_ref()?)));
        let data: String = data.map(|(file, data)| data.csv(&file.file)).collect();
        if !data.is_empty() {
            return format!("{}{data}", InspectedData::CSV_HEADER);
        }
        let messages = self
            .files
            .iter()
            .filter_map(|file| Some((file, file.message.as_ref()?)));
        let messages: String = messages
            .map(|(file, message)| message.csv(&file.file))
            .collect();
        if !messages.is_empty() {
            return format!("{}{messages}", InspectedMessage::CSV_HEADER);
        }
        let mut out = String::from(
            "file,segment,hash,fingerprint,id_type,rows,nulls,users,lower,upper,precision,registers_bytes,k,hashes,theta,sample_bytes,spelling_bytes,profile\n",
        );
        for file in &self.files {
            for sketch in &file.sketches {
                out += &sketch.csv(&file.file);
            }
        }
        out
    }

    fn json(&self) -> String {
        let sketch = |sketch: &InspectedSketch| SketchDocument {
            segment: sketch.segment.clone(),
            hash: sketch.hash,
            fingerprint: format!("{:016x}", sketch.fingerprint),
            id_type: sketch.id_type.map(IdDomain::name),
            profile: (!sketch.profile.is_none()).then(|| sketch.profile.text().to_owned()),
            rows: sketch.tally.map(|tally| tally.rows),
            nulls: sketch.tally.map(|tally| tally.nulls),
            users: json::whole(&sketch.users),
            registers: sketch.registers,
            sample: sketch.sample,
            spelling: sketch.spelling.clone(),
        };
        let file = |file: &InspectedFile| FileDocument {
            file: file.file.clone(),
            bytes: file.bytes,
            segment_columns: file.segment_columns.clone(),
            filter: file.filter.clone(),
            tag: file.tag,
            policy: file.policy.clone(),
            sketches: file.sketches.iter().map(sketch).collect(),
            data: file.data.clone(),
            message: file.message.clone(),
        };
        json::to_text(&Document {
            schema: "overlap.inspect/1",
            confidence: self.confidence.level(),
            files: self.files.iter().map(file).collect(),
        })
    }
}

impl InspectedFile {
    fn heading(&self) -> String {
        if let Some(data) = &self.data {
            return format!(
                "{}: {}, {}",
                self.file,
                data.what_it_is(),
                bytes(self.bytes)
            );
        }
        if let Some(message) = &self.message {
            return format!("{}: {}, {}", self.file, message.what, bytes(self.bytes));
        }
        let sketches = match self.sketches.len() {
            1 => "1 sketch".into(),
            count => format!("{} sketches", whole(count as f64)),
        };
        format!("{}: {sketches}, {}", self.file, bytes(self.bytes))
    }

    /// A line for every frequent ID that a sketch of its own remembers.
    fn frequent(&self) -> Vec<String> {
        let [
            InspectedSketch {
                spelling: Some(spelling),
                ..
            },
        ] = &self.sketches[..]
        else {
            return Vec::new();
        };
        let frequent = spelling.frequent.iter();
        frequent
            .map(|id| {
                let share = percent_of(id.share_of_rows);
                format!("{share} of the rows have one id: {}", id.form)
            })
            .collect()
    }

    /// Hash, ID type and size, where all sketches agree.
    fn what_is_common(&self) -> Option<String> {
        if let Some(data) = &self.data {
            return Some(data.what_is_read());
        }
        let lines: Vec<String> = self
            .sketches
            .iter()
            .map(InspectedSketch::what_it_is)
            .collect();
        let (first, rest) = lines.split_first()?;
        match rest.iter().all(|line| line == first) {
            true => Some(first.clone()),
            false => {
                Some("of different hashes, id types or sizes: --format json shows each".into())
            }
        }
    }
}

impl InspectedSketch {
    /// What may be said of it: users rounded, and nothing by which they could be counted.
    pub(crate) fn under(self, policy: &Policy) -> Self {
        let users = policy.rounded(self.users.value);
        let step = policy.round_to as f64;
        Self {
            users: Estimate {
                value: users,
                lower: (self.users.lower / step).floor() * step,
                upper: (self.users.upper / step).ceil() * step,
            },
            registers: None,
            sample: None,
            ..self
        }
    }

    fn what_it_is(&self) -> String {
        let id_type = self
            .id_type
            .map_or("ids of unknown type", |domain| match domain {
                IdDomain::Integer => "integer ids",
                IdDomain::Text => "string ids",
                IdDomain::Binary => "binary ids",
            });
        let size = table::sketch_size(
            self.registers.map(|registers| registers.precision),
            self.sample.and_then(|sample| sample.k),
        );
        let (hash, fingerprint) = (self.hash, self.fingerprint);
        let profile = match self.profile.text() {
            "" => String::new(),
            text => format!(" normalised by {text}"),
        };
        let of = match self.is_keyed {
            true => "key fingerprint",
            false => "fingerprint",
        };
        format!("{id_type}{profile}, {hash} ({of} {fingerprint:016x}), {size}")
    }

    fn csv(&self, file: &str) -> String {
        fn cell<T: ToString>(value: Option<T>) -> String {
            value.map(|value| value.to_string()).unwrap_or_default()
        }
        let cells = [
            super::csv::quoted(file),
            super::csv::quoted(&label(&self.segment)),
            self.hash.to_owned(),
            format!("{:016x}", self.fingerprint),
            cell(self.id_type),
            cell(self.tally.map(|tally| tally.rows)),
            cell(self.tally.map(|tally| tally.nulls)),
            self.users.value.to_string(),
            self.users.lower.to_string(),
            self.users.upper.to_string(),
            cell(self.registers.map(|registers| registers.precision)),
            cell(self.registers.map(|registers| registers.blob_bytes)),
            cell(self.sample.and_then(|sample| sample.k)),
            cell(self.sample.map(|sample| sample.hashes)),
            cell(self.sample.map(|sample| sample.theta)),
            cell(self.sample.map(|sample| sample.blob_bytes)),
            cell(self.spelling.as_ref().map(|spelling| spelling.blob_bytes)),
            super::csv::quoted(self.profile.text()),
        ];
        cells.join(",") + "\n"
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    confidence: f64,
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct FileDocument {
    file: String,
    bytes: u64,
    segment_columns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<FileTag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    sketches: Vec<SketchDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<InspectedData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<InspectedMessage>,
}

#[derive(Serialize)]
struct SketchDocument {
    segment: Vec<Option<String>>,
    hash: &'static str,
    fingerprint: String,
    id_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    rows: Option<u64>,
    nulls: Option<u64>,
    users: json::Users,
    registers: Option<InspectedRegisters>,
    sample: Option<InspectedSample>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spelling: Option<InspectedSpelling>,
}
