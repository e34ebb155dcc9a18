//! The threads on which requests run, and one client for each store.

use super::address::{Address, Kind};
use super::credentials;
use crate::error::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use tokio::runtime::Runtime;

/// Threads that drive requests: they wait most of the time, and copy what arrives.
const THREADS: usize = 2;

/// A client, and who it says it is.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) client: Arc<dyn ObjectStore>,
    pub(super) identity: Identity,
}

/// Where the credentials of a client come from, in words: never the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// No credentials: only public data can be read.
    Anonymous,
    /// Credentials, described in words.
    From(String),
}

static STORES: Mutex<Option<HashMap<String, Store>>> = Mutex::new(None);

/// Other options make other clients.
pub(super) fn forget_stores() {
    *STORES.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// What a path addresses: the address, the client of its store, and the key in there.
///
/// # Errors
/// Those of [`Address::parse`] and of making a client, with the path.
pub(super) fn of(path: &Path) -> Result<(Address, Store, Key)> {
    let found = Address::parse(path).and_then(|address| {
        let (store, key) = place(&address)?;
        Ok((address, store, key))
    });
    found.map_err(|e| e.with("file", path.display()))
}

/// The client of an address, and the key in its store.
///
/// # Errors
/// [`ErrorKind::Input`] if settings and credentials make no client, [`ErrorKind::Usage`] for a key that no
/// store takes.
fn place(address: &Address) -> Result<(Store, Key)> {
    let key = match address.kind {
        // It is decoded here and encoded again by the client.
        Kind::Web => Key::from_url_path(&address.key),
        _ => Key::parse(&address.key),
    };
    let key = key.map_err(|_| Error::usage("an address with an empty or dotted folder in it"))?;
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let stores = stores.get_or_insert_default();
    if let Some(known) = stores.get(&address.root) {
        return Ok((known.clone(), key));
    }
    let store = credentials::store(address)?;
    stores.insert(address.root.clone(), store.clone());
    Ok((store, key))
}

/// The threads of all requests, started by the first.
pub(super) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();
    let start = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("overlap-requests")
            .enable_all()
            .build()
            .map_err(|e| e.to_string())
    };
    RUNTIME.get_or_init(start).as_ref().map_err(|e| {
        Error::new(
            ErrorKind::Limit,
            format!("threads for requests can't be started: {e}"),
        )
    })
}

/// Waits for a request; may be called from anywhere, also from threads of another runtime.
pub(super) fn wait<T: Send + 'static>(
    request: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // The thread that waited has gone, so the result isn't wanted.
        let _ = sender.send(request.await);
    });
    let lost = |_| Error::new(ErrorKind::Internal, "a request was lost");
    receiver.recv().map_err(lost)?
}
