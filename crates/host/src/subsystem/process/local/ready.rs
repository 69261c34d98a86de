//! Readiness of a process, and detection of another program at its address.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::super::Ready;
use super::probe::{address, bare, connect, resolve, status};
use evenkeel_model::duration::phrase;

/// The time limit of a connection to this machine when a port is checked.
const NEAR: Duration = Duration::from_millis(500);

/// Checks once. The error describes the problem.
pub(crate) fn ask(check: &Ready, within: Duration) -> Result<(), String> {
    match check {
        Ready::Http(url) => match status(url, within)? {
            200..300 => Ok(()),
            status => Err(format!("{} answers with status {status}", bare(url))),
        },
        Ready::Tcp(address) => connect(address, within).map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => format!("{address}: connection refused"),
            ErrorKind::TimedOut => format!("{address}: no connection within {}", phrase(within)),
            _ => format!("{address}: {error}"),
        }),
    }
}

/// Returns the address at which another program already answers, if it is on this machine.
pub(super) fn taken(check: &Ready) -> Option<String> {
    let address = match check {
        Ready::Tcp(address) => address.clone(),
        Ready::Http(url) => address(url)?,
    };
    let found = resolve(&address, NEAR).ok()?;
    found
        .into_iter()
        .filter(is_here)
        .any(|each| connect(&each.to_string(), NEAR).is_ok())
        .then_some(address)
}

/// Returns whether an address belongs to this machine. A remote service, such as a load balancer, may answer already.
fn is_here(address: &SocketAddr) -> bool {
    address.ip().is_loopback() || UdpSocket::bind((address.ip(), 0)).is_ok()
}
