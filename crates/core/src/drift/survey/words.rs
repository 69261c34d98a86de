//! Messages about facts.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_comparison::Path;
use evenkeel_model::defect::{Code, Defect};
use evenkeel_model::text::count;
use evenkeel_model::{EnvironmentName, Moment};

use super::codes;
use super::profile::{Deviation, Profile, keys};
use super::{PREFIX, Survey};

/// Number of findings that a joined message shows.
pub(super) const SHOWN: usize = 5;
/// Time before its expiry at which a certificate is reported.
const SOON: Duration = Duration::from_hours(30 * 24);

pub(super) fn subject(survey: &Survey) -> String {
    format!("{PREFIX}{}", survey.name)
}

/// Returns the subject of a finding about one host. The machine of a target without a list of hosts has the target's name.
fn on_host(survey: &Survey, host: &str) -> String {
    if *host == *survey.on {
        subject(survey)
    } else {
        format!("{}@{host}", subject(survey))
    }
}

/// Returns the place of a fact as in a `[[difference]]`.
pub(super) fn place(survey: &Survey, path: &Path) -> String {
    format!("{}.{path}", subject(survey))
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}

fn defect(
    survey: &Survey,
    code: &'static Code,
    environment: &EnvironmentName,
    path: &Path,
    message: String,
) -> Defect {
    Defect::new(code, subject(survey), message)
        .within(environment)
        .attribute(path.to_string())
        .at(&survey.span, "surveyed here")
}

pub(super) fn difference(
    survey: &Survey,
    code: &'static Code,
    path: &Path,
    (one, two): (&EnvironmentName, &EnvironmentName),
    (left, right): (Option<&str>, Option<&str>),
) -> Defect {
    let message = match (left, right) {
        (Some(left), None) => format!("{path} is `{left}` in {one}, missing in {two}"),
        (None, Some(right)) => format!("{path} is missing in {one}, `{right}` in {two}"),
        _ => format!(
            "{path} is {} in {one}, {} in {two}",
            shown(left),
            shown(right)
        ),
    };
    defect(survey, code, two, path, message)
        .expected_found(left.unwrap_or("nothing"), right.unwrap_or("nothing"))
        .help(format!(
            "make the hosts equal, or declare a difference at `{}`",
            place(survey, path)
        ))
}

pub(super) fn deviation(
    survey: &Survey,
    environment: &EnvironmentName,
    deviation: &Deviation<'_>,
) -> Defect {
    let Deviation {
        path,
        host,
        usual,
        found,
        others,
        other,
    } = deviation;
    let message = if *others > 0 {
        let verb = if *others == 1 { "has" } else { "have" };
        format!(
            "{host} ({environment}) differs from its siblings: {path} is {}; {} {verb} {}",
            shown(*found),
            count(*others, "other host"),
            shown(*usual)
        )
    } else {
        format!(
            "{host} and {other} ({environment}) differ: {path} is {} on {host}, {} on {other}",
            shown(*found),
            shown(*usual)
        )
    };
    let mut defect = defect(survey, &codes::HOST, environment, path, message)
        .expected_found(usual.unwrap_or("nothing"), found.unwrap_or("nothing"))
        .help(format!(
            "make the host equal to the others, or declare a difference at `{}`",
            place(survey, path)
        ));
    defect.subject = on_host(survey, host);
    defect.cause = Some((*host).to_owned());
    defect
}

/// Returns a defect for each host and group that was not read completely.
pub(super) fn unread(
    survey: &Survey,
    environment: &EnvironmentName,
    profile: &Profile,
) -> Vec<Defect> {
    profile
        .unread
        .iter()
        .map(|((host, group), reason)| {
            let message = if group.is_empty() {
                format!("the facts of {host} ({environment}) cannot be read: {reason}")
            } else {
                format!("facts `{group}` of {host} ({environment}) cannot be read: {reason}")
            };
            let defect = Defect::new(
                &codes::CANNOT_TELL,
                on_host(survey, host),
                message,
            )
            .within(environment)
            .at(&survey.span, "surveyed here");
            if group.is_empty() {
                defect
            } else {
                defect.attribute(group.clone()).help(format!(
                    "give the target's account the right to read it, or leave `{group}` out of `facts` of {}",
                    subject(survey)
                ))
            }
        })
        .collect()
}

/// Returns a defect for each certificate that expires soon, with the hosts that have it.
pub(super) fn expiring(
    survey: &Survey,
    environment: &EnvironmentName,
    profile: &Profile,
    now: Moment,
) -> Vec<Defect> {
    let mut found: BTreeMap<(&Path, Moment), Vec<&str>> = BTreeMap::new();
    for (path, host, value) in profile.values() {
        if let ["certificates", _, "expires"] = keys(path).as_slice()
            && let Ok(timestamp) = value.parse::<jiff::Timestamp>()
        {
            let expires = Moment::new(timestamp);
            if expires <= now || expires.since(now) <= SOON {
                found.entry((path, expires)).or_default().push(host);
            }
        }
    }
    found
        .into_iter()
        .map(|((path, expires), hosts)| {
            let file = keys(path).get(1).copied().unwrap_or_default().to_owned();
            let verb = if expires <= now { "expired" } else { "expires" };
            let message = format!(
                "the certificate `{file}` of {} ({environment}) {verb} on {}",
                hosts.join(", "),
                expires.date()
            );
            defect(survey, &codes::EXPIRES, environment, path, message)
        })
        .collect()
}
