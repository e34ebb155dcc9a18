//! Text, binary and fixed-size binary: an ID is its bytes.

/// Byte strings that lie one behind the other, as Arrow and Parquet keep them, or apart from each
/// other, as views into other buffers.
#[derive(Clone, Copy, Debug)]
pub enum ByteIds<'a> {
    /// ID i is `data[offsets[i]..offsets[i + 1]]`.
    Offsets {
        /// The bytes of all IDs.
        data: &'a [u8],
        /// Ascending, one more than there are IDs, all within `data`.
        offsets: &'a [i32],
    },
    /// ID i is `data[i * width..(i + 1) * width]`.
    Fixed {
        /// The bytes of all IDs.
        data: &'a [u8],
        /// Bytes of one ID, at least 1.
        width: usize,
    },
    /// Each ID on its own.
    Slices(&'a [&'a [u8]]),
}

impl<'a> ByteIds<'a> {
    /// How many IDs.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Offsets { offsets, .. } => offsets.len().saturating_sub(1),
            Self::Fixed { data, width } => data.len() / *width,
            Self::Slices(slices) => slices.len(),
        }
    }

    /// Whether there is no ID in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all IDs together.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        match self {
            Self::Offsets { offsets, .. } => match (offsets.first(), offsets.last()) {
                (Some(first), Some(last)) => (last - first) as usize,
                _ => 0,
            },
            Self::Fixed { data, .. } => data.len(),
            Self::Slices(slices) => slices.iter().map(|slice| slice.len()).sum(),
        }
    }

    /// The bytes of ID `i`.
    ///
    /// # Panics
    /// If there are no more than `i` IDs.
    #[must_use]
    pub fn get(&self, i: usize) -> &'a [u8] {
        match *self {
            Self::Offsets { data, offsets } => &data[offsets[i] as usize..offsets[i + 1] as usize],
            Self::Fixed { data, width } => &data[i * width..(i + 1) * width],
            Self::Slices(slices) => slices[i],
        }
    }

    /// The IDs `start..end`.
    ///
    /// # Panics
    /// If there are fewer than `end` IDs.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        match *self {
            Self::Offsets { data, offsets } => Self::Offsets {
                data,
                offsets: &offsets[start..=end],
            },
            Self::Fixed { data, width } => Self::Fixed {
                data: &data[start * width..end * width],
                width,
            },
            Self::Slices(slices) => Self::Slices(&slices[start..end]),
        }
    }

    /// Calls `each` with the bytes of every ID, in order.
    #[inline]
    pub fn for_each(&self, mut each: impl FnMut(&'a [u8])) {
        match *self {
            Self::Offsets { data, offsets } => {
                for pair in offsets.windows(2) {
                    each(&data[pair[0] as usize..pair[1] as usize]);
                }
            }
            Self::Fixed { data, width } => data.chunks_exact(width).for_each(each),
            Self::Slices(slices) => slices.iter().copied().for_each(each),
        }
    }

    /// Like [`Self::for_each`], up to the first error.
    ///
    /// # Errors
    /// The first one of `each`.
    pub fn try_for_each<E>(
        &self,
        mut each: impl FnMut(&'a [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut result = Ok(());
        self.for_each(|id| {
            if result.is_ok() {
                result = each(id);
            }
        });
        result
    }
}

/// The text of a UUID under `--as string`: 36 characters in lower case (RFC 9562, section 4).
pub fn uuid_to_text(uuid: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (i, &byte) in uuid.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// The bytes that a text means under `--as binary`: hexadecimal digits of either case, optionally
/// with the hyphens of a UUID or a leading `0x`; `None` for anything else.
///
/// ```
/// use overlap::id::hex_to_bytes;
///
/// let mut out = Vec::new();
/// assert!(hex_to_bytes(b"0xCAfe", &mut out).is_some());
/// assert_eq!(out, [0xca, 0xfe]);
/// assert!(hex_to_bytes(b"cafeb", &mut out).is_none());
/// ```
pub fn hex_to_bytes(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let mut high = None;
    for &character in text {
        let digit = match character {
            b'-' if text.len() == 36 => continue,
            _ => u8::try_from(char::from(character).to_digit(16)?).ok()?,
        };
        match high.take() {
            None => high = Some(digit),
            Some(h) => out.push(h << 4 | digit),
        }
    }
    high.is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_yields_the_same_ids() {
        let layouts = [
            ByteIds::Offsets {
                data: b"abcdef",
                offsets: &[0, 3, 6],
            },
            ByteIds::Fixed {
                data: b"abcdef",
                width: 3,
            },
            ByteIds::Slices(&[b"abc", b"def"]),
        ];
        for ids in layouts {
            let mut seen = Vec::new();
            ids.for_each(|id| seen.push(id));
            assert_eq!(seen, [b"abc", b"def"]);
            assert_eq!(ids.len(), 2);
        }
    }

    #[test]
    fn a_uuid_survives_the_way_to_text_and_back() {
        let uuid: [u8; 16] = std::array::from_fn(|i| (i * 17) as u8);
        let mut text = Vec::new();
        uuid_to_text(&uuid, &mut text);
        assert_eq!(text, b"00112233-4455-6677-8899-aabbccddeeff");
        let mut bytes = Vec::new();
        assert!(hex_to_bytes(&text, &mut bytes).is_some());
        assert_eq!(bytes, uuid);
    }

    #[test]
    fn what_is_no_hexadecimal_is_refused() {
        for text in ["0", "zz", "00-11", "é"] {
            assert!(
                hex_to_bytes(text.as_bytes(), &mut Vec::new()).is_none(),
                "{text:?}"
            );
        }
    }
}
