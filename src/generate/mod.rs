//! Pairs of Parquet files with known |A|, |B|, |A ∩ B|.
//!
//! True by construction: users are numbers 0..n, A has the first `users_a` of them, B starts
//! `overlap` before A's end, and a bijection turns numbers into IDs. Rows stream; nothing is kept.

mod ids;
mod rows;

pub use ids::IdKind;

use crate::error::{Error, ErrorKind, Result};
use crate::storage;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rows::SideRows;
use serde::Serialize;
use std::path::Path;

/// How the pages of a generated file are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// Snappy.
    Snappy,
    /// Zstandard at its lowest level.
    Zstd,
}

/// What to generate.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// |A|.
    pub users_a: u64,
    /// |B|.
    pub users_b: u64,
    /// |A ∩ B|, at most the smaller of both.
    pub overlap: u64,
    /// What the IDs look like.
    pub ids: IdKind,
    /// Mean rows a user, at least 1; at 1 every user has exactly one row.
    pub rows_per_user: f64,
    /// How unevenly the rows beyond each user's first are spread: at 0 evenly, at 2 the busiest
    /// tenth of the users has nearly half of them (user number = n · u^(1 + skew), u uniform).
    pub skew: f64,
    /// Share of rows whose ID is null, below 1.
    pub null_share: f64,
    /// Other seeds give other IDs (but for [`IdKind::Sequential`]) and another order.
    pub seed: u64,
    /// Compression of the pages.
    pub codec: Codec,
    /// Whether the ID column is dictionary-encoded.
    pub dictionary: bool,
    /// Rows of a row group, 1 to 2^30; a file has at most 32,767 row groups.
    pub row_group_rows: usize,
    /// Whether `city_tier` and `last_active` come beside `user_id`.
    pub columns: bool,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            users_a: 1_000_000,
            users_b: 1_000_000,
            overlap: 500_000,
            ids: IdKind::Random,
            rows_per_user: 1.0,
            skew: 0.0,
            null_share: 0.0,
            seed: 1,
            codec: Codec::None,
            dictionary: false,
            row_group_rows: 1 << 20,
            columns: false,
        }
    }
}

/// What is true of a generated pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Rows of A, nulls among them.
    pub rows_a: u64,
    /// Rows of B, nulls among them.
    pub rows_b: u64,
    /// Rows of A without an ID.
    pub nulls_a: u64,
    /// Rows of B without an ID.
    pub nulls_b: u64,
    /// |A|.
    pub users_a: u64,
    /// |B|.
    pub users_b: u64,
    /// |A ∩ B|.
    pub overlap: u64,
    /// |A ∪ B|.
    pub union: u64,
}

/// Writes A to `path_a` and B to `path_b`. Equal options give equal bytes.
///
/// # Errors
/// [`ErrorKind::Usage`] for options that are out of range or contradict each other and for equal
/// paths, both before anything is written; [`ErrorKind::Output`] if a file can't be written.
pub fn generate(path_a: &Path, path_b: &Path, options: &GenerateOptions) -> Result<Truth> {
    check(options)?;
    if path_a == path_b {
        return Err(Error::usage("both files have the same path"));
    }
    let a = SideRows::new(options, 0, options.users_a);
    let b = SideRows::new(options, options.users_a - options.overlap, options.users_b);
    write(path_a, options, &a)?;
    write(path_b, options, &b)?;
    Ok(Truth {
        rows_a: a.rows(),
        rows_b: b.rows(),
        nulls_a: a.nulls(),
        nulls_b: b.nulls(),
        users_a: options.users_a,
        users_b: options.users_b,
        overlap: options.overlap,
        union: options.users_a + options.users_b - options.overlap,
    })
}

/// A row group is encoded in memory, so larger ones would be beyond most machines; the product with
/// the number of row groups also stays where an `f64` is exact.
const ROW_GROUP_ROWS_MAX: usize = 1 << 30;

/// Bounds that one number has, then those that follow from several.
fn check(options: &GenerateOptions) -> Result<()> {
    let rows = options.rows_per_user;
    if !(1.0..=1e6).contains(&rows) {
        return Err(Error::usage(format!(
            "{rows} rows per user, but must be 1 to 1,000,000"
        )));
    }
    let share = options.null_share;
    if !(0.0..1.0).contains(&share) {
        return Err(Error::usage(format!(
            "a null share of {share}, but must be 0 to below 1"
        )));
    }
    let skew = options.skew;
    if !(0.0..=10.0).contains(&skew) {
        return Err(Error::usage(format!(
            "a skew of {skew}, but must be 0 to 10"
        )));
    }
    let rows = options.row_group_rows;
    if !(1..=ROW_GROUP_ROWS_MAX).contains(&rows) {
        return Err(Error::usage(format!(
            "{rows} rows of a row group, but must be 1 to {ROW_GROUP_ROWS_MAX}"
        )));
    }
    check_users(options)?;
    check_rows(options)
}

fn check_users(options: &GenerateOptions) -> Result<()> {
    let (overlap, smaller) = (options.overlap, options.users_a.min(options.users_b));
    if overlap > smaller {
        return Err(Error::usage(format!(
            "an overlap of {overlap} is more than the smaller side has ({smaller})"
        )));
    }
    let users = options.users_a.checked_add(options.users_b - overlap);
    let most = options.ids.users_max();
    if users.is_none_or(|users| users > most) {
        let name = options.ids.name();
        return Err(Error::usage(format!(
            "more users than there are {name} ids ({most})"
        )));
    }
    Ok(())
}

/// Asked before a row is written, since the writer would notice only after its last row group.
fn check_rows(options: &GenerateOptions) -> Result<()> {
    // Parquet numbers row groups with an i16 (`RowGroup.ordinal` in parquet.thrift).
    const ROW_GROUPS_MAX: u64 = i16::MAX as u64;
    let most = options.row_group_rows as u64 * ROW_GROUPS_MAX;
    let (with_id, nulls) = rows::row_counts(options.users_a.max(options.users_b), options);
    let rows = with_id + nulls;
    if rows > most as f64 {
        return Err(Error::usage(format!(
            "{rows:.0} rows are more than {ROW_GROUPS_MAX} row groups of {} hold ({most})",
            options.row_group_rows
        ))
        .hint("generate fewer rows or larger row groups"));
    }
    Ok(())
}

fn write(path: &Path, options: &GenerateOptions, side: &SideRows<'_>) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_created_by("overlap generate".into())
        .set_compression(match options.codec {
            Codec::None => Compression::UNCOMPRESSED,
            Codec::Snappy => Compression::SNAPPY,
            Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
        })
        .set_dictionary_enabled(true)
        .set_column_dictionary_enabled("user_id".into(), options.dictionary)
        .set_max_row_group_row_count(Some(options.row_group_rows))
        .build();
    storage::write_atomically(path, |out| {
        let fail = |e: parquet::errors::ParquetError| {
            Error::new(ErrorKind::Output, format!("can't be written: {e}"))
                .with("file", path.display())
        };
        let mut writer =
            ArrowWriter::try_new(out, side.schema(), Some(properties)).map_err(fail)?;
        for batch in side.batches() {
            writer.write(&batch?).map_err(fail)?;
        }
        writer.close().map_err(fail)?;
        Ok(())
    })
    .map(|_| ())
}

#[cfg(test)]
mod tests;
