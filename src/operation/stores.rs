//! Creation of a project's store: the one that its definitions declare, unless a variable names another.

use std::path::Path;
use std::sync::Arc;

use super::{Failure, World};
use crate::world::stores::{PLACE, Sources, folder, mentions_ledger, named, shared};
use evenkeel_core::environment::codes;
use evenkeel_core::environment::definition::SharedLedger;
use evenkeel_ledger::Store;
use evenkeel_model::defect::Defect;

/// Creates stores: real ones for the program, others for tests.
pub trait StoreMaker: Sync {
    /// Returns the store of a project, or the shared one that its definitions or the variables declare. Connects to
    /// nothing and creates nothing.
    ///
    /// # Errors
    ///
    /// When the place of a shared ledger is malformed or not supported.
    fn make(
        &self,
        world: &World<'_>,
        project: &ProjectPlace<'_>,
        declared: Option<&SharedLedger>,
    ) -> Result<Arc<dyn Store>, Failure>;

    /// Returns the store at a place in the words of the command line: `folder`, `git:REMOTE`, or an address.
    ///
    /// # Errors
    ///
    /// When the place is malformed or not supported.
    fn at(
        &self,
        world: &World<'_>,
        project: &ProjectPlace<'_>,
        place: &str,
        declared: Option<&SharedLedger>,
    ) -> Result<Arc<dyn Store>, Failure>;

    /// Returns the store of a project whose definitions are not read yet; `None` when they have to be read first.
    fn make_early(&self, world: &World<'_>, project: &ProjectPlace<'_>) -> Option<Arc<dyn Store>>;
}

/// The directories of a project.
#[derive(Clone, Copy, Debug)]
pub struct ProjectPlace<'a> {
    /// Project directory.
    pub root: &'a Path,
    /// Directory of the definitions.
    pub definitions: &'a Path,
}

/// Stores in a folder of each project's directory, or shared by a team.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stores;

impl StoreMaker for Stores {
    fn make(
        &self,
        world: &World<'_>,
        project: &ProjectPlace<'_>,
        declared: Option<&SharedLedger>,
    ) -> Result<Arc<dyn Store>, Failure> {
        match (variable(world), declared) {
            (Some(place), _) => self.at(world, project, place, declared),
            (None, None) => Ok(folder(project.root, &world.interruption)),
            (None, Some(ledger)) => {
                let sources = sources(world, project);
                shared(&ledger.place, ledger.key.clone(), sources).map_err(|reason| {
                    let message = format!("the place of the ledger cannot be used: {reason}");
                    let defect = Defect::new(&codes::WRONG_FORM, "ledger", message);
                    Failure::Definitions(vec![defect.at(&ledger.span, "declared here")])
                })
            }
        }
    }

    fn at(
        &self,
        world: &World<'_>,
        project: &ProjectPlace<'_>,
        place: &str,
        declared: Option<&SharedLedger>,
    ) -> Result<Arc<dyn Store>, Failure> {
        if place == "folder" {
            return Ok(folder(project.root, &world.interruption));
        }
        let key = declared.and_then(|ledger| ledger.key.clone());
        named(place)
            .and_then(|place| shared(&place, key, sources(world, project)))
            .map_err(|reason| Failure::Usage(format!("the place of the ledger: {reason}")))
    }

    fn make_early(&self, world: &World<'_>, project: &ProjectPlace<'_>) -> Option<Arc<dyn Store>> {
        let is_folder = match variable(world) {
            Some(place) => place == "folder",
            None => !mentions_ledger(project.definitions),
        };
        is_folder.then(|| folder(project.root, &world.interruption))
    }
}

/// Returns the place that the variables name.
fn variable<'w>(world: &'w World<'_>) -> Option<&'w str> {
    let place = world.environment.get(PLACE)?;
    Some(place.as_str()).filter(|place| !place.is_empty())
}

fn sources(world: &World<'_>, project: &ProjectPlace<'_>) -> Sources {
    Sources {
        variables: world.environment.clone(),
        definitions: project.definitions.to_owned(),
        root: project.root.to_owned(),
        interruption: world.interruption.clone(),
        learned: world.secrets.clone(),
    }
}
