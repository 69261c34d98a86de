//! Things that a definition may own, read from a copy of this machine's root with its real tools.

use std::fs;

use evenkeel_host::facts::{self, GroupOfFacts, THINGS};
use evenkeel_host::{Answer, Query};

use super::root::Root;

/// What the test knows about the root; everything else is that of this machine.
const BEFORE: &str = r"
rm -rf etc/cron.d var/spool/cron etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly etc/systemd/system etc/systemd/user etc/crontab etc/anacrontab
mkdir -p etc/cron.d etc/cron.daily var/spool/cron/crontabs etc/systemd/system/multi-user.target.wants etc/systemd/system/timers.target.requires etc/systemd/user/default.target.wants
printf '# head\nMAILTO=ops\n*/5 * * * * root curl -u ada:hunter2 http://x\n' >etc/cron.d/check
printf '@reboot /home/ada/start\n' >var/spool/cron/crontabs/ada
touch etc/cron.d/.placeholder etc/cron.d/old~ etc/cron.daily/clean
printf 'x' >'etc/cron.daily/a
b'
ln -s /lib/systemd/system/nginx.service etc/systemd/system/multi-user.target.wants/nginx.service
ln -s /lib/systemd/system/clean.timer etc/systemd/system/timers.target.requires/clean.timer
ln -s /lib/systemd/system/remote-fs.target etc/systemd/system/multi-user.target.wants/remote-fs.target
ln -s /lib/systemd/system/lightdm.service etc/systemd/system/display-manager.service
ln -s /usr/lib/systemd/user/agent.socket etc/systemd/user/default.target.wants/agent.socket
ln -s /dev/null etc/systemd/system/masked.service
printf '[Service]\n' >etc/systemd/system/own.service
echo 'ada:x:4200:4200::/home/ada:/bin/bash' >>etc/passwd
mkdir -p home/ada/.ssh etc/keys
ssh-keygen -q -t ed25519 -N '' -C 'ada at desk' -f home/ada/key
ssh-keygen -q -t rsa -b 2048 -N '' -C other -f home/ada/other
cp home/ada/key.pub home/ada/.ssh/authorized_keys
cp home/ada/other.pub etc/keys/ada
mkdir -p etc/ssh/sshd_config.d
echo 'AuthorizedKeysFile /etc/keys/%u' >etc/ssh/sshd_config.d/keys.conf
";

fn groups(root: &Root) -> Vec<GroupOfFacts> {
    let groups = THINGS.iter().map(|(_, group)| (*group).to_owned());
    let query = Query::Facts(facts::Query {
        groups: groups.collect(),
    });
    match root.ask(query) {
        Answer::Facts(answer) => answer.groups,
        other => panic!("{other:?}"),
    }
}

/// Returns the things of a group, as `path|value`.
fn things(groups: &[GroupOfFacts], name: &str) -> Vec<String> {
    let group = groups.iter().find(|group| group.name == name).unwrap();
    let shown = group.facts.iter();
    shown
        .map(|fact| format!("{}|{}", fact.path.join(" "), fact.value))
        .collect()
}

fn unread(groups: &[GroupOfFacts]) -> Vec<&str> {
    let reasons = groups.iter().flat_map(|group| &group.unread);
    reasons.map(String::as_str).collect()
}

#[test]
fn things_are_those_that_the_systems_own_tools_list() {
    if !super::root::possible(&["ssh-keygen", "apt-mark"]) {
        return;
    }
    let Some(root) = Root::start_without_network(BEFORE) else {
        return;
    };
    let found = groups(&root);
    assert_eq!(unread(&found), [""; 0]);
    let packages: Vec<String> = things(&found, "manual-packages")
        .iter()
        .map(|fact| fact.split(' ').next().unwrap().to_owned())
        .collect();
    let manual = root.shell("apt-mark showmanual");
    let mut manual: Vec<&str> = manual.lines().collect();
    manual.sort_unstable();
    assert_eq!(packages, manual);
    assert_eq!(
        things(&found, "enabled-units"),
        [
            "clean.timer|",
            "lightdm.service|",
            "nginx.service|",
            "user/agent.socket|"
        ]
    );
    let cron = things(&found, "cron-entries");
    assert_eq!(cron.len(), 4, "{cron:?}");
    assert!(
        cron[0].starts_with("/etc/cron.d/check */5 * * * * root "),
        "{cron:?}"
    );
    assert_eq!(
        cron[1..3],
        ["/etc/cron.daily/a\nb|", "/etc/cron.daily/clean|"]
    );
    assert!(
        cron[3].starts_with("/var/spool/cron/crontabs/ada @reboot "),
        "{cron:?}"
    );
    assert!(!cron.concat().contains("hunter2"), "{cron:?}");
    let users = things(&found, "login-users");
    assert!(
        users.contains(&"ada|uid 4200, shell /bin/bash".to_owned()),
        "{users:?}"
    );
    assert!(!users.iter().any(|user| user.starts_with("root|")));
    let keys = things(&found, "authorized-keys");
    for (file, key, comment) in [
        ("/home/ada/.ssh/authorized_keys", "key", "ada at desk"),
        ("/etc/keys/ada", "other", "other"),
    ] {
        let print = root.shell(&format!(
            "ssh-keygen -lf /home/ada/{key}.pub | cut -d' ' -f2"
        ));
        let is_it = |each: &&String| {
            each.starts_with(&format!("ada {file} "))
                && each.ends_with(&format!(" {}|{comment}", print.trim()))
        };
        assert_eq!(keys.iter().filter(is_it).count(), 1, "{print} {keys:?}");
    }
    assert_eq!(things(&found, "open-ports"), [""; 0]);
    // A second reading is the same.
    assert_eq!(groups(&root), found);
}

#[test]
fn enabled_units_are_those_of_the_service_manager() {
    if !super::root::possible(&["systemctl"]) {
        return;
    }
    let Some(root) = Root::start_without_network("") else {
        return;
    };
    let listed = root.shell(
        "systemctl --root=/ list-unit-files --no-legend --no-pager --state=enabled --type=service,socket,timer,path",
    );
    let mut expected: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    expected.sort_unstable();
    let found = things(&groups(&root), "enabled-units");
    // The manager lists the template of an instance.
    let template = |unit: &str| match (unit.split_once('@'), unit.rsplit_once('.')) {
        (Some((name, _)), Some((_, sort))) => format!("{name}@.{sort}"),
        _ => unit.to_owned(),
    };
    let mut found: Vec<String> = found
        .iter()
        .map(|unit| template(unit.trim_end_matches('|')))
        .filter(|unit| !unit.starts_with("user/"))
        .collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, expected);
}

#[test]
fn open_ports_have_their_program() {
    if !super::root::possible(&["python3", "ip"]) {
        return;
    }
    let Some(root) = Root::start_without_network("") else {
        return;
    };
    root.shell("ip link set lo up; ip address add 10.9.8.7/24 dev lo; ip address add 2001:db8::7/64 dev lo nodad");
    let program = r"
import socket, time
kept = []
for family, sort, address, port in [
    (socket.AF_INET, socket.SOCK_STREAM, '0.0.0.0', 2222),
    (socket.AF_INET, socket.SOCK_STREAM, '127.0.0.1', 2223),
    (socket.AF_INET, socket.SOCK_STREAM, '10.9.8.7', 50000),
    (socket.AF_INET6, socket.SOCK_STREAM, '2001:db8::7', 2224),
    (socket.AF_INET, socket.SOCK_DGRAM, '0.0.0.0', 514),
    (socket.AF_INET, socket.SOCK_DGRAM, '0.0.0.0', 40000),
]:
    each = socket.socket(family, sort)
    each.bind((address, port))
    if sort == socket.SOCK_STREAM:
        each.listen()
    kept.append(each)
open('/run/bound', 'w').close()
time.sleep(60)
";
    fs::write(root.path("/run/listen.py"), program).unwrap();
    root.shell("python3 /run/listen.py </dev/null >/dev/null 2>&1 & for i in $(seq 200); do [ -e /run/bound ] && exit 0; sleep 0.05; done; exit 1");
    let found = groups(&root);
    assert_eq!(
        things(&found, "open-ports"),
        [
            "tcp * 2222|python3",
            "tcp 10.9.8.7 50000|python3",
            "tcp [2001:db8::7] 2224|python3",
            "udp * 514|python3",
        ]
    );
}

#[test]
fn what_is_unreadable_is_named() {
    let Some(root) = Root::start_without_network(
        r"rm -rf etc/cron.d etc/crontab var/spool/cron
mkdir -p etc/cron.d home/eve/.ssh
mkfifo etc/cron.d/pipe home/eve/.ssh/authorized_keys
mkdir etc/crontab
echo 'eve:x:4300:4300::/home/eve:/bin/bash' >>etc/passwd
echo 'mal:x:4301:4301::/home/mal:/bin/bash' >>etc/passwd
mkdir -p home/mal/.ssh
ln -s /proc/kmsg home/mal/.ssh/authorized_keys
echo '+::::::' >>etc/passwd
printf 'Package: half' >var/lib/apt/extended_states.new
rm -rf var/lib/apt/extended_states; mkdir var/lib/apt/extended_states",
    ) else {
        return;
    };
    let found = groups(&root);
    let reasons = unread(&found);
    for expected in [
        "`/etc/cron.d/pipe`: it is not a regular file",
        "`/home/eve/.ssh/authorized_keys`: it is not a regular file",
        "`/home/mal/.ssh/authorized_keys`: it is a link to a file of the kernel",
        "`/var/lib/apt/extended_states`: it is not a regular file",
        "`/etc/passwd` includes accounts of NIS, which are not read",
    ] {
        assert!(reasons.contains(&expected), "{expected}: {reasons:#?}");
    }
    // What is readable is listed nevertheless, and packages without marks are not: all would count.
    assert!(
        things(&found, "login-users")
            .iter()
            .any(|user| user.starts_with("eve|"))
    );
    assert_eq!(things(&found, "manual-packages"), [""; 0]);
}
