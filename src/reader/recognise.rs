//! Files that aren't read, each by what it is and with what makes a side of it.

use super::text::looks_like_text;
use crate::error::Error;

/// What a file begins with, what that is, and the way out.
type Kind = (&'static [u8], &'static str, &'static str);

/// Kinds by their first bytes.
const KINDS: [Kind; 25] = [
    (
        b"ORC",
        "an ORC file",
        "convert it: python -c \"from pyarrow import orc, parquet; parquet.write_table(orc.read_table('x.orc'), 'x.parquet')\"",
    ),
    (
        b"Obj\x01",
        "an Avro file",
        "convert it: python -c \"import fastavro, pyarrow, pyarrow.parquet as parquet; parquet.write_table(pyarrow.Table.from_pylist(list(fastavro.reader(open('x.avro', 'rb')))), 'x.parquet')\"",
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table: sqlite3 -header -csv x.sqlite \"SELECT * FROM users\" > x.csv",
    ),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file itself",
        "fetch the file: git lfs pull",
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office file, such as XLS",
        "save it as CSV, or convert it: python -c \"import pandas; pandas.read_excel('x.xls', dtype=str).to_csv('x.csv', index=False)\"",
    ),
    (
        b"FEA1",
        "a Feather file of version 1",
        "convert it: python -c \"from pyarrow import feather, parquet; parquet.write_table(feather.read_table('x.feather'), 'x.parquet')\"",
    ),
    (
        b"\x93NUMPY",
        "a NumPy array",
        "convert it: python -c \"import numpy; numpy.savetxt('x.csv', numpy.load('x.npy'), fmt='%d', header='user_id', comments='')\"",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file",
        "convert it: python -c \"import pandas; pandas.read_hdf('x.h5').to_parquet('x.parquet')\"",
    ),
    (b"\x80\x02", PICKLE, PICKLE_WAY_OUT),
    (b"\x80\x03", PICKLE, PICKLE_WAY_OUT),
    (b"\x80\x04\x95", PICKLE, PICKLE_WAY_OUT),
    (b"\x80\x05\x95", PICKLE, PICKLE_WAY_OUT),
    (
        b"%PDF",
        "a PDF file",
        "export the table as CSV where it was made",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it first: 7z x x.7z",
    ),
    (
        b"Rar!\x1a\x07",
        "a RAR archive",
        "unpack it first: unrar x x.rar",
    ),
    (
        b"\x04\x22\x4d\x18",
        "an LZ4 stream",
        "unpack it first: lz4 -d x.csv.lz4 x.csv",
    ),
    (
        b"\xff\x06\x00\x00sNaPpY",
        "a Snappy stream",
        "unpack it first: python -c \"import snappy; snappy.stream_decompress(open('x.csv.snappy', 'rb'), open('x.csv', 'wb'))\"",
    ),
    (
        b"\x1f\x9d",
        "a stream of compress",
        "unpack it first: uncompress x.csv.Z",
    ),
    (
        b"RDX",
        "an R data file",
        "convert it in R: write.csv(x, 'x.csv', row.names=FALSE)",
    ),
    (
        b"SEQ\x06",
        "a Hadoop sequence file",
        "write it as Parquet or CSV where it was made",
    ),
    (
        b"-----BEGIN PGP",
        "an encrypted file",
        "decrypt it first: gpg -d x.csv.gpg > x.csv",
    ),
    (
        b"$FL2",
        "an SPSS file",
        "convert it: python -c \"import pyreadstat; pyreadstat.read_sav('x.sav')[0].convert_dtypes().to_csv('x.csv', index=False)\"",
    ),
    (b"<stata_dta>", STATA.0, STATA.1),
    (b"\x89PNG", "a PNG picture", "name the data files alone"),
    (b"\x7fELF", "a program", "name the data files alone"),
];

const STATA: (&str, &str) = (
    "a Stata file",
    "convert it: python -c \"import pandas; pandas.read_stata('x.dta').to_parquet('x.parquet')\"",
);

const PICKLE: &str = "a Python pickle";
const PICKLE_WAY_OUT: &str =
    "convert it: python -c \"import pandas; pandas.read_pickle('x.pkl').to_parquet('x.parquet')\"";

/// The error for a file that begins like this; `None` if that is no kind that is refused.
pub(crate) fn refused(head: &[u8]) -> Option<Error> {
    let text = head.trim_ascii_start();
    let (what, way_out) = KINDS
        .iter()
        .find(|(magic, ..)| head.starts_with(magic) && !(is_word(magic) && looks_like_text(head)))
        .map(|(_, what, way_out)| (*what, *way_out))
        .or_else(|| archive(head))
        .or_else(|| text.starts_with(b"<").then(|| markup(text)))?;
    Some(refuse(what, way_out))
}

/// Whether a text may begin so as well.
fn is_word(magic: &[u8]) -> bool {
    magic.len() < 6 && magic.iter().all(u8::is_ascii_graphic) && magic != b"%PDF"
}

fn refuse(what: &str, way_out: &str) -> Error {
    Error::input(format!("{what}, which isn't read")).hint(way_out)
}

/// Kinds of which more than the first bytes tells: archives and databases.
fn archive(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let parts = [&b"[Content_Types].xml"[..], b"_rels/", b"xl/", b"docProps/"];
        let is_book = parts.into_iter().any(holds);
        return Some(match is_book {
            true => (
                "an Excel workbook (XLSX)",
                "save it as CSV, or convert it: python -c \"import pandas; pandas.read_excel('x.xlsx', dtype=str).to_csv('x.csv', index=False)\"; Excel keeps numbers of more than 15 digits as others",
            ),
            false if holds(b".npy") => (
                "a NumPy archive",
                "write one of its arrays as CSV: python -c \"import numpy; numpy.savetxt('x.csv', numpy.load('x.npz')['ids'], fmt='%d', header='user_id', comments='')\"",
            ),
            false => ("a ZIP archive", "unpack it first: unzip x.zip"),
        });
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", "unpack it first: tar -xf x.tar"));
    }
    // Stata before version 13: its version, the byte order, a 1, a 0.
    if let [113..=115, 1 | 2, 1, 0, ..] = head {
        return Some(STATA);
    }
    (head.get(8..12) == Some(b"DUCK")).then_some((
        "a DuckDB database",
        "export the table: duckdb x.duckdb -c \"COPY users TO 'x.parquet'\"",
    ))
}

/// Texts that begin with an angle bracket.
fn markup(text: &[u8]) -> (&'static str, &'static str) {
    let head = text[..text.len().min(512)].to_ascii_lowercase();
    let holds = |name: &[u8]| memchr::memmem::find(&head, name).is_some();
    if holds(b"<error") {
        return (
            "the error page of a store (XML)",
            "look into it, and download the file again: its link may have expired",
        );
    }
    if holds(b"<html") || holds(b"<!doctype html") {
        return (
            "a web page (HTML)",
            "look into it, and download the file again: a login may be asked for",
        );
    }
    (
        "XML",
        "convert it, such as by python -c \"import pandas; pandas.read_xml('x.xml', dtype=str).to_csv('x.csv', index=False)\"",
    )
}

/// The error for a file without a byte.
pub(crate) fn empty() -> Error {
    Error::input("is empty: 0 bytes")
        .hint("its writer may have failed; leave it out if it holds no user")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_named_with_a_way_out() {
        for (magic, what, way_out) in KINDS {
            let error = refused(&[magic, b"\0\0\0 and so on"].concat()).expect(what);
            assert!(error.message().contains(what), "{error}");
            assert!(error.to_string().contains(way_out), "{error}");
        }
        let tar = [&[b'x'; 257][..], b"ustar\0"].concat();
        let duckdb = [&[1; 8][..], b"DUCK"].concat();
        for (head, what) in [
            (&b"PK\x03\x04\x14\0[Content_Types].xml"[..], "XLSX"),
            (b"PK\x03\x04\x14\0docProps/app.xml", "XLSX"),
            (b"PK\x03\x04\x14\0a.csv", "ZIP"),
            (b"r\x01\x01\0", "Stata"),
            (b"PK\x03\x04\x14\0ids.npy", "NumPy"),
            (&tar, "tar"),
            (&duckdb, "DuckDB"),
            (
                b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>",
                "error page",
            ),
            (b"\n<!DOCTYPE html><html>", "HTML"),
            (b"<users><user/></users>", "XML"),
        ] {
            let error = refused(head).expect(what);
            assert!(error.message().contains(what), "{error}");
        }
    }

    #[test]
    fn text_and_tables_are_no_such_kind() {
        for head in [
            &b"user_id,x\n1,2\n"[..],
            b"{\"user_id\":1}\n",
            b"PAR1",
            b"ARROW1\0\0",
            b"ORCHID,x\n1,2\n",
            b"RDX,x\n1,2\n",
            b"",
            b"4711\n",
        ] {
            assert!(refused(head).is_none(), "{head:?}");
        }
    }
}
