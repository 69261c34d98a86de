//! Failures of reading documents from real directories and repositories.

mod committed;
mod pair;
mod programs;
mod working;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Rendering, WorkingDocuments};
use crate::world::git::{Git, Repository};
use crate::world::redaction::Redactor;
use evenkeel_core::documents::{FileContent, FileSet};
use evenkeel_core::environment::{DocumentDeclaration, DocumentRules, DocumentSource};
use evenkeel_host::Interruption;
use evenkeel_model::EnvironmentName;
use evenkeel_model::source::{SourceFile, Span};

/// Returns the git of these tests.
fn git_program() -> Git {
    Git::new(&std::env::vars().collect(), &Interruption::default())
}

fn discover(directory: &Path) -> Repository {
    Repository::discover(directory, &git_program())
        .unwrap()
        .unwrap()
}

/// Temporary directory.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(
            tempfile::Builder::new()
                .prefix("evenkeel documents-")
                .tempdir()
                .unwrap(),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn link(&self, name: &str, leads: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(leads, path).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        git(&self.path(""), arguments);
    }

    fn commit(&self, subject: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", subject]);
        self.repository().resolve("HEAD").unwrap()
    }

    fn repository(&self) -> Repository {
        discover(&self.path(""))
    }

    fn working(&self) -> WorkingDocuments {
        let root = self.path("");
        let root: PathBuf = root.components().collect();
        WorkingDocuments::new(
            &root,
            Repository::discover(&root, &git_program())
                .ok()
                .flatten()
                .as_ref(),
            rendering(&root),
        )
    }

    /// Reads the document at a path.
    fn gather(&self, path: &str) -> FileSet {
        let declaration = at(path);
        self.working()
            .gather(&[(staging(), &declaration)])
            .pop()
            .unwrap()
    }
}

fn git(home: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org"])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .current_dir(home)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn rendering(directory: &Path) -> Rendering {
    Rendering {
        directory: directory.to_owned(),
        environment: std::env::vars().collect(),
        interruption: Interruption::default(),
        is_allowed: true,
        redactor: Redactor::default(),
    }
}

fn staging() -> EnvironmentName {
    EnvironmentName::new("staging")
}

fn production() -> EnvironmentName {
    EnvironmentName::new("production")
}

fn declared(source: DocumentSource) -> DocumentDeclaration {
    let file = SourceFile::new(
        "environments/system.toml",
        "[document.values]\npath = \"x\"\n",
    );
    DocumentDeclaration {
        name: "values".into(),
        span: Span::new(&file, 1..16),
        source,
        source_span: Span::new(&file, 25..28),
        format: None,
        section: None,
        base: Vec::new(),
        rules: DocumentRules::default(),
    }
}

fn at(path: &str) -> DocumentDeclaration {
    declared(DocumentSource::Path(path.into()))
}

fn printed_by(command: &[&str]) -> DocumentDeclaration {
    declared(DocumentSource::Render {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        within: Duration::from_mins(2),
    })
}

/// Returns each file in short form: `a.yaml = deploy/a.yaml: TEXT`, `a.bin: binary`, `a -> there`, `a: unreadable`.
fn files(set: &FileSet) -> BTreeMap<&str, String> {
    set.files
        .iter()
        .map(|(name, content)| {
            let words = match content {
                FileContent::Text(file) => format!("{}: {}", file.path, file.text),
                FileContent::Binary(_) => "binary".into(),
                FileContent::Link(leads) => format!("-> {leads}"),
                FileContent::Unreadable => "unreadable".into(),
            };
            (name.as_str(), words)
        })
        .collect()
}

fn names(set: &FileSet) -> Vec<&str> {
    set.files.keys().map(String::as_str).collect()
}

/// Returns all defects.
fn said(set: &FileSet) -> String {
    let words: Vec<&str> = set
        .complaints
        .iter()
        .map(|defect| defect.message.as_str())
        .collect();
    words.join("\n")
}

/// Reruns a test of this binary as an unprivileged user, if the current one is root and so not bound by permissions.
/// Returns whether it did.
fn ran_unprivileged(test: &str) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    /// Unprivileged user.
    const UNPRIVILEGED: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    // Other users may have no access to the binary's directory.
    let place = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path(), open.clone()).unwrap();
    let program = place.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, open).unwrap();
    let ran = std::process::Command::new(&program)
        .args(["--exact", test])
        .current_dir("/")
        .uid(UNPRIVILEGED)
        .gid(UNPRIVILEGED)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    true
}
