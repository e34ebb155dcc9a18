//! The protocol between two sides in one process: what they learn, what they don't, and what they refuse.

use super::bytes::Tag;
use super::group::{Element, blinded, sorted, to_bytes};
use super::message::{Answer, Answered, Closed, Closing, Offered};
use super::secret::OfferSecret;
use super::*;
use crate::error::{ErrorKind, Result};
use curve25519_dalek::Scalar;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// A hash of 48 bits that looks random (splitmix64).
fn hash(user: u64) -> u64 {
    let mut z = user.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 16
}

fn sample(users: Range<u64>, k: u32, label: &str) -> Sample {
    let count = users.end - users.start;
    let mut hashes: Vec<u64> = users.map(hash).collect();
    hashes.sort_unstable();
    let exact = hashes.len() <= k as usize;
    let theta = if exact {
        1 << 48
    } else {
        coarse(hashes[k as usize])
    };
    hashes.truncate(hashes.partition_point(|&hash| hash < theta));
    Sample {
        holding: Holding {
            label: label.into(),
            users: count,
            exact,
            precision: 0,
            theta,
            k,
        },
        hashes,
    }
}

fn options(epsilon: Option<f64>) -> Options {
    Options {
        hash: "xxh3".into(),
        id_type: "integer".into(),
        profile: String::new(),
        by: String::new(),
        bits: 48,
        epsilon: epsilon.map(|epsilon| Epsilon::new(epsilon).expect("in range")),
    }
}

fn own(name: &str, users: Range<u64>, k: u32) -> Own {
    Own {
        name: name.into(),
        options: options(None),
        samples: vec![sample(users, k, "")],
        users_min: 1,
    }
}

fn decode_offer(bytes: &[u8]) -> Offer {
    match Message::decode(bytes).expect("a message") {
        Message::Offer(offer) => offer,
        other => panic!("{}", other.word()),
    }
}

fn decode_answer(bytes: &[u8]) -> Result<Answer> {
    match Message::decode(bytes)? {
        Message::Answer(answer) => Ok(answer),
        other => panic!("{}", other.word()),
    }
}

fn decode_closing(bytes: &[u8]) -> Closing {
    match Message::decode(bytes).expect("a message") {
        Message::Closing(closing) => closing,
        other => panic!("{}", other.word()),
    }
}

/// All of a run.
struct Run {
    offer: Vec<u8>,
    answer: Vec<u8>,
    result: Vec<u8>,
    offer_secret: OfferSecret,
    finished: AnswerSecret,
    answer_secret: AnswerSecret,
}

impl Run {
    fn of(a: &Own, b: &Own, seed: u8) -> Self {
        let mut random = [Random::new([seed; 32]), Random::new([seed ^ 0xff; 32])];
        let (offer, offer_secret) = offer(a, &mut random[0]).expect("offers");
        let (answer, answer_secret) =
            answer(&decode_offer(&offer), b, &mut random[1]).expect("answers");
        let decoded = decode_answer(&answer).expect("an answer");
        let (result, finished) = finish(&offer_secret, &decoded, &mut random[0]).expect("finishes");
        Self {
            offer,
            answer,
            result,
            offer_secret,
            finished,
            answer_secret,
        }
    }

    /// What A and B know at the end.
    fn shared(&self) -> [Vec<Shared>; 2] {
        let closing = decode_closing(&self.result);
        [&self.finished, &self.answer_secret]
            .map(|secret| conclude(secret, &closing).expect("ends"))
    }
}

/// Puts the right tag below changed bytes.
fn retagged(mut bytes: Vec<u8>) -> Vec<u8> {
    let covered = bytes.len() - size_of::<Tag>();
    let tag: Tag = Sha256::digest(&bytes[..covered]).into();
    bytes[covered..].copy_from_slice(&tag);
    bytes
}

#[test]
fn both_sides_learn_the_counts_of_the_samples_in_the_open() {
    let mut random = Random::new([1; 32]);
    let mut number = |most: u64| u64::from_le_bytes(random.bytes()) % most;
    for pair in 0..200 {
        let (size_a, size_b) = (1 + number(400), 1 + number(400));
        let begin = number(size_a + 20);
        let (k_a, k_b) = (16 << number(3), 16 << number(3));
        let a = own("a", 0..size_a, u32::try_from(k_a).expect("small"));
        let b = own(
            "b",
            begin..begin + size_b,
            u32::try_from(k_b).expect("small"),
        );
        let [of_a, of_b] = Run::of(&a, &b, u8::try_from(pair).expect("small")).shared();
        assert_eq!(of_a, of_b);
        let [found] = &of_a[..] else {
            panic!("{} answers", of_a.len());
        };
        let theta = a.samples[0].holding.theta.min(b.samples[0].holding.theta);
        let below = |own: &Own| -> Vec<u64> {
            let hashes = own.samples[0].hashes.iter();
            hashes.copied().filter(|&hash| hash < theta).collect()
        };
        let (in_a, in_b) = (below(&a), below(&b));
        let both = in_a.iter().filter(|hash| in_b.contains(hash)).count();
        let counts = (found.below_a, found.below_b, found.matches);
        assert_eq!(
            counts,
            (in_a.len() as u64, in_b.len() as u64, both as i64),
            "pair {pair}"
        );
        assert_eq!(
            (found.theta, &found.a, &found.b),
            (theta, &a.samples[0].holding, &b.samples[0].holding)
        );
    }
}

/// Everything in a message but its points, run and tags.
fn in_the_open(bytes: &[u8]) -> String {
    let text = match Message::decode(bytes).expect("a message") {
        Message::Offer(mut offer) => {
            offer
                .batches
                .iter_mut()
                .for_each(|batch| batch.elements.fill([0; 32]));
            (offer.run, offer.tag) = Default::default();
            format!("{offer:?}")
        }
        Message::Answer(mut answer) => {
            for batch in &mut answer.batches {
                batch.again.fill([0; 32]);
                batch.elements.fill([0; 32]);
            }
            (answer.run, answer.tag, answer.reply_to) = Default::default();
            format!("{answer:?}")
        }
        Message::Closing(mut closing) => {
            (closing.run, closing.reply_to) = Default::default();
            format!("{closing:?}")
        }
    };
    text
}

#[test]
fn other_users_with_the_same_numbers_make_the_same_messages_but_for_their_points() {
    // Sets that are their samples: sizes and overlap are all there is.
    let one = Run::of(&own("a", 0..40, 64), &own("b", 30..60, 64), 1);
    let other = Run::of(&own("a", 500..540, 64), &own("b", 510..520, 64), 2);
    // 10 of 40 and 30, 10 of 40 and 10: B's size differs, so that the answers do.
    assert_eq!(in_the_open(&one.offer), in_the_open(&other.offer));
    assert_eq!(in_the_open(&one.result), in_the_open(&other.result));
    assert_ne!(in_the_open(&one.answer), in_the_open(&other.answer));
    let same = Run::of(&own("a", 800..840, 64), &own("b", 770..810, 64), 3);
    let again = Run::of(&own("a", 0..40, 64), &own("b", 30..70, 64), 4);
    for (one, other) in [
        (&same.offer, &again.offer),
        (&same.answer, &again.answer),
        (&same.result, &again.result),
    ] {
        assert_eq!(in_the_open(one), in_the_open(other));
        assert_eq!(one.len(), other.len());
    }
}

#[test]
fn the_number_of_points_says_nothing_of_the_number_of_users() {
    let few = Run::of(&own("a", 0..3, 64), &own("b", 2..4, 64), 1);
    let many = Run::of(&own("a", 0..5_000, 64), &own("b", 100..9_000, 64), 1);
    assert_eq!(few.offer.len(), many.offer.len());
    assert_eq!(few.answer.len(), many.answer.len());
}

#[test]
fn no_point_comes_again_in_another_run() {
    let points = |run: &Run| -> Vec<Element> {
        let (offer, answer) = (
            decode_offer(&run.offer),
            decode_answer(&run.answer).expect("is one"),
        );
        let answered = &answer.batches[0];
        [
            &offer.batches[0].elements[..],
            &answered.again,
            &answered.elements,
        ]
        .concat()
    };
    let (a, b) = (own("a", 0..40, 64), own("b", 30..60, 64));
    let mut all = [points(&Run::of(&a, &b, 1)), points(&Run::of(&a, &b, 2))].concat();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    // Within a run the common users' points are in both of the answer's lists only once A blinded B's.
    assert_eq!(all.len(), count);
}

/// A transcript made from the output alone, as `docs/private.md` argues: A can't tell it from B's answer.
#[test]
fn an_answer_can_be_made_from_what_a_learns() {
    let (a, b) = (own("a", 0..300, 64), own("b", 200..900, 64));
    let run = Run::of(&a, &b, 7);
    let [output, _] = run.shared();
    let mut random = Random::new([70; 32]);
    let alpha = run.offer_secret.scalar().expect("a key");
    let len = run.offer_secret.samples[0].holding.points(&options(None));
    let again: Vec<_> = (0..len).map(|_| random.point()).collect();
    let matches = usize::try_from(output[0].matches).expect("no noise");
    // The points that A will find in both lists, and others.
    let mut own_points: Vec<_> = again[..matches]
        .iter()
        .map(|point| point * alpha.invert())
        .collect();
    own_points
        .extend((matches..b.samples[0].holding.points(&options(None))).map(|_| random.point()));
    let mut simulated = Answer {
        run: run.offer_secret.run,
        tag: [0; 32],
        reply_to: run.offer_secret.tag,
        name: "b".into(),
        options: options(None),
        batches: vec![Answered {
            holding: output[0].b.clone(),
            below: output[0].below_b,
            again: blinded(&again, &Scalar::ONE),
            elements: blinded(&own_points, &Scalar::ONE),
        }],
    };
    let bytes = simulated.encode();
    assert_eq!(in_the_open(&bytes), in_the_open(&run.answer));
    let decoded = decode_answer(&bytes).expect("an answer");
    let (result, finished) = finish(&run.offer_secret, &decoded, &mut random).expect("ends");
    assert_eq!(
        conclude(&finished, &decode_closing(&result)).expect("ends"),
        output
    );
}

/// Likewise B's view: random points for the offer, and the two numbers of the result.
#[test]
fn an_offer_and_a_result_can_be_made_from_what_b_learns() {
    let (a, b) = (own("a", 0..300, 64), own("b", 200..900, 64));
    let run = Run::of(&a, &b, 8);
    let [_, output] = run.shared();
    let mut random = Random::new([80; 32]);
    let len = a.samples[0].holding.points(&options(None));
    let mut simulated = Offer {
        run: random.bytes(),
        tag: [0; 32],
        name: "a".into(),
        options: options(None),
        batches: vec![Offered {
            holding: output[0].a.clone(),
            elements: sorted((0..len).map(|_| to_bytes(&random.point())).collect()),
        }],
    };
    let bytes = simulated.encode();
    assert_eq!(in_the_open(&bytes), in_the_open(&run.offer));
    let (_, secret) = answer(&decode_offer(&bytes), &b, &mut random).expect("answers");
    let closing = Closing {
        run: secret.run,
        reply_to: secret.tag,
        batches: vec![Closed {
            below: output[0].below_a,
            matches: output[0].matches,
        }],
    };
    assert_eq!(in_the_open(&closing.encode()), in_the_open(&run.result));
    assert_eq!(conclude(&secret, &closing).expect("ends"), output);
}

fn with_noise(own: Own, epsilon: f64) -> Own {
    Own {
        options: options(Some(epsilon)),
        ..own
    }
}

#[test]
fn each_side_learns_the_number_with_the_other_sides_noise_and_no_other() {
    let (a, b) = (own("a", 0..90, 64), own("b", 60..150, 64));
    let plain = Run::of(&a, &b, 1).shared()[0][0].matches;
    let (a, b) = (with_noise(a, 2.0), with_noise(b, 2.0));
    let (mut seen_a, mut seen_b) = (Vec::new(), Vec::new());
    for seed in 0..40 {
        let run = Run::of(&a, &b, seed);
        let [of_a, of_b] = run.shared();
        seen_a.push(of_a[0].matches - plain);
        seen_b.push(of_b[0].matches - plain);
        assert_eq!(
            of_a[0].matches - plain,
            run.answer_secret.met[0].noise,
            "A sees B's noise"
        );
        assert_eq!(
            of_b[0].matches - plain,
            run.finished.met[0].noise,
            "B sees A's noise"
        );
    }
    // Noise of variance 2 q / (1 − q)² = 0.362: the mean of 40 is within five times 0.095.
    for seen in [&seen_a, &seen_b] {
        let mean = seen.iter().sum::<i64>() as f64 / seen.len() as f64;
        assert!(mean.abs() < 0.48, "{seen:?}");
        assert!(seen.iter().any(|&noise| noise != 0), "{seen:?}");
    }
    assert_ne!(seen_a, seen_b);
}

#[test]
fn segments_meet_by_their_labels_and_small_ones_are_left_out() {
    let by_tier = |name: &str, samples: Vec<Sample>, users_min: u64| Own {
        name: name.into(),
        options: Options {
            by: "tier".into(),
            ..options(None)
        },
        samples,
        users_min,
    };
    let a = by_tier(
        "a",
        vec![
            sample(0..200, 64, "1"),
            sample(300..340, 64, "2"),
            sample(500..505, 64, "3"),
        ],
        10,
    );
    let b = by_tier(
        "b",
        vec![
            sample(320..350, 64, "2"),
            sample(100..120, 64, "1"),
            sample(0..50, 64, "4"),
        ],
        10,
    );
    let run = Run::of(&a, &b, 1);
    let offered: Vec<String> = decode_offer(&run.offer)
        .batches
        .iter()
        .map(|batch| batch.holding.label.clone())
        .collect();
    assert_eq!(offered, ["1", "2"]);
    let [found, of_b] = run.shared();
    assert_eq!(found, of_b);
    let found: Vec<(&str, u64)> = found
        .iter()
        .map(|it| (it.a.label.as_str(), it.b.users))
        .collect();
    assert_eq!(found, [("1", 20), ("2", 30)]);
    // B asks for more users than A's second segment has.
    let strict = by_tier("b", b.samples.clone(), 41);
    let error = answer(
        &decode_offer(&run.offer),
        &strict,
        &mut Random::new([1; 32]),
    );
    assert_eq!(error.expect_err("too few").kind(), ErrorKind::Refused);
    let elsewhere = by_tier("b", vec![sample(0..50, 64, "9")], 10);
    let error = answer(
        &decode_offer(&run.offer),
        &elsewhere,
        &mut Random::new([1; 32]),
    );
    assert_eq!(
        error.expect_err("no common segment").kind(),
        ErrorKind::Incomparable
    );
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
    type Spoil = fn(&mut Vec<Element>);
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
    assert!(
        !printed.contains(&format!("{}", run.offer_secret.samples[0].hashes[0])),
        "{printed}"
    );
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
