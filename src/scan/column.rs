//! Which column is the ID, and what its values are.

use super::names::find_name;
use crate::error::{Error, Phrase, Result, Setting};
use crate::id::IdDomain;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

/// The way out for IDs that are floats.
pub(super) fn float_hint() -> Phrase {
    Phrase::from([
        "cast it to INT64 where it is written, or read it with ".into(),
        Setting::Cast.to("integer"),
        " if all of it is whole: a float holds whole numbers up to 2^53 only. pandas makes floats of whole numbers if one is missing: astype('Int64') keeps them whole".into(),
    ])
}

/// The error for IDs that are decimals with places behind the point, or of thousands.
pub(super) fn decimal_refused(scale: i32) -> Error {
    Error::input(format!("unsupported id type decimal of scale {scale}")).hint([
        "ids are whole numbers: if all of it is whole, ".into(),
        Setting::Cast.to("integer"),
        " reads it; else cast it to a string where it is written".into(),
    ])
}

/// How the values of a column chunk become canonical IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdType {
    /// INT32 or INT64, signed; decimals of scale 0 among them.
    Signed,
    /// INT32 or INT64 whose bits are an unsigned number.
    Unsigned,
    /// A decimal of scale 0 as big-endian bytes.
    DecimalBytes,
    /// Decimals with places or floats, which are cast to integers: their rows are read, not their pages.
    Fractional,
    /// UTF-8 text; its bytes are taken as they are, valid or not.
    Text,
    /// Binary values of any or of fixed length.
    Binary,
    /// Sixteen bytes annotated as UUID.
    Uuid,
    /// A column whose type says that all of it is null.
    Null,
}

impl IdType {
    /// The domain of these IDs; `None` where there can be none.
    pub(super) const fn domain(self) -> Option<IdDomain> {
        match self {
            Self::Signed | Self::Unsigned | Self::DecimalBytes | Self::Fractional => {
                Some(IdDomain::Integer)
            }
            Self::Text => Some(IdDomain::Text),
            Self::Binary | Self::Uuid => Some(IdDomain::Binary),
            Self::Null => None,
        }
    }

    /// The type of a leaf column whose IDs are wanted in the domain `to`, if in any.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for what can't identify a user, with a hint.
    pub(super) fn of(column: &ColumnDescriptor, to: Option<IdDomain>) -> Result<Self> {
        let is_wanted_whole = to == Some(IdDomain::Integer);
        let unsupported = |what: &str| Error::input(format!("unsupported id type {what}"));
        let refuse = |what: &str, hint: &str| Err(unsupported(what).hint(hint));
        let cast = |what: &str| Err(unsupported(what).hint(cast_hint()));
        if column.max_rep_level() > 0 {
            return refuse(
                "list or map",
                "unnest it to one id a row, or name a plain column",
            );
        }
        let by_bytes = matches!(
            column.physical_type(),
            PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY
        );
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Unknown), _) => return Ok(Self::Null),
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                return match column.type_scale() {
                    0 if by_bytes => Ok(Self::DecimalBytes),
                    0 => Ok(Self::Signed),
                    _ if is_wanted_whole => Ok(Self::Fractional),
                    scale => Err(decimal_refused(scale)),
                };
            }
            (Some(LogicalType::Uuid), _) if column.type_length() == 16 => return Ok(Self::Uuid),
            (Some(LogicalType::Float16), _) if is_wanted_whole => return Ok(Self::Fractional),
            (Some(logical), _) => {
                if let Some(name) = unsupported_logical(logical) {
                    return cast(name);
                }
            }
            (None, converted) => {
                if let Some(name) = unsupported_converted(converted) {
                    return cast(name);
                }
            }
        }
        match column.physical_type() {
            PhysicalType::INT32 | PhysicalType::INT64 if is_unsigned(column) => Ok(Self::Unsigned),
            PhysicalType::INT32 | PhysicalType::INT64 => Ok(Self::Signed),
            PhysicalType::BYTE_ARRAY if is_text(column) => Ok(Self::Text),
            PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY => Ok(Self::Binary),
            PhysicalType::FLOAT | PhysicalType::DOUBLE if is_wanted_whole => Ok(Self::Fractional),
            PhysicalType::FLOAT | PhysicalType::DOUBLE => {
                Err(unsupported(&column.physical_type().to_string()).hint(float_hint()))
            }
            PhysicalType::BOOLEAN => refuse("BOOLEAN", "it tells two users apart at most"),
            PhysicalType::INT96 => cast("INT96"),
        }
    }
}

/// The type of a column as people call it: what it means, or else how it is stored.
pub(super) fn type_name(column: &ColumnDescriptor) -> String {
    let physical = column.physical_type();
    let plain = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
            format!(
                "DECIMAL({},{})",
                column.type_precision(),
                column.type_scale()
            )
        }
        (Some(LogicalType::Uuid), _) => "UUID".into(),
        (Some(LogicalType::Unknown), _) => "only nulls".into(),
        (Some(logical), _) if unsupported_logical(logical).is_some() => {
            unsupported_logical(logical).unwrap_or_default().into()
        }
        (None, converted) if unsupported_converted(converted).is_some() => {
            unsupported_converted(converted).unwrap_or_default().into()
        }
        _ if physical == PhysicalType::BYTE_ARRAY && is_text(column) => "STRING".into(),
        _ if is_unsigned(column) => format!("{physical} unsigned"),
        _ if physical == PhysicalType::FIXED_LEN_BYTE_ARRAY => {
            format!("{} bytes", column.type_length())
        }
        _ if physical == PhysicalType::BYTE_ARRAY => "BINARY".into(),
        _ => physical.to_string(),
    };
    match column.max_rep_level() {
        0 => plain,
        _ => format!("a list of {plain}"),
    }
}

fn cast_hint() -> Phrase {
    Phrase::from([
        "cast it to an integer or a string, or name another column with ".into(),
        Setting::Id.into(),
    ])
}

/// The leaf column that holds the IDs: `wanted` as a dotted path, or the only usual name there is.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if there is no such column, or more than one; never a guess.
pub(super) fn find(schema: &SchemaDescriptor, wanted: Option<&str>) -> Result<usize> {
    let columns = schema.columns();
    let paths: Vec<String> = columns.iter().map(|c| c.path().string()).collect();
    let leaves: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    find_name(&paths, &leaves, wanted)
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    match column.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(
            column.converted_type(),
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        ),
    }
}

fn is_text(column: &ColumnDescriptor) -> bool {
    match column.logical_type_ref() {
        Some(logical) => {
            matches!(
                logical,
                LogicalType::String | LogicalType::Enum | LogicalType::Json
            )
        }
        None => matches!(
            column.converted_type(),
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON
        ),
    }
}

fn unsupported_logical(logical: &LogicalType) -> Option<&'static str> {
    match logical {
        LogicalType::Date => Some("DATE"),
        LogicalType::Time(_) => Some("TIME"),
        LogicalType::Timestamp(_) => Some("TIMESTAMP"),
        LogicalType::Float16 => Some("FLOAT16"),
        LogicalType::Variant(_) => Some("VARIANT"),
        LogicalType::Geometry(_) => Some("GEOMETRY"),
        LogicalType::Geography(_) => Some("GEOGRAPHY"),
        LogicalType::Map | LogicalType::List => Some("list or map"),
        LogicalType::String
        | LogicalType::Enum
        | LogicalType::Decimal(_)
        | LogicalType::Integer(_)
        | LogicalType::Unknown
        | LogicalType::Json
        | LogicalType::Bson
        | LogicalType::Uuid => None,
        // A type from after this program: better refused than taken for its bytes.
        _ => Some("of an unknown logical type"),
    }
}

fn unsupported_converted(converted: ConvertedType) -> Option<&'static str> {
    match converted {
        ConvertedType::DATE => Some("DATE"),
        ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => Some("TIME"),
        ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => Some("TIMESTAMP"),
        ConvertedType::INTERVAL => Some("INTERVAL"),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE | ConvertedType::LIST => {
            Some("list or map")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    fn schema(columns: &str) -> SchemaDescriptor {
        let message = format!("message schema {{ {columns} }}");
        SchemaDescriptor::new(Arc::new(parse_message_type(&message).expect("a schema")))
    }

    fn type_of(column: &str) -> Result<IdType> {
        IdType::of(&schema(column).column(0), None)
    }

    #[test]
    fn every_id_type_is_recognised() {
        let cases = [
            ("REQUIRED INT32 id;", IdType::Signed),
            ("OPTIONAL INT64 id;", IdType::Signed),
            ("OPTIONAL INT32 id (UINT_16);", IdType::Unsigned),
            ("OPTIONAL INT64 id (INTEGER(64,false));", IdType::Unsigned),
            ("OPTIONAL INT64 id (DECIMAL(18,0));", IdType::Signed),
            (
                "OPTIONAL FIXED_LEN_BYTE_ARRAY (16) id (DECIMAL(38,0));",
                IdType::DecimalBytes,
            ),
            ("OPTIONAL BYTE_ARRAY id (UTF8);", IdType::Text),
            ("OPTIONAL BYTE_ARRAY id (STRING);", IdType::Text),
            ("OPTIONAL BYTE_ARRAY id;", IdType::Binary),
            ("OPTIONAL FIXED_LEN_BYTE_ARRAY (20) id;", IdType::Binary),
            (
                "OPTIONAL FIXED_LEN_BYTE_ARRAY (16) id (UUID);",
                IdType::Uuid,
            ),
        ];
        for (column, expected) in cases {
            assert_eq!(type_of(column), Ok(expected), "{column}");
        }
    }

    #[test]
    fn what_identifies_no_user_is_refused_by_name() {
        let cases = [
            ("OPTIONAL DOUBLE id;", "DOUBLE"),
            ("OPTIONAL BOOLEAN id;", "BOOLEAN"),
            ("OPTIONAL INT96 id;", "INT96"),
            ("OPTIONAL INT32 id (DATE);", "DATE"),
            ("OPTIONAL INT64 id (TIMESTAMP(MILLIS,true));", "TIMESTAMP"),
            ("OPTIONAL INT64 id (DECIMAL(18,2));", "scale 2"),
            ("REPEATED INT64 id;", "list"),
        ];
        for (column, name) in cases {
            let error = type_of(column).expect_err(column);
            assert!(error.to_string().contains(name), "{column}: {error}");
            assert_eq!(error.kind(), crate::ErrorKind::Input);
        }
    }

    #[test]
    fn decimals_with_places_and_floats_are_integers_only_if_said_so() {
        for column in [
            "OPTIONAL DOUBLE id;",
            "OPTIONAL FLOAT id;",
            "OPTIONAL INT64 id (DECIMAL(18,2));",
            "OPTIONAL FIXED_LEN_BYTE_ARRAY (2) id (FLOAT16);",
        ] {
            let schema = schema(column);
            let of = |to| IdType::of(&schema.column(0), to);
            assert_eq!(of(Some(IdDomain::Integer)), Ok(IdType::Fractional));
            for to in [None, Some(IdDomain::Text)] {
                let error = of(to).expect_err(column);
                assert!(
                    column.contains("FLOAT16") || error.to_string().contains("`cast = integer`")
                );
            }
        }
    }

    #[test]
    fn a_near_name_is_told_but_never_taken() {
        let columns = schema("OPTIONAL INT64 User_Id; OPTIONAL GROUP user { OPTIONAL INT64 id; }");
        let error = find(&columns, Some("user_id")).expect_err("case differs");
        assert!(error.to_string().contains("near it is User_Id"), "{error}");
        let error = find(&columns, Some("user")).expect_err("a group");
        assert!(error.to_string().contains("user.id"), "{error}");
        assert_eq!(find(&columns, Some("user.id")), Ok(1));
    }
}
