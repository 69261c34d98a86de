//! Removals on a host where one file has two names.

use crate::apply::ApplyReport;
use crate::in_memory::Project;
use evenkeel_host::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query,
    RecordedTarget, Target,
};
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome};

/// Target on which each pair of paths is one file.
struct Aliased<'a> {
    target: &'a RecordedTarget,
    pairs: &'a [(&'a str, &'a str)],
    /// Whether removing the first name makes the second one unreadable.
    blinds: bool,
}

impl Aliased<'_> {
    fn follow(&self, before: &dyn Fn(&str) -> bool) {
        for (one, other) in self.pairs {
            for (here, there) in [(one, other), (other, one)] {
                let now = self.target.world().things.get(*here).cloned();
                match now {
                    None if before(here) && self.blinds => self.target.blind(there),
                    None if before(here) => {
                        self.target.change(|host| host.things.remove(*there));
                    }
                    Some(thing) if !before(here) => {
                        self.target
                            .change(|host| host.things.insert((*there).to_owned(), thing));
                    }
                    _ => {}
                }
            }
        }
    }
}

impl Observer for Aliased<'_> {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        self.target.observe(queries)
    }
}

impl Target for Aliased<'_> {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        let mut results = Vec::new();
        for action in actions {
            let before = self.target.world().things;
            let action = std::slice::from_ref(action);
            results.extend(self.target.perform(action, materials, interruption));
            self.follow(&|path| before.contains_key(path));
        }
        results
    }
}

fn file(name: &str, path: &str) -> String {
    format!("[file.{name}]\non = \"web\"\npath = \"{path}\"\ncontent = \"one\"\n")
}

const OTHERS: &str = "[directory.d]\non = \"web\"\npath = \"/srv/d\"\n\
                      [file.in-d]\non = \"web\"\npath = \"/srv/d/other\"\ncontent = \"two\"\n";

fn reason<'a>(report: &'a ApplyReport, name: &str) -> (Option<StepOutcome>, &'a str) {
    let is_it = |instance: &evenkeel_model::Instance| instance.to_string() == name;
    let mut steps = report.steps.iter();
    let step = steps.find(|step| is_it(&step.instance)).unwrap();
    (step.outcome, step.reason.as_deref().unwrap_or_default())
}

#[test]
fn a_removal_that_deletes_a_declared_resource_fails_and_ends_the_run() {
    for (old, new) in [
        ("/srv/Config", "/srv/config"),
        ("/srv/here/x", "/srv/there/x"),
    ] {
        let project = Project::new();
        project.target.change(|host| {
            host.put_directory("/srv/here", 0o755);
            host.put_directory("/srv/there", 0o755);
        });
        let target = Aliased {
            target: &project.target,
            pairs: &[(old, new)],
            blinds: false,
        };
        let before = file("old", old) + OTHERS;
        let report = project.apply_through(&before, &target);
        assert_eq!(report.outcome, ApplyOutcome::Done);
        let after = file("new", new);
        let report = project.apply_through(&after, &target);
        assert_eq!(report.outcome, ApplyOutcome::Failed, "{report:#?}");
        let (outcome, why) = reason(&report, "file.old");
        assert_eq!(outcome, Some(StepOutcome::Failed), "{report:#?}");
        assert!(
            why.starts_with("file.new is declared and missing after this removal"),
            "{why}"
        );
        let (outcome, why) = reason(&report, "directory.d");
        assert_eq!(outcome, None);
        assert!(why.starts_with("not started: file.new"), "{why}");
        assert!(project.target.world().things.contains_key("/srv/d"));
        // Both names are gone, so the next run records that and creates the declared resource.
        let report = project.apply_through(&after, &target);
        assert_eq!(report.outcome, ApplyOutcome::Done, "{report:#?}");
        assert_eq!(project.steps(&after), []);
        assert!(project.target.world().things.contains_key(new));
        assert!(!project.target.world().things.contains_key("/srv/d"));
    }
}

#[test]
fn a_declared_resource_that_is_unreadable_after_a_removal_ends_the_run() {
    let project = Project::new();
    let target = Aliased {
        target: &project.target,
        pairs: &[("/srv/Config", "/srv/config")],
        blinds: true,
    };
    project.apply_through(&(file("old", "/srv/Config") + OTHERS), &target);
    let report = project.apply_through(&file("new", "/srv/config"), &target);
    assert_eq!(report.outcome, ApplyOutcome::Unknown, "{report:#?}");
    let (outcome, why) = reason(&report, "file.old");
    assert_eq!(outcome, Some(StepOutcome::Unknown));
    assert!(
        why.starts_with("file.new is unreadable after this removal"),
        "{why}"
    );
    assert_eq!(reason(&report, "directory.d").0, None);
}
