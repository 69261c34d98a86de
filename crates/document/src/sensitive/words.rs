//! Splits a key into its words: at separators, at humps, and where a word for a secret is glued to another word.
//!
//! `PGPASSWORD` is `pg`, `password`; `AWSAccessKeyId` is `aws`, `access`, `key`, `id`; `existingsecret` is `existing`,
//! `secret`. What the words mean is left to `key`.

/// The most characters of a key that are read: no longer key is a word.
const LONGEST: usize = 200;

/// Words for secrets that are found at any place of a longer word, the longer ones first, and what they are split into.
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

/// Words for secrets that are found at the end of a longer word only.
const GLUED_AT_THE_END: &[&str] = &["pass", "pwd", "auth", "jwt"];

/// Words that end like a word for a secret and are about something else.
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

/// What follows a word for a secret where the whole is another word: `tokenizer`, `tokenize`.
const OTHER_ENDINGS: &[&str] = &["iz", "ise", "isation", "ary", "ariat", "ing"];

/// The words of a key, in lower case, without the digits at their ends.
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

/// The parts of a key between separators and humps: `AWSAccess` is `aws`, `access`.
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
        // The last capital of several begins the next word.
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

/// Takes a word apart at a word for a secret.
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
    fn a_key_is_split_at_separators_humps_and_words_for_secrets() {
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
