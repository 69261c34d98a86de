//! End-to-end tests of each format: differences are reported with places in both files, other spellings are in parity,
//! and unreadable files are reported and never equal.

use super::estate::{drift, estate, fixture, fixtures, pair, places, reported};
use super::world::{TestWorld, timeless};

/// Format, file extension, differing attribute, and its place in staging and in production.
const DIFFERING: [(&str, &str, &str, &str, &str); 8] = [
    ("yaml", "yaml", "web.level", "4:10", "5:12"),
    ("json", "json", "web.level", "4:14", "7:14"),
    ("toml", "toml", "web.level", "3:9", "2:13"),
    ("hcl", "tfvars", "web.level", "4:11", "6:11"),
    ("dotenv", "env", "LEVEL", "3:7", "2:14"),
    ("properties", "properties", "\"web.level\"", "3:11", "4:13"),
    ("ini", "ini", "web.level", "4:9", "5:7"),
    ("lines", "conf", "[1]", "2:1", "2:1"),
];

fn sample(format: &str, ending: &str) -> TestWorld {
    pair(
        ending,
        &fixture(&format!("formats/{format}/staging.{ending}")),
        &fixture(&format!("formats/{format}/production.{ending}")),
        "",
    )
}

#[test]
fn differences_have_places_in_both_files() {
    for (format, ending, attribute, staging, production) in DIFFERING {
        let world = sample(format, ending);
        let report = world.json(2, &["drift", "--parity"]);
        let findings = report["findings"].as_array().unwrap();
        let [finding] = findings.as_slice() else {
            panic!("{format}: {:?}", reported(&report));
        };
        let code = if format == "lines" {
            "parity/lines-differ"
        } else {
            "parity/setting-differs"
        };
        assert_eq!(finding["code"], code, "{format}");
        if format != "lines" {
            assert_eq!(finding["attribute"], attribute, "{format}");
            assert!(finding["expected"].as_str().unwrap().contains("info"));
            assert!(finding["found"].as_str().unwrap().contains("debug"));
        }
        assert_eq!(
            places(finding),
            [
                format!("config/production.{ending}:{production}"),
                format!("config/staging.{ending}:{staging}")
            ],
            "{format}"
        );
    }
}

#[test]
fn people_read_it_like_this() {
    for (format, ending, ..) in DIFFERING {
        let text = sample(format, ending).expect(2, &["drift", "--parity"]);
        assert_eq!(text.err, "", "{format}");
        insta::assert_snapshot!(format!("drift-{format}"), timeless(&text.out));
    }
}

#[test]
fn equal_values_in_another_spelling_are_in_parity() {
    let mut formats = 0;
    for folder in std::fs::read_dir(fixtures().join("alike")).unwrap() {
        let folder = folder.unwrap().path();
        let format = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let name = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find(|name| name.starts_with("staging"))
            .unwrap();
        let (_, ending) = name.split_once('.').unwrap();
        let world = pair(
            ending,
            &fixture(&format!("alike/{format}/staging.{ending}")),
            &fixture(&format!("alike/{format}/production.{ending}")),
            "",
        );
        let text = world.expect(0, &["drift", "--parity"]);
        text.says("in parity");
        formats += 1;
    }
    assert_eq!(formats, 7, "one folder for each format");
}

/// File, code of its defect, and place.
const BROKEN: [(&str, &str, &str); 16] = [
    ("duplicate.yaml", "document/duplicate-key", "3:3"),
    ("duplicate.json", "document/duplicate-key", "1:29"),
    ("duplicate.toml", "document/duplicate-key", "3:1"),
    ("duplicate.tfvars", "document/duplicate-key", "2:1"),
    ("duplicate.env", "document/duplicate-key", "2:1"),
    ("duplicate.properties", "document/duplicate-key", "2:1"),
    ("syntax.yaml", "document/syntax", "3:8"),
    ("syntax.json", "document/syntax", "1:10"),
    ("syntax.toml", "document/syntax", "1:5"),
    ("syntax.tfvars", "document/syntax", "1:14"),
    ("syntax.env", "document/syntax", "1:7"),
    ("syntax.ini", "document/syntax", "1:1"),
    ("cyclic.yaml", "document/alias", "3:10"),
    ("unknown-alias.yaml", "document/alias", "1:6"),
    ("merge-cycle.yaml", "document/alias", "2:7"),
    ("merge-nothing.yaml", "document/syntax", "3:7"),
];

/// Checks that only the unreadable file is reported: in each environment, and in both alike.
#[track_caller]
fn is_refused(ending: &str, bad: &[u8], good: &str, code: &str, at: Option<&str>) {
    for (staging, production) in [(false, true), (true, false), (true, true)] {
        let world = pair(ending, good, good, "");
        for (is_bad, name) in [(staging, "staging"), (production, "production")] {
            if is_bad {
                std::fs::write(world.path(&format!("config/{name}.{ending}")), bad).unwrap();
            }
        }
        let report = world.json(1, &["drift", "--parity"]);
        let findings = report["findings"].as_array().unwrap();
        let found = findings
            .iter()
            .find(|finding| finding["code"] == code)
            .unwrap_or_else(|| panic!("{ending} has no {code}: {:?}", reported(&report)));
        // After a duplicate key, the rest is compared.
        let is_read_otherwise = code == "document/duplicate-key";
        assert!(
            findings.iter().all(|finding| {
                let found = finding["code"].as_str().unwrap();
                found.starts_with("document/") || is_read_otherwise && found.starts_with("parity/")
            }),
            "{:?}",
            reported(&report)
        );
        assert!(report["parity"]["unread"].as_u64() > Some(0), "{report}");
        if let Some(at) = at {
            let places = places(found);
            assert!(
                places
                    .iter()
                    .any(|place| place.ends_with(&format!(":{at}"))),
                "{ending}: {places:?}"
            );
        }
        let text = world.expect(1, &["drift", "--parity"]);
        text.says(code).says("cannot tell");
        assert!(!text.out.contains("in parity"), "{}", text.short());
        assert!(text.all().len() < 20_000, "{} bytes", text.all().len());
        // Unread files are not declared.
        let baseline = world.expect(1, &["baseline"]);
        baseline.says("nothing was written");
        assert!(!world.path("environments/differences.toml").exists());
        let compared = world.expect(
            1,
            &[
                "compare",
                &format!("config/staging.{ending}"),
                &format!("config/production.{ending}"),
            ],
        );
        compared.says(code).says("cannot tell");
        assert!(!compared.out.contains("in parity"), "{}", compared.short());
    }
}

#[test]
fn broken_files_are_reported_at_their_place_and_never_equal() {
    for (name, code, at) in BROKEN {
        let (_, ending) = name.split_once('.').unwrap();
        let good = fixture(&format!(
            "formats/{}/staging.{ending}",
            match ending {
                "tfvars" => "hcl",
                "env" => "dotenv",
                other => other,
            }
        ));
        let bad = fixture(&format!("broken/{name}"));
        is_refused(ending, bad.as_bytes(), &good, code, Some(at));
    }
}

#[test]
fn nesting_is_bounded_in_every_format_that_nests() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
    let good = [
        ("yaml", "a: 1\n"),
        ("json", "{}"),
        ("toml", "a = 1\n"),
        ("tfvars", "a = 1\n"),
    ];
    for (ending, good) in good {
        let key = match ending {
            "yaml" => "a: ",
            "json" => "",
            _ => "a = ",
        };
        let bad = format!("{key}{}\n", deep("[", "]"));
        is_refused(ending, bad.as_bytes(), good, "document/too-deep", None);
    }
    let steps: String = (0..2_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    is_refused(
        "yaml",
        steps.as_bytes(),
        "a: 1\n",
        "document/too-deep",
        None,
    );
    let quoted = format!("a = \"{}\n", "${\"".repeat(20_000));
    is_refused(
        "tfvars",
        quoted.as_bytes(),
        "a = 1\n",
        "document/too-deep",
        None,
    );
}

#[test]
fn aliases_that_multiply_are_followed_no_further() {
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    is_refused("yaml", bomb.as_bytes(), "a: 1\n", "document/alias", None);
    let mut merges = String::from("a0: &a0 {k: v}\n");
    for level in 1..40 {
        let below = level - 1;
        merges.push_str(&format!(
            "a{level}: &a{level} {{<<: *a{below}, x{level}: {{<<: *a{below}}}, y{level}: {{<<: *a{below}}}}}\n"
        ));
    }
    is_refused("yaml", merges.as_bytes(), "a: 1\n", "document/alias", None);
}

/// A binary file is compared by `compare`, and rejected as a declared document.
#[test]
fn binary_files_are_refused_as_declared_documents() {
    for bytes in [
        b"a: \x00\x01\x02".as_slice(),
        b"name: caf\xe9\n",
        b"\xff\xfea\x00:\x00",
    ] {
        for (staging, production) in [(false, true), (true, false), (true, true)] {
            let world = pair("yaml", "a: 1\n", "a: 1\n", "");
            for (is_bad, name) in [(staging, "staging"), (production, "production")] {
                if is_bad {
                    std::fs::write(world.path(&format!("config/{name}.yaml")), bytes).unwrap();
                }
            }
            let text = world.expect(1, &["drift", "--parity"]);
            text.says("document/not-text").says("cannot tell");
            assert!(!text.out.contains("in parity"), "{}", text.short());
        }
    }
}

#[test]
fn a_template_is_text_until_it_is_rendered() {
    let world = pair(
        "yaml",
        "a: 1\n{{ if .Values.x }}\nb: 1\n{{ end }}\n",
        "a: 1\n{{ if .Values.x }}\nb: 2\n{{ end }}\n",
        "",
    );
    let reported = drift(&world, 2);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(
        reported[0].starts_with("parity/lines-differ"),
        "{reported:?}"
    );
}

/// References occur in many files that are not templates: other errors there are still reported.
#[test]
fn a_reference_does_not_make_a_broken_file_a_template() {
    for (ending, bad, code) in [
        ("yaml", "a: ${X}\na: 1\n", "document/duplicate-key"),
        ("yaml", "a: ${X}\nb: [\n", "document/syntax"),
        ("yaml", "a: [[1]]\nb: {c}\nd: [\n", "document/syntax"),
        ("json", "{\"a\": \"${X}\",\n\"b\" 1}", "document/syntax"),
        ("env", "A=${X}\nB=\"\n", "document/syntax"),
        ("tfvars", "a = \"${x}\"\na = 1\n", "document/duplicate-key"),
    ] {
        let good = if ending == "json" { "{}" } else { "" };
        is_refused(ending, bad.as_bytes(), good, code, None);
    }
    let yaml = |value: &str| format!("a: 1\nport: @PORT@\nlevel: {value}\n");
    let reported = drift(&pair("yaml", &yaml("x"), &yaml("y"), ""), 2);
    assert!(
        reported[0].starts_with("parity/lines-differ"),
        "{reported:?}"
    );
}

/// A declared format has precedence over the file name.
#[test]
fn the_format_can_be_declared() {
    let world = estate("[document.config]\npath = \"config/${environment}\"\nformat = \"json\"\n");
    world.write("config/staging", "{\"a\": 1, \"b\": [1, 2]}");
    world.write("config/production", "{\"b\": [1, 2],\n \"a\": 2}");
    assert_eq!(drift(&world, 2).len(), 1);
    world.replace("environments/system.toml", "\"json\"", "\"lines\"");
    let as_lines = drift(&world, 2);
    assert!(
        as_lines
            .iter()
            .all(|line| line.starts_with("parity/lines-differ")
                || line.starts_with("parity/element-missing")),
        "{as_lines:?}"
    );
    world.replace("environments/system.toml", "\"lines\"", "\"toml\"");
    assert!(drift(&world, 1)[0].starts_with("document/syntax"));
}
