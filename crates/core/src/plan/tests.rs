//! Reasons of steps in plans, and changes since a plan was saved.

use super::saved::{Found, changes_since};
use crate::in_memory::Project;

fn file(content: &str, mode: &str) -> String {
    format!(
        "[file.a]\non = \"web\"\npath = \"/srv/a\"\ncontent = \"{content}\"\nmode = \"{mode}\"\n"
    )
}

fn reason(project: &Project, resources: &str) -> String {
    project.planned(resources, |_, plan| plan.steps[0].reason.to_string())
}

#[test]
fn a_step_says_whether_the_definition_or_the_target_changed() {
    let project = Project::new();
    let one = file("one", "0644");
    assert_eq!(reason(&project, &one), "");
    project.apply(&one);
    project
        .target
        .change(|host| host.put_file("/srv/a", b"other", 0o644));
    assert_eq!(
        reason(&project, &one),
        "content changed outside evenkeel since a-1"
    );
    assert_eq!(
        reason(&project, &file("one", "0600")),
        "mode changed in the definition; overwrites content changed outside evenkeel since a-1"
    );
    project.target.change(|host| host.things.remove("/srv/a"));
    assert_eq!(reason(&project, &one), "missing since a-1");
    assert_eq!(reason(&project, &file("two", "0644")), "missing since a-1");
}

/// Returns the changes from a plan for `before` to one for `after`, once something was changed outside evenkeel.
fn changes(project: &Project, before: &str, outside: impl FnOnce(), after: &str) -> Vec<String> {
    let (saved, found) = project.planned(before, |situation, plan| {
        (plan.clone(), Found::of(situation))
    });
    outside();
    project.planned(after, |situation, plan| {
        changes_since(&saved, Some(&found), plan, situation)
    })
}

#[test]
fn exactly_the_changes_since_a_plan_was_saved_are_named() {
    let project = Project::new();
    let one = file("one", "0644");
    project.apply(&one);
    let nothing: [&str; 0] = [];
    assert_eq!(changes(&project, &one, || {}, &one), nothing);
    assert_eq!(
        changes(&project, &one, || {}, &file("one", "0600")),
        ["the definitions changed"]
    );
    let edit = || {
        project
            .target
            .change(|host| host.put_file("/srv/a", b"one", 0o600));
    };
    assert_eq!(
        changes(&project, &one, edit, &one),
        ["file.a changed: mode was 0644 and is 0600"]
    );
    let remove = || {
        project.target.change(|host| host.things.remove("/srv/a"));
    };
    assert_eq!(
        changes(&project, &one, remove, &one),
        ["file.a changed: presence was a file and is nothing"]
    );
}
