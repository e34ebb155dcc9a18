//! The common tags of up to three blocks, in steps of all of them.
//!
//! A step is a literal, or none, and a copy. All that it needs to know of a tag is in tables, and it writes more bytes
//! than it means to: those behind are overwritten by the next step. Thus hardly a branch in it depends on the tags, but
//! for the one that is taken where the step can't be done. Which kernel runs changes the time and nothing else.

#![allow(unsafe_code)]

#[cfg(doc)]
use super::stream::step;
use super::stream::{Stream, WORD};
use std::hint::select_unpredictable;

/// One way to take steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// None at all: every tag is taken by itself.
    #[cfg(test)]
    Safe,
    /// With the registers that every machine has.
    Portable,
    /// With registers of 32 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// The kernels that this machine can run, the fastest first.
    #[cfg(test)]
    pub(super) fn available() -> Vec<Self> {
        let mut kernels = vec![Self::best(), Self::Portable, Self::Safe];
        kernels.dedup();
        kernels
    }

    /// The fastest kernel that this machine can run.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// Unpacks streams side by side until one of them is near its end, or corrupt.
    pub(super) fn advance<const N: usize>(self, mut streams: [&mut Stream<'_>; N]) {
        /// Steps between two looks for records.
        const STEPS_MAX: usize = 1024;
        loop {
            streams.iter_mut().for_each(|stream| stream.look());
            let steps = streams.iter().map(|stream| stream.steps()).min();
            let steps = steps.unwrap_or(0).min(STEPS_MAX);
            if steps == 0 {
                return;
            }
            if let Some(stuck) = self.take(&mut streams, steps) {
                streams[stuck].take_tag();
            }
        }
    }

    /// Takes so many steps of each stream, or fewer if one of them can't take its next: that one's number.
    fn take<const N: usize>(
        self,
        streams: &mut [&mut Stream<'_>; N],
        count: usize,
    ) -> Option<usize> {
        match self {
            #[cfg(test)]
            Self::Safe => Some(0),
            Self::Portable => take(streams, count),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `best` found the features that it is compiled for.
            Self::Avx2 => unsafe { take_avx2(streams, count) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi2")]
fn take_avx2<const N: usize>(streams: &mut [&mut Stream<'_>; N], count: usize) -> Option<usize> {
    take(streams, count)
}

/// See [`Kernel::take`].
#[inline(always)]
fn take<const N: usize>(streams: &mut [&mut Stream<'_>; N], count: usize) -> Option<usize> {
    assert!(streams.iter().all(|stream| count <= stream.steps()));
    let table = &TABLES[usize::from(streams.iter().any(|stream| stream.expects_records()))];
    let starts = streams.each_mut().map(|stream| {
        let (packed, out, made) = stream.rest();
        let out = out.as_mut_ptr();
        Place {
            packed: packed.as_ptr(),
            // SAFETY: no more was made than there is.
            out: unsafe { out.add(made) },
            floor: out.addr() + WORD,
        }
    });
    // Apart from the streams, whose addresses are known elsewhere: these stay in registers.
    let mut places = starts;
    let mut stuck = None;
    'steps: for _ in 0..count {
        for (i, place) in places.iter_mut().enumerate() {
            // SAFETY: each stream said that it has tags and room for so many steps, and enough behind it.
            if !unsafe { place.step::<N>(table) } {
                stuck = Some(i);
                break 'steps;
            }
        }
    }
    for ((stream, start), end) in streams.iter_mut().zip(starts).zip(places) {
        let taken = end.packed.addr() - start.packed.addr();
        stream.skip(taken, end.out.addr() - start.out.addr());
    }
    stuck
}

/// How far a stream is.
#[derive(Clone, Copy)]
struct Place {
    packed: *const u8,
    out: *mut u8,
    /// The address of the first byte that was unpacked, and a word more.
    floor: usize,
}

impl Place {
    /// Takes a literal, if there is one, and a copy. `false` if it can't: what is taken and made is right all the same.
    ///
    /// # Safety
    /// `packed` has [`step::PACKED_READ`] bytes, `out` has room for [`step::MADE`], and at least [`step::MADE_BEFORE`]
    /// are behind it. `floor` is that many above the first of those.
    #[inline(always)]
    unsafe fn step<const STREAMS: usize>(&mut self, table: &Table) -> bool {
        const HALF: usize = 32;
        // SAFETY: a literal of at most 60 bytes behind its tag is read and written in halves of 32, which end within 65
        // bytes read and 64 written. The tag and offset of the copy end within another 4 of 61. The copy begins, as is
        // checked, at or above the first byte that was unpacked and at least 8 below the next, and writes at most 64
        // bytes from there, word by word: each word that is read has been written. All in all 64 bytes are taken and
        // 124 written.
        unsafe {
            let first = usize::from(*self.packed);
            let skip = if STREAMS == 1 {
                // Alone, what counts is how soon the next tag is known.
                select_unpredictable(first & 0b11 == 0 && first < 60 << 2, (first >> 2) + 2, 0)
            } else {
                usize::from(table.skip[first])
            };
            copy::<HALF>(self.packed.add(1), self.out);
            if skip > HALF + 1 {
                unlikely();
                copy::<HALF>(self.packed.add(1 + HALF), self.out.add(HALF));
            }
            self.packed = self.packed.add(skip);
            self.out = self.out.add(table.literal[first].into());

            let word = u32::from_le(self.packed.cast::<u32>().read_unaligned());
            let tag = (word & 0xff) as usize;
            let offset = word >> 8 & u32::from(table.mask[tag]);
            // Beyond a word; less than that wraps around to more than there ever is.
            let beyond = offset.wrapping_add(table.bias[tag]) as usize;
            if beyond > self.out.addr() - self.floor {
                return false;
            }
            let length = usize::from(table.length[tag]);
            let from = self.out.sub(beyond).sub(WORD);
            copy::<WORD>(from, self.out);
            copy::<WORD>(from.add(WORD), self.out.add(WORD));
            if length > 2 * WORD {
                unlikely();
                for at in (2 * WORD..8 * WORD).step_by(WORD) {
                    copy::<WORD>(from.add(at), self.out.add(at));
                }
            }
            self.packed = self.packed.add((tag & 0b11) + 1);
            self.out = self.out.add(length);
        }
        true
    }
}

/// Copies `BYTES` bytes that don't overlap.
///
/// # Safety
/// So many can be read and written.
#[inline(always)]
unsafe fn copy<const BYTES: usize>(from: *const u8, to: *mut u8) {
    // SAFETY: as promised; an array of bytes is aligned everywhere.
    unsafe {
        to.cast::<[u8; BYTES]>()
            .write(from.cast::<[u8; BYTES]>().read());
    }
}

/// Says that a branch is seldom taken.
#[cold]
const fn unlikely() {}

/// What a step has to know of a tag.
struct Table {
    /// Bytes of a literal of up to 60 with its tag; 0 for other tags.
    skip: [u8; 256],
    /// Bytes of that literal alone.
    literal: [u8; 256],
    /// Bytes of a copy.
    length: [u8; 256],
    /// Which of the two bytes behind the tag are the copy's offset.
    mask: [u16; 256],
    /// What is to be added to the offset for its distance beyond a word.
    bias: [u32; 256],
}

/// The table, and the one that leaves short copies from nearby to [`Stream::take_tag`].
static TABLES: [Table; 2] = [Table::new(false), Table::new(true)];

impl Table {
    const fn new(expects_records: bool) -> Self {
        /// Further than any byte that was unpacked: of blocks that say `u32::MAX`, a word is below the floor.
        const NEVER: u32 = u32::MAX;
        const BEYOND_WORD: u32 = (WORD as u32).wrapping_neg();
        let mut table = Self {
            skip: [0; 256],
            literal: [0; 256],
            length: [0; 256],
            mask: [0; 256],
            bias: [NEVER; 256],
        };
        let mut tag = 0;
        while tag < 256 {
            let length = (tag >> 2) as u8 + 1;
            match tag & 0b11 {
                0 if length <= 60 => {
                    table.skip[tag] = length + 1;
                    table.literal[tag] = length;
                }
                1 => {
                    let (length, high) = ((tag >> 2 & 0b111) as u8 + 4, (tag >> 5) as u32);
                    if !expects_records || high > 0 || length as usize >= WORD {
                        table.length[tag] = length;
                        table.mask[tag] = 0xff;
                        table.bias[tag] = (high << 8).wrapping_add(BEYOND_WORD);
                    }
                }
                2 => {
                    table.length[tag] = length;
                    table.mask[tag] = 0xffff;
                    table.bias[tag] = BEYOND_WORD;
                }
                _ => {}
            }
            tag += 1;
        }
        table
    }
}
