//! Defects: codes, severities and records.
//!
//! A defect is structured data: code, place, expected, found, help. `report` formats it; the layers above create it.

mod allowed;
pub mod code;
pub mod corner;
mod kin;
mod rank;
mod record;
mod seen;

pub use allowed::Allowed;
pub use code::{Code, Severity};
pub use corner::Corner;
pub use kin::Kin;
pub use rank::Rank;
pub use record::{Also, Defect, Label, Since, fingerprint};
pub use seen::{Novelty, Seen};
