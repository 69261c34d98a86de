//! Resolution of environments: parity with declared differences, and observation of each environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dossier::requirements_of_plan;
use super::large::Large;
use super::project::Depth;
use super::session::{DocumentNeed, Needs};
use super::targets::Targets;
use super::world::TOOL;
use super::{Failure, Project};
use crate::report::DocumentsDocument;
use crate::world::command::handed_on;
use crate::world::documents::{CommittedDocuments, Renames, Rendering, WorkingDocuments};
use crate::world::redaction::Redactor;
use evenkeel_core::documents::{DeclaredDocuments, DocumentRequest, Documents, FileSet, FileSets};
use evenkeel_core::drift::{Disparity, live, live_resources};
use evenkeel_core::environment::definition::ValueSource;
use evenkeel_core::environment::{DocumentSource, Resolved};
use evenkeel_core::observe::{Observers, Situation, look, look_with_things};
use evenkeel_core::parity::Parity;
use evenkeel_core::plan::{Digests, Plan, Recipe, make, recipe};
use evenkeel_ledger::record::Origin;
use evenkeel_ledger::{EnvironmentState, State};
use evenkeel_model::defect::{Corner, Defect};
use evenkeel_model::{EnvironmentName, Moment, Sealer};

/// Resolved environments.
pub(super) struct Resolution {
    pub(super) sealer: Sealer,
    /// Origin of the definitions.
    pub(super) origin: Origin,
    pub(super) resolved: Large<BTreeMap<EnvironmentName, Resolved>>,
    /// Removes every secret of these environments from foreign text.
    pub(super) secrets: Arc<Redactor>,
    /// Parity of all environments; secrets are compared where both were resolved. Differences with one cause are one
    /// defect. Unreadable documents are included, since their differences are unknown.
    pub(super) parity: Vec<Defect>,
    /// Undeclared differences, place by place.
    pub(super) open: Vec<Disparity>,
    /// Whether a document could not be read.
    pub(super) unread: bool,
    /// Number of compared documents.
    pub(super) documents: Option<DocumentsDocument>,
    /// Declared differences in force, with their expiries.
    pub(super) declarations: Vec<(String, evenkeel_model::Moment)>,
    /// Values that are written differently and count as equal, if requested.
    pub(super) equal: Vec<String>,
    /// Places that are declared to differ.
    pub(super) declared: BTreeSet<String>,
    /// Compared files.
    pub(super) files: FileSets,
}

/// Observes an environment.
type Look<'a> =
    fn(&'a Resolved, &EnvironmentState, &Observers<'_>, Moment) -> Result<Situation<'a>, String>;

impl Resolution {
    pub(super) fn of(
        project: &Project<'_>,
        names: &[EnvironmentName],
        sealer: Sealer,
        needs: Needs,
    ) -> Result<Self, Failure> {
        let resolved = project.resolve(names, &sealer, needs.depth(), needs.compares_all())?;
        let mut origin = project.origin(&resolved)?;
        let nothing = BTreeMap::new();
        // Without resolved secrets there is nothing to compare.
        let compared = if needs.depth() == Depth::Whole {
            &resolved
        } else {
            &nothing
        };
        let declared = DeclaredDocuments::of(&project.definition).map_err(Failure::Definitions)?;
        let declared = match needs.documents() {
            DocumentNeed::None => None,
            DocumentNeed::Named => Some(declared.named_by_differences(&project.definition)),
            DocumentNeed::All => Some(declared),
        };
        let documents = match &declared {
            None => None,
            Some(declared) => {
                let sets = gather(project, declared, needs.renders())?;
                // A document that was not read because of an interruption is not a finding.
                if project.world.interruption.is_set() {
                    return Err(Failure::Interrupted);
                }
                // The commit contains the inputs of a release, or the definitions differ from it.
                if needs == Needs::Release && !origin.dirty {
                    origin.dirty = differ_from_commit(project, &declared.asked(), &sets)?;
                }
                let documents = Documents::from(&project.definition, declared, sets);
                Some(documents.telling_equal(project.tells_equal))
            }
        };
        let parity = Parity::of(
            &project.definition,
            compared,
            documents.as_ref(),
            project.parity_at(),
        );
        let files = documents.map(Documents::into_sets).unwrap_or_default();
        Ok(Self {
            files,
            sealer,
            origin,
            secrets: Arc::new(Redactor::of_environments(resolved.values())),
            resolved: resolved.into(),
            parity: parity.defects,
            open: parity.open,
            unread: parity.unread,
            documents: parity.documents.map(DocumentsDocument::from),
            declarations: parity.declarations,
            equal: parity.equal,
            declared: parity.declared,
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

    /// Observes one environment, without the things of its scopes.
    pub(super) fn look<'a>(
        &'a self,
        project: &Project<'_>,
        name: &EnvironmentName,
        state: &State,
        targets: &Targets,
    ) -> Result<Situation<'a>, Failure> {
        self.looked(look, project, name, state, targets)
    }

    /// Observes one environment with the things of its scopes, to judge its live state.
    pub(super) fn look_with_things<'a>(
        &'a self,
        project: &Project<'_>,
        name: &EnvironmentName,
        state: &State,
        targets: &Targets,
    ) -> Result<Situation<'a>, Failure> {
        self.looked(look_with_things, project, name, state, targets)
    }

    fn looked<'a>(
        &'a self,
        look: Look<'a>,
        project: &Project<'_>,
        name: &EnvironmentName,
        state: &State,
        targets: &Targets,
    ) -> Result<Situation<'a>, Failure> {
        let resolved = self.environment(name)?;
        let empty = EnvironmentState::default();
        let standing = state.environment(name).unwrap_or(&empty);
        targets.recall(&standing.applied);
        let now = project.world.clock.now();
        look(resolved, standing, &targets.observers(), now).map_err(Failure::other)
    }

    /// Returns the differences between observations and definitions. Names of unmanaged things may contain a secret.
    pub(super) fn live(&self, situation: &Situation<'_>) -> Vec<Defect> {
        self.without_secrets(live(situation))
    }

    /// Returns the findings of [`Resolution::live`] without those about things of hosts. A rollback does not wait for them: the
    /// restored definitions have an earlier baseline.
    pub(super) fn live_resources(&self, situation: &Situation<'_>) -> Vec<Defect> {
        self.without_secrets(live_resources(situation))
    }

    fn without_secrets(&self, mut defects: Vec<Defect>) -> Vec<Defect> {
        if self.secrets.is_empty() {
            return defects;
        }
        for defect in &mut defects {
            if defect.corner == Some(Corner::Unmanaged) {
                defect.message = self.secrets.text(&defect.message);
                defect.attribute = defect
                    .attribute
                    .as_deref()
                    .map(|text| self.secrets.text(text));
            }
        }
        defects
    }

    /// Returns the targets of one environment.
    pub(super) fn targets(
        &self,
        project: &Project<'_>,
        name: &EnvironmentName,
    ) -> Result<Targets, Failure> {
        Ok(Targets::of(
            self.environment(name)?,
            project.world.targets,
            &self.sealer,
            &self.secrets,
        ))
    }

    /// Returns the plan for an observation.
    pub(super) fn plan(
        &self,
        project: &Project<'_>,
        situation: &Situation<'_>,
        state: &State,
    ) -> Result<Plan, Failure> {
        let name = situation.environment();
        let (recipe, digests) =
            rayon::join(|| self.recipe(project, name), || Digests::of(situation));
        Ok(self.made(project, situation, state, &recipe?, digests))
    }

    /// Observes one environment and returns its plan. The recipe is computed in the gaps of the observation.
    pub(super) fn look_and_plan<'a>(
        &'a self,
        project: &Project<'_>,
        name: &EnvironmentName,
        state: &State,
        targets: &Targets,
    ) -> Result<(Situation<'a>, Plan), Failure> {
        let (situation, recipe) = rayon::join(
            || self.look(project, name, state, targets),
            || self.recipe(project, name),
        );
        let situation = situation?;
        let digests = Digests::of(&situation);
        let plan = self.made(project, &situation, state, &recipe?, digests);
        Ok((situation, plan))
    }

    fn made(
        &self,
        project: &Project<'_>,
        situation: &Situation<'_>,
        state: &State,
        recipe: &Recipe,
        digests: Digests,
    ) -> Plan {
        let requirements = requirements_of_plan(project, &self.origin);
        let lineage = state
            .founded
            .as_ref()
            .map_or("", |founded| founded.lineage.as_str());
        make(
            situation,
            recipe,
            digests,
            (project.definitions_digest(situation.resolved), requirements),
            &project.definition.system,
            lineage,
            TOOL,
        )
    }
}

/// Reads the current documents of a project, from its working tree or from its commit.
fn gather(
    project: &Project<'_>,
    declared: &DeclaredDocuments,
    renders: bool,
) -> Result<Vec<FileSet>, Failure> {
    let asked = declared.asked();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    match project.commit_read() {
        None => {
            let working = WorkingDocuments::new(
                &project.root,
                project.repository(),
                rendering(project, renders),
            );
            Ok(working.gather(&asked))
        }
        Some((repository, commit)) => {
            let mut committed =
                CommittedDocuments::new(repository, &project.root, &project.world.interruption)
                    .ok_or_else(|| Failure::other("the project is not in the repository"))?;
            Ok(committed.gather(commit, &asked, &Renames::default()))
        }
    }
}

/// Whether documents of the working tree differ from those of its commit. The inputs of a command's output are unknown,
/// so for these, every file of the project counts.
fn differ_from_commit(
    project: &Project<'_>,
    asked: &[DocumentRequest<'_>],
    sets: &[FileSet],
) -> Result<bool, Failure> {
    let (None, Some(repository), Some(head)) =
        (project.commit_read(), project.repository(), project.head())
    else {
        return Ok(false);
    };
    let is_rendered = |(_, declared): &DocumentRequest<'_>| {
        matches!(declared.source, DocumentSource::Render { .. })
    };
    if asked.iter().any(is_rendered) && project.differs_anywhere()? {
        return Ok(true);
    }
    let here: Vec<(DocumentRequest<'_>, &FileSet)> = asked
        .iter()
        .cloned()
        .zip(sets)
        .filter(|(asked, _)| !is_rendered(asked))
        .collect();
    let paths: Vec<DocumentRequest<'_>> = here.iter().map(|(asked, _)| asked.clone()).collect();
    let Some(mut committed) =
        CommittedDocuments::new(repository, &project.root, &project.world.interruption)
    else {
        return Ok(true);
    };
    let then = committed.gather(&head, &paths, &Renames::default());
    // A file that is missing from both is unchanged.
    let is_absent = |set: &FileSet| set.absent && set.files.is_empty();
    Ok(here
        .iter()
        .zip(&then)
        .any(|((_, now), then)| !(now.is_same(then) || is_absent(now) && is_absent(then))))
}

/// Returns how a project's commands run. Variables that contain secrets are redacted in their output.
fn rendering(project: &Project<'_>, renders: bool) -> Rendering {
    let world = project.world;
    let given = project
        .definition
        .environments
        .values()
        .flat_map(|environment| environment.values.values());
    let secrets = given.filter_map(|value| match &value.source {
        ValueSource::Variable(name) => world.environment.get(name).map(String::as_str),
        _ => None,
    });
    Rendering {
        directory: project.root.clone(),
        environment: handed_on(world.environment),
        interruption: world.interruption.clone(),
        redactor: Redactor::new(secrets),
        is_allowed: renders,
    }
}
