//! Meaning of key names.
//!
//! All word lists are here and in the files below, each with its reason. A name is split into words, `maxUnavailable`,
//! `max_unavailable` and `MAX-UNAVAILABLE` alike; an unknown name costs a defect its direction, never the defect
//! itself.

mod dimension;
mod image;
mod quantity;

pub(super) use dimension::{KeyUnit, dimension, is_bytes_like, is_time_like, unit};
pub(super) use image::{ImageKey, image};
pub(super) use quantity::{Resource, is_quantities, is_quota, resource};

/// Maximum length; longer names are ignored.
const LONGEST: usize = 128;

/// Words of flags.
const FLAGS: &[&str] = &[
    "enable", "enabled", "enables", "disable", "disabled", "is", "has", "use", "allow", "allowed",
    "debug", "verbose", "verify", "skip", "force", "should", "ssl", "tls", "secure", "insecure",
    "active", "required", "optional", "public", "private",
];

/// Words of versions, and of things published under one.
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

/// Words of hashes, under which a short one is accepted.
const HASHES: &[&str] = &[
    "revision", "sha", "sha1", "sha256", "commit", "tag", "ref", "hash", "digest", "version",
    "checksum", "rev",
];

/// Words of a name.
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
                    // The last capital of `HTTPPort` starts the next word.
                    || here.is_ascii_uppercase() && before.is_ascii_uppercase() && after.is_ascii_lowercase()
            })
            .unwrap_or(bytes.len());
        // Both halves start with an ASCII character or are empty: no character is split.
        let (word, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(word)
    }
}

/// Returns the words of a key.
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

/// Whether it is a flag.
pub(super) fn is_flag(key: &str) -> bool {
    has(key, FLAGS)
}

/// Whether its value is a share of a machine's processors or memory: `CPUQuota`, `memory_percent`.
pub(super) fn is_allowance(key: &str) -> bool {
    has(key, &["cpu", "cpus", "memory", "mem", "quota"])
}

/// Whether its value is a version: `version`, `appVersion`, `engine_version`, `targetRevision`, `tag`.
pub(super) fn is_version(key: &str) -> bool {
    is_one_of(last(key), VERSIONS)
}

/// Whether its value is part of an address, which resembles a version: `network_prefix = "10.12.0"`.
pub(super) fn is_network(key: &str) -> bool {
    has(key, NETWORKS) && !is_version(key)
}

/// Whether it is the `apiVersion` of a Kubernetes object.
pub(super) fn is_api_version(key: &str) -> bool {
    key == "apiVersion"
}

/// Whether its value may be a hash.
pub(super) fn is_hash(key: &str) -> bool {
    has(key, HASHES)
}

/// Whether a commit under this key is the tag of an image, even if the image is elsewhere.
pub(super) fn is_tag(context: super::Context<'_>) -> bool {
    image(context) == ImageKey::Tag || is(context.key, &["tag"])
}

/// Whether a commit under this key names a build or a checkout.
pub(super) fn names_a_build(key: &str) -> bool {
    is_version(key) || is_one_of(last(key), &["ref", "build"])
}

/// Whether its value is a schedule.
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

/// Whether its value is a time of retention, not of waiting: `retention_days`.
pub(super) fn is_kept(key: &str) -> bool {
    has(key, &["retention", "keep", "history", "retain"])
}

/// Whether its value is a zone of Route 53.
pub(super) fn is_zone(key: &str) -> bool {
    has(key, &["zone", "zones"])
}

#[cfg(test)]
mod tests {
    use super::{ImageKey, KeyUnit, Words, image, is_version, unit};
    use crate::meaning::Context;
    use crate::meaning::bytes::Unit;

    #[test]
    fn names_are_split_into_words() {
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
    fn versions_and_images_are_recognised_by_their_keys() {
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
