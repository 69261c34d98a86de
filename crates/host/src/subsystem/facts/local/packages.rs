//! Installed packages and their versions: dpkg's or rpm's.

use super::Group;
use crate::local::tool::{NotRun, Tool};

const DPKG: &str = "${binary:Package}\\t${Version}\\t${db:Status-Status}\\n";
const RPM: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\tinstalled\\n";

pub(super) fn read(group: &mut Group) {
    let dpkg = Tool::new("dpkg-query").args(["-W", "-f", DPKG]);
    let ran = match dpkg.run() {
        Err(NotRun::Missing(_)) => Tool::new("rpm").args(["-qa", "--queryformat", RPM]).run(),
        other => other,
    };
    match ran {
        Ok(ran) => match ran.succeeded() {
            Ok(text) => parse(&text, group),
            Err(reason) => group.miss(reason),
        },
        Err(NotRun::Missing(_)) => group.miss("the host has neither dpkg nor rpm"),
        Err(other) => group.miss(other.to_string()),
    }
}

pub(super) fn parse(text: &str, group: &mut Group) {
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(name), Some(version), Some(status)) = (parts.next(), parts.next(), parts.next())
        else {
            group.miss("the list of packages has a malformed line");
            continue;
        };
        match status {
            "installed" => group.add(&[name], version),
            "not-installed" | "config-files" => {}
            unfinished => group.add(&[name], &format!("{version} ({unfinished})")),
        }
    }
}
