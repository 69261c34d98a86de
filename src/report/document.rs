//! The document: everything an operation has to say.
//!
//! Fields are added, never renamed; consumers ignore what they do not know. Parts that an operation has nothing to say
//! about are left out. Here is the whole; its parts have files of their own in this folder.

mod done;
mod drift;
mod finding;
mod plan;
mod standing;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::done::{ApplyDocument, NotDone, SuiteDocument};
pub use self::drift::{DocumentsDocument, EnvironmentReport, ParityDocument};
pub use self::finding::{AlsoDocument, FindingDocument};
pub use self::plan::{PlanReport, StepDocument};
pub use self::standing::{StatusDocument, VerdictDocument};
use super::checkpoints::{CheckpointDocument, ProofDocument};
use super::locks::LockDocument;
use evenkeel_ledger::record::Origin;
use evenkeel_model::Moment;
use evenkeel_model::defect::Defect;

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
