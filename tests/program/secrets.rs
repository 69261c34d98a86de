//! Secrets never leave memory in readable form: canaries in every input, and a search of every output.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::world::{Ran, TestWorld};

/// Returns the canary of one parameter in one environment.
fn canary(parameter: &str, environment: &str) -> String {
    format!("cAnArY{parameter}{environment}Qz7Jx")
}

const PARAMETERS: [&str; 4] = ["a", "b", "c", "d"];
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// Returns the forms of a canary.
fn spellings(canary: &str) -> Vec<Vec<u8>> {
    let bytes = canary.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![
        bytes.to_vec(),
        bytes.iter().rev().copied().collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
    ];
    // At any position in a longer text, some of these bytes of its base64 occur.
    for shift in 0..3 {
        let mut padded = vec![b'x'; shift];
        padded.extend(bytes);
        let encoded = base64(&padded);
        all.push(encoded[4..encoded.len() - 4].to_vec());
    }
    all
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0_u8; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            out.push(if place <= chunk.len() {
                LETTERS[((number >> (18 - 6 * place)) & 63) as usize]
            } else {
                b'='
            });
        }
    }
    out
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// Returns the form in which bytes contain a canary.
pub fn holds(bytes: &[u8], canary: &str) -> Option<String> {
    spellings(canary)
        .into_iter()
        .find(|spelling| contains(bytes, spelling))
        .map(|spelling| String::from_utf8_lossy(&spelling).into_owned())
}

/// Returns a text in base64.
pub fn encoded(text: &str) -> String {
    String::from_utf8(base64(text.as_bytes())).unwrap()
}

/// Returns the canaries in bytes.
fn found_in(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for parameter in PARAMETERS {
        for environment in ENVIRONMENTS {
            let canary = canary(parameter, environment);
            for spelling in spellings(&canary) {
                if contains(bytes, &spelling) {
                    found.push(format!(
                        "{canary} as {}",
                        String::from_utf8_lossy(&spelling)
                    ));
                }
            }
        }
    }
    found
}

#[track_caller]
fn silent(ran: &Ran, what: &str) {
    for (name, text) in [("out", &ran.out), ("err", &ran.err)] {
        let found = found_in(text.as_bytes());
        assert!(
            found.is_empty(),
            "{what}: {found:?} in standard {name}:\n{text}"
        );
    }
}

/// Searches every file that must not contain secrets, and the command lines of started processes.
#[track_caller]
fn nothing_left(world: &TestWorld, meant: &[&str]) {
    for (path, (_, bytes)) in world.snapshot("") {
        let name = path
            .strip_prefix(world.path(""))
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if meant.iter().any(|meant| name.starts_with(meant)) {
            continue;
        }
        let found = found_in(&bytes);
        assert!(found.is_empty(), "{found:?} in {name}");
        assert!(found_in(name.as_bytes()).is_empty(), "in the name {name}");
    }
    for number in world.processes() {
        let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        assert!(
            found_in(&line).is_empty(),
            "{}",
            String::from_utf8_lossy(&line)
        );
    }
}

/// Files that may contain secrets: their sources, and the file that needs them.
const MEANT: [&str; 3] = [
    "secrets/",
    "run/staging/config.toml",
    "run/production/config.toml",
];

/// Answers every request with its own head, until the test ends.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut piece = [0; 4096];
                while !contains(&head, b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(0) | Err(_) => return,
                        Ok(count) => head.extend_from_slice(&piece[..count]),
                    }
                }
                let length = head.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(&head);
            });
        }
    });
    port
}

/// Returns a project with secrets from every source to every use.
fn full() -> TestWorld {
    let port = echo();
    let mut system = String::from(
        r#"[system]
name = "secretive"
path = ["staging", "production"]

[parameter.root]
varies = "identity"
"#,
    );
    for parameter in PARAMETERS {
        system.push_str(&format!(
            "\n[parameter.token_{parameter}]\nvaries = \"secret\"\n"
        ));
    }
    system.push_str(&format!(
        r#"
[target.web]

[directory.home]
on = "web"
path = "${{root}}"

[file.config]
on = "web"
path = "${{directory.home.path}}/config.toml"
template = "config.toml.j2"
mode = "0600"

[process.app]
on = "web"
command = ["sleep", "600"]
environment = {{ TOKEN = "${{token_b}}", MIXED = "x${{token_a}}y" }}
restart-on = ["file.config"]

[suite.smoke]
kind = "smoke"
run = ["../checks/smoke.sh"]
environment = {{ TOKEN = "${{token_c}}" }}
junit = "*.xml"

[suite.answers]
kind = "contract"
http = [{{ get = "http://127.0.0.1:{port}/", send = {{ X-Token = "${{token_d}}", Authorization = "Bearer ${{token_d}}" }} }}]

[suite.refuses]
kind = "acceptance"
http = [{{ get = "http://127.0.0.1:{port}/", send = {{ X-Token = "${{token_d}}" }}, contains = "not there", json = {{ "/a" = 1 }} }}]

[suite.breaks]
kind = "e2e"
run = ["../checks/breaks.sh"]
environment = {{ TOKEN = "${{token_c}}" }}
junit = "*.xml"

[release]
uncommitted = true
require = ["smoke", "contract"]
"#
    ));
    let mut world = TestWorld::with(&system);
    for environment in ENVIRONMENTS {
        let upper = environment.to_uppercase();
        world.replace(
            &format!("environments/{environment}.toml"),
            "[values]\n",
            &format!(
                "[values]\ntoken_a = {{ env = \"{upper}_A\" }}\ntoken_b = {{ file = \"../secrets/{environment}-b\" }}\ntoken_c = {{ command = [\"cat\", \"secrets/{environment}-c\"] }}\ntoken_d = {{ env = \"{upper}_D\" }}\n"
            ),
        );
        world
            .variables
            .insert(format!("{upper}_A"), canary("a", environment));
        world
            .variables
            .insert(format!("{upper}_D"), canary("d", environment));
        world.write(
            &format!("secrets/{environment}-b"),
            &format!("{}\n", canary("b", environment)),
        );
        world.write(
            &format!("secrets/{environment}-c"),
            &canary("c", environment),
        );
    }
    world.variables.insert(
        "TMPDIR".into(),
        world.path("tmp").to_str().unwrap().to_owned(),
    );
    std::fs::create_dir(world.path("tmp")).unwrap();
    world.write(
        "environments/config.toml.j2",
        "password = \"{{ token_a }}\"\nother = \"{{ token_b | upper | lower }}\"\n",
    );
    // Suites that print all of their secrets, in several forms.
    let tell = "echo \"$TOKEN\"; printf %s \"$TOKEN\" | base64; printf %s \"$TOKEN\" | od -An -tx1 | tr -d ' \\n'; env >&2\n";
    world.script(
        "checks/smoke.sh",
        &format!("{tell}echo '<testsuite><testcase name=\"one\"/></testsuite>' > one.xml"),
    );
    world.script(
        "checks/breaks.sh",
        &format!("{tell}echo \"<testsuite><testcase name='one $TOKEN'><failure message='with $TOKEN'>$TOKEN</failure></testcase></testsuite>\" > one.xml; exit 1"),
    );
    world
}

#[test]
fn secrets_are_at_their_destination_and_nowhere_else() {
    let world = full();
    let mut meant = MEANT.to_vec();
    // A suite's own directory may contain its secrets.
    meant.extend([
        ".evenkeel/suites/staging/breaks/",
        ".evenkeel/suites/production/breaks/",
    ]);
    let both = |code: i32, arguments: &[&str]| {
        for format in ["text", "json"] {
            let ran = world.expect(code, &[arguments, &["--format", format]].concat());
            silent(&ran, &format!("{arguments:?} {format}"));
        }
        nothing_left(&world, &meant);
    };
    both(0, &["validate"]);
    both(2, &["drift"]);
    both(2, &["plan"]);
    both(2, &["plan", "staging", "-o", "staging.plan"]);
    both(0, &["deliver"]);
    assert!(
        world
            .read("run/staging/config.toml")
            .contains(&canary("a", "staging"))
    );
    both(1, &["verify", "staging"]);
    both(2, &["plan", "production", "-o", "production.plan"]);
    world.expect(0, &["deliver"]);
    let plan = world.json(3, &["release"])["verdict"]["plan"]
        .as_str()
        .unwrap()
        .to_owned();
    both(0, &["approve", &plan, "--reason", "good"]);
    silent(&world.expect(0, &["release"]), "release");
    both(0, &["release"]);
    both(0, &["drift"]);
    // Changed outside evenkeel, with the secret still in it; and another secret.
    world.add("run/staging/config.toml", "outside edit\n");
    both(2, &["drift"]);
    both(2, &["plan", "staging"]);
    let fingerprint = world.json(2, &["drift"])["findings"][0]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned();
    both(0, &["explain", &fingerprint]);
    both(0, &["apply", "staging"]);
    both(0, &["status"]);
    both(0, &["log"]);
    both(0, &["audit", "verify"]);
}

/// A rotated secret: the file is sealed, so the change is detected and its text is not displayed.
#[test]
fn a_rotated_secret_is_detected_and_not_displayed() {
    let mut world = full();
    world.expect(0, &["apply", "staging"]);
    world
        .variables
        .insert("STAGING_A".into(), format!("{}new", canary("a", "staging")));
    world.write(
        "secrets/staging-b",
        &format!("{}new", canary("b", "staging")),
    );
    for arguments in [&["drift", "staging"][..], &["plan", "staging"]] {
        for format in ["text", "json"] {
            let ran = world.expect(2, &[arguments, &["--format", format]].concat());
            silent(&ran, "turned");
            ran.says("file.config").says("process.app");
        }
    }
    silent(&world.expect(0, &["apply", "staging"]), "turned");
    nothing_left(&world, &MEANT);
    world.expect(0, &["plan", "staging"]);
    // The same secret in both environments is a defect that does not display it.
    let same = canary("d", "staging");
    world.variables.insert("PRODUCTION_D".into(), same);
    let ran = world.expect(2, &["drift"]);
    silent(&ran, "shared");
    ran.says("token_d");
}

/// Defects around a secret are reported without it.
#[test]
fn errors_around_secrets_are_reported_without_them() {
    let template = "environments/config.toml.j2";
    let system = "environments/system.toml";
    let staging = "environments/staging.toml";
    let spoils: &[Spoil<'_>] = &[
        ("an undefined name on the line", &|world| {
            world.add(template, "{{ token_a }} {{ nothing }}\n");
        }),
        ("items of it", &|world| {
            world.add(template, "{{ token_a | items }}\n");
        }),
        ("a sum with it", &|world| {
            world.add(template, "{{ token_a + 1 }}\n");
        }),
        ("a part of it", &|world| {
            world.add(template, "{{ token_a.nothing.more }}\n");
        }),
        ("a range of it", &|world| {
            world.add(template, "{{ range(token_a) }}\n");
        }),
        ("a call of it", &|world| {
            world.add(template, "{{ token_a() }}\n");
        }),
        ("a filter by its name", &|world| {
            world.add(template, "{{ {}[token_a].x }}\n");
        }),
        ("a minus of it", &|world| {
            world.add(template, "{{ -token_a }}\n");
        }),
        ("a loop over it", &|world| {
            world.add(template, "{% for x in token_a %}{{ x.y.z }}{% endfor %}\n");
        }),
        ("a replacement in it", &|world| {
            world.add(template, "{{ token_a | replace(1) }}\n");
        }),
        ("endless work on it", &|world| {
            world.add(template, "{% for a in range(9999) %}{% for b in range(9999) %}{{ token_a }}{% endfor %}{% endfor %}\n");
        }),
        ("a command that prints it and fails", &|world| {
            world.script(
                "secrets/fails.sh",
                &format!("echo {0}; echo {0} >&2; exit 3", canary("c", "staging")),
            );
            world.replace(
                staging,
                "[\"cat\", \"secrets/staging-c\"]",
                "[\"secrets/fails.sh\"]",
            );
        }),
        ("a command that prints no text", &|world| {
            world.script(
                "secrets/fails.sh",
                &format!("printf '{}\\377'", canary("c", "staging")),
            );
            world.replace(
                staging,
                "[\"cat\", \"secrets/staging-c\"]",
                "[\"secrets/fails.sh\"]",
            );
        }),
        ("a file that is no text", &|world| {
            let mut bytes = canary("b", "staging").into_bytes();
            bytes.push(0xff);
            std::fs::write(world.path("secrets/staging-b"), bytes).unwrap();
        }),
        ("as a mode", &|world| {
            world.replace(system, "mode = \"0600\"", "mode = \"${token_a}\"");
        }),
        ("as a path", &|world| {
            world.replace(system, "/config.toml\"", "/${token_a}\"");
        }),
        ("as an owner", &|world| {
            world.replace(system, "mode = \"0600\"", "owner = \"${token_a}\"");
        }),
        ("in a command line", &|world| {
            world.replace(
                system,
                "[\"sleep\", \"600\"]",
                "[\"sleep\", \"${token_a}\"]",
            );
        }),
        ("as a directory", &|world| {
            world.replace(
                system,
                "path = \"${root}\"",
                "path = \"${root}/${token_a}\"",
            );
        }),
        ("in a URL", &|world| {
            world.replace(system, "restart-on", "ready = { http = \"http://127.0.0.1:1/${token_a}\", within = \"200ms\" }\nrestart-on");
        }),
        ("as a log", &|world| {
            world.replace(
                system,
                "restart-on",
                "log = \"${root}/${token_a}\"\nrestart-on",
            );
        }),
        ("as a duration", &|world| {
            world.replace(
                system,
                "restart-on",
                "stop-within = \"${token_a}\"\nrestart-on",
            );
        }),
        ("as an artifact's name", &|world| {
            world.add(system, "\n[installation.x]\non = \"web\"\nartifact = \"${token_a}\"\ninto = \"${root}/x\"\n");
        }),
        ("as where a link leads", &|world| {
            world.add(
                system,
                "\n[link.x]\non = \"web\"\npath = \"${root}/x\"\nto = \"${token_a}\"\n",
            );
        }),
    ];
    nothing_leaks(spoils);
}

/// Name and function of a damage.
type Spoil<'a> = (&'a str, &'a dyn Fn(&mut TestWorld));

fn nothing_leaks(spoils: &[Spoil<'_>]) {
    let mut leaks = Vec::new();
    for (name, spoil) in spoils {
        let mut world = full();
        spoil(&mut world);
        for arguments in [
            &["validate"][..],
            &["drift"],
            &["plan"],
            &["apply", "staging"],
            &["log"],
        ] {
            for format in ["text", "json"] {
                let ran = world.run(&[arguments, &["--format", format]].concat());
                assert!(ran.code != 101, "{name}: {}", ran.short());
                for text in [&ran.out, &ran.err] {
                    if !found_in(text.as_bytes()).is_empty() {
                        let line = text
                            .lines()
                            .find(|line| !found_in(line.as_bytes()).is_empty());
                        leaks.push(format!("{name}: {arguments:?} {format}: {line:?}"));
                    }
                }
            }
        }
        for (path, (_, bytes)) in world.snapshot(".evenkeel") {
            if !found_in(&bytes).is_empty() {
                leaks.push(format!("{name}: {}", path.display()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Suites: in URLs, bodies and headers, without an answer and with a wrong one.
#[test]
fn failing_suites_are_reported_without_secrets() {
    let mut leaks = Vec::new();
    for http in [
        "get = \"http://127.0.0.1:1/?token=${token_d}\"",
        "get = \"http://user:${token_d}@127.0.0.1:1/\"",
        "get = \"http://127.0.0.1:PORT/?token=${token_d}\", contains = \"nothing\"",
        "get = \"http://127.0.0.1:PORT/?token=${token_d}\", status = 404",
        "post = \"http://127.0.0.1:PORT/\", body = \"${token_d}\", status = 404",
        "get = \"http://127.0.0.1:PORT/\", send = { X = \"${token_d}\" }, json = { \"/a\" = \"${token_d}\" }",
        "get = \"http://127.0.0.1:PORT/\", contains = \"x${token_d}y\"",
        "get = \"http://127.0.0.1:PORT/\", header = { X = \"${token_d}\" }",
        "get = \"http://127.0.0.1:PORT/\", send = { \"X\" = \"${token_d}\\n\" }",
        "get = \"${token_d}\"",
    ] {
        let world = full();
        let port = echo().to_string();
        world.add(
            "environments/system.toml",
            &format!(
                "\n[suite.more]\nkind = \"security\"\nhttp = [{{ {} }}]\n",
                http.replace("PORT", &port)
            ),
        );
        for arguments in [
            &["apply", "staging"][..],
            &["verify", "staging", "more"],
            &["status"],
            &["log"],
        ] {
            for format in ["text", "json"] {
                let ran = world.run(&[arguments, &["--format", format]].concat());
                for text in [&ran.out, &ran.err] {
                    if let Some(line) = text
                        .lines()
                        .find(|line| !found_in(line.as_bytes()).is_empty())
                    {
                        leaks.push(format!("{http}: {arguments:?} {format}: {line:?}"));
                    }
                }
            }
        }
        for (path, (_, bytes)) in world.snapshot(".evenkeel") {
            if !found_in(&bytes).is_empty() {
                leaks.push(format!("{http}: {}", path.display()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
