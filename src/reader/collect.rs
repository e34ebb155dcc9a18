//! IDs of a block on their way into the sink.

use super::fault::Fault;
use super::integer::{Integer, plain_integer};
use super::limits::ReadLimits;
use super::text::{Form, Nulls};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{ByteIds, IdBatch, IdSink, Tally};
use std::borrow::Cow;

/// IDs that are pushed at a time.
const BATCH: usize = 4096;

/// IDs of one block, as slices of it or as numbers, and what was counted.
pub(super) struct Collector<'a, 's> {
    form: Form,
    nulls: &'s Nulls,
    limits: &'s ReadLimits,
    sink: &'s mut dyn IdSink,
    slices: Vec<&'a [u8]>,
    /// IDs that aren't in the block as they are: their quotes are doubled.
    data: Vec<u8>,
    offsets: Vec<i32>,
    narrow: Vec<i64>,
    wide: Vec<i128>,
    tally: Tally,
    named_nulls: u64,
    /// Whether the block isn't UTF-8, so that each of its IDs has to be looked at.
    check_utf8: bool,
}

impl<'a, 's> Collector<'a, 's> {
    pub(super) fn new(
        form: Form,
        nulls: &'s Nulls,
        limits: &'s ReadLimits,
        sink: &'s mut dyn IdSink,
    ) -> Self {
        let room = |wanted: bool| if wanted { BATCH } else { 0 };
        Self {
            form,
            nulls,
            limits,
            sink,
            slices: Vec::with_capacity(room(form == Form::Text)),
            data: Vec::new(),
            offsets: vec![0],
            narrow: Vec::with_capacity(room(form == Form::Integers)),
            wide: Vec::new(),
            tally: Tally::default(),
            named_nulls: 0,
            check_utf8: false,
        }
    }

    /// Says whether the IDs of the block have to be looked at, as not all of it is UTF-8.
    pub(super) const fn check_utf8(&mut self, check: bool) {
        self.check_utf8 = check;
    }

    /// Takes the ID of a record as it stands in the block, unquoted.
    #[inline(always)]
    pub(super) fn plain(&mut self, id: &'a [u8], at: usize) -> Result<(), Fault> {
        if id.is_empty() || self.nulls.contains(id) {
            self.null(!id.is_empty());
            return Ok(());
        }
        self.id(id, at)
    }

    /// Takes the ID of a record that is quoted: the empty one is an ID. Not in the block as it is if it is
    /// owned.
    pub(super) fn quoted(&mut self, id: Cow<'a, [u8]>, at: usize) -> Result<(), Fault> {
        if self.nulls.contains(&id) {
            self.null(true);
            return Ok(());
        }
        match id {
            Cow::Borrowed(id) => self.id(id, at),
            Cow::Owned(id) if self.form == Form::Integers => {
                self.check(&id, at)?;
                self.integer(&id, at)
            }
            Cow::Owned(id) => {
                self.check(&id, at)?;
                self.tally.rows += 1;
                self.data.extend_from_slice(&id);
                let end = i32::try_from(self.data.len()).map_err(|_| too_much(at))?;
                self.offsets.push(end);
                Ok(())
            }
        }
    }

    /// Takes a record without an ID, whether a text says so or not.
    pub(super) fn null(&mut self, named: bool) {
        self.tally.rows += 1;
        self.tally.nulls += 1;
        self.named_nulls += u64::from(named);
    }

    #[inline(always)]
    fn id(&mut self, id: &'a [u8], at: usize) -> Result<(), Fault> {
        self.check(id, at)?;
        match self.form {
            Form::Text => {
                self.tally.rows += 1;
                self.slices.push(id);
                if self.slices.len() == BATCH {
                    self.flush_slices(at)?;
                }
                Ok(())
            }
            Form::Integers => self.integer(id, at),
        }
    }

    #[inline(always)]
    fn integer(&mut self, id: &[u8], at: usize) -> Result<(), Fault> {
        self.tally.rows += 1;
        match plain_integer(id) {
            Some(Integer::Narrow(value)) => self.narrow.push(value),
            Some(Integer::Wide(value)) => self.wide.push(value),
            None => return Err(no_integer(id, at)),
        }
        if self.narrow.len() == BATCH || self.wide.len() == BATCH {
            self.flush_integers(at)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn check(&self, id: &[u8], at: usize) -> Result<(), Fault> {
        let checked = self.limits.check_value(id.len());
        checked.map_err(|error| Fault::new(at, error))?;
        // In another encoding the same name would be somebody else.
        if self.check_utf8 && std::str::from_utf8(id).is_err() {
            return Err(Fault::new(at, not_utf8()));
        }
        Ok(())
    }

    fn flush_slices(&mut self, at: usize) -> Result<(), Fault> {
        let pushed = self.sink.push(IdBatch::Text(ByteIds::Slices(&self.slices)));
        self.slices.clear();
        pushed.map_err(|error| Fault::new(at, error))
    }

    fn flush_integers(&mut self, at: usize) -> Result<(), Fault> {
        let fault = |error| Fault::new(at, error);
        if !self.narrow.is_empty() {
            self.sink
                .push(IdBatch::Integers(&self.narrow))
                .map_err(fault)?;
        }
        if !self.wide.is_empty() {
            self.sink
                .push(IdBatch::WideIntegers(&self.wide))
                .map_err(fault)?;
        }
        self.narrow.clear();
        self.wide.clear();
        Ok(())
    }

    /// Pushes what is left; returns what was counted, and how many nulls had a name.
    pub(super) fn finish(mut self, at: usize) -> Result<(Tally, u64), Fault> {
        if !self.slices.is_empty() {
            self.flush_slices(at)?;
        }
        if self.offsets.len() > 1 {
            let ids = ByteIds::Offsets {
                data: &self.data,
                offsets: &self.offsets,
            };
            let pushed = self.sink.push(IdBatch::Text(ids));
            pushed.map_err(|error| Fault::new(at, error))?;
        }
        self.flush_integers(at)?;
        Ok((self.tally, self.named_nulls))
    }
}

/// The error for text in another encoding, of which nobody knows which.
#[cold]
pub(super) fn not_utf8() -> Error {
    Error::input("text that isn't UTF-8").hint(
        "export it as UTF-8, such as by iconv -f LATIN1 -t UTF-8; UTF-16 is read if it begins with a byte order mark",
    )
}

fn too_much(at: usize) -> Fault {
    let text = "the ids of one block are longer than 2 GiB together";
    Fault::new(at, Error::new(ErrorKind::Limit, text))
}

/// The error for an ID that is no plain whole number, though its column has to meet integers. The ID
/// itself isn't shown.
#[cold]
pub(super) fn no_integer(id: &[u8], at: usize) -> Fault {
    let (what, is_number) = kind_of(id);
    let error = Error::new(
        ErrorKind::Incomparable,
        format!("an id that is {what}, while another side holds integers"),
    );
    let as_text = Setting::Cast.to("string");
    let error = match is_number {
        true => error.hint([
            as_text,
            " compares digits as text, ".into(),
            Setting::Cast.to("integer"),
            " reads text as numbers and ignores leading zeros and blanks".into(),
        ]),
        false => error.hint([
            "have the column written as whole numbers, or compare digits as text with ".into(),
            as_text,
        ]),
    };
    Fault::new(at, error)
}

/// What an ID is that is no plain integer, and whether `--as integer` can read it.
fn kind_of(id: &[u8]) -> (&'static str, bool) {
    let text = String::from_utf8_lossy(id);
    let digits = text.trim().trim_start_matches(['+', '-']);
    let only_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match text.trim().parse::<f64>() {
        _ if id.is_empty() => ("the empty text", false),
        _ if only_digits && crate::id::text_to_integer(id).is_none() => {
            ("a number of more than 38 digits", false)
        }
        _ if only_digits && text.trim() != text => ("a number with blanks around it", true),
        _ if only_digits && text.starts_with('+') => ("a number with a plus sign", true),
        _ if only_digits => ("a number with leading zeros", true),
        Ok(_) if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => (
            "a number with a point or an exponent",
            crate::id::text_to_integer(id).is_some(),
        ),
        _ => ("not a whole number", false),
    }
}
