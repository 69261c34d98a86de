//! Ranges of addresses: networks of two environments correspond address by address.
//!
//! A network is written with its mask (`10.1.0.0/16`, `2001:db8:a1::/48`), or as the first octets of private IPv4
//! addresses (`10.1`, `10.1.0`). IPv4 addresses are stored as mapped IPv6 addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Number of bits before a mapped IPv4 address.
const BEFORE: u32 = 96;

/// Range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    base: u128,
    bits: u32,
}

impl Network {
    /// Parses a network.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((address, bits)) = text.split_once('/') {
            let bits: u32 = bits.parse().ok()?;
            let bits = match address.parse().ok()? {
                IpAddr::V4(_) if (8..=30).contains(&bits) => BEFORE + bits,
                IpAddr::V6(_) if (16..=120).contains(&bits) => bits,
                _ => return None,
            };
            let address = number(address.parse().ok()?);
            return Some(Self {
                base: address & mask(bits),
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
            base: number(base.into()),
            bits: BEFORE + bits,
        })
    }

    /// Whether it contains an address.
    pub(crate) fn contains(self, address: u128) -> bool {
        address & mask(self.bits) == self.base
    }

    /// Returns the prefix length, counted as IPv6.
    pub(crate) fn bits(self) -> u32 {
        self.bits
    }

    /// Whether it is so large that it belongs to no environment.
    pub(crate) fn is_vast(self) -> bool {
        const FEWEST: u32 = 16;
        const FEWEST_OF_IPV6: u32 = 32;
        match self.of_ipv4() {
            Some((_, bits)) => bits < FEWEST,
            None => self.bits < FEWEST_OF_IPV6,
        }
    }

    /// Returns an address relative to the network.
    pub(crate) fn host(self, address: u128) -> u128 {
        address & !mask(self.bits)
    }

    /// Returns the first address and prefix length of an IPv4 network.
    fn of_ipv4(self) -> Option<(Ipv4Addr, u32)> {
        let bits = self.bits.checked_sub(BEFORE)?;
        Some((Ipv6Addr::from(self.base).to_ipv4_mapped()?, bits))
    }

    /// Returns the common start or end of its addresses, where the prefix is whole octets: `10.1`, `ip-10-1`,
    /// `1.10.in-addr.arpa`.
    pub(crate) fn spellings(self) -> Vec<String> {
        let (base, count) = match self.of_ipv4() {
            Some((base, 16)) => (base, 2),
            Some((base, 24)) => (base, 3),
            _ => return Vec::new(),
        };
        let octets: Vec<String> = base
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

/// Whether a number is written as in addresses.
fn is_plain(octet: &str) -> bool {
    octet == "0" || !octet.starts_with('0') && octet.bytes().all(|byte| byte.is_ascii_digit())
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(u128::BITS - bits).unwrap_or(0)
}

fn number(address: IpAddr) -> u128 {
    u128::from(match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    })
}

/// Returns the complete address that starts at a position, and its length.
pub(crate) fn address_at(text: &str, at: usize) -> Option<(u128, usize)> {
    const LONGEST: usize = 15;
    const LONGEST_OF_IPV6: usize = 39;
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if before.is_some_and(|before| before.is_ascii_alphanumeric() || *before == b'.') {
        return None;
    }
    let run = |longest: usize, is_part: fn(&u8) -> bool| -> Option<&str> {
        let rest = bytes.iter().skip(at).take(longest + 1);
        let length = rest.take_while(|byte| is_part(byte)).count();
        text.get(at..at + length)
    };
    let written = run(LONGEST, |byte| byte.is_ascii_digit() || *byte == b'.')?;
    let written = written.strip_suffix('.').unwrap_or(written);
    if let Ok(address) = written.parse::<Ipv4Addr>() {
        return Some((number(address.into()), written.len()));
    }
    let written = run(LONGEST_OF_IPV6, |byte| {
        byte.is_ascii_hexdigit() || *byte == b':'
    })?;
    let after = bytes.get(at + written.len());
    if written.matches(':').count() < 2
        || before == Some(&b':') && !is_after_a_name(text, at)
        || after.is_some_and(|after| after.is_ascii_alphanumeric() || *after == b'.')
    {
        return None;
    }
    // A single colon at its end is punctuation.
    let bare = written
        .strip_suffix(':')
        .filter(|bare| !bare.ends_with(':'));
    let written = bare.unwrap_or(written);
    let address: Ipv6Addr = written.parse().ok()?;
    Some((u128::from(address), written.len()))
}

/// Whether the colon before a position ends a name and is not part of an address: `server:2001:db8::1`.
fn is_after_a_name(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.strip_suffix(':').unwrap_or(before);
    let word = before
        .rsplit(|each: char| !(each.is_alphanumeric() || matches!(each, ':' | '-' | '_')))
        .next()
        .unwrap_or_default();
    word.is_empty() && !before.ends_with(':')
        || word.contains(|each: char| !each.is_ascii_hexdigit() && each != ':')
}

/// Returns all addresses of a text with their ranges.
pub(crate) fn addresses(text: &str) -> impl Iterator<Item = (u128, Range<usize>)> + '_ {
    let has_ipv6 = text.contains("::") || text.bytes().filter(|byte| *byte == b':').count() > 6;
    let begins = move |byte: &u8| {
        byte.is_ascii_digit() || has_ipv6 && (byte.is_ascii_hexdigit() || *byte == b':')
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let from = at;
            at += 1;
            if text.as_bytes().get(from).is_some_and(begins)
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
    fn networks_are_recognised_with_and_without_a_mask() {
        for text in [
            "10.1.0.0/16",
            "10.1",
            "10.1.",
            "192.168.7",
            "100.64.0.0/10",
            "2001:db8:a1::/48",
            "fd00::/16",
        ] {
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
            "2001:db8:a1",
            "::/0",
            "",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
        let network = Network::parse("10.1.128.0/18").unwrap();
        let address = |text: &str| address_at(text, 0).unwrap().0;
        assert!(network.contains(address("10.1.130.7")) && !network.contains(address("10.1.1.1")));
        assert_eq!(network.host(address("10.1.128.7")), 7);
        let network = Network::parse("2001:db8:a1::/48").unwrap();
        assert!(network.contains(address("2001:DB8:a1::7")));
        assert!(!network.contains(address("2001:db8:a2::7")));
        assert_eq!(network.host(address("2001:db8:a1::7")), 7);
        assert!(!network.is_vast() && Network::parse("2001::/16").unwrap().is_vast());
        assert!(Network::parse("10.0.0.0/8").unwrap().is_vast());
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
        assert_eq!(
            all(
                "a 2001:db8::1, http://[2001:db8::2]:80/ 2001:db8::3/64 ::1 x:2001:db8::4 a::b::c 12:30:45 std::fs aa:bb:cc:dd:ee:ff fe80::1: y"
            ),
            [
                "2001:db8::1",
                "2001:db8::2",
                "2001:db8::3",
                "::1",
                "2001:db8::4",
                "fe80::1"
            ]
        );
        assert_eq!(all("db:10.0.0.1 10.0.0.2:80"), ["10.0.0.1", "10.0.0.2"]);
    }
}
