//! Which values of a document are secrets: they are compared, and never shown.
//!
//! By the key they stand under, and by how they look. It would rather cover a value too many than show one: what is
//! covered is still reported, at its place.

use super::Format;
use super::tree::{Content, Document, Node, Place, Scalar, ScalarKind};

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
const BEGINNINGS: &[&str] = &[
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
    looks || names_a_secret(key) || is_key_of_a_kind(key, text)
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
fn names_a_secret(key: &str) -> bool {
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
fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let wrapped = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    wrapped("${", "}") || wrapped("{{", "}}") || wrapped("<%=", "%>") || wrapped("$(", ")")
}

/// Whether a URL carries a password: `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '"']).next().unwrap_or("");
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !is_reference(password))
    })
}

/// Whether a single value holds a secret: by its key, by its look, or as a part of it, as `Password=…` in a connection
/// string, `--token=…` in an argument and `password: …` in a file within a file.
#[must_use]
pub fn holds_secret(key: &str, scalar: &Scalar) -> bool {
    secret_of_value(key, scalar).is_some()
}

/// The name of the secret that a value holds as a part of it, or `""` where it has none.
#[must_use]
pub fn secret_of_value<'t>(key: &str, scalar: &'t Scalar) -> Option<&'t str> {
    let within = match scalar.kind {
        ScalarKind::Text | ScalarKind::Loose => scalar
            .text
            .lines()
            .find_map(|line| secret_within(line, Manner::Value)),
        ScalarKind::Expression => scalar
            .text
            .lines()
            .find_map(|line| secret_within(line, Manner::Expression)),
        _ => None,
    };
    within.or_else(|| is_secret(key, scalar).then_some(""))
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

/// Whether what follows a secret's name is the secret itself, and not where it comes from.
fn is_literal(value: &str, is_quoted: bool) -> bool {
    const COMPUTED: &[&str] = &[
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
        && !COMPUTED.iter().any(|start| value.starts_with(start))
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
    for root in &document.roots {
        gather("", root, &mut places);
    }
    lines_with_secrets(&document.file.text, &is_comment, &mut places);
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

fn gather(key: &str, node: &Node, places: &mut Vec<Place>) {
    match &node.content {
        Content::Scalar(scalar) => {
            if holds_secret(key, scalar) {
                places.push(node.place);
            }
        }
        Content::List(items) => {
            for item in items {
                gather(key, item, places);
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                gather(&entry.key, &entry.value, places);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scalar, ScalarKind, holds_secret, is_secret, secret_of_line, secret_places};
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
    fn a_secret_within_a_value_is_one() {
        let holds = |text: &str| {
            let kind = ScalarKind::Text;
            holds_secret(
                "DefaultConnection",
                &Scalar {
                    kind,
                    text: text.into(),
                },
            )
        };
        for text in [
            "Server=db;Database=app;User Id=sa;Password=hunter2;Encrypt=True",
            "--db-password=hunter2",
            "jdbc:postgresql://db/app?user=app&password=hunter2",
            "DB_PASSWORD=hunter2",
            "user: app\npassword: hunter2\n",
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
            holds_secret(
                "policy",
                &Scalar {
                    kind,
                    text: text.into(),
                },
            )
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
