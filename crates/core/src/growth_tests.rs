//! Tests of core with two toy kinds, each one file and one line in `kinds!`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::environment::inventories::NoInventories;
use crate::environment::resolve::Surroundings;
use crate::environment::secrets::NoSecrets;
use crate::environment::{read, reference_page, resolve, schema};
use crate::in_memory::{InMemory, Project};
use crate::kind::KINDS;
use evenkeel_host::recorded::Fault;
use evenkeel_ledger::record::{ApplyOutcome, StepOutcome, Verb};
use evenkeel_model::{EnvironmentName, Sealer};

const TOYS: &str = r#"
[toy-package.nginx]
on = "web"
package = "nginx"
version = "1.26"

[file.config]
on = "web"
path = "/srv/nginx.conf"
content = "for ${toy-package.nginx.version}"

[toy-service.nginx]
on = "web"
unit = "nginx"
restart-on = ["file.config"]
after = ["toy-package.nginx"]
"#;

#[test]
fn toy_kinds_are_applied_and_removed_again() {
    let project = Project::new();
    let step = |instance: &str, verb| (instance.to_owned(), verb);
    assert_eq!(
        project.steps(TOYS),
        [
            step("file.config", Verb::Create),
            step("toy-package.nginx", Verb::Create),
            step("toy-service.nginx", Verb::Create),
        ]
    );
    assert_eq!(project.apply(TOYS).outcome, ApplyOutcome::Done);
    assert_eq!(
        project.actions(),
        [
            "set-toy package",
            "file ",
            "set-toy enabled",
            "set-toy running",
        ]
    );
    assert_eq!(project.steps(TOYS), []);
    assert_eq!(project.drift(TOYS), []);

    assert_eq!(project.apply("").outcome, ApplyOutcome::Done);
    assert_eq!(project.toys(), [] as [&str; 0]);
    let actions = project.actions();
    assert_eq!(
        actions[4..6],
        ["drop-toy running", "drop-toy enabled"],
        "a service is removed first: {actions:?}"
    );
    assert_eq!(project.steps(""), []);
}

#[test]
fn drift_of_a_toy_points_to_the_key_that_declares_it() {
    let project = Project::new();
    project.apply(TOYS);
    project.target.change(|host| {
        let thing = ("package".to_owned(), "nginx".to_owned());
        host.others.insert(thing, "1.24".to_owned());
    });
    assert_eq!(
        project.drift(TOYS),
        [("toy-package/version-differs", "\"1.26\"".to_owned())]
    );
    assert_eq!(
        project.steps(TOYS),
        [("toy-package.nginx".to_owned(), Verb::Update),]
    );
}

#[test]
fn a_toy_restarts_with_what_it_restarts_on() {
    let project = Project::new();
    project.apply(TOYS);
    project
        .target
        .change(|host| host.put_file("/srv/nginx.conf", b"other", 0o644));
    assert_eq!(
        project.steps(TOYS),
        [
            ("file.config".to_owned(), Verb::Update),
            ("toy-service.nginx".to_owned(), Verb::Replace),
        ]
    );
}

#[test]
fn two_toys_do_not_claim_one_thing() {
    let twice = format!(
        "{TOYS}\n[toy-package.other]\non = \"web\"\npackage = \"nginx\"\nversion = \"2\"\n"
    );
    let files = InMemory::with(&twice);
    let definition = read(&files).0.unwrap();
    let surroundings = Surroundings {
        files: &files,
        root: Path::new("/project"),
        directory: Path::new("/project/environments"),
        machine: None,
        sealer: &Sealer::new([7; 32]),
        secrets: &NoSecrets,
        inventories: &NoInventories,
        artifacts: &BTreeMap::new(),
    };
    let complaints = resolve(&definition, &EnvironmentName::new("staging"), &surroundings)
        .err()
        .unwrap();
    let messages: Vec<&str> = complaints.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        messages,
        ["toy-package.other and toy-package.nginx both claim package nginx on `web` in staging"]
    );
}

/// Returns the defects of definitions, in order.
fn complaints(resources: &str) -> Vec<String> {
    let files = InMemory::with(resources);
    let (definition, unread) = read(&files);
    assert!(unread.is_empty(), "{unread:#?}");
    let surroundings = Surroundings {
        files: &files,
        root: Path::new("/project"),
        directory: Path::new("/project/environments"),
        machine: None,
        sealer: &Sealer::new([7; 32]),
        secrets: &NoSecrets,
        inventories: &NoInventories,
        artifacts: &BTreeMap::new(),
    };
    let name = EnvironmentName::new("staging");
    let resolved = resolve(&definition.unwrap(), &name, &surroundings);
    let complaints = resolved.err().unwrap_or_default();
    complaints
        .into_iter()
        .map(|it| format!("{} {}: {}", it.code.name, it.subject, it.message))
        .collect()
}

/// Many resources are resolved in concurrent parts. Defects are reported as if there were only one part.
#[test]
fn more_resources_than_one_part_report_errors_in_the_order_of_few() {
    let file = |number: usize, rest: &str| {
        format!("[file.n-{number:04}]\non = \"web\"\npath = \"/srv/{number}\"\n{rest}\n")
    };
    let wrong = |number: usize| {
        Some(match number % 2 {
            0 => "content = \"a\"\nsource = \"b\"",
            _ => "source = \"missing\"",
        })
    };
    let is_wrong = |number: usize| number % 89 == 5;
    let right = "content = \"right\"";
    let (mut few, mut many) = (file(7, right), String::new());
    for number in 0..1_700 {
        match wrong(number).filter(|_| is_wrong(number)) {
            Some(wrong) => {
                few += &file(number, wrong);
                many += &file(number, wrong);
            }
            None => many += &file(number, right),
        }
    }
    let expected = complaints(&few);
    assert!(expected.len() >= 20, "{expected:#?}");
    assert_eq!(complaints(&many), expected);
}

#[test]
fn a_started_step_is_completed_despite_an_interruption() {
    let project = Project::new();
    // Package, file, enabled: the service is enabled and not started yet.
    project.target.fail(2, Fault::Interrupt);
    let report = project.apply(TOYS);
    let service = report.steps.last().unwrap();
    assert_eq!(service.outcome, Some(StepOutcome::Done));
    assert_eq!(project.steps(TOYS), []);
}

#[test]
fn the_schema_and_the_reference_page_have_every_kind() {
    let schemas = format!("{}{}", schema::system(), schema::environment());
    let page = reference_page();
    for kind in KINDS {
        assert!(schemas.contains(&format!("\"{}\"", kind.name)));
        assert!(page.contains(&format!("[{}.", kind.name)), "{}", kind.name);
        for field in kind.fields {
            assert!(page.contains(&format!("`{}`", field.name)));
        }
    }
    assert!(KINDS.iter().any(|kind| kind.name == "toy-service"));
}
