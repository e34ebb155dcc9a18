//! From one domain to another, because the user said so (`--as`).

use super::{
    ByteIds, IdBatch, IdDomain, IdSink, IntegerForm, hex_to_bytes, integer_to_text,
    text_to_integer, uuid_to_text,
};
use crate::error::{Error, ErrorKind, Result, Setting};

/// Brings IDs of one column into the domain that was asked for.
///
/// | from | `--as string` | `--as integer` | `--as binary` |
/// |---|---|---|---|
/// | integer | decimal digits | as it is | refused |
/// | decimal with places, float | refused | whole numbers are read (of a float up to 2^53), anything else is an error | refused |
/// | string | as it is | whole numbers are read (`1234`, `1234.0`, `1.0E5`), anything else is an error | hexadecimal is read, anything else is an error |
/// | binary | its bytes taken as text; a UUID as its 36 characters | refused | as it is |
#[derive(Debug)]
pub struct Cast {
    to: IdDomain,
    uuid: bool,
    integers: IntegerForm,
    wide: Vec<i128>,
    data: Vec<u8>,
    offsets: Vec<i32>,
}

impl Cast {
    /// A cast to `to`; `uuid` says that binary IDs are UUIDs.
    #[must_use]
    pub fn new(to: IdDomain, uuid: bool) -> Self {
        Self {
            to,
            uuid,
            integers: IntegerForm::default(),
            wide: Vec::new(),
            data: Vec::new(),
            offsets: Vec::new(),
        }
    }

    /// Whether IDs of `from` have a meaning in `to`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if not: binary values aren't numbers, and numbers not binary values.
    pub fn check(from: IdDomain, to: IdDomain) -> Result<()> {
        match (from, to) {
            (IdDomain::Integer, IdDomain::Binary) | (IdDomain::Binary, IdDomain::Integer) => {
                Err(Error::usage(format!("{from} ids can't be read as {to}"))
                    .hint([Setting::Cast.to("string"), " has a meaning for both".into()]))
            }
            _ => Ok(()),
        }
    }

    /// Pushes `batch` in the domain asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for a text that is no number or no hexadecimal, [`ErrorKind::Usage`] as
    /// [`Self::check`], and those of `sink`.
    pub fn push(&mut self, batch: IdBatch<'_>, sink: &mut dyn IdSink) -> Result<()> {
        match (batch, self.to) {
            (IdBatch::Integers(ids), IdDomain::Text) => {
                self.texts(ids.iter().map(|&id| i128::from(id)), sink)
            }
            (IdBatch::WideIntegers(ids), IdDomain::Text) => self.texts(ids.iter().copied(), sink),
            (IdBatch::Text(ids), IdDomain::Integer) => self.numbers(&ids, sink),
            (IdBatch::Text(ids), IdDomain::Binary) => self.binaries(&ids, sink),
            (IdBatch::Binary(ids), IdDomain::Text) if self.uuid => self.uuids(&ids, sink),
            (IdBatch::Binary(ids), IdDomain::Text) => sink.push(IdBatch::Text(ids)),
            (batch, to) if batch.domain() == to => sink.push(batch),
            (batch, to) => Self::check(batch.domain(), to),
        }
    }

    fn texts(&mut self, ids: impl Iterator<Item = i128>, sink: &mut dyn IdSink) -> Result<()> {
        self.start();
        for id in ids {
            integer_to_text(id, &mut self.data);
            self.end_of_id()?;
        }
        sink.push(IdBatch::Text(ByteIds::Offsets {
            data: &self.data,
            offsets: &self.offsets,
        }))
    }

    fn uuids(&mut self, ids: &ByteIds<'_>, sink: &mut dyn IdSink) -> Result<()> {
        self.start();
        ids.try_for_each(|id| {
            uuid_to_text(id, &mut self.data);
            self.end_of_id()
        })?;
        sink.push(IdBatch::Text(ByteIds::Offsets {
            data: &self.data,
            offsets: &self.offsets,
        }))
    }

    fn binaries(&mut self, ids: &ByteIds<'_>, sink: &mut dyn IdSink) -> Result<()> {
        self.start();
        ids.try_for_each(|id| {
            hex_to_bytes(id, &mut self.data).ok_or_else(|| not_read("hexadecimal"))?;
            self.end_of_id()
        })?;
        sink.push(IdBatch::Binary(ByteIds::Offsets {
            data: &self.data,
            offsets: &self.offsets,
        }))
    }

    fn numbers(&mut self, ids: &ByteIds<'_>, sink: &mut dyn IdSink) -> Result<()> {
        self.wide.clear();
        ids.try_for_each(|id| {
            let number = text_to_integer(id).ok_or_else(|| not_read("a whole number"))?;
            self.wide.push(number);
            Ok(())
        })?;
        self.integers
            .push(self.wide.iter().copied(), |batch| sink.push(batch))
    }

    fn start(&mut self) {
        self.data.clear();
        self.offsets.clear();
        self.offsets.push(0);
    }

    fn end_of_id(&mut self) -> Result<()> {
        let end = i32::try_from(self.data.len()).map_err(|_| {
            Error::new(
                ErrorKind::Limit,
                "the ids of one batch are longer than 2 GiB together",
            )
        })?;
        self.offsets.push(end);
        Ok(())
    }
}

/// The error for an ID that the cast can't read; whoever knows its place adds it, and nobody shows the ID.
pub(crate) fn not_read(wanted: &str) -> Error {
    Error::input(format!("an id is not {wanted}")).hint([
        "leave ".into(),
        Setting::Cast.into(),
        " away, or mend the column".into(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Spy(Vec<String>);

    impl IdSink for Spy {
        fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
            match batch {
                IdBatch::Text(ids) => {
                    ids.for_each(|id| self.0.push(String::from_utf8_lossy(id).into_owned()));
                }
                IdBatch::Binary(ids) => ids.for_each(|id| self.0.push(format!("{id:?}"))),
                other => self.0.push(format!("{other:?}")),
            }
            Ok(())
        }
    }

    fn cast(batch: IdBatch<'_>, to: IdDomain, uuid: bool) -> Result<Vec<String>> {
        let mut spy = Spy::default();
        Cast::new(to, uuid).push(batch, &mut spy)?;
        Ok(spy.0)
    }

    fn text<'a>(ids: &'a [&'a [u8]]) -> IdBatch<'a> {
        IdBatch::Text(ByteIds::Slices(ids))
    }

    #[test]
    fn integers_become_digits_and_back() {
        let digits = cast(IdBatch::Integers(&[7, -1]), IdDomain::Text, false).expect("casts");
        assert_eq!(digits, ["7", "-1"]);
        let numbers = cast(text(&[b"7", b"-01"]), IdDomain::Integer, false).expect("casts");
        assert_eq!(numbers, ["Integers([7, -1])"]);
    }

    #[test]
    fn a_uuid_column_meets_uuid_text() {
        let ids = IdBatch::Binary(ByteIds::Fixed {
            data: &[0xab; 16],
            width: 16,
        });
        let text_of_uuid = "abababab-abab-abab-abab-abababababab";
        assert_eq!(
            cast(ids, IdDomain::Text, true).expect("casts"),
            [text_of_uuid]
        );
        let back = cast(text(&[text_of_uuid.as_bytes()]), IdDomain::Binary, false);
        assert_eq!(back.expect("casts"), [format!("{:?}", [0xab_u8; 16])]);
    }

    #[test]
    fn a_value_without_meaning_is_named_and_never_skipped() {
        let error = cast(text(&[b"1", b"x7"]), IdDomain::Integer, false).expect_err("x7");
        assert!(
            error.to_string().contains("an id is not a whole number")
                && !error.to_string().contains("x7"),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::Input);
        let error = cast(IdBatch::Integers(&[1]), IdDomain::Binary, false).expect_err("binary");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}
