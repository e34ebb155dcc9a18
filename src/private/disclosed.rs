//! What stands in a message in the open, and what it tells whom.

use super::message::Message;
use super::numbers::{Holding, Options};

/// A name, and what the message says.
type Fact = (String, String);

impl Message {
    /// What it is.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Offer(_) => "offer",
            Self::Answer(_) => "answer",
            Self::Closing(_) => "result",
        }
    }

    /// Everything in it that can be read in the open.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        match self {
            Self::Offer(offer) => {
                facts.push(fact("side", &offer.name));
                facts.extend(options(&offer.options));
                for batch in &offer.batches {
                    facts.extend(holding(&batch.holding, offer.options.bits));
                    facts.push(of(&batch.holding, "points", &batch.elements.len()));
                }
            }
            Self::Answer(answer) => {
                facts.push(fact("side", &answer.name));
                facts.extend(options(&answer.options));
                for batch in &answer.batches {
                    facts.extend(holding(&batch.holding, answer.options.bits));
                    facts.push(of(
                        &batch.holding,
                        "users below both thresholds",
                        &batch.below,
                    ));
                    let points = batch.again.len() + batch.elements.len();
                    facts.push(of(&batch.holding, "points", &points));
                }
            }
            Self::Closing(closing) => {
                for batch in &closing.batches {
                    facts.push(fact("users below both thresholds", &batch.below));
                    facts.push(fact("common users of both samples", &batch.matches));
                }
            }
        }
        facts
    }

    /// Who learns what from it.
    #[must_use]
    pub const fn tells(&self) -> [&'static str; 2] {
        match self {
            Self::Offer(_) => [
                "Everybody who has it learns what stands above. The points tell nobody of any user, without the secret file of the offering side.",
                "The secret file tells which users are in the sample: it must stay with the offering side.",
            ],
            Self::Answer(_) => [
                "Everybody who has it learns what stands above. The offering side can count the common points with its secret file, and can't tell which users they are.",
                "The secret file of the answering side tells which users are in its sample: it must stay there.",
            ],
            Self::Closing(_) => [
                "Everybody who has it learns what stands above; with the sizes in offer and answer it is the overlap.",
                "It says nothing of any single user to those who don't know all other users already.",
            ],
        }
    }
}

fn fact(name: &str, value: &impl ToString) -> Fact {
    (name.to_owned(), value.to_string())
}

/// A fact about the users of a segment, or of all.
fn of(holding: &Holding, name: &str, value: &impl ToString) -> Fact {
    match &*holding.label {
        "" => fact(name, value),
        label => fact(&format!("{label}: {name}"), value),
    }
}

fn options(options: &Options) -> Vec<Fact> {
    let named = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
    let epsilon = options.epsilon.map(|epsilon| epsilon.value().to_string());
    vec![
        fact("hash", &options.hash),
        fact("ids", &named(&options.id_type)),
        fact("rules", &named(&options.profile)),
        fact("segments by", &named(&options.by)),
        fact("epsilon", &epsilon.unwrap_or_else(|| "none".into())),
    ]
}

fn holding(holding: &Holding, bits: u8) -> Vec<Fact> {
    let users = match holding.exact {
        true => holding.users.to_string(),
        false => format!("{} (estimated)", holding.users),
    };
    let share = holding.theta as f64 / 2.0_f64.powi(i32::from(bits));
    vec![
        of(holding, "users", &users),
        of(holding, "k", &holding.k),
        of(holding, "sampled share", &format!("{:.3} %", share * 100.0)),
    ]
}
