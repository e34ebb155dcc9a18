//! Does one side hold the digests of the other's IDs?

use super::diagnose::{DiagnoseRequest, Found, SPELLINGS};
use super::inputs;
use crate::error::{Piece, Result, Setting};
use crate::estimate::{Estimate, share_interval};
use crate::id::{ByteIds, IdBatch, IdSink, integer_to_text};
use crate::report::DigestRung;
use crate::scan::{self, Progress};
use crate::spelling::{DigestKind, DigestRule, LooseSample, Profile, Reading, Shape, meet};

/// The digests of a side by one rule.
struct Digested {
    rule: DigestRule,
    sample: LooseSample,
}

/// Digests every ID it is given, by every rule.
struct Digester {
    kind: DigestKind,
    samples: Vec<Digested>,
    text: Vec<u8>,
    digest: Vec<u8>,
}

impl Digester {
    fn new(kind: DigestKind, shape: Shape) -> Self {
        let rules = DigestRule::ALL.into_iter().filter(|rule| rule.fits(shape));
        Self {
            kind,
            samples: rules
                .map(|rule| Digested {
                    rule,
                    sample: LooseSample::new(SPELLINGS),
                })
                .collect(),
            text: Vec::new(),
            digest: Vec::new(),
        }
    }

    fn take(&mut self, id: &[u8]) {
        let Self {
            kind,
            samples,
            text,
            digest,
        } = self;
        for Digested { rule, sample } in samples {
            rule.apply(id, text);
            kind.digest(text, digest);
            sample.push(&ByteIds::Slices(&[digest]));
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
fn digest_of(profile: &Profile) -> Option<DigestKind> {
    let (_, longest) = profile.lengths?;
    DigestKind::of(profile.main()?, longest)
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
    let new = |_| Ok(Digester::new(kind, shape));
    let scanned = scan::scan(&plan, sources.threads, &new, progress)?;
    let mut whole = Digester::new(kind, shape);
    for part in scanned.into_iter().flat_map(|side| side.sinks) {
        for (all, part) in whole.samples.iter_mut().zip(part.samples) {
            all.sample.merge(&part.sample);
        }
    }
    let users = plain_found.side.users.value + hashed.side.users.value;
    let mut rungs = Vec::new();
    for Digested { rule, sample } in &whole.samples {
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
            rule: rule.name(shape).unwrap_or("written"),
            digest: kind.name(),
            overlap,
            remedy: remedy(*rule, kind, shape, &plain_found.side.name),
        });
    }
    // Of rules that do the same the plainest comes last.
    rungs.reverse();
    rungs.retain(|rung| rung.overlap.value > 0.0);
    rungs.sort_by(|a, b| a.overlap.value.total_cmp(&b.overlap.value));
    Ok(rungs)
}

fn remedy(rule: DigestRule, kind: DigestKind, shape: Shape, side: &str) -> Vec<Piece> {
    let digest = Setting::Digest.to(&format!("{side}={}", kind.name()));
    match rule.name(shape) {
        None => vec![digest],
        Some(rule) => vec![
            Setting::Normalize.to(&format!("{side}={rule}")),
            " ".into(),
            digest,
        ],
    }
}
