//! What can be said about drift.

use evenkeel_model::defect::Code;

/// All of them.
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

/// Two environments say different things of one attribute.
pub const ATTRIBUTE: Code = Code::error(
    "parity/attribute-differs",
    "an attribute differs between environments",
    "Everything is equal in all environments unless a line says otherwise. Delete the override, or let a parameter carry the difference, or declare it with a `[[difference]]` that has bounds, a reason, an owner and an expiry.",
);
/// One environment has something that the other has not.
pub const ONLY_IN: Code = Code::error(
    "parity/only-in-one",
    "something is declared in one environment only",
    "What production has and staging has not was never tested. Declare it in system.toml, or declare the difference.",
);
/// A parameter that must be equal is not.
pub const VALUE: Code = Code::error(
    "parity/value-differs",
    "a parameter that must be equal has different values",
    "Parameters are equal in all environments unless they say `varies`. Make the values equal, say how the parameter varies, or declare the difference.",
);
/// A parameter that must differ does not.
pub const IDENTITY: Code = Code::error(
    "parity/identity-shared",
    "a parameter that is each environment's own has the same value twice",
    "A value that varies as identity (a port, a host, a directory) must differ: with the same one, the environments would get in each other's way.",
);
/// None, one, many.
pub const CLASS: Code = Code::error(
    "parity/class-differs",
    "a size is of another class in another environment",
    "None, one and many behave differently: what runs with many was not tested with one. Bring them into one class, or declare the difference.",
);
/// Staging is larger.
pub const INVERTED: Code = Code::error(
    "parity/inverted",
    "a size is larger in an earlier environment than in a later one",
    "What holds with more may not hold with less: staging must not be stronger than production.",
);
/// One secret for two.
pub const SHARED_SECRET: Code = Code::error(
    "parity/secret-shared",
    "two environments share a secret",
    "Access to staging's secret is access to production's. Give each environment a different secret.",
);
/// Declared, and there is nothing.
pub const UNMATCHED: Code = Code::error(
    "difference/unmatched",
    "a declared difference that does not exist",
    "No such difference exists. The list of declared differences is the audit report and must be true. Correct its `at`, or delete it.",
);
/// Declared, and equal by now.
pub const NO_LONGER_NEEDED: Code = Code::error(
    "difference/no-longer-needed",
    "a declared difference where everything is equal by now",
    "What it speaks of is there, and it is the same in all environments. Delete the line: it would silence whatever differs there next.",
);
/// Declared until yesterday.
pub const EXPIRED: Code = Code::error(
    "difference/expired",
    "a declared difference that has expired",
    "Its expiry has passed. Remove the difference, or ask its owner to declare it again.",
);
/// Declared until next week.
pub const EXPIRES_SOON: Code = Code::warning(
    "difference/expires-soon",
    "a declared difference that expires within two weeks",
    "It counts as drift from that day on. Remove the difference before, or ask its owner to declare it again.",
);
/// Declared twice.
pub const DUPLICATE: Code = Code::error(
    "difference/duplicate",
    "a difference that is declared twice",
    "Two lines about one place of the same environments contradict each other sooner or later. Keep one, or make a pattern narrower.",
);
/// Declared without bounds.
pub const OVER_BROAD: Code = Code::error(
    "difference/over-broad",
    "a declared difference that allows too much",
    "A declared difference bounds every environment's value: an exact value, `one-of`, `matches`, `min` and `max`, or both sides by `ratio` or `same-class`. One without bounds, one that ends with `**` or names nothing, and one with `*` of what is not in a document would hide unexpected differences.",
);
/// Not observed.
pub const CANNOT_TELL: Code = Code::error(
    "live/cannot-tell",
    "what is there could not be seen",
    "That is no answer, and never counts as \"no drift\": the gate stays shut until it can be seen.",
);
/// Applied once, declared no longer.
pub const NO_LONGER: Code = Code::error(
    "live/no-longer-declared",
    "something that was applied is declared no longer, and is still there",
    "`evenkeel plan` shows the step that removes it.",
);
/// There, and nobody declared it.
pub const UNMANAGED: Code = Code::error(
    "live/unmanaged",
    "unmanaged entry in an exclusive directory",
    "Declare it, name it in the directory's `except`, or remove it. evenkeel removes nothing that it did not make.",
);
/// As declared, but never recorded.
pub const NOT_RECORDED: Code = Code {
    name: "live/not-recorded",
    title: "something is as declared, and evenkeel has not recorded that",
    help: "It was created outside evenkeel, or by a run that was killed before it recorded the outcome. `evenkeel apply` records it without changing it.",
    severity: evenkeel_model::defect::Severity::Advice,
};
/// A run began it and never said how it ended.
pub const OPEN: Code = Code::warning(
    "live/interrupted-step",
    "a run began to change this and never said how it ended",
    "The run was killed. The live state matches the definition, and `evenkeel apply` records that. A resource that differs is reported as different, with the run that started changing it.",
);
