//! Saved plans: written, read back, and refused when they are not what was written.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::model::Digest;
use crate::plan::Plan;

/// Longest plan file that is read.
const LONGEST: u64 = 512 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Saved {
    digest: Digest,
    plan: Plan,
}

/// Saves a plan. The file is there whole or not at all.
pub(super) fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other(format!("cannot write {}: {error}", path.display()))
    };
    let saved = Saved {
        digest: plan.digest(),
        plan: plan.clone(),
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
pub(super) fn load(path: &Path) -> Result<Plan, Failure> {
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
    if saved.plan.format != crate::plan::FORMAT {
        return Err(refused(format!(
            "it has format {}, and this evenkeel makes format {}",
            saved.plan.format,
            crate::plan::FORMAT
        )));
    }
    if saved.plan.digest() != saved.digest {
        return Err(refused("it was changed after it was saved".into()));
    }
    Ok(saved.plan)
}

/// Refuses a plan that is not what would be planned now, and says what changed.
pub(super) fn compare(saved: &Plan, now: &Plan) -> Result<(), Failure> {
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
    for (address, observed) in &now.observed {
        match saved.observed.get(address) {
            Some(then) if then == observed => {}
            Some(_) => changes.push(format!(
                "{address} is not as it was{}",
                detail(saved, now, address)
            )),
            None => changes.push(format!(
                "{address} could not be seen then, or was not declared"
            )),
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

/// What changed of a resource: the steps of both plans say what they found.
fn detail(saved: &Plan, now: &Plan, address: &crate::model::Address) -> String {
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
    use super::{load, save};
    use crate::ledger::record::Verb;
    use crate::model::{Address, Digest, EnvironmentName};
    use crate::plan::{Change, FORMAT, Plan, Step, Unseen};

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
        save(&plan(), &path).unwrap();
        assert_eq!(load(&path).unwrap().digest(), plan().digest());
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
