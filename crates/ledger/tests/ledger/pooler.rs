//! PgBouncer in transaction mode before a real PostgreSQL server, for one test.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::server::{Server, give};

/// The program of Debian's package.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A running pooler. It ends with the test, even with one that is killed.
pub(crate) struct Pooler {
    home: tempfile::TempDir,
    pub(crate) port: u16,
    process: Child,
}

impl Pooler {
    /// Starts a pooler with fewer connections to the server than clients have to it; `None`, after a loud note, when it
    /// is not installed.
    pub(crate) fn start(server: &Server) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("SKIPPED: PgBouncer is missing (apt-get install pgbouncer)");
            return None;
        }
        let home = tempfile::Builder::new()
            .prefix("evenkeel-pool-")
            .tempdir()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let users = home.path().join("users");
        fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let file = home.path().join("pgbouncer.ini");
        let lines = format!(
            "[databases]\npostgres = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 3\n\
             max_client_conn = 200\nserver_login_retry = 1\n",
            server.port,
            users.display()
        );
        fs::write(&file, lines).unwrap();
        for path in [home.path(), &users, &file] {
            give(path);
        }
        let process = server
            .program(Path::new(PROGRAM))
            .arg("--quiet")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self {
            home,
            port,
            process,
        };
        let begun = Instant::now();
        while Server::connect_at(port, "postgres").is_err() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "no pooler in {}",
                pooler.home.path().display()
            );
            thread::sleep(Duration::from_millis(30));
        }
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
