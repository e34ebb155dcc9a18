//! The schema of an Avro file, and the values that it says are there.

use super::value::{Bytes, Value};
use serde_json::Value as Json;
use std::collections::HashMap;

/// How deep records may lie in each other; one that lies in itself would never end.
const DEPTH_MAX: usize = 32;

/// A schema: types, which name each other by their numbers.
#[derive(Debug, Default)]
pub(in crate::scan::iceberg) struct Schema {
    types: Vec<Type>,
    root: usize,
}

#[derive(Debug)]
enum Type {
    Null,
    Boolean,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum,
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<Field>),
}

#[derive(Debug)]
struct Field {
    /// Iceberg's.
    id: Option<i64>,
    name: String,
    of: usize,
}

impl Schema {
    /// A schema of its JSON; `None` if it makes no sense.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(json).ok()?;
        let mut schema = Self::default();
        let mut names = HashMap::new();
        schema.root = schema.add(&json, &mut names)?;
        Some(schema)
    }

    /// A value of this schema.
    pub(super) fn read(&self, bytes: &mut Bytes<'_>) -> Option<Value> {
        self.read_type(self.root, bytes, 0)
    }

    /// The value of a record's field: the one with this field ID, or, where fields have none, of this
    /// name. `None` if there is no such field.
    pub(in crate::scan::iceberg) fn field<'v>(
        &self,
        record: &'v Value,
        id: i64,
        name: &str,
    ) -> Option<&'v Value> {
        let (fields, values) = self.record(record)?;
        let is = |field: &Field| match field.id {
            Some(found) => found == id,
            None => field.name == name,
        };
        values.get(fields.iter().position(is)?)
    }

    /// The values of a record with their field IDs.
    pub(in crate::scan::iceberg) fn fields<'v>(
        &self,
        record: &'v Value,
    ) -> impl Iterator<Item = (Option<i64>, &'v Value)> {
        let fields = self.record(record).into_iter();
        fields.flat_map(|(fields, values)| fields.iter().map(|field| field.id).zip(values))
    }

    fn record<'v>(&self, record: &'v Value) -> Option<(&[Field], &'v [Value])> {
        let Value::Record(number, values) = record else {
            return None;
        };
        match self.types.get(*number)? {
            Type::Record(fields) => Some((fields, values)),
            _ => None,
        }
    }

    fn add(&mut self, json: &Json, names: &mut HashMap<String, usize>) -> Option<usize> {
        match json {
            Json::String(name) => match names.get(name) {
                Some(&number) => Some(number),
                None => self.push(plain(name)?),
            },
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.add(branch, names));
                let branches = branches.collect::<Option<Vec<_>>>()?;
                self.push(Type::Union(branches))
            }
            Json::Object(object) => match object.get("type")? {
                Json::String(kind) => self.add_complex(kind, json, names),
                inner => self.add(inner, names),
            },
            _ => None,
        }
    }

    fn add_complex(
        &mut self,
        kind: &str,
        json: &Json,
        names: &mut HashMap<String, usize>,
    ) -> Option<usize> {
        let of = match kind {
            "array" => Type::Array(self.add(json.get("items")?, names)?),
            "map" => Type::Map(self.add(json.get("values")?, names)?),
            "enum" => Type::Enum,
            "fixed" => Type::Fixed(usize::try_from(json.get("size")?.as_u64()?).ok()?),
            "record" => {
                let number = self.push(Type::Record(Vec::new()))?;
                self.call(number, json, names);
                let field = |field: &Json| {
                    Some(Field {
                        id: field.get("field-id").and_then(Json::as_i64),
                        name: field.get("name")?.as_str()?.to_owned(),
                        of: self.add(field.get("type")?, names)?,
                    })
                };
                let fields = json.get("fields")?.as_array()?.iter().map(field);
                let fields = fields.collect::<Option<Vec<_>>>()?;
                self.types[number] = Type::Record(fields);
                return Some(number);
            }
            name => return self.add(&Json::String(name.to_owned()), names),
        };
        let number = self.push(of)?;
        self.call(number, json, names);
        Some(number)
    }

    #[allow(clippy::unnecessary_wraps)]
    fn push(&mut self, of: Type) -> Option<usize> {
        self.types.push(of);
        Some(self.types.len() - 1)
    }

    /// Notes the names under which a type can be meant again.
    fn call(&self, number: usize, json: &Json, names: &mut HashMap<String, usize>) {
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let Some(name) = text("name") else {
            return;
        };
        if let Some(space) = text("namespace") {
            names.insert(format!("{space}.{name}"), number);
        }
        names.insert(name.to_owned(), number);
    }

    fn read_type(&self, number: usize, bytes: &mut Bytes<'_>, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let inner = |of: usize, bytes: &mut Bytes<'_>| self.read_type(of, bytes, depth + 1);
        Some(match self.types.get(number)? {
            Type::Null => Value::Null,
            Type::Boolean => Value::Boolean(bytes.take(1)?[0] != 0),
            Type::Long => Value::Long(bytes.long()?),
            Type::Float => Value::Float(f32::from_le_bytes(*bytes.array()?)),
            Type::Double => Value::Double(f64::from_le_bytes(*bytes.array()?)),
            Type::Bytes => Value::Bytes(bytes.chunk()?.to_vec()),
            Type::Text => Value::Text(String::from_utf8(bytes.chunk()?.to_vec()).ok()?),
            Type::Fixed(size) => Value::Bytes(bytes.take(*size)?.to_vec()),
            Type::Enum => {
                bytes.long()?;
                Value::Other
            }
            Type::Union(branches) => {
                let branch = usize::try_from(bytes.long()?).ok()?;
                inner(*branches.get(branch)?, bytes)?
            }
            Type::Record(fields) => {
                let before = bytes.0.len();
                let values = fields.iter().map(|field| inner(field.of, bytes));
                let values = values.collect::<Option<Vec<_>>>()?;
                // Fields without a byte could be twice as many with every level.
                if !values.is_empty() && bytes.0.len() == before {
                    return None;
                }
                Value::Record(number, values)
            }
            Type::Array(items) => {
                while let 1.. = self.items(&mut |bytes| inner(*items, bytes).map(drop), bytes)? {}
                Value::Other
            }
            Type::Map(values) => {
                let mut entry = |bytes: &mut Bytes<'_>| {
                    bytes.chunk()?;
                    inner(*values, bytes).map(drop)
                };
                while let 1.. = self.items(&mut entry, bytes)? {}
                Value::Other
            }
        })
    }

    /// Passes over the next items of an array or map; how many there were.
    fn items(
        &self,
        item: &mut dyn FnMut(&mut Bytes<'_>) -> Option<()>,
        bytes: &mut Bytes<'_>,
    ) -> Option<usize> {
        let count = bytes.count()?;
        for _ in 0..count {
            item(bytes)?;
        }
        Some(count)
    }
}

fn plain(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" | "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::Text,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(schema: &str, bytes: &[u8]) -> Option<Value> {
        let schema = Schema::parse(schema.as_bytes()).expect("a schema");
        let mut bytes = Bytes(bytes);
        schema.read(&mut bytes).filter(|_| bytes.0.is_empty())
    }

    #[test]
    fn every_type_is_read_to_its_last_byte() {
        for (schema, bytes, expected) in [
            (r#""null""#, &[][..], Value::Null),
            (r#""boolean""#, &[1], Value::Boolean(true)),
            (
                r#"{"type":"int","logicalType":"date"}"#,
                &[4],
                Value::Long(2),
            ),
            (r#""float""#, &[0, 0, 0x80, 0x3f], Value::Float(1.0)),
            (
                r#"["null","string"]"#,
                &[2, 2, b'x'],
                Value::Text("x".into()),
            ),
            (
                r#"{"type":"fixed","name":"f","size":2}"#,
                &[7, 8],
                Value::Bytes(vec![7, 8]),
            ),
            (
                r#"{"type":"enum","name":"e","symbols":["a"]}"#,
                &[0],
                Value::Other,
            ),
            (
                r#"{"type":"array","items":"long"}"#,
                &[4, 2, 4, 0],
                Value::Other,
            ),
            // A negative count has the size of the items behind it.
            (
                r#"{"type":"array","items":"long"}"#,
                &[3, 4, 2, 4, 0],
                Value::Other,
            ),
            (
                r#"{"type":"map","values":"long"}"#,
                &[2, 2, b'k', 6, 0],
                Value::Other,
            ),
        ] {
            assert_eq!(read(schema, bytes), Some(expected), "{schema}");
        }
        let double = 2.5_f64.to_le_bytes();
        assert_eq!(read(r#""double""#, &double), Some(Value::Double(2.5)));
    }

    #[test]
    fn what_would_never_end_is_refused() {
        let rings = r#"{"type":"record","name":"r","fields":[{"name":"r","type":"r"}]}"#;
        assert_eq!(read(rings, &[0; 64]), None);
        let many = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(read(r#"{"type":"array","items":"null"}"#, &many), None);
        assert_eq!(read(r#""string""#, &many), None);
        assert_eq!(read(r#"["null"]"#, &[2]), None);
    }

    #[test]
    fn fields_are_known_by_their_ids_and_types_by_their_names() {
        let schema = r#"{"type":"record","name":"r","fields":[
            {"name":"a","field-id":1,"type":{"type":"fixed","name":"two","size":2}},
            {"name":"b","field-id":2,"type":"two"},{"name":"c","type":"int"}]}"#;
        let schema = Schema::parse(schema.as_bytes()).expect("a schema");
        let record = schema
            .read(&mut Bytes(&[1, 2, 3, 4, 10]))
            .expect("a record");
        let field = |id, name| schema.field(&record, id, name).cloned();
        assert_eq!(field(2, "a"), Some(Value::Bytes(vec![3, 4])), "by its ID");
        assert_eq!(field(3, "c"), Some(Value::Long(5)), "by its name");
        assert_eq!(field(3, "d"), None);
        for broken in [
            "",
            "7",
            r#""no such type""#,
            r#"{"type":"record","name":"r"}"#,
        ] {
            assert!(Schema::parse(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
