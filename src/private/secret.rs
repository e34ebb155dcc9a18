//! What a side keeps between two messages: never sent, used once.

use super::bytes::{Reader, Tag, Writer, damaged};
use super::numbers::{Holding, Options};
use crate::error::Result;
use curve25519_dalek::Scalar;
use std::fmt;

const MAGIC: [u8; 8] = *b"ovlpsec\n";
const VERSION: u8 = 1;
const WHAT: &str = "a secret file of private overlap";

/// What stands in a secret file.
#[derive(Clone, Debug)]
pub enum Secret {
    /// An offer waits for its answer.
    Offered(OfferSecret),
    /// An answer waits for its result.
    Answered(AnswerSecret),
    /// The offering side's run is over, and its key is gone. What it needs to read its own result is left.
    Finished(AnswerSecret),
}

/// What the side of the offer keeps.
#[derive(Clone)]
pub struct OfferSecret {
    pub(super) run: [u8; 32],
    pub(super) tag: Tag,
    pub(super) alpha: [u8; 32],
    /// Its name.
    pub name: String,
    /// The options of the run.
    pub options: Options,
    pub(super) users_min: u64,
    pub(super) samples: Vec<Sample>,
}

/// A sample with what is said of it.
#[derive(Clone)]
pub struct Sample {
    /// What the other side gets to know.
    pub holding: Holding,
    /// All hashes below its threshold, ascending.
    pub hashes: Vec<u64>,
}

/// What the answering side keeps, and the offering side once it has finished: all that a result leaves out.
#[derive(Clone, Debug)]
pub struct AnswerSecret {
    pub(super) run: [u8; 32],
    pub(super) tag: Tag,
    /// The names of the offering side and of its own.
    pub names: [String; 2],
    /// The options of the run.
    pub options: Options,
    pub(super) met: Vec<Met>,
}

/// One batch of an answer.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub(super) a: Holding,
    pub(super) b: Holding,
    pub(super) below: u64,
    /// What this side added to the number of common hashes in the result.
    pub(super) noise: i64,
}

// Neither keys nor hashes belong into a log.
impl fmt::Debug for OfferSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfferSecret")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("holding", &self.holding)
            .finish_non_exhaustive()
    }
}

impl OfferSecret {
    pub(super) fn scalar(&self) -> Result<Scalar> {
        let scalar = Option::<Scalar>::from(Scalar::from_canonical_bytes(self.alpha));
        scalar
            .filter(|scalar| *scalar != Scalar::ZERO)
            .ok_or_else(damaged)
    }
}

impl Secret {
    /// The bytes of a secret file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let writer = |kind| Writer::new(MAGIC, VERSION, kind);
        let out = match self {
            Self::Offered(secret) => secret.write(writer(1)),
            Self::Answered(secret) => secret.write(writer(2)),
            Self::Finished(secret) => secret.write(writer(3)),
        };
        out.finish().0
    }

    /// Reads a secret file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for another kind of file, [`crate::ErrorKind::Incomparable`] for one of another version,
    /// [`crate::ErrorKind::Refused`] for a damaged one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let reader = Reader::open(bytes, MAGIC, VERSION, WHAT)?;
        match reader.kind {
            1 => OfferSecret::read(reader).map(Self::Offered),
            2 => AnswerSecret::read(reader).map(Self::Answered),
            3 => AnswerSecret::read(reader).map(Self::Finished),
            _ => Err(damaged()),
        }
    }
}

impl OfferSecret {
    fn write(&self, mut out: Writer) -> Writer {
        out.raw(&self.run);
        out.raw(&self.tag);
        out.raw(&self.alpha);
        out.text(&self.name);
        out.options(&self.options);
        out.u64(self.users_min);
        out.count(self.samples.len());
        for sample in &self.samples {
            out.holding(&sample.holding);
            out.count(sample.hashes.len());
            sample.hashes.iter().for_each(|&hash| out.u64(hash));
        }
        out
    }

    fn read(mut bytes: Reader<'_>) -> Result<Self> {
        let (run, tag, alpha) = (bytes.array()?, bytes.array()?, bytes.array()?);
        let (name, options) = (bytes.text()?, bytes.options()?);
        let users_min = bytes.u64()?;
        let samples = bytes.items(|bytes| {
            let holding = bytes.holding(options.bits)?;
            let hashes = bytes.items(Reader::u64)?;
            if hashes.is_sorted() {
                Ok(Sample { holding, hashes })
            } else {
                Err(damaged())
            }
        })?;
        bytes.finish()?;
        Ok(Self {
            run,
            tag,
            alpha,
            name,
            options,
            users_min,
            samples,
        })
    }
}

impl AnswerSecret {
    fn write(&self, mut out: Writer) -> Writer {
        out.raw(&self.run);
        out.raw(&self.tag);
        self.names.iter().for_each(|name| out.text(name));
        out.options(&self.options);
        out.count(self.met.len());
        for met in &self.met {
            out.holding(&met.a);
            out.holding(&met.b);
            out.u64(met.below);
            out.i64(met.noise);
        }
        out
    }

    fn read(mut bytes: Reader<'_>) -> Result<Self> {
        let (run, tag) = (bytes.array()?, bytes.array()?);
        let names = [bytes.text()?, bytes.text()?];
        let options = bytes.options()?;
        let met = bytes.items(|bytes| {
            Ok(Met {
                a: bytes.holding(options.bits)?,
                b: bytes.holding(options.bits)?,
                below: bytes.u64()?,
                noise: bytes.i64()?,
            })
        })?;
        bytes.finish()?;
        Ok(Self {
            run,
            tag,
            names,
            options,
            met,
        })
    }
}
