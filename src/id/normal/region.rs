//! Telephone numbers as they are dialled within a country.
//!
//! Numbering plans change and have exceptions; what is here is only what ordinary numbers look like: how long
//! they are, what they begin with, and what is dialled before them within the country. What doesn't look like
//! that, or could be read in two ways, can't be read. Whatever is read is what Google's libphonenumber reads
//! (`python/tests/test_normalize.py` compares them).

use crate::error::{Error, Result, Setting};
use std::ops::RangeInclusive;

/// A country whose telephone numbers can be read as they are dialled within it.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// ISO 3166-1's two letters.
    name: &'static str,
    /// The country code of E.164.
    code: &'static str,
    /// What is dialled before a number within the country; empty if nothing is.
    trunk: &'static str,
    /// What is dialled before the code of another country; empty where that is more than one thing.
    abroad: &'static str,
    /// What ordinary numbers begin with behind the country code.
    first: &'static str,
    /// What none of them begins with: codes of carriers.
    never: &'static [&'static str],
    /// How many digits they have behind it.
    digits: RangeInclusive<usize>,
    /// Whether digits that begin with the country code, without a plus, are read as such.
    bare_code: BareCode,
}

/// Whether digits may begin with the country code, without a plus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BareCode {
    /// Yes: no ordinary number looks like another one behind its code.
    Told,
    /// Before numbers of the greatest length alone; shorter ones could be read in two ways.
    Longest,
    /// No: they could be read in two ways.
    Never,
}

use BareCode::{Longest, Never, Told};

const fn of(
    name: &'static str,
    code: &'static str,
    trunk: &'static str,
    abroad: &'static str,
    first: &'static str,
    digits: RangeInclusive<usize>,
    bare_code: BareCode,
) -> Region {
    Region {
        name,
        code,
        trunk,
        abroad,
        first,
        never: &[],
        digits,
        bare_code,
    }
}

/// Likewise, but that some digits begin no number.
const fn but(region: Region, never: &'static [&'static str]) -> Region {
    Region { never, ..region }
}

/// Every region, from the national numbering plans as libphonenumber 9.0.43 has them.
static REGIONS: [Region; 51] = [
    of("AE", "971", "0", "00", "2345679", 8..=9, Never),
    of("AT", "43", "0", "00", "1234567", 7..=13, Longest),
    of("AU", "61", "0", "0011", "23478", 9..=9, Told),
    of("BD", "880", "0", "00", "123456789", 8..=10, Longest),
    of("BE", "32", "0", "00", "123456789", 8..=9, Told),
    of("CA", "1", "1", "011", "23456789", 10..=10, Told),
    of("CH", "41", "0", "00", "23456789", 9..=9, Told),
    but(
        of("CN", "86", "0", "00", "123456789", 10..=11, Longest),
        &["11", "12", "179"],
    ),
    of("CZ", "420", "", "00", "234567", 9..=9, Never),
    of("DE", "49", "0", "00", "123456789", 8..=12, Never),
    of("DK", "45", "", "00", "23456789", 8..=8, Told),
    of("EG", "20", "0", "00", "12345689", 8..=10, Told),
    of("ES", "34", "", "00", "46789", 9..=9, Told),
    of("FI", "358", "0", "00", "12345678", 7..=10, Never),
    of("FR", "33", "0", "00", "1234567", 9..=9, Told),
    of("GB", "44", "0", "00", "127", 9..=10, Told),
    of("GR", "30", "", "00", "269", 10..=10, Told),
    of("HK", "852", "", "", "2345679", 8..=8, Told),
    of("HU", "36", "06", "00", "123456789", 8..=9, Told),
    of("ID", "62", "0", "", "23456789", 8..=12, Never),
    of("IE", "353", "0", "00", "12456789", 8..=9, Told),
    of("IL", "972", "0", "", "234589", 8..=9, Never),
    of("IN", "91", "0", "00", "123456789", 10..=10, Told),
    of("IT", "39", "", "00", "034", 8..=11, Never),
    of("JP", "81", "0", "010", "123456789", 9..=10, Never),
    of("KE", "254", "0", "000", "124567", 8..=9, Told),
    of("KR", "82", "0", "", "123456", 8..=10, Never),
    of("KZ", "7", "8", "810", "7", 10..=10, Told),
    of("LK", "94", "0", "00", "123456789", 9..=9, Told),
    of("MX", "52", "", "00", "23456789", 10..=10, Told),
    of("MY", "60", "0", "00", "13456789", 8..=10, Told),
    of("NG", "234", "0", "009", "2789", 10..=10, Never),
    of("NL", "31", "0", "00", "1234567", 9..=9, Never),
    of("NO", "47", "", "00", "2345679", 8..=8, Told),
    of("NZ", "64", "0", "00", "234679", 8..=10, Longest),
    of("PH", "63", "0", "00", "23456789", 9..=10, Never),
    of("PK", "92", "0", "00", "23456789", 9..=10, Never),
    of("PL", "48", "", "00", "123456789", 9..=9, Told),
    of("PT", "351", "", "00", "29", 9..=9, Told),
    of("RO", "40", "0", "00", "237", 9..=9, Told),
    of("RU", "7", "8", "810", "3489", 10..=10, Told),
    of("SA", "966", "0", "00", "15", 9..=9, Told),
    of("SE", "46", "0", "00", "123456789", 7..=9, Never),
    of("SG", "65", "", "", "689", 8..=8, Told),
    of("TH", "66", "0", "", "123456789", 8..=9, Never),
    of("TR", "90", "0", "00", "2345", 10..=10, Told),
    of("TW", "886", "0", "", "23456789", 8..=9, Never),
    of("UA", "380", "0", "00", "345679", 9..=9, Told),
    of("US", "1", "1", "011", "23456789", 10..=10, Told),
    of("VN", "84", "0", "00", "1235789", 9..=10, Longest),
    of("ZA", "27", "0", "00", "12345678", 9..=9, Never),
];

impl Region {
    /// The region of this name: two letters of ISO 3166-1, in either case.
    ///
    /// ```
    /// use overlap::id::{IdDomain, Normal, Region, Rule};
    ///
    /// let normal = Normal::new(vec![Rule::Phone], None)?.in_region(Region::parse("CN")?)?;
    /// let mut number = Vec::new();
    /// normal.apply(b"138 0013 8000", IdDomain::Text, &mut number).expect("a number of China");
    /// assert_eq!(number, b"+8613800138000");
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a region whose numbers aren't known.
    pub fn parse(name: &str) -> Result<&'static Self> {
        let found = REGIONS
            .iter()
            .find(|region| region.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = REGIONS.iter().map(|region| region.name).collect();
            Error::usage([
                Setting::Region.into(),
                format!(" knows no region {name:?}").into(),
            ])
            .hint(format!(
                "the regions are {}; numbers of others need their country code, behind a plus",
                names.join(", ")
            ))
        })
    }

    /// The digits of E.164 that some dialled digits mean, but for a code of another country; `None` if they
    /// are no ordinary number, or could be read in two ways.
    pub(super) fn read(&self, dialled: &str, out: &mut Vec<u8>) -> Option<()> {
        let ordinary = |number: &&str| self.is_ordinary(number);
        let as_it_is = Some(dialled).filter(ordinary);
        let behind_code = dialled.strip_prefix(self.code);
        let may_be_bare = self.bare_code == Told || self.code == self.trunk;
        if as_it_is.is_some() && behind_code.is_some() && !may_be_bare {
            return None;
        }
        let behind_code = behind_code.filter(ordinary);
        let is_longest = |number: &str| number.len() == *self.digits.end();
        if behind_code
            .is_some_and(|number| !(may_be_bare || self.bare_code == Longest && is_longest(number)))
        {
            return None;
        }
        let behind_trunk = match self.trunk {
            "" => None,
            trunk => dialled.strip_prefix(trunk).filter(ordinary),
        };
        let mut readings = [as_it_is, behind_code, behind_trunk].into_iter().flatten();
        let number = readings.next()?;
        if readings.any(|other| other != number) {
            return None;
        }
        out.extend_from_slice(self.code.as_bytes());
        out.extend_from_slice(number.as_bytes());
        Some(())
    }

    /// What follows the digits that are dialled for another country, if they are there.
    pub(super) fn abroad<'a>(&self, dialled: &'a str) -> Option<&'a str> {
        match self.abroad {
            "" => None,
            abroad => dialled.strip_prefix(abroad),
        }
    }

    fn is_ordinary(&self, number: &str) -> bool {
        self.digits.contains(&number.len())
            && number
                .chars()
                .next()
                .is_some_and(|first| self.first.contains(first))
            && !self.never.iter().any(|never| number.starts_with(never))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(region: &str, dialled: &str) -> Option<String> {
        let mut out = Vec::new();
        Region::parse(region)
            .expect("known")
            .read(dialled, &mut out)?;
        Some(String::from_utf8(out).expect("digits"))
    }

    #[test]
    fn numbers_are_read_as_they_are_dialled() {
        for (region, dialled, number) in [
            ("CN", "13800138000", "8613800138000"),
            ("CN", "013800138000", "8613800138000"),
            ("CN", "8613800138000", "8613800138000"),
            ("CN", "01012345678", "861012345678"),
            ("US", "2125550123", "12125550123"),
            ("us", "12125550123", "12125550123"),
            ("CH", "0446681800", "41446681800"),
            ("CH", "446681800", "41446681800"),
            ("IT", "3123456789", "393123456789"),
            ("RU", "89261234567", "79261234567"),
            ("RU", "79261234567", "79261234567"),
            ("HU", "06201234567", "36201234567"),
        ] {
            assert_eq!(
                read(region, dialled).as_deref(),
                Some(number),
                "{region} {dialled}"
            );
        }
    }

    #[test]
    fn what_is_no_number_or_two_is_not_read() {
        for (region, dialled) in [
            ("CN", "12345"),
            ("CN", "8680048218"),
            ("CN", "17911123456"),
            ("US", "5550123"),
            ("US", "1125550123"),
            ("JP", "819012345678"),
            ("IT", "12"),
            ("RU", "8123"),
        ] {
            assert_eq!(read(region, dialled), None, "{region} {dialled}");
        }
        let error = Region::parse("ZZ").expect_err("unknown");
        assert!(error.to_string().contains("AE, AT") && error.to_string().contains("ZA"));
    }

    #[test]
    fn regions_are_in_order_and_named_once() {
        assert!(REGIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for region in &REGIONS {
            assert!(
                region.code.len() + region.digits.end() <= 15,
                "{}",
                region.name
            );
        }
    }
}
