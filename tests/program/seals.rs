//! Seals of a target: made with its own key on the target, recognised by the project's key elsewhere, and valid from
//! before targets had keys.

use evenkeel_ledger::folder::{FolderStore, SqliteLedger};
use evenkeel_ledger::record::StepsEnded;
use evenkeel_ledger::{Ledger as _, Record, Store as _, chain};
use evenkeel_model::{Digest, Sealer};
use serde_json::Value;

use super::world::TestWorld;

const SECRET: &str = "hunter2-of-staging";

fn world() -> TestWorld {
    let mut world = TestWorld::with(
        r#"[system]
name = "sealed"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[parameter.token]
varies = "secret"

[target.web]

[directory.home]
on = "web"
path = "${root}"

[file.config]
on = "web"
path = "${directory.home.path}/config"
content = "token=${token}"
mode = "0600"

[process.app]
on = "web"
command = ["sleep", "600"]
environment = { TOKEN = "${token}" }
restart-on = ["file.config"]

[release]
uncommitted = true
require = []
"#,
    );
    for name in ["staging", "production"] {
        let token = format!("token = {{ env = \"{}_TOKEN\" }}\n", name.to_uppercase());
        let file = format!("environments/{name}.toml");
        world.replace(&file, "\n[target.web]", &format!("{token}\n[target.web]"));
        let secret = format!("hunter2-of-{name}");
        world
            .variables
            .insert(format!("{}_TOKEN", name.to_uppercase()), secret);
    }
    world
}

fn project(world: &TestWorld) -> Sealer {
    let store = FolderStore::new(&world.path(".evenkeel"));
    store.key().unwrap().unwrap()
}

/// Returns the target's record of the running process.
fn record(world: &TestWorld) -> String {
    let folder = ".evenkeel/targets/staging/web";
    std::fs::read_dir(world.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.contains("process"))
        .map(|name| format!("{folder}/{name}"))
        .unwrap()
}

fn ledger(world: &TestWorld) -> SqliteLedger {
    SqliteLedger::open_existing(&world.path(".evenkeel"), Some("sealed"))
        .unwrap()
        .unwrap()
}

/// Changes the project to the state of an earlier version: the project's seals on the target, and no pairs in the
/// ledger.
fn age(world: &TestWorld) {
    let project = project(world);
    let own = project.for_target("staging", "web");
    let (ours, theirs) = (
        project.seal(SECRET.as_bytes()).to_string(),
        own.seal(SECRET.as_bytes()).to_string(),
    );
    let record = record(world);
    assert!(world.read(&record).contains(&theirs));
    world.replace(&record, &theirs, &ours);

    let now = "2026-11-23T12:00:00Z"
        .parse()
        .map(evenkeel_model::Moment::new)
        .unwrap();
    let folder = world.path(".evenkeel");
    let ledger = SqliteLedger::open_or_found(&folder, "sealed", now, "lineage").unwrap();
    let mut aged: Option<StepsEnded> = None;
    for entry in ledger.read(0).unwrap() {
        let Some(Record::StepsEnded(mut ended)) = chain::understand(&entry).unwrap() else {
            continue;
        };
        for step in &mut ended.steps {
            let Some(applied) = &step.applied else {
                continue;
            };
            let mut json: Value = serde_json::from_str(applied.get()).unwrap();
            let seals = json.as_object_mut().unwrap().remove("seals");
            let sealed = ["file.config", "process.app"].contains(&&*step.instance.to_string());
            assert_eq!(seals.is_some(), sealed, "{}", step.instance);
            step.applied = Some(serde_json::value::to_raw_value(&json).unwrap());
        }
        match &mut aged {
            Some(all) => all.steps.extend(ended.steps),
            None => aged = Some(ended),
        }
    }
    ledger.append(now, &[aged.unwrap().into()], None).unwrap();
}

fn corners(world: &TestWorld) -> Vec<(String, String)> {
    let report = world.json(2, &["drift", "--live", "staging"]);
    let mut corners: Vec<(String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["environment"] == "staging")
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            (text("subject"), text("corner"))
        })
        .collect();
    corners.sort();
    corners.dedup();
    corners
}

fn pending() -> Vec<(String, String)> {
    ["file.config", "process.app"]
        .map(|subject| (subject.to_owned(), "pending".to_owned()))
        .into()
}

fn turn(world: &mut TestWorld) {
    world
        .variables
        .insert("STAGING_TOKEN".into(), "hunter3".into());
}

#[test]
fn nothing_on_the_target_is_sealed_with_the_key_of_the_project() {
    let world = world();
    world.expect(0, &["apply", "staging"]);
    let seal = project(&world).seal(SECRET.as_bytes());
    for (path, (_, bytes)) in world.snapshot(".evenkeel/targets") {
        let found = bytes
            .windows(64)
            .any(|window| window == seal.hex().as_bytes());
        assert!(!found, "{}", path.display());
    }
    let entries = ledger(&world).read(0).unwrap();
    let known = entries
        .iter()
        .any(|entry| format!("{entry:?}").contains(&seal.hex()));
    assert!(known, "the ledger has the project's seal");
    world.expect(0, &["plan", "staging"]);
}

#[test]
fn a_rotated_secret_is_pending_and_not_changed_outside() {
    let mut world = world();
    world.expect(0, &["apply", "staging"]);
    turn(&mut world);
    assert_eq!(corners(&world), pending());
    std::fs::write(world.path("run/staging/config"), "outside edit").unwrap();
    assert_ne!(corners(&world), pending());
}

#[test]
fn the_state_of_an_earlier_version_is_neither_drift_nor_restarted() {
    let mut world = world();
    world.expect(0, &["apply", "staging"]);
    age(&world);
    let before = world.read(&record(&world));
    world.expect(0, &["plan", "staging"]);
    world.expect(0, &["apply", "staging"]);
    assert_eq!(world.read(&record(&world)), before);

    turn(&mut world);
    assert_eq!(corners(&world), pending());
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["plan", "staging"]);
    let own = project(&world).for_target("staging", "web");
    let seal: Digest = own.seal(b"hunter3");
    assert!(world.read(&record(&world)).contains(&seal.to_string()));
}
