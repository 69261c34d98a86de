//! INI files and Java properties: sections, keys and values without types.
//!
//! The two look alike and are not: `\` and `!` mean nothing to the one, sections and indentation nothing to the other.
//! The ending `.properties` tells which it is, and the endings of units tell that systemd reads them. Files of users and
//! their passwords (`passwords`) are known by their names.

mod ini;
mod java;
mod passwords;

use std::sync::Arc;

use super::complaint::Outcome;
use evenkeel_model::source::SourceFile;

/// Reads a text.
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

/// Whether a file is one of users and their passwords.
pub(super) fn is_of_passwords(file: &SourceFile) -> bool {
    passwords::is_one(&file.path, &file.text)
}

/// Whether a text is what its ending `.cfg` or `.ini` says.
pub(super) fn is_of_sections(text: &str) -> bool {
    ini::is_of_sections(text)
}

/// Whether a text without a telling name has sections, and in them nothing but keys, keys with values, and hosts.
pub(super) fn has_sections(text: &str) -> bool {
    ini::has_sections(text)
}
