//! A saved plan is applied to the state it was made from, or not at all: each observed attribute counts, and the
//! refusal names it.

use std::os::unix::fs::{MetadataExt as _, chown, symlink};

use evenkeel::operation::{self, Failure};
use evenkeel_host::recorded::Thing;

use super::inside::{Inside, Outcome, code, expect, refused, words};
use super::tampering::{SECRET, Tampering, tamperings, watched};
use super::world::{SYSTEM, TestWorld};

fn save(inside: &Inside) {
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
}

/// Returns the changes in a plan's refusal.
#[track_caller]
fn changes(outcome: &Outcome, what: &str) -> Vec<String> {
    assert_eq!(code(outcome), 4, "{what}: {}", words(outcome));
    assert!(
        !words(outcome).contains(SECRET),
        "{what}: the secret is reported"
    );
    match outcome {
        Err(Failure::Stale { changes, .. }) => changes.clone(),
        other => panic!("{what}: {}", words(other)),
    }
}

/// Checks that exactly this resource is named, with exactly this attribute and both its values.
#[track_caller]
fn names(outcome: &Outcome, tampering: &Tampering, what: &str) {
    let changes = changes(outcome, what);
    let [change] = &changes[..] else {
        panic!("{what}: {changes:?}");
    };
    let reported = change
        .strip_prefix(&format!("{} changed: ", tampering.address))
        .unwrap_or_else(|| panic!("{what}: {change}"));
    let attribute = tampering.seen.unwrap();
    let (before, after) = reported
        .strip_prefix(&format!("{attribute} was "))
        .and_then(|values| values.split_once(" and is "))
        .unwrap_or_else(|| panic!("{what}: {attribute} is not named: {change}"));
    assert_ne!(before, after, "{what}: {change}");
}

/// Compares each change outside evenkeel with one saved plan: it is refused without an action, and applicable again
/// after a revert. Returns the number of refusals.
fn hold_all(inside: &Inside, numbers: [u64; 2]) -> usize {
    let target = inside.target("staging");
    let (whole, done) = (target.world(), inside.asked("staging"));
    let mut refused = 0;
    for tampering in tamperings() {
        let what = format!("{} of {}", tampering.what, tampering.address);
        for number in numbers {
            target.change(|world| tampering.happen(world, number));
            if tampering.seen.is_some() {
                let outcome = inside.apply("the.plan");
                names(&outcome, &tampering, &what);
                assert_eq!(inside.asked("staging"), done, "{what}: something was done");
                refused += 1;
            }
            target.change(|world| world.clone_from(&whole));
        }
    }
    refused
}

#[test]
fn every_change_after_a_plan_was_saved_is_named_and_nothing_is_done() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    // There is one step, which is independent of the changes outside evenkeel.
    inside.world.add(
        "environments/staging.toml",
        "\n[file.more]\non = \"web\"\npath = \"/srv/staging/more\"\ncontent = \"more\\n\"\n",
    );
    save(&inside);
    let refused = hold_all(&inside, [1, 2]);
    assert!(refused >= 110, "{refused}");
    // Attributes that no plan depends on refuse none: the plan refused above is applied.
    inside.target("staging").change(|world| {
        for tampering in tamperings() {
            if tampering.seen.is_none() {
                tampering.happen(world, 7);
            }
        }
    });
    let before = inside.asked("staging");
    expect(0, inside.apply("the.plan"));
    assert_eq!(inside.asked("staging"), before + 1);
}

/// The same if the plan already has a step for each resource: it was made to repair another change.
#[test]
fn another_change_of_a_wrong_attribute_is_named_as_well() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    let target = inside.target("staging");
    let whole = target.world();
    let mut refused = 0;
    for tampering in tamperings() {
        let Some(attribute) = tampering.seen else {
            continue;
        };
        let what = format!("{} of {}", tampering.what, tampering.address);
        target.change(|world| tampering.happen(world, 1));
        let once = target.world();
        save(&inside);
        target.change(|world| {
            world.clone_from(&whole);
            tampering.happen(world, 2);
        });
        if same(&target.world(), &once) {
            // There is only one way to be missing.
            target.change(|world| world.clone_from(&whole));
            continue;
        }
        let done = inside.asked("staging");
        let outcome = inside.apply("the.plan");
        let changes = changes(&outcome, &what);
        assert_eq!(changes.len(), 1, "{what}: {changes:?}");
        let begins = format!("{} changed: ", tampering.address);
        assert!(changes[0].starts_with(&begins), "{what}: {changes:?}");
        // A thing in place of the declared one is named with its own attributes.
        if !tampering.whole || attribute != "presence" {
            let named = format!("{begins}{attribute} was ");
            assert!(changes[0].starts_with(&named), "{what}: {changes:?}");
        }
        assert_eq!(inside.asked("staging"), done, "{what}");
        refused += 1;
        target.change(|world| world.clone_from(&once));
        let plan = inside.apply("the.plan");
        // A directory in place of a file is not removed: the plan is valid, and its step fails.
        assert!([0, 1].contains(&code(&plan)), "{what}: {}", words(&plan));
        target.change(|world| world.clone_from(&whole));
        expect(0, inside.apply("staging"));
        target.change(|world| world.clone_from(&whole));
    }
    assert!(refused >= 45, "{refused}");
}

/// Whether two worlds are equal apart from times.
fn same(
    one: &evenkeel_host::recorded::RecordedHost,
    two: &evenkeel_host::recorded::RecordedHost,
) -> bool {
    one.things
        .values()
        .map(|(thing, _)| thing)
        .eq(two.things.values().map(|(thing, _)| thing))
        && one.processes == two.processes
        && one
            .installations
            .iter()
            .map(|(path, installed)| (path, installed.current, &installed.releases))
            .eq(two
                .installations
                .iter()
                .map(|(path, installed)| (path, installed.current, &installed.releases)))
}

#[test]
fn a_resource_that_appeared_after_planning_is_named() {
    let inside = watched();
    save(&inside);
    let fresh = inside.target("staging").world();
    for (address, path) in [
        ("directory.home", "/srv/staging"),
        ("file.config", "/srv/staging/config"),
        ("link.latest", "/srv/staging/latest"),
    ] {
        inside.target("staging").change(|world| {
            world.put_directory("/srv/staging", 0o755);
            world.put_file(path, b"here already", 0o600);
        });
        let outcome = inside.apply("the.plan");
        let reported = changes(&outcome, address);
        let named = format!("{address} changed: presence was nothing and is a ");
        assert!(
            reported.iter().any(|change| change.starts_with(&named)),
            "{reported:?}"
        );
        assert_eq!(inside.asked("staging"), 0);
        inside
            .target("staging")
            .change(|world| world.clone_from(&fresh));
    }
    expect(0, inside.apply("the.plan"));
}

/// The same between an approval and the release: exactly the observed state was approved.
#[test]
fn a_change_in_production_after_the_approval_stops_the_release() {
    let inside = watched();
    let approved = |inside: &Inside| -> String {
        let delivered = expect(0, inside.deliver());
        let plan = delivered.verdict.unwrap().plan;
        expect(0, inside.approve(&plan));
        plan
    };
    approved(&inside);
    expect(0, inside.release());
    inside
        .world
        .replace("environments/system.toml", "\"plain\\n\"", "\"other\\n\"");
    let plan = approved(&inside);
    let target = inside.target("production");
    let (whole, done) = (target.world(), inside.asked("production"));
    for path in ["plain", "config", "token", "loose"] {
        let path = format!("/srv/production/{path}");
        target.change(|world| match &mut world.things.get_mut(&path).unwrap().0 {
            Thing::File { group, .. } | Thing::Directory { group, .. } => group.id += 1,
            Thing::Link { .. } => unreachable!(),
        });
        let named = inside
            .with(|world, location| operation::release(world, location, Some(&plan), None, None));
        refused(4, "is out of date; the current plan is", &named);
        let shut = inside.release();
        assert_eq!(code(&shut), 3, "{path}: {}", words(&shut));
        assert_eq!(inside.asked("production"), done, "{path}");
        target.change(|world| world.clone_from(&whole));
    }
    expect(0, inside.release());
    assert_eq!(inside.asked("production"), done + 1);
}

/// A resource removed from the definitions would be deleted, so it must be unchanged.
#[test]
fn a_changed_resource_is_not_removed() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    let text = inside.world.read("environments/system.toml");
    let cut = |name: &str, text: &str| -> String {
        let start = text.find(&format!("[{name}]")).unwrap();
        let end = text[start + 1..]
            .find("\n[")
            .map_or(text.len(), |end| start + 1 + end + 1);
        format!("{}{}", &text[..start], &text[end..])
    };
    let mut less = text.clone();
    for name in [
        "file.plain",
        "link.latest",
        "directory.loose",
        "process.app",
    ] {
        less = cut(name, &less);
    }
    inside.world.write("environments/system.toml", &less);
    save(&inside);
    let target = inside.target("staging");
    let whole = target.world();
    let done = inside.asked("staging");
    let mut refused = 0;
    for tampering in tamperings() {
        let gone = ["file.plain", "link.latest", "directory.loose"].contains(&tampering.address);
        let Some(attribute) = tampering.seen.filter(|_| gone) else {
            continue;
        };
        target.change(|world| tampering.happen(world, 1));
        let outcome = inside.apply("the.plan");
        let reported = changes(&outcome, tampering.what);
        let named = format!(
            "{}: the last applied state changed: {attribute} was ",
            tampering.address
        );
        assert!(
            reported.iter().any(|change| change.starts_with(&named)),
            "{}: {reported:?}",
            tampering.what
        );
        assert_eq!(inside.asked("staging"), done);
        refused += 1;
        target.change(|world| world.clone_from(&whole));
    }
    assert!(refused >= 12, "{refused}");
    expect(0, inside.apply("the.plan"));
}

/// P13: a thousand observations of an unchanged state refuse nothing.
#[test]
fn an_unchanged_state_is_never_refused() {
    let inside = watched();
    expect(0, inside.apply("staging"));
    for number in 0..50 {
        save(&inside);
        let first = std::fs::read(inside.world.path("the.plan")).unwrap();
        inside.target("staging").change(|world| {
            for tampering in tamperings() {
                if tampering.seen.is_none() {
                    tampering.happen(world, number);
                }
            }
        });
        save(&inside);
        let second = std::fs::read(inside.world.path("the.plan")).unwrap();
        assert!(first == second, "{number}: another plan");
    }
    expect(0, inside.apply("the.plan"));
}

/// On this machine, with the real program. Only root can change owners.
#[test]
fn the_program_names_changes_and_applies_after_a_revert() {
    let world = TestWorld::with(&format!(
        "{SYSTEM}\n[link.latest]\non = \"web\"\npath = \"${{directory.home.path}}/latest\"\nto = \"config.toml\"\n"
    ));
    world.expect(0, &["apply", "staging"]);
    world.add(
        "environments/system.toml",
        "\n[file.more]\non = \"web\"\npath = \"${directory.home.path}/more\"\ncontent = \"more\\n\"\n",
    );
    world.expect(2, &["plan", "staging", "-o", "the.plan"]);
    let kept = world.snapshot("run/staging");
    let file = world.path("run/staging/config.toml");
    let link = world.path("run/staging/latest");
    let home = world.path("run/staging");
    let refused = |address: &str, attribute: &str| {
        let ran = world.expect(4, &["apply", "the.plan"]);
        let reported = format!("{address} changed: {attribute} was ");
        assert!(ran.err.contains(&reported), "{reported}\n{}", ran.short());
        assert_eq!(ran.err.matches(" changed: ").count(), 1, "{}", ran.short());
        assert!(!world.path("run/staging/more").exists());
    };
    world.mode("run/staging/config.toml", 0o600);
    refused("file.config", "mode");
    world.mode("run/staging/config.toml", 0o640);
    let text = world.read("run/staging/config.toml");
    world.write("run/staging/config.toml", "edited");
    refused("file.config", "content");
    world.write("run/staging/config.toml", &text);
    world.mode("run/staging", 0o700);
    refused("directory.home", "mode");
    world.mode("run/staging", 0o755);
    std::fs::remove_file(&link).unwrap();
    refused("link.latest", "presence");
    symlink("elsewhere", &link).unwrap();
    refused("link.latest", "to");
    std::fs::remove_file(&link).unwrap();
    symlink("config.toml", &link).unwrap();
    let current = world.path("run/staging/app/current");
    let release = current.canonicalize().unwrap().join("app");
    let artifact = std::fs::read(&release).unwrap();
    let permissions = release.metadata().unwrap().permissions();
    std::fs::remove_file(&release).unwrap();
    std::fs::write(&release, "edited").unwrap();
    refused("installation.app", "files");
    std::fs::write(&release, artifact).unwrap();
    std::fs::set_permissions(&release, permissions).unwrap();
    let says = std::fs::read_link(&current).unwrap();
    std::fs::remove_file(&current).unwrap();
    refused("installation.app", "artifact");
    symlink(says, &current).unwrap();
    if rustix::process::geteuid().is_root() {
        for (address, path) in [("file.config", &file), ("directory.home", &home)] {
            let is = path.metadata().unwrap();
            chown(path, Some(4321), None).unwrap();
            refused(address, "owner");
            chown(path, Some(is.uid()), Some(4321)).unwrap();
            refused(address, "group");
            chown(path, None, Some(is.gid())).unwrap();
        }
    } else {
        eprintln!("SKIPPED: only root can give files away");
    }
    assert!(
        kept == world.snapshot("run/staging"),
        "everything is unchanged"
    );
    world.expect(0, &["apply", "the.plan"]);
    assert!(world.path("run/staging/more").exists());
}
