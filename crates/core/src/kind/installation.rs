//! `installation`: an artifact, placed by its digest and switched atomically.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::attributes::absolute;
use super::contract::unexpected;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Material, Observation, Speed, TellAttribute,
    Traits, Wrong,
};
use evenkeel_host::installation;
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Digest, Moment, Value};

/// Installed artifact.
pub struct Installation;

const MISSING: Code = Code::error(
    "installation/missing",
    "an installation is missing",
    "There is no `current` in the directory. `evenkeel plan` shows the step that installs the artifact.",
);
const RELEASE: Code = Code::error(
    "installation/another-release",
    "the current release differs from the definition",
    "`current` points to another digest: a new artifact is not applied yet, or the link was changed outside evenkeel.",
);
const CHANGED: Code = Code::error(
    "installation/files-changed",
    "the installed files were changed",
    "The tree in `releases/` does not match the digest in its name: files were changed, added or removed. `evenkeel plan` shows the step that installs it again.",
);

/// Declared installation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstallationDeclared {
    /// Absolute directory of `releases/` and `current`.
    pub into: String,
    /// Tree digest of the artifact.
    pub artifact: Digest,
    /// Number of kept releases.
    pub keep: u32,
}

/// Observed installation.
#[derive(Clone, Debug, Serialize)]
pub struct InstallationObserved {
    /// Digest that `current` names.
    pub current: Option<Digest>,
    /// Digest of the actual content.
    pub actual: Option<Digest>,
    /// Whether the declared artifact is kept there, unchanged.
    #[serde(skip)]
    pub held: bool,
    /// Time when `current` was switched.
    #[serde(skip)]
    pub changed: Option<Moment>,
}

impl Kind for Installation {
    const NAME: &'static str = "installation";
    const ABOUT: &'static str = "An artifact, copied to `releases/<digest>` and activated by renaming the link \
     `current`: readers see the old release or the new one, never a mixture. Of an artifact's modes only the \
     owner's executable bit counts: files get 0755 with it and 0644 without it, directories 0755, regardless of \
     their modes and the umask. Symbolic links lead to files of the artifact. An artifact must not contain secrets.";
    const FIELDS: &'static [Field] = &[
        Field::required("artifact", Form::Word, "The artifact, by name.").written_out(),
        Field::required(
            "into",
            Form::Words,
            "The directory of `releases/` and `current`; it must exist or be declared.",
        ),
        Field::optional(
            "keep",
            Form::Integer(1, 1000),
            "The number of kept releases, including the current one. Default: 3.",
        ),
    ];
    const OUTPUTS: &'static [(&'static str, &'static str)] = &[
        (
            "current",
            "The path of the link `current`: the file if the artifact is one file, the directory if it is a directory.",
        ),
        ("digest", "The artifact's tree digest."),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &RELEASE, &CHANGED];
    const TRAITS: Traits = Traits {
        speed: Speed::Slow,
        material: Material::Artifact,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &[]),
        ("into", &["into"]),
        ("artifact", &["artifact"]),
        ("files", &["artifact"]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = InstallationDeclared;
    type Observed = InstallationObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<InstallationDeclared, Vec<Wrong>> {
        let into = absolute(context.base, attributes.text("into").unwrap_or_default())
            .map_err(|message| vec![Wrong::new("into", message)])?;
        let Some(artifact) = context.artifact else {
            return Err(vec![Wrong::new(
                "artifact",
                "this artifact is not declared",
            )]);
        };
        let keep = attributes
            .get("keep")
            .and_then(Value::as_integer)
            .unwrap_or(3);
        Ok(InstallationDeclared {
            into,
            artifact: artifact.digest,
            keep: u32::try_from(keep).unwrap_or(3),
        })
    }

    fn output(declared: &InstallationDeclared, name: &str) -> Option<Value> {
        match name {
            "into" => Some(Value::text(&declared.into)),
            "current" => Some(Value::text(&format!("{}/current", declared.into))),
            "digest" => Some(Value::text(&declared.artifact.to_string())),
            _ => None,
        }
    }

    fn place(declared: &InstallationDeclared) -> &str {
        &declared.into
    }

    // It uses the directory `into`, which may be declared, and claims only its own entries there.
    fn claims(declared: &InstallationDeclared) -> Vec<Claim<'_>> {
        vec![Claim::path(format!("{}/current", declared.into))]
    }

    fn uses(declared: &InstallationDeclared) -> Vec<String> {
        vec![format!("{}/releases", declared.into)]
    }

    fn queries(declared: &InstallationDeclared) -> Vec<Query> {
        vec![Query::Installation(installation::Query {
            into: declared.into.clone(),
            artifact: declared.artifact,
        })]
    }

    fn observed(
        _declared: &InstallationDeclared,
        answers: &[Answer],
    ) -> Observation<InstallationObserved> {
        match answers.first() {
            Some(Answer::Installation(installation::Answer {
                current,
                actual,
                changed,
                held,
                ..
            })) => Observation::Seen(InstallationObserved {
                current: *current,
                actual: *actual,
                held: *held,
                changed: *changed,
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &InstallationDeclared) -> InstallationObserved {
        InstallationObserved {
            current: None,
            actual: None,
            held: false,
            changed: None,
        }
    }

    fn is_there(observed: &InstallationObserved) -> bool {
        observed.current.is_some()
    }

    fn facts(observed: &InstallationObserved) -> Vec<(String, String)> {
        let words =
            |digest: Option<Digest>| digest.map_or("nothing".to_owned(), |digest| digest.short());
        vec![
            ("artifact".to_owned(), words(observed.current)),
            ("files".to_owned(), words(observed.actual)),
        ]
    }

    fn artifact(declared: &InstallationDeclared) -> Option<Digest> {
        Some(declared.artifact)
    }

    fn holds_artifact(observed: &InstallationObserved) -> bool {
        observed.held
    }

    fn changed(observed: &InstallationObserved) -> Option<Moment> {
        observed.changed
    }

    fn compare(
        declared: &InstallationDeclared,
        observed: &InstallationObserved,
    ) -> Vec<Discrepancy> {
        let Some(current) = observed.current else {
            return vec![Discrepancy::new(
                &MISSING,
                "presence",
                "an installation",
                "nothing",
            )];
        };
        if current != declared.artifact {
            return vec![Discrepancy::new(
                &RELEASE,
                "artifact",
                declared.artifact.short(),
                current.short(),
            )];
        }
        match observed.actual {
            Some(actual) if actual == current => Vec::new(),
            Some(actual) => vec![Discrepancy::new(
                &CHANGED,
                "files",
                current.short(),
                actual.short(),
            )],
            None => vec![Discrepancy::new(
                &CHANGED,
                "files",
                current.short(),
                "nothing",
            )],
        }
    }

    fn adopt(declared: &InstallationDeclared, observed: &InstallationObserved) -> Vec<Adoption> {
        let is_there = Self::is_there(observed);
        adoptions(Self::compare(declared, observed), is_there, |each| {
            let reason = match each.attribute.as_str() {
                "artifact" => {
                    "the host has another artifact, and no definition names an artifact by its content: build it from the \
                     commit of its release (`evenkeel log`), or apply the declared one"
                }
                "files" => {
                    "files of the artifact were changed on the host, and they are no source: make the change where the \
                     artifact is built"
                }
                _ => return None,
            };
            Some(Adopt::Impossible(reason.to_owned()))
        })
    }

    fn remedy(declared: &InstallationDeclared, observed: &InstallationObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::Install(installation::Install {
            into: declared.into.clone(),
            artifact: declared.artifact,
            keep: declared.keep,
            expected: observed.current,
        })]
    }

    fn removal(declared: &InstallationDeclared, observed: &InstallationObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::Uninstall(installation::Uninstall {
            into: declared.into.clone(),
            expected: observed.current,
        })]
    }

    fn attributes(declared: &InstallationDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("an installation"));
        tell("into", format_args!("{}", declared.into));
        tell("artifact", format_args!("{}", declared.artifact));
        tell("files", format_args!("{}", declared.artifact));
    }
}
