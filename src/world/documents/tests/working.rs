//! Documents of the working tree.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::{ffi, fs};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Home, at, files, names, printed_by, production, ran_unprivileged, said, staging};
use crate::world::documents::working_tree::{Disk, read_all};
use evenkeel_core::documents::{FileContent, FileReading};
use evenkeel_core::documents::{LIMITS, Limits};
use evenkeel_core::environment::DocumentDeclaration;
use evenkeel_document::codes;
use evenkeel_host::Interruption;

#[test]
fn a_file_a_directory_and_a_pattern_become_files_by_name() {
    let home = Home::new();
    home.write("deploy/a b.yaml", "a: 1\n");
    home.write("deploy/eu/'c'.yaml", "c: 1\n");
    home.write("deploy/.env", "A=1\n");
    home.write("deploy/.git", "gitdir: elsewhere\n");
    let set = home.gather("deploy/a b.yaml");
    assert!(set.single && set.whole && set.complaints.is_empty());
    assert_eq!(files(&set), [("", "deploy/a b.yaml: a: 1\n".into())].into());
    let set = home.gather("deploy");
    assert!(!set.single);
    assert_eq!(names(&set), [".env", "a b.yaml", "eu/'c'.yaml"]);
    assert_eq!(files(&set)["eu/'c'.yaml"], "deploy/eu/'c'.yaml: c: 1\n");
    assert_eq!(
        names(&home.gather("deploy/**/*.yaml")),
        ["a b.yaml", "eu/'c'.yaml"]
    );
}

#[test]
fn a_defect_names_the_file_and_has_the_place_of_the_declaration() {
    let home = Home::new();
    home.write("deploy/values-staging.yaml", "a: 1\n");
    let set = home.gather("deploy/values-stagin.yaml");
    assert!(set.absent && !set.whole && set.files.is_empty());
    let [defect] = &set.complaints[..] else {
        panic!("{:?}", set.complaints)
    };
    assert_eq!(defect.code, &codes::UNREADABLE);
    assert_eq!(defect.subject, "document.values");
    assert_eq!(defect.environment, Some(staging()));
    assert_eq!(
        defect.labels[0].span.location().to_string(),
        "environments/system.toml:2:8"
    );
    assert!(defect.message.contains("`deploy/values-stagin.yaml`"));
    assert!(
        defect
            .help
            .as_ref()
            .unwrap()
            .contains("`deploy/values-staging.yaml`")
    );
}

#[test]
fn a_binary_file_has_a_digest_and_is_not_a_document_by_itself() {
    let home = Home::new();
    home.write("d/a.png", b"\x89PNG\0");
    home.write("d/b.txt", b"caf\xe9");
    home.write("e/a.png", b"\x89PNG\0");
    let set = home.gather("d");
    assert_eq!(
        files(&set),
        [("a.png", "binary".into()), ("b.txt", "binary".into())].into()
    );
    assert!(set.complaints.is_empty());
    assert_eq!(set.files["a.png"], home.gather("e").files["a.png"]);
    let alone = home.gather("d/a.png");
    assert_eq!(alone.complaints[0].code, &codes::NOT_TEXT);
    assert_eq!(alone.files[""], FileContent::Unreadable);
}

#[test]
fn pipes_and_sockets_are_never_opened() {
    let home = Home::new();
    home.write("d/a", "1\n");
    mknodat(CWD, home.path("d/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _listener = UnixListener::bind(home.path("d/socket")).unwrap();
    home.link("d/through", "pipe");
    let set = home.gather("d");
    assert_eq!(names(&set), ["a", "pipe", "socket", "through"]);
    assert_eq!(files(&set)["pipe"], "unreadable");
    assert_eq!(
        said(&set),
        "`d/pipe` is a named pipe, expected a file\n\
         `d/socket` is a socket, expected a file\n\
         `d/through` cannot be read: it leads to a named pipe"
    );
    assert!(said(&home.gather("d/pipe")).contains("a named pipe"));
    home.link("null", "/dev/null");
    assert!(said(&home.gather("null")).contains("leads outside"));
}

#[test]
fn links_are_read_within_the_project_and_never_beyond() {
    let outside = Home::new();
    outside.write("secret", "hunter2\n");
    let home = Home::new();
    home.write("base/a.yaml", "a: 1\n");
    home.write(".git/config", "password\n");
    home.write(".evenkeel/key", "password\n");
    let secret = outside.path("secret");
    home.link("d/inside", "../base/a.yaml");
    home.link("d/out", secret.to_str().unwrap());
    home.link("d/git", "../.git/config");
    home.link("d/key", "../.evenkeel/key");
    home.link("d/loop", "loop");
    home.link("d/up", "..");
    let set = home.gather("d");
    let listed = files(&set);
    assert_eq!(listed["inside"], "d/inside: a: 1\n");
    assert_eq!(listed["out"], format!("-> {}", secret.display()));
    assert_eq!(listed["git"], "-> .git/config");
    assert_eq!(listed["key"], "-> .evenkeel/key");
    assert_eq!(listed["loop"], "-> ./loop");
    assert_eq!(listed["up"], "-> ");
    assert!(set.complaints.is_empty());
    for path in [
        "d/out",
        "d/git",
        "d/key",
        ".git/config",
        ".evenkeel/key",
        "d/loop",
    ] {
        let set = home.gather(path);
        assert_eq!(set.complaints.len(), 1, "{path}");
        assert!(set.files.is_empty(), "{path}");
    }
    // Dots in the path itself do not lead outside of the repository, or of the project without one.
    home.write("project/x", "");
    let project = home.path("project");
    let interruption = Interruption::default();
    let listed = |path: &str, boundary: &Path| {
        Disk::seen_by(path, &project, boundary, &interruption).list(path, &LIMITS)
    };
    let repository = home.path("");
    let repository: PathBuf = repository.components().collect();
    assert_eq!(listed("../base/a.yaml", &repository).found.len(), 1);
    assert!(listed("../d/out", &repository).found.is_empty());
    assert!(listed("x/../../d/out", &repository).found.is_empty());
    for path in [
        "../base/a.yaml",
        "../nowhere",
        "../**",
        "x/../../base/*.yaml",
    ] {
        for (boundary, path) in [
            (&project, path.to_owned()),
            (&repository, format!("../{path}")),
        ] {
            let listing = listed(&path, boundary);
            assert!(listing.found.is_empty(), "{path}");
            let [complaint] = listing.complaints.as_slice() else {
                panic!("{path}");
            };
            assert!(complaint.message.contains("leads outside"), "{path}");
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_reported() {
    let home = Home::new();
    for name in ["d/gone", "d/link", "d/pipe", "d/stays"] {
        home.write(name, "1\n");
    }
    let root = home.path("");
    let interruption = Interruption::default();
    let listing = Disk::seen_by("d", &root, &root, &interruption).list("d", &LIMITS);
    for name in ["gone", "link", "pipe"] {
        fs::remove_file(home.path("d").join(name)).unwrap();
    }
    home.link("d/link", "stays");
    mknodat(CWD, home.path("d/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let read = read_all(&[&listing], &LIMITS).pop().unwrap().unwrap();
    let refused: Vec<bool> = read
        .iter()
        .map(|each| matches!(each, FileReading::Refused(_)))
        .collect();
    assert_eq!(refused, [true, true, true, false]);
}

#[test]
fn unreadable_files_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let this = "world::documents::tests::working::unreadable_files_are_reported";
    if ran_unprivileged(this) {
        return;
    }
    let home = Home::new();
    home.write("d/a", "1\n");
    home.write("d/closed/b", "1\n");
    let closed = fs::Permissions::from_mode(0o000);
    fs::set_permissions(home.path("d/a"), closed.clone()).unwrap();
    fs::set_permissions(home.path("d/closed"), closed).unwrap();
    let set = home.gather("d");
    assert!(
        said(&set).contains("`d/a` cannot be read: permission denied"),
        "{}",
        said(&set)
    );
    assert!(said(&set).contains("the directory `d/closed` cannot be read: permission denied"));
    assert!(!set.whole);
    fs::set_permissions(home.path("d/closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn names_that_are_not_text_are_reported() {
    let home = Home::new();
    home.write("d/a", "1\n");
    fs::write(
        home.path("d")
            .join(ffi::OsString::from_vec(b"b\xff".to_vec())),
        "",
    )
    .unwrap();
    let set = home.gather("d");
    assert_eq!(names(&set), ["a"]);
    assert!(
        !set.whole && said(&set).contains("is not UTF-8"),
        "{}",
        said(&set)
    );
}

#[test]
fn huge_files_are_reported_without_reading() {
    let home = Home::new();
    home.write("d/a", "1\n");
    // Sparse: without use of space, or of time if they are not read.
    let make = |name: &str, bytes: u64, first: &str| {
        home.write(name, first);
        let file = fs::File::options()
            .append(true)
            .open(home.path(name))
            .unwrap();
        file.set_len(bytes).unwrap();
    };
    make("d/text", 65 << 20, &"a".repeat(70_000));
    let set = home.gather("d");
    assert_eq!(set.complaints[0].code, &codes::TOO_LARGE);
    assert_eq!(said(&set), "`d/text` has 65 MiB, the limit is 64");
    assert_eq!(files(&set)["a"], "d/a: 1\n");
    make("d/whole", 2 << 30, "");
    let set = home.gather("d");
    assert!(
        said(&set).contains("`d` has 2114 MiB, the limit is 1024"),
        "{}",
        said(&set)
    );
    assert!(!set.whole && set.files.is_empty());
}

#[test]
fn thousands_of_files_are_gathered_and_more_than_the_bound_are_not() {
    let home = Home::new();
    for index in 0..5_000 {
        home.write(
            &format!("d/{}/{index}.yaml", index % 50),
            format!("a: {index}\n"),
        );
    }
    let set = home.gather("d");
    assert_eq!(set.files.len(), 5_000);
    assert_eq!(files(&set)["7/4007.yaml"], "d/7/4007.yaml: a: 4007\n");
    let declaration = at("d");
    let few = Limits {
        files: 4_999,
        ..LIMITS
    };
    let sets = home
        .working()
        .gather_within(&[(staging(), &declaration)], &few);
    assert_eq!(sets[0].complaints[0].code, &codes::TOO_LARGE);
}

#[test]
fn many_documents_are_read_concurrently_in_order() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    home.write("d/b.yaml", "b: 1\n");
    let documents = [
        printed_by(&[
            "python3",
            "-c",
            "import time; time.sleep(0.3); print('first: 1')",
        ]),
        at("a.yaml"),
        printed_by(&["python3", "-c", "print('second: 2')"]),
        at("none"),
        DocumentDeclaration {
            name: "others".into(),
            ..at("d")
        },
        printed_by(&["false"]),
    ];
    let asked: Vec<_> = documents.iter().map(|each| (staging(), each)).collect();
    let sets = home.working().gather(&asked);
    let shown: Vec<String> = sets
        .iter()
        .map(|set| {
            format!(
                "{}{}",
                files(set).into_values().collect::<String>(),
                said(set)
            )
        })
        .collect();
    assert!(shown[0].ends_with("first: 1\n") && shown[0].starts_with("render: python3 -c "));
    assert_eq!(shown[1], "a.yaml: a: 1\n");
    assert!(shown[2].ends_with("second: 2\n"));
    assert!(shown[3].contains("there is no `none`"));
    assert_eq!(shown[4], "d/b.yaml: b: 1\n");
    assert!(shown[5].contains("`false` printed no document: it ended with status 1"));
}

#[test]
fn a_file_in_one_environment_and_a_directory_in_another_is_reported_at_both() {
    let home = Home::new();
    home.write("s.yaml", "a: 1\n");
    home.write("p/a.yaml", "a: 1\n");
    let (one, many) = (at("s.yaml"), at("p"));
    let sets = home
        .working()
        .gather(&[(staging(), &one), (production(), &many)]);
    assert!(sets[0].complaints.is_empty());
    assert_eq!(
        said(&sets[1]),
        "the document `values` is the files of a directory in production and one file in staging"
    );
    assert_eq!(sets[1].complaints[0].labels.len(), 2);
}
