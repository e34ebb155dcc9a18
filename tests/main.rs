//! The integration tests, one binary; a line per module says what belongs there.

#![allow(missing_docs, clippy::unwrap_used)]

mod accuracy; // seeded trials: how often intervals hold the truth
mod at_hand; // how large a sample data gets that is not stored
mod cli; // commands and their output, through the binary
mod datasketches; // images of Apache DataSketches, in every form
mod decide; // how likely a gain is more than a number
mod detectors; // what must hold of every answer, or it is silently wrong
mod differential; // independent implementations as references
#[cfg(unix)]
mod documents; // what guide, recipes, glossary and README show is what the program does
mod examples; // the programs in `examples/`
mod exchange; // sketches for a partner: what is left out, what is refused
mod faults; // bad input gets the answer that the catalogue of faults names
mod filtered_pages; // rows that `--where` takes, however Parquet is written
mod filters; // which rows `--where` takes, what it doesn't read, what it refuses
mod folders; // folders, globs and lists as others leave them; the column that is read
mod foreign; // sketches of other programs, and what is said where nobody meets
mod formats; // JSON lines, Arrow files and streams, standard input
mod fuzz_corpus; // the fuzzers' corpus, on stable
mod golden_files; // sketch files of every version stay readable, by an independent reader too
mod golden_sketches; // sketches stay the bytes they were
mod harness; // runs the binary, writes the files that tests need
mod inspect; // what is told of data files without counting
mod keys; // secret keys: sketches of one meet, and nothing else does; whose file it is
mod kinds; // IDs of different kinds, and rounded numbers: the way out was tried
mod large_regions; // the largest regions of more than eight sides
mod laws; // the same users give the same sketch; merge and swap
mod ledger; // what noise has cost: two programs at once, and killed ones
mod library; // the façade, as a pipeline uses it
mod many_sides; // three and more sides: one fit, one number for one question
mod noisy; // sketches with noise, and their ledger
mod noisy_numbers; // exact numbers with noise
mod normalize; // IDs spelt two ways, brought to one form
mod places; // where the ID stands that can't be read
mod private; // overlap with a partner who sees no sketch
mod puffin; // theta sketches of columns, as Iceberg keeps them
mod questions; // known sizes, regions, set formulas, the error to expect
mod released; // no answers together say what a policy hides
mod report; // pages and pictures, by the command line
mod segments; // which rows are a segment, whoever wrote them
mod sketch_files; // sketch files and the questions about many of them
mod spelling; // the same people spelt two ways: what is noticed, with which numbers
mod spelling_pairs; // every kind of two spellings: noticed, counted, mended by the setting that is named
mod storage_forms; // however IDs are stored, they are the same IDs
#[cfg(unix)]
mod terminal; // what a terminal gets, and what shells and man know
mod text; // CSV, TSV and lists of IDs
mod tidy; // the house's own rules
mod verify; // the estimate beside the exact numbers and two textbook methods
