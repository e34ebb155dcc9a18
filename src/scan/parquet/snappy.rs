//! Snappy, decompressed into a buffer that is used again.
//!
//! <https://github.com/google/snappy/blob/main/format_description.txt>. Most Parquet files are
//! Snappy, and decompressing is then the largest part of a scan. Short copies move a fixed number of
//! bytes and let the next one write over what was too much: lengths, which can't be predicted,
//! decide nothing.

/// Bytes behind the decompressed ones that may be written: those of the longest fixed copy.
pub(super) const ROOM: usize = 64;

/// The longest literal whose length is in its tag, rounded up; no copy is longer.
const SHORT: usize = 64;

/// Decompresses `input` to the front of `out`, which is [`ROOM`] longer than what is expected.
/// `None` if `input` isn't Snappy, or not of just that many bytes.
pub(super) fn decompress(input: &[u8], out: &mut [u8]) -> Option<()> {
    let (length, mut at) = length(input)?;
    if length.checked_add(ROOM)? != out.len() {
        return None;
    }
    let mut done = 0;
    while at < input.len() {
        let tag = input[at];
        at += 1;
        if tag & 3 == 0 {
            let size = usize::from(tag >> 2) + 1;
            if size <= 60 && at + SHORT <= input.len() && done + size <= length {
                out[done..done + SHORT].copy_from_slice(&input[at..at + SHORT]);
                at += size;
                done += size;
                continue;
            }
            let (size, start) = literal(input, at, size)?;
            at = start.checked_add(size)?;
            let end = done.checked_add(size).filter(|&end| end <= length)?;
            out[done..end].copy_from_slice(input.get(start..at)?);
            done = end;
        } else {
            let (size, offset, next) = copy(input, at, tag)?;
            at = next;
            let end = done + size;
            if offset == 0 || offset > done || end > length {
                return None;
            }
            repeat(out, done, offset, size);
            done = end;
        }
    }
    (done == length).then_some(())
}

/// The length of the decompressed bytes, and where the first tag is.
fn length(input: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0_u64;
    for (i, &byte) in input.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(length).ok()?, i + 1));
        }
    }
    None
}

/// Size and start of a literal; a size over 60 says how many bytes hold it.
fn literal(input: &[u8], at: usize, size: usize) -> Option<(usize, usize)> {
    let Some(width @ 1..) = size.checked_sub(60) else {
        return Some((size, at));
    };
    let mut word = [0; 4];
    word[..width].copy_from_slice(input.get(at..at + width)?);
    let size = usize::try_from(u32::from_le_bytes(word)).ok()?;
    Some((size.checked_add(1)?, at + width))
}

/// Size and offset of a copy, and where the next tag is.
#[inline]
fn copy(input: &[u8], at: usize, tag: u8) -> Option<(usize, usize, usize)> {
    match tag & 3 {
        1 => {
            let low = *input.get(at)?;
            let offset = usize::from(tag >> 5) << 8 | usize::from(low);
            Some((4 + usize::from(tag >> 2 & 7), offset, at + 1))
        }
        2 => {
            let offset = u16::from_le_bytes(*input.get(at..)?.first_chunk()?);
            Some((1 + usize::from(tag >> 2), offset.into(), at + 2))
        }
        _ => {
            let offset = u32::from_le_bytes(*input.get(at..)?.first_chunk()?);
            Some((
                1 + usize::from(tag >> 2),
                usize::try_from(offset).ok()?,
                at + 4,
            ))
        }
    }
}

/// Copies `size` bytes, at most 64, from `offset` before `to`; they may overlap what they become.
#[inline]
fn repeat(out: &mut [u8], to: usize, offset: usize, size: usize) {
    let from = to - offset;
    if offset >= 16 {
        // Every piece is there when it is copied.
        out.copy_within(from..from + 16, to);
        if size > 16 {
            for i in [16, 32, 48] {
                out.copy_within(from + i..from + i + 16, to + i);
            }
        }
    } else if offset >= 8 {
        for i in (0..size).step_by(8) {
            out.copy_within(from + i..from + i + 8, to + i);
        }
    } else {
        for i in 0..size {
            out[to + i] = out[from + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decompressed(input: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut out = vec![0xaa; length + ROOM];
        decompress(input, &mut out)?;
        out.truncate(length);
        Some(out)
    }

    fn reference(bytes: &[u8]) -> Vec<u8> {
        snap::raw::Encoder::new()
            .compress_vec(bytes)
            .expect("compresses")
    }

    /// Bytes in which much repeats, at short and long distances.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = (any::<u8>(), 1_usize..300, 1_u8..20, any::<bool>());
        prop::collection::vec(piece, 0..60).prop_map(|pieces| {
            let mut all: Vec<u8> = Vec::new();
            for (seed, len, period, again) in pieces {
                if again && all.len() > len {
                    let from = usize::from(seed) * (all.len() - len) / 256;
                    all.extend_from_within(from..from + len);
                } else {
                    all.extend((0..len).map(|i| {
                        let i = i as u8 % period;
                        seed.wrapping_mul(31).wrapping_add(i.wrapping_mul(i))
                    }));
                }
            }
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn what_the_reference_compresses_comes_back(bytes in bytes()) {
            let compressed = reference(&bytes);
            prop_assert_eq!(decompressed(&compressed, bytes.len()), Some(bytes));
        }

        #[test]
        fn damaged_input_is_what_the_reference_makes_of_it(
            bytes in bytes(),
            at in any::<prop::sample::Index>(),
            bit in 0..8,
        ) {
            let mut damaged = reference(&bytes);
            let at = at.index(damaged.len());
            damaged[at] ^= 1_u8 << bit;
            let expected = snap::raw::Decoder::new().decompress_vec(&damaged).ok();
            let expected = expected.filter(|out| out.len() == bytes.len());
            prop_assert_eq!(decompressed(&damaged, bytes.len()), expected);
        }
    }

    #[test]
    fn long_literals_and_every_cut_are_met() {
        let noise: Vec<u8> = (0..200_000_u64)
            .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        let compressed = reference(&noise);
        assert_eq!(
            decompressed(&compressed, noise.len()).as_ref(),
            Some(&noise)
        );
        for len in (0..compressed.len()).step_by(997) {
            assert_eq!(decompressed(&compressed[..len], noise.len()), None, "{len}");
        }
        assert_eq!(decompressed(&compressed, noise.len() + 1), None);
    }
}
