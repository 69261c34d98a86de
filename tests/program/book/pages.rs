//! The pages with commands, and the commands that cannot run in a test.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use super::super::documents::files::{below, root};
use super::names::{DIGEST, Names};
use super::output::{compare, is_partial};
use super::page::{Block, Page, Shown};
use super::shell::Shell;

/// Makes one test for each page.
macro_rules! pages {
    ($($test:ident: $path:literal,)*) => {
        /// Every page with commands.
        const PAGES: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $test() {
                follow($path);
            }
        )*
    };
}

pages! {
    the_readme: "README.md",
    contributing: "CONTRIBUTING.md",
    the_tutorial: "docs/tutorial.md",
    installation: "docs/installation.md",
    documents: "docs/documents.md",
    formats: "docs/formats.md",
    the_report: "docs/report.md",
    schemas: "docs/schemas.md",
    the_ledger: "docs/ledger.md",
    untrusted_checkouts: "docs/safety.md",
    performance: "docs/performance.md",
    extending: "docs/extending.md",
    adopting: "docs/how-to/adopt.md",
    pull_requests: "docs/how-to/pull-request.md",
    live_drift: "docs/how-to/live-drift.md",
    adopting_live_state: "docs/how-to/adopt-live.md",
    delivering_in_ci: "docs/how-to/deliver-in-ci.md",
    two_people: "docs/how-to/two-people.md",
    drill: "docs/how-to/drill.md",
    break_glass: "docs/how-to/break-glass.md",
    blocked_deliveries: "docs/how-to/blocked.md",
    secrets: "docs/how-to/secrets.md",
    rolling_back: "docs/how-to/roll-back.md",
    reverting: "docs/how-to/revert.md",
    sharing_a_ledger: "docs/how-to/share-a-ledger.md",
    notifying: "docs/how-to/notify.md",
    audits: "docs/how-to/audit.md",
    dora_figures: "docs/dora.md",
    exporting: "docs/how-to/export.md",
}

/// Commands that no test runs: the page, the command, and the reason. Each was reviewed.
const UNTESTED: &[(&str, &str, &str)] = &[
    ("CONTRIBUTING.md", "cargo build", BUILDS),
    ("CONTRIBUTING.md", "tests/run", TESTS),
    (
        "CONTRIBUTING.md",
        "EVENKEEL_BLESS=1 cargo test --workspace",
        TESTS,
    ),
    ("CONTRIBUTING.md", "git diff", TESTS),
    (
        "docs/how-to/break-glass.md",
        "evenkeel follow-up b-1 --reason 'reviewed with the team, delivered to staging'",
        ACCOUNT,
    ),
    (
        "docs/installation.md",
        "cargo install --locked --path .",
        BUILDS,
    ),
    (
        "docs/installation.md",
        "cargo build --locked --release",
        BUILDS,
    ),
    ("docs/installation.md", "packaging/agent", PACKAGES),
    ("docs/installation.md", "packaging/assets", PACKAGES),
    ("docs/installation.md", "packaging/wheel", PACKAGES),
    (
        "docs/installation.md",
        "pip install --no-index --no-deps target/wheels/evenkeel-*.whl",
        PACKAGES,
    ),
    (
        "docs/installation.md",
        "pipx run --spec target/wheels/evenkeel-*.whl evenkeel --version",
        PACKAGES,
    ),
    ("docs/installation.md", "cargo deb --no-build", PACKAGES),
    ("docs/installation.md", "packaging/static", PACKAGES),
    (
        "docs/installation.md",
        "docker run --rm --user \"$(id -u):$(id -g)\" --volume \"$PWD:/work\" evenkeel drift --parity",
        "needs a container engine",
    ),
    (
        "docs/safety.md",
        "evenkeel deliver",
        "needs a repository of another user",
    ),
    (
        "docs/performance.md",
        "benches/run",
        "builds a release and measures it for minutes",
    ),
    (
        "docs/extending.md",
        "EVENKEEL_BLESS=1 cargo test --test program documents",
        TESTS,
    ),
];

const ACCOUNT: &str = "needs a second account";
const BUILDS: &str = "builds evenkeel from a checkout";
const TESTS: &str = "runs the tests, of which this is one";
const PACKAGES: &str = "builds or installs a package, which tests/packaging/run does";

fn read(path: &str) -> Page {
    let text =
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page::read(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A reader of one page.
struct Reader {
    shell: Shell,
    names: Names,
    /// The new output of each command, by the lines of the old one.
    outputs: Vec<(Range<usize>, String)>,
    /// What the page shows and was not printed.
    wrong: String,
}

/// Does what a page says, in order, and compares what it shows. With `EVENKEEL_BLESS=1`, rewrites what differs.
fn follow(path: &str) {
    let page = read(path);
    let shell = Shell::new();
    let names = Names::new(&shell.home());
    let mut reader = Reader {
        shell,
        names,
        outputs: Vec::new(),
        wrong: String::new(),
    };
    for block in &page.blocks {
        reader.block(path, &page, block);
    }
    let Reader { outputs, wrong, .. } = reader;
    if wrong.is_empty() {
        return;
    }
    if std::env::var_os("EVENKEEL_BLESS").is_some_and(|value| value == "1") {
        write_back(path, page, outputs);
        return;
    }
    panic!("{path} shows what was not printed:\n{wrong}");
}

impl Reader {
    fn block(&mut self, path: &str, page: &Page, block: &Block) {
        match block {
            Block::Setup { line, script } => {
                let script = self.names.to_run(script);
                let (printed, code) = self.shell.run(&format!("set -e\n{script}"));
                assert_eq!(code, 0, "{path}:{}: setup failed\n{printed}", line + 1);
            }
            Block::Follow { page: other, until } => {
                let other = format!("docs/{other}");
                let followed = read(&other);
                let blocks = followed
                    .until(until)
                    .unwrap_or_else(|| panic!("{path}: {other} has no heading {until:?}"));
                for block in blocks {
                    self.block(&other, &followed, block);
                }
                // The outputs of the other page are its own test's.
                self.outputs.clear();
            }
            Block::File {
                path: file,
                append,
                text,
                ..
            } => {
                let place = self.shell.path(file);
                fs::create_dir_all(place.parent().unwrap()).unwrap();
                let before = if *append {
                    fs::read_to_string(&place).unwrap()
                } else {
                    String::new()
                };
                fs::write(place, before + &self.names.to_run(text)).unwrap();
            }
            Block::Console { untested: true, .. } => {}
            Block::Console { code, commands, .. } => {
                for (number, shown) in commands.iter().enumerate() {
                    let next = commands
                        .get(number + 1)
                        .map_or("", |next| next.command.as_str());
                    let expected = if number + 1 == commands.len() {
                        *code
                    } else {
                        0
                    };
                    let place = format!("{path}:{}", shown.output.start);
                    let ended = self.command(&place, page, shown);
                    if ended != expected && next != "echo $?" {
                        self.complain(
                            &place,
                            shown,
                            &format!("exited with {ended}, expected {expected}"),
                        );
                    }
                }
            }
        }
    }

    /// Runs a command, compares its output, and returns its exit code.
    fn command(&mut self, place: &str, page: &Page, shown: &Shown) -> i32 {
        let unknown = self.names.unknown(&shown.command);
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            self.complain(place, shown, &format!("{unknown} is in no output above"));
        }
        let (printed, code) = self.shell.run(&self.names.to_run(&shown.command));
        let printed = self.names.to_show(&printed);
        let before = page.output(shown);
        let compared = compare(&before, &printed, &mut self.names);
        if let Err(error) = &compared {
            self.complain(place, shown, error);
            adopt(&before, &printed, &mut self.names);
        }
        if compared.is_err() || !is_partial(&before) {
            let text = self.names.with_shown_digests(&printed);
            self.outputs.push((shown.output.clone(), text));
        }
        code
    }

    fn complain(&mut self, place: &str, shown: &Shown, error: &str) {
        writeln!(self.wrong, "{place}: `{}`: {error}\n", shown.command).unwrap();
    }
}

/// Keeps the digests that a page shows where as many were printed; otherwise the printed ones are shown from now on.
fn adopt(shown: &str, printed: &str, names: &mut Names) {
    let list = |text: &str| -> Vec<String> {
        DIGEST
            .find_iter(text)
            .map(|found| found.as_str().to_owned())
            .collect()
    };
    let (shown, printed) = (list(shown), list(printed));
    let same = shown.len() == printed.len()
        && shown
            .iter()
            .zip(&printed)
            .all(|(shown, printed)| shown.len() == printed.len());
    for (number, digest) in printed.iter().enumerate() {
        let kept = if same { &shown[number] } else { digest };
        // A digest that is known already keeps its name.
        let _ = names.pair(kept, digest);
    }
}

/// Writes a page with new outputs.
fn write_back(path: &str, page: Page, mut outputs: Vec<(Range<usize>, String)>) {
    let mut lines = page.lines;
    outputs.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, text) in outputs {
        let blank = lines[range.clone()].last().is_some_and(String::is_empty);
        let mut new: Vec<String> = text
            .trim_end()
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        if blank {
            new.push(String::new());
        }
        lines.splice(range, new);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    fs::write(root().join(path), text).unwrap();
}

/// Returns every hand-written page of the repository that may show commands.
fn written() -> Vec<String> {
    let mut found: Vec<PathBuf> = below(&root().join("docs"), &["md"]);
    found.push(root().join("README.md"));
    found.push(root().join("CONTRIBUTING.md"));
    found
        .into_iter()
        .map(|path| path.strip_prefix(root()).unwrap().display().to_string())
        .collect()
}

#[test]
fn every_page_with_commands_is_followed() {
    for path in written() {
        let page = read(&path);
        let has_commands = page
            .blocks
            .iter()
            .any(|block| matches!(block, Block::Console { .. } | Block::File { .. }));
        assert_eq!(
            has_commands,
            PAGES.contains(&path.as_str()),
            "{path}: the list of pages"
        );
    }
}

#[test]
fn every_untested_command_is_listed_with_its_reason() {
    let mut found = Vec::new();
    for path in PAGES {
        for block in read(path).blocks {
            if let Block::Console {
                untested: true,
                commands,
                ..
            } = block
            {
                found.extend(
                    commands
                        .into_iter()
                        .map(|shown| ((*path).to_owned(), shown.command)),
                );
            }
        }
    }
    let listed: Vec<(String, String)> = UNTESTED
        .iter()
        .map(|(path, command, reason)| {
            assert!(!reason.is_empty(), "{command} has no reason");
            ((*path).to_owned(), (*command).to_owned())
        })
        .collect();
    for each in &found {
        assert!(listed.contains(each), "{each:?} is not listed");
    }
    for each in &listed {
        assert!(found.contains(each), "{each:?} is on no page");
    }
}
