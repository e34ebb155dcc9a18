//! Matrices, reach and trends of whole sets against sets of users.

use super::*;
use crate::compare::{pair_counts, set_counts};
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set};
use crate::id::IdBatch;
use crate::sketch::{Sketch, SketchOptions};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;

type Users = BTreeSet<i64>;

fn sketch(users: &Users, k: usize) -> Sketch {
    let ids: Vec<i64> = users.iter().copied().collect();
    let options = SketchOptions::new(10, k).expect("in range");
    Sketch::of(IdBatch::Integers(&ids), options).expect("sketches")
}

/// Sets of random users out of `everybody`, of random sizes.
fn family(random: &mut StdRng, sets: usize, everybody: i64) -> Vec<Users> {
    let mut set = || {
        let size = random.random_range(0..everybody);
        (0..size)
            .map(|_| random.random_range(0..everybody))
            .collect()
    };
    (0..sets).map(|_| set()).collect()
}

fn value(users: usize) -> f64 {
    users as f64
}

#[test]
fn a_matrix_is_every_pair_to_the_digit() {
    let mut random = StdRng::seed_from_u64(1);
    for k in [1 << 14, 64] {
        let sets = family(&mut random, 6, 3_000);
        let sketches: Vec<Sketch> = sets.iter().map(|users| sketch(users, k)).collect();
        let everyone: Vec<&Sketch> = sketches.iter().collect();
        let matrix = matrix(&everyone, Confidence::default()).expect("comparable");
        assert_eq!(matrix.pairs.len(), 15);
        for pair in &matrix.pairs {
            let counts = pair_counts(everyone[pair.a], everyone[pair.b]).expect("comparable");
            let alone = estimate_pair(&counts, Confidence::default());
            assert_eq!(pair.overlap, alone.overlap);
            assert_eq!(
                (pair.share_of_a, pair.share_of_b),
                (alone.share_of_a, alone.share_of_b)
            );
            assert_eq!(pair.jaccard, alone.jaccard);
            if k > 3_000 {
                let truth = sets[pair.a].intersection(&sets[pair.b]).count();
                assert_eq!(pair.overlap, Estimate::exact(value(truth)));
            }
        }
        let size = |sketch| estimate_set(&set_counts(sketch), Confidence::default());
        assert_eq!(matrix.users, sketches.iter().map(size).collect::<Vec<_>>());
    }
}

#[test]
fn greedy_reach_is_the_best_next_step_of_all() {
    for seed in 0..20 {
        let mut random = StdRng::seed_from_u64(seed);
        let count = random.random_range(3..9);
        let sets = family(&mut random, count, 2_000);
        let sketches: Vec<Sketch> = sets.iter().map(|users| sketch(users, 1 << 14)).collect();
        let everyone: Vec<&Sketch> = sketches.iter().collect();
        let base = (seed % 3 == 0).then_some(1);
        let steps = reach(&everyone, ReachOrder::Greedy, base, Confidence::default());
        let mut reached = Users::new();
        let mut taken = BTreeSet::new();
        let mut sum = 0;
        for (i, step) in steps.expect("comparable").iter().enumerate() {
            let added = |side: usize| sets[side].difference(&reached).count();
            let rest = (0..sets.len()).filter(|side| !taken.contains(side));
            let best = rest.map(added).max().expect("one is left");
            if i > 0 || base.is_none() {
                assert_eq!(added(step.side), best, "family {seed}, step {i}");
            } else {
                assert_eq!(Some(step.side), base);
            }
            assert_eq!(step.added, Estimate::exact(value(added(step.side))));
            assert_eq!(step.users, Estimate::exact(value(sets[step.side].len())));
            sum += sets[step.side].len();
            reached.extend(&sets[step.side]);
            taken.insert(step.side);
            assert_eq!(step.reach, Estimate::exact(value(reached.len())));
            let duplication = value(sum) / value(reached.len()).max(1.0);
            assert!((step.duplication - duplication).abs() < 1e-12);
        }
        assert_eq!(taken.len(), sets.len());
    }
}

#[test]
fn sampled_reach_adds_up_never_falls_and_holds_the_truth() {
    let mut held = 0;
    let mut steps = 0;
    for seed in 0..20 {
        let mut random = StdRng::seed_from_u64(100 + seed);
        let sets = family(&mut random, 8, 60_000);
        let sketches: Vec<Sketch> = sets.iter().map(|users| sketch(users, 1 << 10)).collect();
        let everyone: Vec<&Sketch> = sketches.iter().collect();
        let curve = reach(&everyone, ReachOrder::Given, None, Confidence::default());
        let mut reached = Users::new();
        let mut before = 0.0;
        for step in curve.expect("comparable") {
            reached.extend(&sets[step.side]);
            assert_eq!(step.reach.value, before + step.added.value);
            before = step.reach.value;
            let truth = value(reached.len());
            held += usize::from((step.reach.lower..=step.reach.upper).contains(&truth));
            steps += 1;
        }
    }
    assert!(held * 100 >= steps * 90, "{held} of {steps}");
}

#[test]
fn a_trend_is_what_sets_of_users_say() {
    let mut random = StdRng::seed_from_u64(7);
    let mut side = || -> Vec<(i32, Users)> {
        let mut days = Vec::new();
        for day in 100..140 {
            if random.random_bool(0.8) {
                let users = (0..200).map(|_| random.random_range(0..600)).collect();
                days.push((day, users));
            }
        }
        days
    };
    let sets = [side(), side()];
    let sketches = |days: &Vec<(i32, Users)>| -> Days {
        let sketch = |(day, users): &(i32, Users)| (*day, sketch(users, 1 << 12));
        days.iter().map(sketch).collect()
    };
    let sides = [sketches(&sets[0]), sketches(&sets[1])];
    let between = |side: usize, from: i32, to: i32| -> Users {
        let days = sets[side]
            .iter()
            .filter(|(day, _)| (from..=to).contains(day));
        days.flat_map(|(_, users)| users.iter().copied()).collect()
    };
    let has = |side: usize, day: i32| sets[side].iter().any(|(d, _)| *d == day);
    let share =
        |before: &Users, now: &Users| before.intersection(now).count() as f64 / before.len() as f64;
    let first = sides
        .iter()
        .filter_map(|days| days.keys().next())
        .min()
        .copied();
    let first = first.expect("days");
    let trend = trend(&sides, &[7, 28], Confidence::default()).expect("comparable");
    for row in &trend {
        let day = row.day;
        for (s, side) in row.sides.iter().enumerate() {
            let (today, all) = (between(s, day, day), between(s, first, day));
            let earlier = between(s, first, day - 1);
            let exact = |users: usize| Estimate::exact(value(users));
            let is_there = has(s, day);
            assert_eq!(side.users, is_there.then(|| exact(today.len())));
            let new = today.difference(&earlier).count();
            assert_eq!(side.new, is_there.then(|| exact(new)));
            assert_eq!(side.cumulative, exact(all.len()));
            let came_again = share(&between(s, day - 1, day - 1), &today);
            let both = is_there && has(s, day - 1);
            assert_eq!(side.returned, both.then(|| Estimate::exact(came_again)));
            for (window, length) in side.windows.iter().zip([7, 28]) {
                let start = day - length + 1;
                assert_eq!(window.is_some(), start >= first, "day {day}, {length} days");
                let Some(window) = window else { continue };
                let now = between(s, start, day);
                assert_eq!(window.users, exact(now.len()));
                let before = between(s, start - length, start - 1);
                let returned = (start - length >= first).then(|| share(&before, &now));
                assert_eq!(window.returned, returned.map(Estimate::exact));
            }
        }
        let overlap = row.overlap.as_ref().expect("two sides");
        let shared = |from: i32, to: i32| {
            Estimate::exact(value(
                between(0, from, to)
                    .intersection(&between(1, from, to))
                    .count(),
            ))
        };
        let daily = (has(0, day) && has(1, day)).then(|| shared(day, day));
        assert_eq!(overlap.daily, daily);
        assert_eq!(overlap.cumulative, shared(first, day));
        assert_eq!(
            overlap.windows[0],
            (day - 6 >= first).then(|| shared(day - 6, day))
        );
    }
    assert_eq!(trend.len(), 40);
}

#[test]
fn segments_are_sorted_by_their_new_users() {
    let set = |users: std::ops::Range<i64>| sketch(&users.collect(), 1 << 12);
    let ours = set(0..1_000);
    let partner = [set(0..500), set(900..1_500), set(990..1_200), set(5..5)];
    let partner: Vec<&Sketch> = partner.iter().collect();
    let gains = segment_gains(&ours, &partner, Confidence::default()).expect("comparable");
    let order: Vec<usize> = gains.iter().map(|gain| gain.segment).collect();
    assert_eq!(order, [1, 2, 0, 3]);
    let first = gains[0];
    assert_eq!(
        (first.users.value, first.overlap.value, first.new.value),
        (600.0, 100.0, 500.0)
    );
    assert!((first.new_share.value - 5.0 / 6.0).abs() < 1e-12 && first.gain.value == 0.5);
    assert_eq!(gains[3].new_share, Estimate::exact(0.0));
}
