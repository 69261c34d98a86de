//! Register of a period, from its entries, the dossiers of its releases, and the repository.
//!
//! The repository only adds the subject and the authors of commits; everything else is in the ledger.

use std::collections::BTreeMap;

use super::Period;
use crate::operation::{Failure, Project};
use crate::report::{
    ApprovalDocument, AttemptDocument, EntryDocument, EvidenceDocument, ExceptionDocument,
    RegisterDocument, RegisterRow, ReleasedDocument, outcome_name,
};
use evenkeel_core::gate::people::approvers;
use evenkeel_core::gate::{Dossier, ExceptionFact, StoredDossier};
use evenkeel_ledger::record::{LeaseTaken, ReleaseEnded, ReleaseStarted, Signed};
use evenkeel_ledger::{Entry, LedgerError, Record, chain};
use evenkeel_model::text::inert;
use evenkeel_signature::Statement;

/// Kinds without a row: locks and steps, which the entries of applies sum up. `verify.py` has the same list.
const DETAILS: [&str; 4] = [
    "lease-taken",
    "lease-returned",
    "steps-intended",
    "steps-ended",
];

/// Release of the ledger with its dossier.
struct Known<'e> {
    entry: &'e Entry,
    started: ReleaseStarted,
    dossier: Option<Dossier>,
}

/// Returns the register.
pub(super) fn of_period(
    project: &Project<'_>,
    period: &Period,
    entries: &[Entry],
) -> Result<RegisterDocument, Failure> {
    let mut register = RegisterDocument {
        from: period.from,
        to: period.to,
        first: period.first,
        last: period.last,
        releases: Vec::new(),
        exceptions: Vec::new(),
        denied: Vec::new(),
        overrides: Vec::new(),
        rows: Vec::new(),
    };
    let mut known: Vec<Known<'_>> = Vec::new();
    let mut ends: BTreeMap<String, ReleaseEnded> = BTreeMap::new();
    // Lock under which a release judges the gate: `deliver` judges it without one.
    let mut releasing: Option<LeaseTaken> = None;
    for entry in entries {
        let record = chain::understand(entry)?;
        match &record {
            Some(Record::LeaseTaken(taken)) if taken.purpose == "release" => {
                releasing = Some(taken.clone());
            }
            Some(Record::LeaseReturned(returned))
                if releasing
                    .as_ref()
                    .is_some_and(|taken| taken.environment == returned.environment) =>
            {
                releasing = None;
            }
            Some(Record::ReleaseStarted(started)) if entry.sequence <= period.last => {
                let bytes = project.store.objects().get(&started.dossier)?;
                let stored = bytes.and_then(|bytes| StoredDossier::read(&bytes).ok());
                known.push(Known {
                    entry,
                    started: started.clone(),
                    dossier: stored.map(|stored| stored.dossier),
                });
            }
            // A release that ended after the period has its outcome too.
            Some(Record::ReleaseEnded(ended)) => {
                ends.insert(ended.release.clone(), ended.clone());
            }
            _ => {}
        }
        if (period.first..=period.last).contains(&entry.sequence) {
            add(&mut register, entry, record.as_ref(), releasing.as_ref())?;
        }
    }
    let mut commit: Option<&str> = None;
    for each in &known {
        let end = ends.get(&each.started.release);
        let document = release(project, each, end, commit);
        if each.entry.sequence >= period.first {
            register.overrides.extend(lowered(each));
            register.releases.push(document);
        }
        commit = commit_of(each, end).or(commit);
    }
    register.overrides.sort_by_key(|attempt| attempt.entry);
    register.exceptions = exceptions(&known, period);
    Ok(register)
}

/// Adds an entry of the period.
fn add(
    register: &mut RegisterDocument,
    entry: &Entry,
    record: Option<&Record>,
    releasing: Option<&LeaseTaken>,
) -> Result<(), LedgerError> {
    if DETAILS.contains(&&*entry.kind) {
        return Ok(());
    }
    let words = EntryDocument::new(entry)?.words;
    let attempt = |what: &str, reason: &str| AttemptDocument {
        entry: entry.sequence,
        time: entry.time,
        what: what.to_owned(),
        environment: record
            .and_then(Record::environment)
            .map(ToString::to_string),
        by: record.and_then(Record::by).map(|by| by.name.clone()),
        reason: reason.to_owned(),
    };
    match (record, releasing) {
        (Some(Record::VerdictGiven(it)), Some(taken))
            if !it.open && it.environment == taken.environment =>
        {
            let mut codes = it.shut_by.clone();
            codes.dedup();
            let reason = format!(
                "plan {}: gate shut by {}",
                it.plan.short(),
                codes.join(", ")
            );
            register.denied.push(AttemptDocument {
                by: Some(taken.by.name.clone()),
                ..attempt("release", &reason)
            });
        }
        _ => {}
    }
    match record {
        Some(Record::Refused(it)) => register.denied.push(attempt(&it.what, &it.reason)),
        Some(Record::LeaseBroken(it)) => {
            let reason = format!("lock of {}: {}", it.held_by.name, it.reason);
            register.overrides.push(attempt("lock break", &reason));
        }
        Some(Record::TargetsAdopted(it)) => register.overrides.push(attempt("adopt", &it.reason)),
        Some(Record::GlassBroken(it)) => {
            let reason = format!("{} ({})", it.reason, it.incident);
            register.overrides.push(attempt("break-glass", &reason));
        }
        Some(Record::Overridden(it)) => {
            register.overrides.push(attempt(&it.what, &it.reason));
        }
        Some(Record::Moved(it)) => {
            let reason = format!("to {}", it.to);
            register.overrides.push(attempt("ledger move", &reason));
        }
        _ => {}
    }
    register.rows.push(row(entry, record, words));
    Ok(())
}

fn row(entry: &Entry, record: Option<&Record>, words: String) -> RegisterRow {
    let by = record.and_then(Record::by);
    let signed = record.and_then(Record::signed);
    let mut row = RegisterRow {
        entry: entry.sequence,
        time: entry.time,
        kind: entry.kind.clone(),
        environment: record
            .and_then(Record::environment)
            .map(ToString::to_string),
        subject: None,
        result: None,
        by: signed.map(signer).or_else(|| by.map(|by| by.name.clone())),
        account: by.map(|by| format!("{}@{}", by.name, by.host)),
        key: signed.map(|signed| signed.key.clone()),
        plan: None,
        commit: None,
        reason: None,
        words,
        digest: entry.digest.to_string(),
    };
    match record {
        Some(Record::ApplyStarted(it)) => {
            row.subject = Some(it.apply.clone());
            row.plan = Some(it.plan.to_string());
            row.commit.clone_from(&it.origin.commit);
        }
        Some(Record::ApplyEnded(it)) => {
            row.subject = Some(it.apply.clone());
            row.result = Some(outcome_name(it.outcome).to_owned());
        }
        Some(Record::SuiteEnded(it)) => {
            row.subject = Some(it.suite.clone());
            row.result = Some(if it.passed { "passed" } else { "failed" }.to_owned());
        }
        Some(Record::VerdictGiven(it)) => {
            row.plan = Some(it.plan.to_string());
            row.result = Some(if it.open { "open" } else { "shut" }.to_owned());
        }
        Some(Record::Approved(it)) => {
            row.plan = Some(it.plan.to_string());
            row.reason = Some(it.reason.clone());
        }
        Some(Record::Rejected(it)) => {
            row.plan = Some(it.plan.to_string());
            row.reason = Some(it.reason.clone());
        }
        Some(Record::Withdrawn(it)) => {
            row.plan = Some(it.plan.to_string());
            row.reason = Some(it.reason.clone());
        }
        Some(Record::ReleaseStarted(it)) => {
            row.subject = Some(it.release.clone());
            row.plan = Some(it.plan.to_string());
            row.commit = it.origin.as_ref().and_then(|origin| origin.commit.clone());
        }
        Some(Record::ReleaseEnded(it)) => {
            row.subject = Some(it.release.clone());
            row.result = Some(outcome_name(it.outcome).to_owned());
            row.commit.clone_from(&it.commit);
        }
        Some(Record::Refused(it)) => {
            row.subject = Some(it.what.clone());
            row.result = Some("refused".to_owned());
            row.plan.clone_from(&it.plan);
            row.reason = Some(it.reason.clone());
        }
        Some(Record::Overridden(it)) => {
            row.subject = Some(it.what.clone());
            row.result = Some("overridden".to_owned());
            row.reason = Some(it.reason.clone());
        }
        Some(Record::LeaseBroken(it)) => row.reason = Some(it.reason.clone()),
        Some(Record::GlassBroken(it)) => row.reason = Some(it.reason.clone()),
        Some(Record::FollowedUp(it)) => row.reason = Some(it.reason.clone()),
        Some(Record::TargetsAdopted(it)) => row.reason = Some(it.reason.clone()),
        _ => {}
    }
    row
}

/// Returns the person of a signed decision, as its statement says: that is what the key signed.
fn signer(signed: &Signed) -> String {
    let statement = Statement::read(signed.statement.as_bytes());
    statement.map_or_else(|_| signed.person.clone(), |statement| statement.by)
}

fn commit_of<'k>(known: &'k Known<'_>, end: Option<&'k ReleaseEnded>) -> Option<&'k str> {
    let started = known.started.origin.as_ref();
    let started = started.and_then(|origin| origin.commit.as_deref());
    started.or_else(|| end.and_then(|end| end.commit.as_deref()))
}

/// Returns a release; `before` is the commit of the release before it.
fn release(
    project: &Project<'_>,
    known: &Known<'_>,
    end: Option<&ReleaseEnded>,
    before: Option<&str>,
) -> ReleasedDocument {
    let Known {
        entry,
        started,
        dossier,
    } = known;
    let commit = commit_of(known, end);
    let repository = project.repository();
    let subject = repository.zip(commit).and_then(|(repository, commit)| {
        let line = repository.line(commit, 1).ok()?;
        Some(line.list.first()?.subject.clone())
    });
    // A repository without these commits cannot tell.
    let authors = repository.zip(commit).and_then(|(repository, commit)| {
        let before = before.filter(|before| *before != commit);
        let authors = repository.authors(commit, before).ok()??;
        let shown = authors.iter().map(|author| inert(author).into_owned());
        Some(shown.collect::<Vec<String>>())
    });
    let mut document = ReleasedDocument {
        release: started.release.clone(),
        entry: entry.sequence,
        time: entry.time,
        environment: started.environment.to_string(),
        outcome: end.map(|end| outcome_name(end.outcome).to_owned()),
        plan: started.plan.to_string(),
        recipe: started.recipe.to_string(),
        commit: commit.map(str::to_owned),
        ticket: subject.as_deref().and_then(ticket),
        subject,
        authors,
        by: started.by.name.clone(),
        required: 0,
        approvals: Vec::new(),
        suites: Vec::new(),
        shared_duties: Vec::new(),
        dossier: dossier.as_ref().map(|_| started.dossier.to_string()),
    };
    let Some(dossier) = dossier else {
        document
            .shared_duties
            .push("the dossier cannot be read, so the approvals are unknown".to_owned());
        return document;
    };
    document.required = dossier.policy.approvals;
    document.approvals = dossier
        .decided()
        .of(true)
        .map(|(by, decided)| ApprovalDocument {
            by: by.to_owned(),
            key: decided.key.clone(),
            time: decided.at,
            reason: decided.reason.clone(),
        })
        .collect();
    document.suites = dossier
        .evidence
        .iter()
        .map(|evidence| EvidenceDocument {
            suite: evidence.suite.clone(),
            environment: evidence.environment.to_string(),
            passed: evidence.passed,
            summary: evidence.summary.clone(),
            ended: evidence.ended,
        })
        .collect();
    document.shared_duties = shared_duties(&document, dossier);
    document
}

/// Returns the duties of author, approver and releaser that one person had together, and those that cannot be compared.
fn shared_duties(release: &ReleasedDocument, dossier: &Dossier) -> Vec<String> {
    let people = dossier.approvers.as_deref().and_then(approvers);
    let is_same = |one: &str, other: &str| {
        let person = people.as_ref().and_then(|people| people.person(one));
        one.eq_ignore_ascii_case(other) || person.is_some_and(|person| person.is_called(other))
    };
    let mut shared = Vec::new();
    if release.approvals.is_empty() {
        shared.push("no person approved".to_owned());
    }
    for approval in &release.approvals {
        if is_same(&approval.by, &release.by) {
            shared.push(format!("{} approved and released", approval.by));
        }
    }
    let Some(authors) = &release.authors else {
        shared.push("the authors of the change are unknown".to_owned());
        return shared;
    };
    for author in authors {
        for approval in &release.approvals {
            if is_same(&approval.by, author) {
                shared.push(format!("{} wrote and approved", approval.by));
            }
        }
        if is_same(author, &release.by) {
            shared.push(format!("{} wrote and released", release.by));
        }
    }
    shared
}

/// Returns the overrides that a release shows: lower requirements than the last one, and uncommitted definitions.
fn lowered(known: &Known<'_>) -> Vec<AttemptDocument> {
    let Some(dossier) = &known.dossier else {
        return Vec::new();
    };
    let attempt = |what: &str, reason: String| AttemptDocument {
        entry: known.entry.sequence,
        time: known.entry.time,
        what: format!("{}: {what}", known.started.release),
        environment: Some(known.started.environment.to_string()),
        by: Some(known.started.by.name.clone()),
        reason,
    };
    let mut all = Vec::new();
    if dossier.origin.dirty || dossier.origin.commit.is_none() {
        let reason = "the policy allows definitions that are not committed".to_owned();
        all.push(attempt("uncommitted definitions", reason));
    }
    if let Some(weakened) = dossier.weakened() {
        let sentences: Vec<String> = weakened
            .policy
            .into_iter()
            .chain(weakened.severities)
            .collect();
        if !sentences.is_empty() {
            all.push(attempt("lower requirements", sentences.join("; ")));
        }
    }
    all
}

/// Returns the declared differences of the releases of the period, each with the first release of the ledger that had it.
fn exceptions(known: &[Known<'_>], period: &Period) -> Vec<ExceptionDocument> {
    let facts = |dossier: &Dossier| -> Vec<(ExceptionFact, bool)> {
        if !dossier.exceptions.is_empty() {
            let facts = dossier.exceptions.iter();
            return facts.map(|fact| (fact.clone(), true)).collect();
        }
        // Earlier versions kept the places only.
        let places = dossier.differences.iter().flat_map(BTreeMap::keys);
        places
            .map(|at| {
                let fact = ExceptionFact {
                    at: at.clone(),
                    reason: String::new(),
                    owner: String::new(),
                    expires: dossier.at,
                    ticket: None,
                };
                (fact, false)
            })
            .collect()
    };
    let mut all: Vec<ExceptionDocument> = Vec::new();
    let mut first: BTreeMap<(String, Option<ExceptionFact>), &Known<'_>> = BTreeMap::new();
    for each in known {
        let Some(dossier) = &each.dossier else {
            continue;
        };
        for (fact, is_whole) in facts(dossier) {
            let key = (fact.at.clone(), is_whole.then(|| fact.clone()));
            let used = *first.entry(key).or_insert(each);
            if each.entry.sequence < period.first {
                continue;
            }
            let document = ExceptionDocument {
                at: fact.at,
                reason: is_whole.then_some(fact.reason),
                owner: is_whole.then_some(fact.owner),
                expires: is_whole.then_some(fact.expires),
                ticket: fact.ticket,
                first_used: used.started.release.clone(),
                entry: used.entry.sequence,
                time: used.entry.time,
            };
            if !all.contains(&document) {
                all.push(document);
            }
        }
    }
    all.sort_by(|one, other| (&one.at, one.entry).cmp(&(&other.at, other.entry)));
    all
}

/// Returns the first ticket that a subject names: `#42` or `SHOP-42`.
fn ticket(subject: &str) -> Option<String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_ticket = |word: &&str| {
        word.strip_prefix('#').is_some_and(is_digits)
            || word.split_once('-').is_some_and(|(project, number)| {
                let mut letters = project.bytes();
                letters
                    .next()
                    .is_some_and(|first| first.is_ascii_uppercase())
                    && letters.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                    && is_digits(number)
            })
    };
    subject
        .split(|character: char| !(character.is_alphanumeric() || "#-".contains(character)))
        .find(is_ticket)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::ticket;

    #[test]
    fn a_ticket_is_found_in_a_subject() {
        for (subject, expected) in [
            ("Raise the limit (#42)", Some("#42")),
            ("SHOP-7: raise the limit", Some("SHOP-7")),
            ("[OPS2-10] x", Some("OPS2-10")),
            ("Use UTF-8", Some("UTF-8")),
            ("Raise the limit to 42", None),
            ("a-1 #x", None),
        ] {
            assert_eq!(ticket(subject).as_deref(), expected, "{subject}");
        }
    }
}
