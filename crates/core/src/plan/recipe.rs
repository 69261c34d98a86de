//! The recipe: the environment-free half of a plan.
//!
//! The resource graph with its references left symbolic, artifacts and files by digest, suites, and the values of what
//! must not vary. Two environments have the same recipe exactly when there is no undeclared difference between them:
//! what is declared to differ is left out by name, and everything else is in.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use crate::environment::definition::{Varies, size_class};
use crate::environment::reference::plain_text;
use crate::environment::{Block, Definition, Expression, Resolved};
use evenkeel_model::{Address, Digest, Value};

/// A recipe and its parts.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The digest of the whole.
    pub digest: Digest,
    /// The symbolic digest of each resource: what it is brought to, in any environment.
    pub resources: BTreeMap<Address, Digest>,
}

#[derive(Serialize)]
struct Whole<'a> {
    // In the order of canonical JSON, as the fields below: nothing has to be sorted when it is written.
    declared: &'a BTreeSet<String>,
    parameters: BTreeMap<&'a str, Option<String>>,
    resources: &'a BTreeMap<Address, Digest>,
    suites: BTreeMap<String, Digest>,
    system: &'a str,
}

#[derive(Serialize)]
struct Symbolic<'a> {
    artifact: Option<Digest>,
    attributes: BTreeMap<&'a str, &'a Expression>,
    files: BTreeMap<&'a str, Option<Digest>>,
    name: &'a str,
}

/// The recipe of an environment. `declared` are the places that are declared to differ.
#[must_use]
pub fn recipe(definition: &Definition, resolved: &Resolved, declared: &BTreeSet<String>) -> Recipe {
    let resources: Vec<(&Address, &Block)> = resolved
        .resources
        .iter()
        .filter(|(address, _)| !declared.contains(address.as_str()))
        .map(|(address, resource)| (address, &*resource.block))
        .collect();
    let resources: Vec<(Address, Digest)> = resources
        .par_iter()
        .map(|(address, block)| {
            let digest = symbolic(address.as_str(), block, resolved, declared);
            ((*address).clone(), digest)
        })
        .collect();
    // Of a list, a map is made without gaps.
    let resources: BTreeMap<Address, Digest> = resources.into_iter().collect();
    let suites = definition
        .suites_of(&resolved.name)
        .into_iter()
        .map(|(name, block)| (format!("suite.{name}"), block))
        .filter(|(name, _)| !declared.contains(name))
        .map(|(name, block)| {
            let digest = symbolic(&name, block, resolved, declared);
            (name, digest)
        })
        .collect();
    let parameters = definition
        .parameters
        .iter()
        .filter(|(name, _)| !declared.contains(&format!("parameter.{name}")))
        .map(|(name, parameter)| {
            let value = resolved.parameters.get(name);
            let fixed = match parameter.varies {
                Varies::Never => value.map(ToString::to_string),
                Varies::Scale => value
                    .and_then(Value::as_number)
                    .map(|number| size_class(number).to_owned()),
                Varies::Identity | Varies::Secret => None,
            };
            (&**name, fixed)
        })
        .collect();
    let digest = Digest::of_record(
        "evenkeel recipe 1",
        &Whole {
            system: &definition.system,
            resources: &resources,
            suites,
            parameters,
            declared,
        },
    );
    Recipe { digest, resources }
}

fn symbolic(name: &str, block: &Block, resolved: &Resolved, declared: &BTreeSet<String>) -> Digest {
    let attributes: BTreeMap<&str, &Expression> = block
        .attributes
        .iter()
        .filter(|attribute| {
            declared.is_empty() || !declared.contains(&format!("{name}.{}", attribute.name))
        })
        .map(|attribute| (attribute.name, &attribute.value.expression))
        .collect();
    let mut files = BTreeMap::new();
    for key in ["source", "template"] {
        if let Some((path, _)) = plain_text(block, key).filter(|_| attributes.contains_key(key)) {
            files.insert(key, resolved.files.get(path).copied());
        }
    }
    let artifact = plain_text(block, "artifact")
        .filter(|_| attributes.contains_key("artifact"))
        .and_then(|(name, _)| resolved.artifacts.get(name).copied());
    Digest::of_record(
        "evenkeel resource 1",
        &Symbolic {
            artifact,
            attributes,
            files,
            name,
        },
    )
}
