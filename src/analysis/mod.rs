//! Questions about many sketches: exclusive regions and set expressions.

mod expression;
mod regions;

pub use expression::Expression;
pub use regions::{Regions, regions};
