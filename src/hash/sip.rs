//! SipHash-2-4 with a 64-bit result, one value at a time: the reference of the vector code.
//!
//! By Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). Who doesn't know the key can't
//! compute the hash of an ID, nor tell hashes from random numbers.

/// The 128-bit key of SipHash, as two little-endian words.
#[derive(Clone, Copy)]
pub struct SipKey(pub(super) [u64; 2]);

impl SipKey {
    /// The key of these words: bytes 0 to 7, and 8 to 15, little-endian.
    #[must_use]
    pub const fn new(words: [u64; 2]) -> Self {
        Self(words)
    }

    /// The four words of the state before the first block.
    #[inline]
    pub(super) const fn state(self) -> [u64; 4] {
        let [first, second] = self.0;
        [
            first ^ 0x736f_6d65_7073_6575,
            second ^ 0x646f_7261_6e64_6f6d,
            first ^ 0x6c79_6765_6e65_7261,
            second ^ 0x7465_6462_7974_6573,
        ]
    }
}

/// What the last block is XORed with into the state before the last four rounds.
pub(super) const FINAL: u64 = 0xff;

/// The last block of the 8 bytes of an integer: their number in the highest byte.
pub(super) const INTEGER_END: u64 = (size_of::<i64>() as u64) << 56;

/// SipHash-2-4 of some bytes.
#[must_use]
pub fn sip_bytes(key: SipKey, bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<8>();
    let mut state = key.state();
    for block in blocks {
        compress(&mut state, u64::from_le_bytes(*block));
    }
    compress(&mut state, last_block(bytes.len(), rest));
    finish(state)
}

/// SipHash-2-4 of the 8 little-endian bytes of an integer.
#[inline]
#[must_use]
pub fn sip_integer(key: SipKey, id: i64) -> u64 {
    let mut state = key.state();
    compress(&mut state, id.cast_unsigned());
    compress(&mut state, INTEGER_END);
    finish(state)
}

/// The last block: up to seven bytes, zeros, and the lowest byte of the length.
#[inline]
fn last_block(len: usize, rest: &[u8]) -> u64 {
    let mut block = [0; 8];
    block[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(block) | (len as u64) << 56
}

#[inline]
fn compress(state: &mut [u64; 4], block: u64) {
    state[3] ^= block;
    round(state);
    round(state);
    state[0] ^= block;
}

#[inline]
fn finish(mut state: [u64; 4]) -> u64 {
    state[2] ^= FINAL;
    (0..4).for_each(|_| round(&mut state));
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

#[inline]
fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v3);
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.wrapping_add(*v3);
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v2 = v2.rotate_left(32);
}

/// Values that are hashed side by side: two of the widest vectors, since the rounds of one wait for each other.
pub(super) const LANES: usize = 16;

/// Blocks of a value that is hashed beside others; longer ones are hashed alone.
const BLOCKS_MAX: usize = 16;

/// Room for the blocks of some values, in the order in which vectors want them.
pub(super) struct Group {
    /// Block b of every value. Behind the last block of a value there is anything.
    pub(super) words: [[u64; LANES]; BLOCKS_MAX],
    /// How many blocks each value has.
    pub(super) blocks: [u64; LANES],
    /// How many the longest has.
    pub(super) most: usize,
}

impl Group {
    pub(super) const fn new() -> Self {
        Self {
            words: [[0; LANES]; BLOCKS_MAX],
            blocks: [0; LANES],
            most: 0,
        }
    }

    /// Takes in the blocks of all values; false if one is too long.
    #[inline]
    pub(super) fn fill(&mut self, values: &[&[u8]; LANES]) -> bool {
        self.most = 0;
        for (lane, value) in values.iter().enumerate() {
            let (blocks, rest) = value.as_chunks::<8>();
            if blocks.len() >= BLOCKS_MAX {
                return false;
            }
            for (words, block) in self.words.iter_mut().zip(blocks) {
                words[lane] = u64::from_le_bytes(*block);
            }
            let end = (value.len() as u64) << 56;
            self.words[blocks.len()][lane] = match value.last_chunk::<8>() {
                // The bytes behind the last block, without a loop over them.
                Some(last) if !rest.is_empty() => {
                    u64::from_le_bytes(*last) >> (8 * (8 - rest.len())) | end
                }
                Some(_) => end,
                None => last_block(value.len(), rest),
            };
            self.blocks[lane] = blocks.len() as u64 + 1;
            self.most = self.most.max(blocks.len() + 1);
        }
        true
    }
}

/// SipHash-2-4 of some values, one after the other.
pub(super) fn portable_group(
    key: SipKey,
    values: &[&[u8]; LANES],
    _: &mut Group,
    out: &mut [u64; LANES],
) {
    *out = values.map(|value| sip_bytes(key, value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hasher;

    const KEY: SipKey = SipKey([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);

    /// From the authors' reference implementation, vectors.h: key 00 01 … 0f, input i bytes 00 01 …
    #[test]
    fn published_vectors_of_siphash_hold() {
        let input: Vec<u8> = (0..64).collect();
        for (len, expected) in VECTORS.into_iter().enumerate() {
            assert_eq!(sip_bytes(KEY, &input[..len]), expected, "{len}");
        }
    }

    #[test]
    fn every_length_hashes_like_an_independent_implementation() {
        let bytes: Vec<u8> = (0..200_u32).map(|i| (i * i % 251) as u8).collect();
        let keys = [KEY, SipKey([u64::MAX, 1])];
        for (key, len) in keys
            .into_iter()
            .flat_map(|key| (0..200).map(move |len| (key, len)))
        {
            let mut other = siphasher::sip::SipHasher24::new_with_keys(key.0[0], key.0[1]);
            other.write(&bytes[..len]);
            assert_eq!(sip_bytes(key, &bytes[..len]), other.finish(), "{len}");
        }
    }

    #[test]
    fn integers_hash_like_their_bytes() {
        for id in (-500..500).chain([i64::MIN, i64::MAX]) {
            assert_eq!(sip_integer(KEY, id), sip_bytes(KEY, &id.to_le_bytes()));
        }
    }

    const VECTORS: [u64; 64] = [
        0x726f_db47_dd0e_0e31,
        0x74f8_39c5_93dc_67fd,
        0x0d6c_8009_d9a9_4f5a,
        0x8567_6696_d7fb_7e2d,
        0xcf27_94e0_2771_87b7,
        0x1876_5564_cd99_a68d,
        0xcbc9_466e_58fe_e3ce,
        0xab02_00f5_8b01_d137,
        0x93f5_f579_9a93_2462,
        0x9e00_82df_0ba9_e4b0,
        0x7a5d_bbc5_94dd_b9f3,
        0xf4b3_2f46_226b_ada7,
        0x751e_8fbc_860e_e5fb,
        0x14ea_5627_c084_3d90,
        0xf723_ca90_8e7a_f2ee,
        0xa129_ca61_49be_45e5,
        0x3f2a_cc7f_57c2_9bdb,
        0x699a_e9f5_2cbe_4794,
        0x4bc1_b3f0_968d_d39c,
        0xbb6d_c91d_a779_61bd,
        0xbed6_5cf2_1aa2_ee98,
        0xd0f2_cbb0_2e3b_67c7,
        0x9353_6795_e3a3_3e88,
        0xa80c_038c_cd5c_cec8,
        0xb8ad_50c6_f649_af94,
        0xbce1_92de_8a85_b8ea,
        0x17d8_35b8_5bbb_15f3,
        0x2f2e_6163_076b_cfad,
        0xde4d_aaac_a71d_c9a5,
        0xa6a2_5066_8795_6571,
        0xad87_a353_5c49_ef28,
        0x32d8_92fa_d841_c342,
        0x7127_512f_72f2_7cce,
        0xa7f3_2346_f959_78e3,
        0x12e0_b01a_bb05_1238,
        0x15e0_34d4_0fa1_97ae,
        0x314d_ffbe_0815_a3b4,
        0x0279_90f0_2962_3981,
        0xcadc_d4e5_9ef4_0c4d,
        0x9abf_d876_6a33_735c,
        0x0e3e_a96b_5304_a7d0,
        0xad0c_42d6_fc58_5992,
        0x1873_06c8_9bc2_15a9,
        0xd4a6_0abc_f379_2b95,
        0xf935_451d_e4f2_1df2,
        0xa953_8f04_1975_5787,
        0xdb9a_cddf_f56c_a510,
        0xd06c_98cd_5c09_75eb,
        0xe612_a3cb_9ecb_a951,
        0xc766_e62c_fcad_af96,
        0xee64_435a_9752_fe72,
        0xa192_d576_b245_165a,
        0x0a87_87bf_8ecb_74b2,
        0x81b3_e73d_20b4_9b6f,
        0x7fa8_220b_a3b2_ecea,
        0x2457_31c1_3ca4_2499,
        0xb78d_bfaf_3a8d_83bd,
        0xea1a_d565_322a_1a0b,
        0x60e6_1c23_a379_5013,
        0x6606_d7e4_4628_2b93,
        0x6ca4_ecb1_5c5f_91e1,
        0x9f62_6da1_5c96_25f3,
        0xe51b_3860_8ef2_5f57,
        0x958a_324c_eb06_4572,
    ];
}
