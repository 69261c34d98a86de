//! One conversation: greeting, key, then requests until the bye.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use evenkeel_host::wire::frame::{self, Violation};
use evenkeel_host::wire::message::{Action, Answer, Hello, Outcome, Query, Reply, Request};
use evenkeel_host::wire::{MAGIC, PROTOCOL, limit};
use evenkeel_host::{ActionError, Target, threads};
use evenkeel_model::{Digest, Sealer};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::inbox::{Inbox, Over, Stopper};
use crate::materials::{RemoteMaterials, State};
use crate::residence::Residence;

/// The end of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The bye of the other side.
    Bye,
    /// The other side closed the channel without a goodbye.
    Closed,
    /// A violation of the protocol by the other side, or a failure of the channel.
    Broken(Violation),
    /// A signal.
    Signal(i32),
}

impl End {
    /// Returns the exit code of the program.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Bye => 0,
            Self::Closed | Self::Broken(Violation::Channel(_)) => 74,
            Self::Broken(Violation::Version { .. }) => 76,
            Self::Broken(_) => 65,
            Self::Signal(signal) => u8::try_from(*signal).map_or(143, |signal| 128 | signal),
        }
    }

    /// Returns the reason for an early end, for people.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Bye | Self::Signal(_) => None,
            Self::Closed => Some("the channel was closed without a goodbye".to_owned()),
            Self::Broken(violation) => Some(violation.to_string()),
        }
    }
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        match over {
            Over::Closed => Self::Closed,
            Over::Broken(violation) => Self::Broken(violation),
        }
    }
}

impl From<Violation> for End {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}

/// The output, shared by the conversation and the materials.
pub(crate) struct Outbox<W>(Mutex<W>);

impl<W: Write> Outbox<W> {
    pub(crate) fn write(&self, message: &impl Serialize) -> Result<(), Violation> {
        frame::write(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            message,
        )
    }

    /// Writes a message and the bytes that it announces, with nothing between them.
    pub(crate) fn write_with(
        &self,
        message: &impl Serialize,
        bytes: &[u8],
    ) -> Result<(), Violation> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frame::write(&mut *writer, message)?;
        frame::write_bytes(&mut *writer, bytes)
    }
}

/// Runs one conversation. `target` creates the target from its key; artifacts arrive in a private folder in
/// `temporary`. A later conversation may find the residence, if there is one.
pub fn serve<R, W, T>(
    reader: R,
    mut writer: W,
    target: impl FnOnce(Sealer) -> T,
    temporary: &Path,
    stopper: &Stopper,
    residence: Option<&Residence>,
) -> End
where
    R: std::io::Read + Send + 'static,
    W: Write + Send,
    T: Target,
{
    if let Err(error) = writer.write_all(MAGIC).and_then(|()| writer.flush()) {
        return End::Broken(error.into());
    }
    let inbox = Inbox::open(reader, stopper);
    let outbox = Outbox(Mutex::new(writer));
    let end = match greet(&inbox, &outbox, residence) {
        Ok(Some(sealer)) => {
            let conversation = Conversation {
                sealer: sealer.clone(),
                inbox: &inbox,
                outbox: &outbox,
                target: target(sealer),
                temporary,
                stopper,
            };
            conversation.hold()
        }
        Ok(None) => End::Closed,
        Err(end) => end,
    };
    let end = match (stopper.signal(), end) {
        (Some(signal), End::Closed) => End::Signal(signal),
        (_, end) => end,
    };
    if let Some(reason) = end.reason() {
        // The other side may have closed the channel.
        let _ = outbox.write(&Reply::Failed { reason });
    }
    end
}

/// Exchanges greetings and receives the key; `None` when a signal came first.
fn greet<W: Write>(
    inbox: &Inbox,
    outbox: &Outbox<W>,
    residence: Option<&Residence>,
) -> Result<Option<Sealer>, End> {
    match inbox.request(limit::HELLO, "hello")? {
        Some(Request::Hello(hello)) => {
            let wanted = hello.stay.as_deref().zip(residence);
            let ours = Hello {
                residence: wanted.and_then(|(name, residence)| residence.offer(name)),
                ..Hello::ours()
            };
            outbox.write(&Reply::Hello(ours))?;
            if hello.protocol != PROTOCOL {
                return Err(End::Broken(Violation::Version {
                    theirs: hello.protocol,
                    ours: PROTOCOL,
                }));
            }
        }
        Some(_) => {
            let expected = "a hello";
            return Err(End::Broken(Violation::Unexpected { expected }));
        }
        None => return Ok(None),
    }
    match inbox.request(limit::HELLO, "key")? {
        Some(Request::Key { key }) => {
            let key = Zeroizing::new(key);
            match key.parse::<Digest>() {
                Ok(bytes) if key.len() == 64 => Ok(Some(Sealer::new(*bytes.as_bytes()))),
                _ => {
                    let expected = "a key of 64 hexadecimal digits";
                    Err(End::Broken(Violation::Unexpected { expected }))
                }
            }
        }
        Some(_) => {
            let expected = "a key";
            Err(End::Broken(Violation::Unexpected { expected }))
        }
        None => Ok(None),
    }
}

struct Conversation<'a, W, T> {
    inbox: &'a Inbox,
    outbox: &'a Outbox<W>,
    sealer: Sealer,
    target: T,
    temporary: &'a Path,
    stopper: &'a Stopper,
}

impl<W: Write + Send, T: Target> Conversation<'_, W, T> {
    fn hold(&self) -> End {
        loop {
            match self.next() {
                Ok(true) => {}
                Ok(false) => return End::Bye,
                Err(end) => return end,
            }
        }
    }

    /// Serves one request; `false` after the bye.
    fn next(&self) -> Result<bool, End> {
        match self.inbox.request(limit::IDLE, "request")? {
            None => return Err(End::Closed),
            Some(Request::Observe { queries }) => self.observe(queries)?,
            Some(Request::Perform { actions }) => self.perform(actions)?,
            Some(Request::Bye) => {
                // The other side may have gone without waiting for it.
                let _ = self.outbox.write(&Reply::Bye);
                return Ok(false);
            }
            Some(_) => {
                let expected = "observe, perform or bye";
                return Err(End::Broken(Violation::Unexpected { expected }));
            }
        }
        Ok(true)
    }

    /// Works, and says so from time to time: silence means that the host is frozen or unreachable.
    fn working<D>(&self, work: impl FnOnce() -> D) -> D {
        let (over, watched) = channel::<()>();
        let outbox = self.outbox;
        std::thread::scope(|scope| {
            // Without the thread, work that takes long ends the conversation.
            let _ = threads::builder().spawn_scoped(scope, move || {
                while watched.recv_timeout(limit::WORKING) == Err(RecvTimeoutError::Timeout) {
                    // If the channel is closed, the reader ends the work.
                    if outbox.write(&Reply::Working).is_err() {
                        break;
                    }
                }
            });
            let done = work();
            drop(over);
            done
        })
    }

    fn observe(&self, queries: Vec<Query>) -> Result<(), End> {
        limited(queries.len(), limit::QUERIES, "the number of queries")?;
        let known: Vec<Option<evenkeel_host::Query>> =
            queries.into_iter().map(Query::into_live).collect();
        let asked: Vec<evenkeel_host::Query> = known.iter().flatten().cloned().collect();
        let seen = self.working(|| self.target.observe(&asked));
        let mut seen = seen.into_iter();
        let answers = known.iter().map(|query| {
            let seen = query.as_ref().and_then(|_| seen.next());
            seen.map_or_else(
                || Answer::Unreadable {
                    reason: "unknown question: install the same version of evenkeel and agent"
                        .to_owned(),
                },
                Answer::from_live,
            )
        });
        self.reply(
            answers,
            |_| Answer::Unreadable {
                reason: "the answer exceeds the agent's limit".to_owned(),
            },
            |answers, more| Reply::Answers { answers, more },
        )
    }

    fn perform(&self, actions: Vec<Action>) -> Result<(), End> {
        limited(actions.len(), limit::ACTIONS, "the number of actions")?;
        let known: Vec<Option<evenkeel_host::Action>> =
            actions.into_iter().map(Action::into_live).collect();
        let asked: Vec<evenkeel_host::Action> = known.iter().flatten().cloned().collect();
        let fault = OnceLock::new();
        let materials = RemoteMaterials {
            inbox: self.inbox,
            outbox: self.outbox,
            sealer: &self.sealer,
            temporary: self.temporary,
            fault: &fault,
            state: Mutex::new(State::of(&asked)),
        };
        let interruption = self.stopper.begin();
        let done = self.working(|| self.target.perform(&asked, &materials, &interruption));
        let mut done = done.into_iter();
        drop(materials);
        if let Some(over) = fault.get() {
            return Err(over.clone().into());
        }
        let outcomes = known.iter().map(|action| {
            let done = action.as_ref().and_then(|_| done.next());
            Outcome::from_live(done.unwrap_or_else(|| {
                Err(ActionError::Failed {
                    operation: "perform".to_owned(),
                    path: "an unknown action".to_owned(),
                    reason: "unknown action, nothing was changed: install the same version of evenkeel and agent".to_owned(),
                })
            }))
        });
        self.reply(
            outcomes,
            |_| Outcome::Unknown,
            |outcomes, more| Reply::Outcomes { outcomes, more },
        )
    }

    /// Replies with a list in as many frames as needed; replaces an item that is too long for one with a short one.
    fn reply<I: Serialize>(
        &self,
        items: impl Iterator<Item = I>,
        short: impl Fn(&I) -> I,
        frame: impl Fn(Vec<I>, bool) -> Reply,
    ) -> Result<(), End> {
        let mut some = Vec::new();
        let mut size = 0;
        for item in items {
            let length = serde_json::to_vec(&item).map_or(usize::MAX, |json| json.len());
            let (item, length) = if length > limit::JSON - limit::FULL {
                (short(&item), 256)
            } else {
                (item, length)
            };
            if !some.is_empty() && size + length > limit::FULL {
                self.outbox.write(&frame(std::mem::take(&mut some), true))?;
                size = 0;
            }
            some.push(item);
            size += length + 1;
        }
        Ok(self.outbox.write(&frame(some, false))?)
    }
}

fn limited(count: usize, limit: usize, what: &'static str) -> Result<(), Violation> {
    if count <= limit {
        return Ok(());
    }
    Err(Violation::Excessive {
        what,
        limit: limit as u64,
    })
}
