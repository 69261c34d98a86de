//! Walk through two trees at once.
//!
//! Single values, maps, lists and moves each have a file in this folder.

mod copied;
mod hashed;
mod lists;
mod maps;
mod mentions;
mod moves;
mod readers;
mod scalars;
mod surroundings;

use std::sync::Arc;

use self::readers::Written;
use self::surroundings::Container;
use super::disagreement::{Disagreement, Matter, Side};
use super::likeness::{Budget, Likeness};
use super::meaning::{self, Context, Relation};
use super::path::Step;
use super::{Path, Rules, Which, shown};
use evenkeel_document::sensitive::{Under, secret_arguments};
use evenkeel_document::{Content, Document, Format, Node, Scalar, ScalarKind};

/// Keys of lists whose order has a meaning: their elements are run or tried in sequence.
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
    "tasks",
    "pre_tasks",
    "post_tasks",
    "roles",
    "block",
    "rescue",
    "always",
    "processors",
    "acl",
    "phases",
    "preStart",
    "postStart",
    "before_install",
    "install",
    "after_success",
    "migrations",
    "cmds",
    "predeploy",
    "postdeploy",
    "http_filters",
    "filter_chains",
    // systemd.
    "ExecCondition",
    "ExecStartPre",
    "ExecStart",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPost",
];

/// Result of comparing two documents.
#[derive(Debug, Default)]
pub struct Compared {
    /// Disagreements.
    pub disagreements: Vec<Disagreement>,
    /// Whether the place that the rules ask for exists, on either side.
    pub is_there: bool,
    /// Number of lists matched by position, because they are too long to measure likeness.
    pub by_position: usize,
    /// Values that are written differently and count as equal, if the rules ask for them.
    pub equal: Vec<Equal>,
}

/// Value that is written differently on both sides and counts as equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equal {
    /// Path, by the first document's names.
    pub path: Path,
    /// Value of each side, for display.
    pub sides: (String, String),
    /// Reason for equality.
    pub why: Why,
}

/// Reason why two values that are written differently are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// They differ by identity values only.
    Identity,
    /// Two spellings of one value.
    Meaning,
    /// One side leaves out a default that the document declares.
    Default,
    /// Two keys that differ by identity values only.
    Key,
    /// Elements in another order, which has no meaning in this list.
    Order,
}

impl Why {
    /// Returns a short description.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Identity => "differ by identity values only",
            Self::Meaning => "two spellings of one value",
            Self::Default => "the document declares this default",
            Self::Key => "keys that differ by identity values only",
            Self::Order => "the order of these elements has no meaning",
        }
    }
}

/// Compares two documents. Equal values are not reported, however they are written. `file` is the first step of all
/// paths, for a document of many files.
#[must_use]
pub fn compare(left: &Document, right: &Document, rules: &Rules, file: Option<&Step>) -> Compared {
    let budget = Budget::default();
    // Names with a content hash correspond to each other.
    let extended = hashed::with_hashes(&rules.identities, left, right).map(|identities| Rules {
        identities,
        ..rules.clone()
    });
    let rules = extended.as_ref().unwrap_or(rules);
    let mut walk = Walk {
        rules,
        budget: &budget,
        written: (Written::of(left), Written::of(right)),
        equal: Vec::new(),
        trail: file
            .cloned()
            .map(|step| Trail::Element(step, None))
            .into_iter()
            .collect(),
        found: Vec::new(),
        is_there: false,
        by_position: 0,
        above: Vec::new(),
        containers: Vec::new(),
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
        by_position: walk.by_position,
        equal: walk.equal,
    }
}

/// Borrowed step of the current path: most steps are never reported.
enum Trail<'n> {
    /// A key, and the context that decides about secrets.
    Key(&'n str, Under<'n>),
    /// An element, and its context, if that is more than the list's.
    Element(Step, Option<Under<'n>>),
}

/// Values of one side, with the index of their finding.
type Alone<'n> = Vec<(usize, &'n Node)>;

struct Walk<'n, 'r> {
    rules: &'r Rules,
    /// Remaining budget for measuring likeness.
    budget: &'r Budget,
    /// Spelling of values on each side.
    written: (Written<'n>, Written<'n>),
    trail: Vec<Trail<'n>>,
    found: Vec<Disagreement>,
    /// Values that count as equal, if asked for.
    equal: Vec<Equal>,
    is_there: bool,
    by_position: usize,
    /// Enclosing keys, where both sides have them.
    above: Vec<(evenkeel_document::Place, evenkeel_document::Place)>,
    /// Enclosing maps and lists on the first side, each with the number of steps before it.
    containers: Vec<(usize, Container<'n>)>,
    /// Values that only one side has, by the index of their finding; they may have moved.
    only: (Alone<'n>, Alone<'n>),
    /// Whether each side's text may mention the other environment.
    foreign: (bool, bool),
}

impl<'n> Walk<'n, '_> {
    fn path(&self) -> Path {
        Path {
            steps: self
                .trail
                .iter()
                .map(|step| match step {
                    Trail::Key(key, _) => Step::Key(Arc::from(&*shown::name(key))),
                    Trail::Element(step, _) => named(step),
                })
                .collect(),
        }
    }

    /// Returns the nearest key above, and the one above that.
    fn context(&self) -> Context<'n> {
        let mut keys = self.trail.iter().rev().filter_map(|step| match step {
            Trail::Key(key, _) => Some(*key),
            Trail::Element(..) => None,
        });
        Context {
            key: keys.next().unwrap_or(""),
            above: keys.next().unwrap_or(""),
        }
    }

    /// Returns the context that decides about secrets.
    fn under(&self) -> Under<'n> {
        let last = self.trail.iter().rev().find_map(|step| match step {
            Trail::Key(_, under) => Some(*under),
            Trail::Element(_, under) => *under,
        });
        last.unwrap_or_default()
    }

    fn side(&self, node: &Node, key_place: Option<evenkeel_document::Place>) -> Side {
        let under = self.under();
        let scalar = node.as_scalar().map(|scalar| {
            under.covered(scalar).map_or_else(
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
            is_encrypted: node
                .as_scalar()
                .is_some_and(|scalar| under.is_encrypted(scalar)),
            scalar,
            leaves: node.leaves(),
        }
    }

    fn found(&mut self, left: Option<Side>, right: Option<Side>, matter: Matter) {
        let path = self.path();
        let around = self.around(&path, &matter);
        self.found.push(Disagreement {
            path,
            left,
            right,
            matter,
            lacking: None,
            around,
        });
    }

    /// Checks for the place that the rules ask for.
    fn pass(&mut self) {
        if let Some(wanted) = &self.rules.wanted
            && !self.is_there
            && wanted.covers(&self.path())
        {
            self.is_there = true;
        }
    }

    /// Checks for it below a value that only one side has.
    fn pass_below(&mut self, node: &'n Node) {
        if self.rules.wanted.is_none() {
            return;
        }
        self.pass();
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => {
                // A list on one side only is named as if it were compared with itself.
                for pair in self.pairing(items, items, None).pairs {
                    if let Some(item) = pair.left {
                        self.trail.push(Trail::Element(pair.step, None));
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

    /// Records a value that counts as equal although it is written differently, if asked for.
    fn counts_as_equal(&mut self, sides: impl FnOnce(&Self) -> (String, String), why: Why) {
        if self.rules.tells_equal {
            let equal = Equal {
                path: self.path(),
                sides: sides(self),
                why,
            };
            self.equal.push(equal);
        }
    }

    fn likeness(&self) -> Likeness<'_> {
        Likeness {
            identities: &self.rules.identities,
            budget: self.budget,
        }
    }

    fn nodes(&mut self, left: &'n Node, right: &'n Node) {
        self.pass();
        match (&left.content, &right.content) {
            (Content::Scalar(one), Content::Scalar(two)) => self.scalars(left, one, right, two),
            (Content::Map(_), Content::Map(_)) if is_seal(left) && is_seal(right) => {
                if left.content != right.content {
                    let (mut one, mut two) = (self.side(left, None), self.side(right, None));
                    (one.is_encrypted, two.is_encrypted) = (true, true);
                    self.found(Some(one), Some(two), Matter::Value(Relation::Differs));
                }
            }
            (Content::Map(one), Content::Map(two)) => {
                let since = self.found.len();
                self.containers
                    .push((self.trail.len(), Container::Map(one)));
                self.maps(one, two);
                self.containers.pop();
                self.explain_by_switch(since, one, two);
            }
            (Content::List(one), Content::List(two)) => {
                self.containers
                    .push((self.trail.len(), Container::List(one)));
                self.list(one, two);
                self.containers.pop();
            }
            // A single block or key is compared with each of the repeated ones.
            (Content::List(one), _) if self.written.0.is_repeated(left, right) => {
                self.containers
                    .push((self.trail.len(), Container::List(one)));
                self.list(one, std::slice::from_ref(right));
                self.containers.pop();
            }
            (_, Content::List(two)) if self.written.1.is_repeated(right, left) => {
                let one = std::slice::from_ref(left);
                self.containers
                    .push((self.trail.len(), Container::List(one)));
                self.list(one, two);
                self.containers.pop();
            }
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
            let tag = |node: &Node| {
                node.tag
                    .as_deref()
                    .map_or("no tag", |tag| &**tag)
                    .to_owned()
            };
            (one.shown, two.shown) = (tag(left), tag(right));
            self.found(Some(one), Some(two), Matter::Tag);
        }
    }
}

/// Returns a step for display: an element's name may be a line that contains a secret.
fn named(step: &Step) -> Step {
    let Step::Element(names) = step else {
        return step.clone();
    };
    let names = names
        .iter()
        .map(|(name, value)| (Arc::clone(name), Arc::from(&*shown::name(value))));
    Step::Element(names.collect())
}

/// Returns the elements of a list that are secret because of the word before them, by address.
fn arguments_of(nodes: &[Node]) -> Vec<&Node> {
    let numbers = secret_arguments(nodes);
    numbers.into_iter().filter_map(|at| nodes.get(at)).collect()
}

/// Whether a map is the metadata of an encryption program: codes, keys and times, new for every file. As a whole it is
/// as opaque as the values it seals.
fn is_seal(node: &Node) -> bool {
    node.get("mac").is_some() && node.get("lastmodified").is_some() && node.get("version").is_some()
}

fn is_default(scalar: &Scalar, default: &Scalar, context: Context<'_>) -> bool {
    scalar.text == default.text || meaning::relate(scalar, default, context) == Relation::Same
}

/// Whether a list contains an equal single value.
fn has_like(nodes: &[Node], wanted: &Node) -> bool {
    let wanted = wanted.as_scalar().map(|scalar| &scalar.text);
    wanted.is_some()
        && nodes
            .iter()
            .any(|node| node.as_scalar().map(|scalar| &scalar.text) == wanted)
}
