//! Which version of a table is meant.

use crate::error::{Error, Result, Setting};
use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;

/// A version of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// By its number.
    Version(u64),
    /// The newest at that time, in milliseconds since 1970.
    Time(i64),
}

impl AsOf {
    /// A number, or a time such as `2026-11-23T12:00:00+01:00`; without a zone it is UTC, without an
    /// hour the day's beginning.
    ///
    /// ```
    /// use overlap::AsOf;
    ///
    /// assert_eq!(AsOf::parse("12")?, AsOf::Version(12));
    /// assert_eq!(AsOf::parse("1970-01-01T00:00:01Z")?, AsOf::Time(1_000));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if it is neither.
    pub fn parse(text: &str) -> Result<Self> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(version) = is_number.then(|| text.parse().ok()).flatten() {
            return Ok(Self::Version(version));
        }
        let time = string_to_timestamp_nanos(text).map(|nanos| Self::Time(nanos / 1_000_000));
        time.map_err(|_| {
            let what = format!(": {text:?} is neither a version nor a time");
            Error::usage([Setting::AsOf.into(), what.into()])
                .hint("a version is a number such as 12, a time such as 2026-11-23T12:00:00Z")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_times_are_told_apart() {
        let parse = |text: &str| AsOf::parse(text).ok();
        assert_eq!(parse("0"), Some(AsOf::Version(0)));
        let noon = Some(AsOf::Time(1_795_435_200_000));
        assert_eq!(parse("2026-11-23T12:00:00Z"), noon);
        assert_eq!(parse("2026-11-23 13:00:00+01:00"), noon);
        assert_eq!(parse("2026-11-23"), Some(AsOf::Time(1_795_392_000_000)));
        for neither in ["", "latest", "-1", "99999999999999999999", "2026-13-01"] {
            assert_eq!(parse(neither), None, "{neither}");
        }
    }
}
