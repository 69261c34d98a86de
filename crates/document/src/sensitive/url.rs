//! Secrets in URLs: passwords, signatures in parameters, addresses of webhooks.

use std::ops::Range;

use super::form::{is_random, is_reference};

/// Query parameters with a secret whose names are not recognised elsewhere.
const PARAMETERS: &[&str] = &[
    "sig",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
    "key",
    "code",
    "hmac",
    "auth",
    "apitoken",
    "sid",
];

/// Adds the places of secrets in the URLs of a text.
pub(super) fn secrets(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .find(|each: char| {
                each.is_whitespace() || matches!(each, '"' | '\'' | '<' | '>' | '`' | '|')
            })
            .unwrap_or(rest.len());
        let url = rest.get(..length).unwrap_or_default();
        let mut add = |range: Range<usize>| found.push(start + range.start..start + range.end);
        let path = match credentials(url) {
            Some((range, after)) => {
                if let Some(range) = range {
                    add(range);
                }
                after
            }
            None => 0,
        };
        if let Some(from) = hook(url, path) {
            add(from..url.len());
            continue;
        }
        for range in parameters(url) {
            add(range);
        }
    }
    // Oracle's thin driver: `jdbc:oracle:thin:user/password@host`.
    if let Some(at) = text.find("oracle:thin:") {
        let start = at + "oracle:thin:".len();
        let rest = text.get(start..).unwrap_or_default();
        if let Some((user, more)) = rest.split_once('/')
            && let Some((password, _)) = more.rsplit_once('@')
            && !user.contains('@')
            && !password.is_empty()
            && !is_reference(password)
        {
            let from = start + user.len() + 1;
            found.push(from..from + password.len());
        }
    }
}

/// Returns whether a URL contains a secret.
pub(super) fn has_credentials(text: &str) -> bool {
    let mut found = Vec::new();
    secrets(text, &mut found);
    !found.is_empty()
}

/// Returns whether the path of a URL has a random-looking segment: the secret of a webhook.
pub(super) fn leads_to_a_hook(text: &str) -> bool {
    let path = text.split_once("://").map_or("", |(_, rest)| rest);
    path.split(['/', '?']).skip(1).any(is_opaque)
}

/// Returns the password of `user:password@host`, or a user that is a token, and the start of the host.
fn credentials(url: &str) -> Option<(Option<Range<usize>>, usize)> {
    let authority = url.split(['/', '?', '#']).next().unwrap_or(url);
    let user = match authority.rsplit_once('@') {
        Some((user, _)) => user,
        // A password that contains one of these ends at the last `@`; after a host, a port follows.
        None => {
            let (_, after) = authority.split_once(':')?;
            let is_port = after.bytes().all(|byte| byte.is_ascii_digit());
            let (user, _) = url.rsplit_once('@').filter(|_| !is_port)?;
            user
        }
    };
    let host = user.len() + 1;
    let range = match user.split_once(':') {
        Some((name, password)) => {
            (!password.is_empty() && !is_reference(password) && !is_shown(password))
                .then(|| name.len() + 1..user.len())
        }
        None => is_opaque(user).then_some(0..user.len()),
    };
    Some((range, host))
}

/// Returns whether this was already masked.
fn is_shown(text: &str) -> bool {
    text == super::form::COVERED || text.bytes().all(|byte| byte == b'*')
}

/// Returns the start of the secret in a webhook's address.
fn hook(url: &str, host: usize) -> Option<usize> {
    const HOSTS: &[(&str, &str)] = &[
        ("hooks.slack.com", "/services/"),
        ("discord.com", "/api/webhooks/"),
        ("discordapp.com", "/api/webhooks/"),
        ("api.telegram.org", "/bot"),
        ("hooks.zapier.com", "/hooks/catch/"),
        ("office.com", "/webhook"),
        ("events.pagerduty.com", "/integration/"),
    ];
    const WORDS: &[&str] = &[
        "webhook",
        "webhooks",
        "webhookb2",
        "hook",
        "hooks",
        "catch",
        "services",
        "incoming",
    ];
    let rest = url.get(host..).unwrap_or_default();
    let known = HOSTS.iter().find_map(|(name, path)| {
        let (before, _) = rest.split_once('/')?;
        let at = rest.find(path)?;
        before.ends_with(name).then_some(host + at + path.len())
    });
    if known.is_some_and(|at| at < url.len()) {
        return known;
    }
    // Elsewhere: a random-looking segment after such a word in the path.
    let mut at = host;
    let mut is_hook = false;
    for (number, segment) in rest.split('/').enumerate() {
        let path = segment.split('?').next().unwrap_or(segment);
        if number > 0 && is_hook && is_opaque(path) {
            return Some(at);
        }
        is_hook |= number > 0 && WORDS.contains(&path);
        at += segment.len() + 1;
    }
    None
}

/// Returns whether a segment is random-looking: capitals, small letters and digits, or a long run of digits and
/// letters.
fn is_opaque(segment: &str) -> bool {
    const LONG: usize = 16;
    let any = |is: fn(&u8) -> bool| segment.bytes().any(|byte| is(&byte));
    let has_both = any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic);
    let is_mixed = has_both && any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    segment.len() >= 8 && is_mixed && !segment.contains('.')
        || segment.len() >= LONG && has_both && segment.bytes().all(is_plain)
        || is_random(segment)
        || segment.len() == 36
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Adds the values of parameters that sign or grant access.
fn parameters(url: &str) -> Vec<Range<usize>> {
    const SHORTEST: usize = 6;
    let Some(query) = url.find('?') else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = query + 1;
    for part in url.get(at..).unwrap_or_default().split(['&', ';', '#']) {
        if let Some((name, value)) = part.split_once('=')
            && value.len() >= SHORTEST
            && PARAMETERS
                .iter()
                .any(|each| name.eq_ignore_ascii_case(each))
            && !is_reference(value)
            && (is_signature(name) || is_made(value))
        {
            found.push(at + name.len() + 1..at + part.len());
        }
        at += part.len() + 1;
    }
    found
}

/// Returns whether a parameter signs a URL, regardless of its value.
fn is_signature(name: &str) -> bool {
    name.eq_ignore_ascii_case("sig") || name.to_ascii_lowercase().ends_with("signature")
}

/// Returns whether a value has more than small letters.
fn is_made(value: &str) -> bool {
    value
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::secrets;

    fn in_text(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        secrets(text, &mut found);
        found.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn passwords_tokens_and_signatures_are_found() {
        for (text, secret) in [
            ("postgres://app:hunter2@db/app", "hunter2"),
            ("see redis://:hunter2@db:6379/0, and more", "hunter2"),
            ("postgres://app:hun/ter?2@db/app", "hun/ter?2"),
            ("postgres://app:p@ss@db:5432/app", "p@ss"),
            (
                "https://0a1b2c3d4e5f60718293a4b5@sentry.example.org/1",
                "0a1b2c3d4e5f60718293a4b5",
            ),
            (
                "https://x.example.org/a?sv=2021&sig=Ab3%2Fx9Kd0Qm3",
                "Ab3%2Fx9Kd0Qm3",
            ),
            (
                "https://s3.example.org/a?X-Amz-Signature=0a1b2c3d4e",
                "0a1b2c3d4e",
            ),
            ("https://hooks.slack.com/services/T0/B0/abc", "T0/B0/abc"),
            ("https://discord.com/api/webhooks/1/abc", "1/abc"),
            (
                "https://example.webhook.office.com/webhookb2/0a1b/x",
                "b2/0a1b/x",
            ),
            ("https://chat.example.org/hooks/x9Kd0Qm3Lp7", "x9Kd0Qm3Lp7"),
            ("jdbc:oracle:thin:app/hunter2@//db:1521/x", "hunter2"),
        ] {
            assert_eq!(in_text(text), [secret], "{text}");
        }
    }

    #[test]
    fn other_urls_have_no_secrets() {
        for text in [
            "https://example.org:8443/a@b?c=d",
            "postgres://app@db/app",
            "postgres://app:${DB_PASSWORD}@db/app",
            "https://example.org/hooks/deploy",
            "https://example.org/v1/webhooks",
            "https://example.org/a?key=name&code=de",
            "postgres://app:(a secret, not shown)@db/app",
            "://",
            "://@",
            "a://:@b",
        ] {
            assert!(in_text(text).is_empty(), "{text}");
        }
    }
}
