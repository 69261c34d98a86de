//! What the name of a key says of the value under it.
//!
//! All lists of words are here and in the files below, each with its reason. A name is taken apart into words, `maxUnavailable`, `max_unavailable`
//! and `MAX-UNAVAILABLE` alike; a name that says nothing costs a defect its direction, never the defect itself.

mod dimension;
mod image;
mod quantity;

pub(super) use dimension::{KeyUnit, dimension, is_bytes_like, is_time_like, unit};
pub(super) use image::{ImageKey, image};
pub(super) use quantity::{Resource, is_quantities, is_quota, resource};

/// Longer names are ignored.
const LONGEST: usize = 128;

/// Questions that yes and no answer.
const FLAGS: &[&str] = &[
    "enable", "enabled", "enables", "disable", "disabled", "is", "has", "use", "allow", "allowed",
    "debug", "verbose", "verify", "skip", "force", "should", "ssl", "tls", "secure", "insecure",
    "active", "required", "optional", "public", "private",
];

/// Versions, and what is published under one.
const VERSIONS: &[&str] = &["version", "versions", "tag", "revision", "release", "ver"];

/// Networks and addresses.
const NETWORKS: &[&str] = &[
    "network",
    "networks",
    "subnet",
    "subnets",
    "cidr",
    "cidrs",
    "vpc",
    "vnet",
    "ip",
    "ips",
    "ipv4",
    "address",
    "addresses",
    "octets",
    "gateway",
    "netmask",
];

/// Where hashes stand, so that a short one is believed.
const HASHES: &[&str] = &[
    "revision", "sha", "sha1", "sha256", "commit", "tag", "ref", "hash", "digest", "version",
    "checksum", "rev",
];

/// The words of a name.
#[derive(Clone)]
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let is_separator = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
        self.0 = self
            .0
            .trim_start_matches(|each: char| each.is_ascii() && !each.is_ascii_alphanumeric());
        if self.0.is_empty() {
            return None;
        }
        let bytes = self.0.as_bytes();
        let at = |index: usize| bytes.get(index).copied().unwrap_or(b' ');
        let end = (1..bytes.len())
            .find(|&index| {
                let (before, here, after) = (at(index - 1), at(index), at(index + 1));
                is_separator(here)
                    || here.is_ascii_uppercase() && !before.is_ascii_uppercase()
                    // The last capital of `HTTPPort` begins its own word.
                    || here.is_ascii_uppercase() && before.is_ascii_uppercase() && after.is_ascii_lowercase()
            })
            .unwrap_or(bytes.len());
        // Both halves begin with an ASCII character, or are empty: no character is cut.
        let (word, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(word)
    }
}

/// The words of a key.
pub(crate) fn words(key: &str) -> impl Iterator<Item = &str> {
    Words(if key.len() > LONGEST { "" } else { key })
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|each| each.eq_ignore_ascii_case(word))
}

/// Whether one of a key's words is in a list.
pub(crate) fn has(key: &str, list: &[&str]) -> bool {
    words(key).any(|word| is_one_of(word, list))
}

fn last(key: &str) -> &str {
    words(key).last().unwrap_or("")
}

fn is(key: &str, list: &[&str]) -> bool {
    is_one_of(key, list)
}

/// Whether it asks a question that yes and no answer.
pub(super) fn is_flag(key: &str) -> bool {
    has(key, FLAGS)
}

/// Whether it is a share of a machine's processors or memory: `CPUQuota`, `memory_percent`.
pub(super) fn is_allowance(key: &str) -> bool {
    has(key, &["cpu", "cpus", "memory", "mem", "quota"])
}

/// Whether a version stands under it: `version`, `appVersion`, `engine_version`, `targetRevision`, `tag`.
pub(super) fn is_version(key: &str) -> bool {
    is_one_of(last(key), VERSIONS)
}

/// Whether a part of an address stands under it, which looks like a version: `network_prefix = "10.12.0"`.
pub(super) fn is_network(key: &str) -> bool {
    has(key, NETWORKS) && !is_version(key)
}

/// Whether it is the `apiVersion` of a Kubernetes object.
pub(super) fn is_api_version(key: &str) -> bool {
    key == "apiVersion"
}

/// Whether a hash may stand under it.
pub(super) fn is_hash(key: &str) -> bool {
    has(key, HASHES)
}

/// Whether a commit under this key is the tag of an image: also where the image stands elsewhere.
pub(super) fn is_tag(context: super::Context<'_>) -> bool {
    image(context) == ImageKey::Tag || is(context.key, &["tag"])
}

/// Whether a commit under this key says what was built or is checked out.
pub(super) fn names_a_build(key: &str) -> bool {
    is_version(key) || is_one_of(last(key), &["ref", "build"])
}

/// Whether times of a clock stand under it.
pub(super) fn is_schedule(key: &str) -> bool {
    has(
        key,
        &[
            "schedule",
            "schedules",
            "cron",
            "crontab",
            "cronjob",
            "timer",
        ],
    )
}

/// Whether more of it is kept, and not waited for: `retention_days`.
pub(super) fn is_kept(key: &str) -> bool {
    has(key, &["retention", "keep", "history", "retain"])
}

/// Whether a zone of Route 53 is named here.
pub(super) fn is_zone(key: &str) -> bool {
    has(key, &["zone", "zones"])
}

#[cfg(test)]
mod tests {
    use super::{ImageKey, KeyUnit, Words, image, is_version, unit};
    use crate::meaning::Context;
    use crate::meaning::bytes::Unit;

    #[test]
    fn names_are_taken_apart_into_words() {
        for (name, words) in [
            ("maxUnavailable", vec!["max", "Unavailable"]),
            ("MAX_UNAVAILABLE", vec!["MAX", "UNAVAILABLE"]),
            ("HTTPPort", vec!["HTTP", "Port"]),
            ("ephemeral-storage", vec!["ephemeral", "storage"]),
            ("__a..b__", vec!["a", "b"]),
            ("größeMax", vec!["größe", "Max"]),
            ("sha256", vec!["sha256"]),
            ("", vec![]),
            ("--", vec![]),
        ] {
            assert_eq!(Words(name).collect::<Vec<_>>(), words, "{name}");
        }
    }

    #[test]
    fn a_name_may_end_with_its_unit() {
        for (name, nanoseconds) in [
            ("timeout_seconds", 1_000_000_000),
            ("timeoutSeconds", 1_000_000_000),
            ("terminationGracePeriodSeconds", 1_000_000_000),
            ("interval_ms", 1_000_000),
            ("retention_days", 86_400_000_000_000),
        ] {
            assert_eq!(
                unit(name),
                Some(KeyUnit::Nanoseconds(nanoseconds)),
                "{name}"
            );
        }
        assert_eq!(unit("max_bytes"), Some(KeyUnit::Bytes(Unit::ONE)));
        assert!(matches!(unit("disk_size_gb"), Some(KeyUnit::Bytes(_))));
        assert!(matches!(unit("memoryMiB"), Some(KeyUnit::Bytes(_))));
        for name in [
            "s", "ms", "min", "pods", "replicas", "status", "mb", "second", "items", "timeout", "",
            "kms",
        ] {
            assert_eq!(unit(name), None, "{name}");
        }
    }

    #[test]
    fn versions_and_images_are_known_by_their_keys() {
        for name in [
            "version",
            "appVersion",
            "engine_version",
            "targetRevision",
            "tag",
            "CHART_VERSION",
        ] {
            assert!(is_version(name), "{name}");
        }
        for name in ["versioning", "conversion", "stage", "versionPolicy", "tags"] {
            assert!(!is_version(name), "{name}");
        }
        let at = |key, above| image(Context { key, above });
        assert_eq!(at("image", ""), ImageKey::Reference);
        assert_eq!(at("WEB_IMAGE", ""), ImageKey::Reference);
        assert_eq!(at("repository", "image"), ImageKey::Name);
        assert_eq!(at("repository", "git"), ImageKey::None);
        assert_eq!(at("newTag", ""), ImageKey::Tag);
        assert_eq!(at("images", ""), ImageKey::None);
        assert_eq!(at("imagePullPolicy", ""), ImageKey::None);
        assert_eq!(at("background_image", ""), ImageKey::None);
        assert_eq!(at("sourceImage", ""), ImageKey::None);
    }
}
