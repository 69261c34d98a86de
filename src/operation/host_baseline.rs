//! Baseline of hosts: accepts the unmanaged things that live hosts have now, such as those of their image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::Report;
use crate::world::files::{put_text, read_text};
use evenkeel_core::drift::{by_machine, undeclared_things};
use evenkeel_core::environment::host_baseline::{Names, add};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::count;

/// Number of names of one class that are listed.
const LISTED: usize = 20;

/// Hosts of a baseline.
#[derive(Debug, Clone, Default)]
pub struct HostBaselineRequest {
    /// Environments; all when empty.
    pub environments: Vec<String>,
    /// Whether the files stay unchanged.
    pub dry_run: bool,
}

/// Names to add, by the file of the baseline.
type ByFile = BTreeMap<String, Names>;

/// Adds every unmanaged thing of live hosts to the baseline of its scope. Names that a baseline lists already stay, also
/// those that only other hosts have. Hosts are not changed.
///
/// # Errors
///
/// When definitions, the ledger or a baseline cannot be read, or a baseline cannot be written.
pub fn host_baseline(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &HostBaselineRequest,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "a baseline is written to the working tree: omit --at".into(),
        ));
    }
    let (mut session, state) = Session::open_with_state(world, location, "baseline")?;
    let names: Vec<EnvironmentName> = if request.environments.is_empty() {
        session.project.definition.path.clone()
    } else {
        let given = request.environments.iter();
        given
            .map(|name| session.project.environment(name))
            .collect::<Result<_, _>>()?
    };
    if session.project.definition.scopes.is_empty() {
        return Err(Failure::Other {
            reason: "the definitions have no `[exclusive.NAME]`".into(),
            help: Some("declare one in system.toml, with `on` and `baseline`".into()),
        });
    }
    let resolution = session.resolve(&names, Needs::Live)?;
    let Session {
        project,
        mut report,
    } = session;
    let mut found = ByFile::new();
    let mut unread = Vec::new();
    let mut unlisted: BTreeMap<String, usize> = BTreeMap::new();
    let mut secret = 0;
    for name in &names {
        let targets = resolution.targets(&project, name)?;
        let situation = resolution.look_with_things(&project, name, &state, &targets)?;
        let (things, missed) = undeclared_things(&situation);
        unread.extend(by_machine(&project.definition, situation.resolved, missed));
        for thing in things {
            if resolution.secrets.text(&thing.name) != thing.name {
                secret += 1;
            } else if let Some((path, _)) = &thing.scope.scope.baseline {
                let own = found.entry(path.to_string()).or_default();
                let own = own.entry(thing.class.to_owned()).or_default();
                own.insert(thing.name);
            } else {
                *unlisted
                    .entry(thing.instance.address.to_string())
                    .or_default() += 1;
            }
        }
        situation.let_go();
    }
    if project.world.interruption.is_set() {
        return Err(Failure::Interrupted);
    }
    if !unread.is_empty() {
        report.defects(unread);
        report.say("nothing was written: a baseline of hosts that cannot be read is incomplete");
        report.exit_code = 1;
        return Ok(report);
    }
    // Nothing is written unless every file can be.
    let mut texts = Vec::new();
    for (path, names) in &found {
        let place = project.directory.join(path);
        let failure = |error: String| Failure::other(format!("{}: {error}", place.display()));
        let old = read_text(&place).map_err(|error| failure(error.to_string()))?;
        let text = add(old.as_deref(), names).map_err(failure)?;
        texts.push((place, text));
    }
    for (place, text) in texts.iter().filter(|_| !request.dry_run) {
        put_text(place, text)
            .map_err(|error| Failure::other(format!("{}: {error}", place.display())))?;
    }
    tell(
        &found,
        unlisted.len() + secret,
        request.dry_run,
        &mut report,
    );
    for (scope, number) in unlisted {
        report.say(format!(
            "{scope} has no `baseline`: {} unmanaged; add one to the definition, such as `baseline = \"baselines/{}.toml\"`",
            stay(number),
            scope.rsplit('.').next().unwrap_or_default()
        ));
    }
    if secret > 0 {
        report.say(format!(
            "{} unmanaged: the name contains a secret",
            stay(secret)
        ));
    }
    if !found.is_empty() && !request.dry_run {
        report.next("evenkeel drift --live");
    }
    Ok(report)
}

fn stay(number: usize) -> String {
    let verb = if number == 1 { "stays" } else { "stay" };
    format!("{} {verb}", count(number, "thing"))
}

/// Reports the names, class by class.
fn tell(found: &ByFile, others: usize, is_dry: bool, report: &mut Report) {
    if found.is_empty() && others == 0 {
        report.say("no unmanaged things: nothing to write");
    }
    for (path, names) in found {
        let number = names.values().map(BTreeSet::len).sum();
        let number = count(number, "thing");
        let path = Path::new(path).display();
        report.say(if is_dry {
            format!("{number} would be added to {path}")
        } else {
            format!("{number} added to {path}")
        });
        for (class, names) in names {
            for name in names.iter().take(LISTED) {
                report.say(format!("  {class}: {name}"));
            }
            if let Some(more) = names.len().checked_sub(LISTED).filter(|more| *more > 0) {
                report.say(format!("  {class}: {more} more"));
            }
        }
    }
}
