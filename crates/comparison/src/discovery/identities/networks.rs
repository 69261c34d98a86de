//! Networks of each environment, found by differing addresses that correspond one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use super::{DifferingText, PairOfTexts};
use crate::identity::{Network, addresses};
use crate::{Identities, Identity};

/// Pair of networks, with the texts that differ by it.
pub(super) struct Found {
    pub(super) left: String,
    pub(super) right: String,
    /// Indexes of the texts.
    pub(super) texts: BTreeSet<usize>,
}

/// Maximum number of tried pairs of networks.
const MOST: usize = 64;

/// Returns the networks by which several texts differ, those that explain most first.
pub(super) fn find(pair: &PairOfTexts, texts: &[&DifferingText]) -> Vec<Found> {
    let mut candidates: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut having: Vec<usize> = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let (lefts, rights) = (numbers(&text.left), numbers(&text.right));
        let has_ipv6 = |text: &str| ipv6(text).next().is_some();
        let is_one = !lefts.is_empty() && lefts.len() == rights.len();
        if !(is_one || has_ipv6(&text.left) && has_ipv6(&text.right)) {
            continue;
        }
        having.push(number);
        for (left, right) in prefixes(&text.left, &text.right) {
            *candidates.entry((left, right)).or_default() += 1;
        }
        for (one, two) in lefts.iter().zip(&rights).filter(|(one, two)| one != two) {
            for (left, right) in candidates_of(one, two) {
                *candidates.entry((left, right)).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<((String, String), usize)> = candidates.into_iter().collect();
    ranked.sort_by(|(one, first), (two, second)| {
        // Of equals, the larger network, which is written shorter.
        let length = |words: &(String, String)| words.0.len() + words.1.len();
        (second, length(one), one).cmp(&(first, length(two), two))
    });
    let mut found: Vec<Found> = Vec::new();
    let mut explained: BTreeSet<usize> = BTreeSet::new();
    for ((left, right), _) in ranked.into_iter().take(MOST) {
        let identities = Identities::new(
            [
                (pair.left.as_str(), pair.right.as_str()),
                (left.as_str(), right.as_str()),
            ]
            .into_iter()
            .map(|(left, right)| Identity {
                name: "".into(),
                left: left.into(),
                right: right.into(),
            }),
        );
        let own: BTreeSet<usize> = having
            .iter()
            .copied()
            .filter(|number| !explained.contains(number))
            .filter(|number| {
                texts
                    .get(*number)
                    .is_some_and(|text| identities.agree(&text.left, &text.right))
            })
            .collect();
        if is_enough(&own, texts) && contradictions(&left, &right, pair) < own.len() {
            explained.extend(&own);
            found.push(Found {
                left,
                right,
                texts: own,
            });
        }
    }
    found
}

/// Whether several different texts differ by a network.
fn is_enough(numbers: &BTreeSet<usize>, texts: &[&DifferingText]) -> bool {
    let different: BTreeSet<(&str, &str)> = numbers
        .iter()
        .filter_map(|number| texts.get(*number))
        .map(|text| (text.left.as_str(), text.right.as_str()))
        .collect();
    different.len() > 1
}

/// Counts the lines of either environment with an address of the other's network and no own address.
fn contradictions(left: &str, right: &str, pair: &PairOfTexts) -> usize {
    let (Some(left), Some(right)) = (Network::parse(left), Network::parse(right)) else {
        return 0;
    };
    let mut found: BTreeSet<(bool, &str)> = BTreeSet::new();
    for (is_left, said, own, theirs) in [
        (true, &pair.said.0, left, right),
        (false, &pair.said.1, right, left),
    ] {
        for line in said.lines().filter(|line| line.contains(['.', ':'])) {
            let all: Vec<u128> = addresses(line).map(|(address, _)| address).collect();
            if all.iter().any(|address| theirs.contains(*address))
                && !all.iter().any(|address| own.contains(*address))
            {
                found.insert((is_left, line));
            }
        }
    }
    found.len()
}

/// Returns the addresses of a text with their masks, or the first octets of one if the text contains nothing else.
fn numbers(text: &str) -> Vec<(Vec<u8>, Option<u32>)> {
    let octets = |text: &str| -> Option<Vec<u8>> {
        text.split('.').map(|octet| octet.parse().ok()).collect()
    };
    let found: Vec<(Vec<u8>, Option<u32>)> = addresses(text)
        .filter(|(address, _)| Ipv6Addr::from(*address).to_ipv4_mapped().is_some())
        .filter_map(|(_, range)| {
            let rest = text.get(range.end..)?;
            let mask = rest.strip_prefix('/').and_then(|rest| {
                let end = rest
                    .find(|each: char| !each.is_ascii_digit())
                    .unwrap_or(rest.len());
                rest.get(..end)?.parse().ok()
            });
            Some((octets(text.get(range)?)?, mask))
        })
        .collect();
    if found.is_empty() && Network::parse(text).is_some() {
        let bare = text.strip_suffix('.').unwrap_or(text);
        return octets(bare)
            .map(|octets| (octets, None))
            .into_iter()
            .collect();
    }
    found
}

/// Returns the IPv6 addresses of a text.
fn ipv6(text: &str) -> impl Iterator<Item = Ipv6Addr> + '_ {
    addresses(text)
        .map(|(address, _)| Ipv6Addr::from(address))
        .filter(|address| address.to_ipv4_mapped().is_none())
}

/// Returns the pairs of IPv6 networks by which two texts may differ, of the usual prefix lengths.
fn prefixes(left: &str, right: &str) -> BTreeSet<(String, String)> {
    const LENGTHS: [u32; 5] = [32, 40, 48, 56, 64];
    let mut found = BTreeSet::new();
    for (one, two) in ipv6(left).zip(ipv6(right)).filter(|(one, two)| one != two) {
        for length in LENGTHS {
            let network = |address: Ipv6Addr| {
                let base = u128::from(address) & (u128::MAX << (u128::BITS - length));
                format!("{}/{length}", Ipv6Addr::from(base))
            };
            let host = |address: Ipv6Addr| u128::from(address) << length;
            let (first, second) = (network(one), network(two));
            if first != second && host(one) == host(two) {
                found.insert((first, second));
            }
        }
    }
    found
}

/// Returns the pairs of networks by which two addresses may differ.
fn candidates_of(
    one: &(Vec<u8>, Option<u32>),
    two: &(Vec<u8>, Option<u32>),
) -> Vec<(String, String)> {
    let written = |octets: &[u8], count: usize| -> String {
        let octets: Vec<String> = octets.iter().take(count).map(u8::to_string).collect();
        octets.join(".")
    };
    let mut found = Vec::new();
    for count in [2, 3] {
        let (left, right) = (written(&one.0, count), written(&two.0, count));
        let is_same_beyond = one.0.iter().skip(count).eq(two.0.iter().skip(count));
        if one.0.len() >= count
            && one.0.len() == two.0.len()
            && is_same_beyond
            && left != right
            && Network::parse(&left).is_some()
            && Network::parse(&right).is_some()
        {
            found.push((left, right));
        }
    }
    // A network that does not end with a number corresponds only as a whole.
    if let (Some(bits), true) = (one.1, one.1 == two.1)
        && !matches!(bits, 16 | 24)
        && one.0.len() == 4
    {
        let (left, right) = (
            format!("{}/{bits}", written(&one.0, 4)),
            format!("{}/{bits}", written(&two.0, 4)),
        );
        if Network::parse(&left).is_some() && Network::parse(&right).is_some() {
            found.push((left, right));
        }
    }
    found
}
