//! Import: proposes definitions for what people set up on a host.
//!
//! A constant number of requests, whatever the host has: its inventory; the contents of files; and the state of every proposed
//! resource, read as its definition describes it, once more if some are left out. What differs from its proposal is not
//! proposed, so the first plan changes nothing.

mod candidate;
mod verified;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candidate::{Candidate, Keys, candidate, comment};

use super::picture::Resolution;
use super::session::{Needs, Session};
use super::{Failure, Project, ProjectLocation, World};
use crate::report::Report;
use crate::world::files::write_whole;
use crate::world::unwritten::Unwritten;
use evenkeel_core::kind::{access_keys, proposals};
use evenkeel_document::covering;
use evenkeel_host::{Answer, Observer, PathState, Query, content, inventory, path};
use evenkeel_model::text::{count, inert, list};
use evenkeel_model::{Address, Digest, EnvironmentName, HostName, Member, Value};

/// The lowest number of a user or group that people created.
const FIRST_NUMBER: u32 = 1000;
/// Maximum number of queries in one request.
const MOST_QUERIES: usize = 5_000;
/// Directory of the source files, relative to the definitions.
const FILES: &str = "files";

/// Request to import a host.
#[derive(Debug)]
pub struct ImportRequest<'a> {
    /// The target, perhaps with a host.
    pub target: String,
    /// The environment.
    pub environment: String,
    /// File for the proposal; it is printed when `None`, and source files are not written.
    pub output: Option<&'a Path>,
}

/// Proposes definitions for a host.
///
/// # Errors
///
/// When the host cannot be read, or a file cannot be written.
pub fn import(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &ImportRequest<'_>,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "the proposal is for the working tree: omit --at".into(),
        ));
    }
    let mut session = Session::open(world, location, "import")?;
    let name = session.project.environment(&request.environment)?;
    let resolution = session.resolve(std::slice::from_ref(&name), Needs::Live)?;
    let Session {
        project,
        mut report,
    } = session;
    let member = member(&resolution, &name, &request.target)?;
    let importing = Importing {
        project: &project,
        name: &name,
        member: &member,
        file: file_of(&project, &name, &member)?,
    };
    let targets = resolution.targets(&project, &name)?;
    let observers = targets.observers();
    let observer = *observers
        .get(&member)
        .ok_or_else(|| Failure::other(format!("{name} has no target `{member}`")))?;
    let (mut candidates, unread) = importing.candidates(&resolution, observer)?;
    importing.fetch(observer, &mut candidates)?;
    importing.verify(&mut candidates)?;
    if world.interruption.is_set() {
        return Err(Failure::Interrupted);
    }
    let text = importing.text(&candidates, &unread, request.output.is_some());
    let proposed: Vec<&Candidate> = candidates
        .iter()
        .filter(|each| each.is_proposed())
        .collect();
    let Some(output) = request.output else {
        report.say(text.trim_end());
        return Ok(report);
    };
    let mut files = Unwritten::default();
    for (path, bytes) in proposed.iter().filter_map(|each| each.source.as_ref()) {
        let before = project.bytes_of(path)?;
        files.put(path, before, bytes.clone());
    }
    files
        .write(&project.root, &project.directory)
        .map_err(|error| Failure::other(error.to_string()))?;
    let path = world.directory.join(output);
    write_whole(&path, text.as_bytes(), 0o644)
        .map_err(|error| Failure::other(format!("cannot write {}: {error}", output.display())))?;
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for each in &proposed {
        *counted.entry(each.kind).or_default() += 1;
    }
    let counted: Vec<String> = counted
        .iter()
        .map(|(kind, number)| format!("{kind} {number}"))
        .collect();
    report.say(format!(
        "{member} ({name}): {} proposed",
        count(proposed.len(), "resource")
    ));
    if !counted.is_empty() {
        report.say(counted.join(", "));
    }
    let left = candidates.iter().filter(|each| each.is_left_out()).count() + unread.len();
    if left > 0 {
        report.say(format!(
            "{left} not proposed; the comments at the end have the reasons"
        ));
    }
    let sources = proposed.iter().filter(|each| each.source.is_some()).count();
    if sources > 0 {
        let folder = importing.folder();
        report.say(format!(
            "{} written below {}",
            count(sources, "source file"),
            project.shown(&folder)
        ));
    }
    report.say(format!("wrote {}", output.display()));
    report.next(format!(
        "cat {} >> {}   # after a review",
        quoted(&output.display().to_string()),
        quoted(&importing.file.shown)
    ));
    report.next(format!("evenkeel plan {name}"));
    Ok(report)
}

/// Returns an argument of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |each: char| each.is_ascii_alphanumeric() || "/._-".contains(each);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", inert(text).replace('\'', "'\\''"))
    }
}

/// Returns the machine that a target with or without a host names.
fn member(resolution: &Resolution, name: &EnvironmentName, text: &str) -> Result<Member, Failure> {
    let resolved = resolution.environment(name)?;
    let (target, host) = match text.split_once('@') {
        Some((target, host)) => (target, Some(host)),
        None => (text, None),
    };
    let Some((target, place)) = resolved.targets.get_key_value(target) else {
        let known: Vec<&str> = resolved.targets.keys().map(|name| &**name).collect();
        return Err(Failure::Usage(format!(
            "{name} has no target `{}`; its targets are {}",
            inert(target),
            list(&known, "and")
        )));
    };
    let hosts: Vec<Option<&HostName>> = place.members().collect();
    let names: Vec<String> = hosts.iter().flatten().map(ToString::to_string).collect();
    let found = match host {
        Some(host) => hosts
            .iter()
            .find(|each| each.is_some_and(|it| it.as_str() == host)),
        None => hosts.first().filter(|_| hosts.len() == 1),
    };
    match found {
        Some(host) => Ok(Member::new(target, *host)),
        None if names.is_empty() => Err(Failure::Usage(format!(
            "the target `{target}` of {name} is one machine: omit the host"
        ))),
        None => Err(Failure::Usage(format!(
            "choose one host, as in `{target}@{}`; the hosts of {name} are {}",
            names.first().map_or("HOST", String::as_str),
            list(&names, "and")
        ))),
    }
}

/// File that the proposal belongs to.
struct ProposalFile {
    /// Path beside the definitions.
    path: String,
    shown: String,
    text: String,
}

fn file_of(
    project: &Project<'_>,
    name: &EnvironmentName,
    member: &Member,
) -> Result<ProposalFile, Failure> {
    let definition = &project.definition;
    let own = definition.environments.get(name);
    let no_file = || Failure::other(format!("{name} has no file"));
    // A target of one environment is unknown to the others.
    let shown = match definition.targets.get(&member.target) {
        Some(block) => &block.span.file.path,
        None => &own.ok_or_else(no_file)?.file.path,
    };
    let file = definition.files.iter().find(|file| file.path == *shown);
    let file = file.ok_or_else(no_file)?;
    Ok(ProposalFile {
        path: shown.rsplit('/').next().unwrap_or(shown).to_owned(),
        shown: shown.clone(),
        text: file.text.clone(),
    })
}

/// One import.
struct Importing<'a> {
    project: &'a Project<'a>,
    name: &'a EnvironmentName,
    member: &'a Member,
    file: ProposalFile,
}

impl Importing<'_> {
    /// Returns the directory of source files, relative to the definitions.
    fn folder(&self) -> String {
        format!("{FILES}/{}", self.member.target)
    }

    /// Reads the inventory; returns the resources that the kinds propose, and what could not be read.
    fn candidates(
        &self,
        resolution: &Resolution,
        observer: &dyn Observer,
    ) -> Result<(Vec<Candidate>, Vec<String>), Failure> {
        let query = Query::Inventory(inventory::Query {
            first_number: FIRST_NUMBER,
        });
        let answer = match observer.observe(std::slice::from_ref(&query)).pop() {
            Some(Answer::Inventory(answer)) => answer,
            Some(Answer::Unreadable { reason }) => {
                return Err(Failure::other(format!(
                    "{} ({}): cannot be read: {}",
                    self.member,
                    self.name,
                    inert(&reason)
                )));
            }
            _ => return Err(Failure::other(format!("{} gave no answer", self.member))),
        };
        let mut taken: BTreeSet<Address> = self
            .project
            .definition
            .path
            .iter()
            .flat_map(|name| self.project.definition.resources_of(name))
            .map(|(address, _)| address.clone())
            .collect();
        let mut candidates = Vec::new();
        for (kind, proposed) in proposals(&answer) {
            for proposal in proposed {
                candidates.push(candidate(kind, proposal, &mut taken));
            }
        }
        let declared = self.declared_paths(resolution)?;
        for each in &mut candidates {
            // Another resource writes the whole file.
            if let Some(path) = &each.content_of {
                each.is_declared = declared.contains(path);
            }
        }
        Ok((candidates, answer.unread))
    }

    /// Returns the paths that resources of this machine claim.
    fn declared_paths(&self, resolution: &Resolution) -> Result<BTreeSet<String>, Failure> {
        let resolved = resolution.environment(self.name)?;
        Ok(resolved
            .resources
            .values()
            .filter(|resource| resource.on == self.member.target)
            .flat_map(|resource| resource.declared.claims())
            .filter_map(|claim| claim.as_path().map(str::to_owned))
            .collect())
    }

    /// Reads the contents of files, with their modes and owners.
    fn fetch(&self, observer: &dyn Observer, candidates: &mut [Candidate]) -> Result<(), Failure> {
        let mut queries = Vec::new();
        for each in candidates.iter().filter(|each| each.is_proposed()) {
            let Some(path) = &each.content_of else {
                continue;
            };
            queries.push(Query::Path(path::Query {
                path: path.clone(),
                text_unless: None,
                sealed: false,
            }));
            queries.push(Query::Content(content::Query { path: path.clone() }));
        }
        let mut answers = observe(observer, &queries).into_iter();
        for each in candidates.iter_mut().filter(|each| each.is_proposed()) {
            let Some(path) = each.content_of.clone() else {
                continue;
            };
            let (state, content) = (answers.next(), answers.next());
            match taken_over(state, content) {
                Ok((bytes, keys)) => {
                    each.problem = self.place(&path, bytes, each)?;
                    each.keys.extend(keys);
                }
                Err(reason) => each.problem = Some(reason),
            }
        }
        Ok(())
    }

    /// Gives a candidate its source file; returns the reason why it cannot have one.
    fn place(
        &self,
        path: &str,
        bytes: Vec<u8>,
        candidate: &mut Candidate,
    ) -> Result<Option<String>, Failure> {
        if let Some(problem) = secret_in(path, &bytes) {
            return Ok(Some(problem));
        }
        let is_good = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.starts_with('.')
                && part
                    .chars()
                    .all(|each| each.is_ascii_graphic() || each == ' ')
                && !part.contains(['\\', '$', '{', '}', '*', '?', '"', '\''])
        };
        let below = path.strip_prefix('/').unwrap_or(path);
        if !below.split('/').all(is_good) {
            return Ok(Some(
                "its path has characters that a source file should not have".to_owned(),
            ));
        }
        let source = format!("{}/{below}", self.folder());
        match self.project.bytes_of(&source)? {
            Some(before) if before != bytes => {
                return Ok(Some(format!(
                    "{} exists with another content",
                    self.project.shown(&source)
                )));
            }
            _ => {}
        }
        candidate.keys.push(("source", Value::text(&source)));
        candidate.source = Some((source, bytes));
        Ok(None)
    }

    /// Returns the proposal.
    fn text(&self, candidates: &[Candidate], unread: &[String], is_written: bool) -> String {
        let mut text = comment(&format!(
            "Proposal for the target `{}`, read from `{}` ({}). It belongs to {}.",
            self.member.target, self.member, self.name, self.file.shown
        ));
        text.push_str(&comment(
            "Every resource matched the host when it was read. Remove what evenkeel should not manage.",
        ));
        let has_sources = candidates
            .iter()
            .any(|each| each.is_proposed() && each.source.is_some());
        if has_sources && !is_written {
            text.push_str(&comment(&format!(
                "The source files below {} are written with -o FILE only.",
                self.project.shown(&self.folder())
            )));
        }
        text.push('\n');
        let mut kind = "";
        for each in candidates.iter().filter(|each| each.is_proposed()) {
            if each.kind != kind {
                kind = each.kind;
                let same = candidates
                    .iter()
                    .filter(|it| it.kind == kind && it.is_proposed());
                text.push_str(&comment(&format!(
                    "{kind}: {}",
                    count(same.count(), "resource")
                )));
                text.push('\n');
            }
            text.push_str(&each.table(&self.member.target).unwrap_or_default());
        }
        let declared = candidates.iter().filter(|each| each.is_declared).count();
        if declared > 0 {
            text.push_str(&comment(&format!(
                "declared already: {}",
                count(declared, "resource")
            )));
        }
        for each in candidates.iter().filter(|each| each.is_left_out()) {
            let problem = each.problem.as_deref().unwrap_or_default();
            text.push_str(&comment(&format!(
                "not proposed: {} {}: {problem}",
                each.kind, each.what
            )));
        }
        for reason in unread {
            text.push_str(&comment(&format!("not read: {reason}")));
        }
        text
    }
}

/// Returns the answers to queries, in requests of a limited size.
fn observe(observer: &dyn Observer, queries: &[Query]) -> Vec<Answer> {
    queries
        .chunks(MOST_QUERIES)
        .flat_map(|queries| observer.observe(queries))
        .collect()
}

/// Returns the content of a file and the keys of its mode and owners; otherwise the reason why it cannot be taken over.
fn taken_over(state: Option<Answer>, content: Option<Answer>) -> Result<(Vec<u8>, Keys), String> {
    let no_answer = || "the host gave no answer".to_owned();
    let standing = match state {
        Some(Answer::Path(path::Answer {
            standing: standing @ PathState::File { .. },
            ..
        })) => standing,
        Some(Answer::Path(path::Answer { standing, .. })) => {
            return Err(format!("found {}", standing.words()));
        }
        Some(Answer::Unreadable { reason }) => return Err(reason),
        _ => return Err(no_answer()),
    };
    let bytes = match content {
        Some(Answer::Content(content::Answer {
            content: Some(content),
        })) => content.into_bytes(),
        Some(Answer::Unreadable { reason }) => return Err(reason),
        _ => return Err(no_answer()),
    };
    let is_same = |bytes: &Vec<u8>| matches!(standing, PathState::File { digest, .. } if digest == Digest::of(bytes));
    let bytes = bytes.filter(is_same);
    let bytes = bytes.ok_or_else(|| "it changed while it was read".to_owned())?;
    Ok((bytes, access_keys(&standing)))
}

/// Returns why a content must not be copied, if it seems to be a secret.
fn secret_in(path: &str, bytes: &[u8]) -> Option<String> {
    let Ok(text) = str::from_utf8(bytes) else {
        // Keys in a binary form have one of these names.
        const KEYS: &[&str] = &[
            ".key", ".pem", ".der", ".p12", ".pfx", ".jks", ".kdbx", ".gpg", ".keytab",
        ];
        let is_key = KEYS
            .iter()
            .any(|ending| path.to_ascii_lowercase().ends_with(ending));
        return is_key.then(|| "it seems to be a key".to_owned());
    };
    let start = covering::secret_ranges(text)
        .into_iter()
        .map(|range| range.start)
        .min()?;
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    Some(format!("line {line} seems to contain a secret"))
}

#[cfg(test)]
mod tests {
    use super::{quoted, secret_in};

    #[test]
    fn contents_with_secrets_are_not_copied() {
        let problem = |path: &str, bytes: &[u8]| secret_in(path, bytes);
        assert_eq!(problem("/etc/a", b"a = 1\nport = 2\n"), None);
        assert_eq!(
            problem("/etc/a", b"a = 1\ndb_password = hunter2hunter2\n").as_deref(),
            Some("line 2 seems to contain a secret")
        );
        let pem =
            b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n";
        assert!(problem("/etc/a.pem", pem).is_some());
        assert!(problem("/etc/ssl/a.KEY", &[0xff, 0]).is_some());
        assert_eq!(problem("/etc/a.bin", &[0xff, 0]), None);
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b-c.toml"), "a/b-c.toml");
        assert_eq!(quoted("a b'c"), "'a b'\\''c'");
    }
}
