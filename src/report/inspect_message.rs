//! What files disclose that are made for strangers: sketches with noise, and messages of private overlap.

use super::csv::quoted;
use super::{markdown, table};
use serde::Serialize;

/// What such a file holds, and what it tells whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedMessage {
    /// What it is, such as `sketch with noise`.
    pub what: String,
    /// Everything in it that can be read in the open.
    pub facts: Vec<InspectedFact>,
    /// Who learns what from it, a sentence each.
    pub tells: Vec<String>,
}

/// Something that stands in a file in the open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedFact {
    /// What it is.
    pub name: String,
    /// What the file says.
    pub value: String,
}

impl InspectedMessage {
    pub(super) const CSV_HEADER: &str = "file,what,fact,value\n";

    pub(super) fn table(&self) -> String {
        let facts = self.facts.iter();
        let rows: Vec<Vec<String>> = facts
            .map(|fact| vec![fact.name.clone(), fact.value.escape_debug().to_string()])
            .collect();
        let mut out = table::align(&rows);
        out.push('\n');
        for sentence in &self.tells {
            out += &format!("{sentence}\n");
        }
        out
    }

    pub(super) fn markdown(&self) -> String {
        let header = vec!["fact".to_owned(), "value".to_owned()];
        let facts = self.facts.iter();
        let facts = facts.map(|fact| vec![fact.name.clone(), fact.value.clone()]);
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(facts).collect();
        let mut out = markdown::table(&rows);
        for sentence in &self.tells {
            out += &format!("\n{}\n", markdown::cell(sentence));
        }
        out
    }

    pub(super) fn csv(&self, file: &str) -> String {
        let line = |fact: &InspectedFact| {
            let cells = [file, &self.what, &fact.name, &fact.value];
            cells.map(quoted).join(",") + "\n"
        };
        self.facts.iter().map(line).collect()
    }
}
