//! Which numbers may be said, so that no sum or difference of them says one that may not.
//!
//! Everything that is asked is a sum of *cells* that no user is in twice, such as the exclusive regions of some sides.
//! A cell of too few users is small. A number is released only if no linear combination of all released numbers
//! depends on small cells alone: then no such cell, and no sum of some of them, can be computed from what was said.
//! That is the condition that the released sums are as independent on the other cells as on all of them, by which it is
//! checked (complementary suppression in statistical disclosure control; Cox, JASA 1980).

/// A number that may be said, as sums over cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The cells that it is the sum of.
    pub cells: Vec<usize>,
}

/// Whether a number is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// It is said.
    Said,
    /// It is smaller than the least number that is said.
    TooFew,
    /// It is large enough, but would give away one that isn't.
    Withheld,
}

/// Decides of sums over cells, the more important ones first, which of them are said. `users` are those of the cells;
/// below `least` a number is too small. Of the sums from place `free` on only those are said that follow from the ones
/// before: whatever is asked, and in however many questions, nothing new is learnt.
#[must_use]
pub fn release(users: &[f64], least: f64, sums: &[Sum], free: usize) -> Vec<Released> {
    let small: Vec<bool> = users.iter().map(|&users| users < least).collect();
    let mut all = Span::default();
    let mut large = Span::default();
    let decide = |(place, sum): (usize, &Sum)| {
        let value: f64 = sum.cells.iter().map(|&cell| users[cell]).sum();
        if value < least {
            return Released::TooFew;
        }
        let mut row = vec![0; users.len()];
        sum.cells.iter().for_each(|&cell| row[cell] = 1);
        let row = all.reduced(&row);
        if row.iter().all(|&number| number == 0) {
            // It follows from what was said already.
            return Released::Said;
        }
        if place >= free {
            return Released::Withheld;
        }
        let mut on_large = vec![0; users.len()];
        for &cell in sum.cells.iter().filter(|&&cell| !small[cell]) {
            on_large[cell] = 1;
        }
        let on_large = large.reduced(&on_large);
        if on_large.iter().all(|&number| number == 0) {
            return Released::Withheld;
        }
        all.insert(row);
        large.insert(on_large);
        Released::Said
    };
    sums.iter().enumerate().map(decide).collect()
}

/// Rows of numbers modulo a prime of 61 bits, each with a 1 in front and zeros where other rows begin.
///
/// Modulo a prime rows may seem dependent that aren't, with odds of one in 10^18; a number would then be withheld, or
/// said because it seems to follow.
#[derive(Default)]
struct Span {
    rows: Vec<(usize, Vec<u64>)>,
}

/// 2^61 − 1.
const PRIME: u64 = (1 << 61) - 1;

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

/// a − b · c.
fn less(a: u64, b: u64, c: u64) -> u64 {
    let product = times(b, c);
    (a + PRIME - product) % PRIME
}

/// 1 / a, by Fermat.
fn inverse(a: u64) -> u64 {
    let (mut base, mut exponent, mut result) = (a, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}

impl Span {
    /// What is left of a row when all multiples of the known ones are taken away: zeros if it is their combination.
    fn reduced(&self, row: &[u64]) -> Vec<u64> {
        let mut row = row.to_vec();
        for (front, known) in &self.rows {
            let factor = row[*front];
            if factor != 0 {
                for (number, &known) in row.iter_mut().zip(known) {
                    *number = less(*number, factor, known);
                }
            }
        }
        row
    }

    /// Adds a reduced row that isn't zero.
    fn insert(&mut self, mut row: Vec<u64>) {
        let Some(front) = row.iter().position(|&number| number != 0) else {
            return;
        };
        let factor = inverse(row[front]);
        row.iter_mut()
            .for_each(|number| *number = times(*number, factor));
        for (_, known) in &mut self.rows {
            let factor = known[front];
            if factor != 0 {
                for (number, &new) in known.iter_mut().zip(&row) {
                    *number = less(*number, factor, new);
                }
            }
        }
        self.rows.push((front, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    fn sum(cells: impl IntoIterator<Item = usize>) -> Sum {
        Sum {
            cells: cells.into_iter().collect(),
        }
    }

    /// Sides, pairs, the union and all regions of some sides; cell i is the region i + 1.
    fn of_sides(sides: usize) -> Vec<Sum> {
        let cells = 1..1_usize << sides;
        let with = |wanted: usize| {
            sum(cells
                .clone()
                .filter(move |mask| mask & wanted == wanted)
                .map(|mask| mask - 1))
        };
        let mut sums: Vec<Sum> = (0..sides).map(|side| with(1 << side)).collect();
        for a in 0..sides {
            sums.extend((a + 1..sides).map(|b| with(1 << a | 1 << b)));
        }
        sums.push(sum(cells.clone().map(|mask| mask - 1)));
        sums.extend(cells.map(|mask| sum([mask - 1])));
        sums
    }

    /// A combination of rows by fractions of whole numbers, without any modulus: rows in row-echelon form.
    fn is_combination(rows: &[Vec<i128>], wanted: &[i128]) -> bool {
        rank(rows) == rank(&[rows, &[wanted.to_vec()]].concat())
    }

    /// By Bareiss's elimination, all divisions of which leave no rest.
    fn rank(rows: &[Vec<i128>]) -> usize {
        let mut rows = rows.to_vec();
        let (mut rank, mut before) = (0, 1);
        let columns = rows.first().map_or(0, Vec::len);
        for column in 0..columns {
            let Some(found) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else {
                continue;
            };
            rows.swap(rank, found);
            for row in rank + 1..rows.len() {
                for other in (column + 1..columns).chain([column]) {
                    rows[row][other] = (rows[row][other] * rows[rank][column]
                        - rows[row][column] * rows[rank][other])
                        / before;
                }
            }
            before = rows[rank][column];
            rank += 1;
        }
        rank
    }

    /// Tries to compute a small cell, or a sum of some of them, from all that was said.
    fn ensure_nothing_can_be_computed(users: &[f64], least: f64, sums: &[Sum]) {
        let decisions = release(users, least, sums, sums.len());
        let row = |sum: &Sum| {
            let mut row = vec![0_i128; users.len()];
            sum.cells.iter().for_each(|&cell| row[cell] = 1);
            row
        };
        let said: Vec<Vec<i128>> = (sums.iter().zip(&decisions))
            .filter(|(_, decision)| **decision == Released::Said)
            .map(|(sum, _)| row(sum))
            .collect();
        let small: Vec<usize> = (0..users.len()).filter(|&i| users[i] < least).collect();
        for chosen in 1..1_usize << small.len().min(8) {
            let cells = (0..small.len().min(8)).filter(|i| chosen >> i & 1 == 1);
            let wanted = row(&sum(cells.map(|i| small[i])));
            assert!(!is_combination(&said, &wanted), "{users:?}: {wanted:?}");
        }
        // All combinations with small factors, one by one.
        let few = &said[..said.len().min(6)];
        for code in 1..5_usize.pow(few.len() as u32) {
            let mut total = vec![0_i128; users.len()];
            for (place, row) in few.iter().enumerate() {
                let factor = (code / 5_usize.pow(place as u32) % 5) as i128 - 2;
                total
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, number)| *sum += factor * number);
            }
            let is_zero = total.iter().all(|&number| number == 0);
            let on_large = total
                .iter()
                .zip(users)
                .any(|(&number, &users)| number != 0 && users >= least);
            assert!(is_zero || on_large, "{users:?}: {total:?}");
        }
    }

    #[test]
    fn no_combination_of_what_is_said_is_of_small_cells_alone() {
        let mut random = StdRng::seed_from_u64(7);
        for trial in 0..200 {
            let sides = 1 + trial % 4;
            let users: Vec<f64> = (1..1_usize << sides)
                .map(|_| match random.random_range(0..3) {
                    0 => random.random_range(0..50) as f64,
                    _ => random.random_range(50..5_000) as f64,
                })
                .collect();
            ensure_nothing_can_be_computed(&users, 50.0, &of_sides(sides));
        }
    }

    #[test]
    fn a_free_question_is_answered_if_the_answer_follows() {
        let users = [900.0, 800.0, 700.0, 600.0, 30.0, 500.0, 400.0];
        let mut sums = of_sides(3);
        let free = sums.len();
        // a without b, which follows from a and both; c without both of them, which doesn't; nobody.
        sums.extend([sum([0, 4 - 1]), sum([3]), sum([])]);
        sums[free] = sum([0, 4]);
        let decisions = release(&users, 50.0, &sums, free);
        assert_eq!(decisions[free], Released::Said);
        assert_eq!(decisions[free + 1], Released::Withheld);
        assert_eq!(decisions[free + 2], Released::TooFew);
    }

    #[test]
    fn with_no_small_cell_everything_is_said() {
        let sums = of_sides(3);
        let decisions = release(&[100.0; 7], 50.0, &sums, sums.len());
        assert!(decisions.iter().all(|&decision| decision == Released::Said));
    }

    #[test]
    fn a_small_overlap_takes_the_union_with_it_and_no_more() {
        // Only a, only b, both.
        let decisions = release(&[900.0, 800.0, 30.0], 50.0, &of_sides(2), 7);
        use Released::{Said, TooFew, Withheld};
        // a, b, a & b, a | b; then only a, only b, both.
        assert_eq!(
            decisions,
            [Said, Said, TooFew, Withheld, Withheld, Withheld, TooFew]
        );
    }

    #[test]
    fn of_segments_a_second_one_goes_with_the_small_one() {
        // Of each of three segments those of both sides; then the rest of ours.
        let users = [400.0, 30.0, 700.0, 5_000.0];
        let sums = [sum(0..4), sum(0..3), sum([2]), sum([0]), sum([1])];
        let decisions = release(&users, 50.0, &sums, 5);
        use Released::{Said, TooFew, Withheld};
        assert_eq!(decisions, [Said, Said, Said, Withheld, TooFew]);
        ensure_nothing_can_be_computed(&users, 50.0, &sums);
    }
}
