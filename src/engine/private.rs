//! Private overlap: from data to messages, from messages to a report.
//!
//! The protocol is in `private`. Here data becomes samples, files are read and written, and counts
//! become numbers.

use super::inputs::{Division, Inputs};
use super::request::Sources;
use super::store::ensure_no_input;
use super::{limits, result_warnings};
use crate::compare::set_counts;
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::estimate::{
    Confidence, PairCounts, PairEstimate, RegisterSize, SampleCounts, SetCounts,
    estimate_noisy_pair, estimate_pair, estimate_set,
};
use crate::format::SketchTable;
use crate::hash::HashScheme;
use crate::id::{IdDomain, PageChecks, Profile};
use crate::private::{
    self, AnswerSecret, Epsilon, Holding, Message, Offer, Options, Own, Random, Sample, Secret,
    Shared, coarse,
};
use crate::report::{
    EstimateReport, Method, PairReport, PrivateReport, PrivateStepReport, SideReport,
};
use crate::scan::{self, Progress};
use crate::sketch::{BottomK, Sketch, SketchOptions};
use crate::storage::{output_error, write_atomically, write_secret};
use std::path::{Path, PathBuf};

/// How a side takes part in private overlap, and where its message goes.
#[derive(Clone, Debug)]
pub struct PrivateTerms {
    /// The message to write.
    pub output: PathBuf,
    /// The secret file, which stays on this machine; `None` for the output's name with `.secret` behind it.
    pub secret: Option<PathBuf>,
    /// A side, or a segment of one, with fewer users is refused.
    pub users_min: u64,
    /// The ε of the noise on the number of common users; `None` for the number itself.
    pub epsilon: Option<f64>,
}

impl PrivateTerms {
    /// The default of [`Self::users_min`].
    pub const USERS_MIN: u64 = 1_000;

    /// The usual terms, without noise.
    #[must_use]
    pub const fn new(output: PathBuf) -> Self {
        Self {
            output,
            secret: None,
            users_min: Self::USERS_MIN,
            epsilon: None,
        }
    }

    fn secret(&self) -> PathBuf {
        let beside = || {
            let mut name = self.output.clone().into_os_string();
            name.push(".secret");
            name.into()
        };
        self.secret.clone().unwrap_or_else(beside)
    }

    /// Sees to it that none of the files to write is one that is read, or both.
    fn ensure_files_differ(&self, read: &[PathBuf]) -> Result<()> {
        ensure_no_input(&self.output, read)?;
        ensure_no_input(&self.secret(), read)?;
        if self.secret() != self.output {
            return Ok(());
        }
        Err(Error::usage("is the message and the secret file")
            .with("file", self.output.display())
            .hint("name two files"))
    }
}

/// A side of private overlap whose data is to be read.
#[derive(Clone, Debug)]
pub struct PrivateRequest {
    /// The data or the sketches of one side.
    pub sources: Sources,
    /// The size of sketches of data.
    pub options: SketchOptions,
    /// All users at once, or a number for each segment.
    pub division: Division,
    /// How the side takes part.
    pub terms: PrivateTerms,
}

/// The end of a run of private overlap.
#[derive(Clone, Debug)]
pub struct PrivateFinishRequest {
    /// The answer, on the side that made the offer; the result, on the other.
    pub message: PathBuf,
    /// The secret file of this side.
    pub secret: PathBuf,
    /// Where the result goes; wanted for an answer alone.
    pub output: Option<PathBuf>,
    /// The level of the intervals.
    pub confidence: Confidence,
}

/// Writes the first message of private overlap: the blinded sample of one side.
///
/// # Errors
/// Those of [`super::sketch_segments`] and [`private_offer_of`]; [`ErrorKind::Usage`] for several sides.
pub fn private_offer(
    request: &PrivateRequest,
    progress: &dyn Progress,
) -> Result<PrivateStepReport> {
    let (name, table) = read(request, progress)?;
    private_offer_of(&name, &table, &request.terms)
}

/// [`private_offer`] of sketches that are made already: of all users of a side, or of its segments.
///
/// # Errors
/// [`ErrorKind::Refused`] for a side of too few users, [`ErrorKind::Incomparable`] for sketches without a sample,
/// [`ErrorKind::Usage`] for a sample that is too large, [`ErrorKind::Output`] if a file can't be written.
pub fn private_offer_of(
    name: &str,
    table: &SketchTable,
    terms: &PrivateTerms,
) -> Result<PrivateStepReport> {
    terms.ensure_files_differ(&[])?;
    let own = own(name, table, terms)?;
    let mut random = seeded()?;
    let pool = scan::pool(limits::default_threads())?;
    let (bytes, secret) = pool.install(|| private::offer(&own, &mut random))?;
    write_step(terms, &bytes, &Secret::Offered(secret), "offer", name)
}

/// Writes the second message: the points of an offer, blinded once more, and those of one's own sample.
///
/// # Errors
/// Those of [`private_offer`] and [`private_answer_of`].
pub fn private_answer(
    offer: &Path,
    request: &PrivateRequest,
    progress: &dyn Progress,
) -> Result<PrivateStepReport> {
    // A wrong file is found before an hour of reading.
    read_offer(offer)?;
    let (name, table) = read(request, progress)?;
    private_answer_of(offer, &name, &table, &request.terms)
}

/// [`private_answer`] of sketches that are made already.
///
/// # Errors
/// Those of [`private_offer_of`]; [`ErrorKind::Incomparable`] for an offer with other options or of another
/// version, [`ErrorKind::Refused`] for a damaged one.
pub fn private_answer_of(
    offer: &Path,
    name: &str,
    table: &SketchTable,
    terms: &PrivateTerms,
) -> Result<PrivateStepReport> {
    terms.ensure_files_differ(&[offer.to_owned()])?;
    let message = read_offer(offer)?;
    let own = own(name, table, terms)?;
    let mut random = seeded()?;
    let pool = scan::pool(limits::default_threads())?;
    let answered = pool.install(|| private::answer(&message, &own, &mut random));
    let (bytes, secret) = answered.map_err(|e| e.with("file", offer.display()))?;
    write_step(terms, &bytes, &Secret::Answered(secret), "answer", name)
}

fn read_offer(path: &Path) -> Result<Offer> {
    match read_message(path)? {
        Message::Offer(offer) => Ok(offer),
        other => Err(wrong_message(path, &other, "an offer")),
    }
}

/// Ends a run: from an answer it makes the result, which the other side needs, and from either message the
/// report. A secret file takes one answer; the key in it is gone afterwards.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for a message of another run or version, [`ErrorKind::Refused`] for a damaged or
/// impossible one and for a second answer, [`ErrorKind::Usage`] if the output is missing.
pub fn private_finish(request: &PrivateFinishRequest) -> Result<PrivateReport> {
    let message = read_message(&request.message)?;
    let bytes = scan::read_bytes(&request.secret, BYTES_MAX)?;
    let secret = Secret::decode(&bytes).map_err(|e| e.with("file", request.secret.display()))?;
    let of_message = |e: Error| e.with("file", request.message.display());
    match (&message, secret) {
        (Message::Answer(answer), Secret::Offered(secret)) => {
            let output = wanted_output(request)?;
            let pool = scan::pool(limits::default_threads())?;
            let mut random = seeded()?;
            let finished = pool.install(|| private::finish(&secret, answer, &mut random));
            let (bytes, finished) = finished.map_err(of_message)?;
            write_result(request, output, &bytes, &finished)?;
            let Message::Closing(closing) = Message::decode(&bytes)? else {
                return Err(Error::new(ErrorKind::Internal, "a result that is none"));
            };
            report(&finished, &private::conclude(&finished, &closing)?, request)
        }
        (Message::Answer(_), Secret::Finished(_)) => Err(Error::new(
            ErrorKind::Refused,
            "was used: it takes one answer, and its key is gone",
        )
        .with("file", request.secret.display())
        .hint("read the result that was written, or begin a new run")),
        (Message::Closing(closing), Secret::Answered(secret) | Secret::Finished(secret)) => {
            let shared = private::conclude(&secret, closing).map_err(of_message)?;
            report(&secret, &shared, request)
        }
        (Message::Closing(_), Secret::Offered(_)) => {
            Err(wrong_message(&request.message, &message, "the answer"))
        }
        (_, Secret::Answered(_)) => Err(wrong_message(&request.message, &message, "the result")),
        (Message::Offer(_), _) => Err(wrong_message(
            &request.message,
            &message,
            "the answer or the result",
        )),
    }
}

/// More than any message or secret file has: two lists of 2^20 points for each of a few segments.
const BYTES_MAX: u64 = 1 << 30;

fn read_message(path: &Path) -> Result<Message> {
    let bytes = scan::read_bytes(path, BYTES_MAX)?;
    Message::decode(&bytes).map_err(|e| e.with("file", path.display()))
}

fn wrong_message(path: &Path, found: &Message, wanted: &str) -> Error {
    let text = format!("is {}, but {wanted} is wanted here", found.word());
    Error::new(ErrorKind::Incomparable, text)
        .with("file", path.display())
        .hint(
            "a run is offer, answer and finish on the side of the offer, then finish on the other",
        )
}

/// A stream of random numbers from the system's own source.
fn seeded() -> Result<Random> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| {
        Error::new(
            ErrorKind::Internal,
            format!("the system gives no random numbers: {e}"),
        )
    })?;
    Ok(Random::new(seed))
}

fn wanted_output(request: &PrivateFinishRequest) -> Result<&Path> {
    let output = request.output.as_deref().ok_or_else(|| {
        Error::usage("an answer becomes a result, which the other side needs")
            .hint("name its file, such as result.ovp")
    })?;
    ensure_no_input(output, &[request.message.clone(), request.secret.clone()])?;
    Ok(output)
}

/// Writes message and secret file; the message is there only if the secret file is.
fn write_step(
    terms: &PrivateTerms,
    bytes: &[u8],
    secret: &Secret,
    what: &'static str,
    name: &str,
) -> Result<PrivateStepReport> {
    write_secret(&terms.secret(), &secret.encode())?;
    write_message(&terms.output, bytes, || Ok(()))?;
    Ok(PrivateStepReport {
        what,
        name: name.to_owned(),
        file: terms.output.display().to_string(),
        bytes: bytes.len() as u64,
        secret: terms.secret().display().to_string(),
    })
}

/// Writes the result. The key is gone before the result has its name: a second answer can't be finished,
/// whenever the program ends.
fn write_result(
    request: &PrivateFinishRequest,
    output: &Path,
    bytes: &[u8],
    finished: &AnswerSecret,
) -> Result<()> {
    let secret = Secret::Finished(finished.clone()).encode();
    write_message(output, bytes, || {
        write_secret(&request.secret, &secret).map(|_| ())
    })
}

fn write_message(
    path: &Path,
    bytes: &[u8],
    before_it_is_there: impl FnOnce() -> Result<()>,
) -> Result<()> {
    write_atomically(path, |out| {
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(|e| output_error(&e).with("file", path.display()))?;
        before_it_is_there()
    })
    .map(|_| ())
}

/// The name and the sketches of a request's side.
fn read(request: &PrivateRequest, progress: &dyn Progress) -> Result<(String, SketchTable)> {
    let [side] = &request.sources.sides[..] else {
        let sides = request.sources.sides.len();
        return Err(Error::usage(format!(
            "{sides} sides, but private overlap is asked by one"
        ))
        .hint("give all files the same name, such as shop=a.parquet shop=b.parquet"));
    };
    request.terms.ensure_files_differ(&side.files)?;
    request.terms.epsilon.map(Epsilon::new).transpose()?;
    let inputs = Inputs::open(&request.sources, request.options)?;
    let threads = request.sources.threads;
    let tables = inputs.sketch_by(&request.division, threads, progress)?;
    let table = tables.into_iter().next();
    let table = table.ok_or_else(|| Error::usage("no inputs"))?;
    Ok((side.name.clone(), table))
}

/// The samples of a side.
fn own(name: &str, table: &SketchTable, terms: &PrivateTerms) -> Result<Own> {
    let sketches = table.values();
    let label = |row: usize| match table.names().is_empty() {
        true => String::new(),
        false => table.label(row),
    };
    let samples = sketches.iter().enumerate();
    let samples = samples.map(|(row, sketch)| sample(label(row), sketch));
    let samples: Vec<Sample> = samples.collect::<Result<_>>()?;
    let first = sketches.iter().find(|sketch| sketch.domain().is_some());
    let hash = sketches.first().map_or(HashScheme::default(), Sketch::hash);
    Ok(Own {
        name: name.to_owned(),
        options: Options {
            hash: hash.to_string(),
            id_type: first
                .and_then(Sketch::domain)
                .map_or("", IdDomain::name)
                .to_owned(),
            profile: first.map_or_else(String::new, |sketch| sketch.profile().text().to_owned()),
            by: table.names().join(", "),
            bits: u8::try_from(hash.sample_bits()).unwrap_or(0),
            epsilon: terms.epsilon.map(Epsilon::new).transpose()?,
        },
        samples,
        users_min: terms.users_min,
    })
}

/// The sample of a sketch, with what is told of it.
fn sample(label: String, sketch: &Sketch) -> Result<Sample> {
    let sample = sketch.sample().ok_or_else(|| {
        Error::new(
            ErrorKind::Incomparable,
            "an HLL sketch alone, and private overlap compares samples",
        )
        .hint("sketch the data again")
    })?;
    let theta = coarse(sample.theta());
    let below = sample.hashes().partition_point(|&hash| hash < theta);
    let hashes = sample.hashes()[..below].to_vec();
    let counts = set_counts(sketch);
    // Registers and sample are told apart, so that nothing counts twice.
    let (precision, one_part) = match counts.registers {
        _ if sample.is_exact() => (0, counts),
        Some(registers) => (
            registers.precision,
            SetCounts {
                sample: None,
                most: None,
                ..counts
            },
        ),
        None => (0, counts),
    };
    let users = estimate_set(&one_part, Confidence::default()).value;
    let holding = Holding {
        label,
        users: (users as u64).max(hashes.len() as u64),
        exact: sample.is_exact(),
        precision,
        theta,
        k: points(sample)?,
    };
    Ok(Sample { holding, hashes })
}

/// How many points stand for a sample: k, or, where another program doesn't tell its k, a power of two.
fn points(sample: &BottomK) -> Result<u32> {
    let k = match sample.k() < *SketchOptions::K_RANGE.end() {
        true => sample.k(),
        false => sample.hashes().len().next_power_of_two().max(16),
    };
    let k = u32::try_from(k).ok().filter(|&k| k <= Holding::K_MAX);
    k.ok_or_else(|| {
        let most = Holding::K_MAX;
        Error::usage([Setting::K.into(), format!(" is more than {most}").into()]).hint([
            "private overlap takes smaller samples: ".into(),
            Setting::K.to("65536"),
        ])
    })
}

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

fn report(
    secret: &AnswerSecret,
    shared: &[Shared],
    request: &PrivateFinishRequest,
) -> Result<PrivateReport> {
    let options = &secret.options;
    let of_batch = |shared: &Shared| {
        let estimate = estimate(shared, options, request.confidence);
        let label = Some(shared.a.label.clone()).filter(|_| !options.by.is_empty());
        (
            label,
            estimate_report(secret, shared, estimate, request.confidence),
        )
    };
    Ok(PrivateReport {
        epsilon: options.epsilon.map(Epsilon::value),
        segment_columns: options.by.clone(),
        names: secret.names.clone(),
        answers: shared.iter().map(of_batch).collect(),
        result: (request.output.as_ref()).map(|path| path.display().to_string()),
    })
}

fn estimate_report(
    secret: &AnswerSecret,
    shared: &Shared,
    pair: PairEstimate,
    confidence: Confidence,
) -> EstimateReport {
    let options = &secret.options;
    let domains = [IdDomain::Integer, IdDomain::Text, IdDomain::Binary];
    let side = |name: &String, users| SideReport {
        name: name.clone(),
        files: 0,
        column: None,
        passed_over: Vec::new(),
        filter: None,
        id_type: domains
            .into_iter()
            .find(|domain| domain.name() == options.id_type),
        profile: match options.profile.is_empty() {
            true => Profile::default(),
            false => Profile::of(&options.profile),
        },
        tally: None,
        pages: PageChecks::default(),
        unique: false,
        users,
        frequency: None,
    };
    let (a, b) = (&shared.a, &shared.b);
    let precision = a.precision.min(b.precision);
    let [name_a, name_b] = &secret.names;
    let mut report = EstimateReport {
        method: Method::Sketch {
            precision: Some(precision).filter(|&precision| precision > 0),
            k: usize::try_from(a.k.min(b.k)).ok(),
            joint: true,
        },
        confidence,
        sides: vec![side(name_a, pair.a), side(name_b, pair.b)],
        union: pair.union,
        pairs: vec![PairReport {
            a: 0,
            b: 1,
            estimate: pair,
        }],
        formulas: Vec::new(),
        break_even: None,
        segments: None,
        warnings: Vec::new(),
    };
    report.warnings = result_warnings(&report);
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::pair_counts;
    use crate::id::IdBatch;
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
        let sample = |hashes: u64| {
            BottomK::from_parts(HashScheme::Murmur3, k, 1 << 62, (1..=hashes).collect())
                .expect("a sample")
        };
        assert_eq!(points(&sample(3)), Ok(16));
        assert_eq!(points(&sample(70)), Ok(128));
        let large = SketchOptions::new(4, 1 << 21).expect("in range");
        let error = super::sample(String::new(), &sketch(0..20, large)).map(|_| ());
        assert_eq!(error.expect_err("too large").kind(), ErrorKind::Usage);
    }
}
