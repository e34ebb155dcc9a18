//! One row group's ID column → canonical IDs, a page at a time.
//!
//! PLAIN and dictionary pages, which are nearly all pages there are, are read here; other encodings
//! by the crate's decoders. Nulls are only counted, and text stays the bytes it is.

use super::bits::gathered;
use super::decoded;
use super::delta;
use super::dictionary::Dictionary;
use super::footer::ParquetFile;
use super::form::{Form, no_ids};
use super::hybrid::Hybrid;
use super::old_levels;
use super::pages::{ChunkOf, NextPage, Pages, Stored, rows_of};
use super::plain::{self, Layout};
use super::selection::Selection;
use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use crate::scan::store::InputFile;
use arrow::buffer::BooleanBuffer;
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::schema::types::ColumnDescriptor;
use std::sync::Arc;

/// Bytes of stored values read at a time: they are still in cache when they are hashed, and a
/// system call for less would show.
const PIECE_BYTES: usize = 1 << 16;

/// Pushes the IDs of a row group, or of a part of it: those of the rows that are wanted.
pub(super) fn read(file: &ParquetFile, of: ChunkOf<'_>, sink: &mut dyn IdSink) -> Result<Tally> {
    if of.rows == 0 {
        return Ok(Tally::default());
    }
    let layout = Layout::of(&file.column);
    let mut pages = Pages::open(file, of, layout)?;
    let mut values = Values {
        file,
        layout,
        piece: Vec::new(),
        dictionary: None,
        dictionary_page: None,
        form: Form::new(file, sink),
    };
    let mut tally = Tally::default();
    while let Some((start, page)) = pages.next()? {
        let wanted = |rows: u64| match of.wanted.map(|wanted| rows_of(wanted, start, rows)) {
            Some(wanted) if wanted.len() as u64 != rows => Err(too_many()),
            wanted => Ok(wanted),
        };
        tally += match page {
            NextPage::Read(page) if page.is_dictionary_page() => values.take(page, None)?,
            NextPage::Read(page) => {
                let wanted = wanted(page.num_values().into())?;
                values.take(page, wanted)?
            }
            NextPage::Stored(stored) => {
                values.take_stored(&stored, wanted(stored.values)?, &pages.input)?
            }
        };
    }
    values.finish()?;
    file.counter.add(pages.finish()?);
    Ok(tally)
}

pub(super) fn too_many() -> Error {
    Error::input("corrupt: a page of more values than rows")
}

/// The values of a column chunk on their way to the sink.
struct Values<'a> {
    file: &'a ParquetFile,
    /// `None` for a type that holds no IDs: such a column is all null.
    layout: Option<Layout>,
    /// A buffer for pieces of stored values.
    piece: Vec<u8>,
    dictionary: Option<Dictionary>,
    /// What the dictionary was made of.
    dictionary_page: Option<Page>,
    form: Form<'a>,
}

impl Values<'_> {
    /// Pushes the values of a page, or those of the rows that are wanted.
    fn take(&mut self, page: Page, wanted: Option<BooleanBuffer>) -> Result<Tally> {
        if page.is_dictionary_page() {
            self.take_dictionary(page)?;
            return Ok(Tally::default());
        }
        let max_level = self.file.column.max_def_level();
        let data = DataPage::of(&page, max_level)?;
        let chosen = match wanted {
            None => None,
            Some(rows) => {
                let valid = match &data {
                    Some(data) => data.valid()?,
                    None => Some(old_levels::valid(&page, max_level)?),
                };
                Some(Chosen::of(&rows, valid.as_ref()))
            }
        };
        self.form.select(match &chosen {
            None => Selection::default(),
            Some(chosen) => Selection::of(chosen.values.clone()),
        });
        let rows = page.num_values() as usize;
        let non_null = match data {
            Some(data) => self.take_data(&data)?,
            None => self.decode(page)?,
        };
        self.form.select(Selection::default());
        let nulls = rows.checked_sub(non_null).ok_or_else(too_many)?;
        Ok(chosen.map_or(
            Tally {
                rows: rows as u64,
                nulls: nulls as u64,
            },
            |chosen| chosen.tally,
        ))
    }

    /// Reads the values of a page piece by piece, passing over pieces of which none is wanted.
    fn take_stored(
        &mut self,
        stored: &Stored,
        wanted: Option<BooleanBuffer>,
        input: &InputFile,
    ) -> Result<Tally> {
        let rows = wanted.as_ref().map(|rows| rows.count_set_bits() as u64);
        self.form
            .select(wanted.map_or_else(Selection::default, Selection::of));
        let piece_bytes = PIECE_BYTES / stored.width * stored.width;
        let mut at = stored.bytes.start;
        while at < stored.bytes.end {
            let left = stored.bytes.end - at;
            let length = usize::try_from(left).map_or(piece_bytes, |left| left.min(piece_bytes));
            if self.form.passes_over(length / stored.width) {
                at += length as u64;
                continue;
            }
            self.piece.resize(length.max(self.piece.len()), 0);
            let piece = &mut self.piece[..length];
            input
                .read_exact_at(at, piece)
                .map_err(|e| Error::input(format!("can't be read: {e}")))?;
            let len = length / stored.width;
            plain::push(piece, stored.layout, len, &mut self.form)?;
            at += length as u64;
        }
        self.form.select(Selection::default());
        Ok(Tally {
            rows: rows.unwrap_or(stored.values),
            nulls: 0,
        })
    }

    fn take_dictionary(&mut self, page: Page) -> Result<()> {
        if self.dictionary.is_some() {
            return Err(Error::input("corrupt: two dictionaries in one row group"));
        }
        let encoding = page.encoding();
        if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
            return Err(Error::input(format!("corrupt: a dictionary in {encoding}")));
        }
        if let Some(layout) = self.layout {
            let (bytes, len) = (page.buffer().clone(), page.num_values() as usize);
            self.dictionary = Some(Dictionary::new(bytes, layout, len)?);
            self.dictionary_page = Some(page);
        }
        Ok(())
    }

    /// Pushes the values of a data page by the crate's decoders; returns how many.
    fn decode(&mut self, page: Page) -> Result<usize> {
        if delta::is_one(page.encoding()) {
            return Err(delta::old_levels(&page));
        }
        let dictionary = self.dictionary_page.as_ref();
        decoded::push(&self.file.column, dictionary, page, &mut self.form)
    }

    /// Likewise, but for the values alone: the levels were counted already, and most columns that
    /// may hold nulls hold none.
    fn decode_bare(&mut self, data: &DataPage) -> Result<usize> {
        let column = &self.file.column;
        let required = ColumnDescriptor::new(column.self_type_ptr(), 0, 0, column.path().clone());
        let page = Page::DataPage {
            buf: data.values.clone(),
            num_values: u32::try_from(data.non_null).map_err(|_| plain::too_short())?,
            encoding: data.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        decoded::push(&Arc::new(required), None, page, &mut self.form)
    }

    /// Pushes the values of a data page; returns how many.
    fn take_data(&mut self, data: &DataPage) -> Result<usize> {
        let (Some(layout), len) = (self.layout, data.non_null) else {
            no_ids(data.non_null)?;
            return Ok(0);
        };
        match data.encoding {
            Encoding::PLAIN => plain::push(&data.values, layout, len, &mut self.form)?,
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                let dictionary = self.dictionary.as_mut();
                dictionary
                    .ok_or_else(|| Error::input("corrupt: the dictionary is missing"))?
                    .push(&data.values, len, &mut self.form)?;
            }
            encoding => {
                delta::check(encoding, &data.values, len)?;
                if self.decode_bare(data)? != len {
                    return Err(plain::too_short());
                }
            }
        }
        Ok(len)
    }

    fn finish(&mut self) -> Result<()> {
        let Some(dictionary) = &self.dictionary else {
            return Ok(());
        };
        if self.form.counts_repeats() {
            return Ok(());
        }
        dictionary.finish(&mut self.form)
    }
}

/// What of a page is wanted.
struct Chosen {
    /// Of its values, nulls not among them.
    values: BooleanBuffer,
    /// Of its rows.
    tally: Tally,
}

impl Chosen {
    /// The wanted rows, where `valid` says which hold a value, if not all do.
    fn of(rows: &BooleanBuffer, valid: Option<&BooleanBuffer>) -> Self {
        let count = rows.count_set_bits();
        let values = match valid {
            None => rows.clone(),
            Some(valid) => gathered(rows, valid),
        };
        Self {
            tally: Tally {
                rows: count as u64,
                nulls: (count - values.count_set_bits()) as u64,
            },
            values,
        }
    }
}

/// The values of a data page, without the levels before them.
pub(super) struct DataPage {
    pub(super) encoding: Encoding,
    pub(super) values: Bytes,
    /// Values that aren't null.
    pub(super) non_null: usize,
    rows: usize,
    levels: Bytes,
    max_level: u16,
}

impl DataPage {
    /// Takes a page of a column without lists apart; `None` for level encodings of old.
    pub(super) fn of(page: &Page, max_level: i16) -> Result<Option<Self>> {
        let max_level = max_level.unsigned_abs();
        let (levels, values) = match page {
            Page::DataPage { .. } if max_level == 0 => (Bytes::new(), page.buffer().clone()),
            Page::DataPage {
                buf,
                def_level_encoding: Encoding::RLE,
                ..
            } => {
                let (length, _) = buf.split_first_chunk().ok_or_else(plain::too_short)?;
                let levels = buf.slice(length.len()..);
                cut(&levels, u32::from_le_bytes(*length) as usize)?
            }
            Page::DataPageV2 {
                buf,
                def_levels_byte_len,
                rep_levels_byte_len: 0,
                ..
            } => cut(buf, *def_levels_byte_len as usize)?,
            _ => return Ok(None),
        };
        let rows = page.num_values() as usize;
        let non_null = match max_level {
            0 => rows,
            _ => Hybrid::new(&levels, level_bits(max_level), rows)?.count(max_level.into())?,
        };
        Ok(Some(Self {
            encoding: page.encoding(),
            values,
            non_null,
            rows,
            levels,
            max_level,
        }))
    }

    /// Which rows hold a value; `None` if all do.
    pub(super) fn valid(&self) -> Result<Option<BooleanBuffer>> {
        if self.non_null == self.rows {
            return Ok(None);
        }
        let levels = Hybrid::new(&self.levels, level_bits(self.max_level), self.rows)?;
        levels.equal(self.max_level.into()).map(Some)
    }
}

/// Bits of a level.
pub(super) const fn level_bits(max_level: u16) -> u32 {
    u16::BITS - max_level.leading_zeros()
}

/// The first `length` bytes and the others.
fn cut(bytes: &Bytes, length: usize) -> Result<(Bytes, Bytes)> {
    if length > bytes.len() {
        return Err(plain::too_short());
    }
    Ok((bytes.slice(..length), bytes.slice(length..)))
}
