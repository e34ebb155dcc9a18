//! From users of regions to users of unions, and back for what is known of them.
//!
//! A union of the sets T holds the users of every region that touches T: a linear map, and the same
//! both ways, since a region touches a union as the union touches the region.

use super::linear::Square;

/// U(T) for every mask of sets T: users of the regions that touch it.
pub(super) fn unions_of(users: &[f64]) -> Vec<f64> {
    let mut unions = users.to_vec();
    sums_of_touching(&mut unions);
    unions
}

/// In the place of every mask the sum over all masks that share a bit with it: what is there in all
/// less what lies in the complement.
pub(super) fn sums_of_touching(values: &mut [f64]) {
    values[0] = 0.0;
    rows_of_touching(values, 1);
}

/// From a quadratic form in unions to the same in regions.
pub(super) fn by_regions(mut form: Square) -> Square {
    let places = form.len();
    // The map is the same for rows and columns, and so is the form once it is mirrored.
    form.row_mut(0).fill(0.0);
    rows_of_touching(form.cells_mut(), places);
    let mut form = form.transposed();
    form.row_mut(0).fill(0.0);
    rows_of_touching(form.cells_mut(), places);
    form
}

/// [`sums_of_touching`] of rows of `width` values, which are summed side by side.
fn rows_of_touching(values: &mut [f64], width: usize) {
    let places = values.len() / width;
    // Sums over all masks within a mask, in its place.
    let mut bit = 1;
    while bit < places {
        for pair in values.chunks_exact_mut(2 * bit * width) {
            let (without, with) = pair.split_at_mut(bit * width);
            for (sum, value) in with.iter_mut().zip(without) {
                *sum += *value;
            }
        }
        bit <<= 1;
    }
    let all = values[(places - 1) * width..].to_vec();
    // What lies within the complement misses the mask: masks and complements change places.
    let (front, back) = values.split_at_mut(places / 2 * width);
    for (low, high) in front
        .chunks_exact_mut(width)
        .zip(back.rchunks_exact_mut(width))
    {
        for ((low, high), all) in low.iter_mut().zip(high).zip(&all) {
            (*low, *high) = (all - *high, all - *low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_all_masks_that_share_a_set() {
        let values: Vec<f64> = (0..16).map(|mask| f64::from(mask * mask + 3)).collect();
        let mut sums = values.clone();
        sums_of_touching(&mut sums);
        for mask in 0..16_usize {
            let touching = (1..16).filter(|other| other & mask != 0);
            let expected: f64 = touching.map(|other| values[other]).sum();
            assert_eq!(sums[mask], expected, "{mask:b}");
        }
    }

    #[test]
    fn a_form_says_of_regions_what_it_says_of_their_unions() {
        let places = 8;
        let mut form = Square::zeros(places);
        for i in 1..places {
            for j in i..places {
                form.add(i, j, (i * 10 + j) as f64);
            }
        }
        let users = [0.0, 3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0];
        let unions = unions_of(&users);
        let mut symmetric = form.clone();
        symmetric.mirror();
        let expected: f64 = symmetric
            .apply(&unions)
            .iter()
            .zip(&unions)
            .map(|(a, b)| a * b)
            .sum();
        let regions = by_regions(symmetric);
        let found: f64 = regions
            .apply(&users)
            .iter()
            .zip(&users)
            .map(|(a, b)| a * b)
            .sum();
        assert!(
            (found - expected).abs() < 1e-9 * expected,
            "{found} {expected}"
        );
    }
}
