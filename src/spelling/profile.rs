//! What the IDs of a set look like: their form, length, case and what stands around them.

use super::form::{self, Scratch};
use std::collections::BTreeMap;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The form of an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// Nothing, or nothing but blanks and punctuation.
    Empty,
    /// Decimal digits, with a sign or not.
    Digits,
    /// Decimal digits behind at least one zero.
    LeadingZeros,
    /// A whole number with a fraction of zeros, such as `1234.0`.
    Decimal,
    /// A whole number with an exponent, such as `1.0E5`.
    Exponent,
    /// A whole number in groups of three digits.
    Grouped,
    /// A UUID; its version, 0 where its digit is none.
    Uuid(u8),
    /// 32 hexadecimal digits: MD5, or a UUID without hyphens.
    Hex16,
    /// 40 hexadecimal digits: SHA-1.
    Hex20,
    /// 64 hexadecimal digits: SHA-256.
    Hex32,
    /// 16 bytes in base64.
    Base64Of16,
    /// 20 bytes in base64.
    Base64Of20,
    /// 32 bytes in base64.
    Base64Of32,
    /// 16, 20 or 32 bytes that are no text.
    RawBytes,
    /// An e-mail address.
    Email,
    /// A telephone number with a plus, blanks or brackets.
    Phone,
    /// Any other text.
    Text,
}

impl Shape {
    /// The form of an ID.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        if form::is_raw_digest(value) {
            return Self::RawBytes;
        }
        let mut scratch = Scratch::default();
        let core = form::core(value, &mut scratch.wide);
        let own = form::without_prefix(core);
        if !own.iter().copied().any(form::counts) {
            return Self::Empty;
        }
        if is_email(core) {
            return Self::Email;
        }
        if form::digest_bytes(own, &mut scratch.bare) {
            let is_hex = own.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
            return match (scratch.bare.len(), is_hex, own.len()) {
                (16, true, 36) => Self::Uuid(version(own[14])),
                (16, true, _) => Self::Hex16,
                (20, true, _) => Self::Hex20,
                (_, true, _) => Self::Hex32,
                (16, ..) => Self::Base64Of16,
                (20, ..) => Self::Base64Of20,
                _ => Self::Base64Of32,
            };
        }
        if is_phone(core) {
            return Self::Phone;
        }
        match form::number(own, &mut scratch.digits) {
            Some(_) => Self::of_number(own),
            None => Self::Text,
        }
    }

    fn of_number(text: &[u8]) -> Self {
        let has = |wanted: &[u8]| text.iter().any(|byte| wanted.contains(byte));
        let digits = text.trim_prefix_signs();
        match digits {
            _ if has(b"eE") => Self::Exponent,
            _ if has(b", _'") || text.iter().filter(|&&b| b == b'.').count() > 1 => Self::Grouped,
            _ if has(b".") => Self::Decimal,
            [b'0', _, ..] => Self::LeadingZeros,
            _ => Self::Digits,
        }
    }

    /// How many bytes a digest or UUID of this form stands for; `None` of forms that are neither.
    #[must_use]
    pub const fn digest_bytes(self) -> Option<u8> {
        match self {
            Self::Uuid(_) | Self::Hex16 | Self::Base64Of16 => Some(16),
            Self::Hex20 | Self::Base64Of20 => Some(20),
            Self::Hex32 | Self::Base64Of32 => Some(32),
            _ => None,
        }
    }

    /// The form that nearly all of some IDs have, UUIDs whatever their version; `None` if there is none, or too few
    /// IDs to say so.
    #[must_use]
    pub fn of_nearly_all<'a>(ids: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        const IDS_MIN: usize = 20;
        const PERCENT_MIN: usize = 95;
        let (mut count, mut counts) = (0, BTreeMap::new());
        for id in ids {
            let form = match Self::of(id) {
                Self::Uuid(_) => Self::Uuid(0),
                form => form,
            };
            count += 1;
            *counts.entry(form).or_insert(0_usize) += 1;
        }
        let (form, most) = counts.into_iter().max_by_key(|&(_, most)| most)?;
        (count >= IDS_MIN && 100 * most >= PERCENT_MIN * count).then_some(form)
    }

    /// The form in words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Empty => "no letters and digits",
            Self::Digits => "digits",
            Self::LeadingZeros => "digits with leading zeros",
            Self::Decimal => "numbers with a fraction of zeros",
            Self::Exponent => "numbers with an exponent",
            Self::Grouped => "numbers in groups of digits",
            Self::Uuid(0) => "UUIDs",
            Self::Uuid(version) => return format!("UUIDs of version {version}"),
            Self::Hex16 => "32 hexadecimal digits (MD5, or a UUID without hyphens)",
            Self::Hex20 => "40 hexadecimal digits (SHA-1)",
            Self::Hex32 => "64 hexadecimal digits (SHA-256)",
            Self::Base64Of16 => "16 bytes in base64",
            Self::Base64Of20 => "20 bytes in base64 (SHA-1)",
            Self::Base64Of32 => "32 bytes in base64 (SHA-256)",
            Self::RawBytes => "bytes",
            Self::Email => "e-mail addresses",
            Self::Phone => "telephone numbers",
            Self::Text => "text",
        }
        .to_owned()
    }
}

/// Text without a sign before it.
trait Signed {
    fn trim_prefix_signs(&self) -> &[u8];
}

impl Signed for [u8] {
    fn trim_prefix_signs(&self) -> &[u8] {
        self.strip_prefix(b"+")
            .or(self.strip_prefix(b"-"))
            .unwrap_or(self)
    }
}

/// The version that a UUID's digit says.
fn version(digit: u8) -> u8 {
    match digit {
        b'1'..=b'8' => digit - b'0',
        _ => 0,
    }
}

fn is_email(text: &[u8]) -> bool {
    let mut parts = text.split(|&byte| byte == b'@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    !local.is_empty() && domain.contains(&b'.') && !text.iter().any(u8::is_ascii_whitespace)
}

/// E.164 has at most 15 digits; fewer than 8 are no international number.
fn is_phone(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let allowed = |byte: &u8| byte.is_ascii_digit() || b"+-() ./".contains(byte);
    let groups = text
        .split(|byte| !byte.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .count();
    let is_marked = text.first() == Some(&b'+') && !text.contains(&b'.');
    let is_grouped = text.iter().any(|byte| b"-() ".contains(byte)) && groups >= 3;
    (8..=15).contains(&digits) && text.iter().all(allowed) && (is_marked || is_grouped)
}

/// What may be odd about an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mark {
    /// Capitals and no small letters.
    Capitals,
    /// Capitals and small letters.
    MixedCase,
    /// Blanks or invisible characters around it.
    Blanks,
    /// Quotes around it.
    Quotes,
    /// Braces around it.
    Braces,
    /// A byte order mark at its beginning.
    ByteOrderMark,
    /// A prefix such as `0x`, `sha256:` or `usr_`.
    Prefix,
    /// Letters or digits of full width.
    FullWidth,
    /// Letters and accents apart (not in Unicode's form NFC).
    Decomposed,
    /// The alphabet of base64 that is for addresses.
    Base64Url,
    /// A number above 2^53 that a double can hold.
    Rounded,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 11] = [
        Self::Capitals,
        Self::MixedCase,
        Self::Blanks,
        Self::Quotes,
        Self::Braces,
        Self::ByteOrderMark,
        Self::Prefix,
        Self::FullWidth,
        Self::Decomposed,
        Self::Base64Url,
        Self::Rounded,
    ];

    /// The mark in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Capitals => "in capitals",
            Self::MixedCase => "in mixed case",
            Self::Blanks => "with blanks or invisible characters around",
            Self::Quotes => "in quotes",
            Self::Braces => "in braces",
            Self::ByteOrderMark => "behind a byte order mark",
            Self::Prefix => "behind a prefix",
            Self::FullWidth => "in full-width characters",
            Self::Decomposed => "with letters and accents apart (not NFC)",
            Self::Base64Url => "in base64 for addresses",
            Self::Rounded => "numbers that may have been rounded by a double",
        }
    }

    fn holds(self, value: &[u8]) -> bool {
        let text = std::str::from_utf8(value).unwrap_or("");
        let (upper, lower) = (
            text.chars().any(char::is_uppercase),
            text.chars().any(char::is_lowercase),
        );
        let around = |open: &[u8], close: &[u8]| {
            let inner = text.trim_matches(form::is_blank).as_bytes();
            inner.first().is_some_and(|byte| open.contains(byte))
                && inner.last().is_some_and(|byte| close.contains(byte))
        };
        match self {
            Self::Capitals => upper && !lower,
            Self::MixedCase => upper && lower,
            Self::Blanks => text != text.trim_matches(form::is_blank),
            Self::Quotes => around(b"\"'", b"\"'"),
            Self::Braces => around(b"{[(", b"}])"),
            Self::ByteOrderMark => text.starts_with('\u{feff}'),
            Self::Prefix => {
                let mut wide = Vec::new();
                let core = form::core(value, &mut wide);
                form::without_prefix(core).len() < core.len()
            }
            Self::FullWidth => text.chars().any(|c| matches!(c, '\u{ff01}'..='\u{ff5e}')),
            Self::Decomposed => !text.is_ascii() && !is_nfc(text) && text.nfc().ne(text.chars()),
            Self::Base64Url => text.contains(['-', '_']) && is_base64(Shape::of(value)),
            Self::Rounded => is_rounded(text),
        }
    }
}

const fn is_base64(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Base64Of16 | Shape::Base64Of20 | Shape::Base64Of32
    )
}

/// Whether a number above 2^53 has so many zero bits at its end that a double holds it.
fn is_rounded(text: &str) -> bool {
    const BITS: u32 = f64::MANTISSA_DIGITS;
    let Ok(number) = text.parse::<i128>() else {
        return false;
    };
    let number = number.unsigned_abs();
    number >> BITS > 0 && number.trailing_zeros() + BITS >= u128::BITS - number.leading_zeros()
}

/// What an ID looks like in words, without the ID itself: for an ID that may not be shown.
#[must_use]
pub fn describe(value: &[u8]) -> String {
    const WORDS: [&str; 10] = [
        "null",
        "none",
        "nil",
        "nan",
        "n/a",
        "na",
        "unknown",
        "undefined",
        "anonymous",
        "guest",
    ];
    if value.is_empty() {
        return "the empty text".into();
    }
    let text = String::from_utf8_lossy(value);
    let bare: Vec<u8> = value.iter().copied().filter(|&b| form::counts(b)).collect();
    let lower = text.trim().to_lowercase();
    if WORDS.contains(&&*lower) {
        return format!("the word {lower:?}");
    }
    let characters = text.chars().count();
    let noun = match Shape::of(value) {
        Shape::Empty => {
            return format!("{characters} characters, none of them a letter or a digit");
        }
        Shape::Uuid(_) => "a UUID".to_owned(),
        Shape::Hex16 | Shape::Hex20 | Shape::Hex32 => format!("{} hexadecimal digits", bare.len()),
        Shape::Base64Of16 | Shape::Base64Of20 | Shape::Base64Of32 => "bytes in base64".to_owned(),
        Shape::RawBytes => format!("{} bytes", value.len()),
        Shape::Email => "an e-mail address".to_owned(),
        Shape::Phone => "a telephone number".to_owned(),
        Shape::Text => format!("a text of {characters} characters"),
        _ if matches!(&*text, "0" | "-1" | "1") => return format!("the number {text}"),
        _ => format!("a number of {} digits", bare.len()),
    };
    match bare.split_first() {
        Some((b'0', rest)) if rest.iter().all(|&byte| byte == b'0') => format!("{noun}, all zeros"),
        Some((first, rest)) if !rest.is_empty() && rest.iter().all(|byte| byte == first) => {
            format!("{noun}, all the same character")
        }
        _ => noun,
    }
}

/// What the IDs of a set look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// IDs that were looked at.
    pub ids: u64,
    /// The shortest and the longest of them, in bytes.
    pub lengths: Option<(usize, usize)>,
    /// How many have each form, the most common first.
    pub shapes: Vec<(Shape, u64)>,
    /// How many have each mark, those with none left out.
    pub marks: Vec<(Mark, u64)>,
}

impl Profile {
    /// The profile of some IDs.
    #[must_use]
    pub fn of<'a>(ids: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut profile = Self::default();
        let mut marks = [0_u64; Mark::ALL.len()];
        for id in ids {
            profile.ids += 1;
            let (least, most) = profile.lengths.unwrap_or((id.len(), id.len()));
            profile.lengths = Some((least.min(id.len()), most.max(id.len())));
            let shape = Shape::of(id);
            match profile.shapes.iter_mut().find(|(known, _)| *known == shape) {
                Some((_, count)) => *count += 1,
                None => profile.shapes.push((shape, 1)),
            }
            for (count, mark) in marks.iter_mut().zip(Mark::ALL) {
                *count += u64::from(mark.holds(id));
            }
        }
        profile
            .shapes
            .sort_by_key(|&(shape, count)| (std::cmp::Reverse(count), shape));
        let marks = Mark::ALL.into_iter().zip(marks);
        profile.marks = marks.filter(|&(_, count)| count > 0).collect();
        profile
    }

    /// The form of most IDs.
    #[must_use]
    pub fn main(&self) -> Option<Shape> {
        self.shapes.first().map(|&(shape, _)| shape)
    }

    /// How many IDs have a mark.
    #[must_use]
    pub fn count(&self, mark: Mark) -> u64 {
        self.marks
            .iter()
            .find(|(known, _)| *known == mark)
            .map_or(0, |&(_, count)| count)
    }
}
