//! Addresses: what they name, and what of them is never shown.

use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What answers an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Amazon S3, and whatever speaks its language.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage and Data Lake Storage.
    Azure,
    /// A web server.
    Web,
}

impl Kind {
    fn of(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "s3" | "s3a" | "s3n" => Some(Self::S3),
            "gs" | "gcs" => Some(Self::Google),
            "az" | "azure" | "adl" | "abfs" | "abfss" => Some(Self::Azure),
            "http" | "https" => Some(Self::Web),
            _ => None,
        }
    }
}

/// An address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: Kind,
    /// Scheme and authority, `s3://bucket`: what one client serves. All of a web address with a query.
    pub(super) root: String,
    /// The bucket, the container (with its account) or the host.
    pub(super) authority: String,
    /// Behind the authority, without slashes at its ends; empty of a web address with a query.
    pub(super) key: String,
}

impl Address {
    /// # Errors
    /// [`ErrorKind::Input`] for a scheme that isn't read, [`ErrorKind::Usage`] for an address that names no
    /// bucket.
    pub(super) fn parse(path: &Path) -> Result<Self> {
        let shown = path.to_string_lossy();
        let Some((scheme, rest)) = parts(path) else {
            return Err(Error::new(ErrorKind::Internal, "a path without a scheme"));
        };
        let kind = Kind::of(scheme).ok_or_else(|| {
            Error::input(format!("addresses that begin with {scheme}:// aren't read")).hint(
                "s3://, gs://, az://, abfss://, https:// and http:// are, or copy the files here first",
            )
        })?;
        let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() {
            return Err(Error::usage("an address without a bucket or a host"));
        }
        if kind == Kind::Web
            && let Some(full) = queries().get(shown.as_ref())
            && full.contains('?')
        {
            return Ok(Self {
                kind,
                root: full.clone(),
                authority: authority.to_owned(),
                key: String::new(),
            });
        }
        Ok(Self {
            kind,
            root: format!("{scheme}://{authority}"),
            authority: authority.to_owned(),
            key: key.trim_matches('/').to_owned(),
        })
    }

    /// The address of another key of the same store.
    #[cfg(feature = "cloud")]
    pub(super) fn path_of(&self, key: &str) -> PathBuf {
        PathBuf::from(format!("{}/{key}", self.root))
    }
}

/// Scheme and what is behind `://`. A single letter is a drive of Windows.
fn parts(path: &Path) -> Option<(&str, &str)> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let is_scheme = scheme.len() > 1
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (is_scheme && !scheme.eq_ignore_ascii_case("file")).then_some((scheme, rest))
}

/// Whether a path is the address of something that isn't a local file, of whatever scheme.
#[must_use]
pub fn is_address(path: &Path) -> bool {
    parts(path).is_some()
}

/// Whether a path is an address of a web server.
#[must_use]
pub fn is_web(path: &Path) -> bool {
    parts(path).is_some_and(|(scheme, _)| Kind::of(scheme) == Some(Kind::Web))
}

/// Whether a path is an address below which objects can be listed: web servers have no folders.
#[must_use]
pub fn can_be_listed(path: &Path) -> bool {
    is_address(path) && !is_web(path)
}

/// Web addresses as they are shown, and as they were typed: what is behind `?` may be a signature that
/// opens a private object.
static QUERIES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

fn queries() -> MutexGuard<'static, BTreeMap<String, String>> {
    QUERIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address as it may be shown in errors and reports: without what is behind `?`, which is kept for the
/// request. Other paths stand as they are.
///
/// # Errors
/// [`ErrorKind::Usage`] for a web address with a user name or a password in it.
pub fn sheltered(path: &Path) -> Result<PathBuf> {
    let (true, Some(text)) = (is_web(path), path.to_str()) else {
        return Ok(path.to_owned());
    };
    let authority = text.split("://").nth(1).unwrap_or_default();
    if authority
        .split(['/', '?'])
        .next()
        .unwrap_or_default()
        .contains('@')
    {
        return Err(
            Error::usage("a web address with a user name or a password in it")
                .hint("addresses stand in reports: take one without, such as one that is signed"),
        );
    }
    let plain = text.split('?').next().unwrap_or(text);
    let mut queries = queries();
    let mut shown = plain.to_owned();
    let mut number = 1;
    while queries.get(&shown).is_some_and(|full| full != text) {
        number += 1;
        shown = format!("{plain}?…{number}");
    }
    queries.insert(shown.clone(), text.to_owned());
    Ok(PathBuf::from(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for address in [
            "s3://b/k",
            "gs://b",
            "abfss://c@a.dfs.core.windows.net/k",
            "https://h/x",
            "hdfs://n/x",
        ] {
            assert!(is_address(Path::new(address)), "{address}");
        }
        for path in ["a/b.parquet", "c://x", "file:///a", "dt=1/x", "s3:/b", "-"] {
            assert!(!is_address(Path::new(path)), "{path}");
        }
        assert!(can_be_listed(Path::new("s3://b")) && !can_be_listed(Path::new("https://h/x/")));
    }

    #[test]
    fn an_address_is_a_store_and_a_key() {
        let address = Address::parse(Path::new("s3a://lake/day=1/a b.parquet/")).expect("one");
        assert_eq!(
            (address.kind, address.root.as_str()),
            (Kind::S3, "s3a://lake")
        );
        assert_eq!(address.key, "day=1/a b.parquet");
        for wrong in ["hdfs://name/x", "s3:///x"] {
            assert!(Address::parse(Path::new(wrong)).is_err());
        }
    }

    #[test]
    fn signatures_are_kept_and_never_shown() {
        let typed = Path::new("https://h.example/x.parquet?X-Signature=secret");
        let shown = sheltered(typed).expect("an address");
        assert_eq!(shown, Path::new("https://h.example/x.parquet"));
        assert_eq!(
            Address::parse(&shown).expect("one").root,
            typed.to_str().expect("text")
        );
        let other = sheltered(Path::new("https://h.example/x.parquet")).expect("an address");
        assert_eq!(other, Path::new("https://h.example/x.parquet?…2"));
        assert_eq!(
            Address::parse(&other).expect("one").key,
            "x.parquet?…2".split('?').next().expect("a name").to_owned() + "?…2"
        );
        let error = sheltered(Path::new("https://me:secret@h/x")).expect_err("refused");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
