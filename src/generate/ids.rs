//! Numbers → IDs: a bijection for every kind.

use super::rows::mix;
use crate::error::Error;
use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Int32Array, Int64Array, StringBuilder, UInt64Array,
};
use arrow::datatypes::DataType;
use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

/// What generated IDs look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdKind {
    /// 64-bit integers all over the range.
    #[default]
    Random,
    /// Every seventh integer from 1,000,000 on: a database's own keys.
    Sequential,
    /// 32-bit integers, half of them negative.
    Int32,
    /// Unsigned 64-bit integers, half of them above the sign bit.
    Uint64,
    /// 36 characters of text.
    Uuid,
    /// 32 hexadecimal digits as text.
    Hex,
    /// Text that looks like e-mail addresses.
    Email,
    /// 16 bytes.
    Binary16,
}

impl IdKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Random,
        Self::Sequential,
        Self::Int32,
        Self::Uint64,
        Self::Uuid,
        Self::Hex,
        Self::Email,
        Self::Binary16,
    ];

    /// The name that users type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Sequential => "sequential",
            Self::Int32 => "int32",
            Self::Uint64 => "uint64",
            Self::Uuid => "uuid",
            Self::Hex => "hex",
            Self::Email => "email",
            Self::Binary16 => "binary16",
        }
    }

    /// How many different IDs of this kind there are.
    #[must_use]
    pub const fn users_max(self) -> u64 {
        match self {
            Self::Int32 => 1 << 31,
            // A UUID's last 48 bits carry the number; the others stay far from their bounds too.
            _ => 1 << 48,
        }
    }

    pub(super) const fn data_type(self) -> DataType {
        match self {
            Self::Random | Self::Sequential => DataType::Int64,
            Self::Int32 => DataType::Int32,
            Self::Uint64 => DataType::UInt64,
            Self::Uuid | Self::Hex | Self::Email => DataType::Utf8,
            Self::Binary16 => DataType::FixedSizeBinary(16),
        }
    }

    /// The IDs of users by number, null where there is none.
    pub(super) fn array(self, users: &[Option<u64>], seed: u64) -> ArrayRef {
        let users = users.iter().copied();
        match self {
            Self::Random => Arc::new(Int64Array::from_iter(
                users.map(|user| user.map(|user| mix(user, seed).cast_signed())),
            )),
            Self::Sequential => Arc::new(Int64Array::from_iter(
                users.map(|user| user.map(|user| 1_000_000 + 7 * user.cast_signed())),
            )),
            Self::Int32 => Arc::new(Int32Array::from_iter(
                users.map(|user| user.map(|user| int32(user, seed))),
            )),
            Self::Uint64 => Arc::new(UInt64Array::from_iter(
                users.map(|user| user.map(|user| mix(user, seed))),
            )),
            Self::Uuid => texts(users, |user, out| uuid(user, seed, out)),
            Self::Hex => texts(users, |user, out| {
                write!(out, "{:016x}{:016x}", mix(user, seed), mix(user, !seed))
            }),
            Self::Email => texts(users, |user, out| email(user, seed, out)),
            Self::Binary16 => {
                let mut builder = FixedSizeBinaryBuilder::with_capacity(users.len(), 16);
                for user in users {
                    match user.map(|user| [mix(user, seed), mix(user, !seed)]) {
                        // The width is right by construction.
                        Some([high, low]) => {
                            let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
                            let _ = builder.append_value(bytes);
                        }
                        None => builder.append_null(),
                    }
                }
                Arc::new(builder.finish())
            }
        }
    }
}

impl FromStr for IdKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                Error::usage(format!("{text} is no kind of id")).hint(format!("there are {names}"))
            })
    }
}

/// One to one from 31 bits to `i32`: 30 bits of magnitude, one of sign.
fn int32(user: u64, seed: u64) -> i32 {
    const BITS: u32 = 31;
    let mask = (1 << BITS) - 1;
    // An odd factor and an offset permute the integers below 2^31.
    let spread = user
        .wrapping_mul(mix(seed, 1) | 1)
        .wrapping_add(mix(seed, 2))
        & mask;
    let word = spread as u32;
    // The lowest bit becomes the sign: still one to one.
    ((word >> 1) | (word & 1) << BITS).cast_signed()
}

fn texts(
    users: impl ExactSizeIterator<Item = Option<u64>>,
    write: impl Fn(u64, &mut Vec<u8>) -> std::io::Result<()>,
) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(users.len(), users.len() * 36);
    let mut text = Vec::new();
    for user in users {
        text.clear();
        match user {
            // Writing into a Vec can't fail, and what is written is ASCII.
            Some(user) => {
                let _ = write(user, &mut text);
                builder.append_value(String::from_utf8_lossy(&text));
            }
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}

/// A version 4 UUID (RFC 9562) whose last 48 bits are a permutation of the user's number.
fn uuid(user: u64, seed: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let node_mask = (1_u64 << 48) - 1;
    let node = user
        .wrapping_mul(mix(seed, 3) | 1)
        .wrapping_add(mix(seed, 4))
        & node_mask;
    let (high, low) = (mix(user, seed), mix(user, !seed));
    write!(
        out,
        "{:08x}-{:04x}-4{:03x}-{:04x}-{node:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | (low & 0x3fff),
    )
}

fn email(user: u64, seed: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    const FIRST: [&str; 8] = ["ana", "wei", "liu", "max", "ines", "omar", "yuki", "noor"];
    const LAST: [&str; 8] = [
        "chen", "silva", "khan", "meyer", "sato", "rossi", "ali", "novak",
    ];
    const HOST: [&str; 4] = [
        "mail.example",
        "post.example",
        "web.example",
        "inbox.example",
    ];
    let word = mix(user, seed);
    let (first, last) = (FIRST[(word & 7) as usize], LAST[(word >> 3 & 7) as usize]);
    write!(
        out,
        "{first}.{last}{user}@{}",
        HOST[(word >> 6 & 3) as usize]
    )
}
