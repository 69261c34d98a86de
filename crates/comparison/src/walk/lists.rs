//! Lists, and values that only one side has.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::disagreement::{Matter, Side};
use super::super::list::{self, Pairing};
use super::super::path::Step;
use super::super::{Path, Which, shown};
use super::{ORDERED, Trail, Walk, Why, arguments_of, has_like, is_default};
use evenkeel_document::covering;
use evenkeel_document::sensitive::Secrecy;
use evenkeel_document::{Content, Entry, Node, Scalar, ScalarKind};
use evenkeel_model::Digest;

impl<'n> Walk<'n, '_> {
    pub(super) fn list(&mut self, left: &'n [Node], right: &'n [Node]) {
        if let Some(identity) = self.names_both_in(left, right) {
            let whole = |walk: &Self, nodes| walk.whole(nodes);
            let sides = (whole(self, left), whole(self, right));
            self.found(Some(sides.0), Some(sides.1), Matter::NamesBoth(identity));
            return;
        }
        let rules = self.rules;
        let asks = !(rules.identity.is_empty() && rules.sets.is_empty());
        let path = if asks { self.path() } else { Path::default() };
        let keys = rules.keys_of(&path);
        let is_set = rules.is_set(&path);
        let Pairing {
            pairs,
            is_reordered,
            by_position,
            is_distinct: _,
            is_named,
        } = self.pairing(left, right, keys);
        self.by_position += usize::from(by_position);
        let mut is_complete = true;
        let arguments = (arguments_of(left), arguments_of(right));
        let is_argument = |node: Option<&Node>, among: &[&Node]| {
            node.is_some_and(|node| among.iter().any(|each| std::ptr::eq(*each, node)))
        };
        for pair in pairs {
            let is_secret =
                is_argument(pair.left, &arguments.0) || is_argument(pair.right, &arguments.1);
            let under = is_secret.then(|| self.under().argument());
            self.trail.push(Trail::Element(pair.step, under));
            match (pair.left, pair.right) {
                (Some(one), Some(two)) => self.nodes(one, two),
                (Some(node), None) => {
                    if !(is_set && has_like(right, node)) {
                        is_complete = false;
                        self.only(node, None, Which::Left);
                    }
                }
                (None, Some(node)) => {
                    if !(is_set && has_like(left, node)) {
                        is_complete = false;
                        self.only(node, None, Which::Right);
                    }
                }
                (None, None) => {}
            }
            self.trail.pop();
        }
        if is_reordered && is_set {
            let under = self.under();
            let sides = |_: &Self| (shown::list(under, left), shown::list(under, right));
            self.counts_as_equal(sides, Why::Order);
        }
        if is_reordered && !is_set {
            let has_meaning = self.is_order_known(left, right);
            // A named element is found by its name anywhere; a single value only by its position.
            if is_named && !has_meaning {
                let under = self.under();
                let sides = |_: &Self| (shown::list(under, left), shown::list(under, right));
                self.counts_as_equal(sides, Why::Order);
                return;
            }
            // If elements are missing, their order is not reported, unless it is known to have a meaning.
            if is_complete || has_meaning {
                let sides = (self.whole(left), self.whole(right));
                self.found(Some(sides.0), Some(sides.1), Matter::Order(has_meaning));
            }
        }
    }

    /// Returns a whole list as a side.
    fn whole(&self, nodes: &[Node]) -> Side {
        let under = self.under();
        Side {
            place: evenkeel_document::Place {
                start: nodes.first().map_or(0, |node| node.place.start),
                end: nodes.last().map_or(0, |node| node.place.end),
            },
            key_place: None,
            shown: shown::list(under, nodes),
            scalar: Some(Scalar {
                kind: ScalarKind::Loose,
                text: shown::whole_list(under, nodes).into(),
            }),
            is_secret: false,
            is_encrypted: false,
            leaves: nodes.len(),
        }
    }

    /// Returns the identity by which an equal list of single values names both environments.
    fn names_both_in(&self, left: &[Node], right: &[Node]) -> Option<Arc<str>> {
        if !(self.foreign.0 && self.foreign.1) || left.len() != right.len() || left.len() < 2 {
            return None;
        }
        let mut text = String::new();
        for (one, two) in left.iter().zip(right) {
            let (one, two) = (one.as_scalar()?, two.as_scalar()?);
            if one.text != two.text {
                return None;
            }
            text.push_str(&one.text);
            text.push('\n');
        }
        self.names_both(&text, &text)
    }

    /// Whether the order of a list is known to have a meaning: by its key, because its elements are tasks of a
    /// playbook, or because one of them refers to an earlier one.
    fn is_order_known(&self, left: &[Node], right: &[Node]) -> bool {
        const TASKS: &[&str] = &[
            "hosts",
            "tasks",
            "import_playbook",
            "import_tasks",
            "include_tasks",
            "register",
            "become",
            "notify",
        ];
        let is_task = |node: &Node| match &node.content {
            Content::Map(entries) => entries.iter().any(|entry| {
                TASKS.contains(&&*entry.key)
                    || entry.key.matches('.').count() == 2
                        && entry
                            .key
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.'))
            }),
            _ => false,
        };
        let is_at_root = !self.trail.iter().any(|step| matches!(step, Trail::Key(..)));
        let key = self.context().key;
        ORDERED.contains(&key)
            || is_at_root && left.iter().chain(right).all(is_task)
            || earlier_references(left) != earlier_references(right)
    }

    /// Pairs the elements, each pair with a unique step.
    pub(super) fn pairing(
        &self,
        left: &'n [Node],
        right: &'n [Node],
        keys: Option<&[Arc<str>]>,
    ) -> Pairing<'n> {
        let named = (self.context().key, self.under());
        let mut pairing = list::pair(left, right, named, keys, &self.likeness());
        self.hide(&mut pairing.pairs, left, right);
        if !pairing.is_distinct {
            self.distinguish(&mut pairing.pairs);
        }
        pairing
    }

    /// Names secret single values by position, since a path would display them.
    fn hide(&self, pairs: &mut [list::Pair<'n>], left: &[Node], right: &[Node]) {
        let under = self.under();
        let arguments = (arguments_of(left), arguments_of(right));
        for pair in pairs {
            let (node, all) = match (pair.left, pair.right) {
                (Some(node), _) => (node, left),
                (None, Some(node)) => (node, right),
                (None, None) => continue,
            };
            let Step::Element(names) = &pair.step else {
                continue;
            };
            let names_itself = names.iter().any(|(name, _)| name.is_empty());
            let is_argument = arguments
                .0
                .iter()
                .chain(&arguments.1)
                .any(|each| std::ptr::eq(*each, node));
            let is_of_secrets = names_itself
                && node.as_scalar().is_some_and(|scalar| {
                    is_argument
                        || list::assignment(scalar).is_none()
                            && under.secrecy(scalar) != Secrecy::Open
                });
            // A secret never identifies an element.
            let within = match &node.content {
                Content::Map(entries) => Some(under.within(entries)),
                _ => None,
            };
            let is_secret = is_of_secrets
                || within.is_some_and(|within| {
                    names.iter().any(|(name, _)| {
                        node.get(name)
                            .and_then(Node::as_scalar)
                            .is_some_and(|scalar| {
                                within.entry(name).secrecy(scalar) != Secrecy::Open
                            })
                    })
                });
            if is_secret && let Some(number) = all.iter().position(|each| std::ptr::eq(each, node))
            {
                pair.step = Step::Position(number);
            }
        }
    }

    /// Gives each pair a unique step. A position on one side may be that of another element on the other side, so an
    /// element that only one side has is named by its content.
    fn distinguish(&self, pairs: &mut [list::Pair<'n>]) {
        // Number of uses of a step, so that many equal elements stay linear.
        let mut taken: HashMap<Step, usize> = HashMap::with_capacity(pairs.len());
        for pair in pairs {
            let alone = match (pair.left, pair.right) {
                (Some(node), None) | (None, Some(node)) => Some(node),
                _ => None,
            };
            if let (Some(node), Step::Position(_)) = (alone, &pair.step) {
                pair.step = self.names_of(node);
            }
            let Some(time) = taken.get(&pair.step).copied() else {
                taken.insert(pair.step.clone(), 1);
                continue;
            };
            let first = pair.step.clone();
            let mut time = time + 1;
            pair.step = again(&first, time);
            while taken.contains_key(&pair.step) {
                time += 1;
                pair.step = again(&first, time);
            }
            taken.insert(first, time);
            taken.insert(pair.step.clone(), 1);
        }
    }

    /// Returns a name for an unnamed element: its first single values; without any, its value on one line, shortened
    /// with a digest. Without secrets.
    fn names_of(&self, node: &Node) -> Step {
        const MOST: usize = 3;
        const LONGEST: usize = 60;
        const BEGINNING: usize = 32;
        let under = self.under();
        if let Content::Map(entries) = &node.content {
            let within = under.within(entries);
            let is_word = |key: &str| {
                key.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            };
            let names: Vec<(Arc<str>, Arc<str>)> = entries
                .iter()
                .filter(|entry| !entry.key.is_empty() && is_word(&entry.key))
                .filter_map(|entry| {
                    let scalar = entry.value.as_scalar()?;
                    let is_shown = !scalar.text.is_empty()
                        && !scalar.text.contains('\n')
                        && !within.entry(&entry.key).is_secret(scalar)
                        && covering::shown(&scalar.text).is_none();
                    let text: String = scalar.text.chars().take(LONGEST).collect();
                    is_shown.then(|| (Arc::from(&*entry.key), text.into()))
                })
                .take(MOST)
                .collect();
            if !names.is_empty() {
                return Step::Element(names.into());
            }
        }
        let mut text = shown::whole(under, node);
        if text.chars().count() > LONGEST {
            let beginning: String = text.chars().take(BEGINNING).collect();
            text = format!("{beginning}… {}", Digest::of(text.as_bytes()).short());
        }
        Step::Element([(Arc::from(""), text.into())].into())
    }

    pub(super) fn only(&mut self, node: &'n Node, entry: Option<&'n Entry>, which: Which) {
        let since = self.found.len();
        if let Some(entry) = entry {
            self.mention_key(entry, which);
        }
        self.pass_below(node);
        self.mentions(node, which);
        if let Content::Scalar(scalar) = &node.content
            && !self.rules.defaults.is_empty()
            && self
                .rules
                .default_of(&self.path())
                .is_some_and(|default| is_default(scalar, default, self.context()))
        {
            let own = shown::shown(self.under(), node);
            let sides = match which {
                Which::Left => (own, "nothing".to_owned()),
                Which::Right => ("nothing".to_owned(), own),
            };
            self.counts_as_equal(|_| sides, Why::Default);
            return;
        }
        if self.found.len() > since {
            let path = self.path();
            self.explain(since, &path);
        }
        let side = self.side(node, entry.map(|entry| entry.place));
        let number = self.found.len();
        match which {
            Which::Left => {
                self.only.0.push((number, node));
                self.found(Some(side), None, Matter::Only(which));
            }
            Which::Right => {
                self.only.1.push((number, node));
                self.found(None, Some(side), Matter::Only(which));
            }
        }
        let lacking = self.above.last().map(|(left, right)| match which {
            Which::Left => *right,
            Which::Right => *left,
        });
        if let Some(found) = self.found.last_mut() {
            found.lacking = lacking;
        }
    }
}

/// Returns the step of another pair with the same name.
fn again(step: &Step, time: usize) -> Step {
    match step {
        Step::Element(names) => {
            let mut names = names.to_vec();
            if let Some((_, value)) = names.last_mut() {
                *value = format!("{value} ({time})").into();
            }
            Step::Element(names.into())
        }
        Step::Position(number) => {
            let name = format!("{number} ({time})").into();
            Step::Element([(Arc::from(""), name)].into())
        }
        Step::Key(key) => Step::Key(format!("{key} ({time})").into()),
    }
}

/// Returns the elements that refer with `$(NAME)` or `${NAME}` to a variable set by an earlier element.
fn earlier_references(nodes: &[Node]) -> BTreeSet<(String, String)> {
    let assigned = |node: &Node| -> Option<(String, String)> {
        if let Some(scalar) = node.as_scalar() {
            let (name, value) = list::assignment(scalar)?;
            return Some((name.to_owned(), value.to_owned()));
        }
        let text = |key: &str| Some(node.get(key)?.as_scalar()?.text.to_string());
        Some((text("name")?, text("value")?))
    };
    let mut before: BTreeSet<String> = BTreeSet::new();
    let mut references = BTreeSet::new();
    for (name, value) in nodes.iter().filter_map(assigned) {
        for (at, _) in value.match_indices('$') {
            let rest = value.get(at + 1..).unwrap_or("");
            let close = match rest.as_bytes().first() {
                Some(b'(') => ')',
                Some(b'{') => '}',
                _ => continue,
            };
            let referred = rest.get(1..).and_then(|rest| rest.split(close).next());
            if let Some(referred) = referred.filter(|referred| before.contains(*referred)) {
                references.insert((name.clone(), referred.to_owned()));
            }
        }
        before.insert(name);
    }
    references
}
