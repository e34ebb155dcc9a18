//! Encrypted files are named as such.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn properties(plaintext_footer: bool) -> WriterProperties {
    let key = b"0123456789abcdef".to_vec();
    let encryption = FileEncryptionProperties::builder(key.clone())
        .with_plaintext_footer(plaintext_footer)
        .with_column_key("user_id", key)
        .build()
        .unwrap();
    WriterProperties::builder()
        .with_file_encryption_properties(encryption)
        .build()
}

#[test]
fn row_35_encrypted_footers_and_columns_are_named() {
    let folder = Folder::new();
    for plaintext_footer in [false, true] {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let other: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let columns = [("user_id", ids), ("open", other)];
        let path = folder.batch("secret.parquet", &columns, properties(plaintext_footer));
        overlap(&["estimate", &path]).fails(3, &["secret.parquet", "encrypted"]);
    }
}
