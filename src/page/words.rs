//! The answer in sentences.

use crate::report::number::{percent, percent_interval, whole, whole_interval};
use crate::report::{FullReport, Number, PairPart, probability_text};

/// `62,054 users (61,538 – 62,571)`.
pub(super) fn users(number: &Number) -> String {
    let interval = whole_interval(&number.estimate());
    let count = whole(number.value);
    match interval.is_empty() {
        true => count,
        false => format!("{count} ({interval})"),
    }
}

/// `44.00 %`, and in a second text ` (between 43.62 and 44.38 %)`, which is empty where the number is exact.
fn share(number: &Number) -> (String, String) {
    let estimate = number.estimate();
    let interval = percent_interval(&estimate);
    let limits = match interval.is_empty() {
        true => String::new(),
        false => format!(" (between {})", interval.replace(" – ", " and ")),
    };
    (percent(&estimate), limits)
}

/// A sentence of plain words and of names, which are marked so that no letter of theirs acts beyond
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Plain(String),
    Name(String),
    Strong(String),
}

/// A text whose numbers stay with their units, and intervals on one line.
fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
        .replace("± ", "±\u{a0}")
        .replace(" – ", "\u{a0}–\u{a0}")
}

/// Builds a sentence.
#[derive(Default)]
pub(super) struct Sentence(pub(super) Vec<Word>);

impl Sentence {
    pub(super) fn say(mut self, text: impl Into<String>) -> Self {
        self.0.push(Word::Plain(unbroken(&text.into())));
        self
    }

    pub(super) fn name(mut self, text: &str) -> Self {
        self.0.push(Word::Name(text.to_owned()));
        self
    }

    pub(super) fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Word::Strong(unbroken(&text.into())));
        self
    }
}

/// What the report says, sentence by sentence.
pub(super) fn answer(report: &FullReport) -> Vec<Sentence> {
    match (&report.sides[..], report.pairs.first()) {
        ([_, _], Some(pair)) => of_two(report, pair),
        ([one], _) if one.users.is_some() => vec![
            Sentence::default()
                .name(&one.name)
                .say(" has ")
                .strong(users(&report.users_of(0)))
                .say(" users."),
        ],
        _ => of_many(report),
    }
}

fn of_two(report: &FullReport, pair: &PairPart) -> Vec<Sentence> {
    /// A side that grows more than tenfold has no use for the percentage.
    const GAIN_MAX: f64 = 10.0;
    let (a, b) = (&pair.a, &pair.b);
    let sides = [report.users_of(0), report.users_of(1)];
    let shares = [share(&pair.share_of_a), share(&pair.share_of_b)];
    let mut sentences = vec![
        Sentence::default()
            .name(a)
            .say(" has ")
            .strong(users(&sides[0]))
            .say(" users, ")
            .name(b)
            .say(" has ")
            .strong(users(&sides[1]))
            .say("."),
        Sentence::default()
            .strong(users(&pair.overlap))
            .say(format!(" users are on both: {} of ", shares[0].0))
            .name(a)
            .say(format!("{} and {} of ", shares[0].1, shares[1].0))
            .name(b)
            .say(format!("{}.", shares[1].1)),
    ];
    if let Some(union) = &report.union {
        sentences.push(
            Sentence::default()
                .say("Together they reach ")
                .strong(users(union))
                .say(format!(
                    " users: {} + {} − {}.",
                    whole(sides[0].value),
                    whole(sides[1].value),
                    whole(pair.overlap.value)
                )),
        );
    }
    for (to, from, gain, new) in [
        (a, b, &pair.gain_a, &pair.only_b),
        (b, a, &pair.gain_b, &pair.only_a),
    ] {
        if let (Some(gain), Some(new)) = (gain, new) {
            let (gained, limits) = share(gain);
            let growth = match gain.value < GAIN_MAX {
                true => format!(": +\u{a0}{gained}{limits}."),
                false => ".".into(),
            };
            let sentence = Sentence::default().name(to).say(" would gain ");
            let sentence = sentence.strong(users(new)).say(" new users from ");
            sentences.push(sentence.name(from).say(growth));
        }
    }
    sentences.extend(where_most_are(report, pair));
    sentences.extend(how_likely(report, a));
    sentences.extend(how_sure(report, pair));
    sentences
}

/// How likely the first side gains more than the number that was asked about.
fn how_likely(report: &FullReport, ours: &str) -> Option<Sentence> {
    let asked = report.break_even.as_ref()?;
    let users = whole(asked.more_than as f64);
    let sentence = Sentence::default().say("That ").name(ours);
    let sentence = sentence.say(" gains more than ").strong(users);
    let likely = probability_text(asked.probability);
    Some(sentence.say(" users is ").strong(likely).say(" likely."))
}

fn where_most_are(report: &FullReport, pair: &PairPart) -> Option<Sentence> {
    const SHOWN: usize = 3;
    let segments = report.segments.as_ref()?;
    let all_new = pair.only_b.filter(|new| new.value > 0.0)?.value;
    let mut sentence = Sentence::default()
        .say("Most of the new users for ")
        .name(&segments.ours);
    sentence = sentence.say(" are in ");
    let shown = segments
        .rows
        .iter()
        .take(SHOWN)
        .filter(|row| row.new.value > 0.0);
    for (i, row) in shown.enumerate() {
        let share = format!(" ({:.1} %)", 100.0 * row.new.value / all_new);
        let comma = if i == 0 { "" } else { ", " };
        sentence = sentence.say(comma).name(&row.label()).say(share);
    }
    Some(sentence.say("."))
}

fn how_sure(report: &FullReport, pair: &PairPart) -> Option<Sentence> {
    let level = format!("{} %", (report.confidence * 1000.0).round() / 10.0);
    let sentence = Sentence::default();
    Some(match pair.quality.as_deref()? {
        "exact" => sentence.say("These numbers were counted: they are exact."),
        "not resolvable" => sentence
            .say("The overlap is too small for sketches of this size: it is at most ")
            .strong(whole(pair.overlap.upper))
            .say(format!(" users, with a confidence of {level}.")),
        quality => sentence.say(format!(
            "How sure: the overlap is known to ± {:.1} % with a confidence of {level}, which is ",
            50.0 * (pair.overlap.upper - pair.overlap.lower) / pair.overlap.value.max(1.0)
        ))
        .strong(quality)
        .say("."),
    })
}

fn of_many(report: &FullReport) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let count = report.sides.len();
    let sizes: f64 = (0..count).map(|side| report.users_of(side).value).sum();
    if let Some(union) = report.union.filter(|_| sizes > 0.0) {
        let sentence = Sentence::default()
            .say(format!("Together the {count} sides reach "))
            .strong(users(&union))
            .say(" users. ");
        sentences.push(sentence.say(format!(
            "Their sizes add up to {}, so that a user is on {:.2} of them on average.",
            whole(sizes),
            sizes / union.value.max(1.0)
        )));
    }
    let largest = (0..count).max_by(|&a, &b| {
        let size = |side: usize| report.users_of(side).value;
        size(a).total_cmp(&size(b))
    });
    if let Some(largest) = largest.filter(|_| sizes > 0.0) {
        sentences.push(
            Sentence::default()
                .say("The largest side is ")
                .name(&report.sides[largest].name)
                .say(" with ")
                .strong(users(&report.users_of(largest)))
                .say(" users."),
        );
    }
    if let Some(greedy) = report.reach.iter().find(|curve| curve.order == "greedy")
        && let [_, second, ..] = &greedy.steps[..]
    {
        sentences.push(
            Sentence::default()
                .say("Next to it, ")
                .name(&second.side)
                .say(" adds most new users: ")
                .strong(users(&second.added))
                .say("."),
        );
    }
    sentences
}

/// The page's name in a browser.
pub(super) fn title(report: &FullReport) -> String {
    const SHOWN: usize = 3;
    const LETTERS: usize = 40;
    let name = |name: &String| name.chars().take(LETTERS).collect::<String>();
    let names: Vec<String> = report
        .sides
        .iter()
        .take(SHOWN)
        .map(|side| name(&side.name))
        .collect();
    let more = match report.sides.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("Users of {}{more}", names.join(", "))
}

/// What the reader must not read into the numbers.
pub(super) const LIMITS: [&str; 4] = [
    "A user is a distinct ID. Somebody with two IDs counts twice, and two people who share one count once.",
    "Users are the same on two sides if their IDs are the same after the conversions that were asked for. IDs \
     that one side writes differently never meet.",
    "An interval holds the true number as often as its confidence says: with 95 %, one of twenty doesn't. It \
     covers the error of the estimate, not of the data.",
    "Overlap is no cause: a user whom a side would gain here is one it doesn't have, not one it will win.",
];

/// How the numbers came about, in sentences.
pub(super) fn method(report: &FullReport) -> Vec<String> {
    let method = &report.method;
    if method.name == "exact" {
        return vec!["Every distinct ID was counted.".into()];
    }
    if let Some(epsilon) = method.epsilon {
        return vec![
            format!(
                "Every distinct ID was counted, and noise was added to every combination of sides: all numbers together \
                 are differentially private, with an epsilon of {epsilon} for everything that the data has of one user."
            ),
            format!(
                "Limits are those of intervals with a confidence of {} %, which include the noise.",
                (report.confidence * 1000.0).round() / 10.0
            ),
        ];
    }
    let mut parts = Vec::new();
    if let Some(precision) = method.precision {
        parts.push(format!("2^{precision} HyperLogLog registers"));
    }
    if let Some(k) = method.k {
        parts.push(format!("a MinHash sample of {} hashes", whole(k as f64)));
    }
    let size = match parts[..] {
        [] => String::new(),
        _ => format!(" ({} for each side)", parts.join(" and ")),
    };
    let fit = match method.joint {
        true => "All numbers are sums of the regions of one fit, so that they add up.",
        false => "Every number is estimated by itself, so that sums may differ a little.",
    };
    /// More sides are no one fit.
    const FIT_MAX: usize = 8;
    let level = (report.confidence * 1000.0).round() / 10.0;
    let mut sentences = vec![
        format!(
            "The numbers are estimated from small sketches of the IDs{size} by maximum likelihood. {fit}"
        ),
        format!(
            "Limits are those of intervals with a confidence of {level} %. Numbers without limits are exact."
        ),
    ];
    if report.fit.is_none() && report.sides.len() > FIT_MAX {
        sentences.push(
            "All exclusive regions, and formulas, are of up to eight sides: a report of eight of these has them.".into(),
        );
    }
    if report.largest.is_some() {
        sentences.push(
            "The largest regions are those whose users the common sample of all sides saw; each interval is that of a \
             region chosen beforehand."
                .into(),
        );
    }
    if report.reach.len() == 1 && report.sides.len() > 2 {
        sentences.push(
            "The command overlap reach can put the sides in the order in which they add most new users.".into(),
        );
    }
    sentences
}
