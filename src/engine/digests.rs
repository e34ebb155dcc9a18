//! Does one side hold the digests of the other's IDs?

use super::diagnose::{DiagnoseRequest, Found, SPELLINGS};
use super::inputs;
use crate::error::{Piece, Result, Setting};
use crate::estimate::{Estimate, share_interval};
use crate::id::{ByteIds, Digest, IdBatch, IdDomain, IdSink, Normal, Rule, integer_to_text};
use crate::report::DigestRung;
use crate::scan::{self, Progress};
use crate::spelling::{LooseSample, Profile, Reading, Shape, meet};

/// The digests of a side by some rules.
struct Digested {
    rules: Vec<Rule>,
    normal: Normal,
    sample: LooseSample,
}

/// Digests every ID it is given, by all rules that are for its form.
struct Digester {
    domain: IdDomain,
    samples: Vec<Digested>,
    digest: Vec<u8>,
}

/// The rules that platforms follow for IDs of a form, the plainest first.
fn rules_for(shape: Shape) -> Vec<Vec<Rule>> {
    let mut rules = vec![Vec::new()];
    rules.extend(match shape {
        Shape::Email => vec![
            vec![Rule::Email],
            vec![Rule::EmailGoogle],
            vec![Rule::EmailUid2],
        ],
        Shape::Phone | Shape::Digits => vec![vec![Rule::Phone], vec![Rule::PhoneMeta]],
        _ => vec![
            vec![Rule::Lower],
            vec![Rule::Trim, Rule::Lower],
            vec![Rule::Upper],
        ],
    });
    rules
}

impl Digester {
    fn new(digest: Digest, shape: Shape, domain: IdDomain) -> Result<Self> {
        let digested = |rules: Vec<Rule>| {
            Ok(Digested {
                normal: Normal::new(rules.clone(), Some(digest))?,
                rules,
                sample: LooseSample::new(SPELLINGS),
            })
        };
        Ok(Self {
            domain,
            samples: rules_for(shape)
                .into_iter()
                .map(digested)
                .collect::<Result<_>>()?,
            digest: Vec::new(),
        })
    }

    fn take(&mut self, id: &[u8]) {
        for Digested { normal, sample, .. } in &mut self.samples {
            self.digest.clear();
            if normal.apply(id, self.domain, &mut self.digest).is_some() {
                sample.push(&ByteIds::Slices(&[&self.digest]));
            }
        }
    }
}

impl IdSink for Digester {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        let mut digits = Vec::new();
        let mut take = |id: i128| {
            digits.clear();
            integer_to_text(id, &mut digits);
            self.take(&digits);
        };
        match batch {
            IdBatch::Integers(ids) => ids.iter().for_each(|&id| take(id.into())),
            IdBatch::WideIntegers(ids) => ids.iter().for_each(|&id| take(id)),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => ids.for_each(|id| self.take(id)),
        }
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        false
    }
}

/// The function that a side's IDs look like digests of.
fn digest_of(profile: &Profile) -> Option<Digest> {
    let (_, longest) = profile.lengths?;
    match (profile.main()?, longest) {
        (Shape::Hex16 | Shape::Base64Of16, _) | (Shape::RawBytes, 16) => Some(Digest::Md5),
        (Shape::Hex20 | Shape::Base64Of20, _) | (Shape::RawBytes, 20) => Some(Digest::Sha1),
        (Shape::Hex32 | Shape::Base64Of32, _) | (Shape::RawBytes, 32) => Some(Digest::Sha256),
        _ => None,
    }
}

/// How many users meet if the plain side of a pair is digested as the other seems to be; by all rules under which any
/// do, the best last. Reads the plain side again.
///
/// # Errors
/// Those of the scan.
pub(super) fn digest_rungs(
    request: &DiagnoseRequest,
    pair: [(usize, &Found); 2],
    progress: &dyn Progress,
) -> Result<Vec<DigestRung>> {
    let kinds = pair.map(|(_, found)| digest_of(&found.side.profile));
    let ((plain, plain_found), hashed, kind) = match kinds {
        [None, Some(kind)] => (pair[0], pair[1].1, kind),
        [Some(kind), None] => (pair[1], pair[0].1, kind),
        _ => return Ok(Vec::new()),
    };
    let (Some(shape), Some(theirs)) = (plain_found.side.profile.main(), &hashed.spelling) else {
        return Ok(Vec::new());
    };
    let sources = super::diagnose::alone(&request.sources, plain);
    let plan = inputs::plan(&sources)?;
    let domain = match plan.sides.first().and_then(|side| side.domain) {
        Some(IdDomain::Binary) => IdDomain::Binary,
        _ => IdDomain::Text,
    };
    let new = |_| Digester::new(kind, shape, domain);
    let scanned = scan::scan(&plan, sources.threads, &new, progress)?;
    let mut whole = Digester::new(kind, shape, domain)?;
    for part in scanned.into_iter().flat_map(|side| side.sinks) {
        for (all, part) in whole.samples.iter_mut().zip(part.samples) {
            all.sample.merge(&part.sample);
        }
    }
    let users = plain_found.side.users.value + hashed.side.users.value;
    let mut rungs = Vec::new();
    for Digested { rules, sample, .. } in &whole.samples {
        let meeting = meet(sample, &theirs.loose);
        // The loosest reading has digests of either case, in base64 and as bytes.
        let both = meeting.both(Reading::Bytes) as f64;
        let share = share_interval(
            both,
            (meeting.ids[0] + meeting.ids[1]) as f64,
            request.confidence,
        );
        let overlap = match meeting.whole {
            true => Estimate::exact(both),
            false => Estimate {
                value: share.value * users,
                lower: share.lower * users,
                upper: share.upper * users,
            },
        };
        rungs.push(DigestRung {
            side: plain,
            rules: typed(rules),
            digest: kind.name(),
            overlap,
            remedy: remedy(rules, kind, &plain_found.side.name),
        });
    }
    // Of rules that do the same the plainest comes last.
    rungs.reverse();
    rungs.retain(|rung| rung.overlap.value > 0.0);
    rungs.sort_by(|a, b| a.overlap.value.total_cmp(&b.overlap.value));
    Ok(rungs)
}

fn typed(rules: &[Rule]) -> String {
    rules.iter().map(Rule::typed).collect::<Vec<_>>().join(",")
}

fn remedy(rules: &[Rule], kind: Digest, side: &str) -> Vec<Piece> {
    let digest = Setting::Digest.to(&format!("{side}={}", kind.name()));
    match rules {
        [] => vec![digest],
        rules => vec![
            Setting::Normalize.to(&format!("{side}={}", typed(rules))),
            " ".into(),
            digest,
        ],
    }
}
