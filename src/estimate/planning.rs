//! The error to expect of a pair, and the sketch for an error wished for.
//!
//! From the information that the sketches are expected to hold: the Cramér–Rao bound, which the
//! estimator attains to a few percent wherever it is below a third (`docs/accuracy.md`).

use super::fisher;
use super::likelihood::{SET_A, SET_B, UNION};
use super::matrix::{Matrix, Vector, dot, inverse, quadratic};

/// Precision and k of a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SketchSize {
    /// log2 of the number of registers.
    pub precision: u8,
    /// The largest number of hashes in the sample.
    pub k: u64,
}

impl SketchSize {
    /// As many registers as hashes: about a fifth of the stored bytes, within the range in which
    /// the geometric mean of the errors is flat, and registers that stay in cache.
    #[must_use]
    pub const fn balanced(precision: u8) -> Self {
        Self {
            precision,
            k: 1 << precision,
        }
    }

    /// Bytes at rest for a set much larger than k: 6 bits a register, 2.7 bytes a hash.
    #[must_use]
    pub fn stored_bytes(self) -> f64 {
        const REGISTER_BYTES: f64 = 6.0 / 8.0;
        const HASH_BYTES: f64 = 2.7;
        REGISTER_BYTES * f64::from(self.precision).exp2() + HASH_BYTES * self.k as f64
    }
}

/// Two sets whose sketches are planned, in users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairSizes {
    /// Users of A alone.
    pub only_a: f64,
    /// Users of B alone.
    pub only_b: f64,
    /// Users of both.
    pub overlap: f64,
    /// Whether |A| and |B| are known from elsewhere.
    pub known: [bool; 2],
}

/// The smallest relative standard deviations that unbiased estimates can have (Cramér–Rao bound). Half the width of
/// an interval at 95 % is 1.96 times as much. 0 means exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectedError {
    /// Relative standard deviation of |A|.
    pub a: f64,
    /// Relative standard deviation of |B|.
    pub b: f64,
    /// Relative standard deviation of the overlap; infinite if there is none.
    pub overlap: f64,
    /// Relative standard deviation of the union.
    pub union: f64,
    /// Number of common users that both samples are expected to hold.
    pub matches: f64,
}

/// The error to expect for two sets of these sizes.
///
/// ```
/// use overlap::{PairSizes, SketchSize, expected_error};
///
/// let sizes = PairSizes { only_a: 9e8, only_b: 9e8, overlap: 1e8, known: [false; 2] };
/// let error = expected_error(&sizes, SketchSize { precision: 18, k: 1 << 16 });
/// assert!((error.overlap - 0.00876).abs() < 2e-5);
/// ```
#[must_use]
pub fn expected_error(sizes: &PairSizes, sketch: SketchSize) -> ExpectedError {
    let v = [
        sizes.only_a.max(0.0),
        sizes.only_b.max(0.0),
        sizes.overlap.max(0.0),
    ];
    let [n_a, n_b] = [dot(&SET_A, &v), dot(&SET_B, &v)];
    let share = |n: f64| {
        if n > sketch.k as f64 {
            sketch.k as f64 / n
        } else {
            1.0
        }
    };
    let thetas = [share(n_a), share(n_b)];
    let theta = thetas[0].min(thetas[1]);
    let matches = v[2] * theta;
    if theta >= 1.0 {
        return ExpectedError {
            a: 0.0,
            b: 0.0,
            overlap: 0.0,
            union: 0.0,
            matches,
        };
    }
    let known = [
        sizes.known[0] || thetas[0] >= 1.0,
        sizes.known[1] || thetas[1] >= 1.0,
    ];
    let mut information = registers(&v, sketch.precision);
    add_sample(&mut information, &v, theta, thetas);
    let covariance = constrained(&information, known);
    let relative = |w: &Vector| {
        let size = dot(w, &v);
        if size > 0.0 {
            quadratic(&covariance, w).max(0.0).sqrt() / size
        } else {
            f64::INFINITY
        }
    };
    ExpectedError {
        a: if known[0] { 0.0 } else { relative(&SET_A) },
        b: if known[1] { 0.0 } else { relative(&SET_B) },
        overlap: relative(&[0.0, 0.0, 1.0]),
        union: relative(&UNION),
        matches,
    }
}

/// The smallest balanced sketch whose interval for an overlap of `share` between two equally
/// large sets is at most ± `error` (both fractions) at z standard deviations; `None` if even
/// 2^24 hashes are too few, where counting is the better way.
///
/// ```
/// use overlap::plan;
///
/// let sketch = plan(0.1, 0.01, 1.96).expect("1 % is possible");
/// assert_eq!((sketch.precision, sketch.k), (19, 1 << 19));
/// ```
#[must_use]
pub fn plan(share: f64, error: f64, z: f64) -> Option<SketchSize> {
    const PRECISIONS: std::ops::RangeInclusive<u8> = 10..=24;
    // Far above any k, so that the answer holds for sets of every size.
    const USERS: f64 = 1e12;
    let overlap = share * USERS;
    let sizes = PairSizes {
        only_a: USERS - overlap,
        only_b: USERS - overlap,
        overlap,
        known: [false; 2],
    };
    PRECISIONS
        .map(SketchSize::balanced)
        .find(|&sketch| z * expected_error(&sizes, sketch).overlap <= error)
}

/// What the registers know of sets of a fixed size.
fn registers(v: &Vector, precision: u8) -> Matrix {
    let Some(center) = fisher::center(v) else {
        return fisher::of_pair(&v.map(|part| part.max(1.0)), precision);
    };
    let mut information = fisher::of_pair(&center, precision);
    let correction = fisher::fixed_population(&center, &information, &[0.0; 3], [true; 3]);
    if let Some(correction) = correction {
        for i in 0..3 {
            for j in 0..3 {
                information[i][j] += correction.information[i][j];
            }
        }
    }
    information
}

/// What the sample knows: parts thinned by θ, and each side's hashes above it.
fn add_sample(information: &mut Matrix, v: &Vector, theta: f64, thetas: [f64; 2]) {
    let odds = theta / (1.0 - theta);
    for part in 0..3 {
        information[part][part] += odds / v[part].max(0.5);
    }
    for (w, theta_s) in [SET_A, SET_B].iter().zip(thetas) {
        if theta_s <= theta || theta_s >= 1.0 {
            continue;
        }
        let hit = (theta_s - theta) / (1.0 - theta);
        let unseen = dot(w, v) * (1.0 - theta);
        for i in 0..3 {
            for j in 0..3 {
                information[i][j] += hit / (unseen * (1.0 - hit)) * w[i] * w[j];
            }
        }
    }
}

/// The covariance of (a, b, x) where known sizes tie a and b to x.
fn constrained(information: &Matrix, known: [bool; 2]) -> Matrix {
    let follows = |side: usize| if known[side] { -1.0 } else { 0.0 };
    let columns = [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [follows(0), follows(1), 1.0],
    ];
    let mut inner = [[0.0; 3]; 3];
    for i in 0..3 {
        for j in 0..3 {
            inner[i][j] = dot(&columns[i], &super::matrix::apply(information, &columns[j]));
        }
    }
    let Some(inverse) = inverse(&inner, [!known[0], !known[1], true]) else {
        return [[f64::INFINITY; 3]; 3];
    };
    let mut covariance = [[0.0; 3]; 3];
    for i in 0..3 {
        for j in 0..3 {
            for (k, from) in columns.iter().enumerate() {
                for (l, to) in columns.iter().enumerate() {
                    covariance[i][j] += from[i] * inverse[k][l] * to[j];
                }
            }
        }
    }
    covariance
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(a: f64, b: f64, overlap: f64) -> PairSizes {
        PairSizes {
            only_a: a - overlap,
            only_b: b - overlap,
            overlap,
            known: [false; 2],
        }
    }

    /// Relative standard deviations of x in percent, computed independently from the likelihood
    /// (p = 18, k = 2^16): sizes of A and B, x.
    #[test]
    fn errors_of_the_overlap_are_those_of_the_study() {
        let cases = [
            (1e9, 1e9, 1e7, 3.57),
            (1e9, 1e9, 1e8, 0.876),
            (1e9, 1e9, 5e8, 0.271),
            (1e9, 1e9, 9e8, 0.185),
            (1e9, 1e8, 1e7, 2.64),
            (1e9, 1e8, 9e7, 0.278),
            (1e9, 3e7, 1.5e7, 1.27),
            (1e9, 3e7, 2.7e7, 0.426),
        ];
        for (a, b, x, percent) in cases {
            let sketch = SketchSize {
                precision: 18,
                k: 1 << 16,
            };
            let found = expected_error(&sizes(a, b, x), sketch).overlap * 100.0;
            assert!(
                (found / percent - 1.0).abs() < 0.01,
                "{a} {b} {x}: {found}, not {percent}"
            );
        }
    }

    #[test]
    fn a_single_size_has_the_error_of_sample_and_registers_together() {
        let sketch = SketchSize {
            precision: 18,
            k: 1 << 16,
        };
        let found = expected_error(&sizes(1e9, 1e9, 1e7), sketch).a;
        assert!((found - 0.0018).abs() < 0.00005, "{found}");
    }

    #[test]
    fn known_sizes_help_most_where_sets_are_alike() {
        let sketch = SketchSize::balanced(16);
        for (overlap, most) in [(5e8, 0.8), (9e8, 0.4)] {
            let free = expected_error(&sizes(1e9, 1e9, overlap), sketch).overlap;
            let pair = PairSizes {
                known: [true; 2],
                ..sizes(1e9, 1e9, overlap)
            };
            let known = expected_error(&pair, sketch).overlap;
            assert!(known / free <= most, "{overlap}: {}", known / free);
        }
    }

    #[test]
    fn sets_within_k_are_exact_and_impossible_wishes_are_refused() {
        let error = expected_error(&sizes(1000.0, 500.0, 20.0), SketchSize::balanced(10));
        assert_eq!((error.a, error.overlap), (0.0, 0.0));
        assert_eq!(plan(0.001, 0.001, 1.96), None);
        let coarse = plan(0.1, 0.2, 1.96).expect("easy");
        let fine = plan(0.1, 0.02, 1.96).expect("possible");
        assert!(coarse.k < fine.k);
    }
}
