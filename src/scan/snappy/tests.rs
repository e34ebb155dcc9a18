//! Every kernel beside the `snap` crate, on what it packs, on streams that no packer writes, and on damaged ones.

use super::kernel::Kernel;
use super::stream::Stream;
use super::{Block, SIDE_BY_SIDE, unpack, unpack_together, unpacked_len};

/// Numbers that are the same every time (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// Values as columns have them.
    fn column(&mut self, len: usize) -> Vec<u8> {
        let (kind, step) = (self.below(9), 1 + self.below(70_000) as u64);
        let most = self.one_of(&[10, 1_000, 1 << 20, u64::MAX]);
        let mut last = self.next() % most;
        let mut out = Vec::new();
        while out.len() < len {
            let random = self.next();
            last = last.wrapping_add(step % (1 << (8 * self.below(3))));
            match kind {
                0 => out.extend(format!("{:032x}", u128::from(random) << 64 | 7).bytes()),
                1 => out.extend(last.to_le_bytes()),
                2 => out.extend((random % most).to_le_bytes()),
                3 => out.extend((last as u32).to_le_bytes()),
                4 => out.extend((20_000 + random as u32 % 3).to_le_bytes()),
                5 => out.extend([4, 0, 0, 0, b'a', b'b' + (random % 7) as u8, b'c', b'd']),
                6 => out.push((random % 2) as u8),
                7 => out.extend(format!("user{last}@mail.example").bytes()),
                _ => out.extend(random.to_le_bytes()),
            }
        }
        out.truncate(len);
        out
    }

    /// Tags as they come, most of which make sense.
    fn tags(&mut self) -> Vec<u8> {
        let (mut packed, mut made) = (Vec::new(), 0);
        let wanted = self.below(2_000);
        let runs = self.below(3);
        while made < wanted {
            let near = made.clamp(1, self.one_of(&[8, 70, 3_000, 70_000]));
            let offset = match self.below(50) {
                0 => self.below(1 << 16),
                1..=9 if made >= 8 => 8,
                _ => 1 + self.below(near),
            };
            let most = self.one_of(&[8, 17, 64]);
            let length = 1 + self.below(most);
            match (self.below(8), runs) {
                (0..=4, 2) if made >= 8 => {
                    let low = 1 + self.below(4);
                    packed.push((low as u8 - 1) << 2);
                    packed.extend(self.bytes(low));
                    packed.extend([(8 - low as u8 - 4) << 2 | 1, 8]);
                    made += 8;
                }
                (0..=2, _) => {
                    let length = match self.below(9) {
                        0 => length * 9,
                        _ => length,
                    };
                    let bytes = match length {
                        0..=60 => self.below(20).saturating_sub(15),
                        _ => 1 + self.below(4) + usize::from(length > 256),
                    };
                    match bytes.min(4) {
                        0 => packed.push((length as u8 - 1) << 2),
                        bytes => {
                            packed.push((59 + bytes as u8) << 2);
                            packed.extend(&(length as u32 - 1).to_le_bytes()[..bytes]);
                        }
                    }
                    packed.extend(self.bytes(length));
                    made += length;
                }
                (3..=5, _) if (4..12).contains(&length) && offset < 1 << 11 => {
                    let high = (offset >> 8) as u8;
                    packed.extend([high << 5 | (length as u8 - 4) << 2 | 1, offset as u8]);
                    made += length;
                }
                (6, _) => {
                    packed.push((length as u8 - 1) << 2 | 3);
                    packed.extend((offset as u32).to_le_bytes());
                    made += length;
                }
                _ => {
                    packed.push((length as u8 - 1) << 2 | 2);
                    packed.extend((offset as u16).to_le_bytes());
                    made += length;
                }
            }
        }
        let mut block = Vec::new();
        let mut left = made + usize::from(self.below(40) == 0);
        while left > 0x7f {
            block.push(left as u8 | 0x80);
            left >>= 7;
        }
        block.push(left as u8);
        block.extend(packed);
        block
    }

    fn block(&mut self) -> Vec<u8> {
        let mut block = match self.below(2) {
            0 => {
                let most = self.one_of(&[30, 300, 3_000]);
                let len = self.below(most);
                let column = self.column(len);
                let packed = snap::raw::Encoder::new().compress_vec(&column);
                packed.expect("packs")
            }
            _ => self.tags(),
        };
        // Half of them stay whole.
        for _ in 0..self.below(6).saturating_sub(2) {
            self.damage(&mut block);
        }
        block
    }

    fn damage(&mut self, block: &mut Vec<u8>) {
        let at = self.below(block.len());
        match self.below(6) {
            0 => block.truncate(at),
            1 => block.insert(at, self.next() as u8),
            2 if !block.is_empty() => drop(block.remove(at)),
            3 => {
                let more = self.below(70);
                block.extend(self.bytes(more));
            }
            _ => {
                if let Some(byte) = block.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

/// What the crate makes of a block.
fn reference(packed: &[u8]) -> Option<Vec<u8>> {
    // What a damaged head claims isn't worth its room.
    const MOST: usize = 1 << 20;
    let length = snap::raw::decompress_len(packed).ok()?;
    let unpacked = (length <= MOST).then(|| snap::raw::Decoder::new().decompress_vec(packed));
    unpacked?.ok()
}

/// Unpacks blocks side by side by a kernel, into the middle of buffers whose ends must stay as they are.
fn by(kernel: Kernel, blocks: &[Vec<u8>], lengths: &[usize]) -> Vec<Option<Vec<u8>>> {
    const BEFORE: usize = 3;
    const BEHIND: usize = 70;
    const FILL: u8 = 0xa5;
    let mut buffers: Vec<Vec<u8>> = lengths
        .iter()
        .map(|length| vec![FILL; BEFORE + length + BEHIND])
        .collect();
    let streams = blocks.iter().zip(&mut buffers).zip(lengths);
    let streams = streams.map(|((packed, buffer), length)| {
        Stream::new(packed, &mut buffer[BEFORE..BEFORE + length])
    });
    let unpacked: Vec<bool> = unpack_together(kernel, streams.collect()).collect();
    let ends = |buffer: &[u8]| [&buffer[..BEFORE], &buffer[buffer.len() - BEHIND..]].concat();
    let outcomes = unpacked.into_iter().zip(buffers);
    outcomes
        .map(|(is_unpacked, buffer)| {
            assert_eq!(ends(&buffer), [FILL; BEFORE + BEHIND], "{kernel:?}");
            is_unpacked.then(|| buffer[BEFORE..buffer.len() - BEHIND].to_vec())
        })
        .collect()
}

/// Compares groups of blocks; returns how many blocks were whole.
fn compare(seed: u64, groups: usize) -> usize {
    let mut random = Random(seed);
    let mut whole = 0;
    for group in 0..groups {
        let blocks = 1 + random.below(SIDE_BY_SIDE);
        let blocks: Vec<Vec<u8>> = (0..blocks).map(|_| random.block()).collect();
        let expected: Vec<_> = blocks.iter().map(|block| reference(block)).collect();
        // Where the crate says no, as much room as the block asks for, within reason.
        let lengths: Vec<usize> = blocks
            .iter()
            .map(|block| unpacked_len(block).unwrap_or(0).min(5_000))
            .collect();
        whole += expected.iter().flatten().count();
        for kernel in Kernel::available() {
            let unpacked = by(kernel, &blocks, &lengths);
            assert!(
                unpacked == expected,
                "{kernel:?}, group {group} of seed {seed}"
            );
        }
    }
    whole
}

#[test]
fn every_kernel_unpacks_what_the_crate_unpacks_and_refuses_what_it_refuses() {
    let groups = if cfg!(miri) { 60 } else { 50_000 };
    let whole = compare(1, groups);
    // Of two blocks a group.
    assert!(whole > groups / 2 && whole < groups * 3 / 2, "{whole}");
}

/// `OVERLAP_SEEDS=A..B` for other numbers.
#[test]
#[ignore = "ten million blocks: minutes in a release build"]
fn every_kernel_unpacks_what_the_crate_unpacks_for_long() {
    let seeds = std::env::var("OVERLAP_SEEDS").unwrap_or_else(|_| "2..102".into());
    let (start, end) = seeds.split_once("..").expect("a range");
    let seeds = start.parse::<u64>().expect("a number")..end.parse().expect("a number");
    let whole: usize = seeds.map(|seed| compare(seed, 50_000)).sum();
    println!("{whole} blocks were whole");
}

#[test]
fn pages_of_every_kind_come_back_whole() {
    let mut random = Random(7);
    let len = if cfg!(miri) { 3_000 } else { 300_000 };
    let columns: Vec<Vec<u8>> = (0..40).map(|i| random.column(len - 17 * i)).collect();
    let pack = |column: &Vec<u8>| snap::raw::Encoder::new().compress_vec(column);
    let packed: Vec<Vec<u8>> = columns.iter().map(|c| pack(c).expect("packs")).collect();
    let mut outs: Vec<Vec<u8>> = columns.iter().map(|column| vec![0; column.len()]).collect();
    let blocks = packed.iter().zip(&mut outs);
    let blocks = blocks.map(|(packed, out)| Block { packed, out });
    assert!(
        unpack(blocks.collect())
            .into_iter()
            .all(|is_unpacked| is_unpacked)
    );
    assert!(outs == columns);
}

#[test]
fn a_block_of_another_length_than_its_room_is_refused() {
    let packed = [3, 0b1000, 1, 2, 3];
    for room in 0..6 {
        let out = &mut vec![0; room][..];
        let packed = &packed[..];
        assert_eq!(unpack(vec![Block { packed, out }]), [room == 3], "{room}");
    }
    assert_eq!(unpacked_len(&packed), Some(3));
    for head in [
        &[][..],
        &[0x80],
        &[0xff, 0xff, 0xff, 0xff, 0x10],
        &[0x80; 6],
    ] {
        assert_eq!(unpacked_len(head), None);
    }
    assert_eq!(
        unpacked_len(&[0xff, 0xff, 0xff, 0xff, 0x0f]),
        Some(u32::MAX as usize)
    );
}
