//! Rules and digests as they are typed.

use super::{Digest, Profile, Rule};
use crate::error::{Error, Result, Setting};

impl Rule {
    /// One rule by its name, `strip-prefix=` with its text.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for any other name.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(prefix) = text.strip_prefix("strip-prefix=") {
            if prefix.is_empty() || prefix.len() > Profile::BYTES_MAX / 4 {
                return Err(Error::usage("strip-prefix needs 1 to 256 bytes of text"));
            }
            return Ok(Self::StripPrefix(prefix.to_owned()));
        }
        Ok(match text {
            "trim" => Self::Trim,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "nfc" => Self::Nfc,
            "digits" => Self::Digits,
            "strip-zeros" => Self::StripZeros,
            "email" => Self::Email,
            "email-google" => Self::EmailGoogle,
            "email-uid2" => Self::EmailUid2,
            "phone" => Self::Phone,
            "phone-meta" => Self::PhoneMeta,
            "uuid" => Self::Uuid,
            "uuid-dotnet" => Self::UuidDotnet,
            "hex" => Self::Hex,
            "base64" => Self::Base64,
            _ => return Err(no_rule(text)),
        })
    }

    /// Rules with commas between them, in the order in which they apply.
    ///
    /// ```
    /// use overlap::id::Rule;
    ///
    /// assert_eq!(Rule::parse_all("trim,lower")?, [Rule::Trim, Rule::Lower]);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Self::parse`], and [`crate::ErrorKind::Usage`] for too many.
    pub fn parse_all(text: &str) -> Result<Vec<Self>> {
        const RULES_MAX: usize = 16;
        let rules: Vec<Self> = text.split(',').map(Self::parse).collect::<Result<_>>()?;
        if rules.len() > RULES_MAX {
            return Err(Error::usage([
                format!("{} rules, but ", rules.len()).into(),
                Setting::Normalize.into(),
                format!(" takes {RULES_MAX} at most").into(),
            ]));
        }
        Ok(rules)
    }
}

fn no_rule(text: &str) -> Error {
    Error::usage([
        Setting::Normalize.into(),
        format!(" knows no rule {text:?}").into(),
    ])
    .hint(format!("the rules are {}", Rule::NAMES.join(", ")))
}

impl Digest {
    /// A digest by its name.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for any other name.
    pub fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|digest| digest.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::usage(format!("there is no digest {text:?}"))
                .hint(format!("the digests are {names}"))
        })
    }
}
