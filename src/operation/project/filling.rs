//! Resolution of environments, and further defects of wrong definitions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Depth, Failure, Project, unpacking};
use crate::world::inventories::PrintedInventories;
use crate::world::secrets::RealSecrets;
use evenkeel_core::environment::inventories::NoInventories;
use evenkeel_core::environment::resolve::Surroundings;
use evenkeel_core::environment::secrets::{NoSecrets, Secrets};
use evenkeel_core::environment::{Resolved, between_environments, codes, further, once, resolve};
use evenkeel_core::kind::ArtifactFacts;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Digest, EnvironmentName, Sealer};

/// Maximum number of resources whose claims are compared with other environments by read-only commands, since resolving
/// more is noticeably slow. Commands that change an environment always compare all.
const FEW: usize = 500;

impl Project<'_> {
    /// Returns further defects of wrong definitions that do not follow from `reported`.
    pub(super) fn more(&self, reported: &[Defect]) -> Vec<Defect> {
        let Ok(sealer) = self.sealer_for_reading() else {
            return Vec::new();
        };
        let has_file = |name: &&EnvironmentName| self.definition.environments.contains_key(*name);
        let names: Vec<EnvironmentName> = self
            .definition
            .path
            .iter()
            .filter(has_file)
            .cloned()
            .collect();
        let resolved = self.resolve(&names, &sealer, Depth::Shape, false);
        let Err(Failure::Definitions(more)) = resolved else {
            return Vec::new();
        };
        further(reported, more)
    }

    /// Resolves environments, with all of their defects, and compares their claims. With `beside_all`, claims of all
    /// other environments are compared as well, however many resources they have.
    ///
    /// # Errors
    ///
    /// All defects.
    pub fn resolve(
        &self,
        names: &[EnvironmentName],
        sealer: &Sealer,
        depth: Depth,
        beside_all: bool,
    ) -> Result<BTreeMap<EnvironmentName, Resolved>, Failure> {
        let mut complaints = Vec::new();
        let artifacts = self.artifacts(depth, &mut complaints);
        let variable = |name: &str| self.world.environment.get(name).cloned();
        let real = RealSecrets {
            variable: &variable,
            definitions: self.directory.clone(),
            root: self.root.clone(),
            interruption: &self.world.interruption,
            learned: &self.world.secrets,
        };
        let secrets: &dyn Secrets = match depth {
            Depth::Shape => &NoSecrets,
            Depth::Whole => &real,
        };
        let machine = self.machine();
        let inventories = PrintedInventories {
            variables: self.world.environment,
            root: &self.root,
            interruption: &self.world.interruption,
        };
        let surroundings = Surroundings {
            files: &*self.files,
            root: &self.root,
            directory: &self.directory,
            machine: machine.as_deref(),
            sealer,
            secrets,
            inventories: match depth {
                Depth::Shape => &NoInventories,
                Depth::Whole => &inventories,
            },
            artifacts: &artifacts,
        };
        let mut resolved = BTreeMap::new();
        for name in names {
            match resolve(&self.definition, name, &surroundings) {
                Ok(environment) => {
                    resolved.insert(name.clone(), environment);
                }
                // A missing artifact is reported once, not at each use.
                Err(more) => complaints.extend(
                    more.into_iter()
                        .filter(|defect| defect.code != &codes::ARTIFACT),
                ),
            }
        }
        if complaints.is_empty() {
            let count: usize = resolved.values().map(|each| each.resources.len()).sum();
            let others = if beside_all || count <= FEW {
                self.others(names, sealer)
            } else {
                Vec::new()
            };
            complaints = between_environments(&mut resolved, &others);
        }
        if complaints.is_empty() {
            Ok(resolved)
        } else if self.world.interruption.is_set() {
            // A secret that is unavailable because of an interruption is not a defect.
            Err(Failure::Interrupted)
        } else {
            Err(Failure::Definitions(once(complaints)))
        }
    }

    /// Resolves the other environments of the path without secrets and artifacts, which is enough for their claims.
    /// Their defects are reported elsewhere.
    fn others(&self, names: &[EnvironmentName], sealer: &Sealer) -> Vec<Resolved> {
        let has_file = |name: &EnvironmentName| self.definition.environments.contains_key(name);
        let others = self.definition.path.iter();
        let others: Vec<&EnvironmentName> = others
            .filter(|name| !names.contains(name) && has_file(name))
            .collect();
        if others.is_empty() {
            return Vec::new();
        }
        let artifacts = self.artifacts(Depth::Shape, &mut Vec::new());
        let machine = self.machine();
        let surroundings = Surroundings {
            files: &*self.files,
            root: &self.root,
            directory: &self.directory,
            machine: machine.as_deref(),
            sealer,
            secrets: &NoSecrets,
            inventories: &NoInventories,
            artifacts: &artifacts,
        };
        others
            .into_iter()
            .filter_map(|name| resolve(&self.definition, name, &surroundings).ok())
            .collect()
    }

    /// Returns the directory of this machine for the system, if its ledger is shared.
    fn machine(&self) -> Option<PathBuf> {
        let home = &self.world.state_home;
        self.store
            .is_shared()
            .then(|| home.join(&self.definition.system))
    }

    pub(super) fn artifacts(
        &self,
        depth: Depth,
        complaints: &mut Vec<Defect>,
    ) -> BTreeMap<Arc<str>, ArtifactFacts> {
        let mut artifacts = BTreeMap::new();
        for (name, artifact) in &self.definition.artifacts {
            let digest = match (depth, &self.restored) {
                (Depth::Shape, _) => Ok(Digest::of(name.as_bytes())),
                (Depth::Whole, Some(inputs)) => {
                    let digest = inputs.artifacts.get(&**name).copied();
                    let lack = || vec![format!("{} recorded no digest of it", inputs.release)];
                    digest.ok_or_else(lack)
                }
                (Depth::Whole, None) => {
                    unpacking::digest(&self.directory.join(&artifact.path), artifact.unpack)
                }
            };
            match digest {
                Ok(digest) => {
                    artifacts.insert(
                        Arc::clone(name),
                        ArtifactFacts {
                            name: name.to_string(),
                            digest,
                        },
                    );
                }
                Err(errors) => complaints.extend(errors.into_iter().map(|error| {
                    let complaint = Defect::new(
                        &codes::ARTIFACT,
                        format!("artifact.{name}"),
                        format!("the artifact `{name}` cannot be read: {error}"),
                    )
                    .at(&artifact.span, "declared here");
                    if artifact.build.is_empty() {
                        complaint
                    } else {
                        complaint.help("build it first: evenkeel deliver --build")
                    }
                })),
            }
        }
        artifacts
    }
}
