//! Drift: between environments, and between each environment and its live state. Read-only.

use std::collections::BTreeMap;

use super::log::time;
use super::past::CommitQuery;
use super::picture::Resolution;
use super::session::{Needs, Session};
use super::{
    Failure, Project, ProjectLocation, World, ages, checked, surveyed, undeclared, unrecorded,
};
use crate::report::{EnvironmentReport, Report, SinceTimeDocument};
use evenkeel_core::drift::survey::Coming;
use evenkeel_core::drift::{
    Classes, Unread, by_machine, codes, compare_along_path, name_releases, seen_since,
};
use evenkeel_core::history::only_new;
use evenkeel_host::threads::{self, Begun};
use evenkeel_ledger::{ChecksSince, State};
use evenkeel_model::defect::{Corner, Defect, Severity};
use evenkeel_model::{EnvironmentName, Moment};

/// Exit code of `drift --exit-code` if only changes to apply were found.
pub const PENDING: u8 = 10;

/// Scope of a drift check.
#[allow(clippy::struct_excessive_bools, reason = "each is a separate option")]
#[derive(Debug, Clone)]
pub struct DriftRequest {
    /// Environments; all when empty.
    pub environments: Vec<String>,
    /// Whether only parity is checked.
    pub parity_only: bool,
    /// Whether only live state is checked.
    pub live_only: bool,
    /// Whether only facts of live hosts are compared.
    pub survey_only: bool,
    /// Revision since which differences are new, or time since which findings are new or ended and facts of hosts
    /// changed.
    pub since: Option<String>,
    /// Whether commands that print documents run with `--parity`; otherwise these documents are not compared.
    pub render: bool,
    /// Whether the history is not read; differences have no age then.
    pub no_history: bool,
    /// Whether values that are written differently and count as equal are listed.
    pub explain_equal: bool,
    /// Lowest severity that counts as drift.
    pub fail_on: Severity,
    /// Whether the check is recorded in the ledger.
    pub record: bool,
    /// Whether pending changes alone have a separate exit code.
    pub exit_code: bool,
}

impl Default for DriftRequest {
    fn default() -> Self {
        Self {
            environments: Vec::new(),
            parity_only: false,
            live_only: false,
            survey_only: false,
            since: None,
            render: false,
            no_history: false,
            explain_equal: false,
            fail_on: Severity::Error,
            record: false,
            exit_code: false,
        }
    }
}

/// Reports all drift.
///
/// # Errors
///
/// When definitions are wrong or the ledger cannot be read.
pub fn drift(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &DriftRequest,
) -> Result<Report, Failure> {
    let (mut report, defects) = found(world, location, request)?;
    report.defects(defects);
    Ok(report)
}

/// Returns the report of all drift without its findings, and their defects.
pub(super) fn found(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &DriftRequest,
) -> Result<(Report, Vec<Defect>), Failure> {
    // Parity alone needs no ledger.
    let (mut session, state) = if request.parity_only {
        (Session::open(world, location, "drift")?, None)
    } else {
        let (session, state) = Session::open_with_state(world, location, "drift")?;
        (session, Some(state))
    };
    let names: Vec<EnvironmentName> = if request.environments.is_empty() {
        session.project.definition.path.clone()
    } else {
        request
            .environments
            .iter()
            .map(|name| session.project.environment(name))
            .collect::<Result<_, _>>()?
    };
    let since = match &request.since {
        Some(text) => Some(meaning(&session.project, request, text)?),
        None => None,
    };
    let now = world.clock.now();
    let needs = match (request.parity_only, request.live_only) {
        (true, _) if !request.render => Needs::UnrenderedParity,
        (true, _) => Needs::Parity,
        (false, true) => Needs::Live,
        (false, false) if request.survey_only => Needs::Live,
        (false, false) => Needs::Drift,
    };
    session.project.tells_equal = request.explain_equal;
    // List files and commits while others are read.
    let compares = !request.live_only && !request.survey_only;
    let query = (compares && !request.no_history)
        .then(|| CommitQuery::of(&session.project))
        .flatten();
    let listing = compares
        .then(|| undeclared::Listing::of(&session.project))
        .flatten();
    let (resolution, paths, commits) = std::thread::scope(|scope| {
        let listing = listing.as_ref();
        let listed = listing.map(|listing| threads::begin(scope, || listing.paths()));
        let commits = query.map(|query| threads::begin(scope, || query.run()));
        let resolution = session.resolve(&names, needs);
        (
            resolution,
            listed.map(Begun::join),
            commits.map(Begun::join),
        )
    });
    let commits =
        commits.map(|commits| commits.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    let resolution = resolution?;
    let paths = match paths {
        Some(Ok(paths)) => Some(undeclared::listed(paths)?),
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        None => None,
    };
    let mut is_whole = true;
    let Session {
        project,
        mut report,
    } = session;
    let mut defects = project.warnings.clone();
    let mut unseen = false;
    if compares {
        let mut parity = resolution.parity.clone();
        if let Some(Since::Revision(revision)) = &since {
            let then = ages::then(&project, revision)?;
            let older = only_new(&mut parity, &then);
            report.cut("findings", older, "--since");
            report.say(format!(
                "since {revision}: {} new; {} not shown",
                evenkeel_model::text::count(
                    parity
                        .iter()
                        .filter(|defect| defect.declared.is_none())
                        .count(),
                    "difference"
                ),
                evenkeel_model::text::count(older, "older one")
            ));
        }
        // Read the history of displayed differences only.
        if !request.no_history {
            ages::tell(&project, &resolution.files, commits, &mut parity)?;
        }
        report.parity(&parity, &resolution.declarations, resolution.documents);
        if let Some(paths) = &paths {
            let (undeclared, bases) = undeclared::find(&project, &parity, paths)?;
            is_whole = undeclared.pairs.is_empty();
            undeclared::tell(undeclared, &bases, &mut report);
        }
        for equal in &resolution.equal {
            report.say(format!("counts as equal: {equal}"));
        }
        unseen |= resolution.unread;
        defects.extend(parity);
    }
    let mut facts = Vec::new();
    let mut changed = Vec::new();
    let mut unread = Unread::default();
    unread.parity = compares && resolution.unread;
    let path = &project.definition.path;
    unread.partial = path.iter().any(|name| !names.contains(name));
    let surveys = !request.parity_only && (!request.live_only || request.record);
    let mut live = None;
    let mut coming = BTreeMap::new();
    if let Some(state) = state.as_ref().filter(|_| !request.survey_only) {
        let observed = observe_all(
            &project,
            &resolution,
            &names,
            state,
            &mut unread,
            &mut report,
        )?;
        coming = observed.coming;
        live = Some((observed.defects, observed.environments));
    }
    // A recorded check contains all findings of its environments.
    if surveys {
        let surveyed = surveyed::survey(&project, &resolution, &names, &coming, &mut report)?;
        if let Some(Since::Time(since)) = &since
            && !project.definition.surveys.is_empty()
        {
            let hosts = &surveyed.facts;
            changed = surveyed::tell_changes(&project, *since, &names, hosts, &mut report)?;
        }
        unseen |= surveyed.findings.unread;
        unread.note(&surveyed.findings.defects);
        defects.extend(surveyed.findings.defects);
        if request.record {
            facts = surveyed::keep(&project, &surveyed.facts)?;
        }
    }
    if let Some(state) = state.as_ref().filter(|_| request.survey_only) {
        checked::narrow(state, now, &mut defects);
    }
    if let (Some(state), Some((live, environments))) = (&state, live) {
        unseen |= live.iter().any(|defect| defect.code == &codes::CANNOT_TELL);
        defects.extend(live);
        report.environments = environments;
        report.timeline(state);
        checked::narrow(state, now, &mut defects);
    }
    if let Some(Since::Time(since)) = since {
        let classes = Classes {
            parity: compares,
            live: !request.survey_only,
            survey: surveys || project.definition.surveys.is_empty(),
        };
        let checks = match project.store.open(Some(&project.definition.system))? {
            Some(ledger) => ChecksSince::of(&*ledger, since)?,
            None => ChecksSince::default(),
        };
        let resolved = names
            .iter()
            .map(|name| Ok((name.clone(), resolution.environment(name)?)))
            .collect::<Result<_, Failure>>()?;
        let seen = seen_since(
            &checks,
            &names,
            classes,
            &unread,
            &resolved,
            now,
            &mut defects,
        );
        if seen.baselines.iter().any(|baseline| baseline.at.is_none()) {
            report.next("evenkeel drift --record");
        }
        report.since = Some(Box::new(SinceTimeDocument::new(since, seen, changed)));
    }
    if let (true, Some(state)) = (request.record, &state) {
        let recording = checked::Recording {
            names: &names,
            has_parity: compares,
            complete: !unseen,
            defects: &defects,
            facts,
            unread: &unread,
            state,
        };
        checked::record(&project, &resolution, recording, &mut report)?;
    }
    // Omitted documents were not found equal.
    let drifted = !is_whole
        || defects
            .iter()
            .any(|defect| defect.severity >= request.fail_on && defect.declared.is_none());
    let is_pending_only = is_whole
        && defects
            .iter()
            .filter(|defect| defect.severity >= request.fail_on && defect.declared.is_none())
            .all(|defect| matches!(defect.corner, Some(Corner::Pending | Corner::HalfPromoted)));
    report.exit_code = match (unseen, drifted) {
        (true, _) => 1,
        (false, true) if is_pending_only && request.exit_code => PENDING,
        (false, true) => 2,
        (false, false) => 0,
    };
    next(&mut report);
    Ok((report, defects))
}

/// What `--since` names.
enum Since {
    /// A revision: differences between definitions that are older are not reported.
    Revision(String),
    /// A time: what recorded checks saw then is compared with now.
    Time(Moment),
}

/// Decides whether a text is a revision or a time: with `--parity` a revision, with `--live` or `--survey` a time,
/// otherwise whichever it can be.
fn meaning(project: &Project<'_>, request: &DriftRequest, text: &str) -> Result<Since, Failure> {
    if request.parity_only {
        return Ok(Since::Revision(text.to_owned()));
    }
    let now = project.world.clock.now();
    let moment = time(text, now);
    let is_revision = || {
        let repository = project.repository();
        repository.is_some_and(|repository| repository.resolve(text).is_ok())
    };
    let moment = match moment {
        Ok(moment) if request.live_only || request.survey_only => moment,
        Ok(moment) if !is_revision() => moment,
        Ok(moment) => {
            return Err(Failure::Usage(format!(
                "`{text}` is a time and a revision: add --parity for the revision, or write the time as {moment}"
            )));
        }
        Err(reason) if request.live_only || request.survey_only => {
            let hint = if is_revision() {
                "; it is a revision, which needs --parity"
            } else {
                ""
            };
            return Err(Failure::Usage(format!("{reason}{hint}")));
        }
        Err(_) if is_revision() => return Ok(Since::Revision(text.to_owned())),
        Err(reason) => {
            return Err(Failure::Usage(format!("{reason}, or a revision")));
        }
    };
    if moment > now {
        return Err(Failure::Usage(format!(
            "`{text}` is in the future: expected an earlier time"
        )));
    }
    Ok(Since::Time(moment))
}

/// Adds the next command for each environment that is not in sync.
fn next(report: &mut Report) {
    let is_pending = |key: &str| {
        [Corner::Pending, Corner::HalfPromoted]
            .iter()
            .any(|corner| corner.key() == key)
    };
    // No plan has a step for an unmanaged thing.
    let is_unmanaged = |key: &str| key == Corner::Unmanaged.key();
    let mut commands = Vec::new();
    let mut pending = false;
    for environment in report.environments.iter().filter(|it| !it.in_sync) {
        let mut corners = environment.corners.keys();
        if corners.clone().all(|key| is_pending(key)) {
            pending = true;
        } else if !corners.all(|key| is_pending(key) || is_unmanaged(key)) {
            commands.push(format!("evenkeel plan {}", environment.name));
        }
    }
    if commands.is_empty() && pending {
        commands.push("evenkeel plan".to_owned());
    }
    report.next.extend(commands);
}

/// What was found in live environments.
struct Observed {
    defects: Vec<Defect>,
    environments: Vec<EnvironmentReport>,
    /// The pending changes of each environment.
    coming: BTreeMap<EnvironmentName, Coming>,
}

fn observe_all(
    project: &Project<'_>,
    resolution: &Resolution,
    names: &[EnvironmentName],
    state: &State,
    unread: &mut Unread,
    report: &mut Report,
) -> Result<Observed, Failure> {
    let mut found: Vec<Vec<Defect>> = Vec::new();
    let mut environments = Vec::new();
    for name in names {
        let targets = resolution.targets(project, name)?;
        let situation = resolution.look_with_things(project, name, state, &targets)?;
        let (defects, (declared, observed)) =
            rayon::join(|| resolution.live(&situation), || situation.coverage());
        unrecorded::tell(project, state, &situation, report);
        unrecorded::tell_of_owners(project, state, &situation, &targets.observers(), report);
        found.push(defects);
        environments.push(EnvironmentReport::new(name, declared, observed));
        situation.let_go();
    }
    compare_along_path(&project.definition, names, &mut found);
    let coming = surveyed::coming(resolution, names.iter().zip(&found))?;
    let mut all = Vec::new();
    for (mut defects, environment) in found.into_iter().zip(&mut environments) {
        let standing = state.environment(&EnvironmentName::new(&environment.name));
        name_releases(state, &environment.name, &mut defects);
        let resolved = resolution.environment(&EnvironmentName::new(&environment.name))?;
        // Those of a machine do not name its resources.
        unread.note(&defects);
        let defects = by_machine(&project.definition, resolved, defects);
        environment.count(&defects);
        environment.running(standing);
        all.extend(defects);
    }
    Ok(Observed {
        defects: all,
        environments,
        coming,
    })
}
