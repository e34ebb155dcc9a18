//! The integration tests, one binary; a line per module says what belongs there.

#![allow(missing_docs, clippy::unwrap_used)]

mod accuracy; // seeded trials: how often intervals hold the truth
