//! The document: everything an operation has to say.
//!
//! Fields are added, never renamed; consumers ignore what they do not know. Parts that an operation has nothing to say
//! about are left out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::checkpoints::{CheckpointDocument, ProofDocument};
use super::locks::LockDocument;
use crate::apply::ApplyReport;
use crate::defect::{Corner, Defect, Severity};
use crate::gate::Verdict;
use crate::ledger::Standing;
use crate::ledger::record::{ApplyOutcome, Origin, StepOutcome, SuiteEnded, Verb};
use crate::model::{Address, EnvironmentName, Moment};
use crate::plan::{Change, Plan, Unseen};
use crate::source::Location;

/// The version of this document.
pub const FORMAT: &str = "1.0";

/// Everything an operation has to say.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The version of this document: `1.0`. Consumers refuse another first number.
    pub format: &'static str,
    /// The version of evenkeel.
    pub tool: &'static str,
    /// The command.
    pub command: &'static str,
    /// The system.
    pub system: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub at: Moment,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Where the definitions came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginDocument>,
    /// Everything that is not as it should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingDocument>,
    /// Parity between environments, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityDocument>,
    /// Each environment that was looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentReport>,
    /// Plans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanReport>,
    /// Applies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<ApplyDocument>,
    /// Suites that ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<SuiteDocument>,
    /// The gate's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictDocument>,
    /// What runs where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<StatusDocument>,
    /// The lease on each environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockDocument>,
    /// How far the ledger goes: what is worth keeping elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointDocument>,
    /// What came of checkpoints that were kept elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<ProofDocument>,
    /// Entries of the ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<EntryDocument>,
    /// Sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// What to type next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// The defects behind the findings, with their places.
    #[serde(skip)]
    #[schemars(skip)]
    pub defects: Vec<Defect>,
}

/// Where the definitions came from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginDocument {
    /// The commit, if they are in a repository.
    pub commit: Option<String>,
    /// Whether they differ from it.
    pub dirty: bool,
}

/// One finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FindingDocument {
    /// Stable across edits of definitions: code, environment, subject and attribute make it.
    pub fingerprint: String,
    /// The code: `file/mode-differs`.
    pub code: &'static str,
    /// How grave.
    pub severity: Severity,
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The address, or what else it is about.
    pub subject: String,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// One sentence.
    pub message: String,
    /// Which of definition, last applied and live disagree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corner: Option<Corner>,
    /// As expected, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// As found, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Since when it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// How that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_known: Option<String>,
    /// Places in definitions, the most important first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Location>,
    /// At how many places it is: its own, and those below.
    pub reach: usize,
    /// Other places with the same cause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoDocument>,
    /// Why it is allowed, if it was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Another place of a finding with many places.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlsoDocument {
    /// The fingerprint of this place.
    pub fingerprint: String,
    /// What it is about there.
    pub subject: String,
    /// The attribute there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Where it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Location>,
}

/// Parity, counted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ParityDocument {
    /// Complaints about documents that could not be read: of these nothing can be told.
    pub unread: usize,
    /// Undeclared differences, and defects of declared ones; those of one cause are one.
    pub undeclared: usize,
    /// The places of the undeclared ones.
    pub places: usize,
    /// Undeclared differences that are warnings or advice: they shut nothing.
    pub lesser: usize,
    /// Declared differences that are in force.
    pub declared: usize,
    /// The day on which the first of them expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_expiry: Option<Moment>,
    /// The documents that were compared, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<DocumentsDocument>,
}

/// Documents that were compared, counted.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DocumentsDocument {
    /// Pairs of documents.
    pub pairs: usize,
    /// Files, of all sides.
    pub files: usize,
    /// Single values that were compared, of all sides. Files that are the same are not looked into.
    pub values: usize,
    /// Single values that differ when nothing is understood: keys by name, lists by position.
    pub raw: usize,
}

/// An environment that was looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentReport {
    /// Its name.
    pub name: String,
    /// Whether it is as declared and everything was seen.
    pub in_sync: bool,
    /// Declared attributes.
    pub declared: usize,
    /// Those that were observed.
    pub observed: usize,
    /// Findings by corner.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub corners: BTreeMap<String, usize>,
    /// The last apply that ended with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
}

/// A plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanReport {
    /// The environment.
    pub environment: String,
    /// Its digest.
    pub digest: String,
    /// The recipe's digest.
    pub recipe: String,
    /// The steps.
    pub steps: Vec<StepDocument>,
    /// Resources that are as declared.
    pub unchanged: usize,
    /// Steps that remove something.
    pub removals: usize,
    /// What could not be seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// Steps rehearsed in the environment before, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<usize>,
}

/// A step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepDocument {
    /// The resource.
    #[schemars(with = "String")]
    pub address: Address,
    /// What is done to it.
    pub verb: Verb,
    /// Why.
    pub reason: Cow<'static, str>,
    /// What changes.
    #[serde(skip_serializing_if = "is_empty")]
    #[schemars(with = "Vec<Change>", default)]
    pub changes: Arc<[Change]>,
    /// The steps before it.
    #[serde(skip_serializing_if = "is_empty")]
    #[schemars(with = "Vec<String>", default)]
    pub after: Arc<[Address]>,
    /// Whether it was rehearsed in the environment before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed: Option<bool>,
}

/// What came of an apply.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ApplyDocument {
    /// Its number: `a-7`; none when there was nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// The environment.
    pub environment: String,
    /// How it ended.
    pub outcome: ApplyOutcome,
    /// Steps done.
    pub done: usize,
    /// Resources that were as declared already.
    pub unchanged: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Steps that are not done, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_done: Vec<NotDone>,
}

/// A step that is not done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NotDone {
    /// The resource.
    pub address: String,
    /// What was to be done.
    pub verb: Verb,
    /// What came of it; none when it was not started.
    pub outcome: Option<StepOutcome>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A suite that ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteDocument {
    /// Its name.
    pub suite: String,
    /// Its kind.
    pub kind: String,
    /// The environment.
    pub environment: String,
    /// Whether it passed.
    pub passed: bool,
    /// What it showed, in one line.
    pub summary: String,
    /// Cases that did not pass: name and message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<(String, String)>,
    /// Figures, such as latencies in milliseconds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// The kept output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The gate's answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictDocument {
    /// The environment a release would go to.
    pub environment: String,
    /// The plan.
    pub plan: String,
    /// The recipe.
    pub recipe: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether only people are waited for.
    pub releasable: bool,
    /// How many rules were judged.
    pub rules: usize,
    /// Why it is shut: code and sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<(String, String)>,
    /// What would open it, in the order in which to do it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<String>,
}

/// What runs in an environment, by the ledger.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StatusDocument {
    /// The environment.
    pub environment: String,
    /// The last apply that ended with every step done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// Its recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Its plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Its commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The last release to it, and how that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Something that is not settled: an apply that failed or never ended, steps that are open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<String>,
    /// The newest result of each suite: name, passed, summary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<(String, bool, String)>,
    /// Who holds it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}

/// An entry of the ledger, in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EntryDocument {
    /// Its number.
    pub sequence: u64,
    /// When.
    #[schemars(with = "String")]
    pub time: Moment,
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub words: String,
    /// Its digest.
    pub digest: String,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

impl Report {
    /// An empty report with exit code 0.
    #[must_use]
    pub fn new(command: &'static str, system: &str, at: Moment) -> Self {
        Self {
            format: FORMAT,
            tool: concat!("evenkeel ", env!("CARGO_PKG_VERSION")),
            command,
            system: system.to_owned(),
            at,
            exit_code: 0,
            origin: None,
            findings: Vec::new(),
            parity: None,
            environments: Vec::new(),
            plans: Vec::new(),
            applies: Vec::new(),
            suites: Vec::new(),
            verdict: None,
            status: Vec::new(),
            locks: Vec::new(),
            checkpoint: None,
            proofs: Vec::new(),
            entries: Vec::new(),
            messages: Vec::new(),
            next: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// Where the definitions came from.
    pub fn origin(&mut self, origin: &Origin) {
        self.origin = Some(OriginDocument {
            commit: origin.commit.clone(),
            dirty: origin.dirty,
        });
    }

    /// Adds defects.
    pub fn defects(&mut self, defects: impl IntoIterator<Item = Defect>) {
        for defect in defects {
            self.findings.push(FindingDocument::new(&defect));
            self.defects.push(defect);
        }
    }

    /// Counts parity.
    pub fn parity(
        &mut self,
        defects: &[Defect],
        declarations: &[(String, Moment)],
        documents: Option<DocumentsDocument>,
    ) {
        let is_unread = |defect: &&Defect| crate::document::codes::CODES.contains(&defect.code);
        let counted = || {
            defects
                .iter()
                .filter(|defect| defect.counts() && !is_unread(defect))
        };
        self.parity = Some(ParityDocument {
            unread: defects.iter().filter(is_unread).count(),
            undeclared: counted().count(),
            places: counted().map(Defect::reach).sum(),
            lesser: defects
                .iter()
                .filter(|defect| defect.declared.is_none() && !defect.counts())
                .count(),
            declared: declarations.len(),
            first_expiry: declarations.iter().map(|(_, expires)| *expires).min(),
            documents,
        });
    }

    /// Adds a sentence.
    pub fn say(&mut self, sentence: impl Into<String>) {
        self.messages.push(sentence.into());
    }

    /// Adds what to type next.
    pub fn next(&mut self, command: impl Into<String>) {
        self.next.push(command.into());
    }

    /// Whether any defect is an error that nobody declared.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.defects.iter().any(Defect::counts)
    }
}

impl FindingDocument {
    fn new(defect: &Defect) -> Self {
        Self {
            fingerprint: defect.fingerprint().short(),
            code: defect.code.name,
            severity: defect.severity,
            environment: defect.environment.as_ref().map(ToString::to_string),
            subject: defect.subject.clone(),
            attribute: defect.attribute.clone(),
            message: defect.message.clone(),
            corner: defect.corner,
            expected: defect.expected.clone(),
            found: defect.found.clone(),
            difference: defect.difference.clone(),
            since: defect.since.as_ref().map(|(moment, _)| *moment),
            since_known: defect.since.as_ref().map(|(_, how)| how.clone()),
            places: defect
                .labels
                .iter()
                .map(|label| label.span.location())
                .collect(),
            reach: defect.reach(),
            also: defect
                .also
                .iter()
                .map(|also| AlsoDocument {
                    fingerprint: also.fingerprint.short(),
                    subject: also.subject.clone(),
                    attribute: also.attribute.clone(),
                    places: also
                        .labels
                        .iter()
                        .map(|label| label.span.location())
                        .collect(),
                })
                .collect(),
            declared: defect.declared.clone(),
            help: defect.help.clone(),
        }
    }
}

impl EnvironmentReport {
    /// An environment of which so much was observed.
    #[must_use]
    pub fn new(name: &EnvironmentName, declared: usize, observed: usize) -> Self {
        Self {
            name: name.to_string(),
            in_sync: false,
            declared,
            observed,
            corners: BTreeMap::new(),
            apply: None,
        }
    }

    /// Counts its findings.
    pub fn count(&mut self, defects: &[Defect]) {
        self.in_sync = !defects.iter().any(Defect::counts);
        for defect in defects.iter().filter(|defect| defect.counts()) {
            let name = defect.corner.map_or("cannot tell", Corner::name);
            *self.corners.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// What the ledger says it runs.
    pub fn running(&mut self, standing: Option<&Standing>) {
        self.apply = standing
            .and_then(|standing| standing.settled.as_ref())
            .map(|settled| settled.apply.to_string());
    }
}

impl PlanReport {
    /// A plan, and which of its steps were rehearsed.
    #[must_use]
    pub fn new(plan: &Plan, rehearsed: Option<Vec<bool>>) -> Self {
        Self {
            environment: plan.environment.to_string(),
            digest: plan.digest().to_string(),
            recipe: plan.recipe.to_string(),
            steps: plan
                .steps
                .iter()
                .enumerate()
                .map(|(number, step)| StepDocument {
                    address: step.address.clone(),
                    verb: step.verb,
                    reason: step.reason.clone(),
                    changes: Arc::clone(&step.changes),
                    after: Arc::clone(&step.after),
                    rehearsed: rehearsed
                        .as_ref()
                        .and_then(|list| list.get(number).copied()),
                })
                .collect(),
            unchanged: plan.unchanged,
            removals: plan.removals(),
            unseen: plan.unseen.clone(),
            rehearsed: rehearsed.map(|list| list.into_iter().filter(|each| *each).count()),
        }
    }
}

impl ApplyDocument {
    /// What came of an apply.
    #[must_use]
    pub fn new(apply: Option<String>, plan: &Plan, report: &ApplyReport, seconds: f64) -> Self {
        Self {
            apply,
            environment: plan.environment.to_string(),
            outcome: report.outcome,
            done: report.count(Some(StepOutcome::Done)),
            unchanged: plan.unchanged,
            seconds,
            not_done: report
                .steps
                .iter()
                .filter(|step| step.outcome != Some(StepOutcome::Done))
                .map(|step| NotDone {
                    address: step.address.to_string(),
                    verb: step.verb,
                    outcome: step.outcome,
                    reason: step.reason.clone(),
                })
                .collect(),
        }
    }
}

impl SuiteDocument {
    /// A suite that ran, as it is recorded; failures and figures are added by who ran it.
    #[must_use]
    pub fn new(ended: &SuiteEnded) -> Self {
        Self {
            suite: ended.suite.clone(),
            kind: ended.kind.clone(),
            environment: ended.environment.to_string(),
            passed: ended.passed,
            summary: ended.summary.clone(),
            failures: Vec::new(),
            figures: BTreeMap::new(),
            output: ended.output.map(|digest| digest.to_string()),
            seconds: ended.ended.since(ended.started).as_secs_f64(),
        }
    }
}

impl VerdictDocument {
    /// The gate's answer about one plan.
    #[must_use]
    pub fn new(environment: &EnvironmentName, plan: &Plan, verdict: &Verdict) -> Self {
        Self {
            environment: environment.to_string(),
            plan: plan.digest().to_string(),
            recipe: plan.recipe.to_string(),
            open: verdict.open,
            releasable: verdict
                .reasons
                .iter()
                .all(|reason| reason.code == "gate/not-approved"),
            rules: verdict.rules,
            reasons: verdict
                .reasons
                .iter()
                .map(|reason| (reason.code.clone(), reason.message.clone()))
                .collect(),
            remedies: verdict.remedies.clone(),
        }
    }
}

impl Report {
    /// The JSON Schema of this document.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        // Of what is written, not of what could be read: parts that are left out when empty are not required.
        let mut schema = schemars::generate::SchemaSettings::default()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Self>()
            .to_value();
        if let Some(object) = schema.as_object_mut() {
            object.insert("title".into(), "evenkeel: a report".into());
        }
        schema
    }
}
