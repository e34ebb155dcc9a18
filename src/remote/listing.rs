//! What lies below an address, each listing asked for once.

use super::Child;
use super::address::Address;
use super::client;
use super::fault;
use super::object::lock;
use crate::error::{ErrorKind, Result};
use futures_util::TryStreamExt;
use object_store::ObjectMeta;
use object_store::path::Path as Key;
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
pub fn list(folder: &Path) -> Result<Arc<Vec<Child>>> {
    let folder = plain(folder);
    if let Some(known) = with_all(|all| all.below.get(&folder).map(Arc::clone)) {
        return Ok(known);
    }
    let found = asked(&folder, true)?;
    with_all(|all| all.below.insert(folder, Arc::clone(&found)));
    Ok(found)
}

/// What lies in a folder, without what lies in its folders, by name.
///
/// # Errors
/// Those of [`list`].
pub fn children(folder: &Path) -> Result<Arc<Vec<Child>>> {
    let folder = plain(folder);
    let known = with_all(|all| {
        let above = || folder.ancestors().find_map(|above| all.below.get(above));
        let told = || Some(Arc::new(within(&folder, above()?)));
        all.within.get(&folder).map(Arc::clone).or_else(told)
    });
    let found = match known {
        Some(known) => known,
        None => asked(&folder, false)?,
    };
    with_all(|all| all.within.insert(folder, Arc::clone(&found)));
    Ok(found)
}

fn with_all<T>(use_them: impl FnOnce(&mut Listings) -> T) -> T {
    use_them(lock(&LISTINGS).get_or_insert_default())
}

/// What a store says of a folder, by name: all objects below it, or what lies just in it.
fn asked(folder: &Path, is_deep: bool) -> Result<Arc<Vec<Child>>> {
    let (address, store, key) = client::of(folder)?;
    let found = client::wait(async move {
        let prefix = Some(&key).filter(|key| !key.as_ref().is_empty());
        let found = match is_deep {
            true => store
                .client
                .list(prefix)
                .try_collect()
                .await
                .map(|all| (all, Vec::new())),
            false => {
                let found = store.client.list_with_delimiter(prefix).await;
                found.map(|found| (found.objects, found.common_prefixes))
            }
        };
        let explain = |e| fault::explain(ErrorKind::Input, &e, &store.identity);
        let (objects, folders): (Vec<ObjectMeta>, Vec<Key>) = found.map_err(explain)?;
        let objects = objects.iter().map(|meta| child(&address, meta));
        let folders = folders
            .iter()
            .map(|key| folder_at(address.path_of(key.as_ref())));
        Ok(objects.chain(folders).collect())
    });
    let mut found: Vec<Child> = found.map_err(|e| e.with("file", folder.display()))?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Arc::new(found))
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
                    found.push(folder_at(path));
                }
            }
            _ => {}
        }
    }
    found
}

fn folder_at(path: PathBuf) -> Child {
    Child {
        path,
        is_folder: true,
        bytes: 0,
        modified: None,
    }
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
