//! Target with redacted texts: contents of files, facts, and reasons of failed actions.
//!
//! A live file, a log or a system message may contain any secret of the run. Digests are of the true content.

use std::sync::Arc;

use super::redaction::Redactor;
use evenkeel_host::{
    Action, ActionError, Answer, Batches, Interruption, Materials, Observer, Performed, Query,
    Target, content,
};

/// Target behind a redactor.
pub struct RedactedTarget {
    target: Arc<dyn Target>,
    redactor: Arc<Redactor>,
}

impl RedactedTarget {
    /// Wraps a target; returns the target itself if there is no secret.
    #[must_use]
    pub fn wrap(target: Arc<dyn Target>, redactor: &Arc<Redactor>) -> Arc<dyn Target> {
        if redactor.is_empty() {
            return target;
        }
        Arc::new(Self {
            target,
            redactor: Arc::clone(redactor),
        })
    }
}

impl Observer for RedactedTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        self.redacted(self.target.observe(queries))
    }

    fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        let mut redacted = |answers| found(self.redacted(answers));
        self.target.observe_batches(batches, &mut redacted);
    }
}

impl RedactedTarget {
    fn redacted(&self, mut answers: Vec<Answer>) -> Vec<Answer> {
        for answer in &mut answers {
            match answer {
                Answer::Path(path) => {
                    if let Some(text) = &mut path.text {
                        *text = self.redactor.text(text);
                    }
                }
                Answer::Facts(answer) => {
                    for group in &mut answer.groups {
                        for fact in &mut group.facts {
                            fact.value = self.redactor.text(&fact.value);
                        }
                        for reason in &mut group.unread {
                            *reason = self.redactor.text(reason);
                        }
                    }
                }
                Answer::Inventory(inventory) => {
                    let keys = inventory.keys.iter_mut().map(|key| &mut key.line);
                    let comments = inventory.users.iter_mut().map(|user| &mut user.comment);
                    for text in keys.chain(comments).chain(&mut inventory.unread) {
                        *text = self.redactor.text(text);
                    }
                }
                Answer::Content(content) => {
                    // A content with a secret has no place in a definition.
                    let found = content.content.clone();
                    let bytes = found.and_then(content::FoundContent::into_bytes);
                    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                    if text.is_some_and(|text| self.redactor.text(&text) != text) {
                        let reason = "its content has a secret of this run".to_owned();
                        *answer = Answer::Unreadable { reason };
                    }
                }
                Answer::Unreadable { reason } => *reason = self.redactor.text(reason),
                _ => {}
            }
        }
        answers
    }
}

impl Target for RedactedTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        let outcomes = self.target.perform(actions, materials, interruption);
        outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Ok(Performed { note }) => Ok(Performed {
                    note: note.map(|note| self.redactor.text(&note)),
                }),
                Err(error) => Err(self.error(error)),
            })
            .collect()
    }

    fn confirm(
        &self,
        action: &Action,
        materials: &dyn Materials,
    ) -> Result<Performed, ActionError> {
        let outcome = self.target.confirm(action, materials);
        outcome.map_err(|error| self.error(error))
    }
}

impl RedactedTarget {
    /// Paths are declared without secrets.
    fn error(&self, error: ActionError) -> ActionError {
        match error {
            ActionError::Changed {
                path,
                expected,
                found,
            } => ActionError::Changed {
                path,
                expected: self.redactor.text(&expected),
                found: self.redactor.text(&found),
            },
            ActionError::Failed {
                operation,
                path,
                reason,
            } => ActionError::Failed {
                operation,
                path,
                reason: self.redactor.text(&reason),
            },
            ActionError::Interrupted => ActionError::Interrupted,
        }
    }
}
