//! What evenkeel can say: codes, severities, defects.
//!
//! A defect is data until the last moment: code, place, expected, found, help. Words and colours belong to `report`;
//! what is a defect is decided by the layers above.

mod allowed;
pub mod code;
pub mod corner;
mod kin;
mod rank;
mod record;

pub use allowed::Allowed;
pub use code::{Code, Severity};
pub use corner::Corner;
pub use kin::Kin;
pub use rank::Rank;
pub use record::{Also, Defect, Label, Since, fingerprint};
