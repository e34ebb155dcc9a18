//! Texts as numbers, dates and moments: one strict reading for literals of a filter, for values of
//! formats without types, and for casts.
//!
//! Knows ISO 8601 alone: what can be read in two ways (01/02/2026) is no date.

/// A number, exactly: `mantissa · 10^−scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) mantissa: i128,
    pub(super) scale: u8,
}

/// Digits that a number may have, as the widest decimal of Arrow and Parquet.
pub(super) const DIGITS_MAX: u8 = 38;

/// A number of at most [`DIGITS_MAX`] digits; blanks around it don't count, as in PostgreSQL.
pub(super) fn exact(text: &str) -> Option<Exact> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, signed(exponent)?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
    }
    let mut scale = i64::try_from(fraction.len()).ok()? - exponent;
    // Zeros at the end say nothing, and may be what makes it too long.
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    if mantissa == 0 {
        scale = 0;
    }
    while scale < 0 {
        mantissa = mantissa.checked_mul(10)?;
        scale += 1;
    }
    let scale = u8::try_from(scale)
        .ok()
        .filter(|&scale| scale <= DIGITS_MAX)?;
    if mantissa >= 10_i128.pow(DIGITS_MAX.into()) {
        return None;
    }
    let mantissa = if negative { -mantissa } else { mantissa };
    Some(Exact { mantissa, scale })
}

fn signed(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // No exponent of four digits is of a number that has 38.
    (is_number && digits.len() <= 3)
        .then(|| text.parse().ok())
        .flatten()
}

/// A floating number, `Infinity` and `NaN` included; too large a one is none.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    let value: f64 = text.parse().ok()?;
    let says_so = text.bytes().any(|b| b.eq_ignore_ascii_case(&b'n'));
    (value.is_finite() || says_so).then_some(value)
}

/// True or false in PostgreSQL's spellings, whole.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim_ascii().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Days since 1970-01-01 of `2026-11-23`.
pub(super) fn date(text: &str) -> Option<i32> {
    let text = text.trim_ascii().as_bytes();
    match text {
        [_, _, _, _, b'-', _, _, b'-', _, _] => days(
            number(&text[..4])?,
            number(&text[5..7])?,
            number(&text[8..])?,
        ),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let digit = |sum: u32, &b: &u8| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'));
    (!digits.is_empty() && digits.len() <= 9)
        .then(|| digits.iter().try_fold(0, digit))
        .flatten()
}

/// Days since 1970-01-01 in the Gregorian calendar, by Howard Hinnant's `days_from_civil`.
fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    let divides = |years| year.is_multiple_of(years);
    let is_leap = divides(4) && (!divides(100) || divides(400));
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || day == 0 || day > length {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// A moment, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) nanos: i128,
    /// Whether it is finer than microseconds.
    pub(super) is_fine: bool,
    /// Whether it says how far it is from UTC; `nanos` are in UTC then.
    pub(super) has_zone: bool,
}

const NANOS: i128 = 1_000_000_000;
const DAY_SECONDS: i128 = 86_400;

/// A moment as `2026-11-23 12:30:00.5+01:00`; of a date alone its midnight.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let text = text.trim_ascii();
    let (day, rest) = text.split_at_checked(10)?;
    let day = i128::from(date(day)?) * DAY_SECONDS;
    if rest.is_empty() {
        return Some(Moment {
            nanos: day * NANOS,
            is_fine: false,
            has_zone: false,
        });
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let (time, is_fine) = time_of_day(time.trim_ascii_end())?;
    let offset = match zone {
        "" => None,
        "Z" | "z" => Some(0),
        _ => Some(offset(zone)?),
    };
    Some(Moment {
        nanos: day * NANOS + time - i128::from(offset.unwrap_or(0)) * NANOS,
        is_fine,
        has_zone: offset.is_some(),
    })
}

/// Nanoseconds of `12:30`, `12:30:00` or `12:30:00.123456`, and whether it is finer than micros.
fn time_of_day(text: &str) -> Option<(i128, bool)> {
    let (clock, fraction) = text
        .split_once('.')
        .map_or((text, None), |(c, f)| (c, Some(f)));
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |part: &str| (part.len() == 2).then(|| number(part.as_bytes())).flatten();
    let (hours, minutes, seconds) = match parts[..] {
        [h, m] if fraction.is_none() => (two(h)?, two(m)?, 0),
        [h, m, s] => (two(h)?, two(m)?, two(s)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let (nanos, is_fine) = match fraction {
        None => (0, false),
        Some(digits) => {
            let value = number(digits.as_bytes())?;
            let zeros = u32::try_from(9 - digits.len()).ok()?;
            let nanos = value * 10_u32.pow(zeros);
            (nanos, nanos % 1000 != 0)
        }
    };
    let seconds = i128::from(hours * 3600 + minutes * 60 + seconds);
    Some((seconds * NANOS + i128::from(nanos), is_fine))
}

/// Seconds east of UTC of `+01`, `+01:00` or `+0100`.
fn offset(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_, _] => (number(digits)?, 0),
        [_, _, b':', _, _] => (number(&digits[..2])?, number(&digits[3..])?),
        [_, _, _, _] => (number(&digits[..2])?, number(&digits[2..])?),
        _ => return None,
    };
    (hours <= 15 && minutes <= 59)
        .then(|| i32::try_from(hours * 3600 + minutes * 60).ok())
        .flatten()
        .map(|seconds| sign * seconds)
}

/// A span of time, in the parts that calendars keep apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) months: i32,
    pub(super) days: i32,
    pub(super) nanos: i64,
}

/// A span such as `30 days` or `1 year -2 months 3 hours`; a bare number is of `unit`.
pub(super) fn span(text: &str, unit: Option<&str>) -> Option<Span> {
    let mut span = Span::default();
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        let split = word.find(|c: char| c.is_ascii_alphabetic());
        let (count, attached) = word.split_at(split.unwrap_or(word.len()));
        let count: i64 = count.parse().ok()?;
        let name = match attached {
            "" => words.next().or(unit)?,
            name => name,
        };
        add(&mut span, count, name)?;
    }
    Some(span)
}

fn add(span: &mut Span, count: i64, unit: &str) -> Option<()> {
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix('s').unwrap_or(&unit);
    let months = |each: i64| i32::try_from(count.checked_mul(each)?).ok();
    let nanos = |each: i64| count.checked_mul(each);
    match unit {
        "year" | "yr" => span.months = span.months.checked_add(months(12)?)?,
        "month" | "mon" => span.months = span.months.checked_add(months(1)?)?,
        "week" => span.days = span.days.checked_add(months(7)?)?,
        "day" => span.days = span.days.checked_add(months(1)?)?,
        "hour" => span.nanos = span.nanos.checked_add(nanos(3_600_000_000_000)?)?,
        "minute" | "min" => span.nanos = span.nanos.checked_add(nanos(60_000_000_000)?)?,
        "second" | "sec" => span.nanos = span.nanos.checked_add(nanos(1_000_000_000)?)?,
        "millisecond" => span.nanos = span.nanos.checked_add(nanos(1_000_000)?)?,
        "microsecond" => span.nanos = span.nanos.checked_add(nanos(1_000)?)?,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_none() {
        let of = |text| exact(text).map(|n| (n.mantissa, n.scale));
        assert_eq!(of(" 12.50 "), Some((125, 1)));
        assert_eq!(of("-1e3"), Some((-1000, 0)));
        assert_eq!(of("1.5E-2"), Some((15, 3)));
        assert_eq!(of("+.5"), Some((5, 1)));
        for text in [
            "",
            ".",
            "1,5",
            "1e",
            "0x10",
            "NaN",
            "1 2",
            "--1",
            &"9".repeat(39),
        ] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2000-03-01"), Some(11_017));
        assert_eq!(date("2024-02-29"), Some(19_782));
        assert_eq!(date("1969-12-31"), Some(-1));
        for text in [
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "01/02/2026",
            "",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_in_utc_where_they_say_their_zone() {
        let nanos = |text| moment(text).map(|m| (m.nanos, m.has_zone, m.is_fine));
        assert_eq!(nanos("1970-01-01 00:00:01"), Some((NANOS, false, false)));
        assert_eq!(nanos("1970-01-01T01:00:00+01:00"), Some((0, true, false)));
        assert_eq!(
            nanos("1970-01-01T00:00:00.0000015Z"),
            Some((1500, true, true))
        );
        assert_eq!(nanos("1970-01-02"), Some((86_400 * NANOS, false, false)));
        for text in [
            "1970-01-01 24:00",
            "1970-01-01 1:00",
            "1970-01-01 00:00:00 CET",
            "now",
        ] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    #[test]
    fn spans_keep_months_days_and_hours_apart() {
        let expected = Span {
            months: 10,
            days: 15,
            nanos: 7_200_000_000_000,
        };
        assert_eq!(span("1 year -2 months 2 weeks 1 day 2h", None), None);
        assert_eq!(
            span("1 year -2 months 2 weeks 1 day 2 hours", None),
            Some(expected)
        );
        assert_eq!(span("30", Some("DAY")).map(|s| s.days), Some(30));
        assert_eq!(span("30", None), None);
    }
}
