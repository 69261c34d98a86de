//! `evenkeel --version --json`: identification of this program, for scripts that install or choose one.

use std::ffi::OsString;

use serde::Serialize;

use crate::report::ReportFormat;

/// Output of `--version --json`, in this order.
#[derive(Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
    /// Commit that it was built from, if the build received one.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    target: String,
    formats: Vec<&'static str>,
}

/// Whether a command line, with the program as its first word, is `--version --json` in either order.
pub(super) fn is_asked_in_json(line: &[OsString]) -> bool {
    let is_version = |word: &OsString| word == "--version" || word == "-V";
    match line {
        [_, one, other] => {
            (is_version(one) && other == "--json") || (one == "--json" && is_version(other))
        }
        _ => false,
    }
}

/// Returns one JSON object on one line.
///
/// The commit comes from the variable `EVENKEEL_COMMIT` of the build and not from git, so that the same sources and
/// variables give the same bytes wherever they are built.
pub(super) fn json() -> serde_json::Result<String> {
    serde_json::to_string(&About {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("EVENKEEL_COMMIT").filter(|commit| !commit.is_empty()),
        target: target(),
        formats: ReportFormat::ALL.iter().map(|each| each.name()).collect(),
    })
}

/// Returns the target as Rust names it, such as `x86_64-unknown-linux-gnu`.
fn target() -> String {
    let environment = if cfg!(target_env = "gnu") {
        "-gnu"
    } else if cfg!(target_env = "musl") {
        "-musl"
    } else {
        ""
    };
    let vendor = if cfg!(target_vendor = "apple") {
        "apple"
    } else {
        "unknown"
    };
    let (architecture, system) = (std::env::consts::ARCH, std::env::consts::OS);
    format!("{architecture}-{vendor}-{system}{environment}")
}

#[cfg(test)]
mod tests {
    use super::{is_asked_in_json, json};

    fn line(words: &[&str]) -> Vec<std::ffi::OsString> {
        words.iter().map(Into::into).collect()
    }

    #[test]
    fn the_flags_are_read_in_either_order() {
        assert!(is_asked_in_json(&line(&[
            "evenkeel",
            "--version",
            "--json"
        ])));
        assert!(is_asked_in_json(&line(&["evenkeel", "--json", "-V"])));
        assert!(!is_asked_in_json(&line(&["evenkeel", "--version"])));
        assert!(!is_asked_in_json(&line(&["evenkeel", "drift", "--json"])));
        let other = line(&["evenkeel", "--version", "--json", "drift"]);
        assert!(!is_asked_in_json(&other));
    }

    #[test]
    fn the_object_names_the_version_and_the_formats() {
        let text = json().expect("the version can be written");
        let object: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(object["name"], "evenkeel");
        assert_eq!(object["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(object["formats"][0], "text");
        assert!(!text.contains('\n'));
    }
}
