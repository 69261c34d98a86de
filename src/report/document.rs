//! The document: everything an operation has to say.
//!
//! Fields are added, never renamed; consumers ignore fields that they do not know. A list is always present, empty where
//! there is nothing in it; a single thing is absent where there is none. Here is the whole; each part has a file in this
//! folder. Decision 22 lists what version 2 changed.

mod checkpoints;
mod cut;
mod discovery;
mod done;
mod drift;
mod entry;
mod failure;
mod finding;
mod headline;
mod locks;
mod outcome;
mod place;
mod plan;
mod release;
mod shown;
mod status;
mod timeline;
mod unsettled;
mod verdict;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::checkpoints::{COMMAND as CHECKPOINT_COMMAND, CheckpointDocument, ProofDocument};
pub use self::cut::CutDocument;
pub use self::done::{ApplyDocument, CaseDocument, NotDone, SuiteDocument};
pub use self::drift::{DocumentsDocument, EnvironmentReport, ParityDocument};
pub use self::entry::EntryDocument;
pub(in crate::report) use self::entry::verb_word;
pub use self::failure::{FailureDocument, FailureKind};
pub use self::finding::{
    AllowedDocument, AlsoDocument, CodeDocument, CountsDocument, FindingDocument, SinceDocument,
};
pub use self::headline::{Headline, Tone};
pub use self::locks::{HeldDocument, HolderDocument, HolderProcess, LockDocument, LockState};
pub use self::outcome::outcome_name;
pub(in crate::report) use self::outcome::outcome_words;
pub(in crate::report) use self::place::LONGEST_LINE;
use self::place::Places;
pub use self::place::{PlaceDocument, SnippetDocument};
pub use self::plan::{PlanReport, StepDocument};
pub use self::release::{ReleaseDocument, SmokeState};
pub use self::shown::{FactDocument, ShownDocument, ShownStep};
pub use self::status::{
    AwaitsDocument, CheckedDocument, RunningDocument, StaleDocument, StatusDocument,
    SuiteStatusDocument,
};
pub use self::timeline::EventDocument;
pub use self::unsettled::{BrokenDocument, UnsettledDocument, UnsettledState};
pub use self::verdict::{RuleDocument, VerdictDocument};
use evenkeel_ledger::record::Origin;
use evenkeel_model::Moment;
use evenkeel_model::defect::{Code, Defect};

/// Commands that print what they do while they run: their verdict comes last.
pub const RUNNING_COMMANDS: &[&str] = &["apply", "deliver", "release", "verify"];

/// The version of this document.
pub const FORMAT: &str = "2.0";

/// Everything an operation has to say.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The version of this document: `2.0`. Consumers refuse another first number.
    pub format: Cow<'static, str>,
    /// The version of evenkeel.
    pub tool: Cow<'static, str>,
    /// The command.
    pub command: Cow<'static, str>,
    /// The system.
    pub system: String,
    /// The environments, in the order of the path; empty where the definitions were not read.
    #[serde(default)]
    pub path: Vec<String>,
    /// When it was made.
    #[schemars(with = "String")]
    pub at: Moment,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The verdict in one word; absent where the command judges nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Headline>,
    /// Where the definitions came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginDocument>,
    /// The project's directory within its repository, with `/` and empty at its root; absent outside of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What stopped the operation before it had anything else to report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureDocument>,
    /// The findings, counted.
    pub counts: CountsDocument,
    /// The codes of the findings, by name.
    pub codes: Vec<CodeDocument>,
    /// Everything that disagrees.
    pub findings: Vec<FindingDocument>,
    /// Parity between environments, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityDocument>,
    /// Each environment that was looked at.
    pub environments: Vec<EnvironmentReport>,
    /// Plans.
    pub plans: Vec<PlanReport>,
    /// Applies.
    pub applies: Vec<ApplyDocument>,
    /// Suites that ran.
    pub suites: Vec<SuiteDocument>,
    /// The release that the command made: `r-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The gate's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictDocument>,
    /// What runs where.
    pub status: Vec<StatusDocument>,
    /// The newest events of the ledger, at most 200, oldest first.
    #[serde(default)]
    pub timeline: Vec<EventDocument>,
    /// The lease on each environment.
    pub locks: Vec<LockDocument>,
    /// How far the ledger goes: what is worth keeping elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointDocument>,
    /// What came of checkpoints that were kept elsewhere.
    pub proofs: Vec<ProofDocument>,
    /// Entries of the ledger.
    pub entries: Vec<EntryDocument>,
    /// One recorded thing in full, as `show` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<ShownDocument>,
    /// What the report leaves out.
    pub cut: Vec<CutDocument>,
    /// Sentences.
    pub messages: Vec<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// Where the definitions came from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginDocument {
    /// The commit, if they are in a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether they differ from it.
    pub dirty: bool,
}

impl Report {
    /// An empty report with exit code 0.
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
            environments: Vec::new(),
            plans: Vec::new(),
            applies: Vec::new(),
            suites: Vec::new(),
            release: None,
            verdict: None,
            status: Vec::new(),
            timeline: Vec::new(),
            locks: Vec::new(),
            checkpoint: None,
            proofs: Vec::new(),
            entries: Vec::new(),
            shown: None,
            cut: Vec::new(),
            messages: Vec::new(),
            next: Vec::new(),
        }
    }

    /// Where the definitions came from.
    pub fn origin(&mut self, origin: &Origin) {
        self.origin = Some(OriginDocument {
            commit: origin.commit.clone(),
            dirty: origin.dirty,
        });
    }

    /// Adds defects. Their places are relative to the repository too where [`Report::project`] is set before.
    pub fn defects(&mut self, defects: impl IntoIterator<Item = Defect>) {
        let mut places = Places::of(self.project.clone());
        for defect in defects {
            self.code(defect.code);
            for also in &defect.also {
                self.code(also.code);
            }
            let finding = FindingDocument::new(defect, &mut places);
            self.counts.add(&finding);
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

    /// Counts parity.
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

    /// Adds the likely pairs of files that were not compared, and how many of them the definitions leave out.
    pub fn not_compared(&mut self, pairs: Vec<Vec<String>>, left_out: usize) {
        if let Some(parity) = &mut self.parity {
            parity.not_compared = pairs;
            parity.left_out = left_out;
        }
    }

    /// Covers secrets in what stopped an operation, with `safe`.
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
        self.messages.iter_mut().for_each(cover);
        if let Some(parity) = &mut self.parity {
            parity.not_compared.iter_mut().flatten().for_each(cover);
        }
    }

    /// Adds a sentence.
    pub fn say(&mut self, sentence: impl Into<String>) {
        self.messages.push(sentence.into());
    }

    /// Adds what to type next.
    pub fn next(&mut self, command: impl Into<String>) {
        self.next.push(command.into());
    }

    /// Says that something is left out of a list, by which argument.
    pub fn cut(&mut self, list: &str, left_out: usize, by: &str) {
        if left_out > 0 {
            self.cut.push(CutDocument {
                list: list.to_owned(),
                left_out,
                by: by.to_owned(),
            });
        }
    }

    /// Sets the exit code, and the verdict that follows from it and from everything else.
    pub fn conclude(&mut self, exit_code: u8) {
        self.exit_code = exit_code;
        self.headline = Headline::of(self);
    }

    /// Whether anything that was read differs, and no declared difference allows it.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.counts() && !finding.is_unreadable())
    }

    /// Whether everything that counts is removed by the next apply or release.
    #[must_use]
    pub fn is_pending_only(&self) -> bool {
        let is_whole = self
            .parity
            .as_ref()
            .is_none_or(|parity| parity.not_compared.is_empty());
        let mut counted = self.findings.iter().filter(|finding| finding.counts());
        is_whole && self.counts.pending > 0 && counted.all(FindingDocument::is_pending)
    }

    /// Whether any finding is an error that nothing allows.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(FindingDocument::counts)
    }
}

impl Report {
    /// The JSON Schema of this document.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        // Of what is written, not of what can be read: each list is required.
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
