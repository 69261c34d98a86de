//! Listings of declared paths in small trees.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Kind, Listing, Resolved, Tree, What, list};
use crate::documents::{LIMITS, Limits};

/// Files by path, with the destinations of links, and unreadable directories.
#[derive(Default)]
struct Made {
    entries: BTreeMap<PathBuf, (Kind, String)>,
    forbidden: Vec<PathBuf>,
}

impl Made {
    fn of(paths: &[&str]) -> Self {
        let mut made = Self::default();
        for path in paths {
            made.add(path);
        }
        made
    }

    /// `a/b`, `a/l -> b`, `a/p |` for a pipe.
    fn add(&mut self, text: &str) {
        let (path, kind, written) = if let Some((path, written)) = text.split_once(" -> ") {
            (path, Kind::Link, written)
        } else if let Some(path) = text.strip_suffix(" |") {
            (path, Kind::Other("a named pipe"), "")
        } else {
            (text, Kind::File, "")
        };
        self.entries.insert(path.into(), (kind, written.into()));
        for above in Path::new(path).ancestors().skip(1) {
            self.entries
                .insert(above.into(), (Kind::Directory, String::new()));
        }
    }
}

impl Tree for Made {
    fn start(&self) -> PathBuf {
        PathBuf::new()
    }

    fn resolve(&mut self, path: &Path) -> Result<Resolved, String> {
        let path: PathBuf = path.components().collect();
        let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
        match self.entries.get(&path) {
            None if path.starts_with("..") => Ok(Resolved::Outside),
            None => Ok(Resolved::Absent),
            Some((Kind::Link, written)) if written.starts_with('/') => Ok(Resolved::Outside),
            Some((Kind::Link, written)) if written == ".git" => Ok(Resolved::Private),
            Some((Kind::Link, written)) if *path == **written => Err("circles".into()),
            Some((Kind::Link, written)) => {
                let written = PathBuf::from(written);
                self.resolve(&written)
            }
            Some((kind, _)) => Ok(Resolved::At(path, *kind)),
        }
    }

    fn children(&mut self, directory: &Path) -> Result<Vec<(OsString, Kind)>, String> {
        if self.forbidden.iter().any(|each| each == directory) {
            return Err("permission denied".into());
        }
        Ok(self
            .entries
            .iter()
            .filter(|(path, _)| path.parent() == Some(directory))
            .map(|(path, (kind, _))| (path.file_name().unwrap().to_owned(), *kind))
            .collect())
    }

    fn link(&mut self, path: &Path) -> Result<PathBuf, String> {
        Ok(self.entries[path].1.clone().into())
    }

    fn known_as(&self) -> String {
        String::new()
    }
}

fn names(listing: &Listing) -> Vec<String> {
    listing
        .found
        .iter()
        .map(|found| match &found.what {
            What::File(real) if real.ends_with(&found.shown) => found.name.clone(),
            What::File(real) => format!("{} = {}", found.name, real.display()),
            What::Link(leads) => format!("{} -> {leads}", found.name),
        })
        .collect()
}

fn listed(paths: &[&str], declared: &str) -> Vec<String> {
    let listing = list(&mut Made::of(paths), declared, &LIMITS);
    assert!(listing.complaints.is_empty(), "{:?}", listing.complaints);
    assert!(listing.whole);
    names(&listing)
}

fn said(made: &mut Made, declared: &str) -> String {
    let listing = list(made, declared, &LIMITS);
    let words: Vec<String> = listing
        .complaints
        .iter()
        .map(|complaint| match &complaint.help {
            Some(help) => format!("{}; {help}", complaint.message),
            None => complaint.message.clone(),
        })
        .collect();
    words.join("\n")
}

#[test]
fn a_file_is_itself_and_a_directory_all_below_it() {
    let tree = [
        "deploy/b.yaml",
        "deploy/eu/a.yaml",
        "deploy/.env",
        "other/c",
    ];
    assert_eq!(listed(&tree, "deploy/b.yaml"), [""]);
    assert_eq!(listed(&tree, "./deploy/"), [".env", "b.yaml", "eu/a.yaml"]);
    assert_eq!(
        listed(&tree, "."),
        [
            "deploy/.env",
            "deploy/b.yaml",
            "deploy/eu/a.yaml",
            "other/c"
        ]
    );
}

#[test]
fn a_pattern_names_files_relative_to_its_fixed_part() {
    let tree = [
        "d/b.yaml",
        "d/eu/a.yaml",
        "d/eu/x/a.yaml",
        "d/b.txt",
        "c.yaml",
    ];
    assert_eq!(listed(&tree, "d/*.yaml"), ["b.yaml"]);
    assert_eq!(
        listed(&tree, "d/**/*.yaml"),
        ["b.yaml", "eu/a.yaml", "eu/x/a.yaml"]
    );
    assert_eq!(listed(&tree, "*.yaml"), ["c.yaml"]);
    assert_eq!(listed(&tree, "d/*/a.yaml"), ["eu/a.yaml"]);
    assert_eq!(listed(&tree, "d/{b,c}.*"), ["b.txt", "b.yaml"]);
}

#[test]
fn a_file_with_the_name_of_a_pattern_has_precedence() {
    let tree = ["d/[a] b*.yaml", "d/a.yaml"];
    assert_eq!(listed(&tree, "d/[a] b*.yaml"), [""]);
    assert_eq!(listed(&["d/'q\" x.yaml"], "d/'q\" x.yaml"), [""]);
}

#[test]
fn version_control_and_caches_are_left_out_and_other_dot_files_are_in() {
    let tree = [
        "d/.git/config",
        "d/.evenkeel/key",
        "d/sub/.svn/x",
        "d/.terraform/p",
        "d/node_modules/x/y",
        "d/.terraform.lock.hcl",
        "d/.github/x.yml",
        "d/.env",
    ];
    assert_eq!(
        listed(&tree, "d"),
        [".env", ".github/x.yml", ".terraform.lock.hcl"]
    );
    assert_eq!(
        listed(&tree, "d/**"),
        [".env", ".github/x.yml", ".terraform.lock.hcl"]
    );
}

#[test]
fn a_link_to_a_file_is_that_file_and_any_other_is_compared_by_destination() {
    let tree = [
        "base/a.yaml",
        "d/a.yaml -> base/a.yaml",
        "d/dir -> base",
        "d/out -> /etc/passwd",
        "d/git -> .git",
        "d/none -> nowhere",
        "d/self -> d/self",
        "d/in -> d/sub",
        "d/sub/x",
    ];
    assert_eq!(
        listed(&tree, "d"),
        [
            "a.yaml = base/a.yaml",
            "dir -> ./base",
            "git -> ./.git",
            "in -> ./d/sub",
            "none -> ./nowhere",
            "out -> /etc/passwd",
            "self -> ./d/self",
            "sub/x",
        ]
    );
}

#[test]
fn a_linked_directory_that_may_hide_matches_is_reported() {
    let tree = [
        "base/a.yaml",
        "d/eu -> base",
        "d/us/a.yaml",
        "d/note -> nowhere",
    ];
    assert_eq!(listed(&tree, "d/*/a.yaml"), ["eu -> ./base", "us/a.yaml"]);
    assert_eq!(listed(&tree, "d/u*/a.yaml"), ["eu -> ./base", "us/a.yaml"]);
    assert_eq!(
        listed(&["d/a.yaml", "d/eu -> base", "base/x"], "d/*.yaml"),
        ["a.yaml"]
    );
}

#[test]
fn special_files_are_reported_and_exist() {
    let mut made = Made::of(&["d/a", "d/p |"]);
    assert_eq!(
        said(&mut made, "d"),
        "`d/p` is a named pipe, expected a file"
    );
    assert_eq!(
        said(&mut made, "d/p"),
        "`d/p` is a named pipe, expected a file"
    );
    assert_eq!(
        said(&mut made, "d/a/*"),
        "`d/a` is a file, expected a directory"
    );
    let listing = list(&mut made, "d", &LIMITS);
    assert!(listing.whole && listing.complaints[0].is_file);
    // An excluded file does not matter.
    assert_eq!(said(&mut made, "d/a*"), "");
}

#[test]
fn missing_paths_are_reported_with_existing_ones() {
    let mut made = Made::of(&["deploy/values-staging.yaml", "deploy/x/y", "a", "b", "c"]);
    assert_eq!(
        said(&mut made, "deploy/values-stagin.yaml"),
        "there is no `deploy/values-stagin.yaml`; did you mean `deploy/values-staging.yaml`?"
    );
    assert_eq!(
        said(&mut made, "deplyo/values-staging.yaml"),
        "there is no `deplyo/values-staging.yaml`; did you mean `deploy/values-staging.yaml`?"
    );
    assert_eq!(
        said(&mut made, "kubernetes/values.yaml"),
        "there is no `kubernetes/values.yaml`; the project's directory has `a`, `b`, `c` and 1 more"
    );
    assert_eq!(
        said(&mut made, "deploy/*.yml"),
        "no file matches `deploy/*.yml`; `deploy` has `values-staging.yaml` and `x`; `*` stays within one directory, `**` does not"
    );
    assert_eq!(said(&mut made, "a/b"), "there is no `a/b`; `a` is a file");
    assert!(list(&mut made, "deploy/*.yml", &LIMITS).complaints[0].absent);
}

#[test]
fn a_directory_that_cannot_be_read_leaves_the_list_open() {
    let mut made = Made::of(&["d/a", "d/closed/b"]);
    made.forbidden.push("d/closed".into());
    let listing = list(&mut made, "d", &LIMITS);
    assert_eq!(names(&listing), ["a"]);
    assert!(!listing.whole && !listing.complaints[0].is_file);
    assert!(said(&mut made, "d").contains("the directory `d/closed` cannot be read"));
}

#[test]
fn invalid_paths_are_refused() {
    let mut made = Made::of(&["d/a"]);
    assert!(said(&mut made, "/etc/passwd").contains("absolute"));
    assert!(said(&mut made, "").contains("empty"));
    assert!(said(&mut made, "../outside").contains("leads outside"));
    assert!(said(&mut made, "d/{a").contains("is not a valid pattern"));
}

#[test]
fn names_that_are_not_text_are_reported_if_requested() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut made = Made::of(&["d/a.yaml"]);
    let odd = OsString::from_vec(b"d/\xff.txt".to_vec());
    made.entries.insert(odd.into(), (Kind::File, String::new()));
    assert!(said(&mut made, "d").contains("is not UTF-8"));
    assert!(!list(&mut made, "d", &LIMITS).whole);
    assert_eq!(said(&mut made, "d/*.yaml"), "");
}

#[test]
fn exceeded_limits_are_reported() {
    let mut made = Made::of(&["d/a", "d/b", "d/c", "d/e/f"]);
    let few_files = Limits { files: 3, ..LIMITS };
    let few_names = Limits {
        entries: 4,
        ..LIMITS
    };
    let reported = |listing: &Listing| listing.complaints[0].message.clone();
    assert!(reported(&list(&mut made, "d", &few_files)).contains("more than 3 files"));
    assert!(reported(&list(&mut made, "d", &few_names)).contains("more than 4 names"));
    // Files that a pattern cannot match are not read.
    assert_eq!(names(&list(&mut made, "d/*", &few_names)), ["a", "b", "c"]);
}
