//! Which of some columns holds the IDs, by their names.

use crate::error::{Error, Result, Setting};

/// Column names that are tried without `--id`; exactly one must be present.
pub const USUAL_NAMES: [&str; 5] = ["user_id", "uid", "id", "userid", "device_id"];

/// The usual name that may as well be the key of a row: it is taken only if nothing else may be a user.
const ROW_KEY: &str = "id";

/// What names of columns that tell one user from another hold as a word or a part of one.
const TELLING: [&str; 34] = [
    "user",
    "customer",
    "client",
    "member",
    "person",
    "people",
    "buyer",
    "visitor",
    "account",
    "subscriber",
    "contact",
    "mail",
    "phone",
    "msisdn",
    "cookie",
    "device",
    "uuid",
    "guid",
    "hash",
    "guest",
    "patient",
    "player",
    "profile",
    "consumer",
    "shopper",
    "donor",
    "employee",
    "login",
    "idfa",
    "gaid",
    "maid",
    "kunde",
    "nutzer",
    "household",
];

/// The place of the ID column among columns by their paths: the one called `wanted`, or the only usual
/// name there is; `leaves` are the last parts of the paths.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if there is no such column, or more than one; never a guess.
pub(super) fn find_name<S: AsRef<str>>(
    paths: &[String],
    leaves: &[S],
    wanted: Option<&str>,
) -> Result<usize> {
    let Some(wanted) = wanted else {
        return find_usual(paths);
    };
    let by = |is: &dyn Fn(&String) -> bool| -> Vec<usize> {
        (0..paths.len()).filter(|&i| is(&paths[i])).collect()
    };
    let mut found = by(&|path| path == wanted);
    if found.is_empty() {
        // What is invisible in a name can hardly be typed, but as messages show it; shells take the
        // quotes away.
        found = by(&|path| {
            let shown = shown(path);
            let bare = shown
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            shown == wanted || bare == Some(wanted)
        });
    }
    match found[..] {
        [index] => Ok(index),
        [] => Err(not_found(paths, leaves, wanted)),
        _ => Err(
            Error::usage(format!("{} columns are called {wanted}", found.len()))
                .hint("rename all but one where the file is written"),
        ),
    }
}

fn find_usual(paths: &[String]) -> Result<usize> {
    let found: Vec<usize> = (0..paths.len())
        .filter(|&i| USUAL_NAMES.contains(&paths[i].as_str()))
        .collect();
    match found[..] {
        [index] => {
            let others = paths.iter().filter(|path| *path != ROW_KEY);
            let others: Vec<String> = others
                .filter(|path| may_tell_users(path))
                .cloned()
                .collect();
            if paths[index] == ROW_KEY && !others.is_empty() {
                return Err(Error::usage(format!(
                    "column {ROW_KEY} may be the key of the row: the users may be in {}",
                    list(&others)
                ))
                .hint([
                    "say which column holds the users with ".into(),
                    Setting::Id.into(),
                    ", such as ".into(),
                    Setting::Id.to(&shown(&others[0])),
                ]));
            }
            Ok(index)
        }
        [] => Err(no_usual(paths)),
        _ => {
            let names: Vec<&str> = found.iter().map(|&i| paths[i].as_str()).collect();
            Err(
                Error::usage(format!("any of {} may be the id column", names.join(", ")))
                    .hint(["say which with ".into(), Setting::Id.into()]),
            )
        }
    }
}

fn no_usual(paths: &[String]) -> Error {
    let error = Error::usage(format!("no column is called {}", USUAL_NAMES.join(", ")));
    let near = |path: &&String| USUAL_NAMES.iter().any(|usual| is_near(path, usual));
    let near: Vec<String> = paths.iter().filter(near).cloned().collect();
    match &near[..] {
        [] => error.hint([
            "name the id column with ".into(),
            Setting::Id.into(),
            format!("; the columns are {}", list(paths)).into(),
        ]),
        [first, ..] => error.hint([
            format!(
                "names are matched to the letter; near them is {}: name it with ",
                list(&near)
            )
            .into(),
            Setting::Id.to(&shown(first)),
        ]),
    }
}

fn not_found<S: AsRef<str>>(paths: &[String], leaves: &[S], wanted: &str) -> Error {
    let error = Error::usage(format!("no column {}", shown(wanted)));
    let below: Vec<String> = paths
        .iter()
        .filter(|path| path.starts_with(&format!("{wanted}.")))
        .cloned()
        .collect();
    if !below.is_empty() {
        return error.hint(format!("it is nested; its leaves are {}", list(&below)));
    }
    let near: Vec<String> = paths
        .iter()
        .zip(leaves)
        .filter(|(path, leaf)| is_near(path, wanted) || is_near(leaf.as_ref(), wanted))
        .map(|(path, _)| path.clone())
        .collect();
    if near.is_empty() {
        error.hint(format!("the columns are {}", list(paths)))
    } else {
        error.hint(format!(
            "names are matched to the letter; near it is {}",
            list(&near)
        ))
    }
}

/// Whether two names differ by nothing but case, blanks, dots, dashes, quotes or what is invisible.
pub(super) fn is_near(a: &str, b: &str) -> bool {
    fn bare(name: &str) -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    }
    let (a, b) = (bare(a), bare(b));
    a == b && !a.is_empty()
}

/// Whether a column is called as columns of IDs are.
pub(super) fn may_be_users(path: &str) -> bool {
    USUAL_NAMES.contains(&path) || may_tell_users(path)
}

/// Whether a column may tell one user from another, by its name: `customer_id`, `customerId`, `email`.
fn may_tell_users(path: &str) -> bool {
    let lower = path.to_lowercase();
    if TELLING.iter().any(|part| lower.contains(part)) {
        return true;
    }
    // `id` as a word of its own, also in camelCase.
    let mut words = String::new();
    let mut before_is_lower = false;
    for c in path.chars() {
        if before_is_lower && c.is_uppercase() {
            words.push(' ');
        }
        before_is_lower = c.is_lowercase();
        words.extend(c.to_lowercase());
    }
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        matches!(word, "id" | "ids" | "uid" | "pid" | "key") || word.ends_with("userid")
    })
}

/// A name as a message shows it: as it is, or quoted if something in it can't be seen.
pub(super) fn shown(name: &str) -> String {
    let is_invisible = |c: char| {
        c.is_control()
            || c == '"'
            || (c.is_whitespace() && c != ' ')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
    };
    if name.trim() != name || name.is_empty() || name.contains(is_invisible) {
        let mut text = String::from("\"");
        for c in name.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                ' ' => text.push(c),
                c if is_invisible(c) => text.extend(c.escape_unicode()),
                c => text.push(c),
            }
        }
        text.push('"');
        return text;
    }
    name.to_owned()
}

/// A list for a message; a file may have thousands of columns.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let names_shown = names.iter().take(SHOWN).map(|name| shown(name));
    let mut text = names_shown.collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str], wanted: Option<&str>) -> Result<usize> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        find_name(&names, &names, wanted)
    }

    #[test]
    fn without_a_name_exactly_one_usual_column_must_exist() {
        assert_eq!(find(&["x", "uid"], None), Ok(1));
        let two = find(&["id", "uid"], None).expect_err("two");
        assert!(two.to_string().contains("id, uid"), "{two}");
        let none = find(&["x", "customer"], None).expect_err("none");
        assert!(none.to_string().contains("x, customer"), "{none}");
    }

    #[test]
    fn the_key_of_a_row_is_taken_only_if_nothing_else_may_be_a_user() {
        assert_eq!(
            find(&["id", "day", "amount", "country", "paid", "video"], None),
            Ok(0)
        );
        for other in [
            "customer_id",
            "customerId",
            "email",
            "Kundennummer",
            "CUSTOMER",
            "order_id",
        ] {
            let error = find(&["id", other], None).expect_err(other);
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(error.to_string().contains(other), "{error}");
            assert_eq!(find(&["id", other], Some("id")), Ok(0));
        }
        assert_eq!(find(&["user_id", "order_id"], None), Ok(0));
    }

    #[test]
    fn near_names_are_told_with_what_is_invisible_made_visible_but_never_taken() {
        for (name, shown) in [
            ("USER_ID", "USER_ID"),
            ("userId", "userId"),
            ("user.id", "user.id"),
            (" user_id", "\" user_id\""),
            ("\u{feff}user_id", "\"\\u{feff}user_id\""),
            ("\"user_id\"", "\"\\\"user_id\\\"\""),
            ("user_id\u{200b}", "\"user_id\\u{200b}\""),
        ] {
            for wanted in [None, Some("user_id")] {
                let error = find(&["x", name], wanted).expect_err(name);
                assert_eq!(error.kind(), crate::ErrorKind::Usage);
                let text = error.to_string();
                assert!(text.contains("near") && text.contains(shown), "{text}");
                assert!(!text.contains('\u{feff}'), "{text}");
            }
            assert_eq!(find(&["x", name], Some(shown)), Ok(1), "as it is shown");
            assert_eq!(find(&["x", name], Some(name)), Ok(1));
        }
    }
}
