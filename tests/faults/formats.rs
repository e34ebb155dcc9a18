//! Rows 84 to 93: JSON lines, Arrow files and streams, compression, standard input.

use crate::formats::{arrow_file, arrow_stream, batch, piped};
use crate::harness::{Folder, count, overlap};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::ipc::CompressionType;
use std::io::Write as _;
use std::sync::Arc;

/// A third line among others.
fn third(line: &str) -> Vec<u8> {
    format!("{{\"user_id\":1}}\n\n{line}\n{{\"user_id\":2}}\n").into_bytes()
}

#[test]
fn row_84_what_is_no_json_is_refused_by_its_line() {
    let folder = Folder::new();
    for (line, words) in [
        ("{\"user_id\":3,}", "invalid JSON"),
        ("{\"user_id\":03}", "invalid JSON"),
        ("{\"user_id\":NaN}", "invalid JSON"),
        ("{user_id:3}", "invalid JSON"),
        ("{\"user_id\":3", "ends before its object does"),
        ("{\"user_id\":3,\"x\":\"", "ends before its object does"),
        (
            "{\"user_id\":3}{\"user_id\":4}",
            "something behind an object",
        ),
        ("{\"user_id\":3} x", "something behind an object"),
        ("3", "no object"),
    ] {
        let path = folder.bytes("a.jsonl", &third(line));
        for command in ["estimate", "exact"] {
            overlap(&[command, &path]).fails(3, &[words, "line 3", "jq"]);
        }
    }
}

#[test]
fn row_85_lists_and_objects_over_many_lines_are_refused_with_the_way_out() {
    let folder = Folder::new();
    for text in [
        "[{\"user_id\":1},{\"user_id\":2}]",
        "[\n  {\"user_id\": 1}\n]\n",
        "[]",
    ] {
        let path = folder.bytes("a.json", text.as_bytes());
        overlap(&["estimate", &path]).fails(3, &["a list of JSON values", "jq -c '.[]'"]);
    }
    let path = folder.bytes("a.json", b"{\n  \"user_id\": 1\n}\n");
    overlap(&["estimate", &path]).fails(3, &["ends before its object does", "line 1", "jq -c ."]);
}

#[test]
fn row_86_values_that_identify_nobody_are_refused_by_their_line() {
    let folder = Folder::new();
    for (value, words) in [
        ("1234.0", "a point or an exponent"),
        ("1e3", "a point or an exponent"),
        ("9.007199254740993e15", "2^53"),
        ("true", "true or false"),
        ("[3]", "a list"),
        ("{\"id\":3}", "an object"),
        (
            "1234567890123456789012345678901234567890",
            "more than 38 digits",
        ),
    ] {
        let path = folder.bytes("a.jsonl", &third(&format!("{{\"user_id\":{value}}}")));
        let answer = overlap(&["estimate", &path]);
        answer.fails(3, &[words, "line 3"]);
        assert!(
            value == "true" || !answer.stderr.contains(value),
            "the id is shown: {}",
            answer.stderr
        );
    }
    for value in ["true", "[3]"] {
        let path = folder.bytes("a.jsonl", format!("{{\"user_id\":{value}}}").as_bytes());
        overlap(&["estimate", &path]).fails(3, &["an id that is", "line 1"]);
    }
}

#[test]
fn row_87_strings_among_numbers_are_refused_with_the_flags() {
    let folder = Folder::new();
    let path = folder.bytes("a.jsonl", &third("{\"user_id\":\"3\"}"));
    overlap(&["exact", &path]).fails(3, &["line 3", "--as string", "--as integer"]);
    let path = folder.bytes("b.jsonl", b"{\"user_id\":\"3\"}\n{\"user_id\":3}\n");
    overlap(&["exact", &path]).fails(3, &["line 2", "--as string", "--as integer"]);
}

#[test]
fn row_88_keys_are_never_guessed() {
    let folder = Folder::new();
    let path = folder.bytes("a.jsonl", &third("{\"user_id\":3,\"user_id\":4}"));
    overlap(&["exact", &path]).fails(3, &["the key user_id twice", "line 3"]);
    let path = folder.bytes("b.jsonl", b"{\"user\":{\"id\":1},\"User\":2}\n");
    overlap(&["exact", &path]).fails(2, &["--id", "user.id"]);
    overlap(&["exact", &path, "--id", "user"]).fails(2, &["it is nested", "user.id"]);
    overlap(&["exact", &path, "--id", "USER"]).fails(2, &["near it is User"]);
    let flat = folder.bytes("c.jsonl", b"{\"user\":{\"id\":1}}\n{\"user\":2}\n");
    overlap(&["exact", &flat, "--id", "user.id"]).fails(3, &["no object", "line 2"]);
    let both = folder.bytes("d.jsonl", b"{\"user_id\":1,\"uid\":1}\n");
    overlap(&["exact", &both]).fails(2, &["any of user_id, uid"]);
}

#[test]
fn row_89_encodings_of_json() {
    let folder = Folder::new();
    let text = "{\"user_id\":\"ä𝄞\"}\r\n{\"user_id\":\"\\u00e4\\ud834\\udd1e\"}\r\n";
    let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
    for bytes in [
        text.as_bytes(),
        &[b"\xef\xbb\xbf", text.as_bytes()].concat(),
        &utf16,
    ] {
        assert_eq!(count(&folder.bytes("a.jsonl", bytes)), (2, 0, 1));
    }
    let twice = [b"\xef\xbb\xbf\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(count(&folder.bytes("a.jsonl", &twice)), (2, 0, 1));
    let latin = [
        b"{\"user_id\":\"x\"}\n{\"user_id\":\"",
        &b"M\xfcller\"}\n"[..],
    ]
    .concat();
    let path = folder.bytes("a.jsonl", &latin);
    overlap(&["exact", &path]).fails(3, &["UTF-8", "line 2"]);
    let path = folder.bytes(
        "a.jsonl",
        b"{\"user_id\":\"x\"}\n{\"user_id\":\"\\ud834\"}\n",
    );
    overlap(&["exact", &path]).fails(3, &["half of a surrogate pair", "line 2"]);
}

fn arrows(packing: Option<CompressionType>) -> [Vec<u8>; 2] {
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..200).map(|id| format!("user-{id}")),
    ));
    let rows = batch("user_id", ids);
    let parts = [rows.slice(0, 90), rows.slice(90, 110)];
    [arrow_file(&parts, packing), arrow_stream(&parts, packing)]
}

#[test]
fn row_90_arrow_files_and_streams_cut_anywhere_are_refused() {
    let folder = Folder::new();
    for bytes in arrows(None) {
        for cut in (9..bytes.len())
            .step_by(61)
            .chain([8, bytes.len() - 8, bytes.len() - 1])
        {
            let path = folder.bytes("cut.arrow", &bytes[..cut]);
            overlap(&["exact", &path]).fails(3, &[&path]);
        }
        let path = folder.bytes("behind.arrow", &[&bytes[..], b"and more"].concat());
        overlap(&["exact", &path]).fails(3, &[&path]);
    }
}

#[test]
fn row_91_flipped_bits_in_arrow_end_in_an_answer() {
    let folder = Folder::new();
    for packing in [
        None,
        Some(CompressionType::ZSTD),
        Some(CompressionType::LZ4_FRAME),
    ] {
        for bytes in arrows(packing) {
            for at in (8..bytes.len()).step_by(97) {
                for mask in [0x80_u8, 0xff] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= mask;
                    let path = folder.bytes("flipped.arrow", &bytes);
                    let answer = overlap(&["exact", &path, "--id", "user_id"]);
                    assert!(
                        matches!(answer.code, Some(0 | 2 | 3 | 7)),
                        "byte {at}: {answer:?}"
                    );
                    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
                }
            }
        }
    }
}

#[test]
fn row_91_a_buffer_that_grows_without_end_is_a_limit() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7; 1_000_000]));
    let packed = arrow_file(&[batch("user_id", ids)], Some(CompressionType::ZSTD));
    let path = folder.bytes("a.arrow", &packed);
    assert_eq!(count(&path), (1_000_000, 0, 1));
    let other = folder.bytes("a.csv", b"user_id\n1\n");
    overlap(&["exact", &path, "--max-page", "1MB"]).fails(7, &["--max-page"]);
    overlap(&["exact", &path, "--require-checksums"]).fails(3, &["Arrow IPC", "without checksums"]);
    overlap(&["exact", &other, "--input-format", "arrow"]).fails(3, &["neither an Arrow file"]);
    // What the length before the buffer claims is refused before room is made for it.
    let claimed = 8_000_000_u64.to_le_bytes();
    let at = packed
        .windows(8)
        .position(|bytes| bytes == claimed)
        .unwrap();
    let mut bytes = packed;
    bytes[at..at + 8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    let path = folder.bytes("b.arrow", &bytes);
    overlap(&["exact", &path]).fails(7, &["a page of"]);
}

#[test]
fn row_92_what_is_packed_must_be_whole_and_text() {
    let folder = Folder::new();
    let gzip = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let json: String = (0..5000)
        .map(|id| format!("{{\"user_id\":{id}}}\n"))
        .collect();
    let packed = gzip(json.as_bytes());
    assert_eq!(count(&folder.bytes("a.jsonl.gz", &packed)), (5000, 0, 5000));
    for cut in [30, packed.len() / 2, packed.len() - 1] {
        let path = folder.bytes("cut.jsonl.gz", &packed[..cut]);
        overlap(&["exact", &path]).fails(3, &["gzip stream ends too early"]);
    }
    let [file, _] = arrows(None);
    let path = folder.bytes("a.arrow.gz", &gzip(&file));
    assert_eq!(count(&path), (200, 0, 200));
    let path = folder.bytes("cut.arrow.gz", &gzip(&file[..file.len() / 2]));
    overlap(&["exact", &path]).fails(3, &["corrupt Arrow file"]);
    let path = folder.bytes("twice.gz", &gzip(&packed));
    overlap(&["exact", &path]).fails(3, &["no text inside of gzip"]);
}

#[test]
fn row_93_standard_input_is_read_once_and_whole() {
    let json = b"{\"user_id\":1}\n";
    piped(&["exact", "-", "-"], json).fails(2, &["standard input twice"]);
    piped(&["exact", "a=-", "a=-"], json).fails(2, &["standard input twice"]);
    piped(&["exact", "-", "@-"], json).fails(2, &["standard input twice"]);
    piped(&["exact", "-"], b"").fails(3, &["is empty: 0 bytes"]);
    piped(&["exact", "-"], b"{\"user_id\":1}\n{\"user_id\"").fails(3, &["line 2"]);
    let [file, stream] = arrows(None);
    for bytes in [&file[..file.len() / 2], &stream[..stream.len() / 2]] {
        piped(&["exact", "-"], bytes).fails(3, &["corrupt Arrow file"]);
    }
    piped(&["exact", "-"], b"PK\x03\x04 [Content_Types].xml").fails(3, &["XLSX", "pandas"]);
}
