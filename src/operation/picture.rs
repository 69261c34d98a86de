//! The whole picture: environments resolved, parity settled, and each looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::document_parity::{Declared, Documents};
use super::project::Depth;
use super::targets::Targets;
use super::world::TOOL;
use super::{Failure, Project};
use crate::report::DocumentsDocument;
use evenkeel_core::drift::{self, Disparity};
use evenkeel_core::environment::Resolved;
use evenkeel_core::observe::{Situation, look};
use evenkeel_core::plan::{Plan, Recipe, make, recipe};
use evenkeel_ledger::{EnvironmentState, State};
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, EnvironmentName, Sealer};

/// Environments as resolved.
pub(super) struct Resolution {
    pub(super) sealer: Sealer,
    pub(super) resolved: BTreeMap<EnvironmentName, Resolved>,
    /// Parity between all environments, settled; secrets are compared where both were resolved. What has one cause is
    /// one defect. Documents that could not be read are in it, since nothing can be told of them.
    pub(super) parity: Vec<Defect>,
    /// What differs and is not declared, place by place.
    pub(super) open: Vec<Disparity>,
    /// Whether a document could not be read.
    pub(super) unread: bool,
    /// The documents that were compared, counted.
    pub(super) documents: Option<DocumentsDocument>,
    /// Declared differences in force, with their expiries.
    pub(super) declarations: Vec<(String, evenkeel_model::Moment)>,
    /// The places that are declared to differ.
    pub(super) declared: BTreeSet<String>,
}

impl Resolution {
    pub(super) fn of(
        project: &Project<'_>,
        names: &[EnvironmentName],
        sealer: Sealer,
        depth: Depth,
    ) -> Result<Self, Failure> {
        let resolved = project.resolve(names, &sealer, depth)?;
        let nothing = BTreeMap::new();
        // Without real secrets there is nothing to compare them by.
        let compared = if depth == Depth::Whole {
            &resolved
        } else {
            &nothing
        };
        let mut disparities = drift::parity(&project.definition, compared);
        let declared = Declared::of(&project.definition)?;
        let documents = Documents::now(project, &declared)?;
        let found = documents.compare();
        disparities.extend(found.disparities);
        let mut settled = drift::settle(
            &project.definition,
            disparities,
            project.world.clock.now(),
            &|name, pattern| documents.presence(name, pattern),
        );
        drift::severities::apply(&mut settled.defects, &project.definition);
        for disparity in &mut settled.open {
            let defect = std::slice::from_mut(&mut disparity.defect);
            drift::severities::apply(defect, &project.definition);
        }
        // Environments that share a line may each lack a document of their own.
        let mut told = BTreeSet::new();
        let complaints = documents.complaints().chain(found.complaints);
        let mut parity: Vec<Defect> = complaints
            .filter(|complaint| {
                let place = complaint.labels.first();
                let place = place.map(|label| label.span.location().to_string());
                told.insert((complaint.code.name, complaint.message.clone(), place))
            })
            .collect();
        let unread = !parity.is_empty();
        parity.extend(drift::group(settled.defects));
        Ok(Self {
            sealer,
            parity,
            open: settled.open,
            unread,
            documents: found.counted,
            declarations: settled
                .declarations
                .iter()
                .map(|declaration| {
                    (
                        declaration.difference.at.clone(),
                        declaration.difference.expires,
                    )
                })
                .collect(),
            declared: settled.places,
            resolved,
        })
    }

    pub(super) fn environment(&self, name: &EnvironmentName) -> Result<&Resolved, Failure> {
        self.resolved
            .get(name)
            .ok_or_else(|| Failure::other(format!("{name} was not resolved")))
    }

    pub(super) fn recipe(
        &self,
        project: &Project<'_>,
        name: &EnvironmentName,
    ) -> Result<Recipe, Failure> {
        Ok(recipe(
            &project.definition,
            self.environment(name)?,
            &self.declared,
        ))
    }

    /// Looks at one environment.
    pub(super) fn look<'a>(
        &'a self,
        project: &Project<'_>,
        name: &EnvironmentName,
        state: &State,
        targets: &Targets,
    ) -> Result<Situation<'a>, Failure> {
        let resolved = self.environment(name)?;
        let empty = EnvironmentState::default();
        let standing = state.environment(name).unwrap_or(&empty);
        let open: BTreeMap<Address, String> = standing
            .open
            .iter()
            .map(|(address, (apply, _))| (address.clone(), apply.to_string()))
            .collect();
        look(
            resolved,
            &standing.applied,
            open,
            &targets.observers(),
            project.world.clock.now(),
        )
        .map_err(Failure::other)
    }

    /// The targets of one environment.
    pub(super) fn targets(
        &self,
        project: &Project<'_>,
        name: &EnvironmentName,
    ) -> Result<Targets, Failure> {
        Ok(Targets::of(
            self.environment(name)?,
            project.world.targets,
            &self.sealer,
        ))
    }

    /// The plan for what was seen.
    pub(super) fn plan(
        &self,
        project: &Project<'_>,
        situation: &Situation<'_>,
        state: &State,
    ) -> Result<Plan, Failure> {
        let name = situation.environment();
        let recipe = self.recipe(project, name)?;
        let lineage = state
            .founded
            .as_ref()
            .map_or("", |founded| founded.lineage.as_str());
        Ok(make(
            situation,
            &recipe,
            project.definitions_digest(situation.resolved),
            &project.definition.system,
            lineage,
            TOOL,
        ))
    }
}
