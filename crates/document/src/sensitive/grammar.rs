//! Lines of well-known programs in which a secret has no name beside it: Redis ACLs, `-pX` of MySQL, `.pgpass`,
//! `.netrc`, SQL, headers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::form::{COVERED, is_reference};
use super::system::private_block;

/// Programs with their options that take a secret: in the same word when the flag is set, in the next one otherwise.
const OPTIONS: &[(&str, &str, bool)] = &[
    ("mysql", "-p", true),
    ("mysqldump", "-p", true),
    ("mysqladmin", "-p", true),
    ("mysqlimport", "-p", true),
    ("mysqlbinlog", "-p", true),
    ("mariadb", "-p", true),
    ("mariadb-dump", "-p", true),
    ("mariadb-admin", "-p", true),
    ("sshpass", "-p", true),
    ("sshpass", "-p", false),
    ("mongo", "-p", false),
    ("mongosh", "-p", false),
    ("mongodump", "-p", false),
    ("mongorestore", "-p", false),
    ("docker", "-p", false),
    ("podman", "-p", false),
    ("az", "-p", false),
    ("redis-cli", "-a", false),
    ("ldapsearch", "-w", false),
    ("ldapadd", "-w", false),
    ("ldapmodify", "-w", false),
    ("sqlcmd", "-P", false),
    ("bcp", "-P", false),
    ("ssh-keygen", "-N", false),
    ("zip", "-P", false),
    ("unzip", "-P", false),
    ("7z", "-p", true),
    ("mosquitto_pub", "-P", false),
    ("mosquitto_sub", "-P", false),
];

/// Programs with their options that take `user:password`.
const USERS: &[(&str, &str)] = &[
    ("curl", "-u"),
    ("curl", "--user"),
    ("curl", "-U"),
    ("curl", "--proxy-user"),
    ("http", "-a"),
    ("https", "-a"),
    ("smbclient", "-U"),
    ("ab", "-A"),
];

/// A pattern that matches every relevant line, except for the four colons of `.pgpass`: an option, or a keyword of a
/// program.
static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i)(?:^|[\s"',\[\]`;()])-[-a-z0-9]|user|machine|login|identified |password '|-----begin|bearer |basic "#,
        r"|auth-pass|insecure-password|securestring",
    ))
    .ok()
});

/// Returns whether a line may be relevant.
fn may_hold(line: &str) -> bool {
    const FIELDS: usize = 5;
    line.bytes().filter(|byte| *byte == b':').count() + 1 >= FIELDS
        || TELLING
            .as_ref()
            .is_none_or(|telling| telling.is_match(line))
}

/// Adds the places of secrets in a line.
pub(super) fn secrets(line: &str, found: &mut Vec<Range<usize>>) {
    if !may_hold(line) {
        return;
    }
    let words: Vec<Range<usize>> = words(line);
    options(line, &words, found);
    access_list(line, &words, found);
    netrc(line, &words, found);
    pgpass(line, found);
    identified(line, found);
    key_block(line, found);
    headers(line, found);
    passin(line, &words, found);
    secure_string(line, found);
    server_user(line, &words, found);
}

/// Returns the words of a line, without quotes and commas around them.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let is_around = |each: char| {
        each.is_whitespace() || matches!(each, '"' | '\'' | ',' | '[' | ']' | '`' | ';' | '(' | ')')
    };
    for (at, each) in line.char_indices() {
        match (is_around(each), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| from..line.len()));
    words
}

fn get<'l>(line: &'l str, words: &[Range<usize>], at: usize) -> &'l str {
    words
        .get(at)
        .and_then(|range| line.get(range.clone()))
        .unwrap_or_default()
}

/// Returns the secret part of an argument, according to the option before or in it.
fn options(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    let Some(program) = (0..words.len()).find_map(|at| {
        let name = get(line, words, at);
        let name = name.rsplit('/').next().unwrap_or(name);
        let is_known = OPTIONS.iter().any(|(program, ..)| *program == name)
            || USERS.iter().any(|(program, _)| *program == name);
        is_known.then_some((at, name))
    }) else {
        return lone_option(line, words, found);
    };
    for (at, range) in words.iter().enumerate().skip(program.0 + 1) {
        let word = get(line, words, at);
        for (name, option, is_joined) in OPTIONS {
            if *name != program.1 {
                continue;
            }
            let rest = word.strip_prefix(option);
            match (rest, is_joined) {
                (Some(""), false) => {
                    // Among these, only `login` takes a password: elsewhere `-p` is a port.
                    let is_port =
                        matches!(*name, "docker" | "podman" | "az") && !line.contains("login");
                    let next = get(line, words, at + 1);
                    if !is_port
                        && is_value(next)
                        && let Some(next) = words.get(at + 1)
                    {
                        found.push(next.clone());
                    }
                }
                (Some(rest), true) if is_value(rest) => {
                    found.push(range.start + option.len()..range.end);
                }
                _ => {}
            }
        }
        for (name, option) in USERS {
            if *name == program.1 && word == *option {
                let next = get(line, words, at + 1);
                if let (Some((user, password)), Some(range)) =
                    (next.split_once([':', '%']), words.get(at + 1))
                    && is_value(password)
                {
                    found.push(range.start + user.len() + 1..range.end);
                }
            }
        }
    }
}

/// `-pX` without a known program: an element of a list of arguments.
fn lone_option(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    const SHORTEST: usize = 6;
    for (at, range) in words.iter().enumerate() {
        let Some(rest) = get(line, words, at).strip_prefix("-p") else {
            continue;
        };
        let any = |is: fn(&u8) -> bool| rest.bytes().any(|byte| is(&byte));
        // Not a port, a path or a plain word.
        let is_mixed = any(u8::is_ascii_alphabetic)
            && (any(u8::is_ascii_digit) || any(u8::is_ascii_uppercase));
        if rest.len() >= SHORTEST && is_mixed && !rest.contains(['/', ':', '=']) && is_value(rest) {
            found.push(range.start + 2..range.end);
        }
    }
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !is_reference(text) && !COVERED.starts_with(text)
}

/// `user NAME on >password ~* +@all` of Redis.
fn access_list(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    let is_list = (0..words.len().min(6))
        .any(|at| matches!(get(line, words, at), "user" | "setuser" | "SETUSER"));
    if !is_list {
        return;
    }
    for (at, range) in words.iter().enumerate() {
        let word = get(line, words, at);
        let is_hash =
            |rest: &str| rest.len() >= 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let rest = word
            .strip_prefix('>')
            .or_else(|| word.strip_prefix('<'))
            .or_else(|| word.strip_prefix('#').filter(|rest| is_hash(rest)));
        let is_comment = word == "<!--";
        if rest.is_some_and(|rest| is_value(rest) && !rest.starts_with(['=', '<', '>']))
            && !is_comment
        {
            found.push(range.start + 1..range.end);
        }
    }
}

/// Whether a word follows `password` in a sentence: `login fails if the password is wrong`.
fn is_of_a_sentence(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "and", "are", "as", "at", "be", "been", "before", "but", "by", "can", "could", "does",
        "for", "from", "has", "have", "if", "in", "is", "may", "must", "of", "on", "or", "shall",
        "should", "so", "that", "the", "then", "to", "was", "were", "when", "which", "will",
        "with", "would",
    ];
    WORDS.contains(&word)
}

/// `machine HOST login NAME password X`, also of one line with several machines.
fn netrc(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    let has = |wanted: &str| (0..words.len()).any(|at| get(line, words, at) == wanted);
    if !(has("machine") || has("login")) {
        return;
    }
    for at in 0..words.len() {
        if matches!(get(line, words, at), "password" | "account")
            && !is_of_a_sentence(get(line, words, at + 1))
            && is_value(get(line, words, at + 1))
            && let Some(range) = words.get(at + 1)
        {
            found.push(range.clone());
        }
    }
}

/// `host:port:database:user:password` of `.pgpass`.
fn pgpass(line: &str, found: &mut Vec<Range<usize>>) {
    let start = line.len() - line.trim_start().len();
    let text = line.trim().trim_start_matches(['#', ' ']);
    let start = start + (line.trim().len() - text.len());
    if text.contains(char::is_whitespace) || text.contains("://") {
        return;
    }
    let fields: Vec<&str> = text.splitn(5, ':').collect();
    let [host, port, database, user, password] = fields.as_slice() else {
        return;
    };
    let is_port = *port == "*"
        || (2..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = *host == "*"
        || host.contains(|each: char| each.is_ascii_alphabetic())
        || host.bytes().filter(|byte| *byte == b'.').count() == 3;
    if is_port
        && is_host
        && !database.is_empty()
        && !user.is_empty()
        && is_value(password)
        && !password.contains(':')
    {
        let from = start + text.len() - password.len();
        found.push(from..from + password.len());
    }
}

/// `IDENTIFIED BY 'text'`, `IDENTIFIED WITH plugin AS 'text'`.
fn identified(line: &str, found: &mut Vec<Range<usize>>) {
    let lower = line.to_ascii_lowercase();
    for (at, word) in lower.match_indices("password '") {
        let start = at + word.len();
        let is_word = !lower
            .get(..at)
            .unwrap_or_default()
            .ends_with(|last: char| last.is_alphanumeric());
        let rest = line.get(start..).unwrap_or_default();
        let length = rest.find('\'').unwrap_or(rest.len());
        if is_word && rest.get(..length).is_some_and(is_value) {
            found.push(start..start + length);
        }
    }
    let Some(at) = lower.find("identified ") else {
        return;
    };
    for word in [" by ", " as "] {
        let Some(by) = lower.get(at..).and_then(|rest| rest.find(word)) else {
            continue;
        };
        let start = at + by + word.len();
        let rest = line.get(start..).unwrap_or_default();
        let rest = rest.strip_prefix("PASSWORD ").unwrap_or(rest);
        let start = line.len() - rest.len();
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '\'' | '"'));
        let (from, length) = match quote {
            Some(quote) => {
                let inner = rest.get(1..).unwrap_or_default();
                (start + 1, inner.find(quote).unwrap_or(inner.len()))
            }
            None => (start, rest.find([';', ' ', ',']).unwrap_or(rest.len())),
        };
        if line.get(from..from + length).is_some_and(is_value) {
            found.push(from..from + length);
        }
    }
}

/// A PEM key in one line with escaped line ends.
fn key_block(line: &str, found: &mut Vec<Range<usize>>) {
    let Some(start) = private_block(line) else {
        return;
    };
    let rest = line.get(start..).unwrap_or_default();
    let end = rest.find("-----END").map_or(rest.len(), |at| {
        let tail = rest.get(at + "-----END".len()..).unwrap_or_default();
        tail.find("-----").map_or(rest.len(), |length| {
            at + "-----END".len() + length + "-----".len()
        })
    });
    found.push(start..start + end);
}

/// `Bearer X` and `Basic X` of a header, at any position.
fn headers(line: &str, found: &mut Vec<Range<usize>>) {
    const SHORTEST: usize = 8;
    for scheme in ["Bearer ", "bearer ", "Basic ", "basic "] {
        for (at, _) in line.match_indices(scheme) {
            let start = at + scheme.len();
            let rest = line.get(start..).unwrap_or_default();
            let is_part = |each: char| {
                each.is_ascii_alphanumeric()
                    || matches!(each, '.' | '_' | '~' | '+' | '/' | '-' | '=')
            };
            let length = rest.find(|each| !is_part(each)).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            let any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
            // Not a word, also a capitalised one: `Basic Settings`.
            let is_made = any(u8::is_ascii_digit)
                || any(u8::is_ascii_lowercase)
                    && text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
            if text.len() >= SHORTEST && is_made {
                found.push(start..start + length);
            }
        }
    }
}

/// `sentinel auth-pass NAME X` of Redis, `user NAME insecure-password X` of HAProxy.
fn server_user(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    let is_user = get(line, words, 0) == "user";
    for at in 0..words.len() {
        let far = match get(line, words, at) {
            "auth-pass" => 2,
            "insecure-password" => 1,
            "password" if is_user => 1,
            _ => continue,
        };
        if is_value(get(line, words, at + far))
            && let Some(range) = words.get(at + far)
        {
            found.push(range.clone());
        }
    }
}

/// `ConvertTo-SecureString "X"` of PowerShell: the first quoted text after it.
fn secure_string(line: &str, found: &mut Vec<Range<usize>>) {
    const COMMAND: &str = "convertto-securestring";
    let lower = line.to_ascii_lowercase();
    for (at, _) in lower.match_indices(COMMAND) {
        let from = at + COMMAND.len();
        let rest = line.get(from..).unwrap_or_default();
        let Some(open) = rest.find(['"', '\'']) else {
            continue;
        };
        // Only options are permitted between the command and its text.
        let before = rest.get(..open).unwrap_or_default();
        if before.contains([';', '|', ')', '$']) {
            continue;
        }
        let quote = rest.get(open..=open).unwrap_or_default();
        let text = rest.get(open + 1..).unwrap_or_default();
        let length = text.find(quote).unwrap_or(text.len());
        if text.get(..length).is_some_and(is_value) {
            found.push(from + open + 1..from + open + 1 + length);
        }
    }
}

/// `pass:X` in the syntax of OpenSSL.
fn passin(line: &str, words: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    for (at, range) in words.iter().enumerate() {
        let is_after = at > 0
            && matches!(
                get(line, words, at - 1),
                "-passin" | "-passout" | "-pass" | "-k"
            );
        if is_after
            && let Some(rest) = get(line, words, at).strip_prefix("pass:")
            && is_value(rest)
        {
            found.push(range.start + "pass:".len()..range.end);
        }
    }
}

/// Returns whether a program's argument is a secret because of the option before or in it.
pub(super) fn takes(program: &str, before: &str, argument: &str) -> bool {
    let program = program.rsplit('/').next().unwrap_or(program);
    OPTIONS.iter().any(|(name, option, is_joined)| {
        *name == program
            && if *is_joined {
                argument.strip_prefix(option).is_some_and(is_value)
            } else {
                before == *option && is_value(argument) && !matches!(*name, "docker" | "podman")
            }
    })
}
