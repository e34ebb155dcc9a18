//! The floor: decodes the first column of Parquet files with the `parquet` crate on two threads and
//! throws the values away. `decode A.parquet B.parquet` prints how many values there were. Of files
//! packed by gzip it unpacks all, two at a time, and prints the bytes.

use flate2::bufread::MultiGzDecoder;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufReader, Read};

const THREADS: usize = 2;
const BATCH: usize = 8192;

/// Bytes that are read from a packed file at a time, as the program does.
const STORED_BYTES: usize = 256 << 10;

fn main() -> Result<()> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let threads = threads.map_err(|e| ParquetError::External(Box::new(e)))?;
    let paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.iter().all(|path| path.ends_with(".gz")) {
        let bytes: io::Result<u64> =
            threads.install(|| paths.par_iter().map(|path| unpacked(path)).sum());
        println!("{}", bytes?);
        return Ok(());
    }
    let mut values = 0;
    for path in paths {
        let groups = SerializedFileReader::new(File::open(&path)?)?.num_row_groups();
        values += threads.install(|| {
            let decode = |group| decode(&path, group);
            (0..groups)
                .into_par_iter()
                .map(decode)
                .try_reduce(|| 0, |a, b| Ok(a + b))
        })?;
    }
    println!("{values}");
    Ok(())
}

fn unpacked(path: &str) -> io::Result<u64> {
    let file = BufReader::with_capacity(STORED_BYTES, File::open(path)?);
    let mut stream = MultiGzDecoder::new(file);
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

fn decode(path: &str, group: usize) -> Result<usize> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let group = reader.get_row_group(group)?;
    match group.get_column_reader(0)? {
        ColumnReader::Int32ColumnReader(reader) => count(reader),
        ColumnReader::Int64ColumnReader(reader) => count(reader),
        ColumnReader::ByteArrayColumnReader(reader) => count(reader),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => count(reader),
        _ => Err(ParquetError::General("not a column of IDs".into())),
    }
}

fn count<T: DataType>(mut reader: ColumnReaderImpl<T>) -> Result<usize> {
    let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::new());
    let mut count = 0;
    loop {
        values.clear();
        levels.clear();
        let (rows, non_null, _) =
            reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
        if rows == 0 {
            return Ok(count);
        }
        count += non_null;
    }
}
