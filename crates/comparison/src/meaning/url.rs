//! Service addresses: URLs and similar texts, `postgres://…`, `redis://…`, `jdbc:postgresql://…`.
//!
//! RFC 3986 §6.2: scheme, host and percent-encodings ignore case, and an empty port is the scheme's default. Nothing
//! else is normalized: paths are never resolved, decoded or compared without case, since servers may distinguish them,
//! and an empty path is not `/`, since programs append to it (`proxy_pass http://app` and `http://app/` differ).

use super::Relation;

/// Longest text parsed as a URL.
const LONGEST: usize = 8 * 1024;

/// Returns the default port of a scheme.
fn default_port(scheme: &str) -> Option<&'static str> {
    let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(scheme));
    Some(match () {
        () if is(&["http", "ws"]) => "80",
        () if is(&["https", "wss"]) => "443",
        () if is(&["postgres", "postgresql"]) => "5432",
        () if is(&["mysql", "mariadb"]) => "3306",
        () if is(&["redis", "rediss"]) => "6379",
        () if is(&["amqp"]) => "5672",
        () if is(&["amqps"]) => "5671",
        () if is(&["mongodb"]) => "27017",
        () if is(&["ftp"]) => "21",
        () if is(&["git"]) => "9418",
        () if is(&["ldap"]) => "389",
        () if is(&["ldaps"]) => "636",
        () if is(&["nats"]) => "4222",
        () if is(&["mqtt"]) => "1883",
        () if is(&["mqtts"]) => "8883",
        () => return None,
    })
}

/// Parts of a URL, as written.
struct Url<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    port: &'a str,
    path: &'a str,
    /// Query and fragment, with their marks.
    rest: &'a str,
}

impl<'a> Url<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (scheme, after) = text.split_once("://")?;
        let named = scheme.bytes().next()?.is_ascii_alphabetic()
            && scheme.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':')
            });
        if !named
            || after
                .bytes()
                .any(|byte| byte.is_ascii_whitespace() || byte == b'\\')
        {
            return None;
        }
        let (authority, path_and_rest) =
            after.split_at_checked(after.find(['/', '?', '#']).unwrap_or(after.len()))?;
        let (path, rest) = path_and_rest.split_at_checked(
            path_and_rest
                .find(['?', '#'])
                .unwrap_or(path_and_rest.len()),
        )?;
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = match place.rsplit_once(':') {
            // A colon within brackets belongs to the address.
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (place, ""),
        };
        // Several hosts, and placeholders, are compared as written.
        let plain = port.bytes().all(|byte| byte.is_ascii_digit())
            && !place.contains([',', '{', '$', '<', '%']);
        plain.then_some(Self {
            scheme,
            user,
            host,
            port,
            path,
            rest,
        })
    }

    fn port(&self) -> &str {
        if self.port.is_empty() {
            default_port(self.scheme).unwrap_or("")
        } else {
            self.port
        }
    }
}

/// Whether two texts are equal apart from the case of percent-encodings.
fn is_same_encoded(left: &str, right: &str) -> bool {
    // Remaining digits of a percent-encoding.
    let mut digits = 0_u8;
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).all(|(one, two)| {
            let encoded = digits > 0 && one.is_ascii_hexdigit() && two.is_ascii_hexdigit();
            digits = match one {
                b'%' => 2,
                _ if encoded => digits - 1,
                _ => 0,
            };
            one == two || encoded && one.eq_ignore_ascii_case(&two)
        })
}

pub(super) fn relate(left: &str, right: &str) -> Option<Relation> {
    if left.len() > LONGEST || right.len() > LONGEST {
        return None;
    }
    let (one, two) = (Url::read(left)?, Url::read(right)?);
    let user = match (one.user, two.user) {
        (Some(one), Some(two)) => is_same_encoded(one, two),
        (None, None) => true,
        _ => false,
    };
    let same = one.scheme.eq_ignore_ascii_case(two.scheme)
        && user
        && one.host.eq_ignore_ascii_case(two.host)
        && one.port() == two.port()
        && is_same_encoded(one.path, two.path)
        && is_same_encoded(one.rest, two.rest);
    Some(if same {
        Relation::Same
    } else {
        Relation::Differs
    })
}

#[cfg(test)]
mod tests {
    use crate::meaning::Relation;
    use crate::meaning::tests::{assert_all, kinds};
    use evenkeel_document::ScalarKind::{Loose, Text};

    #[test]
    fn one_address_has_many_spellings() {
        let same = [
            ("https://example.com:443/a", "https://example.com/a"),
            ("http://example.com:80/", "http://example.com/"),
            ("HTTPS://Example.COM/a", "https://example.com/a"),
            ("https://example.com:/a", "https://example.com/a"),
            ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
            (
                "https://example.com/?q=%c3%a9",
                "https://example.com/?q=%C3%A9",
            ),
            ("postgres://u:p@db:5432/app", "postgres://u:p@db/app"),
            ("postgresql://DB/app", "postgresql://db:5432/app"),
            ("redis://cache:6379/0", "redis://cache/0"),
            ("amqp://rabbit", "amqp://rabbit:5672"),
            ("mysql://h/d", "mysql://h:3306/d"),
            ("mongodb://h:27017/d", "mongodb://h/d"),
            ("jdbc:postgresql://h:5432/d", "jdbc:postgresql://h/d"),
            ("wss://h:443/socket", "wss://h/socket"),
            ("http://[::1]:80/", "http://[::1]/"),
        ];
        assert_all(kinds(Text, Text), "url", &same, &Relation::Same);
        assert_all(kinds(Loose, Text), "DATABASE_URL", &same, &Relation::Same);
    }

    #[test]
    fn addresses_that_look_alike_are_not_the_same() {
        assert_all(
            kinds(Text, Text),
            "url",
            &[
                ("https://example.com/a", "https://example.com/a/"),
                ("https://example.com", "https://example.com/"),
                ("https://example.com?x=1", "https://example.com/?x=1"),
                ("https://example.com/A", "https://example.com/a"),
                ("https://example.com/a/../b", "https://example.com/b"),
                ("https://example.com//a", "https://example.com/a"),
                ("https://example.com/%61", "https://example.com/a"),
                (
                    "https://example.com/?a=1&b=2",
                    "https://example.com/?b=2&a=1",
                ),
                ("https://example.com/#A", "https://example.com/#a"),
                ("https://example.com/?", "https://example.com/"),
                ("http://example.com", "https://example.com"),
                ("http://example.com:443", "https://example.com"),
                ("https://example.com:80", "https://example.com"),
                ("https://user@example.com", "https://example.com"),
                ("https://User@example.com", "https://user@example.com"),
                ("https://example.com.", "https://example.com"),
                ("https://www.example.com", "https://example.com"),
                ("postgres://db/app", "postgresql://db/app"),
                ("postgres://db:5433/app", "postgres://db/app"),
                ("redis://cache", "redis://cache/0"),
                ("amqp://rabbit", "amqp://rabbit/"),
                ("ssh://host:22/a", "ssh://host/a"),
                ("redis://cache", "rediss://cache"),
                ("unknown://h:80", "unknown://h"),
                ("mongodb://a,b:27017/d", "mongodb://a,b/d"),
                ("https://${HOST}:443/", "https://${HOST}/"),
                ("https://example.com:0443", "https://example.com"),
                ("file:///a", "file:///A"),
                ("s3://bucket/Key", "s3://bucket/key"),
                ("https://example.com\\a", "https://example.com/a"),
                ("https://example.com/a b", "https://EXAMPLE.com/a b"),
                ("example.com:443", "example.com"),
                ("://", "http://"),
                ("https://example.com/%2", "https://example.com/%3"),
                ("https://example.com/%GA", "https://example.com/%Ga"),
                ("https://example.com/%2FA", "https://example.com/%2Fa"),
                ("https://é.example", "https://É.example"),
            ],
            &Relation::Differs,
        );
    }
}
