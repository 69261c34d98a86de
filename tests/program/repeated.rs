//! Determinism: the same input gives the same bytes on every run, with any number of threads, in any time zone and
//! language, and at any place. For documents, for plans and reports of live state, and for the ledger.

use evenkeel::operation;
use evenkeel_ledger::Ledger as _;
use evenkeel_ledger::folder::SqliteLedger;
use evenkeel_model::Moment;

use super::estate::estate;
use super::inside::{Inside, Outcome, words};
use super::tampering::{tamperings, watched_from};
use super::world::{SYSTEM, TestWorld};

/// Returns differences of many causes in many files.
fn many() -> TestWorld {
    let world = estate(
        "[document.files]\npath = \"d/${environment}\"\n\n[document.printed]\nrender = [\"bin/render\", \"${environment}\"]\n",
    );
    world.script(
        "bin/render",
        "for i in 1 2 3 4 5 6; do echo \"k$i: $1-$i-${#1}\"; done",
    );
    for file in 0..40 {
        let text = |shift: usize| -> String {
            (0..20)
                .map(|key| format!("key{key}: value{}\nlist{key}: [{{name: a, v: {}}}, {{name: b{shift}, v: 1}}]\n", (file * key + shift) % 7, shift * key))
                .collect()
        };
        world.write(&format!("d/staging/f{file}.yaml"), &text(1));
        world.write(&format!("d/production/f{file}.yaml"), &text(2));
    }
    world.write("d/production/broken.yaml", "a: [\n");
    world.write("d/staging/broken.yaml", "a: 1\n");
    world.write("d/staging/x.env", "A=1\nB=2\n");
    world.write("d/production/x.env", "A=2\nC=2\n");
    world
}

/// Returns all outputs without times.
fn outputs(world: &TestWorld) -> Vec<String> {
    outputs_of(
        world,
        &[
            &["drift", "--parity"][..],
            &["drift", "--parity", "--format", "json"],
            &["compare", "d/staging", "d/production"],
            &["compare", "d/staging", "d/production", "--format", "json"],
            &["baseline", "--dry-run"],
            &["init", "--dry-run"],
        ],
    )
}

/// Returns the outputs of commands without times.
fn outputs_of(world: &TestWorld, commands: &[&[&str]]) -> Vec<String> {
    let clock = regex::Regex::new(
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC|[0-9]{2}:[0-9]{2}:[0-9]{2}",
    )
    .unwrap();
    commands
        .iter()
        .map(|arguments| {
            clock
                .replace_all(&world.run(arguments).all(), "NOW")
                .into_owned()
        })
        .collect()
}

/// Irrelevant surroundings.
const SURROUNDINGS: &[&[(&str, &str)]] = &[
    &[],
    &[("RAYON_NUM_THREADS", "1")],
    &[("RAYON_NUM_THREADS", "2")],
    &[("RAYON_NUM_THREADS", "7")],
    &[("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8")],
    &[
        ("TZ", "America/St_Johns"),
        ("LC_ALL", "C"),
        ("LANG", "de_DE.UTF-8"),
    ],
    &[("TERM", "dumb"), ("USER", "another")],
];

#[test]
fn the_same_input_gives_the_same_bytes() {
    let mut world = many();
    let first = outputs(&world);
    assert!(
        first[0].contains("document/syntax") && first[0].contains("parity/"),
        "{}",
        first[0]
    );
    for variables in SURROUNDINGS {
        world.variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(outputs(&world), first, "{variables:?}");
    }
    let mut elsewhere = outputs(&many());
    // `init` proposes the name of the directory for the system.
    let (last, before) = (elsewhere.pop().unwrap(), first.last().unwrap());
    assert_eq!(elsewhere, first[..first.len() - 1]);
    assert_eq!(last.lines().count(), before.lines().count());
}

/// Saved plans and all reports of live state, with changes outside evenkeel, on this machine.
#[test]
fn plans_and_live_reports_are_the_same_bytes() {
    let mut system = format!(
        "{SYSTEM}\n[link.latest]\non = \"web\"\npath = \"${{directory.home.path}}/latest\"\nto = \"config.toml\"\n"
    );
    for number in 0..60 {
        system.push_str(&format!(
            "\n[file.f-{number}]\non = \"web\"\npath = \"${{directory.home.path}}/f-{number}\"\ncontent = \"{number}\\n\"\n"
        ));
    }
    let mut world = TestWorld::with(&system);
    world.expect(0, &["apply", "staging"]);
    for number in (0..60).step_by(3) {
        world.write(&format!("run/staging/f-{number}"), "outside edit\n");
    }
    for number in (0..60).step_by(7) {
        world.mode(&format!("run/staging/f-{number}"), 0o600);
    }
    world.mode("run/staging/app/current/app", 0o700);
    world.replace(
        "environments/system.toml",
        "content = \"1\\n\"",
        "content = \"new\\n\"",
    );
    let saved = |world: &TestWorld| {
        world.expect(2, &["plan", "staging", "-o", "the.plan"]);
        std::fs::read(world.path("the.plan")).unwrap()
    };
    // JSON does not depend on a terminal's width, and text does not depend on other processes.
    let documents: &[&[&str]] = &[
        &["drift", "--format", "json"],
        &["plan", "--format", "json"],
        &["status", "--format", "json"],
        &["log", "--format", "json"],
        &["audit", "verify", "--format", "json"],
    ];
    let texts: &[&[&str]] = &[
        &["drift"],
        &["drift", "staging"],
        &["plan"],
        &["status"],
        &["log"],
        &["audit", "verify"],
    ];
    let plan = saved(&world);
    let reported = outputs_of(&world, documents);
    let words = outputs_of(&world, texts);
    assert!(
        reported[0].contains("file/content-differs") && reported[1].contains("steps"),
        "{}",
        reported[0]
    );
    let kept = world.snapshot(".evenkeel");
    let rounds = match std::env::var_os("EVENKEEL_TEST_ALL") {
        Some(_) => 12,
        None => 1,
    };
    for round in 0..rounds {
        for variables in SURROUNDINGS
            .iter()
            .chain(&[&[("COLUMNS", "60")][..], &[("COLUMNS", "200")]])
        {
            world.variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert!(plan == saved(&world), "{round} {variables:?}: another plan");
            assert_eq!(
                outputs_of(&world, documents),
                reported,
                "{round} {variables:?}"
            );
            if !world.variables.contains_key("COLUMNS") {
                assert_eq!(outputs_of(&world, texts), words, "{round} {variables:?}");
            }
        }
    }
    assert!(
        kept == world.snapshot(".evenkeel"),
        "looking wrote something"
    );
}

/// Returns all results of one life of a project: saved plans, every report, and every line of the ledger.
fn life() -> Vec<String> {
    // Slow steps come after quick ones: concurrent steps are recorded in the order of their ends.
    let inside = watched_from(&|system| {
        system
            .replace(
                "[installation.app]\n",
                "[installation.app]\nafter = [\"file.config\", \"file.plain\", \"file.note\", \"file.token\", \"link.latest\", \"directory.loose\", \"directory.inbox\"]\n",
            )
            .replace("[process.app]\n", "[process.app]\nafter = [\"installation.app\"]\n")
    });
    let time = "2026-11-23T09:00:00Z".parse().map(Moment::new).unwrap();
    let folder = inside.world.path(".evenkeel");
    SqliteLedger::open_or_found(&folder, "watched", time, "lineage").unwrap();
    let seconds = regex::Regex::new("\"seconds\":[0-9.e-]+").unwrap();
    let mut all = Vec::new();
    let mut tell = |outcome: Outcome| {
        // Only durations depend on the machine.
        all.push(
            seconds
                .replace_all(&words(&outcome), "SECONDS")
                .into_owned(),
        );
    };
    let plan = |inside: &Inside, environment: &str| {
        let path = format!("{environment}.plan");
        let outcome = inside.with(|world, location| {
            operation::plan(
                world,
                location,
                operation::PlanRequest {
                    environment: Some(environment),
                    output: Some(path.as_ref()),
                    exit_code: true,
                },
            )
        });
        (outcome, inside.world.read(&path))
    };
    let mut plans = Vec::new();
    let mut save = |tell: &mut dyn FnMut(Outcome), environment: &str| {
        let (outcome, text) = plan(&inside, environment);
        tell(outcome);
        plans.push(text);
    };
    save(&mut tell, "staging");
    tell(inside.apply("staging.plan"));
    save(&mut tell, "production");
    let delivered = inside.deliver();
    let asked = delivered.as_ref().unwrap().verdict.as_ref().unwrap();
    let approved = inside.approve(&asked.plan.clone());
    tell(delivered);
    tell(approved);
    tell(inside.release());
    for (number, tampering) in (1..).zip(tamperings()) {
        if !tampering.whole {
            inside
                .target("staging")
                .change(|world| tampering.happen(world, number));
        }
    }
    tell(inside.drift());
    save(&mut tell, "staging");
    tell(inside.apply("staging.plan"));
    tell(inside.drift());
    tell(inside.status());
    tell(inside.log());
    tell(inside.audit());
    all.extend(plans);
    let ledger = SqliteLedger::open_existing(&folder, Some("watched")).unwrap();
    all.extend(ledger.unwrap().read(0).unwrap().iter().map(|entry| {
        format!(
            "{} {} {} {} {} {}",
            entry.sequence, entry.time, entry.kind, entry.previous, entry.digest, entry.body
        )
    }));
    all
}

/// Each life has its own directory, and no byte depends on it.
#[test]
fn two_lives_of_one_project_leave_the_same_plans_reports_and_ledger() {
    let first = life();
    for kind in ["steps-intended", "approved", "release-ended"] {
        assert!(first.iter().any(|line| line.contains(kind)), "no {kind}");
    }
    for round in 0..20 {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1 + round % 4)
            .build()
            .unwrap();
        let again = pool.install(life);
        for (one, two) in first.iter().zip(&again) {
            assert_eq!(one, two, "{round}");
        }
        assert_eq!(first.len(), again.len());
    }
}
