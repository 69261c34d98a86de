//! Agents that stayed on their hosts after an earlier conversation, and the local sockets that lead there.
//!
//! The connection of `ssh` forwards a local socket to the agent's. What opens it speaks with the agent at once: the host
//! starts no shell and no process. It is only faster: wherever it leads nowhere, an agent is started as usual.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openssh::{ForwardType, Session};
use tokio::runtime::Runtime;

use super::sockets;
use evenkeel_host::wire::limit;
use evenkeel_host::wire::message;
use evenkeel_model::Digest;

/// Time until such an agent has greeted.
pub(super) const GREETING: Duration = Duration::from_secs(5);

/// Time until an open connection forwards a socket.
const FORWARDING: Duration = Duration::from_secs(5);

/// Time for which a server that refuses to forward is not asked again.
const REFUSED: Duration = Duration::from_hours(1);

/// The name of an agent's place, and the local socket that leads there.
pub(super) struct Residence {
    name: String,
    door: PathBuf,
}

/// What is at the local socket.
pub(super) enum Door {
    /// A connection to the agent, or to a connection of `ssh` that finds no agent.
    Open(UnixStream),
    /// Nothing leads there yet.
    Absent,
    /// The server refuses to forward.
    Refused,
}

impl Residence {
    /// Returns the place for an agent that is reached by a connection.
    pub(super) fn of(connection: &Path, agent: &str, becomes_root: bool) -> Self {
        let connection_name = connection.file_name().unwrap_or_default();
        let known = [
            connection_name.as_encoded_bytes(),
            agent.as_bytes(),
            if becomes_root { b"root" } else { b"" },
        ];
        let digest = Digest::of_record("evenkeel residence 1", &known).hex();
        let name = digest.get(..16).unwrap_or(&digest).to_owned();
        let door = connection.with_file_name(&name);
        Self { name, door }
    }

    /// Returns the name, for the agent.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Opens the local socket.
    pub(super) fn open(&self) -> Door {
        match UnixStream::connect(&self.door) {
            Ok(stream) => Door::Open(stream),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Door::Absent,
            Err(_) if self.is_refused() => Door::Refused,
            Err(_) => Door::Absent,
        }
    }

    /// Lets a local socket lead to an agent. Where it cannot, later conversations start an agent.
    pub(super) fn forward(&self, runtime: &Runtime, connection: &Path, agent: &message::Residence) {
        let is_path = |path: &str| {
            path.starts_with('/') && path.len() <= limit::SOCKET && !path.contains(char::is_control)
        };
        if !is_path(&agent.path) {
            return;
        }
        // A socket that refuses has no connection of `ssh`.
        let _ = fs::remove_file(&self.door);
        let session = Arc::new(Session::resume_mux(connection.into(), None));
        let _ = runtime.block_on(async {
            let wanted = session.request_port_forward(
                ForwardType::Local,
                self.door.as_path(),
                Path::new(&agent.path),
            );
            tokio::time::timeout(FORWARDING, wanted).await
        });
    }

    /// Notes that the server refuses to forward, although an agent waits: a file replaces the socket.
    pub(super) fn refuse(&self) {
        // Without it, the server is asked again.
        sockets::keep(&self.door, "");
    }

    fn is_refused(&self) -> bool {
        // A socket cannot be read.
        sockets::recent(&self.door, REFUSED).is_some()
    }
}
