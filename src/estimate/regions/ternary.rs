//! Sums over everything that some sets can be at once: above a rank, below it, or at it.
//!
//! A place is a number of N digits of base 3, one for each set: 0 above, 1 below, 2 equal. Inclusion
//! and exclusion over the equal sets, which would take 2^|E| terms for each of 3^N places, falls into
//! N steps of one set each.

use super::linear::Square;

pub(super) const BELOW: usize = 1;
pub(super) const EQUAL: usize = 2;

/// 3^N places.
pub(super) const fn count(set_count: usize) -> usize {
    3_usize.pow(set_count as u32)
}

/// The place of every mask whose sets have digit 1, all others 0.
pub(super) fn places_of_masks(set_count: usize) -> Vec<usize> {
    let mut places = vec![0];
    for set in 0..set_count {
        let with: Vec<usize> = places.iter().map(|place| place + count(set)).collect();
        places.extend(with);
    }
    places
}

/// The sets below and the sets equal, as masks.
pub(super) fn masks_of(mut place: usize, set_count: usize) -> (usize, usize) {
    let (mut below, mut equal) = (0, 0);
    for set in 0..set_count {
        match place % 3 {
            BELOW => below |= 1 << set,
            EQUAL => equal |= 1 << set,
            _ => {}
        }
        place /= 3;
    }
    (below, equal)
}

/// For every place (L, E): Σ over S ⊆ E of (−1)^|S| times the value of L ∪ S; `values` has a place for
/// each mask.
pub(super) fn alternating(values: &[f64], sums: &mut Vec<f64>, spare: &mut Vec<f64>) {
    sums.clear();
    sums.extend_from_slice(values);
    let mut block = 1;
    while sums.len() > block {
        spare.clear();
        spare.resize(sums.len() / 2 * 3, 0.0);
        for (pair, three) in sums
            .chunks_exact(2 * block)
            .zip(spare.chunks_exact_mut(3 * block))
        {
            let (without, with) = pair.split_at(block);
            let (above, rest) = three.split_at_mut(block);
            let (below, equal) = rest.split_at_mut(block);
            for i in 0..block {
                above[i] = without[i];
                below[i] = with[i];
                equal[i] = without[i] - with[i];
            }
        }
        std::mem::swap(sums, spare);
        block *= 3;
    }
}

/// The other way round: for every mask U, Σ over the places (L, E) and S ⊆ E with L ∪ S = U of (−1)^|S|
/// times the place's weight. Leaves the masks' sums in the first 2^N of `weights`.
pub(super) fn alternating_back(weights: &mut [f64], set_count: usize) {
    for set in (0..set_count).rev() {
        let block = count(set);
        for high in 0..1 << (set_count - set - 1) {
            let from = high * 3 * block;
            for low in 0..block {
                let [above, below, equal] =
                    [0, block, 2 * block].map(|digit| weights[from + digit + low]);
                // Written before what is read next, which lies further on.
                weights[high * 2 * block + low] = above + equal;
                weights[high * 2 * block + block + low] = below - equal;
            }
        }
    }
}

/// Adds Σ over places of weight · score scoreᵀ to the upper triangle of `form`, where the score of a
/// place (L, E) is (−1)^|S| `term`(L ∪ S) for every S ⊆ E. Uses up the weights.
///
/// The cell of two unions U, V hears of the places with L ⊆ U ∩ V and U ∪ V ⊆ L ∪ E: set by set, those
/// in both may be below or equal, those in one must be equal, those in none may be anything but below.
/// The signs are those of U and V, since those of L come twice.
pub(super) fn add_squares(
    form: &mut Square,
    weights: &mut [f64],
    terms: &[f64],
    of_mask: &[usize],
) {
    let mut block = 1;
    while block < weights.len() {
        for three in weights.chunks_exact_mut(3 * block) {
            let (none, rest) = three.split_at_mut(block);
            let (both, one) = rest.split_at_mut(block);
            for ((none, both), one) in none.iter_mut().zip(both).zip(one) {
                *none += *one;
                *both += *one;
            }
        }
        block *= 3;
    }
    for (u, left) in terms.iter().enumerate() {
        let row = &mut form.row_mut(u)[u..];
        for ((v, right), cell) in terms.iter().enumerate().skip(u).zip(row) {
            *cell += left * right * weights[of_mask[u & v] + EQUAL * of_mask[u ^ v]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETS: usize = 4;

    fn submasks(mask: usize) -> impl Iterator<Item = usize> {
        (0..=mask).filter(move |subset| subset & !mask == 0)
    }

    fn sign(mask: usize) -> f64 {
        if mask.count_ones().is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    }

    /// Values without a pattern.
    fn values(count: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * i * 37 + 11) % 101) as f64)
            .collect()
    }

    #[test]
    fn a_place_is_its_masks() {
        let of_mask = places_of_masks(SETS);
        for place in 0..count(SETS) {
            let (below, equal) = masks_of(place, SETS);
            assert_eq!(below & equal, 0);
            assert_eq!(place, BELOW * of_mask[below] + EQUAL * of_mask[equal]);
        }
    }

    #[test]
    fn sums_alternate_over_the_equal_sets() {
        let of_mask = values(1 << SETS);
        let (mut sums, mut spare) = (Vec::new(), Vec::new());
        alternating(&of_mask, &mut sums, &mut spare);
        assert_eq!(sums.len(), count(SETS));
        for (place, sum) in sums.iter().enumerate() {
            let (below, equal) = masks_of(place, SETS);
            let terms = submasks(equal).map(|subset| sign(subset) * of_mask[below | subset]);
            assert_eq!(*sum, terms.sum::<f64>(), "{place}");
        }
    }

    #[test]
    fn weights_come_back_to_the_masks_they_were_summed_from() {
        let mut weights = values(count(SETS));
        let mut expected = vec![0.0; 1 << SETS];
        for (place, weight) in weights.iter().enumerate() {
            let (below, equal) = masks_of(place, SETS);
            for subset in submasks(equal) {
                expected[below | subset] += sign(subset) * weight;
            }
        }
        alternating_back(&mut weights, SETS);
        assert_eq!(weights[..1 << SETS], expected);
    }

    #[test]
    fn squares_are_those_of_every_place_by_itself() {
        let mut weights = values(count(SETS));
        let terms: Vec<f64> = (values(1 << SETS).iter().enumerate())
            .map(|(mask, value)| sign(mask) * value)
            .collect();
        let mut expected = Square::zeros(1 << SETS);
        for (place, weight) in weights.iter().enumerate() {
            let (below, equal) = masks_of(place, SETS);
            for (one, other) in submasks(equal).flat_map(|a| submasks(equal).map(move |b| (a, b))) {
                let (u, v) = (below | one, below | other);
                expected.add(u, v, weight * terms[u] * terms[v]);
            }
        }
        let mut form = Square::zeros(1 << SETS);
        add_squares(&mut form, &mut weights, &terms, &places_of_masks(SETS));
        for u in 0..1 << SETS {
            for v in u..1 << SETS {
                assert_eq!(form.at(u, v), expected.at(u, v), "{u} {v}");
            }
        }
    }
}
