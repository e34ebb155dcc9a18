//! Objects written whole or not at all.

use super::client::{self, Store};
use super::fault;
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{
    Error as StoreError, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, UpdateVersion,
};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Objects up to here go in one request.
const WHOLE_BYTES: u64 = 32 << 20;

/// Parts of larger ones: S3 takes 10,000 of them.
const PART_BYTES: usize = 16 << 20;

/// Writes a file as an object. Readers see the old object or the new one; what another program wrote since
/// this began isn't overwritten where the store can tell.
///
/// # Errors
/// [`ErrorKind::Output`] with the address.
pub fn write(path: &Path, file: &File, bytes: u64) -> Result<()> {
    let located = |e: Error| e.with("file", path.display());
    if super::is_web(path) {
        let error = Error::new(ErrorKind::Output, "a web server takes no files");
        return Err(located(error.hint("write to a bucket or to a local file")));
    }
    let (_, store, key) = client::of(path)?;
    let mut file = file.try_clone().map_err(|e| located(unreadable(&e)))?;
    file.seek(SeekFrom::Start(0))
        .map_err(|e| located(unreadable(&e)))?;
    let done = client::wait(async move {
        if bytes <= WHOLE_BYTES {
            return put(&store, &key, &mut file).await;
        }
        put_parts(&store, &key, &mut file).await
    });
    done.map_err(located)
}

fn unreadable(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Output,
        format!("its temporary file can't be read: {error}"),
    )
}

async fn put(store: &Store, key: &Key, file: &mut File) -> Result<()> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
    let bytes = Bytes::from(bytes);
    let explain = |e: &StoreError| fault::explain(ErrorKind::Output, e, &store.identity);
    let mode = match store.client.head(key).await {
        Ok(there) => PutMode::Update(UpdateVersion {
            e_tag: there.e_tag,
            version: there.version,
        }),
        Err(StoreError::NotFound { .. }) => PutMode::Create,
        // Who may write needn't be allowed to read.
        Err(StoreError::PermissionDenied { .. }) => PutMode::Overwrite,
        Err(e) => return Err(explain(&e)),
    };
    let put = |mode| {
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        store
            .client
            .put_opts(key, PutPayload::from(bytes.clone()), options)
    };
    let mut done = put(mode).await;
    if let Err(e) = &done
        && (matches!(
            e,
            StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }
        ) || fault::status_of(e) == Some(501))
    {
        done = put(PutMode::Overwrite).await;
    }
    match done {
        Ok(_) => Ok(()),
        Err(StoreError::Precondition { .. } | StoreError::AlreadyExists { .. }) => Err(Error::new(
            ErrorKind::Output,
            "another program wrote it meanwhile, and was not overwritten",
        )
        .hint("look at what it wrote, then run again")),
        Err(e) => Err(explain(&e)),
    }
}

async fn put_parts(store: &Store, key: &Key, file: &mut File) -> Result<()> {
    let explain = |e: &StoreError| fault::explain(ErrorKind::Output, e, &store.identity);
    let mut upload = store
        .client
        .put_multipart(key)
        .await
        .map_err(|e| explain(&e))?;
    let mut send = async || -> Result<()> {
        loop {
            let mut part = Vec::new();
            let limit = PART_BYTES as u64;
            let read = (&mut *file).take(limit).read_to_end(&mut part);
            if read.map_err(|e| unreadable(&e))? == 0 {
                break;
            }
            let part = PutPayload::from(Bytes::from(part));
            upload.put_part(part).await.map_err(|e| explain(&e))?;
        }
        upload.complete().await.map_err(|e| explain(&e))?;
        Ok(())
    };
    let done = send().await;
    if done.is_err() {
        // What was sent belongs to no object; the store throws it away.
        let _ = upload.abort().await;
    }
    done
}
