//! Accounts, keys, lines, jobs and commands on a host, from their definition to their removal.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::{hosts_with, system};

const RESOURCES: &str = r#"
[group.app]
on = "web"
gid = 4200

[user.app]
on = "web"
uid = 4200
group = "${group.app.group}"
groups = ["adm"]
home = "/home/app"
shell = "/bin/bash"
create-home = true
locked = true

[authorized-key.ada]
on = "web"
user = "${user.app.user}"
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop ada"
options = ["no-pty"]

[line.hello]
on = "web"
path = "/etc/evenkeel-test.conf"
line = "greeting = ${greeting}"
match = "^#?greeting"
validate = ["grep", "-q", "rest", "{}"]

[line.servers]
on = "web"
path = "/etc/evenkeel-test.conf"
block = """
server a
server b
"""
after = "^\\[servers"

[cron.clean]
on = "web"
schedule = "@daily"
command = "clean 100\\%"
user = "${user.app.user}"

[command.made]
on = "web"
run = ["sh", "-c", "id -un >made"]
creates = "/home/app/made"
user = "${user.app.user}"
directory = "/home/app"
after = ["authorized-key.ada"]

[file.owned]
on = "web"
path = "/srv/site/owned.txt"
content = "of the application"
owner = "${user.app.user}"
group = "${group.app.group}"
"#;

#[test]
fn accounts_and_what_belongs_to_them_come_drift_and_go() {
    let mut world = system();
    let before = "mkdir -p etc/cron.d; printf '# a comment\\r\\n#greeting = ?\\r\\n[servers]\\r\\n[rest]' >etc/evenkeel-test.conf";
    let Some(running) = hosts_with(&mut world, &[("staging-1", before)], "root") else {
        return;
    };
    let host = &running[0];
    let text = world.read("environments/system.toml");
    world.add("environments/system.toml", RESOURCES);
    world.commit();
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("user.app");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert!(
        host.read("/etc/passwd")
            .contains("app:x:4200:4200::/home/app:/bin/bash")
    );
    assert!(
        host.read("/home/app/.ssh/authorized_keys")
            .starts_with("no-pty ssh-ed25519 ")
    );
    assert_eq!(
        host.read("/etc/evenkeel-test.conf"),
        "# a comment\r\ngreeting = staging\r\n[servers]\r\n# BEGIN evenkeel servers\r\nserver a\r\nserver b\r\n# END evenkeel servers\r\n[rest]"
    );
    assert!(
        host.read("/etc/cron.d/evenkeel-clean")
            .ends_with("@daily app clean 100\\%\n")
    );
    assert_eq!(host.read("/home/app/made"), "app\n");
    let owned = fs::metadata(host.path("/srv/site/owned.txt")).unwrap();
    assert_eq!((owned.uid(), owned.gid()), (4200, 4200));

    // Changed outside evenkeel.
    let passwd = host
        .read("/etc/passwd")
        .replace("/home/app:/bin/bash", "/home/app:/bin/sh");
    fs::write(host.path("/etc/passwd"), passwd).unwrap();
    fs::write(host.path("/home/app/.ssh/authorized_keys"), "# none\n").unwrap();
    let text_then = host.read("/etc/evenkeel-test.conf");
    fs::write(
        host.path("/etc/evenkeel-test.conf"),
        text_then.replace("server b", "server c"),
    )
    .unwrap();
    fs::remove_file(host.path("/home/app/made")).unwrap();
    fs::remove_file(host.path("/etc/cron.d/evenkeel-clean")).unwrap();
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("shell")
        .says("authorized-key.ada")
        .says("line.servers")
        .says("command.made")
        .says("cron.clean");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.read("/etc/evenkeel-test.conf"), text_then);
    assert!(
        host.read("/home/app/.ssh/authorized_keys")
            .starts_with("# none\nno-pty ")
    );

    // A line that its check rejects is not placed.
    world.replace(
        "environments/system.toml",
        "\"rest\", \"{}\"",
        "\"^welcome\", \"{}\"",
    );
    world.replace(
        "environments/staging.toml",
        "greeting = \"staging\"",
        "greeting = \"other\"",
    );
    world.commit();
    world
        .expect(1, &["apply", "staging"])
        .says("`grep` rejects the new content");
    assert_eq!(host.read("/etc/evenkeel-test.conf"), text_then);

    // Removed from the definitions: the home directory stays.
    world.write("environments/system.toml", &text);
    world.commit();
    world.expect(0, &["apply", "staging", "--confirm", "staging"]);
    assert!(!host.read("/etc/passwd").contains("app:x:"));
    assert!(!host.read("/etc/group").contains("app:x:"));
    assert!(!host.path("/etc/cron.d/evenkeel-clean").exists());
    assert!(host.path("/home/app/made").exists());
    assert_eq!(host.read("/home/app/.ssh/authorized_keys"), "# none\n");
    let rest = host.read("/etc/evenkeel-test.conf");
    assert_eq!(rest, "# a comment\r\n[servers]\r\n[rest]");
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_command_without_a_check_runs_with_every_apply_and_is_never_in_sync() {
    let mut world = system();
    let Some(running) = hosts_with(&mut world, &[("staging-1", "true")], "root") else {
        return;
    };
    let host = &running[0];
    world.add(
        "environments/system.toml",
        "\n[command.count]\non = \"web\"\nrun = [\"sh\", \"-c\", \"echo ran >>/ran; [ ! -e /broken ]\"]\n\n[file.after]\non = \"web\"\npath = \"/after\"\ncontent = \"x\"\nafter = [\"command.count\"]\n",
    );
    world.commit();
    world
        .expect(2, &["plan", "staging"])
        .says("its state is unknown: it has neither `check` nor `creates`");
    world.expect(0, &["apply", "staging"]).says("command.count");
    assert_eq!(host.read("/ran"), "ran\n");
    assert_eq!(host.read("/after"), "x");
    world
        .expect(1, &["drift", "staging", "--live"])
        .says("cannot tell")
        .says("command.count  its state is unknown: it has neither `check` nor `creates`");
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.read("/ran"), "ran\nran\n");

    // Its status decides about its step.
    world.replace(
        "environments/system.toml",
        "content = \"x\"",
        "content = \"y\"",
    );
    world.commit();
    host.run("touch /broken");
    world
        .expect(1, &["apply", "staging"])
        .says("command.count")
        .says("depends on command.count");
    assert_eq!(host.read("/after"), "x");
    host.run("rm /broken");
    world.expect(0, &["apply", "staging"]);

    // The gate counts it as unreadable, and a check ends that.
    let delivered = world.run(&["deliver"]);
    assert_ne!(delivered.code, 0, "{}", delivered.out);
    delivered
        .says("not-observed       staging: 15 of 16 attributes read")
        .says("staging-drift      command.count (staging): its state is unknown");
    world.replace(
        "environments/system.toml",
        "[file.after]",
        "creates = \"/ran\"\n\n[file.after]",
    );
    world.commit();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    let ran = host.read("/ran").lines().count();
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.read("/ran").lines().count(), ran);
}
