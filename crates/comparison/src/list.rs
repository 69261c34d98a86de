//! Pairing of the elements of two lists.
//!
//! By identity first: declared keys, then found ones (`name`, `id`, `key`, Kubernetes' apiVersion, kind, namespace and
//! name, the only key of a map, the name in `NAME=value`, a single value, or any other keys that are unique on both
//! sides). Then by groups, then by likeness, and by position only as a last resort. Comparing paired elements is left
//! to `walk`.

mod found;
mod grouped;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::identity::Way;
use super::likeness::Likeness;
use super::meaning::{self, Context};
use super::path::Step;
use super::{Identities, Which};
use evenkeel_document::sensitive::{Under, secret_of_value};
use evenkeel_document::{Content, Node, Scalar, ScalarKind};

/// Keys that identify the elements of a list, the likeliest first. All elements must have the key, with a unique value.
const FOUND: &[&str] = &["name", "id", "key"];

/// Possible identity keys, used only if they pair most elements.
const MAYBE: &[&str] = &[
    "metadata.name",
    "path",
    "host",
    "hostname",
    "domain",
    "url",
    "title",
    "label",
    "username",
    "user",
    "email",
    "mountPath",
    "containerPort",
    "port",
    "cidr",
    "source",
    "target",
    "repo",
    "uses",
    "job_name",
    "alert",
    "record",
];

/// Keys that identify elements only in combination: patches by their target, a port of two protocols.
const TOGETHER: &[&[&str]] = &[
    &["target.kind", "target.name"],
    &["kind", "name"],
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["name", "mountPath"],
];

/// Maximum number of elements on either side that are compared each with each.
const MOST_TRIED: usize = 256;

/// Two paired elements, or an unpaired one.
#[derive(Debug)]
pub(super) struct Pair<'n> {
    pub(super) step: Step,
    pub(super) left: Option<&'n Node>,
    pub(super) right: Option<&'n Node>,
}

/// Pairing of the elements of two lists.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate question")]
pub(super) struct Pairing<'n> {
    /// Pairs in the order of the first list, then elements that only the second has.
    pub(super) pairs: Vec<Pair<'n>>,
    /// Whether the order of paired elements differs.
    pub(super) is_reordered: bool,
    /// Whether a name identifies the elements, not their content.
    pub(super) is_named: bool,
    /// Whether the lists were too long to measure likeness, so that position decided.
    pub(super) by_position: bool,
    /// Whether all pairs have different steps.
    pub(super) is_distinct: bool,
}

/// Identity of an element: names and values.
type Id<'n> = Vec<(&'n str, &'n str)>;

/// Identity as stored in paths.
type Names = Arc<[(Arc<str>, Arc<str>)]>;

/// Pairs the elements of two lists under `key`. `keys` are the declared identity.
pub(super) fn pair<'n>(
    left: &'n [Node],
    right: &'n [Node],
    (key, under): (&str, Under<'n>),
    keys: Option<&[Arc<str>]>,
    likeness: &Likeness<'_>,
) -> Pairing<'n> {
    let identities = likeness.identities;
    if let Some(keys) = keys
        && let Some(pairing) = by_keys(left, right, keys, identities, false)
    {
        return pairing;
    }
    let all = || left.iter().chain(right);
    if all().all(|node| matches!(node.content, Content::Map(_))) {
        let kubernetes: [Arc<str>; 4] =
            ["apiVersion", "kind", "metadata.namespace", "metadata.name"].map(Into::into);
        let is_kubernetes = all().all(|node| {
            at(node, "kind").is_some()
                && at(node, "apiVersion").is_some()
                && at(node, "metadata.name").is_some()
        });
        if is_kubernetes && let Some(pairing) = by_keys(left, right, &kubernetes, identities, false)
        {
            return pairing;
        }
        let found = FOUND.iter().map(|name| (vec![*name], false));
        let together = TOGETHER.iter().map(|names| (names.to_vec(), true));
        let maybe = MAYBE.iter().map(|name| (vec![*name], true));
        for (names, doubtful) in found.chain(maybe).chain(together) {
            let doubtful = doubtful || are_given_out(left, right, &names);
            let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
            if let Some(pairing) = by_keys(left, right, &names, identities, doubtful) {
                return pairing;
            }
        }
        if let Some(pairing) = by_ids(left, right, &only_key, identities, false) {
            return pairing;
        }
        if let Some(names) = found::identifying(left, right, under, identities)
            && let Some(mut pairing) = by_keys(left, right, &names, identities, false)
        {
            // A key that is unique by coincidence distinguishes elements, but does not show that their order has no
            // meaning.
            pairing.is_named = names.iter().any(|name| found::is_name(name));
            return pairing;
        }
        let found = FOUND.iter().map(std::slice::from_ref);
        for keys in TOGETHER.iter().copied().chain(found) {
            if are_given_out(left, right, keys) {
                continue;
            }
            let keys: Vec<Arc<str>> = keys.iter().copied().map(Arc::from).collect();
            if let Some(pairing) = grouped::pair(left, right, &keys, likeness) {
                return pairing;
            }
        }
    }
    if all().all(|node| matches!(node.content, Content::Scalar(_)) && node.tag.is_none()) {
        return by_ids(left, right, &assigned_name, identities, false)
            .unwrap_or_else(|| by_value(left, right, key, identities));
    }
    super::likeness::pair(left, right, likeness)
}

/// Whether a key contains generated ids, different in each environment: they distinguish elements within one list, and
/// match none across two.
fn are_given_out(left: &[Node], right: &[Node], names: &[&str]) -> bool {
    let [name] = names else { return false };
    let first =
        |nodes: &[Node]| -> Option<Scalar> { nodes.first()?.get(name)?.as_scalar().cloned() };
    let (Some(one), Some(two)) = (first(left), first(right)) else {
        return false;
    };
    let context = Context {
        key: name,
        above: "",
    };
    matches!(
        meaning::relate(&one, &two, context),
        meaning::Relation::Opaque(_)
    )
}

/// Returns the text of a single value at a dotted key: `metadata.name`.
fn at<'n>(node: &'n Node, keys: &str) -> Option<&'n str> {
    let mut node = node;
    for key in keys.split('.') {
        node = node.get(key)?;
    }
    match &node.as_scalar()?.text {
        text if text.is_empty() => None,
        text => Some(text),
    }
}

/// Returns the only key of a map.
fn only_key(node: &Node) -> Option<Id<'_>> {
    match &node.content {
        Content::Map(entries) => match entries.as_slice() {
            [entry] => Some(vec![("", &*entry.key)]),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the name in `NAME=value`.
fn assigned_name(node: &Node) -> Option<Id<'_>> {
    let (name, _) = assignment(node.as_scalar()?)?;
    Some(vec![("", name)])
}

/// Returns the name and value of `NAME=value`, the list form of variables.
pub(super) fn assignment(scalar: &Scalar) -> Option<(&str, &str)> {
    if !matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose) {
        return None;
    }
    let (name, value) = scalar.text.split_once('=')?;
    is_name(name).then_some((name, value))
}

/// Whether a word is a name of a variable.
pub(super) fn is_name(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn by_keys<'n>(
    left: &'n [Node],
    right: &'n [Node],
    keys: &[Arc<str>],
    identities: &Identities,
    doubtful: bool,
) -> Option<Pairing<'n>> {
    let ids = |nodes: &'n [Node]| -> Option<Vec<Id<'n>>> {
        let mut all = Vec::with_capacity(nodes.len());
        for node in nodes {
            let mut id: Id<'n> = Vec::with_capacity(keys.len());
            for (number, key) in keys.iter().enumerate() {
                match at(node, key) {
                    Some(text) => id.push((KEY_NAMES.get(number).copied().unwrap_or(""), text)),
                    None if is_optional(key) || (!doubtful && number > 0) => {}
                    None => return None,
                }
            }
            all.push(id);
        }
        Some(all)
    };
    let (lefts, rights) = (ids(left)?, ids(right)?);
    pair_ids(left, right, &lefts, &rights, identities, doubtful, &|id| {
        id.iter()
            .map(|(number, value)| {
                let name = KEY_NAMES
                    .iter()
                    .position(|each| each == number)
                    .and_then(|position| keys.get(position));
                (name.map_or_else(|| Arc::from(""), short), Arc::from(*value))
            })
            .collect()
    })
}

/// Static stand-ins for names of keys, which do not live as long as the elements.
const KEY_NAMES: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7"];

/// Whether an identity may lack a key: a namespace, or the name in a patch for all objects of a kind.
fn is_optional(key: &str) -> bool {
    matches!(key, "metadata.namespace" | "target.name")
}

/// Returns the last part of a key, as displayed in paths: `name` of `metadata.name`.
fn short(key: &Arc<str>) -> Arc<str> {
    match key.rsplit_once('.') {
        Some((_, last)) => last.into(),
        None => Arc::clone(key),
    }
}

fn by_ids<'n>(
    left: &'n [Node],
    right: &'n [Node],
    id_of: &dyn Fn(&'n Node) -> Option<Id<'n>>,
    identities: &Identities,
    doubtful: bool,
) -> Option<Pairing<'n>> {
    let lefts: Vec<Id<'n>> = left.iter().map(id_of).collect::<Option<_>>()?;
    let rights: Vec<Id<'n>> = right.iter().map(id_of).collect::<Option<_>>()?;
    pair_ids(left, right, &lefts, &rights, identities, doubtful, &|id| {
        id.iter()
            .map(|(name, value)| (Arc::from(*name), Arc::from(*value)))
            .collect()
    })
}

/// Pairs by ids that are unique on each side. `doubtful` ones must pair at least half of the shorter list.
fn pair_ids<'n>(
    left: &'n [Node],
    right: &'n [Node],
    lefts: &[Id<'n>],
    rights: &[Id<'n>],
    identities: &Identities,
    doubtful: bool,
    shown: &dyn Fn(&Id<'n>) -> Names,
) -> Option<Pairing<'n>> {
    let counterparts = counterparts(lefts, rights, identities)?;
    let matched = counterparts.iter().flatten().count();
    if doubtful && matched * 2 < left.len().min(right.len()) {
        return None;
    }
    let is_reordered = !counterparts.iter().flatten().is_sorted();
    let mut taken = vec![false; right.len()];
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    for ((node, id), counterpart) in left.iter().zip(lefts).zip(counterparts) {
        let other = counterpart.and_then(|number| {
            if let Some(taken) = taken.get_mut(number) {
                *taken = true;
            }
            right.get(number)
        });
        pairs.push(Pair {
            step: Step::Element(shown(id)),
            left: Some(node),
            right: other,
        });
    }
    for ((node, id), taken) in right.iter().zip(rights).zip(taken) {
        if !taken {
            pairs.push(Pair {
                step: Step::Element(shown(id)),
                left: None,
                right: Some(node),
            });
        }
    }
    Some(Pairing {
        pairs,
        is_reordered,
        is_named: true,
        by_position: false,
        is_distinct: true,
    })
}

/// Returns for each left id the number of the right one that is equal apart from identity values. `None` if ids are not
/// unique on a side.
fn counterparts(
    lefts: &[Id<'_>],
    rights: &[Id<'_>],
    identities: &Identities,
) -> Option<Vec<Option<usize>>> {
    let mut exact: HashMap<&Id<'_>, usize> = HashMap::with_capacity(rights.len());
    for (number, id) in rights.iter().enumerate() {
        if exact.insert(id, number).is_some() {
            return None;
        }
    }
    let mut seen: HashSet<&Id<'_>> = HashSet::with_capacity(lefts.len());
    if !lefts.iter().all(|id| seen.insert(id)) {
        return None;
    }
    let mut found: Vec<Option<usize>> = lefts.iter().map(|id| exact.get(id).copied()).collect();
    if identities.is_empty() {
        return Some(found);
    }
    let mut taken = vec![false; rights.len()];
    for number in found.iter().flatten() {
        if let Some(taken) = taken.get_mut(*number) {
            *taken = true;
        }
    }
    let marked = |id: &Id<'_>, which: Which| -> Vec<(String, String)> {
        id.iter()
            .map(|(name, value)| {
                let value = identities
                    .marked(value, which)
                    .unwrap_or_else(|| (*value).to_owned());
                ((*name).to_owned(), value)
            })
            .collect()
    };
    let mut by_mark: HashMap<Vec<(String, String)>, usize> = HashMap::new();
    for (number, id) in rights.iter().enumerate() {
        if taken.get(number) == Some(&false) {
            by_mark.entry(marked(id, Which::Right)).or_insert(number);
        }
    }
    for (id, found) in lefts.iter().zip(&mut found) {
        if found.is_none()
            && let Some(number) = by_mark.remove(&marked(id, Which::Left))
        {
            *found = Some(number);
            if let Some(taken) = taken.get_mut(number) {
                *taken = true;
            }
        }
    }
    // Ids with different marks, one by one, within limits.
    let open: Vec<usize> = (0..rights.len())
        .filter(|number| taken.get(*number) == Some(&false))
        .collect();
    let lonely = found.iter().filter(|found| found.is_none()).count();
    if lonely > 0 && lonely <= MOST_TRIED && open.len() <= MOST_TRIED {
        for way in Way::ALL {
            for (id, found) in lefts.iter().zip(&mut found) {
                if found.is_some() {
                    continue;
                }
                let other = open.iter().copied().find(|number| {
                    taken.get(*number) == Some(&false)
                        && rights
                            .get(*number)
                            .is_some_and(|other| ids_are_one(id, other, identities, way))
                });
                if let Some(number) = other {
                    *found = Some(number);
                    if let Some(taken) = taken.get_mut(number) {
                        *taken = true;
                    }
                }
            }
        }
    }
    Some(found)
}

fn ids_are_one(left: &Id<'_>, right: &Id<'_>, identities: &Identities, way: Way) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|((name, value), (other, there))| {
                name == other && (value == there || identities.are_one(value, there, way))
            })
}

/// Pairs single values, each identified by itself. The rest is paired by subject (`--level=info` and `--level=debug`),
/// or if it is the only one.
fn by_value<'n>(
    left: &'n [Node],
    right: &'n [Node],
    key: &str,
    identities: &Identities,
) -> Pairing<'n> {
    let text = text_of;
    // Equal values may repeat: they are paired in order.
    let numbered = |nodes: &'n [Node]| -> Vec<(Id<'n>, usize)> {
        let mut times: HashMap<&str, usize> = HashMap::new();
        nodes
            .iter()
            .map(|node| {
                let text = text(node);
                let time = times.entry(text).or_default();
                *time += 1;
                (vec![("", text)], *time)
            })
            .collect()
    };
    let (lefts, rights) = (numbered(left), numbered(right));
    let mut counterpart: Vec<Option<usize>> = vec![None; left.len()];
    let mut taken = vec![false; right.len()];
    let mut exact: HashMap<(&str, usize), usize> = HashMap::new();
    for (number, (id, time)) in rights.iter().enumerate() {
        exact.insert((id.first().map_or("", |(_, text)| text), *time), number);
    }
    let mut take = |counterpart: &mut Option<usize>, number: usize| {
        if let Some(taken) = taken.get_mut(number)
            && !*taken
        {
            *taken = true;
            *counterpart = Some(number);
        }
    };
    for ((id, time), counterpart) in lefts.iter().zip(&mut counterpart) {
        if let Some(number) = exact.get(&(id.first().map_or("", |(_, text)| text), *time)) {
            take(counterpart, *number);
        }
    }
    let free = |taken: &[bool]| -> Vec<usize> {
        taken
            .iter()
            .enumerate()
            .filter(|(_, taken)| !**taken)
            .map(|(number, _)| number)
            .collect()
    };
    // The subject of secrets is hidden: they are paired in order.
    let secret = |nodes: &'n [Node]| -> Vec<bool> {
        nodes
            .iter()
            .map(|node| {
                node.as_scalar()
                    .is_some_and(|scalar| secret_of_value(key, scalar) == Some(""))
            })
            .collect()
    };
    let (left_secret, right_secret) = (secret(left), secret(right));
    let are_secrets = |one: usize, other: usize| {
        left_secret.get(one) == Some(&true) && right_secret.get(other) == Some(&true)
    };
    // Further rounds: values that differ by identity values, values with the environment's name added, values with one
    // destination, and values about one subject. A replacement cannot be out of order.
    let mut order: Vec<usize> = Vec::new();
    for turn in 0..4 {
        if turn == 2 {
            order = counterpart.iter().flatten().copied().collect();
        }
        let open = free(&taken);
        let lonely: Vec<usize> = (0..left.len())
            .filter(|number| counterpart.get(*number) == Some(&None))
            .collect();
        if open.len() > MOST_TRIED || lonely.len() > MOST_TRIED {
            order = counterpart.iter().flatten().copied().collect();
            break;
        }
        let is_only = open.len() == 1 && lonely.len() == 1;
        for number in lonely {
            let Some(one) = left.get(number).map(text) else {
                continue;
            };
            let other = open.iter().copied().find(|there| {
                let other = right.get(*there).map_or("", text);
                taken.get(*there) == Some(&false)
                    && match turn {
                        0 => identities.agree(one, other),
                        1 => identities.marked_on_one_side(one, other).is_some(),
                        2 => leads_to_the_same(one, other),
                        _ => {
                            is_only
                                || are_secrets(number, *there)
                                || is_about_the_same(one, other)
                                || are_ids(left.get(number), right.get(*there), key)
                        }
                    }
            });
            if let (Some(there), Some(counterpart)) = (other, counterpart.get_mut(number)) {
                *counterpart = Some(there);
                if let Some(taken) = taken.get_mut(there) {
                    *taken = true;
                }
            }
        }
    }
    let is_reordered = !order.is_sorted();
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    let step = |node: &'n Node, position: usize| called(node, position, key);
    for (position, (node, counterpart)) in left.iter().zip(counterpart).enumerate() {
        pairs.push(Pair {
            step: step(node, position),
            left: Some(node),
            right: counterpart.and_then(|number| right.get(number)),
        });
    }
    for number in free(&taken) {
        if let Some(node) = right.get(number) {
            pairs.push(Pair {
                step: step(node, number),
                left: None,
                right: Some(node),
            });
        }
    }
    Pairing {
        pairs,
        is_reordered,
        is_named: false,
        by_position: false,
        is_distinct: false,
    }
}

fn text_of(node: &Node) -> &str {
    node.as_scalar().map_or("", |scalar| &*scalar.text)
}

/// Returns the name of a single value in a path: its text; for a secret, the name in it or its position.
fn called(node: &Node, position: usize, key: &str) -> Step {
    let name = match node.as_scalar().map(|scalar| secret_of_value(key, scalar)) {
        Some(Some("")) => return Step::Position(position),
        Some(Some(name)) => Arc::from(format!("{name} (a secret)")),
        _ => Arc::from(clipped(text_of(node))),
    };
    Step::Element([(Arc::from(""), name)].into())
}

/// Returns the start of a long value: a path must stay short.
pub(super) fn clipped(text: &str) -> &str {
    const LONGEST: usize = 120;
    let end = text.floor_char_boundary(LONGEST);
    text.get(..end).unwrap_or(text)
}

/// Whether two mounts or published ports have one destination: `./a:/etc/app:ro` and `./b:/etc/app`, `8001:80` and
/// `127.0.0.1:8002:80`.
fn leads_to_the_same(one: &str, other: &str) -> bool {
    let place = |text: &str| -> Option<String> {
        let (from, rest) = text.split_once(':')?;
        if rest.starts_with('/') && !rest.starts_with("//") {
            return rest.split(':').next().map(str::to_owned);
        }
        let (_, port) = text.rsplit_once(':')?;
        let is_port = port.starts_with(|first: char| first.is_ascii_digit())
            && from.starts_with(|first: char| first.is_ascii_digit() || first == '$');
        is_port.then(|| port.to_owned())
    };
    place(one).is_some_and(|to| place(other) == Some(to))
}

/// Whether two values are generated ids of one sort, one of each environment, which are paired in order.
fn are_ids(one: Option<&Node>, other: Option<&Node>, key: &str) -> bool {
    let scalar = |node: Option<&'_ Node>| node.and_then(Node::as_scalar).cloned();
    let (Some(one), Some(other)) = (scalar(one), scalar(other)) else {
        return false;
    };
    let context = Context { key, above: "" };
    matches!(
        meaning::relate(&one, &other, context),
        meaning::Relation::Opaque(_)
    )
}

/// Whether two values are settings of one subject: equal up to `=`, `:` or a blank.
fn is_about_the_same(one: &str, other: &str) -> bool {
    let subject = |text: &str| {
        text.find(['=', ':', ' '])
            .filter(|end| *end > 1)
            .and_then(|end| text.get(..end).map(str::to_owned))
    };
    match (subject(one), subject(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}
