//! Symmetric matrices of any size: Cholesky factors, solutions and inverses.

/// A square matrix by rows.
#[derive(Clone, Debug)]
pub(super) struct Square {
    n: usize,
    cells: Vec<f64>,
}

impl Square {
    pub(super) fn zeros(n: usize) -> Self {
        Self {
            n,
            cells: vec![0.0; n * n],
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.n
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.cells[i * self.n..(i + 1) * self.n]
    }

    pub(super) fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.cells[i * self.n..(i + 1) * self.n]
    }

    pub(super) fn at(&self, i: usize, j: usize) -> f64 {
        self.cells[i * self.n + j]
    }

    pub(super) fn add(&mut self, i: usize, j: usize, value: f64) {
        self.cells[i * self.n + j] += value;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (cell, value) in self.cells.iter_mut().zip(&other.cells) {
            *cell += value;
        }
    }

    /// All cells, row by row.
    pub(super) fn cells_mut(&mut self) -> &mut [f64] {
        &mut self.cells
    }

    /// Makes a matrix symmetric of whose mirrored cells either or both hold a part.
    pub(super) fn mirror(&mut self) {
        let n = self.n;
        for_blocks(n, |i, j| {
            if j < i {
                let value = self.cells[i * n + j] + self.cells[j * n + i];
                self.cells[i * n + j] = value;
                self.cells[j * n + i] = value;
            }
        });
    }

    pub(super) fn transposed(&self) -> Self {
        let n = self.n;
        let mut transposed = Self::zeros(n);
        for_blocks(n, |i, j| {
            transposed.cells[i * n + j] = self.cells[j * n + i];
        });
        transposed
    }

    /// The rows and columns of `picked`, in that order.
    pub(super) fn block(&self, picked: &[usize]) -> Self {
        let mut block = Self::zeros(picked.len());
        for (i, &from) in picked.iter().enumerate() {
            let row = self.row(from);
            for (cell, &column) in block.row_mut(i).iter_mut().zip(picked) {
                *cell = row[column];
            }
        }
        block
    }

    /// M v.
    pub(super) fn apply(&self, v: &[f64]) -> Vec<f64> {
        (0..self.n).map(|i| dot(self.row(i), v)).collect()
    }

    /// The Cholesky factor of a positive definite matrix; `None` if it isn't positive definite. Only
    /// the lower triangle is read.
    ///
    /// Scaled to a unit diagonal first: the unknowns may differ by nine orders of magnitude.
    pub(super) fn cholesky(&self) -> Option<Factor> {
        // Pivots below this are rounding errors of a singular matrix.
        const PIVOT_MIN: f64 = 1e-13;
        let n = self.n;
        let mut scale = Vec::with_capacity(n);
        for i in 0..n {
            let diagonal = self.at(i, i);
            if diagonal.is_nan() || diagonal <= 0.0 || diagonal.is_infinite() {
                return None;
            }
            scale.push(1.0 / diagonal.sqrt());
        }
        let mut lower = Self::zeros(n);
        for i in 0..n {
            for j in 0..=i {
                let below = dot(&lower.row(i)[..j], &lower.row(j)[..j]);
                let rest = self.at(i, j) * scale[i] * scale[j] - below;
                let value = if i == j {
                    if rest.is_nan() || rest <= PIVOT_MIN {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower.at(j, j)
                };
                lower.row_mut(i)[j] = value;
            }
        }
        Some(Factor { scale, lower })
    }
}

/// Every cell of a matrix, block by block: a column's cells lie far apart, and those of a block stay in
/// the cache.
fn for_blocks(n: usize, mut cell: impl FnMut(usize, usize)) {
    const SIDE: usize = 16;
    for top in (0..n).step_by(SIDE) {
        for left in (0..n).step_by(SIDE) {
            for i in top..(top + SIDE).min(n) {
                for j in left..(left + SIDE).min(n) {
                    cell(i, j);
                }
            }
        }
    }
}

/// L with S L Lᵀ S = M, S the diagonal of 1 / `scale`.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    scale: Vec<f64>,
    lower: Square,
}

impl Factor {
    pub(super) const fn len(&self) -> usize {
        self.scale.len()
    }

    /// Of the matrix that changes nothing.
    pub(super) fn unit(n: usize) -> Self {
        let mut lower = Square::zeros(n);
        (0..n).for_each(|i| lower.add(i, i, 1.0));
        Self {
            scale: vec![1.0; n],
            lower,
        }
    }

    /// Half of the way to M⁻¹ v: of two of them the product is vᵀ M⁻¹ w.
    pub(super) fn half_solve(&self, v: &[f64]) -> Vec<f64> {
        let mut y: Vec<f64> = v.iter().zip(&self.scale).map(|(v, s)| v * s).collect();
        for i in 0..y.len() {
            let row = self.lower.row(i);
            y[i] = (y[i] - dot(&row[..i], &y[..i])) / row[i];
        }
        y
    }

    /// M⁻¹ v.
    pub(super) fn solve(&self, v: &[f64]) -> Vec<f64> {
        let n = self.scale.len();
        let mut y = self.half_solve(v);
        for i in (0..n).rev() {
            y[i] /= self.lower.at(i, i);
            let (head, solved) = y.split_at_mut(i);
            for (value, l) in head.iter_mut().zip(self.lower.row(i)) {
                *value -= l * solved[0];
            }
        }
        for (value, s) in y.iter_mut().zip(&self.scale) {
            *value *= s;
        }
        y
    }

    /// M⁻¹.
    pub(super) fn inverse(&self) -> Square {
        let n = self.scale.len();
        // Rows of K = L⁻¹, then M⁻¹ = S Kᵀ K S.
        let mut k = Square::zeros(n);
        for i in 0..n {
            let pivot = 1.0 / self.lower.at(i, i);
            for j in 0..i {
                let factor = -self.lower.at(i, j) * pivot;
                if factor != 0.0 {
                    let (above, row) = k.cells.split_at_mut(i * n);
                    let from = &above[j * n..=j * n + j];
                    for (cell, value) in row.iter_mut().zip(from) {
                        *cell += factor * value;
                    }
                }
            }
            k.row_mut(i)[i] = pivot;
        }
        let mut inverse = Square::zeros(n);
        for r in 0..n {
            let row = &k.cells[r * n..=r * n + r];
            for (i, &left) in row.iter().enumerate() {
                if left != 0.0 {
                    for (cell, right) in inverse.row_mut(i).iter_mut().zip(row) {
                        *cell += left * right;
                    }
                }
            }
        }
        for i in 0..n {
            let by = self.scale[i];
            for (cell, s) in inverse.row_mut(i).iter_mut().zip(&self.scale) {
                *cell *= by * s;
            }
        }
        inverse
    }
}

/// vᵀ w.
pub(super) fn dot(v: &[f64], w: &[f64]) -> f64 {
    // Four sums at a time, so that none waits for the one before.
    let mut sums = [0.0; 4];
    let (v_fours, w_fours) = (v.chunks_exact(4), w.chunks_exact(4));
    let rest: f64 = (v_fours.remainder().iter())
        .zip(w_fours.remainder())
        .map(|(v, w)| v * w)
        .sum();
    for (v, w) in v_fours.zip(w_fours) {
        for i in 0..4 {
            sums[i] += v[i] * w[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Square {
        let mut m = Square::zeros(5);
        for i in 0..5 {
            for j in 0..5 {
                let scale =
                    10_f64.powi(2 * (i as i32 - j as i32).abs().min(0) + i as i32 + j as i32);
                let value = if i == j {
                    2.0
                } else {
                    1.0 / (1.0 + (i + j) as f64)
                };
                m.add(i, j, value * scale);
            }
        }
        m
    }

    #[test]
    fn solutions_and_inverses_undo_the_matrix() {
        let m = sample();
        let factor = m.cholesky().expect("positive definite");
        let inverse = factor.inverse();
        for i in 0..5 {
            let mut unit = vec![0.0; 5];
            unit[i] = 1.0;
            let solved = factor.solve(&unit);
            let back = m.apply(&solved);
            for j in 0..5 {
                let scale = 10_f64.powi(j as i32 - i as i32);
                assert!(
                    (back[j] - unit[j]).abs() < 1e-12 * scale.max(1.0),
                    "{i} {j}"
                );
                let (a, b) = (solved[j], inverse.at(j, i));
                assert!(
                    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
                    "{i} {j}: {a} {b}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        let mut m = sample();
        m.add(2, 2, -1e6);
        assert!(m.cholesky().is_none());
        assert!(Square::zeros(2).cholesky().is_none());
    }
}
