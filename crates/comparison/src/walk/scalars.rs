//! Single values: whether they say the same, and what it is if they do not.

use super::super::disagreement::Matter;
use super::super::meaning::{self, Context, Relation};
use super::super::{Which, list};
use super::Walk;
use evenkeel_document::{Node, Scalar, ScalarKind};

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
