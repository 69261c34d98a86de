//! Targets on hosts over SSH: real OpenSSH, the real agent, and hosts in copies of this machine's root.

mod accounts;
mod adopted;
mod cut;
mod failing;
mod host;
mod imported;
mod line;
mod parts;
mod payloads;
mod reached;
mod refused;
mod releases;
mod reverted;
mod scale;
mod services;
mod several;
mod stayed;
mod surveyed;
mod systemd;
mod timers;
mod unmanaged;
mod unpacked;
mod whole;

use super::world::TestWorld;
use host::{Host, hosts, hosts_with};

/// Creates a system of two files in a directory, on a host for each environment.
fn system() -> TestWorld {
    let world = TestWorld::empty();
    world.write(
        "environments/system.toml",
        r#"[system]
name = "shop"
path = ["staging", "production"]

[parameter.greeting]
varies = "identity"

[release]
require = []
approvals = 0

[directory.site]
on   = "web"
path = "/srv/site"
mode = "0755"

[file.index]
on      = "web"
path    = "/srv/site/index.html"
content = "hello ${greeting}\n"
mode    = "0644"

[file.notes]
on      = "web"
path    = "notes.txt"
content = "the same on both\n"
mode    = "0600"
"#,
    );
    for name in ["staging", "production"] {
        world.write(
            &format!("environments/{name}.toml"),
            &format!(
                "[environment]\nname = \"{name}\"\n\n[values]\ngreeting = \"{name}\"\n\n[target.web]\nssh = \"{name}-1\"\n"
            ),
        );
    }
    world.write(".gitignore", "/.evenkeel\n/run\n/build\n/hosts\n");
    world.git(&["init", "--quiet"]);
    world.commit();
    world
}
