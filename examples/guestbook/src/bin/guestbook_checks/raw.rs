//! Requests that a well-behaved client cannot send, such as a path with dots, written directly to the socket.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::run::{Failure, Kind};
use crate::target::Target;

const LONGEST_ANSWER: u64 = 256 * 1024;

/// The status code and the rest of a response.
pub struct RawAnswer {
    pub status: u16,
    pub rest: String,
}

/// Requests the path exactly as written.
pub async fn get(target: &Target, path: &str) -> Result<RawAnswer, Failure> {
    let (host, port) = target.socket()?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    let timeout = target.timeout;
    let asked = format!("GET {path}");
    let work = tokio::task::spawn_blocking(move || exchange(&host, port, &request, timeout));
    let answer = match tokio::time::timeout(timeout, work).await {
        Ok(Ok(Ok(answer))) => answer,
        Ok(Ok(Err(error))) => return Err(no_answer(Kind::NoAnswer, &asked, &error.to_string())),
        Ok(Err(error)) => return Err(no_answer(Kind::NoAnswer, &asked, &error.to_string())),
        Err(_) => return Err(no_answer(Kind::Timeout, &asked, "timed out")),
    };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok());
    match status {
        Some(status) => Ok(RawAnswer { status, rest: text }),
        None => Err(no_answer(
            Kind::NoAnswer,
            &asked,
            "the response is not HTTP",
        )),
    }
}

fn exchange(host: &str, port: u16, request: &str, timeout: Duration) -> std::io::Result<Vec<u8>> {
    let address = (host, port)
        .to_socket_addrs()?
        .next()
        .ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(answer)
}

fn no_answer(kind: Kind, asked: &str, why: &str) -> Failure {
    Failure {
        kind,
        message: format!("no response to {asked}: {why}"),
    }
}
