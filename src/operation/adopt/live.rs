//! Adopt the live state of a resource: its values go where the definitions declare them.
//!
//! Nothing is written unless the changed definitions are valid, add no undeclared difference, and describe what the hosts
//! have: the resource is read again with its new definition before.

mod accepted;
mod contents;

use std::time::Duration;

use accepted::observe;
use contents::{ContentKey, beside};

use super::super::picture::Resolution;
use super::super::session::{Needs, Session};
use super::super::{Failure, Project, ProjectLocation, World};
use crate::report::Report;
use crate::world::unwritten::Unwritten;
use evenkeel_core::environment::definition::Definition;
use evenkeel_core::environment::rewrite::{Layer, Rewrite, RewriteError, Rewritten};
use evenkeel_core::environment::{Block, Resolved, ResolvedResource};
use evenkeel_core::kind::{self, Adopt, Adoption, Observation, Observed};
use evenkeel_model::source::Span;
use evenkeel_model::text::{inert, list, nearest};
use evenkeel_model::{Address, EnvironmentName, Instance, Value};

/// Longest value that is displayed, in characters.
const LONGEST_SHOWN: usize = 60;
/// Maximum number of hosts whose states are listed.
const MOST_HOSTS: usize = 10;

/// Request to write the live state of a resource into the definitions.
#[derive(Clone, Debug, Default)]
pub struct AdoptLiveRequest {
    /// The resource, perhaps with a host.
    pub resource: String,
    /// The environment whose state is adopted.
    pub environment: String,
    /// Whether a value that all environments share is changed for all of them.
    pub everywhere: bool,
    /// Reason of a declared difference. With it, a shared value stays, and this environment gets its own.
    pub reason: Option<String>,
    /// Owner of a declared difference; the current user when `None`.
    pub owner: Option<String>,
    /// Time to the expiry of a declared difference.
    pub expires_in: Duration,
    /// Ticket of a declared difference.
    pub ticket: Option<String>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// Writes the live state of a resource into the definitions.
///
/// # Errors
///
/// When the state cannot be read, or the definitions cannot describe it; nothing is written then.
pub fn adopt_live(
    world: &World<'_>,
    location: &ProjectLocation,
    request: &AdoptLiveRequest,
) -> Result<Report, Failure> {
    if location.revision.is_some() {
        return Err(Failure::Usage(
            "the live state is written to the working tree: omit --at".into(),
        ));
    }
    if request
        .reason
        .as_ref()
        .is_some_and(|reason| reason.trim().is_empty())
    {
        return Err(Failure::Usage(
            "--reason is empty: say why the environments differ".into(),
        ));
    }
    let Some(wanted) = Instance::parse(&request.resource) else {
        return Err(Failure::Usage(format!(
            "`{}` is no resource: write its address, such as file.config or file.config@web-1",
            inert(&request.resource)
        )));
    };
    let mut session = Session::open(world, location, "adopt")?;
    let name = session.project.environment(&request.environment)?;
    let resolution = session.resolve(std::slice::from_ref(&name), Needs::Live)?;
    let Session {
        project,
        mut report,
    } = session;
    let resolved = resolution.environment(&name)?;
    let adopting = Adopting {
        project: &project,
        name: &name,
        request,
        resource: resource(resolved, &wanted.address)?,
        address: &wanted.address,
    };
    let found = adopting.found(&resolution, &wanted)?;
    let Some((adoptions, chosen)) = adopting.one_state(&resolution, &found, &wanted)? else {
        report.say(format!(
            "{wanted} ({name}): matches its definition; nothing to adopt"
        ));
        return Ok(report);
    };
    adopting.possible(&adoptions)?;
    let mut change = adopting.change(&resolution, &adoptions, &chosen)?;
    let edited = adopting.accepted(&mut change)?;
    adopting.describes(&edited, &adoptions, &chosen)?;
    if change.agreed {
        adopting.agree(&edited, &adoptions)?;
    }
    for rewritten in &change.rewritten {
        report.say(described(adopting.address, rewritten));
    }
    for sentence in &change.sentences {
        report.say(sentence.clone());
    }
    if request.dry_run {
        for (path, before, after) in change.files.iter() {
            report.say(format!("--- {0}\n+++ {0}", project.shown(path)));
            report.say(difference(before, after).trim_end());
        }
        report.say("nothing was written (--dry-run)");
        return Ok(report);
    }
    change
        .files
        .write(&project.root, &project.directory)
        .map_err(|error| Failure::other(error.to_string()))?;
    let shown: Vec<String> = change
        .files
        .iter()
        .map(|(path, ..)| project.shown(path))
        .collect();
    report.say(format!("wrote {}", list(&shown, "and")));
    // The ledger has what was applied last, and nothing was applied now.
    report.say(format!(
        "the ledger has no record of this state until the next apply to {name}; `drift` says so as advice"
    ));
    report.next(format!("evenkeel drift --live {name}"));
    Ok(report)
}

/// Adoption of a state, with the instances that have it.
type OneState = (Vec<Adoption>, Vec<Instance>);

/// What is found on each host.
type FoundStates = Vec<(Instance, Observation<Observed>)>;

/// Definition that is not written yet.
struct Change {
    files: Unwritten,
    rewritten: Vec<Rewritten>,
    sentences: Vec<String>,
    /// Whether the shared value is changed because the other environments have it too.
    agreed: bool,
}

/// One adoption.
struct Adopting<'a> {
    project: &'a Project<'a>,
    name: &'a EnvironmentName,
    request: &'a AdoptLiveRequest,
    address: &'a Address,
    resource: &'a ResolvedResource,
}

fn resource<'a>(
    resolved: &'a Resolved,
    address: &Address,
) -> Result<&'a ResolvedResource, Failure> {
    resolved.resources.get(address).ok_or_else(|| {
        let known = resolved.resources.keys().map(Address::as_str);
        let near = nearest(address.as_str(), known);
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Usage(format!(
            "{} has no resource `{address}`{hint}",
            resolved.name
        ))
    })
}

impl Adopting<'_> {
    /// Reads the chosen instances.
    fn found(&self, resolution: &Resolution, wanted: &Instance) -> Result<FoundStates, Failure> {
        let resolved = resolution.environment(self.name)?;
        if wanted.host.is_some() && resolved.resource_of(wanted).is_none() {
            let hosts = resolved.targets.get(&self.resource.on);
            let hosts: Vec<String> = hosts
                .into_iter()
                .flat_map(|place| place.members().flatten())
                .map(ToString::to_string)
                .collect();
            return Err(Failure::Usage(if hosts.is_empty() {
                format!(
                    "the target `{}` of {} is one machine: omit the host",
                    self.resource.on, self.name
                )
            } else {
                format!(
                    "`{wanted}` is not on a host of {}; the hosts are {}",
                    self.name,
                    list(&hosts, "and")
                )
            }));
        }
        let mut found = observe(self.project, resolution, self.name, self.address)?;
        found.retain(|(instance, _)| wanted.host.is_none() || instance == wanted);
        for (instance, seen) in &found {
            if let Observation::CannotTell(reason) = seen {
                return Err(Failure::Other {
                    reason: format!(
                        "{instance} ({}): cannot be read: {}",
                        self.name,
                        inert(reason)
                    ),
                    help: (found.len() > 1 && wanted.host.is_none())
                        .then(|| format!("adopt the state of one host: {}@HOST", self.address)),
                });
            }
        }
        Ok(found)
    }

    /// Returns the adoption that all hosts share, with these hosts; `None` if the definition describes all.
    fn one_state(
        &self,
        resolution: &Resolution,
        found: &FoundStates,
        wanted: &Instance,
    ) -> Result<Option<OneState>, Failure> {
        let declared = &self.resource.declared;
        let states: Vec<(&Instance, Vec<Adoption>, &Observed)> = found
            .iter()
            .filter_map(|(instance, seen)| Some((instance, seen.seen()?)))
            .map(|(instance, observed)| {
                let contents = declared
                    .adoption_files(observed)
                    .iter()
                    .map(|path| self.bytes(resolution, instance, path))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((instance, declared.adopt(observed, &contents), observed))
            })
            .collect::<Result<_, Failure>>()?;
        let Some((_, first, _)) = states.first() else {
            return Err(Failure::other(format!(
                "{wanted} ({}): has no host",
                self.name
            )));
        };
        let differs = |observed: &Observed| !declared.compare(observed).is_empty();
        if !states.iter().any(|(_, _, observed)| differs(observed)) {
            return Ok(None);
        }
        if states.iter().any(|(_, adoptions, _)| adoptions != first) {
            let mut lines = vec![format!(
                "{} ({}): its hosts have different states",
                self.address, self.name
            )];
            lines.extend(
                states
                    .iter()
                    .take(MOST_HOSTS)
                    .map(|(instance, _, observed)| {
                        let found: Vec<String> = declared
                            .compare(observed)
                            .iter()
                            .map(|each| format!("{} is {}", each.attribute, shown(&each.found)))
                            .collect();
                        let found = if found.is_empty() {
                            "matches its definition".to_owned()
                        } else {
                            found.join(", ")
                        };
                        format!("{instance}: {found}")
                    }),
            );
            if states.len() > MOST_HOSTS {
                lines.push(format!("and {} more", states.len() - MOST_HOSTS));
            }
            return Err(Failure::Refused {
                reason: lines.join("; "),
                help: format!(
                    "choose the host whose state is right: {}@HOST",
                    self.address
                ),
            });
        }
        let adoptions = first.clone();
        let instances = states.into_iter().map(|(instance, ..)| instance.clone());
        Ok(Some((adoptions, instances.collect())))
    }

    /// Refuses adoptions that no definition can describe.
    fn possible(&self, adoptions: &[Adoption]) -> Result<(), Failure> {
        let block = &self.resource.block;
        for adoption in adoptions {
            let at = block.span.location();
            match &adoption.change {
                Adopt::Key(..) | Adopt::Content(_) => {}
                Adopt::Absent => {
                    return Err(Failure::Refused {
                        reason: format!(
                            "{} ({}): nothing is there to adopt",
                            self.address, self.name
                        ),
                        help: format!(
                            "remove [{}] at {at}, or run `evenkeel plan {}` to create it again",
                            self.address, self.name
                        ),
                    });
                }
                Adopt::Unread => {
                    return Err(Failure::other(format!(
                        "{} ({}): {} was not read",
                        self.address, self.name, adoption.attribute
                    )));
                }
                Adopt::Impossible(reason) => {
                    return Err(Failure::Refused {
                        reason: format!(
                            "{} ({}): {} cannot be adopted: {reason}",
                            self.address, self.name, adoption.attribute
                        ),
                        help: format!(
                            "run `evenkeel plan {}` to see the step that restores it, or change the definition at {at}",
                            self.name
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    /// Returns the other environments that share a value with this one.
    fn sharing(&self, key: &str) -> Vec<&EnvironmentName> {
        let definition = &self.project.definition;
        let others = definition.path.iter().filter(|other| *other != self.name);
        others
            .filter(|other| {
                let has_it = definition.resources_of(other).get(self.address).is_some();
                let rewrite = Rewrite::new(definition, other);
                has_it && rewrite.is_some_and(|it| it.layer(self.address, key) == Layer::Shared)
            })
            .collect()
    }

    /// Returns the changed files.
    fn change(
        &self,
        resolution: &Resolution,
        adoptions: &[Adoption],
        chosen: &[Instance],
    ) -> Result<Change, Failure> {
        let definition: &Definition = &self.project.definition;
        let no_file = || Failure::other(format!("{} has no file", self.name));
        let mut rewrite = Rewrite::new(definition, self.name).ok_or_else(no_file)?;
        let mut files = Unwritten::default();
        let mut rewritten = Vec::new();
        let mut sentences = Vec::new();
        let mut agreed = false;
        let mut layer_of = |rewrite: &Rewrite<'_>, key: &str| {
            let layer = rewrite.layer(self.address, key);
            if layer == Layer::Own || self.request.everywhere || self.sharing(key).is_empty() {
                return layer;
            }
            if self.request.reason.is_some() {
                return Layer::Own;
            }
            agreed = true;
            Layer::Shared
        };
        for adoption in adoptions {
            let (key, value) = match &adoption.change {
                Adopt::Key(key, value) => {
                    self.screen_value(key, value)?;
                    (*key, value.clone())
                }
                Adopt::Content(digest) => {
                    let (bytes, path) = self.content(resolution, digest, chosen)?;
                    match self.content_key()? {
                        ContentKey::Inline => {
                            let text = self.inline(&bytes, &path)?;
                            ("content", Value::text(text))
                        }
                        ContentKey::Source(source) => {
                            let declared = rewrite.layer(self.address, "source");
                            let layer = layer_of(&rewrite, "source");
                            let own = layer == Layer::Own && declared == Layer::Shared;
                            let to = if own {
                                beside(&source, self.name)
                            } else {
                                source
                            };
                            let before = self.project.bytes_of(&to)?;
                            self.check_source(&to, layer, own && before.is_some())?;
                            self.screen(&bytes, before.as_deref(), &path)?;
                            files.put(&to, before, bytes);
                            sentences.push(format!(
                                "{}.content: the content of {} goes to {}",
                                self.address,
                                inert(&path),
                                self.project.shown(&to)
                            ));
                            if !own {
                                continue;
                            }
                            ("source", Value::text(&to))
                        }
                    }
                }
                Adopt::Absent | Adopt::Impossible(_) | Adopt::Unread => continue,
            };
            let layer = layer_of(&rewrite, key);
            let done = rewrite.set(self.address, key, &value, layer);
            rewritten.push(done.map_err(|error| self.refused(&error))?);
        }
        for (file, text) in rewrite.texts() {
            let path = file.path.rsplit('/').next().unwrap_or(&file.path);
            let before = self.project.bytes_of(path)?;
            if before.as_deref() != Some(file.text.as_bytes()) {
                return Err(Failure::other(format!(
                    "{} changed while it was read, or does not start with its text; nothing was written",
                    file.path
                )));
            }
            files.put(path, before, text.into_bytes());
        }
        Ok(Change {
            files,
            rewritten,
            sentences,
            agreed,
        })
    }

    /// Returns the failure of a value that cannot be written.
    fn refused(&self, error: &RewriteError) -> Failure {
        let name = self.name;
        let (span, help) = match error {
            RewriteError::Reference {
                names: Some(named),
                reference,
                ..
            } => (
                None,
                format!(
                    "change the value of `{reference}` at {}, or write the value at the reference yourself",
                    named.location()
                ),
            ),
            RewriteError::Reference { span, .. } => (
                Some(span),
                "change the thing that the reference names, or write the value there yourself"
                    .to_owned(),
            ),
            RewriteError::NoTable { key, span } | RewriteError::NoForm { key, span } => {
                (Some(span), format!("write `{key}` yourself"))
            }
            RewriteError::Undeclared(_) => {
                (None, format!("run `evenkeel validate` to check {name}"))
            }
        };
        let at = match error {
            RewriteError::Reference { span, .. } => Some(span),
            _ => span,
        };
        let at = at.map_or_else(String::new, |span: &Span| format!("{}: ", span.location()));
        Failure::Refused {
            reason: format!("{at}{} ({name}): {error}", self.address),
            help,
        }
    }
}

/// Returns the text of a key that is written without references.
fn plain<'b>(block: &'b Block, key: &str) -> Option<&'b str> {
    block.get(key)?.expression.plain()?.as_text()
}

/// Returns a value for display.
fn shown(text: &str) -> String {
    let line = inert(text).replace('\n', "\\n");
    match line.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn described(address: &Address, rewritten: &Rewritten) -> String {
    let Rewritten {
        key,
        at,
        before,
        after,
    } = rewritten;
    match before {
        Some(before) => format!(
            "{at}: {address}.{key} is {} instead of {}",
            shown(after),
            shown(before)
        ),
        None => format!("{at}: {address}.{key} is {}", shown(after)),
    }
}

/// Returns the difference of two contents, with likely secrets hidden.
fn difference(before: Option<&[u8]>, after: &[u8]) -> String {
    let before = before.unwrap_or_default();
    match (str::from_utf8(before), str::from_utf8(after)) {
        (Ok(before), Ok(after)) => inert(&kind::difference(before, after)).into_owned(),
        _ => format!("binary content ({} bytes)", after.len()),
    }
}
