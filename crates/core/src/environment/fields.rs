//! The keys of the tables that are not resources.

use evenkeel_comparison::Merge;
use evenkeel_document::Format;
use evenkeel_model::source::{Field, Form};

/// `[system]`.
pub const SYSTEM: &[Field] = &[
    Field::required(
        "name",
        Form::Word,
        "The system's name: the ledger belongs to it.",
    ),
    Field::required(
        "path",
        Form::Several(&Form::Either(&[Form::Word, Form::Several(&Form::Word)])),
        "The environments in the order of promotion; the last one is production. Siblings, of which none comes before another, are a nested list: `[\"staging\", [\"eu-production\", \"us-production\"]]`.",
    ),
];

/// `[ignore]`.
pub const IGNORE: &[Field] = &[Field::optional(
    "pairs",
    Form::Several(&Form::Words),
    "Files that look like one thing in two environments and are not compared, as globs relative to the project's directory: `notes/**`, `ci/build-*.yaml`. Without this, `drift` reports such files and exits with 2.",
)
.written_out()];

/// `[parameter.NAME]`.
pub const PARAMETER: &[Field] = &[
    Field::optional(
        "varies",
        Form::Choice(&["never", "identity", "scale", "secret"]),
        "How its values may differ between environments. `never`: they must be equal. `identity`: each has its own, and the same value twice is a defect. `scale`: in size, but not in class (none, one, many), and staging is never larger than production. `secret`: compared by keyed digest, and must not be shared. Default: \"never\".",
    ),
    Field::optional(
        "default",
        Form::Any,
        "The value where an environment gives none. Not for secrets, and not for what varies as identity.",
    ).written_out(),
    Field::optional("about", Form::Text, "What it is, for people."),
];

/// `[artifact.NAME]`.
pub const ARTIFACT: &[Field] = &[
    Field::required(
        "path",
        Form::Words,
        "The file or directory that was built, relative to the definitions.",
    )
    .written_out(),
    Field::optional(
        "build",
        Form::Several(&Form::Text),
        "The command that builds it, run in the project's directory with `--build` only; no shell.",
    )
    .written_out(),
];

/// `[target.NAME]`.
pub const TARGET: &[Field] = &[
    Field::optional("local", Form::Boolean, "This machine.").written_out(),
    Field::optional(
        "base",
        Form::Words,
        "Where relative paths begin on it. Default: the directory that holds the definitions' directory.",
    ),
    Field::optional(
        "state",
        Form::Words,
        "Where evenkeel keeps its own records on it (process records, logs). Default: `.evenkeel/targets/ENVIRONMENT/TARGET` in the project.",
    ),
];

/// `[environment]`.
pub const ENVIRONMENT: &[Field] = &[Field::required(
    "name",
    Form::Word,
    "Its name: the file's, and one of the system's `path`.",
)];

/// One `{ env = … }` and its sisters.
pub const SECRET_SOURCE: &[Field] = &[
    Field::optional(
        "env",
        Form::Words,
        "The environment variable that holds it.",
    ).written_out(),
    Field::optional(
        "file",
        Form::Words,
        "The file that holds it, relative to the definitions; one line end at its end is taken off.",
    ).written_out(),
    Field::optional(
        "command",
        Form::Several(&Form::Text),
        "The command that prints it, run in the project's directory; one line end at its end is taken off; no shell.",
    ).written_out(),
];

/// `[suite.NAME]`.
pub const SUITE: &[Field] = &[
    Field::required(
        "kind",
        Form::Choice(SUITE_KINDS),
        "What it proves; the release policy requires kinds.",
    ).written_out(),
    Field::optional(
        "url",
        Form::Words,
        "The address of what is tested: `TARGET_URL` in the command's environment.",
    ),
    Field::optional(
        "http",
        Form::Several(&Form::Table(HTTP)),
        "HTTP requests and what their answers must be.",
    ).may_be_secret(),
    Field::optional(
        "run",
        Form::Several(&Form::Text),
        "A command: its exit code, or the JUnit files it writes, decide. A program with a `/` is relative to the definitions, and at most 1 GiB. No shell. Definitions are committed only if the program is: it is the file of the commit, or git ignores it, as it does what is built.",
    ),
    Field::optional(
        "environment",
        Form::Map(&Form::Either(&[
            Form::Text,
            Form::Integer(i64::MIN, i64::MAX),
            Form::Boolean,
        ])),
        "Environment variables for the command. It also gets TARGET_URL, EVENKEEL_ENVIRONMENT, EVENKEEL_ROOT and EVENKEEL_PARAMETER_NAME for each parameter that is not a secret.",
    ).may_be_secret(),
    Field::optional(
        "directory",
        Form::Words,
        "The command's working directory, relative to the definitions. Default: an empty directory.",
    ),
    Field::optional(
        "inputs",
        Form::List(&Form::Words),
        "Other files it reads, relative to the definitions, at most 1 GiB each: when one of them changes, its evidence is void. Definitions are committed only if these files are as the commit has them. With `--at`, they are read from that commit, and must be the same in the working tree, where the suite runs.",
    ).written_out(),
    Field::optional(
        "within",
        Form::Duration,
        "How long the command may take before it and everything it started are killed. Default: \"10m\".",
    ),
    Field::optional(
        "junit",
        Form::Words,
        "The JUnit files it writes: a path with `*` in its last part, relative to its working directory. Their cases are counted, never their attributes; no case is no pass.",
    ),
    Field::optional(
        "load",
        Form::Table(LOAD),
        "An open load: requests at their appointed times, whether or not earlier ones were answered.",
    ),
];

/// The kinds of suites.
pub const SUITE_KINDS: &[&str] = &[
    "smoke",
    "e2e",
    "performance",
    "contract",
    "security",
    "acceptance",
];

/// One of a suite's `http`.
pub const HTTP: &[Field] = &[
    Field::optional(
        "get",
        Form::Words,
        "The URL, for a GET. Redirects are not followed.",
    ),
    Field::optional("post", Form::Words, "The URL, for a POST."),
    Field::optional("put", Form::Words, "The URL, for a PUT."),
    Field::optional("delete", Form::Words, "The URL, for a DELETE."),
    Field::optional("head", Form::Words, "The URL, for a HEAD."),
    Field::optional("send", Form::Map(&Form::Text), "Headers to send.").may_be_secret(),
    Field::optional("body", Form::Text, "The body to send."),
    Field::optional(
        "status",
        Form::Integer(100, 599),
        "The status the answer must have. Default: 200.",
    ),
    Field::optional(
        "header",
        Form::Map(&Form::Text),
        "Headers the answer must have: an equal value, or `*text*` for a value that contains the text.",
    ),
    Field::optional(
        "contains",
        Form::Either(&[Form::Words, Form::Several(&Form::Words)]),
        "Text, or texts, its body must contain. A compressed body is decompressed first (gzip, deflate, br, zstd).",
    ),
    Field::optional(
        "json",
        Form::Map(&Form::Any),
        "Values its JSON body must have, by JSON Pointer.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "How long the whole answer may take. Default: \"5s\".",
    ),
];

/// A suite's `load`.
pub const LOAD: &[Field] = &[
    Field::required("get", Form::Words, "The URL."),
    Field::required("rate", Form::Integer(1, 100_000), "Requests a second."),
    Field::required("for", Form::Duration, "For how long."),
    Field::optional(
        "p50",
        Form::Duration,
        "The highest latency of half of the requests, counted from the intended start.",
    ),
    Field::optional("p95", Form::Duration, "Of 95 in 100."),
    Field::optional("p99", Form::Duration, "Of 99 in 100."),
    Field::optional(
        "errors",
        Form::Number(0.0, 1.0),
        "The highest share of errors. Default: 0.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "When a request counts as an error. Default: \"10s\".",
    ),
];

/// Where the text of a `[document.NAME]` comes from. Environments may say it, or say it otherwise.
pub const DOCUMENT_SOURCE: &[Field] = &[
    Field::optional(
        "path",
        Form::Words,
        "A file; a directory, with all files below it; or a glob such as `deploy/*.yaml` (`**` for any directories). Relative to the project's directory, the one that holds the definitions' directory. Files of a directory or glob are matched by their name relative to it.",
    ),
    Field::optional(
        "render",
        Form::Several(&Form::Text),
        "A command whose output is the document, run in the project's directory; no shell. Instead of `path`.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "How long the command may take. Default: \"60s\".",
    )
    .written_out(),
    Field::optional(
        "section",
        Form::Words,
        "The part of the file that is the environment's, as a path pattern: `env.${environment}`, `profiles[name=${environment}]`, or `[spring.config.activate.on-profile=${environment}]` for one of several documents in one file. Paths in reports begin in the section.",
    ),
    Field::optional(
        "base",
        Form::Several(&Form::Words),
        "What the files of `path` are laid over, the lowest first: `[\"chart/values.yaml\"]`. The combined results are compared, and each value is shown in the file that it is from.",
    ),
];

/// How a `[document.NAME]` is read and compared: the same for all environments, so in system.toml only.
pub const DOCUMENT_RULES: &[Field] = &[
    Field::optional(
        "format",
        Form::Choice(Format::NAMES),
        "Its format. Default: by the file's name; what a command prints is YAML.",
    )
    .written_out(),
    Field::optional(
        "merge",
        Form::Choice(Merge::NAMES),
        "How files are laid over their `base`. `deep`: maps are merged, everything else is replaced. `helm`: so, and `null` removes a key of a lower layer. `compose`: as Compose merges its files. `indexed`: so, and lists are merged by position. `shallow`: the first keys are replaced whole. Default: `compose` over `compose*` and `docker-compose*`, `helm` over `values*.yaml`, `indexed` over `appsettings*`, `shallow` for `.tfvars`, Ansible's `group_vars` and Hiera's data, and `deep` otherwise.",
    )
    .written_out(),
    Field::optional(
        "identity",
        Form::Map(&Form::Either(&[Form::Words, Form::Several(&Form::Words)])),
        "What identifies the elements of lists: a path pattern of the list, and the key or keys. Found automatically where it is not given: `name`, `id`, `key`, what Kubernetes objects are known by.",
    )
    .written_out(),
    Field::optional(
        "sets",
        Form::Several(&Form::Words),
        "Path patterns of lists whose order and repetition mean nothing.",
    )
    .written_out(),
    Field::optional(
        "exact",
        Form::Several(&Form::Words),
        "Path patterns of values that are the same only where they are written alike: no units, no spellings, no identities.",
    )
    .written_out(),
    Field::optional(
        "must-differ",
        Form::Several(&Form::Words),
        "Path patterns of values that must never be equal: recipients, keys, hosts.",
    )
    .written_out(),
    Field::optional(
        "defaults",
        Form::Map(&Form::Either(&[
            Form::Text,
            Form::Integer(i64::MIN, i64::MAX),
            Form::Number(f64::MIN, f64::MAX),
            Form::Boolean,
        ])),
        "What a value is where it is not written, by path pattern: written out or left out is then the same.",
    )
    .written_out(),
];

/// `[release]`.
pub const RELEASE: &[Field] = &[
    Field::optional(
        "mode",
        Form::Choice(&["delivery", "deployment"]),
        "`delivery`: a person presses the button. `deployment`: `deliver` goes on to release when the gate is open, and no approval is asked for. Default: \"delivery\".",
    ),
    Field::optional(
        "require",
        Form::List(&Form::Choice(SUITE_KINDS)),
        "The kinds of suites that must have passed on exactly what is released. Default: [\"smoke\"].",
    ),
    Field::optional(
        "approvals",
        Form::Integer(0, 100),
        "How many different people must approve. Default: 1.",
    ),
    Field::optional(
        "evidence-max-age",
        Form::Duration,
        "How old evidence may be. Default: \"24h\".",
    ),
    Field::optional(
        "rehearsal",
        Form::Number(0.0, 1.0),
        "The share of production's steps that staging must have rehearsed. Default: 1.0.",
    ),
    Field::optional(
        "observed",
        Form::Number(0.0, 1.0),
        "The share of declared attributes that must really have been observed, in every environment. Default: 1.0.",
    ),
    Field::optional(
        "uncommitted",
        Form::Boolean,
        "Whether definitions that are not committed may be released. Default: false.",
    ),
    Field::optional(
        "freeze",
        Form::List(&Form::Table(FREEZE)),
        "When nothing is released.",
    ),
];

/// One of the policy's `freeze`.
pub const FREEZE: &[Field] = &[
    Field::required("from", Form::Date, "Its first moment (UTC)."),
    Field::required(
        "to",
        Form::Date,
        "Its last day, with which it ends (UTC); or, with a time, the moment at which it ends.",
    ),
    Field::required("reason", Form::Words, "Why."),
];

/// The fixed keys of `[[difference]]`; every environment's name is a key too.
pub const DIFFERENCE: &[Field] = &[
    Field::required(
        "at",
        Form::Words,
        "What may differ: `parameter.NAME`, `KIND.NAME.ATTRIBUTE`, or `KIND.NAME` for its presence, where `*` stands for any characters of one part; `document.NAME` for a document's presence, or `document.NAME.` and a path pattern.",
    ),
    Field::optional(
        "ratio",
        Form::Table(RATIO),
        "How many times the earlier environment's number the later one's may be. Sizes such as `512Mi` in documents count by what they mean. Bounds both sides.",
    ),
    Field::optional(
        "same-class",
        Form::Boolean,
        "`true`: both are none, both one, or both many. Bounds both sides.",
    ),
    Field::required("reason", Form::Words, "Why it may."),
    Field::required("owner", Form::Words, "Who answers for it."),
    Field::required(
        "expires",
        Form::Date,
        "Its last day (UTC), or with a time the moment at which it ends. After that it is a defect again.",
    ),
    Field::optional("ticket", Form::Words, "Where it is followed up."),
];

/// A difference's `ratio`.
pub const RATIO: &[Field] = &[
    Field::optional(
        "min",
        Form::Number(0.0, f64::MAX),
        "At least this many times.",
    ),
    Field::optional(
        "max",
        Form::Number(0.0, f64::MAX),
        "At most this many times.",
    ),
];

/// A number, or a size in a document's own unit.
const SIZE: Form = Form::Either(&[Form::Number(f64::MIN, f64::MAX), Form::Words]);

/// The bound of one environment's value in a `[[difference]]`, when it is not the exact value itself.
pub const BOUND: &[Field] = &[
    Field::optional(
        "exact",
        Form::Any,
        "Exactly this value. In documents texts are compared: `2` is `\"2\"` too.",
    ),
    Field::optional(
        "min",
        SIZE,
        "At least this: a number, or in documents a size such as `\"512Mi\"`.",
    ),
    Field::optional("max", SIZE, "At most this."),
    Field::optional("one-of", Form::Several(&Form::Any), "One of these values."),
    Field::optional(
        "matches",
        Form::Words,
        "A regular expression that matches the whole value.",
    ),
    Field::optional(
        "fingerprint",
        Form::Words,
        "The first four digits of the value's digest: enough to notice a change, too few to test a guess. `baseline` writes it where a key is about secrets.",
    ),
    Field::optional(
        "absent",
        Form::Boolean,
        "`true`: there is nothing in this environment. `false`: there is something, whatever it is; only where another environment is bounded by `absent = true`.",
    ),
];

/// Keys that resources of all kinds have.
pub const RESOURCE: &[Field] = &[
    Field::required("on", Form::Word, "The target it is on, by name.").written_out(),
    Field::optional(
        "after",
        Form::List(&Form::Address),
        "Resources that must be in place before it, besides those it refers to.",
    )
    .written_out(),
    Field::optional(
        "moved",
        Form::List(&Form::Address),
        "Addresses that it had before, of the same kind and declared no longer. Only needed where its place changes together with its name: a resource that only gets another name is recognised by its place.",
    )
    .written_out(),
];
