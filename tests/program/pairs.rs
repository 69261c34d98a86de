//! Pairs of files: detected by `init`, left to a person, and never clean in `drift` if they were omitted.

use super::estate::drift;
use super::world::TestWorld;

fn repository(files: &[(&str, &str)]) -> TestWorld {
    let world = TestWorld::empty();
    for (name, text) in files {
        world.write(name, text);
    }
    world.commit();
    world
}

fn init(files: &[(&str, &str)]) -> TestWorld {
    let world = repository(files);
    world.expect(0, &["init"]);
    world
}

/// Returns a declared pair of equal files, and pairs beside it.
fn beside(others: &[(&str, &str)], more: &str) -> TestWorld {
    let world = repository(others);
    for name in ["staging", "production"] {
        world.write(&format!("declared/{name}.yaml"), "a: 1\n");
        world.write(
            &format!("environments/{name}.toml"),
            &format!("[environment]\nname = \"{name}\"\n"),
        );
    }
    world.write(
        "environments/system.toml",
        &format!(
            "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n\n[document.declared]\npath = \"declared/${{environment}}.yaml\"\n{more}"
        ),
    );
    world.commit();
    world
}

#[test]
fn paths_that_are_equal_but_for_the_environment_are_a_pair_whatever_they_share() {
    for (one, two) in [
        ("compose.staging.yaml", "compose.production.yaml"),
        ("hosts-qa.yml", "hosts-live.yml"),
        ("Config.PreProd.json", "Config.Prod.json"),
        ("uat/app.ini", "prd/app.ini"),
    ] {
        let (first, second) = match one.rsplit_once('.').unwrap().1 {
            "json" => ("{\"a\": 1}", "{\"b\": {\"c\": 1, \"d\": 2}}"),
            "ini" => ("[a]\nb = 1\n", "[c]\nd = 1\ne = 2\n"),
            _ => ("a: 1\nb: {c: 1}\n", "x: 1\ny: {z: 1}\n"),
        };
        let world = init(&[(one, first), (two, second)]);
        assert!(!drift(&world, 2).is_empty(), "{one}");
    }
}

#[test]
fn drift_is_not_clean_while_likely_pairs_are_not_declared() {
    let pair = [
        ("apps/web/Pulumi.QA.yaml", "a: 1\n"),
        ("apps/web/Pulumi.Production.yaml", "a: 2\n"),
        ("other/values-staging.yaml", "a: 1\n"),
        ("other/values-prod.yaml", "a: 2\n"),
    ];
    let world = beside(&pair, "");
    for arguments in [
        &["drift", "--parity"][..],
        &["drift", "--parity", "--no-history"],
        &["drift"],
        &["drift", "staging"],
        &["drift", "--parity", "--at", "HEAD"],
    ] {
        let ran = world.expect(2, arguments);
        ran.says("in parity; 2 likely pairs are not declared");
        ran.says("not compared: apps/web/Pulumi.QA.yaml ↔ apps/web/Pulumi.Production.yaml");
    }
    let document = world.json(2, &["drift", "--parity"]);
    assert_eq!(document["exit-code"], 2);
    assert_eq!(
        document["parity"]["not-compared"],
        serde_json::json!([
            ["apps/web/Pulumi.QA.yaml", "apps/web/Pulumi.Production.yaml"],
            ["other/values-staging.yaml", "other/values-prod.yaml"],
        ])
    );
    // Pairs excluded by name are counted, and shut nothing.
    world.add(
        "environments/system.toml",
        "\n[ignore]\npairs = [\"apps/**\", \"other/values-*.yaml\"]\n",
    );
    world
        .expect(0, &["drift", "--parity"])
        .says("2 pairs left out by the definitions");
    // A baseline declares current differences.
    let world = beside(&pair, "");
    world
        .expect(0, &["baseline"])
        .says("2 likely pairs excluded in differences.toml");
    world.expect(0, &["drift", "--parity"]);
    world.write("new/values-staging.yaml", "a: 1\n");
    world.write("new/values-prod.yaml", "a: 1\n");
    world
        .expect(2, &["drift", "--parity"])
        .says("1 likely pair is not declared");
}

#[test]
fn definitions_that_compare_nothing_are_not_clean_over_pairs() {
    let world = beside(
        &[("a-staging.yaml", "a: 1\n"), ("a-prod.yaml", "a: 2\n")],
        "",
    );
    world.replace(
        "environments/system.toml",
        "[document.declared]\npath = \"declared/${environment}.yaml\"\n",
        "",
    );
    world
        .expect(2, &["drift", "--parity"])
        .says("2 likely pairs are not declared");
}

#[test]
fn unlikely_pairs_do_not_count() {
    let world = beside(
        &[
            ("tests/values-staging.yaml", "a: 1\n"),
            ("tests/values-production.yaml", "a: 2\n"),
            ("src/staging.rs", "a\n"),
            ("src/production.rs", "b\n"),
            ("logo-staging.png", "a\n"),
            ("logo-production.png", "b\n"),
            ("other/environments/system.toml", "a = 1\n"),
            ("other/environments/staging.toml", "a = 1\n"),
            ("other/environments/production.toml", "a = 1\n"),
            ("compose.yaml", "a: 1\n"),
            ("compose.staging.yaml", "a: 1\n"),
            ("environments/files/staging.conf", "a\n"),
            ("environments/files/production.conf", "b\n"),
        ],
        "",
    );
    world
        .expect(0, &["drift", "--parity"])
        .says("in parity")
        .says("no declared differences");
}

#[test]
fn a_pattern_that_names_no_files_is_refused() {
    let world = beside(&[], "\n[ignore]\npairs = [\"a[\", \"/etc\"]\nothers = 1\n");
    let ran = world.run(&["drift", "--parity"]);
    ran.says("`a[` in `pairs` is not a valid pattern of files");
    ran.says("`/etc` in `pairs` is not a valid pattern of files");
    ran.says("others");
}

#[test]
fn uncertain_documents_are_written_as_comments() {
    let world = init(&[
        ("a/values-staging.yaml", "a: 1\n"),
        ("a/values-production.yaml", "a: 1\n"),
        ("b/values-dev.yaml", "a: 1\n"),
        ("b/values-production.yaml", "a: 2\n"),
        ("vault-staging.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
        ("vault-production.yml", "$ANSIBLE_VAULT;1.1;AES256\n6163\n"),
    ]);
    let system = world.read("environments/system.toml");
    assert!(
        system.contains("# not compared: \"b/values-dev.yaml\", \"b/values-production.yaml\""),
        "{system}"
    );
    assert!(
        system.contains("# not compared: \"vault-staging.yml\", \"vault-production.yml\""),
        "{system}"
    );
    world
        .expect(0, &["drift", "--parity"])
        .says("2 pairs left out by the definitions");
    // If nothing is certain, everything is a comment.
    let world = init(&[
        ("tests/app-staging.yaml", "a: 1\n"),
        ("tests/app-production.yaml", "a: 1\n"),
    ]);
    let system = world.read("environments/system.toml");
    assert!(system.contains("\n# [document.app]\n"), "{system}");
    world.expect(0, &["validate"]);
}

#[test]
fn the_path_is_the_one_that_most_documents_support() {
    let mut files = vec![
        ("notes/campus-ci.yaml", "a: production\n"),
        ("notes/campus-staging-ci.yaml", "a: production\n"),
    ];
    for path in ["web/App.QA.yaml", "api/App.QA.yaml", "mail/App.QA.yaml"] {
        files.push((path, "level: debug\n"));
    }
    for path in [
        "web/App.Live.yaml",
        "api/App.Live.yaml",
        "mail/App.Live.yaml",
    ] {
        files.push((path, "level: info\n"));
    }
    let world = init(&files);
    let system = world.read("environments/system.toml");
    assert!(system.contains("path = [\"qa\", \"live\"]"), "{system}");
    assert!(!drift(&world, 2).is_empty());
}

#[test]
fn compare_knows_environments_by_the_names_that_init_knows() {
    for (one, two) in [
        ("Pulumi.QA.yaml", "Pulumi.Production.yaml"),
        ("settings.Staging.yaml", "settings.Production.yaml"),
        ("Env/Uat/app.yaml", "Env/Live/app.yaml"),
        ("env/stg/stg.yaml", "env/prod/prod.yaml"),
    ] {
        let world = TestWorld::empty();
        let name = |path: &str| {
            let end = path.trim_end_matches("/app.yaml").trim_end_matches(".yaml");
            let at = end.rfind(['/', '.']).unwrap();
            end[at + 1..].to_lowercase()
        };
        for path in [one, two] {
            let name = name(path);
            world.write(path, &format!("host: api-{name}.example.org\nmode: a\n"));
        }
        world.expect(0, &["compare", one, two]).says(&format!(
            "`{}` and `{}`",
            name(one),
            name(two)
        ));
        world.add(two, "more: 1\n");
        world
            .expect(2, &["compare", one, two])
            .says(&format!("missing in {}", name(one)));
    }
}

#[test]
fn a_file_without_an_extension_is_recognised_by_content() {
    let tags = |promote: &str, more: &str| format!("image_tag: v1\npromote: {promote}\n{more}");
    let world = init(&[
        ("tags/staging/web", &tags("true", "automatic: true\n")),
        ("tags/staging/api", &tags("false", "automatic: true\n")),
        ("tags/production/web", &tags("false", "")),
        ("tags/production/api", &tags("false", "")),
    ]);
    let mut reported = drift(&world, 2);
    reported.sort();
    // A part missing in both files is one finding.
    assert_eq!(
        reported,
        [
            "parity/flag-differs web.promote",
            "parity/key-missing api.automatic",
        ]
    );
}
