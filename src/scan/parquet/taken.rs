//! Which rows of a row group a filter takes, from the pages of its columns: a bit a row.
//!
//! A question is asked of a dictionary's entries, and indices become bits by tables; booleans are bits
//! already. Values in any other form become arrays, a page at a time.

use super::answers::Answers;
use super::asked::AskedColumn;
use super::bits::{Bits, spread};
use super::decoded::batch_rows;
use super::delta;
use super::footer::ParquetFile;
use super::hybrid::{Hybrid, push_number};
use super::pages::{ChunkOf, NextPage, Pages};
use super::plain::too_short;
use super::values::{DataPage, level_bits, too_many};
use crate::error::Result;
use crate::filter::Question;
use crate::id::PageChecks;
use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::column::page::Page;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of a row group whose bits are made: 16 MB of them. A footer may claim any number.
const ROWS_MAX: usize = 1 << 27;

/// The rows of a row group that its file's filter takes, and the pages that were read for it; `None` where only
/// rows, and not columns by themselves, can tell.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for whatever is wrong with the bytes.
pub(super) fn rows(
    file: &ParquetFile,
    row_group: usize,
) -> Result<Option<(BooleanBuffer, PageChecks)>> {
    let Some(filter) = &file.filter else {
        return Ok(None);
    };
    let rows = file.row_groups[row_group].rows;
    let Some(len) = usize::try_from(rows).ok().filter(|&len| len <= ROWS_MAX) else {
        return Ok(None);
    };
    let (mut checks, mut counted) = (PageChecks::default(), BTreeSet::new());
    let taken = filter.bound().taken_by_column(len, &mut |question| {
        // Empty where the footer's chunks make no sense.
        let Some(asked) = file.asked.get(question.slot()) else {
            return Ok(None);
        };
        let chunk = ChunkOf {
            column: &asked.column,
            chunk: &asked.chunks[row_group],
            rows,
            part: None,
            wanted: None,
        };
        let Some((rows, pages)) = answer(file, asked, chunk, question)? else {
            return Ok(None);
        };
        if counted.insert(question.slot()) {
            checks += pages;
        }
        Ok(Some(rows))
    })?;
    Ok(taken.map(|taken| (taken, checks)))
}

/// The rows of a column that answer a question.
fn answer(
    file: &ParquetFile,
    asked: &AskedColumn,
    chunk: ChunkOf<'_>,
    question: &Question<'_>,
) -> Result<Option<(BooleanBuffer, PageChecks)>> {
    let mut pages = Pages::open(file, chunk, None)?;
    let mut column = Column {
        asked,
        question,
        dictionary: None,
        rows: Bits::with_room(usize::try_from(chunk.rows).unwrap_or(0)),
    };
    while let Some((start, page)) = pages.next()? {
        // Without a layout no page is left in the file.
        let NextPage::Read(page) = page else {
            return Ok(None);
        };
        let is_data = !page.is_dictionary_page();
        if is_data && start + u64::from(page.num_values()) > chunk.rows {
            return Err(too_many());
        }
        if column.take(page)?.is_none() {
            return Ok(None);
        }
    }
    let checks = pages.finish()?;
    let rows = column.rows.finish();
    match rows.len() as u64 == chunk.rows {
        true => Ok(Some((rows, checks))),
        false => Err(too_short()),
    }
}

/// A column chunk on its way to bits.
struct Column<'a> {
    asked: &'a AskedColumn,
    question: &'a Question<'a>,
    dictionary: Option<Answers>,
    rows: Bits,
}

impl Column<'_> {
    /// Adds the rows of a page; `None` if there is a value that can't be answered for.
    fn take(&mut self, page: Page) -> Result<Option<()>> {
        if page.is_dictionary_page() {
            let Some(answers) = self.of_entries(&page)? else {
                return Ok(None);
            };
            self.dictionary = Some(answers);
            return Ok(Some(()));
        }
        let Some(data) = DataPage::of(&page, self.asked.column.max_def_level())? else {
            return match delta::is_one(page.encoding()) {
                // What they claim isn't known.
                true => Ok(None),
                false => self.take_values(page),
            };
        };
        let is_boolean = self.asked.column.physical_type() == PhysicalType::BOOLEAN;
        match (data.encoding, &mut self.dictionary) {
            (Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY, Some(answers)) => {
                let Some(valid) = data.valid()? else {
                    answers.take(&data.values, data.non_null, &mut self.rows)?;
                    return Ok(Some(()));
                };
                let mut values = Bits::with_room(data.non_null);
                answers.take(&data.values, data.non_null, &mut values)?;
                let rows = spread(&values.finish(), &valid, answers.null());
                self.rows.push_all(&rows);
                Ok(Some(()))
            }
            (Encoding::PLAIN | Encoding::RLE, _) if is_boolean => {
                let Some(answers) = self.of_truths() else {
                    return Ok(None);
                };
                let values = answers.map(booleans(&data)?);
                match data.valid()? {
                    None => self.rows.push_all(&values),
                    Some(valid) => self.rows.push_all(&spread(&values, &valid, answers.null)),
                }
                Ok(Some(()))
            }
            _ => {
                delta::check(data.encoding, &data.values, data.non_null)?;
                self.take_values(page)
            }
        }
    }

    /// Adds the rows of a page by their values.
    fn take_values(&mut self, page: Page) -> Result<Option<()>> {
        let Self {
            asked,
            question,
            rows,
            ..
        } = self;
        let mut is_answered = true;
        let batch = batch_rows(&page);
        asked.arrays(page, batch, |values| {
            match question.answer(values) {
                Some(bits) => rows.push_all(&bits),
                None => is_answered = false,
            }
            Ok(())
        })?;
        Ok(is_answered.then_some(()))
    }

    /// The answers for the entries of a dictionary, and for null where there may be nulls.
    fn of_entries(&self, page: &Page) -> Result<Option<Answers>> {
        const BATCH: usize = 1 << 14;
        let entries = page.num_values() as usize;
        if entries > page.buffer().len() {
            return Err(too_short());
        }
        let mut answers = Vec::new();
        self.asked.arrays(self.as_rows(page)?, BATCH, |values| {
            answers.push(self.question.answer(values));
            Ok(())
        })?;
        let answers: Option<Vec<BooleanBuffer>> = answers.into_iter().collect();
        let joined = answers.map(|answers| {
            let mut joined = Bits::with_room(entries + 1);
            answers.iter().for_each(|some| joined.push_all(some));
            Answers::new(entries, &joined.finish())
        });
        Ok(joined)
    }

    /// A dictionary as a page of rows: its entries, and null behind them where rows may be null.
    fn as_rows(&self, dictionary: &Page) -> Result<Page> {
        let max_level = self.asked.column.max_def_level().unsigned_abs();
        let entries = dictionary.num_values();
        let (mut bytes, mut rows) = (Vec::new(), entries);
        if max_level > 0 {
            let mut levels = Vec::new();
            push_run(&mut levels, entries, max_level);
            push_run(&mut levels, 1, 0);
            let length = u32::try_from(levels.len()).map_err(|_| too_short())?;
            bytes.extend(length.to_le_bytes());
            bytes.extend(levels);
            rows = entries.checked_add(1).ok_or_else(too_short)?;
        }
        bytes.extend_from_slice(dictionary.buffer());
        Ok(Page::DataPage {
            buf: bytes.into(),
            num_values: rows,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })
    }

    /// The answers for true, false and null.
    fn of_truths(&self) -> Option<Truths> {
        let values: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
        let answers = self.question.answer(&values)?;
        Some(Truths {
            yes: answers.value(0),
            no: answers.value(1),
            null: answers.value(2),
        })
    }
}

/// So many times one level, as a run of the hybrid encoding.
fn push_run(levels: &mut Vec<u8>, len: u32, level: u16) {
    if len == 0 {
        return;
    }
    push_number(levels, u64::from(len) << 1);
    let width = level_bits(level.max(1)).div_ceil(8) as usize;
    levels.extend_from_slice(&level.to_le_bytes()[..width]);
}

/// The answers for true, false and null.
struct Truths {
    yes: bool,
    no: bool,
    null: bool,
}

impl Truths {
    fn map(&self, values: BooleanBuffer) -> BooleanBuffer {
        match (self.yes, self.no) {
            (true, false) => values,
            (false, true) => !&values,
            (true, true) => BooleanBuffer::new_set(values.len()),
            (false, false) => BooleanBuffer::new_unset(values.len()),
        }
    }
}

/// The values of a page of booleans.
fn booleans(data: &DataPage) -> Result<BooleanBuffer> {
    let len = data.non_null;
    if data.encoding == Encoding::PLAIN {
        let bytes = data.values.get(..len.div_ceil(8)).ok_or_else(too_short)?;
        return Ok(BooleanBuffer::new(bytes.to_vec().into(), 0, len));
    }
    if len == 0 {
        return Ok(BooleanBuffer::new_unset(0));
    }
    let (length, runs) = data.values.split_first_chunk().ok_or_else(too_short)?;
    let runs = runs.get(..u32::from_le_bytes(*length) as usize);
    Hybrid::new(runs.ok_or_else(too_short)?, 1, len)?.equal(1)
}
