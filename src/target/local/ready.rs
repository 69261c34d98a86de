//! Whether a process is ready, and whether somebody else answers in its place.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::model::duration::phrase;
use crate::target::Ready;
use crate::target::http::{HttpRequest, bare, request};
use crate::target::wait::wait_for;

/// How long a connection to this machine may take when a port is looked at.
const NEAR: Duration = Duration::from_millis(500);

/// Asks once. The error says what was amiss.
pub(super) fn ask(check: &Ready, within: Duration) -> Result<(), String> {
    match check {
        Ready::Http(url) => {
            let answer =
                request(&HttpRequest::get(url, within)).map_err(|error| error.to_string())?;
            if (200..300).contains(&answer.status) {
                Ok(())
            } else {
                Err(format!(
                    "{} answers with status {}",
                    bare(url),
                    answer.status
                ))
            }
        }
        Ready::Tcp(address) => {
            let connecting = async {
                tokio::time::timeout(within, tokio::net::TcpStream::connect(address)).await
            };
            match wait_for(connecting) {
                Some(Ok(Ok(_))) => Ok(()),
                Some(Ok(Err(error))) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    Err(format!("{address}: connection refused"))
                }
                Some(Ok(Err(error))) => Err(format!("{address}: {error}")),
                Some(Err(_)) => Err(format!(
                    "{address}: no connection within {}",
                    phrase(within)
                )),
                None => Err(format!("{address}: evenkeel itself failed here")),
            }
        }
    }
}

/// The address at which somebody answers already, if that is on this machine.
pub(super) fn taken(check: &Ready) -> Option<String> {
    let address = match check {
        Ready::Tcp(address) => address.clone(),
        Ready::Http(url) => {
            let url = reqwest::Url::parse(url).ok()?;
            format!("{}:{}", url.host_str()?, url.port_or_known_default()?)
        }
    };
    let answers = async {
        let found = tokio::time::timeout(NEAR, tokio::net::lookup_host(&address))
            .await
            .ok()?
            .ok()?;
        for each in found.filter(is_here) {
            if let Ok(Ok(_)) =
                tokio::time::timeout(NEAR, tokio::net::TcpStream::connect(each)).await
            {
                return Some(address.clone());
            }
        }
        None
    };
    wait_for(answers).flatten()
}

/// Whether an address is one of this machine's. What is elsewhere, such as a load balancer, may well answer already.
fn is_here(address: &SocketAddr) -> bool {
    address.ip().is_loopback() || UdpSocket::bind((address.ip(), 0)).is_ok()
}
