//! Codes of definitions.

use evenkeel_model::defect::Code;

/// All codes of definitions.
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
    &INVENTORY,
    &OWNED_TWICE,
];

/// Not TOML.
pub const SYNTAX: Code = Code::error(
    "definition/syntax",
    "a definition is not TOML",
    "The message names the expected syntax at the displayed place. All other errors of the file are reported too.",
);
/// Missing or not text.
pub const UNREADABLE: Code = Code::error(
    "definition/unreadable",
    "a definition or a file it names cannot be read",
    "The file is missing, not UTF-8, or not readable. A missing definition never removes resources.",
);
/// Unknown key.
pub const UNKNOWN_KEY: Code = Code::error(
    "definition/unknown-key",
    "unknown key",
    "Unknown keys are errors, so that a typo cannot silently disable something. The reference lists all keys.",
);
/// Value of another form.
pub const WRONG_FORM: Code = Code::error(
    "definition/wrong-form",
    "a value has the wrong form for its key",
    "The message names the expected and the found form.",
);
/// Missing key.
pub const MISSING_KEY: Code = Code::error(
    "definition/missing-key",
    "a required key is missing",
    "Add it; the reference describes it.",
);
/// Invalid name.
pub const BAD_NAME: Code = Code::error(
    "definition/bad-name",
    "invalid name",
    "Parameters are identifiers (`db_password`), everything else is words with hyphens (`web-1`); at most 63 characters.",
);
/// Reference to nothing.
pub const DANGLING: Code = Code::error(
    "definition/dangling-reference",
    "a reference to something that is not declared",
    "References name parameters, artifacts, attributes of other resources, `environment` and `system`.",
);
/// Cyclic references.
pub const CYCLE: Code = Code::error(
    "definition/cycle",
    "resources depend on each other in a cycle",
    "Each depends on another one, so none can be first. Remove one of the references or `after` entries of the cycle.",
);
/// A parameter without a value.
pub const NO_VALUE: Code = Code::error(
    "definition/value-missing",
    "a parameter has no value in an environment",
    "Add it to the environment's `[values]`, or give the parameter a `default` in system.toml.",
);
/// Secret unavailable.
pub const SECRET: Code = Code::error(
    "definition/secret-unavailable",
    "secret unavailable",
    "The environment variable is not set, the file cannot be read, or the command failed.",
);
/// Template that cannot be rendered.
pub const TEMPLATE: Code = Code::error(
    "definition/template",
    "a template cannot be rendered",
    "An undefined name in a template is an error. Its names are parameters, `environment`, `system`, and other resources' attributes such as `directory.home.path`.",
);
/// Artifact unavailable.
pub const ARTIFACT: Code = Code::error(
    "definition/artifact-unavailable",
    "an artifact cannot be read",
    "It is missing, contains a symbolic link or a device, or changed while it was read. Build it first, or use \
     `--build` if the artifact has a build command.",
);
/// Two resources at one place.
pub const CONFLICT: Code = Code::error(
    "definition/declared-twice",
    "two resources claim the same path on the same target",
    "Each would overwrite the other. Keep one, or give them different paths.",
);
/// Place shared by two environments.
pub const SHARED: Code = Code::error(
    "definition/environments-share",
    "two environments claim the same thing on the same machine",
    "Applying to one of them changes the other: a delivery to staging would change production, before any gate. \
     Give each environment its own, for example with `${environment}` or a parameter that varies as identity in \
     the path.",
);
/// Invalid former address.
pub const MOVED: Code = Code::error(
    "definition/moved",
    "`moved` names an address that this resource cannot have had",
    "It lists former addresses of the same kind that are not declared any more, each in one resource. Remove \
     the entry, or the resource that still has the address.",
);
/// Resource in a place of evenkeel, version control or the definitions.
pub const RESERVED: Code = Code::error(
    "definition/reserved-path",
    "a resource claims a path of evenkeel, version control or the definitions",
    "Applying it would replace the ledger, the repository or the definitions themselves. Choose a path outside of them.",
);
/// Definitions beyond a limit.
pub const TOO_LARGE: Code = Code::error(
    "definition/too-large",
    "references or templates expand beyond a limit",
    "The limits are 64 MiB for a text, 256 MiB for all texts of an environment, and 1,000 resources for a chain \
     of references. Use `source` or an artifact for large content.",
);
/// Line without an effect.
pub const MEANINGLESS: Code = Code::error(
    "definition/without-effect",
    "a line without effect",
    "A line without effect hides its intent. Delete it, or add what it needs.",
);
/// Hosts of a target unavailable.
pub const INVENTORY: Code = Code::error(
    "definition/inventory-unavailable",
    "the hosts of a target are not known",
    "The file or the command of the inventory gives no hosts, or a line of it is no host. Nothing is checked and nothing \
     is changed on a part of the hosts.",
);
/// Two scopes of one class on one target.
pub const OWNED_TWICE: Code = Code::error(
    "definition/owned-twice",
    "two scopes own the same things",
    "Each thing would be reported twice, and what one scope accepts, the other would report. Name each class of a target in \
     one `[exclusive.NAME]`.",
);
