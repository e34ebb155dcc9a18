//! Which columns the first records have: a file of JSON lines has no header.

use super::fault_of;
use super::parse::{self, Value};
use crate::error::Result;
use crate::reader::stream::Block;

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

    /// What the column at a path holds, and the line where that was seen.
    pub(crate) fn kind(&self, path: &[String]) -> (Kind, u64) {
        let found = self.columns.iter().find(|column| column.path == path);
        found.map_or((Kind::Null, 1), |column| (column.kind, column.line))
    }
}
