//! What the protocol refuses: damage, other runs and options, points and numbers that can't be, few users.

use super::message::Closed;
use super::tests::{Run, decode_answer, decode_closing, decode_offer, options, own};
use super::*;
use crate::error::{ErrorKind, Result};
use sha2::{Digest, Sha256};

/// Puts the right tag below changed bytes.
fn retagged(mut bytes: Vec<u8>) -> Vec<u8> {
    let covered = bytes.len() - 32;
    let tag: [u8; 32] = Sha256::digest(&bytes[..covered]).into();
    bytes[covered..].copy_from_slice(&tag);
    bytes
}

#[test]
fn sides_of_few_users_are_refused_by_either() {
    let few = |own: Own, users_min: u64| Own { users_min, ..own };
    let mut random = Random::new([1; 32]);
    let (small, large) = (own("small", 0..9, 64), own("large", 0..500, 64));
    let kind = |error: Result<(Vec<u8>, AnswerSecret)>| error.expect_err("refused").kind();
    let refused = offer(&few(small.clone(), 10), &mut random).expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(
        refused
            .message()
            .contains("small has fewer users than the 10"),
        "{refused}"
    );
    let (bytes, secret) = offer(&few(large.clone(), 10), &mut random).expect("offers");
    let offered = decode_offer(&bytes);
    assert_eq!(
        kind(answer(&offered, &few(small.clone(), 10), &mut random)),
        ErrorKind::Refused
    );
    // B has no such rule; A has.
    let (bytes, _) = answer(&offered, &small, &mut random).expect("answers");
    let answered = decode_answer(&bytes).expect("an answer");
    assert_eq!(
        kind(finish(&secret, &answered, &mut random)),
        ErrorKind::Refused
    );
    let (bytes, _) = offer(&small, &mut random).expect("offers");
    let error = answer(&decode_offer(&bytes), &few(large, 10), &mut random);
    assert_eq!(kind(error), ErrorKind::Refused);
}

#[test]
fn damaged_messages_and_secrets_are_refused() {
    let run = Run::of(&own("a", 0..40, 16), &own("b", 30..60, 16), 1);
    let secret = Secret::Offered(run.offer_secret.clone()).encode();
    let refused = |bytes: &[u8], is_secret: bool| match is_secret {
        true => Secret::decode(bytes)
            .map(|_| ())
            .expect_err("refused")
            .kind(),
        false => Message::decode(bytes)
            .map(|_| ())
            .expect_err("refused")
            .kind(),
    };
    for (bytes, is_secret) in [
        (&run.offer, false),
        (&run.answer, false),
        (&run.result, false),
        (&secret, true),
    ] {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let expected = match at {
                0..8 => ErrorKind::Input,
                8 => ErrorKind::Incomparable,
                _ => ErrorKind::Refused,
            };
            assert_eq!(refused(&flipped, is_secret), expected, "byte {at}");
            let expected = if at < 8 {
                ErrorKind::Input
            } else {
                ErrorKind::Refused
            };
            assert_eq!(refused(&bytes[..at], is_secret), expected, "cut at {at}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(refused(&longer, is_secret), ErrorKind::Refused);
        assert_eq!(refused(&retagged(longer), is_secret), ErrorKind::Refused);
    }
}

/// Whatever stands in a message with a right tag, it is read or refused, and nothing panics.
#[test]
fn hostile_messages_are_read_or_refused() {
    let run = Run::of(&own("a", 0..40, 16), &own("b", 30..60, 16), 1);
    let mut random = Random::new([9; 32]);
    let b = own("b", 30..60, 16);
    let answer_secret = Secret::Answered(run.answer_secret.clone()).encode();
    let (mut read, mut refused) = (0, 0);
    for turn in 0..4_000_u32 {
        let source = [&run.offer, &run.answer, &run.result, &answer_secret][(turn % 4) as usize];
        let mut bytes = source.clone();
        let fields = bytes.len() - 32;
        for _ in 0..=turn % 3 {
            let place = usize::from(u16::from_le_bytes(random.bytes()));
            // Fields stand at the beginning; points fill the rest.
            let place = 9 + if turn % 2 == 0 { place % 200 } else { place };
            bytes[place % fields] = random.bytes::<1>()[0];
        }
        let bytes = retagged(bytes);
        let outcome = if turn % 4 == 3 {
            Secret::decode(&bytes).map(|_| ())
        } else {
            Message::decode(&bytes).and_then(|message| match message {
                Message::Offer(offer) => answer(&offer, &b, &mut random).map(|_| ()),
                Message::Answer(answer) => {
                    finish(&run.offer_secret, &answer, &mut random).map(|_| ())
                }
                Message::Closing(closing) => conclude(&run.answer_secret, &closing).map(|_| ()),
            })
        };
        match outcome {
            Ok(()) => read += 1,
            Err(error) => {
                refused += 1;
                let fits = [
                    ErrorKind::Input,
                    ErrorKind::Incomparable,
                    ErrorKind::Refused,
                ];
                assert!(fits.contains(&error.kind()), "{error:?}");
            }
        }
    }
    assert!(
        read > 10 && refused > 1_000,
        "{read} read, {refused} refused"
    );
}

#[test]
fn messages_of_another_run_are_refused() {
    let (a, b) = (own("a", 0..40, 16), own("b", 30..60, 16));
    let (one, other) = (Run::of(&a, &b, 1), Run::of(&a, &b, 2));
    let mut random = Random::new([3; 32]);
    let answered = decode_answer(&other.answer).expect("an answer");
    let error = finish(&one.offer_secret, &answered, &mut random).expect_err("another run");
    assert_eq!(error.kind(), ErrorKind::Incomparable);
    for secret in [&one.answer_secret, &one.finished] {
        let error = conclude(secret, &decode_closing(&other.result)).expect_err("another run");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
    // Two answers to one offer: the result of one isn't that of the other.
    let offered = decode_offer(&one.offer);
    let (_, second) = answer(&offered, &b, &mut random).expect("answers");
    let error = conclude(&second, &decode_closing(&one.result)).expect_err("another answer");
    assert_eq!(error.kind(), ErrorKind::Incomparable);
}

#[test]
fn other_options_are_refused_with_both_values() {
    let offer = Run::of(&own("a", 0..40, 16), &own("b", 30..60, 16), 1).offer;
    let offered = decode_offer(&offer);
    let plain = options(None);
    let others = [
        (
            Options {
                hash: "murmur3".into(),
                ..plain.clone()
            },
            "hash xxh3 there, murmur3 here",
        ),
        (
            Options {
                id_type: "string".into(),
                ..plain.clone()
            },
            "id type integer there, string here",
        ),
        (
            Options {
                profile: "email/1".into(),
                ..plain.clone()
            },
            "rules none there, email/1 here",
        ),
        (
            Options {
                by: "tier".into(),
                ..plain.clone()
            },
            "segments by none there, tier here",
        ),
        (
            Options { bits: 63, ..plain },
            "sampled bits 48 there, 63 here",
        ),
        (options(Some(0.5)), "epsilon none there, 0.5 here"),
    ];
    for (options, words) in others {
        let b = Own {
            options,
            ..own("b", 30..60, 16)
        };
        let error = answer(&offered, &b, &mut Random::new([1; 32])).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
        assert!(error.message().contains(words), "{error}");
    }
}

/// Every list of points there is: with a point outside the group, with one twice, and out of order.
#[test]
fn points_that_can_not_be_are_refused_wherever_they_stand() {
    let (a, b) = (own("a", 0..40, 16), own("b", 30..60, 16));
    let run = Run::of(&a, &b, 1);
    let mut random = Random::new([2; 32]);
    type Spoil = fn(&mut Vec<[u8; 32]>);
    let spoils: [(Spoil, &str); 4] = [
        (|list| list[15] = [0xff; 32], "outside the group"),
        (|list| list[0] = [0; 32], "outside the group"),
        (|list| list[3] = list[4], "twice"),
        (|list| list.swap(3, 4), "out of order"),
    ];
    for (spoil, words) in spoils {
        let mut offered = decode_offer(&run.offer);
        spoil(&mut offered.batches[0].elements);
        let error = answer(&decode_offer(&offered.encode()), &b, &mut random).expect_err(words);
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.message().contains(words), "{error}");
        for list in 0..2 {
            let mut answered = decode_answer(&run.answer).expect("an answer");
            let batch = &mut answered.batches[0];
            spoil(if list == 0 {
                &mut batch.again
            } else {
                &mut batch.elements
            });
            let decoded = decode_answer(&answered.encode()).expect("an answer");
            let error = finish(&run.offer_secret, &decoded, &mut random).expect_err(words);
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.message().contains(words), "{error}");
        }
    }
}

#[test]
fn impossible_numbers_are_refused() {
    let run = Run::of(&own("a", 0..40, 64), &own("b", 30..60, 64), 1);
    for (below, matches) in [(40, 31), (40, -1), (39, 10), (41, 10), (u64::MAX, 10)] {
        let mut closing = decode_closing(&run.result);
        closing.batches[0] = Closed { below, matches };
        let error = conclude(&run.answer_secret, &closing).expect_err("impossible");
        assert_eq!(error.kind(), ErrorKind::Refused, "{below}, {matches}");
    }
    let mut answered = decode_answer(&run.answer).expect("an answer");
    answered.batches[0].below = 29;
    let decoded = decode_answer(&answered.encode()).expect("an answer");
    let error = finish(&run.offer_secret, &decoded, &mut Random::new([1; 32]));
    assert_eq!(error.expect_err("impossible").kind(), ErrorKind::Refused);
}

#[test]
fn secrets_come_back_from_their_bytes_and_are_not_printed() {
    let run = Run::of(&own("a", 0..40, 16), &own("b", 30..60, 16), 1);
    let bytes = Secret::Offered(run.offer_secret.clone()).encode();
    let Secret::Offered(offered) = Secret::decode(&bytes).expect("a secret") else {
        panic!("another secret");
    };
    assert_eq!(offered.alpha, run.offer_secret.alpha);
    assert_eq!(
        offered.samples[0].hashes,
        run.offer_secret.samples[0].hashes
    );
    let printed = format!("{:?} {:?}", run.offer_secret, run.offer_secret.samples[0]);
    let largest = run.offer_secret.samples[0]
        .hashes
        .last()
        .expect("a hash")
        .to_string();
    assert!(!printed.contains(&largest), "{printed}");
    assert!(!printed.contains("alpha"), "{printed}");
    // The key is nowhere in what is left of a finished run.
    let left = Secret::Finished(run.finished.clone()).encode();
    assert!(
        !left
            .windows(32)
            .any(|bytes| bytes == run.offer_secret.alpha)
    );
    assert!(matches!(Secret::decode(&left), Ok(Secret::Finished(_))));
    let bytes = Secret::Answered(run.answer_secret).encode();
    assert!(matches!(Secret::decode(&bytes), Ok(Secret::Answered(_))));
}
