//! Tests of the readers with texts of real and hostile hosts.

use super::{Fact, Group, LONGEST_TEXT, certificates, der, limits, machine, os, packages};
use super::{ports, sysctl, units, users};

fn facts(group: Group) -> Vec<String> {
    let group = group.into_facts("test");
    let words = |fact: &Fact| format!("{}={}", fact.path.join("|"), fact.value);
    group.facts.iter().map(words).collect()
}

fn of(read: impl FnOnce(&mut Group)) -> Vec<String> {
    let mut group = Group::default();
    read(&mut group);
    facts(group)
}

#[test]
fn hostile_text_is_harmless_and_short() {
    let found = of(|group| {
        os::parse(
            "ID=\"deb\u{1b}[31mian\u{7}\"\nVERSION_ID=12\nEVIL=1\n",
            group,
        );
    });
    assert!(found.iter().all(|fact| !fact.contains(['\u{1b}', '\u{7}'])));
    assert!(
        found.contains(&"version=12".to_owned()) && !found.iter().any(|it| it.contains("EVIL"))
    );
    let long = of(|group| group.add(&["a"], &"x".repeat(1_000_000)));
    assert!(
        long.iter()
            .all(|fact| fact.chars().count() <= LONGEST_TEXT + 3)
    );
}

#[test]
fn a_group_with_too_many_facts_is_unread_in_part() {
    let mut group = Group::default();
    for number in 0..super::MOST + 5 {
        group.add(&[&number.to_string()], "1");
    }
    let group = group.into_facts("packages");
    assert_eq!(group.facts.len(), super::MOST);
    assert_eq!(group.unread.len(), 1);
}

#[test]
fn packages_that_are_not_installed_are_no_facts() {
    let listed = "adduser\t3.134\tinstalled\nwas\t1\tconfig-files\nhalf\t2\thalf-configured\n";
    assert_eq!(
        of(|group| packages::parse(listed, group)),
        ["adduser=3.134", "half=2 (half-configured)"]
    );
}

#[test]
fn users_have_their_groups_and_no_hash() {
    let users = "root:x:0:0:root:/root:/bin/bash\napp:$6$hash:1000:1000::/home/app:/bin/sh\nbad\n";
    let groups = "root:x:0:\napp:x:1000:\nsudo:x:27:app,other\n";
    let found = of(|group| users::parse(users, groups, group));
    assert!(found.contains(&"app|groups=app, sudo".to_owned()));
    assert!(found.contains(&"app|shell=/bin/sh".to_owned()));
    assert!(!found.iter().any(|fact| fact.contains("hash")));
}

#[test]
fn sizes_of_one_type_of_machine_agree() {
    const MEBIBYTE: u64 = 1024 * 1024;
    assert_eq!(machine::size(3_915 * MEBIBYTE), "3840Mi");
    assert_eq!(machine::size(4_000 * MEBIBYTE), "4Gi");
    assert_eq!(machine::size(15_900 * MEBIBYTE), "16Gi");
    assert_eq!(machine::size(0), "1Mi");
    assert_eq!(machine::size(u64::MAX), machine::size(u64::MAX));
}

#[test]
fn only_plain_keys_of_sysctl_are_read() {
    let text =
        "# a=1\n-vm.swappiness = 10\nnet.ipv4.conf.*.rp_filter=1\n../../etc/shadow=1\nkernel.x\n";
    assert_eq!(sysctl::named(text), ["vm.swappiness"]);
}

#[test]
fn listening_sockets_are_found_by_state_and_class_of_address() {
    let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 100 0 0 10 0\n\
        1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 78 1 0 100 0 0 10 0\n\
        2: 00000000:0017 00000000:0000 01 00000000:00000000 00:00000000 00000000  0        0 79 1 0 100 0 0 10 0\n\
        3: broken\n";
    let found = ports::parse(text, "tcp", "0A");
    let seen: Vec<_> = found
        .iter()
        .map(|socket| (ports::class(&socket.address), socket.port, socket.inode))
        .collect();
    assert_eq!(seen, [("loopback", 8080, 77), ("any", 22, 78)]);
}

#[test]
fn units_limits_and_configurations_are_parsed() {
    let found = of(|group| {
        units::files("ssh.service enabled enabled\n", group);
        units::running(
            "ssh.service loaded active running OpenBSD\nrun-1.service loaded active running x\n",
            group,
        );
    });
    assert_eq!(
        found,
        ["ssh.service|boot=enabled", "ssh.service|state=active"]
    );
    assert_eq!(
        limits::sessions("* soft nofile 1024 # default\n#* hard x 1\n"),
        [("* soft nofile".to_owned(), "1024".to_owned())]
    );
    assert_eq!(
        certificates::named(
            "  ssl_certificate /etc/a.pem;\nssl_certificate $x;\nssl_certificate_key /etc/k;\n"
        ),
        ["/etc/a.pem"]
    );
}

const CERTIFICATE: &str = include_str!("certificate.pem");

#[test]
fn a_certificate_has_a_subject_and_an_expiry() {
    let found = der::first(CERTIFICATE.as_bytes()).unwrap().unwrap();
    assert_eq!(found.subject, "web.example.org");
    assert_eq!(found.expires, "2026-12-09T16:42:02Z");
    assert_eq!(der::first(b"-----BEGIN PRIVATE KEY-----\n"), None);
    // No part of a certificate ends the reader.
    for end in 0..CERTIFICATE.len() {
        let _ = der::first(CERTIFICATE.get(..end).unwrap_or_default().as_bytes());
    }
    for at in 0..CERTIFICATE.len() {
        let mut spoilt = CERTIFICATE.as_bytes().to_vec();
        spoilt[at] = b'/';
        let _ = der::first(&spoilt);
    }
}

#[test]
fn a_huge_file_and_a_pipe_are_unread_and_a_missing_file_is_no_fact() {
    let directory = tempfile::tempdir().unwrap();
    let huge = directory.path().join("huge");
    let file = std::fs::File::create(&huge).unwrap();
    file.set_len(super::LONGEST_FILE + 1).unwrap();
    assert!(super::bytes(&huge).unwrap_err().contains("8 MiB"));
    assert!(
        super::bytes(std::path::Path::new("/dev/zero"))
            .unwrap_err()
            .contains("regular file")
    );
    assert_eq!(super::bytes(&directory.path().join("none")), Ok(None));
    let mut group = Group::default();
    assert_eq!(group.file(&huge), None);
    assert_eq!(group.into_facts("x").unread.len(), 1);
}

#[test]
fn this_machine_has_facts_of_bounded_size() {
    let mut bytes = 0;
    for name in super::super::GROUPS {
        let group = super::group(name);
        assert_eq!(group.name, *name);
        bytes += serde_json::to_string(&group).unwrap().len();
        if ["os", "kernel", "machine", "time", "sysctl", "users"].contains(name) {
            assert!(!group.facts.is_empty(), "{group:?}");
        }
        let same = super::group(name);
        if ["os", "kernel", "packages", "users", "limits"].contains(name) {
            assert_eq!(same, group);
        }
    }
    assert!(bytes < 2_000_000, "{bytes}");
    assert_eq!(super::group("colour").unread.len(), 1);
}
