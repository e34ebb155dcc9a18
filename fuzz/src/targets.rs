//! What the fuzzers run, and the tests over the corpus.

#![allow(dead_code)] // each target is a program of its own

use overlap::format::{datasketches, decode, registers_blob, sample_blob};
use overlap::id::{ByteIds, IdBatch, IdSink};
use overlap::{
    Confidence, Delimiter, Division, Estimate, HashScheme, Silent, Sketch, SketchOptions, Sketcher,
    Sources, Tally, TextOptions, delimited_ids, estimate_sketches, regions, set_counts,
    sketch_segments, snappy,
};

/// Bytes as the blobs of a sketch, as they are and with the right checksums: whatever is accepted is
/// the only encoding of what it says.
pub fn sketch_decode(bytes: &[u8]) {
    let Some((&cut, bytes)) = bytes.split_first() else {
        return;
    };
    let cut = bytes.len() * usize::from(cut) / 255;
    let (registers, sample) = bytes.split_at(cut);
    for fix in [false, true] {
        let (registers, sample) = (checksummed(registers, fix), checksummed(sample, fix));
        check(decode(Some(&registers), None, None).ok());
        check(decode(None, Some(&sample), None).ok());
        check(decode(Some(&registers), Some(&sample), None).ok());
        if let Ok(sketch) = decode(Some(&registers), None, None) {
            assert_eq!(registers_blob(&sketch), Some(registers));
        }
        if let Ok(sketch) = decode(None, Some(&sample), None) {
            assert_eq!(sample_blob(&sketch), Some(sample));
        }
    }
    let images = [(Some(bytes), None), (None, Some(bytes))];
    for (theta, hll) in images {
        if let Ok(sketch) = datasketches::decode(theta, hll) {
            check_images(&sketch);
            check(Some(sketch));
        }
    }
}

/// Bytes as a Parquet file: it is refused, or read to the same sketch on one thread and on two, by
/// pages and (divided by a column that most samples have) by rows.
pub fn parquet_scan(bytes: &[u8]) {
    let here = (std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(format!("overlap-fuzz-{here:?}.parquet"));
    std::fs::write(&path, bytes).expect("room");
    let options = SketchOptions::new(4, 16).expect("valid");
    let scan = |threads, by: &[&str]| {
        let mut sources = Sources::new(&[&path])?;
        sources.threads = threads;
        let by = Division::by(by.iter().map(|&name| name.into()).collect());
        sketch_segments(&sources, &by, options, &Silent)
    };
    let one = scan(1, &[]);
    assert_eq!(one.is_ok(), scan(2, &[]).is_ok());
    if let Ok(one) = one {
        let sketch = &one[0].values()[0];
        check(Some(sketch.clone()));
        assert_eq!(scan(2, &[]).expect("as before")[0].values()[0], *sketch);
    }
    let _ = scan(1, &["tier"]);
    let _ = std::fs::remove_file(path);
}

/// Bytes as blocks of Snappy: the first says into how many blocks the others are cut, which are unpacked side by side. Each is
/// unpacked to what the `snap` crate unpacks, or refused by both.
pub fn snappy_unpack(bytes: &[u8]) {
    let Some((&cut, bytes)) = bytes.split_first() else {
        return;
    };
    let most = bytes.len().div_ceil(1 + usize::from(cut) % 4).max(1);
    let blocks: Vec<&[u8]> = bytes.chunks(most).collect();
    let length = |block: &&[u8]| snappy::unpacked_len(block).unwrap_or(0);
    let mut outs: Vec<Vec<u8>> = blocks
        .iter()
        .map(|block| vec![0; length(block).min(1 << 20)])
        .collect();
    let packed = blocks.iter().zip(&mut outs);
    let packed = packed.map(|(packed, out)| snappy::Block { packed, out });
    let unpacked = snappy::unpack(packed.collect());
    for ((block, out), is_unpacked) in blocks.iter().zip(outs).zip(unpacked) {
        assert_eq!(
            snappy::unpacked_len(block).is_some(),
            !block.is_empty() && snap::raw::decompress_len(block).is_ok()
        );
        let expected = match length(block) == out.len() {
            true => snap::raw::Decoder::new().decompress_vec(block).ok(),
            false => None,
        };
        assert_eq!(is_unpacked.then_some(out), expected);
    }
}

/// Bytes as delimited text: the first five say how it is read, the rest is the text. It is refused, or
/// read to what the `csv` crate reads, whole and in small blocks, as IDs and as rows.
pub fn delimited_text(bytes: &[u8]) {
    let [how, delimiter, column, block, most, text @ ..] = bytes else {
        return;
    };
    let options = TextOptions {
        delimiter: match delimiter % 8 {
            0 | 1 => None,
            2 => Some(Delimiter::None),
            3 => Some(Delimiter::Byte(b'\t')),
            4 => Some(Delimiter::Byte(b';')),
            5 => Some(Delimiter::Byte(b'|')),
            _ => Some(Delimiter::Byte(b',')),
        },
        no_header: how & 1 == 0,
        ..TextOptions::default()
    };
    let with_rows = how & 6 == 0;
    let read = |block, record_max| {
        let column = usize::from(*column);
        delimited_ids(text, &options, column, block, record_max, with_rows)
    };
    let (whole, cut) = (
        read(text.len() + 1, 1 << 16),
        read(usize::from(*block), 1 << 16),
    );
    // A record that is too long is refused, and nothing else changes.
    let short = (how & 8 == 0).then(|| read(usize::from(*block), usize::from(*most)));
    let (Ok(whole), Ok(cut)) = (&whole, &cut) else {
        assert!(whole.is_err() && cut.is_err());
        return;
    };
    assert_eq!(
        whole.ids.is_ok(),
        cut.ids.is_ok(),
        "{:?} {:?}",
        whole.ids,
        cut.ids
    );
    let of_rows: Vec<_> = [&whole.of_rows, &cut.of_rows]
        .into_iter()
        .flatten()
        .collect();
    if std::str::from_utf8(text).is_ok() {
        let is_ok = whole.ids.is_ok();
        of_rows
            .iter()
            .for_each(|rows| assert_eq!(is_ok, rows.is_ok()));
    }
    let Ok(ids) = &whole.ids else {
        return;
    };
    let short = short.as_ref().and_then(|short| short.as_ref().ok());
    let of_ids = [&cut.ids].into_iter().chain(short.map(|short| &short.ids));
    let alike = of_ids.chain(of_rows);
    alike
        .filter_map(|read| read.as_ref().ok())
        .for_each(|read| assert_eq!(read, ids));
    if may_be_utf16(text) {
        return;
    }
    // One delimiter that was found is found again by its effect: the csv crate is told the same width.
    let candidates = match options.delimiter {
        Some(Delimiter::Byte(byte)) => vec![byte],
        Some(Delimiter::None) => absent(text),
        None if whole.width == 1 => absent(text),
        None => vec![b',', b';', b'\t', b'|'],
    };
    let column = usize::from(*column) % whole.width;
    let found = with_empty_ids(&ids.0, ids.1.nulls, whole.width);
    let same = |delimiter: &u8| {
        let read = by_csv_crate(text, *delimiter, !options.no_header, whole.width, column);
        read.is_some_and(|ids| ids == found)
    };
    assert!(candidates.iter().any(same), "not as the csv crate reads it");
}

/// IDs as the `csv` crate tells them: nulls are empty. It has no records of blank lines, which are nulls
/// in a file of one column: empty ones are left out there.
fn with_empty_ids(ids: &[Vec<u8>], nulls: u64, width: usize) -> Vec<Vec<u8>> {
    let mut ids = ids.to_vec();
    match width {
        1 => ids.retain(|id| !id.is_empty()),
        _ => ids.extend((0..nulls).map(|_| Vec::new())),
    }
    ids.sort();
    ids
}

/// A byte that isn't in the text: the `csv` crate can't do without a delimiter.
fn absent(text: &[u8]) -> Vec<u8> {
    let byte = (1..=255).find(|byte| !b"\"\r\n".contains(byte) && !text.contains(byte));
    Vec::from_iter(byte)
}

/// Text that is UTF-16, or has two byte order marks: the `csv` crate reads neither.
fn may_be_utf16(text: &[u8]) -> bool {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let second = text.strip_prefix(MARK).unwrap_or(b"");
    text.starts_with(b"\xff\xfe")
        || text.starts_with(b"\xfe\xff")
        || text.contains(&0)
        || second.starts_with(MARK)
}

fn by_csv_crate(
    text: &[u8],
    delimiter: u8,
    header: bool,
    width: usize,
    column: usize,
) -> Option<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(header)
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text);
    let mut ids = Vec::new();
    for record in reader.byte_records() {
        let record = record.ok().filter(|record| record.len() == width)?;
        ids.push(record[column].to_vec());
    }
    Some(with_empty_ids(&ids, 0, width))
}

/// Commands that write files; those are only parsed, with `--help`.
const WRITERS: [&[u8]; 4] = [b"sketch", b"merge", b"convert", b"generate"];

/// Lines as arguments, for a run in a folder of samples: no panic, no hang. None names another folder.
pub fn arguments(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = bytes
        .split(|&byte| byte == b'\n')
        .take(12)
        .map(<[u8]>::to_vec)
        .collect();
    words
        .iter_mut()
        .flatten()
        .filter(|byte| matches!(byte, b'/' | 0))
        .for_each(|byte| *byte = b'_');
    if words.iter().any(|word| WRITERS.contains(&&word[..])) {
        words.push(b"--help".to_vec());
    }
    words
}

/// Two or three sketches, hostile or honest: merged and asked, nothing panics and nothing is
/// impossible.
pub fn sketch_merge_estimate(bytes: &[u8]) {
    let mut input = Input { bytes };
    let sketches: Vec<Sketch> = (0..3).filter_map(|_| input.sketch()).collect();
    for a in &sketches {
        for b in &sketches {
            check_pair(a, b);
        }
    }
    let sides: Vec<&Sketch> = sketches.iter().collect();
    if let Ok(regions) = regions(&sides, &[None; 3], Confidence::default()) {
        (0..1 << sides.len()).for_each(|mask| ensure(&regions.region(mask)));
        ensure(&regions.union());
    }
}

fn check_pair(a: &Sketch, b: &Sketch) {
    let (mut ab, mut ba) = (a.clone(), b.clone());
    let (merged, other) = (ab.merge(b), ba.merge(a));
    assert_eq!(merged.is_ok(), other.is_ok());
    if merged.is_err() {
        assert_eq!(&ab, a, "a failed merge changes nothing");
        return;
    }
    assert_eq!(ab, ba);
    let mut again = ab.clone();
    again.merge(a).expect("comparable still");
    assert_eq!(
        (again.registers(), again.sample()),
        (ab.registers(), ab.sample())
    );
    let confidence = Confidence::default();
    let pair = estimate_sketches(a, b, confidence).expect("comparable");
    for estimate in [
        pair.a,
        pair.b,
        pair.only_a,
        pair.only_b,
        pair.overlap,
        pair.union,
        pair.share_of_a,
        pair.share_of_b,
        pair.jaccard,
        pair.overlap_coefficient,
        pair.gain_a,
        pair.gain_b,
    ] {
        ensure(&estimate);
    }
    assert!(pair.overlap.value <= pair.a.value.min(pair.b.value));
    let sum = pair.a.value + pair.b.value - pair.overlap.value;
    assert!((sum - pair.union.value).abs() <= 1e-9 * pair.union.value.max(1.0));
}

fn ensure(estimate: &Estimate) {
    let Estimate {
        value,
        lower,
        upper,
    } = estimate;
    assert!(
        value.is_finite() && lower.is_finite() && upper.is_finite(),
        "{estimate:?}"
    );
    assert!(
        0.0 <= *lower && lower <= value && value <= upper,
        "{estimate:?}"
    );
}

/// What was decoded can be written, read and asked.
fn check(sketch: Option<Sketch>) {
    let Some(sketch) = sketch else { return };
    let (registers, sample) = (registers_blob(&sketch), sample_blob(&sketch));
    let back = decode(registers.as_deref(), sample.as_deref(), sketch.tally());
    assert_eq!(back.as_ref(), Ok(&sketch));
    let counts = set_counts(&sketch);
    ensure(&overlap::estimate_set(&counts, Confidence::default()));
}

fn check_images(sketch: &Sketch) {
    let theta = datasketches::encode_theta(sketch).expect("of their hash");
    let hll = datasketches::encode_hll(sketch).expect("of their hash");
    let back = datasketches::decode(theta.as_deref(), hll.as_deref()).expect("our own images");
    assert_eq!(&back, sketch);
}

/// A blob with the checksum that belongs to its bytes.
fn checksummed(blob: &[u8], fix: bool) -> Vec<u8> {
    let mut blob = blob.to_vec();
    if let (true, Some(end)) = (fix, blob.len().checked_sub(4)) {
        let checksum = crc32fast::hash(&blob[..end]);
        blob[end..].copy_from_slice(&checksum.to_le_bytes());
    }
    blob
}

/// Fuzzed bytes as sketches.
struct Input<'a> {
    bytes: &'a [u8],
}

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        first
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.bytes.split_at(len.min(self.bytes.len()));
        self.bytes = rest;
        taken.to_vec()
    }

    /// The next sketch: decoded from hostile blobs, or of some IDs.
    fn sketch(&mut self) -> Option<Sketch> {
        let kind = self.byte();
        let (first, second) = (usize::from(self.byte()), usize::from(self.byte()));
        if kind.is_multiple_of(4) {
            let (registers, sample) = (self.take(4 * first), self.take(4 * second));
            let registers = checksummed(&registers, true);
            let sample = checksummed(&sample, true);
            let registers = (!registers.is_empty()).then_some(&registers[..]);
            let sample = (!sample.is_empty()).then_some(&sample[..]);
            return decode(registers, sample, None).ok();
        }
        let hash = HashScheme::ALL[usize::from(kind >> 2) % 2];
        // Small, so that the sample is one; the precision up to 11, for speed.
        let options = SketchOptions::new(4 + kind % 8, 16 + first)
            .ok()?
            .with_hash(hash);
        let mut sketcher = Sketcher::new(options);
        if kind & 16 == 0 {
            let start = i64::from(self.byte());
            let ids: Vec<i64> = (start..start + 16 * second as i64).collect();
            sketcher.push(IdBatch::Integers(&ids)).ok()?;
        } else {
            let ids = self.take(second);
            let ids: Vec<&[u8]> = ids.chunks(3).collect();
            sketcher.push(IdBatch::Text(ByteIds::Slices(&ids))).ok()?;
        }
        Some(sketcher.finish(Tally::default()))
    }
}
