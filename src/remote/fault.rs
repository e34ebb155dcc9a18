//! What went wrong with a request, in a sentence with the way out.
//!
//! Errors of clients quote addresses with signatures, and servers' answers quote keys: only what is known
//! here is said, never the texts themselves.

use super::client::Identity;
use crate::error::{Error, ErrorKind};
use object_store::Error as StoreError;
use std::error::Error as _;

/// An error of a request. `kind` is [`ErrorKind::Input`] of one that reads, [`ErrorKind::Output`] of one that
/// writes.
pub(super) fn explain(kind: ErrorKind, error: &StoreError, identity: &Identity) -> Error {
    let all = chain(error);
    let code = between(&all, "<Code>", "</Code>").unwrap_or_default();
    let status = status(&all);
    let fault = |text: &str| Error::new(kind, text);
    match (code, error) {
        ("ExpiredToken" | "TokenRefreshRequired" | "ExpiredTokenException", _) => {
            fault("the session's token has expired").hint("log in again, then run the same command")
        }
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "AuthenticationFailed",
            _,
        ) => refused(kind, identity, "the store doesn't accept the credentials"),
        ("NoSuchBucket" | "ContainerNotFound", _) => fault("no such bucket or container"),
        (
            "AuthorizationHeaderMalformed"
            | "PermanentRedirect"
            | "IllegalLocationConstraintException",
            _,
        ) => other_region(kind, &all),
        ("SlowDown" | "RequestTimeTooSkewed", _) if code == "RequestTimeTooSkewed" => {
            fault("the store refuses requests of this machine, whose clock is wrong")
        }
        (_, StoreError::NotFound { .. }) => fault("no such object"),
        (_, StoreError::PermissionDenied { .. }) => {
            refused(kind, identity, "access is denied (403)")
        }
        (_, StoreError::Unauthenticated { .. }) => {
            refused(kind, identity, "access is denied (401)")
        }
        (_, StoreError::Precondition { .. } | StoreError::NotModified { .. }) => changed(kind),
        _ if all.contains("incorrectly configured region") || status == Some(301) => {
            other_region(kind, &all)
        }
        _ => match status {
            Some(status @ (429 | 500..=599)) => fault(&format!(
                "the store is busy or broken: it answered {status} each time it was asked"
            ))
            .hint("run again later"),
            Some(403) => refused(kind, identity, "access is denied (403)"),
            Some(status) => fault(&format!("the store answered with status {status}")),
            None => unreachable_store(kind, &all),
        },
    }
}

/// An object that isn't any more what it was.
pub(super) fn changed(kind: ErrorKind) -> Error {
    Error::new(kind, "changed while being read").hint("run again when its writer is done")
}

fn refused(kind: ErrorKind, identity: &Identity, what: &str) -> Error {
    match identity {
        Identity::Anonymous => Error::new(kind, format!("{what}, and no credentials were found"))
            .hint("give some as the cloud's own tools take them: by a profile, the environment or a role"),
        Identity::From(whose) => Error::new(kind, format!("{what} to the credentials of {whose}"))
            .hint("an object that is public is read without credentials by the store option skip_signature=true"),
    }
}

fn other_region(kind: ErrorKind, all: &str) -> Error {
    let error = Error::new(kind, "the bucket lies in another region");
    match between(all, "<Region>", "</Region>").filter(|region| is_plain(region)) {
        Some(region) => error.hint(format!("set AWS_REGION={region}")),
        None => error.hint("set AWS_REGION to the bucket's region"),
    }
}

/// What keeps a request from being answered at all.
fn unreachable_store(kind: ErrorKind, all: &str) -> Error {
    let lower = all.to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (what, hint) = match () {
        () if is(&["dns error", "failed to lookup", "name or service not known"]) => (
            "its host isn't known (DNS)",
            "look at the spelling of the address, and at the network",
        ),
        () if is(&["certificate", "tls", "handshake"]) => (
            "its host can't prove who it is (TLS)",
            "look at the address, at the machine's clock and at its certificates",
        ),
        () if is(&["connection refused"]) => (
            "its host refuses connections",
            "look at host and port of the address or the endpoint",
        ),
        () if is(&["timed out", "timeout"]) => (
            "its host doesn't answer in time",
            "look at the network, or allow more with the store option timeout=10m",
        ),
        () if is(&[
            "http feature",
            "allow_http",
            "url scheme is not allowed",
            "builder error",
        ]) =>
        {
            (
                "its endpoint isn't encrypted",
                "name it with https://, or allow it with the store option allow_http=true",
            )
        }
        () if is(&["credential", "token", "metadata"]) => (
            "no credentials can be had for it",
            "log in again as the cloud's own tools want it",
        ),
        () => (
            "the connection broke, also when it was tried again",
            "run again; if it stays so, look at the network between here and the store",
        ),
    };
    Error::new(kind, what).hint(hint)
}

/// The texts of an error and of what caused it.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text.push('\n');
        text += &next.to_string();
        source = next.source();
    }
    text
}

/// The status of the answer that an error is about, if there was one.
pub(super) fn status_of(error: &StoreError) -> Option<u16> {
    status(&chain(error))
}

fn status(all: &str) -> Option<u16> {
    let (_, rest) = all.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?
        .1
        .split_once(close)
        .map(|(inner, _)| inner)
}

/// Whether a text looks like the name of a region. It comes from the server that answered, and is not trusted.
fn is_plain(region: &str) -> bool {
    (1..40).contains(&region.len())
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let source = text.to_owned().into();
        let error = StoreError::Generic {
            store: "S3",
            source,
        };
        explain(ErrorKind::Input, &error, &Identity::Anonymous).to_string()
    }

    #[test]
    fn every_kind_of_answer_is_a_sentence_with_a_way_out() {
        for (answer, words) in [
            (
                "Server returned non-2xx status code: 400 Bad Request: <Error><Code>ExpiredToken</Code>",
                "expired",
            ),
            (
                "status code: 400 Bad Request: <Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>",
                "AWS_REGION=eu-west-1",
            ),
            ("status code: 503 Service Unavailable", "503 each time"),
            ("client error\ndns error: failed to lookup address", "(DNS)"),
            ("invalid peer certificate: UnknownIssuer", "(TLS)"),
            (
                "tcp connect error\nConnection refused (os error 111)",
                "refuses connections",
            ),
            (
                "error decoding response body\nend of file before message length reached",
                "connection broke",
            ),
        ] {
            let error = of(answer);
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_a_server_says_is_not_repeated() {
        let error = of(
            "GET https://b/k?X-Amz-Signature=secret status code: 418 I'm: <Code>Odd</Code> secret",
        );
        assert!(
            error.contains("418") && !error.contains("secret"),
            "{error}"
        );
        let error =
            of("status code: 301: <Region>\u{1b}[31m</Region><Code>PermanentRedirect</Code>");
        assert!(
            error.contains("another region") && !error.contains('\u{1b}'),
            "{error}"
        );
    }
}
