//! One recipe for hosts of three releases of Debian: two of staging and three of production.

use super::super::world::TestWorld;
use super::system;
use super::systemd::hosts_of_releases;

const RESOURCES: &str = r#"[package.nginx]
on      = "web"
package = "nginx-light"

[user.keeper]
on     = "web"
system = true
shell  = "/usr/sbin/nologin"

[file.site]
on      = "web"
path    = "/etc/nginx/sites-available/shop"
content = """
server {
    listen 80 default_server;
    location / {
        return 200 "${greeting}";
    }
}
"""
after   = ["package.nginx"]

[link.site]
on   = "web"
path = "/etc/nginx/sites-enabled/default"
to   = "${file.site.path}"

[service.nginx]
on        = "web"
reload-on = ["file.site", "link.site"]
after     = ["package.nginx"]
ready     = { http = "http://127.0.0.1/" }

[timer.tidy]
on      = "web"
command = ["/bin/true"]
user    = "${user.keeper.user}"
every   = "1h"

[file.logins]
on       = "web"
path     = "/etc/ssh/sshd_config.d/10-logins.conf"
content  = "MaxAuthTries 3\n"
validate = ["sshd", "-t", "-f", "{}"]

[service.ssh]
on        = "web"
reload-on = ["file.logins"]
"#;

#[test]
fn one_recipe_configures_hosts_of_three_releases_of_debian() {
    if std::env::var_os("EVENKEEL_TEST_AGENT").is_none() {
        eprintln!(
            "SKIPPED: EVENKEEL_TEST_AGENT names no agent of packaging/agent: releases of Debian are not tested together"
        );
        return;
    }
    let mut world = system();
    define(&world);
    let names = [
        ("staging-1", "bookworm"),
        ("staging-2", "trixie"),
        ("production-1", "bullseye"),
        ("production-2", "bookworm"),
        ("production-3", "trixie"),
    ];
    let Some(hosts) = hosts_of_releases(&mut world, &names, "deploy") else {
        return;
    };
    world
        .expect(0, &["deliver"])
        .says("on 2 hosts")
        .silent_about("not rehearsed");
    world.expect(0, &["release"]);
    world.expect(0, &["drift", "--live"]);
    for (host, (name, release)) in hosts.iter().zip(names) {
        let environment = name.split('-').next().unwrap();
        let shown = host.run("bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; echo GET / >&3; cat <&3'");
        assert!(shown.contains(environment), "{name}: {shown}");
        assert!(host.run("cat /etc/os-release").contains(release), "{name}");
    }

    hosts[2].run("systemctl stop nginx && systemctl disable --now tidy.timer");
    hosts[4].run("echo 'MaxAuthTries 9' >/etc/ssh/sshd_config.d/10-logins.conf");
    world
        .expect(2, &["drift", "production", "--live"])
        .says("service.nginx@production-1")
        .says("timer.tidy@production-1")
        .says("file.logins@production-3")
        .silent_about("production-2");
    world.expect(0, &["apply", "production"]);
    world.expect(0, &["drift", "--live"]);
}

fn define(world: &TestWorld) {
    let path = "environments/system.toml";
    let before = world.read(path);
    let start = before.split("[directory.site]").next().unwrap();
    world.write(path, &format!("{start}{RESOURCES}"));
    for (name, hosts) in [
        ("staging", r#"hosts = ["staging-1", "staging-2"]"#),
        (
            "production",
            "hosts   = [\"production-1\", \"production-2\", \"production-3\"]\nrollout = { canary = 1 }",
        ),
    ] {
        world.replace(
            &format!("environments/{name}.toml"),
            &format!("ssh = \"{name}-1\""),
            &format!("{hosts}\nbecome = \"root\""),
        );
    }
    world.commit();
}
