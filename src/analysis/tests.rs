//! Matrices, reach and trends of whole sets against sets of users.

use super::*;
use crate::compare::{pair_counts, set_counts};
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set};
use crate::id::{IdBatch, IdSink, Tally};
use crate::sketch::{ListedUsers, Members, Sketch, SketchOptions, Sketcher};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

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
fn a_matrix_of_few_sides_is_their_fit_and_of_many_every_pair_alone() {
    let mut random = StdRng::seed_from_u64(1);
    for (k, count) in [(1 << 14, 6), (64, 6), (1 << 14, 9), (64, 9)] {
        let sets = family(&mut random, count, 3_000);
        let sketches: Vec<Sketch> = sets.iter().map(|users| sketch(users, k)).collect();
        let everyone: Vec<&Sketch> = sketches.iter().collect();
        let matrix = matrix(&everyone, Confidence::default()).expect("comparable");
        assert_eq!(matrix.pairs.len(), count * (count - 1) / 2);
        let fit = (count <= 8)
            .then(|| regions(&everyone, &[], Confidence::default()).expect("comparable"));
        for pair in &matrix.pairs {
            let counts = pair_counts(everyone[pair.a], everyone[pair.b]).expect("comparable");
            let alone = estimate_pair(&counts, Confidence::default());
            let expected = fit
                .as_ref()
                .map_or(Some(alone), |fit| fit.pair(pair.a, pair.b));
            let expected = expected.expect("two of the sides");
            assert_eq!(pair.overlap, expected.overlap);
            assert_eq!(
                (pair.share_of_a, pair.share_of_b),
                (expected.share_of_a, expected.share_of_b)
            );
            assert_eq!(pair.jaccard, expected.jaccard);
            if k > 3_000 {
                let truth = sets[pair.a].intersection(&sets[pair.b]).count();
                assert_eq!(pair.overlap, Estimate::exact(value(truth)));
            }
        }
        let size = |side: usize| match &fit {
            Some(fit) => fit.side(side),
            None => estimate_set(&set_counts(everyone[side]), Confidence::default()),
        };
        assert_eq!(matrix.users, (0..count).map(size).collect::<Vec<_>>());
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

/// Two sides' users on the days from 100 to 139, some of them without data.
fn days_of_users(random: &mut StdRng) -> [Vec<(i32, Users)>; 2] {
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
    [side(), side()]
}

fn between(days: &[(i32, Users)], from: i32, to: i32) -> Users {
    let days = days.iter().filter(|(day, _)| (from..=to).contains(day));
    days.flat_map(|(_, users)| users.iter().copied()).collect()
}

fn exact_share(before: &Users, now: &Users) -> Estimate {
    Estimate::exact(before.intersection(now).count() as f64 / before.len() as f64)
}

/// One side's numbers of a day, by sets of users.
fn side_day(days: &[(i32, Users)], first: i32, day: i32) -> SideDay {
    let exact = |users: usize| Estimate::exact(value(users));
    let has = |day: i32| days.iter().any(|(d, _)| *d == day);
    let (today, earlier) = (between(days, day, day), between(days, first, day - 1));
    let window = |length: i32| {
        let start = day - length + 1;
        let (now, before) = (
            between(days, start, day),
            between(days, start - length, start - 1),
        );
        (start >= first).then(|| WindowDay {
            users: exact(now.len()),
            returned: (start - length >= first).then(|| exact_share(&before, &now)),
        })
    };
    let yesterday = between(days, day - 1, day - 1);
    SideDay {
        users: has(day).then(|| exact(today.len())),
        new: has(day).then(|| exact(today.difference(&earlier).count())),
        cumulative: exact(between(days, first, day).len()),
        returned: (has(day) && has(day - 1)).then(|| exact_share(&yesterday, &today)),
        windows: vec![window(7), window(28)],
    }
}

#[test]
fn a_trend_is_what_sets_of_users_say() {
    let sets = days_of_users(&mut StdRng::seed_from_u64(7));
    let sides = sets.each_ref().map(|days| -> Days {
        let sketch = |(day, users): &(i32, Users)| (*day, sketch(users, 1 << 12));
        days.iter().map(sketch).collect()
    });
    let trend = trend(&sides, &[7, 28], Confidence::default()).expect("comparable");
    let first = trend[0].day;
    assert_eq!((first, trend.len()), (100, 40));
    for row in &trend {
        let day = row.day;
        for (days, side) in sets.iter().zip(&row.sides) {
            assert_eq!(*side, side_day(days, first, day), "day {day}");
        }
        let overlap = row.overlap.as_ref().expect("two sides");
        let shared = |from: i32| {
            let [a, b] = sets.each_ref().map(|days| between(days, from, day));
            Estimate::exact(value(a.intersection(&b).count()))
        };
        let both = sides.iter().all(|days| days.contains_key(&day));
        assert_eq!(overlap.daily, both.then(|| shared(day)));
        assert_eq!(overlap.cumulative, shared(first));
        let windows = [7, 28].map(|length| day - length + 1);
        let windows = windows.map(|start| (start >= first).then(|| shared(start)));
        assert_eq!(overlap.windows, windows);
    }
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

#[test]
fn the_order_of_the_sides_changes_no_digit() {
    let mut random = StdRng::seed_from_u64(8);
    for (count, k) in [(3, 64), (5, 32), (6, 100)] {
        let sets = family(&mut random, count, 4_000);
        let sketches: Vec<Sketch> = sets.iter().map(|users| sketch(users, k)).collect();
        let forward: Vec<&Sketch> = sketches.iter().collect();
        let backward: Vec<&Sketch> = sketches.iter().rev().collect();
        let fit =
            |sides: &[&Sketch]| regions(sides, &[], Confidence::default()).expect("comparable");
        let (forward, backward) = (fit(&forward), fit(&backward));
        for region in 1..1_usize << count {
            let turned = (0..count)
                .map(|side| (region >> side & 1) << (count - 1 - side))
                .sum();
            assert_eq!(forward.region(region), backward.region(turned));
        }
        let (a, b) = (forward.pair(0, 2), backward.pair(count - 1, count - 3));
        assert_eq!(a.expect("two of them"), b.expect("two of them"));
    }
}

/// The sketches of some sets, of which the first `listed` are held whole.
fn beside_listed(sets: &[Vec<i64>], listed: usize, options: SketchOptions) -> Vec<Sketch> {
    let fill = |mut sketcher: Sketcher, ids: &[i64]| {
        sketcher.push(IdBatch::Integers(ids)).expect("pushes");
        let hashes = sketcher.take_listed();
        let tally = Tally {
            rows: ids.len() as u64,
            nulls: 0,
        };
        (sketcher.finish(tally).without_tally(), hashes)
    };
    let (small, large) = sets.split_at(listed);
    let small = small
        .iter()
        .map(|ids| fill(Sketcher::new(options).listing(), ids));
    let (small, lists): (Vec<Sketch>, Vec<Vec<u64>>) = small.unzip();
    let users = Arc::new(ListedUsers::new(&lists));
    let small = small.into_iter().zip(&lists);
    let small = small.map(|(it, list)| it.with_members(Members::of_listed(&users, list)));
    let large = large
        .iter()
        .map(|ids| fill(Sketcher::new(options).meeting(&users), ids).0);
    small.chain(large).collect()
}

/// How often intervals hold the truth, where they aren't exact; exact numbers must be the truth.
#[derive(Debug, Default)]
struct Coverage {
    asked: u32,
    held: u32,
}

impl Coverage {
    fn add(&mut self, estimate: &Estimate, truth: usize) {
        let truth = value(truth);
        if estimate.lower == estimate.upper {
            assert_eq!(estimate.value, truth);
            return;
        }
        self.asked += 1;
        self.held += u32::from((estimate.lower..=estimate.upper).contains(&truth));
    }

    /// Between 92.5 and 97.5 %, three and a half deviations of a thousand numbers from 95 %.
    #[track_caller]
    fn ensure(&self) {
        let share = f64::from(self.held) / f64::from(self.asked);
        assert!(
            self.asked >= 1000 && (0.925..0.975).contains(&share),
            "{self:?}"
        );
    }
}

#[test]
fn beside_a_side_that_is_held_whole_the_rest_is_as_sure_as_it_says() {
    let options = SketchOptions::new(8, 256).expect("in range");
    for (listed, both, rest) in [
        (200, 60, 3_000),
        (200, 200, 400),
        (150, 0, 20_000),
        (3, 1, 900),
    ] {
        let (mut only_b, mut size) = (Coverage::default(), Coverage::default());
        let mut errors = 0.0;
        for trial in 0..1000_i64 {
            let id = |user: i64| user + trial * 1_000_003;
            let a: Vec<i64> = (0..listed).map(id).collect();
            let b: Vec<i64> = (0..both).chain(listed..listed + rest).map(id).collect();
            let sides = beside_listed(&[a, b], 1, options);
            let counts = pair_counts(&sides[0], &sides[1]).expect("comparable");
            let pair = estimate_pair(&counts, Confidence::default());
            assert_eq!(pair.overlap, Estimate::exact(both as f64));
            assert_eq!(pair.only_a, Estimate::exact((listed - both) as f64));
            assert_eq!(pair.b.value - pair.overlap.value, pair.only_b.value);
            assert_eq!(pair.a.value + pair.only_b.value, pair.union.value);
            only_b.add(&pair.only_b, rest as usize);
            size.add(&pair.b, (both + rest) as usize);
            errors += pair.only_b.value / rest as f64 - 1.0;
            // The same whichever side is named first.
            let counts = pair_counts(&sides[1], &sides[0]).expect("comparable");
            let other = estimate_pair(&counts, Confidence::default());
            assert_eq!(other.only_a, pair.only_b);
            assert_eq!(other.share_of_a, pair.share_of_b);
        }
        only_b.ensure();
        size.ensure();
        assert!((errors / 1000.0).abs() < 0.006, "{rest}: {errors}");
    }
}

#[test]
fn regions_beside_sides_that_are_held_whole_are_as_sure_as_they_say() {
    let options = SketchOptions::new(8, 256).expect("in range");
    for listed in [1, 2] {
        let (mut one, mut pair, mut all) = <(Coverage, Coverage, Coverage)>::default();
        for trial in 0..400_i64 {
            let id = |user: i64| user + trial * 1_000_003;
            let set = |users: std::ops::Range<i64>| users.map(id).collect::<Vec<i64>>();
            let sets = [set(0..200), set(100..250), set(150..2_000), set(50..120)];
            let mut sets: Vec<Vec<i64>> = sets.to_vec();
            sets[3].extend(set(900..4_000));
            if listed == 1 {
                sets.remove(1);
            }
            let sides = beside_listed(&sets, listed, options);
            let everyone: Vec<&Sketch> = sides.iter().collect();
            let fit = regions(&everyone, &[], Confidence::default()).expect("comparable");
            let mut masks: HashMap<i64, usize> = HashMap::new();
            for (set, ids) in sets.iter().enumerate() {
                ids.iter()
                    .for_each(|&id| *masks.entry(id).or_default() |= 1 << set);
            }
            let truth = |wanted: &dyn Fn(usize) -> bool| {
                masks.values().filter(|mask| wanted(**mask)).count()
            };
            for mask in 1..1 << sides.len() {
                let is_listed = mask & ((1 << listed) - 1) != 0;
                assert_eq!(fit.region(mask).lower == fit.region(mask).upper, is_listed);
                one.add(&fit.region(mask), truth(&|other| other == mask));
            }
            for side in 0..sides.len() {
                all.add(&fit.side(side), truth(&|mask| mask >> side & 1 == 1));
                for other in 0..side {
                    let found = fit.pair(other, side).expect("two sides");
                    let both = 1 << side | 1 << other;
                    pair.add(&found.overlap, truth(&|mask| mask & both == both));
                    pair.add(&found.union, truth(&|mask| mask & both != 0));
                    let sum = found.a.value + found.b.value - found.overlap.value;
                    assert_eq!(sum, found.union.value);
                }
            }
            all.add(&fit.union(), truth(&|_| true));
        }
        one.ensure();
        pair.ensure();
        all.ensure();
    }
}
