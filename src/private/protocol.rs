//! The steps: offer, answer, finish, conclude. Each checks all that it can of what came before.

use super::bytes::damaged;
use super::group::{blinded, common, padded, points};
use super::message::{Answer, Answered, Closed, Closing, Offer, Offered, of_another_run};
use super::numbers::{Epsilon, Holding, Options};
use super::random::Random;
use super::secret::{AnswerSecret, Met, OfferSecret, Sample};
use crate::error::{Error, ErrorKind, Result, Setting};
use std::collections::BTreeSet;

/// What a side brings.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its name, which the other side gets to know.
    pub name: String,
    /// What the other side has to have in common with it.
    pub options: Options,
    /// All its users, or a part for each segment.
    pub samples: Vec<Sample>,
    /// Sides and segments of fewer users are neither offered nor answered.
    pub users_min: u64,
}

/// What both sides know at the end, of all users or of one segment. A is the side of the offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What A said of itself.
    pub a: Holding,
    /// What B said of itself.
    pub b: Holding,
    /// The lower of both thresholds.
    pub theta: u64,
    /// Number of A's hashes below it.
    pub below_a: u64,
    /// Number of B's hashes below it.
    pub below_b: u64,
    /// Number of hashes of both, with the other side's noise if there is any.
    pub matches: i64,
}

impl Own {
    /// The samples that are large enough.
    fn admitted(&self) -> impl Iterator<Item = &Sample> {
        let fits = |sample: &&Sample| sample.holding.users >= self.users_min;
        self.samples.iter().filter(fits)
    }
}

/// Blinds all samples that are large enough; the bytes of the offer, and what must be kept until the answer.
///
/// # Errors
/// [`ErrorKind::Refused`] if all of them are too small.
pub fn offer(own: &Own, random: &mut Random) -> Result<(Vec<u8>, OfferSecret)> {
    let samples: Vec<Sample> = own.admitted().cloned().collect();
    if samples.is_empty() {
        return Err(too_few(&own.name, own.users_min));
    }
    let (run, alpha) = (random.bytes(), random.scalar());
    let mut batches = Vec::with_capacity(samples.len());
    for sample in &samples {
        let (holding, options) = (sample.holding.clone(), &own.options);
        let dummies = options.dummies() as u64;
        let points = padded(
            &run,
            &sample.hashes,
            dummies,
            holding.points(options),
            random,
        );
        batches.push(Offered {
            elements: blinded(&points, &alpha),
            holding,
        });
    }
    let mut offer = Offer {
        run,
        tag: [0; 32],
        name: own.name.clone(),
        options: own.options.clone(),
        batches,
    };
    let bytes = offer.encode();
    let secret = OfferSecret {
        run,
        tag: offer.tag,
        alpha: alpha.to_bytes(),
        name: offer.name,
        options: offer.options,
        users_min: own.users_min,
        samples,
    };
    Ok((bytes, secret))
}

/// Blinds the points of an offer once more, and one's own; the bytes of the answer, and what must be kept
/// until the result.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for other options or no common segment, [`ErrorKind::Refused`] for an offer with
/// elements that can't be, or if a side is too small.
pub fn answer(offer: &Offer, own: &Own, random: &mut Random) -> Result<(Vec<u8>, AnswerSecret)> {
    own.options.ensure_those_of(&offer.options)?;
    ensure_labels_differ(offer.batches.iter().map(|batch| &batch.holding))?;
    let met = meetings(offer, own)?;
    let beta = random.scalar();
    let (mut batches, mut kept) = (Vec::new(), Vec::new());
    for (offered, sample) in met {
        let holding = sample.holding.clone();
        let theta = offered.holding.theta.min(holding.theta);
        let below = &sample.hashes[..sample.hashes.partition_point(|&hash| hash < theta)];
        let noise = noise(&offer.options, random);
        let most = offer.options.epsilon.map_or(0, Epsilon::noise_max);
        let dummies = u64::try_from(most + noise).unwrap_or(0);
        let len = holding.points(&offer.options);
        let own_points = padded(&offer.run, below, dummies, len, random);
        batches.push(Answered {
            below: below.len() as u64,
            again: blinded(&points(&offered.elements)?, &beta),
            elements: blinded(&own_points, &beta),
            holding: holding.clone(),
        });
        kept.push(Met {
            a: offered.holding.clone(),
            b: holding,
            below: below.len() as u64,
            noise,
        });
    }
    let mut answer = Answer {
        run: offer.run,
        tag: [0; 32],
        reply_to: offer.tag,
        name: own.name.clone(),
        options: offer.options.clone(),
        batches,
    };
    let bytes = answer.encode();
    let secret = AnswerSecret {
        run: offer.run,
        tag: answer.tag,
        names: [offer.name.clone(), answer.name],
        options: answer.options,
        met: kept,
    };
    Ok((bytes, secret))
}

/// The batches that both sides have and that are large enough on both.
fn meetings<'a>(offer: &'a Offer, own: &'a Own) -> Result<Vec<(&'a Offered, &'a Sample)>> {
    let with_own = |offered: &'a Offered| {
        let mut samples = own.samples.iter();
        let same = samples.find(|own| own.holding.label == offered.holding.label);
        same.map(|own| (offered, own))
    };
    let same: Vec<_> = offer.batches.iter().filter_map(with_own).collect();
    if same.is_empty() {
        return Err(Error::new(
            ErrorKind::Incomparable,
            "the sides have no segment in common",
        )
        .hint([
            "divide both sides by the same columns: ".into(),
            Setting::By.into(),
        ]));
    }
    let large = |holding: &Holding| holding.users >= own.users_min;
    let large_enough = |met: &(&Offered, &Sample)| large(&met.0.holding) && large(&met.1.holding);
    let small = same.iter().find(|met| !large_enough(met)).map(|met| {
        let theirs = !large(&met.0.holding);
        if theirs { &offer.name } else { &own.name }
    });
    let met: Vec<_> = same.iter().copied().filter(large_enough).collect();
    match (met.is_empty(), small) {
        (true, Some(name)) => Err(too_few(name, own.users_min)),
        _ => Ok(met),
    }
}

/// What the offering side learns from an answer: the bytes of the result, which says it to both sides, and what reads
/// it on this side.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for the answer of another run, [`ErrorKind::Refused`] for one with elements or numbers
/// that can't be, or of a side that is too small.
pub fn finish(
    secret: &OfferSecret,
    answer: &Answer,
    random: &mut Random,
) -> Result<(Vec<u8>, AnswerSecret)> {
    if answer.run != secret.run || answer.reply_to != secret.tag {
        return Err(of_another_run());
    }
    secret.options.ensure_those_of(&answer.options)?;
    ensure_labels_differ(answer.batches.iter().map(|batch| &batch.holding))?;
    let alpha = secret.scalar()?;
    let (mut batches, mut met) = (Vec::new(), Vec::new());
    for batch in &answer.batches {
        let label = &batch.holding.label;
        let own = secret
            .samples
            .iter()
            .find(|own| own.holding.label == *label);
        let own = own.ok_or_else(damaged)?;
        if batch.again.len() != own.holding.points(&secret.options) {
            return Err(damaged());
        }
        if batch.holding.users < secret.users_min {
            return Err(too_few(&answer.name, secret.users_min));
        }
        points(&batch.again)?;
        let theirs = blinded(&points(&batch.elements)?, &alpha);
        let most = secret.options.epsilon.map_or(0, Epsilon::noise_max);
        let seen = i64::try_from(common(&batch.again, &theirs)).unwrap_or(i64::MAX);
        let theta = own.holding.theta.min(batch.holding.theta);
        let shared = Shared {
            below_a: own.hashes.partition_point(|&hash| hash < theta) as u64,
            below_b: batch.below,
            a: own.holding.clone(),
            b: batch.holding.clone(),
            theta,
            matches: seen - most,
        };
        shared.ensure_possible(&secret.options)?;
        let noise = noise(&secret.options, random);
        batches.push(Closed {
            below: shared.below_a,
            matches: shared.matches + noise,
        });
        met.push(Met {
            a: shared.a,
            b: shared.b,
            below: shared.below_b,
            noise,
        });
    }
    let closing = Closing {
        run: secret.run,
        reply_to: answer.tag,
        batches,
    };
    let finished = AnswerSecret {
        run: secret.run,
        tag: answer.tag,
        names: [secret.name.clone(), answer.name.clone()],
        options: secret.options.clone(),
        met,
    };
    Ok((closing.encode(), finished))
}

/// What a side learns from a result, without its own noise.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for the result of another run, [`ErrorKind::Refused`] for impossible numbers.
pub fn conclude(secret: &AnswerSecret, closing: &Closing) -> Result<Vec<Shared>> {
    if closing.run != secret.run || closing.reply_to != secret.tag {
        return Err(of_another_run());
    }
    if closing.batches.len() != secret.met.len() {
        return Err(damaged());
    }
    let found = secret
        .met
        .iter()
        .zip(&closing.batches)
        .map(|(met, closed)| {
            let shared = Shared {
                a: met.a.clone(),
                b: met.b.clone(),
                theta: met.a.theta.min(met.b.theta),
                below_a: closed.below,
                below_b: met.below,
                matches: closed.matches.saturating_sub(met.noise),
            };
            shared.ensure_possible(&secret.options)?;
            Ok(shared)
        });
    found.collect()
}

impl Shared {
    /// # Errors
    /// [`ErrorKind::Refused`] for counts that no two samples have.
    fn ensure_possible(&self, options: &Options) -> Result<()> {
        let side = |holding: &Holding, below: u64| {
            let whole = holding.exact && self.theta == holding.theta;
            below <= u64::from(holding.k)
                && (!holding.exact || below <= holding.users)
                && (!whole || below == holding.users)
        };
        let most = self.below_a.min(self.below_b);
        let counted = u64::try_from(self.matches).is_ok_and(|matches| matches <= most);
        let possible = side(&self.a, self.below_a)
            && side(&self.b, self.below_b)
            && (counted || options.epsilon.is_some());
        if possible {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Refused, "states counts that no two samples have")
                .hint("one side didn't follow the protocol, or used another file: begin a new run"),
        )
    }
}

fn noise(options: &Options, random: &mut Random) -> i64 {
    let epsilon = options.epsilon;
    epsilon.map_or(0, |epsilon| {
        random.laplace_within(epsilon, epsilon.noise_max())
    })
}

fn ensure_labels_differ<'a>(mut holdings: impl Iterator<Item = &'a Holding>) -> Result<()> {
    let mut seen = BTreeSet::new();
    if holdings.all(|holding| seen.insert(&holding.label)) {
        Ok(())
    } else {
        Err(damaged())
    }
}

fn too_few(name: &str, users_min: u64) -> Error {
    let name = if name.is_empty() { "a side" } else { name };
    Error::new(
        ErrorKind::Refused,
        format!("{name} has fewer users than the {users_min} that a side must have"),
    )
    .hint([
        "a number about few people tells of single ones; the least is set by ".into(),
        Setting::MinUsers.into(),
    ])
}
