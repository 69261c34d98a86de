//! Hosts over SSH: one connection of OpenSSH for each host, and one agent on it that answers all queries.
//!
//! `ssh` itself logs in, so that its configuration, known hosts, agents, jump hosts and security keys count. The connection
//! stays open for a while, and the next run of evenkeel uses it. The conversation is the wire protocol of the host crate.

mod agent;
mod channel;
mod login;
mod residence;
mod sockets;
mod turns;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use self::agent::Agent;
use self::channel::{Channel, Impatient, Patience};
use self::residence::{Door, Residence};
use self::turns::Turns;
use evenkeel_core::environment::ssh_host::SshHost;
use evenkeel_host::reason::why_io;
use evenkeel_host::wire::client::Client;
use evenkeel_host::{
    Action, ActionError, Answer, Batches, Interruption, Materials, Observer, Performed, Query,
    Subject as _, Target,
};
use evenkeel_model::{Member, Sealer};

/// Time until an agent has greeted.
const GREETING: Duration = Duration::from_secs(20);

/// Longest silence of an agent: one that works says so every few seconds, however long its work takes.
const SILENCE: Duration = Duration::from_secs(30);

/// Time until an agent has confirmed a change.
const CONFIRMING: Duration = Duration::from_secs(15);

/// Time until an agent has said goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often a conversation that broke is begun again in one run.
const AGAIN: u32 = 2;

/// Hosts of one run. All targets of a run share it, and each conversation.
pub struct Hosts {
    shared: Arc<Shared>,
    targets: Mutex<BTreeMap<Key, Arc<SshTarget>>>,
}

/// The environment, the machine, how it is reached, and the key that seals its secrets.
type Key = (String, Member, SshHost, [u8; 32]);

/// What all hosts of a run share.
struct Shared {
    variables: BTreeMap<String, String>,
    /// Directory of this program.
    beside: PathBuf,
    agent: OnceLock<Result<Agent, String>>,
    runtime: OnceLock<io::Result<Runtime>>,
    turns: Turns,
}

impl Hosts {
    /// Creates it with this program's variables and place.
    #[must_use]
    pub fn new(variables: &BTreeMap<String, String>, beside: PathBuf) -> Self {
        Self {
            shared: Arc::new(Shared {
                variables: variables.clone(),
                beside,
                agent: OnceLock::new(),
                runtime: OnceLock::new(),
                turns: Turns::default(),
            }),
            targets: Mutex::default(),
        }
    }

    /// Returns a target on a host. It connects when it is queried for the first time.
    pub fn target(
        &self,
        environment: &str,
        member: &Member,
        host: &SshHost,
        sealer: &Sealer,
    ) -> Arc<dyn Target> {
        let key = (
            environment.to_owned(),
            member.clone(),
            host.clone(),
            *sealer.reveal_key(),
        );
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let target = targets.entry(key).or_insert_with(|| {
            Arc::new(SshTarget {
                shared: Arc::clone(&self.shared),
                host: host.clone(),
                sealer: sealer.clone(),
                held: Mutex::default(),
            })
        });
        Arc::clone(target) as Arc<dyn Target>
    }
}

impl Shared {
    fn runtime(&self) -> Result<&Runtime, String> {
        let made = self.runtime.get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
        });
        made.as_ref()
            .map_err(|error| format!("connections cannot be made: {}", why_io(error)))
    }

    fn agent(&self) -> Result<&Agent, String> {
        let found = self
            .agent
            .get_or_init(|| Agent::find(&self.variables, &self.beside));
        found.as_ref().map_err(Clone::clone)
    }
}

/// A conversation with an agent on a host.
struct Conversation {
    client: Client<BufReader<Impatient>, Impatient>,
    /// How long its answers are waited for.
    patience: Patience,
    /// The end of the agent, and what it reports as an error. `None` if it stayed after an earlier conversation.
    channel: Option<Channel>,
}

/// What a target has of its host.
#[derive(Default)]
struct Held {
    open: Option<Arc<Conversation>>,
    /// How many conversations broke.
    broken: u32,
    /// Why there is none, for the rest of the run.
    given_up: Option<String>,
}

/// A target on a host.
struct SshTarget {
    shared: Arc<Shared>,
    host: SshHost,
    sealer: Sealer,
    held: Mutex<Held>,
}

impl Drop for SshTarget {
    /// Ends the conversation as agreed, so that the agent ends at once and by itself.
    fn drop(&mut self) {
        let open = self.held().open.take();
        if let Some(conversation) = open.and_then(Arc::into_inner)
            && !conversation.client.is_broken()
        {
            conversation.patience.set(FAREWELL);
            // If the goodbye fails, the end of the channel says the same.
            if conversation.channel.is_some() {
                let _ = conversation.client.close();
            } else {
                // The process does not end, and what was written arrives before the end of the connection.
                let _ = conversation.client.leave();
            }
        }
    }
}

impl SshTarget {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the conversation, which is begun again after it broke: what happened there can be observed then.
    ///
    /// # Errors
    ///
    /// The reason, with the host's name. A host that was never reached is not tried again in this run.
    fn conversation(&self) -> Result<Arc<Conversation>, String> {
        let mut held = self.held();
        if let Some(open) = &held.open {
            if !open.client.is_broken() {
                return Ok(Arc::clone(open));
            }
            held.open = None;
            held.broken += 1;
        }
        if let Some(reason) = &held.given_up {
            return Err(reason.clone());
        }
        match self.begin() {
            Ok(conversation) => {
                let conversation = Arc::new(conversation);
                held.open = Some(Arc::clone(&conversation));
                if held.broken >= AGAIN {
                    held.given_up = Some(format!(
                        "the host `{}` broke the connection several times",
                        self.host
                    ));
                }
                Ok(conversation)
            }
            Err(reason) => {
                let reason = format!("the host `{}` {reason}", self.host);
                held.given_up = Some(reason.clone());
                Err(reason)
            }
        }
    }

    /// Speaks with an agent that stayed on the host. Otherwise logs in unless a connection is open, and starts the agent;
    /// sends it first where the host lacks it.
    fn begin(&self) -> Result<Conversation, String> {
        let variables = &self.shared.variables;
        let agent = self.shared.agent()?;
        let socket = sockets::socket(self.host.destination(), variables)?;
        let residence = Residence::of(&socket, agent.digest(), self.host.becomes_root);
        let (is_open, is_refused) = match residence.open() {
            Door::Open(stream) => match self.greet_at(stream) {
                Some(conversation) => return Ok(conversation),
                None => (true, false),
            },
            Door::Absent => (false, false),
            Door::Refused => (false, true),
        };
        let socket = login::connection(&self.host, socket, variables, &self.shared.turns)?;
        let stay = (!is_refused).then(|| residence.name());
        let conversation = self.begin_over(&socket, stay)?;
        if let Some(offered) = conversation.client.residence() {
            if !is_open {
                residence.forward(self.shared.runtime()?, &socket, offered);
            } else if offered.lives {
                residence.refuse();
            }
        }
        Ok(conversation)
    }

    fn begin_over(&self, socket: &Path, stay: Option<&str>) -> Result<Conversation, String> {
        let agent = self.shared.agent()?;
        let runtime = self.shared.runtime()?;
        let start = agent.start(self.host.becomes_root);
        let first = self.greet(Channel::open(runtime, socket, &start)?, stay);
        match first {
            Ok(conversation) => Ok(conversation),
            Err(ended) if ended.is(agent::ABSENT) => {
                agent.send(runtime, socket)?;
                self.greet(Channel::open(runtime, socket, &start)?, stay)
                    .map_err(|ended| ended.explained(self.host.becomes_root))
            }
            Err(ended) => Err(ended.explained(self.host.becomes_root)),
        }
    }

    fn greet(
        &self,
        mut channel: Channel,
        stay: Option<&str>,
    ) -> Result<Conversation, channel::Ended> {
        let Some((reader, writer)) = channel.take() else {
            return Err(channel.ended("the channel has no streams"));
        };
        let patience = reader.patience();
        patience.set(GREETING);
        match Client::open_to_stay(BufReader::new(reader), writer, &self.sealer, stay) {
            Ok(client) => {
                patience.set(SILENCE);
                Ok(Conversation {
                    client,
                    patience,
                    channel: Some(channel),
                })
            }
            Err(violation) => Err(channel.ended(&violation.to_string())),
        }
    }

    /// Speaks with an agent that stayed, if there is one behind a local socket.
    fn greet_at(&self, stream: UnixStream) -> Option<Conversation> {
        let (reader, writer) = channel::both_ways(stream)?;
        let patience = reader.patience();
        patience.set(residence::GREETING);
        let client = Client::open(BufReader::new(reader), writer, &self.sealer).ok()?;
        patience.set(SILENCE);
        Some(Conversation {
            client,
            patience,
            channel: None,
        })
    }
}

impl Observer for SshTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        match self.conversation() {
            Ok(conversation) => {
                let answers = conversation.client.observe(queries);
                self.explained(&conversation, answers)
            }
            Err(reason) => unreadable(queries.len(), &reason),
        }
    }

    fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        // Batches that a broken conversation did not take are asked in the next one.
        while let Some(next) = batches.next() {
            match self.conversation() {
                Ok(conversation) => {
                    let mut first = Some(next);
                    let mut all = std::iter::from_fn(|| first.take().or_else(|| batches.next()));
                    let mut explained = |answers| found(self.explained(&conversation, answers));
                    conversation
                        .client
                        .observe_until_broken(&mut all, &mut explained);
                    // Another user of the conversation broke it first.
                    if let Some(next) = first {
                        found(unreadable(next.len(), &self.why_broken(&conversation)));
                    }
                }
                Err(reason) => found(unreadable(next.len(), &reason)),
            }
        }
    }
}

fn unreadable(count: usize, reason: &str) -> Vec<Answer> {
    let answer = |_| Answer::Unreadable {
        reason: reason.to_owned(),
    };
    (0..count).map(answer).collect()
}

impl SshTarget {
    /// Returns the answers of a conversation. If it broke, what it answered before counts; the reason of the rest names
    /// the host.
    fn explained(&self, conversation: &Conversation, mut answers: Vec<Answer>) -> Vec<Answer> {
        if conversation.client.is_broken() {
            let why = self.why_broken(conversation);
            for answer in &mut answers {
                if let Answer::Unreadable { reason } = answer {
                    reason.clone_from(&why);
                }
            }
        }
        answers
    }

    fn why_broken(&self, conversation: &Conversation) -> String {
        if let Some(silence) = conversation.patience.exceeded() {
            return format!(
                "the host `{}` was silent for {} s: it is frozen or unreachable",
                self.host,
                silence.as_secs()
            );
        }
        let said = conversation.channel.as_ref().map(Channel::said);
        let said = said.unwrap_or_default();
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        format!("the connection to the host `{}` broke{said}", self.host)
    }
}

impl Target for SshTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        match self.conversation() {
            Ok(conversation) => {
                let outcomes = conversation
                    .client
                    .perform(actions, materials, interruption);
                let Some(silence) = conversation.patience.exceeded() else {
                    return outcomes;
                };
                let silent = format!(
                    "the host `{}` was silent for {} s; check the target",
                    self.host,
                    silence.as_secs()
                );
                let named = |outcome| match outcome {
                    Err(ActionError::Failed {
                        operation,
                        path,
                        reason,
                    }) if reason.ends_with("; check the target") => Err(ActionError::Failed {
                        operation,
                        path,
                        reason: silent.clone(),
                    }),
                    other => other,
                };
                outcomes.into_iter().map(named).collect()
            }
            Err(reason) => actions
                .iter()
                .map(|action| {
                    Err(ActionError::Failed {
                        operation: "reach".to_owned(),
                        path: action.subject().to_owned(),
                        reason: format!("not started: {reason}"),
                    })
                })
                .collect(),
        }
    }

    fn confirm(
        &self,
        action: &Action,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        let failed = |reason: String| ActionError::Failed {
            operation: "log in to".to_owned(),
            path: format!("the host `{}`", self.host),
            reason,
        };
        let (variables, turns) = (&self.shared.variables, &self.shared.turns);
        let socket = login::new_connection(&self.host, variables, turns).map_err(failed)?;
        // An agent that stayed would not prove that the account may still become root.
        let outcome = self.begin_over(&socket, None).map_err(failed);
        let outcome = outcome.and_then(|conversation| {
            conversation.patience.set(CONFIRMING);
            let interruption = Interruption::default();
            let actions = std::slice::from_ref(action);
            let outcomes = conversation
                .client
                .perform(actions, materials, &interruption);
            conversation.patience.set(FAREWELL);
            let _ = conversation.client.close();
            let outcome = outcomes.into_iter().next();
            outcome.unwrap_or_else(|| Err(failed("the agent gave no answer".to_owned())))
        });
        login::end(&self.host, &socket, variables);
        outcome
    }
}
