//! Hashing and filtering integers, many at a time, with whatever vectors the machine has.
//!
//! All `unsafe` of hashing is in this folder. Every kernel yields the same hashes in the same
//! order as the portable one: the tests run them side by side.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_sip;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_sip;

use super::filter::Filter;
use super::marks::Marks;
use super::scalar::hash_integer;
use super::sip::{Group, LANES, SipKey, portable_group, sip_integer};
use std::fmt;

/// One way to hash integers. Which one is taken changes the time and nothing else.
#[derive(Clone, Copy)]
pub struct Kernel {
    name: &'static str,
    run: Run,
    sift: Run,
    keyed: KeyedRun,
    group: GroupRun,
}

/// Hashes `ids` (or takes them as the hashes that they are) and writes those that pass to the front of `out`;
/// returns how many.
///
/// `out` is at least [`ROOM`] longer than `ids`: kernels write whole vectors.
type Run = fn(ids: &[i64], filter: Filter, out: &mut [u64]) -> usize;

/// Likewise with SipHash-2-4.
type KeyedRun = fn(key: SipKey, ids: &[i64], filter: Filter, out: &mut [u64]) -> usize;

/// SipHash-2-4 of some values, in order; `room` is for their blocks.
type GroupRun = fn(key: SipKey, values: &[&[u8]; LANES], room: &mut Group, out: &mut [u64; LANES]);

/// Places that a kernel may overwrite behind the last hash it keeps: those of the widest vector.
pub(super) const ROOM: usize = 8;

impl Kernel {
    /// See [`ROOM`].
    pub(crate) const ROOM: usize = ROOM;

    /// The portable kernel: one integer at a time, without branches.
    pub const PORTABLE: Self = Self {
        name: "portable",
        run: portable,
        sift: portable_sift,
        keyed: portable_keyed,
        group: portable_group,
    };

    /// The kernels that this machine can run, the fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if avx512::is_available() {
                kernels.push(Self {
                    name: "avx512",
                    // SAFETY: the features that the kernel is compiled for were just found.
                    run: |ids, filter, out| unsafe { avx512::candidates::<true>(ids, filter, out) },
                    // SAFETY: as above.
                    sift: |ids, filter, out| unsafe {
                        avx512::candidates::<false>(ids, filter, out)
                    },
                    // SAFETY: as above.
                    keyed: |key, ids, filter, out| unsafe {
                        avx512_sip::candidates(key, ids, filter, out)
                    },
                    // SAFETY: as above.
                    group: |key, values, room, out| unsafe {
                        avx512_sip::group(key, values, room, out);
                    },
                });
            }
            if avx2::is_available() {
                kernels.push(Self {
                    name: "avx2",
                    // SAFETY: as above.
                    run: |ids, filter, out| unsafe { avx2::candidates::<true>(ids, filter, out) },
                    // SAFETY: as above.
                    sift: |ids, filter, out| unsafe { avx2::candidates::<false>(ids, filter, out) },
                    // SAFETY: as above.
                    keyed: |key, ids, filter, out| unsafe {
                        avx2_sip::candidates(key, ids, filter, out)
                    },
                    // SAFETY: as above.
                    group: |key, values, room, out| unsafe {
                        avx2_sip::group(key, values, room, out);
                    },
                });
            }
        }
        kernels.push(Self::PORTABLE);
        kernels
    }

    /// The fastest kernel that this machine can run.
    #[must_use]
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// The name of its vectors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// See [`Run`] and [`KeyedRun`].
    #[inline]
    pub(super) fn candidates(
        self,
        key: Option<SipKey>,
        ids: &[i64],
        filter: Filter,
        out: &mut [u64],
    ) -> usize {
        assert!(out.len() >= ids.len() + ROOM, "room for whole vectors");
        match key {
            None => (self.run)(ids, filter, out),
            Some(key) => (self.keyed)(key, ids, filter, out),
        }
    }

    /// Writes those of `hashes` that pass to the front of `out`, which is as much longer as for
    /// [`Self::candidates`]; returns how many.
    #[inline]
    pub(crate) fn passing(self, hashes: &[u64], filter: Filter, out: &mut [u64]) -> usize {
        assert!(out.len() >= hashes.len() + ROOM, "room for whole vectors");
        (self.sift)(bytemuck::cast_slice(hashes), filter, out)
    }

    /// Likewise those that may be among the marked ones.
    ///
    /// A word of marks for each hash is a scattered load, for which vectors gain nothing.
    #[inline]
    pub(crate) fn marked(self, hashes: &[u64], marks: &Marks, out: &mut [u64]) -> usize {
        assert!(out.len() >= hashes.len(), "room for all");
        let (words, shift) = (marks.words(), marks.shift());
        assert!(
            words.len() as u64 == 1 << (u64::BITS - shift),
            "a word for every hash"
        );
        let mut kept = 0;
        for &hash in hashes {
            // SAFETY: a hash shifted by that much is below the number of words, and no more hashes are
            // written than were read before.
            unsafe {
                let word = *words.get_unchecked((hash >> shift) as usize);
                *out.get_unchecked_mut(kept) = hash;
                kept += (word >> (hash % 64) & 1) as usize;
            }
        }
        let mut left = 0;
        for at in 0..kept {
            let hash = out[at];
            out[left] = hash;
            left += usize::from(marks.may_have(hash));
        }
        left
    }

    /// See [`GroupRun`].
    #[inline]
    pub(super) fn group(
        self,
        key: SipKey,
        values: &[&[u8]; LANES],
        room: &mut Group,
        out: &mut [u64; LANES],
    ) {
        (self.group)(key, values, room, out);
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kernel").field(&self.name).finish()
    }
}

/// Writes every hash and steps on if it passes: nothing to predict.
fn portable(ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    const LINE_IDS: usize = 8;
    let mut kept = 0;
    for ids in ids.chunks(LINE_IDS) {
        prefetch(ids);
        for &id in ids {
            let hash = hash_integer(id);
            out[kept] = hash;
            kept += usize::from(filter.passes(hash));
        }
    }
    kept
}

/// The same of hashes.
fn portable_sift(hashes: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    let mut kept = 0;
    for hash in hashes.iter().map(|hash| hash.cast_unsigned()) {
        out[kept] = hash;
        kept += usize::from(filter.passes(hash));
    }
    kept
}

/// Likewise with SipHash-2-4.
fn portable_keyed(key: SipKey, ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    let mut kept = 0;
    for &id in ids {
        let hash = sip_integer(key, id);
        out[kept] = hash;
        kept += usize::from(filter.passes(hash));
    }
    kept
}

/// Asks for the IDs that come two kilobytes behind these: a loop that computes this much per load
/// looks only a few cache lines ahead by itself. In memory that isn't cached, on a machine whose
/// own prefetching is off, it halves the time.
#[inline(always)]
fn prefetch(ids: &[i64]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const AHEAD: usize = 2048 / size_of::<i64>();
        // SAFETY: a prefetch reads nothing; an address without memory behind it is ignored.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ids.as_ptr().wrapping_add(AHEAD).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = ids;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sip::sip_bytes;

    const KEYS: [Option<SipKey>; 2] = [None, Some(SipKey([0x0706_0504_0302_0100, u64::MAX - 7]))];

    fn run(kernel: Kernel, key: Option<SipKey>, ids: &[i64], filter: Filter) -> Vec<u64> {
        let mut out = vec![0; ids.len() + ROOM];
        let kept = kernel.candidates(key, ids, filter, &mut out);
        out.truncate(kept);
        out
    }

    /// A vector that goes wrong in one lane or one carry shows in ten million inputs.
    #[test]
    fn every_kernel_yields_the_hashes_of_the_reference() {
        compare_kernels(if cfg!(miri) { 0..1 } else { 0..1_000 });
    }

    #[test]
    #[ignore = "cargo xtask faults: a hundred million inputs"]
    fn every_kernel_yields_the_hashes_of_the_reference_for_long() {
        compare_kernels(1_000..11_000);
    }

    fn reference(key: Option<SipKey>, id: i64) -> u64 {
        match key {
            None => hash_integer(id),
            Some(key) => sip_integer(key, id),
        }
    }

    /// Compares all kernels on chunks of ten thousand integers.
    fn compare_kernels(chunks: std::ops::Range<i64>) {
        const CHUNK: i64 = 10_000;
        let filters = [
            Filter::ALL,
            Filter {
                zeros: u64::MAX,
                most: u64::MAX,
            },
            Filter {
                zeros: 0b111 << 16,
                most: u64::MAX >> 6,
            },
            Filter {
                zeros: 0xff,
                most: 0,
            },
            Filter {
                zeros: 1,
                most: (1 << 63) + 5,
            },
        ];
        for kernel in Kernel::available() {
            for chunk in chunks.clone() {
                // Random words, and small numbers of both signs.
                let spread = if chunk % 2 == 0 {
                    0x9e37_79b9_7f4a_7c15_u64.cast_signed()
                } else {
                    1
                };
                let ids: Vec<i64> = (chunk * CHUNK..(chunk + 1) * CHUNK)
                    .map(|i| (i - 500 * CHUNK).wrapping_mul(spread))
                    .collect();
                let filter = filters[chunk as usize % filters.len()];
                for key in KEYS {
                    let expected: Vec<u64> = ids
                        .iter()
                        .map(|&id| reference(key, id))
                        .filter(|&hash| filter.passes(hash))
                        .collect();
                    let found = run(kernel, key, &ids, filter);
                    assert_eq!(found, expected, "{kernel:?} {filter:?}");
                }
            }
        }
    }

    #[test]
    fn every_kernel_sifts_hashes_alike() {
        let hashes: Vec<u64> = (0..10_007).map(hash_integer).collect();
        let marks = Marks::new(&hashes[..3_000]);
        let filters = [
            Filter::ALL,
            Filter {
                zeros: 0b111 << 16,
                most: u64::MAX >> 6,
            },
        ];
        for kernel in Kernel::available() {
            let mut out = vec![0; hashes.len() + ROOM];
            for filter in filters {
                let expected = hashes.iter().copied().filter(|&hash| filter.passes(hash));
                let kept = kernel.passing(&hashes, filter, &mut out);
                assert_eq!(out[..kept], expected.collect::<Vec<_>>(), "{kernel:?}");
            }
            let expected = hashes.iter().copied().filter(|&hash| marks.may_have(hash));
            let kept = kernel.marked(&hashes, &marks, &mut out);
            assert_eq!(out[..kept], expected.collect::<Vec<_>>(), "{kernel:?}");
            assert!(out[..3_000] == hashes[..3_000] && kept < 3_900, "{kept}");
        }
    }

    #[test]
    fn every_length_is_taken_whole() {
        for kernel in Kernel::available() {
            for (len, key) in (0..70).flat_map(|len| KEYS.map(|key| (len, key))) {
                let ids: Vec<i64> = (0..len).collect();
                let expected: Vec<u64> = ids.iter().map(|&id| reference(key, id)).collect();
                let found = run(kernel, key, &ids, Filter::ALL);
                assert_eq!(found, expected, "{kernel:?} {len}");
            }
        }
    }

    #[test]
    fn every_kernel_yields_the_hashes_of_groups_of_texts() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i * i % 251) as u8).collect();
        let key = KEYS[1].expect("a key");
        let mut room = Group::new();
        for kernel in Kernel::available() {
            let mut at = 0;
            for trial in 0..2_000_usize {
                // Lengths of all kinds side by side, and groups of one length.
                let most = [20, 64, 65, 150][trial / 5 % 4];
                let len = |lane: usize| (trial * 7 + lane * (trial % 5) * 3) % most;
                let values: [&[u8]; LANES] = std::array::from_fn(|lane| {
                    at = (at + 13) % (bytes.len() - 150);
                    &bytes[at..at + len(lane)]
                });
                let mut out = [0; LANES];
                kernel.group(key, &values, &mut room, &mut out);
                let expected = values.map(|value| sip_bytes(key, value));
                assert_eq!(out, expected, "{kernel:?} {trial}");
            }
        }
    }
}
