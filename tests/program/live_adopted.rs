//! Adoption of live state on this machine: values go where they are declared, every other byte stays, and `drift` is clean.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::world::TestWorld;

const SYSTEM: &str = r#"[system]
name = "shop"
path = ["staging", "production"]

[parameter.root]
varies = "identity"

[parameter.key]
varies = "secret"

[target.web]

# The directory of everything.
[directory.home] # home
on   = "web"
path = "${root}"
mode = "0755"       # for all

[file.inline]
on   = "web"
path = "${directory.home.path}/inline"
content = """
one
two
"""

[file.source]
on   = "web"
path = "${directory.home.path}/source"
source = "files/source.conf"

[file.template]
on   = "web"
path = "${directory.home.path}/template"
template = "template.j2"

[file.named]
on   = "web"
path = "${directory.home.path}/named"
content = "runs in ${environment}\n"

[file.secret]
on   = "web"
path = "${directory.home.path}/secret"
content = "${key}"
mode = "0600"

[link.current]
on   = "web"
path = "${directory.home.path}/current"
to   = 'inline'

[release]
require = []
approvals = 0
uncommitted = true
"#;

/// Creates a system of files, applied to staging.
fn applied() -> TestWorld {
    let world = TestWorld::empty();
    world.write("environments/system.toml", SYSTEM);
    for name in ["staging", "production"] {
        world.write(
            &format!("environments/{name}.toml"),
            &format!(
                "# About {name}.\n[environment]\nname = \"{name}\"\n\n[values]\nroot = \"run/{name}\" # here\nkey = {{ env = \"KEY_{name}\" }}\n\n[target.web]\nlocal = true\n"
            ),
        );
    }
    world.write("environments/files/source.conf", "a = 1\n");
    world.write("environments/template.j2", "in {{ environment }}\n");
    fs::create_dir(world.path("run")).unwrap();
    let mut world = world;
    for name in ["staging", "production"] {
        let secret = format!("a-secret-of-{name}");
        world.variables.insert(format!("KEY_{name}"), secret);
    }
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "--live", "staging"]);
    world
}

const PATH: &str = "environments/system.toml";

#[test]
fn a_shared_value_needs_a_decision() {
    let world = applied();
    world.mode("run/staging", 0o2750);
    let before = world.snapshot("environments");
    let adopt = ["adopt", "directory.home", "staging"];
    // Production has nothing there yet.
    let line = world
        .read(PATH)
        .lines()
        .position(|line| line.starts_with("mode"))
        .unwrap()
        + 1;
    world
        .expect(3, &adopt)
        .says("directory.home (staging): its definition is shared with production, where the state differs")
        .says("--everywhere")
        .says("--reason");
    assert_eq!(world.snapshot("environments"), before);
    let dry = [&adopt[..], &["--everywhere", "--dry-run"]].concat();
    world
        .expect(0, &dry)
        .says("-mode = \"0755\"       # for all\n+mode = \"2750\"       # for all")
        .says("nothing was written");
    assert_eq!(world.snapshot("environments"), before);
    world
        .expect(0, &[&adopt[..], &["--everywhere"]].concat())
        .says(&format!(
            "environments/system.toml:{line}:8: directory.home.mode is \"2750\" instead of \"0755\""
        ))
        .says("wrote environments/system.toml");
    assert_eq!(
        world.read(PATH),
        SYSTEM.replace("mode = \"0755\"  ", "mode = \"2750\"  ")
    );
    world.expect(0, &["validate"]);
    world.expect(0, &["drift", "--live", "staging"]);
    world
        .expect(0, &adopt)
        .says("matches its definition; nothing to adopt");
}

#[test]
fn environments_that_agree_share_the_new_value() {
    let world = applied();
    for name in ["staging", "production"] {
        fs::create_dir_all(world.path(&format!("run/{name}"))).unwrap();
        world.mode(&format!("run/{name}"), 0o700);
    }
    world.expect(0, &["adopt", "directory.home", "production"]);
    assert_eq!(
        world.read(PATH),
        SYSTEM.replace("mode = \"0755\"  ", "mode = \"0700\"  ")
    );
    world.expect(0, &["drift", "--live", "staging"]);
    // A value in the file of the environment is changed there, and production is not read.
    world.write(
        "environments/staging.toml",
        &world.read("environments/staging.toml").replace(
            "[target.web]",
            "[link.current]\nto = \"source\"\n\n[target.web]",
        ),
    );
    let path = world.path("run/staging/current");
    fs::remove_file(&path).unwrap();
    symlink("else where\"", &path).unwrap();
    world.expect(0, &["adopt", "link.current", "staging"]);
    assert!(
        world
            .read("environments/staging.toml")
            .contains("to = \"else where\\\"\"\n\n[target.web]")
    );
    assert!(world.read(PATH).contains("to   = 'inline'"));
    world.expect(0, &["drift", "--live", "staging"]);
}

#[test]
fn with_a_reason_one_environment_gets_its_own_value() {
    let world = applied();
    world.mode("run/staging", 0o700);
    let own = world.read("environments/staging.toml");
    world
        .expect(
            0,
            &[
                "adopt",
                "directory.home",
                "staging",
                "--reason",
                "The others do not need it",
                "--owner",
                "platform",
                "--expires-in",
                "90d",
                "--ticket",
                "OPS-1",
            ],
        )
        .says("declared that `directory.home.mode` may differ");
    assert_eq!(world.read(PATH), SYSTEM);
    assert_eq!(
        world.read("environments/staging.toml"),
        format!("{own}\n[directory.home]\nmode = \"0700\"\n")
    );
    let declared = world.read("environments/differences.toml");
    for line in [
        "at = \"directory.home.mode\"",
        "staging = \"0700\"",
        "production = \"0755\"",
        "reason = \"The others do not need it\"",
        "owner = \"platform\"",
        "ticket = \"OPS-1\"",
    ] {
        assert!(declared.contains(line), "{declared}");
    }
    world.expect(0, &["drift", "--live", "staging"]);
    world.expect(0, &["drift", "--parity"]);
    // The declared difference does not allow another value.
    world.mode("run/staging", 0o711);
    let before = world.snapshot("environments");
    let adopt = ["adopt", "directory.home", "staging"];
    world
        .expect(3, &adopt)
        .says("`directory.home.mode` would differ between environments");
    world.expect(3, &[&adopt[..], &["--reason", "again"]].concat());
    assert_eq!(world.snapshot("environments"), before);
}

#[test]
fn contents_go_into_the_definition_or_the_source() {
    let world = applied();
    let text = "three ${x} '''\"\"\"\\\n\ttabs\u{202e} é\r\nno end";
    world.write("run/staging/inline", text);
    world.write("run/staging/source", "a = 2\n# b\n");
    world.mode("run/staging/source", 0o600);
    world.expect(0, &["adopt", "file.inline", "staging", "--everywhere"]);
    let written = world.read(PATH);
    let (start, end) = SYSTEM.split_once("\"\"\"\none\ntwo\n\"\"\"").unwrap();
    assert!(
        written.starts_with(start) && written.ends_with(end),
        "{written}"
    );
    assert!(!written.contains('\u{202e}'));
    world
        .expect(0, &["adopt", "file.source", "staging", "--everywhere"])
        .says("file.source.content: the content of")
        .says("wrote environments/files/source.conf and environments/system.toml");
    assert_eq!(world.read("environments/files/source.conf"), "a = 2\n# b\n");
    assert!(
        world
            .read(PATH)
            .contains("source = \"files/source.conf\"\nmode = \"0600\"\n")
    );
    world.expect(0, &["drift", "--live", "staging"]);

    // Bytes that are no text go to the source only; with a reason, to a separate one.
    fs::write(world.path("run/staging/source"), [0, 255, 254]).unwrap();
    world.expect(
        0,
        &["adopt", "file.source", "staging", "--reason", "a test"],
    );
    assert_eq!(
        fs::read(world.path("environments/files/source.staging.conf")).unwrap(),
        [0, 255, 254]
    );
    assert_eq!(world.read("environments/files/source.conf"), "a = 2\n# b\n");
    assert!(
        world
            .read("environments/staging.toml")
            .ends_with("\n[file.source]\nsource = \"files/source.staging.conf\"\n")
    );
    world.expect(0, &["drift", "--live", "staging"]);
    world.expect(0, &["drift", "--parity"]);
    let before = world.snapshot("environments");
    fs::write(world.path("run/staging/inline"), [0, 255, 254]).unwrap();
    world
        .expect(3, &["adopt", "file.inline", "staging", "--everywhere"])
        .says("is not UTF-8")
        .says("source = \"files/…\"");
    world.write("run/staging/inline", &"long ".repeat(4000));
    world
        .expect(3, &["adopt", "file.inline", "staging", "--everywhere"])
        .says("longer than 16 KiB");
    assert_eq!(world.snapshot("environments"), before);
}

#[test]
fn what_no_definition_can_hold_is_refused_with_its_place() {
    let world = applied();
    let before = world.snapshot("environments");
    let place = |start: &str| {
        SYSTEM
            .lines()
            .position(|line| line.starts_with(start))
            .unwrap()
            + 1
    };
    for name in ["template", "named", "secret"] {
        world.write(&format!("run/staging/{name}"), "changed\n");
    }
    world
        .expect(3, &["adopt", "file.template", "staging", "--everywhere"])
        .says("content is rendered from a template")
        .says(&format!(
            "environments/system.toml:{}:12",
            place("template")
        ))
        .says("environments/template.j2");
    world
        .expect(3, &["adopt", "file.named", "staging", "--everywhere"])
        .says(&format!(
            "environments/system.toml:{}:20",
            place("content = \"runs")
        ))
        .says("`content` is written as `${environment}`");
    world
        .expect(3, &["adopt", "file.secret", "staging", "--everywhere"])
        .says("its content contains a secret");
    // A new secret.
    for text in ["db_password = hunter2hunter2\n", "a-secret-of-staging"] {
        world.write("run/staging/inline", text);
        let ran = world.expect(3, &["adopt", "file.inline", "staging", "--everywhere"]);
        assert!(
            !ran.all().contains("hunter2") && !ran.all().contains("a-secret-of"),
            "{}",
            ran.all()
        );
    }
    // Nothing there, and something else there.
    fs::remove_file(world.path("run/staging/current")).unwrap();
    world
        .expect(3, &["adopt", "link.current", "staging", "--everywhere"])
        .says("nothing is there to adopt")
        .says("remove [link.current] at environments/system.toml:");
    fs::create_dir(world.path("run/staging/current")).unwrap();
    world
        .expect(3, &["adopt", "link.current", "staging", "--everywhere"])
        .says("presence cannot be adopted");
    fs::remove_dir(world.path("run/staging/current")).unwrap();
    let bytes = OsStr::from_bytes(b"a\xff");
    symlink(bytes, world.path("run/staging/current")).unwrap();
    world
        .expect(3, &["adopt", "link.current", "staging", "--everywhere"])
        .says("the destination of the link is not UTF-8");
    // A source that is too large, or whose copy for one environment exists.
    fs::write(world.path("run/staging/source"), vec![b'a'; 2_000_000]).unwrap();
    world
        .expect(3, &["adopt", "file.source", "staging", "--everywhere"])
        .says("it is larger than 1 MiB");
    world.write("run/staging/source", "a = 3\n");
    world.write("environments/files/source.staging.conf", "mine\n");
    world
        .expect(
            3,
            &["adopt", "file.source", "staging", "--reason", "a test"],
        )
        .says("environments/files/source.staging.conf exists already");
    fs::remove_file(world.path("environments/files/source.staging.conf")).unwrap();
    // A source that two resources share.
    world.add(
        PATH,
        "\n[file.twin]\non = \"web\"\npath = \"${root}/twin\"\nsource = \"files/source.conf\"\n",
    );
    world.write("run/staging/source", "a = 3\n");
    world
        .expect(3, &["adopt", "file.source", "staging", "--everywhere"])
        .says("is also the source of file.twin (");
    world.write(PATH, SYSTEM);
    // A link out of the project is not followed.
    fs::remove_file(world.path("environments/files/source.conf")).unwrap();
    world.write("outside", "a = 1\n");
    symlink(
        "../../outside",
        world.path("environments/files/source.conf"),
    )
    .unwrap();
    world
        .expect(1, &["adopt", "file.source", "staging", "--everywhere"])
        .says("it is a symbolic link; nothing was written");
    assert_eq!(world.read("outside"), "a = 1\n");
    fs::remove_file(world.path("environments/files/source.conf")).unwrap();
    world.write("environments/files/source.conf", "a = 1\n");
    assert_eq!(world.snapshot("environments"), before);
    // Bad input.
    world
        .expect(64, &["adopt", "file.inlin", "staging"])
        .says("did you mean `file.inline`");
    world
        .expect(64, &["adopt", "inline", "staging"])
        .says("is no resource");
    world
        .expect(64, &["adopt", "file.inline@web-1", "staging"])
        .says("is one machine: omit the host");
    world
        .expect(64, &["adopt", "file.inline", "stagin"])
        .says("did you mean `staging`");
    world.expect(64, &["adopt", "file.inline"]);
    world.expect(
        64,
        &[
            "adopt",
            "file.inline",
            "staging",
            "--lineage",
            "--reason",
            "x",
        ],
    );
    world.expect(64, &["adopt", "file.inline", "staging", "--reason", " "]);
    world.expect(
        64,
        &[
            "adopt",
            "file.inline",
            "staging",
            "--everywhere",
            "--reason",
            "x",
        ],
    );
    world.expect(64, &["--at", "HEAD", "adopt", "file.inline", "staging"]);
}

#[test]
fn an_unreadable_resource_is_not_adopted() {
    let world = applied();
    let before = world.snapshot("environments");
    fs::remove_dir_all(world.path("run/staging")).unwrap();
    symlink("../run", world.path("run/staging")).unwrap();
    world
        .expect(1, &["adopt", "file.inline", "staging", "--everywhere"])
        .says("file.inline (staging): cannot be read")
        .says("is a symbolic link");
    assert_eq!(world.snapshot("environments"), before);
}

#[test]
fn definitions_that_would_be_invalid_are_not_written() {
    let world = applied();
    // A file with a secret must not be readable by all.
    world.replace(
        PATH,
        "content = \"${key}\"\nmode = \"0600\"",
        "content = \"${key}\"\nmode = \"0640\"",
    );
    world.expect(0, &["apply", "staging"]);
    let before = world.snapshot("environments");
    fs::set_permissions(
        world.path("run/staging/secret"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    world
        .expect(3, &["adopt", "file.secret", "staging", "--everywhere"])
        .says("the definitions would be invalid")
        .says("readable by all users");
    assert_eq!(world.snapshot("environments"), before);
}

#[test]
fn a_block_of_lines_is_adopted_as_it_is_in_the_file() {
    let world = applied();
    let base = world.read(PATH);
    world.write("run/staging/hosts", "first\n");
    world.add(
        PATH,
        "\n[line.servers] # servers\non = \"web\"\npath = \"${root}/hosts\"\nblock = \"server a\" # one\n",
    );
    world.expect(0, &["apply", "staging"]);
    let block = world.read("run/staging/hosts");
    let adopt = ["adopt", "line.servers", "staging", "--everywhere"];
    world.expect(0, &adopt).says("nothing to adopt");
    let changed = block.replace("server a\n", "server b\n  ${x} \"q\" \\d\n\n");
    world.write("run/staging/hosts", &changed);
    world
        .expect(2, &["drift", "--live", "staging"])
        .says("evenkeel adopt line.servers staging");
    world
        .expect(0, &adopt)
        .says("the ledger has no record of this state until the next apply to staging");
    let written = world.read(PATH);
    assert!(written.contains("[line.servers] # servers\n"), "{written}");
    assert!(written.contains("  $${x} "), "{written}");
    world
        .expect(2, &["plan", "staging"])
        .says("line.servers  already matches the new definition; ledger update only")
        .says("1 to change");
    world.expect(0, &["drift", "--live", "staging"]);
    assert_eq!(world.read("run/staging/hosts"), changed);
    // A longer block than an answer about lines has.
    let long: String = (0..200)
        .map(|number| format!("server {number}\n"))
        .collect();
    world.write("run/staging/hosts", &block.replace("server a\n", &long));
    world.expect(0, &adopt);
    world
        .expect(2, &["plan", "staging"])
        .says("line.servers  already matches the new definition; ledger update only")
        .says("1 to change");
    // Secrets, several blocks, and bytes that are no text.
    let written = world.read(PATH);
    let two = format!("{block}{block}");
    for (text, reason) in [
        (
            block.replace("server a", "db_password = hunter2hunter2"),
            "seems to contain a secret",
        ),
        (two, "several blocks"),
    ] {
        world.write("run/staging/hosts", &text);
        let ran = world.expect(3, &adopt);
        ran.says(reason);
        assert!(!ran.all().contains("hunter2"), "{}", ran.all());
    }
    fs::write(
        world.path("run/staging/hosts"),
        [b"\xff\n".as_slice(), block.replace(" a", " b").as_bytes()].concat(),
    )
    .unwrap();
    world.expect(3, &adopt).says("its file is not UTF-8");
    assert_eq!(world.read(PATH), written);
    // A block that must be absent and is present.
    world.write(PATH, &base);
    world.add(
        PATH,
        "\n[line.servers]\non = \"web\"\npath = \"${root}/hosts\"\nblock = \"server a\"\npresent = false\n",
    );
    world.write("run/staging/hosts", &block.replace(" a", " b"));
    world.expect(0, &adopt);
    let written = world.read(PATH);
    assert!(written.contains("present = true"), "{written}");
    assert!(written.contains("server b"), "{written}");
    world
        .expect(2, &["plan", "staging"])
        .says("line.servers  already matches the new definition; ledger update only")
        .says("1 to change");
}

#[test]
fn the_recorded_start_of_a_process_is_adopted() {
    let world = applied();
    let base = world.read(PATH);
    let process = |seconds: u32, environment: &str| {
        format!(
            "{base}\n[process.app]\non = \"web\"\ncommand = [\"sleep\", \"{seconds}\"] # long\n{environment}"
        )
    };
    let first = process(601, "environment = { A = \"x\" }\n");
    world.write(PATH, &first);
    world.expect(0, &["apply", "staging"]);
    let adopt = ["adopt", "process.app", "staging", "--everywhere"];
    world.write(
        PATH,
        &process(602, "environment = { A = \"y\", B = \"1\" }\n"),
    );
    world.expect(0, &adopt);
    assert_eq!(world.read(PATH), first);
    world.expect(0, &["plan", "staging"]);
    // What was started with a secret.
    world.write(PATH, &process(601, "environment = { A = \"${key}\" }\n"));
    world.expect(0, &["apply", "staging"]);
    world.write(PATH, &process(601, "environment = { A = \"y\" }\n"));
    let ran = world.expect(3, &adopt);
    ran.says("its environment contains a secret");
    assert!(!ran.all().contains("a-secret-of"), "{}", ran.all());
    // An ended process is no state to keep.
    world.write(PATH, &base);
    world.expect(0, &["apply", "staging"]);
    world.write(PATH, &first);
    world.expect(3, &adopt).says("nothing is there to adopt");
}

#[test]
fn an_installation_and_a_command_are_refused_with_what_to_do() {
    let world = applied();
    world.write("build/app", "the artifact\n");
    world.add(
        PATH,
        "\n[artifact.app]\npath = \"../build\"\n\n[directory.app]\non = \"web\"\npath = \"${directory.home.path}/app\"\n\n[installation.app]\non = \"web\"\nartifact = \"app\"\ninto = \"${directory.app.path}\"\n",
    );
    world.add(
        "environments/staging.toml",
        "\n[command.made]\non = \"web\"\nrun = [\"/bin/touch\", \"${directory.home.path}/made\"]\ncreates = \"${directory.home.path}/made\"\n",
    );
    world.expect(0, &["apply", "staging"]);
    let written = world.read(PATH);
    fs::remove_file(world.path("run/staging/made")).unwrap();
    world
        .expect(3, &["adopt", "command.made", "staging", "--everywhere"])
        .says("change `check`, `creates` or `run`");
    world.write("build/app", "another\n");
    world
        .expect(3, &["adopt", "installation.app", "staging", "--everywhere"])
        .says("no definition names an artifact by its content");
    assert_eq!(world.read(PATH), written);
}
