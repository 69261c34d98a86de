//! INI files and Java properties: sections, keys and values without types.
//!
//! The two formats look alike but differ: `\` and `!` are special only in the second, sections and indentation only in
//! the first. The extension `.properties` selects the second, the extensions of units select the rules of systemd, and
//! `passwords` recognises files of users and their passwords by name.

mod ini;
mod java;
mod passwords;

use std::sync::Arc;

use super::complaint::Outcome;
use evenkeel_model::source::SourceFile;

/// Parses a text.
pub(super) fn read(file: &Arc<SourceFile>) -> Outcome {
    const UNITS: &[&str] = &[
        "service",
        "timer",
        "socket",
        "slice",
        "mount",
        "automount",
        "path",
        "target",
        "scope",
        "swap",
        "device",
        "network",
        "netdev",
        "link",
        "container",
        "volume",
        "pod",
        "kube",
    ];
    let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(ending));
    // A drop-in: `app.service.d/override.conf`.
    let is_drop_in = ending == "conf" && file.path.contains(".d/") && {
        let mut folders = file.path.rsplit('/').skip(1);
        folders.next().is_some_and(|folder| {
            let unit = folder
                .strip_suffix(".d")
                .and_then(|unit| unit.rsplit_once('.'));
            unit.is_some_and(|(_, ending)| UNITS.contains(&ending))
        })
    };
    if is_of_passwords(file) {
        passwords::read(&file.text)
    } else if is(&["properties"]) {
        java::read(&file.text)
    } else if is(UNITS) || is_drop_in {
        ini::read_unit(&file.text)
    } else {
        ini::read(&file.text)
    }
}

/// Returns whether a file lists users and their passwords.
pub(super) fn is_of_passwords(file: &SourceFile) -> bool {
    passwords::is_one(&file.path, &file.text)
}

/// Returns whether a text has the form expected of its extension `.cfg` or `.ini`.
pub(super) fn is_of_sections(text: &str) -> bool {
    ini::is_of_sections(text)
}

/// Returns whether a text without a known name has sections that contain only keys, keys with values, and hosts.
pub(super) fn has_sections(text: &str) -> bool {
    ini::has_sections(text)
}
