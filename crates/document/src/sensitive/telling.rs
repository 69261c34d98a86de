//! A prefilter: only texts with letter sequences that accompany every secret are checked closely. Checking all of them
//! would take longer than the comparison.

use std::sync::LazyLock;

use regex::Regex;

/// Stems of words for secrets, prefixes of tokens, and markers of lines in which a secret has no name.
static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)pass|pwd|psw|pw\b|secret|token|key|cred|auth|dsn|connect|conn_?str|hook|salt|pepper|jwt|bearer|basic ",
        r"|cookie|otp|\bpin\b|_pin\b|\bsas\b|mnemonic|seed_?phrase|secure|encrypted|slack|://|oracle:thin:|-----begin|identified |setuser|\buser [a-z0-9_-]+ ",
        r"|\bdata\b|stringdata|\bvalue\b",
        r#"|[\s"'\[,]-[pauwnk]|\n-[pauwnk]|^-[pauwnk]"#,
        r"|:[0-9*][0-9]*:[!-9;-~]+:|login ",
        r"|gh[pousr]_|github_pat_|gl[a-z]+[_-]|xox[a-z][-.]|xapp-|sk-|[sr]k_|a[skbc][ic]a|ltai|aiza|ya29\.|gocspx-|eyj|hv[sbr]\.|npm_|pypi-",
        r"|rubygems_|dckr_|do[op]_v1_|dp\.|shp|sq0|sg\.|key-|lin_api_|ntn_|figd_|hf_|gsk_|xai-|sntry|tskey-|sbp_|nrak-|pmak-|ccipat_|bkua_|age-sec|akcp|oy2|v1\.0-",
        r"|whsec_|ls0tls1crudj|\bmd5[0-9a-f]{32}|\$[a-z0-9]{1,6}\$|\$argon|\$scrypt|\$pbkdf|\$bcrypt|\{s?sha|\{crypt|\{plain|\{md5|pbkdf2|scrypt:|scram-sha",
        r"|\bsig=|signature|\bcode=",
    ))
    .ok()
});

/// Returns whether a text may contain a secret.
pub(crate) fn may_hold(text: &str) -> bool {
    TELLING
        .as_ref()
        .is_none_or(|telling| telling.is_match(text))
}

/// Returns the start of the next part of a text that may contain a secret.
pub(crate) fn next(text: &str, from: usize) -> Option<usize> {
    match TELLING.as_ref() {
        Some(telling) => telling.find_at(text, from).map(|found| found.start()),
        None => (from < text.len()).then_some(from),
    }
}

#[cfg(test)]
mod tests {
    use super::{may_hold, next};

    #[test]
    fn every_text_that_may_contain_a_secret_is_checked() {
        for text in [
            "DB_PASSWORD=x",
            "admin_pw=x",
            "-pSummer",
            "mysql -pSummer",
            "[\"-pSummer\"]",
            "user app on >x",
            "db:5432:shop:app:x",
            "db:*:*:app:x",
            "app:$apr1$x",
            "AKIA0123456789ABCDEF",
            "PIN=1234",
            "redis-cli -a x",
            "postgres://a:b@c",
        ] {
            assert!(may_hold(text), "{text}");
        }
        assert!(!may_hold("level: info") && !may_hold(""));
        assert_eq!(next("a\nb: 1\nsecret: x", 0), Some(7));
    }
}
