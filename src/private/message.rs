//! The three messages, and how they are read. What they look like as bytes is in `docs/private.md`.

use super::bytes::{Reader, Tag, Writer, damaged};
use super::group::Element;
use super::numbers::{Holding, Options};
use crate::error::{Error, ErrorKind, Result};

const MAGIC: [u8; 8] = *b"ovlpriv\n";
const VERSION: u8 = 1;
const WHAT: &str = "a message of private overlap";

/// The first message: one side's blinded points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub(super) run: [u8; 32],
    pub(super) tag: Tag,
    /// The side's name.
    pub name: String,
    /// What the other side has to have in common with it.
    pub options: Options,
    pub(super) batches: Vec<Offered>,
}

/// All users of an offer, or one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) holding: Holding,
    pub(super) elements: Vec<Element>,
}

/// The second message: the points of the offer, blinded once more, and those of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) run: [u8; 32],
    pub(super) tag: Tag,
    pub(super) reply_to: Tag,
    /// The side's name.
    pub name: String,
    /// Those of the offer, once more.
    pub(super) options: Options,
    pub(super) batches: Vec<Answered>,
}

/// The answer to one batch of an offer; segments are known by their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) holding: Holding,
    /// Number of hashes below the lower of both thresholds.
    pub(super) below: u64,
    pub(super) again: Vec<Element>,
    pub(super) elements: Vec<Element>,
}

/// The third message: what the side of the offer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub(super) run: [u8; 32],
    pub(super) reply_to: Tag,
    /// In the order of the answer's batches.
    pub(super) batches: Vec<Closed>,
}

/// What was found in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    /// Number of the offering side's hashes below the lower of both thresholds.
    pub(super) below: u64,
    /// Number of common hashes, with the noise of both sides.
    pub(super) matches: i64,
}

/// A message of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What `offer` wrote.
    Offer(Offer),
    /// What `answer` wrote.
    Answer(Answer),
    /// What `finish` wrote.
    Closing(Closing),
}

impl Offer {
    pub(super) fn encode(&mut self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC, VERSION, 1);
        out.raw(&self.run);
        out.text(&self.name);
        out.options(&self.options);
        out.count(self.batches.len());
        for batch in &self.batches {
            out.holding(&batch.holding);
            out.elements(&batch.elements);
        }
        let (bytes, tag) = out.finish();
        self.tag = tag;
        bytes
    }

    fn decode(mut bytes: Reader<'_>) -> Result<Self> {
        let tag = bytes.tag;
        let run = bytes.array()?;
        let (name, options) = (bytes.text()?, bytes.options()?);
        let batch = |bytes: &mut Reader<'_>| {
            let batch = Offered {
                holding: bytes.holding(options.bits)?,
                elements: bytes.elements()?,
            };
            let whole = batch.elements.len() == batch.holding.points(&options);
            if whole { Ok(batch) } else { Err(damaged()) }
        };
        let batches = bytes.items(batch)?;
        bytes.finish()?;
        Ok(Self {
            run,
            tag,
            name,
            options,
            batches,
        })
    }
}

impl Answer {
    pub(super) fn encode(&mut self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC, VERSION, 2);
        out.raw(&self.run);
        out.raw(&self.reply_to);
        out.text(&self.name);
        out.options(&self.options);
        out.count(self.batches.len());
        for batch in &self.batches {
            out.holding(&batch.holding);
            out.u64(batch.below);
            out.elements(&batch.again);
            out.elements(&batch.elements);
        }
        let (bytes, tag) = out.finish();
        self.tag = tag;
        bytes
    }

    fn decode(mut bytes: Reader<'_>) -> Result<Self> {
        let tag = bytes.tag;
        let (run, reply_to, name) = (bytes.array()?, bytes.array()?, bytes.text()?);
        let options = bytes.options()?;
        let batch = |bytes: &mut Reader<'_>| {
            let batch = Answered {
                holding: bytes.holding(options.bits)?,
                below: bytes.u64()?,
                again: bytes.elements()?,
                elements: bytes.elements()?,
            };
            let whole = batch.elements.len() == batch.holding.points(&options)
                && batch.below <= u64::from(batch.holding.k);
            if whole { Ok(batch) } else { Err(damaged()) }
        };
        let batches = bytes.items(batch)?;
        bytes.finish()?;
        Ok(Self {
            run,
            tag,
            reply_to,
            name,
            options,
            batches,
        })
    }
}

impl Closing {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC, VERSION, 3);
        out.raw(&self.run);
        out.raw(&self.reply_to);
        out.count(self.batches.len());
        for batch in &self.batches {
            out.u64(batch.below);
            out.i64(batch.matches);
        }
        out.finish().0
    }

    fn decode(mut bytes: Reader<'_>) -> Result<Self> {
        let (run, reply_to) = (bytes.array()?, bytes.array()?);
        let batches = bytes.items(|bytes| {
            Ok(Closed {
                below: bytes.u64()?,
                matches: bytes.i64()?,
            })
        })?;
        bytes.finish()?;
        Ok(Self {
            run,
            reply_to,
            batches,
        })
    }
}

impl Message {
    /// Reads a message. The points in it aren't looked at yet.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for another kind of file, [`ErrorKind::Incomparable`] for a message of another
    /// version, [`ErrorKind::Refused`] for a damaged one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let reader = Reader::open(bytes, MAGIC, VERSION, WHAT)?;
        match reader.kind {
            1 => Offer::decode(reader).map(Self::Offer),
            2 => Answer::decode(reader).map(Self::Answer),
            3 => Closing::decode(reader).map(Self::Closing),
            _ => Err(damaged()),
        }
    }

    /// What kind of message it is, in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Offer(_) => "an offer",
            Self::Answer(_) => "an answer",
            Self::Closing(_) => "a result",
        }
    }
}

/// An error for a message of another run than the secret file.
pub(super) fn of_another_run() -> Error {
    Error::new(
        ErrorKind::Incomparable,
        "belongs to another run than the secret file",
    )
    .hint("name the secret file that was written together with the message it replies to")
}
