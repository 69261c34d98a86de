//! Laws of every definition: generated ones, on recorded targets with a true journal.

use std::collections::BTreeSet;

use evenkeel::operation;
use evenkeel_host::Interruption;
use evenkeel_host::recorded::{Fault, Thing};
use evenkeel_ledger::folder::SqliteLedger;
use evenkeel_ledger::{Ledger as _, Record, chain};
use evenkeel_model::Moment;
use proptest::prelude::*;

use super::inside::{Inside, code, expect, words};
use super::world::TestWorld;

/// Generated definition.
#[derive(Clone, Debug)]
struct Shape {
    directories: usize,
    files: Vec<(usize, usize, usize)>,
    links: usize,
    installation: bool,
    process: bool,
    workers: usize,
}

const MODES: [&str; 4] = ["0600", "0640", "0644", "0755"];
const CONTENTS: [&str; 5] = [
    "plain\\n",
    "${greeting}, ${environment}\\n",
    "port = ${port}, workers = ${workers}\\n",
    "${directory.d-0.path}\\n",
    "",
];

fn shapes() -> impl Strategy<Value = Shape> {
    (
        1..4_usize,
        prop::collection::vec((0..4_usize, 0..MODES.len(), 0..CONTENTS.len()), 0..6),
        0..3_usize,
        any::<bool>(),
        any::<bool>(),
        2..5_usize,
    )
        .prop_map(
            |(directories, files, links, installation, process, workers)| Shape {
                directories,
                files,
                links,
                installation,
                process,
                workers,
            },
        )
}

impl Shape {
    fn system(&self) -> String {
        let mut text = String::from(
            r#"[system]
name = "generated"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[parameter.port]
varies = "identity"

[parameter.workers]
varies = "scale"

[parameter.greeting]
default = "hello"

[artifact.app]
path = "../build"

[target.web]

[release]
uncommitted = true
require = []
"#,
        );
        for number in 0..self.directories {
            let above = match number {
                0 => "${root}".to_owned(),
                _ => format!("${{directory.d-{}.path}}/d", number - 1),
            };
            text.push_str(&format!(
                "\n[directory.d-{number}]\non = \"web\"\npath = \"{above}\"\nmode = \"0755\"\n"
            ));
        }
        for (number, (directory, mode, content)) in self.files.iter().enumerate() {
            let directory = directory % self.directories;
            text.push_str(&format!(
                "\n[file.f-{number}]\non = \"web\"\npath = \"${{directory.d-{directory}.path}}/f-{number}\"\nmode = \"{}\"\ncontent = \"{}\"\n",
                MODES[*mode], CONTENTS[*content]
            ));
        }
        for number in 0..self.links {
            text.push_str(&format!(
                "\n[link.l-{number}]\non = \"web\"\npath = \"${{directory.d-0.path}}/l-{number}\"\nto = \"f-{number}\"\n"
            ));
        }
        if self.installation {
            text.push_str(
                "\n[directory.app]\non = \"web\"\npath = \"${directory.d-0.path}/app\"\n",
            );
            text.push_str("\n[installation.app]\non = \"web\"\nartifact = \"app\"\ninto = \"${directory.app.path}\"\n");
        }
        if self.process {
            let restart = if self.files.is_empty() {
                "directory.d-0"
            } else {
                "file.f-0"
            };
            text.push_str(&format!(
                "\n[process.app]\non = \"web\"\ncommand = [\"app\", \"--port=${{port}}\"]\nenvironment = {{ WORKERS = \"${{workers}}\" }}\nrestart-on = [\"{restart}\"]\n"
            ));
        }
        text
    }

    fn inside(&self) -> Inside {
        let world = TestWorld::with(&self.system());
        for (name, port, workers) in [("staging", 7001, 2), ("production", 7002, self.workers)] {
            world.replace(
                &format!("environments/{name}.toml"),
                "[values]\n",
                &format!("[values]\nport = {port}\nworkers = {workers}\n"),
            );
        }
        if self.workers != 2 {
            world.add(
                "environments/staging.toml",
                &format!(
                    "\n[[difference]]\nat = \"parameter.workers\"\nstaging = 2\nproduction = {}\nreason = \"size\"\nowner = \"us\"\nexpires = 2027-06-30\n",
                    self.workers
                ),
            );
        }
        Inside::new(world)
    }
}

/// Returns a definition with everything.
fn everything() -> Shape {
    Shape {
        directories: 2,
        files: vec![(0, 1, 1), (1, 2, 2)],
        links: 1,
        installation: true,
        process: true,
        workers: 3,
    }
}

fn digest(inside: &Inside) -> String {
    inside.plan("staging").unwrap().plans[0].digest.clone()
}

fn recipes(inside: &Inside) -> Vec<String> {
    inside
        .with(|world, location| {
            operation::plan(
                world,
                location,
                operation::PlanRequest {
                    environment: None,
                    output: None,
                    exit_code: true,
                },
            )
        })
        .unwrap()
        .plans
        .iter()
        .map(|plan| plan.recipe.clone())
        .collect()
}

fn few() -> ProptestConfig {
    ProptestConfig {
        cases: if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
            500
        } else {
            16
        },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn after_an_apply_there_is_nothing_to_do(shape in shapes()) {
        let inside = shape.inside();
        let before = digest(&inside);
        prop_assert_eq!(&before, &digest(&inside), "the same input gives the same plan");
        expect(0, inside.apply("staging"));
        let done = inside.asked("staging");
        let plan = expect(0, inside.plan("staging"));
        prop_assert!(plan.plans[0].steps.is_empty());
        prop_assert_ne!(before, digest(&inside));
        let entries = expect(0, inside.log()).entries.len();
        expect(0, inside.apply("staging"));
        prop_assert_eq!(inside.asked("staging"), done, "the second time nothing is done");
        let after = expect(0, inside.log());
        // The lease is taken and returned, and nothing else is written.
        prop_assert_eq!(after.entries.len(), entries + 2);
        prop_assert_eq!(inside.asked("production"), 0);
    }

    #[test]
    fn the_recipe_is_the_same_as_long_as_nothing_undeclared_differs(shape in shapes()) {
        let inside = shape.inside();
        let same = recipes(&inside);
        prop_assert_eq!(&same[0], &same[1]);
        inside.world.add("environments/production.toml", "\n[directory.d-0]\nmode = \"0700\"\n");
        let other = recipes(&inside);
        prop_assert_ne!(&other[0], &other[1]);
        prop_assert_eq!(&other[0], &same[0], "staging's has not changed");
    }

    #[test]
    fn one_apply_reaches_any_other_definition(one in shapes(), two in shapes()) {
        let inside = one.inside();
        expect(0, inside.apply("staging"));
        inside.world.write("environments/system.toml", &two.system());
        expect(0, inside.apply("staging"));
        prop_assert!(expect(0, inside.plan("staging")).plans[0].steps.is_empty());
        // The result equals that of a first apply of the second definition alone.
        let fresh = two.inside();
        expect(0, fresh.apply("staging"));
        let names = |inside: &Inside| -> BTreeSet<String> {
            // evenkeel's own records are in each project's folder.
            let things = inside.target("staging").world().things.into_keys();
            things.filter(|path| !path.starts_with("/tmp")).collect()
        };
        prop_assert_eq!(names(&inside), names(&fresh));
        let running = |inside: &Inside| inside.target("staging").world().processes.len();
        prop_assert_eq!(running(&inside), running(&fresh));
    }
}

/// The plan's digest covers every observation: exactly the observed state was approved.
#[test]
fn any_change_of_the_observation_changes_the_plan() {
    let inside = everything().inside();
    expect(0, inside.apply("staging"));
    let target = inside.target("staging");
    let whole = target.world();
    let calm = digest(&inside);
    let mut seen = BTreeSet::from([calm.clone()]);
    let mut different = |what: &str| {
        assert!(
            seen.insert(digest(&inside)),
            "{what} is not in the plan's digest"
        );
        assert_eq!(code(&inside.drift()) % 2, 0, "{what}");
        target.change(|world| world.clone_from(&whole));
        assert_eq!(digest(&inside), calm, "{what} changed back");
    };
    let paths: Vec<String> = whole
        .things
        .keys()
        .filter(|path| path.starts_with("/srv/staging/"))
        .cloned()
        .collect();
    for path in &paths {
        target.change(|world| match &mut world.things.get_mut(path).unwrap().0 {
            Thing::File { mode, .. } | Thing::Directory { mode, .. } => *mode ^= 0o001,
            Thing::Link { to } => to.push('x'),
        });
        different(&format!("the mode of {path}"));
        target.change(|world| world.things.remove(path));
        different(&format!("the presence of {path}"));
        if matches!(whole.things[path].0, Thing::File { .. }) {
            target.change(|world| {
                if let Thing::File { bytes, .. } = &mut world.things.get_mut(path).unwrap().0 {
                    *bytes = [&**bytes, b"x"].concat().into();
                }
            });
            different(&format!("the content of {path}"));
            target.change(|world| {
                world.put(
                    path,
                    Thing::Link {
                        to: "elsewhere".into(),
                    },
                );
            });
            different(&format!("the kind of {path}"));
        }
    }
    let into = whole.installations.keys().next().unwrap().clone();
    target.change(|world| world.installations.get_mut(&into).unwrap().current = None);
    different("the current release");
    target.change(|world| {
        for release in world
            .installations
            .get_mut(&into)
            .unwrap()
            .releases
            .values_mut()
        {
            release.0 = evenkeel_model::Digest::of(b"tampered");
        }
    });
    different("the files of the release");
    let record = whole.processes.keys().next().unwrap().clone();
    target.change(|world| world.processes.get_mut(&record).unwrap().alive = false);
    different("a process that ended");
    target.change(|world| world.processes.get_mut(&record).unwrap().started_as.clear());
    different("what a process was started as");
    target.change(|world| world.processes.remove(&record));
    different("a process without a record");
}

/// P18: read-only commands change nothing, neither targets nor the ledger.
#[test]
fn read_only_commands_never_act_or_write() {
    let inside = everything().inside();
    for round in 0..3 {
        match round {
            0 => {}
            1 => {
                expect(0, inside.apply("staging"));
            }
            _ => {
                inside
                    .target("staging")
                    .change(|world| world.put_file("/srv/staging/f-0", b"mine", 0o600));
                inside.target("staging").blind("/srv/staging/l-0");
            }
        }
        let before = (inside.asked("staging"), inside.asked("production"));
        let kept = inside.world.snapshot(".evenkeel");
        let drift = inside.drift();
        assert!(code(&drift) != 0, "{}", words(&drift));
        inside.plan("staging").unwrap();
        inside.plan("production").unwrap();
        inside.status().unwrap();
        inside.log().unwrap();
        let _ = inside.audit();
        let _ = inside.with(|world, location| operation::audit_checkpoint(world, location, None));
        inside.with(operation::lock_show).unwrap();
        inside
            .with(|world, location| operation::validate(world, location, false))
            .unwrap();
        let fingerprint = drift
            .unwrap()
            .findings
            .first()
            .map(|finding| finding.fingerprint.clone());
        let explained = inside
            .with(|world, location| operation::explain(world, location, &fingerprint.unwrap()));
        explained.unwrap();
        assert_eq!(
            (inside.asked("staging"), inside.asked("production")),
            before
        );
        assert!(
            kept == inside.world.snapshot(".evenkeel"),
            "round {round}: something was written"
        );
    }
}

/// P22: after a failure of any step, no false success is reported, and one more run repairs it.
#[test]
fn every_failure_of_any_step_is_reported() {
    let undisturbed = everything().inside();
    expect(0, undisturbed.apply("staging"));
    let steps = undisturbed.asked("staging");
    assert!(steps >= 7, "{steps}");
    for number in 0..steps {
        for fault in [
            Fault::FailBefore,
            Fault::FailAfter,
            Fault::Lie,
            Fault::Blind,
            Fault::Interrupt,
        ] {
            // The first action creates the folder of evenkeel's own records, which is neither declared nor observed.
            if number == 0 && fault == Fault::Blind {
                continue;
            }
            let inside = everything().inside();
            let target = inside.target("staging");
            target.fail(number, fault);
            let outcome = inside.apply("staging");
            let what = format!("{fault:?} at {number}: {}", words(&outcome));
            let wanted: &[u8] = match fault {
                Fault::Blind => &[6],
                // Interrupted at its last step, everything was done.
                Fault::Interrupt if number + 1 == steps => &[0, 130],
                Fault::Interrupt => &[130],
                _ => &[1],
            };
            assert!(wanted.contains(&code(&outcome)), "{what}");
            // Done is recorded for completed steps only.
            let done = outcome.as_ref().unwrap().applies[0].done;
            let really = target
                .journal()
                .iter()
                .filter(|happening| happening.changed)
                .count();
            assert!(done <= really, "{what}: {done} said and {really} really");
            if code(&outcome) != 0 {
                assert_ne!(code(&inside.drift()), 0, "{what}");
                assert_ne!(code(&inside.plan("staging")), 0, "{what}");
            }
            if fault == Fault::Blind {
                let again = inside.apply("staging");
                assert_eq!(
                    code(&again),
                    1,
                    "nothing is done blindly: {}",
                    words(&again)
                );
            }
            target.heal();
            expect(0, inside.apply("staging"));
            expect(0, inside.plan("staging"));
            expect(0, inside.audit());
            let processes = target.world().processes;
            assert_eq!(processes.len(), 1, "{what}");
            let starts = target
                .journal()
                .iter()
                .filter(|happening| {
                    happening.changed
                        && matches!(
                            happening.action,
                            evenkeel_host::Action::Start(evenkeel_host::process::Start { .. })
                        )
                })
                .count();
            assert!(starts <= 2, "{what}: {starts} starts");
        }
    }
}

/// P30: whichever entry cannot be written, no unrecorded action is requested from a target.
#[test]
fn nothing_is_done_before_it_is_recorded() {
    let founded = || {
        let inside = everything().inside();
        let time = "2026-11-23T09:00:00Z".parse().map(Moment::new).unwrap();
        SqliteLedger::open_or_found(
            &inside.world.path(".evenkeel"),
            "generated",
            time,
            "lineage",
        )
        .unwrap();
        inside
    };
    let read = |inside: &Inside| {
        let folder = inside.world.path(".evenkeel");
        let ledger = SqliteLedger::open_existing(&folder, Some("generated")).unwrap();
        ledger.unwrap().read(0).unwrap()
    };
    let intended = |inside: &Inside| -> usize {
        read(inside)
            .iter()
            .filter_map(|entry| chain::understand(entry).unwrap())
            .map(|record| match record {
                Record::StepsIntended(intended) => intended.steps.len(),
                _ => 0,
            })
            .sum()
    };
    let undisturbed = founded();
    expect(0, undisturbed.apply("staging"));
    let entries = read(&undisturbed).len();
    // The owner stamp is not a step: the start of the apply announces it.
    let stamps = undisturbed.asked("staging") - intended(&undisturbed);
    for last in 1..entries {
        let inside = founded();
        let database = inside.world.path(".evenkeel/ledger.db");
        let change = |text: &str| {
            let database = rusqlite::Connection::open(&database).unwrap();
            database.execute_batch(text).unwrap();
        };
        change(&format!(
            "CREATE TRIGGER full BEFORE INSERT ON entry WHEN NEW.sequence > {last} BEGIN SELECT RAISE(ABORT, 'full'); END"
        ));
        let outcome = inside.apply("staging");
        let what = format!("full after {last}: {}", words(&outcome));
        let written = read(&inside);
        assert_eq!(written.len(), last, "{what}");
        let announced = if written.iter().any(|entry| entry.kind == "apply-started") {
            stamps + intended(&inside)
        } else {
            0
        };
        assert!(
            inside.asked("staging") <= announced,
            "{what}: {} asked and {announced} written",
            inside.asked("staging")
        );
        // The last entry returns the lease: nothing depends on it.
        assert!(
            code(&outcome) != 0 || last + 1 == entries,
            "{what}: it was said to be done"
        );
        change("DROP TRIGGER full");
        expect(0, inside.apply("staging"));
        expect(0, inside.plan("staging"));
        expect(0, inside.audit());
    }
}

/// Interrupted before its start, a run does nothing.
#[test]
fn interrupted_before_the_first_step_nothing_is_done() {
    let inside = everything().inside();
    for _ in 0..2 {
        let interruption = Interruption::default();
        interruption.interrupt();
        let request = operation::ApplyRequest {
            what: "staging".into(),
            ..operation::ApplyRequest::default()
        };
        let outcome = inside.with_interruption(interruption, |world, location| {
            operation::apply(world, location, &request)
        });
        assert_eq!(code(&outcome), 130, "{}", words(&outcome));
        assert_eq!(inside.asked("staging"), 0);
    }
    expect(0, inside.apply("staging"));
}

/// P13, P15: a saved plan does exactly its steps, once, or nothing.
#[test]
fn a_plan_is_used_once_and_only_as_long_as_nothing_changed() {
    let inside = everything().inside();
    let save = |inside: &Inside| {
        inside
            .with(|world, location| {
                operation::plan(
                    world,
                    location,
                    operation::PlanRequest {
                        environment: Some("staging"),
                        output: Some("the.plan".as_ref()),
                        exit_code: true,
                    },
                )
            })
            .unwrap();
    };
    save(&inside);
    inside
        .target("staging")
        .change(|world| world.put_directory("/srv/staging", 0o700));
    let outcome = inside.apply("the.plan");
    assert_eq!(code(&outcome), 4, "{}", words(&outcome));
    assert!(
        words(&outcome).contains("directory.d-0 changed"),
        "{}",
        words(&outcome)
    );
    assert_eq!(inside.asked("staging"), 0);
    save(&inside);
    expect(0, inside.apply("the.plan"));
    let done = inside.asked("staging");
    let outcome = inside.apply("the.plan");
    assert_eq!(code(&outcome), 4, "{}", words(&outcome));
    assert!(
        words(&outcome).contains("already applied by a-1"),
        "{}",
        words(&outcome)
    );
    assert_eq!(inside.asked("staging"), done);
}
