//! What can be wrong with definitions.

use evenkeel_model::defect::Code;

/// All of them.
pub const CODES: &[&Code] = &[
    &SYNTAX,
    &UNREADABLE,
    &UNKNOWN_KEY,
    &WRONG_FORM,
    &MISSING_KEY,
    &BAD_NAME,
    &DANGLING,
    &CYCLE,
    &NO_VALUE,
    &SECRET,
    &TEMPLATE,
    &ARTIFACT,
    &CONFLICT,
    &SHARED,
    &MOVED,
    &RESERVED,
    &TOO_LARGE,
    &MEANINGLESS,
];

/// Not TOML.
pub const SYNTAX: Code = Code::error(
    "definition/syntax",
    "a definition is not TOML",
    "The parser says what it expected at the place shown. Everything else that is wrong in the file is shown too.",
);
/// Not there, not text.
pub const UNREADABLE: Code = Code::error(
    "definition/unreadable",
    "a definition or a file it names cannot be read",
    "The file is not there, is not UTF-8, or may not be read. A missing definition is never taken to mean that everything is to be removed.",
);
/// A key nobody knows.
pub const UNKNOWN_KEY: Code = Code::error(
    "definition/unknown-key",
    "a key that evenkeel does not know",
    "Unknown keys are errors, so that a slip of the pen cannot silently switch something off. The reference lists all keys.",
);
/// A value of another form.
pub const WRONG_FORM: Code = Code::error(
    "definition/wrong-form",
    "a value is not of the form its key asks for",
    "The message says what was expected and what was found.",
);
/// A key that must be there.
pub const MISSING_KEY: Code = Code::error(
    "definition/missing-key",
    "a key that must be there is not",
    "Add it; the reference says what it means.",
);
/// A name that cannot be one.
pub const BAD_NAME: Code = Code::error(
    "definition/bad-name",
    "a name that cannot be used",
    "Parameters are identifiers (`db_password`), everything else is words with hyphens (`web-1`); at most 63 characters.",
);
/// A reference to nothing.
pub const DANGLING: Code = Code::error(
    "definition/dangling-reference",
    "a reference to something that is not declared",
    "References name parameters, artifacts, attributes of other resources, `environment` and `system`.",
);
/// References in a circle.
pub const CYCLE: Code = Code::error(
    "definition/cycle",
    "resources wait for each other in a circle",
    "Each needs another one first, so none can be first. Take one of the references or `after` entries on the path away.",
);
/// A parameter without a value.
pub const NO_VALUE: Code = Code::error(
    "definition/value-missing",
    "an environment gives a parameter no value",
    "Add it to the environment's `[values]`, or give the parameter a `default` in system.toml.",
);
/// A secret that cannot be had.
pub const SECRET: Code = Code::error(
    "definition/secret-unavailable",
    "secret unavailable",
    "The environment variable is not set, the file cannot be read, or the command failed.",
);
/// A template that cannot be rendered.
pub const TEMPLATE: Code = Code::error(
    "definition/template",
    "a template cannot be rendered",
    "An undefined name in a template is an error. Its names are parameters, `environment`, `system`, and other resources' attributes such as `directory.home.path`.",
);
/// An artifact that cannot be had.
pub const ARTIFACT: Code = Code::error(
    "definition/artifact-unavailable",
    "an artifact cannot be read",
    "It is not there, it has a symbolic link or a device in it, or it changed while it was read. Build it first, or use `--build` where the artifact says how.",
);
/// Two things at one place.
pub const CONFLICT: Code = Code::error(
    "definition/declared-twice",
    "two resources claim the same path on the same target",
    "Each would undo the other. Keep one, or give them different paths.",
);
/// One thing of two environments.
pub const SHARED: Code = Code::error(
    "definition/environments-share",
    "two environments claim the same thing on the same machine",
    "What is applied to one of them changes the other: a delivery to staging would change production, before any gate. Give each environment its own, for example with `${environment}` or a parameter that varies as identity in the path.",
);
/// A former address that cannot be one.
pub const MOVED: Code = Code::error(
    "definition/moved",
    "`moved` names an address that this resource cannot have had",
    "It names addresses of the same kind that are declared no longer, each in one resource. Remove the entry, or the resource that still has the address.",
);
/// A thing where evenkeel, version control or the definitions keep theirs.
pub const RESERVED: Code = Code::error(
    "definition/reserved-path",
    "a resource claims a path of evenkeel, version control or the definitions",
    "Applying it would replace the ledger, the repository or the definitions themselves. Choose a path outside of them.",
);
/// More than definitions may grow to.
pub const TOO_LARGE: Code = Code::error(
    "definition/too-large",
    "references or templates expand beyond a limit",
    "A text may have 64 MiB, the texts of an environment 256 MiB together, and a chain of references 1,000 resources. Use `source` or an artifact for large content.",
);
/// A line without an effect.
pub const MEANINGLESS: Code = Code::error(
    "definition/without-effect",
    "a line without effect",
    "A line without effect hides its intent. Delete it, or add what it needs.",
);
