//! Drift: between environments, and between each and what is there. Only looks.

use super::picture::Resolution;
use super::project::Depth;
use super::{Failure, Location, Project, World};
use crate::defect::{Corner, Defect};
use crate::drift::{codes, compare_corners, live};
use crate::model::EnvironmentName;
use crate::report::{EnvironmentReport, Report};

/// Which drift.
#[derive(Debug, Clone, Default)]
pub struct DriftRequest {
    /// Which environments; all when empty.
    pub environments: Vec<String>,
    /// Between environments only.
    pub parity_only: bool,
    /// Between definition and reality only.
    pub live_only: bool,
}

/// Reports all drift.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be read.
pub fn drift(
    world: &World<'_>,
    location: &Location,
    request: &DriftRequest,
) -> Result<Report, Failure> {
    let project = Project::open(world, location)?;
    let names: Vec<EnvironmentName> = if request.environments.is_empty() {
        project.definition.path.clone()
    } else {
        request
            .environments
            .iter()
            .map(|name| project.environment(name))
            .collect::<Result<_, _>>()?
    };
    let sealer = project.sealer_for_reading()?;
    let depth = if request.parity_only {
        Depth::Shape
    } else {
        Depth::Whole
    };
    let resolution = Resolution::of(&project, &names, sealer, depth)?;
    let origin = project.origin(&resolution.resolved)?;
    let mut report = Report::new("drift", &project.definition.system, world.clock.now());
    report.origin(&origin);
    report.defects(project.warnings.iter().cloned());
    let mut unseen = false;
    if !request.live_only {
        report.parity(&resolution.parity, &resolution.declarations);
        report.defects(resolution.parity.iter().cloned());
    }
    if !request.parity_only {
        let (live, environments) = look_at_all(&project, &resolution, &names)?;
        unseen = live.iter().any(|defect| defect.code == &codes::CANNOT_TELL);
        report.defects(live);
        report.environments = environments;
    }
    let drifted = report.has_errors();
    report.exit_code = match (unseen, drifted) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    Ok(report)
}

fn look_at_all(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
) -> Result<(Vec<Defect>, Vec<EnvironmentReport>), Failure> {
    let (state, _) = project.state()?;
    let mut found: Vec<(Vec<Defect>, EnvironmentReport)> = Vec::new();
    for name in names {
        let targets = resolution.targets(project, name)?;
        let situation = resolution.look(project, name, &state, &targets)?;
        let defects = live(&situation);
        let (declared, observed) = situation.coverage();
        found.push((defects, EnvironmentReport::new(name, declared, observed)));
    }
    // Each environment's corners are named with the next one on the path in view.
    for later in 1..found.len() {
        let (before, after) = found.split_at_mut(later);
        if let (Some((earlier, _)), Some((later, _))) = (before.last_mut(), after.first_mut()) {
            compare_corners(earlier, later);
        }
    }
    let mut all = Vec::new();
    let mut environments = Vec::new();
    for (mut defects, mut environment) in found {
        let standing = state.environment(&EnvironmentName::new(&environment.name));
        releases_of(&state, &environment.name, &mut defects);
        environment.count(&defects);
        environment.running(standing);
        all.extend(defects);
        environments.push(environment);
    }
    Ok((all, environments))
}

/// Says of what was changed by hand which release it came after.
fn releases_of(state: &crate::ledger::State, name: &str, defects: &mut [Defect]) {
    for defect in defects {
        if !matches!(
            defect.corner,
            Some(Corner::HandMade | Corner::Conflicting | Corner::HandMadeInBoth)
        ) {
            continue;
        }
        let Some((moment, how)) = &mut defect.since else {
            continue;
        };
        let release = state
            .releases
            .iter()
            .rev()
            .filter(|release| release.started.record.environment.as_str() == name)
            .find(|release| release.started.at <= *moment);
        if let Some(release) = release {
            how.push_str(&format!(
                ", {} after release {}",
                crate::model::duration::phrase(moment.since(release.started.at)),
                release.started.record.release
            ));
        }
    }
}
