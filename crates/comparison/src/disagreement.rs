//! One place at which two documents disagree.

use std::sync::Arc;

use super::meaning::Relation;
use super::{Path, Step, Thing, Which, shown};
use evenkeel_document::sensitive::KnownSecrets;
use evenkeel_document::{Place, Scalar};

/// One place at which two documents disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Where, by the first document's names where both have it.
    pub path: Path,
    /// What each side has there; `None` where it has nothing.
    pub left: Option<Side>,
    /// The second side.
    pub right: Option<Side>,
    /// What the matter is.
    pub matter: Matter,
    /// Of what only one side has: where the other one lacks it, the key above.
    pub lacking: Option<Place>,
    /// What is around it.
    pub around: Surroundings,
}

/// What is around a disagreement, as far as it tells which ones have one reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// The place of another disagreement that explains this one: it is inside of what is missing or switched off there, or
    /// at the very place of a mention.
    pub explained_by: Option<Path>,
    /// The places of its siblings as one text, `apps[*].replicas`, where at least two of them have the key.
    pub among: Option<Arc<str>>,
    /// Of a key that only one side has: the one key that the other side has instead.
    pub instead: Option<Arc<str>>,
}

/// What one side has at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Where the value stands.
    pub place: Place,
    /// Where its key stands, if it has one.
    pub key_place: Option<Place>,
    /// The value for people: bounded, and without secrets.
    pub shown: String,
    /// The single value, if it is one; of an order the whole list, and of lines all of them, as one text.
    pub scalar: Option<Scalar>,
    /// Whether it is a secret: shown nowhere.
    pub is_secret: bool,
    /// Whether it is encrypted: it cannot be compared, and is not shown either.
    pub is_encrypted: bool,
    /// How many single values are in it.
    pub leaves: usize,
}

/// What the matter is at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Matter {
    /// Both have a single value, and the values are not the same.
    Value(Relation),
    /// One value here, written in two ways that programs read differently: who, in a few words, and whether all of them do.
    Readers(&'static str, bool),
    /// Only one side has it: a key, an element of a list, a whole document.
    Only(Which),
    /// One has a list, say, and the other a map.
    Shape,
    /// The same value with another tag.
    Tag,
    /// The same elements in another order, and nothing says that the order has no meaning. The flag tells whether it is
    /// known to have one: a command line, for example.
    Order(bool),
    /// The same thing at another place; the path is the second side's.
    Moved(Path),
    /// Equal, and it must not be.
    MustDiffer,
    /// A random id that is equal on both sides although a different id in each environment.
    Copied,
    /// Equal to the letter on both sides, and names both environments by this identity.
    NamesBoth(Arc<str>),
    /// One side mentions what is the other one's own. What the other side has at the place is told, too.
    Foreign {
        /// Which side mentions it.
        within: Which,
        /// The identity's name.
        identity: Arc<str>,
        /// The value that is mentioned.
        value: Arc<str>,
        /// What sort of thing mentions it.
        thing: Thing,
    },
    /// Both have the same database, bucket, queue or topic, by the name of one of them.
    Shared {
        /// Whose name it is.
        of: Which,
        /// The value that tells.
        value: Arc<str>,
        /// What sort of thing it is.
        thing: Thing,
    },
    /// One side has its environment's own name in it, the other has nothing in its place, and nothing else differs.
    Marked(Which),
    /// Lines of a text that differ.
    Lines,
    /// An image is named by a tag that moves, in one environment or in both.
    Floating,
}

impl Disagreement {
    /// Covers known secrets wherever they stand: in a value under another key, or in the path.
    pub(super) fn cover(&mut self, known: &KnownSecrets) {
        for side in [&mut self.left, &mut self.right].into_iter().flatten() {
            side.cover(known);
        }
        // What differs in nothing but secrets is a difference of secrets.
        if let (Some(left), Some(right)) = (&mut self.left, &mut self.right)
            && matches!(
                self.matter,
                Matter::Value(_) | Matter::Lines | Matter::Marked(_)
            )
            && !left.is_encrypted
            && !right.is_encrypted
            && left.scalar.is_some()
            && left.scalar == right.scalar
            && left.shown == right.shown
        {
            (left.is_secret, right.is_secret) = (true, true);
        }
        self.path.cover(known);
        if let Some(path) = &mut self.around.explained_by {
            path.cover(known);
        }
        if let Matter::Moved(to) = &mut self.matter {
            to.cover(known);
        }
    }
}

impl Side {
    fn cover(&mut self, known: &KnownSecrets) {
        if let Some(shown) = known.covered(&self.shown) {
            self.shown = shown;
        }
        if let Some(scalar) = &mut self.scalar
            && !self.is_secret
        {
            if let Some(text) = known.covered(&scalar.text) {
                scalar.text = text.into();
            } else if known.is_one(&scalar.text) {
                scalar.text = shown::SECRET.into();
                shown::SECRET.clone_into(&mut self.shown);
            }
        }
    }
}

impl Path {
    fn cover(&mut self, known: &KnownSecrets) {
        let covered = |text: &Arc<str>| {
            known
                .covered(text)
                .map_or_else(|| Arc::clone(text), Arc::from)
        };
        for step in &mut self.steps {
            match step {
                Step::Key(key) => *key = covered(key),
                Step::Element(names) => {
                    *names = names
                        .iter()
                        .map(|(name, value)| (Arc::clone(name), covered(value)))
                        .collect();
                }
                Step::Position(_) => {}
            }
        }
    }
}
