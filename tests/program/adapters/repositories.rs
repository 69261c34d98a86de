//! Git repositories, read without changing them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use evenkeel::world::git::{Git, GitError, Line, Objects, Repository, TreeKind};
use evenkeel_host::Interruption;

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

fn program() -> Git {
    Git::new(&std::env::vars().collect(), &Interruption::default())
}

fn discover(directory: &Path) -> Option<Repository> {
    Repository::discover(directory, &program()).unwrap()
}

fn discover_with_head(directory: &Path) -> (Repository, Option<String>) {
    let found = Repository::discover_with_head(directory, &program()).unwrap();
    let found = found.unwrap();
    (found.repository, found.head)
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
    let repository = discover(&home.path().join("environments/deep")).unwrap();
    (home, repository)
}

#[test]
fn commits_and_files_are_read_unchanged() {
    let (home, repository) = repository();
    assert_eq!(repository.root(), home.path().canonicalize().unwrap());
    let first = repository.resolve("HEAD").unwrap();
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
    // A full hash does not prove that the commit exists; a missing commit is never a commit without the file.
    assert!(matches!(
        repository.read(&"0".repeat(40), system),
        Err(GitError::NoCommit { .. })
    ));
}

#[test]
fn the_repository_and_its_head_are_one_query() {
    let home = tempfile::tempdir().unwrap();
    let odd = home.path().join("of two\nlines");
    fs::create_dir(&odd).unwrap();
    assert!(discover(&odd).is_none());
    git(&odd, &["init", "-q"]);
    let (repository, head) = discover_with_head(&odd);
    assert_eq!(repository.root(), odd.canonicalize().unwrap());
    assert_eq!(head, None, "before the first commit");
    git(&odd, &["commit", "-q", "--allow-empty", "-m", "first"]);
    let (repository, head) = discover_with_head(&odd);
    assert_eq!(repository.root(), odd.canonicalize().unwrap());
    assert!(head.is_some());
    assert_eq!(head, repository.resolve("HEAD").ok());
}

#[test]
fn a_revision_is_never_an_option_and_a_missing_one_is_reported() {
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
    assert!(discover(Path::new("/proc")).is_none());
    let empty = tempfile::tempdir().unwrap();
    git(empty.path(), &["init", "-q"]);
    assert_eq!(discover(empty.path()).unwrap().resolve("HEAD").ok(), None);
    drop(home);
}

#[test]
fn commits_that_touched_files_are_listed_newest_first_whatever_the_users_settings() {
    let (home, repository) = repository();
    let first = repository.resolve("HEAD").unwrap();
    // Settings that change the output of `git log`.
    git(home.path(), &["config", "log.follow", "true"]);
    git(home.path(), &["config", "log.showSignature", "true"]);
    git(home.path(), &["config", "log.date", "relative"]);
    fs::write(home.path().join("elsewhere"), "").unwrap();
    git(home.path(), &["add", "-A"]);
    git(home.path(), &["commit", "-qm", "elsewhere"]);
    fs::write(home.path().join("environments/system.toml"), "two\n").unwrap();
    let odd = "a \u{1b}[31m \u{fc} subject\n\nand a body";
    git(home.path(), &["commit", "-qam", odd]);
    let second = repository.resolve("HEAD").unwrap();
    git(
        home.path(),
        &["mv", "environments/system.toml", "system.toml"],
    );
    git(home.path(), &["commit", "-qm", "moved"]);
    let touching = |paths: &[&str], most| {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        repository
            .commits_touching("HEAD", None, &paths, most)
            .unwrap()
    };
    let reported = touching(&["environments/system.toml"], 9);
    let commits: Vec<&str> = reported
        .list
        .iter()
        .map(|info| info.commit.as_str())
        .collect();
    assert_eq!(commits[1..], [second.as_str(), &first]);
    assert!(reported.whole);
    let info = &reported.list[1];
    assert_eq!(info.subject, "a \\u{1b}[31m \u{fc} subject");
    assert_eq!(
        (info.author.as_str(), info.short.as_str()),
        ("T", &second[..10])
    );
    assert!(info.time.as_millisecond() > 0);
    // A file moved here has no older name.
    assert_eq!(touching(&["system.toml"], 9).list.len(), 1);
    assert_eq!(touching(&["environments"], 9).list.len(), 3);
    assert_eq!(
        touching(&["environments/deep/\u{fc} [x]*", "elsewhere"], 9)
            .list
            .len(),
        2
    );
    for everything in [".", ""] {
        let reported = touching(&[everything], 3);
        assert_eq!(
            (reported.list.len(), reported.whole),
            (3, false),
            "{everything}"
        );
        assert!(touching(&[everything], 4).whole);
    }
    assert!(touching(&[], 9).list.is_empty());
    let line = repository.line("HEAD", 2).unwrap();
    assert_eq!((line.list.len(), line.whole), (2, false));
    assert!(repository.line("HEAD", 9).unwrap().whole);
    let changed = |paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let changes = repository.changes(&line.list, &paths).unwrap();
        changes.by_commit.len()
    };
    assert_eq!((changed(&[]), changed(&["."])), (0, 2));
    assert!(touching(&["none"], 9).list.is_empty());
    assert!(matches!(
        repository.commits_touching("HEAD", None, &["../x".into()], 9),
        Err(GitError::Path { .. })
    ));
    assert!(
        repository
            .commits_touching("--all", None, &["x".into()], 9)
            .is_err()
    );
}

#[test]
fn objects_are_read_from_one_process() {
    let (home, repository) = repository();
    fs::write(home.path().join("large"), vec![b'x'; 5 << 20]).unwrap();
    git(home.path(), &["add", "-A"]);
    git(home.path(), &["commit", "-qm", "large"]);
    let head = repository.resolve("HEAD").unwrap();
    let mut objects = Objects::new(&repository, &Interruption::default());
    let root = objects.directory(&head, Path::new("")).unwrap().unwrap();
    let names: Vec<_> = root
        .iter()
        .map(|(name, entry)| (name.to_str().unwrap(), entry.kind))
        .collect();
    assert_eq!(
        names,
        [
            ("environments", TreeKind::Directory),
            ("large", TreeKind::File)
        ]
    );
    let large = root[std::ffi::OsStr::new("large")].id;
    let small = objects
        .entry(&head, Path::new("environments"), "system.toml".as_ref())
        .unwrap()
        .unwrap()
        .id;
    for _ in 0..3 {
        // None of it, a little, and all.
        assert_eq!(objects.file(&large, |size, _| size).unwrap(), 5 << 20);
        let mut text = String::new();
        objects
            .file(&small, |_, reader| reader.read_to_string(&mut text))
            .unwrap()
            .unwrap();
        assert_eq!(text, "one\n");
        let copied = objects.file(&large, |_, reader| {
            std::io::copy(reader, &mut std::io::sink())
        });
        assert_eq!(copied.unwrap().unwrap(), 5 << 20);
        assert_eq!(objects.file(&small, |size, _| size).unwrap(), 4);
    }
    assert_eq!(objects.directory(&head, Path::new("large")).unwrap(), None);
    assert_eq!(objects.directory(&head, Path::new("none")).unwrap(), None);
    assert!(objects.directory(&head, Path::new("../x")).is_err());
    assert!(objects.directory("HEAD", Path::new("")).is_err());
    // A directory is not a file, and the next query is answered.
    let directory = root[std::ffi::OsStr::new("environments")].id;
    assert!(objects.file(&directory, |_, _| ()).is_err());
    assert_eq!(objects.file(&small, |size, _| size).unwrap(), 4);
}

/// A repository whose entries change in every way: each commit replaces the files, all of which contain their names.
fn changing(commits: &[&[&str]]) -> (tempfile::TempDir, Repository) {
    let (home, repository) = repository();
    for (number, files) in commits.iter().enumerate() {
        git(home.path(), &["rm", "-rfq", "--ignore-unmatch", "."]);
        for file in *files {
            let (path, content) = file.split_once('=').unwrap();
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match content.strip_prefix('>') {
                Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
                None => fs::write(path, content).unwrap(),
            }
        }
        git(home.path(), &["add", "-A"]);
        let message = number.to_string();
        git(home.path(), &["commit", "-qm", &message, "--allow-empty"]);
    }
    (home, repository)
}

#[test]
fn entries_known_from_changes_are_those_of_each_commit() {
    let (home, repository) = changing(&[
        &["a/x=1", "a/y=1", "b=1", "c/d/e=1"],
        &["a/x=2", "a/y=1", "b=1", "c/d/e=1"],
        &["a=3", "b/x=1", "c/d/e=1"],
        &["a=3", "b/x=1", "c/d/e=1"],
        &["a/x=1", "b=>a", "c/d=1", "ax=1"],
        &["a/x=1", "b=>c", "c/d=1", "c/f=1"],
        &["a/x=1", "b=1", "c/f=1", "c/d/e=2"],
        &["a/y=1", "b=1", "c/f=1", "c/d/e=2"],
    ]);
    // A merge, and settings of the user.
    let commit = |file: &str| {
        fs::write(home.path().join(file), file).unwrap();
        git(home.path(), &["add", "-A"]);
        git(home.path(), &["commit", "-qm", ": subject"]);
    };
    git(home.path(), &["checkout", "-qb", "side"]);
    commit("c/new");
    git(home.path(), &["checkout", "-q", "main"]);
    commit("a/y");
    git(
        home.path(),
        &["merge", "-q", "--no-ff", "--no-edit", "side"],
    );
    commit("c/f");
    for (name, value) in [
        ("log.showSignature", "true"),
        ("log.follow", "true"),
        ("log.showRoot", "false"),
        ("log.diffMerges", "off"),
        ("log.date", "human"),
        ("diff.orderFile", "none"),
        ("diff.relative", "true"),
        ("diff.renames", "copies"),
        ("format.pretty", "oneline"),
        ("color.ui", "always"),
    ] {
        git(home.path(), &["config", name, value]);
    }
    let line = repository.line("HEAD", 99).unwrap();
    let paths = [
        "", "a", "a/x", "a/y", "ax", "b", "b/x", "c", "c/d", "c/d/e", "c/f", "c/new", "none",
        "none/x",
    ];
    let query = |objects: &mut Objects| {
        let mut found = Vec::new();
        for commit in &line.list {
            for path in paths.map(Path::new) {
                found.push(format!(
                    "{path:?} {:?}",
                    objects.directory(&commit.commit, path)
                ));
                if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
                    let entry = objects.entry(&commit.commit, parent, name);
                    found.push(format!("{path:?} {entry:?}"));
                }
            }
        }
        found
    };
    let mut objects = Objects::new(&repository, &Interruption::default());
    let expected = query(&mut objects);
    for within in [
        vec!["."],
        vec!["a", "b", "c"],
        vec!["a/x", "c/d/e"],
        vec!["none/x"],
        vec!["c/d"],
        vec![],
    ] {
        let within: Vec<PathBuf> = within.into_iter().map(PathBuf::from).collect();
        let changes = repository.changes(&line.list, &within).unwrap();
        // The same from one query.
        let (same, known) = repository.line_with_changes("HEAD", 99, &within).unwrap();
        assert_eq!(same, line);
        let are_known = !within.is_empty() && within != [PathBuf::from(".")];
        assert_eq!(known.cover(&within), are_known || within.is_empty());
        if are_known {
            assert_eq!(known.by_commit, changes.by_commit);
        }
        let mut objects = Objects::new(&repository, &Interruption::default());
        objects.learn(Line::new(&line.list, &changes).unwrap());
        assert_eq!(query(&mut objects), expected, "{within:?}");
        // Also where directories and files were read ahead.
        let mut objects = Objects::new(&repository, &Interruption::default());
        let all: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        objects.read_directories(&line.list[0].commit, &all);
        objects.learn(Line::new(&line.list, &changes).unwrap());
        assert_eq!(query(&mut objects), expected, "{within:?}");
    }
}

#[test]
fn files_read_ahead_are_the_same_and_large_ones_are_left_out() {
    let large = "x".repeat(3 << 20);
    let some = "y".repeat(100_000);
    let files = ["a=1".to_owned(), format!("b={large}"), format!("c={some}")];
    let (_home, repository) = changing(&[&files.each_ref().map(String::as_str)]);
    let head = repository.resolve("HEAD").unwrap();
    let mut objects = Objects::new(&repository, &Interruption::default());
    let root = objects.directory(&head, Path::new("")).unwrap().unwrap();
    let ids = root.values().map(|entry| entry.id).collect();
    objects.read_small_files(&ids);
    for (name, expected) in [("a", "1"), ("b", &*large), ("c", &*some)] {
        let id = root[std::ffi::OsStr::new(name)].id;
        let mut text = String::new();
        let size = objects.file(&id, |size, reader| {
            reader.read_to_string(&mut text).unwrap();
            size
        });
        assert_eq!(size.unwrap(), expected.len() as u64);
        assert!(text == expected, "{name}");
    }
}

/// Nothing of a commit is written outside of the directory that it is exported to.
#[test]
fn a_commit_is_exported_with_its_modes_and_links() {
    let home = tempfile::tempdir().unwrap();
    git(home.path(), &["init", "--quiet"]);
    let path = |name: &str| home.path().join(name);
    for (name, text) in [
        ("site/page", "text\r\n"),
        ("site/deep/er/tool", "#!/bin/sh\n"),
        ("elsewhere", "not exported"),
    ] {
        std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        std::fs::write(path(name), text).unwrap();
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path("site/deep/er/tool"), mode).unwrap();
    std::os::unix::fs::symlink("../elsewhere", path("site/link")).unwrap();
    // A filter of the repository must not run, and must not change what is written.
    std::fs::write(path(".gitattributes"), "* text eol=lf\n").unwrap();
    git(home.path(), &["add", "--all"]);
    git(home.path(), &["commit", "--quiet", "-m", "site"]);
    let repository = discover(home.path()).unwrap();
    let to = tempfile::tempdir().unwrap();
    repository
        .export("HEAD", Path::new("site"), to.path())
        .unwrap();
    let read = |name: &str| std::fs::read(to.path().join(name)).unwrap();
    let committed = repository.read("HEAD", Path::new("site/page")).unwrap();
    assert_eq!(Some(read("page")), committed);
    assert_eq!(read("deep/er/tool"), b"#!/bin/sh\n");
    let mode = |name: &str| {
        let metadata = std::fs::metadata(to.path().join(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!((mode("page"), mode("deep/er/tool")), (0o600, 0o700));
    let link = std::fs::read_link(to.path().join("link")).unwrap();
    assert_eq!(link, Path::new("../elsewhere"));
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 3);
    assert!(
        repository
            .export("no-such", Path::new(""), to.path())
            .is_err()
    );
}
