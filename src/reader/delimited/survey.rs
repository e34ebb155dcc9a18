//! What the columns of delimited text hold, as far as its first records tell.

use super::dialect::{Dialect, beginning};
use super::layout::Layout;
use super::records::records;
use crate::reader::integer::plain_integer;
use crate::reader::json::Kind;

/// What the first records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DelimitedSurvey {
    /// What each column holds: numbers if all of its values are plain whole ones.
    pub(crate) kinds: Vec<Kind>,
    /// How many records were seen behind the header.
    pub(crate) records: u64,
    /// Whether they are all there are.
    pub(crate) whole: bool,
}

impl Dialect {
    /// Looks at the records in the beginning of a text; `whole` says that it is all of it. Records of
    /// another width than the first are passed over: whoever reads the file refuses them.
    pub(crate) fn survey(&self, head: &[u8], whole: bool, header: bool) -> DelimitedSurvey {
        let width = self.first.len();
        let layout = Layout {
            delimiter: self.delimiter,
            found: self.found,
            line_end: self.line_end,
            width,
            id: 0,
        };
        let text = beginning(head, whole, &layout);
        let (mut kinds, mut records_seen) = (vec![Kind::Null; width], 0_u64);
        let read = records(text, &layout, |fields, _| {
            records_seen += 1;
            if (header && records_seen == 1) || fields.len() != width {
                return Ok(());
            }
            for (kind, field) in kinds.iter_mut().zip(fields).filter(|(_, f)| !f.is_null()) {
                let is_number = plain_integer(&field.text(text)).is_some();
                *kind = match (*kind, is_number) {
                    (Kind::Null | Kind::Number, true) => Kind::Number,
                    _ => Kind::Text,
                };
            }
            Ok(())
        });
        DelimitedSurvey {
            kinds,
            records: records_seen.saturating_sub(u64::from(header)),
            whole: whole && read.is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::TextOptions;

    fn survey(head: &str, whole: bool) -> DelimitedSurvey {
        let dialect = Dialect::of(head.as_bytes(), whole, &TextOptions::default());
        let dialect = dialect.expect("clear").expect("a record");
        dialect.survey(head.as_bytes(), whole, true)
    }

    #[test]
    fn columns_are_numbers_if_all_of_their_values_are() {
        let found = survey("a,b,c,d\n1,x,,007\n\"-2\",3,,8\n", true);
        assert_eq!(
            found.kinds,
            [Kind::Number, Kind::Text, Kind::Null, Kind::Text]
        );
        assert_eq!((found.records, found.whole), (2, true));
    }

    #[test]
    fn a_record_that_is_cut_is_not_looked_at() {
        let found = survey("a,b\n1,2\n3,x", false);
        assert_eq!(found.kinds, [Kind::Number, Kind::Number]);
        assert_eq!((found.records, found.whole), (1, false));
    }

    #[test]
    fn records_that_are_refused_later_are_no_reason_to_fail() {
        let found = survey("a,b\n1,2\n3\n4,\"x\"y\n", true);
        assert_eq!(found.kinds, [Kind::Number, Kind::Number]);
        assert!(!found.whole, "rows that can't be read aren't counted");
    }
}
