//! Lines of an operating system's own files in which the word for a secret names something else: `sudoers`, PAM,
//! `nsswitch.conf`, `/etc/services`, `mime.types`, units of systemd, apt's preferences, public keys and certificates.
//!
//! Each rule needs the form of the whole line, so a password in another file is not left out by it.

use std::ops::Range;

/// Returns whether a name in a line is no key. What follows it is still checked.
pub(super) fn is_no_key(line: &str, run: &Range<usize>) -> bool {
    let part = |range: Range<usize>| line.get(range).unwrap_or_default();
    let (before, name, after) = (
        part(0..run.start),
        part(run.clone()),
        part(run.end..line.len()),
    );
    match name {
        "NOPASSWD" | "PASSWD" => is_tag_of_sudo(before, name, after),
        "password" => is_facility_of_pam(before, after),
        "passwd" => is_database_of_names(before, after),
        "LoadCredential"
        | "LoadCredentialEncrypted"
        | "ImportCredential"
        | "ConditionCredential"
        | "AssertCredential" => before.trim().is_empty() && after.starts_with('='),
        "Pin" => before.trim().is_empty() && is_pin_of_apt(after),
        _ => is_port(after) || is_type_of_media(line),
    }
}

/// `ada ALL=(ALL) NOPASSWD: /usr/bin/id, PASSWD: ALL`. Source: `sudoers(5)`, `Tag_Spec` and `Cmnd_Spec`.
fn is_tag_of_sudo(before: &str, name: &str, after: &str) -> bool {
    let Some(rest) = after.trim_start().strip_prefix(':') else {
        return false;
    };
    let ends = |each: char| each.is_whitespace() || matches!(each, ',' | ':' | '=');
    let rest = rest.trim_start().trim_start_matches(['!', ' ']);
    let command = rest.split(ends).next().unwrap_or_default();
    // An alias, a tag or `ALL`.
    let is_upper = command.starts_with(|first: char| first.is_ascii_uppercase())
        && command
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let is_command = is_upper || command.starts_with('/') || command == "sudoedit";
    is_command && (name.starts_with("NO") || before.contains('='))
}

/// `password requisite pam_pwquality.so retry=3`. Source: `pam.conf(5)`.
fn is_facility_of_pam(before: &str, after: &str) -> bool {
    const CONTROLS: &[&str] = &[
        "required",
        "requisite",
        "sufficient",
        "optional",
        "include",
        "substack",
    ];
    let is_first = matches!(before.trim(), "" | "-" | "#");
    let rest = after.trim_start();
    if !is_first || rest.len() == after.len() {
        return false;
    }
    let (control, module) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']').unwrap_or_default(),
        None => rest.split_once(char::is_whitespace).unwrap_or_default(),
    };
    let is_control = CONTROLS.contains(&control) || rest.starts_with('[') && control.contains('=');
    let module = module.split_whitespace().next().unwrap_or_default();
    let is_module = module.contains("pam_") || matches!(control, "include" | "substack");
    is_control && is_module && !module.is_empty()
}

/// `passwd: files systemd`. Source: `nsswitch.conf(5)`.
fn is_database_of_names(before: &str, after: &str) -> bool {
    const SERVICES: &[&str] = &[
        "altfiles",
        "cache",
        "compat",
        "db",
        "extrausers",
        "files",
        "hesiod",
        "ldap",
        "mymachines",
        "nis",
        "nisplus",
        "nslcd",
        "sss",
        "systemd",
        "winbind",
    ];
    let Some(rest) = after.strip_prefix(':') else {
        return false;
    };
    let mut words = rest.split_whitespace().peekable();
    before.trim().is_empty()
        && words.peek().is_some()
        && words
            .all(|word| SERVICES.contains(&word) || word.starts_with('[') || word.ends_with(']'))
}

/// `Pin: release a=bookworm`. Source: `apt_preferences(5)`.
fn is_pin_of_apt(after: &str) -> bool {
    let rest = after.strip_prefix(':').unwrap_or_default().trim_start();
    ["release ", "origin ", "version "]
        .iter()
        .any(|word| rest.starts_with(word))
}

/// `kpasswd  464/tcp`. Source: `services(5)`.
fn is_port(after: &str) -> bool {
    let value = after.split_whitespace().next().unwrap_or_default();
    after.starts_with(char::is_whitespace)
        && value.split_once('/').is_some_and(|(number, protocol)| {
            number.parse::<u16>().is_ok() && matches!(protocol, "tcp" | "udp" | "sctp" | "dccp")
        })
}

/// `application/timestamp-token  tst`. Source: `mime.types(5)`.
fn is_type_of_media(line: &str) -> bool {
    const TREES: &[&str] = &[
        "application/",
        "audio/",
        "chemical/",
        "font/",
        "image/",
        "message/",
        "model/",
        "multipart/",
        "text/",
        "video/",
    ];
    let (name, endings) = line.split_once(char::is_whitespace).unwrap_or_default();
    TREES.iter().any(|tree| name.starts_with(tree))
        && !name.contains(['=', ':', '"'])
        && endings
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\t' | b'-'))
}

/// Returns the start of the first block in a line that is not public.
pub(crate) fn private_block(line: &str) -> Option<usize> {
    let mut blocks = line.match_indices("-----BEGIN").map(|(start, _)| start);
    blocks.find(|start| !is_public_block(line.get(*start..).unwrap_or_default()))
}

/// Returns whether the block that begins a text is public: `-----BEGIN CERTIFICATE-----`. Source: RFC 7468, RFC 9580.
fn is_public_block(text: &str) -> bool {
    const LABELS: &[&str] = &[
        "CERTIFICATE",
        "CERTIFICATE REQUEST",
        "DH PARAMETERS",
        "EC PARAMETERS",
        "NEW CERTIFICATE REQUEST",
        "PGP PUBLIC KEY BLOCK",
        "PGP SIGNATURE",
        "PGP SIGNED MESSAGE",
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "TRUSTED CERTIFICATE",
        "X509 CERTIFICATE",
        "X509 CRL",
    ];
    text.strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .is_some_and(|(label, _)| LABELS.contains(&label))
}

/// Returns whether a line may be one inside a block: base64, a checksum, a header, or a blank one of Debian's files.
pub(crate) fn is_in_block(line: &str) -> bool {
    let line = line.trim();
    let is_body = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_header = ["Version: ", "Comment: ", "Hash: ", "Charset: "]
        .iter()
        .any(|header| line.starts_with(header));
    line == "." || is_header || line.bytes().all(is_body)
}

#[cfg(test)]
mod tests {
    use crate::covering::secret_ranges;

    fn found(text: &str) -> Vec<&str> {
        let ranges = secret_ranges(text).into_iter();
        ranges.filter_map(|range| text.get(range)).collect()
    }

    #[test]
    fn files_of_the_system_have_no_secrets_where_they_only_name_them() {
        for line in [
            "deploy ALL=(ALL) NOPASSWD: ALL",
            "%sudo ALL=(ALL:ALL) NOPASSWD:ALL",
            "ada ALL=(root) NOPASSWD: SETENV: /bin/x, /bin/y",
            "ada ALL = NOPASSWD: SHUTDOWN, PASSWD: ALL",
            "ada ALL=(ALL) PASSWD: /bin/id",
            "ada ALL=(root) NOPASSWD: sudoedit /etc/motd",
            "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt",
            "password requisite pam_pwquality.so retry=3",
            "password   include      system-auth",
            "-password  optional     pam_gnome_keyring.so use_authtok",
            "passwd:         files systemd",
            "passwd: sss [NOTFOUND=return] files",
            "kpasswd\t\t464/tcp",
            "codaauth2\t370/tcp",
            "application/timestamp-token\t\ttst",
            "application/vnd.epson.salt slt",
            "Pin: release a=bookworm-backports",
            "LoadCredential=db:/etc/credentials/db",
            "ImportCredential=passwd.hashed-password.*",
            "# <file system> <mount point> <type> <options> <dump> <pass>\nUUID=0a1b / ext4 errors=remount-ro 0 1\n# systems\n",
            "# fsck(8) uses the <pass> column to determine which file\n# systems need to be checked\nnone x\n",
            "# Basic Settings",
            "# Trust Anchor Certificates - CA Basic Constraint check",
            "  <!-- Only user root can own the service -->",
            "# Max number of login retries if password is bad. This will most likely be",
            "# METHOD can be \"trust\", \"md5\", \"password\", \"scram-sha-256\",",
            "-----BEGIN CERTIFICATE-----\nMIIBauth/pass+token0123\n-----END CERTIFICATE-----\n",
            "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0\n =abcd\n -----END PGP PUBLIC KEY BLOCK-----\n",
            "ca: \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n\"",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn secrets_of_similar_lines_are_found() {
        for line in [
            "# <password>\n# hunter2\n# </password>",
            "# admin login password hunter2",
            "# login for db: password hunter2",
            "SetCredential=db:hunter2",
            "# <password>hunter2</password>",
            "<password>\nhunter2\n</password>",
            "PASSWD: hunter2",
            "NOPASSWD: hunter2",
            "PASSWD: HUNTER2",
            "password hunter2",
            "password required hunter2",
            "auth required pam_mysql.so user=app passwd=hunter2",
            "password required pam_mysql.so user=app passwd=hunter2",
            "passwd: hunter2",
            "passwd: files hunter2",
            "Pin: 4711hunter",
            "token 464/hunter2",
            "x: Basic YXBwOmh1bnRlcjI=",
            "user app on >hunter2 ~* +@all",
            "machine db login app password hunter2",
            "machine db password hunter2 login app",
            "login app password hunter2",
            "-----BEGIN CERTIFICATE-----\nMIIB\npassword: hunter2\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\npassword: hunter2\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE----- password: hunter2",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE----- password: hunter2",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE----------BEGIN PRIVATE KEY-----\nMIIhunter2\n",
            "-----BEGIN CERTIFICATE-----MIIB-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----\n",
            "cert: \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\", password: hunter2",
            "x: \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n-----BEGIN RSA PRIVATE KEY-----\\nMIIhunter2\\n-----END RSA PRIVATE KEY-----\"",
        ] {
            let all = found(line).concat();
            assert!(
                ["hunter", "HUNTER2", "YXBw"]
                    .iter()
                    .any(|secret| all.contains(secret)),
                "{line}: {all}"
            );
        }
    }
}
