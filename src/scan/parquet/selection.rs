//! Which of the values that come next are taken.

use super::bits::{lowest, word_at};
use arrow::buffer::BooleanBuffer;

/// All values, or those with a bit.
#[derive(Debug, Default)]
pub(super) struct Selection {
    bits: Option<BooleanBuffer>,
    /// Values that came already.
    at: usize,
}

impl Selection {
    pub(super) const fn of(bits: BooleanBuffer) -> Self {
        Self {
            bits: Some(bits),
            at: 0,
        }
    }

    pub(super) const fn is_all(&self) -> bool {
        self.bits.is_none()
    }

    /// Which of the next values, at most 64, are taken.
    #[inline]
    fn next(&mut self, len: usize) -> u64 {
        let Some(bits) = &self.bits else {
            return lowest(len);
        };
        let word = word_at(bits.values(), bits.offset() + self.at) & lowest(len);
        self.at += len;
        word
    }

    /// Those of the next values that are taken; in `room`, where they aren't all.
    pub(super) fn pick<'a, T: Copy>(&mut self, values: &'a [T], room: &'a mut Vec<T>) -> &'a [T] {
        if self.is_all() {
            return values;
        }
        room.clear();
        for values in values.chunks(64) {
            let mut taken = self.next(values.len());
            if taken == lowest(values.len()) {
                room.extend_from_slice(values);
                continue;
            }
            let Some(&first) = values.first() else {
                continue;
            };
            let (mut few, mut count) = ([first; 64], 0);
            while taken != 0 {
                // Both are below 64, which spares the checks.
                few[count % 64] = values[taken.trailing_zeros() as usize];
                count += 1;
                taken &= taken - 1;
            }
            room.extend_from_slice(&few[..count]);
        }
        room
    }

    /// Whether none of the next values is taken; these are passed over then.
    pub(super) fn passes_over(&mut self, len: usize) -> bool {
        let Some(bits) = &self.bits else {
            return len == 0;
        };
        let is_none = !bits.slice(self.at, len).has_true();
        if is_none {
            self.at += len;
        }
        is_none
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_picked_in_order_however_they_are_cut() {
        let values: Vec<i64> = (0..1_000).collect();
        let is_taken = |i: usize| (i / 64 == 2) || (i * i % 7 == 1 && i / 64 != 3);
        let expected: Vec<i64> = values
            .iter()
            .copied()
            .filter(|&i| is_taken(i as usize))
            .collect();
        for cut in [1, 7, 32, 64, 65, 1_000] {
            let mut selection = Selection::of(BooleanBuffer::collect_bool(1_000, is_taken));
            let (mut picked, mut room) = (Vec::new(), Vec::new());
            for values in values.chunks(cut) {
                picked.extend_from_slice(selection.pick(values, &mut room));
            }
            assert_eq!(picked, expected, "{cut} at a time");
        }
        let mut all = Selection::default();
        assert_eq!(all.pick(&values, &mut Vec::new()), values);
    }

    #[test]
    fn what_is_passed_over_is_not_asked_again() {
        let mut selection = Selection::of(BooleanBuffer::collect_bool(10, |i| i == 6));
        assert!(selection.passes_over(5));
        assert!(!selection.passes_over(5), "one of them is taken");
        assert_eq!(selection.pick(&[5, 6, 7, 8, 9], &mut Vec::new()), [6]);
    }
}
