//! What a filter does over the columns of one file: steps over steps, every conversion explicit.

use super::Fault;
use super::evaluate::{Rows, evaluate};
use super::expression::{Comparison, Operator, Target};
use super::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use std::ops::Range;
use std::sync::Arc;

/// A step of a program: what it does, and of which type its values are.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) step: Step,
    pub(super) of: Type,
    /// Where it stands in the text, in characters.
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A stored column, by its place among those.
    Column(usize),
    /// One value for all rows.
    Constant(ArrayRef),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Same(Box<Node>, Box<Node>),
    IsNull(Box<Node>),
    Is(bool, Box<Node>),
    Like {
        value: Box<Node>,
        pattern: Box<Node>,
        any_case: bool,
    },
    Arithmetic(Operator, Box<Node>, Box<Node>),
    Negate(Box<Node>),
    Convert(Box<Node>, To),
}

/// What values become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Of a type of SQL.
    Type(Target),
    /// A number, whole or exact.
    Number,
}

/// The constant that a step over constants is. Where a partition's value fails, it fails when a row
/// needs it.
pub(super) fn folded(node: Node) -> Result<Node, Fault> {
    if !node.is_constant() {
        return Ok(node.simplified());
    }
    let no_rows = Rows {
        columns: &[],
        rows: 1,
    };
    match evaluate(&node, &no_rows) {
        Ok(cell) => Ok(Node {
            step: Step::Constant(cell.array),
            ..node
        }),
        Err(_) if node.holds_partition() => Ok(node),
        Err(fault) => Err(fault),
    }
}

impl Node {
    fn parts(&self) -> Vec<&Self> {
        match &self.step {
            Step::Column(_) | Step::Constant(_) => Vec::new(),
            Step::And(parts) | Step::Or(parts) => parts.iter().collect(),
            Step::Not(a)
            | Step::IsNull(a)
            | Step::Is(_, a)
            | Step::Negate(a)
            | Step::Convert(a, _) => vec![a],
            Step::Compare(_, a, b)
            | Step::Same(a, b)
            | Step::Arithmetic(_, a, b)
            | Step::Like {
                value: a,
                pattern: b,
                ..
            } => vec![a, b],
        }
    }

    /// The stored columns that it reads, each once, by their places.
    pub(super) fn slots(&self) -> Vec<usize> {
        let mut slots = match &self.step {
            Step::Column(slot) => vec![*slot],
            _ => self.parts().into_iter().flat_map(Self::slots).collect(),
        };
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Whether there may be values for which it can't be computed.
    pub(super) fn may_fail(&self) -> bool {
        match &self.step {
            Step::Arithmetic(..) | Step::Negate(_) | Step::Convert(..) => true,
            // Their forms are brought to one.
            Step::Column(_) => matches!(self.of, Type::Timestamp | Type::Moment | Type::Decimal),
            Step::Constant(_) => false,
            _ => self.parts().into_iter().any(Self::may_fail),
        }
    }

    /// Where its columns stand.
    pub(super) fn columns(&self) -> Vec<Range<usize>> {
        match &self.step {
            Step::Column(_) => vec![self.at.clone()],
            _ => self.parts().into_iter().flat_map(Self::columns).collect(),
        }
    }

    /// Whether all below it are constants.
    fn is_constant(&self) -> bool {
        match &self.step {
            Step::Column(_) => false,
            Step::Constant(_) => true,
            _ => self.parts().into_iter().all(Self::is_constant),
        }
    }

    /// Whether a partition's value may be in it: written ones are in quotes or of another type.
    fn holds_partition(&self) -> bool {
        match &self.step {
            Step::Constant(_) => matches!(self.of, Type::Untyped | Type::Text),
            _ => self.parts().into_iter().any(Self::holds_partition),
        }
    }

    /// Without the parts of AND and OR that say nothing, or the whole that one of them decides.
    fn simplified(mut self) -> Self {
        let (parts, deciding) = match &mut self.step {
            Step::And(parts) => (parts, false),
            Step::Or(parts) => (parts, true),
            _ => return self,
        };
        // What stands before may fail, as it would in PostgreSQL, unless nothing needs it.
        if parts.iter().any(|part| part.truth() == Some(deciding)) {
            self.step = Step::Constant(Arc::new(BooleanArray::from(vec![deciding])));
            return self;
        }
        parts.retain(|part| part.truth() != Some(!deciding));
        self
    }

    /// True or false, where it is constant and not null.
    pub(super) fn truth(&self) -> Option<bool> {
        let Step::Constant(array) = &self.step else {
            return None;
        };
        let array = array.as_boolean_opt()?;
        (array.len() == 1 && array.is_valid(0)).then(|| array.value(0))
    }

    /// What it is of every row, where no row changes it; null takes none.
    pub(super) fn decided(&self) -> Option<bool> {
        match &self.step {
            Step::Constant(array) => {
                let array = array.as_boolean_opt()?;
                Some(array.len() == 1 && array.is_valid(0) && array.value(0))
            }
            _ => None,
        }
    }
}
