//! An order of sides in which those that share much stand side by side.

/// Average-linkage clustering of `count` things: the order of the leaves. `closeness` of two things is
/// larger the more they belong together; of equal ones the first are joined.
pub(super) fn clustered(count: usize, closeness: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = (0..count).map(|thing| vec![thing]).collect();
    // Sums of closeness between groups.
    let mut between: Vec<Vec<f64>> = (0..count)
        .map(|a| {
            (0..count)
                .map(|b| {
                    if a == b {
                        0.0
                    } else {
                        closeness(a.min(b), a.max(b))
                    }
                })
                .collect()
        })
        .collect();
    while groups.len() > 1 {
        let mut best = (0, 1, f64::NEG_INFINITY);
        for a in 0..groups.len() {
            for b in a + 1..groups.len() {
                let mean = between[a][b] / (groups[a].len() * groups[b].len()) as f64;
                if mean > best.2 {
                    best = (a, b, mean);
                }
            }
        }
        let (a, b, _) = best;
        let joined = groups.swap_remove(b);
        let turned = should_turn(&groups[a], &joined, &closeness);
        if turned {
            groups[a].reverse();
        }
        groups[a].extend(joined);
        // Row and column b become part of a; the last takes their place.
        let mut row = between.swap_remove(b);
        row.swap_remove(b);
        for sums in &mut between {
            sums.swap_remove(b);
        }
        for (other, value) in row.iter().enumerate() {
            if other != a {
                between[a][other] += value;
                between[other][a] += value;
            }
        }
        between[a][a] = 0.0;
    }
    groups.pop().unwrap_or_default()
}

/// Whether the first group's near end is its beginning.
fn should_turn(
    first: &[usize],
    second: &[usize],
    closeness: &impl Fn(usize, usize) -> f64,
) -> bool {
    let to = |end: Option<&usize>| match (end, second.first()) {
        (Some(&a), Some(&b)) => closeness(a.min(b), a.max(b)),
        _ => 0.0,
    };
    to(first.first()) > to(first.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_of_one_kind_stand_side_by_side() {
        let closeness = |a: usize, b: usize| if a % 3 == b % 3 { 1.0 } else { 0.1 };
        let order = clustered(12, closeness);
        let kinds: Vec<usize> = order.iter().map(|thing| thing % 3).collect();
        let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 2, "{kinds:?}");
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<_>>());
        assert_eq!(clustered(0, closeness), Vec::<usize>::new());
    }
}
