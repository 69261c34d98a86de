//! Encrypted connections to a real PostgreSQL server, whose certificates are made here: what is accepted, and what is
//! refused with which message.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel_ledger::conformance::{lease, time};
use evenkeel_ledger::postgres::{Address, PostgresStore, Variables};
use evenkeel_ledger::{LedgerError, Store};

use super::postgres::key;
use super::server::{Server, give};

/// Certificates in a folder.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// Makes an authority; `None` with a note when openssl is missing.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("SKIPPED: openssl is missing (apt-get install openssl)");
            return None;
        }
        let own = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        own.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "30",
            "-subj",
            "/CN=an authority",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ]);
        fs::write(own.path("index"), "").unwrap();
        fs::write(own.path("serial"), "01\n").unwrap();
        Some(own)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let ran = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }

    /// Makes `NAME.pem` and `NAME.key`, valid for these names and in these years.
    fn certify(&self, name: &str, names: &str, years: (u32, u32)) {
        let configuration = format!(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nserial = serial\nnew_certs_dir = .\nprivate_key = ca.key\n\
             certificate = ca.pem\ndefault_md = sha256\npolicy = any\nx509_extensions = server\nunique_subject = no\n\
             [any]\ncommonName = supplied\n[server]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = {names}\n\
             extendedKeyUsage = serverAuth\n"
        );
        fs::write(self.path("own.cnf"), configuration).unwrap();
        let (request, certificate, key) = (
            format!("{name}.csr"),
            format!("{name}.pem"),
            format!("{name}.key"),
        );
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            "/CN=a server",
        ]);
        let (from, to) = (
            format!("{}0101000000Z", years.0),
            format!("{}0101000000Z", years.1),
        );
        self.openssl(&[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "own.cnf",
            "-in",
            &request,
            "-out",
            &certificate,
            "-startdate",
            &from,
            "-enddate",
            &to,
        ]);
    }
}

/// Gives a server this certificate.
fn install(server: &Server, authority: &Authority, name: &str) {
    for ending in ["pem", "key"] {
        let path = server.data().join(format!("server.{ending}"));
        fs::copy(authority.path(&format!("{name}.{ending}")), &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give(&path);
    }
}

fn store_at(server: &Server, host: &str, options: &str) -> PostgresStore {
    let address = format!(
        "postgres://postgres@{host}:{}/postgres?{options}",
        server.port
    );
    let address = Address::parse(&address, &Variables::new()).unwrap();
    PostgresStore::new(address, key(), Arc::default())
}

fn trusting(path: &Path) -> String {
    format!(
        "sslrootcert={}",
        path.display().to_string().replace('/', "%2F")
    )
}

/// Returns whether the connections of evenkeel are encrypted.
fn encrypted(server: &Server) -> Vec<bool> {
    let mut admin = server.connect("postgres").unwrap();
    let rows = admin.query(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'evenkeel'",
        &[],
    );
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Returns the message of a refusal, which comes at once.
#[track_caller]
fn refused(store: &PostgresStore) -> String {
    let begun = Instant::now();
    let error = store.open(None).err().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert!(matches!(error, LedgerError::Unusable { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_server_is_trusted_by_its_certificate_and_its_name_only() {
    let (Some(authority), Some(other)) = (Authority::new(), Authority::new()) else {
        return;
    };
    let Some(mut server) = Server::start(&["fsync = off"]) else {
        return;
    };
    let here = "DNS:localhost,IP:127.0.0.1";
    authority.certify("right", here, (2020, 2090));
    authority.certify("elsewhere", "DNS:db.example", (2020, 2090));
    authority.certify("expired", here, (2020, 2021));
    authority.certify("future", here, (2089, 2090));
    let trusted = trusting(&authority.path("ca.pem"));
    // A server without TLS is refused where it is required.
    for required in [trusted.as_str(), "sslmode=require", "sslmode=verify-full"] {
        let text = refused(&store_at(&server, "localhost", required));
        assert!(text.contains("the server offers no encryption"), "{text}");
        assert!(text.contains("sslmode=disable"), "{text}");
    }
    install(&server, &authority, "right");
    let lines = [
        "ssl = on",
        "ssl_cert_file = 'server.pem'",
        "ssl_key_file = 'server.key'",
    ];
    server.configure(&lines);
    server.kill();
    server.run();
    for host in ["localhost", "127.0.0.1"] {
        let own = store_at(&server, host, &trusted);
        let ledger = own.open_or_found("guestbook", time(0)).unwrap();
        ledger
            .append(
                time(1),
                &[lease(if host == "localhost" { "a" } else { "b" }, 1)],
                None,
            )
            .unwrap();
        assert!(own.verify(&[]).unwrap().is_whole());
        let connections = encrypted(&server);
        assert!(
            !connections.is_empty() && connections.iter().all(|is| *is),
            "{connections:?}"
        );
    }
    // Encryption is off only where the address says so, or the server is on this machine and no authority is named.
    for options in ["sslmode=disable", ""] {
        let plain = store_at(&server, "localhost", options);
        assert_eq!(plain.open(None).unwrap().unwrap().read(0).unwrap().len(), 3);
        assert!(encrypted(&server).contains(&false));
    }
    // The authorities of this machine and another one do not know it.
    for options in [
        trusting(&other.path("ca.pem")),
        "sslmode=verify-full".to_owned(),
    ] {
        let text = refused(&store_at(&server, "localhost", &options));
        assert!(text.contains("comes from an unknown authority"), "{text}");
        assert!(text.contains("sslrootcert=FILE"), "{text}");
    }
    let missing = refused(&store_at(
        &server,
        "localhost",
        &trusting(Path::new("/nowhere/ca.pem")),
    ));
    assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
    fs::write(authority.path("empty.pem"), "").unwrap();
    let empty = refused(&store_at(
        &server,
        "localhost",
        &trusting(&authority.path("empty.pem")),
    ));
    assert!(empty.contains("has no certificate"), "{empty}");
    // A run that knows the server does not wait for another certificate either.
    let known = store_at(&server, "localhost", &trusted);
    drop(known.open(None).unwrap());
    for (name, reason) in [
        ("elsewhere", "is for another host"),
        ("expired", "has expired"),
        ("future", "is not valid yet"),
    ] {
        install(&server, &authority, name);
        let mut admin = server.connect("postgres").unwrap();
        admin
            .batch_execute(
                "SELECT pg_reload_conf(); SELECT pg_sleep(0.3); SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = 'evenkeel'",
            )
            .unwrap();
        for own in [&store_at(&server, "localhost", &trusted), &known] {
            let text = refused(own);
            assert!(text.contains(reason), "{name}: {text}");
        }
    }
}
