//! Which keys are wanted, as a tree: `user.id` is the key `id` below the key `user`.

use super::parse::Value;

/// A key of an object.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) key: String,
    /// Where its value is noted.
    pub(super) slot: usize,
    /// Keys of the object that is its value; none if the value itself is wanted.
    pub(super) below: Vec<Node>,
}

/// The keys of some columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) nodes: Vec<Node>,
    slots: usize,
    /// Of every column, where its value is noted.
    columns: Vec<usize>,
}

impl Wanted {
    /// The keys of columns by their paths. A column may be wanted twice, but not one below another.
    pub(super) fn new<'p>(paths: impl IntoIterator<Item = &'p [String]>) -> Self {
        let mut wanted = Self::default();
        for path in paths {
            let slot = add(&mut wanted.nodes, path, &mut wanted.slots);
            wanted.columns.push(slot);
        }
        wanted
    }

    /// Values of as many keys, all missing.
    pub(super) fn values(&self) -> Vec<Value> {
        vec![Value::Missing; self.slots]
    }

    /// The value of a column. It is missing where the object around it is.
    pub(super) fn of(&self, column: usize, values: &[Value]) -> Value {
        values[self.columns[column]]
    }
}

fn add(nodes: &mut Vec<Node>, path: &[String], slots: &mut usize) -> usize {
    let [key, below @ ..] = path else {
        return 0;
    };
    let at = nodes.iter().position(|node| node.key == *key);
    let at = at.unwrap_or_else(|| {
        nodes.push(Node {
            key: key.clone(),
            slot: *slots,
            below: Vec::new(),
        });
        *slots += 1;
        nodes.len() - 1
    });
    match below {
        [] => nodes[at].slot,
        below => add(&mut nodes[at].below, below, slots),
    }
}
