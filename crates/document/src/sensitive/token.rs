//! Tokens of well-known services and hashes of passwords, recognised by prefix and remainder.
//!
//! A prefix counts only at the start of a word, and the remainder must look generated: `sk-` in `risk-language` is not
//! a token.

use std::ops::Range;
use std::sync::LazyLock;

use super::beginnings::Beginnings;

/// The form of the remainder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Letters of both cases or digits, at least this many characters.
    Mixed(usize),
    /// Letters and digits without a hyphen, at least this many, with at least one digit.
    Row(usize),
    /// Exactly this many capitals and digits.
    Capitals(usize),
    /// Two more parts after dots.
    Parts,
    /// Anything up to the end of the word.
    Any,
}

/// Prefixes of tokens with the form of their remainder.
const BEGINNINGS: &[(&str, Rest)] = &[
    ("ghp_", Rest::Mixed(8)),
    ("gho_", Rest::Mixed(8)),
    ("ghs_", Rest::Mixed(8)),
    ("ghu_", Rest::Mixed(8)),
    ("ghr_", Rest::Mixed(8)),
    ("github_pat_", Rest::Mixed(8)),
    ("glpat-", Rest::Mixed(8)),
    ("glptt-", Rest::Mixed(8)),
    ("gldt-", Rest::Mixed(8)),
    ("glrt-", Rest::Mixed(8)),
    ("gloas-", Rest::Mixed(8)),
    ("glcbt-", Rest::Mixed(8)),
    ("glsa_", Rest::Mixed(8)),
    ("glc_", Rest::Mixed(16)),
    ("xoxb-", Rest::Mixed(8)),
    ("xoxp-", Rest::Mixed(8)),
    ("xoxa-", Rest::Mixed(8)),
    ("xoxo-", Rest::Mixed(8)),
    ("xoxr-", Rest::Mixed(8)),
    ("xoxs-", Rest::Mixed(8)),
    ("xoxe.", Rest::Mixed(8)),
    ("xapp-", Rest::Mixed(8)),
    ("sk_live_", Rest::Mixed(8)),
    ("sk_test_", Rest::Mixed(8)),
    ("rk_live_", Rest::Mixed(8)),
    ("rk_test_", Rest::Mixed(8)),
    ("whsec_", Rest::Mixed(8)),
    ("sk-", Rest::Row(10)),
    ("AKIA", Rest::Capitals(16)),
    ("ASIA", Rest::Capitals(16)),
    ("ABIA", Rest::Capitals(16)),
    ("ACCA", Rest::Capitals(16)),
    ("LTAI", Rest::Row(12)),
    ("AIza", Rest::Mixed(20)),
    ("ya29.", Rest::Mixed(8)),
    ("GOCSPX-", Rest::Mixed(8)),
    ("eyJ", Rest::Parts),
    ("hvs.", Rest::Mixed(8)),
    ("hvb.", Rest::Mixed(8)),
    ("hvr.", Rest::Mixed(8)),
    ("npm_", Rest::Mixed(16)),
    ("pypi-", Rest::Mixed(16)),
    ("rubygems_", Rest::Mixed(16)),
    ("dckr_pat_", Rest::Mixed(8)),
    ("dckr_oat_", Rest::Mixed(8)),
    ("dop_v1_", Rest::Mixed(8)),
    ("doo_v1_", Rest::Mixed(8)),
    ("dp.pt.", Rest::Mixed(8)),
    ("dp.st.", Rest::Mixed(8)),
    ("shpat_", Rest::Mixed(8)),
    ("shpss_", Rest::Mixed(8)),
    ("shpca_", Rest::Mixed(8)),
    ("sq0atp-", Rest::Mixed(8)),
    ("sq0csp-", Rest::Mixed(8)),
    ("SG.", Rest::Mixed(16)),
    ("key-", Rest::Row(32)),
    ("lin_api_", Rest::Mixed(8)),
    ("ntn_", Rest::Mixed(16)),
    ("figd_", Rest::Mixed(16)),
    ("hf_", Rest::Mixed(20)),
    ("gsk_", Rest::Mixed(20)),
    ("xai-", Rest::Row(20)),
    ("sntrys_", Rest::Mixed(16)),
    ("sntryu_", Rest::Mixed(16)),
    ("tskey-", Rest::Mixed(8)),
    ("sbp_", Rest::Mixed(16)),
    ("NRAK-", Rest::Mixed(16)),
    ("PMAK-", Rest::Mixed(16)),
    ("CCIPAT_", Rest::Mixed(16)),
    ("bkua_", Rest::Mixed(16)),
    ("AGE-SECRET-KEY-", Rest::Mixed(8)),
    ("AKCp", Rest::Mixed(40)),
    ("oy2", Rest::Row(40)),
    ("v1.0-", Rest::Row(24)),
    // Private keys in PEM, encoded in Base64.
    ("LS0tLS1CRUdJTiBSU0Eg", Rest::Mixed(16)),
    ("LS0tLS1CRUdJTiBQUklWQVRF", Rest::Mixed(16)),
    ("LS0tLS1CRUdJTiBFQyBQ", Rest::Mixed(16)),
    ("LS0tLS1CRUdJTiBPUEVOU1NI", Rest::Mixed(16)),
    ("LS0tLS1CRUdJTiBFTkNSWVBURUQg", Rest::Mixed(16)),
    // Hashes of passwords.
    ("md5", Rest::Row(32)),
    ("$apr1$", Rest::Any),
    ("$1$", Rest::Any),
    ("$2a$", Rest::Any),
    ("$2b$", Rest::Any),
    ("$2x$", Rest::Any),
    ("$2y$", Rest::Any),
    ("$5$", Rest::Any),
    ("$6$", Rest::Any),
    ("$7$", Rest::Any),
    ("$y$", Rest::Any),
    ("$gy$", Rest::Any),
    ("$scrypt$", Rest::Any),
    ("$argon2", Rest::Any),
    ("$pbkdf2", Rest::Any),
    ("$bcrypt", Rest::Any),
    ("$$apr1$$", Rest::Any),
    ("$$2a$$", Rest::Any),
    ("$$2b$$", Rest::Any),
    ("$$2y$$", Rest::Any),
    ("$$5$$", Rest::Any),
    ("$$6$$", Rest::Any),
    ("{SHA}", Rest::Any),
    ("{SSHA}", Rest::Any),
    ("{SSHA256}", Rest::Any),
    ("{SSHA512}", Rest::Any),
    ("{CRYPT}", Rest::Any),
    ("{PLAIN}", Rest::Any),
    ("{MD5}", Rest::Any),
    ("pbkdf2_sha", Rest::Any),
    ("pbkdf2:sha", Rest::Any),
    ("scrypt:", Rest::Mixed(24)),
    ("SCRAM-SHA-256$", Rest::Any),
];

/// Their first two bytes.
static FIRST: LazyLock<Beginnings> =
    LazyLock::new(|| Beginnings::of(BEGINNINGS.iter().map(|(start, _)| *start)));

/// The shortest token.
const SHORTEST: usize = 10;

/// Adds the places of tokens in a text.
pub(super) fn secrets(text: &str, found: &mut Vec<Range<usize>>) {
    if text.len() < SHORTEST {
        return;
    }
    let first: &Beginnings = &FIRST;
    let bytes = text.as_bytes();
    let mut next = 0;
    for (at, pair) in bytes.windows(2).enumerate() {
        let may_begin = matches!(pair, [one, two] if first.has(*one, *two));
        if !may_begin || at < next || at + SHORTEST > bytes.len() {
            continue;
        }
        let is_boundary = at
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_none_or(|byte| !is_of_word(*byte));
        if let Some(end) = is_boundary.then(|| token_at(text, at)).flatten() {
            found.push(at..end);
            next = end;
        }
    }
}

/// Returns whether a text contains a token.
#[cfg(test)]
fn has(text: &str) -> bool {
    let mut found = Vec::new();
    secrets(text, &mut found);
    !found.is_empty()
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Returns the end of the token that starts at a position.
fn token_at(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let first = rest.bytes().next()?;
    let (start, wanted) = BEGINNINGS
        .iter()
        .find(|(start, _)| start.bytes().next() == Some(first) && rest.starts_with(start))?;
    let is_hash = *wanted == Rest::Any;
    let after = rest.get(start.len()..)?;
    let length = after
        .find(|each: char| {
            let is_more = each.is_ascii_alphanumeric()
                || matches!(each, '_' | '-' | '.' | '=' | '+' | '/' | '~')
                || is_hash && matches!(each, '$' | ',' | ':' | '{' | '}');
            !is_more
        })
        .unwrap_or(after.len());
    let body = after.get(..length)?;
    let any = |is: fn(&u8) -> bool| body.bytes().any(|byte| is(&byte));
    let is_made =
        any(u8::is_ascii_digit) || any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
    let has_row = |long: usize| {
        body.split(|each: char| !each.is_ascii_alphanumeric())
            .any(|row| {
                row.len() >= long
                    && row.bytes().any(|byte| byte.is_ascii_digit())
                    && row.bytes().any(|byte| byte.is_ascii_alphabetic())
            })
    };
    let fits = match *wanted {
        Rest::Mixed(least) => body.len() >= least && is_made,
        Rest::Row(least) => has_row(least),
        Rest::Capitals(number) => {
            body.len() == number
                && body
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        Rest::Parts => {
            let mut parts = body.split('.');
            parts.next().is_some_and(|head| head.len() >= 8)
                && (parts.next().is_some_and(|claims| claims.len() >= 4)
                    || body.len() >= 40 && is_made)
        }
        Rest::Any => body.len() >= 8,
    };
    fits.then_some(at + start.len() + length)
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn tokens_are_recognised_by_their_prefix() {
        for text in [
            "ghp_0123456789abcdef",
            "token:ghp_hunter2hunter2hunter2",
            "glpat-0a1b2c3d4e5f",
            "x=xoxb-0a1b2c3d4e",
            "sk_live_0a1b2c3d4e",
            "sk-0a1b2c3d4e5f",
            "sk-proj-0a1b2c3d4e5f60718293",
            "AKIA0123456789ABCDEF",
            "AIzaSyA0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "SG.0a1b2c3d4e5f60718293.x9",
            "npm_0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x9Kd0Qm3",
            "hvs.CAESIx9Kd0Qm3",
            "AGE-SECRET-KEY-1QPZRY9X8",
            "app:$apr1$x9Kd0Qm3$abcdefghijklmnop",
            "app:$2y$05$abcdefghijklmnopqrstuv",
            "- app:$$apr1$$x9Kd0Qm3$$abcdef",
            "app:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        ] {
            assert!(has(text), "{text}");
        }
    }

    #[test]
    fn words_are_not_tokens() {
        for text in [
            "events.test-risk-language-agnostic-scores",
            "task-0a1b2c3d4e5f",
            "disk-0a1b2c3d4e5f",
            "desk-1",
            "sk-language-agnostic-scores",
            "sk-learn-pipeline-v2",
            "AKIAN-the-destroyer",
            "eyJust.a.sentence",
            "npm_config_registry",
            "hf_transfer",
            "key-value-store",
            "SG.east",
            "$1$",
            "myghp_0123456789abcdef",
        ] {
            assert!(!has(text), "{text}");
        }
    }
}
