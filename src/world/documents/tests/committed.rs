//! Documents of commits, and the introduction of differences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Home, at, discover, files, git, names, printed_by, production, said, staging};
use crate::world::documents::{CommittedDocuments, Renames};
use crate::world::git::Repository;
use evenkeel_core::documents::{FileContent, FileSet};
use evenkeel_core::documents::{LIMITS, Limits};
use evenkeel_core::history::{Budget, CommitContents, CommitInfo, Listed, Since, introductions};
use evenkeel_document::codes;
use evenkeel_host::Interruption;
use evenkeel_model::Digest;

fn committed(home: &Home) -> CommittedDocuments {
    let root: PathBuf = home.path("").components().collect();
    CommittedDocuments::new(&home.repository(), &root, &Interruption::default()).unwrap()
}

fn gather(documents: &mut CommittedDocuments, commit: &str, path: &str) -> FileSet {
    let declaration = at(path);
    documents
        .gather(commit, &[(staging(), &declaration)], &Renames::default())
        .pop()
        .unwrap()
}

#[test]
fn a_commit_is_read_independently_of_the_working_tree() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("deploy/a b.yaml", "a: 1\n");
    home.write("deploy/eu/'c'.yaml", "c: 1\n");
    home.write("deploy/a.png", b"\x89PNG\0");
    home.write("deploy/.env", "A=1\n");
    home.write("deploy/node_modules/x", "x");
    let first = home.commit("first");
    home.write("deploy/a b.yaml", "a: 2\n");
    home.write("deploy/new.yaml", "new: 1\n");
    let second = home.commit("second");
    home.write("deploy/a b.yaml", "a: 3\n");
    let mut documents = committed(&home);
    let set = gather(&mut documents, &first, "deploy");
    assert_eq!(names(&set), [".env", "a b.yaml", "a.png", "eu/'c'.yaml"]);
    assert_eq!(files(&set)["a b.yaml"], "deploy/a b.yaml: a: 1\n");
    assert_eq!(files(&set)["a.png"], "binary");
    assert_eq!(set.files["a.png"], home.gather("deploy").files["a.png"]);
    assert_eq!(
        names(&gather(&mut documents, &second, "deploy/*.yaml")),
        ["a b.yaml", "new.yaml"]
    );
    let single = gather(&mut documents, &second, "deploy/a b.yaml");
    assert_eq!(
        files(&single),
        [("", "deploy/a b.yaml: a: 2\n".into())].into()
    );
    assert!(gather(&mut documents, &second, "deploy/a.png").complaints[0].code == &codes::NOT_TEXT);
    let none = gather(&mut documents, &first, "deploy/new.yam");
    assert!(none.absent);
    let short = &first[..10];
    assert_eq!(
        said(&none),
        format!("there is no `deploy/new.yam` in commit {short}")
    );
}

#[test]
fn an_unchanged_file_of_several_commits_is_read_once() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("d/a.yaml", "a: 1\n");
    home.write("d/deep/b.yaml", "b: 1\n");
    let first = home.commit("first");
    home.write("d/a.yaml", "a: 2\n");
    let second = home.commit("second");
    let mut documents = committed(&home);
    let file = |set: &FileSet, name: &str| match &set.files[name] {
        FileContent::Text(file) => file.clone(),
        other => panic!("{other:?}"),
    };
    let before = gather(&mut documents, &first, "d");
    let bytes = documents.bytes_read();
    assert!(bytes > 10);
    let again = gather(&mut documents, &first, "d");
    assert_eq!(documents.bytes_read(), bytes);
    let after = gather(&mut documents, &second, "d");
    assert!(std::sync::Arc::ptr_eq(
        &file(&before, "a.yaml"),
        &file(&again, "a.yaml")
    ));
    assert!(std::sync::Arc::ptr_eq(
        &file(&before, "deep/b.yaml"),
        &file(&after, "deep/b.yaml")
    ));
    assert_eq!(file(&after, "a.yaml").text, "a: 2\n");
}

#[test]
fn links_are_followed_within_the_commit_and_nowhere_else() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("base/a.yaml", "a: 1\n");
    home.link("current", "base");
    home.link("d/inside", "../base/a.yaml");
    home.link("d/twice", "../current/a.yaml");
    home.link("d/out", "/etc/passwd");
    home.link("d/above", "../../x");
    home.link("d/loop", "loop");
    home.link("d/dir", "../base");
    let commit = home.commit("first");
    let mut documents = committed(&home);
    let set = gather(&mut documents, &commit, "d");
    assert!(set.complaints.is_empty(), "{}", said(&set));
    let expected: BTreeMap<&str, String> = [
        ("above", "-> ../x".to_owned()),
        ("dir", "-> base".into()),
        ("inside", "d/inside: a: 1\n".into()),
        ("loop", "-> ./loop".into()),
        ("out", "-> /etc/passwd".into()),
        ("twice", "d/twice: a: 1\n".into()),
    ]
    .into();
    assert_eq!(files(&set), expected);
    // The working tree is equal.
    assert_eq!(files(&home.gather("d")), expected);
    assert_eq!(
        names(&gather(&mut documents, &commit, "current")),
        ["a.yaml"]
    );
    for (path, reason) in [
        ("../outside", "leads outside"),
        ("d/out", "leads outside"),
        ("d/loop", "cyclic links"),
        ("d/none", "there is no"),
    ] {
        let set = gather(&mut documents, &commit, path);
        assert!(said(&set).contains(reason), "{path}: {}", said(&set));
    }
}

#[test]
fn a_project_below_the_root_reads_beside_itself_and_not_beyond_the_repository() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("services/a/environments/system.toml", "");
    home.write("charts/values.yaml", "a: 1\n");
    let commit = home.commit("first");
    let root = home.path("services/a");
    let mut documents =
        CommittedDocuments::new(&home.repository(), &root, &Interruption::default()).unwrap();
    let set = gather(&mut documents, &commit, "../../charts/values.yaml");
    assert_eq!(
        files(&set),
        [("", "../../charts/values.yaml: a: 1\n".into())].into()
    );
    let set = gather(&mut documents, &commit, "../../../x");
    assert!(said(&set).contains("leads outside"));
    let elsewhere = Home::new();
    assert!(
        CommittedDocuments::new(
            &home.repository(),
            &elsewhere.path(""),
            &Interruption::default()
        )
        .is_none()
    );
}

#[test]
fn the_former_output_of_a_command_is_unknown() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("a", "");
    let commit = home.commit("first");
    let declaration = printed_by(&["cat", "a"]);
    let set = committed(&home)
        .gather(&commit, &[(staging(), &declaration)], &Renames::default())
        .pop()
        .unwrap();
    assert!(!set.whole && !set.absent && set.files.is_empty());
    assert_eq!(set.complaints[0].code, &codes::UNREADABLE);
    assert!(said(&set).contains("is unknown"));
}

#[test]
fn huge_files_submodules_and_missing_objects_are_reported() {
    let module = Home::new();
    module.git(&["init", "-q"]);
    module.write("x", "x");
    module.commit("module");
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("d/a", "1\n");
    home.write("d/large", "x".repeat(3000));
    home.write("d/huge", vec![0; 3 << 20]);
    home.git(&[
        "submodule",
        "--quiet",
        "add",
        module.path("").to_str().unwrap(),
        "d/module",
    ]);
    let commit = home.commit("first");
    let declaration = at("d");
    let asked = [(staging(), &declaration)];
    let small = Limits {
        longest: 2000,
        ..LIMITS
    };
    let mut documents = committed(&home);
    let set = documents
        .gather_within(&commit, &asked, &Renames::default(), &small)
        .pop()
        .unwrap();
    assert_eq!(files(&set)["a"], "d/a: 1\n");
    assert_eq!(files(&set)["huge"], "binary");
    assert!(said(&set).contains("`d/large` has 1 MiB"), "{}", said(&set));
    assert!(
        said(&set).contains("`d/module` is a submodule"),
        "{}",
        said(&set)
    );
    // Beyond the limit of all together it is not read: the process that started to write it is ended, and another one
    // answers.
    let few = Limits {
        bytes: 2 << 20,
        ..LIMITS
    };
    let mut documents = committed(&home);
    let set = documents
        .gather_within(&commit, &asked, &Renames::default(), &few)
        .pop()
        .unwrap();
    assert_eq!(set.complaints[0].code, &codes::TOO_LARGE);
    assert!(documents.bytes_read() < 10_000);
    assert_eq!(
        files(&gather(&mut documents, &commit, "d/a"))[""],
        "d/a: 1\n"
    );

    home.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = Home::new();
    let url = format!("file://{}", home.path("").display());
    clone.git(&[
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        &url,
        "clone",
    ]);
    let repository = discover(&clone.path("clone"));
    let mut documents =
        CommittedDocuments::new(&repository, &clone.path("clone"), &Interruption::default())
            .unwrap();
    let set = gather(&mut documents, &commit, "d/a");
    assert!(
        said(&set).contains("is missing from this clone"),
        "{}",
        said(&set)
    );
    assert!(!set.absent);
}

#[test]
fn a_repository_without_commits_and_an_invalid_commit_are_reported() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("a", "1\n");
    assert_eq!(home.repository().resolve("HEAD").ok(), None);
    let mut documents = committed(&home);
    for commit in ["HEAD", "main\nHEAD", &"0".repeat(40)] {
        let set = gather(&mut documents, commit, "a");
        assert_eq!(set.complaints.len(), 1, "{commit}");
        assert!(!set.absent);
    }
    assert_eq!(files(&home.gather("a"))[""], "a: 1\n");
}

/// Writes both environments' values, and commits.
fn state(home: &Home, staging: &str, production: &str, subject: &str) -> String {
    home.write("staging.yaml", staging);
    home.write("production.yaml", production);
    home.commit(subject)
}

/// Returns the lines that only production has.
fn differences(staging: &str, production: &str) -> BTreeSet<Digest> {
    let known: BTreeSet<&str> = staging.lines().collect();
    let new = production.lines().filter(|line| !known.contains(line));
    new.map(|line| Digest::of(line.as_bytes())).collect()
}

fn text(set: &FileSet) -> Option<&str> {
    match set.files.get("")? {
        FileContent::Text(file) => Some(&file.text),
        _ => None,
    }
}

/// Returns the introduction of each line: the subject of its commit, with `>` for "at least".
fn since(repository: &Repository, root: PathBuf, lines: &[&str]) -> BTreeMap<String, String> {
    let declarations = [at("staging.yaml"), at("production.yaml")];
    let asked = [
        (staging(), &declarations[0]),
        (production(), &declarations[1]),
    ];
    let budget = Budget::default();
    let mut documents =
        CommittedDocuments::new(repository, &root, &Interruption::default()).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    let places = documents.places(&head, &asked, &Renames::default());
    let commits = repository
        .commits_touching(&head, None, &places, budget.commits)
        .unwrap();
    let evaluate = |info: &CommitInfo| {
        let before = documents.bytes_read();
        let sets = documents.gather(&info.commit, &asked, &Renames::default());
        Some(CommitContents {
            keys: differences(text(&sets[0])?, text(&sets[1])?),
            bytes: documents.bytes_read() - before,
        })
    };
    let now = lines
        .iter()
        .map(|line| Digest::of(line.as_bytes()))
        .collect();
    let since = introductions(&now, budget, &mut Listed::new(commits, evaluate));
    lines
        .iter()
        .filter_map(|line| {
            let said = match since.get(&Digest::of(line.as_bytes()))? {
                Since::Commit(info) => info.subject.clone(),
                Since::AtLeast(info) => format!(">{}", info.subject),
                Since::WorkingTree => "now".into(),
            };
            Some(((*line).to_owned(), said))
        })
        .collect()
}

#[test]
fn a_real_history_dates_each_difference() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    state(&home, "a\nb\n", "a\nb\n", "same");
    state(&home, "a\nb\n", "a\nB\n", "differ");
    home.write("elsewhere", "1");
    home.commit("elsewhere");
    state(&home, "a\nb\n", "a\nb\n", "fixed");
    state(&home, "a\nb\n", "a\nB\nc\n", "again");
    // The lines of a merged branch are dated by the merge.
    home.git(&["checkout", "-qb", "side"]);
    state(&home, "a\nb\n", "a\nB\nc\nd\n", "on the side");
    home.git(&["checkout", "-q", "main"]);
    home.write("elsewhere", "2");
    home.commit("elsewhere again");
    home.git(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
    let root: PathBuf = home.path("").components().collect();
    let reported = since(&home.repository(), root, &["B", "c", "d", "e"]);
    let expected = [
        ("B", "again"),
        ("c", "again"),
        ("d", "merged"),
        ("e", "now"),
    ];
    assert_eq!(
        reported,
        expected
            .map(|(line, at)| (line.to_owned(), at.to_owned()))
            .into()
    );
}

#[test]
fn a_shallow_clone_claims_nothing_about_missing_commits() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    state(&home, "a\n", "a\nB\n", "first");
    state(&home, "a\n", "a\nB\nc\n", "second");
    state(&home, "a\nx\n", "a\nB\nc\nd\n", "third");
    let clone = Home::new();
    let url = format!("file://{}", home.path("").display());
    git(
        &clone.path(""),
        &["clone", "-q", "--depth=2", &url, "clone"],
    );
    let root = clone.path("clone");
    let repository = discover(&root);
    assert!(repository.is_shallow());
    let reported = since(&repository, root, &["B", "c", "d"]);
    let expected = [("B", ">second"), ("c", ">second"), ("d", "third")];
    assert_eq!(
        reported,
        expected
            .map(|(line, at)| (line.to_owned(), at.to_owned()))
            .into()
    );
}

#[test]
fn a_difference_that_came_through_a_link_is_dated_too() {
    let home = Home::new();
    home.git(&["init", "-q"]);
    home.write("base/p.yaml", "a\n");
    home.write("staging.yaml", "a\n");
    home.link("production.yaml", "base/p.yaml");
    home.commit("first");
    home.write("base/p.yaml", "a\nB\n");
    home.commit("below the link");
    home.write("other/p.yaml", "a\nB\nc\n");
    home.commit("elsewhere");
    std::fs::remove_file(home.path("production.yaml")).unwrap();
    home.link("production.yaml", "other/p.yaml");
    home.commit("the link");
    let root: PathBuf = home.path("").components().collect();
    let reported = since(&home.repository(), root, &["c"]);
    assert_eq!(reported["c"], "the link");
    let mut documents = committed(&home);
    let head = home.repository().resolve("HEAD").unwrap();
    let (one, two, outside) = (at("production.yaml"), at("base/**"), at("../x"));
    let asked = [(staging(), &one), (staging(), &two), (staging(), &outside)];
    let places = documents.places(&head, &asked, &Renames::default());
    let places: Vec<&str> = places.iter().filter_map(|place| place.to_str()).collect();
    assert_eq!(places, ["base", "other/p.yaml", "production.yaml"]);
}
