//! No secret of an environment is in any output, whatever its source: answers of services, output of suites, logs, live
//! files, errors. Likely secrets are hidden in live files, line by line.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use super::world::{TestWorld, environment};

const SECRET: &str = "CANARY-s3cr3t/of&staging";

/// Suite that a release requires.
const CHECK: &str = "[suite.check]\nkind = \"smoke\"\nrun = [\"true\"]\n";

/// Returns a file with one secret, and further declarations.
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

/// Returns the places below a path that contain the plain secret.
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

/// Answers every request with the same body until it is dropped.
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

/// Returns the forms in which a program may write the secret.
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
fn a_suites_output_is_displayed_without_secrets_of_others() {
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
fn a_live_difference_hides_secrets_line_by_line() {
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

/// Returns the forms of the secret, in one line or two.
fn ways() -> Vec<String> {
    let each = |form: &dyn Fn(u8) -> String| SECRET.bytes().map(form).collect::<String>();
    let hex = each(&|byte| format!("{byte:02x}"));
    let base64 = super::secrets::encoded;
    let (head, tail) = SECRET.split_at(12);
    let mut ways = spellings();
    ways.extend([
        each(&|byte| format!("{byte:02X}")),
        each(&|byte| format!("%{byte:02x}")),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("\\x{byte:02x}")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("\\u{byte:04X}")),
        each(&|byte| format!("&#{byte};")),
        each(&|byte| format!("&#x{byte:x};")),
        SECRET.replace('/', "%2f").replace('&', "%26"),
        SECRET.replace('&', "\\&").replace('/', "\\/"),
        SECRET.replace('-', "\\-"),
        SECRET.replace('&', "&#38;"),
        format!("{head}\n{tail}"),
        format!("{head}\r\n    {tail}"),
        format!("{}\n{}", &hex[..20], &hex[20..]),
        base64(SECRET),
        base64(&format!("a:{SECRET}")),
        base64(&format!("ab:{SECRET}")),
        base64(&format!("abc:{SECRET}")),
        base64(&format!("{{\"token\":\"{SECRET}\"}}")),
        base64(SECRET).trim_end_matches('=').to_owned(),
        format!("'{SECRET}'"),
        format!("\"{SECRET}\""),
        format!("--token={SECRET}"),
        format!("https://user:{SECRET}@example.org/"),
        format!("https://example.org/{SECRET}/x?t={SECRET}"),
    ]);
    ways
}

/// Returns forbidden texts: each form as written, and its parts if it was broken.
fn traces() -> Vec<String> {
    let mut traces: Vec<String> = ways()
        .iter()
        .flat_map(|way| way.split(['\n', '\r']))
        .map(|part| part.trim().to_owned())
        .filter(|part| part.len() >= 8)
        .collect();
    traces.push("CANARY".to_owned());
    traces
}

/// Answers each path in its own form: bodies, headers, a redirect, a compressed body.
fn answers() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
            let ways = ways();
            let number = path.trim_start_matches('/').parse::<usize>().ok();
            let (status, head, body) = match number.and_then(|number| ways.get(number)) {
                Some(way) => ("500 No", String::new(), way.clone().into_bytes()),
                None if path == "/moved" => (
                    "302 Found",
                    format!("location: http://127.0.0.1:{port}/{SECRET}?a={SECRET}\r\n"),
                    Vec::new(),
                ),
                None if path == "/packed" => (
                    "500 No",
                    "content-encoding: gzip\r\n".to_owned(),
                    stored(format!("no login with {SECRET}").as_bytes()),
                ),
                None => ("500 No", format!("x-token: {SECRET}\r\n"), b"no".to_vec()),
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&body);
        }
    });
    port
}

/// Returns a body as gzip without compression.
fn stored(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(body);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

/// More than thirty sources, each command, each format, and every stored byte.
#[test]
fn no_declared_secret_is_displayed_whatever_its_source() {
    let ways = ways();
    assert!(ways.len() >= 30);
    let port = answers();
    let mut checks: Vec<String> = (0..ways.len()).map(|number| number.to_string()).collect();
    checks.extend(["moved", "packed", "header"].map(str::to_owned));
    let checks: Vec<String> = checks
        .iter()
        .map(|path| {
            format!("{{ get = \"http://127.0.0.1:{port}/{path}\", contains = \"welcome\", header = {{ x-token = \"none\", location = \"none\" }} }}")
        })
        .collect();
    let world = world(&format!(
        "[directory.open]\non = \"web\"\npath = \"${{directory.home.path}}/open\"\nexclusive = true\n\
         [suite.api]\nkind = \"contract\"\nhttp = [{}]\n\
         [suite.prints]\nkind = \"smoke\"\nrun = [\"../print.sh\"]\njunit = \"*.xml\"\n",
        checks.join(", ")
    ));
    let lines = ways.join("\n");
    world.write("lines.txt", &lines);
    let cases: String = ways
        .iter()
        .map(|way| {
            let way = way.replace('&', "&amp;").replace('"', "&quot;");
            format!("<testcase name=\"{way}\" classname=\"{way}\"><failure message=\"{way}\">{way}</failure><system-out>{way}</system-out></testcase>")
        })
        .collect();
    world.write("cases.xml", &format!("<testsuite>{cases}</testsuite>"));
    world.script(
        "print.sh",
        &format!(
            "cat {0}; cat {0} >&2; cp {1} a.xml; exit 1",
            world.path("lines.txt").display(),
            world.path("cases.xml").display()
        ),
    );
    world.expect(0, &["apply", "staging"]);
    // Entered outside evenkeel: names of unmanaged files, and a file.
    world.write(
        &format!("run/staging/open/{}", SECRET.replace('/', "%2F")),
        "x",
    );
    world.write(
        &format!(
            "run/staging/open/dump-{}.sql",
            super::secrets::encoded(SECRET).replace('/', "_")
        ),
        "x",
    );
    world.add("run/staging/about.txt", &lines);
    world.run(&["verify", "staging"]).says("(secret)");
    world.run(&["drift", "--live"]).says("(secret).sql");
    let traces = traces();
    let mut leaks = Vec::new();
    for arguments in [
        &["validate"][..],
        &["drift"],
        &["drift", "--live"],
        &["plan"],
        &["plan", "staging", "-o", "saved.plan"],
        &["verify", "staging"],
        &["deliver"],
        &["apply", "saved.plan"],
        &["apply", "staging"],
        &["verify", "staging", "api"],
        &["deliver"],
        &["release"],
        &["status"],
        &["log"],
        &["baseline", "--dry-run"],
        &["audit", "verify"],
    ] {
        for format in ["text", "json"] {
            let ran = world.run(&[arguments, &["--format", format]].concat());
            assert_ne!(ran.code, 101, "{}", ran.short());
            for trace in &traces {
                if let Some(line) = ran.all().lines().find(|line| line.contains(trace)) {
                    leaks.push(format!("{arguments:?} {format}: {trace} in {line:.300}"));
                }
            }
        }
    }
    for (path, (_, bytes)) in world.snapshot(".evenkeel") {
        // A suite's own directory may contain its secrets.
        if path.strip_prefix(world.path(".evenkeel/suites")).is_ok() {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for trace in &traces {
            if text.contains(trace) {
                leaks.push(format!("{trace} in {}", path.display()));
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

/// The final message of a run may contain a secret, which is redacted.
#[test]
fn a_failure_quotes_no_secret() {
    let world = world(CHECK);
    world.expect(0, &["apply", "staging"]);
    let ran = world.run(&["verify", "staging", &format!("no-{SECRET}")]);
    assert!(!ran.all().contains("CANARY"), "{}", ran.short());
}
