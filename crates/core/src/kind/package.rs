//! `package`: a package of the operating system, with its version and hold.

use serde::{Deserialize, Serialize};

use super::adoption::{Adopt, Adoption, adoptions};
use super::contract::unexpected;
use super::proposal::Proposal;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, Reach, TellAttribute, Traits, Wrong,
};
use evenkeel_host::inventory;
use evenkeel_host::package::version::Requirement;
use evenkeel_host::package::{
    self, InstallPackage, PackageFound, PackageState, RemovePackage, System,
};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Package of the operating system.
pub struct Package;

const MISSING: Code = Code::error(
    "package/missing",
    "a package is not installed",
    "It was never installed, or it was removed outside evenkeel. `evenkeel plan` shows the step that installs it.",
);
const PRESENT: Code = Code::error(
    "package/present",
    "a package that must not be installed is installed",
    "`evenkeel plan` shows the step that removes it. Packages that depend on it are not removed with it: declare them as well.",
);
const VERSION: Code = Code::error(
    "package/version-differs",
    "a package's version differs from its definition",
    "The package was upgraded or downgraded outside evenkeel, or its definition changed. `evenkeel plan` shows the step that \
     installs a matching version. `held = true` keeps other upgrades from changing it.",
);
const HELD: Code = Code::error(
    "package/hold-differs",
    "a package's hold differs from its definition",
    "The hold was set or released outside evenkeel. `evenkeel plan` shows the step that changes it.",
);
const UNFINISHED: Code = Code::error(
    "package/unfinished",
    "a package's installation did not end",
    "An installation was interrupted, or a script of the package failed: the package may not work. `evenkeel plan` shows \
     the step that completes it.",
);

/// Word of an installed package.
const INSTALLED: &str = "an installed package";
/// Word of a package that is not installed.
const NOTHING: &str = "nothing";
/// Word of a complete installation.
const COMPLETE: &str = "installed";

/// Declared package.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PackageDeclared {
    /// Its name, perhaps with an architecture.
    pub package: String,
    /// Required version.
    pub version: Option<String>,
    /// Whether the version is held.
    pub held: Option<bool>,
    /// Whether it must not be installed.
    pub removed: bool,
}

/// Observed package.
#[derive(Clone, Debug, Serialize)]
pub struct PackageObserved {
    /// Packaging system, which orders versions.
    pub system: System,
    /// Its state.
    pub found: PackageFound,
    /// Time of its last installation.
    #[serde(skip)]
    pub changed: Option<Moment>,
}

/// Longest name.
const LONGEST: usize = 200;

/// Checks the name of a package.
fn check_name(text: &str) -> Result<(), String> {
    let (name, architecture) = match text.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (text, None),
    };
    let starts_well = name.starts_with(|each: char| each.is_ascii_alphanumeric());
    let is_good = |each: char| each.is_ascii_alphanumeric() || "+-._".contains(each);
    // apt reads `name-` as the removal of `name`.
    if !starts_well || !name.chars().all(is_good) || name.ends_with('-') || text.len() > LONGEST {
        return Err(format!(
            "`{text}` is not the name of a package; expected a letter or digit, then letters, digits, `+`, `.`, `_` and `-`, \
             such as `nginx` or `libc6:i386`"
        ));
    }
    let Some(architecture) = architecture else {
        return Ok(());
    };
    let is_word = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-';
    if architecture.is_empty()
        || architecture.starts_with('-')
        || architecture.ends_with('-')
        || !architecture.chars().all(is_word)
    {
        return Err(format!(
            "`{architecture}` is not an architecture; expected a word such as `amd64` after the colon"
        ));
    }
    if ["any", "native"].contains(&architecture) {
        return Err(format!(
            "`{architecture}` is not the architecture of one package; name it, or leave it out for the host's"
        ));
    }
    Ok(())
}

impl PackageDeclared {
    fn requirement(&self) -> Option<Requirement> {
        let text = self.version.as_deref()?;
        // Checked when it was declared; the ledger may have one of another version of evenkeel.
        Some(Requirement::parse(text).unwrap_or_else(|_| Requirement::Exact(text.to_owned())))
    }
}

fn held(is_held: bool) -> &'static str {
    if is_held { "held" } else { "not held" }
}

impl Kind for Package {
    const NAME: &'static str = "package";
    const ABOUT: &'static str = "A package of the operating system, from the package sources of the host. For hosts with \
     dpkg and apt, and with rpm and dnf. All packages of an apply are one transaction. Configuration files that were changed on the host are kept, \
     and maintainer scripts ask nothing. An installation that would remove or downgrade another package is refused, unless \
     that one is declared so. A removed package leaves its configuration files and its dependencies.";
    const FIELDS: &'static [Field] = &[
        Field::optional(
            "package",
            Form::Words,
            "The name of the package; an architecture other than the host's comes after a colon, as in `libc6:i386`. Default: \
             the name of the resource.",
        ),
        Field::optional(
            "version",
            Form::Words,
            "The version: an exact one (`1.24.0-1`; with dpkg, with its revision), a pattern (`1.24.*`, which ignores the epoch unless it \
             has one), or comparisons in the order of the packaging system (`>= 1.24, < 2`). The newest offered one that \
             matches is installed. Default: any version; the newest one is installed, and not upgraded later.",
        ),
        Field::optional(
            "held",
            Form::Boolean,
            "Whether its version is held: other upgrades do not change it. With dnf, this needs its plugin `versionlock`. Not \
             compared by default.",
        ),
        Field::optional(
            "removed",
            Form::Boolean,
            "Whether it must not be installed. Default: false.",
        ),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &PRESENT, &VERSION, &HELD, &UNFINISHED];
    // Quick although it is not: only quick steps share a job, and all packages of a host are one transaction.
    const TRAITS: Traits = Traits {
        reach: Reach::Host,
        ..Traits::PLAIN
    };
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] = &[
        ("presence", &["removed"]),
        ("package", &["package"]),
        ("version", &["version"]),
        ("held", &["held"]),
        ("state", &[]),
    ];
    type Family = evenkeel_host::Host;
    type Declared = PackageDeclared;
    type Observed = PackageObserved;

    fn declare(
        context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<PackageDeclared, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let package = attributes
            .string("package")
            .unwrap_or_else(|| context.address.name().to_owned());
        if let Err(message) = check_name(&package) {
            wrong.push(Wrong::new("package", message));
        }
        let version = attributes.text("version").map(str::trim);
        if let Some(Err(message)) = version.map(Requirement::parse) {
            wrong.push(Wrong::new("version", message));
        }
        let held = attributes.boolean("held");
        let removed = attributes.boolean("removed").unwrap_or(false);
        if removed {
            for (key, is_set) in [("version", version.is_some()), ("held", held.is_some())] {
                if is_set {
                    wrong.push(Wrong::new(
                        key,
                        format!("a package with `removed = true` has no `{key}`; remove one of the two keys"),
                    ));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(PackageDeclared {
            package,
            version: version.map(str::to_owned),
            held,
            removed,
        })
    }

    fn output(declared: &PackageDeclared, name: &str) -> Option<Value> {
        (name == "package").then(|| Value::text(&declared.package))
    }

    fn place(declared: &PackageDeclared) -> &str {
        &declared.package
    }

    fn claims(declared: &PackageDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new(Claim::PACKAGE, &declared.package)]
    }

    fn queries(declared: &PackageDeclared) -> Vec<Query> {
        vec![Query::Package(package::Query {
            package: declared.package.clone(),
        })]
    }

    fn observed(_declared: &PackageDeclared, answers: &[Answer]) -> Observation<PackageObserved> {
        match answers.first() {
            Some(Answer::Package(package::Answer {
                system,
                found,
                changed,
            })) => Observation::Seen(PackageObserved {
                system: *system,
                found: found.clone(),
                changed: *changed,
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &PackageDeclared) -> PackageObserved {
        PackageObserved {
            system: System::Dpkg,
            found: PackageFound::missing(),
            changed: None,
        }
    }

    fn is_there(observed: &PackageObserved) -> bool {
        observed.found.state != PackageState::Missing
    }

    fn facts(observed: &PackageObserved) -> Vec<(String, String)> {
        let fact = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let step = match &observed.found.state {
            PackageState::Missing => return vec![fact("presence", NOTHING)],
            PackageState::Installed { .. } => COMPLETE,
            PackageState::Unfinished { step, .. } => step,
        };
        vec![
            fact("presence", INSTALLED),
            fact("version", observed.found.version().unwrap_or_default()),
            fact("held", held(observed.found.held)),
            fact("state", step),
        ]
    }

    fn changed(observed: &PackageObserved) -> Option<Moment> {
        observed.changed
    }

    fn propose(found: &inventory::Answer) -> Vec<Proposal> {
        let packages = found.packages.iter().map(|package| Proposal {
            named_by: Some(("package", Value::text(&package.name))),
            ..Proposal::new(
                &package.name,
                vec![("version", Value::text(&package.version))],
            )
        });
        packages.collect()
    }

    fn compare(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Discrepancy> {
        let found = &observed.found;
        let (version, step) = match (&found.state, declared.removed) {
            (PackageState::Missing, true) => return Vec::new(),
            (PackageState::Missing, false) => {
                return vec![Discrepancy::new(&MISSING, "presence", INSTALLED, NOTHING)];
            }
            (_, true) => {
                return vec![Discrepancy::new(&PRESENT, "presence", NOTHING, INSTALLED)];
            }
            (PackageState::Installed { version }, false) => (version, None),
            (PackageState::Unfinished { version, step }, false) => (version, Some(step)),
        };
        let mut wrong = Vec::new();
        if let Some(step) = step {
            wrong.push(Discrepancy::new(&UNFINISHED, "state", COMPLETE, step));
        }
        if let Some(requirement) = declared.requirement()
            && !requirement.holds(version, observed.system)
        {
            let wanted = declared.version.as_deref().unwrap_or_default();
            wrong.push(Discrepancy::new(&VERSION, "version", wanted, version));
        }
        if let Some(wanted) = declared.held
            && wanted != found.held
        {
            wrong.push(Discrepancy::new(
                &HELD,
                "held",
                held(wanted),
                held(found.held),
            ));
        }
        wrong
    }

    fn adopt(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Adoption> {
        let wrong = Self::compare(declared, observed);
        let found = &observed.found;
        adoptions(wrong, Self::is_there(observed), |each| {
            match (each.attribute.as_str(), &found.state) {
                ("version", PackageState::Installed { version }) => {
                    Some(Adopt::text("version", version))
                }
                ("held", _) => Some(Adopt::switch("held", found.held)),
                ("presence", PackageState::Installed { .. }) => {
                    Some(Adopt::switch("removed", false))
                }
                ("state" | "presence" | "version", PackageState::Unfinished { .. }) => Some(
                    Adopt::Impossible("the installation of the package did not end".to_owned()),
                ),
                _ => None,
            }
        })
    }

    fn remedy(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        if declared.removed {
            return Self::removal(declared, observed);
        }
        vec![Action::InstallPackage(InstallPackage {
            package: declared.package.clone(),
            version: declared.version.clone(),
            held: declared.held,
            expected: observed.found.clone(),
        })]
    }

    fn removal(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::RemovePackage(RemovePackage {
            package: declared.package.clone(),
            expected: observed.found.clone(),
        })]
    }

    fn attributes(declared: &PackageDeclared, tell: &mut TellAttribute<'_>) {
        let presence = if declared.removed { NOTHING } else { INSTALLED };
        tell("presence", format_args!("{presence}"));
        tell("package", format_args!("{}", declared.package));
        if let Some(version) = &declared.version {
            tell("version", format_args!("{version}"));
        }
        if let Some(is_held) = declared.held {
            tell("held", format_args!("{}", held(is_held)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Package, PackageDeclared, PackageObserved, check_name};
    use crate::kind::Kind;
    use evenkeel_host::package::{PackageFound, PackageState, System};

    fn declared(version: Option<&str>, held: Option<bool>, removed: bool) -> PackageDeclared {
        PackageDeclared {
            package: "nginx".into(),
            version: version.map(str::to_owned),
            held,
            removed,
        }
    }

    fn seen(state: PackageState, held: bool) -> PackageObserved {
        PackageObserved {
            system: System::Dpkg,
            found: PackageFound { state, held },
            changed: None,
        }
    }

    fn installed(version: &str) -> PackageState {
        PackageState::Installed {
            version: version.into(),
        }
    }

    fn codes(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<&'static str> {
        let wrong = Package::compare(declared, observed);
        assert_eq!(
            Package::remedy(declared, observed).is_empty(),
            wrong.is_empty()
        );
        wrong.iter().map(|each| each.code.name).collect()
    }

    #[test]
    fn each_attribute_has_its_code() {
        let any = declared(None, None, false);
        assert!(codes(&any, &seen(installed("1"), true)).is_empty());
        assert_eq!(
            codes(&any, &seen(PackageState::Missing, false)),
            ["package/missing"]
        );
        let exact = declared(Some("1.24.*"), Some(true), false);
        assert!(codes(&exact, &seen(installed("1.24.1-2"), true)).is_empty());
        assert_eq!(
            codes(&exact, &seen(installed("1.22.1-9"), false)),
            ["package/version-differs", "package/hold-differs"]
        );
        let half = PackageState::Unfinished {
            version: "1.24.1-2".into(),
            step: "half-configured".into(),
        };
        assert_eq!(codes(&exact, &seen(half, true)), ["package/unfinished"]);
        let removed = declared(None, None, true);
        assert!(codes(&removed, &seen(PackageState::Missing, false)).is_empty());
        assert_eq!(
            codes(&removed, &seen(installed("1"), false)),
            ["package/present"]
        );
    }

    #[test]
    fn names_that_a_packaging_system_would_read_otherwise_are_refused() {
        for good in [
            "nginx",
            "g++",
            "libstdc++6:i386",
            "python3.11",
            "0ad",
            "Foo_bar",
        ] {
            check_name(good).unwrap();
        }
        for bad in [
            "",
            "-x",
            "--force",
            "x-",
            "x/stable",
            "x=1",
            "x y",
            "x\n",
            "x\0",
            "x*",
            "x^",
            ".x",
            "é",
            "x:",
            "x:-",
            "x:any",
            "x:amd64:i386",
            "x:a/b",
            "x;y",
            "$(x)",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
