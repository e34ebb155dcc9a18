//! One spelling for the same person: rules, and a digest behind them.
//!
//! A rule turns the bytes of an ID into those of its normal form, or says that it can't read them.
//! Rules have versions: whoever changes what one of them makes of any ID gives it the next number.
//! Knows values alone, no files.

mod bytes;
mod contact;
mod parse;
mod region;
mod sink;
mod text;

pub use bytes::Digest;
pub(crate) use bytes::base64 as base64_to_bytes;
pub use region::Region;
pub use sink::Normalizing;

use super::IdDomain;
use crate::error::{Error, ErrorKind, Result, Setting};
use std::sync::Arc;

/// One step towards the normal form of an ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Blanks around the ID fall away: Unicode's white space, byte order marks and zero-width spaces.
    Trim,
    /// Small letters, as Unicode maps them.
    Lower,
    /// Capitals, as Unicode maps them.
    Upper,
    /// Letters and their marks composed (Unicode's form NFC).
    Nfc,
    /// Only digits stay; full-width ones become those of ASCII. Without a digit it can't be read.
    Digits,
    /// Zeros in front fall away; of nothing but zeros one stays.
    StripZeros,
    /// This text in front falls away, if it is there.
    StripPrefix(String),
    /// An e-mail address, trimmed and in small letters, as Google and Meta take it. Without one `@`
    /// between two parts without blanks it can't be read.
    Email,
    /// Likewise; of gmail.com and googlemail.com without dots and without what follows a `+`, as
    /// Google does.
    EmailGoogle,
    /// Likewise, but of gmail.com alone, as UID2 does.
    EmailUid2,
    /// A phone number in the form of E.164: `+` and 7 to 15 digits. It must say its country, by `+`
    /// or `00`, unless there is a [`Region`]; blanks, hyphens, dots, slashes and brackets fall away.
    Phone,
    /// Likewise without the `+`, as Meta takes it.
    PhoneMeta,
    /// A UUID as its 16 bytes: of text in any usual spelling, or 16 bytes as they are.
    Uuid,
    /// Likewise; 16 bytes, and 32 digits without hyphens, are in the mixed order of .NET and of SQL
    /// Server, in which the first three groups are reversed.
    UuidDotnet,
    /// Hexadecimal digits of either case as the bytes that they mean; a leading `0x` or `\x` and
    /// the hyphens of a UUID fall away. Binary values stay as they are.
    Hex,
    /// Base64 as the bytes that it means, of either alphabet, padded or not. Binary values stay as
    /// they are.
    Base64,
}

impl Rule {
    /// The names that users type, in the order of the documentation; `strip-prefix` takes a text.
    pub const NAMES: [&'static str; 16] = [
        "trim",
        "lower",
        "upper",
        "nfc",
        "digits",
        "strip-zeros",
        "strip-prefix=TEXT",
        "email",
        "email-google",
        "email-uid2",
        "phone",
        "phone-meta",
        "uuid",
        "uuid-dotnet",
        "hex",
        "base64",
    ];

    /// What is written in profiles: the name, and the version of what it does.
    fn versioned(&self) -> String {
        match self {
            Self::StripPrefix(prefix) => format!("strip-prefix={prefix}/1"),
            rule => format!("{}/1", rule.name()),
        }
    }

    /// The rule as it is typed.
    #[must_use]
    pub fn typed(&self) -> String {
        match self {
            Self::StripPrefix(prefix) => format!("strip-prefix={prefix}"),
            rule => rule.name().to_owned(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Nfc => "nfc",
            Self::Digits => "digits",
            Self::StripZeros => "strip-zeros",
            Self::StripPrefix(_) => "strip-prefix",
            Self::Email => "email",
            Self::EmailGoogle => "email-google",
            Self::EmailUid2 => "email-uid2",
            Self::Phone => "phone",
            Self::PhoneMeta => "phone-meta",
            Self::Uuid => "uuid",
            Self::UuidDotnet => "uuid-dotnet",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    /// Whether it reads telephone numbers, which may be of a [`Region`].
    pub(crate) const fn reads_phones(&self) -> bool {
        matches!(self, Self::Phone | Self::PhoneMeta)
    }

    /// Whether it reads what bytes a text means, and leaves the ID what it is.
    const fn makes_bytes(&self) -> bool {
        matches!(
            self,
            Self::Uuid | Self::UuidDotnet | Self::Hex | Self::Base64
        )
    }

    /// Appends the normal form of `id`; `is_text` tells text from bytes. `None` if it can't be read.
    fn apply(
        &self,
        id: &[u8],
        is_text: bool,
        region: Option<&Region>,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        match self {
            Self::Uuid | Self::UuidDotnet => {
                bytes::uuid(id, is_text, matches!(self, Self::UuidDotnet), out)
            }
            Self::Hex | Self::Base64 if !is_text => {
                out.extend_from_slice(id);
                Some(())
            }
            Self::Hex => bytes::hex(id, out),
            Self::Base64 => bytes::base64(id, out),
            Self::Trim => text::trim(id, out),
            Self::Lower => text::lower(id, out),
            Self::Upper => text::upper(id, out),
            Self::Nfc => text::nfc(id, out),
            Self::Digits => text::digits(id, out),
            Self::StripZeros => {
                text::strip_zeros(id, out);
                Some(())
            }
            Self::StripPrefix(prefix) => {
                out.extend_from_slice(id.strip_prefix(prefix.as_bytes()).unwrap_or(id));
                Some(())
            }
            Self::Email => contact::email(id, contact::Dots::Stay, out),
            Self::EmailGoogle => contact::email(id, contact::Dots::FallAtGoogle, out),
            Self::EmailUid2 => contact::email(id, contact::Dots::FallAtGmail, out),
            Self::Phone => contact::phone(id, true, region, out),
            Self::PhoneMeta => contact::phone(id, false, region, out),
        }
    }
}

/// How the IDs of a side come to the form in which they are compared: rules in their order, then a
/// digest.
///
/// ```
/// use overlap::id::{Digest, IdDomain, Normal, Rule};
///
/// let crm = Normal::new(vec![Rule::Email], Some(Digest::Sha256))?;
/// let partner = Normal::digested(vec![Rule::Email], Digest::Sha256)?;
/// let mut ours = Vec::new();
/// crm.apply(b" Ann@Example.org", IdDomain::Text, &mut ours).expect("an address");
/// // As a partner may write it: printf ann@example.org | sha256sum
/// let hex = "438C4C7AFE600CDF1E455C369BEC76DC970FC8CA463447C7B387A347F3C79331";
/// let mut theirs = Vec::new();
/// partner.apply(hex.as_bytes(), IdDomain::Text, &mut theirs).expect("a digest");
/// assert_eq!(ours, theirs);
/// assert_eq!(crm.profile(), partner.profile());
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normal {
    rules: Vec<Rule>,
    region: Option<&'static Region>,
    digest: Option<Digest>,
    is_digested: bool,
}

impl Normal {
    /// Rules, and what is made of their result.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a rule that reads text behind one that makes bytes of it.
    pub fn new(rules: Vec<Rule>, digest: Option<Digest>) -> Result<Self> {
        let made = rules.iter().position(Rule::makes_bytes);
        if let Some(later) = made.and_then(|made| rules.get(made + 1)) {
            return Err(Error::usage(format!(
                "{} can't follow {}, which makes bytes of the id",
                later.name(),
                rules[made.unwrap_or(0)].name()
            ))
            .hint("put rules for text first"));
        }
        Ok(Self {
            rules,
            region: None,
            digest,
            is_digested: false,
        })
    }

    /// IDs that are digests already, made by whoever wrote them of the form that `rules` lead to.
    /// They are read as hexadecimal of either case, as base64, or as bytes.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub fn digested(rules: Vec<Rule>, digest: Digest) -> Result<Self> {
        Ok(Self {
            is_digested: true,
            ..Self::new(rules, Some(digest))?
        })
    }

    /// Takes telephone numbers that don't say their country for those of a region. What they become, and the
    /// profile, is the same for every region: E.164 says the country.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if no rule reads telephone numbers.
    pub fn in_region(self, region: &'static Region) -> Result<Self> {
        if !self.rules.iter().any(Rule::reads_phones) {
            return Err(Self::no_phones());
        }
        Ok(Self {
            region: Some(region),
            ..self
        })
    }

    /// The error for a region where no rule reads telephone numbers.
    pub(crate) fn no_phones() -> Error {
        Error::usage([
            Setting::Region.into(),
            " is for telephone numbers: add ".into(),
            Setting::Normalize.to("phone"),
        ])
    }

    /// Whether IDs stay as they are.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.rules.is_empty() && self.digest.is_none()
    }

    /// Whether a digest is made of every ID.
    #[must_use]
    pub(crate) const fn makes_digests(&self) -> bool {
        self.digest.is_some() && !self.is_digested
    }

    /// The same for IDs that are its digests already.
    pub(crate) fn of_partner(&self) -> Self {
        Self {
            is_digested: true,
            ..self.clone()
        }
    }

    /// In what space IDs lie afterwards, for people and for comparing: rules with their versions, and
    /// the digest. Rules that only read the bytes of another spelling (`uuid`, `hex`, `base64`) leave
    /// an ID what it is and are part of it only under a digest.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let rules = self.rules.iter();
        let rules = rules.filter(|rule| self.digest.is_some() || !rule.makes_bytes());
        let mut text = rules.map(Rule::versioned).collect::<Vec<_>>().join(",");
        if let Some(digest) = self.digest {
            text.push('+');
            text.push_str(digest.name());
        }
        Profile::of(&text)
    }

    /// The domain of IDs of `domain` afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the rules have no meaning for it.
    pub fn domain(&self, domain: IdDomain) -> Result<IdDomain> {
        if self.is_none() {
            return Ok(domain);
        }
        if self.is_digested {
            return match domain {
                IdDomain::Text | IdDomain::Binary => Ok(IdDomain::Binary),
                IdDomain::Integer => Err(Error::usage("integers are no digests")
                    .hint("name the column that holds the digests")),
            };
        }
        let reads_text = |rule: &&Rule| !rule.makes_bytes();
        if let (IdDomain::Binary, Some(rule)) = (domain, self.rules.iter().find(reads_text)) {
            return Err(Error::usage(format!(
                "{} reads text, but the ids are binary",
                rule.name()
            ))
            .hint([
                Setting::Cast.to("string"),
                " takes their bytes as text".into(),
            ]));
        }
        let makes_bytes = self.digest.is_some() || self.rules.iter().any(Rule::makes_bytes);
        Ok(match makes_bytes {
            true => IdDomain::Binary,
            false if domain == IdDomain::Integer => IdDomain::Text,
            false => domain,
        })
    }

    /// Appends the normal form of `id`, the bytes of a text (an integer's digits) or of a binary
    /// value; `None` if a rule can't read it.
    pub fn apply(&self, id: &[u8], domain: IdDomain, out: &mut Vec<u8>) -> Option<()> {
        let mut spare = [Vec::new(), Vec::new()];
        self.apply_with(id, domain != IdDomain::Binary, out, &mut spare)
    }

    /// Likewise, with two buffers to keep.
    fn apply_with(
        &self,
        id: &[u8],
        is_text: bool,
        out: &mut Vec<u8>,
        [from, to]: &mut [Vec<u8>; 2],
    ) -> Option<()> {
        if let (true, Some(digest)) = (self.is_digested, self.digest) {
            return digest.read(id, is_text, out);
        }
        let mut rules = self.rules.iter();
        let last = match self.digest {
            Some(_) => None,
            None => rules.next_back(),
        };
        let mut id = id;
        for rule in rules {
            to.clear();
            rule.apply(id, is_text, self.region, to)?;
            std::mem::swap(from, to);
            id = from;
        }
        match (last, self.digest) {
            (Some(rule), _) => rule.apply(id, is_text, self.region, out)?,
            (None, Some(digest)) => digest.push(id, out),
            (None, None) => out.extend_from_slice(id),
        }
        Some(())
    }
}

/// The space of normalised IDs by name, such as `email/1+sha256`; empty for IDs as they were.
///
/// IDs of different profiles are never the same user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile(Option<Arc<str>>);

impl Profile {
    /// A profile's longest text, in bytes: as much as a sketch has room for.
    pub const BYTES_MAX: usize = 1 << 10;

    /// The profile of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.into()))
    }

    /// Its text; empty for IDs as they were.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether IDs are as they were.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// What people read.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self.text() {
            "" => "as written",
            text => text,
        }
    }
}

/// Sees to it that two sets of IDs were brought to one form.
///
/// # Errors
/// [`ErrorKind::Incomparable`] naming both if not.
pub fn ensure_one_profile(a: &Profile, b: &Profile) -> Result<()> {
    if a == b {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Incomparable,
        format!(
            "ids {} can't be compared with ids {}",
            of_rules(a),
            of_rules(b)
        ),
    )
    .hint([
        "sketch both from the data with the same ".into(),
        Setting::Normalize.into(),
        " and ".into(),
        Setting::Digest.into(),
    ]))
}

fn of_rules(profile: &Profile) -> String {
    match profile.is_none() {
        true => "as they are written".into(),
        false => format!("normalised by {}", profile.text()),
    }
}
