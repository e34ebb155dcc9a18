//! From the counts that both sides learned to the report.

use super::super::result_warnings;
use super::PrivateFinishRequest;
use crate::estimate::{
    Confidence, PairCounts, PairEstimate, RegisterSize, SampleCounts, estimate_noisy_pair,
    estimate_pair,
};
use crate::id::{IdDomain, Profile};
use crate::private::{AnswerSecret, Epsilon, Holding, Options, Shared};
use crate::report::{EstimateReport, Method, PrivateReport, SideReport};

/// What a sketch of both sides would have said of them.
fn counts(shared: &Shared, options: &Options) -> PairCounts {
    let all = (1_u64 << options.bits) as f64;
    let theta = shared.theta as f64 / all;
    let limit = |holding: &Holding| if holding.exact { 1.0 } else { theta };
    // Of a set that is known to the last user all hashes are known, those above θ too.
    let above = |holding: &Holding, below: u64| match holding.exact {
        true => holding.users.saturating_sub(below),
        false => 0,
    };
    let alone = |holding: &Holding| {
        (holding.precision > 0).then_some(RegisterSize {
            precision: holding.precision,
            users: holding.users as f64,
        })
    };
    let (below_a, below_b) = (shared.below_a, shared.below_b);
    let both = u64::try_from(shared.matches)
        .unwrap_or(0)
        .min(below_a)
        .min(below_b);
    PairCounts {
        sample: Some(SampleCounts {
            only_a: below_a - both,
            only_b: below_b - both,
            both,
            theta,
            theta_a: limit(&shared.a),
            theta_b: limit(&shared.b),
            above_a: above(&shared.a, below_a),
            above_b: above(&shared.b, below_b),
            chance_matches: below_a as f64 * below_b as f64 / (theta * all),
        }),
        alone: [alone(&shared.a), alone(&shared.b)],
        ..PairCounts::default()
    }
}

fn estimate(shared: &Shared, options: &Options, confidence: Confidence) -> PairEstimate {
    let counts = counts(shared, options);
    match options.epsilon {
        None => estimate_pair(&counts, confidence),
        Some(epsilon) => estimate_noisy_pair(&counts, shared.matches, epsilon.value(), confidence),
    }
}

/// What a run found, as both sides print it.
pub(super) fn report(
    secret: &AnswerSecret,
    shared: &[Shared],
    request: &PrivateFinishRequest,
) -> PrivateReport {
    let options = &secret.options;
    let of_batch = |shared: &Shared| {
        let estimate = estimate(shared, options, request.confidence);
        let label = Some(shared.a.label.clone()).filter(|_| !options.by.is_empty());
        (
            label,
            estimate_report(secret, shared, estimate, request.confidence),
        )
    };
    PrivateReport {
        epsilon: options.epsilon.map(Epsilon::value),
        segment_columns: options.by.clone(),
        names: secret.names.clone(),
        answers: shared.iter().map(of_batch).collect(),
        result: (request.output.as_ref()).map(|path| path.display().to_string()),
    }
}

fn estimate_report(
    secret: &AnswerSecret,
    shared: &Shared,
    pair: PairEstimate,
    confidence: Confidence,
) -> EstimateReport {
    let options = &secret.options;
    let domains = [IdDomain::Integer, IdDomain::Text, IdDomain::Binary];
    let mut domains = domains.into_iter();
    let id_type = domains.find(|domain| domain.name() == options.id_type);
    let profile = match options.profile.is_empty() {
        true => Profile::default(),
        false => Profile::of(&options.profile),
    };
    let side = |name: &String, users| SideReport::of_sketch(name, id_type, &profile, users);
    let (a, b) = (&shared.a, &shared.b);
    let precision = a.precision.min(b.precision);
    let [name_a, name_b] = &secret.names;
    let method = Method::Sketch {
        precision: Some(precision).filter(|&precision| precision > 0),
        k: usize::try_from(a.k.min(b.k)).ok(),
        joint: true,
    };
    let sides = [side(name_a, pair.a), side(name_b, pair.b)];
    let mut report = EstimateReport::of_pair(method, confidence, sides, pair);
    report.warnings = result_warnings(&report);
    report
}

#[cfg(test)]
mod tests {
    use super::super::{points, sample};
    use super::*;
    use crate::compare::pair_counts;
    use crate::error::ErrorKind;
    use crate::hash::HashScheme;
    use crate::id::IdBatch;
    use crate::private::{self, Message, Own, Random};
    use crate::sketch::{BottomK, Sketch, SketchOptions};
    use std::ops::Range;

    /// Samples of this hash may be cut anywhere.
    const SCHEME: HashScheme = HashScheme::Murmur3;

    fn sizes(precision: u8, k: usize) -> SketchOptions {
        SketchOptions::new(precision, k)
            .expect("in range")
            .with_hash(SCHEME)
    }

    fn sketch(users: Range<i64>, options: SketchOptions) -> Sketch {
        let ids: Vec<i64> = users.collect();
        Sketch::of(IdBatch::Integers(&ids), options).expect("sketches")
    }

    fn options(epsilon: Option<f64>) -> Options {
        Options {
            hash: SCHEME.to_string(),
            id_type: "integer".into(),
            profile: String::new(),
            by: String::new(),
            bits: 63,
            epsilon: epsilon.map(|epsilon| Epsilon::new(epsilon).expect("in range")),
        }
    }

    fn own(sketch: &Sketch, epsilon: Option<f64>) -> Own {
        Own {
            name: String::new(),
            options: options(epsilon),
            samples: vec![sample(String::new(), sketch).expect("a sample")],
            users_min: 1,
        }
    }

    /// What A learns from a run between two sketches.
    fn shared(a: &Sketch, b: &Sketch, epsilon: Option<f64>, seed: u8) -> Shared {
        let mut random = Random::new([seed; 32]);
        let (offer, secret) = private::offer(&own(a, epsilon), &mut random).expect("offers");
        let Ok(Message::Offer(offer)) = Message::decode(&offer) else {
            panic!("no offer");
        };
        let own = own(b, epsilon);
        let (answer, _) = private::answer(&offer, &own, &mut random).expect("answers");
        let Ok(Message::Answer(answer)) = Message::decode(&answer) else {
            panic!("no answer");
        };
        let (result, finished) = private::finish(&secret, &answer, &mut random).expect("ends");
        let Ok(Message::Closing(closing)) = Message::decode(&result) else {
            panic!("no result");
        };
        private::conclude(&finished, &closing)
            .expect("reads")
            .remove(0)
    }

    /// The sketch's hashes below θ alone, as a sketch without registers.
    fn cut(sketch: &Sketch, theta: u64) -> Sketch {
        let sample = sketch.sample().expect("a sample");
        let theta = if sample.is_exact() {
            sample.theta()
        } else {
            theta
        };
        let hashes = sample.hashes().iter().copied().filter(|&hash| hash < theta);
        let hashes: Vec<u64> = hashes.collect();
        let k = hashes.len().max(16);
        let sample = BottomK::from_parts(SCHEME, k, theta, hashes);
        let sample = sample.expect("a sample");
        Sketch::from_parts(SCHEME, sketch.domain(), None, Some(sample), None).expect("a sketch")
    }

    /// 200 random pairs: the estimate is to the digit that of the samples in the open, and its intervals hold
    /// the truth as often as they say (190 of 200; within three standard deviations of that count).
    #[test]
    fn the_estimate_is_that_of_the_samples_in_the_open() {
        let options_of_sketch = sizes(7, 128);
        let confidence = Confidence::default();
        let (mut held, mut held_a) = (0, 0);
        let mut state = 1_u64;
        let mut number = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % most).expect("small")
        };
        for pair in 0..200_u8 {
            let begin = i64::from(pair) * 1_000_000;
            let (n_a, n_b) = (200 + number(8_000), 100 + number(8_000));
            let x = number(u64::try_from(n_a.min(n_b)).expect("positive"));
            let a = sketch(begin..begin + n_a, options_of_sketch);
            let b = sketch(begin + n_a - x..begin + n_a - x + n_b, options_of_sketch);
            let shared = shared(&a, &b, None, pair);
            let found = estimate(&shared, &options(None), confidence);
            let open = pair_counts(&cut(&a, shared.theta), &cut(&b, shared.theta));
            let open = PairCounts {
                alone: counts(&shared, &options(None)).alone,
                ..open.expect("comparable")
            };
            assert_eq!(found, estimate_pair(&open, confidence), "pair {pair}");
            let holds = |estimate: crate::estimate::Estimate, truth: i64| {
                (estimate.lower..=estimate.upper).contains(&(truth as f64))
            };
            held += u32::from(holds(found.overlap, x));
            held_a += u32::from(holds(found.a, n_a));
        }
        assert!(
            (181..=199).contains(&held),
            "{held} of 200 intervals of the overlap"
        );
        assert!(
            (181..=200).contains(&held_a),
            "{held_a} of 200 intervals of A"
        );
    }

    #[test]
    fn sides_that_are_their_samples_are_counted() {
        let options_of_sketch = sizes(7, 128);
        let (a, b) = (
            sketch(0..100, options_of_sketch),
            sketch(70..190, options_of_sketch),
        );
        let pair = estimate(
            &shared(&a, &b, None, 1),
            &options(None),
            Confidence::default(),
        );
        assert!(pair.exact);
        assert_eq!(
            (pair.a.value, pair.b.value, pair.overlap.value),
            (100.0, 120.0, 30.0)
        );
    }

    /// Of 150 runs with noise 142.5 are expected; three standard deviations are 8.
    #[test]
    fn intervals_include_the_noise() {
        let options_of_sketch = sizes(7, 64);
        let mut held = 0;
        for run in 0..150_u8 {
            let begin = i64::from(run) * 10_000;
            let a = sketch(begin..begin + 2_000, options_of_sketch);
            let b = sketch(begin + 1_400..begin + 3_400, options_of_sketch);
            let shared = shared(&a, &b, Some(0.3), run);
            let pair = estimate(&shared, &options(Some(0.3)), Confidence::default());
            held += u32::from((pair.overlap.lower..=pair.overlap.upper).contains(&600.0));
        }
        assert!((134..=150).contains(&held), "{held} of 150");
    }

    #[test]
    fn a_sample_of_an_unknown_k_is_padded_to_a_power_of_two() {
        let k = *SketchOptions::K_RANGE.end();
        let of_another = |hashes: u64| {
            BottomK::from_parts(HashScheme::Murmur3, k, 1 << 62, (1..=hashes).collect())
                .expect("a sample")
        };
        assert_eq!(points(&of_another(3)), Ok(16));
        assert_eq!(points(&of_another(70)), Ok(128));
        let large = SketchOptions::new(4, 1 << 21).expect("in range");
        let error = sample(String::new(), &sketch(0..20, large)).map(|_| ());
        assert_eq!(error.expect_err("too large").kind(), ErrorKind::Usage);
    }
}
