//! A line between this machine and a host: a relay of OpenSSH's connection that counts bytes.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::world::TestWorld;
use super::host::Host;

/// The bytes of all connections, in both directions.
pub(super) struct Line(Arc<AtomicU64>);

impl Line {
    /// Leads the connections to a host over a line.
    pub(super) fn to(world: &TestWorld, host: &Host) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let bytes = Arc::new(AtomicU64::new(0));
        let (counted, address) = (Arc::clone(&bytes), host.address.clone());
        // Both end with this process.
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect((address.as_str(), 22)).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let counted = Arc::clone(&counted);
                    std::thread::spawn(move || relay(from, to, &counted));
                }
            }
        });
        let config = world.path("hosts/config");
        let configuration = fs::read_to_string(&config).unwrap().replace(
            &format!("HostName {}\n", host.address),
            &format!("HostName 127.0.0.1\n  HostKeyAlias {}\n", host.address),
        );
        let configuration = configuration.replace("Port 22\n", &format!("Port {port}\n"));
        fs::write(config, configuration).unwrap();
        Self(bytes)
    }

    /// Returns the bytes since the last call.
    pub(super) fn since(&self) -> u64 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut space = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut space) {
        counted.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&space[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
