//! Forms of identities, and forms that are never identities: sizes, versions, flags, regions, common words.

use super::super::tokens::{marks, tokens};
use super::super::words;
use super::IdentityKind;
use super::cores::{Core, Way};
use evenkeel_model::EnvironmentName;

/// Evidence needed to propose a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// None: a conventional name of both environments.
    Convention,
    /// One place is enough.
    One,
    /// This number of places with different paths; neither environment may have the other's value.
    Places(usize),
    /// Three places with different keys, within longer texts; and neither environment may have the other's value.
    Contexts,
}

/// Returns the kind of a core and the evidence it needs; `None` if it is not an identity.
pub(super) fn judge(
    core: &Core,
    left: &EnvironmentName,
    right: &EnvironmentName,
) -> Option<(IdentityKind, Need)> {
    let (one, two) = (core.left.as_str(), core.right.as_str());
    if core.way == Way::Bare && is_initial(one, left) && is_initial(two, right) {
        return Some((IdentityKind::EnvironmentShort, Need::Places(2)));
    }
    if one.len() > 64 || two.len() > 64 || one.len() < 2 || two.len() < 2 {
        return None;
    }
    if one.contains(char::is_whitespace) || two.contains(char::is_whitespace) {
        return None;
    }
    if is_account(one) && is_account(two) {
        return Some((IdentityKind::Account, Need::One));
    }
    if is_address(one) && is_address(two) {
        return Some((IdentityKind::Address, Need::Places(2)));
    }
    if [one, two]
        .iter()
        .any(|text| is_measure(text) || is_common(text))
    {
        return None;
    }
    let own = (mention(one, left), mention(two, right));
    let foreign = (mention(one, right), mention(two, left));
    // An environment that names the other one may be the worst of defects, not an identity.
    if foreign.0 > own.0 || foreign.1 > own.1 {
        return None;
    }
    // The same if it names a third one.
    if names_another(one, left) || names_another(two, right) {
        return None;
    }
    let names = own.0 != Mention::None || own.1 != Mention::None;
    let host = matches!(core.way, Way::HostEnd | Way::Host);
    if own.0 == Mention::Whole && own.1 == Mention::Whole {
        return Some((IdentityKind::EnvironmentShort, Need::Convention));
    }
    // `uat` throughout staging is its own word for itself; a single one may be a mistake.
    let stands_for = |mention: Mention, text: &str, environment: &EnvironmentName| {
        mention == Mention::Whole || is_like(text, environment)
    };
    if core.way == Way::Bare && stands_for(own.0, one, left) && stands_for(own.1, two, right) {
        return Some((IdentityKind::EnvironmentShort, Need::Places(2)));
    }
    if (own.0 == Mention::Whole || own.1 == Mention::Whole) && !host {
        return None;
    }
    if host {
        // Below a cloud's domain, only the label belongs to the environment.
        if [one, two]
            .iter()
            .any(|text| text.split('.').any(|label| CLOUDS.contains(&label)))
        {
            return None;
        }
        let related = shares_label(one, two);
        // A whole host that names no environment is one machine of many.
        if !names && core.way == Way::Host {
            return None;
        }
        let need = match (names, related) {
            (true, _) => Need::One,
            (false, true) => Need::Places(2),
            (false, false) => Need::Places(2),
        };
        return Some((IdentityKind::Domain, need));
    }
    if names {
        let kind = match core.way {
            Way::Before => IdentityKind::NamePrefix,
            _ if one.starts_with(two) || two.starts_with(one) => IdentityKind::NamePrefix,
            _ => IdentityKind::Name,
        };
        // Two names without a common word, only one of which names its environment, are two things.
        let both = own.0 != Mention::None && own.1 != Mention::None;
        let need = if both || shares_word(one, two) {
            Need::One
        } else {
            Need::Contexts
        };
        return Some((kind, need));
    }
    match core.way {
        Way::Bare | Way::Label
            if one.len() >= 4 && two.len() >= 4 && !is_opaque(one) && !is_opaque(two) =>
        {
            Some((IdentityKind::Name, Need::Contexts))
        }
        Way::Before if one.starts_with(two) || two.starts_with(one) => {
            Some((IdentityKind::NamePrefix, Need::Contexts))
        }
        _ => None,
    }
}

/// Whether a text is one or two initial letters of an environment's name: `p` for production, `st` for staging.
fn is_initial(text: &str, environment: &EnvironmentName) -> bool {
    let lower = text.to_lowercase();
    let name = environment.as_str();
    let stands_for = |name: &str| {
        let mut letters = name.chars();
        lower.len() < name.len()
            && lower.chars().next() == name.chars().next()
            && lower
                .chars()
                .all(|each| letters.any(|letter| letter == each))
    };
    (1..=2).contains(&lower.len())
        && lower.bytes().all(|byte| byte.is_ascii_lowercase())
        && (stands_for(name)
            || marks(name)
                .iter()
                .flat_map(|mark| words::clear_spellings(mark.word))
                .any(|spelling| stands_for(spelling)))
}

/// Whether two names share a word, or one starts with the other.
fn shares_word(one: &str, two: &str) -> bool {
    let (one, two) = (one.to_lowercase(), two.to_lowercase());
    let words = |text: &str| -> Vec<String> {
        let all = tokens(text).into_iter();
        all.filter_map(|range| text.get(range).map(str::to_owned))
            .collect()
    };
    let others = words(&two);
    one.starts_with(&two)
        || two.starts_with(&one)
        || words(&one).iter().any(|word| others.contains(word))
}

/// Extent to which a text is an environment's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mention {
    None,
    Part,
    Whole,
}

/// Returns the extent to which a text is an environment's name, in any spelling.
fn mention(text: &str, environment: &EnvironmentName) -> Mention {
    let lower = text.to_lowercase();
    let name = environment.as_str();
    if lower == name {
        return Mention::Whole;
    }
    let own: Vec<usize> = marks(name).iter().map(|mark| mark.word).collect();
    for mark in marks(text) {
        if own.contains(&mark.word) {
            return if mark.range == (0..text.len()) {
                Mention::Whole
            } else {
                Mention::Part
            };
        }
    }
    let whole = |token: &str| token == name;
    // `acmestg`: a clear word at the end of a longer token.
    let glued = |token: &str| {
        (3..token.len()).any(|length| {
            let ends = [token.get(..length), token.get(token.len() - length..)];
            ends.into_iter().flatten().any(|end| {
                words::find(end).is_some_and(|(word, clear)| clear && own.contains(&word))
            })
        })
    };
    let has = tokens(&lower)
        .into_iter()
        .filter_map(|range| lower.get(range))
        .any(|token| whole(token) || glued(token));
    if has { Mention::Part } else { Mention::None }
}

/// Whether a text clearly names an environment with another role: `ingress-qa` in staging.
fn names_another(text: &str, environment: &EnvironmentName) -> bool {
    let Some((own, _)) = words::find(environment.as_str()) else {
        return false;
    };
    // The last label of a host does not count: `example.dev`.
    let text = match text.rsplit_once('.') {
        Some((before, _)) if is_host(text) => before,
        _ => text,
    };
    let marks = marks(text);
    marks
        .iter()
        .any(|mark| mark.clear && words::role(mark.word) != words::role(own))
        && !marks.iter().any(|mark| mark.word == own)
}

/// Whether a value contains the name of one of `others` that is not part of the own environment's name.
pub(super) fn names_one_of(value: &str, others: &[EnvironmentName], own: &EnvironmentName) -> bool {
    let lower = value.to_lowercase();
    others
        .iter()
        .map(EnvironmentName::as_str)
        .filter(|other| !own.as_str().contains(other))
        .any(|other| {
            lower.match_indices(other).any(|(at, _)| {
                let outer = [
                    lower.get(..at).and_then(|text| text.chars().next_back()),
                    lower
                        .get(at + other.len()..)
                        .and_then(|text| text.chars().next()),
                ];
                !outer.into_iter().flatten().any(char::is_alphanumeric)
            })
        })
}

/// Whether a text is a clear name of an environment with the same role.
fn is_like(text: &str, environment: &EnvironmentName) -> bool {
    let role = |text: &str| words::find(text).map(|(word, clear)| (words::role(word), clear));
    match (role(&text.to_lowercase()), role(environment.as_str())) {
        (Some((one, true)), Some((two, _))) => one == two,
        _ => false,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let address = text.split('/').next().unwrap_or(text);
    address.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a text is a host name: labels with dots, the last one of letters.
pub(super) fn is_host(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let whole = labels.iter().all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    });
    let last = labels.last().copied().unwrap_or("");
    whole
        && labels.len() >= 2
        && last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_lowercase())
        && !FILE_ENDINGS.contains(&last)
}

/// File extensions, which are not domains.
const FILE_ENDINGS: &[&str] = &[
    "yaml",
    "yml",
    "json",
    "toml",
    "conf",
    "env",
    "sh",
    "rb",
    "py",
    "js",
    "ts",
    "tf",
    "txt",
    "log",
    "pem",
    "crt",
    "key",
    "xml",
    "ini",
    "properties",
    "sql",
    "jar",
    "html",
    "css",
    "svc",
    "tfstate",
    "tfvars",
    "md",
    "gz",
    "zip",
    "png",
    "svg",
    "hcl",
    "tpl",
    "large",
    "small",
    "medium",
    "micro",
    "nano",
    "xlarge",
];

/// Whether two hosts share a label that identifies their owner.
fn shares_label(one: &str, two: &str) -> bool {
    let labels: Vec<&str> = two.split('.').collect();
    one.split('.')
        .any(|label| label.len() >= 4 && labels.contains(&label) && !PUBLIC.contains(&label))
}

/// Labels of clouds and other providers whose domains contain everyone's hosts.
const CLOUDS: &[&str] = &[
    "amazonaws",
    "googleapis",
    "azure",
    "azurewebsites",
    "windows",
    "cloudfront",
    "herokuapp",
    "cloudapp",
    "gserviceaccount",
    "appspot",
    "ondigitalocean",
    "digitaloceanspaces",
];

/// Labels in common use.
const PUBLIC: &[&str] = &[
    "github", "gitlab", "docker", "cluster", "local", "internal", "svc", "info", "compute", "blob",
    "core",
];

/// Whether a text is a measure: a number, size, time, version or percentage; or only a region.
pub(super) fn is_measure(text: &str) -> bool {
    let lower = text.to_lowercase();
    let parts: Vec<&str> = tokens(&lower)
        .into_iter()
        .filter_map(|range| lower.get(range))
        .collect();
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let letters = parts.iter().filter(|part| !is_number(part));
    // `v1.2.3-rc.1`, `512Mi`, `30s`, `1.8.0-alpha`: more numbers than words, and the words are short.
    let is_version = parts.iter().any(|part| is_number(part))
        && letters
            .clone()
            .all(|part| part.len() <= 2 || MEASURES.contains(part));
    // A single word of a region's name is a measure too: `west` of `us-west-2`.
    let is_compass = parts.len() == 1 && words::is_region(&["us", parts.first().unwrap_or(&"")]);
    is_version || is_compass || words::is_region(&parts) || letters.count() == 0
}

const MEASURES: &[&str] = &[
    "min", "sec", "hour", "hours", "days", "day", "ms", "alpha", "beta", "rc", "latest", "stable",
    "snapshot", "mib", "gib", "kib", "tib", "pre", "dev", "alpine", "slim", "bookworm", "bullseye",
];

/// Whether a text is one or two words that are common in settings, not in names.
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    COMMON.contains(&lower.as_str())
}

const COMMON: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "enable",
    "disable",
    "none",
    "null",
    "always",
    "never",
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "trace",
    "fatal",
    "small",
    "medium",
    "large",
    "xlarge",
    "micro",
    "nano",
    "high",
    "low",
    "standard",
    "premium",
    "basic",
    "free",
    "enterprise",
    "latest",
    "stable",
    "edge",
    "main",
    "master",
    "develop",
    "release",
    "default",
    "http",
    "https",
    "tcp",
    "udp",
    "public",
    "private",
    "internal",
    "external",
    "on-demand",
    "spot",
    "single",
    "multi",
    "primary",
    "replica",
    "delete",
    "retain",
    "allow",
    "deny",
    "strict",
    "permissive",
    "auto",
    "manual",
];

/// Whether a text looks generated: an identifier, a hash.
fn is_opaque(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 4 || text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::cores::{Core, Way};
    use super::{IdentityKind, Need, is_host, is_measure, judge};
    use evenkeel_model::EnvironmentName;

    fn of(way: Way, left: &str, right: &str) -> Option<(IdentityKind, Need)> {
        let core = Core {
            left: left.into(),
            right: right.into(),
            way,
            from: 0,
            to: 0,
        };
        judge(
            &core,
            &EnvironmentName::new("staging"),
            &EnvironmentName::new("production"),
        )
    }

    #[test]
    fn names_of_environments_make_an_identity() {
        assert_eq!(
            of(Way::Bare, "stg", "prod"),
            Some((IdentityKind::EnvironmentShort, Need::Convention))
        );
        assert_eq!(
            of(Way::Before, "acme-stg", "acme"),
            Some((IdentityKind::NamePrefix, Need::One))
        );
        assert_eq!(
            of(Way::Label, "acmestg", "acmeprd"),
            Some((IdentityKind::Name, Need::One))
        );
        let domain = Some((IdentityKind::Domain, Need::One));
        assert_eq!(
            of(Way::HostEnd, "staging.example.org", "example.org"),
            domain
        );
        assert_eq!(
            of(Way::Bare, "111122223333", "444455556666"),
            Some((IdentityKind::Account, Need::One))
        );
    }

    #[test]
    fn a_third_environments_name_is_not_an_identity() {
        assert_eq!(of(Way::Before, "ingress-qa", "ingress-production"), None);
        assert!(of(Way::Before, "ingress-uat", "ingress-production").is_some());
        assert!(of(Way::HostEnd, "staging.example.dev", "example.dev").is_some());
    }

    #[test]
    fn the_other_environments_name_is_not_an_identity() {
        assert_eq!(of(Way::Label, "acme-prod", "acme-staging"), None);
        assert_eq!(of(Way::Before, "acme-prod", "acme"), None);
        assert_eq!(
            of(Way::HostEnd, "production.example.org", "example.org"),
            None
        );
    }

    #[test]
    fn settings_are_never_identities() {
        for (left, right) in [
            ("1", "2"),
            ("512Mi", "1Gi"),
            ("30s", "5m"),
            ("1.2.3", "1.2.4"),
            ("true", "false"),
            ("debug", "info"),
            ("eu-west-3", "us-east-1"),
            ("v1.0.0-alpha", "v1.0.0"),
            ("staging", "stable"),
            ("latest", "staging"),
            ("0a1b2c3d4e", "ffeeddccbb"),
            ("staging db", "prod db"),
            ("small", "large"),
            ("80", "8080"),
        ] {
            for way in [Way::Bare, Way::Label, Way::Before] {
                let found = of(way, left, right);
                assert!(found.is_none(), "{left} {right}: {found:?}");
            }
        }
    }

    #[test]
    fn hosts_and_measures_are_recognised() {
        assert!(
            is_host("a.example.org")
                && !is_host("values.yaml")
                && !is_host("1.2.3")
                && !is_host("a")
        );
        assert!(is_measure("16.4-alpine") && is_measure("10") && !is_measure("web-1-frontend"));
    }
}
