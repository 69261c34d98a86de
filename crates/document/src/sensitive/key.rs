//! The bearing of a key on its value: a secret, a setting of one, the name of one, or nothing.
//!
//! Judged by the words of the key only. `form` decides whether a value may be a secret by its form.

use std::sync::LazyLock;

use super::beginnings::Beginnings;
use super::words::words;

/// The bearing of a key on its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bearing {
    /// None: `level`.
    Plain,
    /// The name or location of a secret: `secretName`, `password_file`, `existingSecret`.
    Name,
    /// A setting of secrets: `passwordMinLength`, `PASSWORD_HASHER`.
    Setting,
    /// A switch: `DISABLE_PASSWORD`, `PermitEmptyPasswords`.
    Switch,
    /// `key` alone, which is as often an index.
    Index,
    /// A key of any sort: `JWT_KEY`, `app.key`.
    Key,
    /// A secret or an access method: `auth`, `jwt`, `pin`.
    Weak,
    /// A secret with an unknown addition: `password_smtp`.
    Likely,
    /// A secret: `db_password`.
    Strong,
}

/// Words for secrets.
const STRONG: &[&str] = &[
    "password",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "psw",
    "pswd",
    "pw",
    "secret",
    "token",
    "credential",
    "cred",
    "dsn",
    "connectionstring",
    "webhook",
    "dockerconfigjson",
    "mnemonic",
];

/// Pairs of words for secrets.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("signing", "key"),
    ("sign", "key"),
    ("signature", "key"),
    ("encryption", "key"),
    ("encrypt", "key"),
    ("crypt", "key"),
    ("decryption", "key"),
    ("cipher", "key"),
    ("hmac", "key"),
    ("validation", "key"),
    ("master", "key"),
    ("shared", "key"),
    ("auth", "key"),
    ("account", "key"),
    ("storage", "key"),
    ("session", "key"),
    ("license", "key"),
    ("licence", "key"),
    ("recovery", "key"),
    ("unseal", "key"),
    ("vapid", "key"),
    ("deploy", "key"),
    ("subscription", "key"),
    ("consumer", "key"),
    ("connection", "string"),
    ("conn", "string"),
    ("conn", "str"),
    ("erlang", "cookie"),
    ("release", "cookie"),
    ("magic", "cookie"),
    ("access", "signature"),
    ("secret", "id"),
    ("webhook", "url"),
    ("webhook", "uri"),
    ("hook", "url"),
    ("slack", "url"),
    ("otp", "seed"),
    ("totp", "seed"),
    ("mfa", "seed"),
    ("key", "seed"),
    ("seed", "phrase"),
];

/// Words for secrets and for other things.
const WEAK: &[&str] = &[
    "auth",
    "authorization",
    "jwt",
    "pin",
    "salt",
    "pepper",
    "otp",
    "totp",
    "bearer",
    "sas",
];

/// Words after the word for a secret without an effect.
const NEUTRAL: &[&str] = &[
    "value",
    "text",
    "plain",
    "plaintext",
    "clear",
    "cleartext",
    "string",
    "raw",
    "content",
    "contents",
    "data",
    "base",
    "default",
    "new",
    "old",
    "current",
    "previous",
    "next",
    "primary",
    "secondary",
    "hash",
    "hashed",
    "bcrypt",
    "encoded",
    "confirmation",
    "confirm",
    "staging",
    "stage",
    "stg",
    "production",
    "prod",
    "prd",
    "live",
    "development",
    "dev",
    "test",
    "qa",
    "uat",
    "local",
    "json",
    "pem",
    "b",
];

/// Words after the word for a secret that make it a name or a location.
const NAMES: &[&str] = &[
    "name",
    "names",
    "ref",
    "refs",
    "reference",
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "dir",
    "directory",
    "folder",
    "id",
    "ids",
    "arn",
    "arns",
    "from",
    "key",
    "keys",
    "namespace",
    "store",
    "provider",
    "mount",
    "field",
    "fields",
    "selector",
    "source",
    "location",
    "class",
    "kind",
    "prefix",
    "label",
    "labels",
    "annotation",
    "annotations",
    "url",
    "uri",
    "urls",
    "endpoint",
    "host",
    "hostname",
    "port",
    "domain",
    "version",
    "vault",
    "env",
    "var",
    "variable",
    "header",
    "headers",
    "param",
    "parameter",
    "alias",
    "user",
    "username",
    "owner",
    "region",
    "project",
    "resource",
    "volume",
    "recipient",
    "channel",
    "subject",
    "property",
    "attribute",
    "column",
    "table",
    "item",
    "index",
    "server",
    "service",
    "image",
    "issuer",
    "audience",
    "realm",
    "title",
    "description",
    "comment",
];

/// Words after the word for a secret that make it a setting.
const SETTINGS: &[&str] = &[
    "ttl",
    "length",
    "size",
    "min",
    "max",
    "minimum",
    "maximum",
    "expiry",
    "expiration",
    "expires",
    "expire",
    "expired",
    "lifetime",
    "lifespan",
    "timeout",
    "duration",
    "age",
    "validity",
    "valid",
    "rotation",
    "rotate",
    "rotated",
    "policy",
    "policies",
    "enabled",
    "enable",
    "disabled",
    "required",
    "require",
    "requirements",
    "optional",
    "allowed",
    "authentication",
    "encryption",
    "encrypted",
    "hasher",
    "hashers",
    "hashing",
    "algorithm",
    "algorithms",
    "algo",
    "alg",
    "digest",
    "cost",
    "rounds",
    "iterations",
    "complexity",
    "strength",
    "entropy",
    "attempts",
    "retries",
    "tries",
    "limit",
    "limits",
    "quota",
    "rate",
    "burst",
    "count",
    "days",
    "hours",
    "minutes",
    "seconds",
    "sec",
    "secs",
    "ms",
    "millis",
    "interval",
    "period",
    "grace",
    "skew",
    "leeway",
    "mode",
    "method",
    "methods",
    "scheme",
    "format",
    "encoding",
    "type",
    "types",
    "reset",
    "change",
    "login",
    "history",
    "reuse",
    "manager",
    "management",
    "generator",
    "generation",
    "validator",
    "validators",
    "validation",
    "verification",
    "check",
    "checks",
    "bucket",
    "buckets",
    "prompt",
    "plugin",
    "driver",
    "backend",
    "engine",
    "flow",
    "grant",
    "scope",
    "scopes",
    "claim",
    "claims",
    "cache",
    "caching",
    "refresh",
    "sync",
    "operator",
    "controller",
    "injection",
    "injector",
    "scan",
    "scanner",
    "scanning",
    "detection",
    "masking",
    "support",
    "feature",
    "page",
    "view",
    "link",
    "email",
    "mail",
    "template",
    "question",
    "strategy",
    "provisioning",
    "automount",
    "level",
    "delimiter",
    "separator",
    "pattern",
    "regex",
    "characters",
    "chars",
    "charset",
    "symbols",
    "digits",
    "uppercase",
    "lowercase",
    "less",
    "warning",
    "warn",
    "notification",
    "delay",
    "lockout",
    "window",
    "step",
    "permissions",
    "perms",
    "role",
    "roles",
    "group",
    "groups",
    "access",
    "request",
    "response",
    "exchange",
    "endpoints",
    "revision",
    "replicas",
    "samesite",
    "secure",
    "httponly",
    "through",
    "auth",
    "basic",
    "tokens",
    "parsing",
    "parser",
    "limiter",
    "usage",
    "storage",
    "protection",
    "recovery",
    "update",
    "updated",
    "created",
    "date",
    "at",
    "on",
    "sensitive",
    "visible",
    "visibility",
    "hidden",
];

/// Words before the word for a secret that make it a switch.
const SWITCHING: &[&str] = &[
    "disable",
    "disabled",
    "enable",
    "enabled",
    "require",
    "requires",
    "required",
    "allow",
    "allowed",
    "permit",
    "permitted",
    "use",
    "uses",
    "using",
    "need",
    "needs",
    "has",
    "have",
    "is",
    "show",
    "hide",
    "mask",
    "skip",
    "no",
    "without",
    "with",
    "force",
    "prompt",
    "ask",
    "deny",
    "forbid",
    "ignore",
    "check",
    "validate",
    "expire",
    "rotate",
    "log",
    "print",
    "empty",
    "automount",
    "support",
    "supports",
    "prefer",
    "should",
    "can",
    "must",
    "create",
];

/// Words before the word for a secret that make it a name.
const NAMING: &[&str] = &["existing", "pull", "external", "sealed", "generate"];

/// Words before it that make it a count.
const COUNTING: &[&str] = &[
    "max", "min", "maximum", "minimum", "num", "number", "count", "limit", "length",
];

/// Words beside its plural that make it a count.
const COUNTING_MANY: &[&str] = &[
    "total",
    "per",
    "output",
    "input",
    "context",
    "prompt",
    "completion",
];

/// Verbs before `pass` that pass something on.
const PASSING: &[&str] = &[
    "proxy",
    "fastcgi",
    "uwsgi",
    "scgi",
    "grpc",
    "memcached",
    "by",
    "old",
    "high",
    "low",
    "band",
    "all",
    "first",
    "second",
    "single",
    "multi",
    "request",
    "cookie",
    "header",
    "body",
    "ssl",
];

/// Words before `key` that make it harmless: an index, an address, the public half of a pair.
const PLAIN_KEYS: &[&str] = &[
    "primary",
    "foreign",
    "cache",
    "sort",
    "partition",
    "hash",
    "range",
    "public",
    "publishable",
    "pub",
    "site",
    "object",
    "kms",
    "group",
    "map",
    "name",
    "config",
    "label",
    "tag",
    "index",
    "order",
    "shard",
    "unique",
    "idempotency",
    "bucket",
    "state",
    "lock",
    "topology",
    "hot",
    "translation",
    "i18n",
    "row",
    "column",
    "data",
    "dictionary",
    "search",
    "lookup",
    "parameter",
    "registry",
    "metric",
    "host",
    "known",
    "keyboard",
    "identity",
    "field",
    "property",
    "attribute",
    "user",
];

/// Returns the bearing of a key.
#[must_use]
pub(crate) fn bearing(key: &str) -> Bearing {
    if !may_tell(key) {
        return Bearing::Plain;
    }
    judged(&words(key))
}

/// Returns whether a key has anything to do with secrets, by its words: then its value is never stored.
#[must_use]
pub fn resembles(key: &str) -> bool {
    !matches!(bearing(key), Bearing::Plain | Bearing::Index)
}

/// Letter sequences, of which every relevant word contains at least one.
const STEMS: &[&str] = &[
    "pass",
    "pwd",
    "psw",
    "pw",
    "secret",
    "token",
    "cred",
    "key",
    "auth",
    "jwt",
    "pin",
    "salt",
    "pepper",
    "seed",
    "otp",
    "cookie",
    "bearer",
    "sas",
    "dsn",
    "conn",
    "hook",
    "signature",
    "dockerconfig",
    "mnemonic",
    "slack",
];

/// Their first two bytes.
static FIRST: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::of_any_case(STEMS));

/// Returns whether a key contains one of those sequences. Most keys do not and need no split into words.
fn may_tell(key: &str) -> bool {
    let first: &Beginnings = &FIRST;
    let bytes = key.as_bytes();
    bytes.windows(2).enumerate().any(|(at, pair)| {
        matches!(pair, [one, two] if first.has(*one, *two))
            && STEMS.iter().any(|stem| {
                bytes
                    .get(at..at + stem.len())
                    .is_some_and(|here| here.eq_ignore_ascii_case(stem.as_bytes()))
            })
    })
}

/// Returns a word without its plural ending.
fn single(word: &str) -> &str {
    match word {
        "pass" | "sas" | "access" => word,
        _ => word.strip_suffix('s').unwrap_or(word),
    }
}

fn judged(words: &[String]) -> Bearing {
    // Usually a list of their names.
    if matches!(words, [only] if only == "secrets") {
        return Bearing::Switch;
    }
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let is_strong = |at: usize| STRONG.contains(&single(word(at)));
    let is_pair = |at: usize| {
        at > 0
            && PAIRS
                .iter()
                .any(|(one, two)| *one == word(at - 1) && *two == single(word(at)))
    };
    let mut found = Bearing::Plain;
    // The last word for a secret decides; earlier words carry less information.
    for at in (0..words.len()).rev() {
        let (start, is_sure) = if is_pair(at) {
            (at - 1, true)
        } else if is_strong(at) {
            (at, true)
        } else if WEAK.contains(&word(at)) {
            (at, false)
        } else {
            continue;
        };
        let before = words.get(..start).unwrap_or_default();
        let after = words.get(at + 1..).unwrap_or_default();
        let bearing = with_surroundings(before, word(at), after, is_sure);
        if bearing == Bearing::Plain {
            continue;
        }
        found = bearing;
        break;
    }
    if found != Bearing::Plain {
        return found;
    }
    // `JWT_KEY`, `app.key`, and `KEY` alone.
    match words {
        // Ambiguous: the address of a message in a broker, and a credential in PagerDuty.
        [.., before, last] if last == "key" && before == "routing" => Bearing::Index,
        [.., before, last] if last == "key" && !PLAIN_KEYS.contains(&before.as_str()) => {
            Bearing::Key
        }
        [last] if last == "key" => Bearing::Index,
        _ => Bearing::Plain,
    }
}

/// Returns the bearing of a word for a secret with the words before and after it.
fn with_surroundings(before: &[String], word: &str, after: &[String], is_sure: bool) -> Bearing {
    let is_in = |list: &[&str], word: &String| list.contains(&word.as_str());
    let is_about = |word: &String| is_in(SETTINGS, word);
    let is_name = |word: &String| is_in(NAMES, word);
    let nearest = before.last();
    if word == "pass" && nearest.is_some_and(|word| is_in(PASSING, word)) {
        return Bearing::Plain;
    }
    // `PWD` and `OLDPWD` are directories: their values are paths.
    let rest: Vec<&String> = after
        .iter()
        .filter(|word| !is_in(NEUTRAL, word) && word.parse::<u32>().is_err())
        .collect();
    if !is_sure {
        // With an ambiguous word, any addition changes its meaning.
        let is_last = rest.is_empty();
        if matches!(rest.as_slice(), [only] if *only == "key") {
            return Bearing::Plain;
        }
        return if !is_last {
            let is_known = rest.iter().any(|word| is_about(word) || is_name(word));
            if is_known {
                Bearing::Setting
            } else {
                Bearing::Plain
            }
        } else if before.iter().any(|word| is_in(SWITCHING, word)) {
            Bearing::Switch
        } else {
            Bearing::Weak
        };
    }
    let is_plural = word.ends_with('s') && !matches!(word, "pass" | "creds");
    let counts = |word: &String| is_in(COUNTING, word) || is_plural && is_in(COUNTING_MANY, word);
    if before.iter().any(counts) && rest.is_empty() {
        return Bearing::Setting;
    }
    match rest.as_slice() {
        [] => {}
        [.., last] if is_name(last) => return Bearing::Name,
        rest if rest.iter().any(|word| is_about(word)) => return Bearing::Setting,
        rest if rest.iter().any(|word| is_name(word)) => return Bearing::Name,
        rest if rest.iter().any(|word| counts(word)) => return Bearing::Setting,
        _ => return Bearing::Likely,
    }
    if single(word) == "secret" && nearest.is_some_and(|word| is_in(NAMING, word)) {
        return Bearing::Name;
    }
    let starts_like = |word: &String| {
        is_in(SWITCHING, word)
            || ["permit", "disable", "enable"]
                .iter()
                .any(|verb| word.starts_with(verb))
    };
    let is_switch = before.first().is_some_and(starts_like) || nearest.is_some_and(starts_like);
    // `requirepass` of Redis contains one.
    if is_switch && word != "pass" {
        Bearing::Switch
    } else {
        Bearing::Strong
    }
}

#[cfg(test)]
mod tests {
    use super::Bearing::{Index, Key, Likely, Name, Plain, Setting, Strong, Switch, Weak};
    use super::bearing;

    #[test]
    fn keys_of_secrets_are_recognised_in_every_spelling() {
        for key in [
            "password",
            "DB_PASSWORD",
            "PGPASSWORD",
            "dbpassword",
            "clientsecret",
            "clientSecret",
            "AUTHTOKEN",
            "accesstoken",
            "PGPASS",
            "DB_PASS",
            "admin_pw",
            "MYSQL_PWD",
            "Pwd",
            "htpasswd",
            "passphrase",
            "apiKey",
            "apikey",
            "x-api-key",
            "APIKey",
            "private_key",
            "privateKey",
            "AWS_SECRET_ACCESS_KEY",
            "signing-key",
            "encryptionKey",
            "SECRET_KEY_BASE",
            "password_hash",
            "SENTRY_DSN",
            "connectionString",
            "ConnectionStrings",
            "credentials",
            "session_secret",
            "cookieSecret",
            "webhook_url",
            "SLACK_WEBHOOK",
            "requirepass",
            "masterpass",
            "_authToken",
            "AccountKey",
            "SharedAccessKey",
            "SharedAccessSignature",
            "RELEASE_COOKIE",
            "tokens",
            "dockerconfigjson",
            "PASSWORD_PROD",
            "password1",
            "PASSWORD_2",
            "verify_token",
            "vault_secret_id",
            "storepass",
            "NEXTAUTH_SECRET",
            "unseal_key",
            "vapidKeys",
            "VAPID_KEY",
        ] {
            assert_eq!(bearing(key), Strong, "{key}");
        }
        for key in ["password_smtp", "TOKEN_GITHUB", "secretFoo"] {
            assert_eq!(bearing(key), Likely, "{key}");
        }
        for key in [
            "auth",
            "REDISCLI_AUTH",
            "basic_auth",
            "masterauth",
            "jwt",
            "pin",
            "salt",
            "Authorization",
        ] {
            assert_eq!(bearing(key), Weak, "{key}");
        }
        for key in ["JWT_KEY", "app.key", "SUPABASE_ANON_KEY"] {
            assert_eq!(bearing(key), Key, "{key}");
        }
        assert_eq!(bearing("Key"), Index);
        assert_eq!(bearing("routing_key"), Index);
    }

    #[test]
    fn keys_about_secrets_are_not_keys_of_secrets() {
        for (key, wanted) in [
            ("password_file", Name),
            ("passwordFrom", Name),
            ("secretName", Name),
            ("existingSecret", Name),
            ("existingsecret", Name),
            ("imagePullSecrets", Name),
            ("secretKeyRef", Name),
            ("tokenSecretRef", Name),
            ("secretArn", Name),
            ("tokenUrl", Name),
            ("access_key_id", Name),
            ("password_encryption", Setting),
            ("tokenExpiration", Setting),
            ("tokenexpiration", Setting),
            ("PASSWORD_HASHER", Setting),
            ("passwordMinLength", Setting),
            ("secretRotationDays", Setting),
            ("max_tokens", Setting),
            ("PasswordAuthentication", Setting),
            ("passwordauthentication", Setting),
            ("authMethod", Setting),
            ("jwtIssuer", Setting),
            ("jwtAlgorithm", Setting),
            ("token_ttl", Setting),
            ("PermitEmptyPasswords", Switch),
            ("permitemptypasswords", Switch),
            ("DISABLE_PASSWORD", Switch),
            ("requireAuth", Switch),
            ("automountServiceAccountToken", Switch),
            ("USE_TOKEN", Switch),
            ("proxy_pass", Plain),
            ("bypass", Plain),
            ("monkey", Plain),
            ("keyboard", Plain),
            ("tokenizer", Plain),
            ("partition_key", Plain),
            ("vapidPublicKey", Plain),
            ("author", Plain),
            ("compass", Plain),
            ("pinning", Plain),
            ("level", Plain),
            ("spinner", Plain),
            ("taskName", Plain),
            ("auth_basic", Setting),
        ] {
            assert_eq!(bearing(key), wanted, "{key}");
        }
    }
}
