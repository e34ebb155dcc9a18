//! The actions of a Delta log: what each line of a commit, or row of a checkpoint, does.

use super::vector::Vector;
use crate::error::{Error, Result};
use crate::scan::live::{Column, ColumnKey, Columns, Constant};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A data file as the log names it: its path and which deletion vector it has.
pub(super) type FileKey = (String, Option<String>);

/// A file that belongs to the table from here on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Add {
    pub(super) path: String,
    /// By what the files call the columns; `None` is null.
    pub(super) partitions: Vec<(String, Option<String>)>,
    pub(super) vector: Option<Vector>,
}

impl Add {
    pub(super) fn key(&self) -> FileKey {
        (self.path.clone(), self.vector.as_ref().map(Vector::key))
    }
}

/// What a reader must be able to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Protocol {
    pub(super) reader_version: u64,
    pub(super) features: BTreeSet<String>,
}

/// What the table calls its columns, and how they are known in the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) schema: Option<String>,
    pub(super) column_mapping: Option<String>,
}

/// What one line or row does; whatever changes no row is `Other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add(Add),
    Remove(FileKey),
    Protocol(Protocol),
    Metadata(Metadata),
    /// The name of a file that holds more actions of a checkpoint.
    Sidecar(String),
    /// When the commit was made, in milliseconds since 1970.
    Time(i64),
    Other,
}

impl Action {
    /// The action of a line of JSON; `None` if it makes no sense.
    pub(super) fn of_json(line: &[u8]) -> Option<Self> {
        let line: Value = serde_json::from_slice(line).ok()?;
        let mut fields = line.as_object()?.iter();
        let Some((name, action)) = fields.find(|(_, of)| !of.is_null()) else {
            return Some(Self::Other);
        };
        Some(match name.as_str() {
            "add" => Self::Add(add(action)?),
            "remove" => Self::Remove(add(action)?.key()),
            "protocol" => {
                let features = action.get("readerFeatures").and_then(Value::as_array);
                let features = features.into_iter().flatten().map(text_of);
                Self::Protocol(Protocol {
                    reader_version: action.get("minReaderVersion")?.as_u64()?,
                    features: features.collect(),
                })
            }
            "metaData" => Self::Metadata(Metadata {
                schema: text_in(action, "schemaString"),
                column_mapping: (action.get("configuration"))
                    .and_then(|all| text_in(all, COLUMN_MAPPING)),
            }),
            "sidecar" => Self::Sidecar(text_in(action, "path")?),
            "commitInfo" => match action.get("inCommitTimestamp").and_then(Value::as_i64) {
                Some(time) => Self::Time(time),
                None => Self::Other,
            },
            _ => Self::Other,
        })
    }
}

/// The property that says how columns are known in the files.
pub(super) const COLUMN_MAPPING: &str = "delta.columnMapping.mode";

/// Where a schema says what files call a column.
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

fn add(action: &Value) -> Option<Add> {
    let path = action.get("path")?.as_str()?.to_owned();
    let values = action.get("partitionValues").and_then(Value::as_object);
    let values = values.into_iter().flatten();
    let value = |value: &Value| (!value.is_null()).then(|| text_of(value));
    let vector = action.get("deletionVector").filter(|of| !of.is_null());
    Some(Add {
        path,
        partitions: values
            .map(|(name, of)| (name.clone(), partition_value(value(of))))
            .collect(),
        vector: match vector {
            Some(vector) => Some(self::vector(vector)?),
            None => None,
        },
    })
}

/// The log may write null as an empty text.
pub(super) fn partition_value(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn vector(of: &Value) -> Option<Vector> {
    Some(Vector {
        storage: text_in(of, "storageType")?,
        place: text_in(of, "pathOrInlineDv")?,
        offset: of.get("offset").and_then(Value::as_u64),
        bytes: of.get("sizeInBytes")?.as_u64()?,
        rows: of.get("cardinality")?.as_u64()?,
    })
}

fn text_in(of: &Value, name: &str) -> Option<String> {
    of.get(name)?.as_str().map(str::to_owned)
}

fn text_of(value: &Value) -> String {
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

impl Metadata {
    /// How the columns are known in the files; `None` if by the names that the table gives them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a mode that isn't known here, or a schema without sense.
    pub(super) fn columns(&self) -> Result<Option<Columns>> {
        let key = match self.column_mapping.as_deref() {
            None | Some("none") => return Ok(None),
            Some("name") => ColumnKey::Names,
            Some("id") => ColumnKey::Ids,
            Some(mode) => {
                let text = format!("it uses column mapping of mode {mode}, which isn't read");
                return Err(Error::input(text));
            }
        };
        let columns = self.parsed().and_then(|schema| columns_of(&schema));
        let columns = columns.ok_or_else(|| Error::input("its schema has no sense"))?;
        Ok(Some(Columns {
            key,
            columns,
            without_ids: None,
        }))
    }

    /// The columns of plain types by what the files call them, as rows from before the table had them
    /// hold them: null.
    pub(super) fn absent(&self) -> BTreeMap<String, Constant> {
        // Without column mapping files call them as the table does.
        let is_mapped = !matches!(self.column_mapping.as_deref(), None | Some("none"));
        let column = |field: &Value| {
            let name = text_in(field, "name")?;
            let stored = match is_mapped {
                true => text_in(field.get("metadata")?, PHYSICAL_NAME)?,
                false => name.clone(),
            };
            let is_text = field.get("type")?.as_str()? == "string";
            let value = None;
            Some((
                stored,
                Constant {
                    name,
                    value,
                    is_text,
                },
            ))
        };
        let schema = self.parsed().unwrap_or_default();
        let fields = schema.get("fields").and_then(Value::as_array);
        fields.into_iter().flatten().filter_map(column).collect()
    }

    fn parsed(&self) -> Option<Value> {
        serde_json::from_str(self.schema.as_deref()?).ok()
    }
}

/// The fields of a struct in a schema of Delta.
fn columns_of(of: &Value) -> Option<Vec<Column>> {
    let fields = of.get("fields")?.as_array()?;
    let column = |field: &Value| {
        let metadata = field.get("metadata")?;
        let id = metadata.get("delta.columnMapping.id")?.as_i64()?;
        let inner = field.get("type").filter(|of| of.get("fields").is_some());
        Some(Column {
            name: text_in(field, "name")?,
            stored: text_in(metadata, PHYSICAL_NAME)?,
            id: Some(i32::try_from(id).ok()?),
            fields: match inner {
                Some(inner) => columns_of(inner)?,
                None => Vec::new(),
            },
        })
    };
    fields.iter().map(column).collect()
}

/// The files, protocol and columns of a table while its log is replayed.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) live: BTreeMap<FileKey, Add>,
    pub(super) protocol: Option<Protocol>,
    pub(super) metadata: Metadata,
}

impl Replay {
    /// Takes the actions of a commit, or of a checkpoint: they have no order, so that what a commit
    /// removes was there before.
    pub(super) fn take(&mut self, actions: Vec<Action>) {
        let mut added = Vec::new();
        for action in actions {
            match action {
                Action::Add(add) => added.push(add),
                Action::Remove(key) => {
                    self.live.remove(&key);
                }
                Action::Protocol(protocol) => self.protocol = Some(protocol),
                Action::Metadata(metadata) => self.metadata = metadata,
                Action::Sidecar(_) | Action::Time(_) | Action::Other => {}
            }
        }
        let added = added.into_iter().map(|add| (add.key(), add));
        self.live.extend(added);
    }
}
