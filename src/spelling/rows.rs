//! Which IDs come in far more rows than others: placeholders that stand for many people.

use super::doubles::Doubles;
use super::profile::describe;
use crate::hash::{hash_bytes, hash_integer, hash_wide_integer};
use crate::id::IdBatch;
use std::collections::HashMap;

/// An ID that a large share of the rows has.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequentId {
    /// The hash of the ID as it is written; of an integer that of its 8 or 16 bytes.
    pub hash: u64,
    /// Its share of the rows with an ID, in (0, 1].
    pub share: f64,
    /// What it looks like, never the ID itself: `a UUID of zeros`.
    pub form: String,
}

impl FrequentId {
    /// The ID itself, as text, if it is among some IDs.
    #[must_use]
    pub fn found_in(&self, batch: IdBatch<'_>) -> Option<Vec<u8>> {
        let is_it = |hash: u64| hash == self.hash;
        let digits = |id: i128| id.to_string().into_bytes();
        match batch {
            IdBatch::Integers(ids) => {
                let id = ids.iter().find(|&&id| is_it(hash_integer(id)));
                id.map(|&id| digits(id.into()))
            }
            IdBatch::WideIntegers(ids) => {
                let id = ids.iter().find(|&&id| is_it(hash_wide_integer(id)));
                id.map(|&id| digits(id))
            }
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                let mut found = None;
                ids.for_each(|id| {
                    if found.is_none() && is_it(hash_bytes(id)) {
                        found = Some(id.to_vec());
                    }
                });
                found
            }
        }
    }
}

/// The IDs that come in many rows of a set, the most frequent first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frequent {
    /// Rows that the shares are of, about.
    rows: u64,
    ids: Vec<FrequentId>,
}

impl Frequent {
    /// From this share of the rows on an ID is a placeholder.
    pub const SHARE_MIN: f64 = 0.05;

    /// IDs of a smaller share are forgotten; parts of a set may have more of them than another.
    const SHARE_KEPT: f64 = 0.02;

    /// From parts in a file.
    #[must_use]
    pub const fn new(rows: u64, ids: Vec<FrequentId>) -> Self {
        Self { rows, ids }
    }

    /// Rows that the shares are of, about.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// All that are remembered, the most frequent first.
    #[must_use]
    pub fn ids(&self) -> &[FrequentId] {
        &self.ids
    }

    /// Those that are frequent enough to be placeholders.
    pub fn placeholders(&self) -> impl Iterator<Item = &FrequentId> {
        self.ids.iter().filter(|id| id.share >= Self::SHARE_MIN)
    }

    /// Turns this into what is frequent in the rows of both.
    pub fn merge(&mut self, other: &Self) {
        let rows = (self.rows + other.rows).max(1) as f64;
        let (ours, theirs) = (self.rows as f64 / rows, other.rows as f64 / rows);
        self.ids.iter_mut().for_each(|id| id.share *= ours);
        for id in &other.ids {
            match self.ids.iter_mut().find(|known| known.hash == id.hash) {
                Some(known) => known.share += id.share * theirs,
                None => self.ids.push(FrequentId {
                    share: id.share * theirs,
                    ..id.clone()
                }),
            }
        }
        self.rows += other.rows;
        self.ids.retain(|id| id.share >= Self::SHARE_KEPT);
        self.ids.sort_by(|a, b| b.share.total_cmp(&a.share));
    }
}

/// The ID of one row.
#[derive(Clone, Debug)]
enum RowId {
    Integer(i128),
    Bytes(Box<[u8]>),
}

/// IDs of rows here and there: an ID's share of them is its share of all. The distances vary at random, lest a
/// pattern of the rows is taken for all of them.
#[derive(Clone, Debug)]
pub struct RowSample {
    /// Rows from one that is kept to the next, on average.
    stride: usize,
    /// Rows to let pass before the next that is kept.
    skip: usize,
    kept: Vec<RowId>,
    random: u64,
}

impl Default for RowSample {
    fn default() -> Self {
        Self {
            stride: 1,
            skip: 0,
            kept: Vec::new(),
            random: 1,
        }
    }
}

impl RowSample {
    /// Fewer rows than this are kept; at half of them the standard deviation of a share of 5 % is 0.7 points.
    const ROWS_MAX: usize = 2048;

    /// Of fewer rows nothing is said.
    const ROWS_MIN: usize = 100;

    /// A frequent ID has as many times the rows of an ID on average.
    const TIMES_MIN: usize = 10;

    /// Rows from one that is kept to the next this time.
    pub fn gap(&mut self) -> usize {
        let random = self.next_random();
        let most = 2 * self.stride as u64 - 1;
        1 + usize::try_from((u128::from(random) * u128::from(most)) >> u64::BITS).unwrap_or(0)
    }

    /// A linear congruential generator (Knuth's MMIX), whose high bits are good enough here.
    const fn next_random(&mut self) -> u64 {
        let step = self.random.wrapping_mul(6_364_136_223_846_793_005);
        self.random = step.wrapping_add(1_442_695_040_888_963_407);
        self.random
    }

    /// Takes in the IDs of rows.
    pub fn push(&mut self, batch: IdBatch<'_>) {
        let len = batch.len();
        while self.skip < len {
            self.keep(batch, self.skip);
            self.skip += self.gap();
            if self.kept.len() >= Self::ROWS_MAX {
                self.halve();
            }
        }
        self.skip -= len;
    }

    /// Takes in IDs of rows that are [`Self::gap`]s apart.
    pub fn push_chosen(&mut self, batch: IdBatch<'_>) {
        (0..batch.len()).for_each(|row| self.keep(batch, row));
        while self.kept.len() >= Self::ROWS_MAX {
            self.halve();
        }
    }

    fn keep(&mut self, batch: IdBatch<'_>, row: usize) {
        self.kept.push(match batch {
            IdBatch::Integers(ids) => RowId::Integer(ids[row].into()),
            IdBatch::WideIntegers(ids) => RowId::Integer(ids[row]),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => RowId::Bytes(ids.get(row).into()),
        });
    }

    fn halve(&mut self) {
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|_| self.next_random() >> 63 == 0);
        self.kept = kept;
        self.stride *= 2;
    }

    /// Whether the numbers among them went through a double.
    #[must_use]
    pub fn doubles(&self) -> Doubles {
        let mut doubles = Doubles::default();
        for id in &self.kept {
            match id {
                RowId::Integer(id) => doubles.push(*id),
                RowId::Bytes(id) => doubles.push_text(id),
            }
        }
        doubles
    }

    /// The IDs that are frequent among them.
    #[must_use]
    pub fn finish(&self) -> Frequent {
        let rows = self.kept.len();
        let mut counts: HashMap<u64, (usize, &RowId)> = HashMap::new();
        for id in &self.kept {
            counts.entry(hash_of(id)).or_insert((0, id)).0 += 1;
        }
        let users = counts.len();
        let frequent = |&(_, (count, _)): &(u64, (usize, &RowId))| {
            rows >= Self::ROWS_MIN
                && count as f64 >= Frequent::SHARE_KEPT * rows as f64
                && count * users >= Self::TIMES_MIN * rows
        };
        let ids = counts.into_iter().filter(frequent);
        let mut ids: Vec<FrequentId> = ids
            .map(|(hash, (count, id))| FrequentId {
                hash,
                share: count as f64 / rows as f64,
                form: match id {
                    RowId::Integer(id) => describe(id.to_string().as_bytes()),
                    RowId::Bytes(id) => describe(id),
                },
            })
            .collect();
        ids.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.hash.cmp(&b.hash)));
        Frequent {
            rows: (rows * self.stride) as u64,
            ids,
        }
    }
}

fn hash_of(id: &RowId) -> u64 {
    match id {
        RowId::Bytes(id) => hash_bytes(id),
        RowId::Integer(id) => match i64::try_from(*id) {
            Ok(narrow) => hash_integer(narrow),
            Err(_) => hash_wide_integer(*id),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequent(ids: &[i64], batch: usize) -> Frequent {
        let mut sample = RowSample::default();
        ids.chunks(batch)
            .for_each(|ids| sample.push(IdBatch::Integers(ids)));
        sample.finish()
    }

    #[test]
    fn a_placeholder_is_found_among_many_rows_and_nobody_else() {
        for rows in [1_000, 100_000_i64] {
            for batch in [7, 1_024, 100_000] {
                let ids: Vec<i64> = (1..=rows).map(|i| if i % 8 == 3 { 0 } else { i }).collect();
                let found = frequent(&ids, batch);
                let [only] = found.ids() else {
                    panic!("{found:?}");
                };
                assert!((only.share - 0.125).abs() < 0.03, "{only:?}");
                assert_eq!(only.form, "the number 0");
            }
        }
    }

    #[test]
    fn users_of_many_rows_each_are_no_placeholders() {
        let ids: Vec<i64> = (0..50_000).map(|i| i * 7 % 15).collect();
        assert_eq!(frequent(&ids, 1_000).ids(), []);
        let ids: Vec<i64> = (0..60).map(|i| i % 2 * i).collect();
        assert_eq!(frequent(&ids, 1_000).ids(), [], "too few rows");
    }

    #[test]
    fn shares_of_parts_are_weighed_by_their_rows() {
        let id = |share| FrequentId {
            hash: 1,
            share,
            form: String::new(),
        };
        let mut all = Frequent::new(300, vec![id(0.2)]);
        all.merge(&Frequent::new(100, vec![id(0.04)]));
        assert!((all.ids()[0].share - 0.16).abs() < 1e-12);
        all.merge(&Frequent::new(3_600, Vec::new()));
        assert_eq!(all.placeholders().count(), 0);
    }
}
