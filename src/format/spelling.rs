//! What is known of the spelling of a sketch's IDs as bytes: the loose sample and what is frequent.

use super::cursor::Cursor;
use super::header::{self, Header, Kind};
use crate::error::{Error, Result};
use crate::spelling::{
    Doubles, Frequent, FrequentId, LooseParts, LooseSample, Spelling, StoredUser,
};

/// Readings beside that as written.
const LOOSER: usize = StoredUser::READINGS - 1;

/// The bit of a user's first byte that says that its IDs are short; those below say which readings are as the one
/// before them or as written.
const SHORT: u8 = 1 << LOOSER;

pub(super) fn encode(spelling: &Spelling, header: &Header) -> Vec<u8> {
    let parts = spelling.loose.parts();
    let mut body = Vec::new();
    // Both are at most 2^24.
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    body.extend(count(parts.k));
    body.extend(count(parts.users.len()));
    let (key, loosest) = parts.threshold.unwrap_or((0, 0));
    put(&mut body, key, KEY_BYTES);
    put(&mut body, loosest, HASH_BYTES);
    body.push(u8::from(parts.threshold.is_some()));
    for user in &parts.users {
        let differs = |reading: usize| user.hashes[reading] != user.hashes[0];
        let bits = (0..LOOSER).filter(|&i| differs(i + 1)).map(|i| 1_u8 << i);
        let short = if user.is_short { SHORT } else { 0 };
        body.push(bits.sum::<u8>() | short);
        put(&mut body, user.key, KEY_BYTES);
        put(&mut body, user.loosest, HASH_BYTES);
        put(&mut body, user.written, HASH_BYTES);
        body.extend(user.hashes[0].to_le_bytes());
        for reading in (1..=LOOSER).filter(|&reading| differs(reading)) {
            body.extend(user.hashes[reading].to_le_bytes());
        }
    }
    body.extend(spelling.frequent.rows().to_le_bytes());
    // There are at most 50 of at least 2 %.
    let ids = &spelling.frequent.ids()[..spelling.frequent.ids().len().min(u8::MAX.into())];
    body.push(u8::try_from(ids.len()).unwrap_or(u8::MAX));
    for id in ids {
        body.extend(id.hash.to_le_bytes());
        body.extend(id.share.to_bits().to_le_bytes());
        let form = &id.form.as_bytes()[..id.form.len().min(u8::MAX.into())];
        body.push(u8::try_from(form.len()).unwrap_or(u8::MAX));
        body.extend_from_slice(form);
    }
    header::wrap(Kind::Spelling, header, 0, &body)
}

const KEY_BYTES: usize = 6;
const HASH_BYTES: usize = 4;

fn put(body: &mut Vec<u8>, value: u64, bytes: usize) {
    body.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

pub(super) fn decode(blob: &[u8]) -> Result<(Header, Spelling)> {
    let (header, reserved, body) = header::unwrap(Kind::Spelling, blob)?;
    let parsed = match reserved {
        0 => parse(body),
        _ => Err(Error::input("its eighth byte isn't 0")),
    };
    let spelling = parsed.map_err(|e| Kind::Spelling.locate(e))?;
    Ok((header, spelling))
}

fn parse(body: &[u8]) -> Result<Spelling> {
    let mut bytes = Cursor::new(body);
    let k = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
    let count = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
    let (key, loosest) = (get(&mut bytes, KEY_BYTES)?, get(&mut bytes, HASH_BYTES)?);
    let threshold = match (bytes.u8()?, key, loosest) {
        (0, 0, 0) => None,
        (1, ..) => Some((key, loosest)),
        _ => return Err(Error::input("a threshold that is none")),
    };
    // Before room is made: a user takes at least so many bytes.
    let least = 1 + KEY_BYTES + 2 * HASH_BYTES + size_of::<u16>();
    if count > k || count.saturating_mul(least) > bytes.remaining() {
        return Err(Error::input(format!(
            "{count} users are said to be there, of {k}"
        )));
    }
    let users = (0..count)
        .map(|_| user(&mut bytes))
        .collect::<Result<_>>()?;
    let loose = LooseSample::from_parts(LooseParts {
        k,
        threshold,
        users,
    })?;
    let rows = bytes.u64()?;
    let ids = bytes.u8()?;
    let ids = (0..ids)
        .map(|_| frequent(&mut bytes))
        .collect::<Result<_>>()?;
    match bytes.remaining() {
        0 => Ok(Spelling {
            loose,
            frequent: Frequent::new(rows, ids),
            doubles: Doubles::default(),
        }),
        surplus => Err(Error::input(format!("{surplus} bytes too many"))),
    }
}

fn get(bytes: &mut Cursor<'_>, len: usize) -> Result<u64> {
    let mut word = [0; 8];
    word[..len].copy_from_slice(bytes.take(len)?);
    Ok(u64::from_le_bytes(word))
}

fn user(bytes: &mut Cursor<'_>) -> Result<StoredUser> {
    let bits = bytes.u8()?;
    if bits >= 2 * SHORT {
        return Err(Error::input("a user of unknown readings"));
    }
    let (key, loosest) = (get(bytes, KEY_BYTES)?, get(bytes, HASH_BYTES)?);
    let written = get(bytes, HASH_BYTES)?;
    let hash = |bytes: &mut Cursor<'_>| Ok(u16::from_le_bytes(bytes.items::<2>(1)?[0]));
    let first = hash(bytes)?;
    let mut hashes = [first; StoredUser::READINGS];
    for (i, reading) in hashes[1..].iter_mut().enumerate() {
        if bits >> i & 1 == 1 {
            *reading = hash(bytes)?;
            if *reading == first {
                return Err(Error::input(
                    "a reading that is as written and says otherwise",
                ));
            }
        }
    }
    Ok(StoredUser {
        key,
        loosest,
        written,
        hashes,
        is_short: bits & SHORT != 0,
    })
}

fn frequent(bytes: &mut Cursor<'_>) -> Result<FrequentId> {
    let (hash, share) = (bytes.u64()?, f64::from_bits(bytes.u64()?));
    let len = bytes.u8()?;
    let form = std::str::from_utf8(bytes.take(len.into())?).ok();
    // It is shown at a terminal.
    let form = form.filter(|form| !form.chars().any(char::is_control));
    let form = form.ok_or_else(|| Error::input("a form that can't be shown"))?;
    if !(share > 0.0 && share <= 1.0) {
        return Err(Error::input(format!("a share of {share}")));
    }
    Ok(FrequentId {
        hash,
        share,
        form: form.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::HashScheme;
    use crate::id::{ByteIds, IdBatch, IdDomain, Profile};
    use crate::spelling::{Reading, Speller, meet};

    fn header() -> Header {
        Header {
            scheme: HashScheme::Xxh3,
            domain: Some(IdDomain::Text),
            profile: Profile::default(),
        }
    }

    fn spelling(ids: impl Iterator<Item = String>) -> Spelling {
        let ids: Vec<String> = ids.collect();
        let ids: Vec<&[u8]> = ids.iter().map(String::as_bytes).collect();
        let mut speller = Speller::new(512);
        speller.push_users(&ByteIds::Slices(&ids));
        speller.push_rows(IdBatch::Text(ByteIds::Slices(&ids)));
        speller.finish()
    }

    #[test]
    fn what_is_stored_says_the_same_and_is_small() {
        let id = |i: u64| {
            format!(
                "{:x}{:016x}@Example.org",
                i % 7,
                i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            )
        };
        let zeros = |i: u64| {
            if i.is_multiple_of(9) {
                "0000".to_owned()
            } else {
                id(i).to_uppercase()
            }
        };
        let (ours, theirs) = (
            spelling((0..20_000).map(id)),
            spelling((5_000..30_000).map(zeros)),
        );
        let back = [&ours, &theirs].map(|spelling| {
            let blob = encode(spelling, &header());
            assert!(blob.len() < 13_000, "{} bytes", blob.len());
            let (header, back) = decode(&blob).expect("reads");
            assert_eq!(encode(&back, &header), blob);
            back
        });
        let meeting = meet(&back[0].loose, &back[1].loose);
        assert_eq!(meeting, meet(&ours.loose, &theirs.loose));
        assert_eq!(meeting.best(), Some(Reading::Folded));
        assert_eq!(back[1].frequent, theirs.frequent);
        assert_eq!(back[1].frequent.placeholders().count(), 1);
    }

    #[test]
    fn damage_is_refused() {
        let blob = encode(
            &spelling((0..2_000).map(|i| format!("user-{i:x}"))),
            &header(),
        );
        for at in 0..blob.len() {
            let mut bad = blob.clone();
            bad[at] ^= 1;
            assert!(decode(&bad).is_err(), "byte {at}");
            assert!(decode(&blob[..at]).is_err(), "{at} bytes");
        }
        // Behind a right checksum too.
        let body = &blob[header::HEADER_BYTES..blob.len() - 4];
        for at in 0..body.len().min(400) {
            let mut bad = body.to_vec();
            bad[at] ^= 0x80;
            let bad = header::wrap(Kind::Spelling, &header(), 0, &bad);
            if let Ok((header, read)) = decode(&bad) {
                assert_eq!(encode(&read, &header), bad, "byte {at} has two encodings");
            }
        }
    }
}
