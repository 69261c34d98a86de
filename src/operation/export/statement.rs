//! Statements: an in-toto attestation for each release, in a DSSE envelope if a key signs it.
//!
//! The predicate of a release is SLSA's verification summary: the gate verified a plan against a policy. The signature is
//! an SSH signature of DSSE's pre-authentication encoding by `ssh-keygen`, so that private keys are never read, and keys
//! in agents and on security keys sign too. Without a key, statements are plain files: DSSE has no unsigned envelope.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::operation::{Failure, Project, World};
use crate::report::CheckpointDocument;
use crate::world::signing::{Signing, SigningKey};
use evenkeel_core::gate::StoredDossier;
use evenkeel_ledger::{Entry, Record, chain};
use evenkeel_model::Digest;
use evenkeel_signature::{ATTESTATION_NAMESPACE, Signature};

/// Type of in-toto statements.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// Predicate of a release.
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// Predicate of a whole export.
const EXPORT: &str = "https://evenkeel.dev/predicate/export/v1";
/// Type of the payload of envelopes.
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// In-toto statement.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attested {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    predicate_type: &'static str,
    predicate: Value,
}

#[derive(Serialize)]
struct Subject {
    name: String,
    digest: BTreeMap<&'static str, String>,
}

impl Subject {
    fn new(name: impl Into<String>, algorithm: &'static str, hex: String) -> Self {
        Self {
            name: name.into(),
            digest: [(algorithm, hex)].into(),
        }
    }
}

impl Attested {
    /// Returns the statement about the manifest, by its SHA-256 digest, and so about every file.
    pub(super) fn of_manifest(sha256: String, checkpoint: &CheckpointDocument) -> Self {
        Self {
            kind: STATEMENT,
            subject: vec![Subject::new("MANIFEST.json", "sha256", sha256)],
            predicate_type: EXPORT,
            predicate: json!({
                "system": checkpoint.system,
                "lineage": checkpoint.lineage,
                "sequence": checkpoint.sequence,
                "digest": checkpoint.digest,
            }),
        }
    }
}

/// Returns the statement of each release that starts in the period, by its name.
pub(super) fn of_releases(
    project: &Project<'_>,
    entries: &[Entry],
    tool: &str,
) -> Result<BTreeMap<String, Attested>, Failure> {
    let mut statements = BTreeMap::new();
    for entry in entries {
        let Some(Record::ReleaseStarted(started)) = chain::understand(entry)? else {
            continue;
        };
        let bytes = project.store.objects().get(&started.dossier)?;
        let stored = bytes.and_then(|bytes| StoredDossier::read(&bytes).ok());
        let Some(stored) = stored else {
            continue;
        };
        let dossier = &stored.dossier;
        let hex = |digest: &Digest| json!({ "blake3": digest.hex() });
        let mut subject = vec![Subject::new("plan", "blake3", started.plan.hex())];
        if let Some(facts) = dossier.environments.get(&dossier.production) {
            let artifacts = facts.artifacts.iter();
            subject.extend(artifacts.map(|(name, digest)| {
                Subject::new(format!("artifact:{name}"), "blake3", digest.hex())
            }));
        }
        let decided = dossier.decided();
        let approvers: Vec<&str> = decided.approving().collect();
        let version = tool.rsplit(' ').next().unwrap_or_default();
        let predicate = json!({
            "verifier": {
                "id": "https://evenkeel.dev/verifier/v1",
                "version": { "evenkeel": version },
            },
            "timeVerified": dossier.at,
            "resourceUri": format!("evenkeel:{}/{}", dossier.system, started.environment),
            "policy": { "uri": "evenkeel:policy", "digest": hex(&dossier.policy_digest()) },
            "inputAttestations": [
                { "uri": format!("objects/{}", started.dossier.hex()), "digest": hex(&started.dossier) },
            ],
            // A release starts only while the gate is open.
            "verificationResult": "PASSED",
            "verifiedLevels": ["EVENKEEL_GATE_OPEN"],
            "https://evenkeel.dev/release/v1": {
                "release": started.release,
                "entry": entry.sequence,
                "recipe": started.recipe,
                "commit": dossier.origin.commit,
                "approvals": dossier.policy.approvals,
                "approvedBy": approvers,
                "releasedBy": started.by.name,
            },
        });
        // The name is a file's name: that of a ledger that was written by something else may be a path.
        if started.release.strip_prefix("r-").is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }) {
            let statement = Attested {
                kind: STATEMENT,
                subject,
                predicate_type: SUMMARY,
                predicate,
            };
            statements.insert(started.release, statement);
        }
    }
    Ok(statements)
}

/// Signs statements, if there is a key.
pub(super) struct Attestor<'a> {
    signing: Signing<'a>,
    key: Option<SigningKey>,
}

impl<'a> Attestor<'a> {
    /// Reads the public half of a key.
    pub(super) fn new(world: &'a World<'_>, key: Option<&Path>) -> Result<Self, Failure> {
        let signing = Signing::new(world.environment, &world.directory, &world.interruption);
        let key = key
            .map(|key| signing.of_file(key).map_err(Failure::other))
            .transpose()?;
        Ok(Self { signing, key })
    }

    /// Whether it has a key.
    pub(super) fn signs(&self) -> bool {
        self.key.is_some()
    }

    /// Returns the text of a statement with its suffix: an envelope, or the statement itself without a key.
    pub(super) fn attest(&self, statement: &Attested) -> Result<(&'static str, String), Failure> {
        let failed = |error: serde_json::Error| Failure::other(error.to_string());
        let Some(key) = &self.key else {
            let text = serde_json::to_string_pretty(statement).map_err(failed)?;
            return Ok((".json", text + "\n"));
        };
        let payload = evenkeel_model::canonical::to_string(statement).map_err(failed)?;
        let signed = encoded(&payload);
        let signature = self
            .signing
            .sign(key, ATTESTATION_NAMESPACE, &signed)
            .map_err(|reason| match reason {
                None => Failure::Interrupted,
                Some(reason) => Failure::other(reason),
            })?;
        let problem = |problem: evenkeel_signature::SignatureProblem| {
            Failure::other(format!("ssh-keygen wrote another signature: {problem}"))
        };
        Signature::from_armor(&signature)
            .and_then(|parsed| parsed.verify(signed.as_bytes(), ATTESTATION_NAMESPACE))
            .map_err(problem)?;
        let envelope = json!({
            "payloadType": PAYLOAD,
            "payload": STANDARD.encode(&payload),
            "signatures": [
                { "keyid": key.public.fingerprint(), "sig": STANDARD.encode(&signature) },
            ],
        });
        let text = serde_json::to_string_pretty(&envelope).map_err(failed)?;
        Ok((".dsse.json", text + "\n"))
    }
}

/// Returns DSSE's pre-authentication encoding of a payload.
fn encoded(payload: &str) -> String {
    format!(
        "DSSEv1 {} {PAYLOAD} {} {payload}",
        PAYLOAD.len(),
        payload.len()
    )
}
