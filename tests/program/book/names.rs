//! What is another on every run, between the page and the run: the directory, ports, dates and digests.
//!
//! The page shows one example of each. A digest that a page shows is replaced by the one that was printed in its place, so
//! that a reader's command and the test's command name the same thing.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use regex::{Captures, Regex};

/// The home directory on pages.
const HOME: &str = "/home/you";

/// The account on pages.
const ACCOUNT: &str = "you";

/// The day on which every page is read. Dates of a page are moved by the days between then and today, so that what expires
/// on a page expires as many days after the run.
const TODAY: &str = "2026-11-29";

/// The ports on pages.
const PORTS: &[&str] = &["8081", "8082"];

/// A date in a page or an output.
static DATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b20\d\d-\d\d-\d\d").unwrap());

/// The names of one run of one page.
pub struct Names {
    home: String,
    account: Regex,
    ports: Vec<(String, String)>,
    _reserved: Vec<TcpListener>,
    days: i32,
    digests: BTreeMap<String, String>,
}

impl Names {
    /// Finds free ports and today's date for a page that is followed in `home`.
    pub fn new(home: &Path) -> Self {
        let today = jiff::tz::Offset::UTC.to_datetime(Timestamp::now()).date();
        let page: Date = TODAY.parse().unwrap();
        let user = String::from_utf8(
            std::process::Command::new("id")
                .arg("-un")
                .output()
                .unwrap()
                .stdout,
        )
        .unwrap();
        let mut ports: Vec<(String, String)> = Vec::new();
        let mut reserved = Vec::new();
        for port in PORTS {
            let (free, reservation) = (2_000..10_000_u16)
                .filter(|each| !PORTS.contains(&each.to_string().as_str()))
                .find_map(|each| Some((each, reserve(each)?)))
                .unwrap();
            ports.push(((*port).to_owned(), free.to_string()));
            reserved.push(reservation);
        }
        Self {
            home: home.to_str().unwrap().to_owned(),
            account: Regex::new(&format!(
                r"\b{}( approved\b|@[a-zA-Z0-9.-]+)|\bby {0}\b",
                regex::escape(user.trim())
            ))
            .unwrap(),
            ports,
            _reserved: reserved,
            days: (today - page).get_days(),
            digests: BTreeMap::new(),
        }
    }

    /// Returns a text of the page as it is written or run.
    pub fn to_run(&self, text: &str) -> String {
        let text = text.replace(HOME, &self.home);
        let text = exchange(&text, &self.ports, false);
        let text = move_dates(&text, self.days);
        replace_digests(&text, self.digests.iter())
    }

    /// Returns a printed text as a page shows it, apart from digests and times of day.
    pub fn to_show(&self, text: &str) -> String {
        let text = text.replace(&self.home, HOME);
        let text = exchange(&text, &self.ports, true);
        let text = move_dates(&text, -self.days);
        self.account
            .replace_all(&text, |found: &Captures<'_>| match found.get(1) {
                Some(rest) if rest.as_str().starts_with('@') => format!("{ACCOUNT}@laptop"),
                Some(rest) => format!("{ACCOUNT}{}", rest.as_str()),
                None => format!("by {ACCOUNT}"),
            })
            .into_owned()
    }

    /// Remembers which digest a run printed where the page shows one.
    pub fn pair(&mut self, shown: &str, printed: &str) -> Result<(), String> {
        for (other, known) in &self.digests {
            let on_page = is_beginning(other, shown);
            let in_run = is_beginning(known, printed);
            if on_page != in_run {
                return Err(format!(
                    "{shown} was printed as {printed}, but {other} as {known}"
                ));
            }
        }
        self.digests.insert(shown.to_owned(), printed.to_owned());
        Ok(())
    }

    /// Returns the digests of a command that no output before it showed.
    pub fn unknown(&self, command: &str) -> Vec<String> {
        DIGEST
            .find_iter(command)
            .map(|found| found.as_str().to_owned())
            .filter(|digest| {
                !self
                    .digests
                    .keys()
                    .any(|known| known.starts_with(digest.as_str()))
            })
            .collect()
    }

    /// Returns a text with the digests that the page shows, where it shows them already.
    pub fn with_shown_digests(&self, text: &str) -> String {
        let pairs = self.digests.iter().map(|(shown, printed)| (printed, shown));
        replace_digests(text, pairs)
    }
}

/// Moves every date of a text by days.
fn move_dates(text: &str, days: i32) -> String {
    DATE.replace_all(text, |found: &Captures<'_>| {
        found[0].parse::<Date>().map_or_else(
            |_| found[0].to_owned(),
            |date| (date + days.days()).to_string(),
        )
    })
    .into_owned()
}

/// Reserves a port of 127.0.0.1 by listening on it at another address, which no page uses: tests run side by side.
fn reserve(port: u16) -> Option<TcpListener> {
    let reservation = TcpListener::bind(("127.0.0.2", port)).ok()?;
    TcpListener::bind(("127.0.0.1", port)).ok()?;
    Some(reservation)
}

/// A digest, or the beginning of one. Six digits are the shortest that evenkeel prints.
pub static DIGEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{6,64}\b").unwrap());

/// Whether one digest is the beginning of the other.
fn is_beginning(first: &str, second: &str) -> bool {
    first.starts_with(second) || second.starts_with(first)
}

/// Replaces the first digest of each pair by the second, and so their beginnings and continuations.
fn replace_digests<'a>(
    text: &str,
    pairs: impl Iterator<Item = (&'a String, &'a String)> + Clone,
) -> String {
    DIGEST
        .replace_all(text, |found: &Captures<'_>| {
            let digest = &found[0];
            pairs
                .clone()
                .filter(|(from, _)| is_beginning(from, digest))
                .max_by_key(|(from, _)| from.len())
                .map_or_else(
                    || digest.to_owned(),
                    |(from, to)| match digest.get(from.len()..) {
                        Some(rest) => format!("{to}{rest}"),
                        None => to[..digest.len()].to_owned(),
                    },
                )
        })
        .into_owned()
}

/// Replaces the first of each pair by the second, or the other way round.
fn exchange(text: &str, pairs: &[(String, String)], back: bool) -> String {
    let number = Regex::new(r"\b\d{4}\b").unwrap();
    number
        .replace_all(text, |found: &Captures<'_>| {
            pairs
                .iter()
                .map(|(first, second)| {
                    if back {
                        (second, first)
                    } else {
                        (first, second)
                    }
                })
                .find(|(from, _)| **from == found[0])
                .map_or_else(|| found[0].to_owned(), |(_, to)| to.clone())
        })
        .into_owned()
}

#[test]
fn names_of_a_page_and_of_a_run_are_exchanged_both_ways() {
    let mut names = Names::new(Path::new("/tmp/abcd"));
    names.days = 400;
    let page = "port = 8081\nexpires = 2027-06-30\nroot = \"/home/you/shop\"\n";
    let run = names.to_run(page);
    assert!(
        run.contains("2028-08-03") && run.contains("/tmp/abcd/shop"),
        "{run}"
    );
    assert!(!run.contains("8081"), "{run}");
    assert_eq!(names.to_show(&run), page);
}

#[test]
fn one_digest_of_a_page_is_one_digest_of_the_run() {
    let mut names = Names::new(Path::new("/tmp/abcd"));
    names.pair("aaaaaa", "bbbbbb").unwrap();
    names.pair("aaaaaa", "bbbbbb").unwrap();
    assert!(names.pair("aaaaaa", "cccccc").is_err());
    assert!(names.pair("dddddd", "bbbbbb").is_err());
    assert_eq!(
        names.to_run("approve aaaaaa eeeeee"),
        "approve bbbbbb eeeeee"
    );
    assert_eq!(names.unknown("approve aaaaaa eeeeee"), ["eeeeee"]);
    assert_eq!(
        names.with_shown_digests("plan bbbbbb bbbbbbcc"),
        "plan aaaaaa aaaaaacc"
    );
    assert_eq!(names.to_run("aaaaaacc"), "bbbbbbcc");
}
