//! Definitions written by `discovery` are read without a defect, and mean the same.

use std::collections::BTreeMap;

use evenkeel_comparison::discovery::{
    DifferingText, Discovery, ListedFile, PairOfTexts, discover, propose, write,
};
use evenkeel_core::environment::{DocumentSource, Files};
use evenkeel_model::EnvironmentName;

use crate::library::definitions::understand;

/// Definitions in memory.
struct Written(BTreeMap<String, String>);

impl Files for Written {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().cloned().collect())
    }

    fn shown(&self, path: &str) -> String {
        format!("environments/{path}")
    }
}

fn found(paths: &[&str]) -> Discovery {
    let files: Vec<ListedFile> = paths
        .iter()
        .map(|path| ListedFile {
            path: (*path).to_owned(),
            bytes: 10,
        })
        .collect();
    discover(&files, &|_| Some("name: a\nimage: b\n".to_owned()))
}

/// Returns every environment's documents, by name, as the reader understands the written text.
fn read_again(
    found: &Discovery,
    identities: &[PairOfTexts],
) -> BTreeMap<String, BTreeMap<String, String>> {
    let written = write(found, &propose(identities), "Some Shop");
    let (_, resolved, complaints) = understand(&Written(written.files.clone()));
    let complaints: Vec<&String> = complaints.iter().map(|one| &one.message).collect();
    assert!(complaints.is_empty(), "{complaints:#?}\n{written:#?}");
    resolved
        .into_iter()
        .map(|(name, environment)| {
            let documents = environment.documents.iter().map(|document| {
                let DocumentSource::Path(path) = &document.source else {
                    panic!("a path");
                };
                (document.name.to_string(), path.clone())
            });
            (name.to_string(), documents.collect())
        })
        .collect()
}

/// Returns every environment's documents of a discovery.
fn proposed(found: &Discovery) -> BTreeMap<String, BTreeMap<String, String>> {
    found
        .path()
        .map(|environment| {
            let documents = found.proposed().map(|document| {
                let path = document.paths[&environment.name].clone();
                (document.name.clone(), path)
            });
            (environment.name.to_string(), documents.collect())
        })
        .collect()
}

#[test]
fn written_definitions_are_read_without_a_defect_and_mean_the_same() {
    for paths in [
        &["a/values-staging.yaml", "a/values-production.yaml"][..],
        &[
            "h/staging.a.org/c.yml",
            "h/a.org/c.yml",
            "h/staging.b.org/c.yml",
            "h/b.org/c.yml",
        ],
        &[
            "o/stg/k.yaml",
            "o/stg/p.yaml",
            "o/prod/k.yaml",
            "o/prod/p.yaml",
            "o/prod/README.md",
        ],
        &[
            "Api/appsettings.Staging.json",
            "Api/appsettings.Production.json",
            ".env.stg",
            ".env.prod",
        ],
        &[
            "c/staging/a.yaml",
            "c/production-eu/a.yaml",
            "c/production-us/a.yaml",
        ],
        &[
            "staging/staging.tfvars",
            "prod/prod.tfvars",
            "live/staging/a.hcl",
            "live/prod/a.hcl",
        ],
        &[
            "x${environment}$/staging.yml",
            "x${environment}$/production.yml",
        ],
        &[
            "settings.yml.staging",
            "settings.yml.production",
            "values-dev.yaml",
        ],
        &["spec/staging.yml", "spec/production.yml"],
    ] {
        let found = found(paths);
        assert!(!found.documents.is_empty(), "{paths:?}");
        assert_eq!(read_again(&found, &[]), proposed(&found), "{paths:?}");
    }
}

#[test]
fn identities_become_parameters_with_a_value_each() {
    let found = found(&[
        "deploy.staging.yml",
        "deploy.uat.yml",
        "deploy.production.yml",
    ]);
    let pair = |left: &str, texts: &[(&str, &str)]| PairOfTexts {
        left: EnvironmentName::new(left),
        right: EnvironmentName::new("production"),
        texts: texts
            .iter()
            .enumerate()
            .map(|(number, (left, right))| DifferingText {
                document: "deploy".into(),
                path: format!("a{number}"),
                left: (*left).into(),
                right: (*right).into(),
            })
            .collect(),
        said: Default::default(),
    };
    let pairs = [
        pair(
            "staging",
            &[
                ("shop-staging-db", "shop-db"),
                ("shop-staging-web", "shop-web"),
                ("https://s.staging.a.org", "https://s.a.org"),
            ],
        ),
        pair(
            "uat",
            &[
                ("shop-uat-db", "shop-db"),
                ("shop-uat-web", "shop-web"),
                ("111122223333", "444455556666"),
            ],
        ),
    ];
    read_again(&found, &pairs);
    let written = write(&found, &propose(&pairs), "shop");
    assert!(written.files["uat.toml"].contains("name_prefix = \"shop-uat\""));
    // Staging has no account, so the parameter is a comment.
    assert!(written.files["system.toml"].contains("# [parameter.account]"));
}
