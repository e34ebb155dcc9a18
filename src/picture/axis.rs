//! Scales with round numbers.

/// Round numbers from 0 to at least `most`, about so many steps apart.
pub(super) fn ticks(most: f64, steps: f64) -> Vec<f64> {
    if !most.is_finite() || most <= 0.0 {
        return vec![0.0];
    }
    let rough = most / steps.max(1.0);
    let unit = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * unit)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * unit);
    let count = (most / step - 1e-9).ceil().max(1.0);
    (0..=64)
        .map(f64::from)
        .take_while(|i| *i <= count)
        .map(|i| i * step)
        .collect()
}

/// A number of users as an axis has it: `1.2 M`.
pub(super) fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let unit = UNITS.iter().find(|(size, _)| value.abs() >= *size);
    let (value, unit) = unit.map_or((value, ""), |(size, unit)| (value / size, *unit));
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_reach_the_end() {
        assert_eq!(
            ticks(288_616.0, 5.0),
            [0.0, 100_000.0, 200_000.0, 300_000.0]
        );
        assert_eq!(ticks(1.0, 4.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(ticks(0.0, 4.0), [0.0]);
        for most in [0.3, 7.0, 99.0, 1e15] {
            let ticks = ticks(most, 5.0);
            assert!(
                ticks.last().is_some_and(|last| *last >= most) && ticks.len() < 9,
                "{ticks:?}"
            );
        }
    }

    #[test]
    fn large_numbers_are_short() {
        let texts = [0.0, 999.0, 1_000.0, 1_250_000.0, 3e9].map(short);
        assert_eq!(texts, ["0", "999", "1 k", "1.25 M", "3 G"]);
    }
}
