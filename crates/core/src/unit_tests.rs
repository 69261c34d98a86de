//! Tests of the kinds of systemd's units against a target in memory: plans, restarts, removal, and runs that are killed.

use crate::in_memory::Project;
use evenkeel_host::ActionError;
use evenkeel_host::recorded::Fault;
use evenkeel_host::unit::UnitState;
use evenkeel_ledger::record::{ApplyOutcome, Verb};

const SERVICE: &str = r#"
[file.config]
on = "web"
path = "/srv/app.conf"
content = "one"

[service.app]
on = "web"
restart-on = ["file.config"]
"#;

const TIMER: &str = r#"
[timer.backup]
on = "web"
command = ["/usr/bin/backup"]
on-calendar = ["daily"]
"#;

/// Creates a project whose host has the unit `app.service`.
fn with_a_unit() -> Project {
    let project = Project::new();
    project.target.change(|host| {
        let mut state = UnitState::missing();
        "loaded".clone_into(&mut state.load);
        "disabled".clone_into(&mut state.enabled);
        host.put_unit("app.service", &state);
    });
    project
}

/// Returns the notes of all actions so far.
fn notes(project: &Project) -> Vec<String> {
    let journal = project.target.journal();
    let note = |outcome: &Result<evenkeel_host::Performed, ActionError>| match outcome {
        Ok(done) => done.note.clone().unwrap_or_default(),
        Err(error) => error.to_string(),
    };
    journal
        .iter()
        .filter(|happening| happening.action.subject_is("app.service"))
        .map(|happening| note(&happening.outcome))
        .collect()
}

/// Whether an action is about something.
trait SubjectIs {
    fn subject_is(&self, name: &str) -> bool;
}

impl SubjectIs for evenkeel_host::Action {
    fn subject_is(&self, name: &str) -> bool {
        evenkeel_host::Subject::subject(self) == name
    }
}

#[test]
fn a_unit_is_started_restarted_by_a_repaired_file_and_stopped_when_it_is_removed() {
    let project = with_a_unit();
    assert_eq!(project.apply(SERVICE).outcome, ApplyOutcome::Done);
    assert_eq!(project.steps(SERVICE), []);
    assert_eq!(project.drift(SERVICE), []);

    let other = SERVICE.replace("one", "two");
    assert_eq!(
        project.steps(&other),
        [
            ("file.config".to_owned(), Verb::Update),
            ("service.app".to_owned(), Verb::Update),
        ]
    );
    assert_eq!(project.apply(&other).outcome, ApplyOutcome::Done);
    project
        .target
        .change(|host| host.put_file("/srv/app.conf", b"outside", 0o644));
    assert_eq!(
        project.steps(&other)[1],
        ("service.app".to_owned(), Verb::Replace)
    );
    assert_eq!(project.apply(&other).outcome, ApplyOutcome::Done);

    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    assert_eq!(
        notes(&project),
        [
            "enabled, started",
            "restarted",
            "restarted",
            "disabled, stopped"
        ]
    );
    let unit = project.target.world().unit("app.service");
    assert!(unit.exists() && !unit.is_running() && unit.started_as.is_none());
    assert_eq!(project.steps(""), []);
}

/// A step with another discrepancy must still restart the unit: its definition did not change, only the file on the host.
#[test]
fn a_unit_that_is_disabled_too_is_still_restarted_by_a_repaired_file() {
    let project = with_a_unit();
    project.apply(SERVICE);
    project.target.change(|host| {
        host.put_file("/srv/app.conf", b"outside", 0o644);
        let mut state = host.unit("app.service");
        "disabled".clone_into(&mut state.enabled);
        host.put_unit("app.service", &state);
    });
    assert_eq!(
        project.drift(SERVICE)[1].0,
        "service/not-enabled",
        "{:?}",
        project.drift(SERVICE)
    );
    assert_eq!(project.apply(SERVICE).outcome, ApplyOutcome::Done);
    assert_eq!(notes(&project)[1], "enabled, restarted");
}

#[test]
fn a_unit_that_changed_since_the_plan_is_left_alone() {
    let project = with_a_unit();
    project.apply(SERVICE);
    let other = SERVICE.replace("one", "two");
    let stopping = Stopping(&project);
    let report = project.apply_through(&other, &stopping);
    assert_eq!(report.outcome, ApplyOutcome::Failed);
    assert_eq!(
        notes(&project)[1],
        "app.service: expected running, enabled, found stopped, enabled; nothing was changed"
    );
}

/// A host on which a unit stops right before each batch of actions.
struct Stopping<'a>(&'a Project);

impl evenkeel_host::Observer for Stopping<'_> {
    fn observe(&self, queries: &[evenkeel_host::Query]) -> Vec<evenkeel_host::Answer> {
        self.0.target.observe(queries)
    }
}

impl evenkeel_host::Target for Stopping<'_> {
    fn perform(
        &self,
        actions: &[evenkeel_host::Action],
        materials: &dyn evenkeel_host::Materials,
        interruption: &evenkeel_host::Interruption,
    ) -> Vec<Result<evenkeel_host::Performed, ActionError>> {
        self.0.target.change(|host| {
            let mut state = host.unit("app.service");
            "inactive".clone_into(&mut state.active);
            host.put_unit("app.service", &state);
        });
        self.0.target.perform(actions, materials, interruption)
    }
}

#[test]
fn a_target_that_reports_success_without_a_change_is_found_out() {
    for resources in [SERVICE, TIMER] {
        let project = with_a_unit();
        project.target.fail(0, Fault::Lie);
        project.target.fail(1, Fault::Lie);
        assert_eq!(project.apply(resources).outcome, ApplyOutcome::Failed);
    }
}

#[test]
fn a_killed_run_is_completed_by_the_next_one() {
    for resources in [SERVICE, TIMER] {
        for number in 0..8 {
            let project = with_a_unit();
            project.apply_killed(resources, number);
            assert_eq!(
                project.apply(resources).outcome,
                ApplyOutcome::Done,
                "{number}"
            );
            assert_eq!(project.steps(resources), [], "{number}");
            assert_eq!(project.drift(resources), [], "{number}");
        }
    }
}

#[test]
fn a_timer_is_written_changed_and_removed() {
    let project = Project::new();
    assert_eq!(project.apply(TIMER).outcome, ApplyOutcome::Done);
    assert_eq!(project.steps(TIMER), []);
    let other = TIMER.replace("daily", "weekly");
    assert_eq!(
        project.steps(&other),
        [("timer.backup".to_owned(), Verb::Update)]
    );
    project.target.change(|host| {
        let mut state = host.timer("backup");
        state.is_own = false;
        host.put_timer("backup", &state);
    });
    assert_eq!(project.drift(TIMER)[0].0, "timer/not-written-by-evenkeel");
    // Files of others are not removed.
    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    assert!(project.target.world().timer("backup").exists());
}
