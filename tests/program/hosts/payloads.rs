//! No string of a definition becomes a command or an option, here or on a host: each payload is tried in each field that takes
//! a string, and would create a file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{hosts, system};

/// What a shell, a program's options or a template would act on. `CANARY` is the path that it would create.
const PAYLOADS: &[&str] = &[
    "$(touch CANARY)",
    "`touch CANARY`",
    "; touch CANARY",
    "x; touch CANARY;",
    "& touch CANARY &",
    "| touch CANARY",
    "|| touch CANARY",
    "x\ntouch CANARY\n",
    "'; touch CANARY; '",
    "\"; touch CANARY; \"",
    "') || touch CANARY #",
    "$${IFS};touch$${IFS}CANARY",
    ">CANARY",
    "< /dev/null >CANARY",
    "-oProxyCommand=touch CANARY",
    "-o ProxyCommand=touch CANARY",
    "--rsh=touch CANARY",
    "-e touch CANARY",
    "--reference=/etc/shadow",
    "-oDPkg::Pre-Invoke::=touch CANARY",
    "-oAPT::Update::Pre-Invoke::=touch CANARY",
    "--config=CANARY",
    "-R/",
    "--root=/srv",
    "-",
    "--",
    "{{ 7 * 7 }}",
    "%n%s%x",
    "*",
    "~root/x",
    "a\u{0}b",
    "\u{1b}]0;x\u{7}",
];

/// A resource of each kind. `@` is replaced by a payload in one field at a time; `#` is the number of the payload.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "directory",
        &[
            "path = \"/srv/d#/@\"",
            "path = \"/srv/d#\"\nowner = \"@\"",
            "path = \"/srv/d#\"\ngroup = \"@\"",
        ],
    ),
    (
        "file",
        &[
            "path = \"/srv/f#@\"\ncontent = \"x\"",
            "path = \"/srv/f#\"\ncontent = \"@\"",
            "path = \"/srv/f#\"\ncontent = \"x\"\nowner = \"@\"",
            "path = \"/srv/f#\"\ncontent = \"x\"\nvalidate = [\"true\", \"@\", \"{}\"]",
            "path = \"/srv/f#\"\ncontent = \"x\"\nvalidate = [\"@\", \"{}\"]",
        ],
    ),
    (
        "link",
        &[
            "path = \"/srv/l#@\"\nto = \"x\"",
            "path = \"/srv/l#\"\nto = \"@\"",
        ],
    ),
    (
        "group",
        &["group = \"@\"", "group = \"g#\"\nmembers = [\"@\"]"],
    ),
    (
        "user",
        &[
            "user = \"@\"",
            "user = \"u#\"\nhome = \"/home/@\"",
            "user = \"u#\"\nshell = \"/bin/@\"",
            "user = \"u#\"\ncomment = \"@\"",
            "user = \"u#\"\ngroup = \"@\"",
            "user = \"u#\"\ngroups = [\"@\"]",
        ],
    ),
    (
        "authorized-key",
        &[
            "user = \"@\"\nkey = \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop a\"",
            "user = \"deploy\"\nkey = \"@\"",
        ],
    ),
    (
        "line",
        &[
            "path = \"/srv/brought#@\"\nline = \"x\"\ncreate = true",
            "path = \"/srv/n#\"\nline = \"@\"\ncreate = true",
            "path = \"/srv/n#\"\nblock = \"@\"\ncreate = true",
            "path = \"/srv/n#\"\nblock = \"x\"\ncomment = \"@\"\ncreate = true",
            "path = \"/srv/n#\"\nline = \"x\"\nmatch = \"@\"\ncreate = true",
        ],
    ),
    (
        "cron",
        &[
            "schedule = \"@\"\ncommand = \"true\"",
            "schedule = \"@daily\"\ncommand = \"true\"\nuser = \"@\"",
            "schedule = \"@daily\"\ncommand = \"true\"\nenvironment = { MAILTO = \"@\" }",
        ],
    ),
    (
        "command",
        &[
            "run = [\"true\", \"@\"]\ncheck = [\"false\", \"@\"]",
            "run = [\"@\"]\ncheck = [\"@\"]",
            "run = [\"true\"]\ncreates = \"/srv/@\"",
            "run = [\"true\"]\ncheck = [\"true\"]\nuser = \"@\"",
            "run = [\"true\"]\ncheck = [\"true\"]\ndirectory = \"/@\"",
        ],
    ),
    (
        "process",
        &[
            "command = [\"sleep\", \"@\"]",
            "command = [\"sleep\", \"0.1\"]\nlog = \"/srv/o#@\"",
        ],
    ),
    (
        "package",
        &["package = \"@\"", "package = \"bash\"\nversion = \"@\""],
    ),
    (
        "sysctl",
        &[
            "key = \"@\"\nvalue = 1",
            "key = \"kernel.none#\"\nvalue = \"@\"",
        ],
    ),
    (
        "mount",
        &[
            "path = \"/srv/@\"\ndevice = \"tmpfs\"\ntype = \"tmpfs\"",
            "path = \"/srv/m#\"\ndevice = \"@\"\ntype = \"tmpfs\"",
            "path = \"/srv/m#\"\ndevice = \"tmpfs\"\ntype = \"@\"",
            "path = \"/srv/m#\"\ndevice = \"tmpfs\"\ntype = \"tmpfs\"\noptions = [\"@\"]",
        ],
    ),
    ("service", &["unit = \"@\"", "drop-ins = [\"@\"]"]),
    (
        "timer",
        &[
            "command = [\"/bin/true\", \"@\"]\nevery = \"1h\"",
            "command = [\"/bin/true\"]\non-calendar = [\"@\"]",
            "command = [\"/bin/true\"]\nevery = \"1h\"\nuser = \"@\"",
            "command = [\"/bin/true\"]\nevery = \"1h\"\nunit = \"@\"",
        ],
    ),
];

/// A payload as the inside of a string of TOML.
fn quoted(payload: &str, canary: &str) -> String {
    let text = payload.replace("CANARY", canary);
    let mut quoted = String::new();
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted
}

#[test]
fn no_string_becomes_a_command_or_an_option() {
    let mut world = system();
    let Some(running) = hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let canary = world.path("canary");
    let shown = canary.display().to_string();
    let start = world.read("environments/system.toml");
    let start = start.split("[directory.site]").next().unwrap().to_owned();
    let mut tried = 0;
    let mut applied = 0;
    for (kind, fields) in FIELDS {
        // Each field with each payload, by number.
        let bodies: Vec<String> = fields
            .iter()
            .flat_map(|field| PAYLOADS.iter().map(move |payload| (field, payload)))
            .enumerate()
            .map(|(number, (field, payload))| {
                let body = field
                    .replace("@daily", "\u{1}")
                    .replace('@', &quoted(payload, &shown))
                    .replace('\u{1}', "@daily")
                    .replace('#', &number.to_string());
                format!("[{kind}.p{number}]\non = \"web\"\n{body}\n")
            })
            .collect();
        // What is refused at once reaches no host; the rest is applied, whatever becomes of it.
        let mut refused = BTreeSet::new();
        for _ in 0..3 {
            let mut text = start.clone();
            for (number, body) in bodies.iter().enumerate() {
                if !refused.contains(&number) {
                    text += body;
                }
            }
            world.write("environments/system.toml", &text);
            let ran = world.run(&["validate", "--format", "json"]);
            let before = refused.len();
            refused.extend(
                (0..bodies.len()).filter(|number| ran.out.contains(&format!("{kind}.p{number}\""))),
            );
            if ran.code == 0 || refused.len() == before {
                break;
            }
        }
        tried += bodies.len();
        applied += bodies.len() - refused.len();
        world.run(&["apply", "staging", "--confirm", "staging"]);
        world.run(&["drift", "staging", "--live"]);
        for place in [canary.clone(), running[0].path(&shown)] {
            assert!(!place.exists(), "{kind}: {}", place.display());
        }
    }
    println!("{tried} tried, {applied} not refused");
    assert!(
        tried >= 300 && applied >= 100,
        "{tried} tried, {applied} applied"
    );
}

#[test]
fn no_destination_becomes_a_command_or_an_option() {
    let mut world = system();
    let canary = world.path("canary");
    let shown = canary.display().to_string();
    // Whatever passes for a host is this machine, at a port without a server.
    world.write(
        "hosts/config",
        "Host *\n  HostName 127.0.0.1\n  Port 1\n  ConnectTimeout 1\n",
    );
    let config = world.path("hosts/config").display().to_string();
    world
        .variables
        .insert("EVENKEEL_SSH_CONFIG".to_owned(), config);
    for key in [
        "ssh = \"PAYLOAD\"",
        "ssh = \"PAYLOAD@web\"",
        "ssh = \"ssh://PAYLOAD:22\"",
        "ssh = \"web\"\nbase = \"/PAYLOAD\"",
        "hosts = [\"PAYLOAD\"]",
        "hosts = [\"web-1=PAYLOAD\"]",
    ] {
        for payload in PAYLOADS {
            let value = key.replace("PAYLOAD", &quoted(payload, &shown));
            world.write(
                "environments/staging.toml",
                &format!(
                    "[environment]\nname = \"staging\"\n\n[values]\ngreeting = \"x\"\n\n[target.web]\n{value}\n"
                ),
            );
            world.run(&["drift", "staging", "--live"]);
            assert!(!canary.exists(), "{value}");
        }
    }
}
