//! The file that an environment's file is laid over, where the names of both tell: `values.yaml` beside `values-staging.yaml`.
//!
//! Only what the programs of these files do is proposed: that a file has the shorter name proves nothing by itself
//! (`Pulumi.yaml` is no base of `Pulumi.staging.yaml`).

use std::collections::BTreeSet;

use super::candidates::unmarked;
use super::gathering::{Draft, Inventory};
use super::{DocumentKind, files};

/// Beginnings of names whose programs read the file without the word first.
const NAMES: &[&str] = &[
    "values",
    "compose",
    "docker-compose",
    "docker-stack",
    "application",
    "bootstrap",
    "appsettings",
];

/// The base of a document, if each of its files has the same one.
pub(super) fn of(draft: &Draft, inventory: &Inventory) -> Option<String> {
    if draft.kind != DocumentKind::File || !draft.sections.is_empty() {
        return None;
    }
    let mut bases: Option<BTreeSet<String>> = None;
    for path in draft.paths.values() {
        let own: BTreeSet<String> = unmarked(path)
            .into_iter()
            .flat_map(|(_, without)| spellings(without))
            .filter(|without| {
                inventory
                    .get(without.as_str())
                    .is_some_and(|class| class.is_document())
                    && is_base(without)
                    && !draft.paths.values().any(|path| path == without)
            })
            .collect();
        bases = Some(match bases {
            Some(before) => before.intersection(&own).cloned().collect(),
            None => own,
        });
    }
    bases?.into_iter().next()
}

/// A path, and the same with the other ending of YAML.
fn spellings(path: String) -> Vec<String> {
    let other = match path.rsplit_once('.') {
        Some((stem, "yaml")) => Some(format!("{stem}.yml")),
        Some((stem, "yml")) => Some(format!("{stem}.yaml")),
        _ => None,
    };
    std::iter::once(path).chain(other).collect()
}

fn is_base(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if files::is_sample(path) {
        return false;
    }
    let kamal = matches!(name, "deploy.yml" | "deploy.yaml") && path.contains("config/");
    name == ".env"
        || kamal
        || NAMES.iter().any(|begin| {
            name.strip_prefix(begin)
                .is_some_and(|rest| rest.starts_with(['.', '-', '_']))
        })
}
