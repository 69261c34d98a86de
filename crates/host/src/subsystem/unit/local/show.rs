//! Runs `systemctl`, and reads what it shows about units.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::bus;
use crate::local::tool::{Ran, Tool};
use evenkeel_model::Moment;

/// The properties that are read.
pub(super) const PROPERTIES: &str = "Id,Names,LoadState,LoadError,ActiveState,SubState,Result,UnitFileState,FragmentPath,DropInPaths,\
    NeedDaemonReload,InvocationID,ActiveEnterTimestamp,InactiveEnterTimestamp,Type,ExecMainCode,ExecMainStatus,\
    CanReload,ConditionResult,ConditionTimestamp,Job";

/// The time limit of reading, and what each unit adds to it.
const LIMIT: (Duration, Duration) = (Duration::from_secs(15), Duration::from_millis(20));

/// The properties of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown(BTreeMap<String, String>);

impl Shown {
    /// Returns a property; empty when the unit has none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Returns a property that every unit has.
    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name) {
            "" => Err(format!("`systemctl show` printed no `{name}`")),
            text => Ok(text.to_owned()),
        }
    }

    /// Returns whether a property is `yes`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    /// Returns a time, which is shown in UTC: `Sun 2026-11-29 15:17:54 UTC`.
    pub(crate) fn moment(&self, name: &str) -> Option<Moment> {
        let mut words = self.get(name).split(' ');
        let (Some(_), Some(date), Some(time), Some("UTC"), None) = (
            words.next(),
            words.next(),
            words.next(),
            words.next(),
            words.next(),
        ) else {
            return None;
        };
        let text = serde_json::Value::String(format!("{date}T{time}Z"));
        serde_json::from_value(text).ok()
    }
}

/// Returns the properties of units, in their order: from the service manager's socket, or with one start of a program.
pub(crate) fn show(units: &[&str]) -> Result<Vec<Shown>, String> {
    match bus::show(units, PROPERTIES) {
        Some(shown) => Ok(shown.into_iter().map(Shown).collect()),
        None => ask(units),
    }
}

/// Returns the same as `systemctl` prints it.
pub(super) fn ask(units: &[&str]) -> Result<Vec<Shown>, String> {
    let count = u32::try_from(units.len()).unwrap_or(u32::MAX);
    let limit = LIMIT.0 + LIMIT.1.saturating_mul(count);
    let ran = systemctl(
        &["show", "--no-pager", "--property", PROPERTIES],
        units,
        limit,
    )?;
    let out = ran.succeeded()?;
    let shown = parse(&out);
    if shown.len() != units.len() {
        return Err(format!(
            "`systemctl show` described {} of {} units: is the service manager reachable?",
            shown.len(),
            units.len()
        ));
    }
    Ok(shown)
}

/// Splits the output: a line for each property, an empty line between units.
fn parse(out: &str) -> Vec<Shown> {
    out.split("\n\n")
        .map(|block| {
            let pairs = block.lines().filter_map(|line| line.split_once('='));
            Shown(
                pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            )
        })
        .filter(|shown| !shown.0.is_empty())
        .collect()
}

/// Runs `systemctl` for units. The error tells why it has no result.
pub(crate) fn systemctl(
    arguments: &[&str],
    units: &[&str],
    limit: Duration,
) -> Result<Ran, String> {
    // In a chroot, `systemctl` ignores most commands and reports success.
    if !Path::new("/run/systemd/system").is_dir() {
        return Err(
            "systemd does not run here (/run/systemd/system is missing): a unit needs a host that systemd started"
                .to_owned(),
        );
    }
    Tool::new("systemctl")
        .args(arguments)
        .arg("--")
        .args(units)
        .env("TZ", "UTC")
        .env("SYSTEMD_COLORS", "0")
        .within(limit)
        .run()
        .map_err(|not_run| not_run.to_string())
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// As systemd 252 prints it.
    const SHOWN: &str = "Type=simple\nResult=exit-code\nId=dies.service\nDropInPaths=/etc/a.conf /run/b.conf\n\
        ActiveEnterTimestamp=Sun 2026-11-29 15:17:54 UTC\nInactiveEnterTimestamp=\nLoadError=x.y \"Unit = bad.\"\n\n\
        Id=none.service\nLoadState=not-found\nNeedDaemonReload=no\n";

    #[test]
    fn units_are_split_at_empty_lines() {
        let shown = parse(SHOWN);
        assert_eq!(shown.len(), 2);
        assert_eq!(shown[0].get("Id"), "dies.service");
        assert_eq!(shown[0].get("LoadError"), "x.y \"Unit = bad.\"");
        assert_eq!(shown[1].get("LoadState"), "not-found");
        assert_eq!(shown[1].get("Result"), "");
        assert!(!shown[1].flag("NeedDaemonReload"));
        assert_eq!(
            shown[1].text("ActiveState"),
            Err("`systemctl show` printed no `ActiveState`".to_owned())
        );
        assert_eq!(parse(""), []);
    }

    #[test]
    fn times_are_read_in_utc_only() {
        let shown = parse(SHOWN);
        let moment = shown[0].moment("ActiveEnterTimestamp").unwrap();
        assert_eq!(moment.to_string(), "2026-11-29T15:17:54Z");
        assert_eq!(shown[0].moment("InactiveEnterTimestamp"), None);
        for strange in ["A=Sun 2026-11-29 15:17:54 CET", "A=n/a", "A=a b c UTC"] {
            assert_eq!(parse(strange)[0].moment("A"), None, "{strange}");
        }
    }
}
