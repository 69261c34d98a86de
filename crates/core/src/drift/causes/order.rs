//! Order of findings, and the reasons of their severity and position.
//!
//! First come possible connections between environments, then switches, wildcards and empty values, larger values in
//! staging, and none, one and many; then lone deviations; then everything else by severity and reach. Findings that do
//! not count as drift follow.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use evenkeel_model::defect::{Defect, Rank, Severity};

use super::super::{codes, documents};

/// Returns the position of a defect in a report; declared ones come last.
pub(crate) fn order(defect: &Defect) -> impl Ord + use<> {
    let is_lesser = defect.severity < Severity::Error;
    (
        defect.declared.is_some(),
        is_lesser.then_some(Reverse(defect.severity)),
        defect.rank,
        Reverse(defect.severity),
        Reverse(defect.reach()),
    )
}

/// Patterns of siblings of which only one place differs, by document.
pub(super) struct Alone(HashSet<(String, String)>);

/// Returns places where only one of many siblings differs, regardless of declarations.
pub(super) fn lone(defects: &[Defect]) -> Alone {
    let mut places: HashMap<(&str, &str), HashSet<Option<&str>>> = HashMap::new();
    for defect in defects {
        if let Some(among) = &defect.among {
            let all = places.entry((&defect.subject, among)).or_default();
            all.insert(defect.attribute.as_deref());
        }
    }
    let alone = places.into_iter().filter(|(_, places)| places.len() == 1);
    Alone(
        alone
            .map(|((subject, among), _)| (subject.to_owned(), among.to_owned()))
            .collect(),
    )
}

impl Alone {
    fn has(&self, defect: &Defect) -> bool {
        defect.among.as_ref().is_some_and(|among| {
            self.0
                .contains(&(defect.subject.clone(), among.to_string()))
        })
    }
}

/// Rank and position of a finding, from all of its places.
pub(super) struct Standing {
    severity: Severity,
    rank: Rank,
    why: String,
}

impl Standing {
    /// Computes the rank of places with one cause, each with the differences it explains. A key that is missing at many
    /// places is usually omitted on purpose, if `is_widespread` is set for the rule.
    pub(super) fn of(all: &[(Defect, Vec<Defect>)], is_widespread: bool, alone: &Alone) -> Self {
        /// Minimum number of places at which something is missing on purpose.
        const MANY: usize = 3;
        let each = || {
            all.iter()
                .flat_map(|(own, followers)| std::iter::once(own).chain(followers))
        };
        let places: HashSet<(&str, Option<&str>)> = all
            .iter()
            .map(|(own, _)| (&*own.subject, own.attribute.as_deref()))
            .collect();
        let is_usual = |defect: &Defect| {
            is_widespread
                && places.len() >= MANY
                && defect.code == &documents::codes::KEY
                && defect.severity == Severity::Critical
                && !defect.is_weighed
        };
        let severity_of = |defect: &Defect| {
            if is_usual(defect) {
                Severity::Error
            } else {
                defect.severity
            }
        };
        let gravest = each().max_by_key(|defect| (severity_of(defect), Reverse(rank_of(defect))));
        let severity = each().map(severity_of).max().unwrap_or(Severity::Error);
        let is_lone = places.len() == 1 && all.first().is_some_and(|(own, _)| alone.has(own));
        let first = each().map(rank_of).min().unwrap_or_default();
        let rank = match first {
            Rank::Rest if is_lone => Rank::Lone,
            first => first,
        };
        let reason = gravest.map_or(String::new(), |gravest| {
            if is_usual(gravest) {
                format!(
                    "missing at {} places, which is usually intended",
                    places.len()
                )
            } else if gravest.is_weighed {
                "set by the system".to_owned()
            } else {
                reason(gravest).to_owned()
            }
        });
        let reach = each().count();
        let position = if severity < Severity::Error {
            "after everything that counts as drift".to_owned()
        } else {
            position(rank, reach)
        };
        Self {
            severity,
            rank,
            why: format!("{}: {reason}; listed {position}", severity.name()),
        }
    }

    /// Assigns it to the defect that represents all places.
    pub(super) fn give(self, defect: &mut Defect) {
        defect.severity = self.severity;
        defect.rank = self.rank;
        // The code of a defect in a definition explains its severity.
        if defect.code.name.starts_with("parity/") {
            defect.why = Some(self.why);
        }
    }
}

/// Returns the rank of a defect by its values and its code.
fn rank_of(defect: &Defect) -> Rank {
    let of_code = if defect.code == &documents::codes::FOREIGN
        || defect.code == &documents::codes::MUST_DIFFER
    {
        Rank::Foreign
    } else if defect.code == &documents::codes::FLAG {
        Rank::Switch
    } else if defect.code == &documents::codes::EMPTY_SECRET {
        Rank::Open
    } else if defect.code == &codes::INVERTED {
        Rank::Inverted
    } else if defect.code == &codes::CLASS {
        Rank::Class
    } else {
        Rank::Rest
    };
    of_code.min(defect.rank)
}

/// Returns a short reason for a severity.
fn reason(defect: &Defect) -> &'static str {
    if defect.rank == Rank::Open {
        return "a wildcard or an empty value in one environment only";
    }
    match defect.code.name {
        "parity/foreign-identity" if defect.severity < Severity::Error => {
            "text for people is not a connection"
        }
        "parity/foreign-identity" => "one environment may connect to the other",
        "parity/must-differ" => "a value that must not be shared is shared",
        "parity/flag-differs" => "a feature that is off in one environment is not tested there",
        "parity/secret-empty" => "an empty secret is as severe as a missing one",
        "parity/key-missing" => "a default applies where the key is missing",
        "parity/file-missing" | "parity/document-missing" => {
            "a whole file is missing in one environment"
        }
        "parity/inverted" if defect.severity < Severity::Error => "two sizes that are nearly equal",
        "parity/inverted" => "a test with more resources does not cover less",
        "parity/class-differs" => "none, one and many behave differently",
        "parity/image-differs" | "parity/version-differs" => {
            "the tested version is not the one that will run"
        }
        "parity/type-differs" => "programs treat types differently",
        "parity/order-differs" if defect.severity < Severity::Error => {
            "the order may have no meaning here"
        }
        "parity/order-differs" => "the order has a meaning here",
        "parity/element-missing" => "an element is in one environment only",
        "parity/size-differs" => "a smaller size is a difference until it is declared",
        "parity/setting-differs" if defect.severity < Severity::Error => {
            "same frequency, at another time of the day"
        }
        "parity/readers-differ" => "equal for some programs and different for others",
        "parity/opaque-id-differs" => "generated ids differ by nature",
        "parity/shared-identity" => "one thing for both environments may be intended",
        "parity/name-on-one-side" => "only the environment's own name differs",
        "parity/id-copied" => "an id of one environment does not exist in another",
        "parity/environments-listed" => "a value about all environments is usually intended",
        "parity/image-floats" => "a moving tag may mean two images",
        "parity/moved" => "only the place differs",
        "parity/secret-differs" => "each environment should have different secrets",
        "parity/ciphertext-differs" => "ciphertexts cannot be compared",
        _ => "an undeclared difference",
    }
}

/// Returns a position in the order, with the reason.
fn position(rank: Rank, reach: usize) -> String {
    match rank {
        Rank::Foreign => "first, before all other differences".to_owned(),
        Rank::Switch => "among the first, with switches".to_owned(),
        Rank::Open => "among the first, with wildcards and empty values".to_owned(),
        Rank::Inverted => "among the first, since the earlier environment has more".to_owned(),
        Rank::Class => "among the first, with none, one and many".to_owned(),
        Rank::Lone => "before the rest, since the key is equal at all its siblings".to_owned(),
        Rank::Rest if reach == 1 => "by severity".to_owned(),
        Rank::Rest => format!("by severity and number of places ({reach})"),
    }
}
