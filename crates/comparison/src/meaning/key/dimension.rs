//! Dimension and unit of numbers, by the names of their keys.

use super::super::bytes::{self, Unit};
use super::super::{Context, Dimension};
use super::{LONGEST, has, is_one_of, last, words};

/// Nominal numbers, where larger is not more: a port, a user, a status, an index.
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
    "host",
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
    "args",
    "options",
    "has",
    "is",
    "rules",
    "flags",
];

/// Words that end like a plural. The following word may be counted: `redis_replicas`.
const SINGULAR: &[&str] = &[
    "redis",
    "postgres",
    "kubernetes",
    "aws",
    "dss",
    "css",
    "js",
    "os",
    "dns",
    "https",
    "tls",
    "alias",
    "bus",
    "axis",
    "canvas",
    "always",
    "access",
    "process",
];

/// Words that count, whatever the other words: `database_replicas`, `user_workers`.
const COUNTABLE: &[&str] = &[
    "replica",
    "replicas",
    "worker",
    "workers",
    "instances",
    "nodes",
    "pods",
    "threads",
    "shards",
    "partitions",
    "processes",
    "connections",
    "consumers",
    "tasks",
    "servers",
    "brokers",
    "slots",
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

/// Words of sizes whose unit the name does not show: 512 of memory may be bytes or mebibytes.
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

/// Counted things. A name whose last word is plural counts too.
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

/// Unit at the end of a name: `timeout_seconds`, `ttlMs`, `disk_size_gb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum KeyUnit {
    /// Nanoseconds in one unit.
    Nanoseconds(u128),
    /// Factor of bytes.
    Bytes(Unit),
}

/// Returns the unit of a bare number under this key. A single word is a unit only if it is unambiguous.
pub(in super::super) fn unit(key: &str) -> Option<KeyUnit> {
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
    // `MiB` at the end of `sizeMiB` splits into two words, so the name itself is searched.
    let tail = ["KiB", "MiB", "GiB", "TiB"]
        .into_iter()
        .find(|each| key.len() > each.len() && key.ends_with(each));
    let tail = tail.or_else(|| {
        (!bare && is(&["kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib"])).then_some(last)
    })?;
    bytes::unit_in_any_case(tail).map(KeyUnit::Bytes)
}

/// Returns the dimension of a bare number under this key. `None` if numbers are names, or nothing is known.
pub(in super::super) fn dimension(context: Context<'_>) -> Option<Dimension> {
    let key = context.key;
    match unit(key) {
        Some(KeyUnit::Nanoseconds(_)) => return Some(Dimension::Seconds),
        Some(KeyUnit::Bytes(_)) => return Some(Dimension::Bytes),
        None => {}
    }
    // The last word decides, whatever the others: `db_storage`, `database_replicas`.
    let last = last(key);
    if is_one_of(last, CORES) {
        return Some(Dimension::Cores);
    }
    if is_one_of(last, MEASURED) {
        return Some(Dimension::Number);
    }
    if is_one_of(last, COUNTABLE) {
        return Some(Dimension::Count);
    }
    if has(key, NOMINAL) {
        // `user_count`, `max_ports` and `number_of_hosts` count otherwise nominal words; `port_max` does not.
        let mut first = words(key);
        let begins = match (first.next(), first.next()) {
            (Some(number), Some(of)) => {
                is_one_of(number, &["max", "min", "num", "maximum", "minimum"])
                    && last.ends_with(['s', 'S'])
                    || number.eq_ignore_ascii_case("number") && of.eq_ignore_ascii_case("of")
            }
            _ => false,
        };
        let counts = begins || is_one_of(last, &["count", "limit", "size", "total"]);
        return counts.then_some(Dimension::Count);
    }
    if has(key, SHARES) {
        Some(Dimension::Share)
    } else if has(key, CORES) {
        Some(Dimension::Cores)
    } else if has(key, MEASURED) {
        Some(Dimension::Number)
    } else if has(key, COUNTED) || is_plural(last) && !is_one_of(last, SINGULAR) {
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

/// Whether it is about memory, a disk or a body: bytes rather than minutes or metres.
pub(in super::super) fn is_bytes_like(key: &str) -> bool {
    has(
        key,
        &[
            "memory", "mem", "storage", "disk", "heap", "buffer", "buffers", "bytes", "ram",
            "swap", "body", "cache", "size", "xmx", "xms", "upload", "file", "log", "space",
        ],
    )
}

/// Whether it is about time.
pub(in super::super) fn is_time_like(key: &str) -> bool {
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
