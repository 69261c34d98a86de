//! Generated ids: each environment has its own, and the difference carries no information.
//!
//! Both sides must be of one sort, and of one sub-sort if there is one: two security groups, two keys of one algorithm.
//! A chosen name is never opaque, since the difference may be a mistake: names within ARNs and paths must be equal or
//! generated themselves. A 12-digit account is an identity and not opaque; so is a project's name alone.

mod cloud;
mod hash;
mod secret;

use super::key;
use super::{Context, Opaque, Relation};

/// Longest id; keys and certificates may be longer.
const LONGEST: usize = 2048;

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    if secret::is_pair_with_header(left, right) {
        return Some(Relation::Opaque(Opaque::Key));
    }
    if left.len() > LONGEST || right.len() > LONGEST || left.len() < 7 || right.len() < 7 {
        return None;
    }
    let (first, second) = (left.bytes().next()?, right.bytes().next()?);
    let sort = if is_uuid(left) && is_uuid(right) {
        if left.eq_ignore_ascii_case(right) {
            // RFC 9562 §4: letters are read in either case.
            return Some(Relation::Same);
        }
        Opaque::Uuid
    } else if first == b'a' && second == b'a' && cloud::are_arns(left, right) {
        Opaque::Arn
    } else if cloud::are_ids(left, right, key::is_zone(context.key)) {
        Opaque::CloudId
    } else if hash::are_hashes(left, right, key::is_hash(context.key)) {
        Opaque::Hash
    } else if secret::are_keys(left, right) {
        Opaque::Key
    } else {
        return None;
    };
    Some(Relation::Opaque(sort))
}

/// Whether both are machine addresses of one family, other than loopback and unspecified. They are rarely chosen;
/// ranges, and addresses with ports, are compared as written.
pub(super) fn are_addresses(left: &str, right: &str) -> bool {
    let of_machine = |text: &str| {
        (7..=45)
            .contains(&text.len())
            .then(|| text.parse::<std::net::IpAddr>().ok())
            .flatten()
            .filter(|address| {
                !address.is_unspecified() && !address.is_loopback() && !address.is_multicast()
            })
    };
    match (of_machine(left), of_machine(right)) {
        (Some(one), Some(two)) => one.is_ipv4() == two.is_ipv4() && one != two,
        _ => false,
    }
}

/// `8-4-4-4-12` hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) {
                *byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// Whether all are hexadecimal digits of one case, some of them letters and some not: neither a word nor a number.
fn is_mixed_hex(text: &str) -> bool {
    let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    is_hex(text) && any(u8::is_ascii_alphabetic) && any(u8::is_ascii_digit)
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        || text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether two parts of ids are equal, or both generated.
fn is_given_out_or_equal(one: &str, two: &str) -> bool {
    one == two || is_given_out(one) && is_given_out(two)
}

/// Whether a text is generated: a UUID, a long number, hexadecimal digits, mixed letters and digits.
fn is_given_out(text: &str) -> bool {
    let is_number = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number || is_uuid(text) || text.len() >= 8 && is_mixed_hex(text) || is_muddled(text)
}

/// Whether letters and digits alternate often: `x7Kd9a`, `AbCdEf` of secrets, `Zk3f0Q…`.
fn is_muddled(text: &str) -> bool {
    if text.len() < 6 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    changes(text) * 2 >= text.len() && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Counts the changes between small letters, capitals and digits.
fn changes(text: &str) -> usize {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    text.bytes()
        .zip(text.bytes().skip(1))
        .filter(|&(one, two)| class(one) != class(two))
        .count()
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Opaque, Relation};
    use evenkeel_document::ScalarKind::{Integer, Text};

    #[test]
    fn uuids_are_opaque() {
        let pairs = [
            (
                "123e4567-e89b-12d3-a456-426614174000",
                "00000000-0000-4000-8000-000000000001",
            ),
            (
                "123E4567-E89B-12D3-A456-426614174000",
                "9b2f7c1a-0c53-4b5e-9d1e-3f1a2b3c4d5e",
            ),
        ];
        assert_all(
            kinds(Text, Text),
            "anything",
            &pairs,
            &Relation::Opaque(Opaque::Uuid),
        );
        let same = [(
            "123e4567-e89b-12d3-a456-426614174000",
            "123E4567-E89B-12D3-A456-426614174000",
        )];
        assert_all(kinds(Text, Text), "anything", &same, &Relation::Same);
    }

    #[test]
    fn addresses_of_machines_are_opaque_and_ranges_are_not() {
        let address = Relation::Opaque(Opaque::Address);
        for (left, right, relation) in [
            ("10.0.0.5", "10.1.0.7", address.clone()),
            ("2001:db8::1", "2001:db8::2", address),
            ("10.0.0.0/8", "10.1.0.0/16", Relation::Differs),
            ("0.0.0.0", "10.0.0.5", Relation::Differs),
            ("127.0.0.1", "10.0.0.5", Relation::Differs),
        ] {
            assert_all(kinds(Text, Text), "host", &[(left, right)], &relation);
        }
    }

    #[test]
    fn two_sorts_are_not_one() {
        let uuid = "123e4567-e89b-12d3-a456-426614174000";
        let sha = "3f786850e387550fdab836ed7e6dc881de23001b";
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                (uuid, sha),
                (uuid, "vpc-0a1b2c3d"),
                (uuid, "123e4567e89b12d3a456426614174000"),
                (uuid, "123e4567-e89b-12d3-a456-42661417400g"),
                (uuid, "123e4567-e89b-12d3-a456_426614174000"),
                (uuid, "production"),
                (uuid, ""),
                ("vpc-0a1b2c3d", "subnet-0a1b2c3d"),
            ],
            &Relation::Differs,
        );
        // Accounts are identities.
        assert_all(
            kinds(Text, Text),
            "account_id",
            &[
                ("123456789012", "210987654321"),
                ("my-project-1", "my-project-2"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Integer, Integer),
            "account_id",
            &[("123456789012", "210987654321")],
            &Relation::Differs,
        );
    }
}
