//! Which values of a document are secrets: they are compared, and never shown.
//!
//! By the key they stand under, and by how they look. It would rather cover a value too many than show one: what is
//! covered is still reported, at its place.

use std::ops::Range;

use super::Format;
use super::tree::{Content, Document, Entry, Node, Place, Scalar, ScalarKind};

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
pub(super) const BEGINNINGS: &[&str] = &[
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
pub(super) fn names_a_secret(key: &str) -> bool {
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
pub(super) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let wrapped = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    wrapped("${", "}") || wrapped("{{", "}}") || wrapped("<%=", "%>") || wrapped("$(", ")")
}

/// Whether a URL carries a password: `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    !password_in(text).is_empty()
}

/// The passwords of the URLs in a text.
pub(super) fn password_in(text: &str) -> Vec<Range<usize>> {
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

/// What a value stands under, as far as it tells whether it is a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Under<'n> {
    /// The key, or the name that stands beside it: `DB_PASSWORD` of `{name: DB_PASSWORD, value: …}`.
    key: &'n str,
    /// Whether everything here is a secret, whatever its key: a Kubernetes Secret's data.
    is_covered: bool,
}

/// What the keys of one map stand under.
#[derive(Clone, Copy, Debug)]
pub struct Within<'n> {
    above: Under<'n>,
    /// What `value` is the value of.
    name: Option<&'n str>,
    /// Whether the map is a Kubernetes Secret.
    is_secret: bool,
}

impl<'n> Under<'n> {
    /// A key that nothing else is known of.
    #[must_use]
    pub const fn key(key: &'n str) -> Self {
        Self {
            key,
            is_covered: false,
        }
    }

    /// The entries of a map that stands here.
    #[must_use]
    pub fn within(self, entries: &'n [Entry]) -> Within<'n> {
        /// More keys than a pair of name and value has beside it.
        const MOST: usize = 6;
        let text = |key: &str| {
            let entry = entries.iter().find(|entry| &*entry.key == key)?;
            entry.value.as_scalar().map(|scalar| &*scalar.text)
        };
        let is_pair = entries.len() <= MOST
            && entries
                .iter()
                .any(|entry| entry.key.eq_ignore_ascii_case("value"));
        let name = || ["name", "Name", "key", "Key"].into_iter().find_map(text);
        let has_kind = entries.iter().take(MOST).any(|entry| &*entry.key == "kind");
        Within {
            above: self,
            name: if is_pair { name() } else { None },
            is_secret: has_kind && text("kind") == Some("Secret"),
        }
    }

    /// Whether a single value here is a secret, or has one in it: by itself, or in `NAME=value`.
    #[must_use]
    pub fn is_secret(self, scalar: &Scalar) -> bool {
        let is_covered = self.is_covered
            && scalar.kind != ScalarKind::Null
            && !scalar.text.is_empty()
            && !is_reference(&scalar.text);
        is_covered
            || is_secret(self.key, scalar)
            || assignment(scalar).is_some_and(|(name, value)| {
                let value = Scalar {
                    kind: scalar.kind,
                    text: value.into(),
                };
                is_secret(name, &value)
            })
            || is_within(scalar)
    }
}

impl<'n> Within<'n> {
    /// What the value of a key stands under that two maps have, of which either may tell more.
    #[must_use]
    pub fn either(both: [Self; 2], key: &'n str) -> Under<'n> {
        let [one, two] = both.map(|within| within.entry(key));
        Under {
            key: if one.key == key { two.key } else { one.key },
            is_covered: one.is_covered || two.is_covered,
        }
    }

    /// What the value of one of the keys stands under.
    #[must_use]
    pub fn entry(self, key: &'n str) -> Under<'n> {
        let is_data = self.is_secret && matches!(key, "data" | "stringData");
        // What makes a Secret out of what stands there.
        let makes = matches!(key, "secretGenerator");
        Under {
            key: match self.name {
                Some(name) if key.eq_ignore_ascii_case("value") => name,
                _ => key,
            },
            is_covered: self.above.is_covered && !NAMING.contains(&key) || is_data || makes,
        }
    }
}

/// Keys that name things, also among secrets.
const NAMING: &[&str] = &[
    "name",
    "namespace",
    "type",
    "behavior",
    "envs",
    "files",
    "options",
];

/// How a secret within a text is shown.
const COVERED: &str = "(a secret, not shown)";

/// A text of several lines with its secrets covered; nothing if it has none: configuration within configuration.
#[must_use]
pub fn covered_lines(text: &str) -> Option<String> {
    if !text.contains('\n') {
        return None;
    }
    let mut secrets = secret_lines(text).peekable();
    secrets.peek()?;
    let mut covered = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in secrets {
        covered.push_str(text.get(at..start).unwrap_or_default());
        covered.push_str(COVERED);
        at = end;
    }
    covered.push_str(text.get(at..).unwrap_or_default());
    Some(covered)
}

/// Where a text's lines have secrets: from and to, in bytes.
fn secret_lines(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    // From the beginning to the end of a key or certificate, all lines are of it.
    let mut is_armoured = false;
    text.split_inclusive('\n').filter_map(move |line| {
        let from = start;
        start += line.len();
        let whole = line.trim();
        let at = from + (line.len() - line.trim_start().len());
        let end = at + whole.len();
        let begins = whole.contains("-----BEGIN");
        if begins || is_armoured {
            is_armoured = !whole.contains("-----END");
            return Some((at, end));
        }
        // An element of a list, or of a JSON object.
        let bare = whole.trim_start_matches(['-', ' ', '"', '\'']);
        let loose = Scalar {
            kind: ScalarKind::Loose,
            text: bare.replacen("\":", ":", 1).into(),
        };
        if let Some((name, value)) = assignment(&loose) {
            let value = Scalar {
                kind: ScalarKind::Loose,
                text: value.trim_end_matches(',').trim_matches('"').into(),
            };
            if is_secret(name, &value) {
                let sign = whole.find(['=', ':']).map_or(0, |sign| sign + 1);
                let rest = whole.get(sign..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                return Some((at + sign + blank, end));
            }
        }
        (is_secret("", &loose) || secret_within(whole, Manner::Value).is_some())
            .then_some((at, end))
    })
}

/// Whether a single value has a secret as a part of it, as `Password=…` in a connection string and `--token=…` in an
/// argument. Of a text of several lines, single lines are covered; of an expression, everything.
fn is_within(scalar: &Scalar) -> bool {
    let manner = match scalar.kind {
        ScalarKind::Text | ScalarKind::Loose if !scalar.text.contains('\n') => Manner::Value,
        ScalarKind::Expression => Manner::Expression,
        _ => return false,
    };
    scalar
        .text
        .lines()
        .any(|line| secret_within(line, manner).is_some())
}

/// The name of the secret that a line of a text without a format holds, or `""` where it has none. Here a name and its
/// value may have nothing but a blank between them.
#[must_use]
pub fn secret_of_line(line: &str) -> Option<&str> {
    let scalar = Scalar {
        kind: ScalarKind::Loose,
        text: line.trim().into(),
    };
    secret_within(line, Manner::Line).or_else(|| is_secret("", &scalar).then_some(""))
}

/// How a name and its value may stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// In a value: with a separator between them.
    Value,
    /// In a line of a program: with a blank between them, too.
    Line,
    /// In an expression, where a word without quotes names something else.
    Expression,
}

/// The name of a secret whose value stands after it in the same line.
fn secret_within(line: &str, manner: Manner) -> Option<&str> {
    /// Of how many words a name after a blank must be one: `password x` and `set password x`.
    const FIRST: usize = 2;
    if looks_of_tokens(line) {
        return Some("");
    }
    let is_part = |each: char| each.is_alphanumeric() || matches!(each, '_' | '-' | '.');
    let mut number = 0;
    let mut rest = line;
    while let Some(start) = rest.find(is_part) {
        let from_name = rest.get(start..)?;
        let length = from_name
            .find(|each| !is_part(each))
            .unwrap_or(from_name.len());
        let (name, after) = from_name.split_at_checked(length)?;
        rest = after;
        number += 1;
        // `spring.datasource.password`, `$config->password`: the last part is what it is called.
        if !names_a_secret(name.rsplit('.').next().unwrap_or(name)) {
            continue;
        }
        let value = after.trim_start_matches(['"', '\'', ']', ')']);
        let bare = value.trim_start();
        let is_separated = bare.starts_with(['=', ':', ',']);
        let value = bare.trim_start_matches(['=', ':', ',', '>']).trim_start();
        let is_quoted = value.starts_with(['"', '\'']);
        let is_near =
            manner == Manner::Line && bare.len() < after.len() && (number <= FIRST || is_quoted);
        let is_assigned = after.starts_with('=') && !after.starts_with("= ");
        let is_spelled = manner != Manner::Expression || is_quoted || is_assigned;
        if (is_separated || is_near) && is_spelled && is_literal(value, is_quoted) {
            return Some(name);
        }
    }
    None
}

/// Whether a value says where a secret comes from, as programs do: `ENV["PASSWORD"]`, `var.password`.
pub(super) fn is_computed(value: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "ENV",
        "env",
        "$",
        "{{",
        "<%",
        "%{",
        "#{",
        "var.",
        "local.",
        "data.",
        "module.",
        "secrets.",
        "vault",
        "process.env",
        "os.environ",
        "os.getenv",
        "getenv",
        "fetch",
        "Rails.",
        "File.",
        "file(",
        "lookup(",
        ":",
    ];
    BEGINNINGS.iter().any(|start| value.starts_with(start))
}

/// Whether what follows a secret's name is the secret itself, and not where it comes from.
fn is_literal(value: &str, is_quoted: bool) -> bool {
    const NONE: &[&str] = &[
        "true", "false", "yes", "no", "on", "off", "nil", "null", "none", "~", "required",
        "optional",
    ];
    let value = value.trim_start_matches(['"', '\'']);
    let word = value
        .split(|each: char| {
            each.is_whitespace() || matches!(each, '"' | '\'' | ',' | ';' | ')' | '&')
        })
        .next()
        .unwrap_or("");
    let is_key_of_more = !is_quoted && word.ends_with(':');
    word.contains(char::is_alphanumeric)
        && !is_key_of_more
        && !NONE.contains(&word.to_ascii_lowercase().as_str())
        && !is_computed(value)
}

/// Whether a word of a line looks like a token, or a URL in it carries a password.
fn looks_of_tokens(line: &str) -> bool {
    has_password(line)
        || line
            .split(|each: char| {
                each.is_whitespace() || matches!(each, '"' | '\'' | '=' | ',' | '(' | '`')
            })
            .any(has_known_beginning)
}

fn has_known_beginning(word: &str) -> bool {
    word.len() >= 12 && BEGINNINGS.iter().any(|start| word.starts_with(start))
}

/// The places of all secrets of a document, and of those in its comments.
#[must_use]
pub fn secret_places(document: &Document) -> Vec<Place> {
    let mut places = Vec::new();
    if document.format == Format::Lines {
        lines_with_secrets(&document.file.text, &|_| true, &mut places);
        return places;
    }
    lines_with_secrets(&document.file.text, &is_comment, &mut places);
    for root in &document.roots {
        gather(Under::default(), root, &document.file.text, &mut places);
    }
    places
}

/// Whether a line is a comment in any of the formats.
fn is_comment(line: &str) -> bool {
    ["#", "//", ";", "/*", "*", "<!--", "!"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// The places of lines that hold a secret, among those that are looked at, and of what is between the first and the last
/// line of a key.
fn lines_with_secrets(text: &str, looked_at: &dyn Fn(&str) -> bool, places: &mut Vec<Place>) {
    let mut is_within_key = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let place = Place::new(
            start + line.len() - line.trim_start().len(),
            start + line.trim_end().len(),
        );
        start += line.len();
        if content.is_empty() || !looked_at(content) {
            continue;
        }
        if content.contains("-----BEGIN") {
            is_within_key = true;
        }
        if is_within_key || secret_of_line(content).is_some() {
            places.push(place);
        }
        if content.contains("-----END") {
            is_within_key = false;
        }
    }
}

fn gather(under: Under<'_>, node: &Node, file: &str, places: &mut Vec<Place>) {
    match &node.content {
        Content::Scalar(scalar) => {
            if under.is_secret(scalar) {
                places.push(node.place);
            } else if covered_lines(&scalar.text).is_some() {
                // As it is written; what is not found there, for its escapes, is covered whole.
                let start = node.place.start as usize;
                let written = file.get(start..node.place.end as usize).unwrap_or_default();
                let before = places.len();
                places.extend(
                    secret_lines(written).map(|(from, to)| Place::new(start + from, start + to)),
                );
                if places.len() == before || !written.contains('\n') {
                    places.push(node.place);
                }
            }
        }
        Content::List(items) => {
            for item in items {
                gather(under, item, file, places);
            }
        }
        Content::Map(entries) => {
            let within = under.within(entries);
            for entry in entries {
                gather(within.entry(&entry.key), &entry.value, file, places);
            }
        }
    }
}

/// The name and the value of `NAME=value`, `name: value` or `name value`, where a text is one.
#[must_use]
pub fn assignment(scalar: &Scalar) -> Option<(&str, &str)> {
    if !matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose) {
        return None;
    }
    let (name, value) = scalar.text.split_once(['=', ':'])?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name);
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    (is_name && !value.starts_with("//"))
        .then_some((name, value.trim().trim_matches(['"', '\'', ';'])))
}

#[cfg(test)]
mod tests {
    use super::{
        Scalar, ScalarKind, Under, covered_lines, is_secret, secret_of_line, secret_places,
    };
    use crate::document::{Format, read};
    use crate::source::SourceFile;

    fn secret(key: &str, text: &str) -> bool {
        is_secret(
            key,
            &Scalar {
                kind: ScalarKind::Text,
                text: text.into(),
            },
        )
    }

    #[test]
    fn secrets_are_known_by_their_key_or_by_their_look() {
        for (key, text) in [
            ("password", "hunter2"),
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "hunter2"),
            ("SECRET_KEY_BASE", "0a1b2c"),
            ("apiKey", "0a1b2c"),
            ("api_key", "0a1b2c"),
            ("x-api-key", "0a1b2c"),
            ("SENTRY_DSN", "https://0a1b@sentry.example/1"),
            ("anything", "ghp_0123456789abcdef"),
            ("database_url", "postgres://app:hunter2@db/app"),
            ("clientSecret", "s3cr3t"),
            ("tokens", "x"),
            ("SMTP_PASS", "hunter2"),
            ("MYSQL_PWD", "hunter2"),
            ("JWT_KEY", "hunter2hunter2"),
            ("SUPABASE_ANON_KEY", "0a1b2c3d4e"),
            ("Key", "0a1b2c3d4e5f6a7b8c9d0e1f2a3b"),
        ] {
            assert!(secret(key, text), "{key} {text}");
        }
    }

    #[test]
    fn what_only_speaks_of_secrets_is_none() {
        for (key, text) in [
            ("password_file", "/run/secrets/db"),
            ("secretName", "tls-web"),
            ("token_ttl", "1h"),
            ("password", "${DB_PASSWORD}"),
            ("password", ""),
            ("USE_TOKEN", "true"),
            ("require_password", "No"),
            ("monkey", "banana"),
            ("keyboard", "de"),
            ("tokenizer", "bpe"),
            ("database_url", "postgres://app@db/app"),
            ("secretKeyRef", "x"),
            ("image", "nginx:1"),
            ("proxy_pass", "http://app:3000"),
            ("PWD", "/srv/app"),
            ("key", "live/network/terraform.tfstate"),
            ("key", "username"),
            ("ssl_certificate_key", "/etc/ssl/app.pem"),
            ("partition_key", "customer-number"),
            ("routing-key", "orders.created"),
        ] {
            assert!(!secret(key, text), "{key} {text}");
        }
    }

    #[test]
    fn secrets_within_a_text_are_covered_line_by_line() {
        let text = "url: postgres://app:hunter@db/x\n- API_TOKEN=abc\n\"password\": \"x1\",\nlevel: info\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nlast: 1\n";
        let covered = covered_lines(text).unwrap();
        for secret in ["hunter", "abc", "x1", "MIIE"] {
            assert!(!covered.contains(secret), "{covered}");
        }
        assert!(covered.contains("level: info\n") && covered.ends_with("last: 1\n"));
        assert_eq!(covered.lines().count(), text.lines().count());
        assert_eq!(covered_lines("a: 1\nb: 2\n"), None);
        assert_eq!(covered_lines("password: x"), None);
    }

    #[test]
    fn a_secret_within_a_value_is_one() {
        let holds = |text: &str| {
            let kind = ScalarKind::Text;
            Under::key("DefaultConnection").is_secret(&Scalar {
                kind,
                text: text.into(),
            })
        };
        for text in [
            "Server=db;Database=app;User Id=sa;Password=hunter2;Encrypt=True",
            "--db-password=hunter2",
            "jdbc:postgresql://db/app?user=app&password=hunter2",
            "DB_PASSWORD=hunter2",
            "curl -H 'X-Api-Key: 0a1b2c'",
            "ENC[AES256_GCM,data:0a1b2c,iv:x,tag:y,type:str]",
            "notify https://hooks.slack.com/services/T0/B0/0a1b2c",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "Server=db;Password=${DB_PASSWORD};Encrypt=True",
            "--password-file=/run/secrets/db",
            "a token bucket",
            "https://www.example.org/reset-password/new",
            "require_password=true",
            "web.password.length=8",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn an_expression_with_a_secret_spelled_out_holds_one() {
        let holds = |text: &str| {
            let kind = ScalarKind::Expression;
            Under::key("policy").is_secret(&Scalar {
                kind,
                text: text.into(),
            })
        };
        assert!(holds(
            "jsonencode({ user = \"app\", password = \"hunter2\" })"
        ));
        assert!(holds("coalesce(var.password, \"hunter2\")"));
        assert!(holds(
            "<<-EOT\nexport DB_PASSWORD=hunter2\necho ${var.name}\nEOT"
        ));
        assert!(!holds(
            "jsonencode({ password = random_password.main.result })"
        ));
        assert!(!holds("module.database.password"));
    }

    #[test]
    fn lines_of_programs_and_of_servers_hold_secrets() {
        for (line, name) in [
            ("set :db_password, \"hunter2\"", "db_password"),
            (
                "  config.secret_key_base = '0a1b2c'",
                "config.secret_key_base",
            ),
            ("password hunter2", "password"),
            (
                "proxy_set_header Authorization \"Basic 0a1b2c\";",
                "Authorization",
            ),
            ("ENV.fetch(\"SECRET_KEY\", \"0a1b2c\")", "SECRET_KEY"),
            ("redis = connect('redis://app:hunter2@db:6379/0')", ""),
            ("export API_TOKEN=0a1b2c", "API_TOKEN"),
        ] {
            assert_eq!(secret_of_line(line), Some(name), "{line}");
        }
        for line in [
            "  password: ENV[\"MAIL_PASSWORD\"],",
            "set :db_password, ENV.fetch('DB_PASSWORD')",
            "config.filter_parameters += [:password, :token]",
            "get '/reset_password', to: 'users#reset'",
            "location /reset-password {",
            "PasswordAuthentication no",
            "proxy_set_header X-Auth-Token $token;",
        ] {
            assert_eq!(secret_of_line(line), None, "{line}");
        }
    }

    #[test]
    fn secrets_in_comments_and_whole_keys_are_covered() {
        let covered = |name: &str, text: &str, format| {
            let document = read(&SourceFile::new(name, text), format).unwrap();
            let places = secret_places(&document);
            let texts = places
                .iter()
                .map(|place| text[place.start as usize..place.end as usize].to_owned());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(
            covered(
                ".env",
                "PORT=1\n# DB_PASSWORD=hunter2\nHOST=a\n",
                Format::Dotenv
            ),
            ["# DB_PASSWORD=hunter2"]
        );
        assert_eq!(
            covered(
                "key",
                "a\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\nb\n",
                Format::Lines
            ),
            [
                "-----BEGIN PRIVATE KEY-----",
                "MIIB",
                "-----END PRIVATE KEY-----"
            ]
        );
    }
}
