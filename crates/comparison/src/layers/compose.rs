//! Compose files over one another, by the rules of the Compose specification ("Merge").
//!
//! Short forms are first expanded in every layer: variables, labels and dependencies are maps. Two environments that
//! write one thing in two forms are therefore equal.

use std::sync::Arc;

use super::merging::keyed;
use evenkeel_document::{Content, Entry, Node, Place, Scalar, ScalarKind};

/// Lists of a service with `NAME=value` elements.
const VARIABLES: &[&str] = &["environment", "labels", "annotations", "sysctls", "args"];
/// Lists with `name:value` elements.
const HOSTS: &[&str] = &["extra_hosts", "additional_contexts"];
/// Lists of names that are maps in their long form.
const NAMES: &[&str] = &["depends_on", "networks"];
/// Keys that accept one value in place of a list.
const LISTS: &[&str] = &["dns", "dns_search", "tmpfs", "env_file", "label_file"];
/// Keys that are replaced whole.
const REPLACED: &[&str] = &["command", "entrypoint"];

/// Expands the short forms of a file. Tags that control merging stay for [`over`].
pub(super) fn even(mut root: Node) -> Node {
    let Content::Map(sections) = &mut root.content else {
        return root;
    };
    for section in sections {
        let Content::Map(named) = &mut section.value.content else {
            continue;
        };
        let is_services = &*section.key == "services";
        for entry in named {
            if is_services {
                even_service(&mut entry.value);
            } else if let Content::Map(fields) = &mut entry.value.content {
                even_fields(fields, &["labels"]);
            }
        }
    }
    root
}

fn even_service(service: &mut Node) {
    let Content::Map(fields) = &mut service.content else {
        return;
    };
    for field in fields.iter_mut() {
        match &*field.key {
            "build" => {
                if let Content::Scalar(scalar) = &field.value.content {
                    let context = Node::new(field.value.place, Content::Scalar(scalar.clone()));
                    field.value.content = Content::Map(vec![Entry {
                        key: "context".into(),
                        place: field.value.place,
                        value: context,
                    }]);
                }
                if let Content::Map(fields) = &mut field.value.content {
                    even_fields(
                        fields,
                        &["args", "labels", "extra_hosts", "additional_contexts"],
                    );
                }
            }
            "ports" => {
                if let Content::List(items) = &mut field.value.content {
                    items.iter_mut().for_each(short_port);
                }
            }
            "deploy" => {
                if let Content::Map(fields) = &mut field.value.content {
                    even_fields(fields, &["labels"]);
                }
            }
            _ => {}
        }
    }
    even_fields(
        fields,
        &[
            "environment",
            "labels",
            "annotations",
            "sysctls",
            "extra_hosts",
            "depends_on",
            "networks",
            "dns",
            "dns_search",
            "tmpfs",
            "env_file",
            "label_file",
        ],
    );
}

/// Shortens a port whose long form contains no more: `{target: 80, published: 8080}` is `8080:80`.
fn short_port(item: &mut Node) {
    let Content::Map(fields) = &item.content else {
        return;
    };
    let text = |key: &str| {
        let field = fields.iter().find(|field| &*field.key == key);
        field.and_then(|field| field.value.as_scalar())
    };
    const KNOWN: &[&str] = &["target", "published", "host_ip", "protocol", "mode"];
    let is_plain =
        |field: &Entry| KNOWN.contains(&&*field.key) && field.value.as_scalar().is_some();
    let is_ingress = text("mode").is_none_or(|mode| &*mode.text == "ingress");
    let Some(target) = text("target").filter(|_| is_ingress && fields.iter().all(is_plain)) else {
        return;
    };
    let mut short = String::new();
    for key in ["host_ip", "published"] {
        if let Some(part) = text(key) {
            short.push_str(&part.text);
            short.push(':');
        }
    }
    // An address without a port has another meaning.
    if text("host_ip").is_some() && text("published").is_none() {
        return;
    }
    short.push_str(&target.text);
    if let Some(protocol) = text("protocol").filter(|protocol| &*protocol.text != "tcp") {
        short.push('/');
        short.push_str(&protocol.text);
    }
    item.content = Content::Scalar(Scalar {
        kind: ScalarKind::Text,
        text: short.into(),
    });
}

fn even_fields(fields: &mut [Entry], keys: &[&str]) {
    for field in fields
        .iter_mut()
        .filter(|field| keys.contains(&&*field.key))
    {
        let key = &*field.key;
        let value = &mut field.value;
        let content = std::mem::replace(&mut value.content, Content::List(Vec::new()));
        value.content = match content {
            Content::List(items) if VARIABLES.contains(&key) => variables(items, &['=']),
            Content::List(items) if HOSTS.contains(&key) => variables(items, &['=', ':']),
            Content::List(items) if NAMES.contains(&key) => names(items, key),
            Content::Scalar(scalar) if LISTS.contains(&key) => {
                Content::List(vec![Node::new(value.place, Content::Scalar(scalar))])
            }
            other => other,
        };
    }
}

/// Converts `NAME=value` elements to a map; a list with other elements stays unchanged.
fn variables(items: Vec<Node>, signs: &[char]) -> Content {
    let mut entries: Vec<Entry> = Vec::new();
    let is_all = items.iter().all(|item| item.as_scalar().is_some());
    if !is_all {
        return Content::List(items);
    }
    for item in items {
        let Content::Scalar(scalar) = &item.content else {
            continue;
        };
        let (key, value) = match scalar.text.split_once(signs) {
            Some((key, value)) => (
                Box::<str>::from(key),
                Scalar {
                    kind: ScalarKind::Loose,
                    text: value.into(),
                },
            ),
            None => (
                scalar.text.clone(),
                Scalar {
                    kind: ScalarKind::Null,
                    text: "".into(),
                },
            ),
        };
        // The last duplicate counts.
        entries.retain(|entry| *entry.key != *key);
        entries.push(Entry {
            key: key.into(),
            place: item.place,
            value: Node::new(item.place, Content::Scalar(value)),
        });
    }
    Content::Map(entries)
}

/// Converts names to a map; a dependency has a condition.
fn names(items: Vec<Node>, key: &str) -> Content {
    if !items.iter().all(|item| item.as_scalar().is_some()) {
        return Content::List(items);
    }
    let value = |place: Place| {
        if key == "depends_on" {
            let condition = Node::scalar(place, ScalarKind::Text, "service_started");
            Content::Map(vec![Entry {
                key: "condition".into(),
                place,
                value: condition,
            }])
        } else {
            Content::Scalar(Scalar {
                kind: ScalarKind::Null,
                text: "".into(),
            })
        }
    };
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        if let Content::Scalar(scalar) = &item.content
            && !entries.iter().any(|entry| *entry.key == *scalar.text)
        {
            entries.push(Entry {
                key: scalar.text.as_ref().into(),
                place: item.place,
                value: Node::new(item.place, value(item.place)),
            });
        }
    }
    Content::Map(entries)
}

/// Merges a file over the one below; both with expanded forms.
pub(super) fn over(below: Node, above: Node) -> Node {
    merged(below, above, &mut Vec::new())
        .unwrap_or_else(|place| Node::new(place, Content::Map(Vec::new())))
}

/// `Err` with the place if the upper one removes it.
fn merged(below: Node, above: Node, path: &mut Vec<Arc<str>>) -> Result<Node, Place> {
    let Node {
        place,
        tag,
        content,
    } = above;
    match tag.as_deref().map(|tag| &**tag) {
        Some("!reset") => return Err(place),
        Some("!override") => return Ok(Node::new(place, content)),
        _ => {}
    }
    let key = path.last().map_or("", |key| &**key);
    let in_service = path.len() == 3 && path.first().is_some_and(|first| &**first == "services");
    let is_replaced = in_service && REPLACED.contains(&key)
        || key == "test"
            && path
                .iter()
                .rev()
                .nth(1)
                .is_some_and(|above| &**above == "healthcheck");
    let is_other_logging = in_service && key == "logging" && {
        let driver = |node: &Content| match node {
            Content::Map(entries) => entries
                .iter()
                .find(|entry| &*entry.key == "driver")
                .and_then(|entry| entry.value.as_scalar())
                .map(|scalar| scalar.text.clone()),
            _ => None,
        };
        let (one, two) = (driver(&below.content), driver(&content));
        two.is_some() && one.is_some() && one != two
    };
    if is_replaced || is_other_logging {
        return Ok(Node {
            place,
            tag,
            content,
        });
    }
    let content = match (below.content, content) {
        (Content::Map(lower), Content::Map(upper)) => Content::Map(entries(lower, upper, path)),
        (Content::List(lower), Content::List(upper)) => Content::List(appended(lower, upper, key)),
        // An empty value over a list or a map changes nothing.
        (lower @ (Content::Map(_) | Content::List(_)), Content::Scalar(scalar))
            if scalar.kind == ScalarKind::Null =>
        {
            return Ok(Node {
                place: below.place,
                tag: below.tag,
                content: lower,
            });
        }
        (_, upper) => upper,
    };
    Ok(Node {
        place,
        tag,
        content,
    })
}

fn entries(lower: Vec<Entry>, upper: Vec<Entry>, path: &mut Vec<Arc<str>>) -> Vec<Entry> {
    // The key is taken from the entries, since `keyed` passes values only.
    let keys: Vec<Arc<str>> = lower.iter().map(|entry| entry.key.clone()).collect();
    let mut shared = upper
        .iter()
        .filter(|entry| keys.contains(&entry.key))
        .map(|entry| entry.key.clone())
        .collect::<Vec<_>>()
        .into_iter();
    let mut result = keyed(lower, upper, &mut |below, above| {
        path.push(shared.next().unwrap_or_default());
        let node = merged(below, above, path).ok();
        path.pop();
        node
    });
    result.retain(|entry| entry.value.tag.as_deref().map(|tag| &**tag) != Some("!reset"));
    result
}

/// Appends a list. Mounts, devices, configurations and secrets are replaced by their target; equal elements are kept
/// once.
fn appended(lower: Vec<Node>, upper: Vec<Node>, key: &str) -> Vec<Node> {
    let mut result = lower;
    for item in upper {
        let own = target(&item, key);
        let same = |other: &Node| {
            other.content == item.content && other.as_scalar().is_some()
                || own.is_some() && target(other, key) == own
        };
        match result
            .iter()
            .position(same)
            .and_then(|at| result.get_mut(at))
        {
            Some(place) => *place = item,
            None => result.push(item),
        }
    }
    result
}

/// Returns the unique part of some lists' elements: the mount target.
fn target(item: &Node, key: &str) -> Option<String> {
    if !matches!(key, "volumes" | "devices" | "configs" | "secrets") {
        return None;
    }
    if let Some(scalar) = item.as_scalar() {
        let mut parts = scalar.text.split(':');
        let first = parts.next()?;
        return Some(match (key, parts.next()) {
            ("volumes" | "devices", Some(target)) => target.to_owned(),
            _ => first.to_owned(),
        });
    }
    let text = |name: &str| Some(item.get(name)?.as_scalar()?.text.to_string());
    text("target").or_else(|| text("source"))
}

#[cfg(test)]
mod tests {
    use super::super::Merge;
    use super::super::merging::roots;
    use evenkeel_document::{Content, Format, Node, read};
    use evenkeel_model::source::SourceFile;

    fn shown(node: &Node) -> String {
        match &node.content {
            Content::Scalar(scalar) => scalar.text.to_string(),
            Content::List(items) => {
                let items: Vec<String> = items.iter().map(shown).collect();
                format!("[{}]", items.join(","))
            }
            Content::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|entry| format!("{}:{}", entry.key, shown(&entry.value)))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    fn merged(layers: &[&str], merge: Merge) -> String {
        let mut result = Vec::new();
        for layer in layers {
            let document = read(&SourceFile::new("a", *layer), Format::Yaml).unwrap();
            result = roots(result, document.roots, merge);
        }
        result.iter().map(shown).collect()
    }

    #[test]
    fn compose_merges_by_the_kind_of_each_field() {
        let service = |text: &str| format!("services: {{web: {text}}}");
        for (below, above, expected) in [
            ("{image: a, x: 1}", "{image: b}", "{image:b,x:1}"),
            ("{command: [a, b]}", "{command: [c]}", "{command:[c]}"),
            ("{entrypoint: a}", "{entrypoint: [c]}", "{entrypoint:[c]}"),
            (
                "{healthcheck: {test: [a], retries: 1}}",
                "{healthcheck: {test: [b]}}",
                "{healthcheck:{test:[b],retries:1}}",
            ),
            (
                "{ports: ['80:80']}",
                "{ports: ['81:81', '80:80']}",
                "{ports:[80:80,81:81]}",
            ),
            (
                "{ports: ['80:80']}",
                "{ports: [{target: 80, published: '80', protocol: tcp}, {target: 53, published: 53, protocol: udp}]}",
                "{ports:[80:80,53:53/udp]}",
            ),
            (
                "{ports: ['80:80']}",
                "{ports: [{target: 80, published: '80', mode: host}]}",
                "{ports:[80:80,{target:80,published:80,mode:host}]}",
            ),
            ("{expose: [80]}", "{expose: [81]}", "{expose:[80,81]}"),
            (
                "{dns: 1.1.1.1}",
                "{dns: [8.8.8.8]}",
                "{dns:[1.1.1.1,8.8.8.8]}",
            ),
            (
                "{environment: [A=1, B=2]}",
                "{environment: {B: 3, C: 4}}",
                "{environment:{A:1,B:3,C:4}}",
            ),
            (
                "{volumes: ['./a:/x', '/y']}",
                "{volumes: ['./b:/x:ro']}",
                "{volumes:[./b:/x:ro,/y]}",
            ),
            (
                "{volumes: ['./a:/x']}",
                "{volumes: [{type: bind, source: b, target: /x}]}",
                "{volumes:[{type:bind,source:b,target:/x}]}",
            ),
            (
                "{depends_on: [db]}",
                "{depends_on: {db: {condition: service_healthy}, mq: {condition: service_started}}}",
                "{depends_on:{db:{condition:service_healthy},mq:{condition:service_started}}}",
            ),
            (
                "{build: .}",
                "{build: {args: [A=1]}}",
                "{build:{context:.,args:{A:1}}}",
            ),
            ("{ports: [a], x: 1}", "{ports: !reset []}", "{x:1}"),
            ("{ports: [a, b]}", "{ports: !override [c]}", "{ports:[c]}"),
            (
                "{logging: {driver: a, options: {x: 1}}}",
                "{logging: {driver: b}}",
                "{logging:{driver:b}}",
            ),
            ("{x: 1}", "null", "{x:1}"),
        ] {
            let result = merged(&[&service(below), &service(above)], Merge::Compose);
            assert_eq!(
                result,
                format!("{{services:{{web:{expected}}}}}"),
                "{above}"
            );
        }
    }

    #[test]
    fn other_layers_are_merged_like_their_programs() {
        let both = [
            "{a: {b: 1, c: 2}, l: [1, 2], k: 1}",
            "{a: {c: null, d: 3}, l: [9], n: null}",
        ];
        assert_eq!(merged(&both, Merge::Deep), "{a:{b:1,c:,d:3},l:[9],k:1,n:}");
        assert_eq!(merged(&both, Merge::Helm), "{a:{b:1,d:3},l:[9],k:1,n:}");
        assert_eq!(
            merged(&both, Merge::Indexed),
            "{a:{b:1,c:,d:3},l:[9,2],k:1,n:}"
        );
        assert_eq!(merged(&both, Merge::Shallow), "{a:{c:,d:3},l:[9],k:1,n:}");
        assert_eq!(
            merged(&["{a: 1}", "{a: 2}", "{b: 3}"], Merge::Deep),
            "{a:2,b:3}"
        );
        assert_eq!(
            merged(
                &[
                    "{kind: A, metadata: {name: x}, p: 1}\n---\n{kind: B, metadata: {name: x}, p: 1}",
                    "{kind: B, metadata: {name: x}, p: 2}",
                ],
                Merge::Deep
            ),
            "{kind:A,metadata:{name:x},p:1}{kind:B,metadata:{name:x},p:2}"
        );
    }
}
