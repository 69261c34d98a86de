//! One finding is one decision: grouping and order of differences.

use serde_json::Value;

use super::estate::{declared, estate, pair, yaml};
use super::world::TestWorld;

/// Returns `severity code reach` of every finding, in the order of the report.
#[track_caller]
fn findings(world: &TestWorld, code: i32) -> Vec<String> {
    let document = world.json(code, &["drift", "--parity"]);
    let all = document["findings"].as_array().unwrap();
    all.iter()
        .map(|finding| {
            assert!(
                finding["why"].is_string() || finding["allowed"].is_object(),
                "{finding}"
            );
            let code = finding["code"].as_str().unwrap();
            format!(
                "{} {} {}",
                finding["severity"].as_str().unwrap(),
                code.trim_start_matches("parity/"),
                finding["reach"]
            )
        })
        .collect()
}

/// Returns the findings of an estate that is in parity once all is declared.
#[track_caller]
fn found(world: &TestWorld) -> Vec<String> {
    let ran = world.run(&["drift", "--parity"]);
    let found = findings(world, ran.code);
    world.expect(0, &["baseline"]);
    world.expect(0, &["drift", "--parity"]);
    found
}

#[track_caller]
fn of_yaml(staging: &str, production: &str) -> Vec<String> {
    found(&yaml(staging, production, ""))
}

/// Returns a document with identities, each with its name and both values.
fn with_identities(ending: &str, identities: &[(&str, &str, &str)], texts: [&str; 2]) -> TestWorld {
    let parameters: String = identities
        .iter()
        .map(|(name, _, _)| format!("[parameter.{name}]\nvaries = \"identity\"\n\n"))
        .collect();
    let world = estate(&format!(
        "{parameters}[document.config]\npath = \"config/${{environment}}.{ending}\"\n"
    ));
    for (side, name) in ["staging", "production"].into_iter().enumerate() {
        let values: String = identities
            .iter()
            .map(|(parameter, one, two)| format!("{parameter} = \"{}\"\n", [one, two][side]))
            .collect();
        world.add(
            &format!("environments/{name}.toml"),
            &format!("\n[values]\n{values}"),
        );
        world.write(&format!("config/{name}.{ending}"), texts[side]);
    }
    world
}

const ACCOUNTS: &[(&str, &str, &str)] = &[("account", "111111111111", "222222222222")];
const DOMAINS: &[(&str, &str, &str)] =
    &[("domain", "shop-stg.example.net", "shop-live.example.net")];

/// Returns one YAML line for each name.
fn each(names: &[&str], line: impl Fn(usize, &str) -> String) -> String {
    let names = names.iter().enumerate();
    names.map(|(number, name)| line(number, name)).collect()
}

const APPS: &[&str] = &["web", "api", "mail", "desk", "pay"];

#[test]
fn schedules_are_shifted_or_of_another_frequency() {
    let schedules = |all: [&str; 5]| {
        each(APPS, |number, name| {
            format!("{name}: {{tidy: {{schedule: \"{}\"}}}}\n", all[number])
        })
    };
    assert_eq!(
        of_yaml(
            &schedules([
                "3 1 * * *",
                "4 1 * * *",
                "5 1 * * *",
                "6 1 * * *",
                "7 1 * * *"
            ]),
            &schedules([
                "30 2 * * *",
                "31 2 * * *",
                "32 2 * * *",
                "33 2 * * *",
                "0 0 1 11 *"
            ]),
        ),
        ["error setting-differs 1", "warning setting-differs 4"]
    );
    // Other schedulers.
    assert_eq!(
        of_yaml(
            &schedules(["@daily", "rate(1 day)", "0 3 * * ? *", "*/30 * * * *", "x"]),
            &schedules([
                "@hourly",
                "rate(5 minutes)",
                "0 4 * * ? *",
                "*/5 * * * *",
                "x"
            ]),
        ),
        ["error setting-differs 3", "warning setting-differs 1"]
    );
}

#[test]
fn sizes_are_grouped_by_measure_and_direction() {
    let resources = |memory: [&str; 5]| {
        each(APPS, |number, name| {
            format!("{name}: {{limits: {{memory: {}}}}}\n", memory[number])
        })
    };
    assert_eq!(
        of_yaml(
            &resources(["128Mi", "256Mi", "300Mi", "4Gi", "1.5Gi"]),
            &resources(["512Mi", "1Gi", "2Gi", "2Gi", "1500Mi"]),
        ),
        [
            "error inverted 1",
            "error size-differs 3",
            "warning inverted 1"
        ]
    );
    // The same key has the same unit on both sides.
    let database = |storage: u32, days: u32, iops: u32, memory: u32| {
        format!(
            "databases = {{ stats = {{ allocated_storage = {storage}, backup_retention_period = {days}, iops = {iops}, memory = {memory}, timeout = {days} }} }}\n"
        )
    };
    let world = pair(
        "tfvars",
        &database(1280, 14, 12000, 4096),
        &database(1024, 7, 6000, 2048),
        "",
    );
    let mut all = vec!["error inverted 1"; 4];
    // A longer wait is not a larger size.
    all.push("error size-differs 1");
    assert_eq!(found(&world), all);
    assert_eq!(
        of_yaml(
            "a: {class: db.t3.large}\nb: {class: db.r5.large}\n",
            "a: {class: db.t3.medium}\nb: {class: db.r5.2xlarge}\n"
        ),
        ["error inverted 1", "error size-differs 1"]
    );
}

#[test]
fn none_one_and_many_are_classes_whatever_is_counted() {
    for key in [
        "redis_replicas",
        "web_replicas",
        "database_workers",
        "user_pool_instances",
        "replicaCount",
    ] {
        let world = pair(
            "tfvars",
            &format!("{key} = 1\n"),
            &format!("{key} = 2\n"),
            "",
        );
        assert_eq!(found(&world), ["error class-differs 1"], "{key}");
    }
    for key in ["redis_db", "web_port", "uid", "log_level"] {
        let world = pair(
            "tfvars",
            &format!("{key} = 1\n"),
            &format!("{key} = 2\n"),
            "",
        );
        assert_eq!(found(&world), ["error setting-differs 1"], "{key}");
    }
}

#[test]
fn a_part_of_a_network_is_not_a_version() {
    for key in ["stack_network_prefix", "subnet", "cidr_base", "dns_ip"] {
        assert_eq!(
            of_yaml(
                &format!("{key}: \"10.12.0\"\n"),
                &format!("{key}: \"10.13.0\"\n")
            ),
            ["error setting-differs 1"],
            "{key}"
        );
    }
}

#[test]
fn the_same_element_missing_in_several_lists_is_one() {
    let lists = |more: &str| {
        each(APPS, |_, name| {
            format!("- name: {name}\n  env:\n  - name: LEVEL\n    value: \"1\"\n{more}")
        })
    };
    assert_eq!(
        of_yaml(
            &format!("apps:\n{}", lists("")),
            &format!("apps:\n{}", lists("  - name: TAG\n    value: A\n"))
        ),
        ["error element-missing 5"]
    );
}

#[test]
fn keys_missing_together_are_one_for_each_side_also_at_the_root() {
    let hosts = |side: &str| -> String {
        (1..9)
            .map(|number| format!("node_{side}{number}: 192.0.2.{number}\n"))
            .collect()
    };
    assert_eq!(
        of_yaml(
            &format!("a: 1\n{}", hosts("s")),
            &format!("a: 1\n{}", hosts("p"))
        ),
        ["critical key-missing 8", "critical key-missing 8"]
    );
    let lists = |more: &str| format!("a: {{hba: [x, y{more}]}}\nb: {{hba: [x, z{more}]}}\n");
    assert_eq!(
        of_yaml(&lists(""), &lists(", one, two")),
        ["error element-missing 4"]
    );
    // The same keys in several maps.
    let apps = |more: &str| {
        each(APPS, |_, name| {
            format!("{name}: {{a: 1, b: 2, c: 3, d: 4, e: 5{more}}}\n")
        })
    };
    assert_eq!(
        of_yaml(&apps(""), &apps(", f: 6, g: 7")),
        ["error key-missing 10"]
    );
}

#[test]
fn a_key_missing_everywhere_is_an_error_and_a_lone_one_is_critical_and_comes_first() {
    let apps = |missing: &[&str]| {
        each(APPS, |_, name| {
            let probe = if missing.contains(&name) {
                ""
            } else {
                "probe: /up, "
            };
            format!("{name}: {{{probe}port: 80, level: info}}\n")
        })
    };
    assert_eq!(of_yaml(&apps(APPS), &apps(&[])), ["error key-missing 5"]);
    let lone = yaml(&apps(&["mail"]), &apps(&[]), "");
    let why = lone.json(2, &["drift", "--parity"])["findings"][0]["why"].to_string();
    assert!(why.contains("equal at all its siblings"), "{why}");
    assert_eq!(found(&lone), ["critical key-missing 1"]);
}

#[test]
fn a_lone_deviation_comes_before_widespread_ones() {
    let apps = |level: &str, lone: &str| {
        each(APPS, |_, name| {
            let driver = if name == "desk" { lone } else { "amqp" };
            format!("{name}: {{level: {level}, driver: {driver}}}\n")
        })
    };
    let world = yaml(&apps("debug", "memory"), &apps("info", "amqp"), "");
    assert_eq!(
        found(&world),
        ["error setting-differs 1", "error setting-differs 5"]
    );
}

#[test]
fn one_key_in_place_of_another_is_one_replacement() {
    let text = |budget: &str| {
        format!(
            "budget: &b\n  {budget}\napps:\n- name: web\n  budget: *b\n- name: api\n  budget: *b\n"
        )
    };
    assert_eq!(
        of_yaml(&text("minAvailable: 1"), &text("maxUnavailable: 2")),
        ["error key-missing 6"]
    );
    assert_eq!(
        of_yaml(
            "env:\n- name: A\n  value: x\n",
            "env:\n- name: A\n  valueFrom: {secretKeyRef: {name: a, key: b}}\n"
        ),
        ["critical key-missing 2"]
    );
    // Two values of a large file are not a replacement.
    assert_eq!(
        of_yaml("a: 1\nalpha: 1\n", "a: 1\nomega: 1\n"),
        ["critical key-missing 1", "critical key-missing 1"]
    );
}

#[test]
fn differences_inside_a_missing_or_disabled_part_belong_to_it() {
    let world = with_identities(
        "yaml",
        DOMAINS,
        [
            "host: shop-stg.example.net\nenv:\n- name: A\n  value: \"1\"\n- name: PATTERN\n  value: shop-live.example.net\n- name: WITH\n  value: shop-stg.example.net\n",
            "host: shop-live.example.net\nenv:\n- name: A\n  value: \"1\"\n",
        ],
    );
    let first = &world.json(2, &["drift", "--parity"])["findings"][0];
    assert_eq!(first["attribute"], "env[name=PATTERN]");
    let codes: Vec<&Value> = first["also"]
        .as_array()
        .unwrap()
        .iter()
        .map(|also| &also["code"])
        .collect();
    assert_eq!(
        codes,
        [&Value::from("parity/foreign-identity"), &Value::Null],
        "{first}"
    );
    assert_eq!(found(&world), ["critical element-missing 3"]);
    assert_eq!(
        of_yaml(
            "tracing: {enabled: false, sampler: never}\n",
            "tracing: {enabled: true, sampler: ratio, to: otel, queue: {size: 5}}\n"
        ),
        ["critical flag-differs 4"]
    );
}

#[test]
fn a_difference_at_the_place_of_a_mention_belongs_to_it() {
    let world = with_identities(
        "env",
        DOMAINS,
        [
            "URL=http://shop-stg.example.net\nDB=postgres://db.shop-live.example.net/new\n",
            "URL=http://shop-live.example.net\nDB=postgres://db.shop-live.example.net/old\n",
        ],
    );
    assert_eq!(found(&world), ["critical foreign-identity 2"]);
}

#[test]
fn a_name_that_ends_in_a_hash_of_its_content_is_the_same_name() {
    let text = |hash: &str, level: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{hash}\ndata:\n  A: \"1\"\n  LOG: {level}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: app\nspec:\n  containers:\n  - name: app\n    envFrom:\n    - configMapRef:\n        name: app-{hash}\n"
        )
    };
    let world = yaml(
        &text("6ct58987ht", "debug"),
        &text("9hf2mk7gtb", "info"),
        "",
    );
    let document = world.json(2, &["drift", "--parity"]);
    assert_eq!(
        document["findings"][0]["attribute"],
        "[apiVersion=v1,kind=ConfigMap,name=app-6ct58987ht].data.LOG"
    );
    assert_eq!(found(&world), ["error setting-differs 1"]);
    assert_eq!(
        of_yaml(&text("6ct58987ht", "info"), &text("9hf2mk7gtb", "info")),
        [""; 0]
    );
    // With the environment's name before it, in a list of objects.
    let prefixed = |name: &str, hash: &str, level: &str| {
        format!(
            "kind: List\nitems:\n- kind: Secret\n  metadata: {{name: {name}-app-{hash}}}\n  stringData: {{LEVEL: {level}}}\n- kind: Job\n  metadata: {{name: a}}\n  spec: {{volumes: [{{name: v, secret: {{secretName: {name}-app-{hash}}}}}]}}\n"
        )
    };
    assert_eq!(
        of_yaml(
            &prefixed("staging", "6ct58987ht", "a"),
            &prefixed("production", "9hf2mk7gtb", "a")
        ),
        [""; 0]
    );
    // The target of a reference must exist.
    assert_eq!(
        of_yaml("ref: app-6ct58987ht\n", "ref: app-9hf2mk7gtb\n"),
        ["error setting-differs 1"]
    );
    // A name without a hash is another name.
    assert_eq!(
        of_yaml(&text("settings", "info"), &text("9hf2mk7gtb", "info")).len(),
        3
    );
}

#[test]
fn a_random_id_in_two_accounts_was_copied() {
    let id = "15bdd743-ecd7-4059-86ff-b8b6a72054c4";
    let text = |account: &str| {
        format!(
            "account: \"{account}\"\nkms: arn:aws:kms:eu-west-1:{account}:key/{id}\nvpc: vpc-0f2ab31c9d4e5a678\ntenant: {id}\nretries: 3\n"
        )
    };
    let world = with_identities(
        "yaml",
        ACCOUNTS,
        [&text("111111111111"), &text("222222222222")],
    );
    assert_eq!(found(&world), ["warning id-copied 2"]);
    // If all environments have it, it is shared.
    let world = TestWorld::empty();
    super::estate::along(
        &world,
        &["qa", "staging", "production"],
        "[document.a]\npath = \"${environment}.yaml\"\n",
    );
    for name in ["qa", "staging", "production"] {
        world.write(
            &format!("{name}.yaml"),
            &format!("client_id: {id}\nname: {name}\n"),
        );
    }
    assert_eq!(findings(&world, 0), [""; 0]);
}

#[test]
fn a_list_of_all_environments_is_one_warning() {
    let text = |own: &str| {
        format!(
            "own = \"{own}\"\nreaders = [\"111111111111\", \"222222222222\", \"333333333333\"]\nwriters = \"111111111111,222222222222\"\n"
        )
    };
    let world = with_identities(
        "tfvars",
        ACCOUNTS,
        [&text("111111111111"), &text("222222222222")],
    );
    assert_eq!(found(&world), ["warning environments-listed 2"]);
}

#[test]
fn one_value_for_several_is_one() {
    let mails = |all: [&str; 5]| {
        each(APPS, |number, name| {
            format!("{name}: {{to: {}}}\n", all[number])
        })
    };
    assert_eq!(
        of_yaml(
            &mails(["us@corp.invalid"; 5]),
            &mails([
                "a@corp.invalid",
                "a@corp.invalid",
                "b@corp.invalid",
                "c@corp.invalid",
                "us@corp.invalid"
            ]),
        ),
        ["error setting-differs 4"]
    );
}

#[test]
fn severe_findings_come_first_among_many() {
    let many = |side: &str| -> String {
        let values: String = (0..40)
            .map(|n| format!("a{n}: {{level: {side}{n}x}}\n"))
            .collect();
        let keys: String = (0..30).map(|n| format!("{side}{n}: 1\n")).collect();
        format!("{values}{keys}")
    };
    for (staging, production) in [
        ("recipients: only-us@corp.invalid", "recipients: \"*\""),
        ("from: 10.0.0.0/8", "from: 0.0.0.0/0"),
        ("host: \"\"", "host: smtp.corp.invalid"),
        ("enabled: false", "enabled: true"),
        ("memory: 4Gi", "memory: 2Gi"),
        ("class: db.t3.large", "class: db.t3.medium"),
        ("replicas: 0", "replicas: 3"),
        ("origins: [a]", "origins: [a, \"*\"]"),
    ] {
        let world = yaml(
            &format!("{}top: {{{staging}}}\n", many("s")),
            &format!("{}top: {{{production}}}\n", many("p")),
            "",
        );
        let document = world.json(2, &["drift", "--parity"]);
        let first = &document["findings"][0];
        let attribute = first["attribute"].as_str().unwrap();
        assert!(attribute.starts_with("top."), "{staging}: {attribute}");
        assert!(first["why"].as_str().unwrap().contains("first"), "{first}");
    }
}

#[test]
fn a_declared_difference_still_leaves_the_others_of_its_cause() {
    let apps = |level: &str| each(APPS, |_, name| format!("{name}: {{level: {level}}}\n"));
    let world = yaml(&apps("debug"), &apps("info"), "");
    world.write(
        "environments/differences.toml",
        &declared(
            "document.config.mail.level",
            "staging = \"debug\"\nproduction = \"info\"",
        ),
    );
    let all = findings(&world, 2);
    assert_eq!(all, ["error setting-differs 4", "error setting-differs 1"]);
}

#[test]
fn the_severity_that_a_system_sets_is_kept() {
    let apps = |probe: &str| {
        each(APPS, |_, name| {
            format!("{name}: {{{probe}port: 80, level: info}}\n")
        })
    };
    let world = yaml(
        &apps(""),
        &apps("probe: /up, "),
        "\n[severity]\n\"parity/key-missing\" = \"critical\"\n",
    );
    assert_eq!(findings(&world, 2), ["critical key-missing 5"]);
}
