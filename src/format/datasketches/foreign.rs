//! Sketches of other families, told by their first bytes: they can't be read, and it is said why.

use crate::error::{Error, Result, Setting};

/// What is wrong with bytes that some other program wrote.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the family's name and the way out.
pub(super) fn refuse(bytes: &[u8]) -> Result<()> {
    let way_out = "its hashes are its own and can't meet other ids: make a theta or an HLL sketch of Apache DataSketches from the data, or sketch the data here";
    let refused = |what: &str| Err(Error::input(format!("it is {what}")).hint(way_out));
    match bytes {
        [] => Err(Error::input("it is empty")),
        [b'H', b'Y', b'L', b'L', ..] => refused("a HyperLogLog of Redis (HYLL)"),
        _ if is_postgres(bytes) => refused("an hll of PostgreSQL"),
        _ if postgres_text(bytes).is_some_and(|bytes| is_postgres(&bytes)) => {
            refused("an hll of PostgreSQL, as text")
        }
        // A message of Protocol Buffers: aggregator 112, then its version.
        [0x08, 0x70, 0x10, ..] => refused("an HLL++ sketch of BigQuery (ZetaSketch)"),
        _ if is_uniq_theta(bytes) => refused("a state of ClickHouse's uniqTheta"),
        [b'P', b'A', b'R', b'1', ..] => Err(Error::input("it is a Parquet file").hint([
            "call it .parquet, and name the column of sketches with ".into(),
            Setting::ThetaColumn.into(),
            " or ".into(),
            Setting::HllColumn.into(),
        ])),
        _ => Ok(()),
    }
}

/// The storage of postgresql-hll, version 1 (its STORAGE.markdown): a type from 0 to 4, then the widths, then the
/// cutoff of explicit sets.
fn is_postgres(bytes: &[u8]) -> bool {
    let [version_and_type, parameters, cutoff, rest @ ..] = bytes else {
        return false;
    };
    let width = 1 + (parameters >> 5);
    let is_head = matches!(version_and_type, 0x10..=0x14) && cutoff & 0x80 == 0;
    let log2m = parameters & 0x1f;
    let is_full_of = |bytes: usize| rest.len() == bytes;
    is_head
        && (4..=31).contains(&log2m)
        && match version_and_type & 0x0f {
            // Undefined and empty ones have no body.
            0 | 1 => rest.is_empty(),
            2 => rest.len().is_multiple_of(size_of::<u64>()),
            4 => is_full_of(((1_usize << log2m) * usize::from(width)).div_ceil(8)),
            _ => true,
        }
}

/// Hexadecimal digits behind `\x`, as PostgreSQL shows bytes.
fn postgres_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits = bytes.trim_ascii().strip_prefix(b"\\x")?;
    let mut read = Vec::new();
    crate::id::hex_to_bytes(digits, &mut read)?;
    Some(read)
}

/// A theta sketch behind its length, as ClickHouse writes it.
fn is_uniq_theta(bytes: &[u8]) -> bool {
    let mut length = 0_u64;
    for (i, &byte) in bytes.iter().take(9).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let image = &bytes[i + 1..];
            return image.len() as u64 == length && super::ThetaImage::decode(image).is_ok();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::datasketches::ThetaImage;

    #[test]
    fn other_families_are_named() {
        let theta = ThetaImage::new(ThetaImage::THETA_MAX, vec![3, 5]).expect("hashes");
        let theta = theta.encode().expect("an image");
        let clickhouse = [&[u8::try_from(theta.len()).expect("short")][..], &theta].concat();
        for (bytes, name) in [
            (&b""[..], "empty"),
            (b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", "Redis"),
            (
                b"\x12\x8b\x7f\x88\x95\xa3\xf5\xaf\x28\xca\xfe",
                "PostgreSQL",
            ),
            (b"\x11\x8b\x7f", "PostgreSQL"),
            (b"\\x128b7f8895a3f5af28cafe\n", "PostgreSQL, as text"),
            (b"\x08\x70\x10\x05\x18\x02", "BigQuery"),
            (&clickhouse, "ClickHouse"),
        ] {
            let error = refuse(bytes).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
        assert_eq!(refuse(&theta), Ok(()));
    }
}
