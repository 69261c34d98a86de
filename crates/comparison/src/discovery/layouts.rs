//! Small examples of layouts that teams use: the findings of each, and layouts without findings.

use std::collections::BTreeMap;

use super::{Certainty, Discovery, DocumentKind, ListedFile, discover};

/// Returns the files of a sample repository.
pub(super) fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

/// Returns the findings among files.
pub(super) fn discovered(files: &[(String, String)]) -> Discovery {
    let listed: Vec<ListedFile> = files
        .iter()
        .map(|(path, text)| ListedFile {
            path: path.clone(),
            bytes: text.len() as u64,
        })
        .collect();
    let texts: BTreeMap<&str, &str> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    discover(&listed, &|path| {
        texts.get(path).map(|text| (*text).to_owned())
    })
}

/// Returns paths with a text of the same keys each.
fn alike(paths: &[&str]) -> Discovery {
    let text = "name: a\nimage: b\nreplicas: 1\n";
    let all: Vec<(&str, &str)> = paths.iter().map(|path| (*path, text)).collect();
    discovered(&files(&all))
}

/// Returns proposed documents: name and paths, from the first environment to the last.
fn proposed(found: &Discovery) -> Vec<(String, Vec<String>)> {
    found
        .proposed()
        .map(|document| {
            let paths = found
                .path()
                .filter_map(|environment| document.paths.get(&environment.name).cloned());
            (document.name.clone(), paths.collect())
        })
        .collect()
}

fn environments(found: &Discovery) -> Vec<&str> {
    found.path().map(|one| one.name.as_str()).collect()
}

#[track_caller]
fn finds(paths: &[&str], names: &[&str], documents: &[(&str, &[&str])]) {
    let found = alike(paths);
    assert_eq!(environments(&found), names, "{found:#?}");
    let wanted: Vec<(String, Vec<String>)> = documents
        .iter()
        .map(|(name, paths)| {
            let paths = paths.iter().map(|path| (*path).to_owned());
            ((*name).to_owned(), paths.collect())
        })
        .collect();
    assert_eq!(proposed(&found), wanted, "{found:#?}");
}

#[track_caller]
fn finds_nothing(paths: &[&str]) {
    let found = alike(paths);
    assert_eq!(proposed(&found), [], "{found:#?}");
}

const BOTH: &[&str] = &["staging", "production"];

#[test]
fn helm_values_beside_their_base() {
    finds(
        &[
            "chart/values.yaml",
            "chart/values-staging.yaml",
            "chart/values-production.yaml",
        ],
        BOTH,
        &[(
            "values",
            &["chart/values-staging.yaml", "chart/values-production.yaml"],
        )],
    );
}

#[test]
fn several_charts_are_distinguished_by_their_folders() {
    finds(
        &[
            "web/values.prod.yaml",
            "web/values.stg.yaml",
            "api/values.prod.yaml",
            "api/values.stg.yaml",
        ],
        &["stg", "prod"],
        &[
            ("api", &["api/values.stg.yaml", "api/values.prod.yaml"]),
            ("web", &["web/values.stg.yaml", "web/values.prod.yaml"]),
        ],
    );
}

#[test]
fn kustomize_overlays_are_directories() {
    finds(
        &[
            "base/kustomization.yaml",
            "overlays/staging/kustomization.yaml",
            "overlays/staging/patch.yaml",
            "overlays/production/kustomization.yaml",
            "overlays/production/patch.yaml",
            "overlays/production/hpa.yaml",
        ],
        BOTH,
        &[("overlays", &["overlays/staging", "overlays/production"])],
    );
}

#[test]
fn terraform_folders_are_taken_without_locks_and_prose() {
    finds(
        &[
            "environments/prod/main.tf",
            "environments/prod/variables.tf",
            "environments/prod/.terraform.lock.hcl",
            "environments/prod/README.md",
            "environments/staging/main.tf",
            "environments/staging/variables.tf",
            "modules/app/main.tf",
        ],
        &["staging", "prod"],
        &[(
            "environments",
            &["environments/staging/*.tf", "environments/prod/*.tf"],
        )],
    );
}

#[test]
fn files_that_name_their_environment_twice_are_separate_documents() {
    finds(
        &[
            "env/prod/prod.tfvars",
            "env/prod/main.tf",
            "env/stg/stg.tfvars",
            "env/stg/main.tf",
        ],
        &["stg", "prod"],
        &[
            ("env", &["env/stg/stg.tfvars", "env/prod/prod.tfvars"]),
            ("main", &["env/stg/main.tf", "env/prod/main.tf"]),
        ],
    );
}

#[test]
fn terragrunt_accounts_and_regions() {
    finds(
        &[
            "live/prod/eu-west-1/app/terragrunt.hcl",
            "live/prod/eu-west-1/db/terragrunt.hcl",
            "live/stage/eu-west-1/app/terragrunt.hcl",
            "live/stage/eu-west-1/db/terragrunt.hcl",
        ],
        &["stage", "prod"],
        &[("live", &["live/stage", "live/prod"])],
    );
    finds(
        &[
            "non-prod/us-east-1/qa/app/terragrunt.hcl",
            "non-prod/us-east-1/qa/db/terragrunt.hcl",
            "non-prod/us-east-1/stage/app/terragrunt.hcl",
            "non-prod/us-east-1/stage/db/terragrunt.hcl",
            "prod/us-east-1/prod/app/terragrunt.hcl",
            "prod/us-east-1/prod/db/terragrunt.hcl",
        ],
        &["stage", "prod"],
        &[(
            "us-east-1",
            &["non-prod/us-east-1/stage", "prod/us-east-1/prod"],
        )],
    );
}

#[test]
fn kamal_destinations_and_their_secrets() {
    finds(
        &[
            "config/deploy.yml",
            "config/deploy.staging.yml",
            "config/deploy.beta.yml",
            "config/deploy.production.yml",
        ],
        &["staging", "production"],
        &[(
            "deploy",
            &["config/deploy.staging.yml", "config/deploy.production.yml"],
        )],
    );
}

#[test]
fn compose_files_are_laid_over_their_base() {
    finds(
        &[
            "docker-compose.yml",
            "docker-compose.staging.yml",
            "docker-compose.prod.yml",
        ],
        &["staging", "prod"],
        &[(
            "docker-compose",
            &["docker-compose.staging.yml", "docker-compose.prod.yml"],
        )],
    );
    finds_nothing(&["docker-compose.yml", "docker-compose.staging.yml"]);
    finds_nothing(&["docker-compose.yml", "docker-compose.prod.yml"]);
}

#[test]
fn dotenv_files_in_every_spelling() {
    finds(
        &[".env", ".env.staging", ".env.production"],
        BOTH,
        &[("env", &[".env.staging", ".env.production"])],
    );
    finds(
        &["staging.env", "production.env"],
        BOTH,
        &[("env", &["staging.env", "production.env"])],
    );
}

#[test]
fn ansible_inventories_and_group_variables() {
    finds(
        &[
            "inventories/staging/hosts",
            "inventories/staging/group_vars/all.yml",
            "inventories/production/hosts",
            "inventories/production/group_vars/all.yml",
        ],
        BOTH,
        &[(
            "inventories",
            &["inventories/staging", "inventories/production"],
        )],
    );
    finds(
        &[
            "group_vars/all.yml",
            "group_vars/staging.yml",
            "group_vars/production.yml",
        ],
        BOTH,
        &[(
            "group-vars",
            &["group_vars/staging.yml", "group_vars/production.yml"],
        )],
    );
}

#[test]
fn hosts_whose_production_has_no_word() {
    finds(
        &[
            "inventory/host_vars/staging.shop.fr/config.yml",
            "inventory/host_vars/shop.fr/config.yml",
            "inventory/host_vars/staging.shop.org.au/config.yml",
            "inventory/host_vars/shop.org.au/config.yml",
        ],
        BOTH,
        &[
            (
                "shop-fr",
                &[
                    "inventory/host_vars/staging.shop.fr/config.yml",
                    "inventory/host_vars/shop.fr/config.yml",
                ],
            ),
            (
                "shop-org-au",
                &[
                    "inventory/host_vars/staging.shop.org.au/config.yml",
                    "inventory/host_vars/shop.org.au/config.yml",
                ],
            ),
        ],
    );
}

#[test]
fn workflows_frameworks_and_stacks() {
    finds(
        &[
            ".github/workflows/deploy-staging.yml",
            ".github/workflows/deploy-prod.yml",
            ".github/workflows/ci.yml",
        ],
        &["staging", "prod"],
        &[(
            "deploy",
            &[
                ".github/workflows/deploy-staging.yml",
                ".github/workflows/deploy-prod.yml",
            ],
        )],
    );
    finds(
        &[
            "src/main/resources/application.yml",
            "src/main/resources/application-stg.yml",
            "src/main/resources/application-prod.yml",
        ],
        &["stg", "prod"],
        &[(
            "application",
            &[
                "src/main/resources/application-stg.yml",
                "src/main/resources/application-prod.yml",
            ],
        )],
    );
    finds(
        &[
            "Api/appsettings.json",
            "Api/appsettings.Staging.json",
            "Api/appsettings.Production.json",
        ],
        BOTH,
        &[(
            "appsettings",
            &[
                "Api/appsettings.Staging.json",
                "Api/appsettings.Production.json",
            ],
        )],
    );
    finds(
        &["Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"],
        &["staging", "prod"],
        &[("pulumi", &["Pulumi.staging.yaml", "Pulumi.prod.yaml"])],
    );
    finds(
        &["config.stage.json", "config.prod.json"],
        &["stage", "prod"],
        &[("config", &["config.stage.json", "config.prod.json"])],
    );
    finds(
        &["Procfile.staging", "Procfile.production"],
        BOTH,
        &[("procfile", &["Procfile.staging", "Procfile.production"])],
    );
    finds(
        &[
            "config/environments/staging.rb",
            "config/environments/production.rb",
        ],
        BOTH,
        &[(
            "environments",
            &[
                "config/environments/staging.rb",
                "config/environments/production.rb",
            ],
        )],
    );
}

#[test]
fn siblings_share_one_staging() {
    let paths = [
        "clusters/staging/apps.yaml",
        "clusters/staging/infra.yaml",
        "clusters/production-eu/apps.yaml",
        "clusters/production-eu/infra.yaml",
        "clusters/production-us/apps.yaml",
        "clusters/production-us/infra.yaml",
    ];
    finds(
        &paths,
        &["staging", "production-eu", "production-us"],
        &[(
            "clusters",
            &[
                "clusters/staging",
                "clusters/production-eu",
                "clusters/production-us",
            ],
        )],
    );
    let found = alike(&paths);
    let siblings: Vec<&str> = found.path().map(|one| one.sibling.as_str()).collect();
    assert_eq!(siblings, ["", "eu", "us"]);
}

#[test]
fn regions_with_both_environments_are_documents_each() {
    finds(
        &[
            "eu/production/v.yaml",
            "eu/staging/v.yaml",
            "us/production/v.yaml",
            "us/staging/v.yaml",
        ],
        BOTH,
        &[
            ("eu", &["eu/staging/v.yaml", "eu/production/v.yaml"]),
            ("us", &["us/staging/v.yaml", "us/production/v.yaml"]),
        ],
    );
}

#[test]
fn development_is_left_out_unless_there_is_nothing_else() {
    let found = alike(&[
        "values-dev.yaml",
        "values-staging.yaml",
        "values-production.yaml",
    ]);
    assert_eq!(environments(&found), BOTH);
    assert_eq!(found.environments.len(), 3);
    finds(
        &["values-dev.yaml", "values-prod.yaml"],
        &["dev", "prod"],
        &[("values", &["values-dev.yaml", "values-prod.yaml"])],
    );
    // A framework's environments are not a promotion path.
    finds_nothing(&[
        "config/environments/development.rb",
        "config/environments/production.rb",
    ]);
}

#[test]
fn an_environment_that_some_documents_lack_is_left_out() {
    let found = alike(&[
        "a/values-staging.yaml",
        "a/values-beta.yaml",
        "a/values-production.yaml",
        "b/values-staging.yaml",
        "b/values-production.yaml",
    ]);
    assert_eq!(environments(&found), BOTH);
    assert_eq!(found.proposed().count(), 2);
}

#[test]
fn equal_paths_are_a_pair_whatever_the_contents_share() {
    let found = discovered(&files(&[
        (".github/workflows/staging.yml", "jobs: 1\non: 2\n"),
        (".github/workflows/production.yml", "jobs: 1\non: 3\n"),
        (".github/workflows/test.yml", "matrix: 1\n"),
        ("a/staging.yml", "x: 1\n"),
        ("a/production.yml", "y: 1\n"),
    ]));
    let names: Vec<&str> = found.proposed().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["workflows", "a"]);
    assert_eq!(found.environments.len(), 2);
    assert!(
        found
            .left_out
            .iter()
            .any(|one| one.reason.contains("shares nothing with"))
    );
    for (lower, upper) in [
        ("hosts-staging.yml", "hosts-production.yml"),
        ("compose.qa.yaml", "compose.live.yaml"),
        ("Compose.PreProd.yaml", "Compose.Prod.yaml"),
        ("uat/app.conf", "prd/app.conf"),
        ("dev.tfvars", "prod.tfvars"),
        (".env.stg", ".env.prd"),
    ] {
        let found = discovered(&files(&[
            (lower, "a: 1\nb: 2\nc: 3\nd: 4\n"),
            (upper, "v: 1\nw: 2\nx: 3\ny: 4\n"),
        ]));
        assert_eq!(found.proposed().count(), 1, "{lower}: {found:#?}");
    }
}

#[test]
fn two_paths_name_their_environments() {
    let names =
        |left, right| super::environments_of(left, right).map(|(one, two)| format!("{one} {two}"));
    for (left, right, expected) in [
        ("Pulumi.QA.yaml", "Pulumi.Production.yaml", "qa production"),
        (
            "appsettings.Staging.json",
            "appsettings.Production.json",
            "staging production",
        ),
        ("configUat.json", "configLive.json", "uat live"),
        ("configUat.json", "configProd.json", "uat prod"),
        ("env/stg/stg.tfvars", "env/prod/prod.tfvars", "stg prod"),
        ("deploy/Pre-Prod", "deploy/Prod", "pre-prod prod"),
        (
            "/a/b/staging/app.yaml",
            "/c/production.yaml",
            "staging production",
        ),
        (
            "staging.example.org/config.yml",
            "example.org/config.yml",
            "staging production",
        ),
        ("staging.example.org", "example.org", "staging production"),
        ("values-staging.yaml", "values.yaml", ""),
        ("a.yaml", "b.yaml", ""),
        ("values-v1.yaml", "values-v2.yaml", ""),
        ("staging/a.yaml", "staging/b.yaml", ""),
    ] {
        let expected = (!expected.is_empty()).then(|| expected.to_owned());
        assert_eq!(names(left, right), expected, "{left}");
        let back = names(right, left).map(|both| {
            let (one, two) = both.split_once(' ').unwrap();
            format!("{two} {one}")
        });
        assert_eq!(back, expected, "{right}");
    }
}

#[test]
fn the_path_is_what_most_documents_support() {
    let pulumi = |environment: &str| -> Vec<(String, String)> {
        ["web", "api", "mail"]
            .iter()
            .map(|app| {
                (
                    format!("apps/{app}/Pulumi.{environment}.yaml"),
                    "config:\n  replicas: 1\n".to_owned(),
                )
            })
            .collect()
    };
    for (lower, upper, names) in [
        ("QA", "Production", ["qa", "production"]),
        ("qa", "live", ["qa", "live"]),
        ("Uat", "Prod", ["uat", "prod"]),
        ("preprod", "prd", ["preprod", "prd"]),
    ] {
        let mut all = [pulumi(lower), pulumi(upper)].concat();
        let stray = ["a-staging.yaml", "a-production.yaml"];
        let others = ["notes/ci-staging.yaml", "notes/ci-production.yaml"];
        for path in stray.into_iter().chain(others) {
            all.push((path.to_owned(), "jobs: {build: {a: 1}}\n".to_owned()));
        }
        let found = discovered(&all);
        assert_eq!(environments(&found), names, "{found:#?}");
        assert_eq!(found.proposed().count(), 3);
    }
}

#[test]
fn layouts_without_findings() {
    finds_nothing(&["products.yaml", "reproduction.yaml", "staged.yaml"]);
    finds_nothing(&["test.yaml", "live.yaml"]);
    finds_nothing(&[
        "node_modules/a/staging.json",
        "node_modules/a/production.json",
    ]);
    finds_nothing(&["locales/staging.yml", "locales/production.yml"]);
    finds_nothing(&["logo-staging.png", "logo-production.png"]);
    finds_nothing(&["src/staging.rs", "src/production.rs"]);
    finds_nothing(&["requirements/dev.txt.lock", "requirements/prod.txt.lock"]);
    finds_nothing(&["docs/staging.md", "docs/production.md"]);
    finds_nothing(&["Procfile", "Procfile.dev"]);
    finds_nothing(&[
        "config/credentials/staging.yml.enc",
        "config/credentials/production.yml.enc",
    ]);
    finds_nothing(&["values.yaml", "values-production.yaml"]);
    finds_nothing(&[]);
}

#[test]
fn tests_and_examples_are_shown_and_left_out() {
    let found = alike(&["spec/fixtures/staging.yml", "spec/fixtures/production.yml"]);
    assert_eq!(found.proposed().count(), 0);
    assert_eq!(found.documents[0].certainty, Certainty::Possible);
    assert!(found.documents[0].reason.contains("tests"));
}

#[test]
fn encrypted_and_binary_files_are_left_out_with_their_reason() {
    let vault = "$ANSIBLE_VAULT;1.1;AES256\n1234\n";
    let found = discovered(&files(&[
        ("group_vars/staging.yml", vault),
        ("group_vars/production.yml", vault),
        ("a.staging.conf", "x\0"),
        ("a.production.conf", "x\0"),
    ]));
    assert!(found.documents.is_empty());
    let reasons: Vec<&str> = found
        .left_out
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(reasons, ["is encrypted", "is not text"]);
}

#[test]
fn an_encrypted_file_does_not_hide_the_directory_it_lies_in() {
    let sealed = "db: x\nsops:\n  mac: y\n";
    let found = discovered(&files(&[
        ("envs/staging/secrets.yaml", sealed),
        ("envs/staging/values.yaml", "a: 1\nb: 2\n"),
        ("envs/production/secrets.yaml", sealed),
        ("envs/production/values.yaml", "a: 1\nb: 3\n"),
    ]));
    assert_eq!(found.documents[0].certainty, Certainty::High);
    let found = discovered(&files(&[
        ("secrets.staging.yaml", sealed),
        ("secrets.production.yaml", sealed),
    ]));
    assert_eq!(found.documents[0].certainty, Certainty::Likely);
    assert!(found.documents[0].reason.contains("encrypted"));
}

#[test]
fn a_name_that_hides_the_format_is_reported() {
    let found = alike(&["settings.yml.staging", "settings.yml.production"]);
    assert_eq!(
        found.documents[0].format,
        Some(evenkeel_document::Format::Yaml)
    );
}

#[test]
fn unpaired_files_are_reported() {
    let found = alike(&[
        "values-production.yaml",
        "docker-compose.yml",
        "docker-compose.staging.yml",
    ]);
    let reported: Vec<(&str, usize)> = found
        .left_out
        .iter()
        .map(|one| (one.reason.as_str(), one.paths.len()))
        .collect();
    assert_eq!(
        reported,
        [
            ("has no counterpart in another environment", 1),
            (
                "is an overlay of `docker-compose.yml`, which is not an environment",
                1
            ),
        ]
    );
}

#[test]
fn one_directory_may_contain_more_files() {
    let found = alike(&[
        "clusters/staging/a.yaml",
        "clusters/staging/b.yaml",
        "clusters/production/a.yaml",
        "clusters/production/c.yaml",
    ]);
    assert_eq!(found.documents[0].kind, DocumentKind::Directory);
    assert!(found.left_out.is_empty(), "{found:#?}");
}

mod any_listing {
    use proptest::prelude::*;

    use super::super::{ListedFile, discover, write};

    fn listing() -> impl Strategy<Value = Vec<ListedFile>> {
        let word = prop::sample::select(vec![
            "staging",
            "stg",
            "production",
            "prod",
            "dev",
            "beta",
            "eu",
            "us",
            "app",
            "values",
            "overlays",
            "non",
            "1",
            "a.org",
            "test",
            "live",
            "",
        ]);
        let separator = prop::sample::select(vec!["-", ".", "/", "_", ""]);
        let path = prop::collection::vec((word, separator), 1..7).prop_map(|parts| {
            let parts: String = parts.into_iter().flat_map(|(a, b)| [a, b]).collect();
            format!("{parts}.yml")
        });
        prop::collection::vec(path.prop_map(|path| ListedFile { path, bytes: 10 }), 0..40)
    }

    proptest! {
        #[test]
        fn the_order_of_the_listing_changes_nothing(files in listing(), seed in any::<usize>()) {
            let text = |path: &str| Some(format!("a: 1\nb: {}\n", path.len()));
            let found = discover(&files, &text);
            let mut shuffled = files.clone();
            let length = shuffled.len().max(1);
            for number in 0..files.len() {
                let other = seed.wrapping_mul(number + 7) % length;
                shuffled.swap(number, other);
            }
            prop_assert_eq!(&found, &discover(&shuffled, &text));
            let written = write(&found, &[], "a");
            prop_assert_eq!(&written, &write(&found, &[], "a"));
            for text in written.files.values() {
                prop_assert!(text.parse::<toml::Table>().is_ok(), "{}", text);
            }
            let mut names: Vec<&String> = found.documents.iter().map(|one| &one.name).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), all);
        }
    }
}
