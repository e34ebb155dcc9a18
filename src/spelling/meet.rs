//! How many users of two loose samples meet under each reading.

use super::form::Reading;
use super::sample::{Class, LooseSample, LooseUser};
use std::collections::HashSet;

/// What two loose samples say of each other, below the smaller of their thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    /// IDs of each side as they are written.
    pub ids: [u64; 2],
    /// IDs that both sides have, under each of [`Reading::ALL`].
    pub both: [u64; Reading::ALL.len()],
    /// How many of those are to be expected by chance: as many as IDs of one side meet each other.
    pub chance: [f64; Reading::ALL.len()],
    /// Whether both samples are whole sets, so that nothing is estimated.
    pub whole: bool,
}

impl Meeting {
    /// IDs that both have under a reading.
    #[must_use]
    pub const fn both(&self, reading: Reading) -> u64 {
        self.both[reading as usize]
    }

    /// IDs that both have under a reading and not as they are written; none if so few meet that it may be
    /// chance.
    #[must_use]
    pub fn gain(&self, reading: Reading) -> u64 {
        /// One of them may be a slip in the data.
        const MIN: f64 = 3.0;
        let gain = self
            .both(reading)
            .saturating_sub(self.both(Reading::Written));
        let chance = self.chance[reading as usize];
        // Four standard deviations of a Poisson count and then some, for it is itself an estimate.
        let least = MIN.max(2.0 * chance + 4.0 * chance.sqrt() + MIN * chance.min(1.0));
        if gain as f64 >= least { gain } else { 0 }
    }

    /// The strictest reading under which nearly as many meet as under any, if that is more than meet as
    /// written.
    #[must_use]
    pub fn best(&self) -> Option<Reading> {
        /// A tenth fewer is the price of a plainer rule.
        const SHARE: f64 = 0.9;
        let most = Reading::ALL
            .into_iter()
            .map(|reading| self.gain(reading))
            .max()?;
        let nearly = |reading: &Reading| self.gain(*reading) as f64 >= SHARE * most as f64;
        Reading::ALL.into_iter().find(nearly).filter(|_| most > 0)
    }
}

/// Compares two loose samples.
#[must_use]
pub fn meet(a: &LooseSample, b: &LooseSample) -> Meeting {
    let thresholds = [a.threshold(), b.threshold()].into_iter().flatten();
    let end = thresholds.min();
    let below = |(class, _): &(Class, &LooseUser)| end.is_none_or(|end| *class < end);
    let mut sides = [
        a.classes().take_while(below).peekable(),
        b.classes().take_while(below).peekable(),
    ];
    let mut ids = [0_u64; 2];
    let mut both = [0; Reading::ALL.len()];
    // Pairs of one side's IDs that are alike under a reading.
    let mut alike = [0_u64; Reading::ALL.len()];
    loop {
        let class = sides
            .iter_mut()
            .filter_map(|side| side.peek().map(|(class, _)| *class))
            .min();
        let Some(class) = class else {
            break;
        };
        let mut users: [Vec<&LooseUser>; 2] = Default::default();
        for (side, users) in sides.iter_mut().zip(&mut users) {
            while let Some((_, user)) = side.next_if(|(next, _)| *next == class) {
                users.push(user);
            }
        }
        for (side, users) in users.iter().enumerate() {
            ids[side] += users.len() as u64;
        }
        for (i, reading) in Reading::ALL.into_iter().enumerate() {
            let [ours, theirs] = users.each_ref().map(|users| hashes(users, reading));
            both[i] += ours.intersection(&theirs).count() as u64;
            let short = users.iter().flatten().all(|user| user.is_short());
            for (users, hashes) in users.iter().zip([&ours, &theirs]).filter(|_| short) {
                alike[i] += (users.len() - hashes.len()) as u64;
            }
        }
    }
    let [n_a, n_b] = ids.map(|n| n as f64);
    // With a chance of q for two IDs to be alike, n_a²/2 · q + n_b²/2 · q are alike on one side, and n_a n_b q meet.
    let cross = 2.0 * n_a * n_b / (n_a * n_a + n_b * n_b).max(1.0);
    Meeting {
        ids,
        both,
        chance: alike.map(|alike| alike as f64 * cross),
        whole: end.is_none(),
    }
}

/// The IDs of both samples that are compared, as they are written; none of samples that were read from files.
#[must_use]
pub fn common_values<'a>(a: &'a LooseSample, b: &'a LooseSample) -> [Vec<&'a [u8]>; 2] {
    let end = [a.threshold(), b.threshold()].into_iter().flatten().min();
    [a, b].map(|sample| {
        let below = sample
            .classes()
            .take_while(|(class, _)| end.is_none_or(|end| *class < end));
        let values = below.map(|(_, user)| user.value());
        values
            .filter(|value| !value.is_empty() && value.len() < LooseSample::VALUE_MAX)
            .collect()
    })
}

fn hashes(users: &[&LooseUser], reading: Reading) -> HashSet<u16> {
    users.iter().map(|user| user.hash(reading)).collect()
}
