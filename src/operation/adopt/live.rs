//! Adopt the live state of a resource: its values go where the definitions declare them.
//!
//! Nothing is written unless the changed definitions are valid, add no undeclared difference, and describe what the hosts
//! have: the resource is read again with its new definition before.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::picture::Resolution;
use super::super::session::{Needs, Session};
use super::super::{Failure, Project, ProjectLocation, World};
use crate::report::Report;
use crate::world::unwritten::Unwritten;
use evenkeel_core::drift::{Disparity, Signature, codes, declare};
use evenkeel_core::environment::definition::Definition;
use evenkeel_core::environment::edit::add;
use evenkeel_core::environment::rewrite::{Layer, Rewrite, RewriteError, Rewritten};
use evenkeel_core::environment::{Block, DIFFERENCES_FILE, Resolved, ResolvedResource};
use evenkeel_core::kind::{self, Adopt, Adoption, Observation, Observed};
use evenkeel_core::observe::Observers;
use evenkeel_document::covering;
use evenkeel_host::{Answer, Observer, Query, content, threads};
use evenkeel_model::defect::{Defect, Severity};
use evenkeel_model::source::Span;
use evenkeel_model::text::{inert, list, nearest};
use evenkeel_model::{Address, Digest, EnvironmentName, Instance, Member, Value};

/// Longest content that is written into a definition itself, in bytes.
const LONGEST_INLINE: usize = 16 * 1024;
/// Longest value that is displayed, in characters.
const LONGEST_SHOWN: usize = 60;
/// Maximum number of hosts whose states are listed.
const MOST_HOSTS: usize = 10;
/// Maximum number of hosts that are read concurrently.
const AT_ONCE: usize = 256;

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
    let Some((adoptions, chosen)) = adopting.one_state(&found, &wanted)? else {
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
        found: &FoundStates,
        wanted: &Instance,
    ) -> Result<Option<OneState>, Failure> {
        let declared = &self.resource.declared;
        let states: Vec<(&Instance, Vec<Adoption>, &Observed)> = found
            .iter()
            .filter_map(|(instance, seen)| {
                let observed = seen.seen()?;
                Some((instance, declared.adopt(observed), observed))
            })
            .collect();
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
                Adopt::Key(key, value) => (*key, value.clone()),
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
                Adopt::Absent | Adopt::Impossible(_) => continue,
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

    /// Returns the key that sets the content of this file.
    fn content_key(&self) -> Result<ContentKey, Failure> {
        let block = &self.resource.block;
        if block.get("content").is_some() {
            return Ok(ContentKey::Inline);
        }
        if let Some(source) = plain(block, "source") {
            return Ok(ContentKey::Source(source.to_owned()));
        }
        let at = block.place("template");
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): content is rendered from a template ({}), which the found content would replace",
                self.address,
                self.name,
                at.location()
            ),
            help: format!(
                "change the template {}, or its values, yourself",
                plain(block, "template").map_or_else(String::new, |path| self.project.shown(path))
            ),
        })
    }

    /// Reads the content of a file on the first of the hosts that have it.
    fn content(
        &self,
        resolution: &Resolution,
        digest: &Digest,
        chosen: &[Instance],
    ) -> Result<(Vec<u8>, String), Failure> {
        let targets = resolution.targets(self.project, self.name)?;
        let observers = targets.observers();
        let host = chosen.first().and_then(|instance| instance.host.as_ref());
        let member = Member::new(&self.resource.on, host);
        let path = self.resource.declared.place().to_owned();
        let query = Query::Content(content::Query { path: path.clone() });
        let answer = observers
            .get(&member)
            .and_then(|observer| observer.observe(std::slice::from_ref(&query)).pop());
        let reason = match answer {
            Some(Answer::Content(content::Answer {
                content: Some(content),
            })) => match content.into_bytes() {
                Some(bytes) if Digest::of(&bytes) == *digest => return Ok((bytes, path)),
                _ => "it changed while it was read: run the command again".to_owned(),
            },
            Some(Answer::Content(content::Answer { content: None })) => {
                "it was removed while it was read: run the command again".to_owned()
            }
            Some(Answer::Unreadable { reason }) => reason,
            _ => "the host gave no answer".to_owned(),
        };
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): the content of {} cannot be adopted: {}",
                self.address,
                self.name,
                inert(&path),
                inert(&reason)
            ),
            help: format!(
                "change the definition at {} yourself",
                self.resource.block.place("source").location()
            ),
        })
    }

    /// Returns a content that a definition may contain.
    fn inline<'b>(&self, bytes: &'b [u8], path: &str) -> Result<&'b str, Failure> {
        let at = self.resource.block.place("content").location();
        let refused = |what: &str| Failure::Refused {
            reason: format!(
                "{} ({}): the content of {} {what}",
                self.address,
                self.name,
                inert(path)
            ),
            help: format!(
                "replace `content` at {at} by `source = \"files/…\"`, then run this again"
            ),
        };
        let text = str::from_utf8(bytes).map_err(|_| refused("is not UTF-8"))?;
        if bytes.len() > LONGEST_INLINE {
            return Err(refused("is longer than 16 KiB, too long for a definition"));
        }
        let before = self.resource.block.get("content");
        let before = before.and_then(|placed| placed.expression.plain()?.as_text());
        self.screen(bytes, before.map(str::as_bytes), path)?;
        Ok(text)
    }

    /// Refuses a content with a likely secret that the definitions do not contain already.
    fn screen(&self, bytes: &[u8], before: Option<&[u8]>, path: &str) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(bytes);
        let before = String::from_utf8_lossy(before.unwrap_or_default());
        let known: BTreeSet<&str> = covering::secret_ranges(&before)
            .into_iter()
            .filter_map(|range| before.get(range))
            .collect();
        let new = covering::secret_ranges(&text)
            .into_iter()
            .filter(|range| {
                text.get(range.clone())
                    .is_none_or(|secret| !known.contains(secret))
            })
            .map(|range| range.start)
            .min();
        let Some(start) = new else {
            return Ok(());
        };
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): line {line} of {} seems to contain a secret, which the definitions must not contain",
                self.address,
                self.name,
                inert(path)
            ),
            help: "pass the secret through a parameter with `varies = \"secret\"` and a template"
                .to_owned(),
        })
    }

    /// Refuses a source file that another resource uses too.
    fn check_source(&self, source: &str, layer: Layer, is_taken: bool) -> Result<(), Failure> {
        if is_taken {
            return Err(Failure::Refused {
                reason: format!("{} exists already", self.project.shown(source)),
                help: format!(
                    "remove it, or use it as the `source` of {} in {}",
                    self.address, self.name
                ),
            });
        }
        let definition = &self.project.definition;
        for environment in &definition.path {
            for (address, block) in definition.resources_of(environment) {
                let is_meant =
                    address == self.address && (environment == self.name || layer == Layer::Shared);
                if plain(block, "source") == Some(source) && !is_meant {
                    return Err(Failure::Refused {
                        reason: format!(
                            "{} is also the source of {address} ({environment}), at {}",
                            self.project.shown(source),
                            block.place("source").location()
                        ),
                        help: format!(
                            "give {} a separate source, then run this again",
                            self.address
                        ),
                    });
                }
            }
        }
        Ok(())
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

    /// Returns the project with the change, if it is valid and adds no undeclared difference. A difference with a reason is
    /// declared.
    fn accepted(&self, change: &mut Change) -> Result<Project<'_>, Failure> {
        let before = self.parity(self.project)?;
        let edited = self.edited(&change.files)?;
        let new = self.new_differences(&before, &edited)?;
        if new.open.is_empty() {
            change.sentences.extend(new.sentences);
            return Ok(edited);
        }
        let places: BTreeSet<&str> = new.open.iter().map(|each| each.place.as_str()).collect();
        let places: Vec<String> = places
            .into_iter()
            .map(|place| format!("`{place}`"))
            .collect();
        let places = list(&places, "and");
        let Some(reason) = &self.request.reason else {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {places} would differ between environments", self.address, self.name),
                help: "add --reason 'TEXT' to declare the difference, or change the declared difference that does not allow it".into(),
            });
        };
        let now = self.project.world.clock.now();
        let owner = self.request.owner.clone();
        let signature = Signature::of_baseline(
            now.date(),
            self.request.expires_in,
            owner.unwrap_or_else(|| self.project.world.actor.name.clone()),
            Some(reason.clone()),
            self.request.ticket.clone(),
        )
        .map_err(|error| Failure::Usage(format!("--expires-in: {error}")))?;
        let path = &self.project.definition.path;
        let chosen: Vec<&Disparity> = new.open.iter().collect();
        let declared = declare(&chosen, &new.open, path, &signature);
        let old = self.project.bytes_of(DIFFERENCES_FILE)?;
        let text = match &old {
            Some(bytes) => Some(str::from_utf8(bytes).map_err(|_| {
                Failure::other(format!(
                    "{} is not UTF-8",
                    self.project.shown(DIFFERENCES_FILE)
                ))
            })?),
            None => None,
        };
        let text = add(text, &declared, None)
            .map_err(|error| Failure::other(format!("{DIFFERENCES_FILE}: {error}")))?;
        change.files.put(DIFFERENCES_FILE, old, text.into_bytes());
        let edited = self.edited(&change.files)?;
        let left = self.new_differences(&before, &edited)?;
        if let Some(twice) = left.twice {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {twice}", self.address, self.name),
                help: "change the existing declaration yourself: it does not allow the found value"
                    .into(),
            });
        }
        if let Some(first) = left.open.first() {
            return Err(Failure::Refused {
                reason: format!("{} ({}): {}", self.address, self.name, first.defect.message),
                help: "change the declared difference that covers the place, then run this again"
                    .into(),
            });
        }
        change.sentences.push(format!(
            "declared that {places} may differ, until {}",
            signature.expires
        ));
        change.sentences.extend(left.sentences);
        Ok(edited)
    }

    /// Returns the project with changed files, if it is valid.
    fn edited(&self, files: &Unwritten) -> Result<Project<'_>, Failure> {
        self.project
            .edited(files)
            .map_err(|failure| self.invalid(failure))
    }

    fn invalid(&self, failure: Failure) -> Failure {
        let Failure::Definitions(defects) = failure else {
            return failure;
        };
        let first = defects.first().map_or("unknown", |defect| &*defect.message);
        Failure::Refused {
            reason: format!(
                "{} ({}): the definitions would be invalid: {first}",
                self.address, self.name
            ),
            help: format!(
                "change the definition at {} yourself; nothing was written",
                self.resource.block.span.location()
            ),
        }
    }

    /// Compares the environments of a project, without secrets and without documents.
    fn parity(&self, project: &Project<'_>) -> Result<Resolution, Failure> {
        let path = project.definition.path.clone();
        let sealer = self.project.temporary_sealer();
        Resolution::of(project, &path, sealer, Needs::Definitions)
    }

    /// Returns the undeclared differences that a change adds, and remarks on declared ones.
    fn new_differences(
        &self,
        before: &Resolution,
        edited: &Project<'_>,
    ) -> Result<NewDifferences, Failure> {
        let after = self
            .parity(edited)
            .map_err(|failure| self.invalid(failure))?;
        let key = |each: &Disparity| (each.place.clone(), each.between.clone());
        let known: BTreeSet<_> = before.open.iter().map(key).collect();
        let open = after
            .open
            .into_iter()
            .filter(|each| each.defect.severity > Severity::Advice && !known.contains(&key(each)))
            .collect();
        let is_remark = |defect: &&Defect| defect.code.name.starts_with("difference/");
        let known: BTreeSet<&str> = before
            .parity
            .iter()
            .map(|defect| &*defect.message)
            .collect();
        let sentences = after
            .parity
            .iter()
            .filter(is_remark)
            .filter(|defect| !known.contains(&*defect.message))
            .map(|defect| format!("{}: {}", defect.code.name, defect.message))
            .collect();
        let twice = after
            .parity
            .iter()
            .find(|defect| defect.code == &codes::DUPLICATE && !known.contains(&*defect.message));
        let twice = twice.map(|defect| match defect.labels.first() {
            Some(label) => format!("{} at {}", defect.message, label.span.location()),
            None => defect.message.clone(),
        });
        Ok(NewDifferences {
            open,
            twice,
            sentences,
        })
    }

    /// Checks that the new definition describes what the chosen hosts have.
    fn describes(
        &self,
        edited: &Project<'_>,
        adoptions: &[Adoption],
        chosen: &[Instance],
    ) -> Result<(), Failure> {
        let left = self.left(
            edited,
            self.name,
            &|instance| chosen.contains(instance),
            None,
        )?;
        let Some((instance, what)) = left else {
            return Ok(());
        };
        let adopted: BTreeSet<&str> = adoptions
            .iter()
            .map(|each| each.attribute.as_str())
            .collect();
        let adopted: Vec<String> = adopted.into_iter().map(str::to_owned).collect();
        Err(Failure::Refused {
            reason: format!(
                "{instance} ({}): the definition would not describe its state: {what}",
                self.name
            ),
            help: format!(
                "change the definition at {} yourself ({}); nothing was written",
                self.resource.block.span.location(),
                list(&adopted, "and")
            ),
        })
    }

    /// Checks that the environments that share the changed values have them too.
    fn agree(&self, edited: &Project<'_>, adoptions: &[Adoption]) -> Result<(), Failure> {
        let attributes: BTreeSet<&str> = adoptions
            .iter()
            .map(|each| each.attribute.as_str())
            .collect();
        let keys = kind::facts(self.address.kind());
        let keys: BTreeSet<&str> = adoptions
            .iter()
            .flat_map(|each| match &each.change {
                Adopt::Key(key, _) => vec![*key],
                _ => keys
                    .map_or(&[][..], |kind| kind.keys_of(&each.attribute))
                    .to_vec(),
            })
            .collect();
        let others: BTreeSet<&EnvironmentName> =
            keys.iter().flat_map(|key| self.sharing(key)).collect();
        let mut lines = Vec::new();
        for other in &others {
            match self.left(edited, other, &|_| true, Some(&attributes)) {
                Ok(None) => {}
                Ok(Some((instance, what))) => lines.push(format!("{instance} ({other}): {what}")),
                Err(failure) => lines.push(format!("{} ({other}): {failure}", self.address)),
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        Err(Failure::Refused {
            reason: format!(
                "{} ({}): its definition is shared with {}, where the state differs: {}",
                self.address,
                self.name,
                list(&others, "and"),
                lines.join("; ")
            ),
            help: format!(
                "add --everywhere to change it for all environments, or --reason 'TEXT' to give {} a separate value",
                self.name
            ),
        })
    }

    /// Returns the first instance that differs from its definition in a project, and how.
    fn left(
        &self,
        edited: &Project<'_>,
        name: &EnvironmentName,
        is_chosen: &dyn Fn(&Instance) -> bool,
        attributes: Option<&BTreeSet<&str>>,
    ) -> Result<Option<(Instance, String)>, Failure> {
        let sealer = self.project.sealer_for_reading()?;
        let names = std::slice::from_ref(name);
        let resolution = Resolution::of(edited, names, sealer, Needs::Live)
            .map_err(|failure| self.invalid(failure))?;
        let resource = resource(resolution.environment(name)?, self.address)?;
        let found = observe(edited, &resolution, name, self.address)?;
        for (instance, seen) in found {
            if !is_chosen(&instance) {
                continue;
            }
            let observed = match seen {
                Observation::Seen(observed) => observed,
                Observation::CannotTell(reason) => {
                    return Ok(Some((
                        instance,
                        format!("cannot be read: {}", inert(&reason)),
                    )));
                }
            };
            let wrong = resource.declared.compare(&observed);
            let first = wrong.iter().find(|each| {
                attributes.is_none_or(|names| {
                    each.attribute == "presence" || names.contains(each.attribute.as_str())
                })
            });
            if let Some(each) = first {
                let (found, expected) = (shown(&each.found), shown(&each.expected));
                return Ok(Some((
                    instance,
                    format!("{} is {found}, expected {expected}", each.attribute),
                )));
            }
        }
        Ok(None)
    }
}

/// Key that sets the content of a file.
enum ContentKey {
    Inline,
    Source(String),
}

/// Differences that a change adds.
struct NewDifferences {
    open: Vec<Disparity>,
    /// Place that would be declared twice.
    twice: Option<String>,
    sentences: Vec<String>,
}

/// Observes one resource on all of its hosts: one query per host.
fn observe(
    project: &Project<'_>,
    resolution: &Resolution,
    name: &EnvironmentName,
    address: &Address,
) -> Result<FoundStates, Failure> {
    let resolved = resolution.environment(name)?;
    let targets = resolution.targets(project, name)?;
    let observers: Observers<'_> = targets.observers();
    let instances: Vec<(Instance, &ResolvedResource)> = resolved
        .instances()
        .filter(|(instance, _)| instance.address == *address)
        .collect();
    let seen = threads::map(&instances, AT_ONCE, |(instance, resource)| {
        let member = Member::new(&resource.on, instance.host.as_ref());
        let Some(observer) = observers.get(&member) else {
            return Observation::CannotTell("its target has no such host".to_owned());
        };
        let observer: &dyn Observer = *observer;
        let answers = observer.observe(&resource.declared.queries());
        resource.declared.observed(&answers)
    });
    if project.world.interruption.is_set() {
        return Err(Failure::Interrupted);
    }
    Ok(instances
        .into_iter()
        .zip(seen)
        .map(|((instance, _), seen)| {
            let failed = || Observation::CannotTell("reading it failed".to_owned());
            (instance, seen.unwrap_or_else(failed))
        })
        .collect())
}

/// Returns the text of a key that is written without references.
fn plain<'b>(block: &'b Block, key: &str) -> Option<&'b str> {
    block.get(key)?.expression.plain()?.as_text()
}

/// Returns the path of an environment's own copy of a source: `nginx.conf` becomes `nginx.production.conf`.
fn beside(source: &str, name: &EnvironmentName) -> String {
    let (folder, file) = match source.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file),
        None => (String::new(), source),
    };
    match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{folder}{stem}.{name}.{extension}"),
        _ => format!("{folder}{file}.{name}"),
    }
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

#[cfg(test)]
mod tests {
    use super::beside;
    use evenkeel_model::EnvironmentName;

    #[test]
    fn an_own_source_lies_beside_the_shared_one() {
        let name = EnvironmentName::new("production");
        for (source, own) in [
            ("files/nginx.conf", "files/nginx.production.conf"),
            ("motd", "motd.production"),
            ("../x.d/.profile", "../x.d/.profile.production"),
        ] {
            assert_eq!(beside(source, &name), own);
        }
    }
}
