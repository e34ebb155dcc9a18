//! A client for each kind of store, with settings and credentials as the cloud's own tools find them.

use super::address::{Address, Kind};
use super::client::{Identity, Store};
use super::profile::Profile;
use super::settings;
use crate::error::{Error, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as S3Key};
use object_store::azure::{AzureConfigKey as AzureKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey as GoogleKey};
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A client for whatever answers an address.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if settings and credentials make no client.
pub(super) fn store(address: &Address) -> Result<Store> {
    match address.kind {
        Kind::S3 => s3(&address.authority),
        Kind::Google => google(&address.authority),
        Kind::Azure => azure(&address.authority),
        Kind::Web => web(&address.root),
    }
}

/// Busy stores and broken connections are asked again, for some seconds in all.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(8),
            base: 2.0,
        },
        max_retries: 6,
        retry_timeout: Duration::from_secs(120),
    }
}

fn client(allow_http: bool) -> ClientOptions {
    ClientOptions::new()
        .with_timeout(Duration::from_secs(300))
        .with_connect_timeout(Duration::from_secs(10))
        .with_allow_http(allow_http)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Settings that make no client; what the crate says of them may quote a value.
fn unusable(store: &str) -> impl Fn(object_store::Error) -> Error + use<> {
    let text = format!("the settings and credentials for {store} make no client");
    move |_| {
        Error::input(text.clone())
            .hint("look at the variables of its tools in the environment, and at the store options")
    }
}

/// Whether the machine is one of a cloud's, that hands credentials to what runs on it.
fn is_in_a_cloud() -> bool {
    /// The metadata server of every large cloud.
    const METADATA: ([u8; 4], u16) = ([169, 254, 169, 254], 80);
    const PATIENCE: Duration = Duration::from_millis(300);
    static ANSWER: OnceLock<bool> = OnceLock::new();
    let is_disabled = variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value == "true");
    !is_disabled
        && *ANSWER.get_or_init(|| {
            TcpStream::connect_timeout(&SocketAddr::from(METADATA), PATIENCE).is_ok()
        })
}

fn s3(bucket: &str) -> Result<Store> {
    let profile = Profile::load()?;
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry());
    let has_variables = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"]
        .iter()
        .chain(&[
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ])
        .any(|name| variable(name).is_some());
    let mut whose = has_variables.then(|| "the environment".to_owned());
    if whose.is_none() {
        profile.ensure_keys()?;
        if let (Some(id), Some(secret)) = (
            profile.get("aws_access_key_id"),
            profile.get("aws_secret_access_key"),
        ) {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
            if let Some(token) = profile.get("aws_session_token") {
                builder = builder.with_token(token);
            }
            whose = Some(format!("the AWS profile {}", profile.name));
        }
    }
    if builder.get_config_value(&S3Key::Region).is_none()
        && let Some(region) =
            variable("AWS_DEFAULT_REGION").or(profile.get("region").map(str::to_owned))
    {
        builder = builder.with_region(region);
    }
    let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
    if let Some(endpoint) = endpoint.or(profile.get("endpoint_url").map(str::to_owned)) {
        builder = builder.with_endpoint(endpoint);
    }
    let options = settings::options();
    let keys = options.iter().filter_map(|(key, value)| {
        let key: S3Key = key.to_ascii_lowercase().parse().ok()?;
        Some((key, value))
    });
    let keys: Vec<(S3Key, &String)> = keys.collect();
    for (key, value) in &keys {
        if *key == S3Key::AccessKeyId {
            whose = Some("the store options".into());
        }
        if *key == S3Key::Endpoint {
            builder = builder.with_endpoint((*value).clone());
        }
    }
    let is_plain = |text: String| text.starts_with("http://");
    let endpoint = builder.get_config_value(&S3Key::Endpoint);
    builder = builder.with_client_options(client(endpoint.is_some_and(is_plain)));
    for (key, value) in keys {
        builder = builder.with_config(key, value);
    }
    let is_unsigned = builder
        .get_config_value(&S3Key::SkipSignature)
        .is_some_and(|v| v == "true");
    if whose.is_none() && !is_unsigned && is_in_a_cloud() {
        whose = Some("the machine's role".into());
    }
    builder = builder.with_skip_signature(is_unsigned || whose.is_none());
    let client = builder.build().map_err(unusable("S3"))?;
    Ok(Store {
        client: Arc::new(client),
        identity: identity(whose.filter(|_| !is_unsigned)),
    })
}

fn identity(whose: Option<String>) -> Identity {
    whose.map_or(Identity::Anonymous, Identity::From)
}

fn google(bucket: &str) -> Result<Store> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry());
    let emulator = variable("STORAGE_EMULATOR_HOST");
    let options = settings::options();
    let base = options.iter().find(|(key, _)| key.ends_with("base_url"));
    let base = base
        .map(|(_, value)| value.clone())
        .or_else(|| emulator.clone());
    let is_plain = base
        .as_deref()
        .is_some_and(|base| base.starts_with("http://"));
    builder = builder.with_client_options(client(is_plain));
    if let Some(emulator) = &emulator {
        builder = builder.with_base_url(emulator);
    }
    for (key, value) in &options {
        if let Ok(key) = key.to_ascii_lowercase().parse::<GoogleKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let own = [
        GoogleKey::ServiceAccount,
        GoogleKey::ServiceAccountKey,
        GoogleKey::ApplicationCredentials,
    ];
    let has_own = own
        .iter()
        .any(|key| builder.get_config_value(key).is_some());
    let defaults = variable("HOME").map(|home| {
        std::path::Path::new(&home).join(".config/gcloud/application_default_credentials.json")
    });
    let is_unsigned = builder
        .get_config_value(&GoogleKey::SkipSignature)
        .is_some_and(|v| v == "true");
    let whose = match () {
        () if is_unsigned || emulator.is_some() => None,
        () if has_own => Some("a service account"),
        () if defaults.is_some_and(|path| path.is_file()) => Some("gcloud's default credentials"),
        () if is_in_a_cloud() => Some("the machine's account"),
        () => None,
    };
    builder = builder.with_skip_signature(whose.is_none());
    let client = builder.build().map_err(unusable("Google Cloud Storage"))?;
    Ok(Store {
        client: Arc::new(client),
        identity: identity(whose.map(str::to_owned)),
    })
}

/// `container@account.dfs.core.windows.net`, or the container alone.
fn azure(authority: &str) -> Result<Store> {
    let (container, host) = match authority.split_once('@') {
        Some((container, host)) => (container, Some(host)),
        None => (authority, None),
    };
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_retry(retry());
    if let Some(account) = host.and_then(|host| host.split('.').next()) {
        builder = builder.with_account(account);
    }
    let options = settings::options();
    let connection = variable("AZURE_STORAGE_CONNECTION_STRING").unwrap_or_default();
    let parts = connection
        .split(';')
        .filter_map(|part| part.split_once('='));
    let named = parts.filter_map(|(name, value)| {
        let key = match name.trim() {
            "AccountName" => AzureKey::AccountName,
            "AccountKey" => AzureKey::AccessKey,
            "SharedAccessSignature" => AzureKey::SasKey,
            "BlobEndpoint" => AzureKey::Endpoint,
            _ => return None,
        };
        Some((key, value.to_owned()))
    });
    let set = options.iter().filter_map(|(key, value)| {
        Some((
            key.to_ascii_lowercase().parse::<AzureKey>().ok()?,
            value.clone(),
        ))
    });
    let keys: Vec<(AzureKey, String)> = named.chain(set).collect();
    let is_plain = |(key, value): &(AzureKey, String)| match key {
        AzureKey::Endpoint => value.starts_with("http://"),
        AzureKey::UseEmulator => value == "true",
        _ => false,
    };
    let emulated = variable("AZURE_STORAGE_USE_EMULATOR").is_some_and(|value| value == "true");
    builder = builder.with_client_options(client(emulated || keys.iter().any(is_plain)));
    for (key, value) in keys {
        builder = builder.with_config(key, value);
    }
    let get = |key| builder.get_config_value(&key);
    let is_unsigned = get(AzureKey::SkipSignature).is_some_and(|value| value == "true");
    let own = [
        AzureKey::AccessKey,
        AzureKey::SasKey,
        AzureKey::Token,
        AzureKey::ClientSecret,
        AzureKey::FederatedTokenFile,
        AzureKey::MsiEndpoint,
    ];
    let has_own = own.into_iter().any(|key| get(key).is_some())
        || get(AzureKey::UseEmulator).is_some_and(|value| value == "true")
        || get(AzureKey::UseAzureCli).is_some_and(|value| value == "true");
    let whose = match () {
        () if is_unsigned => None,
        () if has_own => Some("the environment or the store options"),
        () if is_in_a_cloud() => Some("the machine's identity"),
        () => None,
    };
    builder = builder.with_skip_signature(whose.is_none());
    let client = builder.build().map_err(|e| {
        unusable("Azure")(e).hint("an address az://container/… needs the account's name: set AZURE_STORAGE_ACCOUNT_NAME, or write abfss://container@account.dfs.core.windows.net/…")
    })?;
    Ok(Store {
        client: Arc::new(client),
        identity: identity(whose.map(str::to_owned)),
    })
}

fn web(root: &str) -> Result<Store> {
    let mut builder = HttpBuilder::new()
        .with_url(root)
        .with_retry(retry())
        .with_client_options(client(root.starts_with("http://")));
    for (key, value) in settings::options() {
        if let Ok(key) = key.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    let client = builder.build().map_err(unusable("the web"))?;
    Ok(Store {
        client: Arc::new(client),
        identity: Identity::Anonymous,
    })
}
