//! Ports on which programs listen for other machines, by protocol and address.
//!
//! A port on loopback is left out: only this machine reaches it. A port of UDP that the kernel assigned belongs to a client
//! and changes at each start.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::Group;
use super::super::ports::{LAST_FIXED, Socket, class, programs, sockets};

/// All addresses.
const ANY: &str = "*";

pub(in super::super) fn read(group: &mut Group) {
    let sockets = sockets(group);
    // Programs of other users are visible to root only; the port counts without.
    let (programs, _) = programs();
    add(&sockets, &programs, group);
}

pub(super) fn add(sockets: &[Socket], programs: &BTreeMap<u64, String>, group: &mut Group) {
    let mut open: BTreeMap<(&str, String, u16), BTreeSet<&str>> = BTreeMap::new();
    for socket in sockets {
        let is_reachable = class(&socket.address) != "loopback";
        let is_lasting = socket.protocol != "udp" || socket.port <= LAST_FIXED;
        if is_reachable && is_lasting {
            let address = address(&socket.address);
            let names = open.entry((socket.protocol, address, socket.port));
            let program = programs.get(&socket.inode).map(String::as_str);
            names.or_default().extend(program);
        }
    }
    for ((protocol, address, port), names) in open {
        let names: Vec<&str> = names.into_iter().collect();
        group.add(&[protocol, &address, &port.to_string()], &names.join(", "));
    }
}

/// Returns an address of the kernel's tables as people write it. IPv4 and IPv6 share a word for all addresses: one program
/// often listens on both.
pub(super) fn address(written: &str) -> String {
    if written.bytes().all(|byte| byte == b'0') {
        return ANY.to_owned();
    }
    // Each word of 32 bits is in the byte order of the machine.
    let words: Option<Vec<u32>> = (0..written.len() / 8)
        .map(|word| u32::from_str_radix(written.get(word * 8..word * 8 + 8)?, 16).ok())
        .collect();
    let bytes: Vec<u8> = words
        .unwrap_or_default()
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Ipv4Addr::from(four).to_string();
    }
    match <[u8; 16]>::try_from(bytes.as_slice()) {
        Ok(sixteen) => {
            let address = Ipv6Addr::from(sixteen);
            match address.to_ipv4_mapped() {
                Some(mapped) => mapped.to_string(),
                None => format!("[{address}]"),
            }
        }
        Err(_) => written.to_owned(),
    }
}
