//! Reads a line of `authorized_keys`: options, type of key, key, comment (see `sshd(8)`).

/// The parts of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLine<'a> {
    /// The options as written; empty without options.
    pub options: &'a str,
    /// The type of the key, such as `ssh-ed25519`.
    pub sort: &'a str,
    /// The key in base64.
    pub blob: &'a str,
    /// The comment; empty without one.
    pub comment: &'a str,
}

/// The types of keys.
const SORTS: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The first bytes of private keys in the forms that programs write.
const PRIVATE: &[&str] = &["-----BEGIN", "PuTTY-User-Key"];

/// Returns the parts of a line; `None` for a comment, an empty line, and what sshd skips.
#[must_use]
pub fn parse(line: &str) -> Option<KeyLine<'_>> {
    let line = line.trim_start_matches(BLANK);
    if line.starts_with('#') {
        return None;
    }
    key(line, "").or_else(|| {
        let end = end_of_options(line)?;
        let (options, rest) = line.split_at_checked(end)?;
        key(rest.trim_start_matches(BLANK), options)
    })
}

const BLANK: [char; 2] = [' ', '\t'];

fn key<'a>(text: &'a str, options: &'a str) -> Option<KeyLine<'a>> {
    let (sort, rest) = text.split_once(BLANK)?;
    if !SORTS.contains(&sort) {
        return None;
    }
    let rest = rest.trim_start_matches(BLANK);
    let (blob, comment) = rest.split_once(BLANK).unwrap_or((rest, ""));
    (!blob.is_empty()).then(|| KeyLine {
        options,
        sort,
        blob,
        comment: comment.trim_matches(BLANK),
    })
}

/// Returns the place of the first blank outside of quotes.
fn end_of_options(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (place, each) in text.char_indices() {
        match each {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ' ' | '\t' if !is_quoted => return Some(place),
            _ => {}
        }
        is_escaped = is_quoted && each == '\\' && !is_escaped;
    }
    None
}

/// Checks a public key without options, as definitions contain it.
///
/// # Errors
///
/// A message with what was expected. It does not quote a private key.
pub fn check(text: &str) -> Result<(), String> {
    if PRIVATE
        .iter()
        .any(|start| text.trim_start().starts_with(start))
    {
        return Err(
            "this is a private key: write the public one, from the file that ends with `.pub`"
                .to_owned(),
        );
    }
    let expected = "expected one line with the type of the key and the key in base64, such as `ssh-ed25519 AAAA… ada@example.org`";
    if text.chars().any(char::is_control) {
        return Err(format!(
            "the key has several lines or control characters: {expected}"
        ));
    }
    let Some(key) = parse(text) else {
        return Err(format!("this is no public key of OpenSSH: {expected}"));
    };
    if !key.options.is_empty() {
        return Err("the key has options in front: write them into `options`".to_owned());
    }
    let is_whole = decode(key.blob).is_some_and(|bytes| {
        bytes
            .split_first_chunk::<4>()
            .is_some_and(|(length, rest)| {
                let length = u32::from_be_bytes(*length);
                usize::try_from(length) == Ok(key.sort.len())
                    && rest.len() > key.sort.len()
                    && rest.starts_with(key.sort.as_bytes())
            })
    });
    if is_whole {
        Ok(())
    } else {
        Err(format!(
            "the key in base64 is damaged, or no key of the type `{}`: copy the whole line again",
            key.sort
        ))
    }
}

/// Checks one option of a key.
///
/// # Errors
///
/// A message with what was expected.
pub fn check_option(option: &str) -> Result<(), String> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for each in option.chars() {
        if each.is_control() {
            return Err(format!(
                "invalid option {option:?}: control characters are not allowed"
            ));
        }
        match each {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ' ' | ',' | '#' if !is_quoted => {
                return Err(format!(
                    "invalid option `{option}`: write blanks and commas inside of quotes, and each option as an item of the list"
                ));
            }
            _ => {}
        }
        is_escaped = is_quoted && each == '\\' && !is_escaped;
    }
    if is_quoted {
        return Err(format!(
            "invalid option `{option}`: the closing quote is missing"
        ));
    }
    if option.is_empty() || SORTS.contains(&option) {
        return Err(format!(
            "invalid option `{option}`: expected an option of sshd such as `no-pty`"
        ));
    }
    Ok(())
}

/// Returns the options of a line, one by one; `None` if one of them is not an option that a definition may contain.
#[must_use]
pub fn split_options(options: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (place, each) in options.char_indices() {
        match each {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parts.push(options.get(start..place)?);
                start = place + 1;
            }
            _ => {}
        }
        is_escaped = is_quoted && each == '\\' && !is_escaped;
    }
    if !options.is_empty() {
        parts.push(options.get(start..)?);
    }
    parts
        .iter()
        .all(|option| check_option(option).is_ok())
        .then_some(parts)
}

/// Decodes base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let data = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - data.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(data.len());
    let mut bits: u32 = 0;
    let mut count = 0;
    for each in data.bytes() {
        let value = match each {
            b'A'..=b'Z' => each - b'A',
            b'a'..=b'z' => each - b'a' + 26,
            b'0'..=b'9' => each - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{KeyLine, check, check_option, parse};

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop";

    #[test]
    fn lines_are_read_as_sshd_reads_them() {
        let plain = format!("ssh-ed25519 {KEY} ada at work ");
        assert_eq!(
            parse(&plain),
            Some(KeyLine {
                options: "",
                sort: "ssh-ed25519",
                blob: KEY,
                comment: "ada at work"
            })
        );
        let options = "no-pty,command=\"echo \\\"a b\\\" # c\",from=\"10.0.0.0/8\"";
        let line = format!("\t {options}\t ssh-ed25519  {KEY}");
        let key = parse(&line).unwrap();
        assert_eq!((key.options, key.blob, key.comment), (options, KEY, ""));
        for line in [
            "",
            "#",
            "# ssh-ed25519 AAAA",
            "ssh-ed25519",
            "ssh-ed25519 ",
            "x y",
            "a \"b",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn keys_in_definitions_are_whole_public_keys() {
        assert_eq!(check(&format!("ssh-ed25519 {KEY} ada")), Ok(()));
        let wrong = |text: &str, reason: &str| {
            let message = check(text).unwrap_err();
            assert!(message.contains(reason), "{message}");
        };
        wrong("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret", "private key");
        assert!(
            !check("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret")
                .unwrap_err()
                .contains("secret")
        );
        wrong(&format!("ssh-rsa {KEY}"), "no key of the type `ssh-rsa`");
        wrong(&format!("ssh-ed25519 {}", &KEY[..20]), "damaged");
        wrong(&format!("ssh-ed25519 {}", &KEY[1..]), "damaged");
        wrong(
            &format!("ssh-ed25519 {KEY}\nssh-ed25519 {KEY}"),
            "several lines",
        );
        wrong(&format!("no-pty ssh-ed25519 {KEY}"), "`options`");
        wrong("hello", "no public key");
    }

    #[test]
    fn options_are_single_options() {
        for option in [
            "no-pty",
            "from=\"10.0.0.1,10.0.0.2\"",
            "command=\"echo \\\"a\\\" b\"",
        ] {
            assert_eq!(check_option(option), Ok(()));
        }
        for option in [
            "",
            "no-pty,no-X11-forwarding",
            "command=\"a",
            "a b",
            "a\nb",
            "ssh-rsa",
            "a\0",
        ] {
            assert!(check_option(option).is_err(), "{option}");
        }
    }
}
