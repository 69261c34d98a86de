//! One request to a readiness URL.
//!
//! Redirects are not followed and proxies are not used, so the response is the service's own. The client is blocking:
//! the agent contains no asynchronous runtime.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::threads;
use evenkeel_model::duration::phrase;
use evenkeel_model::text::inert;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

/// The largest part of a header that is read.
const LONGEST_HEADER: usize = 64 * 1024;

/// Requests `url` with GET and returns the status.
///
/// # Errors
///
/// The reason why there was no response, for people, without user, password and query of the URL.
pub(super) fn status(url: &str, within: Duration) -> Result<u16, String> {
    let shown = bare(url);
    let parsed: Uri = url
        .parse()
        .map_err(|error| format!("cannot request `{shown}`: {error}"))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(format!(
            "cannot request `{shown}`: only http and https are supported"
        ));
    }
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(within))
        .max_response_header_size(LONGEST_HEADER)
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent();
    let mut request = agent.get(&parsed);
    if let Some(credentials) = credentials(&parsed) {
        request = request.header("authorization", credentials);
    }
    match request.call() {
        Ok(response) => Ok(response.status().as_u16()),
        Err(ureq::Error::Timeout(_)) => Err(late(&shown, within)),
        Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            Err(format!("{shown}: connection refused"))
        }
        Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            Err(late(&shown, within))
        }
        Err(error) => {
            let words: String = error.to_string().chars().take(300).collect();
            Err(format!("{shown}: {}", inert(&words)))
        }
    }
}

fn late(shown: &str, within: Duration) -> String {
    format!("{shown}: no answer within {}", phrase(within))
}

/// Returns the authorization header for the user and password of a URL, which clients do not send by themselves.
fn credentials(url: &Uri) -> Option<String> {
    let (user_info, _) = url.authority()?.as_str().rsplit_once('@')?;
    Some(format!("Basic {}", base64(&decoded(user_info))))
}

/// Decodes percent-encoding.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2)));
        if *byte == b'%'
            && let Some((high, low)) = pair
        {
            decoded.extend(u8::try_from(high * 16 + low));
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    decoded
}

/// Encodes Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0_u8; 4];
        for (place, byte) in word.iter_mut().skip(1).zip(chunk) {
            *place = *byte;
        }
        let word = u32::from_be_bytes(word);
        for position in 0..4 {
            let index = usize::try_from((word >> (18 - 6 * position)) & 63).unwrap_or_default();
            let letter = LETTERS.get(index).copied().unwrap_or(b'A');
            text.push(if position > chunk.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

/// Returns a URL without user, password, query and fragment.
pub(super) fn bare(url: &str) -> String {
    let parsed: Option<Uri> = url.parse().ok();
    let Some((scheme, host, path)) = parsed
        .as_ref()
        .and_then(|url| Some((url.scheme_str()?, host_and_port(url)?, url.path())))
    else {
        // An unreadable URL may contain a password anywhere.
        return "(an unreadable URL)".to_owned();
    };
    format!("{scheme}://{host}{path}")
}

/// Returns `host` or `host:port`, as written in the URL.
fn host_and_port(url: &Uri) -> Option<String> {
    let host = url.host()?;
    Some(match url.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Returns the `host:port` of a URL, with the scheme's port where none is given.
pub(super) fn address(url: &str) -> Option<String> {
    let parsed: Uri = url.parse().ok()?;
    let port = match (parsed.port_u16(), parsed.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("http")) => 80,
        (None, Some("https")) => 443,
        (None, _) => return None,
    };
    Some(format!("{}:{port}", parsed.host()?))
}

/// Connects to `host:port`, trying each of its addresses until `within` has passed.
///
/// # Errors
///
/// `TimedOut` when the limit passed, otherwise the system's last error.
pub(super) fn connect(address: &str, within: Duration) -> io::Result<()> {
    let deadline = Instant::now().checked_add(within);
    let mut last = io::Error::from(ErrorKind::NotFound);
    for each in resolve(address, within)? {
        let left = deadline.map_or(within, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&each, left) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Resolves the addresses of `host:port`.
///
/// The system's resolver has no time limit, so it runs in a thread that is abandoned when it is too slow.
///
/// # Errors
///
/// `TimedOut`, or the resolver's error.
pub(super) fn resolve(address: &str, within: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(known) = address.parse() {
        return Ok(vec![known]);
    }
    let (sender, receiver) = mpsc::channel();
    let wanted = address.to_owned();
    threads::builder()
        .name("resolve".to_owned())
        .spawn(move || {
            let found = wanted.to_socket_addrs().map(Iterator::collect);
            // After the limit, the receiver is gone.
            let _ = sender.send(found);
        })?;
    receiver
        .recv_timeout(within)
        .map_err(|_| io::Error::from(ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::{address, bare, base64, decoded, status};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::time::Duration;

    /// Serves one response; returns the URL and the received request.
    fn serve(answer: Vec<u8>) -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut space = [0; 4096];
            let length = stream.read(&mut space).unwrap_or(0);
            let _ = sender.send(String::from_utf8_lossy(&space[..length]).into_owned());
            let _ = stream.write_all(&answer);
            if answer.is_empty() {
                std::thread::sleep(Duration::from_secs(3));
            }
        });
        (
            format!("http://user:hunter%32@{address}/path?token=hunter2"),
            receiver,
        )
    }

    #[test]
    fn redirects_are_not_followed() {
        let (url, asked) = serve(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi"
                .to_vec(),
        );
        assert_eq!(status(&url, Duration::from_secs(5)), Ok(302));
        let asked = asked.recv().unwrap().to_lowercase();
        assert!(
            asked.starts_with("get /path?token=hunter2 http/1.1\r\n"),
            "{asked}"
        );
        let basic = format!(
            "authorization: basic {}",
            base64(b"user:hunter2").to_lowercase()
        );
        assert!(asked.contains(&basic), "{asked}");
    }

    #[test]
    fn endless_bodies_are_not_read() {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(4 * 1024 * 1024, b'x');
        assert_eq!(status(&serve(bytes).0, Duration::from_secs(5)), Ok(200));
    }

    #[test]
    fn errors_are_sentences_without_secrets() {
        let within = Duration::from_millis(200);
        let late = status(&serve(Vec::new()).0, within).unwrap_err();
        assert!(late.ends_with("/path: no answer within 200 ms"), "{late}");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let refused = status(&format!("http://u:hunter2@127.0.0.1:{port}/"), within).unwrap_err();
        assert!(refused.ends_with("/: connection refused"), "{refused}");
        let broken = status(&serve(b"\x1b[2Jnonsense\r\n\r\n".to_vec()).0, within).unwrap_err();
        for error in [late, refused, broken] {
            assert!(
                !error.contains("hunter2") && !error.contains('\x1b'),
                "{error}"
            );
        }
        assert!(status("file:///etc/passwd", within).is_err());
    }

    #[test]
    fn urls_are_parsed() {
        assert_eq!(bare("https://u:p@h/x?y=z#f"), "https://h/x");
        assert_eq!(bare("no url"), "(an unreadable URL)");
        assert_eq!(address("http://u@h/x").as_deref(), Some("h:80"));
        assert_eq!(address("https://[::1]:7/x").as_deref(), Some("[::1]:7"));
        assert_eq!(address("ftp://h/"), None);
        assert_eq!(decoded("a%3Ab%zz"), b"a:b%zz");
        // RFC 4648, section 10.
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
