//! The protocol between two sides in one process: what they learn, what they don't, and what they refuse.

use super::group::{Element, blinded, sorted, to_bytes};
use super::message::{Answer, Answered, Closed, Closing, Offered};
use super::secret::OfferSecret;
use super::*;
use crate::error::{ErrorKind, Result};
use curve25519_dalek::Scalar;
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

pub(super) fn options(epsilon: Option<f64>) -> Options {
    Options {
        hash: "xxh3".into(),
        id_type: "integer".into(),
        profile: String::new(),
        by: String::new(),
        bits: 48,
        epsilon: epsilon.map(|epsilon| Epsilon::new(epsilon).expect("in range")),
    }
}

pub(super) fn own(name: &str, users: Range<u64>, k: u32) -> Own {
    Own {
        name: name.into(),
        options: options(None),
        samples: vec![sample(users, k, "")],
        users_min: 1,
    }
}

pub(super) fn decode_offer(bytes: &[u8]) -> Offer {
    match Message::decode(bytes).expect("a message") {
        Message::Offer(offer) => offer,
        other => panic!("{}", other.word()),
    }
}

pub(super) fn decode_answer(bytes: &[u8]) -> Result<Answer> {
    match Message::decode(bytes)? {
        Message::Answer(answer) => Ok(answer),
        other => panic!("{}", other.word()),
    }
}

pub(super) fn decode_closing(bytes: &[u8]) -> Closing {
    match Message::decode(bytes).expect("a message") {
        Message::Closing(closing) => closing,
        other => panic!("{}", other.word()),
    }
}

/// All of a run.
pub(super) struct Run {
    pub(super) offer: Vec<u8>,
    pub(super) answer: Vec<u8>,
    pub(super) result: Vec<u8>,
    pub(super) offer_secret: OfferSecret,
    pub(super) finished: AnswerSecret,
    pub(super) answer_secret: AnswerSecret,
}

impl Run {
    pub(super) fn of(a: &Own, b: &Own, seed: u8) -> Self {
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
    pub(super) fn shared(&self) -> [Vec<Shared>; 2] {
        let closing = decode_closing(&self.result);
        [&self.finished, &self.answer_secret]
            .map(|secret| conclude(secret, &closing).expect("ends"))
    }
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
    match Message::decode(bytes).expect("a message") {
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
    }
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
