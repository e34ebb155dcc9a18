//! The catalogue of faults: a test's name begins with the numbers of its rows.

mod campaign; // 63, 64, 67, 70, 71, 76: what takes minutes or privileges
mod columns; // 13, 34, 36: which column
mod delta; // 110 to 115: what the log of a Delta table says of its files
mod encrypted; // 35
mod environment; // 66 to 80: what happens around the program
mod files; // 1 to 4: is it Parquet at all
mod formats; // 84 to 93: JSON lines, Arrow, compression, standard input
mod iceberg; // 83, 120 to 126: what the metadata of an Iceberg table says of its files
mod output; // 74: whoever closed the pipe
mod pages; // 14 to 22: what is in the pages
mod sketches; // 44 to 62: sketch files, honest and hostile
mod spill; // 63, 65, 73: the temporary file of exact counting
mod storage; // 8 to 12, 23 to 25, 37 to 42: how pages are stored
mod tables; // 81, 82, 126: folders of table formats
mod types; // 26 to 33: which values are the same user
