//! What is no image of Apache DataSketches: refused by name, whatever byte is wrong.

use super::{THETA_MAX, all_golden, folder};
use overlap::format::datasketches::{HllImage, ThetaImage};
use overlap::{Error, ErrorKind, Result};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(read: Result<T>, kind: ErrorKind, message: &str) {
    let error: Error = read.expect_err(message);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains(message), "{error} lacks {message}");
}

/// Image, and what is said of it.
const NO_THETA: [(&str, &str); 23] = [
    ("", "cut short"),
    ("01030300001ecc", "cut short"),
    ("0201070c030c0008", "not a theta sketch, but an HLL sketch"),
    ("01050300001ecc93", "version 5"),
    ("00030300001ecc93", "a preamble of 0 words"),
    ("04030300001acc93", "a preamble of 4 words"),
    ("01030300001bcc93 0100000000000000", "big-endian"),
    ("01030300001acc93", "8 bytes were wanted, 0 are left"),
    ("01030300001acc93 0000000000000000", "a hash is 0"),
    ("01030300001acc93 ffffffffffffff7f", "isn't below θ"),
    ("01030300001acc93 0100000000000000 00", "1 bytes too many"),
    (
        "02030300001ecc93 0100000000000000 0100000000000000",
        "an empty sketch with 1 hashes",
    ),
    (
        "02030300001acc93 ffffffff00000000 0100000000000000",
        "cut short",
    ),
    (
        "02030300001acc93 0200000000000000 0200000000000000 0100000000000000",
        "ordered hashes",
    ),
    (
        "02030300000acc93 0200000000000000 0200000000000000 0200000000000000",
        "distinct",
    ),
    (
        "03030300001acc93 0000000000000000 0000000000000000",
        "θ is 0",
    ),
    (
        "03030300001acc93 0000000000000000 0000000000000080",
        "θ is 9223372036854775808",
    ),
    ("0104030001 1acc93 01 00", "hashes in 0 bits"),
    ("0104030800 1acc93 01", "counted in 0 bytes"),
    ("0104033f04 1acc93 ffffff00 00", "cut short"),
    (
        "0104033f04 1acc93 ffffffff 00",
        "4294967295 hashes; at most 16777216",
    ),
    ("0104030401 1acc93 01 11", "bits are set"),
    (
        "0303020504 00cc93 0000000000000000 ffffffffffffff7f 0000000000000000",
        "1 places instead of 2^4",
    ),
];

#[test]
fn what_is_no_theta_image_is_refused_by_name() {
    for (image, message) in NO_THETA {
        assert_refused(ThetaImage::decode(&hex(image)), ErrorKind::Input, message);
    }
    let union = std::fs::read(folder().join("java-union.bin")).unwrap();
    let error = ThetaImage::decode(&union).unwrap_err();
    assert!(
        error.to_string().ends_with("(getResult) instead"),
        "{error}"
    );
}

#[test]
fn another_seed_is_incomparable_but_of_an_empty_sketch() {
    let kind = ErrorKind::Incomparable;
    let single = hex("01030300001a0001 0100000000000000");
    assert_refused(ThetaImage::decode(&single), kind, "its hash is 0100");
    let none_below = hex("03030300001a0000 0000000000000000 0100000000000000");
    assert_refused(ThetaImage::decode(&none_below), kind, "its hash is 0000");
    for empty in ["01030300001e0000", "01030300001eabcd", "0102030000020000"] {
        assert!(ThetaImage::decode(&hex(empty)).unwrap().empty);
    }
}

const NO_HLL: [(&str, &str); 20] = [
    ("", "cut short"),
    ("01030300001ecc93", "not an HLL sketch, but a theta sketch"),
    ("0202070c030c0008", "version 2"),
    ("02010703030c0008", "precision is 3, not 4 to 21"),
    ("02010716030c0008", "precision is 22, not 4 to 21"),
    ("0201070c030d0008", "big-endian"),
    ("0201070c030c000c", "kind 3"),
    ("0201070c030c0018", "kind 6"),
    ("0a01070c03080003", "form 3"),
    ("0301070c03080008", "a list's preamble of 3 words"),
    ("0201070c030c0108 2bf2fb06", "an empty sketch with 1 users"),
    (
        "0201070c03080208 2bf2fb06",
        "8 bytes were wanted, 4 are left",
    ),
    ("0201070c03080108 2bf2fb06 00", "1 bytes too many"),
    ("0201070c03080208 2bf2fb06 2bf2fb06", "there twice"),
    ("0201070c03080108 00000000", "0 coupons instead of 1"),
    ("0201070c03080108 2bf2fb00", "has no value"),
    (
        "0201070c03000108 2bf2fb06 00000000 00000000",
        "a table of 3 places",
    ),
    ("0301070c05080009 ffffffff 2bf2fb06", "cut short"),
    (
        "0301070c05000009 02000000 2bf2fb06 00000000",
        "1 coupons instead of 2",
    ),
    (
        "0301070c05000009 01000000 2bf2fb06 0000",
        "the last item has 2 bytes",
    ),
];

/// An array of 16 registers; the fields of its estimates are zeros.
fn array(kind: u8, least: u8, exceptions: u8, data: &str) -> Vec<u8> {
    let mut image = vec![10, 1, 7, 4, 0, 8, least, kind << 2 | 2];
    image.extend([0; 28]);
    image.extend([exceptions, 0, 0, 0]);
    image.extend(hex(data));
    image
}

#[test]
fn what_is_no_hll_image_is_refused_by_name() {
    for (image, message) in NO_HLL {
        assert_refused(HllImage::decode(&hex(image)), ErrorKind::Input, message);
    }
    let zeros = "00000000000000";
    let arrays = [
        (array(2, 0, 0, zeros), "cut short"),
        (
            array(2, 0, 1, &format!("{zeros}{zeros}0000")),
            "exceptions, which only",
        ),
        (
            array(2, 0, 0, &format!("{zeros}{zeros}0040")),
            "a register is 64",
        ),
        (array(1, 0, 0, zeros), "cut short"),
        (array(0, 60, 0, &format!("{zeros}04")), "a register is 64"),
        (array(0, 0, 0, &format!("{zeros}0f")), "0 exceptions for 1"),
        (
            array(0, 0, 1, &format!("{zeros}00 0e00003c")),
            "1 exceptions for 0",
        ),
        (
            array(0, 0, 1, &format!("{zeros}0f 0f000040")),
            "no exception can be",
        ),
        (
            array(0, 0, 1, &format!("{zeros}0f 0e000038")),
            "no exception can be",
        ),
        (
            array(0, 0, 1, &format!("{zeros}0f 1e000040")),
            "no exception can be",
        ),
        (
            array(0, 0, 2, &format!("{zeros}ff 0e000040 0e000040")),
            "no exception can be",
        ),
    ];
    for (image, message) in arrays {
        assert_refused(HllImage::decode(&image), ErrorKind::Input, message);
    }
    let exception = HllImage::decode(&array(0, 1, 1, &format!("{zeros}0f 0e000040")));
    let exception = exception.unwrap().registers;
    assert_eq!((exception[13], exception[14], exception[15]), (1, 16, 1));
}

#[test]
fn impossible_fields_are_not_written() {
    let theta = |theta, hashes: &[u64]| ThetaImage {
        theta,
        hashes: hashes.to_vec(),
        empty: false,
    };
    for wrong in [
        theta(0, &[]),
        theta(THETA_MAX + 1, &[]),
        theta(9, &[0]),
        theta(9, &[9]),
        theta(9, &[2, 1]),
        theta(9, &[1, 1]),
    ] {
        assert!(wrong.encode().is_err(), "{wrong:?}");
    }
    for (lg_k, registers) in [(3, vec![0; 8]), (4, vec![0; 8]), (4, vec![64; 16])] {
        assert!(HllImage { lg_k, registers }.encode().is_err());
    }
}

/// Every byte of a short image, the head and some places of a long one.
fn positions(len: usize) -> Vec<usize> {
    if len < 200 {
        return (0..len).collect();
    }
    let spread = (48..len).step_by(len / 4);
    (0..48).chain(spread).chain([len - 1]).collect()
}

#[test]
fn no_changed_byte_makes_an_image_that_is_read_but_not_written() {
    for (name, mut bytes, record) in all_golden() {
        let is_theta = record["sketch"] != "hll";
        for position in positions(bytes.len()) {
            for change in 1..=u8::MAX {
                bytes[position] ^= change;
                if is_theta {
                    if let Ok(image) = ThetaImage::decode(&bytes) {
                        let back = ThetaImage::decode(&image.encode().unwrap());
                        assert_eq!(back, Ok(image), "{name}: {position} ^ {change}");
                    }
                } else if let Ok(image) = HllImage::decode(&bytes) {
                    let back = HllImage::decode(&image.encode().unwrap());
                    assert_eq!(back, Ok(image), "{name}: {position} ^ {change}");
                }
                bytes[position] ^= change;
            }
        }
    }
}

#[test]
fn no_shortened_image_is_read() {
    for (name, bytes, record) in all_golden() {
        // A set's table without its empty half is one that an eager writer might have made.
        let is_table = name.contains("updatable");
        for len in 0..bytes.len().min(200) {
            let cut = &bytes[..len];
            let is_read = match record["sketch"].as_str() {
                Some("hll") => HllImage::decode(cut).is_ok(),
                _ => ThetaImage::decode(cut).is_ok(),
            };
            assert!(!is_read || is_table, "{name}: {len} bytes");
        }
    }
}
