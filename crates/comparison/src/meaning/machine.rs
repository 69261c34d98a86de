//! Machine sizes of clouds: `t3.medium` and `db.r5.2xlarge` of Amazon, `n1-standard-4` and `db-custom-2-7680` of
//! Google, `Standard_D4s_v3` of Azure, `s-2vcpu-4gb` of `DigitalOcean`.
//!
//! A name contains its size in the cloud's own steps, which are compared across families: a `t3.2xlarge` is larger than
//! an `m5.large`. Two names of one size are only different.

use super::{Dimension, Relation, number};

/// Longest name.
const LONGEST: usize = 40;

/// Amazon's named sizes, relative to `large`.
const NAMED: &[(&str, f64)] = &[
    ("nano", 0.0625),
    ("micro", 0.125),
    ("small", 0.25),
    ("medium", 0.5),
    ("large", 1.0),
    ("xlarge", 2.0),
];

/// Cloud of a name: sizes of two clouds are not comparable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cloud {
    Amazon,
    Google,
    Azure,
    DigitalOcean,
}

pub(super) fn relate(left: &str, right: &str) -> Option<Relation> {
    if left.len().max(right.len()) > LONGEST {
        return None;
    }
    let (cloud, one) = read(left)?;
    let (other, two) = read(right)?;
    (cloud == other).then(|| number::sized(one, two, Dimension::Machine))
}

fn read(text: &str) -> Option<(Cloud, f64)> {
    if !text.is_ascii() || !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let found = |cloud| move |size| (cloud, size);
    amazon(text)
        .map(found(Cloud::Amazon))
        .or_else(|| google(text).map(found(Cloud::Google)))
        .or_else(|| azure(text).map(found(Cloud::Azure)))
        .or_else(|| digital_ocean(text).map(found(Cloud::DigitalOcean)))
}

fn number_of(text: &str) -> Option<f64> {
    let is_number =
        !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// `t3.medium`, `db.r5.2xlarge`, `cache.m6g.large`, `r5.large.search`.
fn amazon(text: &str) -> Option<f64> {
    let text = ["db.", "cache.", "ml.", "dms.", "kafka.", "mq."]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let text = [".search", ".elasticsearch"]
        .iter()
        .find_map(|suffix| text.strip_suffix(suffix))
        .unwrap_or(text);
    let (family, size) = text.split_once('.')?;
    let letters = family.bytes().take_while(u8::is_ascii_lowercase).count();
    let rest = family.get(letters..)?;
    let is_family = (1..=4).contains(&letters)
        && rest.starts_with(|first: char| first.is_ascii_digit())
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_family {
        return None;
    }
    let named = NAMED.iter().find(|(name, _)| *name == size);
    named
        .map(|(_, size)| *size)
        .or_else(|| Some(2.0 * number_of(size.strip_suffix("xlarge")?)?))
}

/// `n1-standard-4`, `e2-medium`, `db-custom-2-7680`, `db-n1-standard-1`.
fn google(text: &str) -> Option<f64> {
    let text = text.strip_prefix("db-").unwrap_or(text);
    let parts: Vec<&str> = text.split('-').collect();
    let is_family = |family: &str| {
        let bytes = family.as_bytes();
        matches!(bytes, [letter, digit, rest @ ..] if letter.is_ascii_lowercase() && digit.is_ascii_digit() && rest.len() <= 1)
    };
    match parts.as_slice() {
        ["custom", processors, memory] => {
            Some(number_of(processors)? + number_of(memory)? / 100_000_000.0)
        }
        [family, "custom", processors, memory] if is_family(family) => {
            Some(number_of(processors)? + number_of(memory)? / 100_000_000.0)
        }
        [
            family,
            "standard" | "highmem" | "highcpu" | "megamem" | "ultramem",
            processors,
        ] if is_family(family) => number_of(processors),
        [family, size @ ("micro" | "small" | "medium")] if is_family(family) => NAMED
            .iter()
            .find(|(name, _)| name == size)
            .map(|(_, size)| *size),
        _ => None,
    }
}

/// `Standard_D4s_v3`, `Standard_B2ms`, `Basic_A1`, `GP_Gen5_4`.
fn azure(text: &str) -> Option<f64> {
    if let Some(rest) = ["GP_Gen5_", "BC_Gen5_", "GP_S_Gen5_", "HS_Gen5_"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
    {
        return number_of(rest);
    }
    let rest = text
        .strip_prefix("Standard_")
        .or_else(|| text.strip_prefix("Basic_"))?;
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = rest.get(letters..)?;
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    (1..=3)
        .contains(&letters)
        .then(|| number_of(digits.get(..end)?))?
}

/// `s-2vcpu-4gb`, `db-s-1vcpu-1gb`.
fn digital_ocean(text: &str) -> Option<f64> {
    let mut parts = text.split('-').skip_while(|part| !part.ends_with("vcpu"));
    let processors = number_of(parts.next()?.strip_suffix("vcpu")?)?;
    let memory = number_of(parts.next()?.strip_suffix("gb")?)?;
    Some(processors + memory / 100_000_000.0)
}

#[cfg(test)]
mod tests {
    use super::relate;
    use crate::meaning::{Dimension, Relation};

    #[test]
    fn the_larger_machine_is_known() {
        for (small, large) in [
            ("db.t3.medium", "db.t3.large"),
            ("t3.large", "t3.xlarge"),
            ("m5.xlarge", "m5.2xlarge"),
            ("m5.large", "t3.2xlarge"),
            ("cache.t4g.micro", "cache.m6g.12xlarge"),
            ("r5.large.search", "r5.2xlarge.search"),
            ("n1-standard-1", "n2-highmem-8"),
            ("e2-small", "e2-medium"),
            ("db-custom-1-3840", "db-custom-2-7680"),
            ("db-custom-2-3840", "db-custom-2-7680"),
            ("Standard_B2ms", "Standard_D4s_v3"),
            ("GP_Gen5_2", "GP_Gen5_8"),
            ("s-1vcpu-2gb", "s-2vcpu-2gb"),
            ("s-2vcpu-2gb", "s-2vcpu-4gb"),
        ] {
            let is_smaller = |relation| matches!(relation, Some(Relation::Size { left, right, dimension: Dimension::Machine }) if left < right);
            assert!(is_smaller(relate(small, large)), "{small} {large}");
            assert!(!is_smaller(relate(large, small)), "{large} {small}");
        }
    }

    #[test]
    fn other_texts_are_not_machines() {
        for (one, two) in [
            ("t3.large", "n1-standard-4"),
            ("a.small", "b.large"),
            ("db.example.org", "db.t3.large"),
            ("small", "large"),
            ("v1.large", ""),
            ("m5.metal", "m5.large"),
            ("Standard_LRS", "Standard_GRS"),
        ] {
            assert_eq!(relate(one, two), None, "{one} {two}");
        }
        // Same size, different machines.
        assert_eq!(relate("m5.large", "m6i.large"), Some(Relation::Differs));
    }
}
