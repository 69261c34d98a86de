//! Disagreement of two documents at one place.

use std::sync::Arc;

use super::meaning::Relation;
use super::{Path, Step, Thing, Which, shown};
use evenkeel_document::sensitive::KnownSecrets;
use evenkeel_document::{Place, Scalar};

/// Disagreement of two documents at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Path, by the first document's names where both have it.
    pub path: Path,
    /// First side; `None` where it has no value.
    pub left: Option<Side>,
    /// The second side.
    pub right: Option<Side>,
    /// Kind of disagreement.
    pub matter: Matter,
    /// Deepest key that the other side has above a value it lacks.
    pub lacking: Option<Place>,
    /// Surrounding facts.
    pub around: Surroundings,
}

/// Facts around a disagreement, used to group disagreements with one reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// Path of the disagreement that explains this one: it is inside a value that is missing or switched off there, or
    /// at the place of a mention.
    pub explained_by: Option<Path>,
    /// Pattern of the siblings' places, such as `apps[*].replicas`, where at least two of them have the key.
    pub among: Option<Arc<str>>,
    /// The one key that the other side has instead of a key it lacks.
    pub instead: Option<Arc<str>>,
}

/// Value of one side at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Place of the value.
    pub place: Place,
    /// Place of its key, if it has one.
    pub key_place: Option<Place>,
    /// Value as displayed: bounded, without secrets.
    pub shown: String,
    /// Single value, if it is one; the whole list of an order and all lines of a text, as one text.
    pub scalar: Option<Scalar>,
    /// Whether the value is secret; secrets are never displayed.
    pub is_secret: bool,
    /// Whether the value is encrypted: it is neither compared nor displayed.
    pub is_encrypted: bool,
    /// Number of single values in it.
    pub leaves: usize,
}

/// Kind of disagreement at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Matter {
    /// Two different single values.
    Value(Relation),
    /// One value, written in two ways that programs read differently: which programs, and whether all do.
    Readers(&'static str, bool),
    /// Present on one side only: a key, an element of a list, a whole document.
    Only(Which),
    /// Different types, such as a list and a map.
    Shape,
    /// The same value with another tag.
    Tag,
    /// Same elements in another order, and nothing shows that order has no meaning. The flag is set if order is known
    /// to have a meaning, as in a command line.
    Order(bool),
    /// Same value at another place; the path is the second side's.
    Moved(Path),
    /// Equal values that must differ.
    MustDiffer,
    /// A random id that is equal on both sides, where each environment should have its own.
    Copied,
    /// Byte-identical on both sides, and names both environments by this identity.
    NamesBoth(Arc<str>),
    /// One side mentions a value that belongs to the other environment.
    Foreign {
        /// Side with the mention.
        within: Which,
        /// Name of the identity.
        identity: Arc<str>,
        /// Mentioned value.
        value: Arc<str>,
        /// Sort of thing that mentions it.
        thing: Thing,
    },
    /// Both sides use the same database, bucket, queue or topic, named after one of them.
    Shared {
        /// Side that it is named after.
        of: Which,
        /// Value that shows it.
        value: Arc<str>,
        /// Sort of thing.
        thing: Thing,
    },
    /// One side contains its environment's own name, the other nothing in its place; nothing else differs.
    Marked(Which),
    /// Differing lines of a text.
    Lines,
    /// An image with a moving tag, in one environment or in both.
    Floating,
}

impl Disagreement {
    /// Hides known secrets everywhere: in values under other keys and in the path.
    pub(super) fn cover(&mut self, known: &KnownSecrets) {
        for side in [&mut self.left, &mut self.right].into_iter().flatten() {
            side.cover(known);
        }
        // Two values that are equal once secrets are hidden differ in a secret.
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
