//! Matching: lists by identity, moves, renames, and rules of documents.

use super::estate::{along, drift, estate, yaml};
use super::world::TestWorld;

#[track_caller]
fn tells(staging: &str, production: &str, expected: &[&str]) {
    let world = yaml(staging, production, "");
    let reported = drift(&world, if expected.is_empty() { 0 } else { 2 });
    assert_eq!(reported, expected);
}

#[test]
fn elements_are_found_by_identity_and_not_by_position() {
    for key in ["name", "id", "key"] {
        tells(
            &format!(
                "x:\n- {{{key}: a, port: 1}}\n- {{{key}: b, port: 2}}\n- {{{key}: c, port: 3}}\n"
            ),
            &format!(
                "x:\n- {{{key}: c, port: 3}}\n- {{{key}: b, port: 20}}\n- {{{key}: a, port: 1}}\n"
            ),
            &[&format!("parity/setting-differs x[{key}=b].port")],
        );
    }
}

#[test]
fn kubernetes_objects_are_found_by_kind_and_name_across_documents() {
    let object = |kind: &str, name: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\n{more}\n"
        )
    };
    let staging = [
        object("Service", "web", "spec: {type: ClusterIP}"),
        object("ConfigMap", "web", "data: {level: info}"),
        object("ConfigMap", "other", "data: {level: info}"),
    ];
    let mut production = staging.clone();
    production.reverse();
    let (one, two) = (staging.join("---\n"), production.join("---\n"));
    tells(&one, &two, &[]);
    let two = two.replacen("level: info", "level: debug", 1);
    tells(
        &one,
        &two,
        &[
            "parity/setting-differs [apiVersion=v1,kind=ConfigMap,namespace=shop,name=other].data.level",
        ],
    );
}

#[test]
fn environments_in_lists_are_found_by_their_names() {
    tells(
        "env:\n- LEVEL=info\n- CACHE=on\n- MODE=a\n",
        "env:\n- MODE=a\n- CACHE=on\n- LEVEL=debug\n",
        &["parity/setting-differs env[LEVEL]"],
    );
}

#[test]
fn reordering_maps_and_identified_lists_is_not_a_defect() {
    tells(
        "a: 1\nb: {c: 2, d: [{name: x, v: 1}, {name: y, v: 2}]}\n",
        "b: {d: [{v: 2, name: y}, {name: x, v: 1}], c: 2}\na: 1\n",
        &[],
    );
}

#[test]
fn the_order_of_single_values_is_a_warning_and_that_of_a_command_an_error() {
    let world = yaml("hosts: [a, b, c]\n", "hosts: [c, a, b]\n", "");
    assert_eq!(drift(&world, 0), ["parity/order-differs hosts"]);
    world.expect(2, &["drift", "--parity", "--fail-on", "warning"]);
    let world = yaml("command: [run, a, b]\n", "command: [run, b, a]\n", "");
    assert_eq!(drift(&world, 2), ["parity/order-differs command"]);
}

#[test]
fn elements_without_identity_are_found_by_likeness() {
    tells(
        "x:\n- {a: 1, b: 2, c: three}\n- {a: 4, b: 5, c: six}\n",
        "x:\n- {a: 4, b: 5, c: six}\n- {a: 1, b: 2, c: drei}\n",
        &["parity/setting-differs x[a=1].c", "parity/order-differs x"],
    );
}

#[test]
fn a_moved_part_is_one_thing_at_two_places() {
    let block = "{image: one, port: 8080, path: /srv/x, level: info}";
    tells(
        &format!("old: {block}\nsame: 1\n"),
        &format!("same: 1\nnew: {{place: {block}}}\n"),
        &["parity/key-missing old", "parity/key-missing new"],
    );
    let world = yaml(
        &format!("old: {{place: {block}}}\nnew: {{}}\n"),
        &format!("old: {{}}\nnew: {{place: {block}}}\n"),
        "",
    );
    assert_eq!(drift(&world, 0), ["parity/moved old.place"]);
    world
        .expect(0, &["drift", "--parity"])
        .says("moved: `old.place` in staging, `new.place` in production");
}

#[test]
fn keys_elements_and_files_that_differ_by_identity_only_are_the_same() {
    tells(
        "shop-staging: {port: 1}\nhosts: [{name: web-staging, port: 2}]\nurl: https://staging.example.net/a\nSTAGING: x\n",
        "shop-production: {port: 1}\nhosts: [{name: web-production, port: 3}]\nurl: https://production.example.net/a\nPRODUCTION: x\n",
        &["parity/setting-differs hosts[name=web-staging].port"],
    );
    let world = estate("[document.config]\npath = \"config/${environment}\"\n");
    world.write("config/staging/app-staging.yaml", "a: 1\n");
    world.write("config/production/app-production.yaml", "a: 2\n");
    let reported = drift(&world, 2);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].ends_with(".a"), "{reported:?}");
}

#[test]
fn declared_parameters_that_vary_as_identity_are_recognised_longest_first() {
    let world = yaml(
        "host: stg.example.org\naccount: arn:aws:iam::111122223333:role/web\nport: 7101\nurl: http://stg.example.org:7101/\n",
        "host: example.org\naccount: arn:aws:iam::444455556666:role/web\nport: 7201\nurl: http://example.org:7201/\n",
        "",
    );
    assert_eq!(drift(&world, 2).len(), 4, "{:?}", drift(&world, 2));
    world.add(
        "environments/system.toml",
        "\n[parameter.domain]\nvaries = \"identity\"\n[parameter.account]\nvaries = \"identity\"\n[parameter.port]\nvaries = \"identity\"\n",
    );
    world.add(
        "environments/staging.toml",
        "\n[values]\ndomain = \"stg.example.org\"\naccount = \"111122223333\"\nport = 7101\n",
    );
    world.add(
        "environments/production.toml",
        "\n[values]\ndomain = \"example.org\"\naccount = \"444455556666\"\nport = 7201\n",
    );
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    // A port of neither environment is not an identity.
    world.replace("config/production.yaml", "port: 7201", "port: 7202");
    assert_eq!(drift(&world, 2).len(), 1);
}

#[test]
fn an_environment_that_mentions_the_other_is_reported() {
    let world = yaml(
        "database: db.production.example.org\nother: {host: production.example.org}\n",
        "database: db-2.production.example.org\nother: {host: www.production.example.org}\n",
        "",
    );
    let domain = "\n[parameter.domain]\nvaries = \"identity\"\n";
    world.add("environments/system.toml", domain);
    world.add(
        "environments/staging.toml",
        "\n[values]\ndomain = \"staging.example.org\"\n",
    );
    world.add(
        "environments/production.toml",
        "\n[values]\ndomain = \"production.example.org\"\n",
    );
    let report = world.json(2, &["drift", "--parity"]);
    for number in [0, 1] {
        let finding = &report["findings"][number];
        assert_eq!(finding["code"], "parity/foreign-identity");
        assert_eq!(finding["severity"], "critical");
    }
    world
        .expect(2, &["drift", "--parity"])
        .says("names a database of production: it contains `production.example.org`")
        .says("names a host of production: it contains `production.example.org`");
}

#[test]
fn a_value_that_both_have_is_shared_and_not_foreign() {
    let text = "database: db.production.example.org\nhost: sso.production.example.org\n";
    let world = yaml(text, text, "");
    let report = world.json(0, &["drift", "--parity"]);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["code"], "parity/shared-identity");
    assert_eq!(findings[0]["severity"], "warning");
}

#[test]
fn the_definition_can_name_the_identity_of_elements() {
    let (staging, production) = (
        "x:\n- {name: a, zone: 1, v: 1}\n- {name: a, zone: 2, v: 2}\n",
        "x:\n- {name: a, zone: 2, v: 2}\n- {name: a, zone: 1, v: 3}\n",
    );
    let world = yaml(
        staging,
        production,
        "identity = { x = [\"name\", \"zone\"] }\n",
    );
    assert_eq!(
        drift(&world, 2),
        ["parity/setting-differs x[name=a,zone=1].v"]
    );
    let world = yaml(
        "deep:\n- {meta: {uid: p}, v: 1}\n- {meta: {uid: q}, v: 2}\n",
        "deep:\n- {meta: {uid: q}, v: 2}\n- {meta: {uid: p}, v: 9}\n",
        "identity = { \"**.deep\" = \"meta.uid\" }\n",
    );
    assert_eq!(drift(&world, 2), ["parity/setting-differs deep[uid=p].v"]);
}

#[test]
fn sets_have_no_order_and_no_repetition() {
    let world = yaml(
        "x: [a, b, b]\ny: [a, b]\n",
        "x: [b, a]\ny: [b, a]\n",
        "sets = [\"x\"]\n",
    );
    assert_eq!(drift(&world, 0), ["parity/order-differs y"]);
    world.write("config/production.yaml", "x: [b, c]\ny: [a, b]\n");
    assert_eq!(drift(&world, 2).len(), 2, "{:?}", drift(&world, 2));
}

#[test]
fn written_and_missing_defaults_are_equal() {
    let more =
        "defaults = { \"web.replicas\" = 1, \"web.timeout\" = \"60s\", \"**.enabled\" = true }\n";
    let world = yaml(
        "web: {a: 1}\n",
        "web: {a: 1, replicas: 1, timeout: 1m, enabled: true}\n",
        more,
    );
    assert_eq!(drift(&world, 0), Vec::<String>::new());
    world.replace("config/production.yaml", "replicas: 1", "replicas: 3");
    assert_eq!(drift(&world, 2), ["parity/key-missing web.replicas"]);
}

#[test]
fn equal_values_that_must_differ_are_critical() {
    let more = "must-differ = [\"mail.to\", \"**.key\"]\n";
    let world = yaml(
        "mail: {to: ops@example.net}\na: {key: one}\n",
        "mail: {to: ops@example.net}\na: {key: two}\n",
        more,
    );
    let report = world.json(2, &["drift", "--parity"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["code"], "parity/must-differ");
    assert_eq!(report["findings"][0]["severity"], "critical");
    world.replace("config/production.yaml", "ops@", "pager@");
    assert_eq!(drift(&world, 0), Vec::<String>::new());
}

#[test]
fn the_system_sets_severities_and_fail_on_reads_them() {
    let world = yaml(
        "replicas: 2\nhosts: [a, b]\n",
        "replicas: 4\nhosts: [b, a]\n",
        "",
    );
    assert_eq!(
        drift(&world, 2),
        ["parity/size-differs replicas", "parity/order-differs hosts"]
    );
    world.expect(0, &["drift", "--parity", "--fail-on", "critical"]);
    world.add(
        "environments/system.toml",
        "\n[severity]\n\"parity/size-differs\" = \"advice\"\n\"parity/order-differs\" = \"critical\"\n",
    );
    let report = world.json(2, &["drift", "--parity", "--fail-on", "critical"]);
    assert_eq!(report["findings"][0]["code"], "parity/order-differs");
    assert_eq!(report["findings"][0]["severity"], "critical");
    world.replace("environments/system.toml", "\"critical\"", "\"warning\"");
    world.expect(0, &["drift", "--parity"]);
    world.expect(2, &["drift", "--parity", "--fail-on", "advice"]);
}

#[test]
fn sizes_have_a_direction_and_a_class() {
    for (staging, production, expected) in [
        ("replicas: 2", "replicas: 6", "parity/size-differs replicas"),
        ("replicas: 6", "replicas: 2", "parity/inverted replicas"),
        (
            "replicas: 1",
            "replicas: 6",
            "parity/class-differs replicas",
        ),
        (
            "replicas: 0",
            "replicas: 1",
            "parity/class-differs replicas",
        ),
        ("memory: 512Mi", "memory: 1Gi", "parity/size-differs memory"),
        ("memory: 2Gi", "memory: 1Gi", "parity/inverted memory"),
        (
            "enabled: true",
            "enabled: false",
            "parity/flag-differs enabled",
        ),
        (
            "image: a/b:1.2",
            "image: a/b:1.3",
            "parity/image-differs image",
        ),
        (
            "version: \">=1.0.0 <2.0.0\"",
            "version: \">=1.0.0-alpha\"",
            "parity/version-differs version",
        ),
        ("port: 80", "port: \"80\"", "parity/type-differs port"),
        ("a: {b: 1}", "a: [1]", "parity/type-differs a"),
        ("a: {b: 1, c: 2}", "a: {b: 1}", "parity/key-missing a.c"),
        ("a: [x, y]", "a: [x]", "parity/element-missing a[y]"),
        ("a: !Ref x", "a: x", "parity/setting-differs a"),
    ] {
        tells(
            &format!("{staging}\n"),
            &format!("{production}\n"),
            &[expected],
        );
    }
}

#[test]
fn siblings_have_no_direction() {
    let world = TestWorld::empty();
    along(
        &world,
        &["staging", "eu-production"],
        "[document.config]\npath = \"config/${environment}.yaml\"\n",
    );
    let system = world.read("environments/system.toml").replace(
        "path = [\"staging\", \"eu-production\"]",
        "path = [\"staging\", [\"eu-production\", \"us-production\"]]",
    );
    world.write("environments/system.toml", &system);
    world.write(
        "environments/us-production.toml",
        "[environment]\nname = \"us-production\"\n",
    );
    world.write("config/staging.yaml", "replicas: 2\nregion: staging\n");
    world.write(
        "config/eu-production.yaml",
        "replicas: 6\nregion: eu-production\n",
    );
    world.write(
        "config/us-production.yaml",
        "replicas: 4\nregion: us-production\n",
    );
    let text = world.expect(2, &["drift", "--parity"]);
    text.says("replicas")
        .says("us-production")
        .says("eu-production");
    assert!(!text.out.contains("parity/inverted"), "{}", text.short());
}

#[test]
fn another_unit_or_spelling_is_not_a_difference() {
    for (staging, production) in [
        ("memory: 1Gi", "memory: 1024Mi"),
        ("cpu: 500m", "cpu: 0.5"),
        ("timeout: 60s", "timeout: 1m"),
        ("url: https://example.net:443/", "url: https://example.net/"),
        ("schedule: \"0 0 * * *\"", "schedule: \"@daily\""),
        ("image: nginx:1.27", "image: docker.io/library/nginx:1.27"),
    ] {
        tells(&format!("{staging}\n"), &format!("{production}\n"), &[]);
    }
}

#[test]
fn moving_tags_are_reported_even_if_equal() {
    let world = yaml("image: shop:latest\n", "image: shop:latest\n", "");
    assert_eq!(drift(&world, 0), ["parity/image-floats image"]);
}

#[test]
fn cloud_ids_are_one_finding() {
    let id = |number: usize, which: &str| format!("id{number}: subnet-0{which}{number:015x}\n");
    let staging: String = (0..20).map(|number| id(number, "a")).collect();
    let production: String = (0..20).map(|number| id(number, "b")).collect();
    let world = yaml(&staging, &production, "");
    let report = world.json(0, &["drift", "--parity"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["code"], "parity/opaque-id-differs");
    assert_eq!(report["findings"][0]["reach"], 20);
}

#[test]
fn one_substitution_in_many_places_is_one_defect_with_the_most_severe_first() {
    let service = |name: &str, version: &str| {
        format!("{name}: {{url: https://{version}.api.example.net/{name}}}\n")
    };
    let names: Vec<String> = (0..30).map(|number| format!("s{number}")).collect();
    let staging: String = names.iter().map(|name| service(name, "next")).collect();
    let production: String = names.iter().map(|name| service(name, "stable")).collect();
    let world = yaml(
        &format!("{staging}mode: one\ndebug: true\nhosts: [a, b]\n"),
        &format!("{production}mode: two\ndebug: false\nhosts: [b, a]\n"),
        "",
    );
    let report = world.json(2, &["drift", "--parity"]);
    let findings: Vec<(&str, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["code"].as_str().unwrap(),
                finding["reach"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        findings,
        [
            ("parity/flag-differs", 1),
            ("parity/setting-differs", 30),
            ("parity/setting-differs", 1),
            ("parity/order-differs", 1)
        ]
    );
    assert_eq!(report["parity"]["undeclared"], 3);
    assert_eq!(report["parity"]["places"], 32);
    world.expect(2, &["drift", "--parity"]).says("30 places");
}
