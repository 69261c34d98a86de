//! Declared differences: every bound, patterns, and checks of their list.

use super::estate::{declared, drift, estate, reported, yaml};
use super::world::TestWorld;

/// Returns a document with one difference, and one declaration of it.
fn with(staging: &str, production: &str, declaration: &str) -> TestWorld {
    let world = yaml(staging, production, "");
    world.write("environments/differences.toml", declaration);
    world
}

#[track_caller]
fn admits(staging: &str, production: &str, at: &str, bounds: &str) {
    let world = with(staging, production, &declared(at, bounds));
    assert_eq!(drift(&world, 0), Vec::<String>::new(), "{bounds}");
    // It is accepted, and stays in the report.
    let report = world.json(0, &["drift", "--parity"]);
    assert_eq!(report["parity"]["declared"], 1, "{bounds}");
    let findings = report["findings"].as_array().unwrap();
    assert!(
        !findings.is_empty()
            && findings
                .iter()
                .all(|finding| finding["allowed"]["reason"] == "meant so")
    );
    world.expect(0, &["drift", "--parity"]).says("meant so");
}

#[track_caller]
fn refuses(staging: &str, production: &str, at: &str, bounds: &str, says: &str) {
    let world = with(staging, production, &declared(at, bounds));
    let report = world.json(2, &["drift", "--parity"]);
    assert_eq!(
        reported(&report).len(),
        1,
        "{bounds}: {:?}",
        reported(&report)
    );
    assert_eq!(report["parity"]["declared"], 0, "{bounds}");
    world
        .expect(2, &["drift", "--parity"])
        .says("a difference is declared here, but")
        .says(says);
}

const AT: &str = "document.config.replicas";

#[test]
fn a_declared_difference_is_shown_with_its_ticket() {
    let bounds = "staging = 2\nproduction = 6\nticket = \"OPS-7\"";
    let world = with("replicas: 2\n", "replicas: 6\n", &declared(AT, bounds));
    let shown = world.expect(0, &["drift", "--parity"]);
    shown.says("meant so (until").says(", OPS-7)");
}

#[test]
fn every_bound_admits_exactly_its_values() {
    let (staging, production) = ("replicas: 2\n", "replicas: 6\n");
    for bounds in [
        "staging = 2\nproduction = 6",
        "staging = \"2\"\nproduction = { exact = 6 }",
        "staging = { one-of = [1, 2] }\nproduction = { one-of = [6] }",
        "staging = { min = 2 }\nproduction = { min = 3, max = 6 }",
        "staging = { max = 2 }\nproduction = { max = 6 }",
        "staging = { matches = \"[0-9]\" }\nproduction = { matches = \"6|7\" }",
        "ratio = { max = 3 }",
        "ratio = { min = 2, max = 4 }",
        "same-class = true",
        "staging = { max = 2 }\nratio = { max = 3 }",
    ] {
        admits(staging, production, AT, bounds);
    }
    for (bounds, says) in [
        ("staging = 2\nproduction = 7", "production has 6"),
        ("staging = 1\nproduction = 6", "staging has 2"),
        ("staging = { one-of = [1, 3] }\nproduction = 6", "one of"),
        ("staging = { min = 3 }\nproduction = 6", "at least 3"),
        ("staging = 2\nproduction = { max = 5 }", "at most 5"),
        (
            "staging = 2\nproduction = { matches = \"[0-5]+\" }",
            "matches",
        ),
        ("staging = { absent = true }\nproduction = 6", "nothing"),
        ("ratio = { max = 2.9 }", "ratio"),
        ("ratio = { min = 3.1 }", "ratio"),
    ] {
        refuses(staging, production, AT, bounds, says);
    }
    refuses(
        "replicas: 1\n",
        "replicas: 6\n",
        AT,
        "same-class = true",
        "one class",
    );
    admits(
        "memory: 512Mi\n",
        "memory: 2Gi\n",
        "document.config.memory",
        "staging = { min = \"256Mi\" }\nproduction = { max = \"2048Mi\" }",
    );
    admits(
        "memory: 512Mi\n",
        "memory: 2Gi\n",
        "document.config.memory",
        "ratio = { max = 4 }",
    );
    refuses(
        "memory: 512Mi\n",
        "memory: 2Gi\n",
        "document.config.memory",
        "ratio = { max = 3 }",
        "ratio",
    );
    admits(
        "a: 1\n",
        "a: 1\nb: x\n",
        "document.config.b",
        "staging = { absent = true }\nproduction = \"x\"",
    );
    admits(
        "a: 1\n",
        "a: 1\nb: {c: 1}\n",
        "document.config.b",
        "staging = { absent = true }\nproduction = { absent = false }",
    );
    refuses(
        "a: 1\n",
        "a: 1\nb: x\n",
        "document.config.b",
        "staging = { absent = true }\nproduction = \"y\"",
        "production has",
    );
}

#[test]
fn patterns_name_elements_and_hold_at_each_place() {
    let pool = |one: u32, two: u32| {
        format!("pools:\n- {{name: a, size: {one}}}\n- {{name: b, size: {two}}}\n")
    };
    admits(
        &pool(2, 3),
        &pool(4, 3),
        "document.config.pools[name=a].size",
        "staging = 2\nproduction = 4",
    );
    for at in [
        "document.config.pools[*].size",
        "document.config.**.size",
        "document.config.pools[name=*].size",
        "document.config.*[*].size",
    ] {
        let world = with(
            &pool(2, 3),
            &pool(4, 6),
            &declared(at, "ratio = { max = 2 }"),
        );
        assert_eq!(drift(&world, 0), Vec::<String>::new(), "{at}");
        world.write("config/production.yaml", &pool(4, 7));
        assert_eq!(
            drift(&world, 2),
            ["parity/size-differs pools[name=b].size"],
            "{at}"
        );
    }
    admits(
        "a:\n  \"x.y/z\": one\n",
        "a:\n  \"x.y/z\": two\n",
        "document.config.a.\"x.y/z\"",
        "staging = \"one\"\nproduction = \"two\"",
    );
    admits(
        "env: [LEVEL=info]\n",
        "env: [LEVEL=debug]\n",
        "document.config.env[LEVEL]",
        "staging = { matches = \".*info\" }\nproduction = { matches = \".*debug\" }",
    );
    let world = estate("[document.config]\npath = \"d/${environment}\"\n");
    world.write("d/staging/a.yaml", "x: 1\n");
    world.write("d/production/a.yaml", "x: 2\n");
    world.write("d/production/b.yaml", "x: 2\n");
    world.write(
        "environments/differences.toml",
        &(declared(
            "document.config.\"a.yaml\".x",
            "staging = 1\nproduction = 2",
        ) + &declared(
            "document.config.\"b.yaml\"",
            "staging = { absent = true }\nproduction = { absent = false }",
        )),
    );
    assert_eq!(drift(&world, 0), Vec::<String>::new());
}

#[track_caller]
fn lints(world: &TestWorld, expected: &[&str]) {
    let report = world.json(2, &["drift", "--parity"]);
    let mut codes: Vec<String> = reported(&report)
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .filter(|code| code.starts_with("difference/"))
        .collect();
    codes.sort();
    assert_eq!(codes, expected, "{:?}", reported(&report));
    for finding in report["findings"].as_array().unwrap() {
        if finding["code"].as_str().unwrap().starts_with("difference/") {
            assert_eq!(
                finding["places"][0]["path"],
                "environments/differences.toml"
            );
        }
    }
}

#[test]
fn each_declaration_must_be_true_bounded_and_in_force() {
    let (staging, production) = ("replicas: 2\nsame: 1\n", "replicas: 6\nsame: 1\n");
    let good = declared(AT, "staging = 2\nproduction = 6");
    let nothing = declared("document.config.gone", "staging = 1\nproduction = 2");
    lints(
        &with(staging, production, &(good.clone() + &nothing)),
        &["difference/unmatched"],
    );
    let equal = declared("document.config.same", "staging = 1\nproduction = 2");
    lints(
        &with(staging, production, &(good.clone() + &equal)),
        &["difference/no-longer-needed"],
    );
    let twice = good.clone() + &good;
    lints(
        &with(staging, production, &twice),
        &["difference/duplicate"],
    );
    let overlapping = good.clone() + &declared("document.config.repl*", "ratio = { max = 3 }");
    lints(
        &with(staging, production, &overlapping),
        &["difference/duplicate"],
    );
    for (at, bounds) in [
        ("document.config.**", "staging = 2\nproduction = 6"),
        ("document.config.*", "staging = 2\nproduction = 6"),
        (AT, "staging = 2"),
        (AT, "staging = { matches = \".*\" }\nproduction = 6"),
        (
            AT,
            "staging = { absent = false }\nproduction = { absent = false }",
        ),
    ] {
        let world = with(staging, production, &declared(at, bounds));
        let reported = drift(&world, 2);
        assert!(
            reported.contains(&"difference/over-broad".to_owned()),
            "{at} {bounds}: {reported:?}"
        );
    }
    let expired = good.replace("2099-01-01", "2020-01-01");
    let world = with(staging, production, &expired);
    let both = drift(&world, 2);
    assert!(both.contains(&"difference/expired".to_owned()), "{both:?}");
    assert!(
        both.contains(&"parity/size-differs replicas".to_owned()),
        "{both:?}"
    );
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5 * 24);
    let soon = soon.to_string();
    let world = with(
        staging,
        production,
        &good.replace("2099-01-01", &soon[..10]),
    );
    let report = world.json(0, &["drift", "--parity"]);
    assert_eq!(reported(&report), ["difference/expires-soon"]);
    assert_eq!(report["findings"][0]["severity"], "warning");
}

/// With an unreadable half, no declaration is reported as unneeded.
#[test]
fn no_declaration_of_an_unreadable_document_is_unneeded() {
    let good = declared(AT, "staging = 2\nproduction = 6");
    let world = with("replicas: 2\n", "replicas: 6\nreplicas: 7\n", &good);
    assert_eq!(drift(&world, 1), ["document/duplicate-key"]);
    std::fs::remove_file(world.path("config/production.yaml")).unwrap();
    assert_eq!(drift(&world, 1), ["document/unreadable"]);
}

#[test]
fn differences_are_in_their_own_file_or_the_environments() {
    let good = declared(AT, "staging = 2\nproduction = 6");
    let world = yaml("replicas: 2\n", "replicas: 6\n", "");
    world.add("environments/production.toml", &format!("\n{good}"));
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.write("environments/differences.toml", &good);
    lints(&world, &["difference/duplicate"]);
    world.write("environments/differences.toml", "[[difference]]\nat = 1\n");
    world
        .expect(1, &["drift", "--parity"])
        .says("environments/differences.toml");
}

#[test]
fn an_explained_declaration_covers_exactly_its_finding() {
    let world = yaml(
        "replicas: 2\nlevel: info\nhosts: [{name: a, v: one}]\ndebug: true\nonly: {x: 1}\n",
        "replicas: 6\nlevel: debug\nhosts: [{name: a, v: two}]\ndebug: false\n",
        "",
    );
    let before = world.json(2, &["drift", "--parity"]);
    let all = reported(&before);
    assert_eq!(all.len(), 5, "{all:?}");
    for finding in before["findings"].as_array().unwrap() {
        let id = finding["fingerprint"].as_str().unwrap();
        let lines = world.expect(
            0,
            &[
                "explain",
                id,
                "--declare",
                "--owner",
                "me",
                "--reason",
                "tried",
            ],
        );
        world.write("environments/differences.toml", &lines.out);
        let left = drift(&world, 2);
        let one = format!(
            "{} {}",
            finding["code"].as_str().unwrap(),
            finding["attribute"].as_str().unwrap()
        );
        let expected: Vec<String> = all.iter().filter(|each| **each != one).cloned().collect();
        assert_eq!(left, expected, "{}", lines.out);
        std::fs::remove_file(world.path("environments/differences.toml")).unwrap();
    }
    world
        .expect(1, &["explain", "000000000000", "--declare"])
        .says("no undeclared difference");
    let id = before["findings"][0]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned();
    let declaration = world.expect(
        0,
        &[
            "explain",
            &id,
            "--declare",
            "--owner",
            "me",
            "--ticket",
            "OPS-7",
        ],
    );
    let stable = regex::Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}").unwrap();
    insta::assert_snapshot!(
        "explain-declare",
        stable.replace_all(&declaration.out, "DATE")
    );
}
