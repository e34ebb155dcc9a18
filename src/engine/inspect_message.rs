//! What a sketch with noise and the messages of private overlap tell, and whom.

use super::noisy;
use super::private::read_message;
use crate::error::Result;
use crate::id::IdDomain;
use crate::private::Message;
use crate::report::{InspectedFact, InspectedMessage};
use crate::sketch::{Grid, NoisyGrid};
use std::path::Path;

/// What is in a file that is made for strangers; `None` of other files, by their names.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't whole, and those of the messages.
pub(super) fn read(path: &Path) -> Result<Option<InspectedMessage>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    if noisy::is_noisy(path) {
        return Ok(Some(of_grid(&noisy::read(path)?)));
    }
    match extension.is_some_and(|extension| extension.eq_ignore_ascii_case("ovp")) {
        true => Ok(Some(of_message(&read_message(path)?))),
        false => Ok(None),
    }
}

fn fact(name: &str, value: impl Into<String>) -> InspectedFact {
    InspectedFact {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn of_grid(noisy: &NoisyGrid) -> InspectedMessage {
    let (epsilon, flip) = (noisy.epsilon(), noisy.flip());
    let kind = noisy.domain().map_or("none", IdDomain::name);
    let rules = match noisy.profile().text() {
        "" => "none",
        rules => rules,
    };
    InspectedMessage {
        what: "sketch with noise".into(),
        facts: vec![
            fact("epsilon", epsilon.to_string()),
            fact("flipped bits", format!("{:.1} %", flip * 100.0)),
            fact("buckets", format!("2^{}", noisy.grid().precision())),
            fact("levels", Grid::LEVELS.to_string()),
            fact("ids", kind),
            fact("rules", rules),
        ],
        tells: vec![
            "Everybody who has it learns about how many users there are, and with another such file how many are common; the noise is part of both."
                .into(),
            format!(
                "Nobody learns of one user more than this: a chance of 50 % that the user is in can become at most {:.1} %.",
                (1.0 - flip) * 100.0
            ),
            "Rows, names and ids aren't in it. Another such file of the same users adds its epsilon.".into(),
        ],
    }
}

fn of_message(message: &Message) -> InspectedMessage {
    let facts = message.facts();
    InspectedMessage {
        what: format!("{} of private overlap", message.noun()),
        facts: facts
            .into_iter()
            .map(|(name, value)| InspectedFact { name, value })
            .collect(),
        tells: message.tells().into_iter().map(str::to_owned).collect(),
    }
}
