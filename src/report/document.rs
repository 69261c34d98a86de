//! Report document: all results of an operation.
//!
//! Fields are added, never renamed; consumers ignore unknown fields. A list is always present, even if empty; a single
//! thing is absent if there is none. This file defines the whole; each part has a file in this folder. Decision 22
//! lists the changes of version 2.

mod break_glass;
mod checkpoints;
mod cut;
mod discovery;
mod done;
mod dora;
mod doubts;
mod drift;
mod drill;
mod entry;
mod failure;
mod finding;
mod headline;
mod locks;
mod objects;
mod outcome;
mod place;
mod plan;
mod register;
mod release;
mod replays;
mod rollback;
mod seen;
mod shown;
mod status;
mod timeline;
mod unsettled;
mod verdict;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::break_glass::BreakGlassDocument;
pub use self::checkpoints::{COMMAND as CHECKPOINT_COMMAND, CheckpointDocument, ProofDocument};
pub use self::cut::CutDocument;
pub use self::done::{
    ApplyDocument, CaseDocument, HostFailure, NotDone, RolloutDocument, SuiteDocument,
};
pub(in crate::report) use self::dora::FigureWords;
pub use self::dora::{DORA_COMMAND, DoraDocument, RatioDocument, TimesDocument};
pub use self::doubts::{DOUBTS_COMMAND, DecisionKind, DoubtDocument, SightingDocument, examined};
pub use self::drift::{DocumentsDocument, EnvironmentReport, ParityDocument};
pub use self::drill::{DrillDocument, TrialDocument, TrialResultDocument};
pub use self::entry::EntryDocument;
pub use self::failure::{FailureDocument, FailureKind};
pub use self::finding::{
    AllowedDocument, AlsoDocument, CodeDocument, CountsDocument, FindingDocument, SinceDocument,
};
pub use self::headline::{Headline, Tone};
pub use self::locks::{HeldDocument, HolderDocument, HolderProcess, LockDocument, LockState};
pub use self::objects::{ObjectDocument, ObjectState, ObjectsDocument};
pub use self::outcome::outcome_name;
pub(in crate::report) use self::outcome::outcome_words;
pub(in crate::report) use self::place::LONGEST_LINE;
use self::place::Places;
pub use self::place::{PlaceDocument, SnippetDocument};
pub use self::plan::{PlanReport, StepDocument};
pub use self::register::{
    ApprovalDocument, AttemptDocument, EXPORT_COMMAND, EvidenceDocument, ExceptionDocument,
    RegisterDocument, RegisterRow, ReleasedDocument,
};
pub use self::release::{ReleaseDocument, SmokeState};
pub use self::replays::{REPLAY_COMMAND, ReplayDocument, ReplayPart, ReplayResult};
pub use self::rollback::RollbackDocument;
pub use self::seen::{
    BaselineDocument, FactChangeDocument, IntervalDocument, PastFindingDocument, SeenDocument,
    SinceTimeDocument,
};
pub use self::shown::{FactDocument, ShownDocument, ShownStep};
pub use self::status::{
    AwaitsDocument, CheckedDocument, RolledBackDocument, RunningDocument, StaleDocument,
    StatusDocument, SuiteStatusDocument,
};
pub use self::timeline::EventDocument;
pub use self::unsettled::{BrokenDocument, UnsettledDocument, UnsettledState};
pub use self::verdict::{DecisionDocument, RuleDocument, VerdictDocument, VoidDocument};
use evenkeel_ledger::record::Origin;
use evenkeel_model::Moment;
use evenkeel_model::defect::{Code, Defect};

/// Commands that print progress while they run: their verdict comes last.
pub const RUNNING_COMMANDS: &[&str] = &[
    "apply",
    "break-glass",
    "deliver",
    "release",
    "rollback",
    "verify",
];

/// Version of this document.
pub const FORMAT: &str = "2.0";

/// Result of an operation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Version of this document: `2.0`. Consumers reject another first number.
    pub format: Cow<'static, str>,
    /// Version of evenkeel.
    pub tool: Cow<'static, str>,
    /// Command.
    pub command: Cow<'static, str>,
    /// System.
    pub system: String,
    /// Environments, in the order of the path; empty if the definitions were not read.
    #[serde(default)]
    pub path: Vec<String>,
    /// Time of the report.
    #[schemars(with = "String")]
    pub at: Moment,
    /// Exit code.
    pub exit_code: u8,
    /// Verdict in one word; absent if the command judges nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Headline>,
    /// Origin of the definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginDocument>,
    /// Project directory within its repository, with `/` and empty at its root; absent outside of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Failure that stopped the operation before its other results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureDocument>,
    /// Number of findings.
    pub counts: CountsDocument,
    /// Codes of the findings, by name.
    pub codes: Vec<CodeDocument>,
    /// Findings.
    pub findings: Vec<FindingDocument>,
    /// Summary of parity between environments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityDocument>,
    /// Findings since the time of `--since`; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Box<SinceTimeDocument>>,
    /// Observed environments.
    pub environments: Vec<EnvironmentReport>,
    /// Plans.
    pub plans: Vec<PlanReport>,
    /// Applies.
    pub applies: Vec<ApplyDocument>,
    /// Suites that ran.
    pub suites: Vec<SuiteDocument>,
    /// Release made by the command: `r-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Rollback made by the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackDocument>,
    /// Verdict of the gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictDocument>,
    /// Status of each environment.
    pub status: Vec<StatusDocument>,
    /// Newest events of the ledger, at most 200, oldest first.
    #[serde(default)]
    pub timeline: Vec<EventDocument>,
    /// Lease of each environment.
    pub locks: Vec<LockDocument>,
    /// Checkpoint of the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointDocument>,
    /// Results of checkpoints that were kept elsewhere.
    pub proofs: Vec<ProofDocument>,
    /// Objects that the entries of the ledger name; absent if they were not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectsDocument>,
    /// Register of a period, as exported; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<RegisterDocument>,
    /// Verdicts that were judged again, oldest first.
    #[serde(default)]
    pub replays: Vec<ReplayDocument>,
    /// Decisions in doubt, since drift was found after them; oldest first.
    #[serde(default)]
    pub doubts: Vec<DoubtDocument>,
    /// Every break-glass that waits for a follow-up, oldest first.
    #[serde(default)]
    pub break_glass: Vec<BreakGlassDocument>,
    /// Whether the command read the ledger for these.
    #[serde(skip)]
    pub knows_break_glass: bool,
    /// Drill of the gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillDocument>,
    /// DORA figures of a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dora: Option<Box<DoraDocument>>,
    /// Ledger entries.
    pub entries: Vec<EntryDocument>,
    /// One record in full, as printed by `show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<ShownDocument>,
    /// Omitted parts of the report.
    pub cut: Vec<CutDocument>,
    /// Messages.
    pub messages: Vec<String>,
    /// Next commands.
    pub next: Vec<String>,
}

/// Origin of the definitions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginDocument {
    /// Commit, if they are in a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether they differ from it.
    pub dirty: bool,
}

impl Report {
    /// Creates an empty report with exit code 0.
    #[must_use]
    pub fn new(command: &'static str, system: &str, at: Moment) -> Self {
        Self {
            format: FORMAT.into(),
            tool: concat!("evenkeel ", env!("CARGO_PKG_VERSION")).into(),
            command: command.into(),
            system: system.to_owned(),
            path: Vec::new(),
            at,
            exit_code: 0,
            headline: None,
            origin: None,
            project: None,
            failure: None,
            counts: CountsDocument::default(),
            codes: Vec::new(),
            findings: Vec::new(),
            parity: None,
            since: None,
            environments: Vec::new(),
            plans: Vec::new(),
            applies: Vec::new(),
            suites: Vec::new(),
            release: None,
            rollback: None,
            verdict: None,
            status: Vec::new(),
            timeline: Vec::new(),
            locks: Vec::new(),
            checkpoint: None,
            proofs: Vec::new(),
            objects: None,
            register: None,
            replays: Vec::new(),
            doubts: Vec::new(),
            break_glass: Vec::new(),
            knows_break_glass: false,
            drill: None,
            dora: None,
            entries: Vec::new(),
            shown: None,
            cut: Vec::new(),
            messages: Vec::new(),
            next: Vec::new(),
        }
    }

    /// Sets the origin of the definitions.
    pub fn origin(&mut self, origin: &Origin) {
        self.origin = Some(OriginDocument {
            commit: origin.commit.clone(),
            dirty: origin.dirty,
        });
    }

    /// Adds defects. Their places are also relative to the repository if [`Report::project`] was set before.
    pub fn defects(&mut self, defects: impl IntoIterator<Item = Defect>) {
        let mut places = Places::of(self.project.clone());
        for defect in defects {
            self.code(defect.code);
            for also in &defect.also {
                self.code(also.code);
            }
            let finding = FindingDocument::new(defect, &mut places);
            self.counts.add(&finding);
            if let Some(since) = &mut self.since {
                since.count(&finding);
            }
            self.findings.push(finding);
        }
    }

    /// Adds a code, once.
    fn code(&mut self, code: &'static Code) {
        let place = self
            .codes
            .binary_search_by(|known| known.name.as_ref().cmp(code.name));
        if let Err(place) = place {
            self.codes.insert(place, code.into());
        }
    }

    /// Sets the summary of parity.
    pub fn parity(
        &mut self,
        defects: &[Defect],
        declarations: &[(String, Moment)],
        documents: Option<DocumentsDocument>,
    ) {
        let is_unread = |defect: &&Defect| evenkeel_document::codes::CODES.contains(&defect.code);
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
            not_compared: Vec::new(),
            left_out: 0,
            documents,
        });
    }

    /// Adds the likely pairs of files that were not compared, and the number that the definitions exclude.
    pub fn not_compared(&mut self, pairs: Vec<Vec<String>>, left_out: usize) {
        if let Some(parity) = &mut self.parity {
            parity.not_compared = pairs;
            parity.left_out = left_out;
        }
    }

    /// Hides secrets in a failure, with `safe`.
    pub fn redact(&mut self, safe: &dyn Fn(&str) -> String) {
        let cover = |text: &mut String| *text = safe(text);
        if let Some(failure) = &mut self.failure {
            cover(&mut failure.reason);
            failure.causes.iter_mut().for_each(cover);
            failure.changes.iter_mut().for_each(cover);
            failure.help.iter_mut().for_each(cover);
        }
        for finding in &mut self.findings {
            cover(&mut finding.message);
            for text in [&mut finding.expected, &mut finding.found, &mut finding.help] {
                text.iter_mut().for_each(cover);
            }
        }
        for fact in self.since.iter_mut().flat_map(|since| &mut since.facts) {
            for text in [&mut fact.before, &mut fact.now] {
                text.iter_mut().for_each(cover);
            }
        }
        self.messages.iter_mut().for_each(cover);
        if let Some(parity) = &mut self.parity {
            parity.not_compared.iter_mut().flatten().for_each(cover);
        }
    }

    /// Adds a message.
    pub fn say(&mut self, sentence: impl Into<String>) {
        self.messages.push(sentence.into());
    }

    /// Adds a next command.
    pub fn next(&mut self, command: impl Into<String>) {
        self.next.push(command.into());
    }

    /// Adds an omission from a list, with its argument.
    pub fn cut(&mut self, list: &str, left_out: usize, by: &str) {
        if left_out > 0 {
            self.cut.push(CutDocument {
                list: list.to_owned(),
                left_out,
                by: by.to_owned(),
            });
        }
    }

    /// Sets the exit code, and the verdict that follows from it and from the rest of the report.
    pub fn conclude(&mut self, exit_code: u8) {
        self.exit_code = exit_code;
        self.headline = Headline::of(self);
    }

    /// Whether there are undeclared differences in what was read.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.counts() && !finding.is_unreadable())
    }

    /// Whether the next apply or release removes everything that counts.
    #[must_use]
    pub fn is_pending_only(&self) -> bool {
        let is_whole = self
            .parity
            .as_ref()
            .is_none_or(|parity| parity.not_compared.is_empty());
        let mut counted = self.findings.iter().filter(|finding| finding.counts());
        is_whole && self.counts.pending > 0 && counted.all(FindingDocument::is_pending)
    }

    /// Whether any finding is an undeclared error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(FindingDocument::counts)
    }
}

impl Report {
    /// Returns the JSON Schema of this document.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        // The schema of output, where every list is required, not of accepted input.
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
