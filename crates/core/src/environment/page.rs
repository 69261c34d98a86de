//! Reference page of all tables and keys, generated from the forms that check them. Used by tests only.

use std::fmt::Write as _;

use super::fields;
use super::reference::ARTIFACT_ATTRIBUTES;
use crate::kind::KINDS;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::text::list;

/// Returns the reference page as Markdown.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(OPENING);
    page.push_str("\n## system.toml\n");
    for (header, fields, about) in [
        (
            "[system]",
            fields::SYSTEM,
            "The system's name and its environments.",
        ),
        (
            "[parameter.NAME]",
            fields::PARAMETER,
            "Parameters, whose values environments set.",
        ),
        (
            "[artifact.NAME]",
            fields::ARTIFACT,
            "Artifacts built by CI.",
        ),
        (
            "[artifacts]",
            fields::ARTIFACTS,
            "The store of artifacts, for rollbacks.",
        ),
        (
            "[target.NAME]",
            fields::TARGET,
            "Targets of resources. Environments define their places, in a table of the same name.",
        ),
        (
            "[suite.NAME]",
            fields::SUITE,
            "A declared test run: at least one of `http`, `run` and `load`, and all of them must pass.",
        ),
    ] {
        table(&mut page, header, about, fields);
    }
    let document = [fields::DOCUMENT_SOURCE, fields::DOCUMENT_RULES].concat();
    table(&mut page, "[document.NAME]", DOCUMENTS, &document);
    table(
        &mut page,
        "[survey.NAME]",
        "Facts of a target's live hosts that `drift` compares between environments, and between the hosts of one environment.",
        fields::SURVEY,
    );
    table(
        &mut page,
        "[exclusive.NAME]",
        "Classes of things that all belong to the definitions on a target's hosts: `drift` reports each one that is neither \
         declared nor accepted. evenkeel never deletes one.",
        fields::EXCLUSIVE,
    );
    table(
        &mut page,
        "[ledger]",
        "The ledger that a team shares. Without this table, it is the folder `.evenkeel` of the project, for one \
         checkout. The environment variable EVENKEEL_LEDGER replaces the place: `folder`, or an address.",
        fields::LEDGER,
    );
    table(
        &mut page,
        "[notify.NAME]",
        "A hook that is called with outcomes: a command, or a URL. A hook that fails changes no outcome; the ledger records it.",
        fields::NOTIFY,
    );
    table(
        &mut page,
        "[ignore]",
        "Exclusions from comparison.",
        fields::IGNORE,
    );
    page.push_str(SEVERITIES);
    table(
        &mut page,
        "[release]",
        "The requirements of the gate.",
        fields::RELEASE,
    );
    page.push_str("\n## One file for each environment\n\nBesides these tables, an environment may have any `[target.NAME]`, `[suite.NAME]` and `[KIND.NAME]`: their keys override those of system.toml, and each is a parity defect until it is declared as a difference. It may also have `path`, `render`, `within`, `section` and `base` of any `[document.NAME]`: its place may differ, its contents are compared.\n");
    table(
        &mut page,
        "[environment]",
        "The name of the environment.",
        fields::ENVIRONMENT,
    );
    table(
        &mut page,
        "[values]",
        "Values by parameter. A secret is never written out; its value is a table with exactly one of these keys:",
        fields::SECRET_SOURCE,
    );
    table(
        &mut page,
        "[[difference]]",
        "A declared difference; `differences.toml`, an optional file, may also contain them, and nothing else. \
         Besides these keys, each environment's name is a key: its value, or a table of bounds.",
        fields::DIFFERENCE,
    );
    table(
        &mut page,
        "Bounds of a difference",
        "One of these keys, or `min` and `max` together.",
        fields::BOUND,
    );
    page.push_str("\n## Kinds of resources\n");
    table(
        &mut page,
        "[KIND.NAME]",
        "Keys that resources of all kinds have.",
        fields::RESOURCE,
    );
    for kind in KINDS {
        table(
            &mut page,
            &format!("[{}.NAME]", kind.name),
            kind.about,
            kind.fields,
        );
        if !kind.outputs.is_empty() {
            page.push_str("\nOnly for references:\n\n");
            for (name, about) in kind.outputs {
                let _ = writeln!(page, "- `${{{}.NAME.{name}}}`: {about}", kind.name);
            }
        }
    }
    page.push_str("\n## References\n\n");
    page.push_str(REFERENCES);
    let quoted = ARTIFACT_ATTRIBUTES.iter().map(|name| format!("`{name}`"));
    let quoted: Vec<String> = quoted.collect();
    let _ = writeln!(page, "An artifact has {}.", list(&quoted, "and"));
    page
}

const OPENING: &str = "# Definitions

<!-- Generated from the source by a test: `EVENKEEL_BLESS=1 cargo test --test program schemas` regenerates it. -->

All tables and keys of the definition files. Required keys are marked *required*. Keys marked *no references*
must be plain values; only keys marked *may be secret* may refer to a secret parameter.
";

const DOCUMENTS: &str = "An existing configuration file that is compared as a tree. It has either `path` or `render`, here or in the environments'
files; in an environment with neither, it does not exist. Both may refer to parameters that are not secret, to
`environment` and to `system`.

A *path pattern* has the form of displayed paths: keys separated by dots (`servers.web.image`), keys of other
characters quoted (`metadata.\"app.kubernetes.io/name\"`), elements of lists by their identity (`hosts[name=a]`,
`env[LOG_LEVEL]`) or by position (`hosts[0]`). `*` stands for any one key and for any characters of one, `[*]` for any
element, `**` for any number of steps. The first step into a directory or glob is the file's name.";

const SEVERITIES: &str = "
### [severity]

The severities of differences between environments. Each key is a code such as `\"parity/size-differs\"`, its value
\"critical\", \"error\", \"warning\" or \"advice\"; warnings and advice do not count as drift. Only codes of `parity/` are
configurable: unreadable parts, and defects of declared differences, keep their severity.
";

const REFERENCES: &str = "`${name}` is a parameter, `${kind.name.attribute}` an attribute of a resource, `${artifact.name.attribute}` one of an
artifact; `${environment}` and `${system}` are names. There is no logic. A string that is a single reference keeps
the type of its value; numbers become text if the key needs text. `$${` stands for `${` itself.
In templates the same names are written `{{ name }}` and `{{ kind.name.attribute }}`, with underscores for hyphens.
Templates write values as `content` does (`true`, `1.0`); a list or a table needs `tojson` or `join`. `~` uses the engine's
own form of booleans: write a boolean separately.

";

fn table(page: &mut String, header: &str, about: &str, fields: &[Field]) {
    let _ = writeln!(page, "\n### {header}\n\n{about}\n");
    rows(page, fields, 0);
}

fn rows(page: &mut String, fields: &[Field], depth: usize) {
    for field in fields {
        let marks = [
            (field.required, "required"),
            (field.written_out, "no references"),
            // A table of keys repeats it for its keys.
            (
                field.may_be_secret && inner(&field.form).is_none(),
                "may be secret",
            ),
        ];
        let marks: String = marks
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, mark)| format!(", *{mark}*"))
            .collect();
        let _ = writeln!(
            page,
            "{}- `{}` ({}{marks}): {}",
            "  ".repeat(depth),
            field.name,
            field.form.expected(),
            field.about
        );
        if let Some(inner) = inner(&field.form) {
            rows(page, inner, depth + 1);
        }
    }
}

/// Returns the keys of a table within a form.
fn inner(form: &Form) -> Option<&'static [Field]> {
    match form {
        Form::Table(fields) => Some(fields),
        Form::List(item) | Form::Several(item) | Form::Map(item) => inner(item),
        Form::Either(forms) => forms.iter().find_map(inner),
        _ => None,
    }
}
