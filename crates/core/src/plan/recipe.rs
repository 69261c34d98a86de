//! Recipe: the environment-free half of a plan.
//!
//! It consists of the resource graph with symbolic references, artifacts and files by digest, suites, and the values of
//! parameters that must not vary. Two environments have the same recipe exactly if there is no undeclared difference
//! between them: declared differences are excluded by name, and everything else is included.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use crate::environment::definition::{Varies, size_class};
use crate::environment::reference::plain_text;
use crate::environment::{Block, Definition, Expression, Resolved};
use evenkeel_model::{Address, Digest, Value};

/// Recipe with its parts.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Digest of the whole.
    pub digest: Digest,
    /// Symbolic digest of each resource's definition, equal in all environments.
    pub resources: BTreeMap<Address, Digest>,
}

#[derive(Serialize)]
struct Whole<'a> {
    // In the order of canonical JSON, so that writing needs no sorting.
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

/// Computes the recipe of an environment. `declared` are the places that are declared to differ.
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
    // Rebuild from a sorted iterator: bulk-built maps have full nodes.
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
