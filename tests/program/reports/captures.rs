//! Captures of the main commands: real runs, drawn at 80, 120 and 200 columns, and once in colour.
//!
//! The document of each run is rendered as the program renders it, after everything that differs from run to run was
//! replaced: digests, times, durations, the account and the directory. So one run has the same captures everywhere.

use std::collections::BTreeMap;

use evenkeel::report::{Report, ReportFormat, Style};
use evenkeel_model::Digest;
use regex::{Captures, Regex};
use serde_json::Value;

use super::super::world::{SYSTEM, TestWorld};

/// Replaces what differs from run to run.
struct Still {
    root: String,
    hexadecimal: Regex,
    time: Regex,
    words: Vec<(Regex, &'static str)>,
    /// The number of each digest, by its beginning.
    digests: BTreeMap<String, usize>,
}

impl Still {
    fn new(world: &TestWorld) -> Self {
        let words = [
            (
                r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
                "2026-11-28 10:00:00 UTC",
            ),
            (r"\b\d+(\.\d+)? (ms|s)\b", "1.2 s"),
            (
                r"[\w.-]+@[\w.-]+ \(process \d+\)",
                "ada@build-1 (process 4242)",
            ),
            (r"by (root|[\w-]+)$", "by ada"),
            (r"^[\w-]+ approved plan", "ada approved plan"),
            (r"approved by [\w-]+:", "approved by ada:"),
            (
                r"approved by [\w-]+ \(not signed\)",
                "approved by ada (not signed)",
            ),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "the lineage"),
        ];
        Self {
            root: world
                .path("")
                .to_str()
                .unwrap()
                .trim_end_matches('/')
                .to_owned(),
            hexadecimal: Regex::new(r"\b[0-9a-f]{7,64}\b").unwrap(),
            time: Regex::new(r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$").unwrap(),
            words: words
                .into_iter()
                .map(|(pattern, word)| (Regex::new(pattern).unwrap(), word))
                .collect(),
            digests: BTreeMap::new(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if self.time.is_match(text) {
            return "2026-11-28T10:00:00Z".to_owned();
        }
        let mut text = text.replace(&self.root, "/srv/shop");
        for (pattern, word) in &self.words {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        let digests = &mut self.digests;
        let number = |found: &Captures<'_>| {
            let found = &found[0];
            if !found.contains(|each: char| each.is_ascii_digit()) {
                return found.to_owned();
            }
            let next = digests.len();
            let number = *digests.entry(found[..7].to_owned()).or_insert(next);
            let digest = Digest::of(number.to_string().as_bytes()).to_string();
            digest.trim_start_matches("blake3:")[..found.len()].to_owned()
        };
        self.hexadecimal.replace_all(&text, number).into_owned()
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(object) => {
                if object.contains_key("host") && object.contains_key("process") {
                    object.insert("name".into(), "ada".into());
                    object.insert("host".into(), "build-1".into());
                    object.insert("process".into(), 4242.into());
                }
                for (name, below) in object {
                    match &**name {
                        "seconds" => *below = 1.2.into(),
                        _ => self.value(below),
                    }
                }
            }
            _ => {}
        }
    }
}

/// A world whose commands are captured.
struct Camera {
    world: TestWorld,
    still: Still,
}

impl Camera {
    fn new(world: TestWorld) -> Self {
        let still = Still::new(&world);
        Self { world, still }
    }

    /// Runs a command and compares its captures at every width.
    #[track_caller]
    fn take(&mut self, name: &str, code: i32, arguments: &[&str]) -> Report {
        let ran = self
            .world
            .plain(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, code, "{arguments:?}\n{}", ran.short());
        let mut document = ran.document();
        let report: Report = serde_json::from_value(document.clone()).unwrap();
        self.still.value(&mut document);
        let still: Report = serde_json::from_value(document).unwrap();
        let mut pages = format!("$ evenkeel {}\n", self.still.text(&arguments.join(" ")));
        for (width, colour) in [(80, false), (120, false), (200, false), (80, true)] {
            let drawn = drawn(&still, width, colour);
            let mark = if colour { " in colour" } else { "" };
            pages.push_str(&format!("\n=== {width} columns{mark} ===\n{drawn}"));
            assert!(!drawn.contains("\n\n\n"), "two blank lines:\n{drawn}");
            assert!(!drawn.starts_with('\n'), "a blank line first:\n{drawn}");
        }
        insta::assert_snapshot!(format!("captured-{name}"), pages.replace('\u{1b}', "␛"));
        report
    }
}

fn drawn(report: &Report, width: usize, colour: bool) -> String {
    let style = Style {
        colour,
        width,
        full: false,
        all: false,
        printed: false,
    };
    let mut text = Vec::new();
    ReportFormat::Text.write(report, style, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The small system with a process, an approval and two suites.
fn shop() -> Camera {
    let system = SYSTEM.replace("name = \"small\"", "name = \"shop\"").replace(
        "[suite.smoke]",
        "[process.app]\non = \"web\"\ncommand = [\"sleep\", \"600\"]\nstop-within = \"1s\"\nrestart-on = [\"file.config\"]\n\n[suite.smoke]",
    ) + "approvals = 1\n";
    let world = TestWorld::with(&system);
    world.commit();
    Camera::new(world)
}

#[test]
fn a_delivery_from_the_first_plan_to_the_release() {
    let mut camera = shop();
    camera.take("validate", 0, &["validate"]);
    camera.take("status-first", 0, &["status"]);
    camera.take("log-first", 0, &["log"]);
    camera.take("plan-create", 0, &["plan", "staging"]);
    camera.take("release-shut", 3, &["release"]);
    camera.take("apply", 0, &["apply", "staging"]);
    camera.take("verify", 0, &["verify", "staging"]);
    let delivered = camera.take("deliver", 0, &["deliver"]);
    let plan = &delivered.verdict.as_ref().unwrap().plan;
    let plan: String = plan
        .trim_start_matches("blake3:")
        .chars()
        .take(12)
        .collect();
    camera.take(
        "approve",
        0,
        &["approve", &plan, "--reason", "Seen on staging", "--yes"],
    );
    camera.take("release-open", 0, &["release"]);
    camera.take("deliver-again", 0, &["deliver"]);
    camera.take("status", 0, &["status"]);
    camera.take("log", 0, &["log"]);
    camera.take("show-apply", 0, &["show", "a-1"]);
    camera.take("show-suite", 0, &["show", "suite:smoke"]);
    camera.take("show-release", 0, &["show", "r-1"]);
    camera.take("show-missing", 1, &["show", "a-9"]);
    camera.take("drift-in-sync", 0, &["drift"]);
    camera.take("plan-nothing", 0, &["plan"]);
    camera.take("audit-verify", 0, &["audit", "verify"]);
}

#[test]
fn drift_its_plan_and_a_step_that_fails() {
    let mut camera = shop();
    camera.world.expect(0, &["apply", "staging"]);
    camera
        .world
        .write("run/staging/config.toml", "greeting = \"goodbye\"\n");
    camera.world.mode("run/staging/config.toml", 0o640);
    let drifted = camera.take("drift-live", 2, &["drift", "staging"]);
    let id: String = drifted
        .findings
        .first()
        .unwrap()
        .fingerprint
        .chars()
        .take(12)
        .collect();
    camera.take("explain-finding", 0, &["explain", &id]);
    camera.take("explain-code", 0, &["explain", "file/content-differs"]);
    camera.take("plan-change", 0, &["plan", "staging"]);
    let system = camera.world.read("environments/system.toml");
    let removed = system.find("[installation.app]").unwrap()..system.find("[file.config]").unwrap();
    let fewer = system.replace(&system[removed], "");
    camera.world.write("environments/system.toml", &fewer);
    camera.take("plan-removal", 0, &["plan", "staging"]);
    camera.world.write("environments/system.toml", &system);
    std::fs::remove_file(camera.world.path("run/staging/config.toml")).unwrap();
    std::fs::create_dir_all(camera.world.path("run/staging/config.toml/full")).unwrap();
    camera.take("drift-other-type", 2, &["drift", "staging", "--live"]);
    camera.take("apply-failed", 1, &["apply", "staging"]);
    camera.take("deliver-failed", 1, &["deliver"]);
}

#[test]
fn definitions_and_files_without_a_ledger() {
    let mut camera = shop();
    camera.world.replace(
        "environments/system.toml",
        "mode = \"0640\"",
        "mode = 640\nmod = \"0640\"",
    );
    camera.take("validate-errors", 1, &["validate"]);
    let mut camera = Camera::new(TestWorld::empty());
    camera.world.write(
        "values-staging.yaml",
        "image: shop:1.2.3\nreplicas: 2\nlevel: debug\n",
    );
    camera.world.write(
        "values-production.yaml",
        "image: shop:1.2.4\nreplicas: 6\nlevel: info\n",
    );
    camera.take(
        "compare",
        2,
        &["compare", "values-staging.yaml", "values-production.yaml"],
    );
    camera.take("init", 0, &["init"]);
}

#[test]
fn the_explained_finding_is_the_first_one_of_the_list() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    world.write("run/staging/config.toml", "greeting = \"goodbye\"\n");
    world.mode("run/staging/config.toml", 0o600);
    let ran = world.plain(&["drift", "staging", "--live"]);
    let id = |line: &str| line.split_whitespace().last().unwrap().to_owned();
    let listed = ran.out.lines().find(|line| line.starts_with("  error "));
    let named = ran
        .out
        .lines()
        .find(|line| line.contains("evenkeel explain"));
    assert_eq!(id(listed.unwrap()), id(named.unwrap()), "{}", ran.out);
}

#[test]
fn every_date_of_the_calendar_is_a_date_for_log() {
    let world = TestWorld::small();
    world.expect(0, &["apply", "staging"]);
    for date in ["9999-12-30", "9999-12-31"] {
        world
            .expect(0, &["log", "--since", date])
            .says("no entries match");
        world
            .expect(0, &["log", "--until", date])
            .says("a-1 to staging");
    }
    world
        .expect(0, &["log", "--since=-009999-01-01"])
        .says("a-1 to staging");
    world.expect(64, &["log", "--since", "9999-13-01"]);
}
