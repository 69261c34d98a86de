//! One HTTP request and what came of it; and the client that load is made with.
//!
//! No redirect is followed and no proxy is used: what is asked is what answers. Whether an answer is good is left to
//! others.

use std::error::Error as _;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::wait::wait_for;
use crate::model::duration::phrase;
use crate::text::inert;

/// Longest body that is kept.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// What to ask.
#[derive(Clone, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, …; `GET` when empty.
    pub method: String,
    /// The URL: `http` or `https`.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body to send.
    pub body: Option<Vec<u8>>,
    /// How long everything together may take.
    pub timeout: Duration,
}

impl HttpRequest {
    /// A GET.
    #[must_use]
    pub fn get(url: &str, timeout: Duration) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.to_owned(),
            timeout,
            ..Self::default()
        }
    }
}

// Headers and bodies carry passwords.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, bare(&self.url))
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status: 200, 404, …
    pub status: u16,
    /// Headers in order, names in lower case; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body, up to [`LONGEST_BODY`].
    pub body: Vec<u8>,
    /// Whether the body was longer.
    pub cut: bool,
    /// From the start until the headers were there.
    pub first_byte: Duration,
    /// From the start until the end of the body.
    pub total: Duration,
}

impl HttpResponse {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why there was no answer. URLs in it are without user, password and query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request cannot be made.
    #[error("cannot ask `{url}`: {reason}")]
    Unusable {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// Nobody listens.
    #[error("{url}: connection refused")]
    Refused {
        /// The URL.
        url: String,
    },
    /// It took too long.
    #[error("{url}: no answer within {}", phrase(*.within))]
    Late {
        /// The URL.
        url: String,
        /// How long it was given.
        within: Duration,
    },
    /// The conversation failed: the name is unknown, the certificate is bad, the connection broke.
    #[error("{url}: {reason}")]
    Broken {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
}

/// A client for many requests, on whichever runtime the caller has.
///
/// For `http` no certificate is looked for: hosts without any can still be asked.
///
/// # Errors
///
/// When the machine has no certificate authorities to check `https` with.
pub fn client(scheme: &str) -> Result<reqwest::Client, HttpError> {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // An error says that one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")));
    if !scheme.eq_ignore_ascii_case("https") {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| HttpError::Unusable {
        url: format!("{scheme}:"),
        reason: format!(
            "{}: install the machine's package of CA certificates",
            deepest(&error)
        ),
    })
}

/// Asks once, and waits for the whole answer.
///
/// # Errors
///
/// When the request cannot be made, nobody answers, or not in time.
pub fn request(request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    wait_for(ask(request))
        .unwrap_or_else(|| Err(unusable(request, "evenkeel itself failed here".to_owned())))
}

fn unusable(request: &HttpRequest, reason: String) -> HttpError {
    HttpError::Unusable {
        url: bare(&request.url),
        reason,
    }
}

async fn ask(request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    let url = Url::parse(&request.url).map_err(|error| unusable(request, error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable(
            request,
            "only http and https can be asked".to_owned(),
        ));
    }
    let method = if request.method.is_empty() {
        "GET"
    } else {
        &request.method
    };
    let method = reqwest::Method::from_bytes(method.as_bytes())
        .map_err(|_| unusable(request, "its method is not a word such as `GET`".to_owned()))?;
    let mut builder = client(url.scheme())?
        .request(method, url)
        .headers(headers(request)?);
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    let late = || HttpError::Late {
        url: bare(&request.url),
        within: request.timeout,
    };
    tokio::time::timeout(request.timeout, read(builder, request))
        .await
        .map_err(|_| late())?
}

async fn read(
    builder: reqwest::RequestBuilder,
    request: &HttpRequest,
) -> Result<HttpResponse, HttpError> {
    let started = Instant::now();
    let mut response = builder
        .send()
        .await
        .map_err(|error| broken(request, &error))?;
    let first_byte = started.elapsed();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let (mut body, mut cut) = (Vec::new(), false);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken(request, &error))?
    {
        let room = LONGEST_BODY - body.len();
        body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    Ok(HttpResponse {
        status: response.status().as_u16(),
        headers,
        body,
        cut,
        first_byte,
        total: started.elapsed(),
    })
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let (key, mut value) = header.ok_or_else(|| {
            unusable(
                request,
                format!(
                    "its header `{}` has characters that no header may have",
                    inert(name)
                ),
            )
        })?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    Ok(headers)
}

fn broken(request: &HttpRequest, error: &reqwest::Error) -> HttpError {
    let url = bare(&request.url);
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return HttpError::Refused { url };
        }
        cause = inner.source();
    }
    HttpError::Broken {
        url,
        reason: deepest(error),
    }
}

/// The innermost cause, which says most, made harmless.
fn deepest(error: &reqwest::Error) -> String {
    let mut words = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = Some(inner.to_string());
        cause = inner.source();
    }
    let words = words.unwrap_or_else(|| "the conversation failed".to_owned());
    let short: String = words.chars().take(300).collect();
    inert(&short).into_owned()
}

/// A URL without user, password, query and fragment.
#[must_use]
pub fn bare(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        // What cannot be read may hold a password anywhere.
        return "(a URL that cannot be read)".to_owned();
    };
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.set_fragment(None);
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::{HttpError, HttpRequest, LONGEST_BODY, bare, request};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::Duration;

    fn serve(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
            if answer.is_empty() {
                std::thread::sleep(Duration::from_secs(3));
            }
        });
        format!("http://user:hunter2@{address}/path?token=hunter2")
    }

    #[test]
    fn an_answer_is_recorded_and_redirects_are_not_followed() {
        let url = serve(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi"
                .to_vec(),
        );
        let answer = request(&HttpRequest::get(&url, Duration::from_secs(5))).unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice(), answer.cut),
            (302, b"hi".as_slice(), false)
        );
        assert_eq!(answer.header("location"), Some("http://127.0.0.1:1/"));
    }

    #[test]
    fn long_bodies_are_cut() {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(LONGEST_BODY * 2, b'x');
        let answer = request(&HttpRequest::get(&serve(bytes), Duration::from_secs(5))).unwrap();
        assert!(answer.cut && answer.body.len() == LONGEST_BODY);
    }

    #[test]
    fn errors_are_words_without_secrets() {
        let within = Duration::from_millis(200);
        let late = request(&HttpRequest::get(&serve(Vec::new()), within)).unwrap_err();
        assert!(
            late.to_string().ends_with("/path: no answer within 200 ms"),
            "{late}"
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let refused = request(&HttpRequest::get(
            &format!("http://u:hunter2@127.0.0.1:{port}/"),
            within,
        ))
        .unwrap_err();
        assert!(matches!(refused, HttpError::Refused { .. }), "{refused}");
        let broken = request(&HttpRequest::get(
            &serve(b"\x1b[2Jnonsense\r\n\r\n".to_vec()),
            within,
        ))
        .unwrap_err();
        assert!(matches!(broken, HttpError::Broken { .. }), "{broken}");
        for error in [late, refused, broken] {
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(bare("https://u:p@h/x?y=z#f"), "https://h/x");
        assert!(request(&HttpRequest::get("file:///etc/passwd", within)).is_err());
    }
}
