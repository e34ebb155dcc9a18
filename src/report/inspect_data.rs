//! What data files disclose: format, columns, and which of them may hold IDs.

use super::csv::quoted;
use super::number::whole;
use serde::Serialize;

/// Format and columns of a data file, found without counting its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedData {
    /// Its format, such as `Parquet` or `delimited text`.
    pub format: String,
    /// Names of the compressions of the file or of its contents.
    pub compression: Vec<String>,
    /// What separates the fields of delimited text, in a word; `None` in other formats, and where every
    /// line is one field.
    pub delimiter: Option<String>,
    /// Whether delimited text begins with the names of its columns; `None` in other formats, and where
    /// that can't be told.
    pub header: Option<bool>,
    /// Rows; `None` if all of the file would have to be read for them.
    pub rows: Option<u64>,
    /// The column that is read unless another is named; `None` if one has to be.
    pub id: Option<String>,
    /// Its columns; of JSON lines those of the first records.
    pub columns: Vec<InspectedColumn>,
}

/// A column of a file of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedColumn {
    /// Its dotted path; its number where it has no name.
    pub name: String,
    /// Its type; of text what its first values look like.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether its name and its type are those of IDs.
    pub may_be_id: bool,
}

impl InspectedData {
    pub(super) const CSV_HEADER: &str =
        "file,format,compression,delimiter,header,rows,column,type,may_be_id,read_unasked\n";

    /// `delimited text (gzip), fields separated by comma, header, 3 rows`.
    pub(super) fn what_it_is(&self) -> String {
        let mut text = self.format.clone();
        if !self.compression.is_empty() {
            text += &format!(" ({})", self.compression.join(", "));
        }
        if let Some(delimiter) = &self.delimiter {
            text += &format!(", fields separated by {delimiter}");
        }
        match self.header {
            Some(true) => text += ", with a header",
            Some(false) => text += ", without a header",
            None => {}
        }
        match self.rows {
            Some(1) => text + ", 1 row",
            Some(rows) => format!("{text}, {} rows", whole(rows as f64)),
            None => text + ", rows not counted",
        }
    }

    /// Which column is read unless another is named.
    pub(super) fn what_is_read(&self) -> String {
        let candidates: Vec<&str> = self.candidates().collect();
        match (&self.id, &candidates[..]) {
            (Some(id), _) => format!("{id} is read as the ids unless another column is named"),
            (None, []) => "no column is called as ids are: one has to be named".into(),
            (None, [only]) => format!("the column of the ids has to be named: {only} may be it"),
            (None, several) => format!(
                "the column of the ids has to be named: any of {} may be it",
                several.join(", ")
            ),
        }
    }

    fn candidates(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().filter(|column| column.may_be_id);
        columns.map(|column| column.name.as_str())
    }

    /// A row for each column, below a header.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let header = ["column", "type", "may be the ids"].map(str::to_owned);
        let mut rows = vec![header.to_vec()];
        rows.extend(self.columns.iter().map(|column| {
            let may_be = match column.may_be_id {
                true => "yes",
                false => "",
            };
            vec![column.name.clone(), column.kind.clone(), may_be.into()]
        }));
        rows
    }

    /// A line for each column; one without a column for a file that has none.
    pub(super) fn csv(&self, file: &str) -> String {
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
        let of_file = [
            quoted(file),
            quoted(&self.format),
            quoted(&self.compression.join(" ")),
            quoted(self.delimiter.as_deref().unwrap_or_default()),
            flag(self.header),
            self.rows.map(|rows| rows.to_string()).unwrap_or_default(),
        ]
        .join(",");
        if self.columns.is_empty() {
            return format!("{of_file},,,,\n");
        }
        let line = |column: &InspectedColumn| {
            let is_read = self.id.as_ref() == Some(&column.name);
            format!(
                "{of_file},{},{},{},{is_read}\n",
                quoted(&column.name),
                quoted(&column.kind),
                column.may_be_id
            )
        };
        self.columns.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(id: Option<&str>, columns: &[(&str, bool)]) -> InspectedData {
        let columns = columns.iter().map(|&(name, may_be_id)| InspectedColumn {
            name: name.into(),
            kind: "text".into(),
            may_be_id,
        });
        InspectedData {
            format: "delimited text".into(),
            compression: vec!["gzip".into()],
            delimiter: Some("comma".into()),
            header: Some(true),
            rows: None,
            id: id.map(Into::into),
            columns: columns.collect(),
        }
    }

    #[test]
    fn candidates_are_named_where_none_is_read_unasked() {
        for (id, columns, words) in [
            (Some("uid"), &[("uid", true)][..], "uid is read"),
            (
                None,
                &[("mail", true), ("phone", true)],
                "any of mail, phone",
            ),
            (None, &[("mail", true), ("x", false)], "mail may be it"),
            (None, &[("x", false)], "no column is called"),
        ] {
            let text = data(id, columns).what_is_read();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn a_line_of_csv_for_each_column_says_which_is_read() {
        let data = data(Some("uid"), &[("uid", true), ("a,b", false)]);
        let lines = data.csv("x.csv.gz");
        assert_eq!(
            lines,
            "x.csv.gz,delimited text,gzip,comma,true,,uid,text,true,true\nx.csv.gz,delimited text,gzip,comma,true,,\"a,b\",text,false,false\n"
        );
        assert_eq!(
            lines.lines().next().map(|line| line.split(',').count()),
            Some(InspectedData::CSV_HEADER.split(',').count())
        );
    }
}
