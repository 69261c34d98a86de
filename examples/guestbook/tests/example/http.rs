//! Plain HTTP for the tests: one request on one connection, as text.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    pub body: String,
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream =
        TcpStream::connect_timeout(&address, PATIENCE).expect("the guestbook takes connections");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit can be set");
    stream
}

/// Sends the given text, including headers, and reads until the other side closes.
pub fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = connect(address);
    stream
        .write_all(request.as_bytes())
        .expect("the request is sent");
    answer(stream)
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    exchange(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
    )
}

pub fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the answer is read");
    let text = String::from_utf8(bytes).expect("the answer is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("the answer has a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("the answer has a status");
    Answer {
        status,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
