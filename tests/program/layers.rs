//! Overlays over their base: the result of `base`, its detection by `init`, and each value's place in its file.

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

/// Checks the base that `init` proposes, and the remaining differences.
#[track_caller]
fn finds(files: &[(&str, &str)], base: &str, expected: &[&str]) -> TestWorld {
    let world = repository(files);
    world.expect(0, &["init", "--no-identities"]);
    let system = world.read("environments/system.toml");
    if base.is_empty() {
        assert!(!system.contains("base ="), "{system}");
    } else {
        assert!(
            system.contains(&format!("base = [\"{base}\"]\n")),
            "{system}"
        );
    }
    let mut found = drift(&world, if expected.is_empty() { 0 } else { 2 });
    found.sort();
    assert_eq!(found, expected, "{files:?}");
    world.expect(0, &["baseline"]);
    world.expect(0, &["drift", "--parity"]);
    world
}

#[test]
fn helm_values_count_by_their_combined_result() {
    finds(
        &[
            (
                "chart/values.yaml",
                "replicaCount: 2\nworkers:\n  enabled: false\nlevel: info\n",
            ),
            ("chart/values-staging.yaml", "level: debug\nretries: 3\n"),
            (
                "chart/values-production.yaml",
                "replicaCount: 2\nworkers:\n  enabled: false\nlevel: info\nretries: 3\n",
            ),
        ],
        "chart/values.yaml",
        &["parity/setting-differs level"],
    );
    // null removes a key of the base; lists are replaced.
    finds(
        &[
            ("values.yaml", "a: {b: x, c: y}\nl: [p, q]\n"),
            ("values.qa.yaml", "a: {b: null}\nl: [p]\n"),
            ("values.live.yaml", "l: [p]\n"),
        ],
        "values.yaml",
        &["parity/key-missing a.b"],
    );
}

#[test]
fn compose_files_are_merged_by_composes_own_rules() {
    finds(
        &[
            (
                "compose.yml",
                "services:\n  web:\n    image: shop:1.2.3\n    command: [a]\n    ports: ['80:80']\n    environment: [A=x, B=y]\n",
            ),
            (
                "compose.staging.yaml",
                "services:\n  web:\n    ports: ['81:81']\n    environment: {B: z}\n    command: [b]\n",
            ),
            (
                "compose.production.yaml",
                "services:\n  web:\n    ports: ['80:80', '81:81']\n    environment: [B=w, A=x]\n    command: [b]\n",
            ),
        ],
        "compose.yml",
        &["parity/setting-differs services.web.environment.B"],
    );
}

#[test]
fn other_programs_have_separate_bases() {
    finds(
        &[
            (".env", "A=1\nLEVEL=info\n"),
            (".env.staging", "C=3\n"),
            (".env.production", "C=3\nLEVEL=warn\nA=1\n"),
        ],
        ".env",
        &["parity/setting-differs LEVEL"],
    );
    finds(
        &[
            (
                "application.yml",
                "port: 1\nx: {a: k}\n---\nspring.config.activate.on-profile: uat\nmode: p\n",
            ),
            ("application-uat.yml", "x: {b: k}\n"),
            ("application-prod.yml", "x: {b: k}\nport: 1\nmode: q\n"),
        ],
        "application.yml",
        &["parity/setting-differs mode"],
    );
    finds(
        &[
            (
                "Api/appsettings.json",
                "{\"A\": {\"B\": 1}, \"L\": [{\"x\": 1}, {\"x\": 2}]}",
            ),
            ("Api/appsettings.Staging.json", "{\"L\": [{\"x\": 1}]}"),
            ("Api/appsettings.Production.json", "{\"A\": {\"B\": 1}}"),
        ],
        "Api/appsettings.json",
        &[],
    );
    // A shorter name alone is not a base.
    finds(
        &[
            ("Pulumi.yaml", "name: a\nx: 1\n"),
            ("Pulumi.staging.yaml", "config: {a: k}\n"),
            ("Pulumi.prod.yaml", "config: {a: k}\n"),
        ],
        "",
        &[],
    );
}

#[test]
fn a_value_keeps_its_file_and_secrets_of_all_layers_are_hidden() {
    let world = TestWorld::with_document(
        "path = \"over/${environment}.yaml\"\nbase = [\"common.yaml\", \"sizes-${environment}.yaml\"]",
        &[
            (
                "common.yaml",
                "password: very-secret-1\nlevel: info\nmode: a\n",
            ),
            ("sizes-staging.yaml", "# sizes\nmode: b\n"),
            ("sizes-production.yaml", "mode: c\n"),
            ("over/staging.yaml", "level: debug\n"),
            (
                "over/production.yaml",
                "other: {}\npassword: very-secret-1\n",
            ),
        ],
    );
    let mut found = drift(&world, 2);
    found.sort();
    assert_eq!(
        found,
        [
            "parity/key-missing other",
            "parity/setting-differs level",
            "parity/setting-differs mode",
        ]
    );
    let ran = world.expect(2, &["drift", "--parity"]);
    for place in [
        "common.yaml:2:8",
        "over/staging.yaml:1:8",
        "sizes-staging.yaml:2:7",
        "sizes-production.yaml:1:7",
        "over/production.yaml:1:1",
    ] {
        ran.says(place);
    }
    assert!(!ran.out.contains("very-secret"), "{}", ran.out);
}

#[test]
fn the_method_of_merging_can_be_declared() {
    let files = [
        ("base.yaml", "a: {b: 1, c: 2}\nl: [1, 2]\n"),
        ("staging.yaml", "a: {b: 1}\nl: [1]\n"),
        ("production.yaml", "a: {b: 1, c: 2}\nl: [1, 2]\n"),
    ];
    let of = |merge: &str, code: i32| {
        let world = TestWorld::with_document(
            &format!("path = \"${{environment}}.yaml\"\nbase = [\"base.yaml\"]\n{merge}"),
            &files,
        );
        let mut found = drift(&world, code);
        found.sort();
        found
    };
    assert_eq!(of("", 2), ["parity/element-missing l[\"2\"]"]);
    assert_eq!(
        of("merge = \"deep\"", 2),
        ["parity/element-missing l[\"2\"]"]
    );
    assert_eq!(of("merge = \"indexed\"", 0), Vec::<String>::new());
    assert_eq!(of("merge = \"compose\"", 0), Vec::<String>::new());
    assert_eq!(
        of("merge = \"shallow\"", 2),
        ["parity/element-missing l[\"2\"]", "parity/key-missing a.c"]
    );
}

#[test]
fn files_of_directories_are_merged_by_name() {
    let world = TestWorld::with_document(
        "path = \"config/${environment}\"\nbase = [\"config/common\"]",
        &[
            ("config/common/a.yaml", "x: 1\ny: k\n"),
            ("config/common/b.yaml", "z: k\n"),
            ("config/staging/a.yaml", "x: 1\n"),
            ("config/production/a.yaml", "y: m\n"),
            ("config/production/c.yaml", "w: k\n"),
        ],
    );
    let mut found = drift(&world, 2);
    found.sort();
    assert_eq!(
        found,
        [
            "parity/file-missing \"c.yaml\"",
            "parity/setting-differs \"a.yaml\".y"
        ]
    );
}

#[test]
fn a_missing_or_broken_base_is_reported() {
    let files = [("staging.yaml", "a: 1\n"), ("production.yaml", "a: 1\n")];
    let world = TestWorld::with_document(
        "path = \"${environment}.yaml\"\nbase = [\"none.yaml\"]",
        &files,
    );
    world.expect(1, &["drift", "--parity"]).says("none.yaml");
    let world = TestWorld::with_document(
        "path = \"${environment}.yaml\"\nbase = [\"b.yaml\"]",
        &files,
    );
    world.write("b.yaml", "a: [1\n");
    world.expect(1, &["drift", "--parity"]).says("b.yaml");
    let world = TestWorld::with_document(
        "render = [\"cat\", \"staging.yaml\"]\nbase = [\"b.yaml\"]",
        &files,
    );
    world
        .expect(1, &["drift", "--parity"])
        .says("has both `render` and `base`");
}

#[test]
fn history_follows_the_base() {
    let world = TestWorld::with_document(
        "path = \"${environment}.yaml\"\nbase = [\"base.yaml\"]",
        &[
            ("base.yaml", "level: info\n"),
            ("staging.yaml", "x: 1\n"),
            ("production.yaml", "x: 1\nlevel: info\n"),
        ],
    );
    let first = world.git(&["rev-parse", "HEAD"]);
    world.write("base.yaml", "level: debug\n");
    let second = world.commit();
    world
        .expect(2, &["drift", "--parity"])
        .says(&format!("commit {}", &second[..10]));
    world.expect(0, &["drift", "--parity", "--at", first.trim()]);
}

#[test]
fn a_likely_undeclared_base_is_mentioned_with_differences() {
    let files = [
        ("chart/values.yaml", "a: k\nb: k\n"),
        ("chart/values-staging.yaml", "b: k\n"),
        ("chart/values-production.yaml", "a: k\n"),
    ];
    let path = "path = \"chart/values-${environment}.yaml\"";
    let world = TestWorld::with_document(path, &files);
    world.expect(2, &["drift", "--parity"]).says(
        "document.app seems to be an overlay of chart/values.yaml: `base = [\"chart/values.yaml\"]`",
    );
    let world =
        TestWorld::with_document(&format!("{path}\nbase = [\"chart/values.yaml\"]"), &files);
    let ran = world.expect(0, &["drift", "--parity"]);
    assert!(!ran.out.contains("overlay of"), "{}", ran.out);
}
