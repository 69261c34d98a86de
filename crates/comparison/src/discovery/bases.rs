//! Base files of environments' files, by name: `values.yaml` for `values-staging.yaml`.
//!
//! Only the conventions of known programs are proposed: a shorter name proves nothing by itself (`Pulumi.yaml` is not a
//! base of `Pulumi.staging.yaml`).

use std::collections::BTreeSet;

use super::candidates::unmarked;
use super::gathering::{Draft, Inventory};
use super::tokens::marks;
use super::{DocumentKind, files};

/// Name prefixes of programs that read the file without the environment's word first.
const NAMES: &[&str] = &[
    "values",
    "compose",
    "docker-compose",
    "docker-stack",
    "application",
    "bootstrap",
    "appsettings",
];

/// Returns the base of a document, if all of its files share one.
pub(super) fn of(draft: &Draft, inventory: &Inventory) -> Option<String> {
    if draft.kind != DocumentKind::File || !draft.sections.is_empty() {
        return None;
    }
    let paths: Vec<&str> = draft.paths.values().map(String::as_str).collect();
    let is_document = |path: &str| inventory.get(path).is_some_and(|class| class.is_document());
    let has_hiera = ["hiera.yaml", "puppet/hiera.yaml"]
        .iter()
        .any(|path| inventory.contains_key(path));
    shared(&paths, has_hiera, &is_document)
}

/// Returns the base that all given paths have.
pub(super) fn shared(
    paths: &[&str],
    has_hiera: bool,
    is_document: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let mut bases: Option<BTreeSet<String>> = None;
    for path in paths {
        let shorter = unmarked(path).into_iter().map(|(_, without)| without);
        let own: BTreeSet<String> = shorter
            .filter(|without| is_base(without))
            .chain(beside(path, has_hiera))
            .flat_map(spellings)
            .filter(|base| is_document(base) && !paths.contains(&base.as_str()))
            .collect();
        bases = Some(match bases {
            Some(before) => before.intersection(&own).cloned().collect(),
            None => own,
        });
    }
    bases?.into_iter().next()
}

/// Returns a path with both file extensions of YAML.
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

/// Returns bases with a conventional name, beside or above a file named after its environment: `config/default.json`,
/// `settings.yml` above `settings/staging.yml`, `group_vars/all.yml`, and `common.yaml` of Hiera.
fn beside(path: &str, has_hiera: bool) -> Vec<String> {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_word = matches!(marks(stem).as_slice(), [mark] if mark.range == (0..stem.len()));
    if is_word && !ending.is_empty() {
        let last = folder.rsplit('/').next().unwrap_or(folder);
        match last {
            "config" => found.push(format!("{folder}/default.{ending}")),
            "group_vars" => found.push(format!("{folder}/all.{ending}")),
            "settings" => found.push(format!("{folder}.{ending}")),
            _ => {}
        }
    }
    if has_hiera {
        let mut at = 0;
        for part in folder.split('/') {
            at += part.len();
            if matches!(part, "data" | "hieradata") {
                let above = folder.get(..at).unwrap_or(folder);
                found.push(format!("{above}/common.yaml"));
            }
            at += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::shared;

    fn base(paths: &[&str], others: &[&str]) -> Option<String> {
        shared(paths, others.contains(&"hiera.yaml"), &|path| {
            others.contains(&path)
        })
    }

    #[test]
    fn a_base_is_found_by_name_and_place() {
        for (paths, other) in [
            (["c/values-qa.yaml", "c/values-live.yaml"], "c/values.yaml"),
            (["compose.qa.yml", "compose.live.yml"], "compose.yaml"),
            ([".env.staging", ".env.production"], ".env"),
            (
                ["a/application-uat.yml", "a/application-prod.yml"],
                "a/application.yml",
            ),
            (
                ["config/deploy.staging.yml", "config/deploy.production.yml"],
                "config/deploy.yml",
            ),
            (
                ["config/staging.json", "config/production.json"],
                "config/default.json",
            ),
            (
                ["group_vars/staging.yml", "group_vars/production.yml"],
                "group_vars/all.yml",
            ),
            (
                ["c/settings/qa.yml", "c/settings/prod.yml"],
                "c/settings.yml",
            ),
        ] {
            assert_eq!(base(&paths, &[other]).as_deref(), Some(other));
            assert_eq!(base(&paths, &[]), None);
        }
        let hiera = ["data/env/qa.yaml", "data/env/live.yaml"];
        let found = base(&hiera, &["hiera.yaml", "data/common.yaml"]);
        assert_eq!(found.as_deref(), Some("data/common.yaml"));
        assert_eq!(base(&hiera, &["data/common.yaml"]), None);
    }

    #[test]
    fn a_shorter_name_alone_is_not_a_base() {
        assert_eq!(
            base(&["Pulumi.qa.yaml", "Pulumi.prod.yaml"], &["Pulumi.yaml"]),
            None
        );
        assert_eq!(
            base(
                &["a/values-qa.yaml", "b/values-prod.yaml"],
                &["a/values.yaml"]
            ),
            None
        );
        assert_eq!(
            base(
                &["serverless.qa.yml", "serverless.prod.yml"],
                &["serverless.yml"]
            ),
            None
        );
    }
}
