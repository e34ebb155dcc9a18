//! Three by three: as much linear algebra as three unknowns need.

/// A vector over (a, b, x).
pub(super) type Vector = [f64; 3];

/// A symmetric matrix over (a, b, x).
pub(super) type Matrix = [[f64; 3]; 3];

/// vᵀ w.
pub(super) fn dot(v: &Vector, w: &Vector) -> f64 {
    v[0] * w[0] + v[1] * w[1] + v[2] * w[2]
}

/// M v.
pub(super) fn apply(m: &Matrix, v: &Vector) -> Vector {
    [dot(&m[0], v), dot(&m[1], v), dot(&m[2], v)]
}

/// vᵀ M v.
pub(super) fn quadratic(m: &Matrix, v: &Vector) -> f64 {
    dot(v, &apply(m, v))
}

/// The inverse of a positive definite matrix over the `active` coordinates (zero in the others);
/// `None` if it isn't positive definite there.
///
/// Scaled to a unit diagonal first: the unknowns may differ by nine orders of magnitude.
pub(super) fn inverse(m: &Matrix, active: [bool; 3]) -> Option<Matrix> {
    let mut scale = [0.0; 3];
    for i in (0..3).filter(|&i| active[i]) {
        if m[i][i] <= 0.0 || !m[i][i].is_finite() {
            return None;
        }
        scale[i] = 1.0 / m[i][i].sqrt();
    }
    let at = |i: usize, j: usize| match (active[i] && active[j], i == j) {
        (true, _) => m[i][j] * scale[i] * scale[j],
        (false, same) => f64::from(u8::from(same)),
    };
    let l = cholesky(&at)?;
    let mut inverse = [[0.0; 3]; 3];
    for column in (0..3).filter(|&column| active[column]) {
        let mut unit = [0.0; 3];
        unit[column] = 1.0;
        let solved = substitute(&l, &unit);
        for row in (0..3).filter(|&row| active[row]) {
            inverse[row][column] = solved[row] * scale[row] * scale[column];
        }
    }
    Some(inverse)
}

/// The lower triangle L with L Lᵀ = m, for a matrix with a unit diagonal.
fn cholesky(at: &impl Fn(usize, usize) -> f64) -> Option<Matrix> {
    // Pivots below this are rounding errors of a singular matrix.
    const PIVOT_MIN: f64 = 1e-13;
    let mut l = [[0.0; 3]; 3];
    for i in 0..3 {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = at(i, j) - sum;
            if i == j {
                if rest.is_nan() || rest <= PIVOT_MIN {
                    return None;
                }
                l[i][i] = rest.sqrt();
            } else {
                l[i][j] = rest / l[j][j];
            }
        }
    }
    Some(l)
}

/// Solves L Lᵀ y = v.
fn substitute(l: &Matrix, v: &Vector) -> Vector {
    let mut y = *v;
    for i in 0..3 {
        let sum: f64 = (0..i).map(|k| l[i][k] * y[k]).sum();
        y[i] = (y[i] - sum) / l[i][i];
    }
    for i in (0..3).rev() {
        let sum: f64 = (i + 1..3).map(|k| l[k][i] * y[k]).sum();
        y[i] = (y[i] - sum) / l[i][i];
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_matrix() {
        let m = [[4e18, 1e9, 2.0], [1e9, 3.0, 1e-9], [2.0, 1e-9, 5e-18]];
        let inverse = inverse(&m, [true; 3]).expect("positive definite");
        for (i, row) in inverse.iter().enumerate() {
            let unit = apply(&m, row);
            for (j, value) in unit.iter().enumerate() {
                let expected = f64::from(u8::from(i == j));
                let scale = (m[j][j] / m[i][i]).sqrt();
                assert!(
                    (value - expected).abs() < 1e-9 * scale.max(1.0),
                    "{i} {j}: {value}"
                );
            }
        }
    }

    #[test]
    fn inactive_coordinates_stay_out() {
        let m = [[4.0, 1.0, 9.0], [1.0, 3.0, 9.0], [9.0, 9.0, -1.0]];
        assert_eq!(inverse(&m, [true; 3]), None);
        let inverse = inverse(&m, [true, true, false]).expect("positive definite");
        assert!((inverse[0][0] - 3.0 / 11.0).abs() < 1e-12);
        assert_eq!(inverse[2], [0.0; 3]);
    }
}
