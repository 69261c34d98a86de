//! Section of a document: one environment's part of a file, selected by a path pattern.
//!
//! `env.staging` is a nested map, `profiles[name=staging]` an element of a list, and
//! `[spring.config.activate.on-profile=staging]` one of several documents in a file. The selecting key is removed from
//! an element: it names the section. Documents without the selecting key are layers below those that have it; of
//! Kubernetes objects, all that have it form the section (`[metadata.namespace=staging]`). `lane.staging` is a block of
//! a file that is compared as lines ([`blocks`]).

pub(crate) mod blocks;

use super::layers::merge_deep;
use super::pattern::{Part, Pattern};
use evenkeel_document::{Content, Node};
use evenkeel_model::text::matches;

/// Maximum number of nodes that one pattern may select.
const MOST: usize = 10_000;

/// Returns the nodes of a file's documents that a pattern selects, in order.
pub(crate) fn select(roots: &[Node], pattern: &Pattern) -> Vec<Node> {
    let parts = pattern.parts();
    let Some((first, rest)) = parts.split_first() else {
        return Vec::new();
    };
    // Several documents are selected like elements of a list, and the others are layers below.
    if let Part::Element(wanted) = first
        && !matches!(
            roots,
            [Node {
                content: Content::List(_),
                ..
            }]
        )
    {
        return descend(chosen_document(roots, wanted), rest);
    }
    let mut found: Vec<Node> = Vec::new();
    for root in roots {
        found.extend(step(root, first));
    }
    descend(found, rest)
}

fn descend(mut nodes: Vec<Node>, parts: &[Part]) -> Vec<Node> {
    for part in parts {
        nodes = nodes.iter().flat_map(|node| step(node, part)).collect();
        nodes.truncate(MOST);
    }
    nodes
}

/// Returns the nodes that one step leads to.
fn step(node: &Node, part: &Part) -> Vec<Node> {
    match (part, &node.content) {
        (Part::Key(key, is_quoted), Content::Map(entries)) => entries
            .iter()
            .filter(|entry| same(key, &entry.key, !is_quoted))
            .map(|entry| entry.value.clone())
            .collect(),
        (Part::AnyElement, Content::List(items)) => items.clone(),
        (Part::Position(at), Content::List(items)) => items.get(*at).cloned().into_iter().collect(),
        (Part::Element(wanted), Content::List(items)) => items
            .iter()
            .filter(|item| is_chosen(item, wanted))
            .map(|item| without(item, wanted))
            .collect(),
        (Part::AnySteps, _) => {
            let mut all = Vec::new();
            below(node, &mut all);
            all
        }
        _ => Vec::new(),
    }
}

/// Collects a node and everything below it. Readers bound the depth.
fn below(node: &Node, all: &mut Vec<Node>) {
    if all.len() >= MOST {
        return;
    }
    all.push(node.clone());
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter().for_each(|item| below(item, all)),
        Content::Map(entries) => entries.iter().for_each(|entry| below(&entry.value, all)),
    }
}

fn same(pattern: &str, text: &str, is_wild: bool) -> bool {
    if is_wild && pattern.contains('*') {
        matches(pattern, text)
    } else {
        pattern == text
    }
}

type Wanted = [(std::sync::Arc<str>, std::sync::Arc<str>, bool)];

/// Returns the documents that have the wanted values, over those without such a key, in the order of the file. Empty if
/// no document has them.
fn chosen_document(roots: &[Node], wanted: &Wanted) -> Vec<Node> {
    // Kubernetes objects are independent, so none is a layer of another.
    let is_object = |root: &Node| root.get("kind").is_some() && root.get("metadata").is_some();
    if roots.iter().any(is_object) {
        let chosen = roots.iter().filter(|root| is_chosen(root, wanted));
        return chosen.cloned().collect();
    }
    let mut whole: Option<Node> = None;
    let mut is_found = false;
    for root in roots {
        let is_beneath = wanted.iter().all(|(key, _, _)| lookup(root, key).is_none());
        let has = is_chosen(root, wanted);
        is_found |= has;
        if !(has || is_beneath) {
            continue;
        }
        let own = without(root, wanted);
        whole = Some(match whole {
            Some(below) => merge_deep(below, own),
            None => own,
        });
    }
    whole.filter(|_| is_found).into_iter().collect()
}

/// Whether an element has all of the wanted values.
fn is_chosen(node: &Node, wanted: &Wanted) -> bool {
    wanted.iter().all(|(key, value, is_wild)| {
        if key.is_empty() {
            return match &node.content {
                Content::Scalar(scalar) => same(value, &scalar.text, *is_wild),
                Content::Map(entries) => match entries.as_slice() {
                    [only] => same(value, &only.key, *is_wild),
                    _ => false,
                },
                Content::List(_) => false,
            };
        }
        lookup(node, key).is_some_and(|found| has_value(found, value, *is_wild))
    })
}

/// Whether a value is the wanted one, or contains it: `staging | qa`, `[staging, qa]`.
fn has_value(node: &Node, wanted: &str, is_wild: bool) -> bool {
    match &node.content {
        Content::Scalar(scalar) => {
            same(wanted, &scalar.text, is_wild)
                || scalar
                    .text
                    .split([',', '|', ' ', '(', ')'])
                    .any(|word| same(wanted, word.trim(), is_wild))
        }
        Content::List(items) => items.iter().any(|item| {
            item.as_scalar()
                .is_some_and(|scalar| same(wanted, &scalar.text, is_wild))
        }),
        // `environment: {name: staging}`
        Content::Map(_) => node
            .get("name")
            .is_some_and(|name| name.as_scalar().is_some() && has_value(name, wanted, is_wild)),
    }
}

/// Returns the value of a key: of the exact key, or through maps at its dots.
pub(crate) fn lookup<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    if let Some(found) = node.get(key) {
        return Some(found);
    }
    key.match_indices('.').find_map(|(at, _)| {
        let (first, rest) = (key.get(..at)?, key.get(at + 1..)?);
        lookup(node.get(first)?, rest)
    })
}

/// Returns an element without the keys that selected it, and without maps that become empty.
fn without(node: &Node, wanted: &Wanted) -> Node {
    let mut node = node.clone();
    for (key, _, _) in wanted.iter().filter(|(key, _, _)| !key.is_empty()) {
        remove(&mut node, key);
    }
    // The only key of a map selected it.
    if let ([(key, _, _)], Content::Map(entries)) = (wanted, &mut node.content)
        && key.is_empty()
        && let Some(only) = entries.pop()
    {
        return only.value;
    }
    node
}

fn remove(node: &mut Node, key: &str) {
    let Content::Map(entries) = &mut node.content else {
        return;
    };
    let before = entries.len();
    entries.retain(|entry| &*entry.key != key);
    if entries.len() < before {
        return;
    }
    let dots: Vec<usize> = key.match_indices('.').map(|(at, _)| at).collect();
    for at in dots {
        let (Some(first), Some(rest)) = (key.get(..at), key.get(at + 1..)) else {
            continue;
        };
        if let Some(entry) = entries.iter_mut().find(|entry| &*entry.key == first) {
            remove(&mut entry.value, rest);
        }
        entries.retain(|entry| {
            &*entry.key != first
                || !matches!(&entry.value.content, Content::Map(inner) if inner.is_empty())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::select;
    use crate::Pattern;
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

    fn selected(text: &str, format: Format, pattern: &str) -> Vec<String> {
        let document = read(&SourceFile::new("a", text), format).unwrap();
        let pattern = Pattern::parse(pattern).unwrap();
        select(&document.roots, &pattern)
            .iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn a_section_is_a_map_an_element_or_a_document() {
        let yaml = |text, pattern| selected(text, Format::Yaml, pattern);
        assert_eq!(yaml("env: {qa: {a: 1}, live: {a: 2}}", "env.qa"), ["{a:1}"]);
        assert_eq!(yaml("qa: {a: 1}\nlive: {a: 2}", "live"), ["{a:2}"]);
        assert_eq!(yaml("\"a.qa\": {x: 1}", "\"a.qa\""), ["{x:1}"]);
        assert_eq!(
            yaml(
                "p:\n- {name: qa, r: 1}\n- {name: live, r: 4}",
                "p[name=live]"
            ),
            ["{r:4}"]
        );
        assert_eq!(
            yaml("m:\n- qa: {r: 1}\n- live: {r: 4}", "m[live]"),
            ["{r:4}"]
        );
        assert_eq!(
            yaml("- {env: qa, r: 1}\n- {env: live, r: 4}", "[env=live]"),
            ["{r:4}"]
        );
        assert_eq!(
            yaml(
                "j:\n- {environment: {name: qa}, r: 1}\n",
                "j[environment=qa]"
            ),
            ["{r:1}"]
        );
        assert_eq!(
            selected("[env.qa.vars]\nA = 1\n[env.live]\n", Format::Toml, "env.qa"),
            ["{vars:{A:1}}"]
        );
        assert!(yaml("env: {qa: 1}", "env.live").is_empty());
        assert!(yaml("env: [1]", "env.live").is_empty());
    }

    #[test]
    fn objects_of_a_namespace_are_a_section() {
        let object = |kind: &str, namespace: &str| {
            format!("kind: {kind}\nmetadata: {{name: a, namespace: {namespace}}}\n---\n")
        };
        let text = object("A", "qa") + &object("B", "qa") + &object("A", "live");
        let of = |pattern| selected(&text, Format::Yaml, pattern);
        assert_eq!(
            of("[metadata.namespace=qa]"),
            [
                "{kind:A,metadata:{name:a,namespace:qa}}",
                "{kind:B,metadata:{name:a,namespace:qa}}"
            ]
        );
        assert_eq!(of("[metadata.namespace=live]").len(), 1);
    }

    #[test]
    fn documents_without_a_profile_are_layers_below() {
        let text = "port: 80\nlog: {a: 1}\n---\nspring: {config: {activate: {on-profile: \"qa | uat\"}}}\nlog: {b: 2}\n---\nspring.config.activate.on-profile: live\nport: 90\n";
        let of = |profile: &str| {
            let pattern = format!("[spring.config.activate.on-profile={profile}]");
            selected(text, Format::Yaml, &pattern)
        };
        assert_eq!(of("qa"), ["{port:80,log:{a:1,b:2}}"]);
        assert_eq!(of("live"), ["{port:90,log:{a:1}}"]);
        assert!(of("dev").is_empty());
    }
}
