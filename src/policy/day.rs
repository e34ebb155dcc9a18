//! A day of the calendar, as text such as 2026-12-31.

use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// The day of a text such as `2026-12-31`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if there is no such day, or it is written otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::usage("not a day of the calendar")
                .hint("write it as year-month-day, such as 2026-12-31")
        };
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let digits = parts
            .iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if lengths != [4, 2, 2] || !digits {
            return Err(refused());
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| refused());
        let (year, month, day) = (number(parts[0])?, number(parts[1])?, number(parts[2])?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return Err(refused()),
        };
        if !(1..=days).contains(&day) {
            return Err(refused());
        }
        Ok(Self {
            year,
            month: month as u8,
            day: day as u8,
        })
    }

    /// The day of a moment in microseconds since 1970, in UTC.
    #[must_use]
    pub fn of_micros(micros: i64) -> Self {
        const MICROS_OF_DAY: i64 = 86_400_000_000;
        let (year, month, day) = civil_of_days(micros.div_euclid(MICROS_OF_DAY));
        Self {
            year: year as u16,
            month,
            day,
        }
    }
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar (Howard Hinnant,
/// "chrono-compatible low-level date algorithms", `civil_from_days`).
pub(crate) fn civil_of_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for text in ["2026-12-31", "2024-02-29", "2000-02-29", "1970-01-01"] {
            assert_eq!(Day::parse(text).expect("a day").to_string(), text);
        }
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "26-01-01",
            "2026-04-31",
            "+026-01-01",
            "today",
            "",
        ] {
            assert!(Day::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_day_of_a_moment_is_the_one_of_utc() {
        const DAY: i64 = 86_400_000_000;
        for (micros, day) in [
            (0, "1970-01-01"),
            (DAY - 1, "1970-01-01"),
            (59 * DAY, "1970-03-01"),
            (11_016 * DAY, "2000-02-29"),
            (20_818 * DAY, "2026-12-31"),
            (20_819 * DAY, "2027-01-01"),
        ] {
            assert_eq!(Day::of_micros(micros).to_string(), day);
        }
    }
}
