//! Both directions with the real `ssh-keygen`: it accepts these signatures, and its signatures are accepted here.
//!
//! Keys are made for each run, except for the RSA signatures of `rsa/`, which `ssh-keygen` would refuse to make.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests that start ssh-keygen; the crate itself is pure"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenkeel_model::Moment;
use evenkeel_model::source::SourceFile;
use evenkeel_signature::testing::{Algorithm, Key, statement};
use evenkeel_signature::{
    Approvers, Hash, KeyProblem, NAMESPACE, PublicKey, Signature, SignatureProblem, Statement,
};

/// Folder with keys.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Makes a key, and returns the file of its private half.
    fn key(&self, name: &str, kind: &[&str]) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", name, "-t"])
            .args(kind)
            .arg("-f")
            .arg(&path)
            .output()
            .expect("ssh-keygen starts");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        path
    }

    /// Signs with `ssh-keygen -Y sign`, and returns the armor.
    fn sign(&self, key: &Path, namespace: &str, message: &str, options: &[&str]) -> String {
        let file = self.write("message", message);
        let _ = std::fs::remove_file(self.path("message.sig"));
        let signed = Command::new("ssh-keygen")
            .args(["-Y", "sign", "-n", namespace])
            .args(options.iter().flat_map(|option| ["-O", option]))
            .arg("-f")
            .arg(key)
            .arg(file)
            .output()
            .unwrap();
        assert!(
            signed.status.success(),
            "{}",
            String::from_utf8_lossy(&signed.stderr)
        );
        std::fs::read_to_string(self.path("message.sig")).unwrap()
    }

    /// Whether `ssh-keygen -Y verify` accepts a signature for `ada@example.com`.
    fn accepts(&self, approvers: &str, armor: &str, message: &str, time: Option<&str>) -> bool {
        let allowed = self.write("allowed", approvers);
        let signature = self.write("signature", armor);
        let input = self.write("input", message);
        Command::new("ssh-keygen")
            .args([
                "-Y",
                "verify",
                "-n",
                NAMESPACE,
                "-I",
                "ada@example.com",
                "-f",
            ])
            .arg(allowed)
            .arg("-s")
            .arg(signature)
            .args(
                time.iter()
                    .flat_map(|time| ["-O".to_owned(), format!("verify-time={time}")]),
            )
            .env("TZ", "UTC")
            .stdin(std::fs::File::open(input).unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }
}

fn public(key: &Path) -> String {
    std::fs::read_to_string(key.with_extension("pub")).unwrap()
}

fn approvers(text: &str) -> Approvers {
    Approvers::read(&SourceFile::new("approvers", text))
        .unwrap_or_else(|defects| panic!("{}", defects[0].message))
}

const KINDS: &[(&str, &[&str])] = &[
    ("ed25519", &["ed25519"]),
    ("p256", &["ecdsa", "-b", "256"]),
    ("p384", &["ecdsa", "-b", "384"]),
    ("rsa2048", &["rsa", "-b", "2048"]),
    ("rsa3072", &["rsa", "-b", "3072"]),
];

#[test]
fn signatures_of_ssh_keygen_are_accepted() {
    let desk = Desk::new();
    let text = statement().text().unwrap();
    let at = statement().at;
    for (name, kind) in KINDS {
        let key = desk.key(name, kind);
        let people = approvers(&format!("ada@example.com {}", public(&key)));
        for options in [&[][..], &["hashalg=sha256"], &["hashalg=sha512"]] {
            let armor = desk.sign(&key, NAMESPACE, &text, options);
            let (signer, read) = people.verify(text.as_bytes(), &armor, at).unwrap();
            assert_eq!(signer.person.name, "ada@example.com");
            assert_eq!(read, statement());
            assert!(people.verify(b"another", &armor, at).is_err(), "{name}");
        }
        let armor = desk.sign(&key, "git", &text, &[]);
        assert!(
            people.verify(text.as_bytes(), &armor, at).is_err(),
            "{name}"
        );
        // The public half of the private file.
        let private = std::fs::read_to_string(&key).unwrap();
        assert_eq!(
            PublicKey::of_private(&private).unwrap(),
            PublicKey::from_line(&public(&key)).unwrap()
        );
    }
}

#[test]
fn ssh_keygen_accepts_these_signatures() {
    let desk = Desk::new();
    let text = statement().text().unwrap();
    for algorithm in Algorithm::ALL {
        for hash in [Hash::Sha256, Hash::Sha512] {
            let key = Key::new(*algorithm, 1);
            let armor = key.sign(text.as_bytes(), NAMESPACE, hash);
            let people = format!("ada@example.com {}\n", key.public().line());
            assert!(
                desk.accepts(&people, &armor, &text, None),
                "{algorithm:?} {hash:?}"
            );
            assert!(
                !desk.accepts(&people, &armor, "another", None),
                "{algorithm:?}"
            );
        }
    }
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    let desk = Desk::new();
    for (name, kind) in KINDS {
        let key = desk.key(name, kind);
        let listed = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(key.with_extension("pub"))
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let fingerprint = PublicKey::from_line(&public(&key)).unwrap().fingerprint();
        assert!(listed.contains(&fingerprint), "{listed} {fingerprint}");
    }
}

#[test]
fn weak_and_unsupported_keys_are_refused() {
    let desk = Desk::new();
    let short = PublicKey::from_line(&public(&desk.key("short", &["rsa", "-b", "1024"])));
    assert_eq!(short, Err(KeyProblem::Length { bits: 1024 }));
    let long = PublicKey::from_line(&public(&desk.key("p521", &["ecdsa", "-b", "521"])));
    assert!(matches!(long, Err(KeyProblem::Unsupported { .. })));
}

#[test]
fn rsa_counts_with_sha_2_only() {
    let judge = |armor: &str| Signature::from_armor(armor)?.verify(b"a statement", NAMESPACE);
    assert_eq!(judge(include_str!("rsa/sha512.sig")), Ok(()));
    assert_eq!(judge(include_str!("rsa/sha256.sig")), Ok(()));
    for wrong in [
        include_str!("rsa/sha1.sig"),
        include_str!("rsa/sha1-relabelled.sig"),
    ] {
        assert_eq!(judge(wrong), Err(SignatureProblem::Mismatch));
    }
}

#[test]
fn a_key_in_an_agent_signs() {
    struct Agent(std::process::Child);
    impl Drop for Agent {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let desk = Desk::new();
    let socket = desk.path("agent");
    let _agent = Agent(
        Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let key = desk.key("ada", &["ed25519"]);
    let add = || {
        Command::new("ssh-add")
            .arg("-q")
            .arg(&key)
            .env("SSH_AUTH_SOCK", &socket)
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    };
    // The agent opens its socket shortly after it starts.
    assert!((0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        add()
    }));
    let line = public(&key);
    let text = statement().text().unwrap();
    let file = desk.write("message", &text);
    let only_public = desk.write("only.pub", &line);
    let signed = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(only_public)
        .arg(file)
        .env("SSH_AUTH_SOCK", &socket)
        .output()
        .unwrap();
    assert!(
        signed.status.success(),
        "{}",
        String::from_utf8_lossy(&signed.stderr)
    );
    let armor = std::fs::read_to_string(desk.path("message.sig")).unwrap();
    let people = approvers(&format!("ada@example.com {line}"));
    assert!(
        people
            .verify(text.as_bytes(), &armor, statement().at)
            .is_ok()
    );
}

/// One file gives the same verdict here and in `ssh-keygen`, for every time and statement.
#[test]
fn files_of_approvers_mean_the_same_as_for_ssh_keygen() {
    let desk = Desk::new();
    let key = Key::new(Algorithm::Ed25519, 1);
    let line = key.public().line();
    let text = statement().text().unwrap();
    let other = Statement {
        reason: "another".into(),
        ..statement()
    };
    let armor = key.sign(text.as_bytes(), NAMESPACE, Hash::Sha512);
    let mut agreed = [0, 0];
    for options in [
        "",
        "namespaces=\"release@evenkeel.dev\"",
        "namespaces=\"git\"",
        "namespaces=\"git,rel*\"",
        "namespaces=\"*,!release@*\"",
        "valid-after=\"20261129\"",
        "valid-after=\"202611290700Z\"",
        "valid-before=\"20261129070000\"",
        "valid-before=\"20261129070000Z\",valid-after=\"20261128\"",
        "namespaces=\"release@*\",valid-before=\"20261130\"",
    ] {
        let file =
            format!("# comment\n\nada@example.com,ada@old.example {options} {line} laptop\n");
        let people = approvers(&file);
        for (compact, time) in [
            ("20261127235959Z", "2026-11-27T23:59:59Z"),
            ("20261129000000Z", "2026-11-29T00:00:00Z"),
            ("20261129070000Z", "2026-11-29T07:00:00Z"),
            ("20261129070001Z", "2026-11-29T07:00:01Z"),
            ("20261130000001Z", "2026-11-30T00:00:01Z"),
        ] {
            let at = Moment::new(time.parse().unwrap());
            for message in [&text, &other.text().unwrap()] {
                let ours = people.verify(message.as_bytes(), &armor, at).is_ok();
                let theirs = desk.accepts(&file, &armor, message, Some(compact));
                assert_eq!(ours, theirs, "{options} {time}");
                agreed[usize::from(ours)] += 1;
            }
        }
    }
    assert!(agreed[0] > 20 && agreed[1] > 20, "{agreed:?}");
}
