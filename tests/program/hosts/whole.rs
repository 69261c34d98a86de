//! What belongs to the whole system of a host: packages, settings of the kernel, mounts. From the definition to the removal.

use std::fs;
use std::path::Path;

use super::super::world::TestWorld;
use super::hosts_with;

/// Gives the host a repository of packages, one setting of the kernel that is not this machine's, and a table of mounts.
fn before() -> String {
    format!(
        "'{}/tests/repository' .; mount -t tmpfs tmpfs proc/sys/net/ipv4; echo 0 >proc/sys/net/ipv4/ip_forward; echo '# kept' >etc/fstab",
        env!("CARGO_MANIFEST_DIR")
    )
}

const SYSTEM: &str = r#"[system]
name = "shop"
path = ["staging", "production"]

[release]
require = []

[package.app]
on      = "web"
package = "evk-app"
version = "1.*"
held    = true

[package.conf]
on      = "web"
package = "evk-conf"

[package.rival]
on      = "web"
package = "evk-rival"
removed = true

[sysctl.forwarding]
on    = "web"
key   = "net.ipv4.ip_forward"
value = 1

[directory.data]
on   = "web"
path = "/srv/data"

[mount.data]
on      = "web"
path    = "/srv/data"
device  = "tmpfs"
type    = "tmpfs"
options = ["size=1m", "mode=0755", "noexec"]

[file.inside]
on      = "web"
path    = "/srv/data/inside"
content = "x"
"#;

/// Creates a system with one host for staging.
fn world(system: &str) -> TestWorld {
    let world = TestWorld::empty();
    world.write("environments/system.toml", system);
    for name in ["staging", "production"] {
        world.write(
            &format!("environments/{name}.toml"),
            &format!("[environment]\nname = \"{name}\"\n\n[target.web]\nssh = \"{name}-1\"\n"),
        );
    }
    world.write(".gitignore", "/.evenkeel\n/run\n/build\n/hosts\n");
    world.git(&["init", "--quiet"]);
    world.commit();
    world
}

#[test]
fn packages_settings_and_mounts_are_applied_drift_and_are_removed() {
    if !Path::new("/usr/bin/apt-get").exists() {
        eprintln!("SKIPPED: apt-get is missing: packages of hosts are not tested");
        return;
    }
    let mut world = world(SYSTEM);
    let Some(running) = hosts_with(&mut world, &[("staging-1", &before())], "root") else {
        return;
    };
    let host = &running[0];
    world
        .expect(2, &["plan", "staging"])
        .says("package.app")
        .says("sysctl.forwarding")
        .says("mount.data");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.read("/usr/share/evk-app/version"), "1.1-1\n");
    assert_eq!(host.read("/proc/sys/net/ipv4/ip_forward"), "1\n");
    assert_eq!(
        host.read("/etc/fstab"),
        "# kept\ntmpfs /srv/data tmpfs size=1m,mode=0755,noexec 0 0\n"
    );
    assert_eq!(host.read("/srv/data/inside"), "x");

    // Changes outside evenkeel.
    let shell = |script: &str| {
        let done = host.command(script).status().unwrap();
        assert!(done.success(), "{script}");
    };
    shell(
        "apt-get -qq --allow-change-held-packages --allow-downgrades -y install evk-app=1.0-1 evk-lib=1.0-1 >/dev/null",
    );
    shell("apt-get -qq -y remove evk-conf >/dev/null");
    fs::write(host.path("/proc/sys/net/ipv4/ip_forward"), "0\n").unwrap();
    fs::write(
        host.path("/etc/sysctl.d/99-later.conf"),
        "net.ipv4.ip_forward = 0\n",
    )
    .unwrap();
    shell("mount -o remount,exec tmpfs /srv/data");
    world
        .expect(2, &["drift", "staging", "--live"])
        .says("package/hold-differs")
        .says("package/missing")
        .says("sysctl/value-differs")
        .says("sysctl/overridden")
        .says("/etc/sysctl.d/99-later.conf")
        .says("mount/options-differ");
    world
        .expect(1, &["apply", "staging"])
        .says("remove that line, or declare that value");
    fs::remove_file(host.path("/etc/sysctl.d/99-later.conf")).unwrap();
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);

    // What is not declared any more goes, the mount before the directory below it.
    let kept = SYSTEM.split("[package.app]").next().unwrap();
    world.write("environments/system.toml", &format!("{kept}[target.web]\n"));
    world.commit();
    world.expect(0, &["apply", "staging"]);
    assert_eq!(host.read("/etc/fstab"), "# kept\n");
    assert!(!host.path("/srv/data").exists());
    assert!(!host.path("/usr/share/evk-app/version").exists());
    assert_eq!(host.read("/proc/sys/net/ipv4/ip_forward"), "1\n");
    assert!(
        fs::read_dir(host.path("/etc/sysctl.d"))
            .unwrap()
            .flatten()
            .all(|entry| !entry.file_name().to_string_lossy().contains("evenkeel"))
    );
    world.expect(0, &["drift", "staging", "--live"]);
}

#[test]
fn a_host_without_a_packaging_system_cannot_be_read() {
    let system = SYSTEM.split("[package.conf]").next().unwrap();
    let mut world = world(system);
    let none = "rm -f usr/bin/dpkg-query usr/bin/rpm";
    let Some(_running) = hosts_with(&mut world, &[("staging-1", none)], "root") else {
        return;
    };
    let seen = world.run(&["drift", "staging", "--live"]);
    assert_ne!(seen.code, 0);
    seen.says("no supported packaging system");
}
