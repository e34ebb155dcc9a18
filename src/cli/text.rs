//! What was typed about data files that don't describe themselves.

use clap::{Args, ValueEnum};
use overlap::{Delimiter, InputFormat, TextOptions};

/// How data files are read that don't describe themselves.
#[derive(Args)]
pub struct TextArgs {
    /// Format of all data files [default: recognised by their first bytes]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = TEXT)]
    input_format: Option<InputFormatName>,

    /// Separator of fields in delimited text: a character, or comma, semicolon, tab, pipe, space, or none
    /// for one ID a line [default: the one of comma, semicolon, tab and pipe that divides all lines alike]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = TEXT)]
    delimiter: Option<Delimiter>,

    /// Delimited text has no header, in all sides or in one; columns are then called 1, 2, 3 and so on
    #[arg(
        long,
        value_name = "SIDE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = TEXT
    )]
    no_header: Vec<String>,

    /// Text that means null in the ID column, such as NULL or \N; may be given several times
    #[arg(long, value_name = "TEXT", help_heading = TEXT)]
    null: Vec<String>,
}

const TEXT: &str = "Delimited text (CSV, TSV, lists of IDs)";

#[derive(Clone, Copy, ValueEnum)]
enum InputFormatName {
    Parquet,
    /// Delimited text
    Csv,
    /// JSON lines: an object a line
    Json,
    /// Arrow IPC, file or stream (Feather)
    Arrow,
}

impl TextArgs {
    /// How delimited text is read.
    pub fn options(&self) -> TextOptions {
        TextOptions {
            delimiter: self.delimiter,
            no_header: self.no_header.iter().any(String::is_empty),
            no_header_of: self
                .no_header
                .iter()
                .filter(|side| !side.is_empty())
                .cloned()
                .collect(),
            nulls: self.null.clone(),
        }
    }

    /// The format that was named.
    pub fn format(&self) -> Option<InputFormat> {
        self.input_format.map(|format| match format {
            InputFormatName::Parquet => InputFormat::Parquet,
            InputFormatName::Csv => InputFormat::Delimited,
            InputFormatName::Json => InputFormat::JsonLines,
            InputFormatName::Arrow => InputFormat::Arrow,
        })
    }
}

fn delimiter(text: &str) -> Result<Delimiter, String> {
    Delimiter::parse(text)
        .ok_or_else(|| "neither one character nor comma, semicolon, tab, pipe, space, none".into())
}
