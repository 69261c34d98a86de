//! Ports on which programs listen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Group;

/// A port above these is assigned by the kernel, and differs at each start.
pub(super) const LAST_FIXED: u16 = 32_767;
/// The most processes that are searched.
const MOST_PROCESSES: usize = 50_000;

pub(super) fn read(group: &mut Group) {
    let (programs, is_whole) = programs();
    let mut listening: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for socket in sockets(group) {
        if socket.port > LAST_FIXED {
            continue;
        }
        let program = programs.get(&socket.inode);
        let names = listening
            .entry((
                format!("{}/{}", socket.protocol, socket.port),
                class(&socket.address).to_owned(),
            ))
            .or_default();
        names.extend(program.cloned());
    }
    let mut unnamed = 0;
    for ((port, address), names) in listening {
        let names: Vec<String> = names.into_iter().collect();
        if names.is_empty() {
            unnamed += 1;
            group.add(&[&port, &address, "listens"], "yes");
        } else {
            group.add(&[&port, &address, "listens"], "yes");
            group.add(&[&port, &address, "program"], &names.join(", "));
        }
    }
    if unnamed > 0 && !is_whole {
        group.miss("the programs of other users' ports are visible to root only");
    }
}

/// Returns all sockets on which programs listen.
pub(super) fn sockets(group: &mut Group) -> Vec<Socket> {
    let mut sockets = Vec::new();
    // `0A` is LISTEN of TCP; `07` is an unconnected socket of UDP. A kernel without IPv6 lacks some of the tables.
    for (name, protocol, state) in [
        ("tcp", "tcp", "0A"),
        ("tcp6", "tcp", "0A"),
        ("udp", "udp", "07"),
        ("udp6", "udp", "07"),
    ] {
        if let Some(text) = group.file(format!("/proc/net/{name}")) {
            sockets.extend(parse(&text, protocol, state));
        }
    }
    sockets
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) protocol: &'static str,
    /// The address in the kernel's form: hexadecimal words of the machine's byte order.
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) inode: u64,
}

/// Returns the sockets of one of the kernel's tables that have a state.
pub(super) fn parse(text: &str, protocol: &'static str, state: &str) -> Vec<Socket> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (local, found, inode) = (words.get(1)?, words.get(3)?, words.get(9)?);
            let (address, port) = local.split_once(':')?;
            let port = u16::from_str_radix(port, 16).ok()?;
            (*found == state && port > 0).then_some(())?;
            Some(Socket {
                protocol,
                address: address.to_owned(),
                port,
                inode: inode.parse().ok()?,
            })
        })
        .collect()
}

/// Returns who reaches an address: only this machine, or others. The address itself differs on every host.
pub(super) fn class(address: &str) -> &'static str {
    let is_loopback = address.len() == 8 && address.ends_with("7F")
        || address == "00000000000000000000000001000000"
        || address.starts_with("0000000000000000FFFF0000") && address.ends_with("7F");
    if is_loopback {
        "loopback"
    } else if address.bytes().all(|byte| byte == b'0') {
        "any"
    } else {
        "address"
    }
}

/// Returns the name of a program for each socket, and whether all processes were readable.
pub(super) fn programs() -> (BTreeMap<u64, String>, bool) {
    let mut programs = BTreeMap::new();
    let mut is_whole = true;
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return (programs, false);
    };
    let processes = processes.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    });
    for process in processes.take(MOST_PROCESSES) {
        let path = process.path();
        let Ok(open) = std::fs::read_dir(path.join("fd")) else {
            // A process that just ended is no gap.
            is_whole &= !Path::new(&path).exists();
            continue;
        };
        let inodes: Vec<u64> = open
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let target = std::fs::read_link(entry.path()).ok()?;
                let text = target.to_str()?.strip_prefix("socket:[")?;
                text.strip_suffix(']')?.parse().ok()
            })
            .collect();
        if inodes.is_empty() {
            continue;
        }
        let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        for inode in inodes {
            programs.insert(inode, name.trim().to_owned());
        }
    }
    (programs, is_whole)
}
