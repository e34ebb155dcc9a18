//! Counted users of every exclusive region of some sides, with noise in each: numbers that add up, and their intervals.
//!
//! The noise of a region is discrete Laplace: P(n) is proportional to q^|n| with q = e^−rate. Intervals are from exact
//! quantiles of sums of such numbers, around the noisy sums as they are. Values are those of the nearest regions that have no negative
//! users and the same union, so that every value is a sum of regions.

use super::pair::PairEstimate;
use super::{Confidence, Estimate};
use std::collections::BTreeMap;

/// Users of every exclusive region of up to [`NoisyRegions::SIDES_MAX`] sides, with noise.
#[derive(Clone, Debug)]
pub struct NoisyRegions {
    /// With noise, maybe below zero; by mask, the bits of which are sides. There is no region 0.
    noisy: Vec<i64>,
    /// The same made consistent.
    users: Vec<u64>,
    rate: f64,
    /// The probability that an interval misses.
    miss: f64,
    quantiles: BTreeMap<(usize, u64), f64>,
}

impl NoisyRegions {
    /// 255 regions: with more of them a side is the sum of more noise than anybody needs.
    pub const SIDES_MAX: usize = 8;

    /// Regions of `sides` sides by their masks, from 1 (`noisy[0]` is that of mask 1), with noise of P(n) ∝ e^−`rate`·|n| in
    /// each. Regions that are missing have nobody, without noise.
    #[must_use]
    pub fn new(sides: usize, noisy: &[i64], rate: f64, confidence: Confidence) -> Self {
        let count = (1 << sides.min(Self::SIDES_MAX)) - 1;
        let mut all = vec![0];
        all.extend(noisy.iter().take(count));
        all.resize(count + 1, 0);
        let mut users = vec![0];
        users.extend(consistent(&all[1..]));
        Self {
            noisy: all,
            users,
            rate,
            miss: 1.0 - confidence.level(),
            quantiles: BTreeMap::new(),
        }
    }

    /// Users of all regions whose masks are wanted.
    pub fn sum(&mut self, wanted: impl Fn(usize) -> bool) -> Estimate {
        self.sum_that_misses(wanted, self.miss)
    }

    /// Everything about the sides `a` and `b`. Intervals of ratios hold the truth at least as often as others do: they
    /// are made of those of their parts, each of which misses so much less often that together they miss no more.
    pub fn pair(&mut self, a: usize, b: usize) -> PairEstimate {
        let is_in = |mask: usize, side: usize| mask >> side & 1 == 1;
        let both = |mask: usize| is_in(mask, a) && is_in(mask, b);
        let only_a = |mask: usize| is_in(mask, a) && !is_in(mask, b);
        let only_b = |mask: usize| is_in(mask, b) && !is_in(mask, a);
        let either = |mask: usize| only_a(mask) || only_b(mask);
        let (half, third) = (self.miss / 2.0, self.miss / 3.0);
        let overlap = self.sum_that_misses(both, half);
        let of_a = self.sum_that_misses(only_a, half);
        let of_b = self.sum_that_misses(only_b, half);
        let not_both = self.sum_that_misses(either, half);
        let all_a = self.sum_that_misses(|mask| is_in(mask, a), half);
        let all_b = self.sum_that_misses(|mask| is_in(mask, b), half);
        let [x, one, two] = [
            self.sum_that_misses(both, third),
            self.sum_that_misses(only_a, third),
            self.sum_that_misses(only_b, third),
        ];
        let smaller = Estimate {
            value: one.value.min(two.value),
            lower: one.lower.min(two.lower),
            upper: one.upper.min(two.upper),
        };
        PairEstimate {
            a: self.sum(|mask| is_in(mask, a)),
            b: self.sum(|mask| is_in(mask, b)),
            only_a: self.sum(only_a),
            only_b: self.sum(only_b),
            overlap: self.sum(both),
            union: self.sum(|mask| both(mask) || either(mask)),
            share_of_a: part_of(overlap, of_a),
            share_of_b: part_of(overlap, of_b),
            jaccard: part_of(overlap, not_both),
            overlap_coefficient: part_of(x, smaller),
            gain_a: ratio(of_b, all_a),
            gain_b: ratio(of_a, all_b),
            matches: None,
            exact: false,
        }
    }

    fn sum_that_misses(&mut self, wanted: impl Fn(usize) -> bool, miss: f64) -> Estimate {
        let masks: Vec<usize> = (1..self.noisy.len()).filter(|&mask| wanted(mask)).collect();
        let noisy: f64 = masks.iter().map(|&mask| self.noisy[mask] as f64).sum();
        let users: f64 = masks.iter().map(|&mask| self.users[mask] as f64).sum();
        let rate = self.rate;
        let quantile = *self
            .quantiles
            .entry((masks.len(), miss.to_bits()))
            .or_insert_with(|| quantile_of_sum(masks.len(), rate, miss));
        Estimate::ordered(
            users,
            (noisy - quantile).max(0.0),
            (noisy + quantile).max(0.0),
        )
    }
}

/// part / (part + rest), of numbers that share nobody.
fn part_of(part: Estimate, rest: Estimate) -> Estimate {
    let share = |part: f64, rest: f64| {
        if part > 0.0 {
            part / (part + rest)
        } else {
            0.0
        }
    };
    Estimate::ordered(
        share(part.value, rest.value),
        share(part.lower, rest.upper),
        share(part.upper, rest.lower),
    )
}

/// part / whole, of numbers that share nobody; 0 if the whole has nobody.
fn ratio(part: Estimate, whole: Estimate) -> Estimate {
    let of = |part: f64, whole: f64| part / whole.max(1.0);
    let is_empty = |whole: f64| whole <= 0.0;
    Estimate::ordered(
        if is_empty(whole.value) {
            0.0
        } else {
            of(part.value, whole.value)
        },
        if is_empty(whole.lower) {
            0.0
        } else {
            of(part.lower, whole.upper)
        },
        of(part.upper, whole.lower),
    )
}

/// The nearest whole numbers that aren't negative and have the same sum; all 0 if the sum isn't positive. Where the sum of the
/// negative ones is taken from the others in equal parts, the distance in squares is the least.
fn consistent(noisy: &[i64]) -> Vec<u64> {
    let mut users = vec![0; noisy.len()];
    let total: i128 = noisy.iter().map(|&n| i128::from(n)).sum();
    if total <= 0 {
        return users;
    }
    let mut order: Vec<usize> = (0..noisy.len()).collect();
    order.sort_by_key(|&region| (std::cmp::Reverse(noisy[region]), region));
    // As many of the largest are kept as stay above zero when the excess is taken from them.
    let (mut sum, mut kept, mut excess) = (0, 0, 0);
    for (place, &region) in order.iter().enumerate() {
        sum += i128::from(noisy[region]);
        let count = place as i128 + 1;
        if i128::from(noisy[region]) * count <= sum - total {
            break;
        }
        (kept, excess) = (count, sum - total);
    }
    for (place, &region) in order.iter().enumerate().take(kept as usize) {
        let more = i128::from((place as i128) < excess % kept);
        let rest = i128::from(noisy[region]) - excess / kept - more;
        users[region] = u64::try_from(rest).unwrap_or(0);
    }
    users
}

/// The least t with P(|n| > t) ≤ `miss`, where n is the sum of `count` numbers with P(n) ∝ e^−`rate`·|n|.
///
/// The distribution is computed, up to what is lost beyond its ends, which counts as outside: its generating function is
/// ((1 − q)² / ((1 − q z) (1 − q / z)))^count, so that each factor is a running sum with forgetting, once in either direction.
fn quantile_of_sum(count: usize, rate: f64, miss: f64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let q = (-rate).exp();
    let variance = count as f64 * 2.0 * q / (1.0 - q).powi(2);
    // Eight standard deviations, and where the tail is that of one number, e^−40.
    let most = (8.0 * variance.sqrt() + 40.0 / rate).ceil() as usize;
    let mut chance = vec![0.0; 2 * most + 1];
    chance[most] = 1.0;
    for _ in 0..count {
        let mut carried = 0.0;
        for cell in &mut chance {
            carried = q * carried + (1.0 - q) * *cell;
            *cell = carried;
        }
        carried = 0.0;
        for cell in chance.iter_mut().rev() {
            carried = q * carried + (1.0 - q) * *cell;
            *cell = carried;
        }
    }
    let mut inside = chance[most];
    let mut t = 0;
    while 1.0 - inside > miss && t < most {
        t += 1;
        inside += chance[most - t] + chance[most + t];
    }
    t as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(sides: usize, noisy: &[i64]) -> NoisyRegions {
        NoisyRegions::new(sides, noisy, 0.5, Confidence::default())
    }

    /// Of one number the tail has a formula: P(|n| > t) = 2 q^(t+1) / (1 + q). Of two P(n) ∝ q^|n| (|n| + (1 + q²) / (1 − q²)).
    #[test]
    fn quantiles_are_those_of_the_formulas() {
        for rate in [0.05_f64, 0.25, 0.5, 1.0, 3.0] {
            let q = (-rate).exp();
            let one = |t: f64| 2.0 * q.powf(t + 1.0) / (1.0 + q);
            let chance = |n: f64| {
                let norm = ((1.0 - q) / (1.0 + q)).powi(2);
                norm * q.powf(n) * (n + (1.0 + q * q) / (1.0 - q * q))
            };
            let two = |t: f64| {
                let beyond = (1..20_000).map(|more| 2.0 * chance(t + f64::from(more)));
                beyond.sum::<f64>()
            };
            for miss in [0.3, 0.05, 0.003] {
                let t = quantile_of_sum(1, rate, miss);
                assert!(
                    one(t) <= miss && (t == 0.0 || one(t - 1.0) > miss),
                    "{rate}"
                );
                let t = quantile_of_sum(2, rate, miss);
                assert!(
                    two(t) <= miss && (t == 0.0 || two(t - 1.0) > miss),
                    "{rate}"
                );
            }
        }
    }

    /// A sum of very many is normal, with variance 2 q / (1 − q)² each.
    #[test]
    fn quantiles_of_many_are_those_of_the_normal_distribution() {
        let q = (-0.2_f64).exp();
        let sigma = (255.0 * 2.0 * q).sqrt() / (1.0 - q);
        let t = quantile_of_sum(255, 0.2, 0.05);
        assert!((t / (1.96 * sigma) - 1.0).abs() < 0.01, "{t}");
        assert_eq!(quantile_of_sum(0, 0.2, 0.05), 0.0);
    }

    #[test]
    fn consistent_regions_are_the_nearest_that_have_the_same_sum() {
        for (noisy, users) in [
            (vec![5, 7, 100], vec![5, 7, 100]),
            (vec![-3, 7, 100], vec![0, 6, 98]),
            (vec![-30, 7, 100], vec![0, 0, 77]),
            (vec![-4, -4, 3], vec![0, 0, 0]),
            (vec![-4, 3, 3, 3], vec![0, 1, 2, 2]),
            (vec![0, 0, 0], vec![0, 0, 0]),
            (vec![], vec![]),
        ] {
            assert_eq!(consistent(&noisy), users, "{noisy:?}");
        }
        // No other whole numbers of the same sum are nearer.
        for a in -6_i64..=9 {
            for b in -6..=9 {
                let noisy = [a, b, 4];
                let total = a + b + 4;
                if total <= 0 {
                    continue;
                }
                let distance = |point: [i64; 3]| -> i64 {
                    let steps = point.iter().zip(noisy);
                    steps.map(|(one, other)| (one - other).pow(2)).sum()
                };
                let ours: Vec<i64> = consistent(&noisy)
                    .iter()
                    .map(|&n| n.cast_signed())
                    .collect();
                let ours = [ours[0], ours[1], ours[2]];
                assert_eq!(ours.iter().sum::<i64>(), total);
                for x in 0..=total {
                    for y in 0..=total - x {
                        assert!(
                            distance(ours) <= distance([x, y, total - x - y]),
                            "{noisy:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn everything_is_a_sum_of_regions() {
        let noisy = [900, -12, 40, 300, -7, 2, 55];
        let mut three = regions(3, &noisy);
        let all = three.sum(|_| true);
        assert_eq!(all.value, noisy.iter().sum::<i64>() as f64);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let pair = three.pair(a, b);
            assert_eq!(
                pair.a.value + pair.b.value - pair.overlap.value,
                pair.union.value
            );
            assert_eq!(pair.only_a.value + pair.overlap.value, pair.a.value);
            assert_eq!(pair.only_b.value + pair.overlap.value, pair.b.value);
            for (number, most) in [
                (pair.share_of_a, 1.0),
                (pair.share_of_b, 1.0),
                (pair.jaccard, 1.0),
                (pair.overlap_coefficient, 1.0),
                (pair.gain_a, f64::MAX),
                (pair.gain_b, f64::MAX),
            ] {
                assert!(
                    0.0 <= number.lower && number.lower <= number.value,
                    "{number:?}"
                );
                assert!(
                    number.value <= number.upper && number.upper <= most,
                    "{number:?}"
                );
            }
        }
    }

    /// The interval is that of the noise, around the noisy number: a value that was made consistent is no reason to move it.
    #[test]
    fn the_interval_is_around_what_was_drawn() {
        let mut two = regions(2, &[1_000, -2, 500]);
        let t = quantile_of_sum(1, 0.5, 0.05);
        let overlap = two.sum(|mask| mask == 3);
        assert_eq!((overlap.lower, overlap.upper), (500.0 - t, 500.0 + t));
        let none = two.sum(|mask| mask == 2);
        assert_eq!((none.value, none.lower, none.upper), (0.0, 0.0, t - 2.0));
    }

    #[test]
    fn nobody_is_a_number_too() {
        let mut nobody = regions(2, &[-9, -3, -1]);
        let pair = nobody.pair(0, 1);
        for value in [
            pair.a,
            pair.union,
            pair.share_of_a,
            pair.jaccard,
            pair.gain_a,
        ] {
            assert_eq!((value.value, value.lower), (0.0, 0.0), "{value:?}");
        }
        assert!(pair.gain_a.upper.is_finite());
    }
}
