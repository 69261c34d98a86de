//! Resources that may be proposed, with their tables.

use std::collections::BTreeSet;

use evenkeel_core::environment::rewrite::toml;
use evenkeel_core::kind::{Claim, Proposal, word};
use evenkeel_model::text::inert;
use evenkeel_model::{Address, Value};

/// Keys of a resource, with their values.
pub(super) type Keys = Vec<(&'static str, Value)>;

/// Resource that may be proposed.
pub(super) struct Candidate {
    pub(super) kind: &'static str,
    pub(super) address: Address,
    /// What it is on the host, for people.
    pub(super) what: String,
    pub(super) keys: Keys,
    pub(super) content_of: Option<String>,
    /// Its source file, with its path beside the definitions.
    pub(super) source: Option<(String, Vec<u8>)>,
    pub(super) after: Vec<Claim<'static>>,
    pub(super) after_addresses: Vec<Address>,
    pub(super) remark: Option<String>,
    /// Why it is not proposed.
    pub(super) problem: Option<String>,
    /// Whether another resource declares it already.
    pub(super) is_declared: bool,
}

impl Candidate {
    pub(super) fn is_proposed(&self) -> bool {
        self.problem.is_none() && !self.is_declared
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.problem.is_some() && !self.is_declared
    }

    /// Returns its table.
    pub(super) fn table(&self, target: &str) -> Option<String> {
        let mut text = String::new();
        if let Some(remark) = &self.remark {
            text.push_str(&comment(remark));
        }
        let (kind, name) = (toml::key(self.kind), toml::key(self.address.name()));
        text.push_str(&format!("[{kind}.{name}]\non = {}\n", toml::short(target)));
        for (key, value) in &self.keys {
            text.push_str(&format!("{key} = {}\n", toml::written(value, true)?));
        }
        if !self.after_addresses.is_empty() {
            let after = self
                .after_addresses
                .iter()
                .map(|it| toml::short(it.as_str()));
            let after: Vec<String> = after.collect();
            text.push_str(&format!("after = [{}]\n", after.join(", ")));
        }
        text.push('\n');
        Some(text)
    }
}

/// Names a proposal. A name that is taken gets a number.
pub(super) fn candidate(
    kind: &'static str,
    proposal: Proposal,
    taken: &mut BTreeSet<Address>,
) -> Candidate {
    let base = word(&proposal.name);
    let mut name = base.clone();
    let mut number = 2;
    while taken.contains(&Address::new(kind, &name)) {
        name = format!("{base}-{number}");
        number += 1;
    }
    let address = Address::new(kind, &name);
    taken.insert(address.clone());
    let mut keys = proposal.keys;
    if let Some(named_by) = proposal.named_by.filter(|_| name != proposal.name) {
        keys.insert(0, named_by);
    }
    Candidate {
        kind,
        address,
        what: inert(&proposal.name).into_owned(),
        keys,
        content_of: proposal.content_of,
        source: None,
        after: proposal.after,
        after_addresses: Vec::new(),
        remark: proposal.remark,
        problem: proposal.problem,
        is_declared: false,
    }
}

/// Returns a comment in one line.
pub(super) fn comment(text: &str) -> String {
    format!("# {}\n", inert(text).replace(['\n', '\t'], " "))
}
