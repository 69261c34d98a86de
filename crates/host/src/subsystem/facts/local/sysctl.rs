//! Settings of the kernel: the ones that services depend on most, and all that the host's files set.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::Group;
use crate::local::reason::why_io;

/// Settings that are always facts.
const KEYS: &[&str] = &[
    "fs.file-max",
    "fs.inotify.max_user_watches",
    "fs.nr_open",
    "kernel.pid_max",
    "kernel.randomize_va_space",
    "kernel.shmmax",
    "net.core.rmem_max",
    "net.core.somaxconn",
    "net.core.wmem_max",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv6.conf.all.disable_ipv6",
    "vm.dirty_ratio",
    "vm.max_map_count",
    "vm.overcommit_memory",
    "vm.swappiness",
];

pub(super) fn read(group: &mut Group) {
    let mut keys: BTreeSet<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
    let mut files = group.files("/etc/sysctl.d", ".conf");
    files.push("/etc/sysctl.conf".into());
    for path in files {
        if let Some(text) = group.file(path) {
            keys.extend(named(&text));
        }
    }
    for key in keys {
        // Keys with a dot in a part are written with slashes.
        let path = if key.contains('/') {
            format!("/proc/sys/{key}")
        } else {
            format!("/proc/sys/{}", key.replace('.', "/"))
        };
        match std::fs::read_to_string(&path) {
            Ok(value) => {
                let value: Vec<&str> = value.split_whitespace().collect();
                group.add(&[&key], &value.join(" "));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => group.miss(format!("`{path}`: {}", why_io(&error))),
        }
    }
}

/// Returns the keys that a file sets. A pattern of keys, or one that leaves the directory, is skipped.
pub(super) fn named(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';']))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().trim_start_matches('-')))
        .filter(|key| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
            !key.is_empty() && key.bytes().all(is_plain) && !key.contains("..")
        })
        .map(str::to_owned)
        .collect()
}
