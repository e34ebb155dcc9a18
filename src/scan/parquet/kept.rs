//! The rows of a file that its table hasn't deleted.

use super::footer::RowGroup;
use crate::error::{Error, Result};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use roaring::RoaringTreemap;

/// Leaves the rows of a file's row groups that aren't `deleted`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if there are no such rows.
pub(super) fn keep_live(row_groups: &mut [RowGroup], deleted: &RoaringTreemap) -> Result<()> {
    let all: u64 = row_groups.iter().map(|group| group.rows).sum();
    if deleted.max().is_some_and(|last| last >= all) {
        let text = format!("its deletion vector deletes a row beyond its {all} rows");
        return Err(Error::input(text));
    }
    let below = |row: u64| row.checked_sub(1).map_or(0, |last| deleted.rank(last));
    let mut start = 0;
    for group in row_groups {
        let end = start + group.rows;
        let count = below(end) - below(start);
        if count > 0 {
            group.kept = Some(kept(start, end, deleted)?);
            group.rows -= count;
            // The statistics are of all rows.
            group.null_count = None;
        }
        start = end;
    }
    Ok(())
}

/// The rows from `start` to `end` that aren't deleted.
fn kept(start: u64, end: u64, deleted: &RoaringTreemap) -> Result<RowSelection> {
    let many = |_| Error::input("a row group of too many rows");
    let length = |from: u64, to: u64| usize::try_from(to - from).map_err(many);
    let mut selectors: Vec<RowSelector> = Vec::new();
    let mut at = start;
    let mut rows = deleted.iter();
    rows.advance_to(start);
    for row in rows.take_while(|&row| row < end) {
        if row > at {
            selectors.push(RowSelector::select(length(at, row)?));
        }
        match selectors.last_mut() {
            Some(last) if last.skip => last.row_count += 1,
            _ => selectors.push(RowSelector::skip(1)),
        }
        at = row + 1;
    }
    if at < end {
        selectors.push(RowSelector::select(length(at, end)?));
    }
    Ok(selectors.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_is_skipped_within_its_row_group() {
        let deleted: RoaringTreemap = [0, 9, 10, 11, 14, 29].into_iter().collect();
        let selectors = |start, end| -> Vec<RowSelector> {
            kept(start, end, &deleted).expect("few rows").into()
        };
        let (skip, select) = (RowSelector::skip, RowSelector::select);
        let expected = [skip(2), select(2), skip(1), select(5)];
        assert_eq!(selectors(10, 20), expected);
        assert_eq!(selectors(20, 30), [select(9), skip(1)]);
        assert_eq!(selectors(9, 12), [skip(3)]);
    }
}
