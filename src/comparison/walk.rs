//! The walk through two trees at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::disagreement::{Disagreement, Matter, Side};
use super::likeness::Likeness;
use super::list::{self, Pairing};
use super::meaning::{self, Context, Relation};
use super::path::Step;
use super::{Path, Rules, Which, shown};
use crate::document::covering;
use crate::document::sensitive::{Under, Within};
use crate::document::{Content, Document, Entry, Format, Node, Scalar, ScalarKind};

/// Keys of lists whose order is known to have a meaning: they are run, or tried, one after the other.
const ORDERED: &[&str] = &[
    "args",
    "argv",
    "command",
    "cmd",
    "entrypoint",
    "run",
    "steps",
    "script",
    "commands",
    "before_script",
    "after_script",
    "initContainers",
    "middleware",
    "middlewares",
    "filters",
    "rules",
    "routes",
    "order",
    "nameservers",
    "search",
    "pipeline",
    "stages",
];

/// What came of comparing two documents.
#[derive(Debug, Default)]
pub struct Compared {
    /// What they disagree about.
    pub disagreements: Vec<Disagreement>,
    /// Whether the place that the rules ask for is there, on either side.
    pub is_there: bool,
}

/// Compares two documents. What both have alike is not told, whatever way it is written in. Where a document is one of
/// many files, `file` is the step that leads to it.
#[must_use]
pub fn compare(left: &Document, right: &Document, rules: &Rules, file: Option<&Step>) -> Compared {
    let mut walk = Walk {
        rules,
        trail: file.cloned().map(Trail::Element).into_iter().collect(),
        found: Vec::new(),
        is_there: false,
        above: Vec::new(),
        only: (Vec::new(), Vec::new()),
        foreign: (
            rules
                .identities
                .may_be_foreign(&left.file.text, Which::Left),
            rules
                .identities
                .may_be_foreign(&right.file.text, Which::Right),
        ),
    };
    if left.format == Format::Lines && right.format == Format::Lines {
        walk.lines(left, right);
    } else {
        match (left.roots.as_slice(), right.roots.as_slice()) {
            ([left], [right]) => walk.nodes(left, right),
            (left, right) => walk.list(left, right),
        }
    }
    walk.moves();
    Compared {
        disagreements: walk.found,
        is_there: walk.is_there,
    }
}

/// One step on the way, borrowed: most steps are never told.
enum Trail<'n> {
    /// A key, and what its value stands under as far as secrets are concerned.
    Key(&'n str, Under<'n>),
    Element(Step),
}

/// What stands alone, and its number among what was found.
type Alone<'n> = Vec<(usize, &'n Node)>;

struct Walk<'n> {
    rules: &'n Rules,
    trail: Vec<Trail<'n>>,
    found: Vec<Disagreement>,
    is_there: bool,
    /// The keys above, where both sides have them.
    above: Vec<(crate::document::Place, crate::document::Place)>,
    /// What only one side has, by its number among what was found: it may have moved.
    only: (Alone<'n>, Alone<'n>),
    /// Whether each side's text may mention the other environment at all.
    foreign: (bool, bool),
}

impl<'n> Walk<'n> {
    fn path(&self) -> Path {
        Path {
            steps: self
                .trail
                .iter()
                .map(|step| match step {
                    Trail::Key(key, _) => Step::Key(Arc::from(*key)),
                    Trail::Element(step) => step.clone(),
                })
                .collect(),
        }
    }

    /// The nearest key above, and the one above that.
    fn context(&self) -> Context<'n> {
        let mut keys = self.trail.iter().rev().filter_map(|step| match step {
            Trail::Key(key, _) => Some(*key),
            Trail::Element(_) => None,
        });
        Context {
            key: keys.next().unwrap_or(""),
            above: keys.next().unwrap_or(""),
        }
    }

    /// What a value stands under, as far as secrets are concerned.
    fn under(&self) -> Under<'n> {
        let last = self.trail.iter().rev().find_map(|step| match step {
            Trail::Key(_, under) => Some(*under),
            Trail::Element(_) => None,
        });
        last.unwrap_or_default()
    }

    fn side(&self, node: &Node, key_place: Option<crate::document::Place>) -> Side {
        let under = self.under();
        let scalar = node.as_scalar().map(|scalar| {
            let covered = covering::shown(&scalar.text);
            covered.map_or_else(
                || scalar.clone(),
                |text| Scalar {
                    kind: scalar.kind,
                    text: text.into(),
                },
            )
        });
        Side {
            place: node.place,
            key_place,
            shown: shown::shown(under, node),
            is_secret: node
                .as_scalar()
                .is_some_and(|scalar| under.is_secret(scalar)),
            scalar,
            leaves: node.leaves(),
        }
    }

    fn found(&mut self, left: Option<Side>, right: Option<Side>, matter: Matter) {
        let path = self.path();
        self.found.push(Disagreement {
            path,
            left,
            right,
            matter,
            lacking: None,
        });
    }

    /// Looks out for the place that the rules ask for.
    fn pass(&mut self) {
        if let Some(wanted) = &self.rules.wanted
            && !self.is_there
            && wanted.covers(&self.path())
        {
            self.is_there = true;
        }
    }

    /// Looks out for it in what only one side has.
    fn pass_below(&mut self, node: &'n Node) {
        if self.rules.wanted.is_none() {
            return;
        }
        self.pass();
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => {
                // Alone, a list is named as if it were compared to itself.
                let key = self.context().key;
                let identities = &self.rules.identities;
                let mut pairs = list::pair(items, items, key, None, identities).pairs;
                self.hide(&mut pairs, items, items);
                for pair in pairs {
                    if let Some(item) = pair.left {
                        self.trail.push(Trail::Element(pair.step));
                        self.pass_below(item);
                        self.trail.pop();
                    }
                }
            }
            Content::Map(entries) => {
                let within = self.under().within(entries);
                for entry in entries {
                    let under = within.entry(&entry.key);
                    self.trail.push(Trail::Key(&entry.key, under));
                    self.pass_below(&entry.value);
                    self.trail.pop();
                }
            }
        }
    }

    fn nodes(&mut self, left: &'n Node, right: &'n Node) {
        self.pass();
        match (&left.content, &right.content) {
            (Content::Scalar(one), Content::Scalar(two)) => self.scalars(left, one, right, two),
            (Content::Map(_), Content::Map(_)) if is_seal(left) && is_seal(right) => {
                if left.content != right.content {
                    let (mut one, mut two) = (self.side(left, None), self.side(right, None));
                    (one.is_secret, two.is_secret) = (true, true);
                    self.found(Some(one), Some(two), Matter::Value(Relation::Differs));
                }
            }
            (Content::Map(one), Content::Map(two)) => self.maps(one, two),
            (Content::List(one), Content::List(two)) => self.list(one, two),
            _ => {
                self.mentions(left, Which::Left);
                self.mentions(right, Which::Right);
                let (mut one, mut two) = (self.side(left, None), self.side(right, None));
                for (side, node) in [(&mut one, left), (&mut two, right)] {
                    side.scalar = side.scalar.take().or_else(|| {
                        Some(Scalar {
                            kind: ScalarKind::Loose,
                            text: shown::whole(self.under(), node).into(),
                        })
                    });
                }
                self.found(Some(one), Some(two), Matter::Shape);
                return;
            }
        }
        if left.tag != right.tag {
            let (mut one, mut two) = (self.side(left, None), self.side(right, None));
            let tag = |node: &Node| node.tag.as_deref().unwrap_or("no tag").to_owned();
            (one.shown, two.shown) = (tag(left), tag(right));
            self.found(Some(one), Some(two), Matter::Tag);
        }
    }

    fn scalars(&mut self, left: &'n Node, one: &'n Scalar, right: &'n Node, two: &'n Scalar) {
        if !self.rules.must_differ.is_empty() && self.rules.must_differ(&self.path()) {
            if one.text == two.text {
                let sides = (self.side(left, None), self.side(right, None));
                self.found(Some(sides.0), Some(sides.1), Matter::MustDiffer);
            }
            return;
        }
        self.mention(left, one, Which::Left, Some(right));
        self.mention(right, two, Which::Right, Some(left));
        let context = self.context();
        let loose = one.kind == ScalarKind::Loose || two.kind == ScalarKind::Loose;
        let is_same = one.text == two.text && (one.kind == two.kind || loose)
            || self.rules.identities.agree(&one.text, &two.text);
        if is_same {
            // Of images that are not the same, there is more to say than that one floats.
            if meaning::floating_tag(&one.text, context).is_some() {
                let sides = (self.side(left, None), self.side(right, None));
                self.found(Some(sides.0), Some(sides.1), Matter::Floating);
            }
            return;
        }
        let relation = match (list::assignment(one), list::assignment(two)) {
            // In `NAME=value` the name is the key.
            (Some((name, value)), Some((other, there))) if name == other => self.relate(
                &Scalar {
                    kind: ScalarKind::Loose,
                    text: value.into(),
                },
                &Scalar {
                    kind: ScalarKind::Loose,
                    text: there.into(),
                },
                Context {
                    key: name,
                    above: context.key,
                },
            ),
            _ => self.relate(one, two, context),
        };
        if relation == Relation::Same {
            return;
        }
        let mut sides = (self.side(left, None), self.side(right, None));
        // Texts of several lines that differ in nothing but their secrets.
        if sides.0.scalar == sides.1.scalar && sides.0.shown == sides.1.shown {
            sides.0.is_secret = true;
            sides.1.is_secret = true;
        }
        self.found(Some(sides.0), Some(sides.1), Matter::Value(relation));
    }

    /// What two values mean to each other. Those that mean the same once identity values are exchanged are the same:
    /// `https://staging.example.net:443` is production's `https://production.example.net`.
    fn relate(&self, one: &Scalar, two: &Scalar, context: Context<'_>) -> Relation {
        let relation = meaning::relate(one, two, context);
        if relation == Relation::Same {
            return relation;
        }
        let exchanged = |scalar: &Scalar, which| {
            let text = self.rules.identities.exchanged(&scalar.text, which)?;
            Some(Scalar {
                kind: scalar.kind,
                text: text.into(),
            })
        };
        let same =
            |one: &Scalar, two: &Scalar| meaning::relate(one, two, context) == Relation::Same;
        let is_same = exchanged(one, Which::Left).is_some_and(|one| same(&one, two))
            || exchanged(two, Which::Right).is_some_and(|two| same(one, &two));
        if is_same { Relation::Same } else { relation }
    }

    fn maps(&mut self, left: &'n [Entry], right: &'n [Entry]) {
        let under = self.under();
        let within = [under.within(left), under.within(right)];
        // Most maps have the same keys in the same order.
        let aligned = left.len() == right.len()
            && left.iter().zip(right).all(|(one, two)| one.key == two.key);
        if aligned {
            for (one, two) in left.iter().zip(right) {
                let under = Within::either(within, &one.key);
                self.trail.push(Trail::Key(&one.key, under));
                self.entries(one, two);
                self.trail.pop();
            }
            return;
        }
        let by_key: HashMap<&str, usize> = right
            .iter()
            .enumerate()
            .map(|(number, entry)| (&*entry.key, number))
            .collect();
        let mut taken = vec![false; right.len()];
        let mut counterpart: Vec<Option<usize>> = left
            .iter()
            .map(|entry| by_key.get(&*entry.key).copied())
            .collect();
        for number in counterpart.iter().flatten() {
            if let Some(taken) = taken.get_mut(*number) {
                *taken = true;
            }
        }
        self.renamed_keys(left, right, &mut counterpart, &mut taken);
        for (one, number) in left.iter().zip(counterpart) {
            let under = Within::either(within, &one.key);
            self.trail.push(Trail::Key(&one.key, under));
            match number.and_then(|number| right.get(number)) {
                Some(two) => self.entries(one, two),
                None => self.only(&one.value, Some(one), Which::Left),
            }
            self.trail.pop();
        }
        for (two, taken) in right.iter().zip(taken) {
            if !taken {
                let under = Within::either(within, &two.key);
                self.trail.push(Trail::Key(&two.key, under));
                self.only(&two.value, Some(two), Which::Right);
                self.trail.pop();
            }
        }
    }

    /// Two entries of one key.
    fn entries(&mut self, one: &'n Entry, two: &'n Entry) {
        self.mention_key(one, Which::Left);
        self.mention_key(two, Which::Right);
        self.above.push((one.place, two.place));
        self.nodes(&one.value, &two.value);
        self.above.pop();
    }

    /// Keys that differ by identity values only are the same key.
    fn renamed_keys(
        &self,
        left: &[Entry],
        right: &[Entry],
        counterpart: &mut [Option<usize>],
        taken: &mut [bool],
    ) {
        const MOST_TRIED: usize = 65_536;
        let identities = &self.rules.identities;
        if identities.is_empty() {
            return;
        }
        let lonely: Vec<usize> = (0..left.len())
            .filter(|number| counterpart.get(*number) == Some(&None))
            .collect();
        let open: Vec<usize> = (0..right.len())
            .filter(|number| taken.get(*number) == Some(&false))
            .collect();
        if lonely.len().saturating_mul(open.len()) > MOST_TRIED {
            return;
        }
        for number in lonely {
            let Some(one) = left.get(number) else {
                continue;
            };
            let other = open.iter().copied().find(|there| {
                taken.get(*there) == Some(&false)
                    && right
                        .get(*there)
                        .is_some_and(|two| identities.agree(&one.key, &two.key))
            });
            if let (Some(there), Some(counterpart)) = (other, counterpart.get_mut(number)) {
                *counterpart = Some(there);
                if let Some(taken) = taken.get_mut(there) {
                    *taken = true;
                }
            }
        }
    }

    fn list(&mut self, left: &'n [Node], right: &'n [Node]) {
        let rules = self.rules;
        let asks = !(rules.identity.is_empty() && rules.sets.is_empty());
        let path = if asks { self.path() } else { Path::default() };
        let keys = rules.keys_of(&path);
        let is_set = rules.is_set(&path);
        let Pairing {
            mut pairs,
            is_reordered,
        } = list::pair(left, right, self.context().key, keys, &rules.identities);
        self.hide(&mut pairs, left, right);
        let mut is_complete = true;
        for pair in pairs {
            self.trail.push(Trail::Element(pair.step));
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
        if is_reordered && !is_set {
            let key = self.context().key;
            let has_meaning = ORDERED.contains(&key);
            // Where elements are missing, that is what there is to say; unless the order is known to matter.
            if is_complete || has_meaning {
                let under = self.under();
                let whole = |nodes: &[Node]| Side {
                    place: crate::document::Place {
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
                    leaves: nodes.len(),
                };
                let sides = (whole(left), whole(right));
                self.found(Some(sides.0), Some(sides.1), Matter::Order(has_meaning));
            }
        }
    }

    /// A path names single values by themselves; but no secret. Those go by position.
    fn hide(&self, pairs: &mut [list::Pair<'n>], left: &[Node], right: &[Node]) {
        let under = self.under();
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
            let is_secret = names_itself
                && node.as_scalar().is_some_and(|scalar| {
                    list::assignment(scalar).is_none()
                        && (under.is_secret(scalar) || covering::shown(&scalar.text).is_some())
                });
            if is_secret && let Some(number) = all.iter().position(|each| std::ptr::eq(each, node))
            {
                pair.step = Step::Position(number);
            }
        }
    }

    fn only(&mut self, node: &'n Node, entry: Option<&'n Entry>, which: Which) {
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
            return;
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

    /// Looks for the other environment in everything below a node.
    fn mentions(&mut self, node: &'n Node, which: Which) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        match &node.content {
            Content::Scalar(scalar) => self.mention(node, scalar, which, None),
            Content::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.trail.push(Trail::Element(Step::Position(number)));
                    self.mentions(item, which);
                    self.trail.pop();
                }
            }
            Content::Map(entries) => {
                let within = self.under().within(entries);
                for entry in entries {
                    let under = within.entry(&entry.key);
                    self.trail.push(Trail::Key(&entry.key, under));
                    self.mention_key(entry, which);
                    self.mentions(&entry.value, which);
                    self.trail.pop();
                }
            }
        }
    }

    /// Looks for the other environment in a single value; `other` is what that one has at the place.
    fn mention(
        &mut self,
        node: &'n Node,
        scalar: &'n Scalar,
        which: Which,
        other: Option<&'n Node>,
    ) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        if let Some((identity, value)) = self.rules.identities.foreign(&scalar.text, which) {
            let side = self.side(node, None);
            let other = other.map(|other| self.side(other, None));
            self.foreign_found(side, other, identity, value, which);
        }
    }

    fn mention_key(&mut self, entry: &'n Entry, which: Which) {
        let wanted = match which {
            Which::Left => self.foreign.0,
            Which::Right => self.foreign.1,
        };
        if !wanted {
            return;
        }
        if let Some((identity, value)) = self.rules.identities.foreign(&entry.key, which) {
            let mut side = self.side(&entry.value, Some(entry.place));
            side.place = entry.place;
            side.shown.clone_from(&entry.key.to_string());
            side.scalar = None;
            side.is_secret = false;
            self.foreign_found(side, None, identity, value, which);
        }
    }

    fn foreign_found(
        &mut self,
        side: Side,
        other: Option<Side>,
        identity: &Arc<str>,
        value: &Arc<str>,
        which: Which,
    ) {
        let matter = Matter::Foreign {
            within: which,
            identity: Arc::clone(identity),
            value: Arc::clone(value),
        };
        match which {
            Which::Left => self.found(Some(side), other, matter),
            Which::Right => self.found(other, Some(side), matter),
        }
    }

    /// What only one side has at one place, and only the other at another, is the same thing that has moved: when it is
    /// large enough to be known again, and there is one of it on each side.
    fn moves(&mut self) {
        const LARGE_ENOUGH: usize = 3;
        let (lefts, rights) = std::mem::take(&mut self.only);
        if lefts.is_empty() || rights.is_empty() {
            return;
        }
        let likeness = Likeness {
            identities: &self.rules.identities,
        };
        let digests = |all: &[(usize, &Node)], which| {
            let mut by_digest: HashMap<u64, Vec<usize>> = HashMap::new();
            for (number, node) in all {
                if node.leaves() >= LARGE_ENOUGH {
                    by_digest
                        .entry(likeness.digest(node, which))
                        .or_default()
                        .push(*number);
                }
            }
            by_digest
        };
        let (ones, twos) = (digests(&lefts, Which::Left), digests(&rights, Which::Right));
        let mut gone: Vec<usize> = Vec::new();
        for (digest, one) in &ones {
            let ([one], Some([two])) = (one.as_slice(), twos.get(digest).map(Vec::as_slice)) else {
                continue;
            };
            let Some((to, right)) = self
                .found
                .get_mut(*two)
                .map(|other| (other.path.clone(), other.right.take()))
            else {
                continue;
            };
            if let Some(moved) = self.found.get_mut(*one) {
                moved.right = right;
                moved.matter = Matter::Moved(to);
                gone.push(*two);
            }
        }
        gone.sort_unstable();
        let mut number = 0;
        self.found.retain(|_| {
            let keep = gone.binary_search(&number).is_err();
            number += 1;
            keep
        });
    }

    fn lines(&mut self, left: &'n Document, right: &'n Document) {
        let above = self.path();
        super::lines::compare(left, right, &self.rules.identities, &above, &mut self.found);
        for (document, which) in [(left, Which::Left), (right, Which::Right)] {
            for (step, line) in super::lines::named(document) {
                self.trail.push(Trail::Element(step));
                self.pass();
                self.mentions(line, which);
                self.trail.pop();
            }
        }
    }
}

/// Whether a map is what an encrypting program writes about its own work: codes, keys and times, made anew with every
/// file. As a whole it is as opaque as what it seals.
fn is_seal(node: &Node) -> bool {
    node.get("mac").is_some() && node.get("lastmodified").is_some() && node.get("version").is_some()
}

fn is_default(scalar: &Scalar, default: &Scalar, context: Context<'_>) -> bool {
    scalar.text == default.text || meaning::relate(scalar, default, context) == Relation::Same
}

/// Whether a single value like this one is among some.
fn has_like(nodes: &[Node], wanted: &Node) -> bool {
    let wanted = wanted.as_scalar().map(|scalar| &scalar.text);
    wanted.is_some()
        && nodes
            .iter()
            .any(|node| node.as_scalar().map(|scalar| &scalar.text) == wanted)
}
