//! The floor: decodes the first column of Parquet files with the `parquet` crate on two threads and
//! throws the values away. `decode A.parquet B.parquet` prints how many values there were.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rayon::prelude::*;
use std::fs::File;

const THREADS: usize = 2;
const BATCH: usize = 8192;

fn main() -> Result<()> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let threads = threads.map_err(|e| ParquetError::External(Box::new(e)))?;
    let mut values = 0;
    for path in std::env::args().skip(1) {
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
