//! Splits a key into words: at separators, at camel-case boundaries, and around a joined word for a secret.
//!
//! `PGPASSWORD` is `pg`, `password`; `AWSAccessKeyId` is `aws`, `access`, `key`, `id`; `existingsecret` is `existing`,
//! `secret`. `key` interprets the words.

/// The largest number of characters of a key that are read: longer keys are not words.
const LONGEST: usize = 200;

/// Words for secrets that are found anywhere in a longer word, longest first, with their parts.
const GLUED: &[(&str, &[&str])] = &[
    ("connectionstring", &["connectionstring"]),
    ("dockerconfigjson", &["dockerconfigjson"]),
    ("encryptionkey", &["encryption", "key"]),
    ("erlangcookie", &["erlang", "cookie"]),
    ("releasecookie", &["release", "cookie"]),
    ("authorization", &["authorization"]),
    ("authentication", &["authentication"]),
    ("credentials", &["credentials"]),
    ("credential", &["credential"]),
    ("passphrase", &["passphrase"]),
    ("privatekey", &["private", "key"]),
    ("signingkey", &["signing", "key"]),
    ("webhookurl", &["webhook", "url"]),
    ("accountkey", &["account", "key"]),
    ("accesskey", &["access", "key"]),
    ("secretkey", &["secret", "key"]),
    ("sharedkey", &["shared", "key"]),
    ("masterkey", &["master", "key"]),
    ("passcode", &["passcode"]),
    ("password", &["password"]),
    ("passwort", &["password"]),
    ("authkey", &["auth", "key"]),
    ("connstr", &["connectionstring"]),
    ("webhook", &["webhook"]),
    ("apikey", &["api", "key"]),
    ("passwd", &["password"]),
    ("secret", &["secret"]),
    ("token", &["token"]),
];

/// Words for secrets that are found only at the end of a longer word.
const GLUED_AT_THE_END: &[&str] = &["pass", "pwd", "auth", "jwt"];

/// Words that end like a word for a secret and have another meaning.
const OTHER_WORDS: &[&str] = &[
    "bypass",
    "compass",
    "trespass",
    "surpass",
    "encompass",
    "underpass",
    "overpass",
    "onepass",
    "twopass",
    "multipass",
    "singlepass",
    "passthrough",
    "proxypass",
    "highpass",
    "lowpass",
    "oauth",
    "secretary",
    "secretariat",
    "keepass",
    "impass",
];

/// Suffixes after a word for a secret that make the whole another word: `tokenizer`, `tokenize`.
const OTHER_ENDINGS: &[&str] = &["iz", "ise", "isation", "ary", "ariat", "ing"];

/// Returns the words of a key, in lower case, without trailing digits.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in parts(key) {
        let bare = word.trim_end_matches(|each: char| each.is_ascii_digit());
        if bare.is_empty() {
            words.push(word);
        } else {
            unglue(bare, &mut words);
        }
    }
    words
}

/// Returns the parts of a key between separators and camel-case boundaries: `AWSAccess` is `aws`, `access`.
fn parts(key: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut characters = key.chars().take(LONGEST).peekable();
    let (mut was_lower, mut was_upper) = (false, false);
    while let Some(each) = characters.next() {
        if !each.is_alphanumeric() {
            words.push(String::new());
            (was_lower, was_upper) = (false, false);
            continue;
        }
        let is_upper = each.is_uppercase();
        // The last of several capitals starts the next word.
        let begins =
            was_upper && is_upper && characters.peek().is_some_and(|next| next.is_lowercase());
        if is_upper && was_lower || begins {
            words.push(String::new());
        }
        was_lower = each.is_lowercase() || each.is_numeric();
        was_upper = is_upper;
        if let Some(word) = words.last_mut() {
            word.extend(each.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Splits a word at a word for a secret.
fn unglue(word: &str, words: &mut Vec<String>) {
    if OTHER_WORDS.contains(&word) {
        words.push(word.to_owned());
        return;
    }
    for (glued, pieces) in GLUED {
        let Some(at) = word.rfind(glued) else {
            continue;
        };
        let (before, after) = (
            word.get(..at).unwrap_or_default(),
            word.get(at + glued.len()..).unwrap_or_default(),
        );
        if OTHER_ENDINGS.iter().any(|ending| after.starts_with(ending)) {
            break;
        }
        if !before.is_empty() {
            unglue(before, words);
        }
        words.extend(pieces.iter().map(|piece| (*piece).to_owned()));
        match (after, words.last_mut()) {
            ("s", Some(last)) => last.push('s'),
            ("", _) => {}
            _ => unglue(after, words),
        }
        return;
    }
    for end in GLUED_AT_THE_END {
        if let Some(before) = word.strip_suffix(end) {
            if !before.is_empty() {
                words.push(before.to_owned());
            }
            words.push((*end).to_owned());
            return;
        }
    }
    words.push(word.to_owned());
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_key_is_split_at_separators_case_and_words_for_secrets() {
        for (key, wanted) in [
            ("db_password", "db password"),
            ("dbPassword", "db password"),
            ("PGPASSWORD", "pg password"),
            ("DBPassword2", "db password"),
            ("AWSAccessKeyId", "aws access key id"),
            ("x-api-key", "x api key"),
            ("clientsecret", "client secret"),
            ("REDISCLI_AUTH", "rediscli auth"),
            ("requirepass", "require pass"),
            ("masterauth", "master auth"),
            ("htpasswd", "ht password"),
            ("existingsecret", "existing secret"),
            ("passwordauthentication", "password authentication"),
            ("tokens", "tokens"),
            ("accesstokens", "access tokens"),
            ("tokenizer", "tokenizer"),
            ("bypass", "bypass"),
            ("secretary", "secretary"),
            ("oauth2Token", "oauth token"),
            ("jwtsecret", "jwt secret"),
        ] {
            assert_eq!(words(key).join(" "), wanted, "{key}");
        }
        assert!(words("").is_empty() && words("--").is_empty());
    }
}
