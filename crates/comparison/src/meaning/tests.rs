//! Shared helpers of the tables of all sorts: pairs of texts, tested in both directions.

use super::{Admits, Context, Dimension, Relation, relate};
use evenkeel_document::{Scalar, ScalarKind};

pub(super) fn scalar(kind: ScalarKind, text: &str) -> Scalar {
    Scalar {
        kind,
        text: text.into(),
    }
}

/// Kinds of the left and the right value.
pub(super) fn kinds(left: ScalarKind, right: ScalarKind) -> (ScalarKind, ScalarKind) {
    (left, right)
}

/// Returns the relation with sides swapped.
pub(super) fn mirrored(relation: Relation) -> Relation {
    match relation {
        Relation::Flag { left, right } => Relation::Flag {
            left: right,
            right: left,
        },
        Relation::Size {
            left,
            right,
            dimension,
        } => Relation::Size {
            left: right,
            right: left,
            dimension,
        },
        Relation::Version { admits } => Relation::Version {
            admits: match admits {
                Admits::LeftMore => Admits::RightMore,
                Admits::RightMore => Admits::LeftMore,
                Admits::LeftNewer => Admits::RightNewer,
                Admits::RightNewer => Admits::LeftNewer,
                Admits::Each | Admits::Unknown => admits,
            },
        },
        Relation::Same
        | Relation::Image(_)
        | Relation::Opaque(_)
        | Relation::Type
        | Relation::Differs => relation,
    }
}

/// Relates two texts and asserts that swapped arguments give the mirrored answer.
pub(super) fn ask(
    kinds: (ScalarKind, ScalarKind),
    context: Context<'_>,
    left: &str,
    right: &str,
) -> Relation {
    let (left, right) = (scalar(kinds.0, left), scalar(kinds.1, right));
    let relation = relate(&left, &right, context);
    let back = relate(&right, &left, context);
    assert_eq!(
        mirrored(back),
        relation,
        "{:?} and {:?} under {context:?}, the other way round",
        left.text,
        right.text
    );
    relation
}

pub(super) fn assert_at(
    kinds: (ScalarKind, ScalarKind),
    context: Context<'_>,
    left: &str,
    right: &str,
    expected: &Relation,
) {
    let relation = ask(kinds, context, left, right);
    assert_eq!(
        relation, *expected,
        "{left:?} and {right:?} under {context:?}"
    );
}

pub(super) fn assert_all(
    kinds: (ScalarKind, ScalarKind),
    key: &str,
    pairs: &[(&str, &str)],
    expected: &Relation,
) {
    for (left, right) in pairs {
        assert_at(kinds, Context { key, above: "" }, left, right, expected);
    }
}

/// Asserts that two texts are not the same.
pub(super) fn assert_not_same<'a>(
    kinds: (ScalarKind, ScalarKind),
    at: impl Into<Context<'a>>,
    left: &str,
    right: &str,
) {
    let relation = ask(kinds, at.into(), left, right);
    assert_ne!(relation, Relation::Same, "{left:?} and {right:?}");
}

pub(super) fn assert_size(
    kinds: (ScalarKind, ScalarKind),
    key: &str,
    (one, two): (&str, &str),
    expected: Dimension,
) {
    let relation = ask(kinds, Context { key, above: "" }, one, two);
    let Relation::Size { dimension, .. } = relation else {
        panic!("{one:?} and {two:?} under {key}: {relation:?}");
    };
    assert_eq!(dimension, expected, "{one:?} and {two:?} under {key}");
}

impl<'a> From<&'a str> for Context<'a> {
    fn from(key: &'a str) -> Self {
        Self { key, above: "" }
    }
}

#[test]
fn types_differ_only_if_both_formats_have_types() {
    use ScalarKind::{Boolean, Date, Expression, Float, Integer, Loose, Null, Text};
    let at = Context::default();
    for (kinds, left, right, expected) in [
        ((Text, Integer), "8080", "8080", Relation::Type),
        ((Text, Boolean), "true", "true", Relation::Type),
        ((Text, Null), "", "", Relation::Type),
        ((Null, Loose), "", "", Relation::Same),
        ((Text, Loose), "", "", Relation::Same),
        ((Text, Date), "2024-01-01", "2024-01-01", Relation::Type),
        ((Integer, Float), "1", "1.0", Relation::Same),
        ((Integer, Float), "1", "1.5", Relation::Differs),
        ((Loose, Integer), "8080", "8080", Relation::Same),
        ((Integer, Boolean), "7", "true", Relation::Type),
        ((Text, Integer), "http", "80", Relation::Type),
        ((Null, Text), "", "x", Relation::Differs),
        ((Null, Integer), "", "1", Relation::Differs),
        ((Loose, Loose), "", "x", Relation::Differs),
        ((Text, Expression), "var.x", "var.x", Relation::Type),
        ((Expression, Expression), "var.x", "var.x", Relation::Same),
        ((Expression, Expression), "1Gi", "1024Mi", Relation::Differs),
        ((Expression, Integer), "var.x", "1", Relation::Differs),
        ((Text, Text), "a", "a ", Relation::Differs),
        ((Text, Text), "a", "A", Relation::Differs),
        ((Text, Text), "", " ", Relation::Differs),
    ] {
        assert_at(kinds, at, left, right, &expected);
    }
}

#[test]
fn long_texts_are_compared_as_written() {
    let long = "1".repeat(70_000);
    let longer = format!("{long}.0");
    let kinds = (ScalarKind::Integer, ScalarKind::Integer);
    assert_at(
        kinds,
        Context::default(),
        &long,
        &longer,
        &Relation::Differs,
    );
    assert_at(kinds, Context::default(), &long, &long, &Relation::Same);
}

#[test]
fn a_commit_that_is_built_or_checked_out_is_a_version() {
    use super::{Admits, ImageDifference};
    let commits = [("3f78685", "89e6c98")];
    let version = Relation::Version {
        admits: Admits::Unknown,
    };
    let kinds = (ScalarKind::Text, ScalarKind::Text);
    assert_all(kinds, "targetRevision", &commits, &version);
    let tag = Relation::Image(ImageDifference {
        tag: true,
        ..ImageDifference::default()
    });
    assert_all(kinds, "tag", &commits, &tag);
}

#[test]
fn a_part_of_an_address_is_not_a_version() {
    let kinds = (ScalarKind::Text, ScalarKind::Text);
    let parts = [("10.12.0", "10.13.0"), ("10.12", "10.13")];
    for key in [
        "stack_network_prefix",
        "vpcPrefix",
        "SUBNET",
        "pod_cidr_prefix",
        "addressPrefix",
    ] {
        assert_all(kinds, key, &parts[..1], &Relation::Differs);
        let found = ask(kinds, key.into(), parts[1].0, parts[1].1);
        assert!(!matches!(found, Relation::Version { .. }), "{key}");
    }
    let newer = Relation::Version {
        admits: Admits::RightNewer,
    };
    assert_all(kinds, "network_plugin_version", &parts[..1], &newer);
}
