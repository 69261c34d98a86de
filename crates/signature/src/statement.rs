//! Statement: the decision of one person about one release, as the exact bytes that the person signs.
//!
//! It is canonical JSON. The bytes that were signed are stored and verified; they are never written again from a parsed
//! statement.

use evenkeel_model::{Digest, EnvironmentName, Moment, canonical};
use serde::{Deserialize, Serialize};

/// Format of a statement. Another one is refused.
pub const STATEMENT_FORMAT: &str = "evenkeel decision 1";
/// Longest accepted statement.
const LONGEST: usize = 16 * 1024;
/// Length of a nonce: 128 bits in hexadecimal digits.
const NONCE: usize = 32;

/// Decision of one person about one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT_FORMAT`].
    pub format: String,
    /// The system.
    pub system: String,
    /// Environment of the release.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Digest,
    /// Its recipe.
    pub recipe: Digest,
    /// Digest of all evidence.
    pub evidence: Digest,
    /// Digest of the requirements of the release, with the file of approvers.
    pub policy: Digest,
    /// The decision.
    pub decision: Decision,
    /// The reason.
    pub reason: String,
    /// The person, as the signer claims. The key decides who it is.
    pub by: String,
    /// The time, according to the signer's clock.
    pub at: Moment,
    /// A random number: no two statements are equal.
    pub nonce: String,
    /// The incident of a break-glass. `None` for every other decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// Decision about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The plan may be released.
    Approve,
    /// The plan may not be released, until the same person withdraws this.
    Reject,
    /// The person's earlier decision about the plan no longer counts.
    Withdraw,
    /// The plan is released although the gate is shut. It approves nothing.
    BreakGlass,
    /// A break-glass was reviewed. It is no decision about a later release.
    FollowUp,
}

impl Decision {
    /// Returns the name in statements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
            Self::BreakGlass => "break-glass",
            Self::FollowUp => "follow-up",
        }
    }

    /// Returns the past tense: `approved`.
    #[must_use]
    pub const fn past(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Withdraw => "withdrew",
            Self::BreakGlass => "broke the glass for",
            Self::FollowUp => "followed up",
        }
    }
}

/// Reason why bytes are no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementProblem {
    /// Longer than any statement.
    #[error("the statement is longer than {LONGEST} bytes")]
    Long,
    /// Not the JSON of a statement.
    #[error("the statement is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another format.
    #[error("the statement has the format `{found}`, expected `{STATEMENT_FORMAT}`")]
    Format {
        /// Its format.
        found: String,
    },
    /// Not in canonical form.
    #[error("the statement is not canonical JSON, so it was changed or not written by evenkeel")]
    Spelling,
    /// The nonce is malformed.
    #[error(
        "the nonce of the statement is malformed: expected {NONCE} lower-case hexadecimal digits"
    )]
    Nonce,
}

impl Statement {
    /// Reads a statement. Unknown and repeated fields, trailing bytes and every other spelling of the same statement
    /// are errors.
    ///
    /// # Errors
    ///
    /// When the bytes are not exactly a statement.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementProblem> {
        if bytes.len() > LONGEST {
            return Err(StatementProblem::Long);
        }
        let statement: Self = serde_json::from_slice(bytes)?;
        if statement.format != STATEMENT_FORMAT {
            let found: String = statement.format.chars().take(60).collect();
            return Err(StatementProblem::Format {
                found: evenkeel_model::text::inert(&found).into_owned(),
            });
        }
        if canonical::to_string(&statement)?.as_bytes() != bytes {
            return Err(StatementProblem::Spelling);
        }
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if statement.nonce.len() != NONCE || !statement.nonce.bytes().all(is_digit) {
            return Err(StatementProblem::Nonce);
        }
        Ok(statement)
    }

    /// Returns the bytes to sign.
    ///
    /// # Errors
    ///
    /// When it would not be read back, such as with a reason of more than 16 KiB.
    pub fn text(&self) -> Result<String, StatementProblem> {
        let text = canonical::to_string(self)?;
        Self::read(text.as_bytes())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Statement, StatementProblem};
    use crate::testing::statement;

    #[test]
    fn a_statement_is_read_back() {
        let text = statement().text().unwrap();
        assert_eq!(Statement::read(text.as_bytes()).unwrap(), statement());
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let text = statement().text().unwrap();
        let cases = [
            text.replacen('{', "{ ", 1),
            format!("{text}\n"),
            format!("{text}{text}"),
            text.replacen('{', r#"{"a":1,"#, 1),
            text.replacen('{', r#"{"by":"ada@example.com","#, 1),
            text.replacen("\"approve\"", "\"Approve\"", 1),
            text.replacen("\"approve\"", "\"consent\"", 1),
            text.replacen("looks right", "looks\\u0020right", 1),
            text.replacen("evenkeel decision 1", "evenkeel decision 2", 1),
            text.replacen(&statement().nonce, "0", 1),
            text.replacen(&statement().nonce, &"G".repeat(32), 1),
            text.replacen(&statement().at.to_string(), "2026-11-29T06:00:00+00:00", 1),
            String::new(),
        ];
        for case in cases {
            assert_ne!(case, text);
            assert!(Statement::read(case.as_bytes()).is_err(), "{case}");
        }
        let long = Statement {
            reason: "x".repeat(20_000),
            ..statement()
        };
        assert!(matches!(long.text(), Err(StatementProblem::Long)));
    }

    #[test]
    fn a_missing_field_is_refused() {
        let value: serde_json::Value = serde_json::from_str(&statement().text().unwrap()).unwrap();
        let fields = value.as_object().unwrap();
        for name in fields.keys() {
            let mut without = fields.clone();
            without.remove(name);
            let text = serde_json::to_string(&without).unwrap();
            assert!(Statement::read(text.as_bytes()).is_err(), "{name}");
        }
    }
}
