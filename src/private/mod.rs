//! How many users do two samples share, if neither may be shown to the other side?
//!
//! Elliptic-curve Diffie–Hellman private set intersection cardinality, for partners who follow the
//! protocol, in three messages: an *offer*, an *answer* and a *result*. A sampled hash x becomes a
//! point H(x) of the group ristretto255. One side multiplies its points by a secret number α, the other by β;
//! αβ H(x) is the same in either order. `docs/private.md` says who learns what, and why nobody
//! learns more.
//!
//! Randomness is handed in. Must not know files, sketches or estimates.

mod bytes;
mod disclosed;
mod group;
mod message;
mod numbers;
mod protocol;
mod random;
mod secret;

#[cfg(test)]
mod refused_tests;
#[cfg(test)]
mod tests;

pub use message::{Message, Offer};
pub use numbers::{Epsilon, Holding, Options, coarse};
pub use protocol::{Own, Shared, answer, conclude, finish, offer};
pub use random::Random;
pub use secret::{AnswerSecret, Sample, Secret};
