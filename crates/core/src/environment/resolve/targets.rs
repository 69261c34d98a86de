//! Resolution of targets: the machines of each, and the directories on them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::super::rollout::Rollout;
use super::super::ssh_host::{HostList, SshHost, add_host, parse_inventory};
use super::super::{Block, codes};
use super::Resolver;
use crate::kind;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::text::inert;
use evenkeel_model::{Digest, HostName, Value};

/// Directory of what evenkeel keeps on hosts.
const ON_HOSTS: &str = "/var/lib/evenkeel";

/// Place of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPlace {
    /// Base of relative paths, absolute.
    pub base: String,
    /// Directory of evenkeel's own records, absolute.
    pub state: String,
    /// Its machines.
    pub hosts: TargetHosts,
    /// The order in which they are changed; `None` for all at once.
    pub rollout: Option<Rollout>,
    /// The time from a risky change until a host restores its earlier state.
    pub revert_after: Duration,
}

/// Machines of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHosts {
    /// The machine that runs evenkeel.
    Here,
    /// One host that OpenSSH reaches.
    One(SshHost),
    /// Several, by name: each resource is on each of them.
    Several(HostList),
}

impl TargetPlace {
    /// Whether it is the machine that runs evenkeel.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.hosts == TargetHosts::Here
    }

    /// Returns its hosts, in order: `None` alone for a target that is one machine.
    pub fn members(&self) -> impl Iterator<Item = Option<&HostName>> {
        let several = match &self.hosts {
            TargetHosts::Here | TargetHosts::One(_) => None,
            TargetHosts::Several(hosts) => Some(hosts),
        };
        let one = several.is_none().then_some(None);
        let several = several.into_iter().flat_map(BTreeMap::keys).map(Some);
        one.into_iter().chain(several)
    }

    /// Returns the host that OpenSSH reaches; `None` for this machine, and for a host that it does not have.
    #[must_use]
    pub fn ssh(&self, host: Option<&HostName>) -> Option<&SshHost> {
        match (&self.hosts, host) {
            (TargetHosts::One(one), None) => Some(one),
            (TargetHosts::Several(hosts), Some(host)) => hosts.get(host),
            _ => None,
        }
    }

    /// Returns one of its machines: targets with different names may share one. `None` for a host that it does not have.
    #[must_use]
    pub fn machine(&self, host: Option<&HostName>) -> Option<&str> {
        match (&self.hosts, host) {
            (TargetHosts::Here, None) => Some("this machine"),
            _ => self.ssh(host).map(SshHost::destination),
        }
    }
}

/// Time until a revert, where none is written.
const REVERT_AFTER: Duration = Duration::from_mins(1);
/// Bounds of that time: a login takes a moment, and nothing should be pending for days.
pub(crate) const REVERT_BOUNDS: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(24);

fn revert_after(block: &Block) -> Duration {
    let written = text(block, "revert-after").and_then(evenkeel_model::duration::parse);
    // Others were refused with the definition.
    written
        .filter(|time| REVERT_BOUNDS.contains(time))
        .unwrap_or(REVERT_AFTER)
}

/// Returns a plain text attribute.
fn text<'a>(block: &'a Block, key: &str) -> Option<&'a str> {
    block.get(key)?.expression.plain()?.as_text()
}

impl Resolver<'_> {
    pub(super) fn targets(&mut self) -> BTreeMap<Arc<str>, TargetPlace> {
        let root = self.surroundings.root.to_string_lossy().into_owned();
        let own = self
            .definition
            .environments
            .get(self.name)
            .map(|own| &own.targets);
        let mut blocks: BTreeMap<&Arc<str>, &Arc<Block>> = self.definition.targets.iter().collect();
        blocks.extend(own.into_iter().flatten());
        let mut targets = BTreeMap::new();
        for (target, block) in blocks {
            let hosts = self.hosts(target, block);
            let (root, base, records) = match (&hosts, self.surroundings.machine) {
                // What leads to a host decides nothing there: every clone and account makes the same plan.
                (TargetHosts::One(_) | TargetHosts::Several(_), _) => {
                    let directory = format!("{ON_HOSTS}/{}", self.definition.system);
                    (directory.clone(), directory.clone(), directory)
                }
                (TargetHosts::Here, None) => {
                    (root.clone(), root.clone(), format!("{root}/.evenkeel"))
                }
                (TargetHosts::Here, Some(machine)) => {
                    let machine = machine.to_string_lossy().into_owned();
                    (root.clone(), machine.clone(), machine)
                }
            };
            let path = |resolver: &mut Self, key: &str, default: String| match block.get(key) {
                Some(placed) => match resolver.fill_text(placed, &format!("target.{target}")) {
                    Some(text) => kind::absolute(&root, &text).unwrap_or_else(|message| {
                        resolver.complain(
                            &codes::WRONG_FORM,
                            &format!("target.{target}"),
                            &placed.span,
                            message,
                        );
                        default
                    }),
                    None => default,
                },
                None => default,
            };
            let base = path(self, "base", base);
            let state = format!("{records}/targets/{}/{target}", self.name);
            let state = path(self, "state", state);
            let place = TargetPlace {
                base,
                state,
                hosts,
                rollout: Rollout::of(block),
                revert_after: revert_after(block),
            };
            targets.insert(Arc::clone(target), place);
        }
        targets
    }

    /// Returns the machines of a target. What is no host in the definition was reported already.
    fn hosts(&mut self, target: &str, block: &Block) -> TargetHosts {
        let becomes_root = text(block, "become").is_some();
        if let Some(host) = text(block, "ssh").and_then(|text| SshHost::parse(text).ok()) {
            return TargetHosts::One(host.becoming_root(becomes_root));
        }
        if let Some(list) = block.get("hosts") {
            let mut hosts = HostList::new();
            for text in list.expression.plain().into_iter().flat_map(texts) {
                // The same texts were checked with the definition.
                let _ = add_host(&mut hosts, text, becomes_root);
            }
            return TargetHosts::Several(hosts);
        }
        if let Some(path) = text(block, "inventory") {
            let hosts = self.inventory(target, block, path, becomes_root);
            return TargetHosts::Several(hosts);
        }
        if let Some(command) = block.get("inventory-command") {
            let command: Vec<String> = command
                .expression
                .plain()
                .into_iter()
                .flat_map(texts)
                .map(str::to_owned)
                .collect();
            let hosts = self.printed_inventory(target, block, &command, becomes_root);
            return TargetHosts::Several(hosts);
        }
        TargetHosts::Here
    }

    /// Reads an inventory from a file beside the definitions.
    fn inventory(
        &mut self,
        target: &str,
        block: &Block,
        path: &str,
        becomes_root: bool,
    ) -> HostList {
        let subject = format!("target.{target}");
        let span = block.place("inventory").clone();
        let read = match self.surroundings.files.read(path) {
            Ok(Some(bytes)) => {
                self.files.insert(path.to_owned(), Digest::of(&bytes));
                String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
            }
            Ok(None) => Err("it does not exist".to_owned()),
            Err(reason) => Err(reason),
        };
        let content = match read {
            Ok(content) => content,
            Err(reason) => {
                let message = format!("{subject}: the inventory `{path}` cannot be read: {reason}");
                self.complain(&codes::INVENTORY, &subject, &span, message);
                return HostList::new();
            }
        };
        match parse_inventory(&content, becomes_root) {
            Ok(hosts) => hosts,
            Err(wrong) => {
                let shown = self.surroundings.files.shown(path);
                let file = SourceFile::new(shown, content);
                for (line, reason) in wrong {
                    let message = format!("{subject}: the inventory `{path}`: {reason}");
                    let mut defect =
                        Defect::new(&codes::INVENTORY, &subject, message).within(self.name);
                    if let Some(place) = file.line(line).map(|range| Span::new(&file, range)) {
                        defect = defect.at(&place, "expected `DESTINATION` or `NAME=DESTINATION`");
                    }
                    self.complaints.push(defect.at(&span, "named here"));
                }
                HostList::new()
            }
        }
    }

    /// Reads an inventory that a command prints.
    fn printed_inventory(
        &mut self,
        target: &str,
        block: &Block,
        command: &[String],
        becomes_root: bool,
    ) -> HostList {
        let subject = format!("target.{target}");
        let span = block.place("inventory-command").clone();
        let program = inert(command.first().map_or("", String::as_str)).into_owned();
        let reasons = match self.surroundings.inventories.print(command) {
            // Only definitions are checked.
            Ok(None) => return HostList::new(),
            Ok(Some(printed)) => match parse_inventory(&printed, becomes_root) {
                Ok(hosts) => return hosts,
                Err(wrong) => wrong
                    .into_iter()
                    .map(|(line, reason)| match line {
                        0 => format!("`{program}` printed no host"),
                        line => format!("line {line} that `{program}` printed: {reason}"),
                    })
                    .collect(),
            },
            Err(reason) => vec![format!("`{program}` {reason}")],
        };
        for reason in reasons {
            let message = format!("{subject}: {reason}");
            self.complain(&codes::INVENTORY, &subject, &span, message);
        }
        HostList::new()
    }
}

/// Returns the texts of a list.
pub(crate) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = match value {
        Value::List(items) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(Value::as_text)
}
