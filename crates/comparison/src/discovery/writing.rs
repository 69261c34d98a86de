//! Texts of definitions for a discovery: `system.toml`, and a file for each environment.
//!
//! Returns texts and writes nothing. Findings that are not proposed are comments with their reason; deleting the `#`
//! includes them.

use std::collections::{BTreeMap, BTreeSet};

use super::names::word;
use super::{Certainty, Discovery, FoundDocument, FoundEnvironment, ProposedIdentity, tokens};
use evenkeel_model::EnvironmentName;
use evenkeel_model::text::{inert, list};

/// Texts of definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenDefinitions {
    /// Texts by file name: `system.toml`, `staging.toml`.
    pub files: BTreeMap<String, String>,
}

/// Maximum number of paths listed for one reason.
const PATHS: usize = 5;

/// Writes definitions. The system's name is derived from `directory`, the name of the project's directory.
///
/// Identities without a value for one of the environments are comments: a parameter needs all of them.
#[must_use]
pub fn write(
    found: &Discovery,
    identities: &[ProposedIdentity],
    directory: &str,
) -> WrittenDefinitions {
    let path: Vec<&FoundEnvironment> = found.path().collect();
    if path.is_empty() {
        return WrittenDefinitions::default();
    }
    let mut files = BTreeMap::new();
    files.insert(
        "system.toml".to_owned(),
        system(found, &path, identities, directory),
    );
    for environment in &path {
        files.insert(
            format!("{}.toml", environment.name),
            of_environment(found, &path, identities, environment),
        );
    }
    WrittenDefinitions { files }
}

/// Returns the `path` of the definition; siblings of one role are a nested list.
fn stages(path: &[&FoundEnvironment]) -> Vec<String> {
    let are_siblings = |one: &&FoundEnvironment, two: &&FoundEnvironment| {
        one.role == two.role && one.sibling != two.sibling
    };
    path.chunk_by(are_siblings)
        .map(|stage| {
            let names: Vec<String> = stage.iter().map(|one| quoted(one.name.as_str())).collect();
            match names.as_slice() {
                [only] => only.clone(),
                many => format!("[{}]", many.join(", ")),
            }
        })
        .collect()
}

fn system(
    found: &Discovery,
    path: &[&FoundEnvironment],
    identities: &[ProposedIdentity],
    directory: &str,
) -> String {
    let mut page = Page::default();
    page.comment("Shared by all environments. Everything in the documents below must be equal in all environments,");
    page.comment(
        "unless it is an identity or a declared difference. `evenkeel drift` lists the differences.",
    );
    page.blank();
    page.line("[system]");
    page.line(&format!("name = {}", quoted(&word(directory))));
    page.line(&format!(
        "path = [{}] # the order of promotion; the last one is production",
        stages(path).join(", ")
    ));
    for environment in found.environments.iter().filter(|one| !one.proposed) {
        page.comment(&format!(
            "left out: {:?}, {}",
            environment.name.as_str(),
            environment.reason
        ));
    }
    if !identities.is_empty() {
        page.blank();
        page.comment(
            "Identities: values that rightly differ in each environment. Their values are in the",
        );
        page.comment("environments' files; texts that differ only in them are equal.");
    }
    for identity in identities {
        page.blank();
        page.comment(&identity.reason);
        let lines = [
            format!("[parameter.{}]", identity.name),
            "varies = \"identity\"".to_owned(),
        ];
        page.lines(&lines, is_complete(identity, path));
    }
    for document in found.proposed() {
        page.blank();
        page.comment(&format!("{}: {}", document.certainty, document.reason));
        let mut lines = vec![format!("[document.{}]", document.name)];
        if let Some(template) = template(document, path, &document.paths) {
            lines.push(format!("path = {}", quoted(&template)));
        }
        if let Some(template) = template(document, path, &document.sections) {
            lines.push(format!("section = {}", quoted(&template)));
        }
        if let Some(base) = &document.base {
            lines.push(format!("base = [{}]", quoted(&escaped(base))));
        }
        if let Some(format) = document.format {
            lines.push(format!("format = {}", quoted(format.name())));
        }
        if lines.len() > 1 {
            page.lines(&lines, true);
        } else {
            let files: Vec<String> = path
                .iter()
                .map(|one| format!("{}.toml", one.name))
                .collect();
            page.comment(&format!(
                "[document.{}]: its path is in {}",
                document.name,
                list(&files, "and")
            ));
        }
    }
    let mut others = found
        .documents
        .iter()
        .filter(|one| !one.proposed)
        .peekable();
    if others.peek().is_some() {
        page.blank();
        page.comment(
            "Found as well, and left out. To compare a document, delete the `#` before its lines, and its \"not \
             compared\".",
        );
    }
    for document in others {
        page.blank();
        page.comment(&format!("{}: {}", document.certainty, document.reason));
        let paths: BTreeSet<String> = document.paths.values().map(|path| quoted(path)).collect();
        let paths: Vec<String> = paths.into_iter().collect();
        page.comment(&format!("not compared: {}", paths.join(", ")));
        let mut lines = vec![format!("[document.{}]", document.name)];
        for (key, texts) in [("path", &document.paths), ("section", &document.sections)] {
            match template(document, path, texts) {
                Some(template) => lines.push(format!("{key} = {}", quoted(&template))),
                None => {
                    let own = texts.iter();
                    lines.extend(
                        own.map(|(name, text)| format!("{name}: {key} = {}", quoted(text))),
                    );
                }
            }
        }
        page.lines(&lines, false);
    }
    if !found.left_out.is_empty() {
        page.blank();
        page.comment("Files that name an environment and are not documents:");
        for left_out in &found.left_out {
            let paths = left_out.paths.iter().take(PATHS);
            let mut paths: Vec<String> = paths.map(|path| format!("`{path}`")).collect();
            let more = left_out.paths.len().saturating_sub(PATHS);
            if more > 0 {
                paths.push(format!("{more} more"));
            }
            page.comment(&format!("- {}: {}", left_out.reason, list(&paths, "and")));
        }
    }
    if !found.unsettled.is_empty() {
        page.blank();
        page.comment("Pairs by name whose contents cannot be compared:");
        for pair in &found.unsettled {
            let paths: Vec<String> = pair.iter().map(|path| quoted(path)).collect();
            page.comment(&format!("not compared: {}", paths.join(", ")));
        }
    }
    page.text
}

fn of_environment(
    found: &Discovery,
    path: &[&FoundEnvironment],
    identities: &[ProposedIdentity],
    environment: &FoundEnvironment,
) -> String {
    let mut page = Page::default();
    page.comment(&format!("The values of {}.", environment.name));
    page.blank();
    page.line("[environment]");
    page.line(&format!("name = {}", quoted(environment.name.as_str())));
    page.blank();
    page.line("[values]");
    if identities.is_empty() {
        page.comment(
            "Identity values of this environment, once system.toml has a parameter for them:",
        );
        page.comment("[parameter.domain] with varies = \"identity\" there, and domain = \"example.org\" here.");
    }
    let width = identities
        .iter()
        .map(|one| one.name.len())
        .max()
        .unwrap_or(0);
    for identity in identities {
        let value = identity.values.get(&environment.name);
        let line = match value {
            Some(value) => format!("{:width$} = {}", identity.name, quoted(value)),
            None => format!(
                "{:width$} = \"\" # not found for {}",
                identity.name, environment.name
            ),
        };
        page.lines(&[line], is_complete(identity, path));
    }
    for document in found.proposed() {
        let mut lines = Vec::new();
        for (key, texts) in [("path", &document.paths), ("section", &document.sections)] {
            if let Some(own) = texts.get(&environment.name)
                && template(document, path, texts).is_none()
            {
                lines.push(format!("{key} = {}", quoted(&escaped(own))));
            }
        }
        if !lines.is_empty() {
            page.blank();
            page.line(&format!("[document.{}]", document.name));
            page.lines(&lines, true);
        }
    }
    page.text
}

fn is_complete(identity: &ProposedIdentity, path: &[&FoundEnvironment]) -> bool {
    path.iter()
        .all(|one| identity.values.contains_key(&one.name))
}

/// Returns one text for all environments, if each contains its name at the same place, or all are equal.
fn template(
    document: &FoundDocument,
    path: &[&FoundEnvironment],
    texts: &BTreeMap<EnvironmentName, String>,
) -> Option<String> {
    let paths: Vec<(&EnvironmentName, &String)> = if document.certainty >= Certainty::Likely
        && path.iter().all(|one| texts.contains_key(&one.name))
    {
        path.iter()
            .filter_map(|one| texts.get_key_value(&one.name))
            .collect()
    } else {
        texts.iter().collect()
    };
    if let [(_, first), rest @ ..] = paths.as_slice()
        && !rest.is_empty()
        && rest.iter().all(|(_, other)| other == first)
    {
        return Some(escaped(first));
    }
    let (first, own) = paths.first()?;
    // A name may occur by coincidence: try each combination of its places, within a limit.
    let places: Vec<usize> = tokens::tokens(own)
        .into_iter()
        .map(|token| token.start)
        .filter(|start| {
            own.get(*start..)
                .is_some_and(|rest| rest.starts_with(first.as_str()))
        })
        .take(5)
        .collect();
    let choices = 1_usize << places.len();
    (1..choices).rev().find_map(|choice| {
        let chosen: Vec<std::ops::Range<usize>> = places
            .iter()
            .enumerate()
            .filter(|(number, _)| choice >> number & 1 == 1)
            .map(|(_, start)| *start..start + first.as_str().len())
            .collect();
        let with = |name: &str| tokens::replaced(own, chosen.iter().cloned(), name);
        let fits = paths
            .iter()
            .all(|(name, path)| with(name.as_str()) == **path);
        // Escape the rest, so that no path is parsed as a reference.
        fits.then(|| escaped(&with("\u{1}")).replace('\u{1}', "${environment}"))
    })
}

/// Returns a text in which nothing is parsed as a reference.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Lines of a definition.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Adds a comment of one line, whatever it contains: file names are data.
    fn comment(&mut self, text: &str) {
        let text = inert(text).replace(['\n', '\t'], " ");
        self.line(&format!("# {text}"));
    }

    /// Adds lines, or the same lines as comments.
    fn lines(&mut self, lines: &[String], as_they_are: bool) {
        for line in lines {
            if as_they_are {
                self.line(line);
            } else {
                self.comment(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layouts::{discovered, files};
    use super::super::{IdentityKind, ProposedIdentity};
    use super::write;
    use evenkeel_model::EnvironmentName;

    fn identity(values: &[(&str, &str)]) -> ProposedIdentity {
        ProposedIdentity {
            name: "domain".into(),
            kind: IdentityKind::Domain,
            values: values
                .iter()
                .map(|(name, value)| (EnvironmentName::new(name), (*value).to_owned()))
                .collect(),
            places: 2,
            examples: Vec::new(),
            reason: "2 places differ by it".into(),
        }
    }

    #[test]
    fn a_path_with_the_environments_own_name_is_written_once() {
        let found = discovered(&files(&[
            ("values-staging.yaml", "a: 1\nb: 2"),
            ("values-production.yaml", "a: 1\nb: 3"),
        ]));
        let values = [
            ("staging", "staging.example.org"),
            ("production", "example.org"),
        ];
        let written = write(&found, &[identity(&values)], "My Shop");
        let system = &written.files["system.toml"];
        assert!(system.contains("name = \"my-shop\""), "{system}");
        assert!(
            system.contains("path = [\"staging\", \"production\"]"),
            "{system}"
        );
        assert!(
            system.contains("path = \"values-${environment}.yaml\""),
            "{system}"
        );
        assert!(
            system.contains("[parameter.domain]\nvaries = \"identity\""),
            "{system}"
        );
        let production = &written.files["production.toml"];
        assert!(
            production.contains("domain = \"example.org\""),
            "{production}"
        );
    }

    #[test]
    fn other_paths_are_written_in_each_environment() {
        let found = discovered(&files(&[
            ("host_vars/staging.a.org/c.yml", "a: 1\nb: 2"),
            ("host_vars/a.org/c.yml", "a: 1\nb: 3"),
        ]));
        let written = write(&found, &[], "x");
        let staging = &written.files["staging.toml"];
        assert!(
            staging.contains("path = \"host_vars/staging.a.org/c.yml\""),
            "{staging}"
        );
        assert!(!written.files["system.toml"].contains("\n[document."));
    }

    #[test]
    fn an_identity_without_a_value_is_a_comment() {
        let found = discovered(&files(&[("a.staging.yml", "a: 1"), ("a.prod.yml", "a: 2")]));
        let written = write(&found, &[identity(&[("staging", "s.example.org")])], "x");
        assert!(written.files["system.toml"].contains("# [parameter.domain]"));
        for text in written.files.values() {
            text.parse::<toml::Table>().expect(text);
        }
    }

    #[test]
    fn nothing_found_writes_nothing() {
        assert!(write(&discovered(&[]), &[], "x").files.is_empty());
    }

    #[test]
    fn hostile_paths_stay_text() {
        let found = discovered(&files(&[
            ("a\"\n[x]\n${b}/staging.yml", "a: 1\nb: 1"),
            ("a\"\n[x]\n${b}/production.yml", "a: 1\nb: 1"),
            ("a\n[y]\nstaging.png", ""),
        ]));
        let written = write(&found, &[], "x");
        let system: toml::Table = written.files["system.toml"].parse().unwrap();
        let mut tables: Vec<&String> = system.keys().collect();
        tables.sort();
        assert_eq!(tables, ["document", "system"]);
        assert!(written.files["system.toml"].contains("$${b}"));
    }
}
