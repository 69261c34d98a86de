//! Show: one record in full, by its name.

use std::path::Path;

use super::session::Session;
use super::{Failure, Project, ProjectLocation, World, saved};
use crate::report::{EntryDocument, Report, ShownDocument, ShownStep, outcome_name};
use evenkeel_ledger::record::{Actor, ApplyOutcome, Origin, Signed, StepOutcome, SuiteEnded, Verb};
use evenkeel_ledger::{Entry, Ledger, LedgerError, Record, State, chain};
use evenkeel_model::text::{count, nearest};
use evenkeel_model::{Digest, EnvironmentName};

/// Shows a record: an apply (`a-7`), a release (`r-3`), the newest run of a suite (`suite:e2e`, `suite:e2e@staging`),
/// an entry by number, an object by the start of its digest, or a saved plan by its file.
///
/// # Errors
///
/// When nothing has that name, or the ledger cannot be read.
pub fn show(world: &World<'_>, location: &ProjectLocation, id: &str) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "show")?;
    let path = world.directory.join(id);
    if crate::world::files::is_there(&path) {
        report.shown = Some(plan(&path, id)?);
        return Ok(report);
    }
    let (state, ledger) = project.state()?;
    let Some(ledger) = &ledger else {
        return Err(Failure::Other {
            reason: "the ledger has no entries yet".into(),
            help: Some("run `evenkeel deliver` first".into()),
        });
    };
    let shown = if let Some(suite) = id.strip_prefix("suite:") {
        Some(self::suite(&project, &state, suite)?)
    } else if is_number(id, "a-") {
        apply(&**ledger, id)?
    } else if is_number(id, "r-") {
        release(&**ledger, id)?
    } else if let Ok(number) = id.parse::<u64>() {
        entry(&**ledger, number)?
    } else {
        object(&project, id)?
    };
    report.shown = shown;
    if report.shown.is_none() {
        return Err(Failure::Other {
            reason: format!("nothing is recorded as `{id}`"),
            help: Some(
                "run `evenkeel log` to list applies (a-7), releases (r-3) and entries (42); \
                 `suite:NAME` shows the output of a suite, a digest an object, a file a saved plan"
                    .into(),
            ),
        });
    }
    Ok(report)
}

fn is_number(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|number| number.parse::<u64>().is_ok())
}

/// Receives an entry and its record.
type Take<'a> = dyn FnMut(&Entry, Option<Record>) -> Result<(), LedgerError> + 'a;

/// Delivers each entry once, in order: a concurrent append restarts the read.
fn each(ledger: &dyn Ledger, take: &mut Take<'_>) -> Result<(), LedgerError> {
    let mut last = 0;
    ledger.each(0, &mut |entry| {
        if entry.sequence <= last {
            return Ok(());
        }
        last = entry.sequence;
        let record = chain::understand(&entry)?;
        take(&entry, record)
    })
}

fn apply(ledger: &dyn Ledger, id: &str) -> Result<Option<ShownDocument>, Failure> {
    let mut shown: Option<ShownDocument> = None;
    let mut open: Vec<(String, Verb)> = Vec::new();
    let mut ended = false;
    each(ledger, &mut |entry, record| {
        match record {
            Some(Record::ApplyStarted(it)) if it.apply == id => {
                let mut document = ShownDocument::new("apply", id);
                document.fact("environment", it.environment.as_str());
                document.fact("started", entry.time.for_people());
                document.fact("by", who(&it.by));
                document.fact("for", it.purpose);
                document.fact("plan", it.plan.to_string());
                document.fact("recipe", it.recipe.to_string());
                origin(&mut document, &it.origin);
                document.fact("steps", it.steps.to_string());
                shown = Some(document);
            }
            Some(Record::StepsIntended(it)) if it.apply == id => {
                let steps = it.steps.iter();
                open.extend(steps.map(|(instance, verb)| (instance.to_string(), *verb)));
            }
            Some(Record::StepsEnded(it)) if it.apply == id => {
                if let Some(document) = &mut shown {
                    for step in it.steps {
                        let address = step.instance.to_string();
                        open.retain(|(known, _)| *known != address);
                        document.steps.push(ShownStep {
                            address,
                            verb: verb(step.verb).to_owned(),
                            outcome: Some(step_outcome(step.outcome).to_owned()),
                            reason: step.reason,
                        });
                    }
                }
            }
            Some(Record::ApplyEnded(it)) if it.apply == id => {
                if let Some(document) = &mut shown {
                    ended = true;
                    document.fact("ended", entry.time.for_people());
                    document.fact("outcome", outcome_name(it.outcome));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if let Some(document) = &mut shown {
        if !ended {
            document.fact("outcome", "none recorded: it is running, or was killed");
        }
        document
            .steps
            .extend(open.into_iter().map(|(address, of)| ShownStep {
                address,
                verb: verb(of).to_owned(),
                outcome: None,
                reason: None,
            }));
    }
    Ok(shown)
}

fn release(ledger: &dyn Ledger, id: &str) -> Result<Option<ShownDocument>, Failure> {
    let mut shown: Option<ShownDocument> = None;
    let mut approvals: Vec<(EnvironmentName, Digest, String, String)> = Vec::new();
    let mut running: Option<EnvironmentName> = None;
    let mut rolling_back: Option<String> = None;
    each(ledger, &mut |entry, record| {
        match record {
            Some(Record::Approved(it)) => approvals.push((
                it.environment.clone(),
                it.plan,
                Signed::person(it.signed.as_ref(), &it.by).to_owned(),
                format!(
                    "{}, {}: {}",
                    match &it.signed {
                        Some(_) => Signed::signer(it.signed.as_ref(), &it.by),
                        None => format!("{} (not signed)", who(&it.by)),
                    },
                    entry.time.for_people(),
                    it.reason
                ),
            )),
            Some(Record::Withdrawn(it)) => {
                let by = Signed::person(it.signed.as_ref(), &it.by).to_owned();
                approvals.retain(|(name, plan, approver, _)| {
                    *name != it.environment || *plan != it.plan || *approver != by
                });
            }
            Some(Record::ReleaseStarted(it)) if it.release == id => {
                let mut document = ShownDocument::new("release", id);
                document.fact("environment", it.environment.as_str());
                document.fact("started", entry.time.for_people());
                document.fact("by", who(&it.by));
                document.fact("plan", it.plan.to_string());
                document.fact("recipe", it.recipe.to_string());
                if let Some(from) = &it.origin {
                    origin(&mut document, from);
                }
                if let Some(rollback) = &it.rollback {
                    document.fact("restores", rollback.restores.clone());
                    document.fact("rolls back", rollback.undoes.clone());
                    if let Some(reason) = &rollback.reason {
                        document.fact("reason", reason.clone());
                    }
                }
                for (.., approval) in approvals
                    .iter()
                    .filter(|(name, plan, ..)| *name == it.environment && *plan == it.plan)
                {
                    document.fact("approved by", approval.clone());
                }
                document.fact("dossier", it.dossier.to_string());
                running = Some(it.environment);
                shown = Some(document);
            }
            Some(Record::ApplyStarted(it)) if running.as_ref() == Some(&it.environment) => {
                if let Some(document) = &mut shown {
                    document.fact("apply", it.apply);
                }
            }
            Some(Record::SuiteEnded(it)) if running.as_ref() == Some(&it.environment) => {
                if let Some(document) = &mut shown {
                    document.fact(&format!("suite {}", it.suite), result(&it));
                }
            }
            Some(Record::ReleaseEnded(it)) if it.release == id => {
                running = None;
                if let Some(document) = &mut shown {
                    document.fact("ended", entry.time.for_people());
                    document.fact("outcome", outcome_name(it.outcome));
                }
            }
            Some(Record::ReleaseStarted(it))
                if it
                    .rollback
                    .as_ref()
                    .is_some_and(|rollback| rollback.undoes == id) =>
            {
                rolling_back = Some(it.release);
                running = None;
            }
            Some(Record::ReleaseEnded(it))
                if rolling_back.as_ref() == Some(&it.release)
                    && it.outcome == ApplyOutcome::Done =>
            {
                if let Some(document) = &mut shown {
                    document.fact(
                        "rolled back",
                        format!("by {}, {}", it.release, entry.time.for_people()),
                    );
                }
            }
            // Entries after another release do not belong to this one.
            Some(Record::ReleaseStarted(it)) if running.as_ref() == Some(&it.environment) => {
                running = None;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(shown)
}

/// Returns the newest run of a suite: `e2e`, or `e2e@staging`.
fn suite(project: &Project<'_>, state: &State, name: &str) -> Result<ShownDocument, Failure> {
    let (suite, environment) = match name.split_once('@') {
        Some((suite, environment)) => (suite, Some(environment)),
        None => (name, None),
    };
    let runs = || {
        state
            .environments
            .iter()
            .filter(|(name, _)| environment.is_none_or(|wanted| name.as_str() == wanted))
            .flat_map(|(_, environment)| &environment.evidence)
    };
    let newest = runs()
        .filter(|noted| noted.record.suite == suite)
        .max_by_key(|noted| noted.sequence);
    let Some(noted) = newest else {
        let hint = nearest(suite, runs().map(|noted| &*noted.record.suite))
            .map_or_else(String::new, |near| {
                format!("; did you mean `suite:{near}`?")
            });
        return Err(Failure::Other {
            reason: format!("no run of the suite `{suite}` is recorded{hint}"),
            help: Some("run `evenkeel status` to list the suites that ran".into()),
        });
    };
    let it = &noted.record;
    let mut shown = ShownDocument::new("suite", &it.suite);
    shown.fact("kind", it.kind.clone());
    shown.fact("environment", it.environment.as_str());
    shown.fact("result", result(it));
    shown.fact("started", it.started.for_people());
    shown.fact(
        "took",
        evenkeel_model::duration::phrase(it.ended.since(it.started)),
    );
    shown.fact("recipe", it.bound.recipe.to_string());
    if let Some(plan) = it.bound.plan {
        shown.fact("plan", plan.to_string());
    }
    if !it.undisturbed {
        shown.fact("note", "the environment changed while the suite ran");
    }
    shown.text = match it.output {
        Some(digest) => {
            let bytes = project.store.objects().get(&digest)?;
            let text = bytes.map(|bytes| printed(&bytes));
            Some(text.unwrap_or_else(|| "(not kept)".into())).filter(|text| !text.is_empty())
        }
        None => None,
    };
    if shown.text.is_none() {
        shown.fact("output", "none");
    }
    Ok(shown)
}

/// Returns what a suite printed, standard error last; a record of another form as it is.
fn printed(bytes: &[u8]) -> String {
    let record = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let stream = |name| record.as_ref()?.get(name)?.as_str();
    match (stream("stdout"), stream("stderr")) {
        (Some(out), Some(error)) => format!("{out}{error}"),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn entry(ledger: &dyn Ledger, number: u64) -> Result<Option<ShownDocument>, Failure> {
    let mut shown = None;
    let before = number.saturating_sub(1);
    ledger.each(before, &mut |entry| {
        if entry.sequence == number {
            let words = EntryDocument::new(&entry)?;
            let mut document = ShownDocument::new("entry", &number.to_string());
            document.fact("kind", words.kind);
            document.fact("time", entry.time.for_people());
            document.fact("event", words.words);
            document.fact("digest", entry.digest.to_string());
            document.text = Some(indented(&entry.body));
            shown = Some(document);
        }
        Ok(())
    })?;
    Ok(shown)
}

/// Returns an object by the start of its digest: a dossier, or the output of a suite.
fn object(project: &Project<'_>, id: &str) -> Result<Option<ShownDocument>, Failure> {
    let is_hex = |text: &str| text.len() >= 6 && text.bytes().all(|each| each.is_ascii_hexdigit());
    if !is_hex(id.strip_prefix("blake3:").unwrap_or(id)) {
        return Ok(None);
    }
    let objects = project.store.objects();
    let found: Vec<Digest> = objects
        .list()?
        .into_iter()
        .filter(|digest| digest.begins_with(id))
        .collect();
    let [digest] = &*found else {
        if found.is_empty() {
            return Ok(None);
        }
        return Err(Failure::Usage(format!(
            "{} start with `{id}`: write more of the digest",
            count(found.len(), "object")
        )));
    };
    let Some(bytes) = objects.get(digest)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let kind = if text.starts_with("{\"dossier\"") {
        "dossier"
    } else {
        "object"
    };
    let mut shown = ShownDocument::new(kind, &digest.to_string());
    shown.fact("size", count(bytes.len(), "byte"));
    shown.text = Some(indented(&text));
    Ok(Some(shown))
}

fn plan(path: &Path, id: &str) -> Result<ShownDocument, Failure> {
    let saved = saved::load(path)?;
    let plan = &saved.plan;
    let mut shown = ShownDocument::new("plan", id);
    shown.fact("environment", plan.environment.as_str());
    shown.fact("plan", plan.digest().to_string());
    shown.fact("recipe", plan.recipe.to_string());
    shown.fact("steps", plan.steps.len().to_string());
    for step in &plan.steps {
        let changes: Vec<String> = step
            .changes
            .iter()
            .filter(|change| change.attribute != "presence")
            .map(|change| format!("{} {} → {}", change.attribute, change.before, change.after))
            .collect();
        let reason = [changes.join(", "), step.reason.to_string()];
        let reason: Vec<String> = reason.into_iter().filter(|it| !it.is_empty()).collect();
        shown.steps.push(ShownStep {
            address: step.instance.to_string(),
            verb: step.word().to_owned(),
            outcome: Some("planned".into()),
            reason: (!reason.is_empty()).then(|| reason.join("; ")),
        });
    }
    Ok(shown)
}

fn origin(document: &mut ShownDocument, origin: &Origin) {
    let commit = origin.commit.as_deref().unwrap_or("none");
    let dirty = if origin.dirty {
        ", with uncommitted changes"
    } else {
        ""
    };
    document.fact("commit", format!("{commit}{dirty}"));
}

fn who(actor: &Actor) -> String {
    format!("{}@{} (process {})", actor.name, actor.host, actor.process)
}

fn result(suite: &SuiteEnded) -> String {
    let word = if suite.passed { "passed" } else { "failed" };
    format!("{word}: {}", suite.summary)
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Replace => "replace",
        Verb::Remove => "remove",
        Verb::Record => "record",
    }
}

fn step_outcome(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Done => "done",
        StepOutcome::Failed => "failed",
        StepOutcome::Unknown => "unknown",
    }
}

/// Returns JSON with line breaks; any other text unchanged.
fn indented(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}
