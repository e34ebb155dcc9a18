//! Private overlap: from data to messages, from messages to a report.
//!
//! The protocol is in `private`. Here data becomes samples, files are read and written, and counts
//! become numbers.

mod numbers;

use super::inputs::{Division, Inputs};
use super::limits;
use super::request::Sources;
use super::store::ensure_no_input;
use crate::compare::set_counts;
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::estimate::{Confidence, SetCounts, estimate_set};
use crate::format::SketchTable;
use crate::hash::HashScheme;
use crate::id::IdDomain;
use crate::private::{
    self, AnswerSecret, Epsilon, Holding, Message, Offer, Options, Own, Random, Sample, Secret,
    coarse,
};
use crate::report::{PrivateReport, PrivateStepReport};
use crate::scan::{self, Progress};
use crate::sketch::{BottomK, Sketch, SketchOptions};
use crate::storage::{put, write_atomically, write_secret};
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
            let shared = private::conclude(&finished, &closing)?;
            Ok(numbers::report(&finished, &shared, request))
        }
        (Message::Answer(_), Secret::Finished(_)) => Err(Error::new(
            ErrorKind::Refused,
            "was used: it takes one answer, and its key is gone",
        )
        .with("file", request.secret.display())
        .hint("read the result that was written, or begin a new run")),
        (Message::Closing(closing), Secret::Answered(secret) | Secret::Finished(secret)) => {
            let shared = private::conclude(&secret, closing).map_err(of_message)?;
            Ok(numbers::report(&secret, &shared, request))
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

pub(super) fn read_message(path: &Path) -> Result<Message> {
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
pub(super) fn seeded() -> Result<Random> {
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
        put(out, path, bytes)?;
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
