//! Tests of rewriting: bytes outside of the changed values stay, and the values read back.

use std::collections::BTreeMap;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::{Layer, Rewrite, RewriteError, Rewritten};
use crate::environment::{Definition, Files, read};
use evenkeel_model::{Address, EnvironmentName, Value};

struct Texts(BTreeMap<String, String>);

impl Files for Texts {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.as_bytes().to_vec()))
    }
    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().cloned().collect())
    }
    fn shown(&self, path: &str) -> String {
        format!("environments/{path}")
    }
}

const HEAD: &str = "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n\n[target.web]\nlocal = true\n\n[release]\nrequire = []\napprovals = 0\n\n";

fn texts(system: &str, production: &str) -> Texts {
    let head = |name: &str| format!("[environment]\nname = \"{name}\"\n");
    Texts(BTreeMap::from([
        ("system.toml".to_owned(), format!("{HEAD}{system}")),
        ("staging.toml".to_owned(), head("staging")),
        (
            "production.toml".to_owned(),
            format!("{}{production}", head("production")),
        ),
    ]))
}

fn parse(texts: &Texts) -> Definition {
    let (definition, complaints) = read(texts);
    let messages: Vec<&str> = complaints.iter().map(|it| it.message.as_str()).collect();
    assert!(messages.is_empty(), "{messages:?}");
    definition.unwrap()
}

/// Changes values of `file.a`, and returns the new texts of both files, without their heads.
fn change(
    (system, production): (&str, &str),
    changes: &[(&'static str, Value, Layer)],
) -> Result<(String, String, Vec<Rewritten>), RewriteError> {
    let before = texts(system, production);
    let definition = parse(&before);
    let production = EnvironmentName::new("production");
    let address = Address::new("file", "a");
    let mut rewrite = Rewrite::new(&definition, &production).unwrap();
    let mut done = Vec::new();
    for (key, value, layer) in changes {
        done.push(rewrite.set(&address, key, value, *layer)?);
    }
    let mut after = Texts(before.0.clone());
    for (file, text) in rewrite.texts() {
        let name = file.path.trim_start_matches("environments/").to_owned();
        after.0.insert(name, text);
    }
    let read_again = parse(&after);
    for (key, value, layer) in changes {
        let block = match layer {
            Layer::Shared => read_again.resources.get(&address),
            Layer::Own => read_again.environments[&production].resources.get(&address),
        };
        let found = block.unwrap().get(key).unwrap();
        assert_eq!(found.expression.plain(), Some(value), "{key}");
    }
    let cut = |name: &str, head: &str| after.0[name].strip_prefix(head).unwrap().to_owned();
    let system = cut("system.toml", HEAD);
    let own = cut("production.toml", "[environment]\nname = \"production\"\n");
    Ok((system, own, done))
}

const FILE: &str = "# About a.\n[file.a]   # the first\non   = \"web\"\npath = '/srv/a'  # a path\ncontent = \"x\"\n\n# About b.\n[file.b]\non = \"web\"\npath = \"/srv/b\"\ncontent = \"\"\n";

#[test]
fn a_value_is_replaced_and_everything_else_stays() {
    let (system, own, done) = change(
        (FILE, ""),
        &[("path", Value::text("/srv/${c}"), Layer::Shared)],
    )
    .unwrap();
    assert_eq!(system, FILE.replace("'/srv/a'", "\"/srv/$${c}\""));
    assert_eq!(own, "");
    assert_eq!(done[0].at, "environments/system.toml:15:8");
    assert_eq!(done[0].before.as_deref(), Some("'/srv/a'"));
}

#[test]
fn new_keys_follow_the_last_line_of_their_table() {
    let (system, ..) = change(
        (FILE, ""),
        &[
            ("mode", Value::text("0600"), Layer::Shared),
            ("content", Value::text("y"), Layer::Shared),
            ("owner", Value::text("root"), Layer::Shared),
        ],
    )
    .unwrap();
    assert_eq!(
        system,
        FILE.replace(
            "content = \"x\"\n\n",
            "content = \"y\"\nmode = \"0600\"\nowner = \"root\"\n\n"
        )
    );
}

#[test]
fn an_override_gets_one_table() {
    let values = [
        ("mode", Value::text("0600"), Layer::Own),
        ("owner", Value::text("root"), Layer::Own),
    ];
    let (system, own, _) = change((FILE, "\n[values]"), &values).unwrap();
    assert_eq!(system, FILE);
    assert_eq!(
        own,
        "\n[values]\n\n[file.a]\nmode = \"0600\"\nowner = \"root\"\n"
    );
    let (_, own, _) = change((FILE, "[file.a] # mine\r\nmode = \"0640\"\r\n"), &values).unwrap();
    assert_eq!(
        own,
        "[file.a] # mine\r\nmode = \"0600\"\r\nowner = \"root\"\r\n"
    );
    let (_, own, _) = change((FILE, "[file.a] # mine\nmode = \"0640\""), &values).unwrap();
    assert_eq!(own, "[file.a] # mine\nmode = \"0600\"\nowner = \"root\"");
}

#[test]
fn the_layer_of_a_value_is_the_file_that_declares_it() {
    let before = texts(
        FILE,
        "[file.a]\nmode = \"0640\"\n[file.c]\non = \"web\"\npath = \"/c\"\ncontent = \"\"\n",
    );
    let definition = parse(&before);
    let rewrite = Rewrite::new(&definition, &EnvironmentName::new("production")).unwrap();
    let layer = |name: &str, key: &str| rewrite.layer(&Address::new("file", name), key);
    assert_eq!(layer("a", "mode"), Layer::Own);
    assert_eq!(layer("a", "content"), Layer::Shared);
    assert_eq!(layer("a", "owner"), Layer::Shared);
    assert_eq!(layer("c", "owner"), Layer::Own);
}

#[test]
fn references_and_tables_in_other_forms_are_rejected() {
    let reference = FILE.replace("\"x\"", "\"${environment}\"");
    let error = change(
        (&reference, ""),
        &[("content", Value::text("y"), Layer::Shared)],
    )
    .unwrap_err();
    let RewriteError::Reference { span, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        span.location().to_string(),
        "environments/system.toml:16:12"
    );
    let inline = "file = { a = { on = \"web\", path = \"/a\", content = \"x\" } }\n";
    let at_the_top = format!("{inline}{HEAD}");
    let mut before = texts("", "");
    before.0.insert("system.toml".into(), at_the_top);
    let definition = parse(&before);
    let mut rewrite = Rewrite::new(&definition, &EnvironmentName::new("production")).unwrap();
    let address = Address::new("file", "a");
    let value = Value::text("0600");
    let error = rewrite
        .set(&address, "mode", &value, Layer::Shared)
        .unwrap_err();
    assert!(matches!(error, RewriteError::NoTable { .. }), "{error}");
    // A value of such a table can be replaced.
    let value = Value::text("y");
    let done = rewrite
        .set(&address, "content", &value, Layer::Shared)
        .unwrap();
    assert_eq!(done.after, "\"y\"");
}

#[test]
fn tables_below_and_lists_of_several_lines_are_left_alone() {
    let system = "[process.a]\non = \"web\"\ncommand = [ # why\n  \"a\", # first\n  \"b\",\n] # end\n\n[process.a.ready]\ntcp = \"127.0.0.1:1\"\n\n[process.b]\non = \"web\"\ncommand = [\"b\"]\n";
    let before = texts(system, "");
    let definition = parse(&before);
    let mut rewrite = Rewrite::new(&definition, &EnvironmentName::new("staging")).unwrap();
    let address = Address::new("process", "a");
    let value = Value::text("/srv");
    rewrite
        .set(&address, "directory", &value, Layer::Shared)
        .unwrap();
    let (_, text) = rewrite.texts().pop().unwrap();
    let wanted = system.replace("] # end\n", "] # end\ndirectory = \"/srv\"\n");
    assert_eq!(text, format!("{HEAD}{wanted}"));
}

proptest! {
    #[test]
    fn random_values_read_back_and_only_their_bytes_change(
        content in "\\PC{1,30}|[\"'\\\\\\n\\r\\t$\\{#\\[\\]=a]{1,16}",
        owner in "[a-z]{1,8}|\\PC{1,8}",
        is_own in proptest::bool::ANY,
    ) {
        let layer = if is_own { Layer::Own } else { Layer::Shared };
        let values = [
            ("content", Value::text(&content), layer),
            ("owner", Value::text(&owner), layer),
        ];
        // It reads the values back.
        let (system, own, _) = change((FILE, ""), &values).unwrap();
        if is_own {
            prop_assert_eq!(system, FILE);
        } else {
            prop_assert_eq!(own, "");
            let (start, end) = FILE.split_once("\"x\"\n").unwrap();
            prop_assert!(system.starts_with(start) && system.ends_with(end));
        }
    }
}
