//! Whether a key names a secret, and whether a value looks like one.

use std::ops::Range;

use crate::tree::{Scalar, ScalarKind};

/// Words in keys under which secrets stand.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "secretkey",
    "credential",
    "credentials",
    "authorization",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "dsn",
    "connectionstring",
    "webhookurl",
    "salt",
    "pepper",
    "erlangcookie",
    "releasecookie",
    "dockerconfigjson",
];

/// Words in keys that name a secret without holding it: where it is, what it is called, how long it lives.
const NAMES_OF_SECRETS: &[&str] = &[
    "name",
    "ref",
    "path",
    "file",
    "dir",
    "id",
    "ttl",
    "length",
    "type",
    "provider",
    "store",
    "engine",
    "mount",
    "enabled",
    "rotation",
    "policy",
    "arn",
    "key",
    "keys",
    "class",
    "version",
    "url",
    "endpoint",
    "expiry",
    "lifetime",
    "algorithm",
    "namespace",
    "required",
    "timeout",
    "field",
];

/// How tokens of well-known services begin.
pub(crate) const BEGINNINGS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "sk-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJhbGciOi",
    "hvs.",
    "npm_",
    "pypi-",
    "SG.",
    "-----BEGIN",
    "ENC[",
    "$ANSIBLE_VAULT;",
    "https://hooks.slack.com/services/",
    "https://discord.com/api/webhooks/",
    "AGE-SECRET-KEY-",
    "whsec_",
];

/// Whether a value under a key is a secret.
#[must_use]
pub fn is_secret(key: &str, scalar: &Scalar) -> bool {
    if matches!(
        scalar.kind,
        ScalarKind::Null | ScalarKind::Boolean | ScalarKind::Date | ScalarKind::Expression
    ) || scalar.text.is_empty()
    {
        return false;
    }
    let text: &str = &scalar.text;
    if is_reference(text) {
        return false;
    }
    let looks = has_known_beginning(text) || has_password(text);
    // `USE_TOKEN=true` is a switch.
    let is_switch = ["true", "false", "yes", "no", "on", "off"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    looks || !is_switch && (names_a_secret(key) || is_key_of_a_kind(key, text))
}

/// Words before `key` that say it is none that opens anything: an index, an address, the public half of a pair.
const PLAIN_KEYS: &[&str] = &[
    "primary",
    "foreign",
    "cache",
    "sort",
    "partition",
    "hash",
    "range",
    "routing",
    "public",
    "publishable",
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
];

/// Whether a value under `JWT_KEY` or `app.key` is a key that opens something: one word, long enough, and no path.
fn is_key_of_a_kind(key: &str, text: &str) -> bool {
    const LONG_ENOUGH: usize = 8;
    const RANDOM: usize = 24;
    let words = words(key);
    let before = match words.as_slice() {
        [.., before, last] if last == "key" => Some(before.as_str()),
        [last] if last == "key" => None,
        _ => return false,
    };
    let is_one_word = !text.chars().any(|each| each.is_whitespace() || each == '.')
        && !text.starts_with(['/', '~', '@', '$'])
        && !text.contains("://");
    let is_random = text.len() >= RANDOM
        && !text.contains(['/', ':'])
        && text.contains(|each: char| each.is_ascii_digit())
        && text.contains(|each: char| each.is_ascii_alphabetic());
    is_one_word
        && match before {
            Some(before) => text.len() >= LONG_ENOUGH && !PLAIN_KEYS.contains(&before),
            None => is_random,
        }
}

/// Whether a key is one under which a secret stands: `db_password`, `apiKey`, and not `password_file`.
pub(crate) fn names_a_secret(key: &str) -> bool {
    let words = words(key);
    let joined = |from: usize| words.get(from..).unwrap_or_default().concat();
    let last = words.last().map_or("", String::as_str);
    // `SMTP_PASS` and `DB_PWD`; `proxy_pass` passes something on, and `PWD` is a directory.
    let before = words
        .len()
        .checked_sub(2)
        .and_then(|at| words.get(at))
        .map_or("", String::as_str);
    let passes = [
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
    ];
    if last == "pass" && !passes.contains(&before)
        || last == "pwd" && !before.is_empty() && !passes.contains(&before)
    {
        return true;
    }
    for start in 0..words.len() {
        let rest = joined(start);
        if WORDS
            .iter()
            .any(|word| rest == *word || rest == format!("{word}s"))
        {
            return true;
        }
    }
    // `SECRET_KEY_BASE`, `password-hash`: a secret's word inside, and nothing that says it is only about one.
    let inside = words.iter().any(|word| WORDS.contains(&word.as_str()))
        || (0..words.len().saturating_sub(1)).any(|start| {
            let pair = words.get(start..start + 2).unwrap_or_default().concat();
            WORDS.contains(&pair.as_str())
        });
    inside && !NAMES_OF_SECRETS.contains(&last)
}

/// The words of a key, in lower case: at separators and at humps.
fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for each in key.chars().take(200) {
        if !each.is_alphanumeric() {
            words.push(String::new());
            was_lower = false;
            continue;
        }
        if each.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = each.is_lowercase() || each.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(each.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text only says where a secret is: `${PASSWORD}`, `{{ vault.password }}`, `<%= … %>`.
pub(crate) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let wrapped = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    wrapped("${", "}") || wrapped("{{", "}}") || wrapped("<%=", "%>") || wrapped("$(", ")")
}

/// Whether a URL carries a password: `scheme://user:password@host`.
pub(super) fn has_password(text: &str) -> bool {
    !password_in(text).is_empty()
}

/// The passwords of the URLs in a text.
pub(crate) fn password_in(text: &str) -> Vec<Range<usize>> {
    let urls = text.match_indices("://");
    urls.filter_map(|(at, mark)| {
        let start = at + mark.len();
        let rest = text.get(start..)?;
        let authority = rest.split(['/', '?', '#', ' ', '"', '\n']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        let from = start + name.len() + 1;
        (!password.is_empty() && !is_reference(password)).then(|| from..from + password.len())
    })
    .collect()
}

pub(super) fn has_known_beginning(word: &str) -> bool {
    word.len() >= 12 && BEGINNINGS.iter().any(|start| word.starts_with(start))
}
