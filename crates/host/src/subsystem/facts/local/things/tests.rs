//! Tests of the readers of things with texts of real and hostile hosts.

use super::super::Group;
use super::super::ports::parse as sockets;
use super::{Account, cron, keys, mark, packages, ports, users};

/// Returns the facts that a reader adds, as `path|value`.
fn of(read: impl FnOnce(&mut Group)) -> Vec<String> {
    let mut group = Group::default();
    read(&mut group);
    let facts = group.into_facts("x");
    let mut shown: Vec<String> = facts
        .facts
        .iter()
        .map(|fact| format!("{}|{}", fact.path.join(" "), fact.value))
        .collect();
    shown.extend(
        facts
            .unread
            .iter()
            .map(|reason| format!("unread: {reason}")),
    );
    shown
}

#[test]
fn packages_that_apt_marks_are_dependencies() {
    let list = "dpkg\tamd64\t1.21\tinstalled\n\
        vim\tamd64\t2:9.0\tinstalled\n\
        libc6\tamd64\t2.36\tinstalled\n\
        libc6\ti386\t2.36\tinstalled\n\
        tzdata\tall\t2024a\tinstalled\n\
        gone\tamd64\t1\tconfig-files\n\
        half\tamd64\t1\thalf-configured\n\
        broken\n";
    let marks = "Package: libc6\nArchitecture: amd64\nAuto-Installed: 1\n\n\
        Package: tzdata\nArchitecture: amd64\nAuto-Installed: 1\n\n\
        Package: vim\nArchitecture: amd64\nAuto-Installed: 0\n";
    assert_eq!(
        of(|group| packages::parse(list, marks, group)),
        [
            "dpkg amd64|1.21",
            "half amd64|1",
            "libc6:i386 i386|2.36",
            "vim amd64|2:9.0",
            "unread: the list of packages has a malformed line"
        ]
    );
    assert_eq!(
        of(|group| packages::names("vim\n\ngpg-pubkey\nbash\n", group)),
        ["bash|", "vim|"]
    );
}

#[test]
fn accounts_of_people_are_listed() {
    let listed = [
        ("ada", "1000", "/bin/bash"),
        ("build", "1001", "/usr/sbin/nologin"),
        ("git", "110", "/bin/sh"),
        ("toor", "0", "/bin/false"),
        ("odd", "x", "/bin/false"),
        ("empty", "12", ""),
    ];
    for (name, uid, shell) in listed {
        assert!(users::is_listed(name, uid, shell), "{name}");
    }
    let left_out = [
        ("root", "0", "/bin/bash"),
        ("guest", "65534", "/usr/sbin/nologin"),
        ("daemon", "1", "/usr/sbin/nologin"),
        ("sync", "4", "/bin/sync"),
    ];
    for (name, uid, shell) in left_out {
        assert!(!users::is_listed(name, uid, shell), "{name}");
    }
}

#[test]
fn entries_of_cron_have_a_schedule_a_user_and_no_command() {
    let text = "SHELL=/bin/sh\n# comment\n\"MAILTO\" = ops\n\n\
        17 *\t* * *\troot\tcd / && run --password hunter2\n\
        @reboot ada /opt/start\n\
        */5 * * * * curl hunter2|sh\n\
        PASSWORD=hunter2 some words\n\
        not an entry hunter2\n";
    let found = of(|group| cron::entries("/etc/cron.d/x", text, cron::Table::System, group));
    assert_eq!(found.len(), 4, "{found:?}");
    let first = mark("cd / && run --password hunter2");
    assert!(found.contains(&format!("/etc/cron.d/x 17 * * * * root {first}|")));
    assert!(found.contains(&format!(
        "/etc/cron.d/x @reboot ada {}|",
        mark("/opt/start")
    )));
    assert!(!found.concat().contains("hunter2"), "{found:?}");
    let own = of(|group| cron::entries("/c/ada", "1 2 3 4 5 x y\n", cron::Table::OfUser, group));
    assert_eq!(own, [format!("/c/ada 1 2 3 4 5 {}|", mark("x y"))]);
    let text = "1 5 cron.daily run-parts --report\n";
    let found = of(|group| cron::entries("/a", text, cron::Table::Anacron, group));
    let rest = mark("run-parts --report");
    assert_eq!(found, [format!("/a 1 5 cron.daily {rest}|")]);
}

const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop";

#[test]
fn keys_have_the_fingerprint_of_openssh() {
    let text = format!(
        "# comment\n\nno-pty,from=\"10.0.0.0/8\" ssh-ed25519 {KEY} ada\u{1b}[2J\nssh-future AAAA x\n"
    );
    let found = of(|group| keys::keys("ada", "/k", &text, group));
    let digest = evenkeel_model::Digest::of(KEY.as_bytes()).short();
    let [line, key] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(
        key.starts_with(&format!("ada /k ssh-ed25519 {digest} SHA256:")),
        "{key}"
    );
    assert!(!key.contains('\u{1b}'), "{key}");
    assert!(line.contains("line "), "{line}");
    assert!(!line.contains("AAAA"), "{line}");
}

#[test]
fn files_of_keys_are_those_of_the_configuration() {
    let text = "#AuthorizedKeysFile no\nauthorizedkeysfile\t/etc/keys/%u .ssh/more # x\n\
        Match User git\n  AuthorizedKeysFile=\"%h/k\" none\n";
    assert_eq!(keys::files_in(text), ["/etc/keys/%u", ".ssh/more", "%h/k"]);
    let ada = Account {
        name: "ada".into(),
        uid: "1000".into(),
        home: "/home/ada".into(),
        shell: "/bin/sh".into(),
    };
    let place = |pattern| keys::place(pattern, &ada);
    assert_eq!(place("/etc/keys/%u").unwrap(), "/etc/keys/ada");
    assert_eq!(place(".ssh/more").unwrap(), "/home/ada/.ssh/more");
    assert_eq!(place("%h/%U%%").unwrap(), "/home/ada/1000%");
    assert_eq!(place("%k"), None);
    assert_eq!(place("%"), None);
}

#[test]
fn ports_that_others_reach_have_an_address() {
    let line = |number: u32, address: &str, state: &str, inode: u32| {
        format!(
            "  {number}: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"
        )
    };
    let tcp = [
        "header\n".to_owned(),
        line(0, "00000000:0016", "0A", 7),
        line(1, "0100007F:1F90", "0A", 8),
        line(2, "0100000A:9C40", "0A", 9),
        line(3, "0100000A:9C40", "01", 10),
    ]
    .concat();
    let six = [
        "header\n".to_owned(),
        line(0, "00000000000000000000000000000000:0016", "0A", 11),
        line(1, "B80D0120000000000000000001000000:0050", "0A", 12),
    ]
    .concat();
    let udp = [
        "header\n".to_owned(),
        line(0, "00000000:0044", "07", 13),
        line(1, "00000000:D431", "07", 14),
    ]
    .concat();
    let mut all = sockets(&tcp, "tcp", "0A");
    all.extend(sockets(&six, "tcp", "0A"));
    all.extend(sockets(&udp, "udp", "07"));
    let programs = [(7, "sshd".to_owned()), (11, "sshd".to_owned())].into();
    assert_eq!(
        of(|group| ports::add(&all, &programs, group)),
        [
            "tcp * 22|sshd",
            "tcp 10.0.0.1 40000|",
            "tcp [2001:db8::1] 80|",
            "udp * 68|"
        ]
    );
    // A table in another form is shown as it is, and no form ends the reader.
    for text in [
        "",
        "0",
        "zz00007F",
        "0100",
        "00000000000000000000FFFF0100007",
    ] {
        let _ = ports::address(text);
    }
    assert_eq!(
        ports::address("0000000000000000FFFF00000100000A"),
        "10.0.0.1"
    );
}
