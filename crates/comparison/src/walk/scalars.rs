//! Single values: equality, and the kind of difference.

use std::sync::Arc;

use super::super::disagreement::{Matter, Side};
use super::super::meaning::{self, Context, Opaque, Relation};
use super::super::{Which, list, shown};
use super::{Walk, Why, copied, readers};
use evenkeel_document::{Node, Scalar, ScalarKind, covering};

impl<'n> Walk<'n, '_> {
    pub(super) fn scalars(
        &mut self,
        left: &'n Node,
        one: &'n Scalar,
        right: &'n Node,
        two: &'n Scalar,
    ) {
        if !self.rules.must_differ.is_empty() && self.rules.must_differ(&self.path()) {
            if one.text == two.text {
                let sides = (self.side(left, None), self.side(right, None));
                self.found(Some(sides.0), Some(sides.1), Matter::MustDiffer);
            }
            return;
        }
        // A text that names both environments, and is equal in both, is about the environments.
        if let Some(identity) = self.names_both(&one.text, &two.text) {
            let sides = (self.side(left, None), self.side(right, None));
            self.found(Some(sides.0), Some(sides.1), Matter::NamesBoth(identity));
            return;
        }
        // An equal value is shared and belongs to no environment.
        if one.text == two.text {
            self.shared(left, right, one);
        } else {
            self.mention(left, one, Which::Left, Some(right));
            self.mention(right, two, Which::Right, Some(left));
        }
        if !self.rules.exact.is_empty() && self.rules.is_exact(&self.path()) {
            self.exactly(left, right);
            return;
        }
        let context = self.context();
        let loose = one.kind == ScalarKind::Loose || two.kind == ScalarKind::Loose;
        let is_same = one.text == two.text && (one.kind == two.kind || loose)
            || self.rules.identities.agree(&one.text, &two.text);
        if is_same {
            if one.text != two.text {
                self.counts_as_equal(|walk| walk.shown_alike(left, right), Why::Identity);
            } else if let Some(readers) =
                readers::differ((self.written.0, left), (self.written.1, right))
            {
                let mut sides = (self.side(left, None), self.side(right, None));
                self.tell_apart(&mut sides, left, right);
                let matter = Matter::Readers(readers.who, readers.is_certain);
                self.found(Some(sides.0), Some(sides.1), matter);
                return;
            }
            if copied::is_copied(one, two, context, &self.rules.identities) {
                let sides = (self.side(left, None), self.side(right, None));
                if !(sides.0.is_secret || sides.1.is_secret) {
                    self.found(Some(sides.0), Some(sides.1), Matter::Copied);
                    return;
                }
            }
            // A difference of images is more important than a floating tag.
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
            self.counts_as_equal(|walk| walk.shown_alike(left, right), Why::Meaning);
            return;
        }
        let mut sides = (self.side(left, None), self.side(right, None));
        // Texts that differ only in secrets and identity values.
        let is_open = !(sides.0.is_encrypted || sides.1.is_encrypted);
        let covered = |side: &Side, whole: &Scalar| {
            let scalar = side.scalar.as_ref().filter(|own| own.text != whole.text);
            scalar.map(|own| own.text.clone())
        };
        let (first, second) = (covered(&sides.0, one), covered(&sides.1, two));
        let has_secrets = first.is_some() && second.is_some();
        let first = first.unwrap_or_else(|| one.text.clone());
        let second = second.unwrap_or_else(|| two.text.clone());
        let identities = &self.rules.identities;
        let is_alike = sides.0.scalar == sides.1.scalar && sides.0.shown == sides.1.shown
            || has_secrets && identities.agree(&first, &second);
        if is_open && is_alike {
            sides.0.is_secret = true;
            sides.1.is_secret = true;
        }
        self.tell_apart(&mut sides, left, right);
        let is_shown = is_open && !(sides.0.is_secret || sides.1.is_secret);
        let matter = match self.rules.identities.marked_on_one_side(&first, &second) {
            Some(which) if is_shown && may_be_marked(&relation) => Matter::Marked(which),
            _ => Matter::Value(relation),
        };
        self.found(Some(sides.0), Some(sides.1), matter);
    }

    /// Returns the identity by which an equal text names both environments.
    pub(super) fn names_both(&self, one: &str, two: &str) -> Option<Arc<str>> {
        if !(self.foreign.0 && self.foreign.1) || one != two {
            return None;
        }
        self.rules.identities.names_both(one).cloned()
    }

    /// Compares two values that are equal only if written alike.
    fn exactly(&mut self, left: &'n Node, right: &'n Node) {
        let written = |walk: &Self| (walk.written.0.value(left), walk.written.1.value(right));
        if left.content == right.content && {
            let (one, two) = written(self);
            one == two || self.written.0.is_other_format(self.written.1)
        } {
            return;
        }
        let mut sides = (self.side(left, None), self.side(right, None));
        self.tell_apart(&mut sides, left, right);
        let matter = Matter::Value(Relation::Differs);
        self.found(Some(sides.0), Some(sides.1), matter);
    }

    /// Returns the displayed text of two sides that count as equal.
    fn shown_alike(&self, left: &Node, right: &Node) -> (String, String) {
        let under = self.under();
        (shown::shown(under, left), shown::shown(under, right))
    }

    /// Displays two values as written, if their displayed texts are equal.
    fn tell_apart(&self, sides: &mut (Side, Side), left: &Node, right: &Node) {
        let is_secret = sides.0.is_secret || sides.1.is_secret;
        if is_secret || sides.0.shown != sides.1.shown {
            return;
        }
        let (one, two) = (self.written.0.value(left), self.written.1.value(right));
        let is_open = |written: &str| covering::shown(written).is_none();
        if one == two || !is_open(one) || !is_open(two) {
            return;
        }
        (sides.0.shown, sides.1.shown) = (shown::clipped(one), shown::clipped(two));
    }

    /// Relates two values. Values that are the same after exchanging identity values are equal:
    /// `https://staging.example.net:443` is production's `https://production.example.net`.
    pub(super) fn relate(&self, one: &Scalar, two: &Scalar, context: Context<'_>) -> Relation {
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
}

/// Whether an environment's name may be the only difference of two values. In an image tag or a version, it means that
/// something else runs.
fn may_be_marked(relation: &Relation) -> bool {
    matches!(
        relation,
        Relation::Differs | Relation::Opaque(Opaque::Arn | Opaque::CloudId)
    )
}
