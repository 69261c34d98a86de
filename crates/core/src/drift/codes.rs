//! Codes of drift.

use evenkeel_model::defect::Code;

/// All codes of drift.
pub const CODES: &[&Code] = &[
    &ATTRIBUTE,
    &ONLY_IN,
    &VALUE,
    &IDENTITY,
    &CLASS,
    &INVERTED,
    &SHARED_SECRET,
    &UNMATCHED,
    &NO_LONGER_NEEDED,
    &EXPIRED,
    &EXPIRES_SOON,
    &DUPLICATE,
    &OVER_BROAD,
    &CANNOT_TELL,
    &NO_LONGER,
    &UNMANAGED,
    &NOT_RECORDED,
    &OPEN,
];

/// An attribute differs between environments.
pub const ATTRIBUTE: Code = Code::error(
    "parity/attribute-differs",
    "an attribute differs between environments",
    "Environments are equal unless a difference is declared. Delete the override, or use a parameter, or \
     declare a `[[difference]]` with bounds, a reason, an owner and an expiry.",
);
/// A resource that only one environment has.
pub const ONLY_IN: Code = Code::error(
    "parity/only-in-one",
    "a resource or an attribute is declared in one environment only",
    "A part of production that staging lacks was never tested. Declare it in system.toml, or declare the difference.",
);
/// A parameter that must be equal differs.
pub const VALUE: Code = Code::error(
    "parity/value-differs",
    "a parameter that must be equal has different values",
    "Parameters are equal in all environments unless they have `varies`. Make the values equal, set `varies`, \
     or declare the difference.",
);
/// A parameter that must differ is equal.
pub const IDENTITY: Code = Code::error(
    "parity/identity-shared",
    "a parameter that varies as identity has the same value twice",
    "A value that varies as identity (a port, a host, a directory) must differ: with equal values, the \
     environments would conflict.",
);
/// None, one, many.
pub const CLASS: Code = Code::error(
    "parity/class-differs",
    "a size is of another class in another environment",
    "None, one and many behave differently: a test with one does not cover many. Use sizes of one class, or \
     declare the difference.",
);
/// Larger in staging.
pub const INVERTED: Code = Code::error(
    "parity/inverted",
    "a size is larger in an earlier environment than in a later one",
    "A test with more resources does not cover less: staging must not be larger than production.",
);
/// One secret in two environments.
pub const SHARED_SECRET: Code = Code::error(
    "parity/secret-shared",
    "two environments share a secret",
    "Access to staging's secret is access to production's. Give each environment a different secret.",
);
/// Declared without a match.
pub const UNMATCHED: Code = Code::error(
    "difference/unmatched",
    "a declared difference that does not exist",
    "No such difference exists. The list of declared differences is the audit report and must be correct. Fix \
     its `at`, or delete it.",
);
/// Declared, and equal now.
pub const NO_LONGER_NEEDED: Code = Code::error(
    "difference/no-longer-needed",
    "a declared difference that is not needed any more",
    "Its place exists and is equal in all environments. Delete the declaration: it would hide the next \
     difference there.",
);
/// Declaration expired.
pub const EXPIRED: Code = Code::error(
    "difference/expired",
    "a declared difference that has expired",
    "Its expiry has passed. Remove the difference, or ask its owner to declare it again.",
);
/// Declaration expires soon.
pub const EXPIRES_SOON: Code = Code::warning(
    "difference/expires-soon",
    "a declared difference that expires within two weeks",
    "It counts as drift from that day on. Remove the difference before, or ask its owner to declare it again.",
);
/// Declared twice.
pub const DUPLICATE: Code = Code::error(
    "difference/duplicate",
    "a difference that is declared twice",
    "Two declarations of one place will contradict each other. Keep one, or make a pattern narrower.",
);
/// Declared without bounds.
pub const OVER_BROAD: Code = Code::error(
    "difference/over-broad",
    "a declared difference that allows too much",
    "A declared difference bounds every environment's value: an exact value, `one-of`, `matches`, `min` and \
     `max`, or both sides by `ratio` or `same-class`. One without bounds, one that ends with `**` or names \
     nothing, and one with `*` outside of a document would hide unexpected differences.",
);
/// Not observed.
pub const CANNOT_TELL: Code = Code::error(
    "live/cannot-tell",
    "the live state is unreadable",
    "An unreadable state never counts as \"no drift\": the gate stays shut until it can be read.",
);
/// Applied earlier, and removed from the definitions.
pub const NO_LONGER: Code = Code::error(
    "live/no-longer-declared",
    "a resource was removed from the definitions, but still exists",
    "`evenkeel plan` shows the step that deletes it.",
);
/// Exists without a definition.
pub const UNMANAGED: Code = Code::error(
    "live/unmanaged",
    "unmanaged thing in an exclusive directory, or on a host in an exclusive scope",
    "Declare it, list it in `except` of the directory or of `[exclusive.NAME]`, or delete it. `evenkeel baseline --unmanaged` \
     accepts the things of hosts, such as those of their image. evenkeel only deletes what it created.",
);
/// In sync, but never recorded.
pub const NOT_RECORDED: Code = Code {
    name: "live/not-recorded",
    title: "a resource matches its definition, but the ledger has no record of it",
    help: "It was created outside evenkeel, or by a run that was killed before it recorded the outcome. `evenkeel apply` records it without changing it.",
    severity: evenkeel_model::defect::Severity::Advice,
};
/// A run started it and recorded no outcome.
pub const OPEN: Code = Code::warning(
    "live/interrupted-step",
    "a run started changing a resource and recorded no outcome",
    "The run was killed. The live state matches the definition, and `evenkeel apply` records that. A resource that differs is reported as different, with the run that started changing it.",
);
