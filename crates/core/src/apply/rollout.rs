//! Rollouts of one apply: which hosts may be changed now, and whether the next ones may follow.
//!
//! A batch is over when nothing runs and nothing may start. Then its hosts are judged by their steps, which were judged by
//! observation. Commands, waiting and suites belong to [`RolloutWorld`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::execute::StepReport;
use crate::environment::Resolved;
use crate::environment::rollout::Rollout;
use crate::plan::{Step, Unreachable};
use evenkeel_ledger::record::StepOutcome;
use evenkeel_model::text::{count, list};
use evenkeel_model::{HostName, Member};

/// What a rollout does besides steps.
pub trait RolloutWorld: Sync {
    /// Runs the command of a host; `{host}` and `{destination}` were replaced.
    ///
    /// # Errors
    ///
    /// What it did instead, as what follows "its command".
    fn run(&self, command: &[String]) -> Result<(), String>;
    /// Runs the command of a host on it, with the same replacements.
    ///
    /// # Errors
    ///
    /// What it did instead, as what follows "its command".
    fn run_on(&self, member: &Member, command: &[String]) -> Result<(), String>;
    /// Waits; returns whether the wait was not interrupted.
    fn wait(&self, time: Duration) -> bool;
    /// Runs a suite.
    ///
    /// # Errors
    ///
    /// Why it did not pass.
    fn check(&self, suite: &str) -> Result<(), String>;
}

/// Result of the rollout of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutReport {
    /// The target.
    pub target: String,
    /// Hosts with every step done.
    pub done: Vec<HostName>,
    /// Hosts with a step that failed, or whose command failed, each with the reason.
    pub failed: Vec<(HostName, String)>,
    /// Hosts that were not changed.
    pub untouched: Vec<HostName>,
    /// Why it stopped.
    pub stopped: Option<String>,
}

impl RolloutReport {
    /// Moves hosts to the failed ones that the last observation does not confirm.
    pub(super) fn judge(&mut self, resolved: &Resolved, steps: &[StepReport]) {
        for step in steps {
            let Some(host) = &step.instance.host else {
                continue;
            };
            let is_here = || {
                let resource = resolved.resource_of(&step.instance);
                resource.is_none_or(|resource| *resource.on == *self.target)
            };
            if step.outcome != Some(StepOutcome::Done)
                && is_here()
                && let Some(number) = self.done.iter().position(|other| other == host)
            {
                let reason = step.reason.clone().unwrap_or_default();
                let host = self.done.remove(number);
                let reason = format!("{}: {reason}", step.instance.address);
                self.failed.push((host, reason));
            }
        }
    }
}

/// Rollouts of an apply, by target.
pub(super) struct Rollouts<'a> {
    targets: BTreeMap<Arc<str>, Target<'a>>,
}

struct Target<'a> {
    rollout: &'a Rollout,
    /// Destinations of its hosts, for commands.
    destinations: BTreeMap<HostName, String>,
    batches: Vec<Vec<HostName>>,
    /// Number of hosts with something to change, or that cannot be read.
    all: usize,
    /// Number of begun batches.
    begun: usize,
    /// Number of judged batches: another target may go on when this one is over.
    judged: usize,
    may_begin: BTreeSet<HostName>,
    report: RolloutReport,
}

/// What follows a batch.
pub(super) enum Next {
    /// Steps of these hosts never start, each with the reason; others may now.
    Go(Vec<(Member, String)>),
    /// Nothing is left.
    Over,
    /// A rollout stopped, for this reason.
    Stop(String),
}

impl<'a> Rollouts<'a> {
    /// Divides the hosts of a plan. Hosts whose steps change only the ledger need no rollout.
    pub(super) fn of(resolved: &'a Resolved, steps: &[Step], unreachable: &Unreachable) -> Self {
        let mut changed: BTreeMap<Arc<str>, BTreeSet<HostName>> = BTreeMap::new();
        for step in steps.iter().filter(|step| !step.actions.is_empty()) {
            if let Some(host) = &step.instance.host {
                let hosts = changed.entry(Arc::clone(&step.on)).or_default();
                hosts.insert(host.clone());
            }
        }
        for member in unreachable.keys() {
            changed.entry(Arc::clone(&member.target)).or_default();
        }
        let targets = changed.into_iter().filter_map(|(name, hosts)| {
            let place = resolved.targets.get(&name)?;
            let rollout = place.rollout.as_ref()?;
            let destination = |host: &HostName| {
                let ssh = place.ssh(Some(host));
                ssh.map_or_else(String::new, |ssh| ssh.destination().to_owned())
            };
            let failed = unreachable.iter().filter_map(|(member, reason)| {
                let host = member.host.as_ref().filter(|_| member.target == name)?;
                Some((host.clone(), reason.clone()))
            });
            let failed: Vec<(HostName, String)> = failed.collect();
            let target = Target {
                rollout,
                all: hosts.len() + failed.len(),
                destinations: hosts
                    .iter()
                    .map(|host| (host.clone(), destination(host)))
                    .collect(),
                batches: rollout.batches(hosts.into_iter().collect()),
                begun: 0,
                judged: 0,
                may_begin: BTreeSet::new(),
                report: RolloutReport {
                    target: name.to_string(),
                    failed,
                    ..RolloutReport::default()
                },
            };
            Some((name, target))
        });
        Self {
            targets: targets.collect(),
        }
    }

    /// Returns the machine of a step whose start a rollout decides.
    pub(super) fn member(&self, step: &Step) -> Option<Member> {
        let host = step.instance.host.as_ref()?;
        let target = self.targets.get(&step.on)?;
        let is_known = target.destinations.contains_key(host);
        is_known.then(|| step.member())
    }

    /// Whether a step may start now.
    pub(super) fn may_begin(&self, step: &Step) -> bool {
        let (Some(host), Some(target)) = (&step.instance.host, self.targets.get(&step.on)) else {
            return true;
        };
        !target.destinations.contains_key(host) || target.may_begin.contains(host)
    }

    /// Judges the begun batches, and begins the next ones.
    pub(super) fn advance(
        &mut self,
        steps: &[Step],
        reports: &[StepReport],
        world: &dyn RolloutWorld,
    ) -> Next {
        let mut is_over = true;
        let mut refused = Vec::new();
        for (name, target) in &mut self.targets {
            if target.judged < target.begun {
                let hosts = target.batches.get(target.judged).cloned();
                target.judged += 1;
                let hosts = hosts.unwrap_or_default();
                if let Err(reason) = target.judge(name, &hosts, steps, reports, world) {
                    let reason = format!("the rollout of `{name}` stopped: {reason}");
                    target.report.stopped = Some(reason.clone());
                    return Next::Stop(reason);
                }
            }
            let Some(hosts) = target.batches.get(target.begun).cloned() else {
                continue;
            };
            is_over = false;
            target.begun += 1;
            for host in hosts {
                let member = Member::new(name, Some(&host));
                match target.before(&member, &host, world) {
                    Ok(()) => {
                        target.may_begin.insert(host);
                    }
                    Err(reason) => {
                        refused.push((member, format!("not started: {reason}")));
                        target.report.failed.push((host, reason));
                    }
                }
            }
        }
        if is_over {
            Next::Over
        } else {
            Next::Go(refused)
        }
    }

    /// Returns the results. `reports` are those of all steps.
    pub(super) fn reports(mut self, steps: &[Step], reports: &[StepReport]) -> Vec<RolloutReport> {
        for target in self.targets.values_mut() {
            let known: BTreeSet<HostName> = target
                .report
                .done
                .iter()
                .chain(target.report.failed.iter().map(|(host, _)| host))
                .cloned()
                .collect();
            for host in target.batches.iter().flatten() {
                if known.contains(host) {
                    continue;
                }
                // Its batch was interrupted.
                match target.outcome(host, steps, reports) {
                    Standing::Done => target.report.done.push(host.clone()),
                    Standing::Failed(reason) => target.report.failed.push((host.clone(), reason)),
                    Standing::Untouched => target.report.untouched.push(host.clone()),
                }
            }
        }
        let targets = self.targets.into_values();
        targets.map(|target| target.report).collect()
    }
}

/// State of a host after its steps.
enum Standing {
    Done,
    Failed(String),
    Untouched,
}

impl Target<'_> {
    fn command(&self, command: &[String], host: &HostName) -> Vec<String> {
        let destination = self.destinations.get(host).map_or("", String::as_str);
        command
            .iter()
            .map(|part| {
                part.replace("{host}", host.as_str())
                    .replace("{destination}", destination)
            })
            .collect()
    }

    /// Runs the commands of a host before its change.
    fn before(
        &self,
        member: &Member,
        host: &HostName,
        world: &dyn RolloutWorld,
    ) -> Result<(), String> {
        let here = self.command(&self.rollout.before, host);
        let there = self.command(&self.rollout.before_on_host, host);
        if !here.is_empty() {
            world
                .run(&here)
                .map_err(|reason| format!("its command before the change {reason}"))?;
        }
        if there.is_empty() {
            return Ok(());
        }
        world
            .run_on(member, &there)
            .map_err(|reason| format!("its command on the host before the change {reason}"))
    }

    /// Runs the commands of a host after its change.
    fn after(
        &self,
        member: &Member,
        host: &HostName,
        world: &dyn RolloutWorld,
    ) -> Result<(), String> {
        let there = self.command(&self.rollout.after_on_host, host);
        let here = self.command(&self.rollout.after, host);
        if !there.is_empty() {
            world
                .run_on(member, &there)
                .map_err(|reason| format!("its command on the host after the change {reason}"))?;
        }
        if here.is_empty() {
            return Ok(());
        }
        world
            .run(&here)
            .map_err(|reason| format!("its command after the change {reason}"))
    }

    /// Judges a batch.
    ///
    /// # Errors
    ///
    /// Why no other host may follow.
    fn judge(
        &mut self,
        name: &Arc<str>,
        hosts: &[HostName],
        steps: &[Step],
        reports: &[StepReport],
        world: &dyn RolloutWorld,
    ) -> Result<(), String> {
        let is_canary = self.begun == 1 && self.rollout.canary > 0;
        let mut changed = 0;
        for host in hosts {
            if self.report.failed.iter().any(|(other, _)| other == host) {
                continue;
            }
            let outcome = match self.outcome(host, steps, reports) {
                Standing::Done => self.after(&Member::new(name, Some(host)), host, world),
                Standing::Failed(reason) => Err(reason),
                Standing::Untouched => Err("its steps were not started".to_owned()),
            };
            match outcome {
                Ok(()) => {
                    changed += 1;
                    self.report.done.push(host.clone());
                }
                Err(reason) => self.report.failed.push((host.clone(), reason)),
            }
        }
        let failed = &self.report.failed;
        let names: Vec<&str> = failed.iter().map(|(host, _)| host.as_str()).collect();
        let is_canary_lost = is_canary && failed.iter().any(|(host, _)| hosts.contains(host));
        if failed.len() > self.rollout.max_failures || is_canary_lost {
            return Err(format!(
                "{} of {} failed: {}",
                failed.len(),
                count(self.all, "host"),
                list(&names, "and")
            ));
        }
        if changed == 0 {
            return Ok(());
        }
        if !world.wait(self.rollout.wait) {
            return Err("interrupted".to_owned());
        }
        if let Some(suite) = &self.rollout.check {
            let changed: Vec<&str> = hosts.iter().map(HostName::as_str).collect();
            world.check(suite).map_err(|reason| {
                format!(
                    "{suite} did not pass after {} of `{name}`: {reason}",
                    list(&changed, "and")
                )
            })?;
        }
        Ok(())
    }

    fn outcome(&self, host: &HostName, steps: &[Step], reports: &[StepReport]) -> Standing {
        let own = steps.iter().zip(reports).filter(|(step, _)| {
            *step.on == *self.report.target && step.instance.host.as_ref() == Some(host)
        });
        let mut is_touched = false;
        let mut undone = None;
        for (step, report) in own {
            match report.outcome {
                Some(StepOutcome::Done) => is_touched |= !step.actions.is_empty(),
                Some(StepOutcome::Failed | StepOutcome::Unknown) => {
                    let reason = report.reason.as_deref().unwrap_or("it failed");
                    return Standing::Failed(format!("{}: {reason}", step.instance.address));
                }
                None => {
                    undone.get_or_insert_with(|| {
                        format!("{} was not started", step.instance.address)
                    });
                }
            }
        }
        match undone {
            None => Standing::Done,
            Some(reason) if is_touched => Standing::Failed(reason),
            Some(_) => Standing::Untouched,
        }
    }
}
