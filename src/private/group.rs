//! Sampled hashes as points of ristretto255, and lists of points as bytes.
//!
//! A list is sorted by its bytes: the bytes of blinded points are as good as random, so that their order
//! says nothing of the order in which the hashes came. It also puts equal points side by side.

use super::random::Random;
use crate::error::{Error, ErrorKind, Result};
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{RistrettoPoint, Scalar};
use rayon::prelude::*;
use sha2::{Digest, Sha512};

/// A point as bytes. A point has just one such form.
pub(super) type Element = [u8; 32];

/// The point of a sampled hash in one run. What it is in another run can't be told from it.
pub(super) fn point_of_hash(run: &[u8; 32], hash: u64) -> RistrettoPoint {
    point(run, b"user", hash)
}

/// The point of a place holder, of which the noise is made.
pub(super) fn point_of_dummy(run: &[u8; 32], number: u64) -> RistrettoPoint {
    point(run, b"fake", number)
}

fn point(run: &[u8; 32], kind: &[u8; 4], number: u64) -> RistrettoPoint {
    let mut hasher = Sha512::new();
    hasher.update(b"overlap private 1 ristretto255");
    hasher.update(run);
    hasher.update(kind);
    hasher.update(number.to_le_bytes());
    RistrettoPoint::from_uniform_bytes(&hasher.finalize().into())
}

/// Points times a secret number, as a sorted list.
pub(super) fn blinded(points: &[RistrettoPoint], secret: &Scalar) -> Vec<Element> {
    let each = points.par_iter();
    sorted(each.map(|point| to_bytes(&(point * secret))).collect())
}

/// The points of hashes and of place holders, filled up with random points to `len`.
pub(super) fn padded(
    run: &[u8; 32],
    hashes: &[u64],
    dummies: u64,
    len: usize,
    random: &mut Random,
) -> Vec<RistrettoPoint> {
    let mut points: Vec<RistrettoPoint> = hashes
        .par_iter()
        .map(|&hash| point_of_hash(run, hash))
        .collect();
    points.extend((0..dummies).map(|number| point_of_dummy(run, number)));
    while points.len() < len {
        points.push(random.point());
    }
    points
}

pub(super) fn to_bytes(point: &RistrettoPoint) -> Element {
    point.compress().to_bytes()
}

pub(super) fn sorted(mut elements: Vec<Element>) -> Vec<Element> {
    elements.par_sort_unstable();
    elements
}

/// The points of a list that came from the other side.
///
/// # Errors
/// [`ErrorKind::Refused`] if it isn't sorted, holds an element twice, or one that is no point of the group or
/// its neutral element.
pub(super) fn points(elements: &[Element]) -> Result<Vec<RistrettoPoint>> {
    if elements.windows(2).any(|two| two[0] == two[1]) {
        return Err(refused("holds an element twice"));
    }
    if !elements.is_sorted() {
        return Err(refused("holds elements out of order"));
    }
    let point = |bytes: &Element| {
        let point = CompressedRistretto(*bytes).decompress();
        point.filter(|point| !point.is_identity())
    };
    let points: Option<Vec<RistrettoPoint>> = elements.par_iter().map(point).collect();
    points.ok_or_else(|| refused("holds an element outside the group ristretto255"))
}

/// How many elements two sorted lists share.
pub(super) fn common(one: &[Element], other: &[Element]) -> u64 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < one.len() && j < other.len() {
        both += u64::from(one[i] == other[j]);
        let (x, y) = (one[i], other[j]);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    both
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::Refused, what).hint("ask the partner for another one: begin a new run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_the_same_in_either_order_of_blinding() {
        let mut random = Random::new([3; 32]);
        let (alpha, beta) = (random.scalar(), random.scalar());
        let points: Vec<RistrettoPoint> =
            (0..20).map(|hash| point_of_hash(&[9; 32], hash)).collect();
        let one = super::points(&blinded(&points, &alpha)).expect("points");
        let other = super::points(&blinded(&points, &beta)).expect("points");
        assert_eq!(blinded(&one, &beta), blinded(&other, &alpha));
        assert_ne!(blinded(&points, &alpha), blinded(&points, &beta));
    }

    #[test]
    fn a_hash_is_another_point_in_another_run_and_no_place_holder() {
        let points = [
            point_of_hash(&[1; 32], 5),
            point_of_hash(&[2; 32], 5),
            point_of_hash(&[1; 32], 6),
            point_of_dummy(&[1; 32], 5),
        ];
        for (i, one) in points.iter().enumerate() {
            assert!(points[i + 1..].iter().all(|other| one != other), "{i}");
        }
    }

    /// A field element that isn't the canonical form of a point, the neutral element, and twice the same.
    #[test]
    fn what_is_no_list_of_points_is_refused() {
        let good = blinded(
            &[point_of_hash(&[1; 32], 1), point_of_hash(&[1; 32], 2)],
            &Scalar::ONE,
        );
        assert!(points(&good).is_ok());
        let mut high = [0xff; 32];
        high[0] = 0xec;
        for (elements, word) in [
            (vec![good[0], high], "outside the group"),
            (vec![[0; 32], good[0]], "outside the group"),
            (vec![good[0], good[0]], "twice"),
            (vec![good[1], good[0]], "out of order"),
        ] {
            let error = points(&elements).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn common_elements_are_counted() {
        let list = |numbers: &[u8]| -> Vec<Element> { numbers.iter().map(|&n| [n; 32]).collect() };
        assert_eq!(common(&list(&[1, 3, 5, 7]), &list(&[2, 3, 7, 9])), 2);
        assert_eq!(common(&list(&[]), &list(&[1])), 0);
    }
}
