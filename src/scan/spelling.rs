//! How the IDs of each side come to one form, as it was asked for.

use super::file::DataFile;
use super::schedule::SideScan;
use super::{IdSelection, Plan, SidePlan};
use crate::error::{Error, Result, Setting};
use crate::id::{Digest, Normal, Normalizing, Region, Rule, Tally};
use std::sync::Arc;

/// What was asked for, of all sides or of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Rules, in the order in which they apply.
    pub rules: Vec<Rule>,
    /// The country of telephone numbers that don't say theirs.
    pub region: Option<&'static Region>,
    /// What is made of their result.
    pub digest: Option<Digest>,
    /// What the IDs are already.
    pub digested: Option<Digest>,
}

impl Spelling {
    /// This, and where it says nothing, what is said of all.
    fn or(&self, all: &Self) -> Self {
        let is_digest_said = self.digest.is_some() || self.digested.is_some();
        let rules = match self.rules.is_empty() {
            true => all.rules.clone(),
            false => self.rules.clone(),
        };
        // Sides without telephone numbers have none in a region either.
        let region_of_all = all.region.filter(|_| rules.iter().any(Rule::reads_phones));
        Self {
            rules,
            region: self.region.or(region_of_all),
            digest: self.digest.or(all.digest.filter(|_| !is_digest_said)),
            digested: self.digested.or(all.digested.filter(|_| !is_digest_said)),
        }
    }

    fn normal(self) -> Result<Normal> {
        let region = self.region;
        let normal = match (self.digest, self.digested) {
            (Some(_), Some(_)) => {
                return Err(Error::usage([
                    "ids can't be digested already (".into(),
                    Setting::Digested.into(),
                    ") and still to be digested (".into(),
                    Setting::Digest.into(),
                    ")".into(),
                ]));
            }
            (digest, None) => Normal::new(self.rules, digest)?,
            (None, Some(digested)) => Normal::digested(self.rules, digested)?,
        };
        match region {
            Some(region) => normal.in_region(region),
            None => Ok(normal),
        }
    }
}

impl IdSelection {
    /// Brings IDs to one form by rules, `[SIDE=]RULE[,RULE…]`, of all sides or of one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a rule that there isn't.
    pub fn normalize(&mut self, text: &str) -> Result<()> {
        // A prefix to strip follows a sign of its own.
        let side = text
            .split_once('=')
            .filter(|(side, _)| !side.ends_with("strip-prefix"));
        let rules = Rule::parse_all(side.map_or(text, |(_, rules)| rules).trim())?;
        self.spelling_of(side.map(|(side, _)| side)).rules = rules;
        Ok(())
    }

    /// Takes telephone numbers that don't say their country for those of a region, `[SIDE=]REGION`, of all sides
    /// or of one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a region that there isn't.
    pub fn region(&mut self, text: &str) -> Result<()> {
        let (side, region) = match text.split_once('=') {
            Some((side, region)) => (Some(side), region),
            None => (None, text),
        };
        let region = Region::parse(region.trim())?;
        self.spelling_of(side).region = Some(region);
        Ok(())
    }

    /// Makes a digest of every ID in its form, `[SIDE=]DIGEST`, of all sides or of one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a digest that there isn't.
    pub fn digest(&mut self, text: &str) -> Result<()> {
        let (side, digest) = digest_of(text)?;
        self.spelling_of(side).digest = Some(digest);
        Ok(())
    }

    /// Takes IDs for digests, `[SIDE=]DIGEST`, of all sides or of one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a digest that there isn't.
    pub fn digested(&mut self, text: &str) -> Result<()> {
        let (side, digest) = digest_of(text)?;
        self.spelling_of(side).digested = Some(digest);
        Ok(())
    }

    fn spelling_of(&mut self, side: Option<&str>) -> &mut Spelling {
        match side {
            Some(side) => self
                .normal_of_side
                .entry(side.trim().to_owned())
                .or_default(),
            None => &mut self.normal,
        }
    }
}

fn digest_of(text: &str) -> Result<(Option<&str>, Digest)> {
    Ok(match text.split_once('=') {
        Some((side, digest)) => (Some(side), Digest::parse(digest.trim())?),
        None => (None, Digest::parse(text.trim())?),
    })
}

/// Says how the IDs of each side come to one form. Sides of which nothing is said, beside others whose
/// IDs are digested, hold these digests already.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for what can't be, or if it can't be told which digests a side holds.
pub(super) fn settle(sides: &mut [SidePlan], id: &IdSelection) -> Result<()> {
    let nothing = Spelling::default();
    let ruled = [&id.normal].into_iter().chain(id.normal_of_side.values());
    let mut rules = ruled.flat_map(|spelling| &spelling.rules);
    if id.normal.region.is_some() && !rules.any(Rule::reads_phones) {
        return Err(Normal::no_phones());
    }
    for side in &mut *sides {
        let own = id.normal_of_side.get(&side.name).unwrap_or(&nothing);
        let normal = own.or(&id.normal).normal();
        let normal = normal.map_err(|e| e.with("side", &side.name))?;
        side.normal = (!normal.is_none()).then(|| Arc::new(normal));
    }
    let mut makers = sides.iter().filter_map(|side| {
        let normal = side.normal.as_ref()?;
        normal.makes_digests().then(|| Normal::clone(normal))
    });
    let first = makers.next();
    let others: Vec<Normal> = makers.collect();
    for side in sides
        .iter_mut()
        .filter(|side| side.normal.is_none() && !side.files.is_empty())
    {
        let Some(first) = &first else { break };
        if others
            .iter()
            .any(|other| other.profile() != first.profile())
        {
            return Err(Error::usage([
                format!(
                    "{} may hold digests of either form: say which with ",
                    side.name
                )
                .into(),
                Setting::Digested.into(),
            ]));
        }
        side.normal = Some(Arc::new(first.of_partner()));
    }
    for side in sides {
        side.profile = side
            .normal
            .as_ref()
            .map(|normal| normal.profile())
            .unwrap_or_default();
        for (number, file) in side.files.iter_mut().enumerate() {
            if let DataFile::Text(file) = file {
                file.bring_to_form(number, side.normal.clone());
            }
        }
    }
    Ok(())
}

impl Plan {
    /// Whether the IDs of any side are brought to another form.
    pub(super) fn normalises(&self) -> bool {
        self.sides.iter().any(|side| side.normal.is_some())
    }
}

impl SidePlan {
    /// A sink that brings IDs to their form before they reach `sink`.
    pub(super) fn normalising<S>(&self, sink: S) -> Normalizing<S> {
        let all_unreadable = Arc::clone(self.counter.unreadable());
        Normalizing::new(sink, self.normal.clone(), all_unreadable)
    }

    /// What the normalising sinks of this side passed on, and to whom: IDs that couldn't be read are
    /// nulls.
    pub(super) fn finish<S>(&self, scanned: SideScan<Normalizing<S>>) -> SideScan<S> {
        let (mut sinks, mut unreadable) = (Vec::with_capacity(scanned.sinks.len()), 0);
        for sink in scanned.sinks {
            let (sink, more) = sink.finish();
            sinks.push(sink);
            unreadable += more;
        }
        let mut tally = scanned.tally;
        tally += Tally {
            rows: 0,
            nulls: unreadable,
        };
        SideScan { sinks, tally }
    }
}
