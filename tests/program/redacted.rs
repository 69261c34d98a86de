//! No secret of an environment is in any output, whichever way it came in: answers of services, what suites print, logs,
//! live files, errors. What only looks like a secret is covered in live files, line by line.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use super::world::{TestWorld, environment};

const SECRET: &str = "CANARY-s3cr3t/of&staging";

/// The suite that a release requires.
const CHECK: &str = "[suite.check]\nkind = \"smoke\"\nrun = [\"true\"]\n";

/// One secret that a file has, and whatever more is declared.
fn world(more: &str) -> TestWorld {
    let world = TestWorld::empty();
    world.write(
        "environments/system.toml",
        &format!(
            r#"[system]
name = "mini"
path = ["staging", "production"]
[parameter.root]
varies = "identity"
[parameter.token]
varies = "secret"
[directory.home]
on = "web"
path = "${{root}}"
[file.config]
on = "web"
path = "${{directory.home.path}}/app.conf"
content = "port = 1\ntoken = \"${{token}}\"\nlast = 1\n"
mode = "0600"
[file.about]
on = "web"
path = "${{directory.home.path}}/about.txt"
content = "first = 1\nname = ${{environment}}\nlast = 1\n"
[release]
require = ["smoke"]
uncommitted = true
{more}"#
        ),
    );
    for name in ["staging", "production"] {
        let text = environment(name).replace(
            "[values]\n",
            &format!("[values]\ntoken = {{ file = \"../secret-{name}\" }}\n"),
        );
        world.write(&format!("environments/{name}.toml"), &text);
    }
    world.write("secret-staging", SECRET);
    world.write("secret-production", "OTHER-canary-of-production");
    std::fs::create_dir(world.path("run")).unwrap();
    world
}

/// Where the secret is below a path, in the clear.
fn kept(path: &Path) -> Vec<String> {
    walkdir::WalkDir::new(path)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains("CANARY")
        })
        .map(|entry| entry.path().display().to_string())
        .collect()
}

/// Answers every request with the same body until it is dropped with the test.
fn service(body: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 500 No\r\nx-token: {body}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

/// The ways in which a program may write the secret.
fn spellings() -> Vec<String> {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        SECRET.to_owned(),
        SECRET.replace('/', "\\/"),
        SECRET.replace('&', "\\u0026"),
        SECRET.replace('/', "%2F").replace('&', "%26"),
        SECRET.replace('&', "&amp;"),
        "Q0FOQVJZLXMzY3IzdC9vZiZzdGFnaW5n".to_owned(),
        hex,
    ]
}

#[test]
fn an_answer_that_quotes_a_secret_that_was_not_sent_is_shown_without_it() {
    for spelling in spellings() {
        let port = service(format!("{{\"error\":\"cannot log in with {spelling}\"}}"));
        let world = world(&format!(
            "[suite.api]\nkind = \"smoke\"\nhttp = [{{ get = \"http://127.0.0.1:{port}/\", contains = \"welcome\", json = {{ \"/error\" = \"none\" }}, header = {{ x-token = \"none\" }} }}]\n"
        ));
        world.expect(0, &["apply", "staging"]);
        for arguments in [
            &["verify", "staging"][..],
            &["verify", "staging", "--format", "json"],
            &["deliver"],
            &["log"],
            &["status", "--format", "json"],
        ] {
            let ran = world.run(arguments);
            assert!(!ran.all().contains(&spelling), "{}", ran.short());
            assert!(!ran.all().contains("CANARY"), "{}", ran.short());
        }
        world.run(&["verify", "staging"]).says("(secret)");
        assert_eq!(kept(&world.path(".evenkeel")), Vec::<String>::new());
    }
}

#[test]
fn what_a_suite_prints_and_writes_is_shown_without_secrets_it_was_not_given() {
    let world =
        world("[suite.api]\nkind = \"smoke\"\nrun = [\"../print.sh\"]\njunit = \"*.xml\"\n");
    let lines = spellings().join("' '");
    world.script(
        "print.sh",
        &format!(
            "printf '%s\\n' '{lines}'; printf '%s\\n' '{lines}' >&2\necho '<testsuite><testcase name=\"{}\"><failure message=\"{}\"/></testcase></testsuite>' > a.xml\nexit 1",
            SECRET.replace('&', "&amp;"),
            SECRET.replace('&', "&amp;"),
        ),
    );
    world.expect(0, &["apply", "staging"]);
    for arguments in [
        &["verify", "staging"][..],
        &["verify", "staging", "--format", "json"],
        &["verify", "staging", "--format", "junit"],
        &["deliver", "--format", "json"],
    ] {
        let ran = world.run(arguments);
        for spelling in spellings() {
            assert!(
                !ran.all().contains(&spelling),
                "{spelling}: {}",
                ran.short()
            );
        }
    }
    for file in walkdir::WalkDir::new(world.path(".evenkeel/objects"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let text = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
        for spelling in spellings() {
            assert!(!text.contains(&spelling), "{spelling} in {text}");
        }
    }
}

#[test]
fn a_live_difference_covers_secrets_line_by_line_and_shows_the_rest() {
    let world = world(CHECK);
    world.expect(0, &["apply", "staging"]);
    world.add(
        "run/staging/about.txt",
        &format!("port = 4711\ndb_password = HANDTYPED-1\nurl = postgres://app:HANDTYPED-2@db/app\n-----BEGIN RSA PRIVATE KEY-----\nHANDTYPED3\n-----END RSA PRIVATE KEY-----\npasted {SECRET}\nend = 1\n"),
    );
    for arguments in [
        &["drift", "--live", "staging"][..],
        &["drift", "--live", "staging", "--format", "json"],
        &["drift", "--live", "staging", "--format", "sarif"],
        &["drift", "--live", "staging", "--format", "markdown"],
        &["plan", "staging"],
        &["plan", "staging", "--format", "json"],
        &["plan", "staging", "-o", "saved.plan"],
        &["apply", "staging"],
    ] {
        let ran = world.run(arguments);
        assert!(
            !ran.all().contains("HANDTYPED"),
            "{arguments:?}: {}",
            ran.short()
        );
        assert!(
            !ran.all().contains("CANARY"),
            "{arguments:?}: {}",
            ran.short()
        );
        if matches!(
            arguments,
            ["drift", "--live", "staging"] | ["plan", "staging"]
        ) {
            ran.says("port = 4711")
                .says("end = 1")
                .says("db_password = (a secret, not shown)");
        }
    }
    assert!(!world.read("saved.plan").contains("HANDTYPED"));
    assert_eq!(kept(&world.path(".evenkeel")), Vec::<String>::new());
}

#[test]
fn the_end_of_a_log_is_shown_without_secrets_of_others() {
    let world = world(&format!(
        "{CHECK}[process.app]\non = \"web\"\ncommand = [\"/bin/sh\", \"app.sh\"]\ndirectory = \".\"\n"
    ));
    world.script(
        "app.sh",
        &format!("echo 'cannot log in with {SECRET}'; exit 1"),
    );
    world
        .run(&["apply", "staging"])
        .says("cannot log in with (secret)");
    for arguments in [
        &["apply", "staging"][..],
        &["deliver"],
        &["log", "--format", "json"],
    ] {
        let ran = world.run(arguments);
        assert!(
            !ran.all().contains("CANARY"),
            "{arguments:?}: {}",
            ran.short()
        );
    }
    let kept: Vec<String> = kept(&world.path(".evenkeel"))
        .into_iter()
        .filter(|path| !path.ends_with(".log"))
        .collect();
    assert_eq!(kept, Vec::<String>::new());
}
