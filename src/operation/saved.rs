//! Saved plans: written, read back, and refused when they are not what was written.
//!
//! Beside the plan lies what was found when it was made, attribute by attribute. It decides nothing: a plan is compared
//! by digests. It is there so that a refusal can say what changed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Failure;
use evenkeel_core::kind::{Observation, Observed};
use evenkeel_core::observe::Situation;
use evenkeel_core::plan::Plan;
use evenkeel_model::{Address, Digest};

/// Longest plan file that is read.
const LONGEST: u64 = 512 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Saving<'a> {
    digest: Digest,
    plan: &'a Plan,
    found_digest: Digest,
    found: &'a Found,
}

/// A plan that was read back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Saved {
    digest: Digest,
    pub(super) plan: Plan,
    found_digest: Digest,
    pub(super) found: Found,
}

/// What was found when a plan was made: each attribute of each resource, without secrets.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Found {
    declared: Facts,
    /// Where something was applied that is declared no longer, or declared at another place.
    left: Facts,
}

type Facts = BTreeMap<Address, BTreeMap<String, String>>;

impl Found {
    /// Everything that was seen.
    pub(super) fn of(situation: &Situation<'_>) -> Self {
        let facts = |seen: &BTreeMap<Address, Observation<Observed>>| -> Facts {
            seen.iter()
                .filter_map(|(address, each)| {
                    Some((address.clone(), each.seen()?.facts().into_iter().collect()))
                })
                .collect()
        };
        Self {
            declared: facts(&situation.seen),
            left: facts(&situation.left),
        }
    }

    fn digest(&self) -> Digest {
        Digest::of_record("evenkeel found 1", self)
    }
}

/// Saves a plan and what it was made from. The file is there whole or not at all.
pub(super) fn save(plan: &Plan, found: &Found, path: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other(format!("cannot write {}: {error}", path.display()))
    };
    if path.exists() && load(path).is_err() {
        return Err(Failure::Other {
            reason: format!(
                "{} is there, and no plan that this evenkeel saved: it is not replaced",
                path.display()
            ),
            help: Some("name another file, or remove it".into()),
        });
    }
    let saved = Saving {
        digest: plan.digest(),
        plan,
        found_digest: found.digest(),
        found,
    };
    let text = serde_json::to_vec(&saved).map_err(|error| failed(&error))?;
    write(path, &text, 0o600).map_err(|error| failed(&error))
}

/// Writes a file that is there whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Reads a plan, and refuses one that was edited.
pub(super) fn load(path: &Path) -> Result<Saved, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other(format!("cannot read {}: {error}", path.display()))
    };
    let refused = |reason: String| Failure::Stale {
        reason: format!("{}: {reason}", path.display()),
        changes: Vec::new(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if metadata.len() > LONGEST {
        return Err(refused("it is larger than any plan".into()));
    }
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    let saved: Saved = serde_json::from_slice(&text)
        .map_err(|error| refused(format!("it is no plan as evenkeel saves it ({error})")))?;
    if saved.plan.format != evenkeel_core::plan::FORMAT {
        return Err(refused(format!(
            "it has format {}, and this evenkeel makes format {}",
            saved.plan.format,
            evenkeel_core::plan::FORMAT
        )));
    }
    if saved.plan.digest() != saved.digest || saved.found.digest() != saved.found_digest {
        return Err(refused("it was changed after it was saved".into()));
    }
    Ok(saved)
}

/// Refuses a plan that is not what would be planned now, and says what changed: of each resource which attributes, if
/// it is known what was found then.
pub(super) fn compare(
    saved: &Plan,
    then: Option<&Found>,
    now: &Plan,
    situation: &Situation<'_>,
) -> Result<(), Failure> {
    if saved.digest() == now.digest() {
        return Ok(());
    }
    let mut changes = Vec::new();
    let mut differ = |what: &str, differs: bool| {
        if differs {
            changes.push(what.to_owned());
        }
    };
    differ(
        "it was made by another version of evenkeel",
        saved.tool != now.tool,
    );
    differ("it was made for another system", saved.system != now.system);
    differ(
        "it was made from another ledger: another project, or a new one",
        saved.lineage != now.lineage,
    );
    differ(
        "the definitions changed",
        saved.definitions != now.definitions,
    );
    differ(
        "the recipe changed",
        saved.recipe != now.recipe && saved.definitions == now.definitions,
    );
    differ(
        "values, targets or artifacts changed",
        saved.binding != now.binding,
    );
    differ("something was applied since", saved.applied != now.applied);
    let since = Found::of(situation);
    for (address, observed) in &now.observed {
        match saved.observed.get(address) {
            Some(before) if before == observed => {}
            Some(_) => changes.push(format!(
                "{address} is not as it was{}",
                match then {
                    Some(then) => attributes(&then.declared, &since.declared, address),
                    None => detail(saved, now, address),
                }
            )),
            None => changes.push(format!(
                "{address} could not be seen then, or was not declared"
            )),
        }
    }
    for address in since.left.keys() {
        let Some(then) = then.filter(|then| then.left.contains_key(address)) else {
            continue;
        };
        let differing = attributes(&then.left, &since.left, address);
        if !differing.is_empty() {
            changes.push(format!(
                "{address}, as it was applied before, is not as it was{differing}"
            ));
        }
    }
    for unseen in &now.unseen {
        changes.push(format!(
            "{} cannot be seen now: {}",
            unseen.address, unseen.reason
        ));
    }
    if changes.is_empty() {
        changes.push("its steps are not those that would be planned now".into());
    }
    Err(Failure::Stale {
        reason: "the world or the inputs changed since it was made".into(),
        changes,
    })
}

/// Which attributes of a resource changed, and from what to what.
fn attributes(then: &Facts, now: &Facts, address: &Address) -> String {
    let nothing = BTreeMap::new();
    let (then, now) = (
        then.get(address).unwrap_or(&nothing),
        now.get(address).unwrap_or(&nothing),
    );
    // What something else has besides is not told one by one: it is something else.
    let names: Vec<&str> = match (then.get("presence"), now.get("presence")) {
        (before, after) if before != after => vec!["presence"],
        _ => then
            .keys()
            .chain(now.keys().filter(|name| !then.contains_key(*name)))
            .map(String::as_str)
            .collect(),
    };
    let words = |facts: &BTreeMap<String, String>, name: &str| -> String {
        facts.get(name).cloned().unwrap_or("nothing".into())
    };
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| {
            format!(
                "{name} was {} and is {}",
                words(then, name),
                words(now, name)
            )
        })
        .collect();
    if differing.is_empty() {
        return String::new();
    }
    format!(": {}", differing.join(", "))
}

/// What changed of a resource: the steps of both plans say what they found.
fn detail(saved: &Plan, now: &Plan, address: &evenkeel_model::Address) -> String {
    let found = |plan: &Plan| -> Vec<String> {
        plan.steps
            .iter()
            .filter(|step| step.address == *address)
            .flat_map(|step| &*step.changes)
            .map(|change| format!("{} {}", change.attribute, change.before))
            .collect()
    };
    let (then, since) = (found(saved), found(now));
    if then == since {
        return String::new();
    }
    let words = |list: &[String]| {
        if list.is_empty() {
            "as declared".to_owned()
        } else {
            list.join(", ")
        }
    };
    format!(": then {}, now {}", words(&then), words(&since))
}

#[cfg(test)]
mod tests {
    use super::{Found, load, save};
    use evenkeel_core::plan::{Change, FORMAT, Plan, Step, Unseen};
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::{Address, Digest, EnvironmentName};

    fn plan() -> Plan {
        Plan {
            format: FORMAT,
            tool: "evenkeel 0.1.0".into(),
            system: "guestbook".into(),
            lineage: "lineage".into(),
            environment: EnvironmentName::new("staging"),
            recipe: Digest::of(b"recipe"),
            binding: Digest::of(b"binding"),
            definitions: Digest::of(b"definitions"),
            observation: Some(Digest::of(b"observation")),
            applied: Digest::of(b"applied"),
            steps: vec![Step {
                address: Address::new("file", "config"),
                on: "web".into(),
                verb: Verb::Create,
                reason: "not there yet".into(),
                changes: [Change {
                    attribute: "presence".into(),
                    before: "nothing".into(),
                    after: "a file".into(),
                    difference: None,
                }]
                .into(),
                actions: Vec::new(),
                after: [Address::new("directory", "home")].into(),
                shape: Digest::of(b"shape"),
                slow: false,
            }],
            unchanged: 1,
            unseen: vec![Unseen {
                address: Address::new("file", "dark"),
                reason: "it is dark".into(),
            }],
            observed: [(Address::new("file", "config"), Digest::of(b"observed"))].into(),
        }
    }

    #[test]
    fn every_changed_byte_of_a_saved_plan_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("the.plan");
        let facts = [("mode".to_owned(), "0640".to_owned())];
        let found = Found {
            declared: [(Address::new("file", "config"), facts.into())].into(),
            ..Found::default()
        };
        save(&plan(), &found, &path).unwrap();
        let loaded = load(&path).unwrap();
        assert_eq!(loaded.plan.digest(), plan().digest());
        assert_eq!(loaded.found, found);
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = whole.clone();
                changed[place] ^= flip;
                std::fs::write(&path, &changed).unwrap();
                assert!(
                    load(&path).is_err(),
                    "byte {place} with {flip:#x}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
            std::fs::write(&path, &whole[..place]).unwrap();
            assert!(load(&path).is_err(), "cut at {place}");
        }
    }
}
