//! The library's errors in the words of SQL.

use overlap::{Error, Piece, Setting};

/// The text of an error, with settings as they are written in a query.
pub fn worded(error: &Error) -> String {
    error.worded(in_sql)
}

fn in_sql(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Setting(Setting::Cast, Some(domain)) => match domain.as_str() {
            "string" => "id::VARCHAR".into(),
            "integer" => "id::BIGINT".into(),
            _ => "id::BLOB".into(),
        },
        Piece::Setting(setting, None) => setting.name().to_owned(),
        Piece::Setting(setting, Some(value)) => format!("{} {value}", setting.name()),
    }
}
