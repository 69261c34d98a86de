//! git repositories, read without changing them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use evenkeel::target::git::{GitError, Repository};

fn git(home: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "-c",
            "init.defaultBranch=main",
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

fn repository() -> (tempfile::TempDir, Repository) {
    let home = tempfile::tempdir().unwrap();
    git(home.path(), &["init", "-q"]);
    fs::create_dir_all(home.path().join("environments/deep")).unwrap();
    fs::write(home.path().join("environments/system.toml"), "one\n").unwrap();
    fs::write(
        home.path().join("environments/deep/ü [x]*"),
        [0, 255, 10, 0],
    )
    .unwrap();
    git(home.path(), &["add", "-A"]);
    git(home.path(), &["commit", "-qm", "first"]);
    let repository = Repository::discover(&home.path().join("environments/deep")).unwrap();
    (home, repository)
}

#[test]
fn commits_and_files_are_read_as_they_were() {
    let (home, repository) = repository();
    assert_eq!(repository.root(), home.path().canonicalize().unwrap());
    let first = repository.head().unwrap();
    fs::write(home.path().join("environments/system.toml"), "two\n").unwrap();
    git(home.path(), &["commit", "-qam", "second"]);
    assert_eq!(repository.resolve("HEAD~1").unwrap(), first);
    let system = Path::new("environments/system.toml");
    assert_eq!(repository.read(&first, system).unwrap().unwrap(), b"one\n");
    assert_eq!(repository.read("HEAD", system).unwrap().unwrap(), b"two\n");
    let odd = Path::new("environments/deep/ü [x]*");
    let read = repository
        .read_many(
            &first,
            &[odd, Path::new("none"), Path::new("environments"), system],
        )
        .unwrap();
    assert_eq!(
        read,
        [
            Some(vec![0, 255, 10, 0]),
            None,
            None,
            Some(b"one\n".to_vec())
        ]
    );
    assert_eq!(
        repository.list(&first, Path::new("environments")).unwrap(),
        [odd, system]
    );
    assert_eq!(
        repository
            .list(&first, Path::new("environments/deep"))
            .unwrap(),
        [odd]
    );
    assert!(
        repository
            .list(&first, Path::new("none"))
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        repository.read(&first, Path::new("../x")),
        Err(GitError::Path { .. })
    ));
}

#[test]
fn what_was_not_committed_is_seen_where_it_is() {
    let (home, repository) = repository();
    let environments = home.path().join("environments");
    assert!(!repository.dirty(&[]).unwrap());
    fs::write(home.path().join("elsewhere"), "").unwrap();
    assert!(repository.dirty(&[]).unwrap());
    assert!(
        !repository
            .dirty(std::slice::from_ref(&environments))
            .unwrap()
    );
    fs::write(environments.join("new.toml"), "").unwrap();
    assert!(
        repository
            .dirty(std::slice::from_ref(&environments))
            .unwrap()
    );
    assert!(
        !repository
            .dirty(&[environments.join("system.toml")])
            .unwrap()
    );
    fs::write(environments.join("system.toml"), "changed").unwrap();
    assert!(
        repository
            .dirty(&[PathBuf::from("environments/system.toml")])
            .unwrap()
    );
}

#[test]
fn a_revision_is_never_an_option_and_what_is_not_there_is_said() {
    let (home, repository) = repository();
    for revision in [
        "--all",
        "-h",
        "",
        "none",
        "HEAD:environments",
        "--output=/tmp/x",
        "main\nHEAD",
        "^main",
        "main..main",
    ] {
        let error = repository.resolve(revision);
        assert!(
            matches!(error, Err(GitError::NoCommit { .. })),
            "{revision}: {error:?}"
        );
    }
    assert_eq!(Repository::discover(Path::new("/proc")), None);
    let empty = tempfile::tempdir().unwrap();
    git(empty.path(), &["init", "-q"]);
    assert_eq!(Repository::discover(empty.path()).unwrap().head(), None);
    drop(home);
}
