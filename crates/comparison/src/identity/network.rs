//! Ranges of IPv4 addresses: two environments' networks correspond address by address.
//!
//! A network is written with its mask (`10.1.0.0/16`), or as the beginning of private addresses (`10.1`, `10.1.0`).

use std::net::Ipv4Addr;

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    base: u32,
    bits: u32,
}

impl Network {
    /// The network that a text is.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((address, bits)) = text.split_once('/') {
            let bits: u32 = bits.parse().ok().filter(|bits| (8..=30).contains(bits))?;
            let address: Ipv4Addr = address.parse().ok()?;
            return Some(Self {
                base: u32::from(address) & mask(bits),
                bits,
            });
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        let octets: Vec<u8> = text
            .split('.')
            .map(|octet| octet.parse().ok().filter(|_| is_plain(octet)))
            .collect::<Option<_>>()?;
        let (bits, base) = match octets.as_slice() {
            [one, two] => (16, [*one, *two, 0, 0]),
            [one, two, three] => (24, [*one, *two, *three, 0]),
            _ => return None,
        };
        let base = Ipv4Addr::from(base);
        let is_shared = base.octets()[0] == 100 && (64..128).contains(&base.octets()[1]);
        (base.is_private() || is_shared).then(|| Self {
            base: u32::from(base),
            bits,
        })
    }

    /// Whether an address is in it.
    pub(crate) fn contains(self, address: u32) -> bool {
        address & mask(self.bits) == self.base
    }

    /// How many bits all its addresses begin with.
    pub(crate) fn bits(self) -> u32 {
        self.bits
    }

    /// What an address is within it.
    pub(crate) fn host(self, address: u32) -> u32 {
        address & !mask(self.bits)
    }

    /// The ways in which all its addresses begin or end, where that are whole numbers: `10.1`, `ip-10-1`, `1.10.in-addr.arpa`.
    pub(crate) fn spellings(self) -> Vec<String> {
        let count = match self.bits {
            16 => 2,
            24 => 3,
            _ => return Vec::new(),
        };
        let octets: Vec<String> = Ipv4Addr::from(self.base)
            .octets()
            .iter()
            .take(count)
            .map(u8::to_string)
            .collect();
        let reversed: Vec<String> = octets.iter().rev().cloned().collect();
        vec![
            octets.join("."),
            format!("ip-{}", octets.join("-")),
            format!("{}.in-addr.arpa", reversed.join(".")),
        ]
    }
}

/// Whether a number is written as addresses write it.
fn is_plain(octet: &str) -> bool {
    octet == "0" || !octet.starts_with('0') && octet.bytes().all(|byte| byte.is_ascii_digit())
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

/// The address that begins at a place of a text and is a whole one, and how long it is.
pub(crate) fn address_at(text: &str, at: usize) -> Option<(u32, usize)> {
    const LONGEST: usize = 15;
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if before.is_some_and(|before| before.is_ascii_alphanumeric() || *before == b'.') {
        return None;
    }
    let length = bytes
        .iter()
        .skip(at)
        .take(LONGEST + 1)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    let written = text.get(at..at + length)?;
    let written = written.strip_suffix('.').unwrap_or(written);
    let address: Ipv4Addr = written.parse().ok()?;
    Some((u32::from(address), written.len()))
}

/// All addresses of a text, with their bytes.
pub(crate) fn addresses(text: &str) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let from = at;
            at += 1;
            if text.as_bytes().get(from).is_some_and(u8::is_ascii_digit)
                && let Some((address, length)) = address_at(text, from)
            {
                at = from + length;
                return Some((address, from..at));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::{Network, address_at, addresses};

    #[test]
    fn networks_are_known_with_and_without_a_mask() {
        for text in ["10.1.0.0/16", "10.1", "10.1.", "192.168.7", "100.64.0.0/10"] {
            assert!(Network::parse(text).is_some(), "{text}");
        }
        for text in [
            "10",
            "1.2",
            "8.8.8",
            "10.1.0.0",
            "10.01",
            "10.300",
            "0.0.0.0/0",
            "10.1.0.0/33",
            "10.a",
            "",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
        let network = Network::parse("10.1.128.0/18").unwrap();
        let address = |text: &str| address_at(text, 0).unwrap().0;
        assert!(network.contains(address("10.1.130.7")) && !network.contains(address("10.1.1.1")));
        assert_eq!(network.host(address("10.1.128.7")), 7);
    }

    #[test]
    fn addresses_are_found_whole() {
        let all = |text: &'static str| -> Vec<&str> {
            addresses(text).map(|(_, range)| &text[range]).collect()
        };
        assert_eq!(
            all("a 10.0.0.1, http://10.0.0.2:80/ 1.2.3.4.5 v1.2.3.4 10.0.0.300 10.0.0.3."),
            ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
        );
    }
}
