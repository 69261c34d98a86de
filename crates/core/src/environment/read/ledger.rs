//! Parsing of `[ledger]`: where a team's ledger is, and where its secrets come from.
//!
//! Whether the place exists is left to the layers that connect to it.

use super::super::check::check_table;
use super::super::definition::{SharedLedger, SharedPlace};
use super::super::{codes, fields};
use super::Reader;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{Node, Table};

/// The keys of which exactly one says where the ledger is.
const PLACES: &str = "`postgres` or `git`";

impl Reader<'_> {
    /// Parses the table; `None` with a defect if it names no single place.
    pub(super) fn ledger(&mut self, node: &Node) -> Option<SharedLedger> {
        let table = self.table(node, "ledger")?;
        let before = self.complaints.len();
        check_table(
            table,
            fields::LEDGER,
            &node.span,
            "ledger",
            false,
            &mut self.complaints,
        );
        let is_sound = self.complaints.len() == before;
        let source = |reader: &mut Self, key: &str| {
            let node = table.get(key)?;
            reader.secret_source(node, &format!("ledger.{key}"))
        };
        let key = source(self, "key");
        let password = source(self, "password");
        let place = match (table.get("postgres"), table.get("git")) {
            (Some(address), None) => {
                self.without_password(address);
                Some(SharedPlace::Postgres {
                    address: text(table, "postgres"),
                    password,
                })
            }
            (None, Some(_)) => {
                if let Some(node) = table.get("password") {
                    self.meaningless_password(node);
                }
                Some(SharedPlace::Git {
                    remote: text(table, "git"),
                })
            }
            (Some(_), Some(other)) => {
                let message = "`[ledger]` has two places, and a ledger is in one";
                self.complaints.push(
                    Defect::new(&codes::MEANINGLESS, "ledger", message)
                        .at(&other.span, "remove this one or `postgres`"),
                );
                None
            }
            (None, None) => None,
        };
        let Some(place) = place else {
            // Another defect of the table may be a misspelled place.
            if is_sound && table.get("git").is_none() {
                self.complaints.push(
                    Defect::new(
                        &codes::MISSING_KEY,
                        "ledger",
                        format!("`[ledger]` does not say where the ledger is: {PLACES} is missing"),
                    )
                    .at(&node.span, "expected a place")
                    .help("remove the table for a ledger in the project's directory"),
                );
            }
            return None;
        };
        Some(SharedLedger {
            place,
            key,
            span: node.span.clone(),
        })
    }

    /// Rejects a password without a database.
    fn meaningless_password(&mut self, node: &Node) {
        let message = "`password` has no effect: git asks for its own credentials";
        self.complaints.push(
            Defect::new(&codes::MEANINGLESS, "ledger", message).at(&node.span, "takes no effect"),
        );
    }

    /// Rejects an address that contains a password.
    fn without_password(&mut self, address: &Node) {
        let Some(text) = address.as_text() else {
            return;
        };
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        let authority = before.split_once("://").map_or(before, |(_, rest)| rest);
        let account = authority
            .rsplit_once('@')
            .map_or("", |(account, _)| account);
        let is_named = query
            .split('&')
            .any(|option| option.split('=').next() == Some("password"));
        if !account.contains(':') && !is_named {
            return;
        }
        self.exposed.push(address.span.clone());
        self.complaints.push(
            Defect::new(
                &codes::WRONG_FORM,
                "ledger",
                "ledger: the address contains a password, and a secret must not be written in a definition",
            )
            .attribute("postgres")
            .at(&address.span, "expected an address without a password")
            .help("remove it from the file and from the repository's history, and name its source with `password`"),
        );
    }
}

fn text(table: &Table, key: &str) -> String {
    let text = table.get(key).and_then(Node::as_text);
    text.unwrap_or_default().to_owned()
}
