//! Digests of IDs, as platforms make them: to see whether one side holds the digests of the other's IDs.

use super::form;
use super::profile::Shape;
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// A cryptographic hash function that IDs are exchanged under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestKind {
    /// MD5, 16 bytes.
    Md5,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
}

impl DigestKind {
    /// The function whose digests look like an ID of this form; `None` for what isn't a digest.
    #[must_use]
    pub const fn of(shape: Shape, length: usize) -> Option<Self> {
        match shape {
            Shape::Hex16 | Shape::Base64Of16 => Some(Self::Md5),
            Shape::Hex20 | Shape::Base64Of20 => Some(Self::Sha1),
            Shape::Hex32 | Shape::Base64Of32 => Some(Self::Sha256),
            Shape::RawBytes => match length {
                16 => Some(Self::Md5),
                20 => Some(Self::Sha1),
                _ => Some(Self::Sha256),
            },
            _ => None,
        }
    }

    /// The name that users see and type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// Replaces what is in `out` by the digest of `text`.
    pub fn digest(self, text: &[u8], out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Md5 => out.extend_from_slice(&Md5::digest(text)),
            Self::Sha1 => out.extend_from_slice(&Sha1::digest(text)),
            Self::Sha256 => out.extend_from_slice(&Sha256::digest(text)),
        }
    }
}

/// What is done to an ID before it is digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestRule {
    /// Nothing.
    Written,
    /// Blanks around it are taken off, and letters made small.
    Email,
    /// Likewise; before `@gmail.com` and `@googlemail.com` dots, and what follows a plus, are taken out.
    EmailGoogle,
    /// A telephone number as a plus and its digits (E.164).
    Phone,
    /// A telephone number as its digits alone.
    PhoneMeta,
}

impl DigestRule {
    /// Every rule, from the plainest.
    pub const ALL: [Self; 5] = [
        Self::Written,
        Self::Email,
        Self::EmailGoogle,
        Self::Phone,
        Self::PhoneMeta,
    ];

    /// Whether the rule is for IDs of a form.
    #[must_use]
    pub const fn fits(self, shape: Shape) -> bool {
        match self {
            Self::Written | Self::Email => true,
            Self::EmailGoogle => matches!(shape, Shape::Email),
            Self::Phone | Self::PhoneMeta => matches!(shape, Shape::Phone | Shape::Digits),
        }
    }

    /// The rules that users type; `None` for none.
    #[must_use]
    pub const fn name(self, shape: Shape) -> Option<&'static str> {
        match self {
            Self::Written => None,
            Self::Email if matches!(shape, Shape::Email) => Some("email"),
            Self::Email => Some("trim,lower"),
            Self::EmailGoogle => Some("email-google"),
            Self::Phone => Some("phone"),
            Self::PhoneMeta => Some("phone-meta"),
        }
    }

    /// Replaces what is in `out` by the ID as it is digested.
    pub fn apply(self, id: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let text = String::from_utf8_lossy(id);
        match self {
            Self::Written => out.extend_from_slice(id),
            Self::Email | Self::EmailGoogle => {
                let text = text.trim_matches(form::is_blank).to_lowercase();
                let google = text.rsplit_once('@').filter(|(_, domain)| {
                    self == Self::EmailGoogle && matches!(*domain, "gmail.com" | "googlemail.com")
                });
                let Some((local, domain)) = google else {
                    return out.extend_from_slice(text.as_bytes());
                };
                let local = local.split('+').next().unwrap_or(local);
                out.extend(local.bytes().filter(|&byte| byte != b'.'));
                out.push(b'@');
                out.extend_from_slice(domain.as_bytes());
            }
            Self::Phone | Self::PhoneMeta => {
                if self == Self::Phone {
                    out.push(b'+');
                }
                out.extend(text.bytes().filter(u8::is_ascii_digit));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn known_digests_hold() {
        // RFC 1321, A.5; FIPS 180-4's examples of "abc".
        let of = |kind: DigestKind| {
            let mut out = Vec::new();
            kind.digest(b"abc", &mut out);
            hex(&out)
        };
        assert_eq!(of(DigestKind::Md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            of(DigestKind::Sha1),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(DigestKind::Sha256), sha256);
    }

    #[test]
    fn rules_do_what_platforms_do() {
        let apply = |rule: DigestRule, id: &str| {
            let mut out = Vec::new();
            rule.apply(id.as_bytes(), &mut out);
            String::from_utf8(out).expect("text")
        };
        let mail = " Ann.B+shop@Gmail.com ";
        assert_eq!(apply(DigestRule::Written, mail), mail);
        assert_eq!(apply(DigestRule::Email, mail), "ann.b+shop@gmail.com");
        assert_eq!(apply(DigestRule::EmailGoogle, mail), "annb@gmail.com");
        assert_eq!(apply(DigestRule::EmailGoogle, "A.B+c@x.org"), "a.b+c@x.org");
        assert_eq!(
            apply(DigestRule::Phone, "+49 (170) 123-4567"),
            "+491701234567"
        );
        assert_eq!(
            apply(DigestRule::PhoneMeta, "+49 (170) 123-4567"),
            "491701234567"
        );
    }
}
