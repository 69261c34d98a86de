//! Tests of the comparison with facts in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Coming, FactsOfSurvey, HostFacts, SurveyFindings, codes, judge};
use crate::environment::{Definition, Files, read};
use evenkeel_host::facts::{Fact, GroupOfFacts};
use evenkeel_model::defect::Corner;
use evenkeel_model::{EnvironmentName, Moment};

const NOW: &str = "2026-11-29T12:00:00Z";

fn now() -> Moment {
    Moment::new(NOW.parse().unwrap())
}

struct InMemory(BTreeMap<String, String>);

impl Files for InMemory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.as_bytes().to_vec()))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        Ok(self.0.keys().cloned().collect())
    }

    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Reads definitions with a survey, rules for it, and declared differences.
fn definition(rules: &str, differences: &str) -> Definition {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let system = format!(
        "[system]\nname = \"shop\"\npath = [\"staging\", \"production\"]\n[parameter.host]\nvaries = \"identity\"\n\
         [target.web]\n[survey.web]\non = \"web\"\n{rules}\n"
    );
    files.insert("system.toml".into(), system);
    for name in ["staging", "production"] {
        let text = format!(
            "[environment]\nname = \"{name}\"\n[values]\nhost = \"{name}-db\"\n[target.web]\nlocal = true\n"
        );
        files.insert(format!("{name}.toml"), text);
    }
    files.insert("differences.toml".into(), differences.into());
    let (definition, complaints) = read(&InMemory(files));
    let messages: Vec<_> = complaints.iter().map(|defect| &defect.message).collect();
    assert!(messages.is_empty(), "{messages:?}");
    definition.unwrap()
}

fn host(facts: &[(&str, &str)]) -> Vec<GroupOfFacts> {
    let mut groups: BTreeMap<&str, Vec<Fact>> = BTreeMap::new();
    for (path, value) in facts {
        let mut steps = path.split('|');
        groups.entry(steps.next().unwrap()).or_default().push(Fact {
            path: steps.map(str::to_owned).collect(),
            value: (*value).to_owned(),
        });
    }
    let group = |(name, facts): (&str, Vec<Fact>)| GroupOfFacts {
        name: name.to_owned(),
        facts,
        unread: Vec::new(),
    };
    groups.into_iter().map(group).collect()
}

fn environment(hosts: &[(&str, Vec<GroupOfFacts>)]) -> HostFacts {
    let hosts = hosts.iter().cloned();
    hosts
        .map(|(name, groups)| (name.to_owned(), Ok(groups)))
        .collect()
}

fn judged(definition: &Definition, staging: HostFacts, production: HostFacts) -> SurveyFindings {
    let facts = FactsOfSurvey::from([
        (EnvironmentName::new("staging"), staging),
        (EnvironmentName::new("production"), production),
    ]);
    judge(
        definition,
        &BTreeMap::from([(Arc::from("web"), facts)]),
        &BTreeMap::new(),
        now(),
    )
}

fn words(found: &SurveyFindings) -> Vec<String> {
    let words = |defect: &evenkeel_model::defect::Defect| {
        let declared = if defect.declared.is_some() {
            " (declared)"
        } else {
            ""
        };
        format!("{} {}{declared}", defect.code.name, defect.message)
    };
    found.defects.iter().map(words).collect()
}

fn pair(
    rules: &str,
    differences: &str,
    left: &[(&str, &str)],
    right: &[(&str, &str)],
) -> Vec<String> {
    let definition = definition(rules, differences);
    let found = judged(
        &definition,
        environment(&[("staging-1", host(left))]),
        environment(&[("production-1", host(right))]),
    );
    words(&found)
}

const DECLARED: &str = "[[difference]]\nat = \"survey.web.packages.openssl\"\nstaging = \"3.0.19\"\n\
    production = \"3.0.18\"\nreason = \"rollout\"\nowner = \"platform\"\nexpires = 2027-06-30\n";

#[test]
fn a_package_with_two_versions_is_a_finding_until_it_is_declared() {
    let (left, right) = (
        [("packages|openssl", "3.0.19"), ("packages|passwd", "4.13")],
        [("packages|openssl", "3.0.18"), ("packages|passwd", "4.13")],
    );
    assert_eq!(
        pair("", "", &left, &right),
        ["survey/fact-differs packages.openssl is `3.0.19` in staging, `3.0.18` in production"]
    );
    let declared = pair("", DECLARED, &left, &right);
    assert!(
        matches!(declared.as_slice(), [one] if one.ends_with("(declared)")),
        "{declared:?}"
    );
    assert!(pair("except = [\"packages.open*\"]", "", &left, &right).is_empty());
}

#[test]
fn a_declared_difference_must_be_true_and_exist() {
    let equal = [("packages|openssl", "3.0.19")];
    let found = pair("", DECLARED, &equal, &equal);
    assert!(
        matches!(found.as_slice(), [one] if one.contains("does not differ any more")),
        "{found:?}"
    );
    let other = [("packages|bash", "5")];
    let found = pair("", DECLARED, &other, &other);
    assert!(
        matches!(found.as_slice(), [one] if one.contains("does not exist")),
        "{found:?}"
    );
}

#[test]
fn identity_values_and_smaller_sizes_are_in_parity() {
    let left = [
        ("limits|a", "staging-db"),
        ("machine|memory", "4Gi"),
        ("machine|processors", "2"),
    ];
    let right = [
        ("limits|a", "production-db"),
        ("machine|memory", "16Gi"),
        ("machine|processors", "8"),
    ];
    assert!(pair("", "", &left, &right).is_empty());
    let found = pair(
        "",
        "",
        &[("machine|memory", "16Gi")],
        &[("machine|memory", "3840Mi")],
    );
    assert!(
        matches!(found.as_slice(), [one] if one.starts_with("survey/size-differs")),
        "{found:?}"
    );
    let found = pair(
        "",
        "",
        &[("machine|processors", "1")],
        &[("machine|processors", "4")],
    );
    assert!(
        matches!(found.as_slice(), [one] if one.starts_with("survey/size-differs")),
        "{found:?}"
    );
}

#[test]
fn a_thousand_packages_are_one_finding() {
    let names: Vec<String> = (0..1_000)
        .map(|number| format!("packages|p{number:04}"))
        .collect();
    let left: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let right: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "2")).collect();
    let found = pair("", "", &left, &right);
    let [one] = found.as_slice() else {
        panic!("{} findings", found.len());
    };
    assert!(
        one.contains("1000 findings of survey.web.packages: packages.p0000 is `1`"),
        "{one}"
    );
    assert!(one.ends_with("and 995 more") && one.len() < 1_000, "{one}");
}

#[test]
fn many_deviations_of_one_host_name_it_once() {
    let names: Vec<String> = (0..11)
        .map(|number| format!("packages|p{number}"))
        .collect();
    let with = |version| {
        let facts: Vec<_> = names.iter().map(|name| (name.as_str(), version)).collect();
        host(&facts)
    };
    let found = judged(
        &definition("", ""),
        environment(&[("web-0", with("2"))]),
        environment(&[
            ("web-1", with("2")),
            ("web-2", with("2")),
            ("web-3", with("1")),
        ]),
    );
    assert_eq!(
        words(&found),
        [
            "survey/host-differs 11 findings of survey.web@web-3.packages: web-3 (production) differs from its siblings: packages.p0 is `1`; \
             2 other hosts have `2`; packages.p1 is `1`; 2 other hosts have `2`; packages.p10 is `1`; 2 other hosts have `2`; \
             packages.p2 is `1`; 2 other hosts have `2`; packages.p3 is `1`; 2 other hosts have `2`; and 6 more"
        ]
    );
}

#[test]
fn a_host_that_differs_from_its_siblings_is_named() {
    let definition = definition("", "");
    let with = |version| host(&[("packages|openssl", version), ("packages|bash", "5")]);
    let staging = environment(&[("web-0", with("2"))]);
    let production = environment(&[
        ("web-1", with("2")),
        ("web-2", with("2")),
        ("web-3", with("1")),
    ]);
    let found = judged(&definition, staging, production);
    assert_eq!(
        words(&found),
        [
            "survey/host-differs web-3 (production) differs from its siblings: packages.openssl is `1`; 2 other hosts have `2`"
        ]
    );
    assert_eq!(found.hosts, 4);
    // Without a majority, neither is right.
    let staging = environment(&[("web-0", with("2"))]);
    let found = judged(
        &definition,
        staging,
        environment(&[("web-1", with("2")), ("web-3", with("1"))]),
    );
    assert_eq!(
        words(&found),
        [
            "survey/host-differs web-3 and web-1 (production) differ: packages.openssl is `1` on web-3, `2` on web-1"
        ]
    );
}

#[test]
fn hosts_that_differ_among_themselves_do_not_differ_from_an_environment_that_one_of_them_equals() {
    let definition = definition("", "");
    let hosts = |facts: &[&[(&str, &str)]]| {
        let named = facts.iter().enumerate();
        let named: Vec<_> = named
            .map(|(number, facts)| (format!("web-{}", number + 1), host(facts)))
            .collect();
        let named: Vec<_> = named
            .iter()
            .map(|(name, facts)| (name.as_str(), facts.clone()))
            .collect();
        environment(&named)
    };
    let old: &[(&str, &str)] = &[("os|id", "debian"), ("os|version", "12")];
    let new: &[(&str, &str)] = &[
        ("os|id", "debian"),
        ("os|version", "13"),
        ("limits|* core", "0"),
    ];
    let names = |staging: &[&[(&str, &str)]], production: &[&[(&str, &str)]]| -> Vec<String> {
        words(&judged(&definition, hosts(staging), hosts(production)))
    };
    let siblings = [
        "survey/host-differs web-2 and web-1 (production) differ: limits.\"* core\" is `0` on web-2, nothing on web-1",
        "survey/host-differs web-2 and web-1 (production) differ: os.version is `13` on web-2, `12` on web-1",
    ];
    assert_eq!(names(&[old], &[old, new]), siblings);
    // It equals the other one.
    assert_eq!(names(&[new], &[old, new]), siblings);
    // Most hosts decide, if there are most.
    let found = names(&[new], &[old, old, new]);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found
            .iter()
            .any(|words| words.ends_with("os.version is `13` in staging, `12` in production")),
        "{found:?}"
    );
    // No host equals it.
    let other: &[(&str, &str)] = &[("os|id", "debian"), ("os|version", "11")];
    let found = names(&[other], &[old, new]);
    assert!(
        found
            .iter()
            .any(|words| words.ends_with("os.version is `11` in staging, `12` in production")),
        "{found:?}"
    );
}

#[test]
fn what_was_not_read_is_never_equal_and_never_missing() {
    let definition = definition("", "");
    let mut partly = host(&[("sysctl|vm.swappiness", "60")]);
    partly[0].unread = vec!["permission denied".to_owned()];
    let whole = host(&[
        ("sysctl|vm.swappiness", "60"),
        ("sysctl|kernel.pid_max", "1"),
    ]);
    let found = judged(
        &definition,
        environment(&[("staging-1", whole.clone())]),
        environment(&[("production-1", partly)]),
    );
    assert!(found.unread);
    assert_eq!(
        words(&found),
        [
            "survey/cannot-tell facts `sysctl` of production-1 (production) cannot be read: permission denied"
        ]
    );
    let dead = HostFacts::from([("production-1".to_owned(), Err("connection lost".to_owned()))]);
    let found = judged(&definition, environment(&[("staging-1", whole)]), dead);
    assert!(
        found.unread
            && found
                .defects
                .iter()
                .all(|defect| defect.code == &codes::CANNOT_TELL)
    );
}

#[test]
fn a_certificate_near_its_expiry_is_a_finding() {
    let facts = [
        (
            "certificates|/etc/ssl/a.pem|expires",
            "2026-12-20T00:00:00Z",
        ),
        (
            "certificates|/etc/ssl/b.pem|expires",
            "2027-12-20T00:00:00Z",
        ),
        (
            "certificates|/etc/ssl/c.pem|expires",
            "2025-12-20T00:00:00Z",
        ),
    ];
    let found = pair("", "", &facts, &facts);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found[0].contains("`/etc/ssl/a.pem` of production-1 (production) expires on 2026-12-20"),
        "{found:?}"
    );
    assert!(
        found[1].contains("`/etc/ssl/c.pem` of production-1 (production) expired"),
        "{found:?}"
    );
}

#[test]
fn severities_of_findings_can_be_set() {
    let definition = definition(
        "[severity]\n\"survey/fact-differs\" = \"warning\"\n\"survey/certificate-expires\" = \"critical\"",
        "",
    );
    let facts = |version| {
        host(&[
            ("packages|openssl", version),
            ("certificates|/a|expires", "2026-12-01T00:00:00Z"),
        ])
    };
    let found = judged(
        &definition,
        environment(&[("a", facts("1"))]),
        environment(&[("b", facts("2"))]),
    );
    let severities: Vec<&str> = found
        .defects
        .iter()
        .map(|defect| defect.severity.name())
        .collect();
    assert_eq!(severities, ["critical", "critical", "warning"]);
}

fn sentences(before: &[GroupOfFacts], now: &[GroupOfFacts]) -> Vec<String> {
    let changes = super::changes(before, now);
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn changes_of_a_host_are_listed_and_unread_facts_are_left_out() {
    let before = host(&[("packages|a", "1"), ("packages|b", "1"), ("os|id", "x")]);
    let mut now = host(&[
        ("packages|a", "2"),
        ("packages|c", "1"),
        ("users|d|uid", "1"),
    ]);
    assert_eq!(
        sentences(&before, &now),
        [
            "packages.a was `1`, is `2`",
            "packages.b was `1`, is missing",
            "packages.c was missing, is `1`"
        ]
    );
    now[0].unread = vec!["denied".to_owned()];
    assert_eq!(
        sentences(&before, &now),
        [
            "packages.a was `1`, is `2`",
            "packages.c was missing, is `1`"
        ]
    );
}

#[test]
fn the_values_of_a_fact_have_a_first_and_a_last_sighting() {
    let at = |second: i64| evenkeel_model::Moment::from_millisecond(second * 1000);
    let version = |value: &str| host(&[("packages|a", value)]);
    let mut unread = host(&[]);
    unread.push(GroupOfFacts {
        name: "packages".to_owned(),
        facts: Vec::new(),
        unread: vec!["denied".to_owned()],
    });
    let readings = [
        (at(1), version("1")),
        (at(2), version("2")),
        (at(3), unread.clone()),
        (at(4), version("2")),
        (at(5), version("2")),
        (at(6), version("3")),
        (at(7), unread),
        (at(8), version("4")),
        (at(9), version("4")),
    ];
    let changes = super::changes(&version("2"), &version("4"));
    let series: Vec<_> = readings
        .iter()
        .map(|(at, groups)| (*at, super::values(groups, &changes).remove(0)))
        .collect();
    let times = super::times(&changes[0], &series, at(4));
    // The check that did not read it ends nothing; the value 3 is neither.
    assert_eq!((times.before, times.now), ((at(2), at(5)), Some(at(8))));
    let times = super::times(&changes[0], &series[..6], at(5));
    assert_eq!((times.before, times.now), ((at(2), at(5)), None));
}

/// Returns the places that count, and those that pending changes of production explain.
fn explained(
    coming: Coming,
    left: &[(&str, &str)],
    right: &[&[(&str, &str)]],
) -> (Vec<String>, Vec<String>) {
    let hosts: Vec<_> = right
        .iter()
        .enumerate()
        .map(|(number, facts)| (format!("web-{number}"), host(facts)))
        .collect();
    let hosts: Vec<_> = hosts
        .iter()
        .map(|(name, facts)| (name.as_str(), facts.clone()))
        .collect();
    let facts = FactsOfSurvey::from([
        (
            EnvironmentName::new("staging"),
            environment(&[("staging-1", host(left))]),
        ),
        (EnvironmentName::new("production"), environment(&hosts)),
    ]);
    let found = judge(
        &definition("", ""),
        &BTreeMap::from([(Arc::from("web"), facts)]),
        &BTreeMap::from([(EnvironmentName::new("production"), coming)]),
        now(),
    );
    let places = |is_coming: bool| {
        let defects = found.defects.iter();
        let defects = defects.filter(|defect| defect.corner.is_some() == is_coming);
        let mut places: Vec<String> = defects
            .filter_map(|defect| defect.attribute.clone())
            .collect();
        places.sort();
        places
    };
    (places(false), places(true))
}

#[test]
fn what_a_pending_change_explains_is_the_content_of_a_release() {
    let coming = Coming::with(
        &[
            ("package", "nginx"),
            ("path", "/etc/nginx/nginx.conf"),
            ("user", "shop"),
            ("group", "ops"),
            ("sysctl", "net/core/somaxconn"),
        ],
        &[("1.24", "1.22")],
        &["web-1"],
    );
    let left = [
        ("packages|nginx", "1.24"),
        ("packages|nginx-common", "1.24"),
        ("packages|nginx-core", "1.24"),
        ("packages|openssl", "3.1"),
        ("ports|tcp/80|any|listens", "yes"),
        ("sysctl|net.core.somaxconn", "2048"),
        ("sysctl|vm.swappiness", "10"),
        ("units|nginx.service|boot", "enabled"),
        ("users|shop|uid", "998"),
        ("users|ada|groups", "ops"),
        ("users|ada|shell", "/bin/sh"),
        ("kernel|release", "6.2"),
    ];
    let right = [
        ("packages|nginx", "1.22"),
        // The version of the same source.
        ("packages|nginx-common", "1.22"),
        ("packages|openssl", "3.0"),
        // Nothing that comes removes it.
        ("packages|vim", "9"),
        ("sysctl|net.core.somaxconn", "4096"),
        ("sysctl|vm.swappiness", "60"),
        ("users|ada|groups", ""),
        ("users|ada|shell", "/bin/zsh"),
        ("kernel|release", "6.1"),
    ];
    let (counted, coming_facts) = explained(coming.clone(), &left, &[&right]);
    assert_eq!(
        counted,
        [
            "kernel.release",
            "packages.openssl",
            "packages.vim",
            "sysctl.\"vm.swappiness\"",
            "users.ada.shell"
        ]
    );
    assert_eq!(coming_facts.len(), 8, "{coming_facts:?}");
    // Without pending changes, everything counts.
    let (counted, none) = explained(Coming::default(), &left, &[&right]);
    assert_eq!((counted.len(), none.len()), (1 + 12, 0), "{counted:?}");

    // In the middle of a rollout, hosts of one environment differ.
    let done: &[(&str, &str)] = &[("packages|nginx", "1.24"), ("packages|openssl", "3.1")];
    let other: &[(&str, &str)] = &[("packages|nginx", "1.22"), ("packages|openssl", "3.0")];
    let hosts = [done, other, done];
    let (counted, coming_facts) = explained(coming, done, &hosts);
    assert_eq!(counted, ["packages.openssl"]);
    assert_eq!(coming_facts, ["packages.nginx"]);
    // What all of them lack explains no difference between them.
    let all = Coming::with(&[("package", "nginx")], &[], &["web-0", "web-1", "web-2"]);
    let (counted, none) = explained(all, done, &hosts);
    assert_eq!((counted.len(), none.len()), (2, 0), "{counted:?}");
}

#[test]
fn corners_of_a_survey_tell_what_lacks_the_change() {
    let facts = FactsOfSurvey::from([
        (
            EnvironmentName::new("staging"),
            environment(&[("staging-1", host(&[("users|shop|uid", "1")]))]),
        ),
        (
            EnvironmentName::new("production"),
            environment(&[("web-1", host(&[]))]),
        ),
    ]);
    for (name, corner) in [
        ("production", Corner::HalfPromoted),
        ("staging", Corner::Pending),
    ] {
        let coming = Coming::with(&[("user", "shop")], &[], &["web-1"]);
        let found = judge(
            &definition("", ""),
            &BTreeMap::from([(Arc::from("web"), facts.clone())]),
            &BTreeMap::from([(EnvironmentName::new(name), coming)]),
            now(),
        );
        let corners: Vec<_> = found.defects.iter().map(|defect| defect.corner).collect();
        assert_eq!(corners, [Some(corner)], "{name}");
    }
}
