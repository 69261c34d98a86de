//! Findings and time: which are new since a time, which ended since then, and which cannot be judged now.
//!
//! Pure: takes the recorded checks and the findings of now. What could not be read never counts as ended.

use std::collections::{BTreeMap, BTreeSet};

use super::machines::machine_of;
use super::survey::PREFIX;
use super::{codes, survey};
use crate::environment::Resolved;
use evenkeel_ledger::record::DescribedFinding;
use evenkeel_ledger::{Check, ChecksSince, Watched};
use evenkeel_model::defect::{Defect, Novelty, Seen};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Returns whether a defect is a difference between the definitions of environments, not one of a live environment.
#[must_use]
pub fn is_of_parity(defect: &Defect) -> bool {
    defect.code.name.starts_with("parity/") || defect.code.name.starts_with("document/")
}

/// The classes of findings that a check compares.
#[derive(Clone, Copy, Debug)]
pub struct Classes {
    /// Differences between definitions.
    pub parity: bool,
    /// Live state.
    pub live: bool,
    /// Facts of hosts.
    pub survey: bool,
}

impl Classes {
    /// Whether a recorded finding of an environment belongs to them. One without a description may be of any class.
    fn cover(self, note: Option<&DescribedFinding>) -> bool {
        match note {
            Some(note) if note.code.starts_with("survey/") => self.survey,
            Some(_) => self.live,
            None => self.live && self.survey,
        }
    }
}

/// What a check could not judge.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// Subjects of each environment, with the part that is unreadable.
    live: BTreeMap<EnvironmentName, BTreeSet<(String, Option<String>)>>,
    /// Surveys with unread facts.
    surveys: BTreeSet<String>,
    /// Whether documents are unread or not compared.
    pub parity: bool,
    /// Whether some environments of the path were left out, so that differences between environments are unknown.
    pub partial: bool,
}

impl Unread {
    /// Adds the findings about unreadable things. Those of each resource are needed, not those of their machines.
    pub fn note(&mut self, defects: &[Defect]) {
        for defect in defects {
            if defect.code == &survey::codes::CANNOT_TELL {
                self.surveys.insert(survey_of(&defect.subject).to_owned());
            } else if defect.code == &codes::CANNOT_TELL
                && let Some(environment) = &defect.environment
            {
                let own = self.live.entry(environment.clone()).or_default();
                own.insert((defect.subject.clone(), defect.attribute.clone()));
            }
        }
    }

    /// Returns whether a finding of an earlier check may still exist, although it was not found now. `environment` is
    /// absent for parity.
    #[must_use]
    pub fn hides(
        &self,
        environment: Option<&EnvironmentName>,
        note: Option<&DescribedFinding>,
    ) -> bool {
        let Some(environment) = environment else {
            return self.parity || self.partial;
        };
        let own = self.live.get(environment);
        let Some(note) = note else {
            return own.is_some() || !self.surveys.is_empty();
        };
        if note.code.starts_with("survey/") {
            let between = [
                survey::codes::DIFFERS.name,
                survey::codes::MISSING.name,
                survey::codes::SIZE.name,
            ];
            return self.surveys.contains(survey_of(&note.subject))
                || self.partial && between.contains(&&*note.code);
        }
        own.is_some_and(|own| {
            own.range((note.subject.clone(), None)..)
                .take_while(|(subject, _)| *subject == note.subject)
                .any(|(_, part)| covers(part.as_deref(), note.attribute.as_deref()))
        })
    }
}

/// Returns whether an unreadable part, or the whole subject, contains an attribute.
fn covers(part: Option<&str>, attribute: Option<&str>) -> bool {
    let Some(part) = part else {
        return true;
    };
    attribute.is_some_and(|attribute| {
        attribute
            .strip_prefix(part)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// Returns the survey of a subject: `survey.web` of `survey.web@web-1`.
fn survey_of(subject: &str) -> &str {
    subject.split('@').next().unwrap_or(subject)
}

/// Returns the finding of the check before that hid this one: something was unreadable then.
#[must_use]
pub fn hiding(defect: &Defect, before: &Check, resolved: Option<&Resolved>) -> Option<Digest> {
    let machine = resolved.and_then(|resolved| machine_of(resolved, &defect.subject));
    let is_hiding = |note: &&DescribedFinding| {
        if note.code == survey::codes::CANNOT_TELL.name {
            return defect.subject.starts_with(PREFIX)
                && survey_of(&note.subject) == survey_of(&defect.subject);
        }
        note.code == codes::CANNOT_TELL.name
            && (machine.as_ref() == Some(&note.subject)
                || note.subject == defect.subject
                    && covers(note.attribute.as_deref(), defect.attribute.as_deref()))
    };
    let note = before.notes.values().find(is_hiding)?;
    Some(note.fingerprint)
}

/// A finding of earlier checks that was not found now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastFinding {
    /// The environment; `None` for parity.
    pub environment: Option<EnvironmentName>,
    /// The fingerprint.
    pub fingerprint: Digest,
    /// The description; `None` if an earlier version recorded it.
    pub note: Option<DescribedFinding>,
    /// The first check with it.
    pub first: Moment,
    /// The last check with it.
    pub last: Moment,
    /// The first check without it; `None` if it cannot be judged now.
    pub gone: Option<Moment>,
}

/// The check with which an environment is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The environment; `None` for parity.
    pub environment: Option<EnvironmentName>,
    /// The check: the last one at or before the time, otherwise the first of all; `None` without any.
    pub at: Option<Moment>,
    /// Whether that check was made after the time.
    pub is_late: bool,
    /// The number of recorded checks after the time.
    pub later: usize,
}

/// The findings since a time, without those of now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenSince {
    /// The checks with which now is compared.
    pub baselines: Vec<Baseline>,
    /// The findings that ended since then.
    pub ended: Vec<PastFinding>,
    /// The findings that may still exist: what shows them cannot be read now.
    pub unknown: Vec<PastFinding>,
}

/// Compares the findings of now with the recorded checks: tells each when it was first seen and whether it is new, and
/// returns those that were not found now.
#[must_use]
pub fn seen_since(
    checks: &ChecksSince,
    names: &[EnvironmentName],
    classes: Classes,
    unread: &Unread,
    resolved: &BTreeMap<EnvironmentName, &Resolved>,
    now: Moment,
    defects: &mut [Defect],
) -> SeenSince {
    let mut all = SeenSince::default();
    let none = Watched::default();
    let live = names.iter().filter(|_| classes.live || classes.survey);
    let tracks = live.map(|name| (Some(name), checks.environments.get(name)));
    let parity = classes.parity.then_some((None, Some(&checks.parity)));
    for (environment, watched) in tracks.chain(parity) {
        let watched = watched.unwrap_or(&none);
        let base = watched.base.or(watched.first);
        all.baselines.push(Baseline {
            environment: environment.cloned(),
            at: base,
            is_late: watched.base.is_none() && base.is_some(),
            later: watched.later,
        });
        let mut present: BTreeSet<Digest> = BTreeSet::new();
        for defect in defects.iter_mut() {
            let own = (!is_of_parity(defect))
                .then_some(defect.environment.as_ref())
                .flatten();
            let is_here = match environment {
                None => is_of_parity(defect),
                Some(name) => own == Some(name),
            };
            if is_here {
                present.extend(defect.fingerprints());
                // Lesser findings are not recorded.
                if defect.counts() {
                    let resolved = own.and_then(|name| resolved.get(name)).copied();
                    defect.seen = Some(seen(defect, watched, base, resolved, now));
                }
            }
        }
        let past = |fingerprint: &Digest, note: Option<&DescribedFinding>, sighting, gone| {
            let evenkeel_ledger::Sighting { first, last, .. } = sighting;
            PastFinding {
                environment: environment.cloned(),
                fingerprint: *fingerprint,
                note: note.cloned(),
                first,
                last,
                gone,
            }
        };
        let is_asked = |fingerprint: &Digest, note: Option<&DescribedFinding>| {
            !present.contains(fingerprint) && (environment.is_none() || classes.cover(note))
        };
        if let Some(check) = &watched.last {
            for (fingerprint, sighting) in check.findings.iter().chain(&check.hidden) {
                let note = check.notes.get(fingerprint);
                if !is_asked(fingerprint, note) {
                    continue;
                }
                if unread.hides(environment, note) {
                    all.unknown.push(past(fingerprint, note, *sighting, None));
                } else {
                    all.ended
                        .push(past(fingerprint, note, *sighting, Some(now)));
                }
            }
        }
        let is_open = |fingerprint: &Digest| {
            watched.last.as_ref().is_some_and(|check| {
                check.findings.contains_key(fingerprint) || check.hidden.contains_key(fingerprint)
            })
        };
        for (fingerprint, ended) in &watched.ended {
            let note = ended.note.as_ref();
            if base.is_some_and(|base| ended.gone > base)
                && is_asked(fingerprint, note)
                && !is_open(fingerprint)
            {
                let gone = Some(ended.gone);
                all.ended
                    .push(past(fingerprint, note, ended.sighting, gone));
            }
        }
    }
    let order = |one: &PastFinding| {
        let note = one.note.as_ref();
        let subject = note.map(|note| (note.subject.clone(), note.attribute.clone()));
        let place = names
            .iter()
            .position(|name| Some(name) == one.environment.as_ref());
        (place, subject, one.fingerprint)
    };
    all.ended.sort_by_cached_key(order);
    all.unknown.sort_by_cached_key(order);
    all
}

fn seen(
    defect: &Defect,
    watched: &Watched,
    base: Option<Moment>,
    resolved: Option<&Resolved>,
    now: Moment,
) -> Seen {
    let fingerprint = defect.fingerprint();
    let last = watched.last.as_ref();
    let known = last.and_then(|check| {
        let sighting = check.findings.get(&fingerprint);
        sighting.or_else(|| check.hidden.get(&fingerprint))
    });
    let (first, after) = match (known, last) {
        (Some(sighting), _) => (sighting.first, sighting.after),
        (None, Some(check)) => {
            let hiding = hiding(defect, check, resolved);
            let hiding = hiding.and_then(|by| check.findings.get(&by).or(check.hidden.get(&by)));
            (now, hiding.map_or(Some(check.at), |hiding| hiding.after))
        }
        (None, None) => (now, None),
    };
    let novelty = base.map(|base| {
        if first <= base {
            Novelty::Before
        } else if after.is_some_and(|after| after >= base) {
            Novelty::New
        } else {
            Novelty::Unknown
        }
    });
    let earlier = watched.ended.get(&fingerprint);
    Seen {
        first,
        last: now,
        novelty,
        earlier: earlier.map(|ended| (ended.sighting.first, ended.sighting.last)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Classes, Unread, covers};
    use crate::drift::{codes, survey};
    use evenkeel_ledger::record::DescribedFinding;
    use evenkeel_model::defect::Defect;
    use evenkeel_model::{Digest, EnvironmentName};

    fn note(code: &str, subject: &str, attribute: Option<&str>) -> DescribedFinding {
        DescribedFinding {
            fingerprint: Digest::of(b"x"),
            code: code.into(),
            subject: subject.into(),
            attribute: attribute.map(Into::into),
            hidden_by: None,
        }
    }

    #[test]
    fn a_finding_belongs_to_the_class_that_its_description_shows() {
        let live = Classes {
            parity: false,
            live: true,
            survey: false,
        };
        let survey = Classes {
            parity: false,
            live: false,
            survey: true,
        };
        let all = Classes {
            parity: true,
            live: true,
            survey: true,
        };
        let (file, fact) = (
            note("file/mode-differs", "file.a", None),
            note("survey/fact-differs", "survey.web", None),
        );
        assert!(live.cover(Some(&file)) && !live.cover(Some(&fact)));
        assert!(!survey.cover(Some(&file)) && survey.cover(Some(&fact)));
        // One that an earlier version recorded may be of any class.
        assert!(!live.cover(None) && !survey.cover(None) && all.cover(None));
    }

    #[test]
    fn an_unreadable_part_contains_its_attributes() {
        assert!(covers(None, None) && covers(None, Some("mode")));
        assert!(covers(Some("packages"), Some("packages.nginx")));
        assert!(!covers(Some("packages"), Some("packages-2")));
        assert!(!covers(Some("packages"), None));
    }

    #[test]
    fn what_cannot_be_read_hides_its_findings_and_no_others() {
        let staging = EnvironmentName::new("staging");
        let mut unread = Unread::default();
        unread.note(&[
            Defect::new(&codes::CANNOT_TELL, "file.a@web-1", "").within(&staging),
            Defect::new(&codes::CANNOT_TELL, "exclusive.hosts", "")
                .within(&staging)
                .attribute("packages"),
            Defect::new(&survey::codes::CANNOT_TELL, "survey.web@web-1", "").within(&staging),
        ]);
        let hides = |code: &str, subject: &str, attribute: Option<&str>| {
            unread.hides(Some(&staging), Some(&note(code, subject, attribute)))
        };
        assert!(hides("file/mode-differs", "file.a@web-1", Some("mode")));
        assert!(!hides("file/mode-differs", "file.a@web-2", Some("mode")));
        assert!(hides(
            "live/unmanaged",
            "exclusive.hosts",
            Some("packages.nginx")
        ));
        assert!(!hides(
            "live/unmanaged",
            "exclusive.hosts",
            Some("users.eve")
        ));
        assert!(hides("survey/fact-differs", "survey.web", Some("os.id")));
        assert!(!hides("survey/fact-differs", "survey.db", Some("os.id")));
        let production = EnvironmentName::new("production");
        assert!(!unread.hides(
            Some(&production),
            Some(&note("file/mode-differs", "file.a@web-1", None))
        ));
        // A finding that an earlier version recorded may be any.
        assert!(unread.hides(Some(&staging), None));
        assert!(!unread.hides(None, None));
        unread.partial = true;
        assert!(unread.hides(None, None));
        assert!(unread.hides(
            Some(&production),
            Some(&note("survey/fact-missing", "survey.db", None))
        ));
    }
}
