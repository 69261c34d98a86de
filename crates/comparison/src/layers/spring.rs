//! Spring's flat spelling of maps: `server.port: 1` is `server: {port: 1}`.
//!
//! Spring, Quarkus and Micronaut flatten their YAML before they read a value: both spellings are equal. Keys in
//! brackets (`"[a.b]"`) are single words. If a key has a value and keys below it, its value is moved below the empty
//! key.

use evenkeel_document::{Content, Document, Entry, Format, Node, Place};

/// Top-level keys of such files.
const FIRST: &[&str] = &[
    "spring",
    "server",
    "logging",
    "management",
    "quarkus",
    "micronaut",
];

/// Largest rewritten document; finding a key takes linear time.
const MOST: usize = 20_000;

/// Returns a Spring document with nested maps; other documents stay unchanged.
pub(crate) fn evened(mut document: Document) -> Document {
    if document.format == Format::Yaml
        && is_named(&document.file.path)
        && document.roots.iter().all(|root| root.get("kind").is_none())
        && document.roots.iter().any(is_of_spring)
        && document.roots.iter().any(has_dots)
        && document.leaves() <= MOST
    {
        document.roots = document.roots.into_iter().map(even).collect();
    }
    document
}

fn is_named(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["application", "bootstrap"]
        .iter()
        .any(|word| name.starts_with(word))
}

fn is_of_spring(root: &Node) -> bool {
    let Content::Map(entries) = &root.content else {
        return false;
    };
    entries.iter().any(|entry| {
        let first = entry.key.split('.').next().unwrap_or_default();
        FIRST.contains(&first)
    })
}

/// Readers bound the depth.
fn has_dots(node: &Node) -> bool {
    match &node.content {
        Content::Map(entries) => entries
            .iter()
            .any(|entry| split(&entry.key).is_some() || has_dots(&entry.value)),
        Content::List(items) => items.iter().any(has_dots),
        Content::Scalar(_) => false,
    }
}

/// Splits a dotted key into its first part and the rest.
fn split(key: &str) -> Option<(&str, &str)> {
    key.split_once('.')
        .filter(|(first, rest)| !first.is_empty() && !rest.is_empty() && !first.contains('['))
}

fn even(mut node: Node) -> Node {
    node.content = match node.content {
        Content::Map(entries) => {
            let mut all = Vec::with_capacity(entries.len());
            for entry in entries {
                add(&mut all, &entry.key, entry.place, even(entry.value));
            }
            Content::Map(all)
        }
        Content::List(items) => Content::List(items.into_iter().map(even).collect()),
        scalar @ Content::Scalar(_) => scalar,
    };
    node
}

/// Adds a value under a key and replaces an existing one: the last one counts.
fn add(all: &mut Vec<Entry>, key: &str, place: Place, value: Node) {
    let (first, rest) = split(key).map_or((key, None), |(first, rest)| (first, Some(rest)));
    let Some(known) = all.iter_mut().find(|entry| &*entry.key == first) else {
        let value = match rest {
            Some(rest) => below(rest, place, value),
            None => value,
        };
        all.push(Entry {
            key: first.into(),
            place,
            value,
        });
        return;
    };
    let own = &mut known.value;
    match (rest, value.content) {
        (Some(rest), content) => {
            let value = Node { content, ..value };
            change(own, |all| add(all, rest, place, value));
        }
        (None, Content::Map(more)) => change(own, |all| {
            for entry in more {
                add(all, &entry.key, entry.place, entry.value);
            }
        }),
        (None, content) => {
            let value = Node { content, ..value };
            if matches!(own.content, Content::Map(_)) {
                change(own, |all| add(all, "", place, value));
            } else {
                *own = value;
            }
        }
    }
}

/// Returns a map that contains a value.
fn below(key: &str, place: Place, value: Node) -> Node {
    let mut all = Vec::new();
    let end = value.place;
    add(&mut all, key, place, value);
    Node::new(
        Place::new(place.start as usize, end.end as usize),
        Content::Map(all),
    )
}

/// Changes the entries of a map; another value becomes a map with itself below the empty key.
fn change(node: &mut Node, to: impl FnOnce(&mut Vec<Entry>)) {
    let place = node.place;
    let mut entries = match std::mem::replace(&mut node.content, Content::Map(Vec::new())) {
        Content::Map(entries) => entries,
        own => vec![Entry {
            key: "".into(),
            place,
            value: Node::new(place, own),
        }],
    };
    to(&mut entries);
    node.content = Content::Map(entries);
}

#[cfg(test)]
mod tests {
    use super::evened;
    use crate::{Rules, compare};
    use evenkeel_document::{Document, Format, read};
    use evenkeel_model::source::SourceFile;

    fn reported(name: &str, left: &str, right: &str) -> Vec<String> {
        let of = |text: &str| -> Document {
            evened(read(&SourceFile::new(name, text), Format::Yaml).unwrap())
        };
        let compared = compare(&of(left), &of(right), &Rules::default(), None);
        let paths = compared.disagreements.iter();
        paths.map(|each| each.path.to_string()).collect()
    }

    #[test]
    fn both_spellings_of_a_map_are_one() {
        let dotted = "server.port: 80\nspring:\n  jpa.show-sql: true\n  jpa.ddl: none\nlogging.level.org.hibernate.SQL: DEBUG\n";
        let nested = "server: {port: 80}\nspring: {jpa: {show-sql: false, ddl: none}}\nlogging: {level: {org: {hibernate: {SQL: DEBUG}}}}\n";
        assert_eq!(
            reported("application-staging.yml", dotted, nested),
            ["spring.jpa.show-sql"]
        );
        // A value and keys below it; a map beside a key with dots; brackets.
        assert_eq!(
            reported(
                "application.yml",
                "logging.level.org: WARN\nlogging.level.org.web: INFO\nspring: {a: {\"[x.y]\": 1}}\n",
                "logging.level.org.web: INFO\nlogging: {level: {org: WARN}}\nspring.a.[x.y]: 1\n",
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn other_files_stay_unchanged() {
        let (one, two) = ("server.port: 80\n", "server: {port: 80}\n");
        assert_eq!(reported("values.yml", one, two).len(), 2);
        let (one, two) = (
            "kind: App\nserver.port: 1\n",
            "kind: App\nserver: {port: 1}\n",
        );
        assert_eq!(reported("application.yml", one, two).len(), 2);
    }
}
