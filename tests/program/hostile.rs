//! Hostile documents: escapes, direction marks, braces, and absurd sizes. Output is escaped and short, and nothing
//! panics.

use super::estate::{estate, pair, yaml};
use super::reports::html::is_whole;
use super::world::{Ran, TestWorld};

/// Checks that a terminal executes nothing and no line changes direction.
#[track_caller]
fn inert(ran: &Ran) {
    assert!([0, 1, 2].contains(&ran.code), "{}", ran.short());
    for character in ran.all().chars() {
        let is_active = character.is_control() && !matches!(character, '\n' | '\t')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}');
        assert!(!is_active, "{character:?} in {}", ran.short());
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.short());
}

/// Runs each command that displays documents.
#[track_caller]
fn all_inert(world: &TestWorld, most: usize) {
    for arguments in [
        &["drift", "--parity"][..],
        &[
            "drift",
            "--parity",
            "--format",
            "json",
            "--format",
            "html=report.html",
        ],
        &["baseline"],
        &["drift", "--parity"],
    ] {
        let ran = world.run(arguments);
        if arguments.contains(&"json") {
            // JSON escapes control characters itself.
            ran.document();
            is_whole(&std::fs::read_to_string(world.path("report.html")).unwrap());
        }
        inert(&ran);
        assert!(
            ran.all().len() < most,
            "{arguments:?}: {} bytes\n{}",
            ran.all().len(),
            ran.short()
        );
    }
    if world.path("environments/differences.toml").exists() {
        let after = world.run(&["drift", "--parity", "--format", "json"]);
        assert_eq!(after.code, 0, "a baseline holds: {}", after.short());
    }
}

/// Returns a text as JSON, which YAML reads alike.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub const TEXTS: [&str; 10] = [
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{202e}txt.exe\u{2066}",
    "line\nbreak\r\nagain",
    "{{ 7 * 7 }} ${environment} ${parameter.x}",
    "\u{0}\u{1}\u{2}\u{7f}\u{9b}31m",
    "a\"b'c\\d`e",
    "\u{feff}\u{200b}zero\u{2028}width",
    "%s%n%x ]]> <script>alert(1)</script>",
    "'''\"\"\"#[[difference]]",
    "𝕏 🏳️‍🌈 e\u{301} ﷽",
];

#[test]
fn control_characters_in_keys_and_values_are_escaped() {
    for text in TEXTS {
        let value = |more: &str| {
            format!(
                "plain: {}\nlist: [{{name: {}, v: {}}}]\n",
                quoted(&format!("{text}{more}")),
                quoted(text),
                quoted(more)
            )
        };
        all_inert(&yaml(&value("one"), &value("two"), ""), 60_000);
        let key = |more: &str| {
            format!(
                "{}: {more}\n? {}\n: {{{}: x}}\n",
                quoted(text),
                quoted(&format!("{text}{more}")),
                quoted(text)
            )
        };
        all_inert(&yaml(&key("one"), &key("two"), ""), 60_000);
        let json = |more: &str| {
            format!(
                "{{{}: {{{}: {}}}}}",
                quoted(text),
                quoted(text),
                quoted(more)
            )
        };
        all_inert(&pair("json", &json("one"), &json("two"), ""), 60_000);
    }
}

#[test]
fn control_characters_in_lines_comments_and_broken_files_are_escaped() {
    for text in TEXTS {
        let lines = |end: &str| format!("a\n{text} {end}\nb\n");
        all_inert(&pair("conf", &lines("one"), &lines("two"), ""), 60_000);
    }
    let all = TEXTS.concat();
    for ending in ["yaml", "json", "toml", "tfvars", "env", "properties", "ini"] {
        let broken = format!("# {all}\n[{all}\n{all}=\"{all}\n");
        all_inert(&pair(ending, &broken, "a = 1\n", ""), 200_000);
    }
}

#[test]
fn control_characters_in_file_names_and_messages_are_escaped() {
    let world = estate("[document.config]\npath = \"d/${environment}\"\n");
    for (number, text) in TEXTS.iter().enumerate() {
        if text.contains(['\0', '/']) {
            continue;
        }
        world.write(&format!("d/staging/{text}{number}.yaml"), "a: 1\n");
        world.write(&format!("d/production/{text}{number}.yaml"), "a: 2\n");
        world.write(&format!("d/production/{text}{number}-new.yaml"), "a: 2\n");
    }
    all_inert(&world, 200_000);
    let world = estate("[document.config]\nrender = [\"bin/render\", \"${environment}\"]\n");
    world.script(
        "bin/render",
        "printf '\\033[2J\\033]0;x\\007 gone' >&2; exit 3",
    );
    all_inert(&world, 20_000);
}

#[test]
fn long_lines_are_clipped() {
    let long = |end: &str| format!("a: {}{end}\nb: 1\n", "x".repeat(1_000_000));
    all_inert(&yaml(&long("1"), &long("2"), ""), 10_000);
    let key = |value: &str| format!("{}: {value}\n", quoted(&"k".repeat(900)));
    all_inert(&yaml(&key("1"), &key("2"), ""), 40_000);
    let line = |end: &str| format!("{{\"a\": [{}\"{end}\"]}}", "\"word\", ".repeat(20_000));
    all_inert(&pair("json", &line("1"), &line("2"), ""), 20_000);
    let lines = |end: &str| format!("{}{end}\nshort\n", "y".repeat(200_000));
    all_inert(&pair("conf", &lines("1"), &lines("2"), ""), 20_000);
    let env = |end: &str| format!("A=\"{}{end}\"\n", "z\n".repeat(20_000));
    all_inert(&pair("env", &env("1"), &env("2"), ""), 100_000);
}

#[test]
fn long_lists_are_one_finding() {
    let list = |from: usize| -> String {
        (from..from + 100_000)
            .map(|number| format!("- item{number}\n"))
            .collect()
    };
    let world = yaml(&list(0), &list(1), "");
    let ran = world.plain(&["drift", "--parity"]);
    inert(&ran);
    assert!(ran.all().len() < 30_000, "{} bytes", ran.all().len());
    let world = yaml("a: 1\n", &format!("a: 1\nlist:\n{}", list(0)), "");
    let ran = world.plain(&["drift", "--parity"]);
    assert_eq!(ran.code, 2);
    assert!(ran.all().len() < 10_000, "{} bytes", ran.all().len());
    // Elements without an identity that share nothing.
    let maps = |from: usize| -> String {
        (from..from + 1_000)
            .map(|number| format!("- {{a: {number}, b: q{number}}}\n"))
            .collect()
    };
    let world = yaml(&maps(0), &maps(50_000), "");
    inert(&world.run(&["drift", "--parity"]));
}

#[test]
fn many_different_findings_are_counted_and_not_all_shown() {
    let map = |shift: usize| -> String {
        (0..5_000)
            .map(|number| format!("key{number}: value{}\n", number * 7 + shift))
            .collect()
    };
    let world = yaml(&map(0), &map(3), "");
    let text = world.plain(&["drift", "--parity"]);
    assert_eq!(text.code, 2);
    assert!(text.out.contains("more (--all)"), "{}", text.short());
    assert!(text.out.len() < 40_000, "{} bytes", text.out.len());
    let report = world.json(2, &["drift", "--parity"]);
    assert_eq!(report["parity"]["places"], 5_000);
}

#[test]
fn hostile_patterns_and_expressions_are_bounded() {
    let world = yaml(
        &format!("{}a: {}\n", "", quoted(&"a".repeat(60_000))),
        &format!("a: {}b\n", "a".repeat(60_000)),
        "",
    );
    world.write(
        "environments/differences.toml",
        &super::estate::declared(
            "document.config.**.**.**.**.**.a",
            "staging = { matches = \"(a*)*\" }\nproduction = { matches = \"(a|aa)+b\" }",
        ),
    );
    inert(&world.run(&["drift", "--parity"]));
    let deep = |value: u8| {
        format!(
            "{}x: {value}{}\n",
            "{a: ".repeat(100).replacen("{a: ", "a: ", 1),
            ""
        )
        .replace("x: ", "{x: ")
            + &"}".repeat(100)
    };
    let world = yaml(&deep(1), &deep(2), "");
    world.write(
        "environments/differences.toml",
        &super::estate::declared(
            &format!("document.config.{}x", "**.".repeat(40)),
            "staging = 1\nproduction = 2",
        ),
    );
    let ran = world.run(&["drift", "--parity"]);
    inert(&ran);
    assert_eq!(ran.code, 0, "{}", ran.short());
}
