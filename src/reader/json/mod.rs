//! JSON lines: an object a line, the ID at a path of keys.
//!
//! A number is an integer and a string is text; a column is one or the other, and what is neither is
//! refused with its line. No key, and `null`, are null.

mod parse;
mod shape;
mod survey;
#[cfg(test)]
mod tests;
mod wanted;

pub(crate) use survey::{Kind, Survey};

use super::batch::{Batch, Take};
use super::collect::{Collector, not_utf8};
use super::fault::Fault;
use super::glance::Glance;
use super::integer::plain_integer;
use super::limits::ReadLimits;
use super::stream::{Block, Cut, Cutter};
use super::text::{Form, Nulls, RowsRead, TextFormat};
use crate::error::{Error, Result, Setting};
use crate::id::IdSink;
use parse::{Flaw, Value, What};
use shape::Shape;
use std::borrow::Cow;
use wanted::Wanted;

/// What the IDs of a file are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// As strings, all of them.
    Strings,
    /// As numbers, all of them.
    Numbers,
    /// As either: they are brought to one form.
    Either,
    /// As either, to be read as whole numbers: a number may have a fraction of zeros or an exponent.
    Whole,
}

/// A file of JSON lines: its columns, and which of them is wanted.
#[derive(Clone, Debug)]
pub(crate) struct JsonLines {
    /// The names of the columns that were seen: their paths, dotted.
    pub(crate) names: Vec<String>,
    pub(crate) paths: Vec<Vec<String>>,
    /// The column that holds the IDs.
    pub(crate) id: usize,
    pub(crate) values: Values,
    pub(crate) nulls: Nulls,
    pub(crate) limits: ReadLimits,
}

/// Cuts at line ends: a string holds none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineCutter;

impl Cutter for LineCutter {
    fn cut(&mut self, bytes: &[u8], _: &Glance) -> Cut {
        Cut {
            end: memchr::memrchr(b'\n', bytes).map(|at| at + 1),
            ..Cut::default()
        }
    }

    fn doubt(&self) -> &'static str {
        "is it one object a line, as jq -c . makes it? "
    }
}

impl TextFormat for JsonLines {
    fn format_name(&self) -> &'static str {
        "JSON lines"
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn id_name(&self) -> String {
        self.names[self.id].clone()
    }

    fn cutter(&self) -> Box<dyn Cutter> {
        Box::new(LineCutter)
    }

    fn line_end(&self) -> u8 {
        b'\n'
    }

    fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    fn ids(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<RowsRead> {
        let locate = |fault: Fault| fault.locate(text, block, b'\n');
        check_utf8(text, &block.glance).map_err(locate)?;
        let mut ids = Collector::new(self.form(form), &self.nulls, &self.limits, sink);
        let wanted = Wanted::new([&self.paths[self.id][..]]);
        let read = each_line(text, &wanted, |line, at, values| {
            let value = wanted.of(0, values);
            if let (Values::Numbers, Value::Number { start, end }) = (self.values, value) {
                return ids.number(&line[start..end], at, no_integer);
            }
            match self
                .id(line, value)
                .map_err(|error| Fault::new(at, error))?
            {
                None => ids.null(false),
                Some(id) => ids.quoted(id, at)?,
            }
            Ok(())
        });
        let read = read.and_then(|()| ids.finish(text.len()));
        let (tally, named_nulls) = read.map_err(locate)?;
        Ok(RowsRead { tally, named_nulls })
    }

    fn rows(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        columns: &[usize],
        take: Take<'_>,
    ) -> Result<RowsRead> {
        let locate = |fault: Fault| fault.locate(text, block, b'\n');
        check_utf8(text, &block.glance).map_err(locate)?;
        let paths = [self.id].into_iter().chain(columns.iter().copied());
        let wanted = Wanted::new(paths.map(|column| &self.paths[column][..]));
        let names = columns.iter().map(|&column| &self.names[column]);
        let mut batch = Batch::new(names, self.form(form), &self.limits);
        let done = each_line(text, &wanted, |line, at, values| {
            let fault = |error| Fault::new(at, error);
            let id = self.id(line, wanted.of(0, values)).map_err(fault)?;
            let is_named = id.as_ref().is_some_and(|id| self.nulls.contains(id));
            match id.filter(|_| !is_named) {
                Some(id) => batch.id(&id, at)?,
                None => batch.null(is_named),
            }
            for (number, &column) in columns.iter().enumerate() {
                let value = wanted.of(number + 1, values);
                let value = segment(line, value, &self.names[column]).map_err(fault)?;
                batch.column(number, value.as_deref()).map_err(fault)?;
            }
            batch.end_row(at, take)
        });
        done.and_then(|()| batch.finish(text.len(), take))
            .map_err(locate)
    }
}

impl JsonLines {
    fn form(&self, form: Form) -> Form {
        match self.values {
            Values::Strings => form,
            Values::Numbers => Form::Integers,
            Values::Either | Values::Whole => Form::Text,
        }
    }

    /// The ID that a value is; `None` if it is null.
    #[inline(always)]
    fn id<'a>(&self, line: &'a [u8], value: Value) -> Result<Option<Cow<'a, [u8]>>> {
        match value {
            Value::Missing | Value::Null => Ok(None),
            Value::Text {
                start,
                end,
                escaped,
            } if self.values != Values::Numbers => {
                let text = parse::text(line, start, end, escaped);
                text.map(Some).ok_or_else(half_a_pair)
            }
            Value::Number { start, end } if self.values == Values::Whole => {
                Ok(Some(Cow::Borrowed(&line[start..end])))
            }
            Value::Number { start, end } if self.values != Values::Strings => {
                integer(&line[start..end]).map(Some)
            }
            other => Err(self.no_id(other)),
        }
    }

    #[cold]
    fn no_id(&self, value: Value) -> Error {
        let mixed = |what: &str, others: &str| {
            Error::input(format!(
                "an id that is {what}, in a column that begins with {others}"
            ))
            .hint([
                "bring all of them to one form with ".into(),
                Setting::Cast.to("string"),
                " (numbers as digits) or ".into(),
                Setting::Cast.to("integer"),
                " (strings read as numbers)".into(),
            ])
        };
        match value {
            Value::Text { .. } => mixed("a string", "numbers"),
            Value::Number { .. } => mixed("a number", "strings"),
            Value::Bool(_) => id_is_bool(),
            Value::Array => id_is_list(),
            _ => no_id("an object", "name a key below it, such as user.id"),
        }
    }
}

/// The error for IDs that are true or false.
pub(crate) fn id_is_bool() -> Error {
    no_id("true or false", "it distinguishes at most two users")
}

/// The error for IDs that are lists.
pub(crate) fn id_is_list() -> Error {
    no_id(
        "a list",
        "unnest it to one id a row, or name another column",
    )
}

/// The error for a value that can't identify a user.
fn no_id(what: &str, way_out: &str) -> Error {
    Error::input(format!("an id that is {what}")).hint(way_out)
}

/// The digits of a number that is a whole one.
#[inline(always)]
fn integer(number: &[u8]) -> Result<Cow<'_, [u8]>> {
    match plain_integer(number) {
        Some(_) => Ok(Cow::Borrowed(number)),
        None if number == b"-0" => Ok(Cow::Borrowed(b"0")),
        None => Err(no_integer(number)),
    }
}

#[cold]
fn no_integer(number: &[u8]) -> Error {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    if number.iter().all(is_digit) {
        return no_id(
            "a number of more than 38 digits",
            "have it written as a string",
        );
    }
    if crate::id::text_to_integer(number).is_some() {
        return Error::input("an id that is a number with a point or an exponent").hint([
            Setting::Cast.to("integer"),
            " reads those that are whole".into(),
        ]);
    }
    no_id(
        "a number with a point or an exponent",
        "have it written as a whole number or as a string: a float holds whole numbers up to 2^53 only, and ids beyond it are already lost",
    )
}

#[cold]
fn half_a_pair() -> Error {
    Error::input("half of a surrogate pair in a string, which no text holds")
        .hint("have it written as UTF-8, or with both halves")
}

/// The text of a segment's value; `None` if it is null.
fn segment<'a>(line: &'a [u8], value: Value, name: &str) -> Result<Option<Cow<'a, [u8]>>> {
    let refuse = |what: &str| {
        let text =
            format!("a value of {name} that is {what}, but segments and filters take one value");
        Err(Error::input(text).hint(["name another column with ".into(), Setting::By.into()]))
    };
    match value {
        Value::Missing | Value::Null => Ok(None),
        Value::Bool(true) => Ok(Some(Cow::Borrowed(b"true"))),
        Value::Bool(false) => Ok(Some(Cow::Borrowed(b"false"))),
        Value::Number { start, end } => Ok(Some(Cow::Borrowed(&line[start..end]))),
        Value::Text {
            start,
            end,
            escaped,
        } => {
            let text = parse::text(line, start, end, escaped);
            text.map(Some).ok_or_else(half_a_pair)
        }
        Value::Object => refuse("an object"),
        Value::Array => refuse("a list"),
    }
}

/// JSON is UTF-8.
fn check_utf8(text: &[u8], glance: &Glance) -> Result<(), Fault> {
    let checked = match glance.beyond_ascii {
        true => std::str::from_utf8(text).map(|_| ()),
        false => Ok(()),
    };
    checked.map_err(|error| Fault::new(error.valid_up_to(), not_utf8()))
}

/// Calls `each` with every line that isn't blank, where it begins, and the values that are wanted.
#[inline(always)]
fn each_line<'a>(
    text: &'a [u8],
    wanted: &Wanted,
    mut each: impl FnMut(&'a [u8], usize, &[Value]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut values = wanted.values();
    let mut shape = Shape::default();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        values.fill(Value::Missing);
        if let Some(end) = shape.read(rest, &wanted.nodes, &mut values) {
            each(&rest[..end], at, &values)?;
            at += end + 1;
            continue;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        values.fill(Value::Missing);
        match parse::object(line, &wanted.nodes, &mut values) {
            Ok(()) => {
                shape.learn(line, &wanted.nodes);
                each(line, at, &values)?;
            }
            Err(_) if parse::is_blank(line) => {}
            Err(flaw) => return Err(fault_of(line, at, flaw)),
        }
        at += end + 1;
    }
    Ok(())
}

/// What a flaw of a line means, that begins at `at`.
#[cold]
fn fault_of(line: &[u8], at: usize, flaw: Flaw) -> Fault {
    const LINES: &str = "one object a line is wanted, as jq -c . makes it";
    let error = match flaw.what {
        What::Invalid(what) => Error::input(format!("invalid JSON: {what}")).hint(LINES),
        What::Cut => Error::input("a line that ends before its object does")
            .hint("is the file whole? One object a line is wanted, as jq -c . makes it"),
        What::Behind => Error::input("something behind an object in one line").hint(LINES),
        What::NoObject if line.trim_ascii_start().starts_with(b"[") => {
            Error::input("a list of JSON values")
                .hint("one object a line is wanted, as jq -c '.[]' makes it")
        }
        What::NoObject => Error::input("a JSON value that is no object").hint(
            "one object a line is wanted, as jq -c . makes it; a list of ids is read as delimited text, one id a line",
        ),
        What::Twice(key) => Error::input(format!("the key {key} twice in one object"))
            .hint("programs differ in which of them counts: have it written once"),
        What::Flat(key) => Error::input(format!("a value of {key} that is no object"))
            .hint(["name the id column with ".into(), Setting::Id.into()]),
        What::Deep => Error::input("objects or lists in one another, more than 127 deep")
            .hint("leave that column out where the file is written"),
    };
    Fault::new(at, error)
}
