//! `toy-package`: an installed package, for the test that adds kinds.

use serde::{Deserialize, Serialize};

use super::contract::unexpected;
use super::{
    Attributes, Claim, Context, Discrepancy, Kind, Observation, TellAttribute, Traits, Wrong,
};
use evenkeel_host::subsystem::toy::{self, DropToy, SetToy};
use evenkeel_host::{Action, Answer, Query};
use evenkeel_model::defect::Code;
use evenkeel_model::source::{Field, Form};
use evenkeel_model::{Moment, Value};

/// Installed package.
pub struct ToyPackage;

const MISSING: Code = Code::error(
    "toy-package/missing",
    "package not installed",
    "Run `evenkeel plan`; it lists the step that installs the package.",
);
const VERSION: Code = Code::error(
    "toy-package/version-differs",
    "package has another version",
    "Run `evenkeel plan`; it lists the step that installs the declared version.",
);

const CLASS: &str = "package";

/// Declared package.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PackageDeclared {
    package: String,
    version: String,
}

/// Observed package.
#[derive(Clone, Debug, Serialize)]
pub struct PackageObserved {
    version: Option<String>,
}

impl Kind for ToyPackage {
    const NAME: &'static str = "toy-package";
    const ABOUT: &'static str = "A package of a given version.";
    const FIELDS: &'static [Field] = &[
        Field::required("package", Form::Words, "The name of the package."),
        Field::required("version", Form::Words, "The version."),
    ];
    const CODES: &'static [&'static Code] = &[&MISSING, &VERSION];
    const TRAITS: Traits = Traits::PLAIN;
    const ATTRIBUTES: &'static [(&'static str, &'static [&'static str])] =
        &[("presence", &[]), ("version", &["version"])];
    type Family = evenkeel_host::Host;
    type Declared = PackageDeclared;
    type Observed = PackageObserved;

    fn declare(
        _context: &Context<'_>,
        attributes: &Attributes,
    ) -> Result<PackageDeclared, Vec<Wrong>> {
        Ok(PackageDeclared {
            package: attributes.string("package").unwrap_or_default(),
            version: attributes.string("version").unwrap_or_default(),
        })
    }

    fn output(declared: &PackageDeclared, name: &str) -> Option<Value> {
        (name == "version").then(|| Value::text(&declared.version))
    }

    fn place(declared: &PackageDeclared) -> &str {
        &declared.package
    }

    fn claims(declared: &PackageDeclared) -> Vec<Claim<'_>> {
        vec![Claim::new(CLASS, &declared.package)]
    }

    fn queries(declared: &PackageDeclared) -> Vec<Query> {
        vec![Query::Toy(toy::Query {
            class: CLASS.into(),
            name: declared.package.clone(),
        })]
    }

    fn observed(_declared: &PackageDeclared, answers: &[Answer]) -> Observation<PackageObserved> {
        match answers.first() {
            Some(Answer::Toy(answer)) => Observation::Seen(PackageObserved {
                version: answer.value.clone(),
            }),
            other => unexpected(other),
        }
    }

    fn nothing(_declared: &PackageDeclared) -> PackageObserved {
        PackageObserved { version: None }
    }

    fn is_there(observed: &PackageObserved) -> bool {
        observed.version.is_some()
    }

    fn facts(observed: &PackageObserved) -> Vec<(String, String)> {
        let version = observed.version.as_deref().unwrap_or("nothing");
        vec![("version".into(), version.into())]
    }

    fn changed(_observed: &PackageObserved) -> Option<Moment> {
        None
    }

    fn compare(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Discrepancy> {
        match &observed.version {
            None => vec![Discrepancy::new(
                &MISSING,
                "presence",
                "a package",
                "nothing",
            )],
            Some(found) if *found == declared.version => Vec::new(),
            Some(found) => vec![Discrepancy::new(
                &VERSION,
                "version",
                &declared.version,
                found,
            )],
        }
    }

    fn remedy(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Action> {
        if Self::compare(declared, observed).is_empty() {
            return Vec::new();
        }
        vec![Action::SetToy(SetToy {
            class: CLASS.into(),
            name: declared.package.clone(),
            value: declared.version.clone(),
            expected: observed.version.clone(),
        })]
    }

    fn removal(declared: &PackageDeclared, observed: &PackageObserved) -> Vec<Action> {
        if !Self::is_there(observed) {
            return Vec::new();
        }
        vec![Action::DropToy(DropToy {
            class: CLASS.into(),
            name: declared.package.clone(),
            expected: observed.version.clone(),
        })]
    }

    fn attributes(declared: &PackageDeclared, tell: &mut TellAttribute<'_>) {
        tell("presence", format_args!("a package"));
        tell("version", format_args!("{}", declared.version));
    }
}
