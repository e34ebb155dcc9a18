//! One block, tag by tag, without `unsafe`: the reference, and the way of all that the kernel leaves.

/// A word of this many bytes is the commonest value of columns: runs of records are looked for at this distance.
pub(super) const WORD: usize = size_of::<u64>();

/// A block that is being unpacked.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    packed: &'a [u8],
    /// Where the next tag is.
    at: usize,
    out: &'a mut [u8],
    /// Bytes that were unpacked.
    made: usize,
    is_corrupt: bool,
    /// More than 0 while runs of records were met of late, see [`Self::records`].
    credit: u8,
}

/// What a step of the kernel takes and makes at most, see there.
pub(super) mod step {
    /// Bytes of tags and literals.
    pub const PACKED: usize = 64;
    /// Bytes that it may read from where it begins.
    pub const PACKED_READ: usize = PACKED + 1;
    /// Bytes that it may write from where it begins.
    pub const MADE: usize = 128;
    /// Bytes that must have been made before.
    pub const MADE_BEFORE: usize = super::WORD;
}

impl<'a> Stream<'a> {
    /// A block at its beginning; a corrupt one if it isn't of as many bytes as `out`.
    pub(super) fn new(packed: &'a [u8], out: &'a mut [u8]) -> Self {
        let start = length(packed).filter(|(length, _)| *length == out.len());
        Self {
            packed,
            at: start.map_or(0, |(_, at)| at),
            out,
            made: 0,
            is_corrupt: start.is_none(),
            credit: 0,
        }
    }

    /// Unpacks as much as the kernel needs behind it.
    pub(super) fn begin(&mut self) {
        while self.made < step::MADE_BEFORE && !self.is_over() {
            self.take_tag();
        }
    }

    /// Unpacks what is left; whether the block was one.
    pub(super) fn finish(&mut self) -> bool {
        while !self.is_over() {
            self.take_tag();
        }
        !self.is_corrupt && self.made == self.out.len()
    }

    fn is_over(&self) -> bool {
        self.is_corrupt || self.at == self.packed.len()
    }

    /// Steps that the kernel may take without looking at the ends of the buffers.
    pub(super) fn steps(&self) -> usize {
        if self.is_corrupt || self.made < step::MADE_BEFORE {
            return 0;
        }
        let (packed, room) = (self.packed.len() - self.at, self.out.len() - self.made);
        const BEYOND: usize = step::PACKED_READ - step::PACKED;
        (packed.saturating_sub(BEYOND) / step::PACKED).min(room / step::MADE)
    }

    /// The tags that are left, and all of the output with the number of bytes that were made.
    pub(super) fn rest(&mut self) -> (&[u8], &mut [u8], usize) {
        (&self.packed[self.at..], self.out, self.made)
    }

    /// Goes on behind what somebody else took and made.
    pub(super) fn skip(&mut self, taken: usize, made: usize) {
        self.at += taken;
        self.made += made;
        assert!(self.at <= self.packed.len() && self.made <= self.out.len());
    }

    /// Whether records are to be expected: the kernel then leaves to [`Self::take_tag`] what may begin a run of them.
    pub(super) const fn expects_records(&self) -> bool {
        self.credit > 0
    }

    /// Unpacks one tag, and the records behind it.
    // The kernel's registers are worth more than a call.
    #[inline(never)]
    pub(super) fn take_tag(&mut self) {
        self.is_corrupt |= self.tag().is_none();
    }

    fn tag(&mut self) -> Option<()> {
        /// Literals of up to so many bytes say their length in the tag.
        const SHORT_MAX: usize = 60;
        let (&tag, rest) = self.packed.get(self.at..)?.split_first()?;
        let length = usize::from(tag >> 2) + 1;
        match tag & 0b11 {
            0 if length <= SHORT_MAX => self.literal(1, length),
            0 => {
                let bytes = length - SHORT_MAX;
                let mut word = [0; size_of::<u32>()];
                word[..bytes].copy_from_slice(rest.get(..bytes)?);
                let length = usize::try_from(u32::from_le_bytes(word)).ok()?;
                self.literal(1 + bytes, length.checked_add(1)?)
            }
            1 => {
                let (length, high) = (usize::from(tag >> 2 & 0b111) + 4, usize::from(tag >> 5));
                self.copy(2, length, high << 8 | usize::from(*rest.first()?))
            }
            2 => self.copy(3, length, u16::from_le_bytes(*rest.first_chunk()?).into()),
            _ => {
                let offset = u32::from_le_bytes(*rest.first_chunk()?);
                self.copy(5, length, usize::try_from(offset).ok()?)
            }
        }
    }

    fn literal(&mut self, head: usize, length: usize) -> Option<()> {
        let bytes = self.packed[self.at + head..].get(..length)?;
        self.out[self.made..]
            .get_mut(..length)?
            .copy_from_slice(bytes);
        self.skip(head + length, length);
        Some(())
    }

    fn copy(&mut self, head: usize, length: usize, offset: usize) -> Option<()> {
        let (from, made) = (self.made.checked_sub(offset)?, self.made);
        if offset == 0 || length > self.out.len() - made {
            return None;
        }
        if offset >= length {
            self.out.copy_within(from..from + length, made);
        } else if WORD.is_multiple_of(offset) {
            return self.repeat(head, length, offset);
        } else {
            for i in made..made + length {
                self.out[i] = self.out[i - offset];
            }
        }
        self.skip(head, length);
        if head == 2 && offset == WORD && length < WORD {
            self.records();
        } else {
            // While records are waited for, the kernel leaves short copies from nearby to us, this one maybe, for nothing.
            self.credit = self.credit.saturating_sub(1);
        }
        Some(())
    }

    /// A copy of bytes that it makes itself: a value of 1, 2, 4 or 8 bytes over and over, as often as the tag comes.
    fn repeat(&mut self, head: usize, length: usize, offset: usize) -> Option<()> {
        const LENGTH_MAX: usize = 64;
        let mut word = [0; WORD];
        for part in word.chunks_exact_mut(offset) {
            part.copy_from_slice(&self.out[self.made - offset..self.made]);
        }
        let words = [word; LENGTH_MAX / WORD];
        let values = words.as_flattened();
        let (tag, others) = self.packed[self.at..].split_at(head);
        let mut times = 1;
        if length == LENGTH_MAX {
            let (places, _) = self.out[self.made..].as_chunks_mut::<LENGTH_MAX>();
            let others = others.chunks_exact(head).take(places.len() - 1);
            times += others.take_while(|other| *other == tag).count();
            places[..times]
                .iter_mut()
                .for_each(|place| place.copy_from_slice(values));
        } else {
            self.out[self.made..][..length].copy_from_slice(&values[..length]);
        }
        self.skip(head * times, length * times);
        Some(())
    }

    /// Looks for records where there were none of late.
    pub(super) fn look(&mut self) {
        if self.credit == 0 && self.made >= WORD {
            self.records();
        }
    }

    /// Unpacks records: the low bytes of a word as a literal, and the others from a word before, mostly the last. Sorted
    /// numbers are made of them, and as tags each would wait for two stores to be read as one.
    fn records(&mut self) {
        /// A run as long as this is worth looking for.
        const RUN: usize = 4;
        /// Of such runs, a few records between them are enough.
        const LONG_RUN: usize = 16;
        /// Runs that must fail before no more are expected.
        const CREDIT: u8 = 4;
        let before = self.made;
        loop {
            let run = match self.packed.get(self.at) {
                Some(0b0000) => self.records_of::<1, 4>(),
                Some(0b0100) => self.records_of::<2, 5>(),
                Some(0b1000) => self.records_of::<3, 6>(),
                Some(0b1100) => self.records_of::<4, 7>(),
                _ => break,
            };
            let most = if run < LONG_RUN { 64 } else { 2 };
            if self.made == before || self.mixed_records(most) == 0 {
                break;
            }
        }
        self.credit = match self.made - before >= RUN * WORD {
            true => CREDIT,
            false => self.credit.saturating_sub(1),
        };
    }

    /// Unpacks records of `LOW` low bytes, each of `STRIDE`; how many there were.
    fn records_of<const LOW: usize, const STRIDE: usize>(&mut self) -> usize {
        let Record {
            low,
            tags,
            wanted,
            offset,
            last: from_last,
        } = const { Record::of(LOW as u32) };
        let Some(last) = self.out[..self.made].last_chunk() else {
            return 0;
        };
        let high = u64::from_le_bytes(*last) & !low;
        let (records, _) = self.packed[self.at..].as_chunks::<STRIDE>();
        let (words, _) = self.out[self.made..].as_chunks_mut::<WORD>();
        let mut count = 0;
        for (record, word) in records.iter().zip(words) {
            let mut bytes = [0; WORD];
            bytes[..STRIDE].copy_from_slice(record);
            let record = u64::from_le_bytes(bytes);
            if record & (tags | offset) != wanted | from_last {
                break;
            }
            *word = (high | record >> 8 & low).to_le_bytes();
            count += 1;
        }
        self.skip(count * STRIDE, count * WORD);
        count
    }

    /// Unpacks up to `most` records of any number of low bytes, from any word before, without a branch that depends on
    /// them; how many there were.
    fn mixed_records(&mut self, most: usize) -> usize {
        const RECORDS: [Record; 4] = [Record::of(1), Record::of(2), Record::of(3), Record::of(4)];
        let (mut at, mut made, mut count) = (self.at, self.made, 0);
        while count < most && self.out.len() - made >= WORD {
            let Some(record) = self.packed[at..].first_chunk() else {
                break;
            };
            let record = u64::from_le_bytes(*record);
            let more = (record >> 2 & 0b11) as usize;
            let Record {
                low, tags, wanted, ..
            } = RECORDS[more];
            let copy = record >> (8 * (more + 2));
            let offset = (copy << 3 & 0x700 | copy >> 8 & 0xff) as usize;
            if record & tags != wanted || offset < WORD || offset > made {
                break;
            }
            let Some(word) = self.out[made - offset..].first_chunk() else {
                break;
            };
            let word = u64::from_le_bytes(*word) & !low | record >> 8 & low;
            self.out[made..][..WORD].copy_from_slice(&word.to_le_bytes());
            at += more + 4;
            made += WORD;
            count += 1;
        }
        self.skip(at - self.at, made - self.made);
        count
    }
}

/// What a record looks like as the low bytes of a word: the tag of its literal, the literal, the tag of its copy and the
/// rest of the copy's offset.
#[derive(Clone, Copy)]
struct Record {
    /// The bytes of the word that are in it.
    low: u64,
    /// Where kinds and lengths are in its tags.
    tags: u64,
    /// What they are.
    wanted: u64,
    /// Where the offset is.
    offset: u64,
    /// The offset of the last word.
    last: u64,
}

impl Record {
    /// Of so many low bytes, 1 to 4.
    const fn of(low: u32) -> Self {
        let (word, copy_at) = (WORD as u64, 8 * (low + 1));
        let low_bytes = u64::MAX >> (u64::BITS - 8 * low);
        let copy = (word - low as u64 - 4) << 2 | 0b01;
        Self {
            low: low_bytes,
            tags: 0xff | 0b1_1111 << copy_at,
            wanted: (low as u64 - 1) << 2 | copy << copy_at,
            offset: 0xffe0 << copy_at,
            last: word << 8 << copy_at,
        }
    }
}

/// The number of bytes in a block, a varint, and where its tags begin.
pub(super) fn length(packed: &[u8]) -> Option<(usize, usize)> {
    const BYTES_MAX: usize = 5;
    let mut length = 0;
    for (i, &byte) in packed.iter().enumerate().take(BYTES_MAX) {
        length |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            let length = usize::try_from(u32::try_from(length).ok()?).ok()?;
            return Some((length, i + 1));
        }
    }
    None
}
