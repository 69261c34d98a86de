//! Hooks that are called with outcomes: what they get, and that a failing one changes nothing but the record.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::world::{HANGS, SYSTEM, TestWorld};

/// A hook that stores what it gets.
const STORE: &str = r#"cat > "../got-$EVENKEEL_EVENT.json"
env | grep '^EVENKEEL_' | sort > "../got-$EVENKEEL_EVENT.env""#;

fn world(hooks: &str) -> TestWorld {
    let world = TestWorld::with(&format!("{SYSTEM}\n{hooks}\n"));
    world.script("checks/store.sh", STORE);
    world
}

fn got(world: &TestWorld, event: &str) -> Value {
    serde_json::from_str(&world.read(&format!("got-{event}.json"))).unwrap()
}

fn failures(world: &TestWorld) -> Vec<String> {
    let log = world.json(0, &["log"]);
    let entries = log["entries"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["kind"] == "notification-failed")
        .map(|entry| entry["words"].as_str().unwrap().to_owned())
        .collect()
}

fn plan_of(document: &Value) -> String {
    document["verdict"]["plan"].as_str().unwrap()[..12].to_owned()
}

#[test]
fn a_command_gets_every_outcome() {
    let world =
        world("[notify.store]\nrun = [\"../checks/store.sh\"]\nsecret = { env = \"HOOK_SECRET\" }");
    let mut world = world;
    world
        .variables
        .insert("HOOK_SECRET".into(), "a shared secret".into());
    world
        .variables
        .insert("EVENKEEL_LEDGER_KEY".into(), "5a".repeat(32));
    let delivered = world.json(0, &["deliver"]);
    let verdict = got(&world, "verdict");
    assert_eq!(verdict["command"], "deliver");
    assert_eq!(verdict["system"], "small");
    assert_eq!(verdict["environment"], "production");
    assert_eq!(verdict["open"], false);
    assert_eq!(verdict["headline"], "waiting-for-approval");
    assert_eq!(verdict["reasons"][0]["code"], "gate/not-approved");
    assert_eq!(verdict["plan"], delivered["verdict"]["plan"]);
    // The signature is the one of another implementation, and no secret is handed on.
    let variables = world.read("got-verdict.env");
    let signed = Command::new("python3")
        .args([
            "-c",
            "import hmac, sys; print(hmac.new(b'a shared secret', open(sys.argv[1], 'rb').read(), 'sha256').hexdigest())",
        ])
        .arg(world.path("got-verdict.json"))
        .output()
        .unwrap();
    let signed = String::from_utf8(signed.stdout).unwrap();
    assert!(
        variables.contains(&format!("EVENKEEL_SIGNATURE=sha256={}\n", signed.trim())),
        "{variables}"
    );
    assert!(!variables.contains("5a5a5a"), "{variables}");

    world.expect(
        0,
        &["approve", &plan_of(&delivered), "--yes", "--reason", "so"],
    );
    assert_eq!(got(&world, "verdict")["open"], true);
    world.expect(0, &["release"]);
    let release = got(&world, "release");
    assert_eq!(release["release"], "r-1");
    assert_eq!(release["headline"], "released");
    assert_eq!(release["exit-code"], 0);
    // Nothing to say, and a command that runs no program.
    world.expect(0, &["drift"]);
    world.write("run/production/config.toml", "changed\n");
    world.expect(0, &["drift", "--parity"]);
    assert!(!world.path("got-drift.json").exists());
    world.expect(2, &["drift"]);
    let drift = got(&world, "drift");
    assert_eq!(drift["headline"], "drift");
    assert!(
        drift["findings"][0]
            .as_str()
            .unwrap()
            .contains("file.config")
    );
    assert!(failures(&world).is_empty());
    let listed = world.expect(0, &["validate"]);
    assert!(listed.out.contains("notify.store runs"), "{}", listed.out);
}

#[test]
fn a_rollback_is_a_release() {
    let world = world("[notify.store]\nrun = [\"../checks/store.sh\"]");
    world.replace(
        "environments/system.toml",
        "uncommitted = true",
        "approvals = 0",
    );
    for greeting in ["one", "two"] {
        let text = format!("greeting = \"{greeting}\"\n");
        world.write("environments/config.toml.j2", &text);
        world.commit();
        world.expect(0, &["deliver"]);
        world.expect(0, &["release"]);
    }
    world.expect(8, &["rollback", "production"]);
    let release = got(&world, "release");
    assert_eq!(release["command"], "rollback");
    assert_eq!(release["release"], "r-3");
    assert_eq!(release["headline"], "rolled-back");
    assert_eq!(release["environment"], "production");
    assert_eq!(release["exit-code"], 8);
}

#[test]
fn a_url_gets_a_signed_post() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).unwrap();
            got.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&got).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                });
                if length.is_some_and(|length| body.len() == length.parse::<usize>().unwrap()) {
                    stream
                        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                        .unwrap();
                    return text;
                }
            }
        }
    });
    let mut world = world(
        "[notify.chat]\nurl = { env = \"HOOK_URL\" }\nsecret = { env = \"HOOK_SECRET\" }\non = [\"verdict\"]",
    );
    world.variables.insert(
        "HOOK_URL".into(),
        format!("http://127.0.0.1:{port}/services/T0KEN"),
    );
    world
        .variables
        .insert("HOOK_SECRET".into(), "shh-secret".into());
    let ran = world.expect(0, &["deliver"]);
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /services/T0KEN "), "{request}");
    let lower = request.to_lowercase();
    for header in [
        "content-type: application/json",
        "x-evenkeel-event: verdict",
        "x-evenkeel-signature-256: sha256=",
        "x-evenkeel-delivery: ",
    ] {
        assert!(lower.contains(header), "{request}");
    }
    assert!(!format!("{}{}", ran.out, ran.err).contains("T0KEN"));
    assert!(failures(&world).is_empty());
    // Now there is no server. The address is a secret, so no output has it.
    let plan = plan_of(&world.json(0, &["deliver"]));
    let ran = world.expect(0, &["approve", &plan, "--yes", "--reason", "so"]);
    assert!(
        ran.err.contains("notify.chat: no answer"),
        "{}",
        ran.short()
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("T0KEN"));
    let failures = failures(&world);
    assert!(
        failures
            .last()
            .unwrap()
            .starts_with("chat was not notified of the verdict"),
        "{failures:?}"
    );
    assert!(failures.iter().all(|words| !words.contains("T0KEN")));
}

#[test]
fn a_failing_or_hanging_hook_changes_no_outcome() {
    let mut world = world(
        "[notify.fails]\nrun = [\"../checks/fails.sh\"]\n\n[notify.hangs]\nrun = [\"../checks/hangs.sh\"]\nwithin = \"1s\"\n\n[notify.lacks]\nrun = [\"../checks/missing\"]\n\n[notify.unset]\nurl = { env = \"NOT_SET\" }\n\n[notify.works]\nrun = [\"../checks/store.sh\"]",
    );
    world.script("checks/fails.sh", "echo \"no: $TOKEN\" >&2; exit 3");
    world.script("checks/hangs.sh", "sleep 600");
    world.replace(
        "environments/system.toml",
        "[parameter.greeting]",
        "[parameter.token]\nvaries = \"secret\"\n\n[parameter.greeting]",
    );
    world.add("environments/config.toml.j2", "token = \"{{ token }}\"\n");
    for name in ["staging", "production"] {
        let variable = format!("TOKEN_{}", name.to_uppercase());
        world.replace(
            &format!("environments/{name}.toml"),
            "[values]",
            &format!("[values]\ntoken = {{ env = \"{variable}\" }}"),
        );
        world.variables.insert(variable, format!("t0ken-of-{name}"));
    }
    world
        .variables
        .insert("TOKEN".into(), "t0ken-of-staging".into());
    let began = Instant::now();
    let ran = world.expect(0, &["deliver"]);
    assert!(began.elapsed() < HANGS / 4);
    assert_eq!(got(&world, "verdict")["exit-code"], 0);
    for (hook, reason) in [
        ("fails", "ended with status 3: no: "),
        ("hangs", "did not end in time"),
        ("lacks", "missing"),
        ("unset", "the environment variable NOT_SET is not set"),
    ] {
        let line = ran
            .err
            .lines()
            .find(|line| line.contains(&format!("notify.{hook}: ")));
        assert!(
            line.is_some_and(|line| line.contains(reason)),
            "{hook}: {}",
            ran.err
        );
    }
    assert!(!ran.err.contains("t0ken-of-staging"), "{}", ran.err);
    let failures = failures(&world);
    assert_eq!(failures.len(), 4, "{failures:?}");
    assert!(
        failures.iter().all(|words| !words.contains("t0ken")),
        "{failures:?}"
    );
    // The record is whole, and the gate reads past these entries.
    world.expect(0, &["audit", "verify"]);
    let plan = plan_of(&world.json(0, &["deliver"]));
    world.expect(0, &["approve", &plan, "--yes", "--reason", "so"]);
    world.expect(0, &["release"]);
}

#[test]
fn wrong_hooks_are_reported_together() {
    let world = world(
        "[notify.both]\nrun = [\"x\"]\nurl = \"https://example.com\"\n\n[notify.none]\non = [\"verdict\"]\n\n[notify.ftp]\nurl = \"ftp://example.com\"\n\n[notify.user]\nurl = \"https://me:hunter22@example.com/x\"\n\n[notify.long]\nrun = [\"x\"]\nwithin = \"1h\"\n\n[notify.event]\nrun = [\"x\"]\non = [\"releases\"]\n\n[notify.written]\nrun = [\"x\"]\nsecret = \"hunter22\"",
    );
    let ran = world.run(&["validate"]);
    assert_eq!(ran.code, 1, "{}", ran.short());
    let said = format!("{}{}", ran.out, ran.err);
    for words in [
        "notify.both has `run` and `url`",
        "notify.none does not say what is called",
        "`url` is neither http nor https",
        "the URL contains a password",
        "`within` is not between",
        "releases",
        "notify.written.secret is a secret",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("hunter22"), "{said}");
}
