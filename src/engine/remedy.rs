//! Which settings bring two sides to one form? Every one is tried on the sample before it is named.

use super::spelling::Spelt;
use crate::error::{Piece, Setting};
use crate::id::{Cast, IdDomain, Normal, Rule, hex_to_bytes, text_to_integer};
use crate::report::shell_word;
use crate::spelling::{LooseSample, Profile, Reading, Shape, common_values};
use std::collections::HashSet;

/// Settings: a cast of both sides, or rules of each.
#[derive(Clone, Debug)]
enum Candidate {
    Cast(IdDomain),
    Rules([Vec<Rule>; 2]),
}

/// What brings two sides together so that about `target` IDs of the sample meet; nothing if no setting does.
pub(super) fn remedy(reading: Reading, target: u64, sides: [&Spelt<'_>; 2]) -> Vec<Piece> {
    let [Some(ours), Some(theirs)] =
        sides.map(|side| side.spelling.map(|spelling| &spelling.loose))
    else {
        return Vec::new();
    };
    let values = common_values(ours, theirs);
    if values.iter().any(Vec::is_empty) || is_stored(ours) || is_stored(theirs) {
        return untried(reading);
    }
    meeting(target, sides, &values, &|_| true)
}

/// What brings two kinds of IDs together so that about `target` of the sample meet, by rules or by one of the casts
/// that read all of their IDs; nothing if no setting does.
pub(super) fn remedy_of_kinds(
    target: u64,
    sides: [&Spelt<'_>; 2],
    casts: &[IdDomain],
    with_rules: bool,
) -> Vec<Piece> {
    let Some(values) = values_of(sides) else {
        return Vec::new();
    };
    meeting(target, sides, &values, &|candidate| match candidate {
        Candidate::Cast(to) => casts.contains(to),
        Candidate::Rules(_) => with_rules,
    })
}

/// The cast that gives two kinds of IDs, of which none meet, one form by their looks; nothing if none does.
pub(super) fn alike(sides: [&Spelt<'_>; 2], casts: &[IdDomain]) -> Vec<Piece> {
    let Some(values) = values_of(sides) else {
        return Vec::new();
    };
    let domains = sides.map(|side| side.domain.unwrap_or(IdDomain::Text));
    let looks_alike = |to: &&IdDomain| {
        let formed = form_all(&Candidate::Cast(**to), &values, domains);
        // Numbers have one form.
        **to == IdDomain::Integer
            || formed.is_some_and(|formed| {
                let [ours, theirs] = formed.map(|ids| main_form(&ids));
                ours == theirs || ours.is_none() || theirs.is_none()
            })
    };
    let found = casts.iter().find(looks_alike);
    found.map_or_else(Vec::new, |to| vec![Setting::Cast.to(to.name())])
}

/// The form of most IDs, and the longest of them if they are bytes; `None` of nobody.
fn main_form(ids: &[Vec<u8>]) -> Option<(Shape, usize)> {
    let profile = Profile::of(ids.iter().map(Vec::as_slice));
    let shape = profile.main()?;
    let longest = profile.lengths.map_or(0, |(_, longest)| longest);
    Some((shape, if shape == Shape::RawBytes { longest } else { 0 }))
}

fn values_of<'a>(sides: [&Spelt<'a>; 2]) -> Option<[Vec<&'a [u8]>; 2]> {
    let [ours, theirs] = sides.map(|side| side.spelling.map(|spelling| &spelling.loose));
    Some(common_values(ours?, theirs?))
}

/// The plainest of the settings that are `allowed` under which about `target` meet.
fn meeting(
    target: u64,
    sides: [&Spelt<'_>; 2],
    values: &[Vec<&[u8]>; 2],
    allowed: &dyn Fn(&Candidate) -> bool,
) -> Vec<Piece> {
    let domains = sides.map(|side| side.domain.unwrap_or(IdDomain::Text));
    let works =
        |candidate: &Candidate| allowed(candidate) && works(candidate, values, domains, target);
    let found = candidates(values, domains).into_iter().find(works);
    found.map_or_else(Vec::new, |candidate| worded(&candidate, sides))
}

fn is_stored(sample: &LooseSample) -> bool {
    sample.users().any(|user| user.value().is_empty())
}

/// What helps as a rule, of IDs that nobody has any more.
fn untried(reading: Reading) -> Vec<Piece> {
    let setting = match reading {
        Reading::Trimmed => Setting::Normalize.to("trim"),
        Reading::Folded => Setting::Normalize.to("trim,lower"),
        Reading::Number => Setting::Cast.to("integer"),
        _ => return Vec::new(),
    };
    vec![
        setting,
        ", for which the data has to be sketched again".into(),
    ]
}

/// What may help, the plainest first.
fn candidates(values: &[Vec<&[u8]>; 2], domains: [IdDomain; 2]) -> Vec<Candidate> {
    let both = |rules: Vec<Rule>| Candidate::Rules([rules.clone(), rules]);
    let mut all = vec![Candidate::Cast(IdDomain::Text)];
    all.extend(
        [
            vec![Rule::Trim],
            vec![Rule::Lower],
            vec![Rule::Trim, Rule::Lower],
        ]
        .map(both),
    );
    all.push(Candidate::Cast(IdDomain::Integer));
    if domains.contains(&IdDomain::Binary) {
        all.push(Candidate::Cast(IdDomain::Binary));
    }
    all.extend(
        [
            vec![Rule::StripZeros],
            vec![Rule::Trim, Rule::StripZeros],
            vec![Rule::Nfc],
        ]
        .map(both),
    );
    let prefixes: Vec<Rule> = values
        .iter()
        .filter_map(|values| prefix(values))
        .map(Rule::StripPrefix)
        .collect();
    let readers = [Rule::Uuid, Rule::Hex, Rule::Base64, Rule::UuidDotnet];
    let first = |rules: &[Rule]| -> Vec<Candidate> {
        let pairs = readers
            .iter()
            .flat_map(|a| readers.iter().map(move |b| [a, b]));
        let mut pairs: Vec<[&Rule; 2]> = pairs.collect();
        // Both alike are the plainest.
        pairs.sort_by_key(|[a, b]| a != b);
        let with = |rule: &Rule| [rules, std::slice::from_ref(rule)].concat();
        pairs
            .into_iter()
            .map(|pair| Candidate::Rules(pair.map(with)))
            .collect()
    };
    all.extend(first(&[]));
    for prefix in prefixes {
        all.push(both(vec![prefix.clone()]));
        all.push(both(vec![prefix.clone(), Rule::Lower]));
        all.push(both(vec![prefix.clone(), Rule::StripZeros]));
        all.extend(first(&[prefix]));
    }
    all.extend([vec![Rule::Email], vec![Rule::EmailGoogle]].map(both));
    // Rules that drop letters would make one user of many.
    let is_letter = |value: &&[u8]| String::from_utf8_lossy(value).contains(char::is_alphabetic);
    if !values.iter().flatten().any(is_letter) {
        let zeros = vec![Rule::Digits, Rule::StripZeros];
        let rules = [
            vec![Rule::Phone],
            vec![Rule::PhoneMeta],
            vec![Rule::Digits],
            zeros,
        ];
        all.extend(rules.map(both));
    }
    all
}

/// What all IDs of a side begin with, up to a sign between it and the rest.
fn prefix(values: &[&[u8]]) -> Option<String> {
    let (first, rest) = values.split_first()?;
    let common = rest.iter().fold(first.len(), |len, value| {
        let same = first[..len].iter().zip(value.iter());
        same.take_while(|(a, b)| a == b).count()
    });
    let is_sign = |byte: &u8| matches!(byte, b':' | b'_' | b'-' | b'|' | b'/' | b'\\');
    let end = first[..common].iter().rposition(is_sign)? + 1;
    std::str::from_utf8(&first[..end]).ok().map(str::to_owned)
}

/// Whether settings make about as many meet as should, and no two IDs of a side one.
fn works(
    candidate: &Candidate,
    values: &[Vec<&[u8]>; 2],
    domains: [IdDomain; 2],
    target: u64,
) -> bool {
    let Some(formed) = form_all(candidate, values, domains) else {
        return false;
    };
    let [ours, theirs] = formed
        .each_ref()
        .map(|formed| formed.iter().collect::<HashSet<_>>());
    let both = ours.intersection(&theirs).count() as u64;
    let apart = |formed: &HashSet<_>, values: &Vec<&[u8]>| 100 * formed.len() >= 70 * values.len();
    10 * both >= 9 * target
        && 10 * both <= 11 * target + 10
        && apart(&ours, &values[0])
        && apart(&theirs, &values[1])
}

/// The IDs of both sides in their form; `None` if the settings are refused, or can't read nearly all.
fn form_all(
    candidate: &Candidate,
    values: &[Vec<&[u8]>; 2],
    domains: [IdDomain; 2],
) -> Option<[Vec<Vec<u8>>; 2]> {
    let mut formed: [Vec<Vec<u8>>; 2] = Default::default();
    let mut spaces = Vec::new();
    for (side, values) in values.iter().enumerate() {
        match candidate {
            Candidate::Cast(to) => {
                for value in values {
                    formed[side].push(cast(value, domains[side], *to)?);
                }
            }
            Candidate::Rules(rules) => {
                let normal = Normal::new(rules[side].clone(), None).ok()?;
                spaces.push((normal.domain(domains[side]).ok()?, normal.profile()));
                let from = match domains[side] {
                    IdDomain::Integer => IdDomain::Text,
                    domain => domain,
                };
                for value in values {
                    let mut form = Vec::new();
                    if normal.apply(value, from, &mut form).is_some() {
                        formed[side].push(form);
                    }
                }
                if 100 * formed[side].len() < 99 * values.len() {
                    return None;
                }
            }
        }
    }
    let same = spaces.windows(2).all(|spaces| spaces[0] == spaces[1]);
    same.then_some(formed)
}

/// An ID under a cast; `None` if that is refused.
fn cast(value: &[u8], from: IdDomain, to: IdDomain) -> Option<Vec<u8>> {
    Cast::check(from, to).ok()?;
    match (from, to) {
        (_, IdDomain::Integer) => Some(text_to_integer(value)?.to_le_bytes().to_vec()),
        (IdDomain::Text, IdDomain::Binary) => {
            let mut bytes = Vec::new();
            hex_to_bytes(value, &mut bytes).map(|()| bytes)
        }
        _ => Some(value.to_vec()),
    }
}

fn worded(candidate: &Candidate, sides: [&Spelt<'_>; 2]) -> Vec<Piece> {
    let rules = match candidate {
        Candidate::Cast(to) => return vec![Setting::Cast.to(to.name())],
        Candidate::Rules(rules) => rules,
    };
    let text = |rules: &[Rule]| {
        let names: Vec<String> = rules.iter().map(Rule::typed).collect();
        names.join(",")
    };
    let [ours, theirs] = rules.each_ref().map(|rules| text(rules));
    if ours == theirs {
        return vec![Setting::Normalize.to(&shell_word(&ours))];
    }
    let of = |side: usize, rules: &str| {
        Setting::Normalize.to(&shell_word(&format!("{}={rules}", sides[side].name)))
    };
    vec![of(0, &ours), " ".into(), of(1, &theirs)]
}
