//! Certainty of a document, by the contents of its files and by their paths.
//!
//! Files whose paths differ only in the environment's name are a document, whatever their contents share: contents only
//! add certainty. Where production has no word, contents decide. A base file is not an environment. Files among tests
//! and examples are possible at most.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Key;
use super::families::Naming;
use super::files::{self, Class};
use super::gathering::{Draft, Inventory};
use super::likeness::{self, Likeness};
use super::words::{self, Role};
use super::{Certainty, DocumentKind};
use evenkeel_model::text::{count, list};

/// Maximum number of files of a directory read to judge it.
const SAMPLE: usize = 40;

/// Document with its certainty.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) draft: Draft,
    pub(super) certainty: Certainty,
    pub(super) reason: String,
}

impl Judged {
    /// Whether a path is one of its files, or its only file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.covers(path) || self.draft.paths.values().any(|own| own == path)
    }

    /// Whether a path is one of its files.
    pub(super) fn covers(&self, path: &str) -> bool {
        self.draft.kind != DocumentKind::File
            && self.draft.paths.values().any(|root| {
                let root = root
                    .strip_suffix(self.draft.ending.as_str())
                    .unwrap_or(root);
                path.strip_prefix(root)
                    .is_some_and(|rest| rest.starts_with('/'))
            })
    }
}

type Leave<'f> = &'f mut dyn FnMut(&str, &str);
type Text<'f> = &'f dyn Fn(&str) -> Option<String>;

/// Folders and file names that teams use for settings of environments.
const LAYOUTS: &[&str] = &[
    "overlays",
    "environments",
    "environment",
    "envs",
    "env",
    "clusters",
    "cluster",
    "inventories",
    "inventory",
    "group_vars",
    "host_vars",
    "live",
    "deploy",
    "deployment",
    "charts",
    "helm",
    "workflows",
    "kustomize",
    "k8s",
    "kubernetes",
    "terraform",
    "infrastructure",
    "values",
    "config",
    "tfvars",
    "vars",
    "manifests",
    "stacks",
    "gitops",
    "argocd",
    "compose",
    "docker-compose",
    "appsettings",
    "application",
    "pulumi",
    "ansible",
    "secrets",
    "apps",
];

/// Judges drafts; rejected ones are left out with a reason.
pub(super) fn judge(
    drafts: Vec<Draft>,
    inventory: &Inventory,
    text: Text,
    leave: Leave,
) -> Vec<Judged> {
    // Words shared by several documents are unlikely to be a coincidence.
    let mut together: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
    for draft in &drafts {
        *together.entry(words_of(draft)).or_default() += draft.files.len();
    }
    let mut judged = Vec::new();
    for draft in drafts {
        let several = together.get(&words_of(&draft)).copied().unwrap_or(0) > 1;
        judged.extend(one(draft, several, inventory, text, leave));
    }
    judged
}

fn words_of(draft: &Draft) -> BTreeSet<usize> {
    draft.paths.keys().map(|key| key.word).collect()
}

fn one(
    mut draft: Draft,
    several: bool,
    inventory: &Inventory,
    text: Text,
    leave: Leave,
) -> Option<Judged> {
    let mut seen = Seen::default();
    let only = draft.kind == DocumentKind::File;
    for files in draft.files.iter().take(SAMPLE) {
        seen.look(files, inventory, text, &mut |reason, path| {
            if only {
                leave(reason, path);
            }
        });
    }
    if only {
        draft.paths.retain(|key, _| !seen.dropped.contains(key));
        if words_of(&draft).len() < 2 {
            return None;
        }
    }
    let like = seen.likeness;
    let roles: BTreeSet<Role> = draft
        .paths
        .keys()
        .map(|key| words::role(key.word))
        .collect();
    let known = draft
        .skeleton
        .split(['/', '.', '-'])
        .any(|part| LAYOUTS.contains(&part.to_ascii_lowercase().as_str()));
    let shares_names = draft.files.len() * 2 >= draft.names;
    let points = usize::from(like.is_close()) * 2
        + usize::from(seen.trees > 0)
        + usize::from(known || several);
    let is_alike = like.all > 0 && !like.is_far();
    let mut certainty = if is_alike && points >= 3 && shares_names {
        Certainty::High
    } else {
        Certainty::Likely
    };
    let mut reasons = vec![paths_reason(&draft), contents_reason(&draft, like)];
    let mut cap = |most: Certainty, why: &str| {
        certainty = certainty.min(most);
        reasons.push(why.to_owned());
    };
    if draft.naming == Naming::Bare {
        if !like.is_close() {
            let base = draft.paths.last_key_value().map_or("", |(_, path)| path);
            for path in draft.paths.values().filter(|path| *path != base) {
                leave(
                    &format!("is an overlay of `{base}`, which is not an environment"),
                    path,
                );
            }
            return None;
        }
        if seen.says_production {
            cap(
                Certainty::Likely,
                "the path without a word names production by itself",
            );
        } else {
            cap(
                Certainty::Possible,
                "the path without a word may be production, or a base of the others",
            );
        }
    }
    let first = draft.skeleton.as_str();
    if files::is_doubtful(&format!("{first}{}", if only { "" } else { "/" })) {
        cap(
            Certainty::Possible,
            "is among tests, examples or documentation",
        );
    }
    if seen.encrypted > 0 && seen.encrypted == seen.texts {
        cap(
            Certainty::Likely,
            "is encrypted, so only its keys can be compared",
        );
    }
    if draft.paths.values().any(|path| files::is_sample(path)) {
        cap(Certainty::Likely, "is a sample of the real file");
    }
    if seen.programs > 0 && seen.trees == 0 {
        let most = if roles.contains(&Role::Staging) {
            Certainty::Likely
        } else {
            Certainty::Possible
        };
        cap(most, "is source code, compared line by line");
    }
    if !(roles.contains(&Role::Production) && roles.contains(&Role::Staging)) {
        cap(
            Certainty::Likely,
            "no production with a production-like environment",
        );
    }
    Some(Judged {
        draft,
        certainty,
        reason: reasons.join("; "),
    })
}

/// Facts about a document's files.
#[derive(Default)]
struct Seen {
    likeness: Likeness,
    trees: usize,
    programs: usize,
    texts: usize,
    encrypted: usize,
    says_production: bool,
    dropped: BTreeSet<Key>,
}

impl Seen {
    /// Reads one file of each environment and compares them with the last one, which is closest to production.
    fn look(
        &mut self,
        files: &BTreeMap<Key, String>,
        inventory: &Inventory,
        text: Text,
        leave: Leave,
    ) {
        let mut keys: BTreeMap<&Key, BTreeSet<String>> = BTreeMap::new();
        let mut last_text = String::new();
        for (key, path) in files {
            match inventory.get(path.as_str()) {
                Some(Class::Tree(_)) => self.trees += 1,
                Some(Class::Program) => self.programs += 1,
                _ => {}
            }
            let Some(text) = text(path) else {
                leave("could not be read as text", path);
                self.dropped.insert(key.clone());
                continue;
            };
            if text.starts_with("$ANSIBLE_VAULT") {
                leave("is encrypted", path);
                self.dropped.insert(key.clone());
                continue;
            }
            self.texts += 1;
            self.encrypted += usize::from(text.contains("\nsops:") || text.contains("\"sops\":"));
            let Some(own) = likeness::keys(path, files::format(path), &text) else {
                leave("is not text", path);
                self.dropped.insert(key.clone());
                continue;
            };
            keys.insert(key, own);
            last_text = text;
        }
        let roles: BTreeSet<Role> = super::tokens::marks(&last_text)
            .iter()
            .filter(|mark| mark.clear)
            .map(|mark| words::role(mark.word))
            .collect();
        self.says_production |=
            roles.contains(&Role::Production) && !roles.contains(&Role::Staging);
        let Some((last, reference)) = keys.pop_last() else {
            return;
        };
        let mut nearest: Option<(Role, Likeness)> = None;
        for (key, own) in keys {
            let like = Likeness::of(&own, &reference);
            // Names of development environments have other uses, too: `test.yml` of workflows.
            let is_early = words::role(key.word) == Role::Early;
            if is_early
                && files.len() > 2
                && like.shared == 0
                && !own.is_empty()
                && !reference.is_empty()
            {
                if let (Some(path), Some(other)) = (files.get(key), files.get(last)) {
                    leave(&format!("shares nothing with `{other}`"), path);
                }
                self.dropped.insert(key.clone());
                continue;
            }
            // A production-like environment counts, if there is one.
            let role = words::role(key.word);
            nearest = Some(match nearest {
                Some((best, sum)) if best == role => (best, sum.and(like)),
                Some((best, sum)) if best > role => (best, sum),
                _ => (role, like),
            });
        }
        if let Some((_, like)) = nearest {
            self.likeness = self.likeness.and(like);
        }
    }
}

fn paths_reason(draft: &Draft) -> String {
    let mut words: Vec<String> = Vec::new();
    for key in draft.paths.keys() {
        let written = draft.written.get(key).map_or("", String::as_str);
        let quoted = format!("`{written}`");
        if !written.is_empty() && !words.contains(&quoted) {
            words.push(quoted);
        }
    }
    let same = if draft.kind == DocumentKind::File {
        "same path"
    } else {
        "same directory"
    };
    if draft.written.values().any(String::is_empty) {
        return format!("{same} but for {}, and one without", list(&words, "and"));
    }
    format!("{same} but for {}", list(&words, "and"))
}

fn contents_reason(draft: &Draft, like: Likeness) -> String {
    if like.all == 0 {
        return "they contain nothing to compare".to_owned();
    }
    let both = if draft.paths.len() == 2 {
        "both"
    } else {
        "common"
    };
    let keys = format!("{} of {} in {both}", like.shared, count(like.all, "key"));
    if draft.kind == DocumentKind::File {
        keys
    } else {
        let files = draft.files.len();
        let names = count(draft.names, "file");
        format!("{files} of {names} in more than one; {keys}")
    }
}
