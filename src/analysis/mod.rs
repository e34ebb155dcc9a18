//! Questions about many sketches: regions, set expressions, matrices, reach, trends, segments.

mod expression;
mod matrix;
mod reach;
mod regions;
mod sampled;
mod segments;
mod trend;

#[cfg(test)]
mod tests;

pub use expression::Expression;
pub use matrix::{Matrix, MatrixPair, matrix};
pub use reach::{ReachOrder, ReachStep, reach};
pub use regions::{Regions, regions};
pub use sampled::{LargestRegions, OtherRegions, largest_regions};
pub use segments::{SegmentGain, segment_gains, segment_odds, segment_users};
pub use trend::{Days, OverlapDay, SideDay, TrendDay, WindowDay, trend};
