//! What is set for all stores of this process.

use crate::error::{Error, Result};
use std::sync::{Mutex, PoisonError};

static OPTIONS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Sets options of object stores for the whole process, in place of those that were set before, such as
/// `("region", "eu-west-1")`, `("endpoint", "http://127.0.0.1:9000")` or `("skip_signature", "true")`. Keys are
/// those of the crate `object_store`; each goes to the stores that know it. What isn't set is found as the
/// clouds' own tools find it (environment, shared files, instance roles).
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for a key that no store knows, or if this build reads no object stores.
pub fn set_store_options(options: &[(String, String)]) -> Result<()> {
    for (key, _) in options {
        if !is_known(key)? {
            return Err(Error::usage(format!("no store has an option {key}")).hint(
                "such as region, endpoint, access_key_id, skip_signature, account_name, timeout",
            ));
        }
    }
    *OPTIONS.lock().unwrap_or_else(PoisonError::into_inner) = options.to_vec();
    #[cfg(feature = "cloud")]
    super::client::forget_stores();
    Ok(())
}

#[cfg(feature = "cloud")]
pub(super) fn options() -> Vec<(String, String)> {
    let options = OPTIONS.lock();
    options.unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(feature = "cloud")]
#[expect(clippy::unnecessary_wraps, reason = "without stores it is an error")]
fn is_known(key: &str) -> Result<bool> {
    use object_store::aws::AmazonS3ConfigKey;
    use object_store::azure::AzureConfigKey;
    use object_store::gcp::GoogleConfigKey;
    let key = key.to_ascii_lowercase();
    Ok(key.parse::<AmazonS3ConfigKey>().is_ok()
        || key.parse::<GoogleConfigKey>().is_ok()
        || key.parse::<AzureConfigKey>().is_ok())
}

#[cfg(not(feature = "cloud"))]
fn is_known(_: &str) -> Result<bool> {
    Err(super::absent::unavailable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_no_store_knows_are_refused() {
        let error = set_store_options(&[("colour".into(), "secret".into())]).expect_err("unknown");
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
