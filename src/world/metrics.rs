//! Metrics over HTTP: one text, which a scraper reads, and the health of the checks.
//!
//! It answers `GET` of two paths and nothing else, reads no more than the head of a request, and keeps no connection. What the
//! text contains is the caller's.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_host::threads;

/// Longest head of a request in bytes.
const LONGEST_HEAD: usize = 8 * 1024;

/// Time limit of a request, and of an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// An address to listen at: `127.0.0.1:9464`.
pub type Address = SocketAddr;

/// What is served.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// Metrics in Prometheus' text format.
    pub metrics: String,
    /// Why the checks are not healthy.
    pub unhealthy: Option<String>,
}

/// A running server. It ends with the process.
pub struct MetricsServer {
    served: Arc<Mutex<Served>>,
    /// Its address.
    pub address: SocketAddr,
}

impl MetricsServer {
    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// When the address is in use or not this machine's.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let served: Arc<Mutex<Served>> = Arc::default();
        let own = Arc::clone(&served);
        threads::builder()
            .name("metrics".to_owned())
            .spawn(move || {
                // One request at a time: each ends within its time limit.
                for stream in listener.incoming().flatten() {
                    let _ = answer(&stream, &own);
                }
            })?;
        Ok(Self { served, address })
    }

    /// Replaces what is served.
    pub fn serve(&self, served: Served) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = served;
    }
}

fn answer(mut stream: &TcpStream, served: &Mutex<Served>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 || head.len() > LONGEST_HEAD {
            return Ok(());
        }
        head.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_whitespace();
    let (method, path) = (words.next(), words.next());
    let served = served
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let (status, text) = match (method, path) {
        (Some("GET"), Some("/metrics")) => ("200 OK", served.metrics),
        (Some("GET"), Some("/healthz")) => match served.unhealthy {
            None => ("200 OK", "ok\n".to_owned()),
            Some(reason) => ("503 Service Unavailable", format!("{reason}\n")),
        },
        (Some("GET"), _) => ("404 Not Found", "see /metrics and /healthz\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET\n".to_owned()),
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n{text}"
    )?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::{MetricsServer, Served};

    fn ask(server: &MetricsServer, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn metrics_and_health_are_served_and_nothing_else() {
        let server = MetricsServer::start("127.0.0.1:0".parse().unwrap()).unwrap();
        server.serve(Served {
            metrics: "evenkeel_up 1\n".to_owned(),
            unhealthy: Some("no check ended".to_owned()),
        });
        let metrics = ask(&server, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
        assert!(metrics.ends_with("\r\n\r\nevenkeel_up 1\n"), "{metrics}");
        let health = ask(&server, "GET /healthz HTTP/1.1\r\n\r\n");
        assert!(health.starts_with("HTTP/1.1 503 "), "{health}");
        for (request, status) in [
            ("GET /../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
            ("POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "),
        ] {
            let answer = ask(&server, request);
            assert!(answer.starts_with(status), "{answer}");
        }
        // An endless head ends without an answer, and the server goes on.
        let mut stream = TcpStream::connect(server.address).unwrap();
        let _ = stream.write_all(&vec![b'x'; 100_000]);
        drop(stream);
        server.serve(Served::default());
        let health = ask(&server, "GET /healthz HTTP/1.1\r\n\r\n");
        assert!(health.ends_with("ok\n"), "{health}");
    }
}
