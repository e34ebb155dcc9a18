//! How IDs come to one form.

use clap::Args;
use overlap::{IdSelection, Result};

const SPELLING: &str = "Spelling of IDs";

/// Rules and digests, of all sides or of one.
#[derive(Args)]
pub struct SpellingArgs {
    /// Bring IDs to one form by rules, in the order given, for all sides or for one: trim, lower, upper, nfc,
    /// digits, strip-zeros, strip-prefix=TEXT, email, email-google, email-uid2, phone, phone-meta, uuid,
    /// uuid-dotnet, hex, base64. IDs that a rule can't read are counted as nulls
    #[arg(long, value_name = "[NAME=]RULE,…", help_heading = SPELLING)]
    normalize: Vec<String>,

    /// Take telephone numbers that don't say their country for those of a region, such as CN or US, of all
    /// sides or of one (with --normalize phone or phone-meta)
    #[arg(long, value_name = "[NAME=]REGION", help_heading = SPELLING)]
    region: Vec<String>,

    /// Hash every ID after the rules, to meet a partner's hashes: sha256, sha1 or md5. If one side is named,
    /// the others hold such digests already, as hexadecimal text, base64 or bytes
    #[arg(long, value_name = "[NAME=]DIGEST", help_heading = SPELLING)]
    digest: Vec<String>,

    /// The IDs are such digests already, made after the rules of --normalize
    #[arg(long, value_name = "[NAME=]DIGEST", help_heading = SPELLING)]
    digested: Vec<String>,
}

impl SpellingArgs {
    /// Says what was typed.
    pub fn say(&self, selection: &mut IdSelection) -> Result<()> {
        self.normalize
            .iter()
            .try_for_each(|text| selection.normalize(text))?;
        self.region
            .iter()
            .try_for_each(|text| selection.region(text))?;
        self.digest
            .iter()
            .try_for_each(|text| selection.digest(text))?;
        self.digested
            .iter()
            .try_for_each(|text| selection.digested(text))
    }
}
