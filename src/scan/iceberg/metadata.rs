//! The metadata of an Iceberg table: a JSON file with its schemas, partitions and snapshots.
//!
//! Reads format versions 1 to 3. Knows no files; what contradicts itself is refused.

use super::values::default_text;
use crate::error::{Error, Result};
use crate::scan::AsOf;
use crate::scan::live::{Column, ColumnKey, Columns, Constant};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The metadata of a table, as far as its live files hang on it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    format_version: u64,
    /// Where the table was when it was written.
    pub(super) location: String,
    #[serde(default)]
    pub(super) last_updated_ms: i64,
    /// Of version 1.
    schema: Option<Schema>,
    schemas: Option<Vec<Schema>>,
    current_schema_id: Option<i64>,
    /// Of version 1.
    partition_spec: Option<Vec<PartitionField>>,
    partition_specs: Option<Vec<PartitionSpec>>,
    properties: Option<BTreeMap<String, String>>,
    current_snapshot_id: Option<i64>,
    snapshots: Option<Vec<Snapshot>>,
    snapshot_log: Option<Vec<LogEntry>>,
    refs: Option<BTreeMap<String, Reference>>,
    #[serde(default)]
    encryption_keys: Vec<Json>,
}

/// A state of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Snapshot {
    snapshot_id: i64,
    pub(super) manifest_list: Option<String>,
    /// Of version 1, instead of a list.
    pub(super) manifests: Option<Vec<String>>,
    schema_id: Option<i64>,
    key_id: Option<Json>,
    summary: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LogEntry {
    snapshot_id: i64,
    timestamp_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Reference {
    snapshot_id: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PartitionSpec {
    spec_id: i64,
    fields: Vec<PartitionField>,
}

/// How the values of a partition come of a column.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PartitionField {
    /// In version 3 there may be several instead.
    source_id: Option<i64>,
    pub(super) field_id: Option<i64>,
    transform: String,
}

impl PartitionField {
    /// The field ID of the column whose values the partition holds as they are.
    pub(super) fn identity_of(&self) -> Option<i64> {
        self.source_id.filter(|_| self.transform == "identity")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Schema {
    schema_id: Option<i64>,
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Field {
    id: i32,
    name: String,
    #[serde(rename = "type")]
    of: Json,
    initial_default: Option<Json>,
}

/// A column of the table.
#[derive(Clone, Debug)]
pub(super) struct TypedColumn {
    pub(super) column: Column,
    /// The name of its type, if that is plain.
    pub(super) of: Option<String>,
    /// What it holds in files that were written before the table had it, if that can be told.
    pub(super) absent: Option<Constant>,
}

/// The property that says what columns are called in files without field IDs.
const NAME_MAPPING: &str = "schema.name-mapping.default";

impl Metadata {
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it makes no sense, contradicts itself or is of a version that
    /// isn't read.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let metadata: Self = serde_json::from_slice(bytes)
            .map_err(|e| Error::input(format!("is no metadata of an Iceberg table: {e}")))?;
        if !(1..=3).contains(&metadata.format_version) {
            return Err(Error::input(format!(
                "uses format version {}, which this version doesn't read",
                metadata.format_version
            )));
        }
        if !metadata.encryption_keys.is_empty() {
            return Err(Error::input("says that the table is encrypted"));
        }
        let main = metadata.refs.as_ref().and_then(|refs| refs.get("main"));
        match main.map(|main| Some(main.snapshot_id)) {
            Some(main) if main != metadata.current() => {
                let text = "contradicts itself: its main branch isn't at its current snapshot";
                Err(Error::input(text))
            }
            _ => Ok(metadata),
        }
    }

    /// The ID of the current snapshot; `None` if nothing was ever written.
    pub(super) fn current(&self) -> Option<i64> {
        self.current_snapshot_id.filter(|&id| id != -1)
    }

    fn snapshots(&self) -> &[Snapshot] {
        self.snapshots.as_deref().unwrap_or_default()
    }

    /// The current snapshot, or that of `as_of`; `None` if nothing was ever written.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if there is no such snapshot, [`crate::ErrorKind::Input`] if the
    /// metadata names one that it doesn't hold.
    pub(super) fn snapshot(&self, as_of: Option<AsOf>) -> Result<Option<&Snapshot>> {
        let find = |id: i64| self.snapshots().iter().find(|of| of.snapshot_id == id);
        let id = match as_of {
            None => match self.current() {
                None => return Ok(None),
                Some(current) => current,
            },
            Some(AsOf::Version(version)) => {
                let found = i64::try_from(version).ok().and_then(find);
                return found.map(Some).ok_or_else(|| {
                    let current = self
                        .current()
                        .map(|id| format!(": the current one is {id}"));
                    let current = current.unwrap_or_default();
                    Error::usage(format!("it has no snapshot {version}{current}"))
                });
            }
            Some(AsOf::Time(time)) => {
                let log = self.snapshot_log.iter().flatten();
                let before = log.filter(|entry| entry.timestamp_ms <= time);
                let last = before.max_by_key(|entry| entry.timestamp_ms);
                let last = last.ok_or_else(|| {
                    Error::usage("the log of its snapshots doesn't go back to that time")
                })?;
                return find(last.snapshot_id).map(Some).ok_or_else(|| {
                    let text = format!("its snapshot {} of that time is expired", last.snapshot_id);
                    Error::usage(text)
                });
            }
        };
        find(id).map(Some).ok_or_else(|| {
            let text = format!("its metadata lacks the current snapshot {id}");
            Error::input(text)
        })
    }

    /// The partition fields of a spec.
    pub(super) fn partition_fields(&self, spec: i64) -> Option<&[PartitionField]> {
        let specs = self.partition_specs.iter().flatten();
        let found = specs.into_iter().find(|of| of.spec_id == spec);
        let old = || self.partition_spec.as_deref().filter(|_| spec == 0);
        found.map(|of| &of.fields[..]).or_else(old)
    }

    /// The columns of the table now, or of a snapshot if an older state is wanted.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the schema isn't there or has no sense.
    pub(super) fn columns(&self, of: Option<&Snapshot>) -> Result<Vec<TypedColumn>> {
        let id = of.and_then(|of| of.schema_id).or(self.current_schema_id);
        let schemas = self.schemas.iter().flatten();
        let found = schemas.into_iter().find(|of| of.schema_id == id);
        let found = match (found, &self.schemas) {
            (None, None) => self.schema.as_ref(),
            (found, _) => found,
        };
        let schema = found.ok_or_else(|| match id {
            Some(id) => Error::input(format!("its metadata lacks the schema {id}")),
            None => Error::input("its metadata lacks a schema"),
        })?;
        let typed = schema.fields.iter().map(|field| TypedColumn {
            column: column_of(field),
            of: field.of.as_str().map(str::to_owned),
            absent: absent(field),
        });
        Ok(typed.collect())
    }

    /// What the files call these columns.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the names of files without field IDs have no sense.
    pub(super) fn by_field_ids(&self, columns: Vec<Column>) -> Result<Columns> {
        let properties = self.properties.as_ref();
        let mapping = properties.and_then(|of| of.get(NAME_MAPPING));
        let mapping = mapping.map(|text| {
            let mapped: Option<Vec<MappedField>> = serde_json::from_str(text).ok();
            let nonsense = || Error::input(format!("its property {NAME_MAPPING} has no sense"));
            mapped
                .map(|of| mapped_columns(&of, &columns))
                .ok_or_else(nonsense)
        });
        Ok(Columns {
            key: ColumnKey::Ids,
            without_ids: mapping.transpose()?,
            columns,
        })
    }
}

impl Snapshot {
    /// # Errors
    /// [`crate::ErrorKind::Input`] if its manifests are encrypted.
    pub(super) fn ensure_plain(&self) -> Result<()> {
        match self.key_id {
            None | Some(Json::Null) => Ok(()),
            Some(_) => Err(Error::input("it is encrypted")),
        }
    }

    /// Holds what was found of live files against what the snapshot says of itself.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it says something else.
    pub(super) fn check_total(&self, live: usize) -> Result<()> {
        let total = self
            .summary
            .as_ref()
            .and_then(|of| of.get("total-data-files"));
        match total.and_then(|total| total.parse::<usize>().ok()) {
            Some(total) if total != live => Err(Error::input(format!(
                "its snapshot counts {total} data files, but its manifests name {live}"
            ))),
            _ => Ok(()),
        }
    }
}

fn column_of(field: &Field) -> Column {
    Column {
        name: field.name.clone(),
        stored: field.name.clone(),
        id: Some(field.id),
        fields: inner_fields(&field.of),
    }
}

/// The fields of a struct; lists and maps hold no ID and no segment.
fn inner_fields(of: &Json) -> Vec<Column> {
    let is_struct = of.get("type").and_then(Json::as_str) == Some("struct");
    let fields = of.get("fields").filter(|_| is_struct);
    let fields = fields.and_then(|fields| Vec::<Field>::deserialize(fields).ok());
    fields.iter().flatten().map(column_of).collect()
}

fn absent(field: &Field) -> Option<Constant> {
    let of = field.of.as_str()?;
    let default = field.initial_default.as_ref().unwrap_or(&Json::Null);
    Some(Constant {
        name: field.name.clone(),
        value: default_text(of, default)?,
        is_text: of == "string",
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct MappedField {
    field_id: Option<i32>,
    names: Vec<String>,
    fields: Option<Vec<Self>>,
}

/// A column for each name that files may have for it.
fn mapped_columns(mapped: &[MappedField], columns: &[Column]) -> Vec<Column> {
    let named = |field: &MappedField| {
        let column = columns.iter().find(|column| column.id == field.field_id);
        let column = column.filter(|_| field.field_id.is_some());
        let inner = column.map(|column| {
            mapped_columns(field.fields.as_deref().unwrap_or_default(), &column.fields)
        });
        let column = column.cloned().zip(inner);
        let names = field.names.clone().into_iter();
        names.filter_map(move |stored| {
            let (column, fields) = column.clone()?;
            Some(Column {
                stored,
                fields,
                ..column
            })
        })
    };
    mapped.iter().flat_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"format-version":2,"location":"s3://b/t","last-updated-ms":9,
        "schemas":[{"schema-id":0,"fields":[{"id":1,"name":"uid","type":"long"}]},
        {"schema-id":1,"fields":[{"id":1,"name":"user_id","type":"long"},
        {"id":2,"name":"tier","type":"string","initial-default":"x"},
        {"id":3,"name":"at","type":{"type":"struct","fields":[{"id":4,"name":"city","type":"string"}]}},
        {"id":5,"name":"raw","type":"binary","initial-default":"ff"}]}],
        "current-schema-id":1,
        "partition-specs":[{"spec-id":0,"fields":[]},{"spec-id":3,"fields":[
        {"source-id":2,"field-id":1000,"transform":"identity","name":"tier"},
        {"source-id":1,"field-id":1001,"transform":"bucket[4]","name":"b"}]}],
        "properties":{"schema.name-mapping.default":
        "[{\"field-id\":1,\"names\":[\"uid\",\"User\"]},{\"names\":[\"lost\"]},{\"field-id\":3,\"names\":[\"at\"],\"fields\":[{\"field-id\":4,\"names\":[\"town\"]}]}]"},
        "current-snapshot-id":20,"snapshots":[
        {"snapshot-id":10,"timestamp-ms":1000,"manifest-list":"l1","schema-id":0},
        {"snapshot-id":20,"timestamp-ms":2000,"manifest-list":"l2","schema-id":1,"summary":{"total-data-files":"2"}}],
        "snapshot-log":[{"snapshot-id":10,"timestamp-ms":1000},{"snapshot-id":5,"timestamp-ms":1500},{"snapshot-id":20,"timestamp-ms":2000}],
        "refs":{"main":{"snapshot-id":20,"type":"branch"}}}"#;

    fn parse(text: &str) -> Metadata {
        Metadata::parse(text.as_bytes()).expect("metadata")
    }

    fn refused(text: &str, says: &str) {
        let error = Metadata::parse(text.as_bytes())
            .expect_err(says)
            .to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_snapshot_is_found_by_its_id_or_by_a_time() {
        let table = parse(TABLE);
        let id = |as_of| table.snapshot(as_of).map(|of| of.map(|of| of.snapshot_id));
        assert_eq!(id(None), Ok(Some(20)));
        assert_eq!(id(Some(AsOf::Version(10))), Ok(Some(10)));
        assert_eq!(id(Some(AsOf::Time(1_499))), Ok(Some(10)));
        assert_eq!(id(Some(AsOf::Time(9_999))), Ok(Some(20)));
        for (as_of, says) in [
            (AsOf::Version(7), "no snapshot 7: the current one is 20"),
            (AsOf::Time(999), "doesn't go back"),
            (AsOf::Time(1_500), "snapshot 5 of that time is expired"),
        ] {
            let error = id(Some(as_of)).expect_err(says);
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(error.message().contains(says), "{error}");
        }
        for none in ["null", "-1"] {
            let empty = TABLE.replace(
                "\"current-snapshot-id\":20",
                &format!("\"current-snapshot-id\":{none}"),
            );
            let empty = empty.replace("\"main\"", "\"other\"");
            assert_eq!(
                parse(&empty).snapshot(None).map(|of| of.is_none()),
                Ok(true)
            );
        }
    }

    #[test]
    fn columns_are_those_of_now_or_of_a_snapshot() {
        let table = parse(TABLE);
        let names = |of| -> Vec<String> {
            let columns = table.columns(of).expect("a schema").into_iter();
            columns.map(|typed| typed.column.name).collect()
        };
        assert_eq!(names(None), ["user_id", "tier", "at", "raw"]);
        assert_eq!(names(Some(&table.snapshots()[0])), ["uid"]);
        let typed = table.columns(None).expect("a schema");
        let absent = |at: usize| typed[at].absent.clone().map(|of| (of.value, of.is_text));
        assert_eq!(absent(0), Some((None, false)));
        assert_eq!(absent(1), Some((Some("x".into()), true)));
        assert_eq!(
            (absent(2), absent(3)),
            (None, None),
            "nested, and not to be told"
        );
        let columns = typed.iter().map(|typed| typed.column.clone());
        let columns = table.by_field_ids(columns.collect()).expect("columns");
        let mapped = columns.without_ids.expect("a mapping");
        let names: Vec<_> = mapped.iter().map(|of| (&*of.stored, &*of.name)).collect();
        assert_eq!(
            names,
            [("uid", "user_id"), ("User", "user_id"), ("at", "at")]
        );
        assert_eq!(mapped[2].fields[0].stored, "town");
    }

    #[test]
    fn only_identities_tell_the_values_of_a_column() {
        let table = parse(TABLE);
        let fields = table.partition_fields(3).expect("a spec");
        let identities: Vec<_> = fields.iter().map(PartitionField::identity_of).collect();
        assert_eq!(identities, [Some(2), None]);
        assert!(table.partition_fields(1).is_none());
    }

    #[test]
    fn what_contradicts_itself_or_is_not_read_is_refused() {
        let version = TABLE.replace("\"format-version\":2", "\"format-version\":4");
        refused(&version, "format version 4");
        let encrypted = TABLE.replace("\"refs\"", "\"encryption-keys\":[{}],\"refs\"");
        refused(&encrypted, "encrypted");
        let other = TABLE.replace(
            "\"main\":{\"snapshot-id\":20",
            "\"main\":{\"snapshot-id\":10",
        );
        refused(&other, "contradicts itself");
        refused("{}", "no metadata of an Iceberg table");
        let lacking = parse(
            &TABLE
                .replace("\"snapshot-id\":20", "\"snapshot-id\":21")
                .replace("\"current-snapshot-id\":21", "\"current-snapshot-id\":20")
                .replace("\"main\"", "\"other\""),
        );
        let error = lacking.snapshot(None).expect_err("lacking");
        assert!(
            error.message().contains("lacks the current snapshot 20"),
            "{error}"
        );
        let lacking = parse(&TABLE.replace("\"current-schema-id\":1", "\"current-schema-id\":7"));
        assert!(lacking.columns(None).is_err());
        let table = parse(TABLE);
        assert!(table.snapshots()[1].check_total(2).is_ok());
        assert!(table.snapshots()[1].check_total(1).is_err());
        assert!(table.snapshots()[0].check_total(1).is_ok());
        let mapping = parse(&TABLE.replace("\"[{", "\"{{"));
        assert!(mapping.by_field_ids(Vec::new()).is_err());
    }
}
