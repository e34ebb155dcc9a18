//! Which bytes that need care a block of text holds, found in one pass: most blocks hold none of them, and are then
//! never searched again.
//!
//! Compiled twice, for every processor and for those with AVX2. The one `unsafe` is the call of the second, behind the
//! question whether the processor has it.

#![allow(unsafe_code)]

/// What a look at some bytes of text says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Glance {
    /// How many line ends there are, quoted ones among them.
    pub(crate) line_ends: u64,
    /// Whether there is a byte that ends lines in other files.
    pub(crate) strange_ends: bool,
    pub(crate) quotes: bool,
    pub(crate) nuls: bool,
    /// Whether there is anything but ASCII.
    pub(crate) beyond_ascii: bool,
}

/// Bytes that are looked at side by side: compilers make vector code of a loop over so many.
const LANES: usize = 64;

/// After so many rounds the counters, of a byte each, are full.
const ROUNDS_MAX: usize = u8::MAX as usize;

const STRANGE: u8 = 1;
const QUOTE: u8 = 2;
const NUL: u8 = 4;
const BEYOND_ASCII: u8 = 0x80;

impl Glance {
    /// The byte that ends lines in files whose lines don't end in `line_end`.
    pub(crate) const fn strange_end(line_end: u8) -> u8 {
        if line_end == b'\n' { b'\r' } else { b'\n' }
    }

    /// Looks at all bytes of a text whose lines end in `line_end`.
    pub(crate) fn of(text: &[u8], line_end: u8) -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature that it is compiled for was just found.
            return unsafe { with_avx2(text, line_end) };
        }
        Self::portable(text, line_end)
    }

    #[inline(always)]
    fn portable(text: &[u8], line_end: u8) -> Self {
        let (mut found, mut line_ends) = ([0; LANES], 0);
        for piece in text.chunks(LANES * ROUNDS_MAX) {
            let (rounds, rest) = piece.as_chunks::<LANES>();
            let mut counts = [0; LANES];
            for round in rounds {
                look(round, line_end, &mut found, &mut counts);
            }
            if !rest.is_empty() {
                // Filled up with a byte that is none of those looked for.
                let mut round = [b' '; LANES];
                round[..rest.len()].copy_from_slice(rest);
                look(&round, line_end, &mut found, &mut counts);
            }
            line_ends += counts.iter().map(|&count| u64::from(count)).sum::<u64>();
        }
        let found = found.iter().fold(0, |all, one| all | one);
        Self {
            line_ends,
            strange_ends: found & STRANGE != 0,
            quotes: found & QUOTE != 0,
            nuls: found & NUL != 0,
            beyond_ascii: found & BEYOND_ASCII != 0,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(text: &[u8], line_end: u8) -> Glance {
    Glance::portable(text, line_end)
}

#[inline(always)]
fn look(round: &[u8; LANES], line_end: u8, found: &mut [u8; LANES], counts: &mut [u8; LANES]) {
    let strange = Glance::strange_end(line_end);
    for lane in 0..LANES {
        let byte = round[lane];
        let is = |other: u8, bit: u8| if byte == other { bit } else { 0 };
        found[lane] |= is(strange, STRANGE) | is(b'"', QUOTE) | is(0, NUL) | byte & BEYOND_ASCII;
        counts[lane] = counts[lane].wrapping_add(is(line_end, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_byte_is_seen_wherever_it_stands() {
        for length in [1, 63, 64, 65, LANES * ROUNDS_MAX, LANES * ROUNDS_MAX + 1] {
            for at in [0, length / 2, length - 1] {
                let with = |byte: u8| {
                    let mut text = vec![b'x'; length];
                    text[at] = byte;
                    Glance::of(&text, b'\n')
                };
                assert_eq!(with(b'x'), Glance::default());
                assert_eq!(with(b'\n').line_ends, 1);
                assert!(with(b'\r').strange_ends && with(b'"').quotes);
                assert!(with(0).nuls && with(0x80).beyond_ascii && with(0xff).beyond_ascii);
            }
        }
    }

    #[test]
    fn counters_do_not_run_over() {
        let text = vec![b'\n'; 3 * LANES * ROUNDS_MAX + 17];
        assert_eq!(Glance::of(&text, b'\n').line_ends, text.len() as u64);
        assert_eq!(Glance::of(&text, b'\r').line_ends, 0);
        assert!(Glance::of(&text, b'\r').strange_ends);
    }

    proptest! {
        #[test]
        fn a_glance_says_what_a_search_says(
            text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300),
            line_end in prop_oneof![Just(b'\n'), Just(b'\r')],
        ) {
            let strange = if line_end == b'\n' { b'\r' } else { b'\n' };
            let expected = Glance {
                line_ends: text.iter().filter(|byte| **byte == line_end).count() as u64,
                strange_ends: text.contains(&strange),
                quotes: text.contains(&b'"'),
                nuls: text.contains(&0),
                beyond_ascii: !text.is_ascii(),
            };
            prop_assert_eq!(Glance::of(&text, line_end), expected);
            prop_assert_eq!(Glance::portable(&text, line_end), expected);
        }
    }
}
