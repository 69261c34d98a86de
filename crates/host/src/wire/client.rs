//! evenkeel's side of the conversation: an observer and a target that query an agent over any channel.
//!
//! The caller opens the channel and ends its other side. A channel failure becomes an unreadable answer or a failed
//! action. A broken channel is not used again.

use std::io::{Read, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{self, Frame, Violation};
use super::message::{Action as WireAction, Hello, Query as WireQuery, Reply, Request, Residence};
use super::supply::Supply;
use super::{MAGIC, PROTOCOL, limit, parts};
use crate::port::{Batches, Outcome};
use crate::threads;
use crate::{
    Action, ActionError, Answer, Interruption, Materials, Observer, Performed, Query, Subject as _,
    Target,
};
use evenkeel_model::text::inert;
use evenkeel_model::{Digest, Sealer};

/// The interval of checks for an interruption while the agent works.
const WATCH: Duration = Duration::from_millis(20);

/// A conversation with an agent.
pub struct Client<R, W> {
    reader: Mutex<R>,
    writer: Mutex<W>,
    /// The reason why the channel is broken.
    broken: OnceLock<String>,
    version: String,
    residence: Option<Residence>,
    /// Keys the names of chunks.
    sealer: Sealer,
}

impl<R: Read + Send, W: Write + Send> Client<R, W> {
    /// Greets the agent and sends it the key that seals this target's secrets.
    ///
    /// # Errors
    ///
    /// When the other side is not an agent, or uses another version.
    pub fn open(reader: R, writer: W, sealer: &Sealer) -> Result<Self, Violation> {
        Self::open_to_stay(reader, writer, sealer, None)
    }

    /// The same. Later conversations may find an agent at a residence with a name of 16 hexadecimal digits, which
    /// [`Self::residence`] tells then.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_to_stay(
        mut reader: R,
        mut writer: W,
        sealer: &Sealer,
        stay: Option<&str>,
    ) -> Result<Self, Violation> {
        writer.write_all(MAGIC)?;
        writer.flush()?;
        frame::read_magic(&mut reader, limit::BANNER)?;
        let ours = Hello {
            stay: stay.map(str::to_owned),
            ..Hello::ours()
        };
        frame::write(&mut writer, &Request::Hello(ours))?;
        let theirs = match receive::<Reply>(&mut reader)? {
            Reply::Hello(hello) if hello.protocol == PROTOCOL => hello,
            Reply::Hello(hello) => {
                return Err(Violation::Version {
                    theirs: hello.protocol,
                    ours: PROTOCOL,
                });
            }
            _ => {
                return Err(Violation::Unexpected {
                    expected: "a hello",
                });
            }
        };
        let key = Digest::from_bytes(*sealer.reveal_key()).hex();
        frame::write(&mut writer, &Request::Key { key })?;
        Ok(Self {
            reader: Mutex::new(reader),
            writer: Mutex::new(writer),
            broken: OnceLock::new(),
            version: theirs.version,
            residence: theirs.residence.filter(|_| stay.is_some()),
            sealer: sealer.clone(),
        })
    }

    /// Returns the version of the agent, for people.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns where an agent is found after this conversation. The host may name any path.
    pub fn residence(&self) -> Option<&Residence> {
        self.residence.as_ref()
    }

    /// Whether the channel broke, so that nothing is asked over it any more.
    pub fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    /// Returns the answers to questions that were not asked because the channel is broken.
    fn unasked(&self, count: usize) -> impl Iterator<Item = Answer> {
        unreadable(count, self.broken.get().map_or("not asked", String::as_str))
    }

    /// Ends the conversation and returns both ends.
    ///
    /// # Errors
    ///
    /// When the channel is broken, or the agent does not confirm.
    pub fn close(self) -> Result<(R, W), Violation> {
        let mut reader = self
            .reader
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut writer = self
            .writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        frame::write(&mut writer, &Request::Bye)?;
        match receive::<Reply>(&mut reader)? {
            Reply::Bye => Ok((reader, writer)),
            _ => Err(Violation::Unexpected { expected: "a bye" }),
        }
    }

    /// Ends the conversation without waiting for the agent's goodbye.
    ///
    /// # Errors
    ///
    /// When the channel is broken.
    pub fn leave(self) -> Result<(), Violation> {
        frame::write(&mut *self.writer(), &Request::Bye)
    }

    fn reader(&self) -> MutexGuard<'_, R> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, W> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the first reason why the channel broke, and returns it.
    fn breaks(&self, reason: String) -> &str {
        self.broken
            .get_or_init(|| format!("the connection to the agent broke: {reason}"))
    }

    /// Writes one frame of questions.
    fn question(&self, frame: Option<&[u8]>) -> Result<(), String> {
        match (self.broken.get(), frame) {
            (Some(reason), _) => Err(reason.clone()),
            (None, None) => Err("the question exceeds the agent's limit".to_owned()),
            (None, Some(frame)) => frame::write_json(&mut *self.writer(), frame)
                .map_err(|fault| self.breaks(fault.to_string()).to_owned()),
        }
    }

    /// Writes all questions on another thread and reads answers meanwhile, so that neither side waits with a full pipe.
    /// Takes no further batch once the channel is broken.
    fn stream(
        &self,
        batches: &mut (dyn Iterator<Item = Vec<Questions>> + Send),
        found: &mut dyn FnMut(Vec<Answer>),
    ) {
        let mut reader = self.reader();
        let batches = Mutex::new(batches);
        // A frame of questions, or the end of a batch. Returns whether there was a batch.
        let ask = |asked: &Sender<Option<(usize, Result<(), String>)>>| {
            let mut batches = batches.lock().unwrap_or_else(PoisonError::into_inner);
            let batch = (!self.is_broken()).then(|| batches.next()).flatten();
            let Some(batch) = batch else {
                return false;
            };
            // The receiver outlives every sender within this function.
            for Questions { frame, count } in batch {
                let _ = asked.send(Some((count, self.question(frame.as_deref()))));
            }
            asked.send(None).is_ok()
        };
        let (sender, asked) = channel();
        std::thread::scope(|scope| {
            let own = sender.clone();
            let writing = threads::builder().spawn_scoped(scope, || {
                let sender = sender;
                while ask(&sender) {}
            });
            // Without a thread, each batch waits for the answers to the one before it.
            let own = writing.is_err().then_some(own);
            let mut answers = Vec::new();
            while own.as_ref().is_none_or(&ask) {
                loop {
                    let (count, sent) = match asked.recv() {
                        Ok(Some(one)) => one,
                        Ok(None) => break,
                        Err(_) => return,
                    };
                    let broken = self.broken.get().cloned().map_or(Ok(()), Err);
                    let some = sent.and(broken).and_then(|()| {
                        answers_of(&mut *reader, count)
                            .map_err(|reason| self.breaks(reason).to_owned())
                    });
                    match some {
                        Ok(some) => answers.extend(some),
                        Err(reason) => answers.extend(unreadable(count, &reason)),
                    }
                }
                found(std::mem::take(&mut answers));
            }
        });
    }

    /// Answers batches of questions until the channel breaks. The answers to batches that were taken until then are
    /// passed on; the rest stays with the caller.
    pub fn observe_until_broken(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        self.stream(&mut batches.map(|queries| questions(&queries)), found);
    }

    fn act(
        &self,
        reader: &mut R,
        frame: &[u8],
        actions: &[&Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Result<Vec<Outcome>, String> {
        let mut supply = Supply::new(frame, actions, materials);
        frame::write_json(&mut *self.writer(), frame).map_err(|fault| fault.to_string())?;
        let (over, watched) = channel::<()>();
        std::thread::scope(|scope| {
            // Without a thread for the check, an interruption takes effect after these actions.
            let _ = threads::builder().spawn_scoped(scope, move || {
                while watched.recv_timeout(WATCH) == Err(RecvTimeoutError::Timeout) {
                    if interruption.is_set() {
                        // If this write fails, the reader reports it.
                        let _ = frame::write(&mut *self.writer(), &Request::Interrupt);
                        break;
                    }
                }
            });
            let outcomes = self.outcomes(reader, actions, &mut supply);
            drop(over);
            outcomes
        })
    }

    fn outcomes(
        &self,
        reader: &mut R,
        actions: &[&Action],
        supply: &mut Supply<'_>,
    ) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::with_capacity(actions.len());
        let until = Instant::now() + limit::REQUEST;
        loop {
            let wanted = reply(reader, until)?;
            if Instant::now() >= until {
                return Err(too_late());
            }
            let sent = match wanted {
                Reply::WantContents {
                    digests,
                    room,
                    whole,
                } if digests.len() <= limit::CONTENTS => {
                    supply.contents(&mut *self.writer(), &digests, room, whole)
                }
                Reply::WantArtifact { digest, listed } => {
                    supply.artifact(&mut *self.writer(), &digest, listed)
                }
                Reply::WantEntries { entries } => supply.entries(&mut *self.writer(), &entries),
                Reply::WantParts { of, chunks } => names(reader, chunks)
                    .and_then(|names| supply.parts(&mut *self.writer(), of, &names, &self.sealer)),
                Reply::Outcomes {
                    outcomes: some,
                    more,
                } => {
                    for outcome in some {
                        let subject = actions.get(outcomes.len()).map_or("", |it| it.subject());
                        outcomes.push(outcome.into_live(subject));
                    }
                    if more && outcomes.len() <= actions.len() {
                        continue;
                    }
                    break;
                }
                _ => return Err("unexpected reply, expected outcomes".to_owned()),
            };
            sent.map_err(|fault| fault.to_string())?;
        }
        if outcomes.len() == actions.len() {
            Ok(outcomes)
        } else {
            Err(format!(
                "received {} outcomes, expected {}",
                outcomes.len(),
                actions.len()
            ))
        }
    }
}

/// Reads the names of an older version's chunks.
fn names(reader: &mut impl Read, chunks: u32) -> Result<Vec<u8>, Violation> {
    let count = usize::try_from(chunks).unwrap_or(usize::MAX);
    if count > limit::CHUNKS {
        return Err(Violation::Excessive {
            what: "the number of chunks",
            limit: limit::CHUNKS as u64,
        });
    }
    let mut names = Vec::new();
    let mut left = count * parts::NAME;
    while left > 0 {
        // Whole frames only, so that there are few.
        let next = left.min(limit::BYTES);
        match frame::read(reader)? {
            Some(Frame::Bytes(bytes)) if bytes.len() == next => names.extend_from_slice(&bytes),
            _ => {
                let expected = "the names of the announced chunks";
                return Err(Violation::Unexpected { expected });
            }
        }
        left -= next;
    }
    Ok(names)
}

impl<R: Read + Send, W: Write + Send> Observer for Client<R, W> {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut batch = std::iter::once_with(|| questions(queries));
        self.stream(&mut batch, &mut |some| answers = some);
        answers.extend(self.unasked(queries.len() - answers.len()));
        answers
    }

    fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        self.observe_until_broken(batches, found);
        for queries in batches {
            found(self.unasked(queries.len()).collect());
        }
    }
}

/// One frame of questions.
struct Questions {
    /// `None` for a question that is too long for any frame.
    frame: Option<Vec<u8>>,
    count: usize,
}

fn questions(queries: &[Query]) -> Vec<Questions> {
    let wire = |query: &Query| WireQuery::from_live(query.clone());
    packed("observe", "queries", queries, limit::QUERIES, wire)
        .into_iter()
        .map(|(frame, some)| Questions {
            frame,
            count: some.len(),
        })
        .collect()
}

fn unreadable(count: usize, reason: &str) -> impl Iterator<Item = Answer> {
    (0..count).map(move |_| Answer::Unreadable {
        reason: reason.to_owned(),
    })
}

impl<R: Read + Send, W: Write + Send> Target for Client<R, W> {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        let mut reader = self.reader();
        let mut outcomes = Vec::with_capacity(actions.len());
        let wire = |action: &Action| WireAction::from_live(action.clone());
        for (frame, some) in packed("perform", "actions", actions, limit::ACTIONS, wire) {
            let failed = |reason: &str| -> Vec<Outcome> {
                some.iter()
                    .map(|action| {
                        Err(ActionError::Failed {
                            operation: "perform".to_owned(),
                            path: action.subject().to_owned(),
                            reason: reason.to_owned(),
                        })
                    })
                    .collect()
            };
            outcomes.extend(match (self.broken.get(), frame) {
                _ if interruption.is_set() => {
                    some.iter().map(|_| Err(ActionError::Interrupted)).collect()
                }
                (Some(reason), _) => failed(&format!("not started: {reason}")),
                (None, None) => failed("not started: the action exceeds the agent's limit"),
                (None, Some(frame)) => self
                    .act(&mut reader, &frame, &some, materials, interruption)
                    .unwrap_or_else(|reason| {
                        let reason = self.breaks(reason);
                        failed(&format!("{reason}; check the target"))
                    }),
            });
        }
        outcomes
    }
}

/// Packs items into messages within the limits: each message as JSON with its items, or a single item that is too long
/// for any message.
fn packed<'a, T, W: Serialize>(
    message: &str,
    list: &str,
    items: &'a [T],
    most: usize,
    wire: impl Fn(&T) -> W,
) -> Vec<(Option<Vec<u8>>, Vec<&'a T>)> {
    let head = format!("{{\"{message}\":{{\"{list}\":[").into_bytes();
    let tail = b"]}}";
    let mut messages = Vec::new();
    let (mut json, mut some) = (head.clone(), Vec::new());
    for item in items {
        let text = serde_json::to_vec(&wire(item)).unwrap_or_default();
        let alone = head.len() + text.len() + tail.len();
        if text.is_empty() || alone > limit::JSON {
            if !some.is_empty() {
                json.extend_from_slice(tail);
                messages.push((
                    Some(std::mem::replace(&mut json, head.clone())),
                    std::mem::take(&mut some),
                ));
            }
            messages.push((None, vec![item]));
            continue;
        }
        if some.len() == most || json.len() + 1 + text.len() + tail.len() > limit::JSON {
            json.extend_from_slice(tail);
            messages.push((
                Some(std::mem::replace(&mut json, head.clone())),
                std::mem::take(&mut some),
            ));
        }
        if !some.is_empty() {
            json.push(b',');
        }
        json.extend_from_slice(&text);
        some.push(item);
    }
    if !some.is_empty() {
        json.extend_from_slice(tail);
        messages.push((Some(json), some));
    }
    messages
}

/// Reads a message.
fn receive<T: DeserializeOwned>(reader: &mut impl Read) -> Result<T, Violation> {
    match frame::read(reader)? {
        Some(Frame::Json(json)) => frame::parse(&json),
        Some(Frame::Bytes(_)) => Err(Violation::Unexpected {
            expected: "a message",
        }),
        None => Err(Violation::Truncated),
    }
}

/// Reads the next reply, however long the agent works before it until the end of the request. The error is a reason for
/// people.
fn reply(reader: &mut impl Read, until: Instant) -> Result<Reply, String> {
    loop {
        match receive(reader).map_err(|fault| fault.to_string())? {
            Reply::Working if Instant::now() < until => {}
            Reply::Working => return Err(too_late()),
            Reply::Failed { reason } => return Err(format!("it ended: {}", inert(&reason))),
            reply => return Ok(reply),
        }
    }
}

/// Reads the answers to one frame of questions.
fn answers_of(reader: &mut impl Read, count: usize) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::with_capacity(count);
    let until = Instant::now() + limit::REQUEST;
    loop {
        match reply(reader, until)? {
            Reply::Answers {
                answers: some,
                more,
            } => {
                answers.extend(some.into_iter().map(super::message::Answer::into_live));
                if !more {
                    break;
                }
            }
            _ => return Err("unexpected reply, expected answers".to_owned()),
        }
        if answers.len() > count {
            break;
        }
    }
    if answers.len() == count {
        Ok(answers)
    } else {
        Err(format!(
            "received {} answers, expected {count}",
            answers.len()
        ))
    }
}

fn too_late() -> String {
    format!("no reply within {} s", limit::REQUEST.as_secs())
}
