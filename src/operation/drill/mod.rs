//! Drill: injects faults into a copy of everything that the gate reads, and shows that it shuts. No target and no
//! entry of the real ledger changes; only the result is recorded.
//!
//! - `copied`: a copy of the ledger's entries in memory, and the faults in it
//!
//! Faults in facts are left to `evenkeel_core::gate::drill`.

mod copied;

use super::dossier::{GateReview, ledger_facts};
use super::session::{Needs, Session};
use super::{Failure, ProjectLocation, World};
use crate::report::{DrillDocument, Report};
use copied::{Copied, LEDGER_FAULTS};
use evenkeel_core::gate::drill::{Drill, Trial, TrialResult};
use evenkeel_core::gate::stored::RULES;
use evenkeel_ledger::State;
use evenkeel_ledger::record::{DrillResult, Drilled};

/// Drills the gate, and records the result.
///
/// # Errors
///
/// When the facts cannot be gathered, or nothing makes them sound.
pub fn drill(world: &World<'_>, location: &ProjectLocation) -> Result<Report, Failure> {
    let mut session = Session::open(world, location, "drill")?;
    let path = session.project.definition.path.clone();
    session.project.releases_to(&path)?;
    let resolution = session.resolve(&path, Needs::Release)?;
    let Session {
        project,
        mut report,
    } = session;
    let ledger = project.ledger()?;
    let mut state = State::current(&*ledger)?;
    let asked = GateReview::now(&project, &resolution, &*ledger, &mut state)?;
    let Some(drill) = Drill::of(&asked.dossier) else {
        return Err(Failure::Other {
            reason: "no set of commands opens the gate, so a fault would not be the only reason"
                .into(),
            help: Some("run `evenkeel release` to list the reasons".into()),
        });
    };
    let mut trials: Vec<Trial> = drill.trials().collect();
    let copied = Copied::of(&*ledger)?;
    let sound = ledger_facts(copied.examine(|_| {}));
    if let Some(why) = sound.broken.as_ref().or(sound.unproven.as_ref()) {
        return Err(Failure::other(format!(
            "the copy of the ledger is not intact: {why}"
        )));
    }
    for (fault, spoil) in LEDGER_FAULTS {
        let verified = copied.examine(*spoil);
        trials.push(drill.with_ledger(fault, ledger_facts(verified)));
    }
    let passed = trials
        .iter()
        .all(|trial| trial.result() == TrialResult::Shut);
    let dossier = asked.keep(&project)?;
    let drilled = Drilled {
        environment: asked.dossier.production.clone(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        rules: RULES,
        passed,
        results: trials
            .iter()
            .map(|trial| DrillResult {
                fault: trial.name.clone(),
                expected: trial.expected.clone(),
                shut_by: trial.shut_by.clone(),
            })
            .collect(),
        dossier,
        by: world.actor.clone(),
    };
    state.may_go_on()?;
    ledger.append(world.clock.now(), &[drilled.into()], None)?;
    state.catch_up(&*ledger)?;
    report.timeline(&state);
    report.drill = Some(DrillDocument::new(
        &asked.dossier.production,
        RULES,
        &trials,
    ));
    report.exit_code = u8::from(!passed);
    if !passed {
        report.say("the gate has a defect: do not rely on it, and report the defect");
    }
    Ok(report)
}
