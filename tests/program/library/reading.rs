//! Reading handles everything: any bytes, any TOML, and very many resources.

use std::fmt::Write as _;

use evenkeel_core::drift::parity;
use evenkeel_core::environment::read;
use proptest::prelude::*;

use super::definitions::understand;
use super::memory::Memory;

/// Returns lines that are close to valid ones.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("[system]".to_owned()),
        Just("name = \"a\"".to_owned()),
        Just("path = [\"staging\"]".to_owned()),
        Just("local = true".to_owned()),
        Just("on = \"web\"".to_owned()),
        Just("[[difference]]".to_owned()),
        "\\[(file|process|suite|parameter|target|values|release|environment)(\\.[a-z]{1,2})?\\]",
        "(path|content|template|command|http|load|ready|mode|at|expires|varies|default|freeze|staging) = (1|2\\.5|true|\"x\"|\"\\$\\{a\\}\"|\"\\$\\{file\\.a\\.path\\}\"|\\[\\]|\\[1, \"b\"\\]|\\{ get = \"x\" \\}|2027-01-01)",
        "\\PC{0,30}",
    ];
    prop::collection::vec(line, 0..25).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read_or_refused(
        system in prop::collection::vec(any::<u8>(), 0..300),
        staging in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut memory = Memory::new([("system.toml", "[system]\nname = \"a\"\npath = [\"staging\"]\n")]);
        memory.0.insert("staging.toml".to_owned(), staging);
        let _ = read(&memory);
        memory.0.insert("system.toml".to_owned(), system);
        let (_, complaints) = read(&memory);
        prop_assert!(!complaints.is_empty());
        for label in complaints.iter().flat_map(|complaint| &complaint.labels) {
            let _ = label.span.location();
            let _ = label.span.text();
        }
    }

    #[test]
    fn any_lines_are_parsed_or_rejected(system in lines(), staging in lines(), template in "\\PC{0,40}|\\{\\{ [a-z\\._]{1,20} \\}\\}") {
        let whole = format!("[system]\nname = \"a\"\npath = [\"staging\"]\n[release]\nrequire = []\n{system}");
        let memory = Memory::new([("system.toml", &*whole), ("staging.toml", &*staging), ("x", &*template)]);
        let (_, resolved, complaints) = understand(&memory);
        prop_assert!(!resolved.is_empty() || !complaints.is_empty());
    }
}

#[test]
fn a_byte_order_mark_is_not_content() {
    let memory = Memory::new([
        (
            "system.toml",
            "\u{feff}[system]\nname = \"a\"\npath = [\"staging\"]\n[release]\nrequire = []\n",
        ),
        ("staging.toml", "[environment]\nname = \"staging\"\n"),
    ]);
    assert!(read(&memory).1.is_empty());
}

/// Returns a system of very many resources that differ in every expensive way.
fn many(resources: usize) -> Memory {
    let mut system = String::from(
        "[system]\nname = \"a\"\npath = [\"staging\", \"production\"]\n[release]\nrequire = []\n[parameter.port]\nvaries = \"identity\"\n[target.web]\nlocal = true\n[directory.home]\non = \"web\"\npath = \"home\"\n",
    );
    for number in 0..resources {
        let content = match number % 3 {
            0 => "content = \"${port}\"".to_owned(),
            1 => "template = \"a.j2\"".to_owned(),
            _ => "source = \"a.txt\"".to_owned(),
        };
        let _ = write!(
            system,
            "[file.f-{number}]\non = \"web\"\npath = \"${{directory.home.path}}/{number}\"\n{content}\nmode = \"0640\"\n"
        );
    }
    Memory::new([
        ("system.toml", &*system),
        (
            "staging.toml",
            "[environment]\nname = \"staging\"\n[values]\nport = 1\n",
        ),
        (
            "production.toml",
            "[environment]\nname = \"production\"\n[values]\nport = 2\n",
        ),
        ("a.j2", "{{ directory.home.path }}:{{ port }}\n"),
        ("a.txt", "0123456789abcdef\n"),
    ])
}

#[test]
fn thousands_of_resources_are_resolved_and_in_parity() {
    let memory = many(3_000);
    let (definition, resolved, complaints) = understand(&memory);
    assert!(complaints.is_empty());
    assert_eq!(resolved.len(), 2);
    assert_eq!(parity(&definition.unwrap(), &resolved).len(), 0);
}

#[test]
fn thousands_of_defects_are_each_at_their_place() {
    let mut memory = many(5000);
    let system = memory.0.get_mut("system.toml").unwrap();
    let text = String::from_utf8_lossy(system).replace("[directory.home]", "[directory.house]");
    *system = text.into_bytes();
    let (_, complaints) = read(&memory);
    assert_eq!(complaints.len(), 5000);
    for complaint in &complaints {
        assert!(complaint.labels[0].span.location().line > 1);
    }
}
