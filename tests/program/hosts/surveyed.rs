//! Surveys: facts of live hosts, compared between environments and between the hosts of one.

use std::fs;
use std::process::Command;

use super::super::world::TestWorld;
use super::{hosts_with, system};

/// Gives openssl another version in dpkg's records.
const OTHER_VERSION: &str =
    "sed -i '/^Package: openssl$/,/^$/s/^Version: .*/Version: 3.0.1-1/' var/lib/dpkg/status";
/// Gives every package another version.
const OTHER_VERSIONS: &str =
    "sed -i 's/^Version: \\(.*\\)/Version: \\1+other/' var/lib/dpkg/status";
/// A release with escape sequences.
const HOSTILE: &str =
    "rm etc/os-release; printf 'ID=\"\\033[31mevil\\007\"\\nVERSION_ID=\"12\"\\n' >etc/os-release";

/// Adds a survey with these groups of facts.
fn surveyed(world: &TestWorld, groups: &str) {
    world.add(
        "environments/system.toml",
        &format!("\n[survey.web]\non = \"web\"\nfacts = [{groups}]\n"),
    );
    world.commit();
}

#[test]
fn a_package_of_another_version_is_drift_until_it_is_declared_and_shuts_the_gate() {
    let mut world = system();
    let staging = ("staging-1", "");
    let production = ("production-1", OTHER_VERSION);
    let Some(running) = hosts_with(&mut world, &[staging, production], "root") else {
        return;
    };
    surveyed(
        &world,
        r#""kernel", "packages", "sysctl", "users", "certificates""#,
    );
    world
        .expect(2, &["drift", "--survey"])
        .says("packages.openssl is")
        .says("`3.0.1-1` in production")
        .says("facts of 2 hosts compared");
    let document = world.json(2, &["drift", "--survey"]);
    let codes: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert_eq!(codes, ["survey/fact-differs"]);
    world.expect(0, &["drift", "--parity"]);
    world.expect(3, &["deliver"]).says("packages.openssl is");

    // A recorded check gives the age of the finding.
    world.expect(2, &["drift", "--record"]);
    world
        .expect(2, &["drift", "--survey"])
        .says("in the first recorded check");

    let version = Command::new("dpkg-query")
        .args(["-W", "-f", "${Version}", "openssl"])
        .output();
    let version = String::from_utf8(version.unwrap().stdout).unwrap();
    world.write(
        "environments/differences.toml",
        &format!(
            "[[difference]]\nat = \"survey.web.packages.openssl\"\nstaging = \"{version}\"\nproduction = \"3.0.1-1\"\n\
             reason = \"rollout\"\nowner = \"platform\"\nexpires = 2099-06-30\n"
        ),
    );
    world.commit();
    world.expect(0, &["drift", "--survey"]);
    world.expect(0, &["deliver"]);

    // What changed on a host since a recorded check.
    world.expect(0, &["release"]);
    world.expect(0, &["drift", "--record"]);
    world.expect(0, &["drift", "--record"]);
    running[1].run("echo 'eve:x:4444:4444::/home/eve:/bin/sh' >>/etc/passwd");
    world
        .expect(2, &["drift", "--survey", "--since", "0s"])
        .says("web (staging): 0 changed facts since the check of")
        .says("users.eve.uid was missing (seen from ")
        .says("is `4444` (first seen now)")
        .says("4 new, 0 before, 0 ended");
    world
        .expect(2, &["drift", "--survey", "--since", "2020-01-01"])
        .says("no check with facts of hosts was recorded before this time");

    running[1].run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null \
         -out /etc/ssl/web.pem -subj /CN=web.example.org -days 10 2>/dev/null",
    );
    world
        .expect(2, &["drift", "--survey"])
        .says("the certificate `/etc/ssl/web.pem` of web (production) expires on")
        .says("certificates.\"/etc/ssl/web.pem\".subject");
}

#[test]
fn what_a_release_brings_does_not_block_it_and_other_differences_do() {
    let mut world = system();
    let hosts = [("staging-1", ""), ("production-1", "")];
    let Some(running) = hosts_with(&mut world, &hosts, "root") else {
        return;
    };
    surveyed(&world, r#""packages", "users""#);
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);

    world.add(
        "environments/system.toml",
        "\n[user.shop]\non = \"web\"\nsystem = true\nshell = \"/usr/sbin/nologin\"\n",
    );
    world.commit();
    world.expect(0, &["deliver"]).silent_about("users.shop");
    let document = world.json(2, &["drift"]);
    let findings = document["findings"].as_array().unwrap().iter();
    let surveyed: Vec<&str> = findings
        .filter(|finding| finding["subject"] == "survey.web")
        .map(|finding| finding["corner"].as_str().unwrap_or("none"))
        .collect();
    assert!(!surveyed.is_empty());
    assert!(
        surveyed.iter().all(|corner| *corner == "half-promoted"),
        "{surveyed:?}"
    );
    assert_eq!(document["counts"]["pending"], 1, "{document:#}");

    // Compared alone, nothing is known about pending changes.
    world
        .expect(2, &["drift", "--survey"])
        .says("users.shop.shell is");

    running[1].run("echo 'eve:x:4444:4444::/home/eve:/bin/sh' >>/etc/passwd");
    world
        .expect(3, &["deliver"])
        .says("users.eve.shell is")
        .silent_about("users.shop");
    running[1].run("sed -i /^eve:/d /etc/passwd");
    world.expect(0, &["deliver"]);
    world.expect(0, &["release"]);
    world.expect(0, &["drift"]);
}

#[test]
fn a_lone_host_is_named_a_thousand_packages_are_one_finding_and_a_dead_host_is_unknown() {
    let mut world = system();
    let names = [
        ("staging-1", OTHER_VERSIONS),
        ("web-1", ""),
        ("web-2", HOSTILE),
        ("web-3", ""),
    ];
    let Some(mut running) = hosts_with(&mut world, &names, "root") else {
        return;
    };
    world.replace(
        "environments/production.toml",
        "ssh = \"production-1\"",
        r#"hosts = ["web-1", "web-2", "web-3"]"#,
    );
    surveyed(&world, r#""os", "packages""#);
    let ran = world.expect(2, &["drift", "--survey"]);
    ran.says("web-2 (production) differs from its siblings: os.id is `")
        .says("findings of survey.web.packages:")
        .silent_about("\u{7}")
        .silent_about("\u{1b}[31mevil");
    assert!(ran.all().len() < 10_000, "{}", ran.all().len());

    running[3].end();
    world
        .expect(1, &["drift", "--survey"])
        .says("the facts of web-3 (production) cannot be read");
}

#[test]
fn what_only_root_reads_is_unknown_to_another_account() {
    let mut world = system();
    let staging = ("staging-1", "");
    let production = ("production-1", "chmod 600 etc/security/limits.conf");
    let Some(running) = hosts_with(&mut world, &[staging, production], "deploy") else {
        return;
    };
    surveyed(&world, r#""limits""#);
    world
        .expect(1, &["drift", "--survey"])
        .says("facts `limits` of web (production) cannot be read")
        .says("permission denied")
        .silent_about("(staging)");
    assert!(fs::metadata(running[1].path("/etc/security/limits.conf")).is_ok());
}
