//! Definitions: parsed, checked, and resolved for each environment.
//!
//! Written and resolved definitions are different types. [`definition`] is the written form: every value with its
//! place, references symbolic. [`resolve`] fills in one environment. All defects are collected and reported at once.

pub mod bound;
pub mod check;
mod claims;
pub mod codes;
mod contents;
pub mod definition;
pub mod difference;
pub mod document;
pub mod edit;
mod expansion;
mod exposed;
pub mod expression;
pub mod fields;
pub mod files;
mod fingerprint;
mod further;
pub mod host_baseline;
pub mod inventories;
mod layered;
pub mod materials;
mod once;
#[cfg(any(test, feature = "testing"))]
mod page;
pub mod policy;
pub mod read;
pub mod reference;
mod reserved;
pub mod resolve;
pub mod rewrite;
pub mod rollout;
pub mod schema;
pub mod secrets;
pub mod ssh_host;
pub mod suite;
pub mod suites;
pub mod template;
mod template_text;

pub use bound::{Bound, Ratio};
pub use claims::{ClaimedElsewhere, between_environments};
pub use definition::{ApproversFile, Block, Definition};
pub use difference::{Difference, DifferencePlace};
pub use document::{DocumentDeclaration, DocumentRules, DocumentSource};
pub use expression::{Expression, Placed, Reference};
pub use files::Files;
pub use fingerprint::Fingerprint;
pub use further::further;
pub use layered::Layered;
pub use materials::KeptMaterials;
pub use once::once;
#[cfg(any(test, feature = "testing"))]
pub use page::reference_page;
pub use policy::{AUTHOR, DELIVERER, Policy};
pub use read::{APPROVERS_FILE, DIFFERENCES_FILE, read};
pub use reserved::is_private;
pub use resolve::{Resolved, ResolvedResource, definitions_digest, resolve};
