//! Every input gives an estimate: the whole range of counts, possible and impossible.

use super::*;

fn registers(precision: u8, of: &[(usize, usize, u32)]) -> RegisterCounts {
    let mut counts = RegisterCounts {
        precision,
        a_below_b: [0; RANKS],
        b_above_a: [0; RANKS],
        a_above_b: [0; RANKS],
        b_below_a: [0; RANKS],
        equal: [0; RANKS],
    };
    for &(a, b, count) in of {
        match a.cmp(&b) {
            std::cmp::Ordering::Less => {
                counts.a_below_b[a] += count;
                counts.b_above_a[b] += count;
            }
            std::cmp::Ordering::Greater => {
                counts.a_above_b[a] += count;
                counts.b_below_a[b] += count;
            }
            std::cmp::Ordering::Equal => counts.equal[a] += count,
        }
    }
    counts
}

pub(super) fn sample(only_a: u64, only_b: u64, both: u64, theta: f64) -> SampleCounts {
    SampleCounts {
        only_a,
        only_b,
        both,
        theta,
        theta_a: theta,
        theta_b: theta,
        above_a: 0,
        above_b: 0,
        chance_matches: 0.0,
    }
}

fn check(counts: &PairCounts) -> PairEstimate {
    for level in [0.9, 0.95, 0.997] {
        let pair = estimate_pair(counts, Confidence::new(level).expect("a level"));
        let all = [
            pair.a,
            pair.b,
            pair.only_a,
            pair.only_b,
            pair.overlap,
            pair.union,
            pair.share_of_a,
            pair.share_of_b,
            pair.jaccard,
            pair.overlap_coefficient,
            pair.gain_a,
            pair.gain_b,
        ];
        for estimate in all {
            let Estimate {
                value,
                lower,
                upper,
            } = estimate;
            let ordered = 0.0 <= lower && lower <= value && value <= upper && upper.is_finite();
            assert!(ordered, "{estimate:?} of {pair:?} from {counts:?}");
        }
        assert_eq!(
            pair.a.value + pair.b.value - pair.overlap.value,
            pair.union.value
        );
        assert!(pair.overlap.value <= pair.a.value.min(pair.b.value));
    }
    estimate_pair(counts, Confidence::default())
}

#[test]
#[cfg_attr(miri, ignore = "takes hours there")]
fn any_counts_give_an_estimate() {
    let tables = [
        registers(4, &[(0, 0, 16)]),
        registers(4, &[(61, 61, 16)]),
        registers(4, &[(61, 0, 8), (0, 61, 8)]),
        registers(16, &[(49, 49, 65_536)]),
        registers(16, &[(25, 24, 30_000), (24, 25, 30_000), (25, 25, 5_536)]),
        registers(16, &[(25, 0, 65_000), (25, 1, 500), (3, 3, 36)]),
        registers(16, &[(0, 30, 65_536)]),
        registers(24, &[(1, 0, 1), (0, 0, (1 << 24) - 1)]),
    ];
    let samples = [
        sample(0, 0, 0, 0.5),
        sample(65_536, 65_536, 0, 6.5e-8),
        sample(65_500, 0, 36, 6.5e-8),
        sample(0, 0, 65_536, 6.5e-8),
        sample(0, 0, 16, 0.9),
        sample(16, 0, 0, 0.99),
        sample(1, 70_000, 1, 1e-12),
        SampleCounts {
            theta_b: 1.0,
            above_b: 3,
            ..sample(1_000, 2, 5, 0.01)
        },
        SampleCounts {
            theta_b: 1.0,
            ..sample(65_536, 0, 0, 1e-6)
        },
        SampleCounts {
            theta_a: 0.7,
            above_a: 900,
            ..sample(10, 1_000, 5, 0.2)
        },
    ];
    let known = [
        None,
        Some(0),
        Some(1),
        Some(70_000),
        Some(1_000_000_000_000),
    ];
    for registers in tables.map(Some).into_iter().chain([None]) {
        for sample in samples.map(Some).into_iter().chain([None]) {
            for known_a in known {
                check(&PairCounts {
                    sample,
                    registers,
                    known_a,
                    known_b: None,
                    ..PairCounts::default()
                });
                check(&PairCounts {
                    sample,
                    registers,
                    known_a,
                    known_b: known_a,
                    ..PairCounts::default()
                });
            }
        }
    }
}

#[test]
fn a_trillion_users_are_estimated() {
    // Registers around log2(10^12 / 65,536) + 1.33 and a sample of the default size.
    let registers = registers(16, &[(25, 25, 20_000), (24, 24, 20_000), (26, 25, 25_536)]);
    let sample = sample(32_768, 32_768, 32_768, 6.5536e-8);
    let counts = PairCounts {
        sample: Some(sample),
        ..PairCounts::default()
    };
    let alone = check(&counts);
    assert!((alone.overlap.value / 5e11 - 1.0).abs() < 0.01, "{alone:?}");
    let both = check(&PairCounts {
        registers: Some(registers),
        ..counts
    });
    assert!(both.a.value > 5e11 && both.a.value < 5e12, "{both:?}");
}

#[test]
fn a_chance_match_between_huge_disjoint_sets_does_not_exclude_none() {
    let one = sample(65_535, 65_535, 1, 6.5e-5);
    let lower = |chance_matches: f64| {
        let sample = Some(SampleCounts {
            chance_matches,
            ..one
        });
        check(&PairCounts {
            sample,
            ..PairCounts::default()
        })
        .overlap
        .lower
    };
    assert!(lower(0.0) > 0.0);
    assert_eq!(lower(0.23), 0.0);
}

#[test]
fn a_lone_sample_or_a_lone_pair_of_registers_is_enough() {
    let sample_only = check(&PairCounts {
        sample: Some(sample(9_000, 9_000, 1_000, 0.001)),
        ..PairCounts::default()
    });
    assert!((sample_only.overlap.value / 1e6 - 1.0).abs() < 0.01);
    assert_eq!(sample_only.matches, Some(1_000));
    let table = registers(12, &[(9, 9, 1_500), (10, 9, 1_300), (9, 10, 1_296)]);
    let registers_only = check(&PairCounts {
        registers: Some(table),
        ..PairCounts::default()
    });
    assert!(registers_only.overlap.value > 0.0);
    assert_eq!(registers_only.matches, None);
}
