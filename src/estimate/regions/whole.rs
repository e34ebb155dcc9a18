//! Whole users in every region, so that every sum is exact; totals that are certain are kept to the
//! user.

use super::model::Model;

/// Rounds the users of all regions: the model's totals are kept, and no set of `caps` has more users
/// than it can have.
pub(super) fn whole(model: &Model<'_>, fitted: &[f64], caps: &[(Vec<usize>, f64)]) -> Vec<f64> {
    let mut users = rounded(fitted);
    let of_samples = model.sample.certain.len();
    // Classes of whole samples have no region in common.
    for (regions, total) in &model.totals[..of_samples] {
        let found: f64 = regions.iter().map(|&region| users[region]).sum();
        spread(&mut users, regions, total - found, &model.sample.floor);
    }
    let known = model.totals[of_samples..].iter().map(|total| (total, true));
    for ((regions, total), is_known) in known.chain(caps.iter().map(|cap| (cap, false))) {
        let found: f64 = regions.iter().map(|&region| users[region]).sum();
        let more = total - found;
        if more < 0.0 || (more > 0.0 && is_known) {
            let open = |region: &usize| !model.sample.fixed.has(*region);
            let open: Vec<usize> = regions.iter().copied().filter(open).collect();
            resize(&mut users, &open, more);
        }
    }
    users
}

/// Whole users whose sums over every set stay close to what they were: many regions of a fraction of
/// a user may be several users together. Users are added one by one where they are missed most.
fn rounded(fitted: &[f64]) -> Vec<f64> {
    let places = fitted.len();
    let mut users: Vec<f64> = fitted.iter().map(|users| users.floor()).collect();
    let set_count = places.trailing_zeros() as usize;
    let missed = |users: &[f64], set: usize| -> f64 {
        let members = (1..places).filter(|region| region >> set & 1 == 1);
        members.map(|region| fitted[region] - users[region]).sum()
    };
    let mut of_sets: Vec<f64> = (0..set_count).map(|set| missed(&users, set)).collect();
    let mut left: f64 = fitted.iter().sum::<f64>() - users.iter().sum::<f64>();
    while left >= 0.5 {
        let wanted = |region: usize| -> f64 {
            let sets = (0..set_count).filter(|set| region >> set & 1 == 1);
            let gain: f64 = sets.map(|set| 2.0 * of_sets[set] - 1.0).sum();
            gain + fitted[region] - users[region]
        };
        let open = (1..places).filter(|&region| fitted[region] > users[region]);
        let Some(most) = open.max_by(|&a, &b| wanted(a).total_cmp(&wanted(b))) else {
            break;
        };
        users[most] += 1.0;
        left -= 1.0;
        for (set, missed) in of_sets.iter_mut().enumerate() {
            *missed -= f64::from(u8::from(most >> set & 1 == 1));
        }
    }
    users
}

/// Adds `more` users (or takes some away) where most are, none below its floor.
fn spread(users: &mut [f64], regions: &[usize], mut more: f64, floor: &[f64]) {
    let mut order = regions.to_vec();
    order.sort_by(|&a, &b| (users[b] - floor[b]).total_cmp(&(users[a] - floor[a])));
    for region in order {
        let change = more.max(floor[region] - users[region]);
        users[region] += change;
        more -= change;
    }
}

/// Changes the size of one set by `more` and that of no other: its users are made users of the same
/// other sets, but not of this one, or the other way round.
fn resize(users: &mut [f64], members: &[usize], more: f64) {
    // The set's own bit is all that its regions have in common.
    let own = members
        .iter()
        .fold(usize::MAX, |common, region| common & region);
    if more > 0.0 {
        users[own] += more;
        return;
    }
    let mut order = members.to_vec();
    order.sort_by(|&a, &b| users[b].total_cmp(&users[a]));
    let mut left = -more;
    for region in order {
        let change = left.min(users[region]);
        users[region] -= change;
        if region != own {
            users[region ^ own] += change;
        }
        left -= change;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_users_are_not_lost() {
        let mut fitted = vec![0.4; 8];
        fitted[0] = 0.0;
        let users = rounded(&fitted);
        assert_eq!(users.iter().sum::<f64>(), 3.0);
        for set in 0..3 {
            let members = (1..8).filter(|region| region >> set & 1 == 1);
            let size: f64 = members.map(|region| users[region]).sum();
            assert!((size - 1.6).abs() < 1.0, "{set}: {size}");
        }
        assert_eq!(rounded(&[0.0, 3.0, 1e9, 7.0]), [0.0, 3.0, 1e9, 7.0]);
    }
}
