//! Replay of a stored verdict: the dossier is judged again, and the result is compared with the record.
//!
//! Pure: the dossier holds its own time, so neither the clock nor the live state matters. Reading objects and choosing
//! verdicts is left to the caller.

use std::collections::BTreeMap;

use super::stored::{RULES, StoredReason, StoredRule, StoredVerdict};
use super::{StoredDossier, judge};
use evenkeel_ledger::record::VerdictGiven;

/// Part of a verdict that differs from its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayDifference {
    /// Code of a rule, or `verdict`, `remedies`, `entry` for the whole.
    pub part: String,
    /// Recorded lines.
    pub recorded: Vec<String>,
    /// Lines of the replay.
    pub replayed: Vec<String>,
}

/// Result of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Verdict by the present rules.
    pub verdict: StoredVerdict,
    /// Differences from the record; none if every byte is the same.
    pub differences: Vec<ReplayDifference>,
    /// Whether anything was recorded to compare with: a dossier of the first format stores no verdict.
    pub compared: bool,
}

/// Judges a stored dossier again, and compares the result with the verdict stored in it and with its ledger entry.
#[must_use]
pub fn replay(stored: &StoredDossier, given: Option<&VerdictGiven>) -> Replayed {
    let verdict = StoredVerdict::of(&judge(&stored.dossier));
    let mut differences = Vec::new();
    if let Some(recorded) = &stored.verdict {
        compare(recorded, &verdict, stored.rules < RULES, &mut differences);
    }
    if let Some(given) = given {
        compare_entry(given, stored, &verdict, &mut differences);
    }
    Replayed {
        verdict,
        differences,
        compared: stored.verdict.is_some() || given.is_some(),
    }
}

impl StoredVerdict {
    /// Returns the code of each reason, in order: a code occurs once for each reason.
    pub fn shut_by(&self) -> impl Iterator<Item = &str> {
        self.rules
            .iter()
            .flat_map(|rule| rule.reasons.iter().map(|_| &*rule.code))
    }
}

/// Compares two whole verdicts. Rules that an earlier version did not have differ only where they do not hold, and its
/// remedies are not compared: they are advice that follows from the rules of that version.
fn compare(
    recorded: &StoredVerdict,
    replayed: &StoredVerdict,
    is_earlier: bool,
    differences: &mut Vec<ReplayDifference>,
) {
    let mut differ = |part: &str, recorded: Vec<String>, replayed: Vec<String>| {
        if recorded != replayed {
            differences.push(ReplayDifference {
                part: part.to_owned(),
                recorded,
                replayed,
            });
        }
    };
    differ(
        "verdict",
        vec![word(recorded.open).to_owned()],
        vec![word(replayed.open).to_owned()],
    );
    // A dossier from a file may repeat a code: each occurrence counts.
    let mut codes: BTreeMap<&str, [Option<Vec<String>>; 2]> = BTreeMap::new();
    for (side, verdict) in [recorded, replayed].into_iter().enumerate() {
        for rule in &verdict.rules {
            let sides = codes.entry(&rule.code).or_default();
            if let Some(own) = sides.get_mut(side) {
                own.get_or_insert_default().extend(lines(rule, !is_earlier));
            }
        }
    }
    for (code, [before, now]) in codes {
        let is_new = is_earlier && before.is_none();
        if is_new && now.as_deref().is_some_and(|lines| lines == [HOLDS]) {
            continue;
        }
        let absent = || vec!["not judged".to_owned()];
        differ(
            code,
            before.unwrap_or_else(absent),
            now.unwrap_or_else(absent),
        );
    }
    if !is_earlier {
        differ(
            "remedies",
            recorded.remedies.clone(),
            replayed.remedies.clone(),
        );
    }
    // The same results in another order are no verdict that evenkeel wrote.
    if differences.is_empty() && !is_earlier && recorded != replayed {
        let codes = |verdict: &StoredVerdict| -> Vec<String> {
            verdict.rules.iter().map(|rule| rule.code.clone()).collect()
        };
        differences.push(ReplayDifference {
            part: "rules".to_owned(),
            recorded: codes(recorded),
            replayed: codes(replayed),
        });
    }
}

/// Compares a replay with the ledger entry that names its dossier.
fn compare_entry(
    given: &VerdictGiven,
    stored: &StoredDossier,
    replayed: &StoredVerdict,
    differences: &mut Vec<ReplayDifference>,
) {
    let facts = |open: bool, shut_by: String, environment: &str, plan: String, recipe: String| {
        vec![
            word(open).to_owned(),
            format!("shut by: {shut_by}"),
            format!("environment: {environment}"),
            format!("plan: {plan}"),
            format!("recipe: {recipe}"),
        ]
    };
    let recorded = facts(
        given.open,
        given.shut_by.join(", "),
        given.environment.as_str(),
        given.plan.to_string(),
        given.recipe.to_string(),
    );
    let dossier = &stored.dossier;
    let computed = facts(
        replayed.open,
        replayed.shut_by().collect::<Vec<_>>().join(", "),
        dossier.production.as_str(),
        dossier.release.plan.to_string(),
        dossier.release.recipe.to_string(),
    );
    let (recorded, replayed): (Vec<String>, Vec<String>) = recorded
        .into_iter()
        .zip(computed)
        .filter(|(recorded, computed)| recorded != computed)
        .unzip();
    if !recorded.is_empty() {
        differences.push(ReplayDifference {
            part: "entry".to_owned(),
            recorded,
            replayed,
        });
    }
}

/// Line of a rule that holds.
const HOLDS: &str = "holds";

/// Returns a rule as lines: whether it holds, then its reasons, perhaps with their remedies.
fn lines(rule: &StoredRule, with_remedies: bool) -> Vec<String> {
    let word = if rule.holds { HOLDS } else { "does not hold" };
    let reasons = rule.reasons.iter().map(|reason| {
        let StoredReason { message, remedy } = reason;
        if with_remedies {
            format!("{message} (remedy: {remedy})")
        } else {
            message.clone()
        }
    });
    let waived = rule.waived.iter().map(|words| format!("waived: {words}"));
    std::iter::once(word.to_owned())
        .chain(reasons)
        .chain(waived)
        .collect()
}

const fn word(open: bool) -> &'static str {
    if open { "open" } else { "shut" }
}
