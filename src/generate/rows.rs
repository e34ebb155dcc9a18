//! One side's rows, a row group at a time, in mixed order.

use super::GenerateOptions;
use crate::error::{Error, ErrorKind, Result};
use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// A bijection of 64-bit words for every seed: the finaliser of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
pub(super) fn mix(word: u64, seed: u64) -> u64 {
    let mut z = word.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ seed.rotate_left(32);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1) from a word.
fn unit(word: u64) -> f64 {
    const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
    (word >> 11) as f64 * SCALE
}

/// The rows of one side: users `first..first + users`.
pub(super) struct SideRows<'a> {
    options: &'a GenerateOptions,
    first: u64,
    users: u64,
    rows: u64,
    nulls: u64,
    /// Row i of the file is number `i · stride mod rows` of the unmixed rows.
    stride: u64,
}

impl<'a> SideRows<'a> {
    pub(super) fn new(options: &'a GenerateOptions, first: u64, users: u64) -> Self {
        let (with_id, nulls) = row_counts(users, options);
        let rows = with_id as u64 + nulls as u64;
        Self {
            options,
            first,
            users,
            rows,
            nulls: nulls as u64,
            stride: stride(rows, options.seed),
        }
    }

    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) const fn nulls(&self) -> u64 {
        self.nulls
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let nullable = self.nulls > 0;
        let mut fields = vec![Field::new(
            "user_id",
            self.options.ids.data_type(),
            nullable,
        )];
        if self.options.columns {
            fields.push(Field::new("city_tier", DataType::Utf8, false));
            fields.push(Field::new("last_active", DataType::Date32, false));
        }
        Arc::new(Schema::new(fields))
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = Result<RecordBatch>> {
        let batch_rows = self.options.row_group_rows.min(1 << 16);
        let mut places = self.places();
        (0..self.rows).step_by(batch_rows).map(move |start| {
            let places = places.by_ref().take(batch_rows);
            let users: Vec<_> = places.map(|place| self.user_at(place)).collect();
            self.batch(start, &users)
        })
    }

    fn batch(&self, start: u64, users: &[Option<u64>]) -> Result<RecordBatch> {
        let seed = self.options.seed;
        let mut columns: Vec<ArrayRef> = vec![self.options.ids.array(users, seed)];
        if self.options.columns {
            // A row whose ID is null still has the tier and the day of a user.
            let users: Vec<u64> = (start..)
                .zip(users)
                .map(|(row, user)| user.unwrap_or_else(|| self.first + row % self.users))
                .collect();
            let tiers = users.iter().map(|&user| self.city_tier(user));
            columns.push(Arc::new(StringArray::from_iter_values(tiers)));
            let days = users.iter().map(|&user| last_active(user, seed));
            columns.push(Arc::new(Date32Array::from_iter_values(days)));
        }
        RecordBatch::try_new(self.schema(), columns)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("a generated batch: {e}")))
    }

    /// Every place once, in mixed order. Adding the stride spares a 128-bit remainder a row.
    pub(super) fn places(&self) -> impl Iterator<Item = u64> {
        let (rows, stride) = (self.rows, self.stride);
        let mut next = 0;
        (0..rows).map(move |_| {
            let place = next;
            next += stride;
            if next >= rows {
                next -= rows;
            }
            place
        })
    }

    /// Whose row stands in a place: every user once, then rows beyond the first, then nulls.
    pub(super) fn user_at(&self, place: u64) -> Option<u64> {
        if place < self.users {
            return Some(self.first + place);
        }
        if place >= self.rows - self.nulls {
            return None;
        }
        let u = unit(mix(place, self.options.seed ^ 0x5eed)).powf(1.0 + self.options.skew);
        Some(self.first + ((self.users as f64 * u) as u64).min(self.users - 1))
    }

    /// The same for a user on either side; users that only the second side has lean to the lower
    /// tiers, which is where a partner brings new users.
    fn city_tier(&self, user: u64) -> &'static str {
        const TIERS: [&str; 5] = ["T1", "T2", "T3", "T4", "T5"];
        const FIRST_SIDE: [f64; 5] = [0.30, 0.55, 0.75, 0.90, 1.00];
        const SECOND_SIDE: [f64; 5] = [0.08, 0.22, 0.45, 0.73, 1.00];
        let bounds = if user < self.options.users_a {
            FIRST_SIDE
        } else {
            SECOND_SIDE
        };
        let u = unit(mix(user, self.options.seed ^ 0x71e5));
        let tier = bounds
            .iter()
            .position(|&bound| u < bound)
            .unwrap_or(TIERS.len() - 1);
        TIERS[tier]
    }
}

/// Rows with an ID and rows without one, both whole; not yet integers, since the options that are
/// checked may ask for more than a `u64` holds.
pub(super) fn row_counts(users: u64, options: &GenerateOptions) -> (f64, f64) {
    let with_id = (users as f64 * options.rows_per_user).round();
    let share = options.null_share;
    (with_id, (with_id * share / (1.0 - share)).round())
}

/// A day of 2026 as days since 1970, later ones likelier.
fn last_active(user: u64, seed: u64) -> i32 {
    const FIRST_DAY: i32 = 20_454;
    const DAYS: f64 = 365.0;
    FIRST_DAY + (unit(mix(user, seed ^ 0xda7e)).sqrt() * DAYS) as i32
}

/// A step below `rows` that visits every place once: coprime to `rows`, near its golden section.
fn stride(rows: u64, seed: u64) -> u64 {
    // Nothing but 1 is coprime to 0, the rows of an empty side.
    let rows = rows.max(1);
    let mut stride = ((rows as f64 * 0.618_033_988_749_894_9) as u64 + seed % 1000).max(1);
    while gcd(stride, rows) > 1 {
        stride += 1;
    }
    stride % rows
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
