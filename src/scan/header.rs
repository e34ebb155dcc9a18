//! The columns of delimited text: what the first record says of them, and which holds the IDs.
//!
//! A first record that is data must be neither counted as names nor shown.

use super::names::{self, USUAL_NAMES};
use crate::error::{Error, Result, Setting};
use crate::reader::{Dialect, looks_like_data};

/// The names of the columns: the first record, or numbers from 1.
pub(super) fn names_of(dialect: &Dialect, no_header: bool) -> Result<Vec<String>> {
    if no_header {
        let numbers = 1..=dialect.first.len();
        return Ok(numbers.map(|number| number.to_string()).collect());
    }
    let name = |field: &Vec<u8>| {
        String::from_utf8(field.clone()).map_err(|_| {
            Error::input("names of columns that aren't UTF-8")
                .with("line", 1)
                .hint("export it as UTF-8: iconv -f LATIN1 -t UTF-8")
        })
    };
    dialect.first.iter().map(name).collect()
}

/// The name of a column must not be counted as an ID.
pub(super) fn ensure_no_name(first: &[u8]) -> Result<()> {
    let mut names = USUAL_NAMES.iter();
    match names.find(|name| first.eq_ignore_ascii_case(name.as_bytes())) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!(
            "the first line was said to be data, but says {name}"
        ))
        .hint([
            "leave out ".into(),
            Setting::NoHeader.into(),
            ", or name the sides without a header with it".into(),
        ])),
    }
}

/// Which of the columns holds the IDs.
pub(super) fn id_column(names: &[String], wanted: Option<&str>, no_header: bool) -> Result<usize> {
    if no_header {
        return numbered_column(names.len(), wanted);
    }
    if let [only] = names {
        // The first of a list of IDs must not be taken for a name, nor a name for an ID.
        let is_name = wanted.map_or(USUAL_NAMES.contains(&only.as_str()), |wanted| {
            wanted == only
        });
        return match is_name {
            true => Ok(0),
            // What is near a name is no ID: it can be shown.
            false if is_near(names, wanted) => names::find_name(names, names, wanted),
            false => Err(one_column(wanted)),
        };
    }
    match names::find_name(names, names, wanted) {
        // The message would list the columns, which may be IDs of users.
        Err(_) if names.iter().any(|name| looks_like_data(name)) && !is_near(names, wanted) => {
            Err(Error::usage(match wanted {
                Some(wanted) => format!("no column {wanted}"),
                None => format!("no column is called {}", USUAL_NAMES.join(", ")),
            })
            .hint([
                "the first record looks like data, not like names: if it is, say so with ".into(),
                Setting::NoHeader.into(),
                " and name the column by its number, such as ".into(),
                Setting::Id.to("1"),
            ]))
        }
        found => found,
    }
}

pub(super) fn is_near(names: &[String], wanted: Option<&str>) -> bool {
    let usual = USUAL_NAMES.iter().copied();
    let mut near = usual.filter(|_| wanted.is_none()).chain(wanted);
    near.any(|wanted| names.iter().any(|name| names::is_near(name, wanted)))
}

/// Whether the first record may be data, not names: it isn't shown then.
pub(super) fn hides_its_names(names: &[String]) -> bool {
    match names {
        [only] => !USUAL_NAMES.contains(&only.as_str()) && !is_near(names, None),
        _ => names.iter().any(|name| looks_like_data(name)) && !is_near(names, None),
    }
}

fn one_column(wanted: Option<&str>) -> Error {
    let text = match wanted {
        Some(wanted) => format!("one column, whose first line isn't {wanted}"),
        None => format!(
            "one column, whose first line is none of {}",
            USUAL_NAMES.join(", ")
        ),
    };
    Error::usage(text).hint([
        "if its first line is an id, say ".into(),
        Setting::NoHeader.into(),
        "; if it is the column's name, name it with ".into(),
        Setting::Id.into(),
    ])
}

fn numbered_column(width: usize, wanted: Option<&str>) -> Result<usize> {
    let number = match wanted {
        None if width == 1 => Some(1),
        None => None,
        Some(wanted) => wanted.parse().ok(),
    };
    let index = number.and_then(|number: usize| number.checked_sub(1));
    match index.filter(|&index| index < width) {
        Some(index) => Ok(index),
        None => {
            let text = match wanted {
                Some(_) => format!("columns without names are called 1 to {width}"),
                None => format!("any of {width} columns may be the id column"),
            };
            Err(Error::usage(text).hint([
                "name the id column by its number, such as ".into(),
                Setting::Id.to("1"),
            ]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn column(names: &[&str], wanted: Option<&str>, no_header: bool) -> Result<usize> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        id_column(&names, wanted, no_header)
    }

    #[test]
    fn a_list_of_ids_needs_a_word_on_its_first_line() {
        assert_eq!(column(&["user_id"], None, false), Ok(0));
        assert_eq!(column(&["customer"], Some("customer"), false), Ok(0));
        for (first, wanted) in [
            ("4711", None),
            ("customer", None),
            ("4711", Some("user_id")),
        ] {
            let error = column(&[first], wanted, false).expect_err(first);
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.to_string().contains("4711"), "{error}");
        }
        assert_eq!(column(&["1"], None, true), Ok(0));
    }

    #[test]
    fn columns_without_names_are_numbered_from_1() {
        assert_eq!(column(&["1", "2"], Some("2"), true), Ok(1));
        for wanted in [None, Some("0"), Some("3"), Some("user_id")] {
            let error = column(&["1", "2"], wanted, true).expect_err("no such number");
            assert_eq!(error.kind(), ErrorKind::Usage);
        }
    }

    #[test]
    fn a_first_record_of_data_is_never_shown() {
        for first in [
            "4711",
            "ann@example.com",
            "00112233-4455-6677-8899-aabbccddeeff",
        ] {
            let error = column(&[first, "x"], None, false).expect_err(first);
            assert!(!error.to_string().contains(first), "{error}");
            assert!(error.to_string().contains("no_header"), "{error}");
        }
        let error = column(&["customer", "x"], None, false).expect_err("unusual");
        assert!(error.to_string().contains("customer"), "{error}");
    }
}
