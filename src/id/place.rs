//! Where an ID stands in the data, for people who look for it.

use std::fmt;

/// The place of one ID: its file, and numbers that lead to it from there.
///
/// ```
/// use overlap::id::Place;
///
/// let place = Place::new("crm.parquet").at("row group", 2).at("row", 17);
/// assert_eq!(place.to_string(), "crm.parquet, row group 2, row 17");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: String,
    numbers: Vec<(&'static str, u64)>,
}

impl Place {
    /// Somewhere in a file.
    #[must_use]
    pub fn new(file: impl fmt::Display) -> Self {
        Self {
            file: file.to_string(),
            numbers: Vec::new(),
        }
    }

    /// Narrows the place down: a `row group` or `record batch` from 0, a `row` of it from 0, a `row taken`
    /// (counted among the rows that a filter takes and that aren't deleted) from 0, a `line` from 1.
    #[must_use]
    pub fn at(mut self, what: &'static str, number: u64) -> Self {
        self.numbers.push((what, number));
        self
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What leads to the ID from there, the coarsest first.
    #[must_use]
    pub fn numbers(&self) -> &[(&'static str, u64)] {
        &self.numbers
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.numbers
            .iter()
            .try_for_each(|(what, number)| write!(f, ", {what} {number}"))
    }
}
