//! Proposals on made-up environments.

use super::{DifferingText, IdentityKind, PairOfTexts, ProposedIdentity, propose};
use crate::Said;
use evenkeel_model::EnvironmentName;

fn pair(left: &str, right: &str, texts: &[(&str, &str, &str)]) -> PairOfTexts {
    PairOfTexts {
        left: EnvironmentName::new(left),
        right: EnvironmentName::new(right),
        texts: texts
            .iter()
            .map(|(path, left, right)| DifferingText {
                document: "deploy".into(),
                path: (*path).into(),
                left: (*left).into(),
                right: (*right).into(),
            })
            .collect(),
        said: (
            said(texts.iter().map(|(_, left, _)| *left)),
            said(texts.iter().map(|(.., right)| *right)),
        ),
    }
}

fn said<'t>(texts: impl Iterator<Item = &'t str>) -> Said {
    let mut said = Said::default();
    texts.for_each(|text| said.add_text(text));
    said
}

fn proposed(texts: &[(&str, &str, &str)]) -> Vec<ProposedIdentity> {
    propose(&[pair("staging", "production", texts)])
}

fn values(found: &[ProposedIdentity]) -> Vec<(IdentityKind, &str, &str)> {
    found
        .iter()
        .map(|one| {
            let of = |name| one.values[&EnvironmentName::new(name)].as_str();
            (one.kind, of("staging"), of("production"))
        })
        .collect()
}

#[test]
fn one_prefix_explains_many_names() {
    let found = proposed(&[
        (
            "hosts[0]",
            "fizz-staging-app-101.dc-int.example.com",
            "fizz-app-101.dc-int.example.com",
        ),
        (
            "hosts[1]",
            "fizz-staging-jobs-1.dc-int.example.com",
            "fizz-jobs-1.dc-int.example.com",
        ),
        (
            "env.DATABASE",
            "fizz-staging-mysql-primary",
            "fizz-mysql-primary",
        ),
        (
            "mount",
            "type=volume,device=:/fizz-staging-certificates",
            "type=volume,device=:/fizz-certificates",
        ),
        ("retain", "1", "2"),
    ]);
    assert_eq!(
        values(&found),
        [(IdentityKind::NamePrefix, "fizz-staging", "fizz")]
    );
    assert_eq!(
        (found[0].places, found[0].name.as_str()),
        (4, "name_prefix")
    );
    assert_eq!(found[0].examples.len(), 3);
}

#[test]
fn a_domain_explains_all_hosts_below_it() {
    let found = proposed(&[
        (
            "url",
            "https://api.staging.example.org/v1",
            "https://api.example.org/v1",
        ),
        ("domain", "staging.example.org", "example.org"),
        ("mail", "admin@staging.example.org", "admin@example.org"),
    ]);
    assert_eq!(
        values(&found),
        [(IdentityKind::Domain, "staging.example.org", "example.org")]
    );
}

#[test]
fn accounts_and_short_words_need_one_place() {
    let found = proposed(&[
        (
            "role",
            "arn:aws:iam::111122223333:role/x",
            "arn:aws:iam::444455556666:role/x",
        ),
        ("cluster", "main-stg-eu", "main-prod-eu"),
        ("clusters", "main-stg-us", "main-prod-us"),
        ("NAME", "MAIN_STG", "MAIN_PROD"),
        ("RAILS_ENV", "staging", "production"),
        ("LABEL", "STAGING-x", "PRODUCTION-x"),
    ]);
    assert_eq!(
        values(&found),
        [
            (IdentityKind::Account, "111122223333", "444455556666"),
            (IdentityKind::EnvironmentShort, "stg", "prod"),
        ]
    );
}

#[test]
fn settings_that_differ_everywhere_are_not_identities() {
    let found = proposed(&[
        ("a.log_level", "debug", "info"),
        ("b.log_level", "debug", "info"),
        ("c.log_level", "debug", "info"),
        ("a.size", "t3.small", "m5.xlarge"),
        ("b.size", "t3.small", "m5.xlarge"),
        ("c.size", "t3.small", "m5.xlarge"),
        (
            "a.image",
            "registry.example.com/app:1.2.3",
            "registry.example.com/app:1.2.2",
        ),
        ("b.image", "app:staging", "app:stable"),
        ("version", ">=1.0.0-alpha", ">=1.0.0"),
        ("memory", "512Mi", "1Gi"),
        ("region", "eu-west-3", "us-east-1"),
        ("contact", "maria@example.org", "core-devs@example.org"),
        ("mail_domain", "smtp.example.net", "shop.test"),
    ]);
    assert_eq!(values(&found), []);
}

#[test]
fn the_other_environments_name_is_never_proposed() {
    let found = proposed(&[
        ("db", "acme-production-db", "acme-db"),
        (
            "url",
            "https://production.example.org",
            "https://example.org",
        ),
    ]);
    assert_eq!(values(&found), []);
}

#[test]
fn secrets_are_skipped() {
    let found = proposed(&[
        ("db.password", "staging-hunter", "prod-hunter"),
        ("API_KEY", "stg-1", "prod-1"),
        (
            "url",
            "postgres://u:staging-hunter@db/x",
            "postgres://u:prod-hunter@db/x",
        ),
    ]);
    assert_eq!(values(&found), []);
}

#[test]
fn a_list_in_another_order_is_not_an_identity() {
    let found = proposed(&[
        ("hosts[0]", "a.one.example.com", "a.two.example.com"),
        ("hosts[1]", "b.two.example.com", "b.one.example.com"),
    ]);
    assert_eq!(values(&found), []);
}

#[test]
fn only_the_label_of_a_cloud_domain_is_an_identity() {
    let found = proposed(&[
        (
            "url",
            "acme-staging.s3.amazonaws.com",
            "acme_production.s3.amazonaws.com",
        ),
        ("bucket", "acme-staging", "acme_production"),
    ]);
    assert_eq!(
        values(&found),
        [(IdentityKind::NamePrefix, "acme-staging", "acme_production")]
    );
}

#[test]
fn an_unknown_name_needs_several_contexts() {
    let one = [("bucket", "files-blau-x", "files-gruen-x")];
    assert_eq!(values(&proposed(&one)), []);
    let found = proposed(&[
        ("bucket", "files-blau-x", "files-gruen-x"),
        ("queue", "jobs/blau", "jobs/gruen"),
        ("topic", "events_blau_v1", "events_gruen_v1"),
    ]);
    assert_eq!(values(&found), [(IdentityKind::Name, "blau", "gruen")]);
}

#[test]
fn a_region_beside_a_name_stays_a_difference() {
    let found = proposed(&[
        (
            "url",
            "shop-acme-staging.s3.eu-west-3.amazonaws.com",
            "acme-prod.s3.us-east-1.amazonaws.com",
        ),
        ("bucket", "shop-acme-staging", "acme-prod"),
    ]);
    for one in &found {
        for value in one.values.values() {
            assert!(
                !value.contains("west") && !value.contains("east"),
                "{value}"
            );
        }
    }
    assert!(!found.is_empty());
}

#[test]
fn several_pairs_make_one_identity() {
    let texts = |name: &str| -> Vec<(String, String, String)> {
        vec![
            ("a".into(), format!("fizz-{name}-db"), "fizz-db".into()),
            ("b".into(), format!("fizz-{name}-web"), "fizz-web".into()),
        ]
    };
    let of = |name: &str| {
        let texts = texts(name);
        let texts: Vec<(&str, &str, &str)> = texts
            .iter()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str()))
            .collect();
        pair(name, "production", &texts)
    };
    let found = propose(&[of("staging"), of("beta")]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].values.len(), 3);
    // An environment without a place of it gets the value derived from another's by name.
    let found = propose(&[of("staging"), pair("beta", "production", &[])]);
    assert_eq!(found[0].values[&EnvironmentName::new("beta")], "fizz-beta");
}

#[test]
fn names_are_unique_identifiers_and_independent_of_order() {
    let mut texts = vec![
        ("a", "staging.one.org", "one.org"),
        ("b", "staging.two.org", "two.org"),
        ("c", "staging.two.com", "two.com"),
        ("d", "x-stg-y", "x-prod-y"),
    ];
    let found = proposed(&texts);
    let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "domain_one_org",
            "domain_two_com",
            "domain_two_org",
            "environment_short"
        ]
    );
    texts.reverse();
    assert_eq!(proposed(&texts), found);
}

#[test]
fn an_identity_that_makes_nothing_equal_is_not_proposed() {
    let found = proposed(&[(
        "image",
        "registry.example/acme-staging/web_new:1",
        "registry.example/acme/web:1",
    )]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn two_things_at_one_place_are_not_an_identity() {
    let found = proposed(&[
        (
            "patch",
            "value: shop.beta.example.com",
            "value: issuer-production",
        ),
        ("namespace", "shop-staging", "shop"),
        ("release", "shop-staging-web", "shop-web"),
    ]);
    assert_eq!(
        values(&found),
        [(IdentityKind::NamePrefix, "shop-staging", "shop")]
    );
}

#[test]
fn configuration_within_configuration_is_read_line_by_line() {
    let text = |host: &str, pool: u8| format!("a: 1\nhost: db.{host}\nname: x\npool: {pool}\n");
    let found = proposed(&[(
        "data",
        &text("staging.example.com", 1),
        &text("example.com", 2),
    )]);
    assert_eq!(
        values(&found),
        [(IdentityKind::Domain, "staging.example.com", "example.com")]
    );
}

#[test]
fn another_word_for_staging_is_found_and_a_mailbox_is_not_a_domain() {
    let found = proposed(&[
        ("bucket", "acme-files-uat", "acme-files-prod"),
        ("from", "uat.help@acme.example", "prod.help@acme.example"),
        ("label", "UAT", "PROD"),
    ]);
    assert_eq!(
        values(&found),
        [(IdentityKind::EnvironmentShort, "uat", "prod")]
    );
    assert!(proposed(&[("label", "uat", "prod")]).is_empty());
}

#[test]
fn an_explained_part_is_not_proposed_again() {
    let found = proposed(&[
        ("domain", "staging.notes.example.net", "notes.example.org"),
        (
            "other",
            "staging.alpha.notes.example.net",
            "alpha.notes.example.org",
        ),
    ]);
    assert!(
        found.iter().all(|one| one.places > 0) && found.len() <= 2,
        "{found:?}"
    );
}

#[test]
fn a_part_of_a_single_name_is_not_an_identity() {
    let found = proposed(&[
        ("web.container_name", "acme-web", "acme-web-production"),
        ("db.container_name", "acme-db", "acme-db-production"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

mod laws {
    //! Properties of arbitrary texts.

    use proptest::prelude::*;

    use super::super::{DifferingText, PairOfTexts, ProposedIdentity, propose};
    use crate::{Identities, Identity, Said, Which};
    use evenkeel_model::EnvironmentName;

    /// Texts with common parts, and values of either environment in both.
    fn text() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "staging",
            "production",
            "stg",
            "prod",
            "qa",
            "s",
            "p",
            "acme",
            "shop",
            "api",
            "example.org",
            "example.net",
            "111111111111",
            "222222222222",
            "10.1.4.7",
            "10.2.4.7",
            "10.1.0.0/16",
            "10.2.0.0/16",
            "7",
            "x",
        ]);
        let join = prop::sample::select(vec!["-", ".", "/", ":", "_", "@", " "]);
        prop::collection::vec((part, join), 1..4).prop_map(|parts| {
            let mut text = String::new();
            for (number, (part, join)) in parts.iter().enumerate() {
                if number > 0 {
                    text.push_str(join);
                }
                text.push_str(part);
            }
            text
        })
    }

    /// A text of each environment, mostly derived from each other.
    fn pair_of_texts() -> impl Strategy<Value = (String, String)> {
        let exchanged = text().prop_map(|text| {
            let other = [
                ("staging", "production"),
                ("stg", "prod"),
                ("example.net", "example.org"),
                ("111111111111", "222222222222"),
                ("10.1.", "10.2."),
            ]
            .iter()
            .fold(text.clone(), |text, (one, two)| text.replace(one, two));
            (text, other)
        });
        prop_oneof![3 => exchanged, 1 => (text(), text())]
    }

    fn pair(left: &str, right: &str, texts: &[(String, String)]) -> PairOfTexts {
        let mut said = (Said::default(), Said::default());
        for (one, two) in texts {
            said.0.add_text(one);
            said.1.add_text(two);
        }
        PairOfTexts {
            left: EnvironmentName::new(left),
            right: EnvironmentName::new(right),
            texts: texts
                .iter()
                .enumerate()
                .filter(|(_, (one, two))| one != two)
                .map(|(number, (one, two))| DifferingText {
                    document: "d".into(),
                    path: format!("k{number}"),
                    left: one.clone(),
                    right: two.clone(),
                })
                .collect(),
            said,
        }
    }

    fn identities(found: &[ProposedIdentity]) -> Identities {
        let one = |name: &str, left: &str, right: &str| Identity {
            name: name.into(),
            left: left.into(),
            right: right.into(),
        };
        let value = |identity: &ProposedIdentity, name: &str| {
            identity.values[&EnvironmentName::new(name)].clone()
        };
        Identities::new(
            std::iter::once(one("environment", "staging", "production")).chain(found.iter().map(
                |found| {
                    one(
                        &found.name,
                        &value(found, "staging"),
                        &value(found, "production"),
                    )
                },
            )),
        )
    }

    proptest! {
        #[test]
        fn the_order_of_environments_changes_nothing(
            texts in prop::collection::vec(pair_of_texts(), 1..12),
        ) {
            let found = propose(&[pair("staging", "production", &texts)]);
            let swapped: Vec<(String, String)> =
                texts.iter().map(|(one, two)| (two.clone(), one.clone())).collect();
            let mirrored = propose(&[pair("production", "staging", &swapped)]);
            let seen = |found: &[ProposedIdentity]| -> Vec<_> {
                found
                    .iter()
                    .map(|one| (one.name.clone(), one.kind, one.values.clone(), one.places))
                    .collect()
            };
            prop_assert_eq!(seen(&found), seen(&mirrored));
        }

        #[test]
        fn every_proposal_makes_some_text_equal_and_none_of_the_equal_ones_differ(
            texts in prop::collection::vec(pair_of_texts(), 1..12),
            unrelated in prop::collection::vec(text(), 0..6),
        ) {
            let mut all = texts.clone();
            all.extend(unrelated.iter().map(|text| (text.clone(), text.clone())));
            let found = propose(&[pair("staging", "production", &all)]);
            let (with, without) = (identities(&found), identities(&[]));
            for (one, two) in &texts {
                let equal_before = one == two || without.agree(one, two);
                prop_assert!(!equal_before || one == two || with.agree(one, two));
            }
            for number in 0..found.len() {
                let mut others = found.clone();
                others.remove(number);
                let others = identities(&others);
                let is_needed = texts
                    .iter()
                    .any(|(one, two)| with.agree(one, two) && !others.agree(one, two));
                prop_assert!(is_needed, "{:?}", found[number]);
            }
        }

        #[test]
        fn a_text_that_agrees_is_the_same_from_the_other_side(
            (one, two) in pair_of_texts(),
        ) {
            let here = identities(&[]);
            let there = Identities::new([Identity {
                name: "environment".into(),
                left: "production".into(),
                right: "staging".into(),
            }]);
            prop_assert_eq!(here.agree(&one, &two), there.agree(&two, &one));
            let other = |which: Which| which.other();
            prop_assert_eq!(
                here.marked_on_one_side(&one, &two),
                there.marked_on_one_side(&two, &one).map(other)
            );
        }
    }
}

#[test]
fn a_network_of_ipv6_is_one_identity() {
    let found = proposed(&[
        ("vpc", "2001:db8:a1::/48", "2001:db8:b2::/48"),
        ("public", "2001:db8:a1:1::/64", "2001:db8:b2:1::/64"),
        (
            "dns",
            "http://[2001:db8:a1::53]:53",
            "http://[2001:db8:b2::53]:53",
        ),
    ]);
    assert_eq!(
        values(&found),
        [(
            IdentityKind::Network,
            "2001:db8:a1::/48",
            "2001:db8:b2::/48"
        )]
    );
    // Hosts that do not correspond.
    let found = proposed(&[
        ("a", "2001:db8:a1::1", "2001:db8:b2::2"),
        ("b", "2001:db8:a1::3", "2001:db8:b2::4"),
    ]);
    assert!(values(&found).is_empty());
}
