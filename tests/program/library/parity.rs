//! Parity: differences between environments, declared differences, and agreement with recipes.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel::world::files::WorkingTree;
use evenkeel_comparison::{Path, Step};
use evenkeel_core::drift::{Disparity, Presence, SettledParity, parity, settle, severities};
use evenkeel_core::environment::{Definition, Resolved};
use evenkeel_core::plan::recipe;
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::{EnvironmentName, Moment, Value};
use proptest::prelude::*;

use super::definitions::{fixtures, understand};
use super::memory::Memory;

const NOW: &str = "2026-06-01T00:00:00Z";

fn now() -> Moment {
    Moment::new(NOW.parse().unwrap())
}

const SMOKE: &str = "[suite.smoke]\nkind = \"smoke\"\nhttp = [{ get = \"http://127.0.0.1/\" }]\n";

/// Returns a system and two environments, all three without their headers.
fn world(system: &str, staging: &str, production: &str) -> Memory {
    path_of(&["staging", "production"], system, &[staging, production])
}

fn path_of(names: &[&str], system: &str, environments: &[&str]) -> Memory {
    let path: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let path = path.join(", ");
    let mut memory = Memory::new([(
        "system.toml",
        &*format!("[system]\nname = \"shop\"\npath = [{path}]\n{SMOKE}\n{system}"),
    )]);
    for (name, text) in names.iter().zip(environments) {
        let text = format!("[environment]\nname = \"{name}\"\n[target.web]\nlocal = true\n{text}");
        memory.0.insert(format!("{name}.toml"), text.into_bytes());
    }
    memory
}

type Whole = (Definition, BTreeMap<EnvironmentName, Resolved>);

fn whole(memory: &Memory) -> Whole {
    let (definition, resolved, complaints) = understand(memory);
    let reported: Vec<String> = complaints
        .iter()
        .map(|each| format!("{}: {}", each.code.name, each.message))
        .collect();
    assert!(reported.is_empty(), "{}", reported.join("\n"));
    (definition.unwrap(), resolved)
}

fn settled(whole: &Whole) -> SettledParity<'_> {
    settle(&whole.0, parity(&whole.0, &whole.1), now(), &|_, _| {
        Presence::Nothing
    })
}

/// Returns `code place` of everything that counts.
fn reported(system: &str, staging: &str, production: &str) -> Vec<String> {
    let whole = whole(&world(system, staging, production));
    let mut lines: Vec<String> = settled(&whole)
        .defects
        .iter()
        .filter(|defect| defect.counts())
        .map(|defect| match &defect.attribute {
            Some(attribute) => format!("{} {}.{attribute}", defect.code.name, defect.subject),
            None => format!("{} {}", defect.code.name, defect.subject),
        })
        .collect();
    lines.sort();
    lines
}

const FILE: &str = "[file.a]\non = \"web\"\npath = \"a\"\ncontent = \"x\"\n";

fn difference(at: &str, staging: &str, production: &str) -> String {
    format!(
        "[[difference]]\nat = \"{at}\"\nstaging = {staging}\nproduction = {production}\nreason = \"x\"\nowner = \"y\"\nexpires = 2027-01-01\n"
    )
}

#[test]
fn equal_environments_have_no_difference() {
    assert!(reported(FILE, "", "").is_empty());
    // An equal override in both is not a difference, nor is a written default.
    assert!(
        reported(
            FILE,
            "[file.a]\nmode = \"0600\"\n",
            "[file.a]\nmode = \"0600\"\n"
        )
        .is_empty()
    );
    let system = "[parameter.level]\ndefault = \"info\"\n";
    assert!(reported(system, "[values]\nlevel = \"info\"\n", "").is_empty());
}

#[test]
fn an_override_is_reported_at_its_attribute() {
    assert_eq!(
        reported(FILE, "", "[file.a]\nmode = \"0600\"\n"),
        ["parity/attribute-differs file.a.mode"]
    );
    let whole = whole(&world(FILE, "", "[file.a]\nmode = \"0600\"\n"));
    let settled = settled(&whole);
    let place = settled.defects[0].labels[0].span.location().to_string();
    assert_eq!(place, "environments/production.toml:6:8");
}

#[test]
fn a_resource_in_one_environment_is_reported() {
    assert_eq!(
        reported("", FILE, ""),
        ["parity/only-in-one file.a.presence"]
    );
    assert_eq!(
        reported("", "", FILE),
        ["parity/only-in-one file.a.presence"]
    );
    let suite = "[suite.own]\nkind = \"e2e\"\nrun = [\"x\"]\n";
    assert_eq!(
        reported("", "", suite),
        ["parity/only-in-one suite.own.presence"]
    );
}

#[test]
fn parameters_vary_as_declared() {
    let values = |staging: &str, production: &str, varies: &str| {
        reported(
            &format!("[parameter.p]\nvaries = \"{varies}\"\n"),
            &format!("[values]\np = {staging}\n"),
            &format!("[values]\np = {production}\n"),
        )
    };
    assert!(values("1", "1", "never").is_empty());
    assert_eq!(
        values("1", "2", "never"),
        ["parity/value-differs parameter.p"]
    );
    assert!(values("1", "2", "identity").is_empty());
    assert_eq!(
        values("1", "1", "identity"),
        ["parity/identity-shared parameter.p"]
    );
    assert!(values("2", "8", "scale").is_empty());
    assert!(values("1", "1.0", "scale").is_empty());
    assert_eq!(
        values("1", "8", "scale"),
        ["parity/class-differs parameter.p"]
    );
    assert_eq!(
        values("0", "1", "scale"),
        ["parity/class-differs parameter.p"]
    );
    assert_eq!(values("8", "2", "scale"), ["parity/inverted parameter.p"]);
    assert_eq!(
        values("\"a\"", "\"b\"", "scale"),
        ["parity/value-differs parameter.p"]
    );
    assert!(values("{ env = \"A\" }", "{ env = \"B\" }", "secret").is_empty());
    assert_eq!(
        values("{ env = \"A\" }", "{ env = \"A\" }", "secret"),
        ["parity/secret-shared parameter.p"]
    );
}

#[test]
fn unshared_values_are_compared_beyond_neighbours() {
    let system = "[parameter.p]\nvaries = \"identity\"\n";
    let environments = [
        "[values]\np = 1\n",
        "[values]\np = 2\n",
        "[values]\np = 1\n",
    ];
    let whole = whole(&path_of(
        &["dev", "staging", "production"],
        system,
        &environments,
    ));
    let disparities = parity(&whole.0, &whole.1);
    assert_eq!(disparities.len(), 1);
    assert_eq!(disparities[0].between.0.as_str(), "dev");
    assert_eq!(disparities[0].between.1.as_str(), "production");
}

/// Returns a path of a staging and two productions, each with its values.
fn siblings(system: &str, values: [&str; 3]) -> Whole {
    let names = ["staging", "eu-production", "us-production"];
    let mut memory = path_of(&names, system, &values);
    let text = memory.0.get_mut("system.toml").unwrap();
    let path = "[\"staging\", [\"eu-production\", \"us-production\"]]";
    *text = String::from_utf8_lossy(text)
        .replace("[\"staging\", \"eu-production\", \"us-production\"]", path)
        .into_bytes();
    whole(&memory)
}

#[test]
fn siblings_are_compared_with_each_other_and_the_stage_before() {
    let between = |values: [&str; 3]| -> Vec<String> {
        let whole = siblings("[parameter.p]\nvaries = \"scale\"\n", values);
        let reported = parity(&whole.0, &whole.1);
        reported
            .iter()
            .map(|it| format!("{} {} {}", it.defect.code.name, it.between.0, it.between.1))
            .collect()
    };
    let values = "[values]\np = 2\n";
    assert!(between([values, values, values]).is_empty());
    // Siblings have no smaller one.
    let [four, nine] = ["[values]\np = 4\n", "[values]\np = 9\n"];
    assert!(between([values, nine, four]).is_empty());
    assert!(between([values, four, nine]).is_empty());
    assert_eq!(
        between([four, nine, values]),
        ["parity/inverted staging us-production"]
    );
    assert_eq!(
        between([four, nine, "[values]\np = 1\n"]),
        [
            "parity/class-differs staging us-production",
            "parity/class-differs eu-production us-production",
        ]
    );
}

#[test]
fn pairs_are_those_of_neighbouring_stages_and_of_siblings() {
    let (definition, _, _) = understand(&WorkingTree {
        directory: fixtures().join("valid/siblings"),
    });
    let definition = definition.unwrap();
    let pairs: Vec<String> = definition
        .pairs()
        .iter()
        .map(|(one, two, siblings)| format!("{one} {} {two}", if *siblings { "~" } else { "<" }))
        .collect();
    assert_eq!(
        pairs,
        [
            "eu-staging ~ us-staging",
            "eu-staging < eu-production",
            "eu-staging < us-production",
            "us-staging < eu-production",
            "us-staging < us-production",
            "eu-production ~ us-production",
        ]
    );
    assert_eq!(definition.production(), None);
    assert_eq!(definition.path.len(), 4);
    assert!(definition.is_last(&EnvironmentName::new("eu-production")));
}

#[test]
fn unshared_values_are_compared_among_siblings() {
    let one = "[values]\np = 1\n";
    let whole = siblings(
        "[parameter.p]\nvaries = \"identity\"\n",
        ["[values]\np = 2\n", one, one],
    );
    let reported = parity(&whole.0, &whole.1);
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].between.0.as_str(), "eu-production");
}

#[test]
fn a_ratio_of_siblings_holds_whichever_is_the_larger_one() {
    let system = "[parameter.p]\n";
    let declared = "[[difference]]\nat = \"parameter.p\"\nratio = { min = 1, max = 3 }\nreason = \"x\"\nowner = \"y\"\nexpires = 2027-01-01\n";
    let staging = format!("[values]\np = 3\n{declared}");
    let whole = siblings(system, [&staging, "[values]\np = 9\n", "[values]\np = 4\n"]);
    assert!(!settled(&whole).defects.iter().any(Defect::counts));
}

#[test]
fn declared_differences_accept_values_within_bounds() {
    let system = "[parameter.p]\nvaries = \"scale\"\n";
    let staging = |bounds: (&str, &str)| {
        format!(
            "[values]\np = 1\n{}",
            difference("parameter.p", bounds.0, bounds.1)
        )
    };
    let production = "[values]\np = 8\n";
    assert!(reported(system, &staging(("1", "{ max = 8 }")), production).is_empty());
    assert!(reported(system, &staging(("1.0", "{ one-of = [4, 8] }")), production).is_empty());
    assert_eq!(
        reported(system, &staging(("1", "{ max = 7 }")), production),
        ["parity/class-differs parameter.p"]
    );
    assert_eq!(
        reported(system, &staging(("2", "{ max = 8 }")), production),
        ["parity/class-differs parameter.p"]
    );
    // Attributes and resources that one of them lacks.
    let own = "[file.a]\nmode = \"0600\"\n";
    let absent = difference("file.a.mode", "{ absent = true }", "\"0600\"");
    assert!(reported(FILE, &absent, own).is_empty());
    assert_eq!(
        reported(
            FILE,
            &difference("file.a.mode", "\"0644\"", "\"0600\""),
            own
        ),
        ["parity/attribute-differs file.a.mode"]
    );
    assert!(
        reported(
            "",
            &format!("{FILE}{}", difference("file.a", "true", "false")),
            ""
        )
        .is_empty()
    );
}

#[test]
fn declared_differences_are_checked() {
    let own = "[file.a]\nmode = \"0600\"\n";
    let absent = difference("file.a.mode", "{ absent = true }", "\"0600\"");
    assert_eq!(
        reported(FILE, &absent, ""),
        ["difference/unmatched difference at file.a.mode"]
    );
    assert_eq!(
        reported(FILE, &absent.replace("2027", "2026"), own),
        [
            "difference/expired difference at file.a.mode",
            "parity/attribute-differs file.a.mode",
        ]
    );
    assert_eq!(
        reported(FILE, &format!("{absent}{absent}"), own),
        ["difference/duplicate difference at file.a.mode"]
    );
    assert_eq!(
        reported(FILE, &absent.replace("file.a.mode", "file.*.mode"), own),
        ["difference/over-broad difference at file.*.mode"]
    );
    assert_eq!(
        reported(
            FILE,
            &absent.replace("staging = { absent = true }\n", ""),
            own
        ),
        [
            "difference/over-broad difference at file.a.mode",
            "parity/attribute-differs file.a.mode",
        ]
    );
}

#[test]
fn an_obsolete_difference_is_distinguished_from_a_wrong_one() {
    let at = |place: &str| difference(place, "1", "8");
    let system = "[parameter.p]\nvaries = \"scale\"\ndefault = 2\n";
    assert_eq!(
        reported(system, &at("parameter.p"), ""),
        ["difference/no-longer-needed difference at parameter.p"]
    );
    assert_eq!(
        reported(system, &at("parameter.q"), ""),
        ["difference/unmatched difference at parameter.q"]
    );
    assert_eq!(
        reported(FILE, &at("file.a.path"), ""),
        ["difference/no-longer-needed difference at file.a.path"]
    );
    assert_eq!(
        reported(FILE, &at("suite.smoke"), ""),
        ["difference/no-longer-needed difference at suite.smoke"]
    );
}

#[test]
fn a_declaration_that_expires_soon_is_only_reported() {
    let own = "[file.a]\nmode = \"0600\"\n";
    let ending = |day: &str| {
        let absent = difference("file.a.mode", "{ absent = true }", "\"0600\"");
        let whole = whole(&world(FILE, &absent.replace("2027-01-01", day), own));
        settled(&whole)
            .defects
            .iter()
            .filter(|defect| defect.declared.is_none())
            .map(|defect| (defect.code.name, defect.counts()))
            .collect::<Vec<_>>()
    };
    // It ends with that day.
    assert_eq!(ending("2026-06-14"), [("difference/expires-soon", false)]);
    assert_eq!(ending("2026-06-15"), []);
}

/// Returns a differing value of the document `values`.
fn of_document(path: &str, values: (Option<&str>, Option<&str>)) -> Disparity {
    let steps = path.split('.').filter(|key| !key.is_empty());
    let path = Path {
        steps: steps.map(|key| Step::Key(key.into())).collect(),
    };
    let code = &evenkeel_core::drift::documents::codes::SETTING;
    Disparity {
        place: format!("document.values.{path}"),
        between: (
            EnvironmentName::new("staging"),
            EnvironmentName::new("production"),
        ),
        values: (values.0.map(Value::text), values.1.map(Value::text)),
        defect: Defect::new(code, "document.values", "").attribute(path.to_string()),
        document: Some(("values".into(), path)),
    }
}

/// Returns a document's disparities that count if differences are declared at places of it, with these bounds.
fn counted_of_document(declared: &[(&str, &str)], found: &[(&str, &str, &str)]) -> Vec<String> {
    let mut staging = String::new();
    for (at, bounds) in declared {
        staging.push_str(&format!(
            "[[difference]]\nat = '{at}'\n{bounds}\nreason = \"x\"\nowner = \"y\"\nexpires = 2027-01-01\n"
        ));
    }
    let system = "[document.values]\npath = \"values-${environment}.yaml\"\n";
    let whole = whole(&world(system, &staging, ""));
    let value = |text: &'static str| (text != "-").then_some(text);
    let disparities = found
        .iter()
        .map(|(path, one, two)| {
            let (one, two) = ((*one).to_owned().leak(), (*two).to_owned().leak());
            of_document(path, (value(one), value(two)))
        })
        .collect();
    let settled = settle(&whole.0, disparities, now(), &|name, pattern| {
        assert_eq!(name, "values");
        match pattern.map(ToString::to_string).as_deref() {
            Some("equal") => Presence::There,
            Some("unread") => Presence::Unread,
            _ => Presence::Nothing,
        }
    });
    assert!(settled.places.is_empty(), "a recipe has no documents");
    let mut lines: Vec<String> = settled
        .defects
        .iter()
        .filter(|defect| defect.counts())
        .map(|defect| match &defect.attribute {
            Some(attribute) => format!("{} {attribute}", defect.code.name),
            None => format!("{} {}", defect.code.name, defect.subject),
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn differences_of_documents_accept_values_within_bounds() {
    let reported = counted_of_document;
    let exact = "staging = 2\nproduction = { one-of = [\"8\", 9] }";
    let a = "document.values.web.size";
    assert!(reported(&[(a, exact)], &[("web.size", "2", "8")]).is_empty());
    assert_eq!(
        reported(
            &[(a, exact)],
            &[("web.size", "2", "7"), ("db.size", "2", "8")]
        ),
        [
            "parity/setting-differs db.size",
            "parity/setting-differs web.size"
        ]
    );
    let wild = "document.values.**.size";
    let both = [("web.size", "2", "8"), ("db.size", "2", "9")];
    assert!(reported(&[(wild, exact)], &both).is_empty());
    let one_sided = "staging = { absent = true }\nproduction = { absent = false }";
    assert!(reported(&[(a, one_sided)], &[("web.size", "-", "8")]).is_empty());
    assert_eq!(
        reported(&[(a, one_sided)], &[("web.size", "8", "-")]),
        ["parity/setting-differs web.size"]
    );
    assert!(
        reported(
            &[("document.values", one_sided)],
            &[("", "-", "it is there")]
        )
        .is_empty()
    );
    let hosts = "staging = { matches = '[a-z]+[.]staging' }\nproduction = { matches = '[a-z]+' }";
    assert!(reported(&[(a, hosts)], &[("web.size", "a.staging", "a")]).is_empty());
    assert_eq!(
        reported(&[(a, hosts)], &[("web.size", "a.staging", "a.b")]),
        ["parity/setting-differs web.size"]
    );
}

#[test]
fn two_sides_are_bounded_by_each_other() {
    let reported = |bounds: &str, one: &str, two: &str| {
        let found = counted_of_document(&[("document.values.n", bounds)], &[("n", one, two)]);
        assert!(found.len() <= 1, "{found:?}");
        found.is_empty()
    };
    let ratio = "ratio = { min = 1, max = 10 }";
    assert!(reported(ratio, "2", "20"));
    assert!(!reported(ratio, "2", "21"));
    assert!(!reported(ratio, "2", "1"));
    assert!(!reported(ratio, "0", "1"));
    assert!(!reported(ratio, "few", "many"));
    assert!(!reported(ratio, "-", "1"));
    let class = "same-class = true";
    assert!(reported(class, "2", "20"));
    assert!(!reported(class, "1", "2"));
    assert!(!reported(class, "0", "1"));
    // All bounds must hold.
    let most = "production = { max = 8 }\nratio = { min = 1 }";
    assert!(reported(most, "2", "8"));
    assert!(!reported(most, "2", "9"));
    assert!(!reported(most, "9", "8"));
    let system = "[parameter.p]\n";
    let parameter = difference("parameter.p", "1", "9")
        .replace("staging = 1\n", "ratio = { max = 9 }\n")
        .replace("production = 9\n", "");
    let whole = whole(&world(
        system,
        &format!("[values]\np = 1\n{parameter}"),
        "[values]\np = 9\n",
    ));
    assert!(!settled(&whole).defects.iter().any(Defect::counts));
}

#[test]
fn sizes_in_documents_are_bounded_by_meaning() {
    let reported = |bounds: &str, one: &str, two: &str| {
        let at = "document.values.limits.memory";
        let found = counted_of_document(&[(at, bounds)], &[("limits.memory", one, two)]);
        assert!(found.len() <= 1, "{found:?}");
        found.is_empty()
    };
    let ratio = "ratio = { min = 1, max = 8 }";
    assert!(reported(ratio, "512Mi", "4Gi"));
    assert!(!reported(ratio, "512Mi", "5Gi"));
    assert!(!reported(ratio, "1Gi", "512Mi"));
    let bounds = "staging = \"512Mi\"\nproduction = { min = \"1Gi\", max = \"8Gi\" }";
    assert!(reported(bounds, "512Mi", "2048Mi"));
    assert!(!reported(bounds, "512Mi", "9Gi"));
    assert!(!reported(bounds, "512Mi", "1000Mi"));
    assert!(!reported(bounds, "512Mi", "unlimited"));
}

#[test]
fn differences_of_documents_are_checked() {
    let reported = counted_of_document;
    let exact = "staging = 2\nproduction = 8";
    let found = [("web.size", "2", "8")];
    for (at, code) in [
        ("document.values.**", "difference/over-broad"),
        ("document.values.web.**", "difference/over-broad"),
        ("document.values.**.*", "difference/over-broad"),
    ] {
        assert_eq!(
            reported(&[(at, exact)], &found),
            [format!("{code} difference at {at}")]
        );
    }
    for bounds in [
        "staging = 2\nproduction = { matches = \".*\" }",
        "staging = 2\nproduction = { absent = false }",
        "staging = 2",
    ] {
        let lines = reported(&[("document.values.web.size", bounds)], &found);
        assert_eq!(
            lines[0],
            "difference/over-broad difference at document.values.web.size"
        );
    }
    assert_eq!(
        reported(
            &[
                ("document.values.equal", exact),
                ("document.values.unread", exact),
                ("document.values.missing", exact),
            ],
            &[]
        ),
        [
            "difference/no-longer-needed difference at document.values.equal",
            "difference/unmatched difference at document.values.missing",
        ]
    );
    assert_eq!(
        reported(
            &[
                ("document.values.**.size", exact),
                ("document.values.web.size", exact),
            ],
            &found
        ),
        ["difference/duplicate difference at document.values.web.size"]
    );
}

#[test]
fn severities_are_configured_by_the_system() {
    let level = |system: &str| {
        let system = format!("{FILE}{system}");
        let whole = whole(&world(&system, "", "[file.a]\nmode = \"0600\"\n"));
        let mut defects = settled(&whole).defects;
        severities::apply(&mut defects, &whole.0);
        (defects[0].severity, defects[0].counts())
    };
    assert_eq!(level(""), (Severity::Error, true));
    let set = |name: &str| format!("[severity]\n\"parity/attribute-differs\" = \"{name}\"\n");
    assert_eq!(level(&set("critical")), (Severity::Critical, true));
    assert_eq!(level(&set("warning")), (Severity::Warning, false));
    let other = "[severity]\n\"parity/value-differs\" = \"advice\"\n";
    assert_eq!(level(other), (Severity::Error, true));
}

#[test]
fn a_secret_is_never_in_a_parity_report() {
    let system = "[parameter.p]\nvaries = \"secret\"\n";
    let value = "[values]\np = { env = \"THE_VALUE\" }\n";
    let whole = whole(&world(system, value, value));
    let disparities = parity(&whole.0, &whole.1);
    let shown = format!("{disparities:?}");
    // The placeholder of the secret is derived from its source.
    assert!(!shown.contains("THE_VALUE"), "{shown}");
    assert!(!format!("{:?}", whole.1).contains("THE_VALUE"));
}

/// Choices of one environment, from a small range so that two are often equal.
#[derive(Clone, Debug)]
struct Choice {
    mode: Option<u8>,
    own: bool,
    suite: Option<u8>,
    never: u8,
    scale: u8,
    identity: u8,
    reference: bool,
}

impl Choice {
    fn text(&self, secret: &str) -> String {
        let mut text = format!(
            "[values]\nnever = {}\nscale = {}\nidentity = {}\nsecret = {{ env = \"{secret}\" }}\n",
            self.never, self.scale, self.identity
        );
        if self.mode.is_some() || self.reference {
            text.push_str("[file.a]\n");
            if let Some(mode) = self.mode {
                text.push_str(&format!("mode = \"060{mode}\"\n"));
            }
            if self.reference {
                text.push_str("content = \"${never}\"\n");
            }
        }
        if self.own {
            text.push_str("[link.own]\non = \"web\"\npath = \"own\"\nto = \"a\"\n");
        }
        if let Some(number) = self.suite {
            text.push_str(&format!(
                "[suite.own]\nkind = \"e2e\"\nrun = [\"x\", \"{number}\"]\n"
            ));
        }
        text
    }
}

fn choices() -> impl Strategy<Value = Choice> {
    let small = || prop::option::of(0u8..2);
    (
        small(),
        any::<bool>(),
        small(),
        0u8..2,
        0u8..4,
        0u8..2,
        any::<bool>(),
    )
        .prop_map(
            |(mode, own, suite, never, scale, identity, reference)| Choice {
                mode,
                own,
                suite,
                never,
                scale,
                identity,
                reference,
            },
        )
}

const SYSTEM: &str = "[parameter.never]\n[parameter.scale]\nvaries = \"scale\"\n[parameter.identity]\nvaries = \"identity\"\n[parameter.secret]\nvaries = \"secret\"\n[file.a]\non = \"web\"\npath = \"a\"\ncontent = \"${identity}\"\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn parity_does_not_depend_on_order(one in choices(), two in choices()) {
        let places = |first: &str, second: &str| -> BTreeSet<String> {
            let whole = whole(&world(SYSTEM, first, second));
            parity(&whole.0, &whole.1)
                .into_iter()
                .filter(|disparity| disparity.defect.code.name != "parity/inverted")
                .map(|disparity| disparity.place)
                .collect()
        };
        let (one, two) = (one.text("A"), two.text("B"));
        prop_assert_eq!(places(&one, &two), places(&two, &one));
    }

    #[test]
    fn recipes_are_equal_exactly_when_nothing_undeclared_differs(
        one in choices(),
        two in choices(),
        declare in any::<bool>(),
    ) {
        let mut staging = one.text("A");
        if declare {
            staging.push_str(&difference("link.own", &one.own.to_string(), &two.own.to_string()));
            staging.push_str(&difference("parameter.never", &one.never.to_string(), &two.never.to_string()));
        }
        let whole = whole(&world(SYSTEM, &staging, &two.text("B")));
        let settled = settled(&whole);
        // Values that may vary are not part of the recipe: sizes within a class, identities, secrets.
        let differs = settled.defects.iter().any(|defect| {
            defect.counts()
                && defect.code.name.starts_with("parity/")
                && !matches!(
                    defect.code.name,
                    "parity/inverted" | "parity/identity-shared" | "parity/secret-shared"
                )
        });
        let recipes: BTreeSet<_> = whole
            .1
            .values()
            .map(|resolved| recipe(&whole.0, resolved, &settled.places).digest)
            .collect();
        prop_assert_eq!(recipes.len() == 1, !differs);
    }
}
