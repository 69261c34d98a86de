//! The form of a value, and whether a value of that form may be a secret under its key.
//!
//! A boolean, a duration, a path, a URL without credentials and a reference to a secret are no secrets. The strictness
//! depends on the key: under `password` a word is a secret, under `passwordPolicy` it is a setting.

use super::key::{Bearing, bearing};
use super::url::{has_credentials, leads_to_a_hook};

/// The marker in reports in place of a secret. It is not taken for a secret when read again.
pub(crate) const COVERED: &str = "(a secret, not shown)";

/// Returns whether a value under a key with this bearing is harmless.
pub(crate) fn is_harmless(bearing: Bearing, text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text == COVERED || is_reference(text) {
        return true;
    }
    if let Some(items) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let bare = |item: &str| item.trim().trim_matches(['"', '\'']).to_owned();
        return items
            .split(',')
            .all(|item| is_harmless(bearing, &bare(item)));
    }
    match bearing {
        Bearing::Plain => true,
        Bearing::Name => !is_random(text),
        Bearing::Setting => !is_random(text) && !is_credential(text),
        Bearing::Index => !is_random(text) || text.contains(['/', ':']),
        Bearing::Key => !is_key(text),
        Bearing::Switch => is_settled(text) || is_small(text) || is_word(text),
        Bearing::Weak | Bearing::Likely => is_settled(text) || is_small(text) || is_choice(text),
        Bearing::Strong => is_settled(text),
    }
}

/// Returns whether a text is harmless under any key: a switch, a path, a plain URL, the name of a variable.
fn is_settled(text: &str) -> bool {
    is_mechanism(text)
        || is_switch(text)
        || is_path(text)
        || is_plain_url(text)
        || is_variable(text)
}

/// Returns whether a text below a key of secrets is harmless by its form.
pub(crate) fn is_settled_form(text: &str) -> bool {
    is_harmless(Bearing::Strong, text)
}

/// Returns whether a text is a mechanism of SASL with a hash in its name, and no password.
fn is_mechanism(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "scram-sha-1",
        "scram-sha-256",
        "scram-sha-512",
        "cram-md5",
        "digest-md5",
    ];
    NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// Returns whether a text means on, off or nothing.
fn is_switch(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "null",
        "nil",
        "none",
        "~",
        "enabled",
        "disabled",
        "required",
        "optional",
        "undefined",
        "{}",
    ];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns whether a text is a small number or a duration.
fn is_small(text: &str) -> bool {
    const LONGEST_NUMBER: usize = 3;
    const UNITS: &[&str] = &[
        "ms", "s", "m", "h", "d", "w", "y", "sec", "secs", "second", "seconds", "min", "mins",
        "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months",
        "year", "years", "b", "kb", "mb", "bit", "bits", "bytes", "%",
    ];
    let end = text
        .find(|each: char| !(each.is_ascii_digit() || each == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    let unit = unit.trim();
    match (number.is_empty(), unit.is_empty()) {
        (false, true) => number.len() <= LONGEST_NUMBER,
        (false, false) => UNITS.iter().any(|each| unit.eq_ignore_ascii_case(each)),
        // ISO 8601: `PT15M`, `P30D`.
        (true, _) => text.strip_prefix('P').is_some_and(|rest| {
            !rest.is_empty()
                && rest.bytes().all(|byte| {
                    matches!(
                        byte,
                        b'0'..=b'9' | b'T' | b'D' | b'H' | b'M' | b'S' | b'W' | b'Y'
                    )
                })
                && rest.bytes().any(|byte| byte.is_ascii_digit())
        }),
    }
}

/// Returns whether a text is one lower-case word.
fn is_word(text: &str) -> bool {
    text.len() <= 24
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
        || is_choice(text)
}

/// Returns whether a text is a common option for the handling of secrets.
fn is_choice(text: &str) -> bool {
    const CHOICES: &[&str] = &[
        "allow",
        "always",
        "anonymous",
        "any",
        "api-key",
        "apikey",
        "argon2",
        "argon2i",
        "argon2id",
        "authenticated",
        "auto",
        "automatic",
        "aws",
        "azure",
        "basic",
        "bcrypt",
        "bearer",
        "binding",
        "builtin",
        "cert",
        "certificate",
        "clear",
        "client",
        "config",
        "cookie",
        "cram-md5",
        "crypt",
        "custom",
        "daily",
        "database",
        "default",
        "deny",
        "digest",
        "disable",
        "eddsa",
        "email",
        "enable",
        "env",
        "environment",
        "es256",
        "es384",
        "es512",
        "external",
        "file",
        "form",
        "gcp",
        "github",
        "gitlab",
        "google",
        "gss",
        "gssapi",
        "gssapi-with-mic",
        "header",
        "hmac",
        "hs256",
        "hs384",
        "hs512",
        "http",
        "https",
        "iam",
        "ident",
        "include",
        "inherit",
        "internal",
        "jwt",
        "kerberos",
        "key",
        "keycloak",
        "keyring",
        "kubernetes",
        "ldap",
        "ldaps",
        "local",
        "login",
        "manual",
        "md5",
        "memory",
        "mfa",
        "monthly",
        "mtls",
        "mutual",
        "native",
        "negotiate",
        "never",
        "ntlm",
        "oauth",
        "oauth2",
        "oidc",
        "okta",
        "opaque",
        "open",
        "pam",
        "passthrough",
        "password",
        "pbkdf2",
        "peer",
        "permissive",
        "plain",
        "plaintext",
        "preferred",
        "private",
        "prompt",
        "proxy",
        "ps256",
        "public",
        "publickey",
        "query",
        "radius",
        "raw",
        "redirect",
        "reject",
        "required",
        "requisite",
        "rs256",
        "rs384",
        "rs512",
        "saml",
        "sasl",
        "scram",
        "scram-sha-1",
        "scram-sha-256",
        "scram-sha-512",
        "scrypt",
        "self",
        "server",
        "service",
        "session",
        "sha-256",
        "sha-512",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "sigv4",
        "simple",
        "sms",
        "smtp",
        "social",
        "ssl",
        "sso",
        "starttls",
        "static",
        "strict",
        "substack",
        "sufficient",
        "system",
        "tls",
        "token",
        "totp",
        "trust",
        "trusted",
        "user",
        "user:pass",
        "vault",
        "weekly",
        "x509",
        "xoauth2",
        "yescrypt",
    ];
    let lower = text.to_ascii_lowercase();
    CHOICES.binary_search(&lower.as_str()).is_ok()
        // A list of them: `publickey,password`.
        || lower.contains([',', ' ', '|'])
            && lower
                .split([',', ' ', '|'])
                .filter(|each| !each.is_empty())
                .all(|each| CHOICES.binary_search(&each).is_ok() || is_switch(each))
}

/// Returns whether a text is a path or a file name.
fn is_path(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "txt",
        "key",
        "pem",
        "crt",
        "cer",
        "der",
        "pub",
        "json",
        "yaml",
        "yml",
        "toml",
        "ini",
        "env",
        "conf",
        "cfg",
        "properties",
        "p12",
        "pfx",
        "jks",
        "keytab",
        "gpg",
        "asc",
        "age",
        "enc",
        "kdbx",
        "db",
        "sh",
        "netrc",
        "secret",
    ];
    let is_sound = |segment: &str| {
        !is_random(segment)
            && !is_mixed(segment)
            && segment.chars().all(|each| {
                each.is_alphanumeric()
                    || matches!(
                        each,
                        '.' | '_' | '-' | '{' | '}' | '$' | '@' | ' ' | ':' | '~' | '*'
                    )
            })
    };
    // `hash:/etc/postfix/sasl`, `file:/run/secrets/db`.
    let path = text
        .split_once(':')
        .filter(|(scheme, rest)| {
            rest.starts_with('/')
                && !rest.starts_with("//")
                && !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        .map_or(text, |(_, rest)| rest);
    let separators: &[char] = if path.contains('\\') { &['\\'] } else { &['/'] };
    let segments: Vec<&str> = path.split(separators).collect();
    if !segments.iter().all(|segment| is_sound(segment)) {
        return false;
    }
    let named = segments.last().is_some_and(|last| {
        last.rsplit_once('.').is_some_and(|(stem, ending)| {
            ENDINGS.contains(&ending)
                && stem.bytes().all(|byte| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || matches!(byte, b'-' | b'_' | b'.')
                })
        })
    });
    let begins = path.starts_with(['/', '~'])
        || path.starts_with("./")
        || path.starts_with("../")
        || path.get(1..3) == Some(":\\");
    let is_plain = |segment: &&str| {
        segment.len() >= 2
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
    };
    named
        || begins && segments.iter().filter(|each| !each.is_empty()).count() >= 2
        || segments.len() >= 2 && segments.iter().all(is_plain)
}

/// Returns whether a word mixes capitals, small letters and digits, which names of files and directories rarely do.
fn is_mixed(text: &str) -> bool {
    let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_digit)
}

/// Returns whether a text is a URL without credentials.
fn is_plain_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b':' | b'-' | b'.')
            })
            && !rest.is_empty()
            && !text.contains(char::is_whitespace)
            && !rest.contains(['@', ';'])
    }) && !has_credentials(text)
        && !leads_to_a_hook(text)
}

/// Returns whether a text is the name of a variable with a secret: `DB_PASSWORD`.
fn is_variable(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && bearing(text) >= Bearing::Key
}

/// Returns whether a text contains a secret regardless of its key: a word followed by a secret, such as `Bearer x`.
fn is_credential(text: &str) -> bool {
    const SCHEMES: &[&str] = &["bearer", "basic", "token", "apikey"];
    text.split_once(' ').is_some_and(|(scheme, rest)| {
        SCHEMES.iter().any(|each| scheme.eq_ignore_ascii_case(each))
            && rest.trim().len() >= 8
            && !rest.trim().contains(' ')
            && !is_reference(rest)
    })
}

/// Returns whether a text may be a key for access: one word, long enough, and not a path.
fn is_key(text: &str) -> bool {
    const LONG_ENOUGH: usize = 8;
    let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_one_word = !text.chars().any(|each| each.is_whitespace() || each == '.')
        && !text.starts_with(['/', '~', '@', '$'])
        && !text.contains("://")
        && !is_path(text)
        && !is_variable(text);
    let is_mixed = any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic)
        || any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
    is_one_word && text.len() >= LONG_ENOUGH && is_mixed
}

/// Returns whether a text is one long random-looking word: letters of both cases and digits, or hexadecimal digits.
pub(crate) fn is_random(text: &str) -> bool {
    const LONG: usize = 20;
    const LONG_HEXADECIMAL: usize = 24;
    let is_base = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'~')
    };
    let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_hexadecimal = text.len() >= LONG_HEXADECIMAL
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && any(u8::is_ascii_digit);
    let is_muddle = text.len() >= LONG
        && text.bytes().all(is_base)
        && is_mixed(text)
        && !text.starts_with(['/', '~']);
    is_hexadecimal || is_muddle
}

/// Returns whether a text only refers to a secret: `${PASSWORD}`, `{{ vault.password }}`, `op://vault/item`.
pub(crate) fn is_reference(text: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "op://",
        "vault://",
        "vault:",
        "ref+",
        "secretref:",
        "secretref+",
        "secret://",
        "awssm://",
        "awsssm://",
        "aws-sm://",
        "gcpsm://",
        "sm://",
        "azkv://",
        "akv://",
        "keyvault://",
        "bws://",
        "doppler://",
        "env://",
        "env:",
        "env.",
        "keyring:",
        "keyring://",
        "conjur:",
        "pass://",
        "ssm:",
        "ssm://",
        "arn:",
        "@microsoft.keyvault(",
        "secretsmanager:",
        "secretmanager:",
        "secrets.",
        "var.",
        "local.",
        "data.",
        "module.",
        "process.env",
        "os.environ",
        "file:",
        "file://",
        "systemd-creds:",
        "sops://",
        "!ref ",
        "!sub ",
        "!getatt ",
        "!vault ",
        "k8s:",
        "kube:",
    ];
    let text = text.trim();
    let wrapped = |start: &str, end: &str| {
        text.len() > start.len() + end.len() - 1 && text.starts_with(start) && text.ends_with(end)
    };
    if wrapped("${", "}") {
        return !has_default(text) && is_one_reference(text);
    }
    if wrapped("{{", "}}") {
        return !has_literal_default(text);
    }
    if wrapped("<%=", "%>")
        || wrapped("$(", ")")
        || wrapped("#{", "}")
        || wrapped("$__", "}")
        || wrapped("@", "@")
        || wrapped("__", "__")
        || wrapped("((", "))")
        || wrapped("[[", "]]")
        || wrapped("%{", "}")
    {
        return true;
    }
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ')
            })
    };
    let is_upper = |name: &str| {
        is_name(name)
            && !name
                .bytes()
                .any(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    if wrapped("<", ">") || wrapped("%", "%") {
        return text.get(1..text.len() - 1).is_some_and(is_name);
    }
    // `$PASSWORD`, but not `$apr1$…`; lower case in nginx, where digits suggest a password.
    if let Some(name) = text.strip_prefix('$') {
        return is_upper(name) && !name.starts_with(|first: char| first.is_ascii_digit())
            || is_name(name)
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    }
    if let Some(rest) = text
        .strip_prefix("Bearer ")
        .or_else(|| text.strip_prefix("Basic "))
    {
        return is_reference(rest);
    }
    let lower = text
        .get(..text.floor_char_boundary(24))
        .unwrap_or(text)
        .to_ascii_lowercase();
    let is_scheme = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
    // Ciphertexts of Vault's transit engine start with `vault:v1:`; paths do not.
    is_scheme
        && !text.contains(char::is_whitespace)
        && !is_random(text.rsplit([':', '/', '.', '#']).next().unwrap_or(text))
        || lower.starts_with('!') && is_scheme
}

/// Returns whether a text in braces is one reference, without further text after it.
fn is_one_reference(text: &str) -> bool {
    let mut depth = 0_u32;
    let last = text.len().saturating_sub(1);
    text.bytes().enumerate().all(|(at, byte)| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at <= 1 || depth > 0 || at == last
    })
}

/// Returns whether `${NAME:-text}` or `${name:text}` contains a literal default.
fn has_default(text: &str) -> bool {
    default_in(text).is_some_and(|default| !is_reference(default) && !is_switch(default))
}

/// Returns the text after the name of `${NAME:-text}`; `None` without one, or when `?` starts a message.
pub(super) fn default_in(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let end = inner.find(|each: char| !(each.is_alphanumeric() || matches!(each, '_' | '.')))?;
    let rest = inner.get(end..)?;
    let default = rest
        .strip_prefix(":-")
        .or_else(|| rest.strip_prefix(":="))
        .or_else(|| rest.strip_prefix('-'))
        .or_else(|| rest.strip_prefix('='))
        .or_else(|| {
            rest.strip_prefix(':')
                .filter(|rest| !rest.starts_with(['?', '+']))
        })?;
    let default = default.trim().trim_matches(['"', '\'']);
    (!default.is_empty()).then_some(default)
}

/// Returns whether `{{ name | default('text') }}` contains a literal default.
fn has_literal_default(text: &str) -> bool {
    text.match_indices("default").any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '(', ':', '=']);
        rest.strip_prefix(['"', '\''])
            .is_some_and(|rest| !rest.starts_with(['"', '\'']))
    })
}

#[cfg(test)]
mod tests {
    use super::super::key::Bearing::{Index, Key, Likely, Name, Setting, Strong, Switch, Weak};
    use super::{is_choice, is_harmless, is_reference};

    #[test]
    fn harmless_forms_are_not_secrets() {
        for (bearing, text) in [
            (Strong, ""),
            (Strong, "true"),
            (Strong, "No"),
            (Strong, "${DB_PASSWORD}"),
            (Strong, "/run/secrets/db"),
            (Strong, "./secrets/db.txt"),
            (Strong, "prod/db"),
            (Strong, "password.txt"),
            (Strong, "https://auth.example.org/token"),
            (Strong, "DB_PASSWORD"),
            (Strong, "C:\\secrets\\db"),
            (Weak, "ldap"),
            (Weak, "SCRAM-SHA-256"),
            (Weak, "30d"),
            (Weak, "10"),
            (Weak, "publickey,password"),
            (Likely, "PT15M"),
            (Switch, "sometimes"),
            (Switch, "1"),
            (Setting, "scram-sha-256"),
            (Setting, "3600"),
            (Name, "db-main"),
            (Name, "https://auth.example.org/token"),
            (Key, "username"),
            (Key, "live/network/terraform.tfstate"),
            (Index, "TokenTimeout"),
        ] {
            assert!(is_harmless(bearing, text), "{bearing:?} {text}");
        }
    }

    #[test]
    fn other_forms_are_secrets() {
        for (bearing, text) in [
            (Strong, "hunter"),
            (Strong, "12345"),
            (Strong, "1"),
            (Strong, "default"),
            (Strong, "/x9Kd0Qm3"),
            (Strong, "${DB_PASSWORD:-hunter2}"),
            (Strong, "{{ password | default('hunter2') }}"),
            (Strong, "https://app:hunter2@example.org/"),
            (Strong, "https://0a1b2c3d4e5f60718293@sentry.example.org/1"),
            (Strong, "a b"),
            (Strong, "${A}x${B}"),
            (Strong, "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A="),
            (Weak, "Summer-Wind-88"),
            (Weak, "1234"),
            (Weak, "Bearer Summer-Wind-88"),
            (Likely, "hunter"),
            (Switch, "Summer-Wind-88"),
            (Setting, "x9Kd0Qm3Lp7Zr2Vt8Yw4"),
            (Name, "0a1b2c3d4e5f60718293a4b5"),
            (Key, "hunter2hunter2"),
            (Index, "0a1b2c3d4e5f6a7b8c9d0e1f2a3b"),
        ] {
            assert!(!is_harmless(bearing, text), "{bearing:?} {text}");
        }
    }

    #[test]
    fn references_to_secrets_are_harmless() {
        for text in [
            "${DB_PASSWORD}",
            "${DB_PASSWORD:?is needed}",
            "${DB_PASSWORD:-}",
            "$DB_PASSWORD",
            "$(DB_PASSWORD)",
            "%DB_PASSWORD%",
            "{{ .Values.password }}",
            "{{ lookup('env', 'DB_PASSWORD') }}",
            "{{resolve:secretsmanager:prod/db:SecretString:password}}",
            "<%= ENV['X'] %>",
            "<your-token>",
            "@DB_PASSWORD@",
            "op://vault/db/password",
            "vault:secret/data/db#password",
            "ref+vault://secret/db#/password",
            "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-x7Kd9a",
            "$__file{/etc/secrets/db}",
            "var.password",
            "Bearer ${TOKEN}",
            "((db-password))",
        ] {
            assert!(is_reference(text), "{text}");
        }
        for text in [
            "hunter2",
            "$apr1$x$y",
            "$ecret1",
            "${A:-hunter2}",
            "{hunter2}",
            "<hun!ter>",
            "",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn the_list_of_choices_is_sorted() {
        for word in ["allow", "yescrypt", "md5", "SHA256", "token"] {
            assert!(is_choice(word), "{word}");
        }
    }
}
