//! Files of approvers: people, validity, and every error with its place.

use std::sync::Arc;

use evenkeel_model::Moment;
use evenkeel_model::source::SourceFile;
use proptest::prelude::*;

use super::{Approvers, Refusal};
use crate::signature::Hash;
use crate::testing::{Algorithm, Key, statement};
use crate::{NAMESPACE, Statement};

fn file(text: &str) -> Arc<SourceFile> {
    SourceFile::new("environments/approvers", text)
}

fn read(text: &str) -> Approvers {
    Approvers::read(&file(text)).unwrap_or_else(|defects| panic!("{:?}", defects[0].message))
}

/// Returns the defects of a file: `line:column code message`.
fn defects(text: &str) -> Vec<String> {
    let defects = Approvers::read(&file(text)).unwrap_err();
    defects
        .iter()
        .map(|defect| {
            let place = defect.labels[0].span.location();
            let message = &defect.labels[0].text;
            format!(
                "{}:{} {} {message}",
                place.line, place.column, defect.code.name
            )
        })
        .collect()
}

fn key(seed: u8) -> Key {
    Key::new(Algorithm::Ed25519, seed)
}

fn line(seed: u8) -> String {
    key(seed).public().line()
}

#[test]
fn principals_are_people_aliases_and_roles() {
    let approvers = read(&format!(
        "# Who may approve\n\n  ada@example.com,ada@old.example,role:release-manager namespaces=\"release@evenkeel.dev\" {} laptop\n\
         \"Grace Hopper,grace@example.com\" {}\r\n\
         ada@example.com {}\n",
        line(1),
        line(2),
        line(3)
    ));
    let names: Vec<&str> = approvers
        .people()
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(names, ["ada@example.com", "Grace Hopper"]);
    assert_eq!(
        approvers.person("ADA@old.example").unwrap().name,
        "ada@example.com"
    );
    assert_eq!(approvers.person("role:release-manager"), None);
    let now = statement().at;
    let signer = approvers.signer(&key(1).public(), now).unwrap();
    assert_eq!(signer.person.name, "ada@example.com");
    assert!(signer.roles.contains("release-manager"));
    // A role belongs to the keys of its lines.
    let signer = approvers.signer(&key(3).public(), now).unwrap();
    assert_eq!(signer.person.name, "ada@example.com");
    assert!(signer.roles.is_empty());
}

#[test]
fn lines_that_share_a_name_are_one_person() {
    let approvers = read(&format!(
        "ada {}\nbea,b@example.com {}\ncarl {}\nada,B@EXAMPLE.com {}\n",
        line(1),
        line(2),
        line(3),
        line(4)
    ));
    assert_eq!(approvers.people().len(), 2);
    for seed in [1, 2, 4] {
        assert_eq!(approvers.owner(&key(seed).public()).unwrap().name, "ada");
    }
    assert_eq!(approvers.owner(&key(3).public()).unwrap().name, "carl");
}

#[test]
fn every_error_is_reported_at_its_place() {
    let text = format!(
        "*@example.com {one}\n\
         ada cert-authority {one}\n\
         ada colour=\"red\",namespaces=git {one}\n\
         ada valid-after=\"2026-01-01\",valid-before=\"20260101Z\" {one}\n\
         ada valid-after=\"20270101Z\",valid-before=\"20260101Z\" {one}\n\
         role:boss {one}\n\
         ada\n\
         ada ssh-ed25519 AAAA\n\
         ada ssh-dss {other}\n\
         ada,,bea {one}\n\
         \"ada {one}\n\
         ada namespaces=\"a\",namespaces=\"b\" {one}\n\
         a\u{202e}da {one}\n\
         bea {two}\n\
         carl {two}\n",
        one = line(1),
        two = line(2),
        other = line(1).split_once(' ').unwrap().1,
    );
    assert_eq!(
        defects(&text),
        [
            "1:1 approvers/person a pattern cannot name a person: list each person",
            "2:5 approvers/key certificate authorities are not supported: list each person's key",
            "3:5 approvers/malformed unknown option `colour`: expected namespaces, valid-after or valid-before",
            "3:18 approvers/malformed `namespaces` needs a value in quotes: namespaces=\"…\"",
            "4:5 approvers/malformed `valid-after`: expected a date: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with an optional Z",
            "5:5 approvers/malformed `valid-before` is not later than `valid-after`",
            "6:1 approvers/person the first principal is a role, expected the person",
            "7:1 approvers/malformed expected principals, options and a public key",
            "8:5 approvers/key expected the base64 of a public key",
            "9:5 approvers/key the key is of type ssh-ed25519",
            "10:5 approvers/person an empty principal, or one with blanks around it",
            "11:1 approvers/person a quote is not closed, or is within the list of principals",
            "11:1 approvers/malformed expected principals, options and a public key",
            "12:20 approvers/malformed `namespaces` is given twice",
            "13:2 approvers/malformed a control or invisible character",
            &format!(
                "15:6 approvers/person the key {} of bea is also listed for carl",
                key(2).public().fingerprint()
            ),
        ]
    );
}

#[test]
fn a_key_counts_within_its_validity_and_for_its_namespaces() {
    let text = statement().text().unwrap();
    let signature = key(1).sign(text.as_bytes(), NAMESPACE, Hash::Sha512);
    let at = statement().at;
    let judge = |options: &str| {
        read(&format!("ada@example.com {options} {}", line(1)))
            .verify(text.as_bytes(), &signature, at)
            .map(|_| ())
    };
    assert_eq!(at.to_string(), "2026-11-29T08:00:00Z");
    for good in [
        "",
        "namespaces=\"release@evenkeel.dev\"",
        "namespaces=\"git,release@*\"",
        "namespaces=\"*,!git\"",
        "NAMESPACES=\"rel???e@evenkeel.dev\"",
        "valid-after=\"20261129080000Z\"",
        "valid-before=\"20261129080000\"",
        "valid-after=\"20261128\",valid-before=\"20261130\"",
    ] {
        assert!(judge(good).is_ok(), "{good}");
    }
    for other in [
        "git",
        "release@evenkeel.de",
        "*,!release@*",
        "!git",
        "release",
    ] {
        let refusal = judge(&format!("namespaces=\"{other}\""));
        assert!(matches!(refusal, Err(Refusal::Namespace { .. })), "{other}");
    }
    let refusal = judge("valid-after=\"20261129080001Z\"");
    assert!(matches!(refusal, Err(Refusal::Early { .. })));
    let refusal = judge("valid-before=\"20261129075959Z\"");
    assert!(matches!(refusal, Err(Refusal::Expired { .. })));
}

#[test]
fn a_statement_counts_for_the_person_of_its_key() {
    let approvers = read(&format!(
        "ada@example.com {}\nbea@example.com {}",
        line(1),
        line(2)
    ));
    let text = statement().text().unwrap();
    let verify = |text: &str, seed: u8| {
        let signature = key(seed).sign(text.as_bytes(), NAMESPACE, Hash::Sha512);
        approvers.verify(text.as_bytes(), &signature, statement().at)
    };
    let (signer, read) = verify(&text, 1).unwrap();
    assert_eq!(signer.person.name, "ada@example.com");
    assert_eq!(read, statement());
    assert!(matches!(verify(&text, 2), Err(Refusal::OtherPerson { .. })));
    assert!(matches!(verify(&text, 3), Err(Refusal::Unlisted { .. })));
    // A valid signature of something else.
    assert!(matches!(verify("{}", 1), Err(Refusal::Statement(_))));
    let spaced = text.replacen('{', "{ ", 1);
    assert!(matches!(verify(&spaced, 1), Err(Refusal::Statement(_))));
    let other = Statement {
        by: "zoe@example.com".into(),
        ..statement()
    };
    let refusal = verify(&other.text().unwrap(), 1);
    assert!(matches!(refusal, Err(Refusal::OtherPerson { .. })));
}

#[test]
fn a_key_that_is_listed_twice_counts_if_one_of_its_lines_is_valid() {
    let approvers = read(&format!(
        "ada@example.com valid-before=\"20250101Z\" {}\nada@example.com valid-after=\"20260101Z\" {}",
        line(1),
        line(1)
    ));
    let at = |text: &str| Moment::new(text.parse().unwrap());
    for (time, is_valid) in [
        ("2024-06-01T00:00:00Z", true),
        ("2025-06-01T00:00:00Z", false),
        ("2026-06-01T00:00:00Z", true),
    ] {
        assert_eq!(
            approvers.signer(&key(1).public(), at(time)).is_ok(),
            is_valid,
            "{time}"
        );
    }
}

#[test]
fn additions_are_weaker_and_removals_are_not() {
    let weaker = |before: &str, now: &str| read(now).weaker_than(&read(before));
    let (one, two) = (line(1), line(2));
    let print = |seed: u8| key(seed).public().fingerprint();
    let before = format!(
        "ada,a@x namespaces=\"*\",valid-before=\"20270101\" {one}\nada {two}\nbea {}\n",
        line(3)
    );
    assert!(weaker(&before, &before).is_empty());
    assert!(
        weaker(
            &before,
            &format!("ada,a@x valid-before=\"20261201\" {one}\n")
        )
        .is_empty()
    );
    assert!(weaker(&before, "").is_empty());
    assert_eq!(
        weaker(&before, &format!("{before}carl {}", line(4))),
        [format!("`approvers` adds the key {} of carl", print(4))]
    );
    assert_eq!(
        weaker(&before, &before.replace("20270101", "20280101")),
        [format!(
            "`approvers` permits more to the key {} of ada",
            print(1)
        )]
    );
    assert_eq!(
        weaker(&before, &before.replace("bea", "bea,role:boss")),
        [format!(
            "`approvers` permits more to the key {} of bea",
            print(3)
        )]
    );
    // One person became two, under their old name and under two new ones.
    assert_eq!(
        weaker(&before, &before.replace("ada ssh", "zoe ssh")),
        ["`approvers` has ada and zoe instead of ada"]
    );
    let renamed = before
        .replace("ada,a@x", "xena,ada,a@x")
        .replace("ada ssh", "zoe ssh");
    assert_eq!(
        weaker(&before, &renamed),
        ["`approvers` has xena and zoe instead of ada"]
    );
    // Under the lost name the person is not recognized as the author.
    assert_eq!(
        weaker(&before, &before.replace(",a@x", "")),
        ["`approvers` lacks the name a@x of ada"]
    );
    // Two people who became one are fewer.
    assert!(weaker(&before, &before.replace("bea", "bea,ada")).is_empty());
}

proptest! {
    #[test]
    fn no_text_ends_in_a_panic(text in "([a-z*!,\"=# \t\n]|role:|ssh-ed25519|valid-after=|namespaces=|AAAA|é){0,60}") {
        let _ = Approvers::read(&file(&text));
    }

    /// `*` and `?` as a regular expression would read them.
    #[test]
    fn patterns_match_like_their_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        fn slow(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern, text) {
                ([], []) => true,
                ([b'*', rest @ ..], _) => {
                    slow(rest, text) || !text.is_empty() && slow(pattern, &text[1..])
                }
                ([b'?', rest @ ..], [_, more @ ..]) => slow(rest, more),
                ([one, rest @ ..], [other, more @ ..]) if one == other => slow(rest, more),
                _ => false,
            }
        }
        prop_assert_eq!(super::matches(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
    }
}
