//! Keys of tables other than resources.

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
        "The environments in the order of promotion; the last one is production. Siblings, which have no order, \
         are a nested list: `[\"staging\", [\"eu-production\", \"us-production\"]]`.",
    ),
];

/// `[ledger]`.
pub const LEDGER: &[Field] = &[
    Field::optional(
        "postgres",
        Form::Words,
        "The PostgreSQL database that contains it, as `postgres://[USER@]HOST[:PORT]/DATABASE`, with `?schema=NAME` \
         for another schema than `evenkeel`. No password: it comes from `password`, `PGPASSWORD` or the password file.",
    )
    .written_out(),
    Field::optional(
        "git",
        Form::Words,
        "The git remote that contains it, on the ref `refs/evenkeel/ledger`: a name that `git remote` lists, such as \
         `origin`. It needs no server.",
    )
    .written_out(),
    Field::optional(
        "password",
        Form::Table(SECRET_SOURCE),
        "The source of the database's password.",
    )
    .written_out(),
    Field::optional(
        "key",
        Form::Table(SECRET_SOURCE),
        "The source of the key that seals secrets, the same for everyone who shares the ledger; `evenkeel ledger key` \
         makes one. Default: the environment variable EVENKEEL_LEDGER_KEY.",
    )
    .written_out(),
];

/// Events that hooks are called with.
pub const EVENTS: &[&str] = &["verdict", "release", "drift"];

/// `[notify.NAME]`.
pub const NOTIFY: &[Field] = &[
    Field::optional(
        "run",
        Form::List(&Form::Words),
        "A command, without a shell; it runs in the directory of the definitions, and the message is its standard input.",
    )
    .written_out(),
    Field::optional(
        "url",
        Form::Either(&[Form::Words, Form::Table(SECRET_SOURCE)]),
        "The URL that gets the message as a POST of JSON. Where the URL itself is a secret, name its source. No redirect is followed.",
    )
    .written_out(),
    Field::optional(
        "on",
        Form::List(&Form::Choice(EVENTS)),
        "The events. `verdict`: the gate was judged by `deliver`, `approve`, `reject`, `withdraw` or a refused `release` or `rollback`. \
         `release`: production was changed, or this failed. `drift`: `drift` found drift, or cannot tell. Default: all.",
    )
    .written_out(),
    Field::optional(
        "secret",
        Form::Table(SECRET_SOURCE),
        "The source of a secret that the receiver shares. It signs the message with HMAC-SHA256.",
    )
    .written_out(),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit, at most 30 seconds. evenkeel waits for it after its work is done. Default: \"5s\".",
    )
    .written_out(),
];

/// `[ignore]`.
pub const IGNORE: &[Field] = &[Field::optional(
    "pairs",
    Form::Several(&Form::Words),
    "Files that look like one thing in two environments and are not compared, as globs relative to the \
     project's directory: `notes/**`, `ci/build-*.yaml`. `drift` reports other such files and exits with 2.",
)
.written_out()];

/// `[parameter.NAME]`.
pub const PARAMETER: &[Field] = &[
    Field::optional(
        "varies",
        Form::Choice(&["never", "identity", "scale", "secret"]),
        "How its values may differ between environments. `never`: they must be equal. `identity`: they must all \
         differ. `scale`: in size, but not in class (none, one, many), and staging is never larger than \
         production. `secret`: compared by keyed digest, and must not be shared. Default: \"never\".",
    ),
    Field::optional(
        "default",
        Form::Any,
        "The value in environments that set none. Not for parameters that vary as secret or identity.",
    ).written_out(),
    Field::optional("about", Form::Text, "A description."),
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
    Field::optional(
        "unpack",
        Form::Boolean,
        "The file is an archive (tar, tar.gz, tar.zst or zip), and its content is the artifact: a directory. The same \
         content is the same artifact in every format.",
    )
    .written_out(),
    Field::optional(
        "strip",
        Form::Integer(1, 16),
        "The number of leading directories that are dropped from every path in the archive; all entries must be in the \
         same ones. Needs `unpack`.",
    )
    .written_out(),
];

/// `[artifacts]`.
pub const ARTIFACTS: &[Field] = &[
    Field::required(
        "store",
        Form::Words,
        "A directory outside of the checkout that keeps every delivered artifact by its digest, relative to the \
         definitions. `deliver` fills it, and a rollback takes from it what the target does not keep.",
    )
    .written_out(),
    Field::optional(
        "keep",
        Form::Integer(1, 1000),
        "The number of releases whose artifacts are kept. Default: 20.",
    )
    .written_out(),
];

/// `[target.NAME]`.
pub const TARGET: &[Field] = &[
    Field::optional("local", Form::Boolean, "This machine.").written_out(),
    Field::optional(
        "ssh",
        Form::Words,
        "A host that `ssh` reaches: `HOST`, `ACCOUNT@HOST` or `ssh://ACCOUNT@HOST:PORT`. Keys, known hosts, jump hosts and \
         aliases come from OpenSSH's configuration.",
    )
    .written_out(),
    Field::optional(
        "hosts",
        Form::Several(&Form::Words),
        "Several hosts: each resource is on each of them, as `file.config@web-1`. Each is written like `ssh`, or as \
         `NAME=DESTINATION`; without a name, the destination's host is the name.",
    )
    .written_out(),
    Field::optional(
        "inventory",
        Form::Words,
        "The file that lists the hosts, relative to the definitions: one in each line, written as in `hosts`. Lines that \
         begin with `#` are skipped.",
    )
    .written_out(),
    Field::optional(
        "inventory-command",
        Form::Several(&Form::Text),
        "The command that prints such a list, run in the project's directory; no shell.",
    )
    .written_out(),
    Field::optional(
        "become",
        Form::Choice(&["root"]),
        "With hosts: the account that changes them, through `sudo -n`. Default: the account of the login.",
    )
    .written_out(),
    Field::optional(
        "revert-after",
        Form::Duration,
        "With hosts: the time after a risky change until the host restores its earlier state, unless a new login confirms the \
         change. At most 1 day. Default: \"60s\".",
    )
    .written_out(),
    Field::optional(
        "rollout",
        Form::Table(ROLLOUT),
        "With several hosts: the order in which they are changed, and when to stop. Default: all at once.",
    )
    .written_out(),
    Field::optional(
        "base",
        Form::Words,
        "The base of relative paths on it. Default with hosts: `/var/lib/evenkeel/SYSTEM`. Default with `local`: the project's \
         directory, which contains the definitions' directory; with a shared ledger, `/var/lib/evenkeel/SYSTEM` for root, and \
         `evenkeel/SYSTEM` in the account's state directory otherwise.",
    ),
    Field::optional(
        "state",
        Form::Words,
        "The directory of evenkeel's own records on it (process records, logs). Default: \
         `.evenkeel/targets/ENVIRONMENT/TARGET` in the project; with hosts or a shared ledger, `targets/ENVIRONMENT/TARGET` \
         in the directory that is the default of `base`.",
    ),
];

/// Keys of a rollout.
pub const ROLLOUT: &[Field] = &[
    Field::optional(
        "batch",
        Form::Either(&[Form::Integer(1, 10_000), Form::Words]),
        "The hosts that are changed together: a number, or a share such as \"25%\" of the hosts that have something to \
         change. Default: \"100%\".",
    ),
    Field::optional(
        "canary",
        Form::Integer(0, 10_000),
        "The hosts that are changed before all others. None of them may fail. Default: 0.",
    ),
    Field::optional(
        "max-failures",
        Form::Integer(0, 10_000),
        "The hosts that may fail. If one more fails, the rollout stops. Default: 0.",
    ),
    Field::optional(
        "wait",
        Form::Duration,
        "The time after each batch, before it is checked. Default: none.",
    ),
    Field::optional(
        "check",
        Form::Words,
        "The suite that must pass after each batch: `suite.smoke`. If it fails, the rollout stops.",
    ),
    Field::optional(
        "before",
        Form::Several(&Form::Text),
        "The command before a host is changed, for example one that drains it. It runs in the project's directory, where \
         evenkeel runs. `{host}` and `{destination}` are replaced. If it fails, the host is not changed and counts as failed.",
    ),
    Field::optional(
        "before-on-host",
        Form::Several(&Form::Text),
        "The same, but on the host, as the account that changes it, after `before`. Program and arguments; no shell.",
    ),
    Field::optional(
        "after-on-host",
        Form::Several(&Form::Text),
        "The command on the host after it was changed, before `after`. Like `after`, it does not run for a host that failed.",
    ),
    Field::optional(
        "after",
        Form::Several(&Form::Text),
        "The command after a host was changed. It does not run for a host that failed, which stays drained.",
    ),
];

/// `[environment]`.
pub const ENVIRONMENT: &[Field] = &[Field::required(
    "name",
    Form::Word,
    "Its name: the file's, and one of the system's `path`.",
)];

/// Sources of a secret, such as `{ env = … }`.
pub const SECRET_SOURCE: &[Field] = &[
    Field::optional(
        "env",
        Form::Words,
        "The environment variable that contains it.",
    ).written_out(),
    Field::optional(
        "file",
        Form::Words,
        "The file that contains it, relative to the definitions; one line break at its end is removed.",
    ).written_out(),
    Field::optional(
        "command",
        Form::Several(&Form::Text),
        "The command that prints it, run in the project's directory; one line break at its end is removed; no shell.",
    ).written_out(),
];

/// `[suite.NAME]`.
pub const SUITE: &[Field] = &[
    Field::required(
        "kind",
        Form::Choice(SUITE_KINDS),
        "Its kind; the release policy requires kinds.",
    ).written_out(),
    Field::optional(
        "url",
        Form::Words,
        "The address of the tested service: `TARGET_URL` in the command's environment.",
    ),
    Field::optional(
        "http",
        Form::Several(&Form::Table(HTTP)),
        "HTTP requests with the expected answers.",
    ).may_be_secret(),
    Field::optional(
        "run",
        Form::Several(&Form::Text),
        "A command: its exit code and the JUnit files it writes decide. A program with a `/` is relative to the \
         definitions, and at most 1 GiB. No shell. Definitions only count as committed if the program equals \
         the commit's, or git ignores it, like a build result.",
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
        "Other files it reads, relative to the definitions, at most 1 GiB each: when one of them changes, its \
         evidence is void. Definitions only count as committed if these files equal the commit's. With `--at`, \
         they are read from that commit, and must be equal in the working tree, where the suite runs.",
    ).written_out(),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit, after which the command and everything it started are killed. Default: \"10m\".",
    ),
    Field::optional(
        "junit",
        Form::Words,
        "The JUnit files it writes: a path with `*` in its last part, relative to its working directory. Their \
         cases are counted, and counts in attributes are ignored; without a case the suite has not passed.",
    ),
    Field::optional(
        "load",
        Form::Table(LOAD),
        "An open load: requests at scheduled times, whether or not earlier ones were answered.",
    ),
];

/// Kinds of suites.
pub const SUITE_KINDS: &[&str] = &[
    "smoke",
    "e2e",
    "performance",
    "contract",
    "security",
    "acceptance",
];

/// A request in a suite's `http`.
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
        "The expected status. Default: 200.",
    ),
    Field::optional(
        "header",
        Form::Map(&Form::Text),
        "The expected headers: an equal value, or `*text*` for a value that contains the text.",
    ),
    Field::optional(
        "contains",
        Form::Either(&[Form::Words, Form::Several(&Form::Words)]),
        "The text, or texts, that the body must contain. A compressed body is decompressed first (gzip, \
         deflate, br, zstd).",
    ),
    Field::optional(
        "json",
        Form::Map(&Form::Any),
        "The expected values of the JSON body, by JSON Pointer.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit of the whole answer. Default: \"5s\".",
    ),
];

/// `load` of a suite.
pub const LOAD: &[Field] = &[
    Field::required("get", Form::Words, "The URL."),
    Field::required("rate", Form::Integer(1, 100_000), "Requests per second."),
    Field::required("for", Form::Duration, "The duration."),
    Field::optional(
        "p50",
        Form::Duration,
        "The maximum latency of half of the requests, measured from the scheduled start.",
    ),
    Field::optional("p95", Form::Duration, "Of 95 in 100."),
    Field::optional("p99", Form::Duration, "Of 99 in 100."),
    Field::optional(
        "errors",
        Form::Number(0.0, 1.0),
        "The maximum share of errors. Default: 0.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit of a request. Default: \"10s\".",
    ),
];

/// Source of a `[document.NAME]`'s text, which environments may set or override.
pub const DOCUMENT_SOURCE: &[Field] = &[
    Field::optional(
        "path",
        Form::Words,
        "A file; a directory, with all files below it; or a glob such as `deploy/*.yaml` (`**` for any \
         directories). Relative to the project's directory, which contains the definitions' directory. Files of \
         a directory or glob are matched by their name relative to it.",
    ),
    Field::optional(
        "render",
        Form::Several(&Form::Text),
        "A command whose output is the document, run in the project's directory; no shell. Instead of `path`.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit of the command. Default: \"60s\".",
    )
    .written_out(),
    Field::optional(
        "section",
        Form::Words,
        "The section of the environment in the file, as a path pattern: `env.${environment}`, \
         `profiles[name=${environment}]`, or `[spring.config.activate.on-profile=${environment}]` for one of \
         several documents in one file. Paths in reports start in the section.",
    ),
    Field::optional(
        "base",
        Form::Several(&Form::Words),
        "The base files of `path`, the lowest first: `[\"chart/values.yaml\"]`. The combined results are \
         compared, and each value is displayed in its own file.",
    ),
];

/// `[survey.NAME]`.
pub const SURVEY: &[Field] = &[
    Field::required("on", Form::Word, "The target whose hosts are read."),
    Field::optional(
        "facts",
        Form::Several(&Form::Choice(evenkeel_host::facts::GROUPS)),
        "The groups of facts. Default: all.",
    )
    .written_out(),
    Field::optional(
        "except",
        Form::Several(&Form::Words),
        "Facts that are not compared, as path patterns: `packages.linux-*`, `users.**`.",
    )
    .written_out(),
];

/// `[exclusive.NAME]`.
pub const EXCLUSIVE: &[Field] = &[
    Field::required("on", Form::Word, "The target whose hosts are read."),
    Field::optional(
        "things",
        Form::Several(&Form::Choice(evenkeel_host::facts::CLASSES)),
        "The classes of things. Default: all.",
    )
    .written_out(),
    Field::optional(
        "except",
        Form::Several(&Form::Words),
        "Things that are accepted, each as class, dot and pattern, in which `*` stands for any characters: \
         `packages.linux-*`, `ports.udp *:68`.",
    )
    .written_out(),
    Field::optional(
        "baseline",
        Form::Words,
        "A TOML file with the things that the hosts may have besides, such as those of their image, in a subdirectory beside \
         the definitions. `evenkeel baseline --unmanaged` writes it. A missing file lists nothing.",
    ),
];

/// The file of an `[exclusive.NAME]`'s baseline.
pub const HOST_BASELINE: &[Field] = &[
    Field::optional("packages", Form::List(&Form::Words), "Packages."),
    Field::optional(
        "units",
        Form::List(&Form::Words),
        "Enabled units of systemd.",
    ),
    Field::optional("users", Form::List(&Form::Words), "Accounts."),
    Field::optional("cron", Form::List(&Form::Words), "Entries of cron."),
    Field::optional(
        "authorized-keys",
        Form::List(&Form::Words),
        "Keys of accounts.",
    ),
    Field::optional("ports", Form::List(&Form::Words), "Open ports."),
];

/// Rules for reading and comparing a `[document.NAME]`: the same for all environments, so in system.toml only.
pub const DOCUMENT_RULES: &[Field] = &[
    Field::optional(
        "format",
        Form::Choice(Format::NAMES),
        "Its format. Default: by the file's name; YAML for the output of a command.",
    )
    .written_out(),
    Field::optional(
        "merge",
        Form::Choice(Merge::NAMES),
        "How files are merged over their `base`. `deep`: maps are merged, everything else is replaced. `helm`: \
         like `deep`, and `null` removes a key of a lower layer. `compose`: as Compose merges its files. \
         `indexed`: like `deep`, and lists are merged by position. `shallow`: top-level keys are replaced \
         whole. Default: `compose` over `compose*` and `docker-compose*`, `helm` over `values*.yaml`, `indexed` \
         over `appsettings*`, `shallow` for `.tfvars`, Ansible's `group_vars` and Hiera's data, and `deep` \
         otherwise.",
    )
    .written_out(),
    Field::optional(
        "identity",
        Form::Map(&Form::Either(&[Form::Words, Form::Several(&Form::Words)])),
        "The identity of lists' elements: a path pattern of the list, and the key or keys. Default: found \
         automatically, such as `name`, `id`, `key`, or the identity of Kubernetes objects.",
    )
    .written_out(),
    Field::optional(
        "sets",
        Form::Several(&Form::Words),
        "Path patterns of lists without order and repetition.",
    )
    .written_out(),
    Field::optional(
        "exact",
        Form::Several(&Form::Words),
        "Path patterns of values that are equal only if written alike: no units, no spellings, no identities.",
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
        "The values of missing keys, by path pattern: a missing key equals its default.",
    )
    .written_out(),
];

/// People whose approval may not count.
const EXCLUDED: &[&str] = &[super::AUTHOR, super::DELIVERER];

/// Values of the policy's `rollback`.
const ROLLBACK: &[&str] = &[super::policy::ON_REQUEST, super::policy::AFTER_FAILED_SMOKE];

/// `[release]`.
pub const RELEASE: &[Field] = &[
    Field::optional(
        "mode",
        Form::Choice(&["delivery", "deployment"]),
        "`delivery`: a person triggers the release. `deployment`: `deliver` also releases if the gate is open, \
         without an approval. Default: \"delivery\".",
    ),
    Field::optional(
        "require",
        Form::List(&Form::Choice(SUITE_KINDS)),
        "The kinds of suites that must have passed on exactly the released state. Default: [\"smoke\"].",
    ),
    Field::optional(
        "approvals",
        Form::Integer(0, 100),
        "The number of different people who must approve. Default: 1.",
    ),
    Field::optional(
        "approvals-exclude",
        Form::List(&Form::Choice(EXCLUDED)),
        "People whose approval does not count: `author` wrote a commit since the last release, `deliverer` last applied \
         to an environment before production. Needs `approvers`. Default: [].",
    ),
    Field::optional(
        "approvals-role",
        Form::Word,
        "The role that a key needs for its approval to count: `role:NAME` in `approvers`. Default: none.",
    ),
    Field::optional(
        "evidence-max-age",
        Form::Duration,
        "The maximum age of evidence. Default: \"24h\".",
    ),
    Field::optional(
        "rehearsal",
        Form::Number(0.0, 1.0),
        "The minimum share of production's steps that staging has rehearsed. Default: 1.0.",
    ),
    Field::optional(
        "observed",
        Form::Number(0.0, 1.0),
        "The minimum share of declared attributes that were observed, in every environment. Default: 1.0.",
    ),
    Field::optional(
        "uncommitted",
        Form::Boolean,
        "Whether uncommitted definitions may be released. Default: false.",
    ),
    Field::optional(
        "drill",
        Form::Duration,
        "The maximum age of the last drill of the gate that passed (`evenkeel drill`). Default: no drill is required.",
    ),
    Field::optional(
        "break-glass",
        Form::Boolean,
        "Whether `evenkeel break-glass` may apply although the gate is shut. Default: true.",
    ),
    Field::optional(
        "freeze",
        Form::List(&Form::Table(FREEZE)),
        "Periods without releases. A rollback passes a freeze.",
    ),
    Field::optional(
        "rollback",
        Form::Choice(ROLLBACK),
        "`on-request`: a person or a program runs `evenkeel rollback`. `after-failed-smoke`: a release whose smoke suites \
         fail is also rolled back automatically. Default: \"on-request\".",
    ),
    Field::optional(
        "rollback-approvals",
        Form::Integer(0, 100),
        "The number of different people who must approve a rollback. A rollback restores a release that was approved. \
         Default: 0.",
    ),
    Field::optional(
        "rehearse-rollback",
        Form::Boolean,
        "Whether `deliver` rehearses the rollback of the release in the environment before production: apply, roll back to \
         the release that production runs, compare the observations, apply again. Default: false.",
    ),
];

/// An element of the policy's `freeze`.
pub const FREEZE: &[Field] = &[
    Field::required("from", Form::Date, "Its start (UTC)."),
    Field::required(
        "to",
        Form::Date,
        "Its last day (UTC); or, with a time, its end.",
    ),
    Field::required("reason", Form::Words, "Why."),
];

/// Fixed keys of `[[difference]]`; every environment's name is a key too.
pub const DIFFERENCE: &[Field] = &[
    Field::required(
        "at",
        Form::Words,
        "The place that may differ: `parameter.NAME`, `KIND.NAME.ATTRIBUTE`, or `KIND.NAME` for its presence, \
         where `*` stands for any characters of one part; `document.NAME` for a document's presence, or \
         `document.NAME.` and a path pattern.",
    ),
    Field::optional(
        "ratio",
        Form::Table(RATIO),
        "The allowed ratio of the later environment's number to the earlier one's. Sizes such as `512Mi` in \
         documents count by their meaning. Bounds both sides.",
    ),
    Field::optional(
        "same-class",
        Form::Boolean,
        "`true`: both are none, both one, or both many. Bounds both sides.",
    ),
    Field::required("reason", Form::Words, "The reason."),
    Field::required("owner", Form::Words, "The owner."),
    Field::required(
        "expires",
        Form::Date,
        "Its last day (UTC), or with a time its end. After that it is a defect again.",
    ),
    Field::optional("ticket", Form::Words, "The ticket."),
];

/// `ratio` of a difference.
pub const RATIO: &[Field] = &[
    Field::optional("min", Form::Number(0.0, f64::MAX), "The minimum ratio."),
    Field::optional("max", Form::Number(0.0, f64::MAX), "The maximum ratio."),
];

/// A number, or a size in a document's own unit.
const SIZE: Form = Form::Either(&[Form::Number(f64::MIN, f64::MAX), Form::Words]);

/// Bound of one environment's value in a `[[difference]]`, other than the exact value.
pub const BOUND: &[Field] = &[
    Field::optional(
        "exact",
        Form::Any,
        "Exactly this value. In documents texts are compared: `2` equals `\"2\"`.",
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
        "The first four digits of the value's digest: enough to detect a change, too few to test a guess. \
         `baseline` writes it if a key is about secrets.",
    ),
    Field::optional(
        "absent",
        Form::Boolean,
        "`true`: absent in this environment. `false`: present with any value; only if another environment is \
         bounded by `absent = true`.",
    ),
];

/// Keys of resources of all kinds.
pub const RESOURCE: &[Field] = &[
    Field::required("on", Form::Word, "The target it is on, by name.").written_out(),
    Field::optional(
        "after",
        Form::List(&Form::Address),
        "Resources that must be applied before it, besides those it refers to.",
    )
    .written_out(),
    Field::optional(
        "risky",
        Form::Boolean,
        "Whether its change can end the access to its host. If so, the host restores its earlier state unless a new login \
         confirms the change. Default: whether it concerns logins, `sudo`, the network or the firewall. Only for hosts over SSH.",
    )
    .written_out(),
    Field::optional(
        "moved",
        Form::List(&Form::Address),
        "Its former addresses, of the same kind and not declared any more. Only needed if its place changes \
         together with its name: a resource that is only renamed is recognised by its place.",
    )
    .written_out(),
];
