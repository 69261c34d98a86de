//! The services of systemd: whether each starts at boot, and whether it runs.

use super::Group;
use crate::local::tool::{Ran, Tool};

pub(super) fn read(group: &mut Group) {
    // A host with another init system has no units.
    if !std::path::Path::new("/run/systemd/system").is_dir() {
        return;
    }
    let list = |what: &str, option: &[&str]| {
        let tool = Tool::new("systemctl").arg(what).args(option).args([
            "--type=service",
            "--no-legend",
            "--no-pager",
            "--plain",
        ]);
        tool.run()
            .map_err(|not| not.to_string())
            .and_then(Ran::succeeded)
    };
    match list("list-unit-files", &[]) {
        Ok(text) => files(&text, group),
        Err(reason) => group.miss(reason),
    }
    match list("list-units", &["--all"]) {
        Ok(text) => running(&text, group),
        Err(reason) => group.miss(reason),
    }
}

pub(super) fn files(text: &str, group: &mut Group) {
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(state)) = (words.next(), words.next()) {
            group.add(&[name, "boot"], state);
        }
    }
}

pub(super) fn running(text: &str, group: &mut Group) {
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(load), Some(active)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        // Sessions and transient units come and go; a unit that is starting has no lasting state.
        let is_lasting = load == "loaded"
            && !name.starts_with("session-")
            && !name.starts_with("run-")
            && !name.starts_with("user@")
            && !name.starts_with("user-runtime-dir@");
        if is_lasting && matches!(active, "active" | "failed") {
            group.add(&[name, "state"], active);
        }
    }
}
