//! Records of blocks without a quote: one pass that looks for delimiters and line ends alone.

use super::layout::Layout;
use super::marks::{Marks, Places};
use crate::reader::fault::Fault;
use crate::reader::glance::Glance;
use memchr::memchr_iter;

/// Calls `each` with the ID of every record, as it stands in the block.
///
/// # Errors
/// Ragged records and strange line ends, and the first error of `each`.
pub(super) fn ids<'a>(
    block: &'a [u8],
    glance: &Glance,
    layout: &Layout,
    mut each: impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if glance.strange_ends {
        check_line_ends(block, layout)?;
    }
    layout.check_one_column(block)?;
    let mut record = Record {
        block,
        layout: *layout,
        start: 0,
        field: 0,
        fields: 0,
        id: &[],
    };
    let line_end = layout.line_end;
    // Where there is no delimiter, the line end is looked for twice.
    let marks = Marks([layout.delimiter.unwrap_or(line_end), line_end]);
    let mut places = Places::new();
    for (piece, start) in block
        .chunks(Places::PIECE)
        .zip((0..).step_by(Places::PIECE))
    {
        record.read(places.of(piece, &marks), start, &mut each)?;
    }
    if record.start < block.len() {
        record.field_ends(block.len());
        record.ends(block.len(), &mut each)?;
    }
    Ok(())
}

/// Every carriage return must be followed by a line feed, unless it ends lines itself.
fn check_line_ends(block: &[u8], layout: &Layout) -> Result<(), Fault> {
    let strange = |&at: &usize| match layout.line_end {
        b'\n' => block.get(at + 1).is_some_and(|&next| next != b'\n'),
        _ => true,
    };
    match memchr_iter(layout.strange_line_end(), block).find(strange) {
        Some(at) => Err(Fault::new(at, layout.strange_end())),
        None => Ok(()),
    }
}

/// The record that is being read.
struct Record<'a> {
    block: &'a [u8],
    layout: Layout,
    start: usize,
    /// Where its field begins.
    field: usize,
    /// How many fields have ended.
    fields: usize,
    id: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads on to the last of some marks, whose places are counted from `base`.
    #[inline(always)]
    fn read(
        &mut self,
        places: &[u32],
        base: usize,
        each: &mut impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut rest = places;
        while let Some((&place, behind)) = rest.split_first() {
            if let Some(whole) = self.whole(rest, base) {
                self.id = whole;
                self.fields = self.layout.width;
                let (record, behind) = rest.split_at(self.layout.width);
                rest = behind;
                self.ends(base + record[record.len() - 1] as usize, each)?;
                continue;
            }
            let at = base + place as usize;
            rest = behind;
            self.field_ends(at);
            if self.block[at] == self.layout.line_end {
                self.ends(at, each)?;
            }
        }
        Ok(())
    }

    /// The ID of the record that begins here, if the next marks are those of a record as it should be.
    /// Nearly all are, and then nothing has to be asked of each mark.
    #[inline(always)]
    fn whole(&self, places: &[u32], base: usize) -> Option<&'a [u8]> {
        let Layout { width, id, .. } = self.layout;
        let (last, inner) = places.get(..width)?.split_last()?;
        let is_end = |place: &u32| self.block[base + *place as usize] == self.layout.line_end;
        if self.fields > 0 || !is_end(last) || inner.iter().any(is_end) {
            return None;
        }
        let before = id.checked_sub(1).map(|before| places[before]);
        let start = before.map_or(self.start, |place| base + place as usize + 1);
        self.block.get(start..base + places[id] as usize)
    }

    #[inline(always)]
    fn field_ends(&mut self, at: usize) {
        if self.fields == self.layout.id {
            self.id = &self.block[self.field..at];
        }
        self.fields += 1;
        self.field = at + 1;
    }

    #[inline(always)]
    fn ends(
        &mut self,
        at: usize,
        each: &mut impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.fields != self.layout.width {
            self.ensure_blank(at)?;
        } else {
            let is_last = self.layout.id + 1 == self.layout.width;
            let id = match self.id {
                [id @ .., b'\r'] if is_last && self.layout.line_end == b'\n' => id,
                id => id,
            };
            each(id, self.start)?;
        }
        self.fields = 0;
        self.start = at + 1;
        self.field = at + 1;
        Ok(())
    }

    /// Lines without a character are no records of several fields.
    #[cold]
    fn ensure_blank(&self, at: usize) -> Result<(), Fault> {
        match &self.block[self.start..at] {
            b"" | b"\r" => Ok(()),
            _ => Err(Fault::new(self.start, self.layout.ragged(self.fields))),
        }
    }
}
