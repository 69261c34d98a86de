//! People and their signed decisions: the file of approvers, SSH signatures, and the statements that people sign.
//!
//! Pure: text and bytes in, verdicts out. Keys are parsed and signatures verified here, with the primitives of `ring`;
//! private keys, agents and `ssh-keygen` belong to adapters. The gate verifies every statement with this crate, from the
//! texts that its dossier contains.

#![forbid(unsafe_code)]

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub mod approvers;

mod decision;
mod request;
mod signature;
mod statement;

mod key;

pub mod codes;
mod dates;
mod wire;

pub use approvers::{Approvers, Person, Refusal, Signer};
pub use decision::{DECISION_FORMAT, SignedDecision};
pub use key::{KeyProblem, PublicKey};
pub use request::{REQUEST_FORMAT, Request, RequestedRollback};
pub use signature::{Hash, Signature, SignatureProblem};
pub use statement::{Decision, STATEMENT_FORMAT, Statement, StatementProblem};

/// Namespace of decisions about releases: a signature for another purpose is no decision.
pub const NAMESPACE: &str = "release@evenkeel.dev";

/// Namespace of attestations about a ledger: no decision, and a decision is none of these.
pub const ATTESTATION_NAMESPACE: &str = "attestation@evenkeel.dev";
