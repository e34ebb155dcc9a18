//! Numbers for people: thousands, percent, rounding to the interval.

use crate::estimate::Estimate;

/// A whole number with thousands separated: `1,234,567`.
pub(crate) fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if value <= -0.5 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of rows, or a dash where it isn't known.
pub(crate) fn rows(rows: Option<u64>) -> String {
    rows.map_or_else(|| "–".into(), |rows| whole(rows as f64))
}

/// A size in bytes, of 1,024: `246 KiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut size, mut unit) = (bytes as f64 / 1024.0, 0);
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(size < 10.0);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A share in percent with three digits: `0.131 %`.
pub(crate) fn percent_of(share: f64) -> String {
    let percent = share * 100.0;
    let digits = (2.0 - percent.abs().max(1e-12).log10().floor()).clamp(0.0, 12.0);
    format!("{percent:.*} %", digits as usize)
}

/// The interval of whole numbers: `1,230 – 1,240`, or nothing where it is the value itself.
pub(crate) fn whole_interval(estimate: &Estimate) -> String {
    if estimate.lower == estimate.upper {
        return String::new();
    }
    format!("{} – {}", whole(estimate.lower), whole(estimate.upper))
}

/// A fraction as percent, with the decimals that its interval supports: `41.9 %`.
pub(crate) fn percent(estimate: &Estimate) -> String {
    format!(
        "{:.*} %",
        percent_decimals(estimate),
        estimate.value * 100.0
    )
}

/// The interval of a fraction as percent: `41.2 – 42.5 %`.
pub(crate) fn percent_interval(estimate: &Estimate) -> String {
    if estimate.lower == estimate.upper {
        return String::new();
    }
    let decimals = percent_decimals(estimate);
    let (lower, upper) = (estimate.lower * 100.0, estimate.upper * 100.0);
    format!("{lower:.decimals$} – {upper:.decimals$} %")
}

/// Decimals that show two digits of the interval's half width; two for an exact number.
fn percent_decimals(estimate: &Estimate) -> usize {
    let half_width = (estimate.upper - estimate.lower) * 50.0;
    match half_width {
        w if w <= 0.0 => 2,
        w if w >= 5.0 => 0,
        w if w >= 0.5 => 1,
        w if w >= 0.05 => 2,
        w if w >= 0.005 => 3,
        _ => 4,
    }
}

/// A plain fraction with the decimals that its interval supports: `0.2153`.
pub(crate) fn fraction(value: f64, estimate: &Estimate) -> String {
    format!("{value:.*}", percent_decimals(estimate) + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let cases = [
            (0.0, "0"),
            (999.0, "999"),
            (1000.0, "1,000"),
            (1e9, "1,000,000,000"),
        ];
        for (value, expected) in cases {
            assert_eq!(whole(value), expected);
        }
        assert_eq!(whole(-1234.0), "-1,234");
    }

    #[test]
    fn percent_shows_what_the_interval_supports() {
        let estimate = |value, lower, upper| Estimate {
            value,
            lower,
            upper,
        };
        assert_eq!(percent(&estimate(0.41912, 0.412, 0.426)), "41.9 %");
        assert_eq!(percent(&estimate(0.41912, 0.41905, 0.41919)), "41.912 %");
        assert_eq!(percent(&estimate(0.41912, 0.2, 0.6)), "42 %");
        assert_eq!(
            percent_interval(&estimate(0.41912, 0.412, 0.426)),
            "41.2 – 42.6 %"
        );
        assert_eq!(percent(&Estimate::exact(0.5)), "50.00 %");
    }
}
