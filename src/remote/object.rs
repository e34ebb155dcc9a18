//! Objects that are open for reading, each asked for once.

use super::client::{self, Store};
use super::fault;
use super::reader::{Reader, Slot};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path as Key;
use object_store::{
    Error as StoreError, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStoreExt,
};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What the first request asks for: the end of the object, where Parquet and Arrow keep their footers.
pub(super) const TAIL_BYTES: u64 = 64 << 10;

/// Requests in flight, of all objects: enough to hide the latency of each.
static PERMITS: Semaphore = Semaphore::const_new(64);

/// An object of a store in the state that it was found in.
#[derive(Clone, Debug)]
pub struct Object(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    path: PathBuf,
    store: Store,
    key: Key,
    meta: ObjectMeta,
    /// Its last bytes, as many as are known.
    pub(super) tail: Mutex<Bytes>,
    /// Its first bytes, once they were read.
    pub(super) head: Mutex<Bytes>,
    /// All of it, from a server that gives no parts.
    whole: Option<File>,
    /// Pieces that will be read soon.
    pub(super) begun: Mutex<Begun>,
    fault: Mutex<Option<Error>>,
}

/// Pieces on their way, by where they start.
type Begun = HashMap<u64, (Range<u64>, Arc<Slot>)>;

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        a.path == b.path && a.meta == b.meta
    }
}

impl Eq for Object {}

impl Object {
    /// Asks for an object's size, version and end, in one request as a rule; an object that is open is
    /// not asked for again.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] with the address if it isn't there or can't be had.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(known) = known(path) {
            return Ok(known);
        }
        let (_, store, key) = client::of(path)?;
        let opened = client::wait(open(path.to_owned(), store, key));
        let object = opened.map_err(|e| e.with("file", path.display()))?;
        note(&object, false);
        Ok(object)
    }

    /// Like [`Self::open`], before the object is needed.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn look(path: &Path) -> Result<()> {
        note(&Self::open(path)?, true);
        Ok(())
    }

    /// Its size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.meta.size
    }

    /// The local file that holds all of it, of a server that gives no parts.
    #[must_use]
    pub fn whole(&self) -> Option<&File> {
        self.0.whole.as_ref()
    }

    /// A reader of its own place and its own requests.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// Of its end, keeps what is at and behind `offset`; small objects are kept whole.
    pub fn keep_from(&self, offset: u64) {
        let mut tail = lock(&self.0.tail);
        let start = self.len() - tail.len() as u64;
        if let Ok(cut) = usize::try_from(offset.saturating_sub(start))
            && start > 0
            && cut > 0
            && cut <= tail.len()
        {
            *tail = Bytes::copy_from_slice(&tail[cut..]);
        }
    }

    pub(super) fn note_fault(&self, error: &Error) {
        lock(&self.0.fault).get_or_insert_with(|| error.clone());
    }

    /// Begins to fetch a range; a thread that waits for the slot gets it.
    pub(super) fn fetch(&self, range: Range<u64>) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        let (object, filled) = (self.clone(), Arc::clone(&slot));
        match client::runtime() {
            Ok(runtime) => drop(runtime.spawn(async move {
                filled.fill(object.fetched(range).await);
            })),
            Err(e) => slot.fill(Err(e)),
        }
        slot
    }

    /// The bytes of a range. A body that breaks off is asked for again.
    async fn fetched(&self, range: Range<u64>) -> Result<Bytes> {
        const TRIES: u32 = 5;
        let Ok(_permit) = PERMITS.acquire().await else {
            return Err(Error::new(ErrorKind::Internal, "no requests any more"));
        };
        let mut pause = Duration::from_millis(100);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.fetched_once(range.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err((error, is_broken)) if tries == TRIES || !is_broken => return Err(error),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    /// Likewise, asked once; of an error whether it is the connection's.
    async fn fetched_once(&self, range: Range<u64>) -> Result<Bytes, (Error, bool)> {
        let Inner {
            store, key, meta, ..
        } = &*self.0;
        let strong = meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: strong,
            ..GetOptions::default()
        };
        let explain = |e: &StoreError| fault::explain(ErrorKind::Input, e, &store.identity);
        let result = store.client.get_opts(key, options).await;
        let result = result.map_err(|e| (explain(&e), false))?;
        let is_same = result.meta.size == meta.size
            && result.meta.e_tag == meta.e_tag
            && (meta.e_tag.is_some() || result.meta.last_modified == meta.last_modified);
        if !is_same {
            return Err((fault::changed(ErrorKind::Input), false));
        }
        let bytes = result.bytes().await.map_err(|e| (explain(&e), true))?;
        match bytes.len() as u64 == range.end - range.start {
            true => Ok(bytes),
            false => Err((
                Error::input("the store sends fewer bytes than it says"),
                true,
            )),
        }
    }
}

/// Size, version and end of an object.
async fn open(path: PathBuf, store: Store, key: Key) -> Result<Object> {
    let explain = |e: &StoreError| fault::explain(ErrorKind::Input, e, &store.identity);
    let get = |range| {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        store.client.get_opts(&key, options)
    };
    let suffix = get(GetRange::Suffix(TAIL_BYTES)).await;
    // Azure takes no suffixes, and an empty object has none.
    let found = match suffix {
        Err(e) if asks_for_less(&e) => match store.client.head(&key).await {
            Err(e) => Err(e),
            Ok(meta) if meta.size == 0 => Ok((meta, Some(Bytes::new()))),
            Ok(meta) => {
                let start = meta.size.saturating_sub(TAIL_BYTES);
                tail_of(get(GetRange::Bounded(start..meta.size)).await).await
            }
        },
        other => tail_of(other).await,
    };
    let (meta, tail, whole) = match found {
        Ok((meta, Some(tail))) => (meta, tail, None),
        Ok((meta, None)) => (meta, Bytes::new(), None),
        Err(StoreError::NotSupported { .. }) => {
            let result = store.client.get_opts(&key, GetOptions::default()).await;
            let (meta, file) = whole_of(result.map_err(|e| explain(&e))?, &explain).await?;
            (meta, Bytes::new(), Some(file))
        }
        Err(e) => return Err(explain(&e)),
    };
    Ok(Object(Arc::new(Inner {
        path,
        key: key.clone(),
        meta,
        tail: Mutex::new(tail),
        head: Mutex::default(),
        whole,
        begun: Mutex::default(),
        fault: Mutex::default(),
        store: store.clone(),
    })))
}

/// Whether a store doesn't give the ends of objects, or this one has none.
fn asks_for_less(error: &StoreError) -> bool {
    let takes_no_suffix = matches!(error, StoreError::NotSupported { source } if source.to_string().contains("uffix"));
    takes_no_suffix || fault::status_of(error) == Some(416)
}

/// What an answer says of the object, and its end; no end if the connection broke.
async fn tail_of(
    answer: object_store::Result<GetResult>,
) -> object_store::Result<(ObjectMeta, Option<Bytes>)> {
    let answer = answer?;
    let (meta, range) = (answer.meta.clone(), answer.range.clone());
    let bytes = answer.bytes().await.ok();
    let wanted = range.end - range.start;
    let is_end = range.end == meta.size;
    let bytes = bytes.filter(|bytes| is_end && bytes.len() as u64 == wanted);
    Ok((meta, bytes))
}

/// All of an object in a temporary file without a name.
async fn whole_of(
    answer: GetResult,
    explain: &(dyn Fn(&StoreError) -> Error + Sync),
) -> Result<(ObjectMeta, File)> {
    let mut meta = answer.meta.clone();
    let unwritable = |e: std::io::Error| {
        let text = format!(
            "a server that sends no parts of files: its file can't be kept in a temporary one: {e}"
        );
        Error::new(ErrorKind::Output, text).hint("set TMPDIR to a folder with room for it")
    };
    let mut file = tempfile::tempfile().map_err(unwritable)?;
    let mut stream = answer.into_stream();
    let mut total = 0;
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|e| explain(&e))?;
        total += bytes.len() as u64;
        file.write_all(&bytes).map_err(unwritable)?;
    }
    if meta.size != 0 && total != meta.size {
        return Err(Error::input("the server sends fewer bytes than it says"));
    }
    meta.size = total;
    Ok((meta, file))
}

/// Objects that are open, or were just looked at.
struct Known {
    object: Weak<Inner>,
    /// Kept until it is opened for reading, or all is forgotten.
    kept: Option<Arc<Inner>>,
}

static KNOWN: Mutex<Option<HashMap<PathBuf, Known>>> = Mutex::new(None);

fn known(path: &Path) -> Option<Object> {
    let known = lock(&KNOWN);
    known.as_ref()?.get(path)?.object.upgrade().map(Object)
}

fn note(object: &Object, is_kept: bool) {
    let known = Known {
        object: Arc::downgrade(&object.0),
        kept: is_kept.then(|| Arc::clone(&object.0)),
    };
    let mut all = lock(&KNOWN);
    all.get_or_insert_default()
        .insert(object.0.path.clone(), known);
}

/// Opens objects, many at a time, so that opening one of them later need not wait. Errors are reported
/// then.
pub fn open_all(paths: &[PathBuf]) {
    let missing: Vec<_> = paths
        .iter()
        .filter(|path| super::is_address(path) && known(path).is_none())
        .filter_map(|path| {
            let (_, store, key) = client::of(path).ok()?;
            Some(open(path.clone(), store, key))
        })
        .collect();
    if missing.is_empty() {
        return;
    }
    let all = futures_util::stream::iter(missing).buffer_unordered(64);
    let noted = all.for_each(|object| {
        if let Ok(object) = object {
            note(&object, true);
        }
        std::future::ready(())
    });
    let _ = client::wait(async move {
        noted.await;
        Ok(())
    });
}

/// Forgets objects that weren't opened for reading, and listings: the next question asks the stores
/// again.
pub fn forget() {
    super::listing::forget();
    if let Some(all) = &mut *lock(&KNOWN) {
        for known in all.values_mut() {
            known.kept = None;
        }
        all.retain(|_, known| known.object.strong_count() > 0);
    }
}

/// The error of the requests for an object that is open, which a decoder may have taken for corrupt
/// bytes.
#[must_use]
pub fn request_fault(path: &Path) -> Option<Error> {
    let object = known(path)?;
    let fault = lock(&object.0.fault).clone();
    fault.map(|error| error.with("file", path.display()))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
