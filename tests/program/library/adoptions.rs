//! What `adopt` can write for each kind: a table of all kinds and all their attributes.

use std::collections::BTreeSet;

use evenkeel_core::kind::KINDS;

/// A kind: the attributes that are adopted, each with its keys, and those that are not, with the reason.
type Row = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
    &'static [(&'static str, &'static str)],
);

/// The attribute is what identifies the resource: another one is another resource.
const PLACE: &str = "it is the place of the resource";
/// The attribute says whether the resource exists.
const PRESENCE: &str = "a missing resource is adopted by removing its table";
/// Nothing compares the attribute.
const NOT_COMPARED: &str = "only plans and comparisons of environments have it";
/// The attribute is no state that a definition can have.
const TRANSIENT: &str = "a failure or a pending reload is no state to keep";

const TABLE: &[Row] = &[
    (
        "authorized-key",
        &[("options", &["options"])],
        &[("presence", PRESENCE), ("user", PLACE), ("key", PLACE)],
    ),
    (
        "command",
        &[],
        &[
            ("state", "a check that fails is no state"),
            ("run", NOT_COMPARED),
            ("check", NOT_COMPARED),
            ("creates", NOT_COMPARED),
            ("user", NOT_COMPARED),
            ("directory", NOT_COMPARED),
            ("environment.*", NOT_COMPARED),
        ],
    ),
    (
        "cron",
        &[("content", &["schedule", "command", "user", "environment"])],
        &[
            ("presence", PRESENCE),
            ("mode", "cron needs this one"),
            ("owner", "cron needs this one"),
            ("group", "cron needs this one"),
        ],
    ),
    (
        "directory",
        &[
            ("mode", &["mode"]),
            ("owner", &["owner"]),
            ("group", &["group"]),
        ],
        &[("presence", PRESENCE), ("path", PLACE)],
    ),
    (
        "file",
        &[
            ("content", &["content", "source"]),
            ("mode", &["mode"]),
            ("owner", &["owner"]),
            ("group", &["group"]),
        ],
        &[("presence", PRESENCE), ("path", PLACE)],
    ),
    (
        "group",
        &[("gid", &["gid"]), ("members", &["members"])],
        &[("presence", PRESENCE), ("group", PLACE)],
    ),
    (
        "installation",
        &[],
        &[
            ("presence", PRESENCE),
            ("into", PLACE),
            ("artifact", "no definition names an artifact by its content"),
            ("files", "files of an artifact on a host are no source"),
        ],
    ),
    (
        "line",
        &[("presence", &["present"]), ("line", &["line", "block"])],
        &[("path", PLACE)],
    ),
    (
        "link",
        &[("to", &["to"])],
        &[("presence", PRESENCE), ("path", PLACE)],
    ),
    (
        "mount",
        &[
            ("presence", &["mounted"]),
            ("device", &["device"]),
            ("type", &["type"]),
            ("options", &["options"]),
            ("fstab", &["persistent"]),
        ],
        &[("path", PLACE)],
    ),
    (
        "package",
        &[
            ("presence", &["removed"]),
            ("version", &["version"]),
            ("held", &["held"]),
        ],
        &[("package", PLACE), ("state", TRANSIENT)],
    ),
    (
        "process",
        &[
            ("command", &["command"]),
            ("environment.*", &["environment"]),
            ("directory", &["directory"]),
        ],
        &[
            ("presence", PRESENCE),
            ("restart-on.*", TRANSIENT),
            ("ready", TRANSIENT),
        ],
    ),
    (
        "service",
        &[
            ("masked", &["masked"]),
            ("enabled", &["enabled"]),
            ("running", &["running"]),
            ("drop-ins", &["drop-ins"]),
        ],
        &[
            ("presence", PRESENCE),
            ("unit", PLACE),
            ("load", TRANSIENT),
            ("unit-files", TRANSIENT),
            ("restart-on.*", TRANSIENT),
            ("reload-on.*", TRANSIENT),
            ("ready", TRANSIENT),
        ],
    ),
    (
        "sysctl",
        &[("value", &["value"]), ("boot", &["value"])],
        &[("presence", PRESENCE), ("key", PLACE)],
    ),
    (
        "timer",
        &[(
            "unit-files",
            &[
                "command",
                "on-calendar",
                "on-boot",
                "every",
                "user",
                "persistent",
                "randomized-delay",
            ],
        )],
        &[
            ("presence", PRESENCE),
            ("unit", PLACE),
            ("load", TRANSIENT),
            ("enabled", "a timer is always enabled"),
            ("active", "a timer is always active"),
            ("next-run", TRANSIENT),
            ("last-run", TRANSIENT),
            ("drop-ins", "a drop-in changes it outside of its files"),
            ("command", NOT_COMPARED),
            ("on-calendar", NOT_COMPARED),
            ("on-boot", NOT_COMPARED),
            ("every", NOT_COMPARED),
            ("user", NOT_COMPARED),
            ("persistent", NOT_COMPARED),
            ("randomized-delay", NOT_COMPARED),
        ],
    ),
    (
        "user",
        &[
            ("uid", &["uid"]),
            ("group", &["group"]),
            ("groups", &["groups"]),
            ("home", &["home"]),
            ("shell", &["shell"]),
            ("comment", &["comment"]),
            ("locked", &["locked"]),
        ],
        &[("presence", PRESENCE), ("user", PLACE)],
    ),
];

#[test]
fn every_attribute_of_every_kind_is_adopted_or_has_a_reason() {
    let listed: BTreeSet<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    let known: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(listed, known);
    for (name, adopted, refused) in TABLE {
        let kind = KINDS.iter().find(|kind| kind.name == *name).unwrap();
        let own: BTreeSet<&str> = kind.attributes.iter().map(|(name, _)| *name).collect();
        let mut decided: BTreeSet<&str> = BTreeSet::new();
        for (attribute, keys) in *adopted {
            assert!(decided.insert(attribute), "{name}.{attribute}");
            for key in *keys {
                assert!(
                    kind.keys_of(attribute).contains(key),
                    "{name}.{attribute}: {key}"
                );
            }
        }
        for (attribute, reason) in *refused {
            assert!(decided.insert(attribute), "{name}.{attribute}");
            assert!(!reason.is_empty());
        }
        assert_eq!(decided, own, "{name}");
    }
}
