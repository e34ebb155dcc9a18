//! What lies below an address, each listing asked for once.

use super::Child;
use super::address::Address;
use super::client;
use super::fault;
use super::object::lock;
use crate::error::{ErrorKind, Result};
use futures_util::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Listings of everything below an address, and of what lies just in one.
#[derive(Default)]
struct Listings {
    below: BTreeMap<PathBuf, Arc<Vec<Child>>>,
    within: BTreeMap<PathBuf, Arc<Vec<Child>>>,
}

static LISTINGS: Mutex<Option<Listings>> = Mutex::new(None);

pub(super) fn forget() {
    *lock(&LISTINGS) = None;
}

/// An address without slashes at its end.
fn plain(folder: &Path) -> PathBuf {
    let text = folder.to_string_lossy();
    PathBuf::from(text.trim_end_matches('/'))
}

/// All objects below an address, by name.
///
/// # Errors
/// [`ErrorKind::Input`] with the address if the store doesn't list them.
pub fn list(folder: &Path) -> Result<Vec<Child>> {
    let folder = plain(folder);
    if let Some(known) = lock(&LISTINGS)
        .as_ref()
        .and_then(|all| all.below.get(&folder))
    {
        return Ok(known.to_vec());
    }
    let located = |e: crate::Error| e.with("file", folder.display());
    let address = Address::parse(&folder).map_err(located)?;
    let (store, key) = client::place(&address).map_err(located)?;
    let found = client::wait(async move {
        let prefix = Some(&key).filter(|key| !key.as_ref().is_empty());
        let all: object_store::Result<Vec<ObjectMeta>> =
            store.client.list(prefix).try_collect().await;
        let explain = |e| fault::explain(ErrorKind::Input, &e, &store.identity);
        let all = all.map_err(explain)?;
        Ok(all
            .iter()
            .map(|meta| child(&address, meta))
            .collect::<Vec<_>>())
    });
    let mut found: Vec<Child> = found.map_err(located)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let found = Arc::new(found);
    let mut listings = lock(&LISTINGS);
    let all = listings.get_or_insert_default();
    all.below.insert(folder, Arc::clone(&found));
    Ok(found.to_vec())
}

/// What lies in a folder, without what lies in its folders.
///
/// # Errors
/// Those of [`list`].
pub fn children(folder: &Path) -> Result<Vec<Child>> {
    let folder = plain(folder);
    if let Some(all) = &*lock(&LISTINGS) {
        if let Some(known) = all.within.get(&folder) {
            return Ok(known.to_vec());
        }
        let above = folder.ancestors().find_map(|above| all.below.get(above));
        if let Some(above) = above {
            return Ok(within(&folder, above));
        }
    }
    let located = |e: crate::Error| e.with("file", folder.display());
    let address = Address::parse(&folder).map_err(located)?;
    let (store, key) = client::place(&address).map_err(located)?;
    let found = client::wait(async move {
        let prefix = Some(&key).filter(|key| !key.as_ref().is_empty());
        let found = store.client.list_with_delimiter(prefix).await;
        let explain = |e| fault::explain(ErrorKind::Input, &e, &store.identity);
        let found = found.map_err(explain)?;
        let folders = found.common_prefixes.iter().map(|key| Child {
            path: address.path_of(key.as_ref()),
            is_folder: true,
            bytes: 0,
            modified: None,
        });
        let objects = found.objects.iter().map(|meta| child(&address, meta));
        Ok(folders.chain(objects).collect::<Vec<_>>())
    });
    let found = Arc::new(found.map_err(located)?);
    let mut listings = lock(&LISTINGS);
    let all = listings.get_or_insert_default();
    all.within.insert(folder, Arc::clone(&found));
    Ok(found.to_vec())
}

/// What of a listing lies just in a folder.
fn within(folder: &Path, all: &[Child]) -> Vec<Child> {
    let first = all.partition_point(|child| child.path.as_path() < folder);
    let mut folders = BTreeSet::new();
    let mut found = Vec::new();
    for child in &all[first..] {
        let Ok(below) = child.path.strip_prefix(folder) else {
            break;
        };
        let mut parts = below.components();
        match (parts.next(), parts.next()) {
            (Some(_), None) => found.push(child.clone()),
            (Some(name), Some(_)) => {
                let path = folder.join(name);
                if folders.insert(path.clone()) {
                    found.push(Child {
                        path,
                        is_folder: true,
                        bytes: 0,
                        modified: None,
                    });
                }
            }
            _ => {}
        }
    }
    found
}

fn child(address: &Address, meta: &ObjectMeta) -> Child {
    Child {
        path: address.path_of(meta.location.as_ref()),
        is_folder: false,
        bytes: meta.size,
        modified: Some(meta.last_modified.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_of_all_tells_what_lies_in_each_folder() {
        let object = |path: &str| Child {
            path: PathBuf::from(path),
            is_folder: false,
            bytes: 1,
            modified: None,
        };
        let mut all: Vec<Child> = [
            "s3://b/t/a",
            "s3://b/t/x/1",
            "s3://b/t/x/2",
            "s3://b/t/x.y",
            "s3://b/u",
        ]
        .map(object)
        .to_vec();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        let names = |folder: &str| {
            let found = within(Path::new(folder), &all).into_iter();
            found
                .map(|child| (child.path.display().to_string(), child.is_folder))
                .collect::<BTreeSet<_>>()
        };
        let expected = [
            ("s3://b/t/a", false),
            ("s3://b/t/x", true),
            ("s3://b/t/x.y", false),
        ];
        assert_eq!(
            names("s3://b/t"),
            expected.map(|(name, is)| (name.to_owned(), is)).into()
        );
        assert_eq!(names("s3://b/t/x").len(), 2);
    }
}
