//! The account and machine that this program runs as.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evenkeel_core::gate::people::CI;
use evenkeel_ledger::record::Actor;
use evenkeel_model::text::inert;

/// CI services: the variable that shows one, its name, and the variables that name the pipeline.
const SERVICES: &[(&str, &str, &[&str])] = &[
    (
        "GITHUB_ACTIONS",
        "github",
        &["GITHUB_REPOSITORY", "GITHUB_WORKFLOW"],
    ),
    ("GITLAB_CI", "gitlab", &["CI_PROJECT_PATH", "CI_JOB_NAME"]),
    ("BUILDKITE", "buildkite", &["BUILDKITE_PIPELINE_SLUG"]),
    (
        "CIRCLECI",
        "circleci",
        &["CIRCLE_PROJECT_REPONAME", "CIRCLE_JOB"],
    ),
    ("TF_BUILD", "azure", &["BUILD_DEFINITIONNAME"]),
    ("JENKINS_URL", "jenkins", &["JOB_NAME"]),
    (
        "BITBUCKET_BUILD_NUMBER",
        "bitbucket",
        &["BITBUCKET_REPO_FULL_NAME"],
    ),
];
/// Longest name of a pipeline, in characters.
const LONGEST: usize = 100;

/// Returns the account, the machine and the process. The account is the system's, not a variable that anyone can set; a CI
/// runner is `ci:` and what its variables name, since its account is no person.
#[must_use]
pub fn current(environment: &BTreeMap<String, String>) -> Actor {
    let id = rustix::process::getuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = || name_of(id, &accounts).unwrap_or_else(|| id.to_string());
    Actor {
        name: ci(environment).unwrap_or_else(account),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        process: std::process::id(),
    }
}

/// Returns the directory in which this account keeps the state of systems: `evenkeel` in the state directory of the XDG
/// base directory specification; for root, `/var/lib/evenkeel` unless `XDG_STATE_HOME` is set.
#[must_use]
pub fn state_home(variables: &BTreeMap<String, String>) -> PathBuf {
    let id = rustix::process::getuid();
    let absolute = |name: &str| {
        let path = variables.get(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").unwrap_or_else(|| {
        if id.is_root() {
            return PathBuf::from("/var/lib");
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let home = absolute("HOME").or_else(|| home_of(id.as_raw(), &accounts));
        let home = home.unwrap_or_else(|| PathBuf::from("/nonexistent"));
        home.join(".local/state")
    });
    state.join("evenkeel")
}

fn home_of(id: u32, accounts: &str) -> Option<PathBuf> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let is_own = fields.get(2)?.parse() == Ok(id);
        let home = fields.get(5).filter(|home| home.starts_with('/'))?;
        is_own.then(|| PathBuf::from(home))
    })
}

/// Returns the name of a CI runner; `None` for other machines. Anyone can set these variables: they only take away the right to
/// decide as a person.
fn ci(environment: &BTreeMap<String, String>) -> Option<String> {
    let value = |name: &str| {
        let value = environment.get(name)?;
        (!value.is_empty() && value != "false" && value != "0").then_some(value.as_str())
    };
    let service = SERVICES
        .iter()
        .find(|(shown_by, _, _)| value(shown_by).is_some());
    let mut parts: Vec<String> = Vec::new();
    match service {
        Some((_, name, variables)) => {
            parts.push((*name).to_owned());
            for named in variables.iter().filter_map(|name| value(name)) {
                let short: String = named.chars().take(LONGEST).collect();
                parts.push(inert(&short).replace(['\n', '\t'], " "));
            }
        }
        None => {
            value("CI")?;
            parts.push("unknown".to_owned());
        }
    }
    Some(format!("{CI}{}", parts.join("/")))
}

fn name_of(id: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{ci, home_of, name_of};

    #[test]
    fn an_account_is_found_by_its_number() {
        let accounts = "root:x:0:0::/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(1000, accounts).as_deref(), Some("ada"));
        assert_eq!(name_of(7, accounts), None);
        assert_eq!(home_of(1000, accounts), Some("/home/ada".into()));
        assert_eq!(home_of(7, accounts), None);
    }

    #[test]
    fn a_ci_runner_is_no_account() {
        let name = |variables: &[(&str, &str)]| {
            let all = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            ci(&all.collect())
        };
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[("CI", "false"), ("GITLAB_CI", "")]), None);
        assert_eq!(name(&[("CI", "true")]).as_deref(), Some("ci:unknown"));
        let github = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_WORKFLOW", "deliver\n\u{1b}[31m"),
        ];
        assert_eq!(
            name(&github).as_deref(),
            Some("ci:github/acme/shop/deliver \\u{1b}[31m")
        );
        let long = "x".repeat(5000);
        assert!(
            name(&[("GITLAB_CI", "true"), ("CI_PROJECT_PATH", &long)])
                .unwrap()
                .len()
                < 200
        );
    }
}
