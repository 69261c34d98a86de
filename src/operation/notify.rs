//! Notifications: the outcome of a command, sent to the hooks that the definitions declare.
//!
//! Hooks run after the work: every lock is returned and every outcome is recorded. All are called at once, each has a
//! time limit, and one that fails changes nothing but the ledger, which records it.

use std::thread;
use std::time::Duration;

use ring::hmac;

use super::{Failure, Project, ProjectLocation, World};
use crate::report::{Notification, Report};
use crate::suite::client::{client, innermost, wait};
use crate::world::command::{CommandRun, handed_on, run};
use crate::world::secrets::RealSecrets;
use crate::world::stores::mentions;
use evenkeel_core::environment::definition::{Hook, HookCall};
use evenkeel_core::environment::secrets::Secrets as _;
use evenkeel_host::threads;
use evenkeel_ledger::record::{NotificationFailed, Record};
use evenkeel_model::{Digest, text};

/// Variable and header of the signature.
const SIGNATURE: (&str, &str) = ("EVENKEEL_SIGNATURE", "X-Evenkeel-Signature-256");

/// Variable and header of the name of one message.
const DELIVERY: (&str, &str) = ("EVENKEEL_DELIVERY", "X-Evenkeel-Delivery");

/// Variable and header of the event.
const EVENT: (&str, &str) = ("EVENKEEL_EVENT", "X-Evenkeel-Event");

/// Number of kept bytes of a hook's output, for the reason of its failure.
const KEPT: usize = 4096;

/// A hook that was not notified.
#[derive(Clone, Debug)]
pub struct FailedHook {
    /// Its name.
    pub hook: String,
    /// The reason in a sentence, without secrets.
    pub reason: String,
}

/// Notifies the hooks of a project of a report, and returns those that failed, which the ledger records.
///
/// # Errors
///
/// When failed hooks could not be recorded; the reason names them.
pub fn notify(
    world: &World<'_>,
    location: &ProjectLocation,
    report: &Report,
) -> Result<Vec<FailedHook>, Failure> {
    let Some(message) = Notification::of(report, &world.actor.name) else {
        return Ok(Vec::new());
    };
    let Ok(directory) = super::project::locate(world, location) else {
        return Ok(Vec::new());
    };
    if !mentions(&directory, "notify") {
        return Ok(Vec::new());
    }
    // Wrong definitions were reported already, and name no hook.
    let Ok(project) = Project::open(world, location) else {
        return Ok(Vec::new());
    };
    let hooks = project.definition.hooks.iter();
    let hooks: Vec<&Hook> = hooks
        .filter(|hook| hook.on.contains(&message.event))
        .collect();
    if hooks.is_empty() {
        return Ok(Vec::new());
    }
    let failed = call_all(&project, &hooks, &message);
    record(&project, &message.event, &failed)?;
    Ok(failed)
}

/// Calls all hooks at once, and returns those that failed, by name.
fn call_all(project: &Project<'_>, hooks: &[&Hook], message: &Notification) -> Vec<FailedHook> {
    let body = match serde_json::to_vec(message) {
        Ok(body) => body,
        Err(error) => {
            let reason = format!("the message cannot be written: {error}");
            return hooks
                .iter()
                .map(|hook| failed(project, hook, &reason))
                .collect();
        }
    };
    let event = message.event.as_str();
    let call = |hook: &Hook| {
        call(project, hook, event, &body)
            .err()
            .map(|reason| failed(project, hook, &reason))
    };
    let (call, hooks) = (&call, hooks);
    thread::scope(|scope| {
        let threads: Vec<_> = hooks
            .iter()
            .map(|hook| {
                (
                    *hook,
                    threads::builder().spawn_scoped(scope, move || call(hook)),
                )
            })
            .collect();
        let ended = threads.into_iter().map(|(hook, thread)| match thread {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| Some(failed(project, hook, "its thread ended too early"))),
            Err(error) => Some(failed(project, hook, &format!("no thread: {error}"))),
        });
        ended.flatten().collect()
    })
}

fn failed(project: &Project<'_>, hook: &Hook, reason: &str) -> FailedHook {
    let redactor = project.world.secrets.redactor();
    FailedHook {
        hook: hook.name.clone(),
        reason: text::inert(&redactor.text(reason)).into_owned(),
    }
}

/// Calls one hook.
fn call(project: &Project<'_>, hook: &Hook, event: &str, body: &[u8]) -> Result<(), String> {
    let world = project.world;
    let secrets = RealSecrets {
        variable: &|name| world.environment.get(name).cloned(),
        definitions: project.directory.clone(),
        root: project.root.clone(),
        interruption: &world.interruption,
        learned: &world.secrets,
    };
    let mut facts = vec![
        (EVENT, event.to_owned()),
        (DELIVERY, Digest::of(body).short()),
    ];
    if let Some(source) = &hook.secret {
        let secret = secrets
            .get(source)
            .map_err(|reason| format!("its secret: {reason}"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        let tag = hmac::sign(&key, body);
        let hex: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        facts.push((SIGNATURE, format!("sha256={hex}")));
    }
    match &hook.call {
        HookCall::Run(command) => call_command(project, command, &facts, body, hook.within),
        HookCall::Url(url) => post(project, url, &facts, body, hook.within),
        HookCall::SecretUrl(source) => {
            let url = secrets
                .get(source)
                .map_err(|reason| format!("its URL: {reason}"))?;
            // An address that is a secret is in no message.
            post(project, url.reveal(), &facts, body, hook.within)
                .map_err(|reason| reason.replace(url.reveal(), "the URL"))
        }
    }
}

/// Names and values that accompany a message.
type Facts = [((&'static str, &'static str), String)];

fn call_command(
    project: &Project<'_>,
    command: &[String],
    facts: &Facts,
    body: &[u8],
    within: Duration,
) -> Result<(), String> {
    let mut environment = handed_on(project.world.environment);
    for ((variable, _), value) in facts {
        environment.insert((*variable).to_owned(), value.clone());
    }
    let outcome = run(
        &CommandRun {
            environment,
            directory: Some(project.directory.clone()),
            stdin: Some(body.to_vec()),
            timeout: within,
            output_limit: KEPT,
            leave_nothing: true,
            ..CommandRun::new(command.iter().cloned())
        },
        &project.world.interruption,
    )
    .map_err(|error| error.to_string())?;
    if outcome.status.is_success() {
        return Ok(());
    }
    let status = outcome.status;
    let said = outcome.stderr.into_bytes();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(match last {
        Some(line) => format!("it {status}: {}", line.trim()),
        None => format!("it {status}"),
    })
}

fn post(
    project: &Project<'_>,
    url: &str,
    facts: &Facts,
    body: &[u8],
    within: Duration,
) -> Result<(), String> {
    let (client, url) = client(url)?;
    let mut request = client
        .post(url)
        .header("Content-Type", "application/json")
        .body(body.to_vec());
    for ((_, header), value) in facts {
        request = request.header(*header, value);
    }
    let sent = async {
        match tokio::time::timeout(within, request.send()).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!(
                "it answered with status {}",
                answer.status().as_u16()
            )),
            Ok(Err(error)) => Err(format!("no answer: {}", innermost(&error.without_url()))),
            Err(_) => Err(format!(
                "no answer within {}",
                evenkeel_model::duration::phrase(within)
            )),
        }
    };
    wait(&project.world.interruption, sent)?.unwrap_or_else(|| Err("it was interrupted".to_owned()))
}

/// Records failed hooks, if there is a ledger: a command that only reads founds none.
fn record(project: &Project<'_>, event: &str, failed: &[FailedHook]) -> Result<(), Failure> {
    if failed.is_empty() {
        return Ok(());
    }
    if project
        .store
        .open(Some(&project.definition.system))?
        .is_none()
    {
        return Ok(());
    }
    let ledger = project.ledger()?;
    let records: Vec<Record> = failed
        .iter()
        .map(|each| {
            NotificationFailed {
                hook: each.hook.clone(),
                event: event.to_owned(),
                reason: each.reason.clone(),
                by: project.world.actor.clone(),
            }
            .into()
        })
        .collect();
    ledger.append(project.world.clock.now(), &records, None)?;
    Ok(())
}
