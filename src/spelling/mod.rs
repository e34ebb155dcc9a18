//! How are the IDs of a set written, and would they meet another set's if they were written alike?
//!
//! A *loose sample* rides in the pass that sketches a column. It keeps a few hundred users and, of each,
//! the hashes of several readings: as written, without blanks around, without case, letters and digits
//! alone, as a number, as bytes. Two such samples say how many users meet under each reading.
//!
//! **Which users are sampled.** Both sides must keep the same users however they write them, so a user is kept by a
//! number that depends on the loosest reading alone. Let L be the hash of the loosest reading, and K the *key*: a hash of
//! the last eight letters and digits of it (`key.rs`), which costs a few operations and mostly needs no look at the rest.
//! A sample holds the users with the smallest (K, L) in lexical order, up to a threshold τ: whoever is below τ on either
//! side is in that side's sample, for K and L are functions of what the sides agree on. Below the smaller τ of two
//! sides both samples are complete, and counts of users there stand to the counts of all users as the sample to the whole.
//! Nothing is assumed of the keys but that they don't depend on how an ID is written: where many users share a key, L decides,
//! and only the cost grows. Order of rows, row groups and files don't matter, so that sorted exports are compared as well.
//!
//! **What it costs.** Every ID pays for its key and one comparison; only those below τ, about
//! k (1 + ln(n / k)) of n, are read under every reading.
//!
//! Pure: must not know files, sketches or estimates.

mod doubles;
mod evidence;
mod form;
mod key;
mod keys;
mod meet;
mod profile;
mod rows;
mod sample;

pub use doubles::Doubles;
pub use evidence::{Speller, Spelling};
pub use form::Reading;
pub use meet::{Meeting, common_values, meet};
pub use profile::{Mark, Profile, Shape, describe};
pub use rows::{Frequent, FrequentId, RowSample};
pub use sample::{LooseParts, LooseSample, LooseUser, StoredUser};
