//! Which columns the first records have: a file of JSON lines has no header.

use super::fault_of;
use super::parse::{self, Value};
use crate::error::Result;
use crate::reader::looks_like_data;
use crate::reader::stream::Block;
use std::collections::{BTreeMap, BTreeSet};

/// What a column holds, by its first value that isn't null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
}

/// The columns of some records, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    columns: Vec<Column>,
    records: u64,
}

#[derive(Debug)]
struct Column {
    name: String,
    path: Vec<String>,
    kind: Kind,
    /// Where its first value that isn't null stands.
    line: u64,
}

/// Columns that are listed. Objects whose keys are data have any number of them.
const COLUMNS_MAX: usize = 1000;

/// Keys of an object within a record that are taken for names; of more, they are data.
const KEYS_MAX: usize = 64;

impl Survey {
    /// Looks at a block; `wanted` is listed however many others there are.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] with the line of what is no object.
    pub(crate) fn add(&mut self, text: &[u8], block: &Block, wanted: Option<&str>) -> Result<()> {
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        let mut at = 0;
        for (line_number, line) in (block.first_line..).zip(lines) {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            if !parse::is_blank(content) {
                self.records += 1;
                let looked = parse::leaves(content, &mut |path, value| {
                    self.note(path, value, line_number, wanted);
                });
                looked.map_err(|flaw| fault_of(content, at, flaw).locate(text, block, b'\n'))?;
            }
            at += line.len();
        }
        Ok(())
    }

    fn note(&mut self, path: &[String], value: Value, line: u64, wanted: Option<&str>) {
        let kind = match value {
            Value::Missing | Value::Null | Value::Object => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number { .. } => Kind::Number,
            Value::Text { .. } => Kind::Text,
            Value::Array => Kind::Array,
        };
        match self.columns.iter_mut().find(|column| column.path == path) {
            Some(column) if column.kind == Kind::Null => (column.kind, column.line) = (kind, line),
            Some(_) => {}
            None => {
                let name = path.join(".");
                if self.columns.len() < COLUMNS_MAX || wanted == Some(&name) {
                    self.columns.push(Column {
                        name,
                        path: path.to_vec(),
                        kind,
                        line,
                    });
                }
            }
        }
    }

    /// Whether no record was seen.
    pub(crate) const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many records were seen.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// The names and paths of all columns. What was null so far and an object elsewhere is none.
    pub(crate) fn columns(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let is_inner = |column: &&Column| {
            let depth = column.path.len();
            let mut others = self.columns.iter();
            others.any(|other| other.path.len() > depth && other.path.starts_with(&column.path))
        };
        let leaves = self.columns.iter();
        let leaves = leaves.filter(|column| column.kind != Kind::Null || !is_inner(column));
        leaves
            .map(|column| (column.name.clone(), column.path.clone()))
            .unzip()
    }

    /// The names and paths of the columns as a message or a report may list them: the keys of an object
    /// that maps data to something are data, perhaps IDs, and stand as one `scores.*`.
    pub(crate) fn shown(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let (_, paths) = self.columns();
        let mut children: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
        for path in &paths {
            for depth in 0..path.len() {
                let keys = children.entry(&path[..depth]).or_default();
                keys.insert(&path[depth]);
            }
        }
        let is_map = |object: &[String]| {
            let keys = &children[object];
            let data = keys.iter().filter(|key| looks_like_data(key)).count();
            // Wide records are known; so many keys below one are not names.
            2 * data > keys.len() || (!object.is_empty() && keys.len() > KEYS_MAX)
        };
        let (mut names, mut shown): (Vec<String>, Vec<Vec<String>>) = Default::default();
        for path in &paths {
            let map = (0..path.len()).find(|&depth| is_map(&path[..depth]));
            let name = match map {
                None => path.join("."),
                Some(depth) => {
                    let count = children[&path[..depth]].len();
                    let keys = if count == 1 { "key" } else { "keys" };
                    let above = path[..depth].iter().map(String::as_str);
                    let object = above.chain(["*"]).collect::<Vec<_>>().join(".");
                    format!("{object} ({count} {keys})")
                }
            };
            if map.is_none() || !names.contains(&name) {
                names.push(name);
                shown.push(path.clone());
            }
        }
        (names, shown)
    }

    /// What the column at a path holds, and the line where that was seen.
    pub(crate) fn kind(&self, path: &[String]) -> (Kind, u64) {
        let found = self.columns.iter().find(|column| column.path == path);
        found.map_or((Kind::Null, 1), |column| (column.kind, column.line))
    }
}
