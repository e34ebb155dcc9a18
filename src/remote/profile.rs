//! The shared files of Amazon's tools: credentials, region and endpoint of a profile.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the files say of one profile.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    values: BTreeMap<String, String>,
}

impl Profile {
    /// The profile that `AWS_PROFILE` names, or the one called `default`; empty if there is none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a named profile that isn't there.
    pub(super) fn load() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let file = |setting: &str, name: &str| {
            let own = variable(setting).map(PathBuf::from);
            own.or_else(|| Some(Path::new(home.as_deref()?).join(".aws").join(name)))
        };
        let text = |path: Option<PathBuf>| {
            path.and_then(|path| std::fs::read_to_string(path).ok())
                .unwrap_or_default()
        };
        let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        Self::of(
            named.as_deref(),
            &text(file("AWS_SHARED_CREDENTIALS_FILE", "credentials")),
            &text(file("AWS_CONFIG_FILE", "config")),
        )
    }

    fn of(named: Option<&str>, credentials: &str, config: &str) -> Result<Self> {
        let name = named.unwrap_or("default");
        let mut values = section(config, &format!("profile {name}"));
        let is_default = name == "default";
        values.extend(section(config, name).into_iter().filter(|_| is_default));
        values.extend(section(credentials, name));
        if values.is_empty() && named.is_some() {
            let text = format!("no profile {name} in the shared files of AWS");
            return Err(
                Error::input(text).hint("AWS_PROFILE names it: see `aws configure list-profiles`")
            );
        }
        Ok(Self {
            name: name.to_owned(),
            values,
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Sees to it that a profile that logs in by other means isn't taken for one without credentials.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] with the way out.
    pub(super) fn ensure_keys(&self) -> Result<()> {
        const MEANS: [&str; 5] = [
            "sso_session",
            "sso_start_url",
            "credential_process",
            "role_arn",
            "login_session",
        ];
        let by_other_means = MEANS.iter().find(|key| self.get(key).is_some());
        match by_other_means {
            Some(means) if self.get("aws_access_key_id").is_none() => Err(Error::input(format!(
                "the AWS profile {} takes its credentials from {means}, which isn't read here",
                self.name
            ))
            .hint(format!(
                "let Amazon's own tool write them into the environment: eval \"$(aws configure export-credentials --profile {} --format env)\"",
                self.name
            ))),
            _ => Ok(()),
        }
    }
}

/// The values of a section; a line that is indented belongs to the value above it.
fn section(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut is_in = false;
    for line in text.lines() {
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default();
            let words: Vec<&str> = head.split_whitespace().collect();
            is_in = words.join(" ").replace('"', "") == name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_in) {
            values.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = eu-west-1\ns3 =\n  max_bandwidth = 1\n# x\n[profile lab]\nregion=us-west-2\nendpoint_url = http://h:9000\n[profile sso]\nsso_session = x\n";

    #[test]
    fn a_profile_is_read_from_both_files() {
        let credentials = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n[lab]\naws_access_key_id=C\n";
        let profile = Profile::of(None, credentials, CONFIG).expect("there");
        let found = ["region", "aws_access_key_id", "max_bandwidth"].map(|key| profile.get(key));
        assert_eq!(found, [Some("eu-west-1"), Some("A"), None]);
        let lab = Profile::of(Some("lab"), credentials, CONFIG).expect("there");
        let found = ["region", "aws_access_key_id", "endpoint_url"].map(|key| lab.get(key));
        assert_eq!(found, [Some("us-west-2"), Some("C"), Some("http://h:9000")]);
    }

    #[test]
    fn what_logs_in_otherwise_or_is_not_there_is_said() {
        let sso = Profile::of(Some("sso"), "", CONFIG).expect("there");
        let error = sso.ensure_keys().expect_err("no keys").to_string();
        assert!(
            error.contains("sso_session") && error.contains("export-credentials"),
            "{error}"
        );
        assert!(Profile::of(Some("gone"), "", CONFIG).is_err());
        assert!(
            Profile::of(None, "", "")
                .expect("none")
                .ensure_keys()
                .is_ok()
        );
    }
}
