//! Secrets in documents: canaries in every format and position; all output is searched for them.

use evenkeel_document::Format;

use super::estate::{estate, pair};
use super::secrets::holds;
use super::world::{Ran, TestWorld};

/// Returns the canary of one position in one environment.
fn canary(position: &str, environment: &str) -> String {
    format!("cAnArY{position}{environment}Kx9Wm")
}

/// Positions of canaries.
const POSITIONS: [&str; 12] = [
    "plain", "nested", "listed", "flagged", "address", "pem", "folded", "single", "double", "deep",
    "token", "last",
];

#[track_caller]
fn nothing_in(what: &str, bytes: &[u8]) {
    for position in POSITIONS {
        for environment in ["staging", "production"] {
            let found = holds(bytes, &canary(position, environment));
            assert!(
                found.is_none(),
                "{what} has {position} of {environment} as {found:?}\n{}",
                String::from_utf8_lossy(bytes)
                    .chars()
                    .take(6_000)
                    .collect::<String>()
            );
        }
    }
}

/// Runs every command that reads documents, in both formats, and searches its output and files.
fn nothing_comes_out(world: &TestWorld, files: [&str; 2]) {
    // Read in another format, a Kubernetes Secret is not recognisable.
    let formats: &[&str] = if world.read(files[0]).contains("kind: Secret") {
        &["lines", "yaml"]
    } else {
        Format::NAMES
    };
    let mut outputs: Vec<(String, Ran)> = Vec::new();
    let mut run = |arguments: &[&str]| {
        let ran = world.run(arguments);
        outputs.push((arguments.join(" "), ran));
    };
    for format in ["text", "json"] {
        run(&[
            "drift",
            "--parity",
            "--fail-on",
            "advice",
            "--format",
            format,
        ]);
        run(&["compare", files[0], files[1], "--format", format]);
    }
    for known in formats {
        run(&["compare", files[0], files[1], "--read-as", known]);
    }
    run(&["baseline", "--dry-run"]);
    let report = world.run(&["drift", "--parity", "--format", "json"]);
    if let Some(findings) = report.document()["findings"].as_array() {
        for finding in findings {
            let id = finding["fingerprint"].as_str().unwrap();
            run(&["explain", id, "--declare"]);
        }
    }
    if let Some(first) = report.document()["findings"][0]["fingerprint"].as_str() {
        run(&["explain", first]);
    }
    run(&["baseline"]);
    run(&["drift", "--parity"]);
    for (what, ran) in &outputs {
        nothing_in(what, ran.all().as_bytes());
    }
    for (path, (_, bytes)) in world.snapshot("environments") {
        nothing_in(&path.display().to_string(), &bytes);
    }
    // Definitions made from it contain none either.
    let init = world.run(&["init", "--environments", "found"]);
    nothing_in("init", init.all().as_bytes());
    for (path, (_, bytes)) in world.snapshot("found") {
        nothing_in(&path.display().to_string(), &bytes);
    }
}

fn pem(position: &str, environment: &str, indent: &str) -> String {
    format!(
        "{indent}-----BEGIN PRIVATE KEY-----\n{indent}{}\n{indent}{}\n{indent}-----END PRIVATE KEY-----\n",
        canary(position, environment),
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
    )
}

fn yaml_of(environment: &str) -> String {
    let c = |position: &str| canary(position, environment);
    format!(
        "level: {}\npassword: {}\ndb:\n  apiKey: \"{}\"\n  url: postgres://app:{}@db/{environment}\nenv:\n- DB_PASSWORD={}\n- LEVEL=x\n\
         args: [--port=1, \"--token={}\"]\nkey: |\n{}single_secret: '{}'\nmore:\n- name: CLIENT_SECRET\n  value: {}\ntokens: [{}, {}]\nend: 1\n",
        environment.len(),
        c("plain"),
        c("nested"),
        c("address"),
        c("listed"),
        c("flagged"),
        pem("pem", environment, "  "),
        c("single"),
        c("deep"),
        c("token"),
        c("last"),
    )
}

#[test]
fn no_secret_of_yaml_is_displayed() {
    let world = pair("yaml", &yaml_of("staging"), &yaml_of("production"), "");
    nothing_comes_out(&world, ["config/staging.yaml", "config/production.yaml"]);
}

#[test]
fn no_secret_of_json_is_displayed() {
    let json_of = |environment: &str| {
        let c = |position: &str| canary(position, environment);
        format!(
            "{{\n \"level\": {}, \"password\": \"{}\",\n \"db\": {{\"apiKey\": \"{}\", \"url\": \"amqp://u:{}@q/{environment}\"}},\n \
             \"env\": [\"DB_PASSWORD={}\", \"A=b\"], \"args\": [\"--token={}\", \"x\"],\n \"pem\": {},\n \"list\": [{{\"name\": \"API_TOKEN\", \"value\": \"{}\"}}] }}\n",
            environment.len(),
            c("plain"),
            c("nested"),
            c("address"),
            c("listed"),
            c("flagged"),
            serde_json::to_string(&pem("pem", environment, "")).unwrap(),
            c("deep"),
        )
    };
    let world = pair("json", &json_of("staging"), &json_of("production"), "");
    nothing_comes_out(&world, ["config/staging.json", "config/production.json"]);
}

#[test]
fn no_secret_of_toml_is_displayed() {
    let toml_of = |environment: &str| {
        let c = |position: &str| canary(position, environment);
        format!(
            "level = {}\npassword = \"{}\"\nkey = \"\"\"\n{}\"\"\"\n[db]\napi-key = '{}'\nurl = \"redis://:{}@r/0\"\nenv = [\"DB_PASSWORD={}\"]\n[[user]]\nname = \"a\"\npassword = \"{}\"\n",
            environment.len(),
            c("plain"),
            pem("pem", environment, ""),
            c("single"),
            c("address"),
            c("listed"),
            c("deep"),
        )
    };
    let world = pair("toml", &toml_of("staging"), &toml_of("production"), "");
    nothing_comes_out(&world, ["config/staging.toml", "config/production.toml"]);
}

#[test]
fn no_secret_of_hcl_is_displayed() {
    let hcl_of = |environment: &str| {
        let c = |position: &str| canary(position, environment);
        format!(
            "level = {}\npassword = \"{}\"\ndb = {{\n  api_key = \"{}\"\n  url = \"mysql://u:{}@h/x\"\n}}\nkey = <<EOT\n{}EOT\nenv = [\"DB_PASSWORD={}\"]\nresource \"a\" \"b\" {{\n  master_password = \"{}\"\n}}\n",
            environment.len(),
            c("plain"),
            c("nested"),
            c("address"),
            pem("pem", environment, ""),
            c("listed"),
            c("deep"),
        )
    };
    let world = pair("tf", &hcl_of("staging"), &hcl_of("production"), "");
    nothing_comes_out(&world, ["config/staging.tf", "config/production.tf"]);
}

#[test]
fn no_secret_of_dotenv_is_displayed() {
    let env_of = |environment: &str| {
        let c = |position: &str| canary(position, environment);
        format!(
            "LEVEL={}\nDB_PASSWORD={}\nexport API_TOKEN='{}'\nSECRET_KEY_BASE=\"{}\"\nURL=https://u:{}@h/{environment}\nPRIVATE_KEY=\"{}\"\n# DB_PASSWORD={}\nLAST=x\n",
            environment.len(),
            c("plain"),
            c("single"),
            c("double"),
            c("address"),
            pem("pem", environment, "").trim_end(),
            c("last"),
        )
    };
    let world = pair("env", &env_of("staging"), &env_of("production"), "");
    nothing_comes_out(&world, ["config/staging.env", "config/production.env"]);
}

#[test]
fn no_secret_of_properties_and_lines_is_displayed() {
    for ending in ["properties", "ini", "conf"] {
        let text_of = |environment: &str| {
            let c = |position: &str| canary(position, environment);
            format!(
                "level={}\ndb.password={}\napi_key = {}\nurl=jdbc:postgresql://u:{}@h/{environment}\nend=1\n",
                environment.len(),
                c("plain"),
                c("nested"),
                c("address"),
            )
        };
        let world = pair(ending, &text_of("staging"), &text_of("production"), "");
        nothing_comes_out(
            &world,
            [
                &format!("config/staging.{ending}"),
                &format!("config/production.{ending}"),
            ],
        );
    }
}

#[test]
fn no_value_of_a_kubernetes_secret_is_displayed() {
    let secret_of = |environment: &str| {
        let encoded = super::secrets::encoded(&canary("plain", environment));
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\ntype: Opaque\ndata:\n  db: {encoded}\n  other: {encoded}\nstringData:\n  conn: {}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{level: \"{}\"}}\n",
            canary("nested", environment),
            environment.len(),
        )
    };
    let world = pair("yaml", &secret_of("staging"), &secret_of("production"), "");
    nothing_comes_out(&world, ["config/staging.yaml", "config/production.yaml"]);
}

/// Unreadable files are shown around the place of the defect, without the secrets there.
#[test]
fn no_secret_of_a_broken_file_is_displayed() {
    for (ending, line) in [
        ("yaml", "password: {}\nlevel: [\n"),
        ("yaml", "password: \"{}\nlevel: x\n"),
        ("yaml", "a: 1\npassword: {}\npassword: {}\n"),
        ("json", "{\"password\": \"{}\" \"level\": 1}\n"),
        ("toml", "password = \"{}\"\nlevel = \n"),
        ("toml", "password = \"{}\"\npassword = \"{}\"\n"),
        ("tfvars", "password = \"{}\"\nlevel = \n"),
        ("tfvars", "password = \"{}\n"),
        ("env", "DB_PASSWORD=\"{}\nLEVEL=1\n"),
        ("env", "DB_PASSWORD={}\nDB_PASSWORD={}\n"),
        ("ini", "[a]\npassword={}\n[b\n"),
        ("properties", "password={}\npassword={}\n"),
    ] {
        let text_of = |environment: &str| line.replace("{}", &canary("plain", environment));
        let world = pair(ending, &text_of("staging"), &text_of("production"), "");
        nothing_comes_out(
            &world,
            [
                &format!("config/staging.{ending}"),
                &format!("config/production.{ending}"),
            ],
        );
    }
}

/// A list and a map with more elements in one environment are shortened, without the secrets in them.
#[test]
fn no_secret_of_one_side_is_displayed() {
    let c = canary("deep", "production");
    let world = pair(
        "yaml",
        "a: 1\n",
        &format!(
            "a: 1\nuser: {{name: x, password: {c}}}\nusers: [{{name: y, token: {c}}}]\nenv: [PASSWORD={c}]\npasswords: [{c}]\nkey: |\n{}",
            pem("pem", "production", "  ")
        ),
        "",
    );
    nothing_comes_out(&world, ["config/staging.yaml", "config/production.yaml"]);
}

#[test]
fn no_secret_in_a_commands_output_is_displayed() {
    let world = estate("[document.config]\nrender = [\"bin/render\", \"${environment}\"]\n");
    world.script(
        "bin/render",
        "echo \"password: cAnArYplain$1Kx9Wm\"; echo \"level: ${#1}\"; echo \"token: cAnArYtoken$1Kx9Wm\" >&2",
    );
    for arguments in [
        &["drift", "--parity", "--render"][..],
        &["drift", "--parity", "--render", "--format", "json"],
    ] {
        let ran = world.expect(2, arguments);
        nothing_in("drift", ran.all().as_bytes());
    }
}
