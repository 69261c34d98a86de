//! What the name of a key says of the value under it.
//!
//! All lists of words are here, each with its reason. A name is taken apart into words, `maxUnavailable`, `max_unavailable`
//! and `MAX-UNAVAILABLE` alike; a name that says nothing costs a defect its direction, never the defect itself.

use super::bytes::{self, Unit};
use super::{Context, Dimension};

/// Longer names are not looked at.
const LONGEST: usize = 128;

/// Names of numbers: larger is not more. A port, a user, a status, a place in an order.
const NOMINAL: &[&str] = &[
    "port",
    "ports",
    "id",
    "ids",
    "uid",
    "uids",
    "gid",
    "gids",
    "user",
    "users",
    "group",
    "groups",
    "owner",
    "account",
    "accounts",
    "status",
    "code",
    "codes",
    "mode",
    "umask",
    "priority",
    "precedence",
    "index",
    "weight",
    "order",
    "ordinal",
    "position",
    "line",
    "number",
    "numbers",
    "serial",
    "year",
    "date",
    "day",
    "month",
    "version",
    "versions",
    "revision",
    "release",
    "build",
    "vlan",
    "vni",
    "asn",
    "phone",
    "fax",
    "zip",
    "postcode",
    "pin",
    "seed",
    "salt",
    "db",
    "database",
    "databases",
    "address",
    "addresses",
    "dns",
    "host",
    "https",
    "tls",
    "ip",
    "ips",
    "cidr",
    "cidrs",
    "mask",
    "prefix",
    "level",
    "class",
    "type",
    "kind",
    "key",
    "keys",
    "sku",
    "color",
    "protocol",
    "protocols",
    "family",
    "signal",
    "pid",
    "slot",
    "rack",
    "zone",
    "zones",
    "epoch",
    "timestamp",
    "latitude",
    "longitude",
    "alias",
    "bus",
    "axis",
    "canvas",
    "always",
    "access",
    "process",
    "args",
    "options",
    "redis",
    "postgres",
    "kubernetes",
    "aws",
    "dss",
    "css",
    "js",
    "os",
    "has",
    "is",
    "rules",
    "flags",
];

/// Shares of a whole.
const SHARES: &[&str] = &[
    "percent",
    "percentage",
    "pct",
    "ratio",
    "fraction",
    "utilization",
    "rate",
    "probability",
];

/// Processor time.
const CORES: &[&str] = &["cpu", "cpus", "cores", "vcpu", "vcpus"];

/// What is measured in a unit that the name does not tell: 512 of memory may be bytes or mebibytes.
const MEASURED: &[&str] = &[
    "memory",
    "mem",
    "storage",
    "disk",
    "heap",
    "volume",
    "buffer",
    "bytes",
    "ram",
    "swap",
    "bandwidth",
    "iops",
    "throughput",
    "body",
    "timeout",
    "timeouts",
    "ttl",
    "interval",
    "period",
    "delay",
    "retention",
    "duration",
    "expiry",
    "expiration",
    "backoff",
    "age",
    "lifetime",
    "wait",
    "grace",
    "keepalive",
    "deadline",
    "window",
    "threshold",
    "limit",
    "quota",
    "budget",
    "rps",
    "qps",
    "burst",
];

/// What there are so many of. A name whose last word is plural counts too.
const COUNTED: &[&str] = &[
    "replica",
    "count",
    "size",
    "min",
    "max",
    "minimum",
    "maximum",
    "desired",
    "concurrency",
    "parallelism",
    "capacity",
    "scale",
    "retry",
    "keep",
    "total",
    "quantity",
    "length",
    "depth",
    "pool",
    "queue",
    "batch",
];

/// Questions that yes and no answer.
const FLAGS: &[&str] = &[
    "enable", "enabled", "enables", "disable", "disabled", "is", "has", "use", "allow", "allowed",
    "debug", "verbose", "verify", "skip", "force", "should", "ssl", "tls", "secure", "insecure",
    "active", "required", "optional", "public", "private",
];

/// Versions, and what is published under one.
const VERSIONS: &[&str] = &["version", "versions", "tag", "revision", "release", "ver"];

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

fn words(key: &str) -> Words<'_> {
    Words(if key.len() > LONGEST { "" } else { key })
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|each| each.eq_ignore_ascii_case(word))
}

fn has(key: &str, list: &[&str]) -> bool {
    words(key).any(|word| is_one_of(word, list))
}

fn last(key: &str) -> &str {
    words(key).last().unwrap_or("")
}

fn is(key: &str, list: &[&str]) -> bool {
    is_one_of(key, list)
}

/// The unit that a name ends with: `timeout_seconds`, `ttlMs`, `disk_size_gb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyUnit {
    /// So many nanoseconds.
    Nanoseconds(u128),
    /// Bytes, times this.
    Bytes(Unit),
}

/// The unit of a bare number under this key. A single word is a unit only when it cannot be anything else.
pub(super) fn unit(key: &str) -> Option<KeyUnit> {
    let bare = key.len() > LONGEST || words(key).nth(1).is_none();
    let last = if bare { key } else { last(key) };
    let is = |list: &[&str]| is_one_of(last, list);
    const SECOND: u128 = 1_000_000_000;
    if is(&["seconds", "secs"]) || !bare && is(&["second", "sec", "s"]) {
        return Some(KeyUnit::Nanoseconds(SECOND));
    }
    if is(&["milliseconds", "millis"]) || !bare && is(&["ms", "msec", "msecs", "millisecond"]) {
        return Some(KeyUnit::Nanoseconds(SECOND / 1_000));
    }
    if is(&["microseconds", "micros"]) || !bare && is(&["us", "usec", "usecs"]) {
        return Some(KeyUnit::Nanoseconds(SECOND / 1_000_000));
    }
    if is(&["nanoseconds", "nanos"]) {
        return Some(KeyUnit::Nanoseconds(1));
    }
    if is(&["minutes", "mins"]) {
        return Some(KeyUnit::Nanoseconds(60 * SECOND));
    }
    if is(&["hours", "hrs"]) {
        return Some(KeyUnit::Nanoseconds(3_600 * SECOND));
    }
    if is(&["days"]) {
        return Some(KeyUnit::Nanoseconds(86_400 * SECOND));
    }
    if is(&["bytes"]) {
        return Some(KeyUnit::Bytes(Unit::ONE));
    }
    // `MiB` at the end of `sizeMiB` is two words, so it is looked for in the name itself.
    let tail = ["KiB", "MiB", "GiB", "TiB"]
        .into_iter()
        .find(|each| key.len() > each.len() && key.ends_with(each));
    let tail = tail.or_else(|| {
        (!bare && is(&["kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib"])).then_some(last)
    })?;
    bytes::unit_in_any_case(tail).map(KeyUnit::Bytes)
}

/// Whether a bare number under this key is a size, and of what. `None` where numbers are names, or nothing is known.
pub(super) fn dimension(context: Context<'_>) -> Option<Dimension> {
    let key = context.key;
    match unit(key) {
        Some(KeyUnit::Nanoseconds(_)) => return Some(Dimension::Seconds),
        Some(KeyUnit::Bytes(_)) => return Some(Dimension::Bytes),
        None => {}
    }
    if has(key, NOMINAL) {
        // `user_count`, `max_ports` and `retry_count` count what would name something.
        let counts = is_one_of(
            last(key),
            &["count", "max", "min", "limit", "size", "total"],
        );
        return counts.then_some(Dimension::Count);
    }
    let last = last(key);
    if has(key, SHARES) {
        Some(Dimension::Share)
    } else if has(key, CORES) {
        Some(Dimension::Cores)
    } else if has(key, MEASURED) {
        Some(Dimension::Number)
    } else if has(key, COUNTED) || is_plural(last) {
        Some(Dimension::Count)
    } else {
        None
    }
}

fn is_plural(word: &str) -> bool {
    let word = word.as_bytes();
    matches!(word, [.., before, b's' | b'S'] if before.is_ascii_alphabetic() && !matches!(before, b's' | b'S' | b'u' | b'U' | b'i' | b'I'))
        && word.len() > 3
}

/// Whether it asks a question that yes and no answer.
pub(super) fn is_flag(key: &str) -> bool {
    has(key, FLAGS)
}

/// Whether a version stands under it: `version`, `appVersion`, `engine_version`, `targetRevision`, `tag`.
pub(super) fn is_version(key: &str) -> bool {
    is_one_of(last(key), VERSIONS)
}

/// Whether it is the `apiVersion` of a Kubernetes object.
pub(super) fn is_api_version(key: &str) -> bool {
    key == "apiVersion"
}

/// Whether a hash may stand under it.
pub(super) fn is_hash(key: &str) -> bool {
    has(key, HASHES)
}

/// What is said of images under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImageKey {
    /// A whole reference, in which a tag that is missing is `latest`.
    Reference,
    /// A name alone; the tag stands elsewhere.
    Name,
    /// A tag alone.
    Tag,
    /// Nothing.
    None,
}

/// Which part of a reference to an image stands under a key.
pub(super) fn image(context: Context<'_>) -> ImageKey {
    let key = context.key;
    if is(
        key,
        &[
            "newTag",
            "imageTag",
            "image_tag",
            "image-tag",
            "dockerTag",
            "docker_tag",
            "container_tag",
        ],
    ) {
        ImageKey::Tag
    } else if is(
        key,
        &[
            "newName",
            "imageRepository",
            "image_repository",
            "image-repository",
        ],
    ) {
        ImageKey::Name
    } else if is(key, &["tag"]) && has(context.above, &["image", "images"]) {
        ImageKey::Tag
    } else if is(key, &["repository", "name"]) && has(context.above, &["image"]) {
        ImageKey::Name
    } else if is_one_of(last(key), &["image"])
        || is(
            key,
            &[
                "imageName",
                "image_name",
                "image-name",
                "imageUri",
                "image_uri",
                "dockerImage",
                "container_image",
            ],
        )
    {
        ImageKey::Reference
    } else {
        ImageKey::None
    }
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

/// Whether it stands for memory, a disk, a body: for bytes rather than for minutes or metres.
pub(super) fn is_bytes_like(key: &str) -> bool {
    has(
        key,
        &[
            "memory", "mem", "storage", "disk", "heap", "buffer", "buffers", "bytes", "ram",
            "swap", "body", "cache", "size", "xmx", "xms", "upload", "file", "log", "space",
        ],
    )
}

/// Whether it stands for a time.
pub(super) fn is_time_like(key: &str) -> bool {
    has(
        key,
        &[
            "timeout",
            "timeouts",
            "ttl",
            "interval",
            "period",
            "delay",
            "retention",
            "duration",
            "expiry",
            "expires",
            "expiration",
            "backoff",
            "age",
            "lifetime",
            "wait",
            "grace",
            "keepalive",
            "deadline",
            "window",
            "time",
            "after",
            "every",
            "sleep",
            "cooldown",
            "valid",
            "since",
        ],
    )
}

/// Quantities of a Kubernetes object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// Cores.
    Cores,
    /// Bytes of memory or of storage.
    Bytes,
}

/// The resource whose quantity stands here: `cpu`, `memory`, `storage`, `ephemeral-storage`, `requests.storage`, `hugepages-2Mi`.
pub(super) fn resource(context: Context<'_>) -> Option<Resource> {
    let key = context.key.rsplit(['.', '_']).next().unwrap_or("");
    if is(key, &["cpu", "cpus"]) {
        Some(Resource::Cores)
    } else if is(key, &["memory", "storage", "ephemeral-storage"]) || key.starts_with("hugepages-")
    {
        Some(Resource::Bytes)
    } else {
        None
    }
}

/// Whether the map above is one in which Kubernetes keeps quantities.
pub(super) fn is_quantities(above: &str) -> bool {
    is(
        above,
        &[
            "requests",
            "limits",
            "hard",
            "capacity",
            "allocatable",
            "default",
            "defaultRequest",
            "maxLimitRequestRatio",
        ],
    )
}

/// Whether a distribution of CloudFront or a zone of Route 53 is named here.
pub(super) fn is_zone(key: &str) -> bool {
    has(key, &["zone", "zones"])
}

#[cfg(test)]
mod tests {
    use super::{Context, ImageKey, KeyUnit, Words, image, is_version, unit};
    use crate::comparison::meaning::bytes::Unit;

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
    }
}
