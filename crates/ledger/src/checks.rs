//! Recorded drift checks: since when each finding exists, and when each ended.
//!
//! A finding that a check could not judge, such as one of a host that did not answer, did not end: it is carried on as
//! hidden until a check judges it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{DescribedFinding, DriftChecked};
use super::{Ledger, LedgerError, Record};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// The last recorded check of an environment, or of parity, with the first sighting of each finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The time.
    pub at: Moment,
    /// Whether everything was readable.
    pub complete: bool,
    /// The findings by fingerprint.
    pub findings: BTreeMap<Digest, Sighting>,
    /// Findings of earlier checks that this one could not judge.
    pub hidden: BTreeMap<Digest, Sighting>,
    /// The descriptions of both; none of findings that an earlier version recorded.
    pub notes: BTreeMap<Digest, DescribedFinding>,
}

/// The recorded checks between which a finding appeared, and the last one with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The last check that could judge it and did not find it; `None` if there was none.
    pub after: Option<Moment>,
    /// The first check with it.
    pub first: Moment,
    /// The last check with it.
    pub last: Moment,
}

/// A finding that a check did not find again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedFinding {
    /// When it was seen.
    pub sighting: Sighting,
    /// The check that judged it and did not find it.
    pub gone: Moment,
    /// Its description; `None` if an earlier version recorded it.
    pub note: Option<DescribedFinding>,
}

impl Check {
    /// Returns the check that follows `before` with these findings, and the findings that ended with it.
    pub(crate) fn following(
        before: Option<Self>,
        at: Moment,
        record: &DriftChecked,
        findings: &[Digest],
    ) -> (Self, Vec<(Digest, EndedFinding)>) {
        let (previous, mut known, mut notes) = match before {
            None => (None, BTreeMap::new(), BTreeMap::new()),
            Some(before) => {
                let mut known = before.findings;
                known.extend(before.hidden);
                (Some(before.at), known, before.notes)
            }
        };
        let mut check = Self {
            at,
            complete: record.complete,
            findings: BTreeMap::new(),
            hidden: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        let described: BTreeMap<&Digest, &DescribedFinding> = record
            .described
            .iter()
            .map(|each| (&each.fingerprint, each))
            .collect();
        let hidden_by = |fingerprint: &Digest, known: &BTreeMap<Digest, Sighting>| {
            let by = described.get(fingerprint)?.hidden_by.as_ref()?;
            known.get(by).copied()
        };
        let firsts: Vec<(Digest, Sighting)> = findings
            .iter()
            .map(|fingerprint| {
                let sighting = match known.get(fingerprint) {
                    Some(sighting) => Sighting {
                        last: at,
                        ..*sighting
                    },
                    None => Sighting {
                        // What hid it was there since then, so no check before the first could judge it.
                        after: match hidden_by(fingerprint, &known) {
                            Some(hiding) => hiding.after,
                            None => previous,
                        },
                        first: at,
                        last: at,
                    },
                };
                (*fingerprint, sighting)
            })
            .collect();
        for (fingerprint, sighting) in firsts {
            known.remove(&fingerprint);
            let note = described.get(&fingerprint).map(|note| (*note).clone());
            if let Some(note) = note.or_else(|| notes.remove(&fingerprint)) {
                check.notes.insert(fingerprint, note);
            }
            check.findings.insert(fingerprint, sighting);
        }
        // Earlier versions did not record what an incomplete check could not judge.
        let is_hidden = |fingerprint: &Digest| match &record.unknown {
            Some(unknown) => unknown.contains(fingerprint),
            None => !record.complete,
        };
        let mut ended = Vec::new();
        for (fingerprint, sighting) in known {
            let note = notes.remove(&fingerprint);
            if is_hidden(&fingerprint) {
                check.hidden.insert(fingerprint, sighting);
                check.notes.extend(note.map(|note| (fingerprint, note)));
            } else {
                let ending = EndedFinding {
                    sighting,
                    gone: at,
                    note,
                };
                ended.push((fingerprint, ending));
            }
        }
        (check, ended)
    }
}

/// The recorded checks of one environment, or of parity, up to now.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The last check.
    pub last: Option<Check>,
    /// The last check at or before the time of the question; `None` if there was none.
    pub base: Option<Moment>,
    /// The first check of all.
    pub first: Option<Moment>,
    /// The number of checks after that time.
    pub later: usize,
    /// The last end of each finding that ended.
    pub ended: BTreeMap<Digest, EndedFinding>,
}

/// All recorded checks, for a question about a time.
#[derive(Clone, Debug, Default)]
pub struct ChecksSince {
    /// Those of each environment.
    pub environments: BTreeMap<EnvironmentName, Watched>,
    /// Those of parity.
    pub parity: Watched,
}

impl ChecksSince {
    /// Reads all recorded checks of a ledger.
    ///
    /// # Errors
    ///
    /// Like [`Ledger::each_record`].
    pub fn of(ledger: &dyn Ledger, since: Moment) -> Result<Self, LedgerError> {
        let mut all = Self::default();
        let mut sequence = 0;
        ledger.each_record(0, &mut |entry, record| {
            // A restarted read delivers known entries again.
            if entry.sequence > sequence {
                sequence = entry.sequence;
                if let Some(Record::DriftChecked(record)) = record {
                    all.take(&record, entry.time, since);
                }
            }
            Ok(())
        })?;
        Ok(all)
    }

    fn take(&mut self, record: &DriftChecked, at: Moment, since: Moment) {
        for (name, findings) in &record.environments {
            let own = self.environments.entry(name.clone()).or_default();
            own.take(record, findings, at, since);
        }
        if let Some(findings) = &record.parity {
            self.parity.take(record, findings, at, since);
        }
    }
}

impl Watched {
    fn take(&mut self, record: &DriftChecked, findings: &[Digest], at: Moment, since: Moment) {
        let (check, ended) = Check::following(self.last.take(), at, record, findings);
        self.ended.extend(ended);
        self.last = Some(check);
        self.first.get_or_insert(at);
        if at <= since {
            self.base = Some(at);
        } else {
            self.later += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChecksSince, Watched};
    use crate::record::{Actor, DescribedFinding, DriftChecked, Origin};
    use evenkeel_model::{Digest, EnvironmentName, Moment};

    fn at(second: i64) -> Moment {
        Moment::from_millisecond(second * 1000)
    }

    fn digest(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    fn described(name: &str, hidden_by: Option<&str>) -> DescribedFinding {
        DescribedFinding {
            fingerprint: digest(name),
            code: "file/mode-differs".into(),
            subject: name.into(),
            attribute: None,
            hidden_by: hidden_by.map(digest),
        }
    }

    fn check(findings: &[&str], described: Vec<DescribedFinding>) -> DriftChecked {
        DriftChecked {
            environments: [(
                EnvironmentName::new("staging"),
                findings.iter().map(|name| digest(name)).collect(),
            )]
            .into(),
            parity: None,
            pending: Vec::new(),
            facts: Vec::new(),
            described,
            unknown: None,
            complete: true,
            origin: Origin {
                commit: None,
                dirty: false,
                definitions: digest("definitions"),
            },
            by: Actor {
                name: "ada".into(),
                host: "engine".into(),
                process: 7,
            },
        }
    }

    fn blind(findings: &[&str], unknown: Option<&[&str]>) -> DriftChecked {
        DriftChecked {
            complete: false,
            unknown: unknown.map(|all| all.iter().map(|name| digest(name)).collect()),
            ..check(findings, vec![described("unreadable", None)])
        }
    }

    fn watched(checks: &[DriftChecked], since: i64) -> Watched {
        let mut all = ChecksSince::default();
        for (number, record) in (1..).zip(checks) {
            all.take(record, at(number * 10), at(since));
        }
        all.environments.into_values().next().unwrap()
    }

    #[test]
    fn a_finding_has_a_first_and_a_last_sighting_and_an_end() {
        let checks = [
            check(&["a"], vec![described("a", None)]),
            check(&["a", "b"], vec![described("b", None)]),
            check(&["b"], Vec::new()),
        ];
        let watched = watched(&checks, 15);
        assert_eq!(
            (watched.base, watched.first, watched.later),
            (Some(at(10)), Some(at(10)), 2)
        );
        let ended = &watched.ended[&digest("a")];
        assert_eq!(ended.note.as_ref().unwrap().subject, "a");
        assert_eq!(
            (ended.sighting.first, ended.sighting.last, ended.gone),
            (at(10), at(20), at(30))
        );
        let last = watched.last.unwrap();
        let standing = last.findings[&digest("b")];
        assert_eq!(
            (standing.after, standing.first, standing.last),
            (Some(at(10)), at(20), at(30))
        );
        assert_eq!(last.notes.len(), 1, "a description is kept while it exists");
    }

    #[test]
    fn an_unreadable_check_ends_nothing_and_the_finding_keeps_its_first_sighting() {
        let checks = [
            check(&["a", "b"], Vec::new()),
            blind(&["unreadable"], Some(&["a"])),
            check(&["a"], Vec::new()),
        ];
        let watched = watched(&checks, 0);
        assert_eq!(watched.base, None);
        // The check could judge `b`.
        assert_eq!(watched.ended[&digest("b")].gone, at(20));
        assert!(!watched.ended.contains_key(&digest("a")));
        let last = watched.last.unwrap();
        assert!(last.hidden.is_empty());
        assert_eq!(last.findings[&digest("a")].first, at(10));
    }

    #[test]
    fn an_incomplete_check_of_an_earlier_version_ends_nothing() {
        let checks = [check(&["a"], Vec::new()), blind(&["unreadable"], None)];
        let watched = watched(&checks, 0);
        assert!(watched.ended.is_empty());
        let last = watched.last.unwrap();
        assert_eq!(last.hidden[&digest("a")].last, at(10));
        assert_eq!(last.findings.len(), 1);
    }

    #[test]
    fn a_check_that_could_not_see_a_finding_does_not_bound_its_start() {
        let checks = [
            check(&[], Vec::new()),
            blind(&["unreadable"], Some(&[])),
            check(&["a"], vec![described("a", Some("unreadable"))]),
        ];
        let sighting = watched(&checks, 0).last.unwrap().findings[&digest("a")];
        assert_eq!((sighting.after, sighting.first), (Some(at(10)), at(30)));
    }

    #[test]
    fn a_finding_that_came_back_has_a_new_first_sighting_and_its_earlier_end() {
        let checks = [
            check(&["a"], Vec::new()),
            check(&[], Vec::new()),
            check(&["a"], Vec::new()),
        ];
        let watched = watched(&checks, 0);
        assert_eq!(watched.ended[&digest("a")].sighting.last, at(10));
        let last = watched.last.unwrap();
        assert_eq!(last.findings[&digest("a")].first, at(30));
    }
}
