//! Law of claims for any two definitions A and B, with A applied: one run of B leaves an empty plan, even after an
//! earlier run was killed at any moment; nothing undeclared is lost; success is only reported if all of B exists.
//!
//! `EVENKEEL_LAW_PAIRS=10000` runs more pairs than the default of 500, and `EVENKEEL_LAW_SEED` others.

use std::collections::{BTreeMap, BTreeSet};

use super::in_memory::Project;
use evenkeel_host::RecordedTarget;
use evenkeel_host::recorded::Thing;
use evenkeel_ledger::record::{ApplyOutcome, Verb};

/// Small random number generator: the same seed gives the same pairs.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Declaration of a path.
#[derive(Clone, Debug, PartialEq)]
enum What {
    File(&'static str),
    Directory(&'static str),
    Link(&'static str),
    Installation,
}

impl What {
    fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Directory(_) => "directory",
            Self::Link(_) => "link",
            Self::Installation => "installation",
        }
    }
}

/// Definition: the declaration and name of each path.
#[derive(Clone, Debug)]
struct Shape(BTreeMap<String, (What, usize)>);

const TOP: [&str; 4] = ["a", "b", "c", "d"];
const BELOW: [&str; 2] = ["x", "y"];
const CONTENTS: [&str; 3] = ["one", "two", "three"];
const MODES: [&str; 2] = ["0755", "0700"];
const NAMES: usize = 9;

impl Shape {
    fn any(random: &mut Random) -> Self {
        let mut shape = Self(BTreeMap::new());
        for name in TOP {
            shape.fill(&format!("/srv/{name}"), 2, random);
        }
        shape
    }

    fn fill(&mut self, path: &str, depth: usize, random: &mut Random) {
        let what = match random.below(if depth == 0 { 5 } else { 9 }) {
            0 => return,
            1 | 2 => What::File(random.pick(&CONTENTS)),
            3 | 4 => What::Link(random.pick(&["/srv", "nowhere"])),
            _ => What::Directory(random.pick(&MODES)),
        };
        let is_directory = what.kind() == "directory";
        self.name(path, what, random);
        if !is_directory {
            return;
        }
        if random.below(4) == 0 {
            self.name(&format!("{path}/current"), What::Installation, random);
        }
        for name in BELOW {
            self.fill(&format!("{path}/{name}"), depth - 1, random);
        }
    }

    /// Gives the declaration of a path a name that is unique within its kind.
    fn name(&mut self, path: &str, what: What, random: &mut Random) {
        let taken: BTreeSet<usize> = self
            .0
            .values()
            .filter(|(other, _)| other.kind() == what.kind())
            .map(|(_, number)| *number)
            .collect();
        let mut number = random.below(NAMES);
        while taken.contains(&number) {
            number += 1;
        }
        self.0.insert(path.to_owned(), (what, number));
    }

    /// Returns a similar definition: names and contents change, and sometimes a path.
    fn neighbour(&self, random: &mut Random) -> Self {
        let other = Self::any(random);
        if random.below(2) == 0 {
            return other;
        }
        let mut shape = Self(BTreeMap::new());
        let kept = random.below(4);
        for (path, (what, _)) in &self.0 {
            let parent = path.rsplit_once('/').unwrap().0;
            let has_parent = parent == "/srv"
                || shape
                    .0
                    .get(parent)
                    .is_some_and(|(what, _)| what.kind() == "directory");
            if !has_parent || (kept == 0 && random.below(4) == 0) {
                continue;
            }
            let what = match what {
                What::File(_) if random.below(3) == 0 => What::File(random.pick(&CONTENTS)),
                What::File(_) if random.below(4) == 0 => What::Link("nowhere"),
                What::Link(_) if random.below(4) == 0 => What::File("one"),
                What::Directory(_) if random.below(5) == 0 => What::File("two"),
                other => other.clone(),
            };
            shape.name(path, what, random);
        }
        shape
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (path, (what, number)) in &self.0 {
            let kind = what.kind();
            text.push_str(&format!("[{kind}.n-{number}]\non = \"web\"\n"));
            text.push_str(&match what {
                What::File(content) => format!("path = \"{path}\"\ncontent = \"{content}\"\n"),
                What::Directory(mode) => format!("path = \"{path}\"\nmode = \"{mode}\"\n"),
                What::Link(to) => format!("path = \"{path}\"\nto = \"{to}\"\n"),
                What::Installation => format!(
                    "artifact = \"app\"\ninto = \"{}\"\n",
                    path.strip_suffix("/current").unwrap()
                ),
            });
        }
        text
    }

    /// Returns the expected resources by path, and the directories of installations.
    fn expected(&self) -> (BTreeMap<String, String>, BTreeSet<String>) {
        let mut things = BTreeMap::new();
        let mut installations = BTreeSet::new();
        for (path, (what, _)) in &self.0 {
            let shown = match what {
                What::File(content) => format!("file {content}"),
                What::Directory(mode) => format!("directory {mode}"),
                What::Link(to) => format!("link {to}"),
                What::Installation => {
                    installations.insert(path.strip_suffix("/current").unwrap().to_owned());
                    continue;
                }
            };
            things.insert(path.clone(), shown);
        }
        (things, installations)
    }
}

/// Returns the existing resources, without undeclared ones.
fn there(target: &RecordedTarget) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let world = target.world();
    let things = world
        .things
        .iter()
        .filter(|(path, _)| !path.ends_with("foreign") && !matches!(path.as_str(), "/" | "/srv"))
        .map(|(path, (thing, _))| {
            let shown = match thing {
                Thing::File { bytes, .. } => {
                    format!("file {}", String::from_utf8_lossy(bytes))
                }
                Thing::Directory { mode, .. } => format!("directory {mode:04o}"),
                Thing::Link { to } => format!("link {to}"),
            };
            (path.clone(), shown)
        })
        .collect();
    let installed = world.installations.iter();
    let installed = installed.filter(|(_, installed)| installed.current.is_some());
    (things, installed.map(|(into, _)| into.clone()).collect())
}

/// Returns a project with A applied, and with undeclared files at the top and in directories that both have.
fn with_applied(one: &Shape, two: &Shape) -> (Project, Vec<String>) {
    let project = Project::new();
    assert_eq!(project.apply(&one.text()).outcome, ApplyOutcome::Done);
    assert_eq!(there(&project.target), one.expected());
    let is_directory = |shape: &Shape, path: &str| {
        shape
            .0
            .get(path)
            .is_some_and(|(what, _)| what.kind() == "directory")
    };
    let mut foreign = vec!["/srv/foreign".to_owned()];
    for path in one.0.keys() {
        if is_directory(one, path) && is_directory(two, path) {
            foreign.push(format!("{path}/foreign"));
        }
    }
    project.target.change(|host| {
        for path in &foreign {
            host.put_file(path, b"foreign", 0o600);
        }
    });
    (project, foreign)
}

fn holds(project: &Project, foreign: &[String], one: &Shape, two: &Shape, what: &str) {
    let steps = project.steps(&two.text());
    let context = || format!("{what}\nA:\n{}\nB:\n{}", one.text(), two.text());
    assert_eq!(steps, [], "the plan is not empty: {}", context());
    assert_eq!(project.drift(&two.text()), [], "drift: {}", context());
    assert_eq!(there(&project.target), two.expected(), "{}", context());
    assert_eq!(project.open(), 0, "open steps: {}", context());
    let world = project.target.world();
    for path in foreign {
        assert!(
            world.things.contains_key(path),
            "{path} is lost: {}",
            context()
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the caller of the tests sets the number of pairs"
)]
fn number_of(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn any_definition_follows_any_other_in_one_run_whatever_was_killed() {
    let pairs = number_of("EVENKEEL_LAW_PAIRS", 500);
    let seed = number_of("EVENKEEL_LAW_SEED", 1);
    let worker = |part: u64| {
        let mut kills = 0;
        for number in (part..pairs).step_by(2) {
            let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number));
            random.below(2);
            let one = Shape::any(&mut random);
            let two = one.neighbour(&mut random);
            let (project, foreign) = with_applied(&one, &two);
            let actions = project.target.journal().len();
            let report = project.apply(&two.text());
            let context = || {
                format!(
                    "{number}: {report:#?}\nA:\n{}\nB:\n{}",
                    one.text(),
                    two.text()
                )
            };
            assert_eq!(report.outcome, ApplyOutcome::Done, "{}", context());
            holds(&project, &foreign, &one, &two, &format!("pair {number}"));
            let count = project.target.journal().len() - actions;
            let kill = random.below(2 * count + 3);
            let (project, foreign) = with_applied(&one, &two);
            project.apply_killed(&two.text(), kill);
            let what = format!("pair {number}, killed at {kill}");
            let report = project.apply(&two.text());
            assert_eq!(
                report.outcome,
                ApplyOutcome::Done,
                "{what}: {report:#?}\nA:\n{}\nB:\n{}",
                one.text(),
                two.text()
            );
            holds(&project, &foreign, &one, &two, &what);
            kills += 1;
        }
        kills
    };
    let kills: u64 = std::thread::scope(|scope| {
        let other = scope.spawn(|| worker(1));
        worker(0) + other.join().unwrap()
    });
    assert_eq!(kills, pairs);
}

#[test]
fn each_host_of_several_is_as_if_it_were_the_only_one() {
    let seed = number_of("EVENKEEL_LAW_SEED", 1);
    for number in 0..number_of("EVENKEEL_LAW_PAIRS", 500) / 10 {
        let mut random = Random(seed.wrapping_mul(7_919).wrapping_add(number));
        let one = Shape::any(&mut random);
        let two = one.neighbour(&mut random);
        let (before, after) = (one.expected(), two.expected());
        let (one, two) = (one.text(), two.text());
        let mut fleet = Project::fleet(&["a", "b", "c"]);
        // A host that joins later, and one that leaves earlier.
        fleet.listed = vec!["a", "b"];
        let applied = fleet.apply(&one);
        assert_eq!(applied.outcome, ApplyOutcome::Done, "{:?}", applied.steps);
        fleet.listed = vec!["b", "c"];
        let applied = fleet.apply(&two);
        assert_eq!(applied.outcome, ApplyOutcome::Done, "{:?}", applied.steps);
        assert_eq!(fleet.steps(&two), [], "{number}: {one}{two}");
        assert_eq!(fleet.drift(&two), [], "{number}: {one}{two}");
        for (host, expected) in [("a", &before), ("b", &after), ("c", &after)] {
            let found = there(&fleet.hosts[host]);
            assert_eq!(found, *expected, "{number} {host}: {one}{two}");
        }
        // A change on one host is repaired there alone.
        let Some(path) = fleet.hosts["c"]
            .world()
            .things
            .keys()
            .rfind(|path| path.starts_with("/srv/"))
            .cloned()
        else {
            continue;
        };
        fleet.hosts["c"].change(|host| host.things.remove(&path));
        let steps = fleet.steps(&two);
        assert!(!steps.is_empty(), "{number}: {path} {two}");
        assert!(
            steps.iter().all(|(name, _)| name.ends_with("@c")),
            "{number}: {path} {steps:?}"
        );
    }
}

#[test]
fn what_was_applied_to_a_host_that_left_stays_there_and_is_forgotten() {
    let resources = "[file.a]\non = \"web\"\npath = \"/srv/a\"\ncontent = \"one\"\n";
    let mut fleet = Project::fleet(&["a", "b"]);
    fleet.apply(resources);
    fleet.listed = vec!["b"];
    assert_eq!(
        fleet.drift(resources),
        [("live/not-recorded", String::new())]
    );
    assert_eq!(
        fleet.steps(resources),
        [("file.a@a".to_owned(), Verb::Remove)]
    );
    let before = fleet.hosts["a"].world();
    assert_eq!(fleet.apply(resources).outcome, ApplyOutcome::Done);
    assert_eq!(fleet.hosts["a"].world(), before);
    assert_eq!(fleet.steps(resources), []);
    // It comes back as it is.
    fleet.listed = vec!["a", "b"];
    assert_eq!(
        fleet.steps(resources),
        [("file.a@a".to_owned(), Verb::Record)]
    );
}

#[test]
fn a_host_that_cannot_be_read_is_named_and_delays_no_other() {
    let resources = "[file.a]\non = \"web\"\npath = \"/srv/a\"\ncontent = \"one\"\n";
    let fleet = Project::fleet(&["a", "b", "c"]);
    fleet.hosts["b"].blind("/srv/a");
    fleet.planned(resources, |_, plan| {
        let unseen: Vec<String> = plan
            .unseen
            .iter()
            .map(|unseen| unseen.instance.to_string())
            .collect();
        assert_eq!(unseen, ["file.a@b"]);
        let steps: Vec<String> = plan
            .steps
            .iter()
            .map(|step| step.instance.to_string())
            .collect();
        assert_eq!(steps, ["file.a@a", "file.a@c"]);
    });
}
