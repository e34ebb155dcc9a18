//! Whole users in every region, so that every sum is exact; totals that are certain are kept to the
//! user.

use super::model::Model;

/// Rounds the users of all regions. The first `certain` totals of the model are kept, of the others
/// at most so many users.
pub(super) fn whole(model: &Model<'_>, fitted: &[f64], certain: usize) -> Vec<f64> {
    let mut users: Vec<f64> = fitted.iter().map(|users| users.round()).collect();
    let of_samples = model.sample.certain.len();
    // Classes of whole samples have no region in common.
    for (regions, total) in &model.totals[..of_samples] {
        let found: f64 = regions.iter().map(|&region| users[region]).sum();
        spread(&mut users, regions, total - found, &model.sample.floor);
    }
    for (at, (regions, total)) in model.totals.iter().enumerate().skip(of_samples) {
        let found: f64 = regions.iter().map(|&region| users[region]).sum();
        let more = total - found;
        if more < 0.0 || (more > 0.0 && at < certain) {
            resize(&mut users, regions, more);
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
