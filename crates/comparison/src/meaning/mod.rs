//! Relation of two single values: one thing in two spellings, a smaller and a larger size, a newer version, another
//! image, opaque ids of each side.
//!
//! One file per sort of value. Each compares two texts (with their key) and knows only its own sort.

mod boolean;
mod bytes;
mod cron;
mod decimal;
mod duration;
mod image;
mod key;
mod machine;
mod number;
mod opaque;
mod quantity;
mod range;
mod systemd;
mod url;
mod version;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use boolean::as_boolean_word;
pub use image::floating_tag;
pub(crate) use key::{has as has_word, words};

use evenkeel_document::{Scalar, ScalarKind};

/// Longer texts are compared as written.
const LONGEST: usize = 64 * 1024;

/// Known facts about the place of two values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Nearest key above them: `memory`, `image`, `replicas`. Empty at the root.
    pub key: &'a str,
    /// Key above that: `limits` of `limits.memory`. Empty if there is none.
    pub above: &'a str,
}

/// Relation of two single values that are not byte-identical.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// One thing in two spellings.
    Same,
    /// On and off.
    Flag {
        /// The first environment's.
        left: bool,
        /// The second environment's.
        right: bool,
    },
    /// Two sizes of one dimension.
    Size {
        /// First environment's size, in the dimension's base unit.
        left: f64,
        /// The second environment's.
        right: f64,
        /// Dimension.
        dimension: Dimension,
    },
    /// Two versions or ranges of versions.
    Version {
        /// The wider or newer one.
        admits: Admits,
    },
    /// Two image references that differ in these parts.
    Image(ImageDifference),
    /// Generated ids, one of each side.
    Opaque(Opaque),
    /// Values of different types, if both formats have types.
    Type,
    /// Different, without further knowledge.
    Differs,
}

/// Dimension of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// A count: replicas, workers. None, one and many are separate classes.
    Count,
    /// Bytes.
    Bytes,
    /// Processor cores.
    Cores,
    /// Seconds.
    Seconds,
    /// A share, a ratio, a percentage.
    Share,
    /// Machines, by a cloud's named sizes: `db.t3.large`, `n1-standard-4`.
    Machine,
    /// A measure in an unknown unit, the same on both sides: `heap: 512`, `timeout: 30`. Larger is more; none, one and
    /// many have no meaning.
    Number,
}

/// The wider or newer of two version expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Admits {
    /// The first one admits all of the second one, and more.
    LeftMore,
    /// The second one admits all of the first one, and more.
    RightMore,
    /// Each admits something that the other does not; they overlap or not.
    Each,
    /// Single versions: the first one is newer.
    LeftNewer,
    /// Single versions: the second one is newer.
    RightNewer,
    /// Unknown: `13` and `13.4`, `v1.2` and `1.2`, or formats that read the same range differently.
    Unknown,
}

/// Differing parts of two image references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four parts, each of which differs or does not"
)]
pub struct ImageDifference {
    /// The registry.
    pub registry: bool,
    /// The name.
    pub name: bool,
    /// The tag.
    pub tag: bool,
    /// The digest.
    pub digest: bool,
}

/// Sorts of opaque ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opaque {
    /// An Amazon resource name.
    Arn,
    /// A UUID.
    Uuid,
    /// A cloud's resource id: `vpc-0a1b…`, `ocid1.…`, `projects/…/…`.
    CloudId,
    /// A hash or a digest.
    Hash,
    /// A key or a certificate in text form.
    Key,
    /// A network address of one machine, not of a range.
    Address,
}

/// Whether a larger size is more of something, so that staging should not exceed production; a longer wait is not.
#[must_use]
pub fn has_direction(dimension: Dimension, context: Context<'_>) -> bool {
    match dimension {
        Dimension::Count | Dimension::Bytes | Dimension::Cores | Dimension::Machine => true,
        Dimension::Number => !key::is_time_like(context.key) || key::is_kept(context.key),
        Dimension::Seconds => key::is_kept(context.key),
        // `CPUQuota=20%`: a share of a resource. Other shares may be thresholds.
        Dimension::Share => key::is_allowance(context.key),
    }
}

/// Relates two values at the same place.
///
/// Never guesses `Same`: if two readings are possible, only their common result counts. Swapped arguments give the same
/// answer with left and right swapped. White space at either end is part of a value, except in schedules.
#[must_use]
pub fn relate(left: &Scalar, right: &Scalar, context: Context<'_>) -> Relation {
    use ScalarKind::{Expression, Loose, Null};
    if left.text == right.text {
        return same_text(left, right, context);
    }
    if matches!(left.kind, Expression) || matches!(right.kind, Expression) {
        return Relation::Differs;
    }
    // Empty beside a value: neither type nor size is known.
    let is_nothing =
        |scalar: &Scalar| scalar.kind == Null || scalar.text.is_empty() && scalar.kind == Loose;
    if is_nothing(left) || is_nothing(right) {
        return Relation::Differs;
    }
    let by_sort = if left.text.len().max(right.text.len()) > LONGEST {
        None
    } else {
        sorts(left, right, context)
    };
    match by_sort {
        Some(relation) if relation != Relation::Differs => relation,
        _ if is_other_type(left.kind, right.kind) => Relation::Type,
        _ => Relation::Differs,
    }
}

/// Relates two values with equal text: only their types can differ, unless a format has no types.
fn same_text(left: &Scalar, right: &Scalar, context: Context<'_>) -> Relation {
    if is_other_type(left.kind, right.kind) && !quantity::is_typeless(&left.text, context) {
        Relation::Type
    } else {
        Relation::Same
    }
}

fn is_other_type(left: ScalarKind, right: ScalarKind) -> bool {
    use ScalarKind::{Float, Integer, Loose};
    // One number, with or without a fraction.
    let unified = |kind| if kind == Float { Integer } else { kind };
    unified(left) != unified(right) && left != Loose && right != Loose
}

/// Tries the sorts in turn, those that the key decides first. Each checks the first bytes before any expensive work.
fn sorts(left: &Scalar, right: &Scalar, context: Context<'_>) -> Option<Relation> {
    let (one, two) = (&*left.text, &*right.text);
    let (first, second) = (one.bytes().next()?, two.bytes().next()?);
    if let Some(relation) = boolean::relate(left, right, context) {
        return Some(relation);
    }
    if let Some(relation) = systemd::relate(one, two, context) {
        return Some(relation);
    }
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    if !key::is_version(context.key) && opaque::are_addresses(one, two) {
        return Some(Relation::Opaque(Opaque::Address));
    }
    if numeric(first) && numeric(second) {
        let found = quantity::relate(one, two, context)
            .or_else(|| ids(one, two, context))
            .or_else(|| versions(left, right, context))
            .or_else(|| sizes(one, two, context))
            .or_else(|| number::relate(left, right, context));
        if found.is_some() {
            return found;
        }
    }
    if one.contains(':') && two.contains(':') {
        let found = url::relate(one, two);
        if found.is_some() {
            return found;
        }
    }
    machine::relate(one, two)
        .or_else(|| cron::relate(one, two, context))
        .or_else(|| duration::relate(one, two, context))
        .or_else(|| ids(one, two, context))
        .or_else(|| versions(left, right, context))
        .or_else(|| image::relate(one, two, context))
}

/// Relates versions and ranges of versions; a part of an address is neither.
fn versions(left: &Scalar, right: &Scalar, context: Context<'_>) -> Option<Relation> {
    if key::is_network(context.key) {
        return None;
    }
    range::relate(&left.text, &right.text, context)
        .or_else(|| version::relate(left, right, context))
}

/// Relates generated ids. The commit of a build is not one of them: it identifies a version.
fn ids(one: &str, two: &str, context: Context<'_>) -> Option<Relation> {
    let found = opaque::relate(one, two, context)?;
    if found != Relation::Opaque(Opaque::Hash) || !(is_commit(one) && is_commit(two)) {
        return Some(found);
    }
    if key::is_tag(context) {
        return Some(Relation::Image(ImageDifference {
            tag: true,
            ..ImageDifference::default()
        }));
    }
    if key::names_a_build(context.key) {
        return Some(Relation::Version {
            admits: Admits::Unknown,
        });
    }
    Some(found)
}

/// Whether a text looks like a commit hash, whole or abbreviated.
fn is_commit(text: &str) -> bool {
    let text = text.rsplit_once('-').map_or(text, |(_, last)| last);
    (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Relates durations and sizes in bytes, whose units share letters: the key decides about `10m`.
fn sizes(one: &str, two: &str, context: Context<'_>) -> Option<Relation> {
    if key::is_bytes_like(context.key) && !key::is_time_like(context.key) {
        bytes::relate(one, two, context).or_else(|| duration::relate(one, two, context))
    } else {
        duration::relate(one, two, context).or_else(|| bytes::relate(one, two, context))
    }
}
