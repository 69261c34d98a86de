//! Laws of proposed identities on compared documents: whatever their contents, proposals reduce the differences and
//! reveal no mention of another environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_comparison::Matter;
use evenkeel_comparison::discovery::ProposedIdentity;
use evenkeel_core::documents::{
    DeclaredDocuments, Documents, FileContent, FileSet, proposed_identities,
};
use evenkeel_core::environment::{Definition, Files, read};
use evenkeel_model::source::SourceFile;
use proptest::prelude::*;

struct Written(BTreeMap<String, String>);

impl Files for Written {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().cloned().collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Returns definitions of documents `d0`, `d1` and so on, in staging and production.
fn definition(documents: usize) -> Definition {
    use std::fmt::Write as _;
    let mut system = "[system]\nname = \"x\"\npath = [\"staging\", \"production\"]\n".to_owned();
    for number in 0..documents {
        write!(
            system,
            "[document.d{number}]\npath = \"{number}-${{environment}}.yaml\"\n"
        )
        .unwrap();
    }
    let environment = |name: &str| format!("[environment]\nname = \"{name}\"\n");
    let files = [
        ("system.toml".to_owned(), system),
        ("staging.toml".to_owned(), environment("staging")),
        ("production.toml".to_owned(), environment("production")),
    ];
    let (definition, complaints) = read(&Written(files.into()));
    assert!(complaints.is_empty(), "{complaints:?}");
    definition.unwrap()
}

/// Mentions and differing places with these identities, and the proposals.
struct Compared {
    mentions: usize,
    places: usize,
}

/// Text of a document of staging, and of production.
type Texts = (String, String);

fn with_documents<T>(texts: &[Texts], ask: impl FnOnce(&Definition, Documents<'_>) -> T) -> T {
    let definition = definition(texts.len());
    let declared = DeclaredDocuments::of(&definition).unwrap();
    let sets = declared
        .asked()
        .into_iter()
        .map(|(environment, document)| {
            let number: usize = document.name.trim_start_matches('d').parse().unwrap();
            let (staging, production) = &texts[number];
            let text = match environment.as_str() {
                "staging" => staging,
                _ => production,
            };
            let path = format!("{number}-{environment}.yaml");
            let file: Arc<SourceFile> = SourceFile::new(path, text.clone());
            FileSet {
                single: true,
                files: [(String::new(), FileContent::Text(file))].into(),
                whole: true,
                ..FileSet::default()
            }
        })
        .collect();
    ask(&definition, Documents::from(&definition, &declared, sets))
}

fn compared(texts: &[Texts], identities: &[ProposedIdentity]) -> Compared {
    with_documents(texts, |_, documents| {
        let mut all = Compared {
            mentions: 0,
            places: 0,
        };
        for (one, two, name) in documents.pairs() {
            let compared = documents.compared_with((&one, &two, &name), identities);
            all.places += compared.located.len();
            all.mentions += compared
                .located
                .iter()
                .filter(|located| matches!(located.disagreement.matter, Matter::Foreign { .. }))
                .count();
        }
        all
    })
}

fn proposed(texts: &[Texts]) -> Vec<ProposedIdentity> {
    with_documents(texts, proposed_identities)
}

const PARTS: &[(&str, &str)] = &[
    ("staging", "production"),
    ("stg", "prod"),
    ("staging.example.org", "example.org"),
    ("example.net", "example.org"),
    ("acme-staging", "acme"),
    ("111111111111", "222222222222"),
    ("222222222222", "333333333333"),
    ("10.1.4.7", "10.2.4.7"),
    ("10.1.0.0/16", "10.2.0.0/16"),
    ("shop", "shop"),
    ("docs.example.org", "docs.example.org"),
    ("222222222222", "222222222222"),
    ("mails-staging", "alerts"),
];

const FORMS: &[&str] = &[
    "{}",
    "https://{}/x",
    "https://api.{}/x",
    "arn:aws:iam::{}:role/x",
    "app-{}-db",
    "me@{}",
    "postgres://db.{}/x",
];

const KEYS: &[&str] = &[
    "host", "url", "database", "bucket", "name", "runbook", "own", "role", "queue",
];

/// Returns a document of up to eight values, lists and keys.
fn document() -> impl Strategy<Value = Texts> {
    let value = (
        prop::sample::select(KEYS),
        prop::sample::select(FORMS),
        prop::sample::select(PARTS),
        0..4_u8,
    );
    prop::collection::vec(value, 1..8).prop_map(|values| {
        let mut texts = ("retries: 3\n".to_owned(), "retries: 3\n".to_owned());
        for (number, (key, form, (one, two), shape)) in values.into_iter().enumerate() {
            let written = |part: &str| {
                let value = form.replace("{}", part);
                match shape {
                    0 => format!("{key}{number}: [\"{value}\", \"same\"]\n"),
                    1 => format!("{key}{number}: {{\"{value}\": 1}}\n"),
                    _ => format!("{key}{number}: {{{key}: \"{value}\"}}\n"),
                }
            };
            texts.0.push_str(&written(one));
            texts.1.push_str(&written(two));
        }
        texts
    })
}

proptest! {
    #[test]
    fn a_proposal_reduces_differences_and_reveals_no_mention(
        texts in prop::collection::vec(document(), 1..4),
        unrelated in document(),
    ) {
        let mut more = texts.clone();
        more.push(unrelated);
        for texts in [texts, more] {
            let found = proposed(&texts);
            let (before, after) = (compared(&texts, &[]), compared(&texts, &found));
            prop_assert!(after.mentions <= before.mentions, "{found:#?}");
            prop_assert!(after.places + found.len() <= before.places, "{found:#?}");
            for number in 0..found.len() {
                let mut others = found.clone();
                others.remove(number);
                let without = compared(&texts, &others);
                prop_assert!(after.places < without.places, "{:?}", found[number]);
            }
        }
    }
}
