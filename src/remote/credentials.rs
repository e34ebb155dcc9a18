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
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::str::FromStr;
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

fn done(client: impl ObjectStore, whose: Option<String>) -> Store {
    Store {
        client: Arc::new(client),
        identity: whose.map_or(Identity::Anonymous, Identity::From),
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

/// Unencrypted connections are made only to an endpoint that was named as unencrypted.
fn client(endpoint: Option<&str>) -> ClientOptions {
    ClientOptions::new()
        .with_timeout(Duration::from_secs(300))
        .with_connect_timeout(Duration::from_secs(10))
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_true(value: Option<String>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The store options that a store knows.
fn options<K: FromStr>() -> Vec<(K, String)> {
    let options = settings::options().into_iter();
    let known = options.filter_map(|(key, value)| Some((key.to_lowercase().parse().ok()?, value)));
    known.collect()
}

fn find<K: PartialEq>(options: &[(K, String)], wanted: &K) -> Option<String> {
    let found = options.iter().rev().find(|(key, _)| key == wanted);
    found.map(|(_, value)| value.clone())
}

/// Settings that make no client; what the crate says of them may quote a value.
fn unusable(store: &str) -> Error {
    Error::input(format!(
        "the settings and credentials for {store} make no client"
    ))
    .hint("look at the variables of its tools in the environment, and at the store options")
}

/// Whether the machine is one of a cloud's, that hands credentials to what runs on it.
fn is_in_a_cloud() -> bool {
    /// The metadata server of every large cloud.
    const METADATA: ([u8; 4], u16) = ([169, 254, 169, 254], 80);
    const PATIENCE: Duration = Duration::from_millis(300);
    static ANSWER: OnceLock<bool> = OnceLock::new();
    let answers = || TcpStream::connect_timeout(&SocketAddr::from(METADATA), PATIENCE).is_ok();
    !is_true(variable("AWS_EC2_METADATA_DISABLED")) && *ANSWER.get_or_init(answers)
}

fn s3(bucket: &str) -> Result<Store> {
    let options = options::<S3Key>();
    let profile = Profile::load()?;
    let (mut builder, whose) = s3_credentials(&options, &profile)?;
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    if let Some(region) = region.or_else(|| profile.get("region").map(str::to_owned)) {
        builder = builder.with_region(region);
    }
    let endpoint = find(&options, &S3Key::Endpoint)
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .or_else(|| profile.get("endpoint_url").map(str::to_owned));
    builder = builder
        .with_bucket_name(bucket)
        .with_retry(retry())
        .with_client_options(client(endpoint.as_deref()));
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    for (key, value) in options {
        builder = builder.with_config(key, value);
    }
    let is_unsigned = is_true(builder.get_config_value(&S3Key::SkipSignature));
    let role = || is_in_a_cloud().then(|| "the machine's role".to_owned());
    let whose = match is_unsigned {
        true => None,
        false => whose.or_else(role),
    };
    builder = builder.with_skip_signature(whose.is_none());
    let client = builder.build().map_err(|_| unusable("S3"))?;
    Ok(done(client, whose))
}

/// Whose credentials are taken: those of the options, of the environment, or of a profile.
fn s3_credentials(
    options: &[(S3Key, String)],
    profile: &Profile,
) -> Result<(AmazonS3Builder, Option<String>)> {
    const VARIABLES: [&str; 4] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    let builder = AmazonS3Builder::from_env();
    if find(options, &S3Key::AccessKeyId).is_some() {
        return Ok((builder, Some("the store options".into())));
    }
    if VARIABLES.iter().any(|name| variable(name).is_some()) {
        return Ok((builder, Some("the environment".into())));
    }
    let is_unsigned = find(options, &S3Key::SkipSignature);
    if is_true(is_unsigned.or_else(|| variable("AWS_SKIP_SIGNATURE"))) {
        return Ok((builder, None));
    }
    profile.ensure_keys()?;
    let keys = profile.get("aws_access_key_id");
    let Some((id, secret)) = keys.zip(profile.get("aws_secret_access_key")) else {
        return Ok((builder, None));
    };
    let mut builder = builder
        .with_access_key_id(id)
        .with_secret_access_key(secret);
    if let Some(token) = profile.get("aws_session_token") {
        builder = builder.with_token(token);
    }
    Ok((builder, Some(format!("the AWS profile {}", profile.name))))
}

fn google(bucket: &str) -> Result<Store> {
    let options = options::<GoogleKey>();
    let emulator = variable("STORAGE_EMULATOR_HOST");
    let base = find(&options, &GoogleKey::BaseUrl).or_else(|| emulator.clone());
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retry())
        .with_client_options(client(base.as_deref()));
    if let Some(emulator) = &emulator {
        builder = builder.with_base_url(emulator);
    }
    for (key, value) in options {
        builder = builder.with_config(key, value);
    }
    let own = [
        GoogleKey::ServiceAccount,
        GoogleKey::ServiceAccountKey,
        GoogleKey::ApplicationCredentials,
    ];
    let has_own = own
        .iter()
        .any(|key| builder.get_config_value(key).is_some());
    let defaults = ".config/gcloud/application_default_credentials.json";
    let defaults = variable("HOME").map(|home| Path::new(&home).join(defaults));
    let is_unsigned = is_true(builder.get_config_value(&GoogleKey::SkipSignature));
    let whose = match () {
        () if is_unsigned || emulator.is_some() => None,
        () if has_own => Some("a service account"),
        () if defaults.is_some_and(|path| path.is_file()) => Some("gcloud's default credentials"),
        () if is_in_a_cloud() => Some("the machine's account"),
        () => None,
    };
    builder = builder.with_skip_signature(whose.is_none());
    let client = builder
        .build()
        .map_err(|_| unusable("Google Cloud Storage"))?;
    Ok(done(client, whose.map(str::to_owned)))
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
    let connection = variable("AZURE_STORAGE_CONNECTION_STRING").unwrap_or_default();
    let keys = [azure_connection(&connection), options::<AzureKey>()].concat();
    let is_emulated = find(&keys, &AzureKey::UseEmulator);
    let is_emulated = is_true(is_emulated.or_else(|| variable("AZURE_STORAGE_USE_EMULATOR")));
    let endpoint = find(&keys, &AzureKey::Endpoint).or_else(|| variable("AZURE_STORAGE_ENDPOINT"));
    let endpoint = endpoint.or_else(|| is_emulated.then(|| "http://".to_owned()));
    builder = builder.with_client_options(client(endpoint.as_deref()));
    for (key, value) in keys {
        builder = builder.with_config(key, value);
    }
    let own = [
        AzureKey::AccessKey,
        AzureKey::SasKey,
        AzureKey::Token,
        AzureKey::ClientSecret,
        AzureKey::FederatedTokenFile,
        AzureKey::MsiEndpoint,
        AzureKey::UseAzureCli,
    ];
    let has_own = own.iter().any(|key| {
        let value = builder.get_config_value(key);
        value.is_some_and(|value| value != "false")
    });
    let whose = match () {
        () if is_true(builder.get_config_value(&AzureKey::SkipSignature)) => None,
        () if has_own || is_emulated => Some("the environment or the store options"),
        () if is_in_a_cloud() => Some("the machine's identity"),
        () => None,
    };
    builder = builder.with_skip_signature(whose.is_none());
    let unusable = |_| {
        unusable("Azure").hint(
            "an address az://container/… needs the account's name: set AZURE_STORAGE_ACCOUNT_NAME, \
             or write abfss://container@account.dfs.core.windows.net/…",
        )
    };
    Ok(done(
        builder.build().map_err(unusable)?,
        whose.map(str::to_owned),
    ))
}

/// The parts of a connection string, as Azure's tools take it.
fn azure_connection(text: &str) -> Vec<(AzureKey, String)> {
    let parts = text.split(';').filter_map(|part| part.split_once('='));
    let known = parts.filter_map(|(name, value)| {
        let key = match name.trim() {
            "AccountName" => AzureKey::AccountName,
            "AccountKey" => AzureKey::AccessKey,
            "SharedAccessSignature" => AzureKey::SasKey,
            "BlobEndpoint" => AzureKey::Endpoint,
            _ => return None,
        };
        Some((key, value.to_owned()))
    });
    known.collect()
}

fn web(root: &str) -> Result<Store> {
    let mut builder = HttpBuilder::new()
        .with_url(root)
        .with_retry(retry())
        .with_client_options(client(Some(root)));
    for (key, value) in options() {
        builder = builder.with_config(key, value);
    }
    let client = builder.build().map_err(|_| unusable("the web"))?;
    Ok(done(client, None))
}
