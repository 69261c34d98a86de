//! Two files or directories by name.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;

use super::{Home, files, git_program, said};
use crate::world::documents::{PairError, gather_pair};
use crate::world::git::Git;
use evenkeel_core::documents::FileSet;
use evenkeel_host::Interruption;

fn pair(home: &Home, left: &str, right: &str) -> Result<[FileSet; 2], PairError> {
    let nothing = File::open("/dev/null").unwrap();
    gather_pair(
        [left, right],
        &home.path(""),
        nothing.as_fd(),
        &git_program(),
    )
}

fn refused(home: &Home, left: &str, right: &str) -> String {
    let failure = pair(home, left, right).unwrap_err();
    let help = match &failure {
        PairError::Unreadable { help, .. } => help.clone(),
        PairError::Usage(_) => None,
    };
    format!("{failure}; {}", help.unwrap_or_default())
}

#[test]
fn two_files_and_two_directories_are_read_by_name() {
    let home = Home::new();
    home.write("s/a.yaml", "a: 1\n");
    home.write("p/a.yaml", "a: 2\n");
    home.write("p/b.bin", b"\0");
    let absolute = home.path("p/a.yaml");
    let absolute = absolute.to_str().unwrap();
    let [left, right] = pair(&home, "s/a.yaml", absolute).unwrap();
    assert!(left.single && right.single);
    assert_eq!(files(&left), [("", "s/a.yaml: a: 1\n".into())].into());
    assert_eq!(files(&right), [("", format!("{absolute}: a: 2\n"))].into());
    let [left, right] = pair(&home, "s/", "./p").unwrap();
    assert_eq!(files(&left), [("a.yaml", "s/a.yaml: a: 1\n".into())].into());
    assert_eq!(files(&right)["a.yaml"], "./p/a.yaml: a: 2\n");
    assert_eq!(files(&right)["b.bin"], "binary");
    let [left, _] = pair(&home, "p/b.bin", "p/b.bin").unwrap();
    assert_eq!(files(&left), [("", "binary".into())].into());
    assert!(left.complaints.is_empty());
}

#[test]
fn an_invalid_pair_is_refused() {
    let home = Home::new();
    home.write("s/a.yaml", "a: 1\n");
    home.write("s/values.yaml", "a: 1\n");
    assert!(
        refused(&home, "s", "s/a.yaml").contains("`s` is a directory and `s/a.yaml` is a file")
    );
    assert!(refused(&home, "-", "s").contains("`-` is a file and `s` is a directory"));
    assert!(refused(&home, "-", "-").contains("only be one of the two"));
    assert_eq!(
        refused(&home, "s/a.yaml", "s/valeus.yaml"),
        "`s/valeus.yaml` does not exist; did you mean `values.yaml`?"
    );
    assert!(refused(&home, "s/a.yaml", "").contains("directory"));
}

#[test]
fn the_standard_input_and_pipes_are_read_to_their_end() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (other, mut other_writer) = std::io::pipe().unwrap();
    let piped = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&other));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writer.write_all(b"a: ").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(80));
            writer.write_all(b"2\n").unwrap();
        });
        scope.spawn(move || other_writer.write_all(b"a: 3\n").unwrap());
        let [left, right] = gather_pair(
            ["-", &piped],
            &home.path(""),
            reader.as_fd(),
            &git_program(),
        )
        .unwrap();
        assert_eq!(
            files(&left),
            [("", "(standard input): a: 2\n".into())].into()
        );
        assert_eq!(files(&right), [("", format!("{piped}: a: 3\n"))].into());
    });
}

#[test]
fn endless_input_is_bounded_and_an_interruption_ends_the_wait() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    let [_, right] = pair(&home, "a.yaml", "/dev/zero").unwrap();
    assert!(said(&right).contains("the limit is 64"), "{}", said(&right));
    let (reader, writer) = std::io::pipe().unwrap();
    let interruption = Interruption::default();
    interruption.interrupt();
    let [left, _] = gather_pair(
        ["-", "a.yaml"],
        &home.path(""),
        reader.as_fd(),
        &Git::new(&std::env::vars().collect(), &interruption),
    )
    .unwrap();
    assert!(said(&left).contains("interrupted"), "{}", said(&left));
    drop(writer);
}
