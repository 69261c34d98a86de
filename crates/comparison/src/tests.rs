//! Comparison of small trees made of JSON values.

use serde_json::{Value, json};

use super::{Disagreement, Identities, Identity, Matter, Pattern, Rules, Which, compare};
use evenkeel_document::{Content, Document, Entry, Format, Node, Place, ScalarKind};
use evenkeel_model::source::SourceFile;

fn node(value: &Value, text: &mut String) -> Node {
    let start = text.len();
    let mut scalar = |kind, shown: &str| {
        text.push_str(shown);
        text.push('\n');
        Node::scalar(Place::new(start, start + shown.len()), kind, shown)
    };
    match value {
        Value::Null => scalar(ScalarKind::Null, ""),
        Value::Bool(boolean) => scalar(ScalarKind::Boolean, &boolean.to_string()),
        Value::Number(number) if number.is_f64() => scalar(ScalarKind::Float, &number.to_string()),
        Value::Number(number) => scalar(ScalarKind::Integer, &number.to_string()),
        Value::String(string) => scalar(ScalarKind::Text, string),
        Value::Array(items) => {
            let items = items.iter().map(|item| node(item, text)).collect();
            Node::new(Place::new(start, text.len()), Content::List(items))
        }
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| {
                    let at = text.len();
                    text.push_str(key);
                    let place = Place::new(at, text.len());
                    text.push('\n');
                    Entry {
                        key: key.as_str().into(),
                        place,
                        value: node(value, text),
                    }
                })
                .collect();
            Node::new(Place::new(start, text.len()), Content::Map(entries))
        }
    }
}

pub(super) fn document(value: &Value) -> Document {
    let mut text = String::new();
    let root = node(value, &mut text);
    Document {
        file: SourceFile::new("a.yaml", text),
        format: Format::Yaml,
        roots: vec![root],
    }
}

fn rules(identities: &[(&str, &str)]) -> Rules {
    Rules {
        identities: Identities::new(identities.iter().map(|(left, right)| Identity {
            name: "x".into(),
            left: (*left).into(),
            right: (*right).into(),
        })),
        ..Rules::default()
    }
}

fn found(left: &Value, right: &Value, rules: &Rules) -> Vec<Disagreement> {
    compare(&document(left), &document(right), rules, None).disagreements
}

fn reported(left: &Value, right: &Value, rules: &Rules) -> Vec<String> {
    let mut reported: Vec<String> = found(left, right, rules)
        .iter()
        .map(|each| {
            let matter = match &each.matter {
                Matter::Value(_) => "value".to_owned(),
                Matter::Only(Which::Left) => "left only".to_owned(),
                Matter::Only(Which::Right) => "right only".to_owned(),
                Matter::Moved(to) => format!("moved to {to}"),
                Matter::Order(known) => format!("order {known}"),
                Matter::Foreign { within, value, .. } => format!("{within:?} mentions {value}"),
                other => format!("{other:?}"),
            };
            format!("{}: {matter}", each.path)
        })
        .collect();
    reported.sort();
    reported
}

#[test]
fn equal_trees_are_equal_in_any_order_of_keys() {
    let left = json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
    let right = json!({"d": null, "a": {"c": [1, 2], "b": 1}});
    assert!(reported(&left, &right, &Rules::default()).is_empty());
}

#[test]
fn each_difference_is_reported_at_its_path() {
    let left = json!({"a": {"b": "x", "only": true}, "list": [], "kind": "1"});
    let right = json!({"a": {"b": "y"}, "list": {}, "kind": "1", "more": {"z": 1}});
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        [
            "a.b: value",
            "a.only: left only",
            "list: Shape",
            "more: right only"
        ]
    );
}

#[test]
fn elements_are_identified_by_found_keys() {
    for key in ["name", "id", "key", "host"] {
        let item = |name: &str, size: u32| json!({key: name, "size": size});
        let left = json!([item("a", 1), item("b", 2), item("c", 3)]);
        let right = json!([item("c", 3), item("a", 1), item("b", 20), item("d", 4)]);
        assert_eq!(
            reported(&left, &right, &Rules::default()),
            [
                format!("[{key}=b].size: value"),
                format!("[{key}=d]: right only")
            ]
        );
    }
}

#[test]
fn kubernetes_objects_are_identified_by_kind_namespace_and_name() {
    let object = |kind: &str, name: &str, replicas: u32| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}, "replicas": replicas});
    let left = json!([object("A", "x", 1), object("B", "x", 1)]);
    let right = json!([object("B", "x", 2), object("A", "x", 1)]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["[apiVersion=v1,kind=B,namespace=n,name=x].replicas: value"]
    );
}

#[test]
fn variables_in_a_list_are_identified_by_their_names() {
    let left = json!(["A=1", "B=2"]);
    let right = json!(["B=3", "A=1", "C=4"]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["[B]: value", "[C]: right only"]
    );
}

#[test]
fn declared_keys_identify_before_any_other() {
    let mut rules = Rules::default();
    rules.identity.push((
        Pattern::parse("rules").unwrap(),
        vec!["from".into(), "to".into()],
    ));
    let left = json!({"rules": [{"from": "a", "to": "b", "name": "x"}, {"from": "a", "to": "c", "name": "y"}]});
    let right = json!({"rules": [{"from": "a", "to": "c", "name": "y2"}, {"from": "a", "to": "b", "name": "x"}]});
    assert_eq!(
        reported(&left, &right, &rules),
        [
            // The order of rules has a meaning.
            "rules: order true",
            "rules[from=a,to=c].name: value"
        ]
    );
}

#[test]
fn elements_without_identity_are_paired_by_likeness() {
    let left =
        json!([{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}, {"a": 7, "b": 8, "c": 9}]);
    let right = json!([{"a": 0, "z": 0}, {"a": 1, "b": 2, "c": 4}, {"a": 7, "b": 8, "c": 9}, {"a": 1, "b": 2, "c": 3}]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["[1].c: value", "[a=0,z=0]: right only"]
    );
}

#[test]
fn elements_are_identified_by_any_keys_that_are_unique_on_both_sides() {
    let left = json!([{"a": 1, "b": 2, "c": 3}, {"a": 7, "b": 8, "c": 9}]);
    let right = json!([{"a": 0, "z": 0}, {"a": 1, "b": 2, "c": 4}, {"a": 7, "b": 8, "c": 9}]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["[a=0]: right only", "[a=1].c: value"]
    );
    // Pairs by combined keys, if a name occurs twice.
    let record = |sort: &str, name: &str, value: &[&str]| json!({"type": sort, "name": name, "ttl": 60, "value": value});
    let left = json!([
        record("A", "@", &["192.0.2.1"]),
        record("TXT", "@", &["a", "same"]),
        record("CNAME", "www", &["x"])
    ]);
    let right = json!([
        record("TXT", "@", &["b", "same"]),
        record("CNAME", "www", &["x"])
    ]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        [
            "[name=\"@\",type=A]: left only",
            "[name=\"@\",type=TXT].value[a]: value"
        ]
    );
}

#[test]
fn elements_of_one_group_are_paired_within_it() {
    let patch = |path: &str, name: &str| json!({"path": path, "target": {"kind": "Set", "version": "v1", "name": name}});
    let left = json!([
        patch("exclude", "api"),
        patch("preserve", "api"),
        patch("exclude", "build"),
        patch("preserve", "build")
    ]);
    let right = json!([
        patch("more", "web"),
        patch("more", "build"),
        patch("more", "api")
    ]);
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        [
            "[kind=Set,name=api,\"1\"]: left only",
            "[kind=Set,name=api,\"2\"].path: value",
            "[kind=Set,name=build,\"1\"].path: value",
            "[kind=Set,name=build,\"2\"]: left only",
            "[kind=Set,name=web]: right only",
        ]
    );
}

#[test]
fn an_element_on_one_side_is_named_by_its_content() {
    let left = json!({"banner": [{"summary": "maintenance tonight", "day": 2}]});
    let right = json!({"banner": [
        {"text": "a very different thing", "level": "high", "until": "2027"},
        {"text": "one more", "level": "low"}
    ]});
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        [
            "banner[day=2,summary=\"maintenance tonight\"]: left only",
            "banner[level=high,text=\"a very different thing\",until=2027]: right only",
            "banner[level=low,text=\"one more\"]: right only"
        ]
    );
    // Duplicates, and a difference in a secret only.
    let left = json!([{"password": "a"}, ["x"], ["x"], [["y"]]]);
    let right = json!([{"password": "b", "n": {"a": 1, "b": 2}}, [["y"]]]);
    let names = reported(&left, &right, &Rules::default());
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
}

#[test]
fn values_that_differ_only_by_identities_are_equal() {
    let rules = rules(&[("app-stg", "app"), ("staging", "production")]);
    let left = json!({
        "staging_url": "https://app-stg.example/x",
        "hosts": ["app-stg-2", "app-stg-1"],
        "env": {"STAGING": "staging"},
        "list": [{"name": "app-stg-db", "size": 1}]
    });
    let right = json!({
        "production_url": "https://app.example/x",
        "hosts": ["app-1", "app-2"],
        "env": {"PRODUCTION": "production"},
        "list": [{"name": "app-db", "size": 1}]
    });
    let all = reported(&left, &right, &rules);
    assert_eq!(all, ["hosts: order false"]);
}

#[test]
fn a_mention_of_the_other_environment_is_reported_everywhere() {
    let rules = rules(&[("stg.example.org", "example.org")]);
    let left = json!({"url": "https://example.org/x", "only": [{"deep": "a@example.org"}],
        "shared": "https://docs.example.org/x", "same": 1});
    let right = json!({"url": "https://example.org/y", "shared": "https://docs.example.org/x",
        "same": 1});
    assert_eq!(
        reported(&left, &right, &rules),
        [
            "only: left only",
            "only[0].deep: Left mentions example.org",
            "url: Left mentions example.org",
            "url: value"
        ]
    );
}

#[test]
fn a_thing_of_both_named_after_one_is_shared() {
    let all = json!({"bucket": "acme-production-files", "database": "shop_production", "level": "production", "topic": "orders"});
    let rules = Rules {
        identities: Identities::new([Identity {
            name: "environment".into(),
            left: "staging".into(),
            right: "production".into(),
        }]),
        ..Rules::default()
    };
    let shared: Vec<String> = found(&all, &all, &rules)
        .iter()
        .filter(|each| {
            matches!(
                each.matter,
                Matter::Shared {
                    of: Which::Right,
                    ..
                }
            )
        })
        .map(|each| each.path.to_string())
        .collect();
    assert_eq!(shared, ["bucket", "database"]);
}

#[test]
fn a_subtree_at_another_place_has_moved() {
    let subtree = json!({"a": 1, "b": [1, 2], "c": "x"});
    let left = json!({"old": {"thing": subtree}, "k": 1});
    let right = json!({"new": {"thing": subtree}, "k": 1});
    let all = reported(&left, &right, &Rules::default());
    assert_eq!(all, ["old: moved to new"]);
}

#[test]
fn an_order_is_reported_if_it_may_have_a_meaning() {
    let left = json!({"args": ["a", "b"], "tags": ["a", "b"], "names": ["a", "b"], "ExecStartPre": ["a", "b"]});
    let right = json!({"args": ["b", "a"], "tags": ["b", "a"], "names": ["b", "a", "a"], "ExecStartPre": ["b", "a"]});
    let mut rules = Rules::default();
    rules.sets.push(Pattern::parse("names").unwrap());
    assert_eq!(
        reported(&left, &right, &rules),
        [
            "ExecStartPre: order true",
            "args: order true",
            "tags: order false"
        ]
    );
}

#[test]
fn one_setting_that_changed_in_a_list_is_one_difference() {
    let left = json!({"args": ["--level=info", "--x", "run"], "hosts": ["a.b"]});
    let right = json!({"args": ["--level=debug", "--x", "run"], "hosts": ["c.d"]});
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["args[\"--level=info\"]: value", "hosts[\"a.b\"]: value"]
    );
}

#[test]
fn generated_ids_are_paired_in_a_list() {
    let left = json!({"subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]});
    let right = json!({"subnets": ["subnet-9f8e2c3d4e5f60718", "subnet-8f8e2c3d4e5f60718"]});
    for each in found(&left, &right, &Rules::default()) {
        assert!(
            matches!(
                each.matter,
                Matter::Value(super::meaning::Relation::Opaque(_))
            ),
            "{each:?}"
        );
    }
    assert_eq!(found(&left, &right, &Rules::default()).len(), 2);
}

#[test]
fn generated_ids_do_not_identify_elements() {
    let left = json!({"kv": [{"binding": "KV", "id": "0f2ac74b498b48028cb68387c421e279"}]});
    let right = json!({"kv": [{"binding": "KV", "id": "9f2ac74b498b48028cb68387c421e211"}]});
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["kv[0].id: value"]
    );
    let two =
        |one: &str, two: &str| json!([{"id": one, "binding": "A"}, {"id": two, "binding": "B"}]);
    let left = two(
        "0f2ac74b498b48028cb68387c421e279",
        "1f2ac74b498b48028cb68387c421e279",
    );
    let right = two(
        "9f2ac74b498b48028cb68387c421e211",
        "8f2ac74b498b48028cb68387c421e211",
    );
    assert_eq!(
        reported(&left, &right, &Rules::default()),
        ["[binding=A].id: value", "[binding=B].id: value"]
    );
}

#[test]
fn the_text_around_a_secret_is_compared_without_it() {
    let rules = Rules {
        identities: Identities::new([Identity {
            name: "environment".into(),
            left: "staging".into(),
            right: "production".into(),
        }]),
        ..Rules::default()
    };
    let url = |password: &str, host: &str| json!({"url": format!("redis://:{password}@{host}/1")});
    let matter = |one: &Value, two: &Value| -> Vec<(bool, bool)> {
        let found = found(one, two, &rules);
        let of = |each: &Disagreement| {
            let is_secret = each.left.as_ref().is_some_and(|side| side.is_secret);
            (is_secret, matches!(each.matter, Matter::Marked(_)))
        };
        found.iter().map(of).collect()
    };
    let one = url("hunter2", "redis.staging.example.org");
    // Only the secret differs, with the environment's name on both sides.
    let two = url("hunter3", "redis.production.example.org");
    assert_eq!(matter(&one, &two), [(true, false)]);
    let two = url("hunter3", "redis.example.org");
    assert_eq!(matter(&one, &two), [(false, true)]);
    let two = url("hunter3", "cache.example.org");
    assert_eq!(matter(&one, &two), [(false, false)]);
}

#[test]
fn a_single_element_is_one_of_the_duplicates() {
    let paths = |name: &str, format: Format, left: &str, right: &str| -> Vec<String> {
        let document =
            |text: &str| evenkeel_document::read(&SourceFile::new(name, text), format).unwrap();
        let compared = compare(&document(left), &document(right), &Rules::default(), None);
        let reported = compared.disagreements.iter();
        reported
            .map(|each| format!("{} {:?}", each.path, each.matter))
            .collect()
    };
    let block = |name: &str| format!("template {{\n  source = \"{name}\"\n  mode = 1\n}}\n");
    let (two, one) = (format!("{}{}", block("a"), block("b")), block("b"));
    assert_eq!(
        paths("a.hcl", Format::Hcl, &two, &one),
        ["template[source=a] Only(Left)"]
    );
    let unit = |lines: &str| format!("[Service]\n{lines}");
    assert_eq!(
        paths(
            "a.service",
            Format::Properties,
            &unit("ExecStartPre=/bin/a\n"),
            &unit("ExecStartPre=/bin/a\nExecStartPre=/bin/b\n"),
        ),
        ["Service.ExecStartPre[/bin/b] Only(Right)"]
    );
    // A list and a single value are different types.
    assert_eq!(
        paths(
            "a.tfvars",
            Format::Hcl,
            "x = [{ a = 1 }]\n",
            "x = { a = 1 }\n"
        ),
        ["x Shape"]
    );
}

#[test]
fn must_differ_inverts_equality() {
    let mut rules = Rules::default();
    rules
        .must_differ
        .push(Pattern::parse("**.recipient").unwrap());
    let left = json!({"a": {"recipient": "x"}, "b": {"recipient": "x"}});
    let right = json!({"a": {"recipient": "x"}, "b": {"recipient": "y"}});
    assert_eq!(reported(&left, &right, &rules), ["a.recipient: MustDiffer"]);
}

#[test]
fn a_declared_default_equals_a_written_value() {
    let mut rules = Rules::default();
    rules.defaults.push((
        Pattern::parse("replicas").unwrap(),
        evenkeel_document::Scalar {
            kind: ScalarKind::Integer,
            text: "1".into(),
        },
    ));
    assert!(reported(&json!({"replicas": 1}), &json!({}), &rules).is_empty());
    assert_eq!(
        reported(&json!({"replicas": 2}), &json!({}), &rules),
        ["replicas: left only"]
    );
}

#[test]
fn secrets_are_compared_and_never_displayed() {
    let left = json!({"db": {"password": "hunter2-left"}, "env": ["API_TOKEN=left-secret"], "x": "ghp_left0123456789"});
    let right = json!({"db": {"password": "hunter2-right"}, "env": ["API_TOKEN=right-secret"], "x": "ghp_right123456789"});
    let all = found(&left, &right, &Rules::default());
    assert_eq!(all.len(), 3);
    for each in &all {
        let (left, right) = (each.left.as_ref().unwrap(), each.right.as_ref().unwrap());
        assert!(left.is_secret && right.is_secret, "{each:?}");
        assert!(!left.shown.contains("left") && !right.shown.contains("right"));
    }
}

#[test]
fn all_values_of_a_kubernetes_secret_are_secret() {
    let secret = |value: &str| json!({"kind": "Secret", "metadata": {"name": "db"}, "data": {"user": value}, "stringData": {"note": value}});
    let all = found(&secret("bGVmdA=="), &secret("cmlnaHQ="), &Rules::default());
    assert_eq!(all.len(), 2);
    for each in &all {
        assert!(each.left.as_ref().unwrap().is_secret, "{each:?}");
        assert!(!each.left.as_ref().unwrap().shown.contains("bGVmdA"));
    }
    let made = |value: &str| json!({"secretGenerator": [{"name": "s", "literals": [format!("user={value}")]}]});
    assert!(
        found(&made("left"), &made("right"), &Rules::default())[0]
            .left
            .as_ref()
            .unwrap()
            .is_secret
    );
}

#[test]
fn a_value_beside_a_name_has_that_name_as_key() {
    let variable = |value: &str| json!({"env": [{"name": "DB_PASSWORD", "value": value}, {"name": "LEVEL", "value": value}]});
    let all = found(&variable("one"), &variable("two"), &Rules::default());
    let secrets: Vec<bool> = all
        .iter()
        .map(|each| each.right.as_ref().unwrap().is_secret)
        .collect();
    assert_eq!(secrets, [true, false]);
    // The same if only one side has it.
    let all = found(&variable("one"), &json!({"env": []}), &Rules::default());
    assert!(
        !all[0]
            .left
            .as_ref()
            .unwrap()
            .shown
            .contains("DB_PASSWORD, value: \"one")
    );
}

#[test]
fn secrets_in_texts_of_several_lines_are_hidden_and_the_rest_is_reported() {
    let config = |password: &str, pool: u8| json!({"data": {"app.yaml": format!("db:\n  password: {password}\n  pool: {pool}\n")}});
    let all = found(
        &config("hunter-a", 5),
        &config("hunter-b", 50),
        &Rules::default(),
    );
    assert_eq!(all.len(), 1);
    let side = all[0].left.as_ref().unwrap();
    assert!(
        !side.is_secret && side.shown.contains("pool: 5"),
        "{side:?}"
    );
    assert!(
        !side.shown.contains("hunter") && !side.scalar.as_ref().unwrap().text.contains("hunter")
    );
    // Only the password differs, so the difference is a secret's.
    let all = found(
        &config("hunter-a", 5),
        &config("hunter-b", 5),
        &Rules::default(),
    );
    assert!(all[0].left.as_ref().unwrap().is_secret);
}

#[test]
fn elements_that_share_a_name_are_paired_one_by_one() {
    let env = |first: &str, last: &str| json!([{"name": "A", "value": "1"}, {"name": "A", "value": first}, {"name": "B", "value": "x"}, {"name": "C", "value": last}]);
    let left = json!({"env": env("1", "0")});
    assert_eq!(
        reported(&left, &json!({"env": env("1", "3")}), &Rules::default()),
        ["env[name=C].value: value"]
    );
    assert_eq!(
        reported(&left, &json!({"env": env("2", "0")}), &Rules::default()),
        ["env[name=A,\"2\"].value: value"]
    );
    assert!(found(&left, &left, &Rules::default()).is_empty());
}

#[test]
fn patches_are_paired_by_their_targets_and_ports_by_their_protocols() {
    let patch = |kind: &str, name: &str, text: &str| json!({"patch": text, "target": {"kind": kind, "name": name}});
    let left = json!({"patches": [patch("Deployment", "api", "2"), patch("Deployment", "web", "2"), patch("Ingress", "main", "a")]});
    let right =
        json!({"patches": [patch("Ingress", "main", "b"), patch("Deployment", "api", "2")]});
    let paths: Vec<String> = found(&left, &right, &Rules::default())
        .iter()
        .map(|each| each.path.to_string())
        .collect();
    assert_eq!(
        paths,
        [
            "patches[kind=Deployment,name=web]",
            "patches[kind=Ingress,name=main].patch"
        ]
    );
    // Two of one target are paired in order.
    let left = json!({"patches": [patch("Deployment", ".*", "1"), patch("Ingress", "main", "a")]});
    let right = json!({"patches": [patch("Ingress", "main", "b"), patch("Ingress", "main", "tls"), patch("Deployment", "api", "5")]});
    let paths: Vec<String> = found(&left, &right, &Rules::default())
        .iter()
        .map(|each| each.path.to_string())
        .collect();
    assert_eq!(
        paths,
        [
            "patches[kind=Deployment,name=\".*\"]",
            "patches[kind=Ingress,name=main,\"1\"].patch",
            "patches[kind=Ingress,name=main,\"2\"]",
            "patches[kind=Deployment,name=api]"
        ]
    );
    let port = |protocol: &str, target: u16| json!({"port": 53, "protocol": protocol, "targetPort": target});
    let left = json!({"ports": [port("TCP", 53), port("UDP", 53)]});
    let right = json!({"ports": [port("UDP", 5353), port("TCP", 53)]});
    let paths: Vec<String> = found(&left, &right, &Rules::default())
        .iter()
        .map(|each| each.path.to_string())
        .collect();
    assert_eq!(paths, ["ports[port=53,protocol=UDP].targetPort"]);
}

#[test]
fn a_replaced_element_is_not_another_order() {
    let left = json!({"features": ["a", "organization", "scopes-b", "z"]});
    let right = json!({"features": ["a", "other", "organization", "z"]});
    assert_eq!(found(&left, &right, &Rules::default()).len(), 1);
}

#[test]
fn the_commit_an_image_was_built_from_is_a_version_of_it() {
    let of = |tag: &str| json!({"apis": {"web": {"tag": tag}}, "source": {"targetRevision": tag}, "vpc": {"checksum": tag}});
    let all = found(
        &of("54887c09f1934cad641d8069fa0dbae835c976e3"),
        &of("9a640b83d2ee87d73babaaedc985e3ffaa9f189b"),
        &Rules::default(),
    );
    let relations: Vec<String> = all
        .iter()
        .map(|each| match &each.matter {
            Matter::Value(relation) => format!("{relation:?}"),
            matter => format!("{matter:?}"),
        })
        .collect();
    let starts = ["Image", "Version", "Opaque"];
    for (relation, start) in relations.iter().zip(starts) {
        assert!(relation.starts_with(start), "{relations:?}");
    }
}

#[test]
fn mounts_and_ports_are_paired_by_destination() {
    let left = json!({"volumes": ["./a.conf:/etc/app.conf:ro", "/x/keys:/etc/keys:ro"], "ports": ["8001:80", "9443:443"]});
    let right = json!({"volumes": ["./ssl:/etc/ssl:ro", "./b.conf:/etc/app.conf:ro"], "ports": ["443:443", "80:80"]});
    let mut paths: Vec<String> = found(&left, &right, &Rules::default())
        .iter()
        .map(|each| {
            format!(
                "{} {}",
                each.path,
                each.left.is_some() && each.right.is_some()
            )
        })
        .collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "ports[\"8001:80\"] true",
            "ports[\"9443:443\"] true",
            "volumes[\"./a.conf:/etc/app.conf:ro\"] true",
            "volumes[\"/x/keys:/etc/keys:ro\"] true",
        ]
    );
}

mod laws {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::{Matter, Rules, Which, compare};
    use super::{Content, Node, document, found};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..20i64).prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
            "[A-C]=[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            let named = ("[a-d]", inner.clone())
                .prop_map(|(name, value)| serde_json::json!({"name": name, "value": value}));
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec(named, 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]{1,2}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Returns the value with reversed keys, and with reversed lists of named elements.
    fn reordered(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(reordered).collect();
                let mut names: Vec<&str> = items
                    .iter()
                    .filter_map(|item| item.get("name").and_then(Value::as_str))
                    .collect();
                let all = names.len() == items.len();
                names.sort_unstable();
                names.dedup();
                if all && names.len() == items.len() {
                    items.reverse();
                }
                Value::Array(items)
            }
            Value::Object(entries) => Value::Object(
                entries
                    .iter()
                    .rev()
                    .map(|(key, value)| (key.clone(), reordered(value)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Returns the tree with the keys of every map reversed, which JSON values would sort.
    fn turned(mut node: Node) -> Node {
        node.content = match node.content {
            Content::Map(entries) => Content::Map(
                entries
                    .into_iter()
                    .rev()
                    .map(|mut entry| {
                        entry.value = turned(entry.value);
                        entry
                    })
                    .collect(),
            ),
            Content::List(items) => Content::List(items.into_iter().map(turned).collect()),
            scalar @ Content::Scalar(_) => scalar,
        };
        node
    }

    /// Counts the differing single values; both directions must agree.
    fn counted(left: &Value, right: &Value) -> (usize, usize, usize, usize) {
        let mut counts = (0, 0, 0, 0);
        for each in found(left, right, &Rules::default()) {
            match each.matter {
                Matter::Only(Which::Left) => counts.0 += 1,
                Matter::Only(Which::Right) => counts.1 += 1,
                Matter::Order(_) | Matter::Moved(_) => counts.2 += 1,
                _ => counts.3 += 1,
            }
        }
        counts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn nothing_differs_from_itself(value in value()) {
            prop_assert!(found(&value, &value, &Rules::default()).is_empty());
        }

        #[test]
        fn reordering_keys_and_named_elements_creates_no_difference(value in value()) {
            let mut other = document(&reordered(&value));
            other.roots = other.roots.into_iter().map(turned).collect();
            let all = compare(&document(&value), &other, &Rules::default(), None).disagreements;
            prop_assert!(all.is_empty(), "{all:?}");
        }

        #[test]
        fn parity_is_symmetric(left in value(), right in value()) {
            let there = counted(&left, &right);
            let back = counted(&right, &left);
            prop_assert_eq!(there, (back.1, back.0, back.2, back.3));
        }

        #[test]
        fn every_difference_is_found(left in value(), right in value()) {
            if left != right {
                let all = found(&left, &right, &Rules::default());
                // Trees without differences have at least the same content in another order.
                if all.is_empty() {
                    prop_assert_eq!(canonical(&left), canonical(&right));
                }
            }
        }
    }

    fn canonical(value: &Value) -> String {
        match value {
            Value::Array(items) => {
                let mut items: Vec<String> = items.iter().map(canonical).collect();
                items.sort();
                format!("[{}]", items.join(","))
            }
            Value::Object(entries) => {
                let mut entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}:{}", canonical(value)))
                    .collect();
                entries.sort();
                format!("{{{}}}", entries.join(","))
            }
            other => other.to_string(),
        }
    }
}

#[test]
fn the_metadata_of_an_encrypted_file_is_one_secret() {
    let sealed = |mac: &str| json!({"a": 1, "sops": {"mac": mac, "lastmodified": mac, "version": mac, "age": [mac]}});
    let found = compare(
        &document(&sealed("0a1b")),
        &document(&sealed("2c3d")),
        &rules(&[]),
        None,
    )
    .disagreements;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path.to_string(), "sops");
    assert!(found[0].left.as_ref().unwrap().is_encrypted);
}

#[test]
fn a_secret_in_a_list_is_not_in_a_path() {
    let listed = |token: &str| json!({"args": [format!("--db-password={token}"), "x"], "tokens": ["same", token]});
    let found = compare(
        &document(&listed("hunter2")),
        &document(&listed("hunter3")),
        &rules(&[]),
        None,
    )
    .disagreements;
    assert_eq!(found.len(), 2);
    for one in found {
        assert!(!one.path.to_string().contains("hunter"), "{}", one.path);
        for side in [&one.left, &one.right].into_iter().flatten() {
            assert!(!side.shown.contains("hunter"), "{}", side.shown);
        }
    }
}

#[test]
fn a_value_of_another_shape_can_be_bounded() {
    let long: Vec<u32> = (0..1000).collect();
    let found = compare(
        &document(&json!({"a": {"b": 1}, "l": long, "same": 1})),
        &document(&json!({"a": 5, "l": "x", "same": 1})),
        &rules(&[]),
        None,
    )
    .disagreements;
    let text = |number: usize| {
        let side = found[number].left.as_ref().unwrap();
        side.scalar.as_ref().unwrap().text.to_string()
    };
    assert_eq!(text(0), "{b: 1}");
    assert!(text(1).starts_with("[0, 1, 2") && text(1).len() < 500);
}
