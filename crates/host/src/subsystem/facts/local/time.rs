//! The time zone, the locale, and whether the clock is synchronised.

use super::Group;
use crate::local::tool::{NotRun, Tool};

pub(super) fn read(group: &mut Group) {
    let zone = std::fs::read_link("/etc/localtime").ok().and_then(|path| {
        let path = path.to_string_lossy().into_owned();
        Some(path.split_once("zoneinfo/")?.1.to_owned())
    });
    match zone.or_else(|| group.file("/etc/timezone")) {
        Some(zone) => group.add(&["zone"], &zone),
        None => group.add(&["zone"], "UTC"),
    }
    let locale = ["/etc/locale.conf", "/etc/default/locale"]
        .iter()
        .find_map(|path| group.file(path));
    let language = locale.as_deref().and_then(|text| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix("LANG="))
    });
    group.add(
        &["locale"],
        language.map_or("C", |value| value.trim_matches('"')),
    );
    // Without systemd running, timedatectl fails.
    if !std::path::Path::new("/run/systemd/system").is_dir() {
        return;
    }
    match Tool::new("timedatectl").args(["show"]).run() {
        Ok(ran) => match ran.succeeded() {
            Ok(text) => {
                for (key, name) in [
                    ("NTP=", "synchronisation"),
                    ("NTPSynchronized=", "synchronised"),
                ] {
                    if let Some(value) = text.lines().find_map(|line| line.strip_prefix(key)) {
                        group.add(&[name], value);
                    }
                }
            }
            Err(reason) => group.miss(reason),
        },
        Err(NotRun::Missing(_)) => {}
        Err(other) => group.miss(other.to_string()),
    }
}
