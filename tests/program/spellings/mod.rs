//! Secrets in files, in every spelling, by every command and in every format: none is displayed. Settings about
//! secrets, their names and references to them are displayed.

mod tables;

use std::collections::BTreeMap;

use evenkeel::report::ReportFormat;
use evenkeel_document::Format;

use super::estate::{estate, pair};
use super::secrets::holds;
use super::world::TestWorld;
use tables::{SECRETS, SETTINGS};

const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// Canaries of several sorts, of staging and of production: like a person's, one word, and a generated one.
const CANARIES: [[&str; 2]; 3] = [
    ["Summer-Wind-88a4", "Winter-Rain-77b3"],
    ["kzqvwxhoo", "plmoknzee"],
    ["x9Kd0Qm3Lp7Zr2Vt8Yw4Bn6H", "q1W2e3R4t5Y6u7I8o9P0aSdF"],
];

fn filled(text: &str, secret: &str, number: usize) -> String {
    text.replace('§', secret)
        .replace('~', &(number + 3).to_string())
}

/// Returns every spelling in its own file, each a document.
fn world(canaries: [&str; 2]) -> TestWorld {
    let documents: String = SECRETS
        .iter()
        .enumerate()
        .map(|(number, (ending, _))| {
            format!("[document.d{number}]\npath = \"config/${{environment}}/{number}.{ending}\"\n")
        })
        .collect();
    let world = estate(&documents);
    for (which, (environment, canary)) in ENVIRONMENTS.iter().zip(canaries).enumerate() {
        for (number, (ending, text)) in SECRETS.iter().enumerate() {
            world.write(
                &format!("config/{environment}/{number}.{ending}"),
                &filled(text, canary, which),
            );
        }
    }
    world
}

/// Collects the lines of a text that contain a canary.
fn leak(what: &str, text: &str, canaries: [&str; 2], leaks: &mut Vec<String>) {
    for canary in canaries {
        if holds(text.as_bytes(), canary).is_some() {
            let line = text
                .lines()
                .find(|line| holds(line.as_bytes(), canary).is_some());
            leaks.push(format!("{what}: {}", line.unwrap_or("in several lines")));
        }
    }
}

#[test]
fn there_are_enough_spellings() {
    assert!(SECRETS.len() >= 140 && SETTINGS.len() >= 80);
}

#[test]
fn no_command_displays_a_secret_in_any_format() {
    let mut leaks = Vec::new();
    for canaries in CANARIES {
        let world = world(canaries);
        let mut run = |arguments: &[&str]| {
            let ran = world.run(arguments);
            assert_ne!(ran.code, 101, "{arguments:?}: {}", ran.short());
            leak(&arguments.join(" "), &ran.all(), canaries, &mut leaks);
            ran
        };
        for format in ReportFormat::ALL.iter().map(|format| format.name()) {
            run(&[
                "drift",
                "--parity",
                "--fail-on",
                "advice",
                "--format",
                format,
            ]);
            run(&[
                "compare",
                "config/staging",
                "config/production",
                "--format",
                format,
            ]);
        }
        for known in Format::NAMES {
            for format in ["text", "json"] {
                run(&[
                    "compare",
                    "config/staging",
                    "config/production",
                    "--read-as",
                    known,
                    "--format",
                    format,
                ]);
            }
        }
        for arguments in [
            &["validate"][..],
            &["drift"],
            &["plan"],
            &["apply", "staging"],
            &["deliver"],
            &["status"],
            &["log"],
            &["audit", "verify"],
            &["baseline", "--dry-run"],
            &["init", "--environments", "found"],
        ] {
            run(arguments);
        }
        let report = run(&[
            "drift",
            "--parity",
            "--fail-on",
            "advice",
            "--format",
            "json",
        ]);
        for finding in report.document()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .step_by(7)
        {
            let id = finding["fingerprint"].as_str().unwrap();
            run(&["explain", id]);
            run(&["explain", id, "--declare"]);
        }
        // The declarations are in force, and contain no values.
        world.expect(0, &["baseline"]);
        world.expect(0, &["drift", "--parity"]);
        for folder in ["environments", "found", ".evenkeel"] {
            for (path, (_, bytes)) in world.snapshot(folder) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                leak(&path.display().to_string(), &text, canaries, &mut leaks);
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

/// An excerpt of two compared files contains no secret.
#[test]
fn no_secret_is_in_an_excerpt() {
    let mut leaks = Vec::new();
    for canaries in CANARIES {
        let world = world(canaries);
        for (number, (ending, text)) in SECRETS.iter().enumerate() {
            let files = ENVIRONMENTS.map(|name| format!("config/{name}/{number}.{ending}"));
            let ran = world.run(&["compare", &files[0], &files[1]]);
            leak(
                &format!("{ending} {text:?}"),
                &ran.all(),
                canaries,
                &mut leaks,
            );
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn settings_names_and_references_are_shown() {
    let mut hidden = Vec::new();
    for (ending, text, values) in SETTINGS {
        let [staging, production] = values.map(|value| filled(text, value, 0));
        let world = pair(ending, &staging, &production, "");
        let report = world.json(2, &["drift", "--parity"]);
        let findings = report["findings"].as_array().unwrap();
        let shown: String = findings
            .iter()
            .map(|finding| {
                format!(
                    "{} {} {}",
                    finding["message"], finding["expected"], finding["found"]
                )
            })
            .collect();
        let shown = shown.replace('\\', "");
        let is_secret = findings.iter().any(|finding| {
            finding["code"] == "parity/secret-differs"
                || finding["code"] == "parity/ciphertext-differs"
        });
        let are_shown = values
            .iter()
            .all(|value| shown.contains(value.trim_matches('"')));
        if is_secret || !are_shown || shown.contains("not shown") {
            hidden.push(format!("{ending} {text:?} {values:?}: {shown}"));
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

/// A value under a key that resembles a secret's is declared without being written.
#[test]
fn a_baseline_writes_no_value_under_a_key_that_resembles_a_secrets() {
    for (text, values) in [
        (
            "passwordPolicy: §\n",
            ["strict-and-long", "relaxed-and-short"],
        ),
        ("tokenExpiration: §\n", ["36001", "60017"]),
        (
            "env:\n- name: TOKEN_ISSUER\n  value: §\n",
            ["issuer-one", "issuer-two"],
        ),
        ("existingSecret: §\n", ["secret-of-one", "secret-of-two"]),
    ] {
        let [staging, production] = values.map(|value| text.replace('§', value));
        let world = pair("yaml", &staging, &production, "");
        world.expect(2, &["drift", "--parity"]);
        world.expect(0, &["baseline"]);
        let written = world.read("environments/differences.toml");
        for value in values {
            assert!(!written.contains(value), "{text}: {written}");
        }
        assert!(written.contains("fingerprint = "), "{written}");
        world.expect(0, &["drift", "--parity"]);
        // Another value is detected.
        world.replace("config/production.yaml", values[1], "another-one");
        world.expect(2, &["drift", "--parity"]);
    }
    // A switch cannot be a secret.
    let world = pair("yaml", "requireAuth: true\n", "requireAuth: false\n", "");
    world.expect(0, &["baseline"]);
    assert!(
        world
            .read("environments/differences.toml")
            .contains("staging = true")
    );
    world.expect(0, &["drift", "--parity"]);
}

#[test]
fn an_empty_secret_is_as_severe_as_a_missing_key() {
    for (ending, text) in [
        ("yaml", "a: 1\npassword: \"§\"\n"),
        ("yaml", "a: 1\nenv:\n- name: DB_PASSWORD\n  value: \"§\"\n"),
        ("env", "A=1\nDB_PASSWORD=§\n"),
        ("toml", "a = 1\n[db]\npassword = \"§\"\n"),
        ("conf", "port 1\nrequirepass \"§\"\n"),
        ("ini", "[a]\npassword=§\n"),
    ] {
        for values in [["", "Summer-Wind-88"], ["Summer-Wind-88", ""]] {
            let [staging, production] = values.map(|value| text.replace('§', value));
            let world = pair(ending, &staging, &production, "");
            let report = world.json(2, &["drift", "--parity"]);
            let found: BTreeMap<&str, &str> = report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| {
                    (
                        finding["code"].as_str().unwrap(),
                        finding["severity"].as_str().unwrap(),
                    )
                })
                .collect();
            assert_eq!(
                found,
                [("parity/secret-empty", "critical")].into(),
                "{ending} {text:?}"
            );
            world.expect(0, &["baseline"]);
            world.expect(0, &["drift", "--parity"]);
        }
    }
}

#[test]
fn a_switch_about_secrets_in_lines_is_critical() {
    let world = pair(
        "conf",
        "PasswordAuthentication no\n",
        "PasswordAuthentication yes\n",
        "",
    );
    let report = world.json(2, &["drift", "--parity"]);
    assert_eq!(report["findings"][0]["code"], "parity/flag-differs");
    assert_eq!(report["findings"][0]["severity"], "critical");
}

#[test]
fn a_size_in_lines_has_a_direction() {
    for (ending, setting, more, less) in [
        ("conf", "maxclients §\n", "20000", "10000"),
        ("conf", "maxmemory §\n", "4gb", "2gb"),
        ("bicepparam", "param instances = §\n", "4", "3"),
        ("service", "[Service]\nCPUQuota=§\n", "20%", "10%"),
    ] {
        let with = |value: &str| setting.replace('§', value);
        let world = pair(ending, &with(more), &with(less), "");
        let report = world.json(2, &["drift", "--parity"]);
        assert_eq!(
            report["findings"][0]["code"], "parity/inverted",
            "{setting}"
        );
        let world = pair(ending, &with(less), &with(more), "");
        let report = world.json(2, &["drift", "--parity"]);
        assert_eq!(
            report["findings"][0]["code"], "parity/size-differs",
            "{setting}"
        );
    }
    // A number under another name may be anything.
    let world = pair("conf", "listen 8081\n", "listen 8080\n", "");
    let report = world.json(2, &["drift", "--parity"]);
    assert_eq!(report["findings"][0]["code"], "parity/lines-differ");
}

#[test]
fn ciphertexts_are_advice_and_are_not_compared() {
    for (ending, one, two) in [
        (
            "yaml",
            "secure: v1:aaaKFY/1ysSeebRj:UxNSTcNA7bF6NcgjmFRhFdJ8\n",
            "secure: v1:bbbKFY/1ysSeebRj:QqNSTcNA7bF6NcgjmFRhFdJ8\n",
        ),
        (
            "yaml",
            "a: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n",
            "a: ENC[AES256_GCM,data:u,iv:v,tag:w,type:str]\n",
        ),
        (
            "yaml",
            "password: ENC[PKCS7,MIIBiQYJKoZIhvcN]\n",
            "password: ENC[PKCS7,MIIBiQYJKoZIhvcX]\n",
        ),
        (
            "yaml",
            "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6231\n",
            "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6232\n",
        ),
        (
            "properties",
            "a={cipher}0a1b2c3d4e5f60718\n",
            "a={cipher}1a1b2c3d4e5f60718\n",
        ),
        (
            "yaml",
            "kind: SealedSecret\nspec:\n  encryptedData:\n    any: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq\n",
            "kind: SealedSecret\nspec:\n  encryptedData:\n    any: AgAR4i4OJSWK+PiTySYZZA9rO43cGDEx\n",
        ),
        (
            "json",
            "$ANSIBLE_VAULT;1.1;AES256\n623133\n",
            "$ANSIBLE_VAULT;1.1;AES256\n623134\n",
        ),
        (
            "yaml",
            "-----BEGIN PGP MESSAGE-----\n\nhQ\n",
            "-----BEGIN PGP MESSAGE-----\n\nhX\n",
        ),
    ] {
        let world = pair(ending, one, two, "");
        let report = world.json(0, &["drift", "--parity"]);
        let codes: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["parity/ciphertext-differs"], "{one}");
    }
    // Of an encrypted file beside a plain one only the plain one is compared.
    let world = pair(
        "json",
        "$ANSIBLE_VAULT;1.1;AES256\n6231\n",
        "{\"a\": 1}\n",
        "",
    );
    world
        .expect(2, &["drift", "--parity"])
        .says("parity/type-differs");
}

/// A difference beside a secret is displayed.
#[test]
fn a_difference_beside_a_secret_is_displayed() {
    for (ending, text) in [
        ("yaml", "url: postgres://app:§@db-~.example.org/x\n"),
        (
            "yaml",
            "conn: Server=db-~;Database=x;Password=§;Encrypt=True\n",
        ),
        ("conf", "exec x --token=§ --host db-~\n"),
    ] {
        let [staging, production] = [("Summer-Wind-88", 0), ("Winter-Rain-77", 1)]
            .map(|(secret, number)| filled(text, secret, number));
        let world = pair(ending, &staging, &production, "");
        let ran = world.expect(2, &["drift", "--parity"]);
        ran.says("db-3").says("db-4").says("(a secret, not shown)");
        assert!(
            !ran.all().contains("Summer") && !ran.all().contains("Winter"),
            "{}",
            ran.short()
        );
    }
}
